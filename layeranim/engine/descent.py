"""Optimisers on a loss surface of two numbers: every method from the same start, update by update.

At each update a method reads the slope where it stands and makes its move (``training.moves``, as PyTorch's optimisers
do). ``momentum`` and ``nesterov`` are SGD with a velocity. Everything a method keeps is in the trace under its name:
``adam.first_moment``; ``path`` and ``loss`` hold all methods side by side.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from functools import lru_cache
from typing import Any

import numpy as np

from layeranim.engine import window
from layeranim.engine.entry import enter, ranked
from layeranim.engine.kinds import Kind, given
from layeranim.engine.option import ArrayOption, Choice, Choices, Config, Integer, Layer, Real, option
from layeranim.engine.surfaces import SURFACES, level_of, loss_at, slope_at
from layeranim.engine.trace import Array, Region, Shape, Step, Steps, Tensor, Trace, tensors
from layeranim.engine.training import HISTORIES, Move, OptimiserConfig, clipping, filled, first_entry, moves, perform
from layeranim.errors import OptionError, ShapeError
from layeranim.records import dataclass

METHODS = ("sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw")
ADAPTIVE = ("adagrad", "rmsprop", "adam", "adamw")
"""Methods whose steps are as long as the rate, whatever the size of the slope."""
USUAL = ("sgd", "momentum", "adam")
MOMENTUM = 0.9
READS = {
    "momentum": ("momentum", "nesterov"), "dampening": ("momentum",), "smoothing": ("rmsprop",),
    "centred": ("rmsprop",), "beta1": ("adam", "adamw"), "beta2": ("adam", "adamw"), "eps": ADAPTIVE,
    "learning_rate_decay": ("adagrad",), "initial_accumulator": ("adagrad",),
}  # fmt: skip
"""Which methods read an option; all read those that are missing here."""


@dataclass(frozen=True)
class Rates(Kind):
    """One number ≥ 0 for all methods, or one for each: ``0.1`` or ``0.1,0.1,0.5``."""

    metavar: str = "X,X,…"

    def check(self, name: str, value: Any) -> tuple[float, ...] | None:
        if value is None:
            return None
        parts = value.replace(",", " ").split() if isinstance(value, str) else value
        parts = parts if isinstance(parts, (list, tuple)) else [parts]
        if not 1 <= len(parts) <= len(METHODS):
            raise OptionError(f"{name} is {given(value)}, but must be one number, or one for each method")
        return tuple(float(Real(low=0).check(name, part) or 0.0) for part in parts)

    def show(self, value: Any) -> str:
        return "" if value is None else ",".join(Real().show(one) for one in value)

    @property
    def rule(self) -> str:
        return "numbers ≥ 0, one for all methods or one for each"


def _same(name: str) -> Any:
    """An option as the optimiser has it."""
    held = next(item for item in fields(OptimiserConfig) if item.name == name).metadata
    told = held["help"].replace("(sgd, rmsprop; default: 0)", "(momentum, nesterov; default: 0.9)")
    return option(held["kind"], False if name == "centred" else None, told.replace("(sgd;", "(momentum;"),
                  aliases=held["aliases"])  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class DescentConfig(Config):
    """Options of a descent: the surface, the methods, how long; and the optimisers' own, for all that read them."""

    surface: str = option(Choice(tuple(SURFACES)), "quadratic", "what the loss is over the plane")
    methods: tuple[str, ...] = option(Choices(METHODS, "method"), USUAL, "the optimisers that go down side by side")
    updates: int = option(Integer(1, 10_000), 12, "how many updates each method makes")
    learning_rate: tuple[float, ...] | None = option(
        Rates(), None, "how far to go, for all methods or one for each (default: fits the surface)", aliases=("lr",)
    )
    momentum: float | None = _same("momentum")
    dampening: float | None = _same("dampening")
    weight_decay: float | None = _same("weight_decay")
    smoothing: float | None = _same("smoothing")
    centred: bool = _same("centred")
    beta1: float | None = _same("beta1")
    beta2: float | None = _same("beta2")
    eps: float | None = _same("eps")
    learning_rate_decay: float | None = _same("learning_rate_decay")
    initial_accumulator: float | None = _same("initial_accumulator")
    clip_norm: float | None = _same("clip_norm")
    clip_value: float | None = _same("clip_value")
    grid: int = option(Integer(2, 200), 48, "points along each side of the map of the loss")


