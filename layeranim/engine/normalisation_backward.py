"""Normalisation backwards: the gradient also goes through the mean and the variance that the cells share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from layeranim.engine.arithmetic import Cell, at, per_cell
from layeranim.engine.backward import beside, passed_back, start
from layeranim.engine.normalisation_shapes import NormPlan, plan
from layeranim.engine.replay import finite_max, operation
from layeranim.engine.trace import Array, Step, Steps, Tensor, Trace


def backward(trace: Trace, gradients: Mapping[str, Array]) -> Trace:
    """∂x = (ĝ − mean of ĝ − x̂ · mean of ĝ·x̂) / deviation, with ĝ = grad_output · gamma and x̂ the normalised input.

    Ioffe and Szegedy (2015), section 3, with their sums gathered. rms leaves out the first mean, inference both.
    ∂gamma = Σ grad_output · x̂, ∂beta = Σ grad_output.
    """
    config: Any = trace.config
    g = start(trace, gradients)
    found = plan(config, g.shape)
    live = config.mode == "training"
    with np.errstate(all="ignore"):
        at_hat = g * found.spread(trace["gamma"]) if "gamma" in trace else g
        hat, x_hat, n = found.fold(at_hat), found.fold(trace["normalised"]), g.dtype.type(found.terms)
        total, means = hat, {}
        if live and config.kind != "rms":
            means["mean_gradient"] = hat.sum(axis=-1) / n
            total = total - means["mean_gradient"][..., None]
        if live:
            means["mean_product"] = (hat * x_hat).sum(axis=-1) / n
            total = total - x_hat * means["mean_product"][..., None]
        total = found.unfold(total / trace["deviation"][..., None])
        weights = _weights(found, g, trace)
    every = beside(
        trace,
        Tensor("grad_output", found.names, "input", g),
        Tensor("grad_normalised", found.names, "intermediate", at_hat),
        *(Tensor(name, found.stat, "intermediate", array) for name, array in means.items()),
        Tensor("grad_input", found.names, "output", total),
        *(Tensor(f"grad_{name}", found.weight, "output", array) for name, array in weights.items()),
    )
    return passed_back(trace, {"output": g}, every, _steps(found, every))


def _weights(found: NormPlan, g: Array, trace: Trace) -> dict[str, Array]:
    over = tuple(k for k, name in enumerate(found.names) if name not in found.weight)
    made = {"gamma": (g * trace["normalised"]).sum(axis=over)} if "gamma" in trace else {}
    return made | ({"beta": g.sum(axis=over)} if "beta" in trace else {})


def _steps(found: NormPlan, every: Mapping[str, Tensor]) -> Steps:
    stat = found.stat
    means = [name for name in ("mean_gradient", "mean_product") if name in every]

    def scale(c: Cell) -> Step:
        weights = (found.weights("gamma", c),) if "gamma" in every else ()
        reads = (found.region("grad_output", c), *weights)
        return Step("scale_shift", reads, found.region("grad_normalised", c), (("trailing", found.trailing),))

    def average(c: Cell) -> Step:
        return Step("average", (found.region("grad_normalised", c),), at("mean_gradient", c, *stat))

    def product(c: Cell) -> Step:
        reads = (found.region("grad_normalised", c), found.region("normalised", c))
        return Step("mean_product", reads, at("mean_product", c, *stat))

    def back(c: Cell) -> Step:
        reads = [found.region("grad_normalised", c), found.region("normalised", c), at("deviation", c, *stat)]
        reads += [at(name, c, *stat) for name in means]
        return Step("norm_back", tuple(reads), found.region("grad_input", c))

    def gamma(c: Cell) -> Step:
        reads = (at("grad_output", c, *found.weight), at("normalised", c, *found.weight))
        return Step("dot", reads, at("grad_gamma", c, *found.weight))

    def beta(c: Cell) -> Step:
        return Step("add", (at("grad_output", c, *found.weight),), at("grad_beta", c, *found.weight))

    acts = {"mean_gradient": average, "mean_product": product}
    parts = [per_cell(stat, found.stat_shape, scale, *(acts[name] for name in means), back)]
    for name, act in (("grad_gamma", gamma), ("grad_beta", beta)):
        if name in every:
            parts.append(per_cell(found.weight, found.weight_shape, act))
    return Steps.chain(*parts)


@operation("mean_product", lambda x, y: (x.size + 2, finite_max(np.abs(x * y).sum() / x.size)))
def mean_product(x: Array, y: Array) -> Array:
    """Σ x · y ÷ n over every cell."""
    return np.asarray((x * y).sum() / x.dtype.type(x.size))


@operation("norm_back")
def norm_back(hat: Array, x_hat: Array, deviation: Array, *means: Array) -> Array:
    """(ĝ − mean of ĝ − x̂ · mean of ĝ·x̂) / deviation; rms has only the second mean, inference has none."""
    total = hat - means[0] if len(means) == 2 else hat
    if means:
        total = total - x_hat * means[-1]
    return np.asarray(total / deviation)
