"""Arrangements: a part for each channel with the number of those that are not drawn, a matrix product in its cross."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from layeranim import theme
from layeranim.engine.dense import DENSE
from layeranim.engine.trace import Trace
from layeranim.stories import phrases
from layeranim.stories.options import FilmOptions
from layeranim.stories.stage import NOTHING, Beneath, Cross, Each, Grid, More, Play, Repeat, Row, Units
from layeranim.stories.stage.arrangements import picked
from layeranim.stories.stage.figures import Figures
from layeranim.stories.stage.plans import LanePlan, TextPlan
from layeranim.stories.stage.solver import Laid, Node, solve
from layeranim.stories.storyboard import Fact, GridPlan, Run, Telling, plain

from .test_solver import faults


def dense(rows: int, inputs: int, units: int, size: float = 1.0) -> Trace:
    rng = np.random.default_rng(0)
    arrays: dict[str, Any] = {
        "input": rng.integers(-3, 4, (rows, inputs)) * size, "weight": rng.integers(-3, 4, (units, inputs)),
    }  # fmt: skip
    return DENSE.compute(DENSE.config(bias=False), arrays)


def laid(stage: Node, trace: Trace) -> Laid:
    """A stage for a film of a whole batch, unit by unit."""
    said = (Run("a"),)
    play = Play(stage, Units(("batch",), ("row", "rows"), ()), (Each((("output", NOTHING),)),), said, said, "A", "a")
    return solve(stage, Figures(play, Telling(trace, FilmOptions())))


def grid(found: Laid, name: str) -> GridPlan:
    plan = found.plans[name]
    assert isinstance(plan, GridPlan)
    return plan


PRODUCT = Cross(
    Grid("input", "x", rows="batch", cols="in_features"),
    Grid("weight", "W", rows="in_features", cols="out_features"),
    Grid("output", "y", rows="batch", cols="out_features"),
)


@pytest.mark.parametrize("sizes", [(2, 3, 2), (1, 4, 1), (1, 3, 2), (2, 1, 2), (4, 1, 1), (3, 9, 5), (40, 30, 20)])
@pytest.mark.parametrize("size", [1.0, 1234.5])
def test_a_product_stands_at_the_crossing_of_its_factors(sizes: tuple[int, int, int], size: float) -> None:
    found = laid(Row(PRODUCT), dense(*sizes, size))
    left, above, product = (grid(found, name) for name in ("input", "weight", "output"))
    assert not faults(found)
    for row in range(product.rows):
        assert left.cell(row, 0).y == product.cell(row, 0).y
        assert left.cell(row, 0).h == product.cell(row, 0).h
    for col in range(product.cols):
        assert above.cell(0, col).x == product.cell(0, col).x
        assert above.cell(0, col).w == product.cell(0, col).w
    assert left.box.right < product.box.x
    assert above.box.bottom > product.box.y


def repeat(count: int, most: int = 4, across: int = 1) -> Repeat:
    return Repeat(lambda k: Grid("input", str(k + 1), cols="in_features", at=(("batch", k),)), count, most, across)


@pytest.mark.parametrize(("count", "shown"), [(1, 1), (4, 4), (5, 3), (300, 3)])
def test_of_more_parts_than_have_room_the_others_are_counted(count: int, shown: int) -> None:
    found = laid(Row(repeat(count)), dense(count, 2, 1))
    names = [f"input:{k}" for k in range(shown)]
    assert not faults(found)
    assert [name for name in found.plans if name in names] == names
    assert f"input:{shown}" not in found.plans
    said = [plain(plan.line) for plan in found.plans.values() if isinstance(plan, TextPlan)]
    assert said == ([f"⋮ {count - shown} more"] if count > shown else [])
    tops = [grid(found, name).at[1] for name in names]
    assert tops == sorted(tops, reverse=True)


def test_chosen_parts_are_drawn_also_where_only_one_is_left_out() -> None:
    found = picked(lambda k: Grid("input", str(k + 1), cols="in_features", at=(("batch", k),)), (0, 1, 3), 4)
    assert [node.text for node in found.nodes if isinstance(node, Grid)] == ["1", "2", "4"]
    assert plain(found.more) == "⋮ 1 more"


def test_parts_stand_across_where_that_is_wanted() -> None:
    found = laid(Row(repeat(4, across=2)), dense(4, 3, 1))
    boxes = [grid(found, f"input:{k}").box for k in range(4)]
    assert not faults(found)
    assert boxes[0].y == boxes[1].y > boxes[2].y == boxes[3].y
    assert boxes[0].x == boxes[2].x < boxes[1].x


def test_every_part_shows_its_own_slice() -> None:
    trace = dense(3, 2, 1)
    found = laid(Row(repeat(3)), trace)
    for k in range(3):
        cells = grid(found, f"input:{k}").cells
        assert cells is not None
        assert cells.texts is not None
        assert cells.texts.tolist() == [[f"{v:g}".replace("-", "−") for v in trace["input"][k]]]


def test_parts_of_rows_under_one_another_stand_under_each_other() -> None:
    name = "a heading that is wider than its cell"
    rows = Repeat(lambda k: Row(Grid("input", name * (k == 0), cols="in_features", at=(("batch", k),)), "→",
                                Grid("output", "", cols="out_features", at=(("batch", k),))), 3)  # fmt: skip
    found = laid(Row(rows), dense(3, 2, 1))
    for tensor in ("input", "output"):
        assert len({grid(found, f"{tensor}:{k}").box.x for k in range(3)}) == 1


def test_lines_beneath_a_part_and_what_is_not_drawn_have_their_room() -> None:
    lines = ((Run("8×8", source=Fact("shape")),), (Run("80 parameters, more than the part is wide", source=Fact("n")),))
    part = Grid("input", "x", cols="in_features", at=(("batch", 0),))
    found = laid(Row(Beneath(part, lines), More(4)), dense(1, 2, 1))
    assert not faults(found)
    texts = [plan for plan in found.plans.values() if isinstance(plan, TextPlan)]
    assert [plain(plan.line) for plan in texts] == [*map(plain, lines), "… 4 more"]
    first, second, _ = (plan.at[1] for plan in texts)
    assert grid(found, "input:0").box.bottom > first > second
    widths = [phrases.width(line, theme.FLOOR) for line in lines]
    assert grid(found, "input:0").box.w < max(widths)


def test_a_single_part_of_a_stack_lines_up_by_its_body_without_its_heading() -> None:
    stacked = picked(lambda k: Grid("input", "x", rows="batch", cols="in_features"), (0,), 1)
    found = laid(Row(stacked, "→", Grid("output", "y", rows="batch", cols="out_features")), dense(3, 2, 1))
    (lane,) = (plan for plan in found.plans.values() if isinstance(plan, LanePlan))
    assert {grid(found, name).box.centre[1] for name in ("input", "output")} == {lane.ends[0][1]}