def complete(config: DescentConfig, shapes: Mapping[str, Shape | None]) -> tuple[DescentConfig, dict[str, Shape]]:
    """Every rate filled in: start (2); of a quadratic surface curvature (2, 2) and minimum (2).

    Raises ``ShapeError`` for arrays of another shape, ``OptionError`` for options that no method reads.
    """
    needed: dict[str, Shape] = {}
    wanted: dict[str, Shape] = {"start": (2,)}
    if config.surface == "quadratic":
        wanted |= {"curvature": (2, 2), "minimum": (2,)}
    for name, shape in wanted.items():
        found = ranked(name, shapes.get(name), ("x", "y")[: len(shape)])
        if found is not None and found != shape:
            told = "x".join(map(str, found))
            raise ShapeError(
                f"{name} has shape {told}, but must be {'x'.join(map(str, shape))}: the surface has 2 axes"
            )
        if found is not None:
            needed[name] = found
    for name, methods in READS.items():
        if getattr(config, name) not in (None, False) and not set(methods) & set(config.methods):
            goes = ", ".join(methods)
            raise OptionError(f"{name} is {config.shown()[name]}, but none of {','.join(config.methods)} reads it; "
                              f"it goes with {goes}")  # fmt: skip
    plain, carried, adaptive = SURFACES[config.surface].rates
    usual = {"sgd": plain} | dict.fromkeys(ADAPTIVE, adaptive)
    rates = config.learning_rate or tuple(usual.get(method, carried) for method in config.methods)
    rates = rates * len(config.methods) if len(rates) == 1 else rates
    if len(rates) != len(config.methods):
        raise OptionError(f"learning_rate has {len(rates)} numbers, but there are {len(config.methods)} methods; "
                          "give one for all, or one for each")  # fmt: skip
    full = config.replace(learning_rate=rates)
    for method in config.methods:
        own(full, method)
    window.affordable("path", (len(config.methods), config.updates + 1, 2))
    return full, needed


@lru_cache(maxsize=64)
def own(config: DescentConfig, method: str) -> OptimiserConfig:
    """What one method has of the options, as an optimiser's of its own."""
    taken = {
        item.name: getattr(config, item.name)
        for item in fields(config)
        if item.name not in ("surface", "methods", "updates", "grid", "learning_rate")
        and method in READS.get(item.name, METHODS)
    }
    rate = (config.learning_rate or (0.0,))[config.methods.index(method)]
    if method in ("momentum", "nesterov"):
        taken["momentum"] = MOMENTUM if taken["momentum"] is None else taken["momentum"]
    kind = "sgd" if method in ("momentum", "nesterov") else method
    return filled(OptimiserConfig(method=kind, learning_rate=rate, **taken,
                                  nesterov=method == "nesterov" and bool(taken["momentum"])))  # fmt: skip


def makes(config: DescentConfig, shapes: Mapping[str, Shape]) -> dict[str, Shape]:
    """What each method writes in an update; the map of the loss."""
    each = sum(len({act.writes[0] for act in _acts(config, m, 0)}) + 1 for m in config.methods)
    small = 20 * each  # arrays of two numbers, each with what NumPy keeps of it
    return {"of every update": (small, config.updates + 1, 2), "map": (6, config.grid, config.grid)}


