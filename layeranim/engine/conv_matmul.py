"""A convolution as one matrix product, in two forms that give the same numbers as sliding.

im2col: every window unrolled into a column; kernel matrix (filters × terms) · columns (terms × positions).
Toeplitz: the kernel written into a sparse matrix (filters·positions × padded cells) · the padded input as one vector.
Its zeros are multiplied too, so a NaN or ∞ anywhere reaches every row of the Toeplitz product.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from layeranim.engine import conv_shapes, flatten  # noqa: F401 - registers unroll
from layeranim.engine.activations import ACTIVATIONS
from layeranim.engine.arithmetic import Cell, at, matmul, per_cell
from layeranim.engine.conv_matmul_backward import backward
from layeranim.engine.conv_shapes import ConvConfig
from layeranim.engine.entry import enter
from layeranim.engine.lazy import view
from layeranim.engine.memory import affordable
from layeranim.engine.option import ArrayOption, Integer, Layer, option
from layeranim.engine.trace import Array, Index, Recipe, Shape, Step, Steps, Tensor, Trace, count, kept, tensors
from layeranim.engine.window import Axis, pad
from layeranim.records import dataclass

_INPUT = ("batch", "in_channels", "height", "width")
_PADDED = ("batch", "in_channels", "padded_height", "padded_width")
_KERNEL = ("out_channels", "in_channels", "kernel_height", "kernel_width")
_OUTPUT = ("batch", "out_channels", "out_height", "out_width")
_PRODUCT, _SPARSE = ("batch", "out_channels", "positions"), ("batch", "rows")


@dataclass(frozen=True, kw_only=True)
class MatmulConfig(ConvConfig):
    """Options of a convolution as a matrix product: those of a convolution, in one group."""

    groups: int = option(Integer(1, 1), 1, "one: several groups are several products")


def complete(config: MatmulConfig, shapes: Mapping[str, Shape | None]) -> tuple[ConvConfig, dict[str, Shape]]:
    """As a convolution's, without arrays of more than a film can show as matrices.

    ``input`` (batch, in_channels, height, width), ``kernel`` (out_channels, in_channels, kernel_height, kernel_width)
    give ``output`` (batch, out_channels, out_height, out_width).
    """
    full, needed = conv_shapes.complete(config, shapes)
    rows, columns = conv_shapes.axes_of(full, needed["input"])
    positions, cells = rows.out * columns.out, rows.padded * columns.padded
    for name, shape in {
        "the unrolled input": (count(needed["kernel"][1:]), positions),
        "the Toeplitz matrix": (needed["kernel"][0] * positions, needed["input"][1] * cells),
    }.items():
        affordable(name, shape)
    return full, needed


def makes(config: MatmulConfig, shapes: Mapping[str, Shape]) -> dict[str, Shape]:
    """What a convolution makes, and both matrices while they are multiplied."""
    axes = conv_shapes.axes_of(config, shapes["input"])
    made, positions = conv_shapes.makes(config, shapes), axes[0].out * axes[1].out
    rows = shapes["kernel"][0] * positions
    return {
        **made,
        "matrix_product": made["pre_activation"],
        "toeplitz_product": made["pre_activation"],
        "columns": (shapes["input"][0], count(shapes["kernel"][1:]), positions),
        "toeplitz": (rows, count(made["padded"][1:])),
    }


def compute(config: MatmulConfig, arrays: Mapping[str, Array]) -> Trace:
    """The trace; ``input``, ``kernel`` and ``bias`` as a convolution takes them.

    Raises ``ShapeError`` or ``OptionError`` for what does not go together.
    """
    full, ready = enter("conv-matmul", _ARRAYS, complete, config, arrays)
    x, kernel, bias = ready["input"], ready["kernel"], ready.get("bias")
    axes = conv_shapes.axes_of(full, x.shape)
    kernel = np.ascontiguousarray(kernel[..., ::-1, ::-1] if full.flip else kernel)
    padded = pad(x, axes, full.padding_mode)
    with np.errstate(all="ignore"):
        product = matmul(kernel.reshape(len(kernel), -1), _columns(padded, axes))
        sparse = matmul(_toeplitz(kernel, padded.shape, axes), padded.reshape(len(padded), -1, 1))
        before = product.reshape(*product.shape[:2], *(axis.out for axis in axes))
        if bias is not None:
            before = before + bias[:, None, None]
    held = tensors(
        Tensor("input", _INPUT, "input", x),
        Tensor("padded", _PADDED, "intermediate", padded),
        Tensor("kernel", _KERNEL, "weight", kernel),
        *([Tensor("bias", ("out_channels",), "weight", bias)] if bias is not None else []),
        Tensor("matrix_product", _PRODUCT, "intermediate", product),
        Tensor("toeplitz_product", _SPARSE, "intermediate", sparse[..., 0]),
        Tensor("pre_activation", _OUTPUT, "intermediate", before),
        Tensor("output", _OUTPUT, "output", ACTIVATIONS[full.activation](before)),
    )
    return assemble(full, held)


def _columns(padded: Array, axes: tuple[Axis, Axis]) -> Array:
    """Every window as a column, (batch, terms, positions)."""
    rows, columns = axes
    windows = np.lib.stride_tricks.sliding_window_view(padded, (rows.reach, columns.reach), axis=(2, 3))
    windows = windows[:, :, :: rows.stride, :: columns.stride, :: rows.dilation, :: columns.dilation]
    return windows.transpose(0, 1, 4, 5, 2, 3).reshape(len(padded), -1, rows.out * columns.out)


def _toeplitz(kernel: Array, padded: Shape, axes: tuple[Axis, Axis]) -> Array:
    """The kernel's numbers where each output cell meets each padded cell, 0 elsewhere."""
    rows, columns = axes
    matrix = np.zeros((len(kernel), rows.out, columns.out, *padded[1:]), kernel.dtype)
    for r in range(rows.out):
        for c in range(columns.out):
            down, across = rows.taps(r), columns.taps(c)
            matrix[:, r, c, :, down.start : down.stop : down.step, across.start : across.stop : across.step] = kernel
    return matrix.reshape(len(kernel) * rows.out * columns.out, -1)


