"""Activations and softmax as layers: PyTorch, slopes, extreme inputs, refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layeranim.engine.activation_layer import ACTIVATION, GATES, GROUPED, ActivationConfig
from layeranim.engine.activations import ACTIVATIONS
from layeranim.engine.softmax import SOFTMAX, SoftmaxConfig
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

LAYERS = {layer.name: layer for layer in (ACTIVATION, SOFTMAX)}
X = np.random.default_rng(8).normal(size=(3, 6)) * 2
EXTREME = [[1e308, -1e308, np.inf, -np.inf, np.nan, 0.0]]


def test_stored_cases_agree_with_pytorch() -> None:
    cases = stored_agree("activation", LAYERS, 200)
    assert {case["layer"] for case in cases} == set(LAYERS)
    assert {case["config"].get("activation") for case in cases} >= set(GATES)
    assert any(case["config"].get("alpha") == -1 for case in cases)


if HAS_TORCH:

    def test_fresh_cases_agree_with_pytorch() -> None:
        fresh_agree(maker("activation"), LAYERS, 1, 60)


@pytest.mark.parametrize("name", [*ACTIVATIONS, *GROUPED])
def test_every_function_replays_and_has_the_right_slope(name: str) -> None:
    config = ActivationConfig(activation=name)
    for kind in (np.float64, np.float32):
        trace = proven(ACTIVATION, ACTIVATION.compute(config, {"input": X.astype(kind)}))
        assert trace["output"].dtype == kind
    slopes(ACTIVATION, config, {"input": X}, ["input"])
    with np.errstate(all="raise"):
        extreme = proven(ACTIVATION, ACTIVATION.compute(config, {"input": EXTREME}))
        replays(ACTIVATION.backward(extreme, {"output": np.ones(extreme["output"].shape)}))  # type: ignore[misc]


@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_functions_side_by_side_make_what_each_makes_alone(kind: type) -> None:
    given = {"input": X.astype(kind)}
    trace = proven(ACTIVATION, ACTIVATION.compute(ActivationConfig(compare=tuple(ACTIVATIONS)), given))
    for name in ACTIVATIONS:
        alone = ACTIVATION.compute(ActivationConfig(activation=name), given)
        for made in ("output", "derivative"):
            np.testing.assert_array_equal(trace[f"{name}.{made}"], alone[made])
            assert trace[f"{name}.{made}"].dtype == kind


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"activation": "glu"}, "activation is glu, but compare takes each function as it is usual"),
        ({"alpha": 0.5}, "alpha is 0.5, but compare"),
        ({"pieces": 3}, "pieces is 3, but compare"),
    ],
)
def test_what_is_one_functions_own_does_not_go_with_a_comparison(options: dict[str, Any], said: str) -> None:
    refused(lambda: ACTIVATION.compute(ActivationConfig(compare=("relu", "elu"), **options), {"input": X}), said)


def test_a_comparison_has_no_way_back() -> None:
    trace = ACTIVATION.compute(ActivationConfig(compare=("relu", "elu")), {"input": X})
    refused(lambda: ACTIVATION.backward(trace, {"output": X}), "the way back is one function's")  # type: ignore[misc]


def test_maxout_and_glu_by_hand() -> None:
    trace = ACTIVATION.compute(ActivationConfig(activation="maxout", pieces=3), {"input": [1, 5, 5, -2, -3, -4]})
    assert trace["output"].tolist() == [[5, -2]]
    back = ACTIVATION.backward(trace, {"output": [[7.0, 9.0]]})  # type: ignore[misc]
    assert replays(back)["grad_input"].tolist() == [[0, 7, 0, 9, 0, 0]]
    gated = ACTIVATION.compute(ActivationConfig(activation="glu"), {"input": [2, 3, 0, np.log(3)]})
    assert gated["gate"].tolist() == [[0.5, pytest.approx(0.75)]]
    assert gated["output"].tolist() == [[1, pytest.approx(2.25)]]
    swish = ACTIVATION.compute(ActivationConfig(activation="swiglu"), {"input": [2, 3, 0, np.log(3)]})
    assert swish["output"].tolist() == [[0, pytest.approx(3 * 0.75 * np.log(3))]]
    assert swish.facts["activation_formula"] == "a · b/(1 + e⁻ᵇ)"


@pytest.mark.parametrize("slope", [[0.5], [0.1, -0.2, 2, 0, 1, 0.3]])
def test_learned_slopes(slope: list[float]) -> None:
    config = ActivationConfig(activation="prelu")
    trace = proven(ACTIVATION, ACTIVATION.compute(config, {"input": X, "slope": slope}))
    assert np.array_equal(trace["output"], np.where(X > 0, X, np.array(slope) * X))
    assert trace.facts["parameters"] == 6
    slopes(ACTIVATION, config, {"input": X, "slope": np.broadcast_to(slope, 6)}, ["input", "slope"])


@pytest.mark.parametrize("options", [{}, {"log": True}, {"temperature": 0.5}, {"axis": 0}, {"axis": -2, "log": True}])
def test_softmax_replays_and_has_the_right_slope(options: dict[str, Any]) -> None:
    config = SoftmaxConfig(**options)
    trace = proven(SOFTMAX, SOFTMAX.compute(config, {"logits": X}))
    proven(SOFTMAX, SOFTMAX.compute(config, {"logits": X.astype(np.float32)}))
    p = np.exp(trace["output"]) if config.log else trace["output"]
    assert p.sum(axis=config.axis) == pytest.approx(1, rel=1e-14)
    slopes(SOFTMAX, config, {"logits": X}, ["logits"])


def test_softmax_of_extreme_logits() -> None:
    with np.errstate(all="raise"):
        for log in (False, True):
            for row in ([1e308, 0, -1e308], [np.inf, 0, 1], [-np.inf, 0, 1], [-np.inf, -np.inf], [np.nan, 1]):
                proven(SOFTMAX, SOFTMAX.compute(SoftmaxConfig(log=log), {"logits": row}))
    assert SOFTMAX.compute(SoftmaxConfig(), {"logits": [1e308, 0, -1e308]})["output"].tolist() == [[1, 0, 0]]
    assert SOFTMAX.compute(SoftmaxConfig(), {"logits": [-np.inf, 0]})["output"].tolist() == [[0, 1]]
    assert SOFTMAX.compute(SoftmaxConfig(log=True), {"logits": [0, 1000]})["output"].tolist() == [[-1000, 0]]


@given(st.integers(2, 6), st.floats(-1e6, 1e6), st.floats(0.1, 10), st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_softmax_forgets_a_shift_and_temperature_is_a_scale(n: int, shift: float, t: float, seed: int) -> None:
    z = np.random.default_rng(seed).normal(size=(1, n))
    p = SOFTMAX.compute(SoftmaxConfig(temperature=t), {"logits": z})["output"]
    assert np.allclose(p, SOFTMAX.compute(SoftmaxConfig(), {"logits": z / t + shift})["output"], atol=1e-8)


def test_any_array_is_taken_and_none_is_changed() -> None:
    takes_any_array(ACTIVATION, ActivationConfig(activation="gelu"), {"input": np.round(X)})
    takes_any_array(SOFTMAX, SoftmaxConfig(), {"logits": np.round(X)})


REFUSALS: list[tuple[Any, dict[str, Any], dict[str, Any], tuple[str, ...]]] = [
    (ACTIVATION, {"activation": "relu", "alpha": 1}, {"input": X}, ("alpha is 1", "relu", "elu")),
    (ACTIVATION, {"activation": "celu", "alpha": 0}, {"input": X}, ("alpha is 0", "celu")),
    (ACTIVATION, {"activation": "softplus", "alpha": 0}, {"input": X}, ("alpha is 0", "softplus divides")),
    (ACTIVATION, {"activation": "glu"}, {"input": [1, 2, 3]}, ("glu takes 2", "3 features")),
    (ACTIVATION, {"activation": "swiglu", "alpha": 1}, {"input": X}, ("alpha is 1", "swiglu", "elu")),
    (ACTIVATION, {"activation": "swiglu"}, {"input": [1, 2, 3]}, ("swiglu takes 2", "3 features")),
    (ACTIVATION, {"activation": "maxout", "pieces": 4}, {"input": X}, ("maxout takes 4", "6 features")),
    (ACTIVATION, {"activation": "maxout", "pieces": 1}, {"input": X}, ("pieces is 1", "at least 2")),
    (ACTIVATION, {"pieces": 2}, {"input": X}, ("pieces is 2", "relu", "maxout")),
    (ACTIVATION, {"activation": "prelu"}, {"input": X, "slope": [1, 2]}, ("slope has shape 2", "6 (features)")),
    (ACTIVATION, {"activation": "prelu", "alpha": 1}, {"input": X, "slope": [1]}, ("alpha is 1", "slopes")),
    (ACTIVATION, {}, {"input": X, "slope": [1]}, ("slope was given",)),
    (ACTIVATION, {}, {"input": np.ones((1, 2, 3))}, ("input has shape 1×2×3",)),
    (SOFTMAX, {"temperature": 0}, {"logits": X}, ("temperature is 0", "greater than 0")),
    (SOFTMAX, {"axis": 2}, {"logits": X}, ("axis is 2", "at most 1")),
    (SOFTMAX, {}, {"input": X}, ("takes no array 'input'", "logits")),
]


@pytest.mark.parametrize(("layer", "options", "arrays", "pieces"), REFUSALS)
def test_what_does_not_go_together(layer: Any, options: Any, arrays: Any, pieces: tuple[str, ...]) -> None:
    refused(lambda: layer.compute(layer.config(**options), arrays), *pieces)
