"""Optimisers, as PyTorch defines them: what a gradient does to a parameter, update by update.

sgd p ← p − η d, with momentum v ← μ v + (1 − τ) g, d = v (Nesterov: g + μ v), the first v being g;
adagrad s ← s + g², d = g / (√s + ε), η falling as η / (1 + κ t) with t updates done;
rmsprop s ← α s + (1 − α) g², d = g / (√s + ε) (centred: √(s − a²), a the average of g);
adam m ← β₁ m + (1 − β₁) g, s ← β₂ s + (1 − β₂) g², d = m̂ / (√ŝ + ε) with m̂ = m/(1 − β₁ᵗ), ŝ = s/(1 − β₂ᵗ).
Weight decay adds λ p to g; adamw shrinks p by 1 − η λ instead. An update is a list of moves, which make both the
numbers and the steps.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

import numpy as np

from layeranim.engine import door, window
from layeranim.engine.arithmetic import few
from layeranim.engine.entry import enter, ranked, unused
from layeranim.engine.option import ArrayOption, Choice, Config, Flag, Layer, Real, option
from layeranim.engine.replay import OPERATIONS, finite_max, operation
from layeranim.engine.trace import Array, Region, Shape, Step, Steps, Tensor, Trace, tensors
from layeranim.errors import OptionError
from layeranim.records import dataclass

METHODS = ("sgd", "adagrad", "rmsprop", "adam", "adamw")
HISTORIES = ("parameters", "velocity", "square_sum", "square_average", "gradient_average", "first_moment",
             "second_moment")  # fmt: skip
"""What is carried from one update to the next: one entry more than there are updates."""

_RATES = {"sgd": 1e-3, "adagrad": 1e-2, "rmsprop": 1e-2, "adam": 1e-3, "adamw": 1e-3}
_TINY = 1e-6
_ADAM = ("adam", "adamw")


@dataclass(frozen=True, kw_only=True)
class OptimiserConfig(Config):
    """Options of an optimiser. ``None`` is filled in with PyTorch's value where the method reads it."""

    method: str = option(Choice(METHODS), "sgd", "how a gradient becomes an update", aliases=("optimizer", "optimiser"))
    learning_rate: float | None = option(
        Real(low=0), None, "how far to go (default: 0.001; adagrad, rmsprop 0.01)", aliases=("lr",)
    )
    momentum: float | None = option(
        Real(low=0), None, "how much of the last velocity is kept (sgd, rmsprop; default: 0)"
    )
    dampening: float | None = option(
        Real(), None, "how much less of the gradient goes into the velocity (sgd; default: 0)"
    )
    nesterov: bool = option(Flag(), False, "look ahead along the velocity (sgd with momentum)")
    weight_decay: float | None = option(Real(low=0), None, "pull of the parameters to 0 (default: 0; adamw 0.01)")
    smoothing: float | None = option(
        Real(low=0, high=1), None, "how much of the average square is kept (rmsprop; default: 0.99)", aliases=("alpha",)
    )
    centred: bool = option(
        Flag(), False, "take the average gradient off the average square (rmsprop)", aliases=("centered",)
    )
    beta1: float | None = option(
        Real(low=0, below=1), None, "how much of the first moment is kept (adam; default: 0.9)"
    )
    beta2: float | None = option(
        Real(low=0, below=1), None, "how much of the second moment is kept (adam; default: 0.999)"
    )
    eps: float | None = option(
        Real(low=0), None, "added to what is divided by (rmsprop, adam; default: 1e-8; adagrad 1e-10)"
    )
    learning_rate_decay: float | None = option(
        Real(low=0), None, "how much more the rate is divided by after each update (adagrad; default: 0)",
        aliases=("lr_decay",),
    )  # fmt: skip
    initial_accumulator: float | None = option(
        Real(low=0), None, "what the sum of squares begins with (adagrad; default: 0)",
        aliases=("initial_accumulator_value",),
    )  # fmt: skip
    clip_norm: float | None = option(Real(above=0), None, "longest gradient; a longer one is shortened")
    clip_value: float | None = option(Real(above=0), None, "largest component of a gradient; larger ones are cut")