@lru_cache(maxsize=4096)
def _acts(config: DescentConfig, method: str, t: int) -> tuple[Move, ...]:
    """The acts of one update of one method, from its gradient, in its own names."""
    mine = own(config, method)
    cut, names = clipping(mine, ["gradients"])

    def of(place: tuple[str, int]) -> tuple[str, int]:
        return f"{method}.{place[0]}", place[1]

    return tuple(
        replace(act, reads=tuple(map(of, act.reads)), writes=of(act.writes))
        for act in (*cut, *moves(mine, t, names[0]))
    )


def _histories(config: DescentConfig) -> set[str]:
    return {f"{method}.{name}" for method in config.methods for name in HISTORIES}


def compute(config: DescentConfig, arrays: Mapping[str, Array]) -> Trace:
    """The trace of all methods from one start. What is not given is as usual on the surface."""
    full, ready = enter("descent", _ARRAYS, complete, config, arrays)
    surface, kind = SURFACES[full.surface], next((a.dtype for a in ready.values()), np.dtype(np.float64))
    held = {"start": ready.get("start", np.array(surface.start, kind))}
    if full.surface == "quadratic":
        held["curvature"] = ready.get("curvature", np.array([[1, 0], [0, 10]], kind))
        held["minimum"] = ready.get("minimum", np.array(surface.minima[0], kind))
    shape = [held[name] for name in ("curvature", "minimum") if name in held]
    out = [Tensor(name, _AXES[name], "input", array) for name, array in held.items()]
    histories, paths = _histories(full), []
    with np.errstate(all="ignore"):
        for method in full.methods:
            values = _gone(full, method, held["start"], shape, histories)
            paths.append(np.stack(values[f"{method}.parameters"]))
            for name, entries in values.items():
                if len(entries) > (name in histories):
                    lead = "states" if name in histories else "updates"
                    out.append(Tensor(name, (lead, "cells")[: 1 + entries[0].ndim], "intermediate", np.stack(entries)))
        path = np.stack(paths)
        ground = _ground(full, held)
        landscape = loss_at(ground, *shape, surface=full.surface)
        out.append(Tensor("path", ("methods", "states", "cells"), "output", path))
        out.append(Tensor("loss", ("methods", "states"), "intermediate", loss_at(path, *shape, surface=full.surface)))
    out.append(Tensor("ground", (*_MAP, "cells"), "intermediate", ground))
    out.append(Tensor("landscape", _MAP, "intermediate", landscape))
    out.append(Tensor("level", _MAP, "intermediate", level_of(landscape)))
    return assemble(full, tensors(*out))


def _gone(
    config: DescentConfig, method: str, start: Array, shape: list[Array], histories: set[str]
) -> dict[str, list[Array]]:
    """Everything that one method has, in every update."""
    mine = own(config, method)
    values = {f"{method}.{name}": [first_entry(mine, name, start)] for name in HISTORIES[1:]}
    values |= {f"{method}.parameters": [start], f"{method}.gradients": []}
    for t in range(config.updates):
        here = values[f"{method}.parameters"][t]
        values[f"{method}.gradients"].append(slope_at(here, *shape, surface=config.surface))
        perform(_acts(config, method, t), values, t, histories)
    return values


def _ground(config: DescentConfig, held: Mapping[str, Array]) -> Array:
    """The points of the map, from the upper left: what is usually looked at, around the start and the minimum."""
    surface, start, kind = SURFACES[config.surface], held["start"], held["start"].dtype
    x0, x1, y0, y1 = surface.window
    middle = held.get("minimum", np.array([(x0 + x1) / 2, (y0 + y1) / 2], kind))
    half = np.maximum(np.array([x1 - x0, y1 - y0], kind) / 2, np.abs(start - middle) * kind.type(1.2))
    half = np.where(np.isfinite(half), half, kind.type(1))
    middle = np.where(np.isfinite(middle), middle, kind.type(0))
    across, along = ((middle[i] + half[i] * np.linspace(-1, 1, config.grid, dtype=kind)) for i in (0, 1))
    return np.stack(np.broadcast_arrays(across[None], along[::-1, None]), axis=-1)


