"""Padding as a layer of its own: a frame of zeros, or of the array's own numbers, around it."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

import numpy as np

from layeranim.engine import axes, window
from layeranim.engine.arithmetic import per_cell
from layeranim.engine.array import shape_text
from layeranim.engine.backward import beside, passed_back, start
from layeranim.engine.entry import enter
from layeranim.engine.option import ArrayOption, Choice, Config, Layer, Real, option
from layeranim.engine.replay import operation
from layeranim.engine.trace import Array, Region, Shape, Step, Tensor, Trace, tensors
from layeranim.errors import OptionError, ShapeError
from layeranim.records import dataclass

Cell = Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class PadConfig(Config):
    """Options of padding."""

    padding: tuple[int, ...] = option(
        axes.Several(0, 10**6, 2 * axes.MOST), (1, 1, 1, 1),
        "cells before and after each of the last axes, the outermost first: top,bottom,left,right",
    )  # fmt: skip
    padding_mode: str = option(
        Choice(window.MODES),
        "zeros",
        "what they hold: the value, or numbers of the array mirrored, repeated or wrapped",
    )
    value: float = option(Real(), 0.0, "what they hold with padding_mode zeros")


def _sides(config: PadConfig, shape: Shape) -> tuple[window.Axis, ...]:
    """Every axis with the cells before and after it. Raises ``OptionError`` where a mode or the rank forbids it."""
    if len(config.padding) % 2:
        raise OptionError(f"padding is {config.shown()['padding']}, but must be two numbers an axis, before and after")
    pairs = tuple(zip(config.padding[::2], config.padding[1::2], strict=True))
    if len(pairs) > len(shape):
        raise ShapeError(f"input has shape {shape_text(shape)}, but padding is for {len(pairs)} axes")
    full = ((0, 0),) * (len(shape) - len(pairs)) + pairs
    ones = (1,) * len(shape)
    return window.slide(full, shape, ones, ones, ones, mode=config.padding_mode, names=axes.names(len(shape)))


def complete(config: PadConfig, shapes: Mapping[str, Shape | None]) -> tuple[PadConfig, dict[str, Shape]]:
    """An input with at least as many axes as are padded.

    ``input`` (axis_1, axis_2) gives ``output`` (axis_1, axis_2), longer by the padding; up to six axes.
    Raises ``ShapeError`` for arrays that do not fit the layer or each other, ``OptionError`` for options that do not
    go together.
    """
    if config.value and config.padding_mode != "zeros":
        raise OptionError(
            f"value is {config.value:g}, but padding_mode {config.padding_mode} takes numbers of the array"
        )
    shape = axes.aligned("input", shapes.get("input")) or (3,) * max(1, len(config.padding) // 2)
    for name, size in {"input": shape, "output": tuple(side.padded for side in _sides(config, shape))}.items():
        window.affordable(name, size)
    return config, {"input": shape}


def makes(config: PadConfig, shapes: Mapping[str, Shape]) -> dict[str, Shape]:
    """The array with its frame."""
    return {"output": tuple(side.padded for side in _sides(config, shapes["input"]))}


def compute(config: PadConfig, arrays: Mapping[str, Array]) -> Trace:
    """The trace: ``output`` is ``input`` with the padding around it."""
    full, ready = enter("pad", _ARRAYS, complete, config, arrays)
    x = ready["input"]
    sides = _sides(full, x.shape)
    if full.padding_mode == "zeros":
        output = np.pad(x, [(s.before, s.after) for s in sides], constant_values=x.dtype.type(full.value))
    else:
        output = np.array(window.pad(x, sides, full.padding_mode))
    names = axes.own_names("input", x.shape, output.shape)
    held = tensors(Tensor("input", names, "input", x), Tensor("output", axes.names(x.ndim), "output", output))
    return assemble(full, held)


def assemble(config: PadConfig, saved: Mapping[str, Tensor]) -> Trace:
    """The trace from its stored tensors."""
    x, output = saved["input"], saved["output"]
    sides = _sides(config, x.shape)
    origins = [window.origin(side, config.padding_mode) for side in sides]
    value = float(x.dtype.type(config.value))

    def act(c: Cell) -> Step:
        cell = [origin[k] for origin, k in zip(origins, c.values(), strict=True)]
        writes = Region("output", tuple(c.items()))
        if None in cell:
            return Step("fill", (), writes, (("value", value),))
        return Step("copy", (Region("input", tuple(zip(x.axes, map(int, cell), strict=True))),), writes)  # type: ignore[arg-type]

    facts: dict[str, int | float | str] = {"padding": config.shown()["padding"], "parameters": 0}
    return Trace("pad", config, tensors(x, output), per_cell(output.axes, output.shape, act), facts)


def backward(trace: Trace, gradients: Mapping[str, Array]) -> Trace:
    """Each number gets the sum of the gradients of the places that hold it; what fell on the frame's value is lost."""
    config: Any = trace.config
    g, x = start(trace, gradients), trace.tensor("input")
    sides = _sides(config, x.shape)
    places = [_places(window.origin(side, config.padding_mode), side.size) for side in sides]
    back = g
    for axis, where in enumerate(places):
        moved = np.moveaxis(back, axis, 0)
        back = np.moveaxis(np.stack([moved[list(at)].sum(axis=0) for at in where]), 0, axis)
    every = beside(
        trace,
        Tensor("grad_output", trace.axes("output"), "input", g),
        Tensor("grad_input", x.axes, "output", np.ascontiguousarray(back)),
    )
    names = trace.axes("output")

    def act(c: Cell) -> Step:
        held = product(*(where[k] for where, k in zip(places, c.values(), strict=True)))
        reads = tuple(Region("grad_output", tuple(zip(names, cell, strict=True))) for cell in held)
        return Step("add", reads, Region("grad_input", tuple(c.items())))

    return passed_back(trace, {"output": g}, every, per_cell(x.axes, x.shape, act))


def _places(origin: tuple[int | None, ...], size: int) -> list[tuple[int, ...]]:
    """For each position of an axis the padded positions that hold it."""
    found: list[list[int]] = [[] for _ in range(size)]
    for at, held in enumerate(origin):
        if held is not None:
            found[held].append(at)
    return [tuple(at) for at in found]


@operation("fill")
def fill(*, value: float) -> Array:
    """A number that is there already."""
    return np.asarray(value)


_ARRAYS = (ArrayOption("input", axes.names(axes.MOST), "input", "an array of any shape"),)

PAD = Layer(
    name="pad",
    title="Padding",
    config=PadConfig,
    arrays=_ARRAYS,
    complete=complete,
    compute=compute,
    assemble=assemble,
    formula="y[i] = x[i − before], and around it zeros, or the numbers of x mirrored, repeated or wrapped",
    source="torch.nn.functional.pad, torch.nn.ZeroPad2d",
    backward=backward,
    makes=makes,
)
