"""Positions: rows of sine and cosine, and the rotation of pairs of features.

Sinusoidal   encoding[p, 2i] = sin(p / base^(2i/d)), encoding[p, 2i+1] = cos(p / base^(2i/d))
             Vaswani et al., Attention Is All You Need (2017), section 3.5
Rotary       (x₂ᵢ, x₂ᵢ₊₁) turned by the angle p / base^(2i/d); ``halves`` pairs xᵢ with xᵢ₊d/₂ instead
             Su et al., RoFormer (2021), arXiv:2104.09864, equation 15
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from layeranim.engine import lazy
from layeranim.engine.door import Given, known
from layeranim.engine.option import Config, Integer, Layer, Real, option
from layeranim.engine.plan import EachUnit, Plan, in_turn, whole
from layeranim.engine.replay import operation
from layeranim.engine.trace import Array, Shape, Tensor, Trace
from layeranim.engine.window import affordable
from layeranim.errors import OptionError


def frequencies(features: int, base: float) -> Array:
    """1 / base^(2i/d), radians a position, for each pair of features."""
    return np.asarray(base ** (-2.0 * np.arange((features + 1) // 2) / features))


def angles(positions: int, features: int, base: float) -> Array:
    """position · frequency, radians: (positions, pairs)."""
    return np.arange(positions)[:, None] * frequencies(features, base)


@operation("sines", lambda angle, *, features: (4, 1.0))
def sines(angle: Array, *, features: int) -> Array:
    """Sine and cosine of each angle in turn; an odd number of features ends with a sine.

    >>> sines(np.array([0.0, np.pi / 2]), features=3)
    array([0., 1., 1.])
    """
    out = np.empty((*angle.shape[:-1], features), angle.dtype)
    out[..., 0::2] = np.sin(angle)
    out[..., 1::2] = np.cos(angle[..., : features // 2])
    return out


def sinusoidal(positions: int, features: int, base: float = 10000.0) -> Array:
    """The rows of sine and cosine: (positions, features)."""
    return sines(angles(positions, features, base), features=features)


def _turned(x: Array, angle: Array, *, pairs: str) -> tuple[int, float]:
    return 8, float(np.max(np.abs(x), initial=0.0, where=np.isfinite(x)))


@operation("rotate", _turned)
def rotate(x: Array, angle: Array, *, pairs: str) -> Array:
    """Each pair of features turned by its angle: (a cos − b sin, a sin + b cos).

    >>> rotate(np.array([1.0, 0.0]), np.array([np.pi / 2]), pairs="adjacent").round(9)
    array([0., 1.])
    """
    half = x.shape[-1] // 2
    first, second = (x[..., 0::2], x[..., 1::2]) if pairs == "adjacent" else (x[..., :half], x[..., half:])
    sine, cosine = np.sin(angle).astype(x.dtype), np.cos(angle).astype(x.dtype)
    turned = first * cosine - second * sine, first * sine + second * cosine
    if pairs == "halves":
        return np.concatenate(turned, axis=-1)
    return np.stack(turned, axis=-1).reshape(x.shape)


@dataclass(frozen=True, kw_only=True)
class PositionalConfig(Config):
    """Options of the sinusoidal encoding."""

    positions: int = option(Integer(1), 8, "how many positions")
    features: int = option(Integer(1), 6, "features of a position", aliases=("embed", "embed_dim"))
    base: float = option(Real(above=1), 10000.0, "the longest wavelength over 2π")


def _complete(config: PositionalConfig, shapes: Given) -> tuple[PositionalConfig, dict[str, Shape]]:
    """Nothing to fill in: no array comes in, ``output`` (positions, features) goes out.

    Raises ``OptionError`` for an array, ``ShapeError`` for more numbers than the budget of memory allows.
    """
    if any(shape is not None for shape in shapes.values()):
        known(shapes, [], "positional encoding")
    affordable("output", (config.positions, config.features))
    return config, {}


def _compute(config: PositionalConfig, arrays: Mapping[str, Any]) -> Trace:
    if arrays:
        raise OptionError(f"positional encoding takes no array, but {next(iter(arrays))} was given")
    _complete(config, {})
    frequency = frequencies(config.features, config.base)
    angle = angles(config.positions, config.features, config.base)
    made = (("position", ("positions",), np.arange(config.positions, dtype=np.float64)),
            ("frequency", ("pairs",), frequency), ("angle", ("positions", "pairs"), angle),
            ("output", ("positions", "features"), sines(angle, features=config.features)))  # fmt: skip
    roles = {"output": "output", "position": "input"}
    held = {name: Tensor(name, axes, roles.get(name, "intermediate"), array) for name, axes, array in made}  # type: ignore[arg-type]
    return _assemble(config, held)


def _assemble(config: PositionalConfig, tensors: Mapping[str, Tensor]) -> Trace:
    """The trace from position, frequency, angle and output; then every row is compared with every ``other`` one: the
    similarity of two positions is their dot product."""
    rows = np.asarray(tensors["output"].source)
    one = lazy.view("one", ("positions", "features"), rows)
    other = lazy.view("other", ("other_positions", "features"), rows)
    each = lazy.product("similarity_products", ("positions", "other_positions", "features"), one, other)
    out = {**tensors, other.name: other, each.name: each, "similarity": lazy.summed("similarity", each)}
    turn = Plan("multiply", whole("position", "frequency"), "angle")
    write = Plan("sines", whole("angle"), "output", (("features", config.features),))
    compare = Plan("multiply", whole("output", "other"), each.name), Plan("sum_terms", whole(each.name), "similarity")
    at = ("positions", range(config.positions))
    steps = in_turn([EachUnit((at,), (turn, write)), EachUnit((at,), compare)], out)
    facts = {"positions": config.positions, "features": config.features}
    return Trace("positional-encoding", config, out, steps, facts)


def _makes(config: PositionalConfig, shapes: Mapping[str, Shape]) -> dict[str, Shape]:
    """Every angle, and its sine or cosine."""
    whole = (config.positions, config.features)
    return {"angle": whole, "output": whole}


POSITIONAL = Layer(
    name="positional-encoding", title="Positional encoding", config=PositionalConfig, arrays=(),
    complete=_complete, compute=_compute, assemble=_assemble, makes=_makes,
    formula="PE(p, 2i) = sin(p / 10000^(2i/d)), PE(p, 2i+1) = cos(p / 10000^(2i/d))",
    source="A. Vaswani et al., Attention Is All You Need (2017), section 3.5",
)  # fmt: skip
