"""What a hidden layer of two units does to the plane: where its samples lie before and after it, and where one straight
line between the units' numbers falls on the inputs.

``hidden = φ(W x + b)``, ``score = v · hidden + c``; a sample is taken for class 1 where its score is above 0. Of the
features the border is a straight line, of the inputs it is what φ makes of that: with ``square`` a conic.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from layeranim.engine import door, window
from layeranim.engine.activations import ACTIVATIONS, softmax
from layeranim.engine.arithmetic import Cell, at, matmul, per_cell
from layeranim.engine.entry import enter, ranked, whole
from layeranim.engine.lazy import product
from layeranim.engine.option import ArrayOption, Choice, Config, Integer, Layer, option
from layeranim.engine.replay import finite_max, operation
from layeranim.engine.trace import Array, Region, Shape, Step, Steps, Tensor, Trace, tensors
from layeranim.errors import ShapeError
from layeranim.records import dataclass

SQUARE = "square"
AROUND = 0.25
"""How much of the plane is seen around the samples, as a part of what they take."""
_INPUT, _HIDDEN = ("samples", "features"), ("samples", "units")
_PLANE, _SPACE = ("grid_height", "grid_width"), ("feature_height", "feature_width")


@dataclass(frozen=True, kw_only=True)
class FeatureSpaceConfig(Config):
    """Options of a plane before and after a hidden layer of two units."""

    activation: str = option(Choice((*ACTIVATIONS, SQUARE)), "relu", "function of the two hidden units")
    grid: int = option(Integer(2, 200), 40, "points along each side of both maps")


_NEEDED: dict[str, Shape] = {"weight": (2, 2), "bias": (2,), "out_weight": (2,), "out_bias": (1,)}


def complete(
    config: FeatureSpaceConfig, shapes: Mapping[str, Shape | None]
) -> tuple[FeatureSpaceConfig, dict[str, Shape]]:
    """The shapes of all arrays: input (samples, 2), target (samples); weight (2, 2), bias (2) of the hidden units,
    out_weight (2), out_bias (1) of the score. Raises ``ShapeError`` for arrays of another shape.
    """
    x = ranked("input", shapes.get("input"), _INPUT, 1) or (4, 2)
    if x[1] != 2:
        raise ShapeError(f"input has {x[1]} features, but a plane has 2")
    needed: dict[str, Shape] = {"input": x}
    for name, shape in _NEEDED.items():
        found = shapes.get(name)
        needed[name] = shape if found is None else door.fitting(name, found, shape, ", ".join(_AXES[name]))
    if shapes.get("target") is not None:
        needed["target"] = door.fitting("target", shapes["target"] or (), x[:1], "samples")
    window.affordable("input", x)
    return config, needed


def makes(config: FeatureSpaceConfig, shapes: Mapping[str, Shape]) -> dict[str, Shape]:
    """What the units make of the samples, and the two maps."""
    samples, side = shapes["input"][0], config.grid
    return {"samples": (5, samples, 2), "maps": (2, side, side, 8)}


def compute(config: FeatureSpaceConfig, arrays: Mapping[str, Array]) -> Trace:
    """The trace: ``hidden`` (samples, 2), ``score`` (samples) and the maps of both planes.

    Without a target the class of a sample is what its score says.
    """
    full, ready = enter("feature-space", _ARRAYS, complete, config, arrays, ("target",))
    x, weight, bias, v, c = (ready[name] for name in ("input", *_NEEDED))
    with np.errstate(all="ignore"):
        weighted = matmul(x, weight.T)
        before = weighted + bias
        hidden = bent(before, full.activation)
        total = (hidden * v).sum(axis=1)
        score = total + c
        ids = whole("target", ready["target"], 2) if "target" in ready else (score > 0).astype(np.int64)
        maps = _maps(full, x, hidden, (weight, bias), (v, c))
    given = [Tensor("target", ("samples",), "input", ready["target"])] if "target" in ready else []
    held = [
        Tensor("input", _INPUT, "input", x), *given,
        *(Tensor(name, _AXES[name], "weight", ready[name]) for name in _NEEDED),
        Tensor("class_ids", ("samples",), "intermediate", ids),
        Tensor("weighted_sum", _HIDDEN, "intermediate", weighted),
        Tensor("pre_activation", _HIDDEN, "intermediate", before),
        Tensor("hidden", _HIDDEN, "output", hidden),
        Tensor("out_sum", ("samples",), "intermediate", total),
        Tensor("score", ("samples",), "output", score),
    ]  # fmt: skip
    held += [Tensor(name, axes, "intermediate", array) for name, (array, axes) in maps.items()]
    return assemble(full, tensors(*held))


def bent(x: Array, name: str) -> Array:
    """φ(x), cell by cell."""
    return np.asarray(x * x) if name == SQUARE else ACTIVATIONS[name](x)


def _maps(
    config: FeatureSpaceConfig, x: Array, hidden: Array, first: tuple[Array, ...], last: tuple[Array, ...]
) -> dict[str, tuple[Array, tuple[str, ...]]]:
    """Of both planes: points, scores there, how far these speak for either class."""
    plane, space = _around(x, config.grid), _around(hidden, config.grid)
    features = unit_map(plane, *first, activation=config.activation)
    scores = {"plane": score_map(features, *last), "space": score_map(space, *last)}
    out: dict[str, tuple[Array, tuple[str, ...]]] = {
        "plane": (plane, (*_PLANE, "features")), "plane_features": (features, (*_PLANE, "units")),
        "space": (space, (*_SPACE, "units")),
    }  # fmt: skip
    for name, axes in (("plane", _PLANE), ("space", _SPACE)):
        out[f"{name}_score"] = scores[name], axes
        out[f"{name}_share"] = share_map(scores[name]), (*axes, "classes")
    return out


def _around(points: Array, count: int) -> Array:
    """A map's points, from the upper left, around all of these; as far along both axes."""
    kind = points.dtype
    known = np.where(np.isfinite(points), points, kind.type(0))
    low, high = known.min(axis=0), known.max(axis=0)
    half = kind.type(0.5 + AROUND) * ((high - low).max() or kind.type(1))
    half = half if np.isfinite(half) else kind.type(1)
    middle = low + (high - low) / 2
    across, along = (middle[i] + half * np.linspace(-1, 1, count, dtype=kind) for i in (0, 1))
    return np.stack(np.broadcast_arrays(across[None], along[::-1, None]), axis=-1).astype(kind, copy=False)


