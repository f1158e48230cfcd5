"""An axis of which only some indices are drawn: where they stand, which cells of a region are among them."""

from __future__ import annotations

from dataclasses import replace

from layeranim.engine.trace import Region
from layeranim.stories.stage import Units
from layeranim.stories.storyboard import Address, GridPlan

from .films import figures, film, traced


def test_a_part_along_an_axis_of_which_only_some_are_told_draws_these() -> None:
    units = Units(("classes",), ("class", "classes"), only={"classes": (0, 2)})
    shown = figures(traced([[2, 1, 0]]), replace(film(), units=units))
    assert [shown.here(unit)["classes"] for unit in range(shown.count)] == [0, 2]
    part = shown.shown("logits", rows="classes")
    assert shown.values(part).tolist() == [[2.0], [0.0]]
    assert shown.index(part, 0)(1, 0) == Address("logits", (0, 2))
    assert [shown.flat("classes", {"classes": at}) for at in (0, 2)] == [0, 1]


def test_a_grid_knows_where_the_drawn_indices_of_an_axis_stand() -> None:
    grid = GridPlan("x", "x", 3, 1, (0, 0), (9, 9), row_axis="rows", picked=(("rows", (2, 5, 9)),))
    blocks = [grid.block(Region.of("x", rows=at))[0] for at in (range(12), range(3, 10), 5)]
    assert blocks == [range(3), range(1, 3), range(1, 2)]
    held = [grid.holds(Region.of("x", rows=at)) for at in (5, 6, range(6, 9), range(6, 10))]
    assert held == [True, False, False, True]
