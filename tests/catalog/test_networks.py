"""Films of networks: what they say of a loss is what the engine computes of the network with other weights."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from layeranim.engine.network import BACKPROP
from layeranim.stories.stage.verbs import Fill
from layeranim.stories.storyboard import plain

from .sentences import Told, tell

CASES: list[dict[str, Any]] = [
    {}, {"example": "published"}, {"sizes": "3,5,4,2", "activation": "tanh"},
    {"input": "random:3x2", "sizes": "2,3,2", "seed": 4},
]  # fmt: skip


def loss_with(told: Told, changed: dict[str, Any]) -> float:
    given = {item.name: told[item.name] for item in BACKPROP.arrays if item.name in told.trace}
    return float(BACKPROP.compute(told.config, {**given, **changed})["loss"])


@pytest.mark.parametrize("options", CASES)
def test_a_gradient_is_what_the_loss_does_when_its_weight_moves(options: dict[str, Any]) -> None:
    told = tell("backprop", options)
    proofs = [plain(beat.caption) for beat in told.board.beats if "±" in plain(beat.caption)]
    poster = next(beat for beat in told.board.beats if beat.start <= told.board.poster < beat.end)
    layers = len(told.config.sizes) - 1
    slopes, weight = told[f"grad_dense{layers}_weight"], told[f"dense{layers}_weight"]
    at = poster.units[0], int(np.abs(slopes[poster.units[0]]).argmax())
    moved = []
    for step in (-0.01, 0.01):
        other = np.array(weight, dtype=float)
        other[at] += step
        moved.append(loss_with(told, {f"dense{layers}_weight": other}))
    assert (moved[1] - moved[0]) / 0.02 == pytest.approx(slopes[at], rel=0.05, abs=6e-3)
    for said in proofs:
        found = re.search(r"from ([\d.]+) to ([\d.]+),", said)
        assert found
        assert [float(n) for n in found.groups()] == pytest.approx(moved, abs=6e-5)
    assert proofs or options not in CASES[:2]


def test_no_proof_is_said_of_a_loss_that_is_no_number() -> None:
    told = tell("backprop", {"input": "nan 1", "sizes": "2,2,2"})
    assert not [beat for beat in told.board.beats if "±" in plain(beat.caption)]


def test_every_weight_has_its_slope_at_the_end() -> None:
    board = tell("backprop", {"sizes": "3,9,4"}).board
    for name in ("grad_dense1_weight", "grad_dense2_weight"):
        filled = {cell for beat in board.beats for phase in beat.verbs for verb in phase
                  if isinstance(verb, Fill) and verb.part == name for cell in verb.where}  # fmt: skip
        assert len(filled) == board.grids[name].rows * board.grids[name].cols


def test_a_trained_network_reads_the_digit_and_is_the_bundled_one() -> None:
    told = tell("mlp", {"example": "digits"})
    with np.load("layeranim/data/mlp_digits.npz") as file:
        assert np.array_equal(told["dense1_weight"] * 16, file["dense1_weight"])
        assert np.array_equal(told["dense2_weight"], file["dense2_weight"])
    assert "read as a 3" in plain(told.board.beats[-1].caption)
    other = tell("mlp", {"example": "digits", "input": "digit:7"})
    assert f"read as a {other['output'][0].argmax()}" in plain(other.board.beats[-1].caption)
