"""Convolution backwards: the gradients of input, kernel and bias from that of the output.

δ = grad_output ⊙ φ′(z); ∂kernel[f, ch, i, j] = Σ δ[b, f, r, c] · padded[b, ch, r·s + i·d, c·s + j·d];
∂padded is the transposed convolution of δ with the kernel; ∂input adds up what was copied into the padding;
∂bias[f] = Σ δ[b, f]. The same code goes over one, two or three axes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from layeranim.engine import conv_shapes
from layeranim.engine.arithmetic import Act, Cell, at, chain, per_cell
from layeranim.engine.backward import beside, passed_back, start
from layeranim.engine.patches import stamp, tap_gradients
from layeranim.engine.replay import finite_max, operation
from layeranim.engine.trace import Array, Index, Region, Step, Steps, Tensor, Trace
from layeranim.engine.window import Axis, origin


def backward(trace: Trace, gradients: Mapping[str, Array]) -> Trace:
    """The backward pass of a ``conv`` trace from the gradient of ``output``; ``grad_kernel`` is the applied kernel's.

    A kernel that was turned (``flip``) also has ``grad_kernel_given``, turned back.
    """
    config: Any = trace.config
    return along(trace, gradients, conv_shapes.axes_of(config, trace.tensor("input").shape))


def along(trace: Trace, gradients: Mapping[str, Array], axes: Sequence[Axis]) -> Trace:
    """The backward pass of a convolution over these axes."""
    config: Any = trace.config
    g, kernel, padded = start(trace, gradients), trace["kernel"], trace["padded"]
    with np.errstate(all="ignore"):
        delta = chain(g, trace["pre_activation"], name=config.activation)
        at_padded = stamp(delta, kernel, axes, padded.shape[2:], config.groups)
        at_kernel = tap_gradients(delta, padded, kernel.shape, axes, config.groups)
        at_input = unpadded(at_padded, axes, config.padding_mode)
        at_bias = delta.sum(axis=(0, *range(2, delta.ndim)))
    out = trace.axes("output")
    made = [
        Tensor("grad_output", out, "input", g),
        Tensor("grad_pre_activation", out, "intermediate", delta),
        Tensor("grad_kernel", trace.axes("kernel"), "output", at_kernel),
        *([Tensor("grad_bias", ("out_channels",), "output", at_bias)] if "bias" in trace else []),
        Tensor("grad_padded", trace.axes("padded"), "intermediate", at_padded),
        Tensor("grad_input", trace.axes("input"), "output", at_input),
    ]
    if config.flip:
        turned = np.flip(at_kernel, tuple(range(2, kernel.ndim)))
        made.append(Tensor("grad_kernel_given", trace.axes("kernel"), "output", turned))
    every = beside(trace, *made)
    return passed_back(trace, {"output": g}, every, _steps(config, axes, every))


def unpadded(padded: Array, axes: Sequence[Axis], mode: str) -> Array:
    """Every padded cell's gradient added to the input cell whose value it held."""
    for k, axis in enumerate(axes, start=2):
        if axis.padded == axis.size:
            continue
        moved = np.moveaxis(padded, k, 0)
        total = moved[axis.before : axis.before + axis.size]
        copies = [
            (place, source)
            for place, source in enumerate(origin(axis, mode))
            if source is not None and place != source + axis.before
        ]
        total = total.copy() if copies else total
        for place, source in copies:
            total[source] += moved[place]
        padded = np.moveaxis(total, 0, k)
    return np.ascontiguousarray(padded)


def _steps(config: Any, axes: Sequence[Axis], every: Mapping[str, Tensor]) -> Steps:
    delta, kernel, padded, x = (every[n] for n in ("grad_pre_activation", "kernel", "grad_padded", "grad_input"))
    per_group, group_channels = kernel.shape[0] // config.groups, kernel.shape[1]
    spots = padded.axes[2:]

    def step(c: Cell) -> Step:
        reads = (at("grad_output", c, *delta.axes), at("pre_activation", c, *delta.axes))
        return Step("chain", reads, at(delta.name, c, *delta.axes), (("name", config.activation),))

    def weight(c: Cell) -> Step:
        channel = c["out_channels"] // per_group * group_channels + c["group_channels"]
        met = {}
        for spot, tap, axis in zip(spots, kernel.axes[2:], axes, strict=True):
            first = c[tap] * axis.dilation
            met[spot] = range(first, first + (axis.out - 1) * axis.stride + 1, axis.stride)
        reads = (at(delta.name, c, "out_channels"), Region("padded", (("in_channels", channel), *met.items())))
        return Step("dot", reads, at("grad_kernel", c, *kernel.axes))

    def bias(c: Cell) -> Step:
        return Step("add", (at(delta.name, c, "out_channels"),), at("grad_bias", c, "out_channels"))

    def stamp(c: Cell) -> Step:
        group, channel = divmod(c["in_channels"], group_channels)
        return covering(c, axes, delta, kernel, range(group * per_group, (group + 1) * per_group), channel, padded)

    parts: list[tuple[Tensor, Act]] = [(delta, step), (every["grad_kernel"], weight)]
    if "grad_bias" in every:
        parts.append((every["grad_bias"], bias))
    parts += [(padded, stamp), (x, collecting(config, axes, padded, x))]
    if "grad_kernel_given" in every:
        parts.append((every["grad_kernel_given"], turning(kernel)))
    return Steps.chain(*(per_cell(tensor.axes, tensor.shape, act) for tensor, act in parts))


