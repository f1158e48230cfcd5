"""Large inputs are drawn by rule: colour with a lens, sweeps over rows, in bounded time and memory."""

from __future__ import annotations

import re

import numpy as np
import pytest

from layeranim import catalog, preparing
from layeranim.stories.storyboard import Storyboard, plain

from .conftest import Case, Watcher, play

READ = {"positional-encoding": {"kind": "rotary"}}
"""Options with which a layer reads its first array."""
COUNTED = ("ids", "target")
"""Arrays that hold places, not amounts."""


@pytest.mark.grid(3)
@pytest.mark.parametrize("value", [1.797e308, -1.797e308, 5e-324])  # rounded, the first two are beyond a double
@pytest.mark.parametrize("name", catalog.explainers())
def test_the_largest_and_the_smallest_number_are_told(name: str, value: float) -> None:
    first = next((spec.name for spec in catalog.layer(name).arrays if spec.name not in COUNTED), None)
    if first is None:
        pytest.skip("it takes no numbers")
    usual = preparing.prepare(name, {}).trace()
    shape = usual[first].shape if first in usual else (3, 4)
    work = preparing.prepare(name, {first: np.full(shape, value), **READ.get(name, {})})
    board = work.storyboard(work.trace())
    assert board.beats
    assert all(run.text for line in board.lines() for run in line)


def test_a_hundred_thousand_cells_and_windows() -> None:
    case = Case("conv", {"input": "random:320x320", "kernel": "sobel-x"}, "large")
    played = play(case, watcher=Watcher())
    board = played.board
    assert board.total == 318 * 318
    assert board.seconds <= 32
    assert len(board.beats) <= 50  # rows are swept in blocks
    assert len({unit for beat in board.beats for unit in beat.units}) == board.total  # none is left out
    assert all(grid.numeral == 0 for name, grid in board.grids.items() if name.startswith(("padded", "output")))
    drawn = played.scene.grids["output:0"].colours
    assert drawn.shape == (318, 318, 4)
    assert (drawn[..., 3] == 255).all()


def shown(board: Storyboard, noun: str, count: int) -> list[int]:
    """The places that the header names as drawn."""
    found = re.search(rf"{noun} ([0-9, ]+) of {count} drawn", plain(board.parameters))
    assert found
    return [int(number) - 1 for number in found[1].split(",")]


def test_three_hundred_filters_over_many_channels() -> None:
    case = Case("conv", {"input": "random:64x56x56", "filters": 300, "kernel_size": 3, "padding": 1}, "wide")
    work = case.work()
    trace = work.trace()
    board = work.storyboard(trace)
    assert trace["output"].shape == (1, 300, 56, 56)
    assert {name for name in board.grids if name.startswith(("padded", "output"))} == {
        *(f"padded:{k}" for k in shown(board, "channels", 64)),
        *(f"output:{f}" for f in shown(board, "filters", 300)),
    }
    assert np.isfinite(trace["output"]).all()
