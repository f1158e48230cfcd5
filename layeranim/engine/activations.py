"""Activations: each with its derivative, its formula and the parameters that it takes.

Every function is stable for any finite number, lets NaN travel, takes ±∞ to its limit, keeps float32 and never warns.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from layeranim.engine.option import suggest
from layeranim.engine.replay import finite_max, operation
from layeranim.engine.special import erfc
from layeranim.engine.trace import Array, Shape, count
from layeranim.errors import OptionError
from layeranim.records import dataclass

# Klambauer et al., Self-Normalizing Neural Networks (2017), equation 14.
SELU_ALPHA = 1.6732632423543772
SELU_SCALE = 1.0507009873554805
# Hendrycks and Gimpel, Gaussian Error Linear Units (2016), section 2.
_GELU_CUBIC = 0.044715
_GELU_SCALE = math.sqrt(2 / math.pi)
# From here on e^-|x| and the normal density are 0 in float64, so a gate times x is 0 too, also at -∞.
_FAR = 1000.0
# Numbers that are taken at once: what a formula makes on the way stays in a processor's cache.
_BLOCK = 2**15


@dataclass(frozen=True)
class Activation:
    """One activation function φ; ``exact`` ones only select, scale or clip and replay to the last bit.

    ``general`` is the formula with another parameter than the usual one, where the usual one does not show in it.
    ``scratch`` is how many arrays of x's shape the function takes on its way (see ``memory``).
    """

    name: str
    function: Callable[..., Array]
    slope: Callable[..., Array]
    formula: str
    parameters: Mapping[str, float]
    exact: bool = False
    scratch: int = 2
    general: str = ""

    def __call__(self, x: Any, **parameters: float) -> Array:
        """φ(x), element by element: same shape, float32 kept, everything else as float64."""
        return self._run(self.function, x, parameters)

    def derivative(self, x: Any, **parameters: float) -> Array:
        """φ′(x); at a corner the derivative that PyTorch takes (0 for ReLU at 0)."""
        return self._run(self.slope, x, parameters)

    def into(self, like: Array) -> Callable[[Array, Array], object]:
        """φ of arrays of floats like one written into others, for loops: nothing is checked, NumPy may warn."""
        if isinstance(self.function, np.ufunc):
            return self.function
        if self.function is _sigmoid:
            return _sigmoid_into(like)
        parameters = dict(self.parameters)
        return lambda x, out: np.copyto(out, self.function(x, **parameters))

    def _run(self, function: Callable[..., Array], x: Any, parameters: Mapping[str, float]) -> Array:
        unknown = [name for name in parameters if name not in self.parameters]
        if unknown:
            takes = ", ".join(self.parameters) or "no parameters"
            raise OptionError(f"{self.name} has no parameter {unknown[0]}; it takes {takes}")
        array = np.asarray(x)
        if array.dtype != np.float32:
            array = array.astype(np.float64)
        full = {**self.parameters, **parameters}
        with np.errstate(all="ignore"):
            if array.size <= _BLOCK:
                return np.asarray(function(array, **full), dtype=array.dtype)
            flat = array.reshape(-1)
            out = np.empty_like(flat)
            for first in range(0, flat.size, _BLOCK):
                part = slice(first, first + _BLOCK)
                out[part] = function(flat[part], **full)
            return out.reshape(array.shape)


def _pieces(x: Array, low: float, high: float, below: Any, inside: Any, above: Any) -> Array:
    """``below`` up to ``low``, ``inside``, ``above`` from ``high`` on; NaN stays NaN."""
    return np.asarray(np.where(np.isnan(x), x, np.where(x <= low, below, np.where(x < high, inside, above))))


def _decay(x: Array) -> Array:
    """e^-|x|: never overflows."""
    e = np.asarray(np.abs(x))
    np.negative(e, e)
    return np.asarray(np.exp(e, e))


def _sigmoid(x: Array) -> Array:
    out = np.empty_like(x)
    _sigmoid_into(out)(x, out)
    return out


def _sigmoid_into(like: Array) -> Callable[[Array, Array], object]:
    """σ in memory of its own; NumPy would make an array of each 0 and 1 anew in every step of a loop."""
    e, on, zero, one = (
        np.empty_like(like),
        np.empty(like.shape, bool),
        np.zeros((), like.dtype),
        np.ones((), like.dtype),
    )

    def run(x: Array, out: Array) -> None:
        np.abs(x, e)
        np.negative(e, e)
        np.exp(e, e)
        np.greater_equal(x, zero, on)
        np.maximum(e, on, out=out)  # 1 from 0 on, e below: e is at most 1
        np.add(e, one, e)
        np.divide(out, e, out)

    return run


def _sigmoid_slope(x: Array) -> Array:
    e = _decay(x)
    return np.asarray(e / (1 + e) ** 2)


def _sech2(x: Array) -> Array:
    """1 - tanh², without the cancellation."""
    return np.asarray(4 * _sigmoid_slope(2 * x))


def _near(x: Array) -> Array:
    return np.asarray(np.clip(x, -_FAR, _FAR))


def _gated(x: Array, gate: Array) -> Array:
    """x · gate where the gate falls faster to 0 than x to -∞."""
    return np.asarray(np.maximum(x, -_FAR) * gate)


def _relu(x: Array) -> Array:
    return np.asarray(np.maximum(x, 0) + 0)  # + 0 so that −0 becomes 0 on every processor


def _leaky(x: Array, alpha: float) -> Array:
    return np.asarray(np.where(x > 0, x, alpha * x))


def _elu(x: Array, alpha: float) -> Array:
    return np.asarray(np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0))))


def _elu_slope(x: Array, alpha: float) -> Array:
    return np.asarray(np.where(x > 0, 1, alpha * np.exp(np.minimum(x, 0))))


def _celu(x: Array, alpha: float) -> Array:
    return np.asarray(np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0) / alpha)))


def _celu_slope(x: Array, alpha: float) -> Array:
    return np.asarray(np.where(x > 0, 1, np.exp(np.minimum(x, 0) / alpha)))


def _normal(x: Array) -> Array:
    """Φ(x), the normal distribution function, with full relative accuracy in both tails."""
    return np.asarray(erfc(-x / math.sqrt(2)) / 2)


def _gelu_slope(x: Array) -> Array:
    near = _near(x)
    return np.asarray(_normal(x) + near * np.exp(-near * near / 2) / math.sqrt(2 * math.pi))


def _gelu_tanh_inner(x: Array) -> Array:
    """2 √(2/π) (x + 0.044715 x³), so that (1 + tanh(u/2))/2 = σ(u)."""
    return np.asarray(2 * _GELU_SCALE * (x + _GELU_CUBIC * x**3))


def _gelu_tanh_slope(x: Array) -> Array:
    near = _near(x)
    inner = _gelu_tanh_inner(near)
    return np.asarray(
        _sigmoid(inner) + near * _sigmoid_slope(inner) * 2 * _GELU_SCALE * (1 + 3 * _GELU_CUBIC * near * near)
    )


def _softplus(x: Array) -> Array:
    return np.asarray(np.maximum(x, 0) + np.log1p(_decay(x)))


def _mish_slope(x: Array) -> Array:
    soft = _softplus(x)
    return np.asarray(np.tanh(soft) + _near(x) * _sech2(soft) * _sigmoid(x))


def _softsign(x: Array) -> Array:
    most = np.finfo(x.dtype).max
    x = np.asarray(np.clip(x, -most, most))
    return np.asarray(x / (1 + np.abs(x)))


_SIXTH = 1 / 6


def _hard_sigmoid(x: Array, alpha: float) -> Array:
    return np.asarray(np.clip(x + 3, 0, 6) / 6 if alpha == _SIXTH else np.clip(alpha * x + 0.5, 0, 1))


def _hard_sigmoid_slope(x: Array, alpha: float) -> Array:
    if alpha == _SIXTH:
        return _pieces(x, -3, 3, 0, _SIXTH, 0)
    return np.asarray(np.where(np.isnan(x), x, np.where(np.abs(alpha * x) < 0.5, alpha, 0)))


def _hard_swish(x: Array, alpha: float) -> Array:
    gate = _hard_sigmoid(x, alpha)
    return np.asarray(np.where(gate == 0, gate, x * gate))


def _hard_swish_slope(x: Array, alpha: float) -> Array:
    if alpha == _SIXTH:
        return _pieces(x, -3, 3, 0, x / 3 + 0.5, 1)
    inside = np.where(np.abs(alpha * x) < 0.5, 2 * alpha * x + 0.5, alpha * x > 0)
    return np.asarray(np.where(np.isnan(x), x, inside))


def _silu(x: Array, alpha: float) -> Array:
    if alpha == 1:
        return _gated(x, _sigmoid(x))
    if alpha < 0:
        return np.asarray(-_silu(-x, -alpha))
    return np.asarray(np.maximum(x, -_FAR / alpha) * _sigmoid(alpha * x) if alpha else x / 2)


def _silu_slope(x: Array, alpha: float) -> Array:
    near = np.clip(x, -_FAR / abs(alpha), _FAR / abs(alpha)) if alpha else x
    return np.asarray(_sigmoid(alpha * x) + alpha * near * _sigmoid_slope(alpha * x))


def _flat(x: Array, value: float) -> Array:
    out, missing = np.full_like(x, value), np.isnan(x)
    if missing.any():
        out[missing] = x[missing]
    return out


_INF = math.inf
_LEAKY_SLOPE: Callable[..., Array] = lambda x, alpha: _pieces(x, 0, 0, alpha, 1, 1)  # noqa: E731

ACTIVATIONS: dict[str, Activation] = {
    a.name: a
    for a in (
        Activation("linear", np.positive, lambda x: _flat(x, 1), "x", {}, True),
        Activation("step", lambda x: np.heaviside(x, 1), lambda x: _flat(x, 0), "1 if x ≥ 0, else 0", {}, True),
        Activation("sigmoid", _sigmoid, _sigmoid_slope, "1/(1 + e⁻ˣ)", {}),
        Activation("tanh", np.tanh, _sech2, "tanh x", {}),
        Activation("relu", _relu, lambda x: _pieces(x, 0, 0, 0, 1, 1), "max(0, x)", {}, True),
        Activation("leaky-relu", _leaky, _LEAKY_SLOPE, "x if x > 0, else α·x", {"alpha": 0.01}, True),
        Activation("prelu", _leaky, _LEAKY_SLOPE, "x if x > 0, else α·x (α learned)", {"alpha": 0.25}, True),
        Activation("elu", _elu, _elu_slope, "x if x > 0, else α(eˣ − 1)", {"alpha": 1.0}),
        Activation("selu", lambda x: SELU_SCALE * _elu(x, SELU_ALPHA), lambda x: SELU_SCALE * _elu_slope(x, SELU_ALPHA),
                   "λx if x > 0, else λα(eˣ − 1), λ = 1.0507, α = 1.6733", {}),
        Activation("celu", _celu, _celu_slope, "x if x > 0, else α(e^(x/α) − 1)", {"alpha": 1.0}),
        Activation("gelu", lambda x: _gated(x, _normal(x)), _gelu_slope, "x·Φ(x) = x·(1 + erf(x/√2))/2", {},
                   scratch=9),
        Activation("gelu-tanh", lambda x: _gated(x, _sigmoid(_gelu_tanh_inner(x))), _gelu_tanh_slope,
                   "x·(1 + tanh(√(2/π)(x + 0.044715x³)))/2", {}, scratch=4),
        Activation("silu", _silu, _silu_slope, "x/(1 + e⁻ˣ)", {"alpha": 1.0}, scratch=4,
                   general="x/(1 + e^(−αx))"),
        Activation("mish", lambda x: _gated(x, np.tanh(_softplus(x))), _mish_slope, "x·tanh(ln(1 + eˣ))", {},
                   scratch=4),
        Activation("softplus", lambda x, alpha: _softplus(x) if alpha == 1 else _softplus(alpha * x) / alpha,
                   lambda x, alpha: _sigmoid(alpha * x), "ln(1 + eˣ)", {"alpha": 1.0},
                   general="ln(1 + e^(αx))/α"),
        Activation("softsign", _softsign, lambda x: 1 / (1 + np.abs(x)) ** 2, "x/(1 + |x|)", {}),
        Activation("hard-sigmoid", _hard_sigmoid, _hard_sigmoid_slope, "min(max(x + 3, 0), 6)/6", {"alpha": _SIXTH},
                   True, general="min(max(αx + 0.5, 0), 1)"),
        Activation("hard-swish", _hard_swish, _hard_swish_slope, "x·min(max(x + 3, 0), 6)/6", {"alpha": _SIXTH}, True,
                   general="x·min(max(αx + 0.5, 0), 1)"),
        Activation("relu6", lambda x: np.clip(x, 0, 6) + 0, lambda x: _pieces(x, 0, 6, 0, 1, 0), "min(max(0, x), 6)",
                   {}, True),
        Activation("hard-tanh", lambda x: np.clip(x, -1, 1), lambda x: _pieces(x, -1, 1, 0, 1, 0),
                   "min(max(−1, x), 1)", {}, True),
        Activation("log-sigmoid", lambda x: -_softplus(-x), lambda x: _sigmoid(-x), "−ln(1 + e⁻ˣ)", {}),
    )
}  # fmt: skip
"""The activations by name."""


def scratch(name: str, shape: Shape) -> dict[str, Shape]:
    """What an activation takes on its way, a block at a time; the row-wise ones as much as softmax, of all at once."""
    if name not in ACTIVATIONS:
        return {"activation": (2, *shape)}
    return {"activation": (ACTIVATIONS[name].scratch, min(count(shape), _BLOCK))}


def activation(name: str) -> Activation:
    """The activation of that name, or an ``OptionError`` with the nearest one."""
    if name not in ACTIVATIONS:
        known = ", ".join(ACTIVATIONS)
        raise OptionError(f"unknown activation {name!r}{suggest(name, ACTIVATIONS)}; there are {known}")
    return ACTIVATIONS[name]


def softmax(x: Any, axis: int = -1) -> Array:
    """eˣ / Σ eˣ along ``axis``, shifted by the largest so that nothing overflows; a row of -∞ alone gives NaN."""
    with np.errstate(all="ignore"):
        shifted = _shifted(x, axis)
        e = np.exp(shifted)
        return np.asarray(e / e.sum(axis=axis, keepdims=True))


def log_softmax(x: Any, axis: int = -1) -> Array:
    """ln softmax(x) along ``axis``, without the underflow of taking the logarithm afterwards."""
    with np.errstate(all="ignore"):
        shifted = _shifted(x, axis)
        return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True)))


def _shifted(x: Any, axis: int) -> Array:
    array = np.asarray(x)
    if array.dtype != np.float32:
        array = array.astype(np.float64)
    return np.asarray(array - array.max(axis=axis, keepdims=True))


def _rounding(x: Array, *, name: str, **parameters: float) -> tuple[int, float]:
    """A few units in the last place: vector and scalar exp differ by that. Nothing for exact ones."""
    if ACTIVATIONS[name].exact:
        return 0, 0.0
    result = np.abs(ACTIVATIONS[name](x, **parameters))
    return 4, finite_max(result) + float(np.finfo(result.dtype).tiny)


@operation("activate", _rounding)
def _activate(x: Array, *, name: str, **parameters: float) -> Array:
    return ACTIVATIONS[name](x, **parameters)