def filled(config: OptimiserConfig) -> OptimiserConfig:
    """The options with PyTorch's values where none were given; refuses those that the method does not read."""
    method = config.method
    allowed = {"momentum": ("sgd", "rmsprop"), "dampening": ("sgd",), "smoothing": ("rmsprop",), "beta1": _ADAM,
               "beta2": _ADAM, "eps": ("adagrad", "rmsprop", *_ADAM), "learning_rate_decay": ("adagrad",),
               "initial_accumulator": ("adagrad",)}  # fmt: skip
    unused(config, "method", allowed)
    if config.nesterov and (method != "sgd" or not config.momentum or config.dampening):
        raise OptionError(
            f"nesterov needs method sgd, a momentum and no dampening, but method is {method}, "
            f"momentum {config.momentum or 0:g}, dampening {config.dampening or 0:g}"
        )
    if config.centred and method != "rmsprop":
        raise OptionError(f"centred is true, but method is {method}; it goes with rmsprop")
    usual: dict[str, float] = {
        "learning_rate": _RATES[method], "momentum": 0.0, "dampening": 0.0, "smoothing": 0.99, "beta1": 0.9,
        "beta2": 0.999, "eps": 1e-10 if method == "adagrad" else 1e-8, "learning_rate_decay": 0.0,
        "initial_accumulator": 0.0, "weight_decay": 0.01 if method == "adamw" else 0.0,
    }  # fmt: skip
    reads = [name for name in usual if method in allowed.get(name, METHODS)]
    changed: OptimiserConfig = config.replace(**{name: usual[name] for name in reads if getattr(config, name) is None})
    return changed


@dataclass(frozen=True)
class Move:
    """One act of an update: tensors are (name, 0 before or 1 after the update)."""

    operation: str
    reads: tuple[tuple[str, int], ...]
    writes: tuple[str, int]
    parameters: tuple[tuple[str, float], ...] = ()


Act = Callable[..., str]


def moves(config: OptimiserConfig, t: int, gradient: str = "gradients") -> list[Move]:
    """The acts of update ``t`` (from 0) of a filled Config, from ``gradient`` to ``parameters``."""
    found: list[Move] = []

    def act(
        operation: str, reads: Sequence[str | tuple[str, int]], writes: str | tuple[str, int], **more: float
    ) -> str:
        pairs = tuple((r, 0) if isinstance(r, str) else r for r in reads)
        found.append(Move(operation, pairs, (writes, 0) if isinstance(writes, str) else writes, tuple(more.items())))
        return found[-1].writes[0]

    rate, decay = config.learning_rate or 0.0, config.weight_decay or 0.0
    start = "parameters"
    if decay and config.method == "adamw":
        start = act("rescale", ["parameters"], "decayed_parameters", factor=1 - rate * decay)
    elif decay:
        gradient = act("add_scaled", [gradient, "parameters"], "decayed_gradient", factor=decay)
    step = {"sgd": _sgd, "adagrad": _adagrad, "rmsprop": _rmsprop}.get(config.method, _adam)
    direction = step(config, t, gradient, act)
    rate /= 1 + t * (config.learning_rate_decay or 0.0)
    act("add_scaled", [start, direction], ("parameters", 1), factor=-rate)
    return found


def _sgd(config: OptimiserConfig, t: int, g: str, act: Act) -> str | tuple[str, int]:
    keep = config.momentum or 0.0
    if not keep:
        return g
    if t == 0:
        act("copy", [g], ("velocity", 1))
    else:
        act("blend_into", ["velocity", g], ("velocity", 1), keep=keep, weight=1 - (config.dampening or 0.0))
    if config.nesterov:
        return act("add_scaled", [g, ("velocity", 1)], "direction", factor=keep)
    return "velocity", 1


def _adagrad(config: OptimiserConfig, t: int, g: str, act: Act) -> str | tuple[str, int]:
    act("add_square", ["square_sum", g], ("square_sum", 1))
    act("root", [("square_sum", 1)], "root", eps=config.eps or 0.0)
    return act("divide", [g, "root"], "direction")


def _rmsprop(config: OptimiserConfig, t: int, g: str, act: Act) -> str | tuple[str, int]:
    keep, eps = config.smoothing or 0.0, config.eps or 0.0
    act("blend_square", ["square_average", g], ("square_average", 1), keep=keep)
    if config.centred:
        act("blend_into", ["gradient_average", g], ("gradient_average", 1), keep=keep, weight=1 - keep)
        act("centred_root", [("square_average", 1), ("gradient_average", 1)], "root", eps=eps)
    else:
        act("root", [("square_average", 1)], "root", eps=eps)
    act("divide", [g, "root"], "direction")
    if not config.momentum:
        return "direction"
    act("blend_into", ["velocity", "direction"], ("velocity", 1), keep=config.momentum, weight=1.0)
    return "velocity", 1


