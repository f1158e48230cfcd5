"""Transposed convolution: every input cell stamps its scaled kernel into the output, and overlaps add up.

``full[b, f, r·s + i·d, c·s + j·d] += input[b, ch, r, c] · kernel[ch, f, i, j]``, and alike over one axis or three;
padding is cut off the edges, output padding is added at the end, the bias last. It is the gradient of a convolution,
not its inverse.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from layeranim.engine.activations import ACTIVATIONS
from layeranim.engine.arithmetic import Cell, at, chain, per_cell
from layeranim.engine.backward import beside, passed_back, start
from layeranim.engine.conv_backward import covering
from layeranim.engine.conv_transpose_shapes import (
    AXES,
    Transpose1dConfig,
    Transpose3dConfig,
    TransposeConfig,
    axes_of,
    complete,
    cut_text,
    cuts,
    makes,
    names_of,
    out_sizes,
)
from layeranim.engine.entry import enter
from layeranim.engine.option import ArrayOption, Layer
from layeranim.engine.painting import overlap_step, painted
from layeranim.engine.patches import correlate, stamp, tap_gradients
from layeranim.engine.trace import Array, Index, Recipe, Region, Shape, Step, Steps, Tensor, Trace, kept, tensors
from layeranim.engine.window import Axis


def compute(name: str, config: TransposeConfig, arrays: Mapping[str, Array]) -> Trace:
    """The trace: ``input`` (batch, in_channels, …), ``kernel`` (in_channels, filters/groups, …), ``bias``.

    Raises ``ShapeError`` or ``OptionError`` for what does not go together.
    """
    n = AXES[type(config)]
    full, ready = enter(name, _arrays(n), complete, config, arrays)
    x, kernel, bias, names = ready["input"], ready["kernel"], ready.get("bias"), names_of(n)
    axes = axes_of(full, x.shape)
    with np.errstate(all="ignore"):
        stamps = stamp(x, kernel, axes, tuple(axis.size for axis in axes), full.groups)
        before = _cut(stamps, _first(full, x.shape), out_sizes(full, x.shape))
        if bias is not None:
            before += bias.reshape(-1, *(1,) * n)
    held = tensors(
        Tensor("input", names["input"], "input", x),
        Tensor("kernel", names["kernel"], "weight", kernel),
        *([Tensor("bias", ("out_channels",), "weight", bias)] if bias is not None else []),
        Tensor("full", names["full"], "intermediate", stamps),
        Tensor("pre_activation", names["output"], "intermediate", before),
        Tensor("output", names["output"], "output", ACTIVATIONS[full.activation](before)),
    )
    return assemble(name, full, held)


def _first(config: Any, shape: Shape) -> tuple[int, ...]:
    """Of each axis of the full output the first cell that padding leaves."""
    return tuple(before for before, _, _ in cuts(config, shape))


def _cut(full: Array, padding: Sequence[int], sizes: Shape) -> Array:
    """Padding off every edge, zeros added at the end for the output padding."""
    out = np.zeros((*full.shape[:2], *sizes), full.dtype)
    part = full[_inside(padding, sizes)]
    out[tuple(slice(n) for n in part.shape)] = part
    return out


def _inside(padding: Sequence[int], sizes: Shape) -> tuple[slice, ...]:
    """The cells of the full output that are left when the padding is cut off."""
    return (slice(None), slice(None), *(slice(p, p + n) for p, n in zip(padding, sizes, strict=True)))


def assemble(name: str, config: TransposeConfig, saved: Mapping[str, Tensor]) -> Trace:
    """The trace from its stored tensors: stamps, steps and facts are made here."""
    x, kernel, full, output = (saved[key] for key in ("input", "kernel", "full", "output"))
    bias = [saved["bias"]] if "bias" in saved else []
    axes = axes_of(config, x.shape)
    so_far = painted(x, kernel, full, axes, config.groups)
    every = tensors(x, kernel, *bias, _stamps(config, x, kernel), so_far, full, saved["pre_activation"], output)
    facts: dict[str, int | float | str] = {
        "stamps": x.array.size,
        "parameters": kernel.array.size + (bias[0].array.size if bias else 0),
    }
    items = zip(axes, cuts(config, x.shape), x.shape[2:], output.shape[2:], strict=True)
    for axis, (before, after, more), n, out in items:
        facts[f"out_{axis.name}"] = out
        reach = f"{axis.dilation}·({axis.kernel}−1)"
        facts[f"{axis.name}_formula"] = (
            f"({n} − 1)·{axis.stride} − {cut_text(before, after)} + {reach} + {more} + 1 = {out}"
        )
    return Trace(name, config, every, _steps(config, axes, every), facts)


def _stamps(config: Any, x: Tensor, kernel: Tensor) -> Tensor:
    """The kernels scaled by each input cell, read on demand."""
    shape, rank = (*x.shape, *kernel.shape[1:]), len(x.shape)

    def read(index: Index) -> Array:
        places = [
            np.asarray(k if isinstance(k, range) else (k,)).reshape([-1 if n == at else 1 for n in range(len(shape))])
            for at, k in enumerate(kept(index, shape))
        ]
        with np.errstate(all="ignore"):
            cells = x.array[tuple(places[:rank])] * kernel.array[(places[1], *places[rank:])]
        return np.asarray(cells[tuple(slice(None) if isinstance(k, slice) else 0 for k in index)])

    return Tensor("stamps", (*x.axes, *kernel.axes[1:]), "intermediate", Recipe(shape, x.dtype, read))


def _steps(config: Any, axes: Sequence[Axis], every: Mapping[str, Tensor]) -> Steps:
    """The stamp of every input cell, added to those before it; then every cell of the full output, cut, with
    its bias, activated."""
    x, kernel, full, output = (every[name] for name in ("input", "kernel", "full", "output"))
    per_group, channels = kernel.shape[1], kernel.shape[0] // config.groups
    first = _first(config, x.shape)

    def stamp(c: Cell) -> Step:
        return Step("multiply", (at("input", c, *x.axes), at("kernel", c, "in_channels")), at("stamps", c, *x.axes))

    def paint(c: Cell) -> Step:
        return overlap_step(config, axes, x, kernel, full, c)

    def overlap(c: Cell) -> Step:
        group, f = divmod(c["out_channels"], per_group)
        return covering(c, axes, x, kernel, range(group * channels, (group + 1) * channels), f, full)

    def add(c: Cell) -> Step:
        places = [c[name] + p for name, p in zip(output.axes[2:], first, strict=True)]
        bias = (at("bias", c, "out_channels"),) if "bias" in every else ()
        return Step("add", (_one(full, c, places), *bias), at("pre_activation", c, *output.axes))

    def activate(c: Cell) -> Step:
        name = (("name", config.activation),)
        return Step("activate", (at("pre_activation", c, *output.axes),), at("output", c, *output.axes), name)

    return Steps.chain(
        per_cell(x.axes, x.shape, stamp, paint),
        per_cell(full.axes, full.shape, overlap),
        per_cell(output.axes, output.shape, add, activate),
    )


def _one(tensor: Tensor, here: Cell, places: Sequence[int]) -> Region:
    """The cell of a sample's channel at these places, or none where they are beyond its edge."""
    inside = all(0 <= n < size for n, size in zip(places, tensor.shape[2:], strict=True))
    where = {name: range(n, n + 1) if inside else range(0) for name, n in zip(tensor.axes[2:], places, strict=True)}
    return at(tensor.name, here, *tensor.axes[:2], **where)


