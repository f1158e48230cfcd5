"""Transposed convolution: every input cell stamps its scaled kernel into the output, and overlaps add up.

``full[b, f, r·s + i·d, c·s + j·d] += input[b, ch, r, c] · kernel[ch, f, i, j]``; padding is cut off the edges,
output padding is added at the end, the bias last. It is the gradient of a convolution, not its inverse.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from layeranim.engine import door, window
from layeranim.engine.activations import ACTIVATIONS, scratch
from layeranim.engine.arithmetic import Cell, at, chain, per_cell
from layeranim.engine.backward import beside, passed_back, start
from layeranim.engine.conv_backward import covering, stamped, taps
from layeranim.engine.entry import enter, ranked, size_of, with_bias
from layeranim.engine.option import ArrayOption, Choice, Config, Flag, Integer, Layer, PerAxis, option
from layeranim.engine.trace import Array, Index, Recipe, Shape, Step, Steps, Tensor, Trace, kept, tensors
from layeranim.engine.window import Axis
from layeranim.errors import OptionError, ShapeError

_INPUT = ("batch", "in_channels", "height", "width")
_KERNEL = ("in_channels", "group_filters", "kernel_height", "kernel_width")
_FULL = ("batch", "out_channels", "full_height", "full_width")
_OUTPUT = ("batch", "out_channels", "out_height", "out_width")


@dataclass(frozen=True, kw_only=True)
class TransposeConfig(Config):
    """Options of a transposed convolution. ``None`` is filled in from the shapes of the arrays."""

    kernel_size: tuple[int, int] | None = option(
        PerAxis(optional=True),
        None,
        "height and width of the kernel (default: as the kernel given, else 3)",
        short="-k",
    )
    stride: tuple[int, int] = option(PerAxis(), 1, "cells from one stamp to the next", short="-s", aliases=("strides",))
    padding: tuple[int, int] = option(PerAxis(low=0), 0, "cells cut off every edge", short="-p")
    output_padding: tuple[int, int] = option(PerAxis(low=0), 0, "cells added at the bottom and the right")
    dilation: tuple[int, int] = option(
        PerAxis(), 1, "cells from one tap of the kernel to the next", short="-d", aliases=("dilation_rate",)
    )
    in_channels: int | None = option(Integer(1), None, "channels of the input (default: as the input given)")
    filters: int | None = option(
        Integer(1), None, "output channels (default: as the kernel given)", aliases=("out_channels",)
    )
    groups: int = option(Integer(1), 1, "groups of channels that are convolved apart")
    bias: bool | None = option(Flag(), None, "add a bias to every output channel (default: when its values are given)")
    activation: str = option(Choice(tuple(ACTIVATIONS)), "linear", "function applied to every sum")


def complete(config: TransposeConfig, shapes: Mapping[str, Shape | None]) -> tuple[TransposeConfig, dict[str, Shape]]:
    """Every size filled in. Leading axes of size 1 may be left out; the kernel is (in_channels, filters/groups, …)."""
    x, kernel = ranked("input", shapes.get("input"), _INPUT, 2), ranked("kernel", shapes.get("kernel"), _KERNEL, 2)
    bias, groups = ranked("bias", shapes.get("bias"), ("out_channels",), 0), config.groups
    biased = with_bias(config.bias, bias, kernel or (1,))
    claims = [(config.in_channels, "in_channels"), size_of("input", x, 1), size_of("kernel", kernel, 0)]
    channels = door.agreed("in_channels", claims, groups)
    made = kernel[1] * groups if kernel else None
    filters = door.agreed(
        "filters", [(config.filters, "filters"), (made, "kernel times groups"), size_of("bias", bias, 0)], groups
    )
    for name, number in (("in_channels", channels), ("filters", filters)):
        if number % groups:
            raise OptionError(f"groups is {groups}, but must divide {name}, which is {number}")
    size = (kernel[2], kernel[3]) if kernel else config.kernel_size or (3, 3)
    door.fitting("kernel", size, config.kernel_size or size, "as kernel_size says")
    for more, s, d in zip(config.output_padding, config.stride, config.dilation, strict=True):
        if more >= max(s, d):
            raise OptionError(
                f"output_padding is {more}, but must be less than the stride, {s}, or the dilation, {d}: "
                "a larger one adds cells that no input reaches"
            )
    config = config.replace(in_channels=channels, filters=filters, kernel_size=size, bias=biased)
    needed = {"input": x or (1, channels, 3, 3), "kernel": (channels, filters // groups, *size)}
    if biased:
        needed["bias"] = (filters,)
    output = out_sizes(config, needed["input"])
    for name, shape in {**needed, "output": (needed["input"][0], filters, *output)}.items():
        window.affordable(name, shape)
    return config, needed


def axes_of(config: Any, shape: Shape) -> tuple[Axis, Axis]:
    """Height and width of the full output, as the convolution that goes the other way slides over them."""
    items = zip(("height", "width"), shape[2:], config.kernel_size, config.stride, config.dilation, strict=True)
    rows, columns = (Axis(name, (n - 1) * s + d * (k - 1) + 1, k, s, d, 0, 0) for name, n, k, s, d in items)
    return rows, columns


def out_sizes(config: Any, shape: Shape) -> tuple[int, ...]:
    """``(n − 1)·s − 2p + d(k − 1) + output_padding + 1``, refused where nothing is left."""
    found = []
    for axis, p, more in zip(axes_of(config, shape), config.padding, config.output_padding, strict=True):
        out = axis.size - 2 * p + more
        if out < 1:
            raise ShapeError(
                f"padding is {p}, but that cuts off all {axis.size} cells of the {axis.name}: "
                f"{axis.size} − 2·{p} + {more} = {out}"
            )
        found.append(out)
    return tuple(found)


def makes(config: TransposeConfig, shapes: Mapping[str, Shape]) -> dict[str, Shape]:
    """All stamps added up, the part that padding leaves with the bias, and what the activation makes of it."""
    lead = (shapes["input"][0], config.filters or 1)
    full = (*lead, *(axis.size for axis in axes_of(config, shapes["input"])))
    out = (*lead, *out_sizes(config, shapes["input"]))
    return {"full": full, "pre_activation": out, "output": out, **scratch(config.activation, out)}


def compute(config: TransposeConfig, arrays: Mapping[str, Array]) -> Trace:
    """The trace: ``input`` (batch, in_channels, height, width), ``kernel`` (in_channels, filters/groups, …), ``bias``.

    Raises ``ShapeError`` or ``OptionError`` for what does not go together.
    """
    full, ready = enter("conv-transpose", _ARRAYS, complete, config, arrays)
    x, kernel, bias = ready["input"], ready["kernel"], ready.get("bias")
    axes = axes_of(full, x.shape)
    with np.errstate(all="ignore"):
        stamps = stamped(x, kernel, axes, tuple(axis.size for axis in axes), full.groups)
        before = _cut(stamps, full, out_sizes(full, x.shape))
        if bias is not None:
            before = before + bias[:, None, None]
    held = tensors(
        Tensor("input", _INPUT, "input", x),
        Tensor("kernel", _KERNEL, "weight", kernel),
        *([Tensor("bias", ("out_channels",), "weight", bias)] if bias is not None else []),
        Tensor("full", _FULL, "intermediate", stamps),
        Tensor("pre_activation", _OUTPUT, "intermediate", before),
        Tensor("output", _OUTPUT, "output", ACTIVATIONS[full.activation](before)),
    )
    return assemble(full, held)


def _cut(stamps: Array, config: Any, sizes: tuple[int, ...]) -> Array:
    """Padding off every edge, zeros added at the end for the output padding."""
    out = np.zeros((*stamps.shape[:2], *sizes), stamps.dtype)
    top, left = config.padding
    part = stamps[:, :, top : top + sizes[0], left : left + sizes[1]]
    out[:, :, : part.shape[2], : part.shape[3]] = part
    return out


def assemble(config: TransposeConfig, saved: Mapping[str, Tensor]) -> Trace:
    """The trace from its stored tensors: stamps, steps and facts are made here."""
    x, kernel, full, output = (saved[key] for key in ("input", "kernel", "full", "output"))
    bias = [saved["bias"]] if "bias" in saved else []
    every = tensors(x, kernel, *bias, _stamps(config, x, kernel), full, saved["pre_activation"], output)
    axes = axes_of(config, x.shape)
    facts: dict[str, int | float | str] = {
        "stamps": x.array.size,
        "parameters": kernel.array.size + (bias[0].array.size if bias else 0),
    }
    items = zip(axes, config.padding, config.output_padding, x.shape[2:], output.shape[2:], strict=True)
    for axis, p, more, n, out in items:
        facts[f"out_{axis.name}"] = out
        reach = f"{axis.dilation}·({axis.kernel}−1)"
        facts[f"{axis.name}_formula"] = f"({n} − 1)·{axis.stride} − 2·{p} + {reach} + {more} + 1 = {out}"
    return Trace("conv-transpose", config, every, _steps(config, axes, every), facts)


def _stamps(config: Any, x: Tensor, kernel: Tensor) -> Tensor:
    """The kernels scaled by each input cell, read on demand."""
    shape = (*x.shape, *kernel.shape[1:])

    def read(index: Index) -> Array:
        b, ch, r, c, f, i, j = (
            np.asarray(k if isinstance(k, range) else (k,)).reshape([-1 if n == at else 1 for n in range(7)])
            for at, k in enumerate(kept(index, shape))
        )
        with np.errstate(all="ignore"):
            cells = x.array[b, ch, r, c] * kernel.array[ch, f, i, j]
        return np.asarray(cells[tuple(slice(None) if isinstance(k, slice) else 0 for k in index)])

    return Tensor("stamps", (*_INPUT, *_KERNEL[1:]), "intermediate", Recipe(shape, x.dtype, read))


def _steps(config: Any, axes: tuple[Axis, Axis], every: Mapping[str, Tensor]) -> Steps:
    """The stamp of every input cell; then every cell of the full output, cut, with its bias, activated."""
    x, kernel, full = every["input"], every["kernel"], every["full"]
    per_group, channels = kernel.shape[1], kernel.shape[0] // config.groups

    def stamp(c: Cell) -> Step:
        reads = (at("input", c, *_INPUT), at("kernel", c, "in_channels"))
        return Step("multiply", reads, at("stamps", c, *_INPUT))

    def overlap(c: Cell) -> Step:
        group, f = divmod(c["out_channels"], per_group)
        return covering(c, axes, x, kernel, range(group * channels, (group + 1) * channels), f, full)

    def add(c: Cell) -> Step:
        place = [c["out_height"] + config.padding[0], c["out_width"] + config.padding[1]]
        inside = place[0] < full.shape[2] and place[1] < full.shape[3]
        rows, columns = (range(n, n + 1) if inside else range(0) for n in place)
        read = at("full", c, *_OUTPUT[:2], full_height=rows, full_width=columns)
        bias = (at("bias", c, "out_channels"),) if "bias" in every else ()
        return Step("add", (read, *bias), at("pre_activation", c, *_OUTPUT))

    def activate(c: Cell) -> Step:
        name = (("name", config.activation),)
        return Step("activate", (at("pre_activation", c, *_OUTPUT),), at("output", c, *_OUTPUT), name)

    return Steps.chain(
        per_cell(_INPUT, x.shape, stamp),
        per_cell(_FULL, full.shape, overlap),
        per_cell(_OUTPUT, every["output"].shape, add, activate),
    )


def backward(trace: Trace, gradients: Mapping[str, Array]) -> Trace:
    """∂input is a convolution of the gradient with the kernel; ∂kernel sums input · gradient over all stamps."""
    config: Any = trace.config
    g, x, kernel = start(trace, gradients), trace["input"], trace["kernel"]
    axes, full = axes_of(config, x.shape), trace.tensor("full").shape
    top, left = config.padding
    with np.errstate(all="ignore"):
        delta = chain(g, trace["pre_activation"], name=config.activation)
        at_full = np.zeros(full, g.dtype)
        part = at_full[:, :, top : top + delta.shape[2], left : left + delta.shape[3]]
        part[...] = delta[:, :, : part.shape[2], : part.shape[3]]
        at_input, at_kernel = np.zeros_like(x), np.zeros_like(kernel)
        per_group, channels = kernel.shape[1], kernel.shape[0] // config.groups
        for ch in range(kernel.shape[0]):
            first = ch // channels * per_group
            for tap, where in taps(kernel.shape[2:], axes):
                cells = at_full[(slice(None), slice(first, first + per_group), *where)]
                spot: Index = (ch, slice(None), *tap)
                at_input[:, ch] += np.einsum("bfrc,f->brc", cells, kernel[spot])
                at_kernel[spot] = (x[:, ch, None] * cells).sum(axis=(0, 2, 3))
    made = [
        Tensor("grad_output", _OUTPUT, "input", g),
        Tensor("grad_pre_activation", _OUTPUT, "intermediate", delta),
        *([Tensor("grad_bias", ("out_channels",), "output", delta.sum(axis=(0, 2, 3)))] if "bias" in trace else []),
        Tensor("grad_full", _FULL, "intermediate", at_full),
        Tensor("grad_kernel", _KERNEL, "output", at_kernel),
        Tensor("grad_input", _INPUT, "output", at_input),
    ]
    every = beside(trace, *made)
    return passed_back(trace, {"output": g}, every, _back_steps(config, axes, every))


def _back_steps(config: Any, axes: tuple[Axis, Axis], every: Mapping[str, Tensor]) -> Steps:
    per_group, channels = every["kernel"].shape[1], every["kernel"].shape[0] // config.groups
    top, left = config.padding
    pre = every["grad_pre_activation"]

    def step(c: Cell) -> Step:
        reads = (at("grad_output", c, *_OUTPUT), at("pre_activation", c, *_OUTPUT))
        return Step("chain", reads, at("grad_pre_activation", c, *_OUTPUT), (("name", config.activation),))

    def bias(c: Cell) -> Step:
        return Step("add", (at("grad_pre_activation", c, "out_channels"),), at("grad_bias", c, "out_channels"))

    def uncut(c: Cell) -> Step:
        place = (c["full_height"] - top, c["full_width"] - left)
        inside = all(0 <= n < size for n, size in zip(place, pre.shape[2:], strict=True))
        rows, columns = (range(n, n + 1) if inside else range(0) for n in place)
        read = at("grad_pre_activation", c, *_FULL[:2], out_height=rows, out_width=columns)
        return Step("add", (read,), at("grad_full", c, *_FULL))

    def weight(c: Cell) -> Step:
        first = c["in_channels"] // channels * per_group + c["group_filters"]
        met = _met(axes, c["kernel_height"], c["kernel_width"])
        reads = (at("input", c, "in_channels"), at("grad_full", {}, out_channels=first, **met))
        return Step("dot", reads, at("grad_kernel", c, *_KERNEL))

    def back(c: Cell) -> Step:
        first = c["in_channels"] // channels * per_group
        met = {f"full_{axis.name}": axis.taps(c[axis.name]) for axis in axes}
        read = at("grad_full", c, "batch", out_channels=range(first, first + per_group), **met)
        return Step("dot", (read, at("kernel", c, "in_channels")), at("grad_input", c, *_INPUT))

    parts = [per_cell(_OUTPUT, pre.shape, step)]
    if "grad_bias" in every:
        parts.append(per_cell(("out_channels",), every["grad_bias"].shape, bias))
    for name, act in (("grad_full", uncut), ("grad_kernel", weight), ("grad_input", back)):
        parts.append(per_cell(every[name].axes, every[name].shape, act))
    return Steps.chain(*parts)


def _met(axes: tuple[Axis, Axis], row: int, column: int) -> dict[str, range]:
    """The cells of the full output that one tap of every stamp fell on."""
    starts = [tap * axis.dilation for tap, axis in zip((row, column), axes, strict=True)]
    return {
        f"full_{axis.name}": range(n, n + (axis.out - 1) * axis.stride + 1, axis.stride)
        for n, axis in zip(starts, axes, strict=True)
    }


_ARRAYS = (
    ArrayOption("input", _INPUT, "input", "the feature maps"),
    ArrayOption("kernel", _KERNEL, "weight", "what each cell of a channel stamps into every output channel"),
    ArrayOption("bias", ("out_channels",), "weight", "one number per output channel, or one for all", optional=True),
)

CONV_TRANSPOSE = Layer(
    name="conv-transpose",
    title="Transposed convolution",
    config=TransposeConfig,
    arrays=_ARRAYS,
    complete=complete,
    compute=compute,
    assemble=assemble,
    formula="y[b, f, r·s + i·d − p, c·s + j·d − p] += x[b, ch, r, c] · w[ch, f, i, j]",
    source="Dumoulin and Visin, A guide to convolution arithmetic (2016), section 4; torch.nn.ConvTranspose2d",
    backward=backward,
    makes=makes,
)
