"""Normalisation: cells that go together get mean 0 and variance 1; then gamma and beta set both anew.

``normalised = (x − mean) / √(variance + eps)``, ``output = gamma · normalised + beta``; the variance is the mean of the
squared deviations. rms leaves the mean out: ``x / √(mean of x² + eps)``. batch keeps running statistics for inference,
with the unbiased variance n/(n − 1) in PyTorch and the same variance in Keras.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np

from layeranim.engine.arithmetic import Act, Cell, at, per_cell
from layeranim.engine.conventions import CONVENTIONS
from layeranim.engine.entry import enter
from layeranim.engine.memory import alike
from layeranim.engine.normalisation_backward import backward
from layeranim.engine.normalisation_shapes import LayerNormConfig, NormConfig, NormPlan, complete, plan
from layeranim.engine.option import ArrayOption, Layer
from layeranim.engine.replay import finite_max, operation
from layeranim.engine.trace import Array, Step, Steps, Tensor, Trace, tensors

_ORDER = (
    "input", "mean", "running_mean", "centred", "variance", "mean_square", "running_variance", "deviation",
    "normalised", "gamma", "beta", "output", "unbiased_variance", "new_running_mean", "new_running_variance",
)  # fmt: skip


def compute(name: str, config: NormConfig, arrays: Mapping[str, Array]) -> Trace:
    """The trace: ``input`` (batch, features) or (batch, channels, …); gamma, beta and running statistics optional.

    Raises ``ShapeError`` or ``OptionError`` for what does not go together.
    """
    full, ready = enter(name, _ARRAYS, complete, config, arrays)
    x = ready["input"]
    found = plan(full, x.shape)
    made: dict[str, Array] = {"input": x}
    if full.kind == "batch":
        made["running_mean"] = ready.get("running_mean", np.zeros(found.weight_shape, x.dtype))
        made["running_variance"] = ready.get("running_variance", np.ones(found.weight_shape, x.dtype))
    if full.affine:
        made["gamma"] = ready.get("gamma", np.ones(found.weight_shape, x.dtype))
        if full.kind != "rms" or "beta" in ready:
            made["beta"] = ready.get("beta", np.zeros(found.weight_shape, x.dtype))
    with np.errstate(all="ignore"):
        made |= _normalised(full, found, made)
        if full.kind == "batch" and full.mode == "training":
            made |= _running(full, found, made)
    axes = {**dict.fromkeys(("centred", "normalised", "output", "input"), found.names)}
    axes |= dict.fromkeys(("mean", "variance", "mean_square", "unbiased_variance", "deviation"), found.stat)
    roles = {"input": "input", "output": "output"} | dict.fromkeys(_ARRAY_NAMES[1:], "weight")
    held = (Tensor(key, axes.get(key, found.weight), roles.get(key, "intermediate"), made[key])  # type: ignore[arg-type]
            for key in _ORDER if key in made)  # fmt: skip
    return assemble(name, full, tensors(*held))


def _normalised(config: NormConfig, found: NormPlan, given: Mapping[str, Array]) -> dict[str, Array]:
    x, made = given["input"], {}
    n, eps = x.dtype.type(found.terms), x.dtype.type(config.eps_for(x.dtype))
    folded = found.fold(x)
    if config.kind == "rms":
        spread = made["mean_square"] = (folded * folded).sum(axis=-1) / n
    else:
        if config.mode == "inference":
            mean, spread = given["running_mean"], given["running_variance"]
        else:
            mean = made["mean"] = folded.sum(axis=-1) / n
        folded = folded - mean[..., None]
        made["centred"] = found.unfold(folded)
        if config.mode == "training":
            spread = made["variance"] = (folded * folded).sum(axis=-1) / n
    made["deviation"] = np.sqrt(spread + eps)
    made["normalised"] = found.unfold(folded / made["deviation"][..., None])
    made["output"] = made["normalised"]
    if "gamma" in given:
        made["output"] = made["output"] * found.spread(given["gamma"])
    if "beta" in given:
        made["output"] = made["output"] + found.spread(given["beta"])
    return made


def _unbiased(config: NormConfig, found: NormPlan) -> float:
    return found.terms / (found.terms - 1) if CONVENTIONS[config.convention].variance == "unbiased" else 1.0


def _running(config: NormConfig, found: NormPlan, made: Mapping[str, Array]) -> dict[str, Array]:
    unbiased = made["variance"] * made["variance"].dtype.type(_unbiased(config, found))
    return {
        "unbiased_variance": unbiased,
        "new_running_mean": blend(made["running_mean"], made["mean"], weight=config.new_weight),
        "new_running_variance": blend(made["running_variance"], unbiased, weight=config.new_weight),
    }


def assemble(name: str, config: NormConfig, saved: Mapping[str, Tensor]) -> Trace:
    """The trace from its stored tensors: steps and facts are made here."""
    x = saved["input"]
    found = plan(config, x.shape)
    facts: dict[str, int | float | str] = {
        "terms": found.terms,
        "eps": config.eps_for(x.dtype),
        "parameters": sum(saved[key].array.size for key in ("gamma", "beta") if key in saved),
        "convention": config.convention,
    }
    if config.kind == "batch":
        facts |= {"new_weight": config.new_weight, "old_weight": 1 - config.new_weight}
    held = tensors(*(saved[key] for key in _ORDER if key in saved))
    return Trace(name, config, held, _steps(config, found, saved), facts)


def _steps(config: NormConfig, found: NormPlan, saved: Mapping[str, Tensor]) -> Steps:
    """For every statistic: mean, centre, variance, deviation, divide, scale and shift, running statistics."""
    stat, eps = found.stat, config.eps_for(saved["input"].dtype)
    live, rms = config.mode == "training", config.kind == "rms"
    mean, spread = ("mean", "mean_square" if rms else "variance") if live else ("running_mean", "running_variance")
    base = "input" if rms else "centred"
    weights = [key for key in ("gamma", "beta") if key in saved]

    def cell(operation: str, read: str, write: str, **parameters: float) -> Act:
        return lambda c: Step(operation, (at(read, c, *stat),), at(write, c, *stat), tuple(parameters.items()))

    def gather(operation: str, read: str, write: str) -> Act:
        return lambda c: Step(operation, (found.region(read, c),), at(write, c, *stat))

    def over(operation: str, read: str, by: str, write: str) -> Act:
        return lambda c: Step(operation, (found.region(read, c), at(by, c, *stat)), found.region(write, c))

    def scale(c: Cell) -> Step:
        reads = (found.region("normalised", c), *(found.weights(key, c) for key in weights))
        return Step("scale_shift", reads, found.region("output", c), (("trailing", found.trailing),))

    def blended(old: str, new: str) -> Act:
        weight = (("weight", config.new_weight),)
        return lambda c: Step("blend", (at(old, c, *stat), at(new, c, *stat)), at(f"new_{old}", c, *stat), weight)

    acts: list[Act] = []
    if not rms:
        acts += [gather("average", "input", mean)] if live else []
        acts.append(over("minus", "input", mean, "centred"))
    acts += [gather("mean_of_squares", base, spread)] if live else []
    acts += [cell("deviation", spread, "deviation", eps=eps), over("divide", base, "deviation", "normalised"), scale]
    if live and config.kind == "batch":
        acts.append(blended("running_mean", "mean"))
        acts.append(cell("rescale", "variance", "unbiased_variance", factor=_unbiased(config, found)))
        acts.append(blended("running_variance", "unbiased_variance"))
    return per_cell(stat, found.stat_shape, *acts)


@operation("mean_of_squares", lambda x: (x.size + 2, finite_max((x * x).sum() / x.size)))
def mean_of_squares(x: Array) -> Array:
    """Σ x² ÷ n over every cell."""
    return np.asarray((x * x).sum() / x.dtype.type(x.size))


@operation("deviation")
def deviation(x: Array, *, eps: float) -> Array:
    """√(x + eps)."""
    return np.asarray(np.sqrt(x + x.dtype.type(eps)))


@operation("scale_shift")
def scale_shift(x: Array, *weights: Array, trailing: int) -> Array:
    """gamma · x + beta, or what there is of it; gamma and beta lack ``trailing`` axes."""
    for k, weight in enumerate(weights):
        wide = weight.reshape(weight.shape + (1,) * trailing)
        x = x + wide if k else x * wide
    return x


@operation("blend")
def blend(old: Array, new: Array, *, weight: float) -> Array:
    """(1 − weight) · old + weight · new."""
    kind = new.dtype.type
    return np.asarray(kind(1 - weight) * old + kind(weight) * new)


_ARRAY_NAMES = ("input", "gamma", "beta", "running_mean", "running_variance")
_ARRAYS = (
    ArrayOption("input", ("batch", "features"), "input", "one row a sample; or (batch, channels, height, width)"),
    ArrayOption("gamma", ("features",), "weight", "what the normalised numbers are multiplied by", optional=True),
    ArrayOption("beta", ("features",), "weight", "what is added to them", optional=True),
    ArrayOption("running_mean", ("features",), "weight", "mean of the batches so far", optional=True),
    ArrayOption("running_variance", ("features",), "weight", "variance of the batches so far", optional=True),
)


def _layer(name: str, title: str, config: type[NormConfig], source: str) -> Layer:
    return Layer(
        name=name,
        title=title,
        config=config,
        arrays=_ARRAYS,
        complete=complete,
        compute=partial(compute, name),
        assemble=partial(assemble, name),
        formula="y = γ (x − μ) / √(σ² + ε) + β",
        source=source,
        backward=backward,
        makes=alike("input", 4),
        back=1.3,
    )


BATCH_NORM = _layer(
    "batchnorm", "Batch normalisation", NormConfig,
    "Ioffe and Szegedy, Batch Normalization (2015), algorithm 1; torch.nn.BatchNorm2d",
)  # fmt: skip
LAYER_NORM = _layer(
    "layernorm", "Layer normalisation", LayerNormConfig,
    "Ba, Kiros, Hinton, Layer Normalization (2016), equation 4; torch.nn.LayerNorm",
)  # fmt: skip