def backward(trace: Trace, gradients: Mapping[str, Array]) -> Trace:
    """∂input is a convolution of the gradient with the kernel; ∂kernel sums input · gradient over all stamps."""
    config: Any = trace.config
    g, x, kernel, full = start(trace, gradients), trace["input"], trace["kernel"], trace.tensor("full")
    axes, out = axes_of(config, x.shape), trace.axes("output")
    with np.errstate(all="ignore"):
        delta = chain(g, trace["pre_activation"], name=config.activation)
        at_full = np.zeros(full.shape, g.dtype)
        part = at_full[_inside(_first(config, x.shape), delta.shape[2:])]
        part[...] = delta[tuple(slice(n) for n in part.shape)]
        at_input = correlate(at_full, kernel, axes, config.groups)
        at_kernel = tap_gradients(x, at_full, kernel.shape, axes, config.groups)
        at_bias = delta.sum(axis=(0, *range(2, delta.ndim)))
    made = [
        Tensor("grad_output", out, "input", g),
        Tensor("grad_pre_activation", out, "intermediate", delta),
        *([Tensor("grad_bias", ("out_channels",), "output", at_bias)] if "bias" in trace else []),
        Tensor("grad_full", full.axes, "intermediate", at_full),
        Tensor("grad_kernel", trace.axes("kernel"), "output", at_kernel),
        Tensor("grad_input", trace.axes("input"), "output", at_input),
    ]
    every = beside(trace, *made)
    return passed_back(trace, {"output": g}, every, _back_steps(config, axes, every))