def assemble(config: FeatureSpaceConfig, saved: Mapping[str, Tensor]) -> Trace:
    """The trace from its stored tensors: products, steps and facts are made here."""
    products = product("products", (*_HIDDEN, "features"), saved["input"], saved["weight"])
    out = product("out_products", _HIDDEN, saved["hidden"], saved["out_weight"])
    every = {name: tensor for name, tensor in saved.items() if name not in _MADE}
    every |= tensors(products, out, *(saved[name] for name in _MADE))
    score, ids = saved["score"].array, saved["class_ids"].array
    facts: dict[str, int | float | str] = {
        "parameters": 9, "right": int(((score > 0) == (ids == 1)).sum()), "samples": len(ids),
    }  # fmt: skip
    return Trace("feature-space", config, every, _steps(config, len(ids), "target" in saved), facts)


def _steps(config: FeatureSpaceConfig, samples: int, given: bool) -> Steps:
    def multiply(c: Cell) -> Step:
        return Step("multiply", (at("weight", c, "units"), at("input", c, "samples")), at("products", c, *_HIDDEN))

    def total(c: Cell) -> Step:
        return Step("sum", (at("products", c, *_HIDDEN),), at("weighted_sum", c, *_HIDDEN), (("axes", 1),))

    def add(c: Cell) -> Step:
        reads = (at("weighted_sum", c, *_HIDDEN), at("bias", c, "units"))
        return Step("add", reads, at("pre_activation", c, *_HIDDEN))

    def bend(c: Cell) -> Step:
        read, where = at("pre_activation", c, *_HIDDEN), at("hidden", c, *_HIDDEN)
        if config.activation == SQUARE:
            return Step("multiply", (read, read), where)
        return Step("activate", (read,), where, (("name", config.activation),))

    def weigh(c: Cell) -> Step:
        return Step("multiply", (Region("out_weight"), at("hidden", c, "samples")), at("out_products", c, "samples"))

    def gather(c: Cell) -> Step:
        return Step("sum", (at("out_products", c, "samples"),), at("out_sum", c, "samples"), (("axes", 1),))

    def shift(c: Cell) -> Step:
        return Step("add", (at("out_sum", c, "samples"), Region("out_bias")), at("score", c, "samples"))

    first, last = (Region("weight"), Region("bias")), (Region("out_weight"), Region("out_bias"))
    named = (("activation", config.activation),)
    maps = [
        Step("score_map", (Region("space"), *last), Region("space_score")),
        Step("share_map", (Region("space_score"),), Region("space_share")),
        Step("unit_map", (Region("plane"), *first), Region("plane_features"), named),
        Step("score_map", (Region("plane_features"), *last), Region("plane_score")),
        Step("share_map", (Region("plane_score"),), Region("plane_share")),
    ]
    hidden = per_cell(_HIDDEN, (samples, 2), multiply, total, add, bend)
    return Steps.chain(hidden, per_cell(("samples",), (samples,), weigh, gather, shift), maps)


