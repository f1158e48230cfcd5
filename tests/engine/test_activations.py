"""Activations: values, derivatives, limits, types, and the error function."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pytest

from layeranim.engine import activations
from layeranim.engine.activations import ACTIVATIONS, activation, log_softmax, softmax
from layeranim.engine.replay import OPERATIONS
from layeranim.engine.special import erf, erfc
from layeranim.errors import OptionError

NAMES = sorted(ACTIVATIONS)
# The fixed point with mean 0 and variance 1, in closed form (Klambauer et al., 2017, equation 14).
_TAIL = math.erfc(math.sqrt(0.5)) * math.sqrt(math.e)
ALPHA = -math.sqrt(2 / math.pi) / (_TAIL - 1)
SCALE = (
    (1 - _TAIL)
    * math.sqrt(2 * math.pi)
    / math.sqrt(2 * math.erfc(math.sqrt(2)) * math.e**2 + math.pi * _TAIL**2 - 2 * (2 + math.pi) * _TAIL + math.pi + 2)
)
# φ(−∞), φ(−2), φ(0), φ(2), φ(∞), from the definitions.
KNOWN: dict[str, tuple[Any, ...]] = {
    "linear": (-math.inf, -2, 0, 2, math.inf),
    "step": (0, 0, 1, 1, 1),
    "sigmoid": (0, 1 / (1 + math.e**2), 0.5, 1 / (1 + math.e**-2), 1),
    "tanh": (-1, math.tanh(-2), 0, math.tanh(2), 1),
    "relu": (0, 0, 0, 2, math.inf),
    "leaky-relu": (-math.inf, -0.02, 0, 2, math.inf),
    "prelu": (-math.inf, -0.5, 0, 2, math.inf),
    "elu": (-1, math.expm1(-2), 0, 2, math.inf),
    "selu": (-SCALE * ALPHA, SCALE * ALPHA * math.expm1(-2), 0, 2 * SCALE, math.inf),
    "celu": (-1, math.expm1(-2), 0, 2, math.inf),
    "gelu": (0, -2 * math.erfc(math.sqrt(2)) / 2, 0, 2 - math.erfc(math.sqrt(2)), math.inf),
    "gelu-tanh": (0, -(1 + math.tanh(math.sqrt(2 / math.pi) * -(2 + 0.044715 * 8))), 0,
                  1 + math.tanh(math.sqrt(2 / math.pi) * (2 + 0.044715 * 8)), math.inf),
    "silu": (0, -2 / (1 + math.e**2), 0, 2 / (1 + math.e**-2), math.inf),
    "mish": (0, -2 * math.tanh(math.log1p(math.e**-2)), 0, 2 * math.tanh(math.log1p(math.e**2)), math.inf),
    "softplus": (0, math.log1p(math.e**-2), math.log(2), math.log1p(math.e**2), math.inf),
    "softsign": (-1, -2 / 3, 0, 2 / 3, 1),
    "hard-sigmoid": (0, 1 / 6, 0.5, 5 / 6, 1),
    "hard-swish": (0, -1 / 3, 0, 5 / 3, math.inf),
    "relu6": (0, 0, 0, 2, 6),
    "hard-tanh": (-1, -1, 0, 1, 1),
    "log-sigmoid": (-math.inf, -math.log1p(math.e**2), -math.log(2), -math.log1p(math.e**-2), 0),
}  # fmt: skip


def test_the_table_is_complete() -> None:
    assert list(KNOWN) == list(ACTIVATIONS)
    assert all(item.name == name and item.formula for name, item in ACTIVATIONS.items())


@pytest.mark.parametrize("name", NAMES)
def test_values(name: str) -> None:
    np.testing.assert_allclose(ACTIVATIONS[name]([-math.inf, -2, 0, 2, math.inf]), KNOWN[name], rtol=1e-14, atol=1e-300)


@pytest.mark.parametrize("name", NAMES)
def test_derivative_is_the_slope(name: str) -> None:
    x, h = np.linspace(-7.003, 7.004, 801), 1e-6
    slope = (ACTIVATIONS[name](x + h) - ACTIVATIONS[name](x - h)) / (2 * h)
    np.testing.assert_allclose(ACTIVATIONS[name].derivative(x), slope, rtol=1e-6, atol=2e-9)


def test_a_parameter_that_is_not_the_usual_one_is_in_the_function_and_its_formula() -> None:
    x = np.array([-np.inf, -2.0, 0.0, 1.0, np.inf])
    sigmoid = 1 / (1 + np.exp(-1.702 * x[1:4]))
    assert np.allclose(ACTIVATIONS["silu"](x, alpha=1.702), [0, *(x[1:4] * sigmoid), np.inf])
    assert np.allclose(ACTIVATIONS["silu"](x, alpha=-2.0), -ACTIVATIONS["silu"](-x, alpha=2.0))
    assert np.allclose(ACTIVATIONS["softplus"](x, alpha=2.0)[1:4], np.log1p(np.exp(2 * x[1:4])) / 2)
    assert np.allclose(ACTIVATIONS["hard-sigmoid"](x, alpha=0.2), [0, 0.1, 0.5, 0.7, 1])
    assert np.allclose(ACTIVATIONS["hard-swish"](x, alpha=0.2), [0, -0.2, 0, 0.7, np.inf])
    for name in ("silu", "softplus", "hard-sigmoid", "hard-swish"):
        usual = ACTIVATIONS[name].parameters["alpha"]
        assert np.allclose(ACTIVATIONS[name](x[1:4], alpha=usual * (1 + 1e-9)), ACTIVATIONS[name](x[1:4]))
        assert "α" in ACTIVATIONS[name].general
        assert "α" not in ACTIVATIONS[name].formula


@pytest.mark.parametrize("name", [name for name in NAMES if "alpha" in ACTIVATIONS[name].parameters])
@pytest.mark.parametrize("alpha", [0.3, 2.0, -0.7, -1.5])
def test_derivative_follows_alpha(name: str, alpha: float) -> None:
    x, h = np.linspace(-7.003, 7.004, 401), 1e-6
    item = ACTIVATIONS[name]
    slope = (item(x + h, alpha=alpha) - item(x - h, alpha=alpha)) / (2 * h)
    np.testing.assert_allclose(item.derivative(x, alpha=alpha), slope, rtol=1e-6, atol=2e-9)
    assert not np.allclose(item(x, alpha=alpha), item(x))


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("name", NAMES)
def test_type_shape_and_nan_are_kept_without_a_warning(name: str, kind: Any) -> None:
    far = float(np.finfo(kind).max)
    x = np.array([[-np.inf, -far, -800, -1e-320], [800, far, np.inf, np.nan]]).astype(kind)
    before = x.copy()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        results = [ACTIVATIONS[name](x), ACTIVATIONS[name].derivative(x)]
    for result in results:
        assert result.dtype == kind
        assert result.shape == x.shape
        assert np.isnan(result).tolist() == np.isnan(x).tolist()
    np.testing.assert_array_equal(x, before)
    assert ACTIVATIONS[name](np.int64(3)).dtype == np.float64


@pytest.mark.parametrize("name", NAMES)
def test_float32_is_as_good_as_float32_can_be(name: str) -> None:
    x = np.linspace(-20, 20, 4001, dtype=np.float32)
    exact = ACTIVATIONS[name](x.astype(np.float64))
    np.testing.assert_allclose(ACTIVATIONS[name](x), exact, rtol=3e-6, atol=1e-7)


def test_erf_is_good_to_the_last_digits() -> None:
    rng = np.random.default_rng(1969)
    x = np.concatenate([np.linspace(-26, 26, 20001), rng.normal(size=20000), 10.0 ** np.linspace(-300, 1, 2000)])
    for ours, reference in ((erf, math.erf), (erfc, math.erfc)):
        expected = np.array([reference(v) for v in x])
        normal = np.abs(expected) > 1e-300
        error = np.abs(ours(x) - expected)[normal] / np.abs(expected)[normal]
        assert error.max() < 1e-15
    np.testing.assert_array_equal(erf([-np.inf, -0.0, 0, np.inf]), [-1, 0, 0, 1])
    np.testing.assert_array_equal(erfc([-np.inf, 0, 30, np.inf]), [2, 1, 0, 0])
    assert np.isnan(erf(np.nan))
    assert erf(np.float32(0.5)).dtype == np.float32


def test_erf_of_single_precision_is_good_to_its_own_last_digits() -> None:
    x = np.float32(np.concatenate([np.linspace(-9, 9, 20001), 10.0 ** np.linspace(-30, 1, 2000)]))
    for ours, reference in ((erf, math.erf), (erfc, math.erfc)):
        expected = np.array([reference(v) for v in x])
        normal = np.abs(expected) > 1e-36
        error = np.abs(ours(x) - expected)[normal] / np.abs(expected)[normal]
        assert ours(x).dtype == np.float32
        assert error.max() < 1e-6


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_a_large_array_is_taken_in_blocks_with_the_same_numbers(
    name: str, kind: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = np.random.default_rng(2).normal(0, 3, (3, 7, 11)).astype(kind)[:, ::2]
    item = ACTIVATIONS[name]
    whole = item(x), item.derivative(x)
    monkeypatch.setattr(activations, "_BLOCK", 16)
    for found, expected in zip((item(x), item.derivative(x)), whole, strict=True):
        assert found.dtype == kind
        np.testing.assert_allclose(found, expected, rtol=8 * np.finfo(kind).eps)


def test_softmax() -> None:
    x = np.array([[1.0, 2, 3], [1e308, -1e308, 1e308], [-np.inf, 0, 0]])
    e = np.exp([1, 2, 3])
    np.testing.assert_allclose(softmax(x), [e / e.sum(), [0.5, 0, 0.5], [0, 0.5, 0.5]], rtol=1e-15)
    np.testing.assert_allclose(softmax(x[:, :2], axis=0)[:, 0], [0, 1, 0])
    np.testing.assert_allclose(log_softmax(x[0]), np.log(e / e.sum()), rtol=1e-15)
    np.testing.assert_allclose(log_softmax([0.0, 1000]), [-1000, 0])
    assert np.isnan(softmax([np.nan, 1.0])).all()
    assert np.isnan(softmax([-np.inf, -np.inf])).all()
    assert softmax(np.ones(2, np.float32)).dtype == log_softmax(np.ones(2, np.float32)).dtype == np.float32


def test_unknown_names_are_refused_with_the_nearest_one() -> None:
    with pytest.raises(OptionError, match=r"unknown activation 'geluu' \(did you mean gelu\?\)"):
        activation("geluu")
    with pytest.raises(OptionError, match=r"relu has no parameter alpha; it takes no parameters"):
        ACTIVATIONS["relu"](1.0, alpha=1)
    assert activation("mish") is ACTIVATIONS["mish"]


def test_activate_replays_with_its_name_and_parameters() -> None:
    do = OPERATIONS["activate"]
    assert do.run(np.float64(-2), name="leaky-relu", alpha=0.5) == -1
    assert do.terms is not None
    assert do.terms(np.float64(-2), name="relu") == (0, 0.0)
    terms, magnitude = do.terms(np.array([0.5, np.nan]), name="tanh")
    assert terms == 4
    assert magnitude == pytest.approx(math.tanh(0.5))