def assemble(config: DescentConfig, saved: Mapping[str, Tensor]) -> Trace:
    """The trace from its stored tensors: steps and facts are made here."""
    shape = tuple(Region(name) for name in ("curvature", "minimum") if name in saved)
    named, histories = (("surface", config.surface),), _histories(config)

    def region(t: int, place: tuple[str, int]) -> Region:
        name, after = place
        return Region.of(name, states=t + after) if name in histories else Region.of(name, updates=t)

    def seen(m: int, s: int) -> list[Step]:
        method = config.methods[m]
        here = Region.of("path", methods=m, states=s)
        return [
            Step("copy", (Region.of(f"{method}.parameters", states=s),), here),
            Step("surface_loss", (here, *shape), Region.of("loss", methods=m, states=s), named),
        ]

    @lru_cache(maxsize=256)
    def update(m: int, t: int) -> list[Step]:
        method = config.methods[m]
        now = Region.of(f"{method}.parameters", states=t)
        slope = Step("surface_slope", (now, *shape), Region.of(f"{method}.gradients", updates=t), named)
        acts = [Step(a.operation, tuple(region(t, place) for place in a.reads), region(t, a.writes), a.parameters)
                for a in _acts(config, method, t)]  # fmt: skip
        return [slope, *acts, *seen(m, t + 1)]

    first = [Step("surface_loss", (Region("ground"), *shape), Region("landscape"), named),
             Step("level_of_loss", (Region("landscape"),), Region("level"))]  # fmt: skip
    for m, method in enumerate(config.methods):
        first += [Step("copy", (Region("start"),), Region.of(f"{method}.parameters", states=0)), *seen(m, 0)]
    each = [len(update(m, 0)) for m in range(len(config.methods))]
    starts = np.cumsum([0, *each])

    def make(i: int) -> Step:
        t, k = divmod(i, int(starts[-1]))
        m = int(np.searchsorted(starts, k, side="right")) - 1
        return update(m, t)[k - int(starts[m])]

    def find(tensor: str, here: Mapping[str, int]) -> int | None:
        """The step of the update that the indices name: each update has the same steps."""
        t = here["updates"] if "updates" in here else here.get("states", 1) - 1
        if not 0 <= t < config.updates:
            return None
        every = (step for m in range(len(config.methods)) for step in update(m, t))
        writes = (step.writes for step in every)
        k = next((k for k, region in enumerate(writes) if region.tensor == tensor and region.holds(here)), None)
        return None if k is None else t * int(starts[-1]) + k

    losses = saved["loss"].array
    facts: dict[str, int | float | str] = {"updates": config.updates, "first_loss": float(losses[0, 0])}
    facts |= {f"last_loss_{method}": float(losses[m, -1]) for m, method in enumerate(config.methods)}
    steps = Steps.chain(first, Steps(config.updates * int(starts[-1]), make, find))
    return Trace("descent", config, tensors(*saved.values()), steps, facts)


_MAP = ("map_height", "map_width")
_AXES = {"start": ("cells",), "curvature": ("cells", "other_cells"), "minimum": ("cells",)}
_ARRAYS = (
    ArrayOption("start", ("cells",), "input", "the two numbers before the first update", optional=True),
    ArrayOption("curvature", ("cells", "other_cells"), "input", "how a quadratic surface bends", optional=True),
    ArrayOption("minimum", ("cells",), "input", "where a quadratic surface is lowest", optional=True),
)

DESCENT = Layer(
    name="descent",
    title="Optimisers on a loss surface",
    config=DescentConfig,
    arrays=_ARRAYS,
    complete=complete,
    compute=compute,
    assemble=assemble,
    makes=makes,
    formula="p ← p − η d, d made of the slopes ∇L(p) so far",
    source="H. H. Rosenbrock, An automatic method for finding the greatest or least value of a function (1960); "
    "Goodfellow, Bengio, Courville: Deep Learning (2016), chapter 8; torch.optim",
)
