"""Rule 1: every numeral fits its cell and every text its room, whatever the numbers are; nothing is drawn for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from layeranim import theme, typeface
from layeranim.stories.stage.plans import NetPlan
from layeranim.stories.stage.verbs import Fill, Ghost, Sweep
from layeranim.stories.storyboard import Cells, GridPlan, Storyboard
from tests.catalog.conftest import Case

from .checks import beyond, verbs_of
from .films import board

NUMERIC = ("conv", "filter-match", "pool", "neuron", "dense")
LARGE = "12000 -3400 560;780 91000 -12;3 4 55555"
HARD = [
    Case("filter-match", {"input": LARGE, "filters": 2}, "match-large"),
    Case("filter-match", {"input": "1200 3400 5600; 780 9100 12; 3 4 5555", "filters": 2}, "match-four-digits"),
    Case("filter-match", {"precision": 6}, "match-precise"),
    Case("filter-match", {"input": LARGE, "filters": 2, "precision": 6}, "match-two-precise"),
    Case("filter-match", {"input": LARGE, "filters": 4, "precision": 6}, "match-large-precise"),
    Case("filter-match", {"input": "1e7 -2e7; 3e-3 1", "kernel": "random:3x1x2x2"}, "match-scientific"),
    *(Case(name, {"precision": 6}, f"{name}-precise") for name in NUMERIC),
    *(Case(name, {"input": LARGE}, f"{name}-large") for name in ("conv", "pool", "neuron", "dense")),
    Case("pool", {"input": "1e7 -2e7 1.5 0; 3e-3 1 2e-9 4", "mode": "mean"}, "pool-scientific"),
    Case("dense", {"input": "1200.5 -830.25 0.004", "units": 3, "activation": "softmax"}, "dense-mixed"),
]


def contents(board: Storyboard, plan: GridPlan) -> Iterator[Cells]:
    """What a grid shows in the course of a film: its own cells, and those that verbs bring."""
    if plan.cells is not None:
        yield plan.cells
    brought = [verb for beat in board.beats for verb in verbs_of(beat) if getattr(verb, "part", "") == plan.name]
    yield from {id(verb.cells): verb.cells for verb in brought if isinstance(verb, (Fill, Ghost, Sweep))}.values()


def spilt(board: Storyboard) -> list[str]:
    """The numerals that are wider than their cells, or higher than their nodes."""
    out = []
    for plan in board.grids.values():
        room = plan.pitch[0] - plan.gap - 2 * theme.HAIR
        texts = {
            str(text) for cells in contents(board, plan) if cells.texts is not None for text in cells.texts.ravel()
        }
        wide = [text for text in texts if plan.numeral and typeface.width(text, plan.numeral) > room]
        out += [f"{text!r} is wider than its cell of {plan.name}" for text in wide]
    nets = [part for part in board.parts.get("stage", ()) if isinstance(part, NetPlan)]
    out += [f"numerals are higher than the nodes of {net.name}" for net in nets
            if net.given and net.given.texts is not None and net.numeral > 2 * net.radius]  # fmt: skip
    return out


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("filter-match", {"input": LARGE, "filters": 2}),
        ("neuron", {"example": "sigmoid", "size": "1080x1080"}),
        ("neuron", {"example": "sigmoid", "size": "1080x1920"}),
    ],
)
def test_where_the_decimals_have_no_room_there_are_fewer_and_a_warning(name: str, options: dict[str, Any]) -> None:
    told = board(Case(name, {**options, "precision": 6}, name))
    assert any(line.startswith("precision 6 has no room on this stage: numbers have ") for line in told.warnings)
    assert not spilt(told)
    assert not board(Case(name, {**options, "precision": 1}, name)).warnings


def test_the_check_sees_a_numeral_wider_than_its_cell() -> None:
    told = board(Case("softmax", {}, "softmax"))
    narrow = replace(told.grids["logits"], pitch=(30, 60), cells=None)
    cells = Cells(np.zeros((3, 1), np.int8), np.array([["123456"], ["1"], ["2"]], object))
    fill = replace(told.beats[1], verbs=((Fill("logits", cells, ((0, 0),)),),))
    spoilt = replace(told, grids={"logits": narrow}, beats=(told.beats[0], fill), poster=0)
    assert spilt(spoilt) == ["'123456' is wider than its cell of logits"]


def test_the_check_sees_texts_on_each_other_and_beyond_the_edge() -> None:
    told = board(Case("softmax", {}, "softmax"))
    assert not beyond(told)
    on = replace(
        told, grids={**told.grids, "total": replace(told.grids["total"], heading_at=told.grids["output"].heading_at)}
    )
    assert beyond(on) == ["output: 'p  3' stands on 'Σ' of total"]
    off = replace(told, grids={**told.grids, "total": replace(told.grids["total"], heading_at=(640.0, 0.0))})
    assert beyond(off) == ["total: 'Σ' leaves the picture"]


def test_large_numbers_of_two_filters_are_numerals() -> None:
    assert all(
        grid.numeral for grid in board(Case("filter-match", {"input": LARGE, "filters": 2}, "match")).grids.values()
    )
