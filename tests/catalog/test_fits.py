"""Every numeral fits its cell, whatever the numbers are: measured on the storyboard, without drawing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from layeranim import theme, typeface
from layeranim.stories.storyboard import Cells, GridPlan, Storyboard

from .conftest import Case, ids, others, presets

NAMES = ("conv", "filter-match", "pool", "neuron", "dense")
LARGE = "12000 -3400 560;780 91000 -12;3 4 55555"
HARD = [
    Case("filter-match", {"input": LARGE, "filters": 2}, "match-large"),
    Case("filter-match", {"input": "1200 3400 5600; 780 9100 12; 3 4 5555", "filters": 2}, "match-four-digits"),
    Case("filter-match", {"precision": 6}, "match-precise"),
    Case("filter-match", {"input": LARGE, "filters": 4, "precision": 6}, "match-large-precise"),
    Case("filter-match", {"input": "1e7 -2e7; 3e-3 1", "kernel": "random:3x1x2x2"}, "match-scientific"),
    *(Case(name, {"precision": 6}, f"{name}-precise") for name in NAMES),
    *(Case(name, {"input": LARGE}, f"{name}-large") for name in ("conv", "pool", "neuron", "dense")),
    Case("pool", {"input": "1e7 -2e7 1.5 0; 3e-3 1 2e-9 4", "mode": "mean"}, "pool-scientific"),
    Case("dense", {"input": "1200.5 -830.25 0.004", "units": 3, "activation": "softmax"}, "dense-mixed"),
]


def contents(board: Storyboard, plan: GridPlan) -> Iterator[Cells]:
    """What a grid shows in the course of a film: its own cells, and those of a few units."""
    if plan.cells is not None:
        yield plan.cells
    if plan.changing is not None:
        units = [unit for beat in board.beats for unit in beat.units]
        yield from (plan.changing(unit) for unit in {*units[:6], *units[-2:], *units[:: max(1, len(units) // 6)]})


def spilt(board: Storyboard) -> list[str]:
    """The numerals that are wider than their cells."""
    out = []
    for plan in board.grids.values():
        room = plan.pitch[0] - plan.gap - 2 * theme.HAIR
        texts = {
            str(text) for cells in contents(board, plan) if cells.texts is not None for text in cells.texts.ravel()
        }
        wide = [text for text in texts if plan.numeral and typeface.width(text, plan.numeral) > room]
        out += [f"{text!r} is wider than its cell of {plan.name}" for text in wide]
    return out


@pytest.mark.parametrize("case", **ids([case for case in presets() + others() + HARD if case.name in NAMES]))
def test_numerals_fit_their_cells(case: Case) -> None:
    work = case.work()
    assert not spilt(work.storyboard(work.trace()))
