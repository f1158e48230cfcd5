"""Two weights on their way down a loss, without and with something that keeps them small, from one start.

The loss is ½ (w − m)ᵀ H (w − m), as that of a linear model is. In every update, with the slope ∇L(w) and the rate η,

none        w ← w − η ∇L(w)
l2          w ← w − η (∇L(w) + λ w), weight decay: the slope of L(w) + λ/2 ‖w‖²
l1          w ← S(w − η ∇L(w), η λ), S(x, t) = sign(x) · max(|x| − t, 0): proximal descent on L(w) + λ Σ |w|
max-norm    w ← w − η ∇L(w), then w · c / ‖w‖ where ‖w‖ is above c
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from layeranim.engine import window
from layeranim.engine.arithmetic import few
from layeranim.engine.entry import enter, ranked
from layeranim.engine.option import ArrayOption, Choices, Config, Integer, Layer, Real, option
from layeranim.engine.recurrent.vanishing import clip, norm_of_cells
from layeranim.engine.replay import operation
from layeranim.engine.surfaces import level_of, loss_at, slope_at
from layeranim.engine.trace import Array, Region, Shape, Step, Steps, Tensor, Trace, tensors
from layeranim.engine.training import add_scaled
from layeranim.errors import OptionError, ShapeError
from layeranim.records import dataclass

PENALTIES = ("none", "l2", "l1", "max-norm")
QUADRATIC = (("surface", "quadratic"),)
AROUND = 1.3
"""How much more of the plane is looked at than 0, the start and the minimum take."""


@dataclass(frozen=True, kw_only=True)
class RegularisationConfig(Config):
    """Options of weights that are kept small, side by side."""

    penalties: tuple[str, ...] = option(Choices(PENALTIES, "penalty"), PENALTIES, "what keeps the weights small")
    updates: int = option(Integer(1, 4000), 30, "how many updates")
    learning_rate: float = option(Real(low=0), 0.2, "how far along the slope", aliases=("lr",))
    l2: float | None = option(Real(low=0), None, "λ, how strongly L2 pulls (default: 0.5)")
    l1: float | None = option(Real(low=0), None, "λ, how strongly L1 pulls (default: 0.5)")
    max_norm: float | None = option(Real(above=0), None, "c, how long the weights may be (default: 1)")
    grid: int = option(Integer(2, 200), 48, "points along each side of the map of the loss")


USUAL = {"l2": 0.5, "l1": 0.5, "max_norm": 1.0}
_NEEDED: dict[str, Shape] = {"start": (2,), "curvature": (2, 2), "minimum": (2,)}


def complete(
    config: RegularisationConfig, shapes: Mapping[str, Shape | None]
) -> tuple[RegularisationConfig, dict[str, Shape]]:
    """Every strength filled in: start (2), curvature (2, 2), minimum (2), as far as they are given.

    Raises ``ShapeError`` for arrays of another shape, ``OptionError`` for a strength that no penalty reads.
    """
    needed: dict[str, Shape] = {}
    for name, shape in _NEEDED.items():
        found = ranked(name, shapes.get(name), ("x", "y")[: len(shape)])
        if found is not None and found != shape:
            told, must = ("x".join(map(str, one)) for one in (found, shape))
            raise ShapeError(f"{name} has shape {told}, but must be {must}: there are 2 weights")
        if found is not None:
            needed[name] = found
    held = {}
    for name, usual in USUAL.items():
        given, read = getattr(config, name), name.replace("_", "-") in config.penalties
        if given is not None and not read:
            raise OptionError(f"{name} is {given:g}, but none of {','.join(config.penalties)} reads it; it goes with "
                              f"{name.replace('_', '-')}")  # fmt: skip
        held[name] = usual if given is None and read else given
    full = config.replace(**held)
    window.affordable("path", (len(config.penalties), config.updates + 1, 2))
    return full, needed


def makes(config: RegularisationConfig, shapes: Mapping[str, Shape]) -> dict[str, Shape]:
    """The weights of all states and what each update makes on the way; the map of the loss."""
    each = len(config.penalties)
    return {"updates": (24 * each, config.updates + 1, 2), "map": (8, config.grid, config.grid)}


def compute(config: RegularisationConfig, arrays: Mapping[str, Array]) -> Trace:
    """The trace of all penalties from one start. What is not given is an example in which L1 makes a zero."""
    full, ready = enter("regularisation", _ARRAYS, complete, config, arrays)
    kind = next((array.dtype for array in ready.values()), np.dtype(np.float64))
    held = {name: ready.get(name, np.array(usual, kind)) for name, usual in _EXAMPLE.items()}
    with np.errstate(all="ignore"):
        made = [_gone(full, penalty, held) for penalty in full.penalties]
        stacked = {name: np.stack([one[name] for one in made]) for name in made[0]}
        ground = _ground(full, held)
        landscape = loss_at(ground, held["curvature"], held["minimum"], surface="quadratic")
        level = level_of(landscape)
    out = [Tensor(name, _AXES[name], "input", array) for name, array in held.items()]
    out += [Tensor(name, _MADE[name], "output" if name == "path" else "intermediate", array)
            for name, array in stacked.items()]  # fmt: skip
    maps = {"ground": (ground, (*_MAP, "cells")), "landscape": (landscape, _MAP), "level": (level, _MAP)}
    out += [Tensor(name, axes, "intermediate", array) for name, (array, axes) in maps.items()]
    return assemble(full, tensors(*out))


def _gone(config: RegularisationConfig, penalty: str, held: Mapping[str, Array]) -> dict[str, Array]:
    """Everything that one penalty makes, update by update."""
    shape = held["curvature"], held["minimum"]
    found: dict[str, list[Array]] = {name: [] for name in ("slope", "direction", "moved", "length")}
    path = [held["start"]]
    for _ in range(config.updates):
        slope = slope_at(path[-1], *shape, surface="quadratic")
        direction = add_scaled(slope, path[-1], factor=config.l2 or 0.0) if penalty == "l2" else slope
        moved = add_scaled(path[-1], direction, factor=-config.learning_rate)
        length = norm_of_cells(moved)
        if penalty == "l1":
            path.append(soft_threshold(moved, by=config.learning_rate * (config.l1 or 0.0)))
        else:
            path.append(clip(moved, length, threshold=config.max_norm or 0.0) if penalty == "max-norm" else moved)
        for name, array in (("slope", slope), ("direction", direction), ("moved", moved), ("length", length)):
            found[name].append(array)
    way = np.stack(path)
    stacked = {name: np.stack(entries) for name, entries in found.items()}
    loss = loss_at(way, *shape, surface="quadratic")
    return {**stacked, "path": way, "loss": loss, "size": np.stack([norm_of_cells(one) for one in path])}


def _ground(config: RegularisationConfig, held: Mapping[str, Array]) -> Array:
    """The points of the map, from the upper left: a square around 0, the start and the minimum."""
    kind = held["start"].dtype
    points = np.stack([np.zeros(2, kind), *(np.where(np.isfinite(held[name]), held[name], 0)
                                            for name in ("start", "minimum"))])  # fmt: skip
    low, high = points.min(axis=0), points.max(axis=0)
    half = kind.type(AROUND / 2) * ((high - low).max() or kind.type(1))
    half = half if np.isfinite(half) else kind.type(1)
    middle = low + (high - low) / 2
    across, along = (middle[i] + half * np.linspace(-1, 1, config.grid, dtype=kind) for i in (0, 1))
    return np.stack(np.broadcast_arrays(across[None], along[::-1, None]), axis=-1).astype(kind, copy=False)


def assemble(config: RegularisationConfig, saved: Mapping[str, Tensor]) -> Trace:
    """The trace from its stored tensors: steps and facts are made here."""
    shape = (Region("curvature"), Region("minimum"))
    each = len(config.penalties)

    def seen(p: int, s: int) -> list[Step]:
        here = Region.of("path", penalties=p, states=s)
        return [
            Step("surface_loss", (here, *shape), Region.of("loss", penalties=p, states=s), QUADRATIC),
            Step("norm_of_cells", (here,), Region.of("size", penalties=p, states=s)),
        ]

    @lru_cache(maxsize=256)
    def update(p: int, t: int) -> list[Step]:
        now, then = (Region.of("path", penalties=p, states=t + k) for k in (0, 1))
        slope, direction, moved, length = (
            Region.of(name, penalties=p, updates=t) for name in ("slope", "direction", "moved", "length")
        )
        penalty = config.penalties[p]
        ends = {
            "l1": Step("soft_threshold", (moved,), then, (("by", config.learning_rate * (config.l1 or 0.0)),)),
            "max-norm": Step("clip_length", (moved, length), then, (("threshold", config.max_norm or 0.0),)),
        }
        pulled = Step("add_scaled", (slope, now), direction, (("factor", config.l2 or 0.0),))
        return [
            Step("surface_slope", (now, *shape), slope, QUADRATIC),
            pulled if penalty == "l2" else Step("copy", (slope,), direction),
            Step("add_scaled", (now, direction), moved, (("factor", -config.learning_rate),)),
            Step("norm_of_cells", (moved,), length),
            ends.get(penalty, Step("copy", (moved,), then)),
            *seen(p, t + 1),
        ]

    first = [Step("surface_loss", (Region("ground"), *shape), Region("landscape"), QUADRATIC),
             Step("level_of_loss", (Region("landscape"),), Region("level"))]  # fmt: skip
    for p in range(each):
        first += [Step("copy", (Region("start"),), Region.of("path", penalties=p, states=0)), *seen(p, 0)]
    acts = len(update(0, 0))

    def make(i: int) -> Step:
        t, rest = divmod(i, acts * each)
        return update(rest // acts, t)[rest % acts]

    def find(tensor: str, here: Mapping[str, int]) -> int | None:
        """The step of the update that the indices name: each update has the same steps."""
        t, p = here["updates"] if "updates" in here else here.get("states", 1) - 1, here.get("penalties", 0)
        if not (0 <= t < config.updates and 0 <= p < each):
            return None
        k = next((k for k, step in enumerate(update(p, t)) if step.writes.tensor == tensor), None)
        return None if k is None else (t * each + p) * acts + k

    facts: dict[str, int | float | str] = {"updates": config.updates}
    for p, penalty in enumerate(config.penalties):
        facts |= {f"loss_{penalty}": float(saved["loss"].array[p, -1]),
                  f"size_{penalty}": float(saved["size"].array[p, -1]),
                  f"zeros_{penalty}": int((saved["path"].array[p, -1] == 0).sum())}  # fmt: skip
    steps = Steps.chain(first, Steps(config.updates * acts * each, make, find))
    return Trace("regularisation", config, tensors(*saved.values()), steps, facts)


@operation("soft_threshold", lambda x, *, by: few(np.abs(x) + by))
def soft_threshold(x: Array, *, by: float) -> Array:
    """sign(x) · max(|x| − by, 0): every number comes nearer to 0 by the same, and stops there."""
    left = np.maximum(np.abs(x) - x.dtype.type(by), x.dtype.type(0))
    return np.asarray(np.where(left > 0, np.copysign(left, x), left))


_MAP = ("map_height", "map_width")
_AXES = {"start": ("cells",), "curvature": ("cells", "other_cells"), "minimum": ("cells",)}
_MADE = {
    "slope": ("penalties", "updates", "cells"), "direction": ("penalties", "updates", "cells"),
    "moved": ("penalties", "updates", "cells"), "length": ("penalties", "updates"),
    "path": ("penalties", "states", "cells"), "loss": ("penalties", "states"), "size": ("penalties", "states"),
}  # fmt: skip
_EXAMPLE = {"start": [0, 0.6], "curvature": [[1, 0.3], [0.3, 1]], "minimum": [1.6, 0.2]}
_ARRAYS = (
    ArrayOption("start", ("cells",), "input", "the two weights before the first update", optional=True),
    ArrayOption("curvature", ("cells", "other_cells"), "input", "how the loss bends", optional=True),
    ArrayOption("minimum", ("cells",), "input", "the weights at which the loss is lowest", optional=True),
)

REGULARISATION = Layer(
    name="regularisation",
    title="Regularisation",
    config=RegularisationConfig,
    arrays=_ARRAYS,
    complete=complete,
    compute=compute,
    assemble=assemble,
    makes=makes,
    formula="L2: L(w) + λ/2 ‖w‖²,  L1: L(w) + λ Σ |w|,  max-norm: L(w) with ‖w‖ ≤ c",
    source="Goodfellow, Bengio, Courville: Deep Learning (2016), sections 7.1 and 7.2; Daubechies, Defrise, De Mol: An "
    "iterative thresholding algorithm (2004); max-norm: Srivastava and others: Dropout (2014), section 5.1",
)
