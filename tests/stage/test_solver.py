"""The layout of a stage: everything inside its room, nothing on anything else, at any size; the largest that fits."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layeranim import theme
from layeranim.stories.stage import Aligned, Bars, Column, Curve, Grid, Row, Stacked, Tries
from layeranim.stories.stage.solver import STAGE, Laid, Node, solve
from layeranim.stories.storyboard import Box, GridPlan

from .films import figures, film, traced

ROW = Row(
    *(Grid("logits", "z"), "−", Grid("maximum", "max"), "=", Grid("shifted", "z − max"), "→"),
    *(Bars("exponentials", "e"), "/", Grid("total", "Σ"), "=", Grid("output", "p"), Stacked("output", "1")),
)


def laid(stage: Node, logits: object) -> Laid:
    return solve(stage, figures(traced(logits), film(stage)))


def boxes(found: Laid) -> dict[str, Box]:
    return {plan.name: plan.box for plan in found.plans.values() if isinstance(getattr(plan, "box", None), Box)}


def faults(found: Laid) -> list[str]:
    """What stands outside the room, or on something else."""
    out = []
    for name, box in boxes(found).items():
        if box.x < STAGE.left - 1 or box.right > STAGE.right + 1 or box.y > STAGE.top or box.bottom < STAGE.bottom - 1:
            out.append(f"{name} leaves the stage: {box}")
    for (a, x), (b, y) in combinations(boxes(found).items(), 2):
        if x.outset(-1).meets(y.outset(-1)):
            out.append(f"{a} stands on {b}")
    return out


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 400), st.floats(1e-6, 1e6), st.integers(0, 9))
def test_a_stage_fits_at_any_size(classes: int, size: float, seed: int) -> None:
    logits = np.random.default_rng(seed).normal(size=(1, classes)) * size
    assert not faults(laid(ROW, logits))


def test_the_check_sees_what_stands_on_something_else() -> None:
    found = laid(Row(Grid("logits", "z"), Grid("output", "p")), [[1, 2]])
    plan = found.plans["output"]
    assert isinstance(plan, GridPlan)
    moved = GridPlan("output", "output", 2, 1, found.plans["logits"].at, plan.pitch)  # type: ignore[union-attr]
    assert faults(Laid({**found.plans, "output": moved}, found.look)) == ["logits stands on output"]


def test_numerals_come_first_then_fewer_decimals_then_colours() -> None:
    few, many, most = ([list(np.linspace(0.123, 9.876, n))] for n in (3, 9, 60))
    assert laid(ROW, few).look.numerals
    assert laid(ROW, few).look.decimals is None
    assert laid(ROW, many).look.pitch < laid(ROW, few).look.pitch
    assert not laid(ROW, most).look.numerals
    wide = Row(*[Grid("logits", "z")] * 12)
    assert laid(wide, [[1.25, -1.55, 0.25]]).look.decimals == 1


def test_colours_have_a_lens_for_the_cell_that_is_told() -> None:
    found = laid(ROW, [list(np.linspace(-1, 1, 60))])
    assert "lens:output" in found.plans
    assert "lens:maximum" not in found.plans  # one number stands there as it is


def test_an_arrangement_gives_way_to_the_next_where_it_has_no_room() -> None:
    grid = Grid("logits", "z")
    stage = Tries(Row(grid, Curve("shifted", "exponentials"), Curve("logits", "scaled")), Row(grid))
    assert len(laid(stage, [[2, 1]]).plans) == 3
    assert len(laid(stage, [[*range(7)]]).plans) == 3
    assert set(laid(stage, [[*range(60)]]).plans) == {"logits", "lens:logits"}


def test_columns_of_aligned_parts_stand_under_each_other() -> None:
    found = laid(
        Aligned(Grid("logits", "z", cols="classes", beside=True), Grid("output", "p", cols="classes")), [[1234, 5]]
    )
    above, below = found.plans["logits"], found.plans["output"]
    assert isinstance(above, GridPlan)
    assert isinstance(below, GridPlan)
    assert above.pitch[0] == below.pitch[0]
    assert above.at[0] == below.at[0]
    assert above.box.bottom > below.box.y


def test_a_column_keeps_its_order() -> None:
    found = laid(Column(Grid("logits", "z", cols="classes"), Grid("output", "p", cols="classes")), [[1, 2]])
    assert boxes(found)["logits"].bottom - boxes(found)["output"].y > theme.NAME


@pytest.mark.parametrize("logits", [[[2, 1, 0.1]], [list(range(50))]])
def test_edges_are_whole_pixels_at_half_size(logits: list[list[float]]) -> None:
    for box in boxes(laid(ROW, logits)).values():
        assert box.x % 2 == 0
        assert box.y % 2 == 0


def test_the_same_stage_stands_in_the_same_places() -> None:
    assert boxes(laid(ROW, [[2, 1, 0.1]])) == boxes(laid(ROW, [[2, 1, 0.1]]))


def test_pictures_of_a_size_of_their_own_give_way_where_a_stage_fits_at_no_size_of_its_cells() -> None:
    one, two = ([Grid("logits", "z", colours=1), Grid("output", "p", colours=1)][:n] for n in (1, 2))
    found = [laid(Column(*stage), [[1.0] * 20]) for stage in (one, two)]
    assert [one.look.scale < 1 for one in found] == [False, True]
    assert not faults(found[1])
