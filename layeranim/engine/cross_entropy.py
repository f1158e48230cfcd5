"""Cross-entropy: how surprised probabilities are by the true class, −Σ w q ln p.

q is the target distribution: 1 at the true class, or probabilities that were given; smoothing ε makes it
(1 − ε) q + ε/C. w are class weights. A class with q = 0 costs nothing, whatever its probability. Of log-probabilities
it is the negative log-likelihood. A sample that is left out (``ignore_index``) has no gradient, also if all are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from layeranim.engine import door, window
from layeranim.engine.activations import log_softmax, softmax
from layeranim.engine.arithmetic import Act, Cell, at, few, per_cell
from layeranim.engine.backward import beside, passed_back, start
from layeranim.engine.entry import enter, ranked, whole
from layeranim.engine.memory import alike
from layeranim.engine.option import ArrayOption, Choice, Config, Integer, Layer, Real, option
from layeranim.engine.replay import OPERATIONS, finite_max, operation
from layeranim.engine.trace import Array, Shape, Step, Steps, Tensor, Trace, tensors
from layeranim.errors import OptionError, ShapeError
from layeranim.records import dataclass

_AXES = ("batch", "classes")


@dataclass(frozen=True, kw_only=True)
class CrossEntropyConfig(Config):
    """Options of the cross-entropy."""

    source: str = option(
        Choice(("logits", "probabilities", "log-probabilities")),
        "logits",
        "what the input holds; of log-probabilities this is the negative log-likelihood",
    )
    reduction: str = option(Choice(("none", "mean", "sum")), "mean", "what becomes of the samples' losses")
    label_smoothing: float = option(Real(low=0, high=1), 0.0, "how much of the target is spread over all classes")
    ignore_index: int | None = option(Integer(), None, "a class id whose samples are left out")
    true_class: int | None = option(
        Integer(0), None, "the class of every sample, from 0, if no target is given (default: 0)"
    )


def complete(
    config: CrossEntropyConfig, shapes: Mapping[str, Shape | None]
) -> tuple[CrossEntropyConfig, dict[str, Shape]]:
    """Every size filled in: input (batch, classes), target (batch) of ids or (batch, classes) of probabilities."""
    x = ranked("input", shapes.get("input"), _AXES, 1)
    target = shapes.get("target")
    target = (1,) if target == () else target
    if x is None:
        x = (target[0] if target else 1, target[1] if target is not None and len(target) == 2 else 3)
    window.affordable("input", x)
    if config.true_class is not None and config.true_class >= x[1]:
        raise OptionError(f"true_class is {config.true_class}, but must be less than the {x[1]} classes")
    needed: dict[str, Shape] = {"input": x}
    if target is not None:
        if len(target) == 1 and len(shapes.get("input") or x) == 1 and target == x[1:]:
            target = x
        wanted = x if len(target) == 2 else x[:1]
        needed["target"] = door.fitting("target", target or (1,), wanted, ", ".join(_AXES[: len(wanted)]))
        if len(wanted) == 2 and config.ignore_index is not None:
            raise OptionError(
                f"ignore_index is {config.ignore_index}, but the target holds probabilities, not class ids"
            )
    weight = ranked("class_weight", shapes.get("class_weight"), ("classes",))
    if weight is not None:
        needed["class_weight"] = door.fitting("class_weight", weight, x[1:], "classes")
    return config, needed


def compute(config: CrossEntropyConfig, arrays: Mapping[str, Array]) -> Trace:
    """The trace: probabilities, target distribution, terms, ``losses`` (batch) and ``loss``, unless reduction is none.

    Raises ``ShapeError`` for a class id that is none and for a probability outside 0…1.
    """
    full, ready = enter("cross-entropy", _ARRAYS, complete, config, arrays, ("target",))
    x, weight = ready["input"], ready.get("class_weight")
    held = [Tensor("input", _AXES, "input", x)]
    if full.source == "probabilities":
        _probabilities("input", x)
    with np.errstate(all="ignore"):
        log_p = log_softmax(x) if full.source == "logits" else np.log(x) if full.source == "probabilities" else x
        if full.source == "logits":
            held.append(Tensor("probabilities", _AXES, "intermediate", softmax(x)))
        if full.source != "log-probabilities":
            held.append(Tensor("log_probabilities", _AXES, "intermediate", log_p))
    held += _target(full, ready.get("target"), x)
    smooth = held[-1].array
    if weight is not None:
        held.append(Tensor("class_weight", ("classes",), "weight", weight))
        smooth = smooth * weight
        held.append(Tensor("weighted_target", _AXES, "intermediate", smooth))
    with np.errstate(all="ignore"):
        terms = surprise(smooth, log_p)
        losses = terms.sum(axis=1)
        divisor = np.asarray(_divisor(full, held, x.dtype))
        held.append(Tensor("terms", _AXES, "intermediate", terms))
        held.append(Tensor("losses", ("batch",), "output" if full.reduction == "none" else "intermediate", losses))
        if full.reduction != "none":
            held.append(Tensor("divisor", (), "intermediate", divisor))
            held.append(Tensor("loss", (), "output", np.asarray(losses.sum() / divisor)))
    return assemble(full, tensors(*held))


def _target(config: CrossEntropyConfig, target: Array | None, x: Array) -> list[Tensor]:
    """The class ids or probabilities, and the distribution that follows, last."""
    n = x.shape[1]
    if target is not None and target.ndim == 2:
        _probabilities("target", target)
        given = Tensor("target", _AXES, "input", target.astype(x.dtype, copy=False))
        return [
            given,
            Tensor("target_distribution", _AXES, "intermediate", _smooth(given.array, config.label_smoothing)),
        ]
    found = []
    if target is None:
        ids = np.full(len(x), config.true_class or 0)
    else:
        ids = whole("target", target, n, config.ignore_index)
        found.append(Tensor("target", ("batch",), "input", target))
    classes = Tensor("class_ids", ("batch",), "intermediate", ids)
    rows = [one_hot(i, x[0], smoothing=config.label_smoothing, ignore=config.ignore_index) for i in ids]
    return [*found, classes, Tensor("target_distribution", _AXES, "intermediate", np.stack(rows))]


def _probabilities(name: str, x: Array) -> None:
    outside = (x < 0) | (x > 1)
    if outside.any():
        raise ShapeError(f"{name} holds {x[outside].flat[0]:g}, but must hold probabilities, from 0 to 1")


def _divisor(config: CrossEntropyConfig, held: list[Tensor], dtype: np.dtype[Any]) -> Any:
    """1 for a sum; else the samples that count, each by the weight of its class."""
    named = tensors(*held)
    ids = named["class_ids"].array if "class_ids" in named else None
    if config.reduction != "mean":
        return dtype.type(1)
    if ids is None:
        return dtype.type(held[0].shape[0])
    counted = ids[ids != config.ignore_index]
    weights = named["class_weight"].array[counted] if "class_weight" in named else np.ones(len(counted), dtype)
    return weights.sum(dtype=dtype)


def assemble(config: CrossEntropyConfig, saved: Mapping[str, Tensor]) -> Trace:
    """The trace from its stored tensors: steps and facts are made here."""
    weight = "class_weight" in saved
    smoothing = (("smoothing", config.label_smoothing),)
    q = "weighted_target" if weight else "target_distribution"

    def row(operation: str, read: str, write: str, **more: Any) -> Act:
        return lambda c: Step(operation, (at(read, c, "batch"),), at(write, c, "batch"), tuple(more.items()))

    def target(c: Cell) -> Step:
        ignore = (("ignore", config.ignore_index),)
        if "class_ids" in saved:
            reads = (at("class_ids", c, "batch"), at("input", c, "batch"))
            return Step("one_hot", reads, at("target_distribution", c, "batch"), smoothing + ignore)
        return Step("smooth", (at("target", c, "batch"),), at("target_distribution", c, "batch"), smoothing)

    def weigh(c: Cell) -> Step:
        reads = (at("target_distribution", c, "batch"), at("class_weight", c))
        return Step("multiply", reads, at("weighted_target", c, "batch"))

    def charge(c: Cell) -> Step:
        log_p = "input" if config.source == "log-probabilities" else "log_probabilities"
        return Step("surprise", (at(q, c, "batch"), at(log_p, c, "batch")), at("terms", c, "batch"))

    known: dict[str, list[Act]] = {
        "logits": [row("softmax", "input", "probabilities"), row("log_softmax", "input", "log_probabilities")],
        "probabilities": [row("logarithm", "input", "log_probabilities")],
    }
    acts = known.get(config.source, [])
    acts += [target, *([weigh] if weight else []), charge, row("add", "terms", "losses")]
    parts = [per_cell(("batch",), saved["losses"].shape, *acts)]
    if "loss" in saved:
        final: Act = lambda c: Step("total_by", (at("losses", c), at("divisor", c)), at("loss", c))  # noqa: E731
        parts.append(per_cell((), (), final))
    facts: dict[str, int | float | str] = {"classes": saved["input"].shape[1], "samples": saved["input"].shape[0]}
    return Trace("cross-entropy", config, tensors(*saved.values()), Steps.chain(*parts), facts)


def backward(trace: Trace, gradients: Mapping[str, Array]) -> Trace:
    """∂logits = g (p Σ w q − w q) / divisor; ∂probabilities = −g w q / (p · divisor); ∂log-probabilities = −g w q /
    divisor; g is 1 when it is not given.
    """
    config: Any = trace.config
    first = "loss" if "loss" in trace else "losses"
    g = start(trace, gradients, first)
    target = "weighted_target" if "weighted_target" in trace else "target_distribution"
    x, q = trace["input"], trace[target]
    left_out = config.ignore_index is not None and "class_ids" in trace
    back_by, reads_p = _BACK[config.source]
    with np.errstate(all="ignore"):
        each = np.broadcast_to(g / trace["divisor"] if first == "loss" else g, len(x)).copy()
        if left_out:
            each[trace["class_ids"] == config.ignore_index] = 0
        total = OPERATIONS[back_by].run(each[:, None], q, *(trace[name] for name in reads_p))
    every = beside(
        trace,
        Tensor(f"grad_{first}", trace.axes(first), "input", g),
        Tensor("grad_each", ("batch",), "intermediate", each),
        Tensor("grad_input", _AXES, "output", total),
    )

    def share(c: Cell) -> Step:
        if left_out:
            reads = (at(f"grad_{first}", c, *trace.axes(first)), at("class_ids", c, "batch"))
            divisor = (at("divisor", c),) if first == "loss" else ()
            return Step("counted", (*reads, *divisor), at("grad_each", c, "batch"), (("ignore", config.ignore_index),))
        if first == "losses":
            return Step("copy", (at("grad_losses", c, "batch"),), at("grad_each", c, "batch"))
        return Step("divide", (at("grad_loss", c), at("divisor", c)), at("grad_each", c, "batch"))

    def back(c: Cell) -> Step:
        reads = tuple(at(name, c, "batch") for name in ("grad_each", target, *reads_p))
        return Step(back_by, reads, at("grad_input", c, "batch"))

    return passed_back(trace, {first: g}, every, per_cell(("batch",), (len(x),), share, back))


_BACK: dict[str, tuple[str, tuple[str, ...]]] = {
    "logits": ("logits_back", ("probabilities",)),
    "probabilities": ("probabilities_back", ("input",)),
    "log-probabilities": ("log_probabilities_back", ()),
}
"""How a gradient reaches each kind of input: the operation, and what it reads besides gradient and target."""


@operation("counted")
def counted(g: Array, class_id: Array, *divisor: Array, ignore: int) -> Array:
    """g, divided by the divisor if there is one; 0 for a sample that is left out."""
    return np.asarray(0 if int(class_id) == ignore else g / divisor[0] if divisor else g, dtype=g.dtype)


@operation("one_hot")
def one_hot(class_id: Array, like: Array, *, smoothing: float, ignore: int | None) -> Array:
    """1 − ε at the class, and ε/C everywhere; all 0 for the class that is ignored. As long as ``like``."""
    if int(class_id) == ignore:
        return np.zeros(len(like), like.dtype)
    return _smooth((np.arange(len(like)) == class_id).astype(like.dtype), smoothing)


def _smooth(q: Array, smoothing: float) -> Array:
    kind = q.dtype.type
    return np.asarray(q * kind(1 - smoothing) + kind(smoothing / q.shape[-1])) if smoothing else q


@operation("smooth")
def smooth(q: Array, *, smoothing: float) -> Array:
    """(1 − ε) q + ε/C."""
    return _smooth(q, smoothing)


@operation("surprise")
def surprise(q: Array, log_p: Array) -> Array:
    """−q ln p, and 0 where q is 0."""
    return np.asarray(np.where(q == 0, 0, 0 - q * log_p), dtype=log_p.dtype)


@operation("total_by", lambda x, by: (x.size + 1, finite_max(np.abs(x).sum() / np.abs(by))))
def total_by(x: Array, by: Array) -> Array:
    """Σ x ÷ by."""
    return np.asarray(x.sum() / by)


def _logits_back_terms(g: Array, q: Array, p: Array) -> tuple[int, float]:
    n, size = few(np.abs(g) * np.abs(q).sum())
    return n + q.size, size


@operation("logits_back", _logits_back_terms)
def logits_back(g: Array, q: Array, p: Array) -> Array:
    """g (p Σ q − q)."""
    return np.asarray(g * (p * q.sum(axis=-1, keepdims=True) - q))


@operation("probabilities_back")
def probabilities_back(g: Array, q: Array, p: Array) -> Array:
    """−g q / p, and 0 where q is 0."""
    return np.asarray(np.where(q == 0, 0, -g * q / p), dtype=p.dtype)


@operation("log_probabilities_back")
def log_probabilities_back(g: Array, q: Array) -> Array:
    """−g q."""
    return np.asarray(0 - g * q)


_ARRAYS = (
    ArrayOption("input", _AXES, "input", "logits, probabilities or log-probabilities, one row a sample"),
    ArrayOption("target", ("batch",), "input", "true class ids, or a row of probabilities a sample", optional=True),
    ArrayOption("class_weight", ("classes",), "weight", "what a class counts", optional=True),
)

CROSS_ENTROPY = Layer(
    name="cross-entropy",
    title="Cross-entropy",
    config=CrossEntropyConfig,
    arrays=_ARRAYS,
    complete=complete,
    compute=compute,
    assemble=assemble,
    formula="L = −Σ_c w_c q_c ln p_c",
    source="Goodfellow, Bengio, Courville: Deep Learning (2016), section 6.2; torch.nn.CrossEntropyLoss, NLLLoss",
    backward=backward,
    makes=alike("input", 5),
    back=0.5,
    starts=("loss", "losses"),
)
