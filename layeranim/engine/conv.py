"""Two-dimensional convolution, as deep-learning libraries define it: cross-correlation, plus bias, then activation.

``pre_activation[b, f, r, c] = bias[f] + Σ padded[b, ch, r·s + i·d, c·s + j·d] · kernel[f, ch, i, j]``,
products summed in reading order within a channel, then the channels in order, then the bias; of large ones in another
order (see ``patches``), and their sums are those of all products, not of partial sums.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from layeranim.engine import conv_backward, conv_shapes, symbolic
from layeranim.engine.activations import ACTIVATIONS
from layeranim.engine.arithmetic import finding
from layeranim.engine.array import common, numeric, shape_text
from layeranim.engine.conv_shapes import ConvConfig as ConvConfig
from layeranim.engine.option import ArrayOption, Layer
from layeranim.engine.patches import correlate, large
from layeranim.engine.trace import Array, Recipe, Region, Shape, Step, Steps, Tensor, Trace, cell, count, kept, tensors
from layeranim.engine.window import Axis, pad
from layeranim.engine.window import unread as unread_input
from layeranim.errors import ShapeError
from layeranim.records import dataclass

ACTS = ("multiply", "sum", "add", "activate")
"""The steps of one output cell, in order."""

_INPUT = ("batch", "in_channels", "height", "width")
_PADDED = ("batch", "in_channels", "padded_height", "padded_width")
_KERNEL = ("out_channels", "group_channels", "kernel_height", "kernel_width")
_OUTPUT = ("batch", "out_channels", "out_height", "out_width")


def compute(config: ConvConfig, arrays: Mapping[str, Array]) -> Trace:
    """The trace of one convolution.

    ``input`` (batch, in_channels, height, width), or without batch, or without batch and channels;
    ``kernel`` (out_channels, in_channels/groups, kernel_height, kernel_width), or one filter without its first axis,
    or one 2-D kernel that every channel is multiplied by; ``bias`` (out_channels) or one number for all, optional.
    Raises ``ShapeError`` or ``OptionError`` for what does not go together.
    """
    taken = {name: numeric(name, value) for name, value in arrays.items() if value is not None}
    full, shapes = conv_shapes.complete(config, {name: array.shape for name, array in taken.items()})
    kind = common(*taken.values())
    ready: dict[str, Array] = {}
    for name, shape in shapes.items():
        if name not in taken:
            raise ShapeError(f"conv needs {name} of shape {shape_text(shape)}, but it was not given")
        array = taken[name].astype(kind, copy=False)
        ready[name] = np.broadcast_to(array.reshape(conv_shapes.aligned(name, array.shape)), shape)
    x, bias = ready["input"], ready.get("bias")
    axes = conv_shapes.axes_of(full, x.shape)
    kernel = np.ascontiguousarray(_turned(ready["kernel"]) if full.flip else ready["kernel"])
    padded = pad(x, axes, full.padding_mode)
    with np.errstate(all="ignore"):
        before = correlate(padded, kernel, axes, full.groups)
        if bias is not None:
            before += bias[:, None, None]
    after = before if full.activation == "linear" else ACTIVATIONS[full.activation](before)
    return assemble(
        full,
        tensors(
            Tensor("input", _INPUT, "input", x),
            Tensor("padded", _PADDED, "intermediate", padded),
            Tensor("kernel", _KERNEL, "weight", kernel),
            *([Tensor("bias", ("out_channels",), "weight", bias)] if bias is not None else []),
            Tensor("pre_activation", _OUTPUT, "intermediate", before),
            Tensor("output", _OUTPUT, "output", after),
        ),
    )


def _turned(kernel: Array) -> Array:
    """The kernel turned by 180°."""
    return kernel[..., ::-1, ::-1]


def assemble(config: ConvConfig, saved: Mapping[str, Tensor]) -> Trace:
    """The trace from its stored tensors: patches, products, partial sums, steps and facts are made here."""
    axes = conv_shapes.axes_of(config, saved["input"].shape)
    rows, columns = axes
    padded, kernel = saved["padded"], saved["kernel"]
    if padded.shape[2:] != (rows.padded, columns.padded):
        raise ShapeError(
            f"padded is {shape_text(padded.shape[2:])}, but these options make {rows.padded}×{columns.padded}"
        )
    out = (padded.shape[0], kernel.shape[0], rows.out, columns.out)
    products = (*out, *kernel.shape[1:])
    reader = _Reader(padded.array, kernel.array, axes, config.groups)
    recipes = [
        _recipe("patches", (*_PADDED[:2], *_OUTPUT[2:], *_KERNEL[2:]), reader.patches,
                (*padded.shape[:2], *out[2:], *kernel.shape[2:]), kernel.dtype),
        _recipe("products", (*_OUTPUT, *_KERNEL[1:]), reader.products, products, kernel.dtype),
        _recipe("partial_sums", (*_OUTPUT, _KERNEL[1]), reader.partial_sums, products[:5], kernel.dtype),
    ]  # fmt: skip
    held = [saved[name] for name in ("input", "padded", "kernel", "bias") if name in saved]
    if config.flip:
        given = Recipe(kernel.shape, kernel.dtype, lambda index: _turned(kernel.array)[index])
        held.insert(2, Tensor("kernel_given", _KERNEL, "weight", given))
    every = tensors(*held, *recipes, saved["pre_activation"], saved["output"])
    together = large(out[1], config.groups, count(kernel.shape[1:]), out[0] * rows.out * columns.out)
    maker = _Maker(config, axes, out, kernel.shape[1], "bias" in saved, together)
    facts = conv_shapes.facts(config, axes, {name: tensor.shape for name, tensor in saved.items()}, kernel.array)
    trace = Trace("conv", config, every, Steps(4 * count(out), maker.step, finding(_OUTPUT, out, 4, maker.step)), facts)
    return symbolic.derived(trace) if saved["kernel"].labels is not None else trace


def _recipe(name: str, axes: tuple[str, ...], read: Any, shape: Shape, dtype: Any) -> Tensor:
    return Tensor(name, axes, "intermediate", Recipe(shape, dtype, lambda index: read(kept(index, shape))))


@dataclass(frozen=True)
class _Reader:
    """Reads any region of the tensors that are never stored."""

    padded: Array
    kernel: Array
    axes: tuple[Axis, ...]
    groups: int

    def patches(self, at: tuple[range | int, ...]) -> Array:
        b, ch, r, c, i, j = (_positions(n, axis, 6) for axis, n in enumerate(at))
        cells = self.padded[b, ch, self._row(r, i), self._column(c, j)]
        return _without(cells, at)

    def products(self, at: tuple[range | int, ...]) -> Array:
        return _without(self._products(at), at)

    def partial_sums(self, at: tuple[range | int, ...]) -> Array:
        """Summed in reading order, as small ones are made; accumulate is sequential by definition."""
        taps = self.kernel.shape[2:]
        terms = self._products((*at, range(taps[0]), range(taps[1])))
        terms = terms.reshape(*terms.shape[:5], -1)
        with np.errstate(all="ignore"):
            return _without(np.add.accumulate(terms, axis=-1)[..., -1], at)

    def _products(self, at: tuple[range | int, ...]) -> Array:
        b, f, r, c, ch, i, j = (_positions(n, axis, 7) for axis, n in enumerate(at))
        filters, group_channels = self.kernel.shape[:2]
        channel = f // (filters // self.groups) * group_channels + ch
        with np.errstate(all="ignore"):
            cells = self.padded[b, channel, self._row(r, i), self._column(c, j)]
            return np.asarray(cells * self.kernel[f, ch, i, j])

    def _row(self, out: Array, tap: Array) -> Array:
        return np.asarray(out * self.axes[0].stride + tap * self.axes[0].dilation)

    def _column(self, out: Array, tap: Array) -> Array:
        return np.asarray(out * self.axes[1].stride + tap * self.axes[1].dilation)


def _positions(at: range | int, axis: int, of: int) -> Array:
    """The positions along one axis, shaped to broadcast against the other axes."""
    values = np.asarray(at if isinstance(at, range) else (at,))
    return values.reshape([-1 if k == axis else 1 for k in range(of)])


def _without(cells: Array, at: tuple[range | int, ...]) -> Array:
    """Take away the axes that were given as integers."""
    return cells[tuple(slice(None) if isinstance(n, range) else 0 for n in at)]


@dataclass(frozen=True)
class _Maker:
    """Makes the i-th step."""

    config: ConvConfig
    axes: tuple[Axis, ...]
    out: Shape
    group_channels: int
    biased: bool
    together: bool

    def step(self, i: int) -> Step:
        flat, act = divmod(i, 4)
        b, f, r, c = cell(flat, self.out)
        at = {"batch": b, "out_channels": f, "out_height": r, "out_width": c}
        if act == 0:
            reads = (self.window(b, f, r, c), Region.of("kernel", out_channels=f))
            return Step("multiply", reads, Region.of("products", **at))
        if act == 1:
            return Step("sum", (Region.of("products", **at),), Region.of("partial_sums", **at), (("axes", 2),))
        if act == 2:
            bias = (Region.of("bias", out_channels=f),) if self.biased else ()
            terms = "products" if self.together else "partial_sums"
            return Step("add", (Region.of(terms, **at), *bias), Region.of("pre_activation", **at))
        name = (("name", self.config.activation),)
        return Step("activate", (Region.of("pre_activation", **at),), Region.of("output", **at), name)

    def window(self, b: int, f: int, r: int, c: int) -> Region:
        first = f // (self.out[1] // self.config.groups) * self.group_channels
        return Region.of(
            "padded",
            batch=b,
            in_channels=range(first, first + self.group_channels),
            padded_height=self.axes[0].taps(r),
            padded_width=self.axes[1].taps(c),
        )


def window(trace: Trace, b: int, f: int, r: int, c: int) -> Region:
    """The cells of ``padded`` that output cell (b, f, r, c) is computed from."""
    config: Any = trace.config
    group_channels = trace.size("group_channels")
    return _Maker(config, axes_of(trace), trace.tensor("output").shape, group_channels, False, False).window(b, f, r, c)


def steps_of(trace: Trace, b: int, f: int, r: int, c: int) -> range:
    """The places in ``trace.steps`` of the four acts of output cell (b, f, r, c), in the order of ``ACTS``."""
    flat = int(np.ravel_multi_index((b, f, r, c), trace.tensor("output").shape))
    return range(4 * flat, 4 * flat + 4)


def axes_of(trace: Trace) -> tuple[Axis, Axis]:
    """Height and width with their padding, stride, dilation and output size."""
    config: Any = trace.config
    return conv_shapes.axes_of(config, trace.tensor("input").shape)


def unread(trace: Trace) -> dict[str, tuple[int, ...]]:
    """By axis name the positions that no window reads; a cell is unread where its row or its column is."""
    rows, columns = axes_of(trace)
    config: Any = trace.config
    return {
        "padded_height": rows.unread(),
        "padded_width": columns.unread(),
        "height": unread_input(rows, config.padding_mode),
        "width": unread_input(columns, config.padding_mode),
    }


CONV = Layer(
    name="conv",
    title="2D convolution",
    config=ConvConfig,
    arrays=(
        ArrayOption("input", _INPUT, "input", "the image or feature maps"),
        ArrayOption("kernel", _KERNEL, "weight", "the filters; one 2-D kernel is used for every channel"),
        ArrayOption("bias", ("out_channels",), "weight", "one number per filter, or one for all", optional=True),
    ),
    complete=conv_shapes.complete,
    compute=compute,
    assemble=assemble,
    formula="y[b, f, r, c] = bias[f] + Σ x[b, ch, r·s + i·d − p, c·s + j·d − p] · w[f, ch, i, j]",
    source="Goodfellow, Bengio, Courville: Deep Learning (2016), equation 9.6; torch.nn.Conv2d",
    backward=conv_backward.backward,
    makes=conv_shapes.makes,
    back=1.5,
)
