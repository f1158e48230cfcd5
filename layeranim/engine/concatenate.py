"""Concatenation: arrays one after another along an axis, as where a U-Net's decoder takes in what its encoder saw."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from layeranim.engine import axes, door, window
from layeranim.engine.array import axes_text, shape_text
from layeranim.engine.backward import beside, passed_back, start
from layeranim.engine.entry import enter
from layeranim.engine.option import ArrayOption, Config, Integer, Layer, option
from layeranim.engine.trace import Array, Region, Shape, Step, Tensor, Trace, count, tensors
from layeranim.errors import OptionError, ShapeError
from layeranim.records import dataclass

Where = tuple[tuple[str, range], ...]
MOST = 1000
"""Arrays that may be joined."""


@dataclass(frozen=True, kw_only=True)
class ConcatenateConfig(Config):
    """Options of a concatenation."""

    axis: int = option(Integer(-axes.MOST, axes.MOST - 1), 0, "the axis along which they follow one another")
    inputs: int | None = option(Integer(1, MOST), None, "how many arrays there are (default: those given, else 2)")


def name_of(word: str) -> str | None:
    """``input3`` and the like, however many there are."""
    return word if re.fullmatch(r"input[1-9][0-9]{0,3}", word) and int(word[5:]) <= MOST else None


def _spread(config: ConcatenateConfig, ndim: int) -> int:
    """The axis, from 0."""
    if not -ndim <= config.axis < ndim:
        bounds = f"from {-ndim} to {ndim - 1}"
        raise OptionError(f"axis is {config.axis}, but must be {bounds} for arrays of {axes_text(ndim)}")
    return config.axis % ndim


def complete(
    config: ConcatenateConfig, shapes: Mapping[str, Shape | None]
) -> tuple[ConcatenateConfig, dict[str, Shape]]:
    """Arrays that agree but for the axis along which they are joined; one that is not given is as the first given.

    ``input1`` (axis_1, axis_2), ``input2`` and more, alike but for one axis, give ``output`` (axis_1, axis_2).
    Raises ``ShapeError`` for arrays that do not fit the layer or each other, ``OptionError`` for options that do not
    go together.
    """
    given = {name: tuple(shape) for name, shape in shapes.items() if shape is not None}
    numbers = [int(name[5:]) for name in given if name_of(name)]
    inputs = config.inputs or max([2, *numbers])
    ndim = max(2, config.axis + 1 if config.axis >= 0 else -config.axis)
    first = next(iter(given.values()), (2,) * (ndim - 1) + (3,))
    needed: dict[str, Shape] = {}
    for k in range(1, inputs + 1):
        name = f"input{k}"
        needed[name] = axes.aligned(name, given.get(name, first) or (1,)) or ()
        at = _spread(config, len(needed["input1"]))
        rest = [tuple(n for axis, n in enumerate(needed[key]) if axis != at) for key in ("input1", name)]
        if len(needed[name]) != len(needed["input1"]) or rest[0] != rest[1]:
            raise ShapeError(
                f"{name} has shape {shape_text(needed[name])} and input1 {shape_text(needed['input1'])}, "
                f"but they may differ along axis {config.axis} alone"
            )
        window.affordable(name, needed[name])
    door.known(given, needed, "concatenate")
    window.affordable("output", _joined(config, needed))
    return config.replace(inputs=inputs), needed


def _joined(config: ConcatenateConfig, needed: Mapping[str, Shape]) -> Shape:
    first = needed["input1"]
    at = _spread(config, len(first))
    return (*first[:at], sum(shape[at] for shape in needed.values()), *first[at + 1 :])


def makes(config: ConcatenateConfig, shapes: Mapping[str, Shape]) -> dict[str, Shape]:
    """All of them together."""
    return {"output": _joined(config, shapes)}


def compute(config: ConcatenateConfig, arrays: Mapping[str, Array]) -> Trace:
    """The trace: ``output`` holds ``input1``, ``input2``, … one after another along ``axis``."""
    taken = [*_ARRAYS, *(ArrayOption(n, (), "input", "") for n in arrays if name_of(n) and n not in _DECLARED)]
    full, ready = enter("concatenate", taken, complete, config, arrays)
    at = _spread(full, ready["input1"].ndim)
    output = np.concatenate(list(ready.values()), axis=at)
    held = [Tensor(name, _axes(name, x.ndim, at), "input", x) for name, x in ready.items()]
    return assemble(full, tensors(*held, Tensor("output", axes.names(output.ndim), "output", output)))


def _axes(name: str, ndim: int, at: int) -> tuple[str, ...]:
    """The axis that is joined has in each array a size of its own."""
    return tuple(f"{name}_{axis}" if k == at else axis for k, axis in enumerate(axes.names(ndim)))


def assemble(config: ConcatenateConfig, saved: Mapping[str, Tensor]) -> Trace:
    """The trace from its stored tensors."""
    inputs = [saved[f"input{k}"] for k in range(1, (config.inputs or 0) + 1)]
    places = _places(config, inputs)
    steps = [Step("copy", (Region(x.name),), Region("output", where)) for x, where in places]
    facts: dict[str, int | float | str] = {"inputs": len(inputs), "cells": count(saved["output"].shape),
                                           "parameters": 0}  # fmt: skip
    return Trace("concatenate", config, tensors(*inputs, saved["output"]), steps, facts)


def _places(config: ConcatenateConfig, inputs: list[Tensor]) -> list[tuple[Tensor, Where]]:
    """Where in the output each array stands."""
    at, begin, found = _spread(config, len(inputs[0].shape)), 0, list[tuple[Tensor, Where]]()
    for x in inputs:
        found.append((x, ((f"axis_{at + 1}", range(begin, begin + x.shape[at])),)))
        begin += x.shape[at]
    return found


def backward(trace: Trace, gradients: Mapping[str, Array]) -> Trace:
    """Each array gets back the gradient of the place where it stood."""
    config: Any = trace.config
    g = start(trace, gradients)
    inputs = [trace.tensor(f"input{k}") for k in range(1, config.inputs + 1)]
    places = _places(config, inputs)
    grad = Tensor("grad_output", trace.axes("output"), "input", g)
    made = [Tensor(f"grad_{x.name}", x.axes, "output", grad.read(Region("grad_output", where)).copy())
            for x, where in places]  # fmt: skip
    steps = [Step("copy", (Region("grad_output", where),), Region(f"grad_{x.name}")) for x, where in places]
    return passed_back(trace, {"output": g}, beside(trace, grad, *made), steps)


_AXES = axes.names(axes.MOST)
_ARRAYS = (
    ArrayOption("input1", _AXES, "input", "the first array, of any shape"),
    ArrayOption("input2", _AXES, "input", "the one after it; further ones are input3, input4, …"),
)
_DECLARED = tuple(item.name for item in _ARRAYS)

CONCATENATE = Layer(
    name="concatenate",
    title="Concatenation",
    config=ConcatenateConfig,
    arrays=_ARRAYS,
    complete=complete,
    compute=compute,
    assemble=assemble,
    formula="y = [x_1; x_2; …] along an axis",
    source="Ronneberger, Fischer, Brox, U-Net (2015), figure 1; torch.cat",
    backward=backward,
    inner=name_of,
    makes=makes,
)
