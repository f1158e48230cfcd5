"""Positions: rows of sine and cosine, the rotation of pairs of features, a learned table.

Sinusoidal   encoding[p, 2i] = sin(p / base^(2i/d)), encoding[p, 2i+1] = cos(p / base^(2i/d))
             Vaswani et al., Attention Is All You Need (2017), section 3.5
Rotary       (x₂ᵢ, x₂ᵢ₊₁) turned by the angle p / base^(2i/d); ``halves`` pairs xᵢ with xᵢ₊d/₂ instead
             Su et al., RoFormer (2021), arXiv:2104.09864, equation 15
Learned      encoding[p] = table[p], a row for every position that there is
             Gehring et al., Convolutional Sequence to Sequence Learning (2017), section 3.1
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from layeranim.engine import arithmetic, lazy  # noqa: F401  (registers what the steps name)
from layeranim.engine.door import Given, agreed, known, ranked
from layeranim.engine.entry import enter
from layeranim.engine.option import ArrayOption, Choice, Config, Integer, Layer, Real, option
from layeranim.engine.plan import EachUnit, Plan, in_turn, whole
from layeranim.engine.replay import operation
from layeranim.engine.trace import Array, Role, Shape, Tensor, Trace
from layeranim.engine.window import affordable
from layeranim.errors import OptionError, ShapeError
from layeranim.records import dataclass


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


KINDS = ("sinusoidal", "rotary", "learned")
ARRAYS = (
    ArrayOption("input", ("positions", "features"), "input", "the vectors that are turned (rotary)", optional=True),
    ArrayOption("table", ("positions", "features"), "weight", "a row for every position (learned)", optional=True),
)
TAKES = {"rotary": "input", "learned": "table"}
"""The array of a kind; sines need none."""


@dataclass(frozen=True, kw_only=True)
class PositionalConfig(Config):
    """Options of an encoding of positions."""

    kind: str = option(Choice(KINDS), "sinusoidal", "rows of sines, vectors that are turned, or a learned table")
    positions: int | None = option(Integer(1), None, "how many positions (default: as the array, else 8)")
    features: int | None = option(Integer(1), None, "features of a position (default: as the array, else 6)",
                                  aliases=("embed", "embed_dim"))  # fmt: skip
    base: float = option(Real(above=1), 10000.0, "the longest wavelength over 2π")
    pairs: str = option(Choice(("adjacent", "halves")), "adjacent", "which features are one pair (rotary)")


def _complete(config: PositionalConfig, shapes: Given) -> tuple[PositionalConfig, dict[str, Shape]]:
    """Every size filled in: input (rotary) or table (learned) of (positions, features) give output of that shape.

    Raises ``OptionError`` for an array or option that the kind does not read, ``ShapeError`` for an array that does
    not fit, an odd number of features that are to be turned in pairs, and more numbers than may be taken.
    """
    name = TAKES.get(config.kind)
    given = known(shapes, [name] if name else [], f"{config.kind} positional encoding")
    shape = ranked(name, given[name], 2) if name in given else (None, None)
    positions = agreed("positions", [(config.positions, "option positions"), (shape[0], f"{name}'s rows")], default=8)
    features = agreed("features", [(config.features, "option features"), (shape[1], f"{name}'s columns")], default=6)
    for key, kinds in (("base", ("sinusoidal", "rotary")), ("pairs", ("rotary",))):
        if config.kind not in kinds and getattr(config, key) != getattr(PositionalConfig(), key):
            raise OptionError(f"{key} is {getattr(config, key)}, but a {config.kind} encoding does not read it; "
                              f"it goes with {' and '.join(kinds)}")  # fmt: skip
    if config.kind == "rotary" and features % 2:
        raise ShapeError(f"{features} features cannot be turned in pairs; give an even number of them")
    affordable("output", (positions, features))
    return config.replace(positions=positions, features=features), {name: (positions, features)} if name else {}


def _compute(config: PositionalConfig, arrays: Mapping[str, Any]) -> Trace:
    full, given = enter("positional-encoding", ARRAYS, _complete, config, arrays)
    made: dict[str, tuple[tuple[str, ...], Array]] = {name: (("positions", "features"), a) for name, a in given.items()}
    if full.kind == "learned":
        output = given["table"].copy()
    else:
        features = full.features or 1
        kind = next((array.dtype for array in given.values()), np.dtype(np.float64))
        position, frequency = np.arange(full.positions or 1, dtype=kind), frequencies(features, full.base).astype(kind)
        angle = position[:, None] * frequency
        made |= {"position": (("positions",), position), "frequency": (("pairs",), frequency),
                 "angle": (("positions", "pairs"), angle)}  # fmt: skip
        turned = full.kind == "rotary"
        with np.errstate(all="ignore"):
            output = rotate(given["input"], angle, pairs=full.pairs) if turned else sines(angle, features=features)
    made["output"] = ("positions", "features"), output
    roles: dict[str, Role] = {"output": "output", "position": "input", "input": "input", "table": "weight"}
    held = {name: Tensor(name, axes, roles.get(name, "intermediate"), array) for name, (axes, array) in made.items()}
    return _assemble(full, held)


def _assemble(config: PositionalConfig, tensors: Mapping[str, Tensor]) -> Trace:
    """The trace from what was computed; then every row is compared with every ``other`` one: the similarity of two
    positions is their dot product."""
    rows = np.asarray(tensors["output"].source)
    one = lazy.view("one", ("positions", "features"), rows)
    other = lazy.view("other", ("other_positions", "features"), rows)
    each = lazy.product("similarity_products", ("positions", "other_positions", "features"), one, other)
    out = {**tensors, other.name: other, each.name: each, "similarity": lazy.summed("similarity", each)}
    turn = Plan("multiply", whole("position", "frequency"), "angle")
    write = {
        "sinusoidal": (turn, Plan("sines", whole("angle"), "output", (("features", config.features),))),
        "rotary": (turn, Plan("rotate", whole("input", "angle"), "output", (("pairs", config.pairs),))),
        "learned": (Plan("copy", whole("table"), "output"),),
    }[config.kind]
    compare = Plan("multiply", whole("output", "other"), each.name), Plan("sum_terms", whole(each.name), "similarity")
    at = ("positions", range(config.positions or 1))
    steps = in_turn([EachUnit((at,), write), EachUnit((at,), compare)], out)
    facts: dict[str, int | float | str] = {"positions": config.positions or 1, "features": config.features or 1}
    return Trace("positional-encoding", config, out, steps, facts)


def _makes(config: PositionalConfig, shapes: Mapping[str, Shape]) -> dict[str, Shape]:
    """Every angle, and its sine or cosine."""
    whole = (config.positions or 1, config.features or 1)
    return {"angle": whole, "output": whole}


POSITIONAL = Layer(
    name="positional-encoding", title="Positional encoding", config=PositionalConfig, arrays=ARRAYS,
    complete=_complete, compute=_compute, assemble=_assemble, makes=_makes,
    formula="PE(p, 2i) = sin(p / 10000^(2i/d)), PE(p, 2i+1) = cos(p / 10000^(2i/d)); rotary: pairs of x turned by "
    "p / 10000^(2i/d); learned: PE(p) = table[p]",
    source="A. Vaswani et al., Attention Is All You Need (2017), section 3.5; Su et al., RoFormer (2021), equation 15",
)  # fmt: skip
