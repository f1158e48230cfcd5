"""Optimisers, clipping and initialisers: PyTorch, closed formulas, distributions, refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from layeranim.engine.initialisers import SCHEMES, fans, initialise, spread
from layeranim.engine.training import METHODS, OPTIMISER, OptimiserConfig
from layeranim.errors import OptionError, ShapeError
from tests.engine.family import HAS_TORCH, fresh_agree, maker, proven, refused, stored_agree, takes_any_array

LAYERS = {"optimiser": OPTIMISER}
GIVEN = {"start": [1.0, -2.0], "gradients": [[1.0, 2.0], [3.0, -1.0], [0.0, 4.0]]}


def test_stored_cases_agree_with_pytorch() -> None:
    cases = stored_agree("training", LAYERS, 300)
    assert {case["config"]["method"] for case in cases} == set(METHODS)
    for name in ("learning_rate_decay", "initial_accumulator"):
        assert any(name in case["config"] for case in cases)


if HAS_TORCH:

    def test_fresh_cases_agree_with_pytorch() -> None:
        fresh_agree(maker("training"), LAYERS, 1, 60)


OPTIONS: list[dict[str, Any]] = [
    {},
    {"momentum": 0.9, "dampening": 0.1, "weight_decay": 0.1},
    {"momentum": 0.9, "nesterov": True, "clip_norm": 1},
    {"method": "rmsprop", "clip_value": 0.5, "clip_norm": 0.1},
    {"method": "rmsprop", "centred": True, "momentum": 0.5},
    {"method": "adam", "weight_decay": 0.1},
    {"method": "adamw"},
    {"method": "adagrad"},
    {"method": "adagrad", "learning_rate_decay": 0.5, "initial_accumulator": 0.1, "weight_decay": 0.1, "clip_norm": 1},
]


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_every_method_replays_and_comes_back_from_a_file(options: dict[str, Any], kind: Any) -> None:
    given = {name: np.array(array, kind) for name, array in GIVEN.items()}
    trace = proven(OPTIMISER, OPTIMISER.compute(OptimiserConfig(**options), given))
    assert trace["parameters"].dtype == kind
    assert trace["parameters"].shape == (4, 2)


def test_by_hand() -> None:
    plain = OPTIMISER.compute(OptimiserConfig(learning_rate=0.5), GIVEN)
    assert plain["parameters"].tolist() == [[1, -2], [0.5, -3], [-1, -2.5], [-1, -4.5]]
    momentum = OPTIMISER.compute(OptimiserConfig(learning_rate=1, momentum=0.5), GIVEN)
    assert momentum["velocity"].tolist() == [[0, 0], [1, 2], [3.5, 0], [1.75, 4]]
    # the first step of Adam is the learning rate in every direction, whatever the gradient's size
    adam = OPTIMISER.compute(OptimiserConfig(method="adam", learning_rate=0.1, eps=0), GIVEN)
    assert adam["parameters"][1] == pytest.approx([0.9, -2.1])
    # Adagrad: every component has taken 1, 1/√2, 1/√3 … of the rate while its gradient keeps its size
    options: dict[str, Any] = {"method": "adagrad", "learning_rate": 1, "eps": 0}
    adagrad = OPTIMISER.compute(OptimiserConfig(**options), {"start": [0.0], "gradients": [[4.0], [4.0], [-4.0]]})
    assert adagrad["square_sum"].ravel().tolist() == [0, 16, 32, 48]
    assert np.diff(adagrad["parameters"].ravel()) == pytest.approx([-1, -(0.5**0.5), 3**-0.5])
    slower = OptimiserConfig(**options, learning_rate_decay=1, initial_accumulator=9)
    later = OPTIMISER.compute(slower, {"start": [0.0], "gradients": [[4.0], [0.0], [-12.0]]})
    assert later["square_sum"].ravel().tolist() == [9, 25, 25, 169]
    assert np.diff(later["parameters"].ravel()) == pytest.approx([-4 / 5, 0, 12 / 13 / 3])
    cut = OPTIMISER.compute(OptimiserConfig(learning_rate=1, clip_norm=5), {"start": [0, 0], "gradients": [[30, 40]]})
    assert cut["gradient_norm"].tolist() == [50]
    assert cut["parameters"][1] == pytest.approx([-3, -4], rel=1e-6)
    assert np.linalg.norm(cut["clipped_gradients"]) <= 5


def test_nan_infinity_and_large_gradients() -> None:
    with np.errstate(all="raise"):
        for options in OPTIONS:
            given = {
                "start": [1.0, 1.0, 1.0, 0.0],
                "gradients": [[np.nan, np.inf, 1e308, 0.0], [1.0, 1.0, -1e308, 0.0]],
            }
            proven(OPTIMISER, OPTIMISER.compute(OptimiserConfig(**options), given))
        large = OPTIMISER.compute(
            OptimiserConfig(clip_norm=1, learning_rate=1), {"start": [0, 0], "gradients": [[1e308, 1e308]]}
        )
        assert large["parameters"][1] == pytest.approx([-(0.5**0.5)] * 2)


def test_any_array_is_taken_and_none_is_changed() -> None:
    takes_any_array(OPTIMISER, OptimiserConfig(method="adam"), GIVEN, "parameters")


REFUSALS: list[tuple[dict[str, Any], dict[str, Any], tuple[str, ...]]] = [
    ({"nesterov": True}, GIVEN, ("nesterov", "momentum 0")),
    ({"nesterov": True, "momentum": 0.9, "dampening": 0.1}, GIVEN, ("nesterov", "dampening 0.1")),
    ({"method": "adam", "momentum": 0.9}, GIVEN, ("momentum is 0.9", "method adam", "sgd, rmsprop")),
    ({"beta1": 0.9}, GIVEN, ("beta1 is 0.9", "method sgd")),
    ({"method": "adam", "beta2": 1}, GIVEN, ("beta2 is 1", "less than 1")),
    ({"centred": True}, GIVEN, ("centred is true", "rmsprop")),
    ({"learning_rate": -1}, GIVEN, ("learning_rate is -1", "at least 0")),
    ({"clip_norm": 0}, GIVEN, ("clip_norm is 0", "greater than 0")),
    ({}, {"start": [1.0], "gradients": [[1.0, 2.0]]}, ("start has shape 1", "2")),
    ({"method": "adadelta"}, GIVEN, ("method is 'adadelta'", "sgd, adagrad, rmsprop, adam, adamw")),
    ({"method": "adagrad", "momentum": 0.9}, GIVEN, ("momentum is 0.9", "method adagrad", "sgd, rmsprop")),
    ({"initial_accumulator": 0.1}, GIVEN, ("initial_accumulator is 0.1", "method sgd", "adagrad")),
    ({"learning_rate_decay": 0.1, "method": "adam"}, GIVEN, ("learning_rate_decay is 0.1", "method adam", "adagrad")),
    ({"method": "adagrad", "initial_accumulator": -1}, GIVEN, ("initial_accumulator is -1", "at least 0")),
]


@pytest.mark.parametrize(("options", "arrays", "pieces"), REFUSALS)
def test_what_does_not_go_together(options: dict[str, Any], arrays: dict[str, Any], pieces: tuple[str, ...]) -> None:
    refused(lambda: OPTIMISER.compute(OptimiserConfig(**options), arrays), *pieces)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("shape", [(300, 200), (40, 30, 5, 5)])
def test_initialisers_have_the_spread_they_promise(scheme: str, shape: tuple[int, ...]) -> None:
    w = initialise(scheme, shape, np.random.default_rng(0), gain=1.5)
    promised = spread(scheme, shape, 1.5)
    assert w.shape == shape
    assert w.std() == pytest.approx(promised, rel=0.02)
    assert abs(w.mean()) <= 0.02 * promised
    if scheme.endswith("uniform"):
        assert np.abs(w).max() <= 3**0.5 * promised
        assert np.abs(w).max() > 0.999 * 3**0.5 * promised


def test_formulas_of_the_spreads() -> None:
    assert fans((8, 3, 5, 5)) == (75, 200)
    assert spread("he-normal", (8, 3, 5, 5)) == pytest.approx((2 / 75) ** 0.5)
    assert spread("xavier-uniform", (8, 3, 5, 5)) == pytest.approx((2 / 275) ** 0.5)


@pytest.mark.parametrize("shape", [(6, 4), (4, 6), (5, 5), (4, 2, 3)])
def test_orthogonal_weights_are(shape: tuple[int, ...]) -> None:
    w = initialise("orthogonal", shape, np.random.default_rng(1), gain=2).reshape(shape[0], -1)
    square = w @ w.T if w.shape[0] <= w.shape[1] else w.T @ w
    assert np.allclose(square, 4 * np.eye(len(square)), atol=1e-12)


def test_initialisers_keep_a_signal_alive_through_many_layers() -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(size=(64, 256))
    for _ in range(20):
        x = np.maximum(x @ initialise("he-normal", (256, 256), rng).T, 0)
    assert 0.1 < np.sqrt((x**2).mean()) < 10


def test_initialisers_refuse() -> None:
    with pytest.raises(OptionError, match=r"unknown initialiser 'xavier-norma' \(did you mean xavier-normal\?\)"):
        initialise("xavier-norma", (2, 2), np.random.default_rng(0))
    with pytest.raises(ShapeError, match=r"shape \(3,\) have no inputs"):
        initialise("he-normal", (3,), np.random.default_rng(0))
