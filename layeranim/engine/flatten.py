"""Flattening: feature maps become one row of numbers a sample, channel by channel, in reading order."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from layeranim.engine import window
from layeranim.engine.arithmetic import Act, at, per_cell
from layeranim.engine.backward import beside, passed_back, start
from layeranim.engine.entry import enter, ranked
from layeranim.engine.memory import alike
from layeranim.engine.option import ArrayOption, Config, Layer
from layeranim.engine.replay import operation
from layeranim.engine.trace import Array, Shape, Step, Tensor, Trace, count, tensors
from layeranim.records import dataclass

_INPUT, _OUTPUT = ("batch", "channels", "height", "width"), ("batch", "features")


@dataclass(frozen=True, kw_only=True)
class FlattenConfig(Config):
    """A flattening has no options."""


def complete(config: FlattenConfig, shapes: Mapping[str, Shape | None]) -> tuple[FlattenConfig, dict[str, Shape]]:
    """Input (batch, channels, height, width), or without its first axes.

    Raises ``ShapeError`` for arrays that do not fit the layer or each other.
    """
    shape = ranked("input", shapes.get("input"), _INPUT, 2) or (1, 2, 2, 2)
    window.affordable("input", shape)
    return config, {"input": shape}


def compute(config: FlattenConfig, arrays: Mapping[str, Array]) -> Trace:
    """The trace: ``output`` (batch, features) holds the numbers of ``input`` as they were."""
    full, ready = enter("flatten", _ARRAYS, complete, config, arrays)
    x = ready["input"]
    output = Tensor("output", _OUTPUT, "output", x.reshape(len(x), -1).copy())
    return assemble(full, tensors(Tensor("input", _INPUT, "input", x), output))


def assemble(config: FlattenConfig, saved: Mapping[str, Tensor]) -> Trace:
    """The trace from its stored tensors."""
    shape = saved["input"].shape
    act: Act = lambda c: Step("unroll", (at("input", c, "batch"),), at("output", c, "batch"))  # noqa: E731
    facts: dict[str, int | float | str] = {"features": count(shape[1:]), "parameters": 0}
    return Trace("flatten", config, tensors(*saved.values()), per_cell(("batch",), shape[:1], act), facts)


def backward(trace: Trace, gradients: Mapping[str, Array]) -> Trace:
    """The gradient goes back to where each number came from."""
    g, shape = start(trace, gradients), trace.tensor("input").shape
    size = (("shape", shape[1:]),)
    act: Act = lambda c: Step("roll_up", (at("grad_output", c, "batch"),), at("grad_input", c, "batch"), size)  # noqa: E731
    every = beside(
        trace,
        Tensor("grad_output", _OUTPUT, "input", g),
        Tensor("grad_input", _INPUT, "output", g.reshape(shape).copy()),
    )
    return passed_back(trace, {"output": g}, every, per_cell(("batch",), shape[:1], act))


@operation("unroll")
def unroll(x: Array) -> Array:
    """The cells in reading order, as one vector."""
    return x.reshape(-1)


@operation("roll_up")
def roll_up(x: Array, *, shape: Shape) -> Array:
    """A vector's cells in reading order, as a block."""
    return np.asarray(x.reshape(shape))


_ARRAYS = (ArrayOption("input", _INPUT, "input", "the feature maps"),)

FLATTEN = Layer(
    name="flatten",
    title="Flatten",
    config=FlattenConfig,
    arrays=_ARRAYS,
    complete=complete,
    compute=compute,
    assemble=assemble,
    formula="y[b, (c·H + i)·W + j] = x[b, c, i, j]",
    source="torch.nn.Flatten",
    backward=backward,
    makes=alike("input", 1),
)
