"""Losses, number by number: how far predictions are from targets, and which way to go to make it less.

squared (p − t)²; absolute |p − t|; huber ½e² up to δ, then δ(|e| − ½δ); smooth-l1 the same by δ;
binary −t ln p − (1 − t) ln(1 − p) of a probability, with 0 ln 0 = 0; binary-logits the same of a logit, the positive
ones weighed by ``pos_weight``; kl t (ln t − p) of a log-probability p.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from layeranim.engine import door, window
from layeranim.engine.activations import ACTIVATIONS
from layeranim.engine.arithmetic import Cell, at, per_cell
from layeranim.engine.backward import beside, passed_back, start
from layeranim.engine.entry import enter, ranked, unused
from layeranim.engine.memory import alike
from layeranim.engine.option import ArrayOption, Choice, Config, Layer, Real, option
from layeranim.engine.replay import finite_max, operation
from layeranim.engine.trace import Array, Shape, Step, Steps, Tensor, Trace, tensors
from layeranim.errors import ShapeError
from layeranim.records import dataclass

_AXES = ("batch", "features")
_BENT = ("huber", "smooth-l1")


@dataclass(frozen=True)
class Penalty:
    """One loss of a prediction and a target: its value, its slope along the prediction, and its formula."""

    value: Callable[..., Any]
    slope: Callable[..., Any]
    formula: str


def _huber(p: Array, t: Array, delta: float) -> Array:
    e = np.abs(p - t)
    return np.asarray(np.where(e <= delta, e * e / 2, delta * (e - delta / 2)))


def _huber_slope(p: Array, t: Array, delta: float) -> Array:
    return np.asarray(np.clip(p - t, -delta, delta))


def _log(t: Array, x: Array) -> Array:
    """t ln x, and 0 where t is 0."""
    return np.asarray(np.where(t == 0, t, t * np.log(x)))


def _binary_logits(x: Array, t: Array, weight: Array) -> Array:
    """(1 − t) x + (1 + (w − 1) t) ln(1 + e⁻ˣ): no power overflows."""
    tail = np.maximum(-x, 0) + np.log1p(np.exp(-np.abs(x)))
    return np.asarray(np.where(t == 1, 0, (1 - t) * x) + (1 + (weight - 1) * t) * tail)


def _binary_logits_slope(x: Array, t: Array, weight: Array) -> Array:
    return np.asarray((1 - t) * ACTIVATIONS["sigmoid"](x) - weight * t * ACTIVATIONS["sigmoid"](-x))


PENALTIES: dict[str, Penalty] = {
    "squared": Penalty(lambda p, t: (p - t) * (p - t), lambda p, t: 2 * (p - t), "(p − t)²"),
    "absolute": Penalty(lambda p, t: np.abs(p - t), lambda p, t: np.sign(p - t), "|p − t|"),
    "huber": Penalty(_huber, _huber_slope, "½(p − t)² up to |p − t| = δ, then δ(|p − t| − ½δ)"),
    "smooth-l1": Penalty(
        lambda p, t, delta: _huber(p, t, delta) / delta, lambda p, t, delta: _huber_slope(p, t, delta) / delta,
        "½(p − t)²/δ up to |p − t| = δ, then |p − t| − ½δ",
    ),
    "binary": Penalty(
        lambda p, t: 0 - _log(t, p) - _log(1 - t, 1 - p),
        lambda p, t: np.where(t == 0, 0, -t / p) + np.where(t == 1, 0, (1 - t) / (1 - p)),
        "−t ln p − (1 − t) ln(1 − p)",
    ),
    "binary-logits": Penalty(_binary_logits, _binary_logits_slope, "−w t ln σ(x) − (1 − t) ln(1 − σ(x))"),
    "kl": Penalty(lambda p, t: _log(t, t) - np.where(t == 0, 0, t * p), lambda p, t: -t + 0 * p, "t (ln t − p)"),
}  # fmt: skip
"""The losses by name."""

_RANGES = {"binary": ("prediction", "target"), "binary-logits": ("target",)}


@dataclass(frozen=True, kw_only=True)
class LossConfig(Config):
    """Options of a loss."""

    mode: str = option(Choice(tuple(PENALTIES)), "squared", "what a prediction is charged for")
    reduction: str = option(
        Choice(("none", "mean", "sum", "batch-mean")), "mean", "what becomes of the numbers: kept, averaged, added up, "
        "added up and divided by the batch",
    )  # fmt: skip
    delta: float | None = option(
        Real(above=0), None, "the error up to which huber and smooth-l1 are squares (default: 1)", aliases=("beta",)
    )


def complete(config: LossConfig, shapes: Mapping[str, Shape | None]) -> tuple[LossConfig, dict[str, Shape]]:
    """Every size filled in: prediction and target (batch, features), alike; one may be given as (features)."""
    unused(config, "mode", {"delta": _BENT})
    if config.mode in _BENT:
        config = config.replace(delta=config.delta or 1.0)
    prediction, target = (ranked(name, shapes.get(name), _AXES, 1) for name in ("prediction", "target"))
    shape = prediction or target or (1, 3)
    window.affordable("prediction", shape)
    needed = {"prediction": shape, "target": door.fitting("target", target or shape, shape, "as the prediction")}
    weight = ranked("pos_weight", shapes.get("pos_weight"), ("features",), 1)
    if weight is not None and config.mode == "binary-logits":
        needed["pos_weight"] = door.fitting("pos_weight", weight, shape[1:], "features")
    return config, needed


def parameters_of(config: LossConfig) -> dict[str, float]:
    """What the loss is called with besides arrays."""
    return {"delta": config.delta} if config.delta is not None else {}


def compute(config: LossConfig, arrays: Mapping[str, Array]) -> Trace:
    """The trace: ``losses`` (batch, features), ``derivative`` alike, and ``loss``, one number unless reduction is none.

    Raises ``ShapeError`` for a probability outside 0…1, or a KL target below 0.
    """
    full, ready = enter("loss", _ARRAYS, complete, config, arrays)
    p, t = ready["prediction"], ready["target"]
    for name in _RANGES.get(full.mode, ()):
        _between(name, ready[name], 1.0)
    if full.mode == "kl":
        _between("target", t, np.inf)
    more = [ready.get("pos_weight", np.ones(p.shape[1], p.dtype))] if full.mode == "binary-logits" else []
    parameters, penalty = parameters_of(full), PENALTIES[full.mode]
    with np.errstate(all="ignore"):
        losses = np.asarray(penalty.value(p, t, *more, **parameters), dtype=p.dtype)
        slopes = np.asarray(penalty.slope(p, t, *more, **parameters), dtype=p.dtype)
        total = losses.sum() / p.dtype.type(_divisor(full, p.shape))
    kept = full.reduction == "none"
    held = [Tensor("prediction", _AXES, "input", p), Tensor("target", _AXES, "input", t)]
    held += [Tensor("pos_weight", ("features",), "weight", weight) for weight in more]
    held.append(Tensor("losses", _AXES, "output" if kept else "intermediate", losses))
    held.append(Tensor("derivative", _AXES, "intermediate", slopes))
    held += [] if kept else [Tensor("loss", (), "output", np.asarray(total, p.dtype))]
    return assemble(full, tensors(*held))


def _between(name: str, x: Array, high: float) -> None:
    outside = (x < 0) | (x > high)
    if outside.any():
        rule = "from 0 to 1" if high == 1 else "0 or more"
        raise ShapeError(f"{name} holds {x[outside].flat[0]:g}, but must hold probabilities, {rule}")


def _divisor(config: LossConfig, shape: Shape) -> int:
    return {"mean": shape[0] * shape[1], "batch-mean": shape[0]}.get(config.reduction, 1)


def assemble(config: LossConfig, saved: Mapping[str, Tensor]) -> Trace:
    """The trace from its stored tensors: steps and facts are made here."""
    shape = saved["losses"].shape
    parameters = (("name", config.mode), *parameters_of(config).items())
    weight = ("pos_weight",) if "pos_weight" in saved else ()

    def reads(c: Cell) -> tuple[Any, ...]:
        pair = (at("prediction", c, *_AXES), at("target", c, *_AXES))
        return (*pair, *(at(name, c, "features") for name in weight))

    def charge(c: Cell) -> Step:
        return Step("charge", reads(c), at("losses", c, *_AXES), parameters)

    def slope(c: Cell) -> Step:
        return Step("slope", reads(c), at("derivative", c, *_AXES), parameters)

    def reduce(c: Cell) -> Step:
        return Step("reduce", (at("losses", c),), at("loss", c), (("divisor", _divisor(config, shape)),))

    parts = [per_cell(_AXES, shape, charge, slope)] + ([per_cell((), (), reduce)] if "loss" in saved else [])
    facts: dict[str, int | float | str] = {
        "numbers": shape[0] * shape[1],
        "divisor": _divisor(config, shape),
        "loss_formula": PENALTIES[config.mode].formula,
        **parameters_of(config),
    }
    return Trace("loss", config, tensors(*saved.values()), Steps.chain(*parts), facts)


def backward(trace: Trace, gradients: Mapping[str, Array]) -> Trace:
    """The gradient of the prediction, from that of ``loss`` (or of ``losses``, reduction none); 1 when not given."""
    config: Any = trace.config
    first = "loss" if "loss" in trace else "losses"
    g = start(trace, gradients, first)
    slopes = trace["derivative"]
    with np.errstate(all="ignore"):
        each = g / g.dtype.type(_divisor(config, slopes.shape))
        total = each * slopes
    axes = trace.axes(first)
    every = beside(
        trace,
        Tensor(f"grad_{first}", axes, "input", g),
        Tensor("share", axes, "intermediate", np.asarray(each)),
        Tensor("grad_prediction", _AXES, "output", total),
    )

    def divide(c: Cell) -> Step:
        by = (("by", _divisor(config, slopes.shape)),)
        return Step("divide_by", (at(f"grad_{first}", c, *axes),), at("share", c, *axes), by)

    def multiply(c: Cell) -> Step:
        reads = (at("share", c, *axes), at("derivative", c, *_AXES))
        return Step("multiply", reads, at("grad_prediction", c, *_AXES))

    steps = Steps.chain(per_cell(axes, g.shape, divide), per_cell(_AXES, slopes.shape, multiply))
    return passed_back(trace, {first: g}, every, steps)


def _charge_terms(p: Array, t: Array, *more: Array, name: str, **parameters: float) -> tuple[int, float]:
    """Every loss is a sum of a few terms, none larger than these."""
    parts = [np.abs(PENALTIES[name].value(p, t, *more, **parameters)), np.abs(p), np.abs(t)]
    return 16, sum(finite_max(part) for part in parts) + 1


@operation("charge", _charge_terms)
def charge(p: Array, t: Array, *more: Array, name: str, **parameters: float) -> Array:
    """The loss of one prediction."""
    return np.asarray(PENALTIES[name].value(p, t, *more, **parameters), dtype=p.dtype)


@operation("slope", lambda p, t, *more, name, **parameters: (
    16, finite_max(np.abs(PENALTIES[name].slope(p, t, *more, **parameters))) + 1))  # fmt: skip
def slope(p: Array, t: Array, *more: Array, name: str, **parameters: float) -> Array:
    """The derivative of that loss along the prediction."""
    return np.asarray(PENALTIES[name].slope(p, t, *more, **parameters), dtype=p.dtype)


@operation("reduce", lambda x, *, divisor: (x.size + 1, finite_max(np.abs(x).sum()) / divisor))
def reduce(x: Array, *, divisor: int) -> Array:
    """Σ x ÷ divisor."""
    return np.asarray(x.sum() / x.dtype.type(divisor))


_ARRAYS = (
    ArrayOption("prediction", _AXES, "input", "one row of numbers a sample: predictions, logits or log-probabilities"),
    ArrayOption("target", _AXES, "input", "what they should have been"),
    ArrayOption("pos_weight", ("features",), "weight", "weight of the positive class (binary-logits)", optional=True),
)

LOSS = Layer(
    name="loss",
    title="Loss",
    config=LossConfig,
    arrays=_ARRAYS,
    complete=complete,
    compute=compute,
    assemble=assemble,
    formula="L = Σ loss(p, t) / n",
    source="Huber, Robust Estimation of a Location Parameter (1964); torch.nn.MSELoss, HuberLoss, BCELoss, KLDivLoss",
    backward=backward,
    makes=alike("prediction", 5),
    back=0.3,
    starts=("loss", "losses"),
)