def collecting(config: Any, axes: Sequence[Axis], padded: Tensor, x: Tensor) -> Act:
    """The step of each cell of ``grad_input``: the sum over the padded cells that held its value."""

    def collect(c: Cell) -> Step:
        places = tuple(
            tuple(n for n, held in enumerate(origin(axis, config.padding_mode)) if held == c[name])
            for name, axis in zip(x.axes[2:], axes, strict=True)
        )
        return Step(
            "collect", (at("grad_padded", c, *padded.axes[:2]),), at("grad_input", c, *x.axes), (("at", places),)
        )

    return collect


def turning(kernel: Tensor) -> Act:
    """The step of each cell of ``grad_kernel_given``: the applied kernel's gradient, turned back."""

    def turn(c: Cell) -> Step:
        tap = {name: n - 1 - c[name] for name, n in zip(kernel.axes[2:], kernel.shape[2:], strict=True)}
        return Step("copy", (at("grad_kernel", c, *kernel.axes[:2], **tap),), at("grad_kernel_given", c, *kernel.axes))

    return turn


def covering(
    here: Cell, axes: Sequence[Axis], delta: Tensor, kernel: Tensor, filters: range, channel: int, written: Tensor
) -> Step:
    """The step of one cell of a transposed convolution: the cells of ``delta`` whose stamps cover it, by the kernel."""
    between, offsets = {}, []
    for spot, out, axis in zip(written.axes[2:], delta.axes[2:], axes, strict=True):
        first = max(0, -(-(here[spot] - axis.reach + 1) // axis.stride))
        last = min(axis.out - 1, here[spot] // axis.stride)
        between[out] = range(first, last + 1)
        offsets.append((here[spot] - first * axis.stride, axis.stride, axis.dilation))
    reads = (
        at(delta.name, here, "batch", **{delta.axes[1]: filters}, **between),
        Region(kernel.name, ((kernel.axes[0], filters), (kernel.axes[1], channel))),
    )
    return Step("cover", reads, at(written.name, here, *written.axes), (("offsets", tuple(offsets)),))


def _met(delta: Array, kernel: Array, offsets: Sequence[tuple[int, int, int]]) -> Array:
    """Every product of a cell of delta and the kernel's tap that falls on the place."""
    found = [np.zeros(1, kernel.dtype)]
    for out in np.ndindex(*delta.shape[1:]):
        at_tap = [(n - o * stride) / dilation for o, (n, stride, dilation) in zip(out, offsets, strict=True)]
        if all(t.is_integer() and 0 <= t < k for t, k in zip(at_tap, kernel.shape[1:], strict=True)):
            tap: Index = (slice(None), *(int(t) for t in at_tap))
            cell: Index = (slice(None), *out)
            found.append(delta[cell] * kernel[tap])
    return np.concatenate(found)


def _cover_terms(delta: Array, kernel: Array, *, offsets: Sequence[tuple[int, int, int]]) -> tuple[int, float]:
    products = _met(delta, kernel, offsets)
    return products.size, finite_max(np.abs(products).sum())


@operation("cover", _cover_terms)
def cover(delta: Array, kernel: Array, *, offsets: Sequence[tuple[int, int, int]]) -> Array:
    """Σ delta · kernel over the stamps that cover one place; (distance, stride, dilation) an axis."""
    return np.asarray(_met(delta, kernel, offsets).sum())


@operation("collect", lambda x, *, at: (x.size, finite_max(np.abs(x[np.ix_(*at)]).sum())))
def collect(x: Array, *, at: Sequence[Sequence[int]]) -> Array:
    """The sum of the cells where these rows and columns cross."""
    return np.asarray(x[np.ix_(*at)].sum())
