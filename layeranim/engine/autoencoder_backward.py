"""The way back through an autoencoder, from its loss to every weight and to the input."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from layeranim.engine.arithmetic import Cell, at, chain, matmul, per_cell
from layeranim.engine.autoencoder_runs import AutoencoderConfig, DenseRun, runs
from layeranim.engine.backward import beside, passed_back, start
from layeranim.engine.losses import PENALTIES
from layeranim.engine.trace import Array, Region, Shape, Step, Steps, Tensor, Trace, count, tensors

_SAMPLES = ("batch", "in_features")


def backward(trace: Trace, gradients: Mapping[str, Array]) -> Trace:
    """The gradient of every weight and of the input, from that of the ``loss``: back through the decoder and the
    encoder. The input is what the output is compared with, too: its gradient has both parts.
    """
    config: Any = trace.config
    g, x, kind = start(trace, gradients, "loss"), trace["input"], trace["input"].dtype
    made = {"grad_loss": Tensor("grad_loss", (), "input", g)}
    parts: list[Steps] = []
    with np.errstate(all="ignore"):
        share = np.asarray(g / g.dtype.type(x.size))
        slopes = np.asarray(PENALTIES[config.loss].slope(trace["output"], x), kind)
        delta = np.asarray(share * slopes)
        made["share"] = Tensor("share", (), "intermediate", share)
        made["derivative"] = Tensor("derivative", _SAMPLES, "intermediate", slopes)
        made["grad_output"] = Tensor("grad_output", _SAMPLES, "intermediate", delta)
        parts.append(_charged_steps(config, x.shape))
        for link in reversed(runs(config, {})[""]):
            below = "read_gradient" if link.read == "input" else f"grad_{link.read}"
            made |= tensors(*_backed(trace, link, made[f"grad_{link.made}"].array, below))
            parts.append(_backed_steps(trace, link, below))
        both = Tensor("grad_input", _SAMPLES, "output", made["read_gradient"].array - delta)

    def differ(c: Cell) -> Step:
        reads = (at("read_gradient", c, *_SAMPLES), at("grad_output", c, *_SAMPLES))
        return Step("minus", reads, at("grad_input", c, *_SAMPLES))

    steps = Steps.chain(*parts, per_cell(_SAMPLES, x.shape, differ))
    return passed_back(trace, {"loss": g}, beside(trace, *made.values(), both), steps)


def _charged_steps(config: AutoencoderConfig, shape: Shape) -> Steps:
    def divide(c: Cell) -> Step:
        return Step("divide_by", (Region("grad_loss"),), Region("share"), (("by", count(shape)),))

    def slope(c: Cell) -> Step:
        reads = (at("output", c, *_SAMPLES), at("input", c, *_SAMPLES))
        return Step("slope", reads, at("derivative", c, *_SAMPLES), (("name", config.loss),))

    def multiply(c: Cell) -> Step:
        return Step("multiply", (Region("share"), at("derivative", c, *_SAMPLES)), at("grad_output", c, *_SAMPLES))

    return Steps.chain(per_cell((), (), divide), per_cell(_SAMPLES, shape, slope, multiply))


def _backed(trace: Trace, link: DenseRun, above: Array, below: str) -> Iterator[Tensor]:
    """δ = grad ⊙ φ′(z), ∂W = δᵀ x, ∂b = Σ δ, ∂x = δ W of one layer."""
    delta = chain(above, trace[link.name("pre_activation")], name=link.function)
    yield Tensor(f"grad_{link.name('pre_activation')}", link.axes, "intermediate", delta)
    yield Tensor(f"grad_{link.weight}", (link.units, link.inner), "output", matmul(delta.T, trace[link.read]))
    if link.bias in trace:
        yield Tensor(f"grad_{link.bias}", (link.units,), "output", delta.sum(axis=0))
    yield Tensor(below, ("batch", link.inner), "intermediate", matmul(delta, trace[link.weight]))


def _backed_steps(trace: Trace, link: DenseRun, below: str) -> Steps:
    before = f"grad_{link.name('pre_activation')}"

    def delta(c: Cell) -> Step:
        reads = (at(f"grad_{link.made}", c, *link.axes), at(link.name("pre_activation"), c, *link.axes))
        return Step("chain", reads, at(before, c, *link.axes), (("name", link.function),))

    def weight(c: Cell) -> Step:
        reads = (at(before, c, link.units), at(link.read, c, link.inner))
        return Step("dot", reads, at(f"grad_{link.weight}", c, link.units, link.inner))

    def bias(c: Cell) -> Step:
        return Step("add", (at(before, c, link.units),), at(f"grad_{link.bias}", c, link.units))

    def back(c: Cell) -> Step:
        reads = (at(before, c, "batch"), at(link.weight, c, link.inner))
        return Step("dot", reads, at(below, c, "batch", link.inner))

    (batch, units), inner = trace.tensor(link.made).shape, trace.tensor(link.weight).shape[1]
    parts = [per_cell(link.axes, (batch, units), delta), per_cell((link.units, link.inner), (units, inner), weight)]
    parts += [per_cell((link.units,), (units,), bias)] if link.bias in trace else []
    return Steps.chain(*parts, per_cell(("batch", link.inner), (batch, inner), back))