def _sums(x: Array, weight: Array, bias: Array) -> float:
    return finite_max(np.abs(x).max(initial=0) * np.abs(weight).sum() + np.abs(bias))


def _unit_terms(points: Array, weight: Array, bias: Array, *, activation: str) -> tuple[int, float]:
    size = _sums(points, weight, bias)
    return 16, (size + 1) ** 2 if activation == SQUARE else size + 1


@operation("unit_map", _unit_terms)
def unit_map(points: Array, weight: Array, bias: Array, *, activation: str) -> Array:
    """φ(W x + b) at points (…, features)."""
    return bent((points[..., None, :] * weight).sum(axis=-1) + bias, activation)


@operation("score_map", lambda features, v, c: (8, _sums(features, v, c)))
def score_map(features: Array, v: Array, c: Array) -> Array:
    """v · h + c at points (…, units)."""
    return np.asarray((features * v).sum(axis=-1) + c)


@operation("share_map", lambda scores: (32, 1.0))
def share_map(scores: Array) -> Array:
    """Parts of 1 for class 0 and class 1, σ(−s) and σ(s)."""
    return softmax(np.stack([np.zeros_like(scores), scores], axis=-1))


_MADE = ("weighted_sum", "pre_activation", "hidden", "out_sum", "score", "plane", "plane_features", "space",
         "plane_score", "plane_share", "space_score", "space_share")  # fmt: skip
_AXES = {
    "weight": ("units", "features"), "bias": ("units",), "out_weight": ("units",), "out_bias": ("outputs",),
}  # fmt: skip
_ARRAYS = (
    ArrayOption("input", _INPUT, "input", "two numbers a sample"),
    ArrayOption("target", ("samples",), "input", "the class of every sample, 0 or 1", optional=True),
    ArrayOption("weight", _AXES["weight"], "weight", "one row of weights a hidden unit"),
    ArrayOption("bias", ("units",), "weight", "one number a hidden unit"),
    ArrayOption("out_weight", ("units",), "weight", "what the score makes of each unit"),
    ArrayOption("out_bias", ("outputs",), "weight", "the number that the score begins with"),
)

FEATURE_SPACE = Layer(
    name="feature-space",
    title="Feature space",
    config=FeatureSpaceConfig,
    arrays=_ARRAYS,
    complete=complete,
    compute=compute,
    assemble=assemble,
    makes=makes,
    formula="h = φ(W x + b),  s = v · h + c",
    source="Goodfellow, Bengio, Courville: Deep Learning (2016), section 6.1",
)