def assemble(config: ConvConfig, saved: Mapping[str, Tensor]) -> Trace:
    """The trace from its stored tensors: both matrices, steps and facts are made here."""
    padded, kernel, output = saved["padded"], saved["kernel"], saved["output"]
    axes = conv_shapes.axes_of(config, saved["input"].shape)
    bias = [saved["bias"]] if "bias" in saved else []
    every = tensors(
        saved["input"], padded, kernel, *bias,
        _unrolled(padded, kernel.shape, axes),
        view("kernel_matrix", ("out_channels", "terms"), kernel.array.reshape(len(kernel.array), -1), "weight"),
        saved["matrix_product"],
        view("flat_input", ("batch", "cells"), padded.array.reshape(len(padded.array), -1)),
        _sparse(padded.shape, kernel, axes),
        saved["toeplitz_product"], saved["pre_activation"], output,
    )  # fmt: skip
    rows, positions = every["toeplitz"].shape[0], axes[0].out * axes[1].out
    cells = every["flat_input"].shape[1]
    facts: dict[str, int | float | str] = {
        "terms": count(kernel.shape[1:]),
        "positions": positions,
        "multiplications": count(output.shape) * count(kernel.shape[1:]),
        "toeplitz_cells": rows * cells,
        "toeplitz_filled": rows * count(kernel.shape[1:]),
        "height_formula": axes[0].formula,
        "width_formula": axes[1].formula,
    }
    return Trace("conv-matmul", config, every, _steps(config, axes, every), facts)


def _unrolled(padded: Tensor, kernel: Shape, axes: tuple[Axis, Axis]) -> Tensor:
    """im2col, read on demand: column ``p`` is window ``p`` in reading order."""
    shape = (padded.shape[0], count(kernel[1:]), axes[0].out * axes[1].out)

    def read(index: Index) -> Array:
        b, term, position = _spread(index, shape)
        ch, i, j = np.unravel_index(term, kernel[1:])
        r, c = np.unravel_index(position, (axes[0].out, axes[1].out))
        down, across = r * axes[0].stride + i * axes[0].dilation, c * axes[1].stride + j * axes[1].dilation
        return _trim(padded.array[b, ch, down, across], index)

    return Tensor("columns", ("batch", "terms", "positions"), "intermediate", Recipe(shape, padded.dtype, read))


