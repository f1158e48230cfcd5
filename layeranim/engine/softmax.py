"""Softmax: logits become probabilities: by a temperature, minus their largest, e to their power, by the sum of all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from layeranim.engine import window
from layeranim.engine.arithmetic import Act, at, log_softmax_back, per_cell
from layeranim.engine.backward import beside, passed_back, start
from layeranim.engine.entry import enter, ranked
from layeranim.engine.memory import alike
from layeranim.engine.option import ArrayOption, Config, Flag, Integer, Layer, Real, option
from layeranim.engine.trace import Array, Shape, Step, Tensor, Trace, tensors
from layeranim.records import dataclass

_AXES = ("batch", "classes")


@dataclass(frozen=True, kw_only=True)
class SoftmaxConfig(Config):
    """Options of a softmax."""

    temperature: float = option(Real(above=0), 1.0, "what the logits are divided by: high evens out, low sharpens")
    log: bool = option(Flag(), False, "give the logarithms of the probabilities")
    axis: int = option(Integer(-2, 1), -1, "the axis along which the probabilities sum to 1: -1 classes, 0 batch")


def complete(config: SoftmaxConfig, shapes: Mapping[str, Shape | None]) -> tuple[SoftmaxConfig, dict[str, Shape]]:
    """Every size filled in: logits (batch, classes) or (classes).

    Raises ``ShapeError`` for arrays that do not fit the layer or each other.
    """
    shape = ranked("logits", shapes.get("logits"), _AXES, 1) or (1, 3)
    window.affordable("logits", shape)
    return config, {"logits": shape}


def compute(config: SoftmaxConfig, arrays: Mapping[str, Array]) -> Trace:
    """The trace of a softmax along one axis of ``logits`` (batch, classes)."""
    full, ready = enter("softmax", _ARRAYS, complete, config, arrays)
    x = ready["logits"]
    axis, row = full.axis % 2, (_AXES[1 - full.axis % 2],)
    with np.errstate(all="ignore"):
        scaled = x / x.dtype.type(full.temperature)
        most = scaled.max(axis=axis)
        shifted = scaled - np.expand_dims(most, axis)
        powers = np.exp(shifted)
        total = powers.sum(axis=axis)
        held = [
            Tensor("logits", _AXES, "input", x),
            Tensor("scaled", _AXES, "intermediate", scaled),
            Tensor("maximum", row, "intermediate", most),
            Tensor("shifted", _AXES, "intermediate", shifted),
            Tensor("exponentials", _AXES, "intermediate", powers),
            Tensor("total", row, "intermediate", total),
        ]
        if full.log:
            logarithm = np.log(total)
            held.append(Tensor("log_total", row, "intermediate", logarithm))
            output = shifted - np.expand_dims(logarithm, axis)
        else:
            output = powers / np.expand_dims(total, axis)
    return assemble(full, tensors(*held, Tensor("output", _AXES, "output", output)))


def assemble(config: SoftmaxConfig, saved: Mapping[str, Tensor]) -> Trace:
    """The trace from its stored tensors: steps and facts are made here."""
    row = _AXES[1 - config.axis % 2]

    def act(operation: str, reads: tuple[str, ...], write: str, **parameters: float) -> Act:
        return lambda c: Step(
            operation, tuple(at(name, c, row) for name in reads), at(write, c, row), tuple(parameters.items())
        )

    acts = [
        act("divide_by", ("logits",), "scaled", by=config.temperature),
        act("select", ("scaled",), "maximum"),
        act("minus", ("scaled", "maximum"), "shifted"),
        act("exponential", ("shifted",), "exponentials"),
        act("add", ("exponentials",), "total"),
    ]
    if config.log:
        acts += [act("logarithm", ("total",), "log_total"), act("minus", ("shifted", "log_total"), "output")]
    else:
        acts.append(act("divide", ("exponentials", "total"), "output"))
    steps = per_cell((row,), saved["total"].shape, *acts)
    facts: dict[str, int | float | str] = {"classes": saved["logits"].shape[1], "temperature": config.temperature}
    return Trace("softmax", config, tensors(*saved.values()), steps, facts)


def backward(trace: Trace, gradients: Mapping[str, Array]) -> Trace:
    """grad_scaled = p ⊙ (g − Σ g·p), or g − p Σ g for the logarithms; grad_logits = grad_scaled ÷ temperature."""
    config: Any = trace.config
    g, y = start(trace, gradients), trace["output"]
    axis, row = config.axis % 2, _AXES[1 - config.axis % 2]
    with np.errstate(all="ignore"):
        if config.log:
            scaled = np.swapaxes(log_softmax_back(np.swapaxes(g, axis, 1), np.swapaxes(y, axis, 1)), axis, 1)
        else:
            scaled = y * (g - (g * y).sum(axis=axis, keepdims=True))
        total = scaled / g.dtype.type(config.temperature)
    every = beside(
        trace,
        Tensor("grad_output", _AXES, "input", g),
        Tensor("grad_scaled", _AXES, "intermediate", scaled),
        Tensor("grad_logits", _AXES, "output", total),
    )
    name = "log_softmax_back" if config.log else "softmax_back"
    back: Act = lambda c: Step(name, (at("grad_output", c, row), at("output", c, row)), at("grad_scaled", c, row))  # noqa: E731
    by = (("by", config.temperature),)
    divide: Act = lambda c: Step("divide_by", (at("grad_scaled", c, row),), at("grad_logits", c, row), by)  # noqa: E731
    return passed_back(trace, {"output": g}, every, per_cell((row,), (y.shape[1 - axis],), back, divide))


_ARRAYS = (ArrayOption("logits", _AXES, "input", "one row of numbers a sample"),)

SOFTMAX = Layer(
    name="softmax",
    title="Softmax",
    config=SoftmaxConfig,
    arrays=_ARRAYS,
    complete=complete,
    compute=compute,
    assemble=assemble,
    formula="p_i = e^(z_i/T) / Σ_j e^(z_j/T)",
    source="Goodfellow, Bengio, Courville: Deep Learning (2016), equation 6.29; torch.nn.Softmax",
    backward=backward,
    makes=alike("logits", 4),
)