def _adam(config: OptimiserConfig, t: int, g: str, act: Act) -> str | tuple[str, int]:
    one, two, eps = config.beta1 or 0.0, config.beta2 or 0.0, config.eps or 0.0
    act("blend_into", ["first_moment", g], ("first_moment", 1), keep=one, weight=1 - one)
    act("blend_square", ["second_moment", g], ("second_moment", 1), keep=two)
    act("divide_by", [("first_moment", 1)], "corrected_first", by=1 - one ** (t + 1))
    act("divide_by", [("second_moment", 1)], "corrected_second", by=1 - two ** (t + 1))
    act("root", ["corrected_second"], "root", eps=eps)
    return act("divide", ["corrected_first", "root"], "direction")


def first_entry(config: OptimiserConfig, name: str, like: Array) -> Array:
    """What is carried along before the first update."""
    return np.full_like(like, (config.initial_accumulator or 0.0) if name == "square_sum" else 0.0)


def clipping(config: OptimiserConfig, gradients: Sequence[str]) -> tuple[list[Move], list[str]]:
    """The acts that cut and shorten several gradients together, and the names of the results."""
    found: list[Move] = []
    names = list(gradients)
    if config.clip_value is not None:
        limit = (("limit", config.clip_value),)
        found += [Move("cut", ((name, 0),), (f"cut_{name}", 0), limit) for name in names]
        names = [f"cut_{name}" for name in names]
    if config.clip_norm is not None:
        limit = (("limit", config.clip_norm),)
        found.append(Move("length", tuple((name, 0) for name in names), ("gradient_norm", 0)))
        found.append(Move("shortening", (("gradient_norm", 0),), ("clip_scale", 0), limit))
        found += [Move("multiply", ((name, 0), ("clip_scale", 0)), (f"clipped_{name}", 0)) for name in names]
        names = [f"clipped_{name}" for name in names]
    return found, names


def perform(acts: Iterable[Move], values: dict[str, list[Array]], t: int, histories: Collection[str]) -> None:
    """Do the acts of update ``t``; what each writes is appended to its list in ``values``."""
    for act in acts:
        reads = [values[name][t + after if name in histories else t] for name, after in act.reads]
        with np.errstate(all="ignore"):
            made = OPERATIONS[act.operation].run(*reads, **dict(act.parameters))
        values.setdefault(act.writes[0], []).append(made)


def steps_of(acts: Callable[[int], list[Move]], updates: int, histories: Collection[str]) -> Steps:
    """The steps of all updates, made on demand; every update has as many acts as the first."""
    each = len(acts(0))

    def region(t: int, place: tuple[str, int]) -> Region:
        name, after = place
        return Region.of(name, states=t + after) if name in histories else Region.of(name, updates=t)

    def make(i: int) -> Step:
        t, k = divmod(i, each)
        act = acts(t)[k]
        return Step(
            act.operation, tuple(region(t, place) for place in act.reads), region(t, act.writes), act.parameters
        )

    return Steps(updates * each, make)


def complete(config: OptimiserConfig, shapes: Mapping[str, Shape | None]) -> tuple[OptimiserConfig, dict[str, Shape]]:
    """Every option filled in: start (cells), gradients (updates, cells).

    Raises ``ShapeError`` for arrays that do not fit the layer or each other, ``OptionError`` for options that do not
    go together.
    """
    gradients = ranked("gradients", shapes.get("gradients"), ("updates", "cells"), 1)
    start = ranked("start", shapes.get("start"), ("cells",), 0)
    cells = gradients[1] if gradients else start[0] if start else 2
    door.fitting("start", start or (cells,), (cells,), "cells, as the gradients have")
    gradients = gradients or (5, cells)
    window.affordable("parameters", (gradients[0] + 1, cells))
    return filled(config), {"start": (cells,), "gradients": gradients}


def _makes(config: OptimiserConfig, shapes: Mapping[str, Shape]) -> dict[str, Shape]:
    """What each act of an update writes, of all updates, one by one and then as one array."""
    written = len({act.writes[0] for act in _acts(config, 0)})
    return {"of every update": (2 * written, *shapes["gradients"])}


def _acts(config: OptimiserConfig, t: int) -> list[Move]:
    cut, names = clipping(config, ["gradients"])
    return [*cut, *moves(config, t, names[0])]


def compute(config: OptimiserConfig, arrays: Mapping[str, Array]) -> Trace:
    """The trace of one parameter vector, ``start`` (cells), under ``gradients`` (updates, cells).

    ``parameters`` and what is carried along have an entry before the first update and one after each (states, cells).
    """
    full, ready = enter("optimiser", _ARRAYS, complete, config, arrays)
    start, gradients = ready["start"], ready["gradients"]
    values: dict[str, list[Array]] = {name: [first_entry(full, name, start)] for name in HISTORIES}
    values |= {"parameters": [start], "gradients": list(gradients)}
    for t in range(len(gradients)):
        perform(_acts(full, t), values, t, HISTORIES)
    held = [Tensor("start", ("cells",), "input", start), Tensor("gradients", ("updates", "cells"), "input", gradients)]
    for name, entries in values.items():
        lead = "states" if name in HISTORIES else "updates"
        if name not in ("gradients", "parameters") and (lead == "updates" or len(entries) > 1):
            held.append(Tensor(name, (lead, "cells")[: 1 + entries[0].ndim], "intermediate", np.stack(entries)))
    held.append(Tensor("parameters", ("states", "cells"), "output", np.stack(values["parameters"])))
    return assemble(full, tensors(*held))