def _sparse(padded: Shape, kernel: Tensor, axes: tuple[Axis, Axis]) -> Tensor:
    """The Toeplitz matrix, read on demand: row (filter, position), column (channel, padded cell)."""
    shape = (kernel.shape[0] * axes[0].out * axes[1].out, count(padded[1:]))

    def read(index: Index) -> Array:
        row, column = _spread(index, shape)
        f, r, c = np.unravel_index(row, (kernel.shape[0], axes[0].out, axes[1].out))
        ch, y, x = np.unravel_index(column, padded[1:])
        taps, inside = [], np.asarray(True)
        for place, out, axis in ((y, r, axes[0]), (x, c, axes[1])):
            tap, off = np.divmod(place - out * axis.stride, axis.dilation)
            inside = inside & (off == 0) & (tap >= 0) & (tap < axis.kernel)
            taps.append(np.clip(tap, 0, axis.kernel - 1))
        return _trim(np.where(inside, kernel.array[f, ch, taps[0], taps[1]], kernel.dtype.type(0)), index)

    return Tensor("toeplitz", ("rows", "cells"), "intermediate", Recipe(shape, kernel.dtype, read))


def _spread(index: Index, shape: Shape) -> tuple[Array, ...]:
    """The positions along each axis, shaped to broadcast against the others."""
    places = [np.asarray(k if isinstance(k, range) else (k,)) for k in kept(index, shape)]
    return tuple(k.reshape([-1 if i == n else 1 for n in range(len(shape))]) for i, k in enumerate(places))


def _trim(cells: Array, index: Index) -> Array:
    return np.asarray(cells[tuple(slice(None) if isinstance(k, slice) else 0 for k in index)])


def _steps(config: ConvConfig, axes: tuple[Axis, Axis], every: Mapping[str, Tensor]) -> Steps:
    """First the unrolling, column by column; then both products; then bias and activation."""
    batch, filters = every["output"].shape[:2]
    positions, wide = axes[0].out * axes[1].out, axes[1].out

    def unroll(c: Cell) -> Step:
        r, k = divmod(c["positions"], wide)
        read = at("padded", c, "batch", padded_height=axes[0].taps(r), padded_width=axes[1].taps(k))
        return Step("unroll", (read,), at("columns", c, "batch", "positions"))

    def multiply(c: Cell) -> Step:
        reads = (at("kernel_matrix", c, "out_channels"), at("columns", c, "batch", "positions"))
        return Step("dot", reads, at("matrix_product", c, *_PRODUCT))

    def sparse(c: Cell) -> Step:
        return Step(
            "dot", (at("toeplitz", c, "rows"), at("flat_input", c, "batch")), at("toeplitz_product", c, *_SPARSE)
        )

    def add(c: Cell) -> Step:
        bias = (at("bias", c, "out_channels"),) if "bias" in every else ()
        read = at("matrix_product", c, "batch", "out_channels", positions=c["out_height"] * wide + c["out_width"])
        return Step("add", (read, *bias), at("pre_activation", c, *_OUTPUT))

    def activate(c: Cell) -> Step:
        name = (("name", config.activation),)
        return Step("activate", (at("pre_activation", c, *_OUTPUT),), at("output", c, *_OUTPUT), name)

    return Steps.chain(
        per_cell(("batch", "positions"), (batch, positions), unroll),
        per_cell(_PRODUCT, (batch, filters, positions), multiply),
        per_cell(_SPARSE, (batch, filters * positions), sparse),
        per_cell(_OUTPUT, every["output"].shape, add, activate),
    )


_ARRAYS = (
    ArrayOption("input", _INPUT, "input", "the image or feature maps"),
    ArrayOption("kernel", _KERNEL, "weight", "the filters"),
    ArrayOption("bias", ("out_channels",), "weight", "one number per filter, or one for all", optional=True),
)

CONV_MATMUL = Layer(
    name="conv-matmul",
    title="Convolution as a matrix product",
    config=MatmulConfig,
    arrays=_ARRAYS,
    complete=complete,
    compute=compute,
    assemble=assemble,
    formula="Y = W · im2col(x) = T(w) · x",
    source="Chellapilla, Puri, Simard, High Performance Convolutional Neural Networks for Document Processing (2006); "
    "Goodfellow, Bengio, Courville: Deep Learning (2016), section 9.1",
    backward=backward,
    makes=makes,
    back=6.0,
)
