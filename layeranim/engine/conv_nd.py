"""Convolution over one axis or three: the same arithmetic as over two, in the same order, down to the last bit.

``pre_activation[b, f, c] = bias[f] + Σ padded[b, ch, c·s + j·d] · kernel[f, ch, j]``, and alike with depth and height.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from layeranim.engine import conv_shapes, door, window
from layeranim.engine.activations import ACTIVATIONS
from layeranim.engine.arithmetic import Cell, at, per_cell
from layeranim.engine.conv_backward import along
from layeranim.engine.conv_shapes import ConvConfig
from layeranim.engine.entry import enter, ranked, size_of
from layeranim.engine.option import ArrayOption, Layer, Padding, PerAxis, option
from layeranim.engine.patches import correlate, large
from layeranim.engine.pool_shapes import spatial
from layeranim.engine.trace import Array, Index, Recipe, Shape, Step, Steps, Tensor, Trace, count, kept, tensors
from layeranim.engine.window import Axis, pad
from layeranim.errors import OptionError
from layeranim.records import dataclass


# One number an axis where ConvConfig has two: mypy cannot see that the kinds check it.
@dataclass(frozen=True, kw_only=True)
class Conv1dConfig(ConvConfig):
    """Options of a 1D convolution."""

    kernel_size: tuple[int, ...] | None = option(  # type: ignore[assignment]
        PerAxis(1, optional=True), None, "taps of the kernel (default: as the kernel given, else 3)", short="-k"
    )
    stride: tuple[int, ...] = option(  # type: ignore[assignment]
        PerAxis(1), 1, "cells from one window to the next", short="-s", aliases=("strides",)
    )
    padding: str | tuple[tuple[int, int], ...] = option(
        Padding(1, (*window.PADDINGS, "causal")),
        0,
        "cells added at both ends, or before and after; causal is before alone: no result sees what comes later",
        short="-p",
    )
    dilation: tuple[int, ...] = option(  # type: ignore[assignment]
        PerAxis(1), 1, "cells from one tap to the next", short="-d", aliases=("dilation_rate",)
    )


@dataclass(frozen=True, kw_only=True)
class Conv3dConfig(ConvConfig):
    """Options of a 3D convolution."""

    kernel_size: tuple[int, ...] | None = option(  # type: ignore[assignment]
        PerAxis(3, optional=True), None, "depth, height and width of the kernel (default: as given, else 2)", short="-k"
    )
    stride: tuple[int, ...] = option(  # type: ignore[assignment]
        PerAxis(3), 1, "cells from one window to the next", short="-s", aliases=("strides",)
    )
    padding: str | tuple[tuple[int, int], ...] = option(
        Padding(3, window.PADDINGS), 0, "cells added around the input", short="-p"
    )
    dilation: tuple[int, ...] = option(  # type: ignore[assignment]
        PerAxis(3), 1, "cells from one tap to the next", short="-d", aliases=("dilation_rate",)
    )


AXES: dict[type[ConvConfig], int] = {Conv1dConfig: 1, Conv3dConfig: 3}
_SIZE = {1: (7, 3), 3: (3, 2)}
"""Cells an axis and taps an axis where nothing is given."""


def _names(n: int) -> dict[str, tuple[str, ...]]:
    lead = ("batch", "in_channels")
    return {
        "input": (*lead, *spatial(n)),
        "padded": (*lead, *spatial(n, "padded_")),
        "kernel": ("out_channels", "group_channels", *spatial(n, "kernel_")),
        "output": ("batch", "out_channels", *spatial(n, "out_")),
    }


def complete(config: ConvConfig, shapes: Mapping[str, Shape | None]) -> tuple[ConvConfig, dict[str, Shape]]:
    """Every size filled in. Leading axes may be left out; a kernel of taps alone is used for every channel.

    Of conv1d: ``input`` (batch, in_channels, width), ``kernel`` (out_channels, group_channels, kernel_width) give
    ``output`` (batch, out_channels, out_width).
    Raises ``ShapeError`` for arrays that do not fit the layer or each other, ``OptionError`` for options that do not
    go together.
    """
    n = AXES[type(config)]
    names, groups = _names(n), config.groups
    x, given = ranked("input", shapes.get("input"), names["input"], n), shapes.get("kernel")
    kernel, bias = ranked("kernel", given, names["kernel"], n), ranked("bias", shapes.get("bias"), ("out_channels",), 0)
    if bias is not None and config.bias is False:
        raise OptionError("bias is false, but values for the bias are given; leave out one of them")
    full = kernel is not None and given is not None and len(given) > n
    spanned = kernel[1] * groups if kernel and full else None
    claims = [(config.in_channels, "in_channels"), size_of("input", x, 1), (spanned, "kernel times groups")]
    channels = door.agreed("in_channels", claims, groups)
    made = (kernel[0] if full else groups) if kernel else None
    filters = door.agreed("filters", [(config.filters, "filters"), (made, "kernel"), size_of("bias", bias, 0)], groups)
    for name, number in (("in_channels", channels), ("filters", filters)):
        if number % groups:
            raise OptionError(f"groups is {groups}, but must divide {name}, which is {number}")
    size = kernel[2:] if kernel else config.kernel_size or (_SIZE[n][1],) * n
    door.fitting("kernel", size, tuple(config.kernel_size or size), "as kernel_size says")
    config = config.replace(
        in_channels=channels, filters=filters, kernel_size=size, bias=bias is not None or bool(config.bias)
    )
    needed = {"input": x or (1, channels, *_default(config, n)), "kernel": (filters, channels // groups, *size)}
    if config.bias:
        needed["bias"] = (filters,)
    axes = axes_of(config, needed["input"])
    for name, shape in {**needed, "output": (needed["input"][0], filters, *(axis.out for axis in axes))}.items():
        window.affordable(name, shape)
    return config, needed


def _default(config: Any, n: int) -> Shape:
    pads = config.padding if not isinstance(config.padding, str) else ((0, 0),) * n
    items = zip(config.kernel_size, config.dilation, pads, strict=True)
    return tuple(max(_SIZE[n][0], d * (k - 1) + 1, a + 1, b + 1) for k, d, (a, b) in items)


def axes_of(config: Any, shape: Shape) -> tuple[Axis, ...]:
    """The spatial axes of a complete Config over an input of this shape, padding resolved."""
    return window.slide(
        config.padding, shape[2:], config.kernel_size, config.stride, config.dilation,
        convention=config.convention, mode=config.padding_mode, names=spatial(len(shape) - 2),
    )  # fmt: skip


def makes(config: ConvConfig, shapes: Mapping[str, Shape]) -> dict[str, Shape]:
    """As a convolution in two dimensions; its output is an array of its own, whatever the activation."""
    made = conv_shapes.makes(config, shapes, axes_of(config, shapes["input"]))
    return {"output": made["pre_activation"], **made}


def compute(name: str, config: ConvConfig, arrays: Mapping[str, Array]) -> Trace:
    """The trace: ``input`` (batch, in_channels, …), ``kernel`` (out_channels, in_channels/groups, …), maybe ``bias``.

    Raises ``ShapeError`` or ``OptionError`` for what does not go together.
    """
    n = AXES[type(config)]
    full, ready = enter(name, _arrays(n), complete, config, arrays)
    x, kernel, bias, names = ready["input"], ready["kernel"], ready.get("bias"), _names(n)
    axes = axes_of(full, x.shape)
    kernel = np.ascontiguousarray(np.flip(kernel, tuple(range(2, kernel.ndim))) if full.flip else kernel)
    padded = pad(x, axes, full.padding_mode)
    with np.errstate(all="ignore"):
        before = correlate(padded, kernel, axes, full.groups)
        if bias is not None:
            before += bias.reshape(-1, *(1,) * n)
    held = tensors(
        Tensor("input", names["input"], "input", x),
        Tensor("padded", names["padded"], "intermediate", padded),
        Tensor("kernel", names["kernel"], "weight", kernel),
        *([Tensor("bias", ("out_channels",), "weight", bias)] if bias is not None else []),
        Tensor("pre_activation", names["output"], "intermediate", before),
        Tensor("output", names["output"], "output", ACTIVATIONS[full.activation](before)),
    )
    return assemble(name, full, held)


def assemble(name: str, config: ConvConfig, saved: Mapping[str, Tensor]) -> Trace:
    """The trace from its stored tensors: products, partial sums, steps and facts are made here."""
    axes = axes_of(config, saved["input"].shape)
    kernel, output = saved["kernel"], saved["output"]
    names, n = _names(len(axes)), len(axes)
    shape = (*output.shape, *kernel.shape[1:])
    read = partial(_products, saved["padded"].array, kernel.array, axes, config.groups)
    products = Recipe(shape, kernel.dtype, lambda index: _trim(read(kept(index, shape)), index))

    def sums(index: Index) -> Array:
        terms = read((*kept(index, shape[: n + 3]), *(range(k) for k in shape[n + 3 :])))
        with np.errstate(all="ignore"):
            return _trim(np.add.accumulate(terms.reshape(*terms.shape[: n + 3], -1), axis=-1)[..., -1], index)

    held = [saved[key] for key in ("input", "padded", "kernel", "bias") if key in saved]
    if config.flip:
        given = np.flip(kernel.array, tuple(range(2, n + 2)))
        held.append(Tensor("kernel_given", kernel.axes, "weight", Recipe(given.shape, given.dtype, lambda i: given[i])))
    every = tensors(
        *held,
        Tensor("products", (*names["output"], *names["kernel"][1:]), "intermediate", products),
        Tensor("partial_sums", (*names["output"], "group_channels"), "intermediate",
               Recipe(shape[: n + 3], kernel.dtype, sums)),
        saved["pre_activation"], output,
    )  # fmt: skip
    return Trace(name, config, every, _steps(config, axes, every), _facts(axes, every))


def _products(
    padded: Array, kernel: Array, axes: Sequence[Axis], groups: int, places: tuple[range | int, ...]
) -> Array:
    """padded · kernel at (batch, out_channels, *out, group_channels, *taps), every axis kept."""
    n, every = len(axes), 2 * len(axes) + 3
    lists = [np.asarray(k if isinstance(k, range) else (k,)) for k in places]
    b, f, *rest = (values.reshape([-1 if k == i else 1 for k in range(every)]) for i, values in enumerate(lists))
    outs, channel, tap = rest[:n], rest[n], rest[n + 1 :]
    first = f // (len(kernel) // groups) * kernel.shape[1]
    cells = [o * axis.stride + t * axis.dilation for o, t, axis in zip(outs, tap, axes, strict=True)]
    with np.errstate(all="ignore"):
        return np.asarray(padded[(b, first + channel, *cells)] * kernel[(f, channel, *tap)])


def _trim(cells: Array, index: Index) -> Array:
    """Take away the axes that were given as integers."""
    return np.asarray(cells[tuple(slice(None) if isinstance(k, slice) else 0 for k in index)])


def _steps(config: ConvConfig, axes: Sequence[Axis], every: Mapping[str, Tensor]) -> Steps:
    names = every["output"].axes
    filters, group_channels = every["kernel"].shape[:2]
    shape, terms = every["output"].shape, count(every["kernel"].shape[1:])
    summed = "products" if large(filters, config.groups, terms, shape[0] * count(shape[2:])) else "partial_sums"

    def multiply(c: Cell) -> Step:
        first = c["out_channels"] // (filters // config.groups) * group_channels
        met = {f"padded_{axis.name}": axis.taps(c[f"out_{axis.name}"]) for axis in axes}
        read = at("padded", c, "batch", in_channels=range(first, first + group_channels), **met)
        return Step("multiply", (read, at("kernel", c, "out_channels")), at("products", c, *names))

    def total(c: Cell) -> Step:
        return Step("sum", (at("products", c, *names),), at("partial_sums", c, *names), (("axes", len(axes)),))

    def add(c: Cell) -> Step:
        bias = (at("bias", c, "out_channels"),) if "bias" in every else ()
        return Step("add", (at(summed, c, *names), *bias), at("pre_activation", c, *names))

    def activate(c: Cell) -> Step:
        name = (("name", config.activation),)
        return Step("activate", (at("pre_activation", c, *names),), at("output", c, *names), name)

    return per_cell(names, every["output"].shape, multiply, total, add, activate)


def _facts(axes: Sequence[Axis], every: Mapping[str, Tensor]) -> dict[str, int | float | str]:
    kernel, output, x = (every[name].shape for name in ("kernel", "output", "input"))
    bias = kernel[0] if "bias" in every else 0
    said: dict[str, int | float | str] = {
        "windows": count(output[2:]),
        "products_per_output": count(kernel[1:]),
        "multiplications": count(output) * count(kernel[1:]),
        "parameters": count(kernel) + bias,
        "dense_parameters": count(x[1:]) * count(output[1:]) + (count(output[1:]) if bias else 0),
        "padding": window.padding_text(axis.pads for axis in axes),
    }
    for axis in axes:
        said |= {f"out_{axis.name}": axis.out, f"{axis.name}_formula": axis.formula}
    return said


def backward(trace: Trace, gradients: Mapping[str, Array]) -> Trace:
    """The gradients of input, kernel and bias from that of ``output``."""
    return along(trace, gradients, axes_of(trace.config, trace.tensor("input").shape))


def _arrays(n: int) -> tuple[ArrayOption, ...]:
    names = _names(n)
    return (
        ArrayOption("input", names["input"], "input", "the signal or volume"),
        ArrayOption("kernel", names["kernel"], "weight", "the filters; taps alone are used for every channel"),
        ArrayOption("bias", ("out_channels",), "weight", "one number per filter, or one for all", optional=True),
    )


def _layer(name: str, title: str, config: type[ConvConfig], formula: str) -> Layer:
    return Layer(
        name=name,
        title=title,
        config=config,
        arrays=_arrays(AXES[config]),
        complete=complete,
        compute=partial(compute, name),
        assemble=partial(assemble, name),
        formula=formula,
        source=f"Dumoulin and Visin, A guide to convolution arithmetic (2016); torch.nn.Conv{name[4:]}",
        backward=backward,
        makes=makes,
    )


CONV_1D = _layer(
    "conv1d", "1D convolution", Conv1dConfig, "y[b, f, c] = bias[f] + Σ x[b, ch, c·s + j·d − p] · w[f, ch, j]"
)
CONV_3D = _layer("conv3d", "3D convolution", Conv3dConfig, "y[b, f, z, r, c] = bias[f] + Σ x[…] · w[f, ch, k, i, j]")