def assemble(config: OptimiserConfig, saved: Mapping[str, Tensor]) -> Trace:
    """The trace from its stored tensors: steps and facts are made here."""
    first = Step("copy", (Region("start"),), Region.of("parameters", states=0))
    updates = saved["gradients"].shape[0]
    steps = Steps.chain([first], steps_of(lambda t: _acts(config, t), updates, HISTORIES))
    facts: dict[str, int | float | str] = {"updates": updates, "learning_rate": config.learning_rate or 0.0}
    return Trace("optimiser", config, tensors(*saved.values()), steps, facts)


@operation("add_scaled", lambda x, y, *, factor: few(np.abs(x) + np.abs(y * factor)))
def add_scaled(x: Array, y: Array, *, factor: float) -> Array:
    """x + factor · y."""
    return np.asarray(x + x.dtype.type(factor) * y)


@operation("blend_into", lambda old, new, *, keep, weight: few(np.abs(old * keep) + np.abs(new * weight)))
def blend_into(old: Array, new: Array, *, keep: float, weight: float) -> Array:
    """keep · old + weight · new."""
    return np.asarray(old.dtype.type(keep) * old + old.dtype.type(weight) * new)


@operation("blend_square", lambda old, new, *, keep: few(np.abs(old) + new * new))
def blend_square(old: Array, new: Array, *, keep: float) -> Array:
    """keep · old + (1 − keep) · new²."""
    return np.asarray(old.dtype.type(keep) * old + old.dtype.type(1 - keep) * (new * new))


@operation("add_square", lambda old, new: few(np.abs(old) + new * new))
def add_square(old: Array, new: Array) -> Array:
    """old + new²."""
    return np.asarray(old + new * new)


@operation("root", lambda x, *, eps: few(np.sqrt(x) + eps))
def root(x: Array, *, eps: float) -> Array:
    """√x + eps."""
    return np.asarray(np.sqrt(x) + x.dtype.type(eps))


@operation("centred_root", lambda x, mean, *, eps: few(np.sqrt(x) + eps))
def centred_root(x: Array, mean: Array, *, eps: float) -> Array:
    """√(x − mean²) + eps."""
    return np.asarray(np.sqrt(x - mean * mean) + x.dtype.type(eps))


@operation("cut")
def cut(x: Array, *, limit: float) -> Array:
    """x, but no further from 0 than the limit."""
    return np.asarray(np.clip(x, x.dtype.type(-limit), x.dtype.type(limit)))


def _length_terms(*parts: Array) -> tuple[int, float]:
    return sum(part.size for part in parts) + 4, finite_max(length(*parts))


@operation("length", _length_terms)
def length(*parts: Array) -> Array:
    """√ Σ x² over every cell of every part, by the largest so that no square overflows."""
    most = max((np.max(np.abs(part)) for part in parts), key=lambda m: np.inf if np.isnan(m) else m)
    if most == 0 or not np.isfinite(most):
        return np.asarray(most)
    return np.asarray(most * np.sqrt(np.sum([np.sum((part / most) ** 2) for part in parts], dtype=most.dtype)))


@operation("shortening")
def shortening(norm: Array, *, limit: float) -> Array:
    """limit / (norm + 10⁻⁶), at most 1: what PyTorch multiplies a gradient by."""
    return np.asarray(np.minimum(limit / (norm + norm.dtype.type(_TINY)), 1), dtype=norm.dtype)


_ARRAYS = (
    ArrayOption("start", ("cells",), "input", "the parameters before the first update"),
    ArrayOption("gradients", ("updates", "cells"), "input", "the gradient at every update"),
)

OPTIMISER = Layer(
    name="optimiser",
    title="Optimiser",
    config=OptimiserConfig,
    arrays=_ARRAYS,
    complete=complete,
    compute=compute,
    assemble=assemble,
    makes=_makes,
    formula="p ← p − η d",
    source="Goodfellow, Bengio, Courville: Deep Learning (2016), chapter 8; Duchi, Hazan, Singer, Adaptive "
    "Subgradient Methods (2011); Kingma and Ba, Adam (2015); Loshchilov and "
    "Hutter (2019); torch.optim",
)
