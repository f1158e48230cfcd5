"""Dropout: the published figure, PyTorch, expectations, refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from layeranim.engine.dropout import DROPOUT, DropoutConfig
from layeranim.preparing import prepare
from layeranim.stories.regularisation.dropout_masks import Masks
from layeranim.stories.storyboard import Telling, plain
from tests.engine.family import (
    HAS_TORCH,
    fresh_agree,
    maker,
    proven,
    refused,
    replays,
    slopes,
    stored_agree,
    takes_any_array,
)

LAYERS = {"dropout": DROPOUT}
GLOSSARY = [[0.3, 0.2, 1.5, 0.0], [0.6, 0.1, 0.0, 0.3], [0.2, 1.9, 0.3, 1.2], [0.7, 0.5, 1.0, 0.0]]
PRINTED = [[0, 0.2, 1.5, 0], [0.6, 0.1, 0, 0.3], [0, 1.9, 0.3, 0], [0.7, 0, 0, 0]]
X = np.random.default_rng(4).normal(size=(3, 5))


def test_published_example() -> None:
    mask = np.array(PRINTED) != 0
    trace = proven(DROPOUT, DROPOUT.compute(DropoutConfig(rate=0.5), {"input": GLOSSARY, "mask": mask}))
    assert (trace.facts["dropped"], trace.facts["units"], trace.facts["scale"]) == (8, 16, 2)
    assert trace["kept"][0].tolist() == PRINTED
    assert np.array_equal(trace["output"][0], 2 * np.array(PRINTED))
    assert np.array_equal(trace["inference"], GLOSSARY)


def test_stored_cases_agree_with_pytorch() -> None:
    cases = stored_agree("dropout", LAYERS, 90)
    assert {case["config"]["mode"] for case in cases} == {"inverted", "alpha"}
    shapes = {(case["config"]["channelwise"], len(case["arrays"]["input"]["shape"])) for case in cases}
    assert shapes == {(False, 2), (False, 3), (True, 3), (True, 4)}


if HAS_TORCH:

    def test_fresh_cases_agree_with_pytorch() -> None:
        fresh_agree(maker("dropout"), LAYERS, 1, 45)


@pytest.mark.parametrize("mode", ["inverted", "weight-scaling", "alpha"])
@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_every_mode_replays_and_has_the_right_slope(mode: str, kind: Any) -> None:
    config = DropoutConfig(mode=mode, draws=3, rate=0.3)
    trace = proven(DROPOUT, DROPOUT.compute(config, {"input": X.astype(kind)}))
    assert trace["output"].dtype == kind
    slopes(DROPOUT, config, {"input": X}, ["input"])


def test_channels_are_dropped_whole() -> None:
    config = DropoutConfig(channelwise=True, mask_seed=1)
    x = np.arange(1, 37.0).reshape(1, 4, 3, 3)
    trace = proven(DROPOUT, DROPOUT.compute(config, {"input": x}))
    whole = {float(np.count_nonzero(channel)) for channel in trace["output"][0, 0]}
    assert whole == {0, 9}
    slopes(DROPOUT, config, {"input": x}, ["input"])


SEQUENCE = np.random.default_rng(7).normal(size=(2, 3, 4))


@pytest.mark.parametrize("mode", ["inverted", "weight-scaling", "alpha"])
@pytest.mark.parametrize("channelwise", [False, True])
def test_a_sequence_loses_cells_or_whole_features(mode: str, channelwise: bool) -> None:
    config = DropoutConfig(mode=mode, channelwise=channelwise, draws=2, mask_seed=2)
    trace = proven(DROPOUT, DROPOUT.compute(config, {"input": SEQUENCE}))
    proven(DROPOUT, DROPOUT.compute(config, {"input": SEQUENCE.astype(np.float32)}))
    assert trace.axes("output") == ("draws", "batch", "time", "features")
    assert trace.axes("mask") == ("draws", "batch", *(["time"] if not channelwise else []), "features")
    lost = trace["kept"] != SEQUENCE
    assert lost.any()
    assert (lost.any(axis=2) == lost.all(axis=2)).all() == channelwise
    slopes(DROPOUT, config, {"input": SEQUENCE}, ["input"])


@pytest.mark.parametrize("channelwise", [False, True])
def test_a_film_of_a_sequence_shows_its_own_mask(channelwise: bool) -> None:
    work = prepare("dropout", {"input": SEQUENCE, "channelwise": channelwise, "mask_seed": 2})
    trace = work.trace()
    kept = Masks(Telling(trace, work.film)).kept[0]
    np.testing.assert_array_equal(kept.reshape(SEQUENCE.shape), trace["kept"][0] == SEQUENCE)
    board = work.storyboard(trace)
    assert ("whole features" in plain(board.parameters)) == channelwise
    assert any("2×3×4: a row for each time step" in plain(beat.note) for beat in board.beats)


def test_the_seed_decides_and_nothing_else() -> None:
    run = DROPOUT.compute
    np.random.seed(0)
    first = run(DropoutConfig(mask_seed=3), {"input": X})["mask"]
    np.random.seed(1)
    assert np.array_equal(first, run(DropoutConfig(mask_seed=3), {"input": X})["mask"])
    assert not np.array_equal(first, run(DropoutConfig(mask_seed=4), {"input": X})["mask"])


@pytest.mark.parametrize("mode", ["inverted", "weight-scaling"])
def test_the_mean_of_many_draws_is_what_is_used_afterwards(mode: str) -> None:
    trace = DROPOUT.compute(DropoutConfig(mode=mode, draws=20_000, rate=0.3), {"input": [[1, -2, 3]]})
    spread = np.sqrt(0.3 * 0.7 / 20_000) / (0.7 if mode == "inverted" else 1)
    assert np.all(np.abs(trace["mean"] - trace["inference"]) < 4 * spread * np.array([1, 2, 3]))
    assert trace["mask"].mean() == pytest.approx(0.7, abs=0.01)


def test_alpha_dropout_keeps_mean_and_variance() -> None:
    x = np.random.default_rng(0).normal(size=(200, 500))
    out = DROPOUT.compute(DropoutConfig(mode="alpha", rate=0.4), {"input": x})["output"]
    assert (out.mean(), out.var()) == (pytest.approx(0, abs=0.02), pytest.approx(1, abs=0.02))


def test_a_dropped_infinity_is_gone() -> None:
    with np.errstate(all="raise"):
        trace = proven(DROPOUT, DROPOUT.compute(
            DropoutConfig(), {"input": [np.inf, np.nan, np.nan, 1e308], "mask": [0, 0, 1, 1]}))  # fmt: skip
        replays(DROPOUT.backward(trace, {"output": np.full((1, 1, 4), np.inf)}))  # type: ignore[misc]
    assert np.array_equal(trace["output"], [[[0, 0, np.nan, np.inf]]], equal_nan=True)


def test_rate_zero_changes_nothing() -> None:
    assert np.array_equal(DROPOUT.compute(DropoutConfig(rate=0), {"input": X})["output"][0], X)


def test_any_array_is_taken_and_none_is_changed() -> None:
    takes_any_array(DROPOUT, DropoutConfig(), {"input": np.round(3 * X), "mask": X > 0})


REFUSALS: list[tuple[dict[str, Any], Any, Any, tuple[str, ...]]] = [
    ({"rate": 1}, X, None, ("rate is 1", "less than 1")),
    ({"rate": -0.1}, X, None, ("rate is -0.1", "at least 0")),
    ({"rate": float("nan")}, X, None, ("rate is nan", "finite")),
    ({"draws": 0}, X, None, ("draws is 0", "at least 1")),
    ({"mask_seed": -1}, X, None, ("mask_seed is -1", "at least 0")),
    ({"channelwise": True}, X, None, ("channelwise", "2 axes", "batch, time, features")),
    ({}, np.ones((1, 2, 2, 2, 2)), None, ("input has 5 axes", "1 or 2", "3 (batch, time, features) or 4")),
    ({}, np.ones((2, 3, 4)), np.ones((2, 3)), ("mask has shape 1×1×2×3", "1×2×3×4")),
    ({"channelwise": True}, np.ones((2, 3, 4)), np.ones((2, 3)), ("mask has shape 1×2×3", "1×2×4")),
    ({}, X, np.ones((3, 4)), ("mask has shape 1×3×4", "1×3×5")),
    ({}, X, np.full((3, 5), 2), ("mask holds 2", "0 to 1")),
    ({"draws": 2}, X, np.ones((3, 5)), ("draws is 2", "1 by mask")),
]


@pytest.mark.parametrize(("options", "x", "mask", "pieces"), REFUSALS)
def test_what_does_not_go_together(options: dict[str, Any], x: Any, mask: Any, pieces: tuple[str, ...]) -> None:
    refused(lambda: DROPOUT.compute(DropoutConfig(**options), {"input": x, "mask": mask}), *pieces)