def _back_steps(config: Any, axes: Sequence[Axis], every: Mapping[str, Tensor]) -> Steps:
    per_group, channels = every["kernel"].shape[1], every["kernel"].shape[0] // config.groups
    pre, full, kernel = every["grad_pre_activation"], every["grad_full"], every["grad_kernel"]
    x = every["grad_input"]

    def step(c: Cell) -> Step:
        reads = (at("grad_output", c, *pre.axes), at("pre_activation", c, *pre.axes))
        return Step("chain", reads, at(pre.name, c, *pre.axes), (("name", config.activation),))

    def bias(c: Cell) -> Step:
        return Step("add", (at(pre.name, c, "out_channels"),), at("grad_bias", c, "out_channels"))

    def uncut(c: Cell) -> Step:
        places = [c[name] - p for name, p in zip(full.axes[2:], _first(config, x.shape), strict=True)]
        return Step("add", (_one(pre, c, places),), at(full.name, c, *full.axes))

    def weight(c: Cell) -> Step:
        first = c["in_channels"] // channels * per_group + c["group_filters"]
        met = {}
        for axis in axes:
            n = c[f"kernel_{axis.name}"] * axis.dilation
            met[f"full_{axis.name}"] = range(n, n + (axis.out - 1) * axis.stride + 1, axis.stride)
        reads = (at("input", c, "in_channels"), at(full.name, {}, out_channels=first, **met))
        return Step("dot", reads, at(kernel.name, c, *kernel.axes))

    def back(c: Cell) -> Step:
        first = c["in_channels"] // channels * per_group
        met = {f"full_{axis.name}": axis.taps(c[axis.name]) for axis in axes}
        read = at(full.name, c, "batch", out_channels=range(first, first + per_group), **met)
        return Step("dot", (read, at("kernel", c, "in_channels")), at(x.name, c, *x.axes))

    parts = [per_cell(pre.axes, pre.shape, step)]
    if "grad_bias" in every:
        parts.append(per_cell(("out_channels",), every["grad_bias"].shape, bias))
    parts += [per_cell(to.axes, to.shape, act) for to, act in ((full, uncut), (kernel, weight), (x, back))]
    return Steps.chain(*parts)


def _arrays(n: int) -> tuple[ArrayOption, ...]:
    names = names_of(n)
    return (
        ArrayOption("input", names["input"], "input", "the signal, feature maps or volume"),
        ArrayOption("kernel", names["kernel"], "weight", "what each cell of a channel stamps into each output channel"),
        ArrayOption(
            "bias", ("out_channels",), "weight", "one number per output channel, or one for all", optional=True
        ),
    )


def _layer(name: str, title: str, config: type[TransposeConfig], formula: str) -> Layer:
    n = AXES[config]
    return Layer(
        name=name,
        title=title,
        config=config,
        arrays=_arrays(n),
        complete=complete,
        compute=partial(compute, name),
        assemble=partial(assemble, name),
        formula=formula,
        source=f"Dumoulin and Visin, A guide to convolution arithmetic (2016), section 4; torch.nn.ConvTranspose{n}d",
        backward=backward,
        makes=makes,
    )


CONV_TRANSPOSE = _layer(
    "conv-transpose", "Transposed convolution", TransposeConfig,
    "y[b, f, r·s + i·d − p, c·s + j·d − p] += x[b, ch, r, c] · w[ch, f, i, j]",
)  # fmt: skip
CONV_TRANSPOSE_1D = _layer(
    "conv-transpose1d", "1D transposed convolution", Transpose1dConfig,
    "y[b, f, c·s + j·d − p] += x[b, ch, c] · w[ch, f, j]",
)  # fmt: skip
CONV_TRANSPOSE_3D = _layer(
    "conv-transpose3d", "3D transposed convolution", Transpose3dConfig,
    "y[b, f, …] += x[b, ch, z, r, c] · w[ch, f, k, i, j]",
)  # fmt: skip
