"""Sliding windows: sizes, padding, stride and dilation, shared by convolution and pooling.

Sizes are in cells. Output size: V. Dumoulin and F. Visin, A guide to convolution arithmetic for deep learning (2016),
relationship 15, with the padding of both ends written apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import numpy as np

from layeranim.engine.array import shape_text
from layeranim.engine.conventions import CONVENTIONS
from layeranim.engine.memory import affordable as affordable
from layeranim.engine.trace import Array, Shape
from layeranim.errors import OptionError, ShapeError
from layeranim.records import dataclass

Mode = Literal["zeros", "reflect", "replicate", "circular"]
MODES: tuple[Mode, ...] = ("zeros", "reflect", "replicate", "circular")
PADDINGS = ("same", "valid", "full")
"""The words for the padding of a convolution, besides numbers; over one axis there is also ``causal``."""

_NUMPY_MODES: dict[str, Literal["constant", "reflect", "edge", "wrap"]] = {
    "zeros": "constant",
    "reflect": "reflect",
    "replicate": "edge",
    "circular": "wrap",
}


@dataclass(frozen=True)
class Axis:
    """One spatial axis that a window slides along: ``size`` cells, ``before`` and ``after`` of padding."""

    name: str
    size: int
    kernel: int
    stride: int
    dilation: int
    before: int
    after: int

    @property
    def pads(self) -> tuple[int, int]:
        """Its padding before and after."""
        return self.before, self.after

    @property
    def padded(self) -> int:
        """The size with its padding."""
        return self.size + self.before + self.after

    @property
    def reach(self) -> int:
        """The cells that a window spans, its gaps included: d(k − 1) + 1."""
        return self.dilation * (self.kernel - 1) + 1

    @property
    def out(self) -> int:
        """The number of windows: ⌊(n + p_before + p_after − d(k−1) − 1)/s⌋ + 1; below 1 where none fits."""
        return (self.padded - self.reach) // self.stride + 1

    @property
    def formula(self) -> str:
        """The output size with the numbers put in: ``⌊(5 + 1 + 1 − 1·(3−1) − 1)/2⌋ + 1 = 3``."""
        inside = f"{self.size} + {self.before} + {self.after} − {self.dilation}·({self.kernel}−1) − 1"
        return f"⌊({inside})/{self.stride}⌋ + 1 = {self.out}".replace("= -", "= −")

    def taps(self, at: int) -> range:
        """The padded positions that the window of output cell ``at`` reads."""
        start = at * self.stride
        return range(start, start + self.reach, self.dilation)

    def unread(self) -> tuple[int, ...]:
        """The padded positions that no window reads."""
        read = {position for tap in self.taps(0) for position in range(tap, tap + self.out * self.stride, self.stride)}
        return tuple(position for position in range(self.padded) if position not in read)


def slide(
    padding: str | tuple[tuple[int, int], ...],
    sizes: Shape,
    kernel: Shape,
    stride: Shape,
    dilation: Shape,
    *,
    convention: str = "torch",
    mode: str = "zeros",
    names: Sequence[str] = ("height", "width"),
) -> tuple[Axis, ...]:
    """The axes of a window of ``kernel`` cells over ``sizes``, with ``padding`` resolved.

    ``same``: total max((⌈n/s⌉ − 1)s + d(k − 1) + 1 − n, 0), ⌊total/2⌋ before, the rest after, as Keras, Flax, Haiku,
    Equinox, PaddlePaddle and ONNX (SAME_UPPER) have it; without a stride that is d(k − 1), also PyTorch's, which
    refuses a stride above 1.
    ``full``: d(k − 1) before and after, so that every window that touches the input counts (numpy.convolve).
    ``causal``: d(k − 1) before, none after, so that a window ends at its own place (keras.layers.Conv1D).
    Raises ``OptionError`` for a padding that the convention or mode refuses, ``ShapeError`` where no window fits.
    """
    amounts = _amounts(padding, sizes, kernel, stride, dilation, convention)
    axes = tuple(
        Axis(name, n, k, s, d, before, after)
        for name, n, k, s, d, (before, after) in zip(names, sizes, kernel, stride, dilation, amounts, strict=True)
    )
    affordable("the padded input", tuple(axis.padded for axis in axes))
    for axis in axes:
        _check_mode(axis, mode)
        if axis.padded < axis.reach:
            raise ShapeError(
                f"kernel_size {axis.kernel}{f' with dilation {axis.dilation}' if axis.dilation > 1 else ''} spans "
                f"{axis.reach} cells, but the padded {axis.name} is {axis.padded}: {axis.formula}; "
                f"{axis.reach - axis.padded} more padding or input would do"
            )
    return axes


def _amounts(
    padding: str | tuple[tuple[int, int], ...], sizes: Shape, kernel: Shape, stride: Shape, dilation: Shape,
    convention: str,
) -> tuple[tuple[int, int], ...]:  # fmt: skip
    """Padding before and after on each axis."""
    if padding == "valid":
        return tuple((0, 0) for _ in sizes)
    if not isinstance(padding, str):
        return padding
    if padding in ("full", "causal"):
        whole = tuple(d * (k - 1) for k, d in zip(kernel, dilation, strict=True))
        return tuple((n, n if padding == "full" else 0) for n in whole)
    strided = any(s != 1 for s in stride)
    amounts, whose = same(sizes, kernel, stride, dilation), CONVENTIONS[convention]
    flat = ",".join(str(n) for pair in amounts for n in pair)
    if any(d != 1 for d in dilation) and whose.same_dilated in ("refused", "dilation dropped"):
        does = "refuses" if whose.same_dilated == "refused" else "computes without the dilation"
        raise OptionError(
            f"padding is same and dilation is {shape_text(dilation)}, which {whose.library} {does}; "
            f"padding {flat} or convention keras gives what Keras computes"
        )
    if strided and whose.same_strided in (None, "refused"):
        raise OptionError(
            f"padding is same and stride is {shape_text(stride)}, which {whose.library} "
            f"{'refuses' if whose.same_strided else 'does not have'}; "
            f"padding {flat} or convention keras gives what Keras computes"
        )
    return amounts


def same(sizes: Shape, kernel: Shape, stride: Shape, dilation: Shape) -> tuple[tuple[int, int], ...]:
    """Padding before and after on each axis with which ⌈n/s⌉ windows fit, the odd cell at the end."""
    totals = (
        max((-(-n // s) - 1) * s + d * (k - 1) + 1 - n, 0)
        for n, k, s, d in zip(sizes, kernel, stride, dilation, strict=True)
    )
    return tuple((total // 2, total - total // 2) for total in totals)


def _check_mode(axis: Axis, mode: str) -> None:
    """PyTorch's limits: a reflection cannot repeat the edge, a circle cannot go round twice."""
    most = {"reflect": axis.size - 1, "circular": axis.size}.get(mode)
    widest = max(axis.before, axis.after)
    if most is not None and widest > most:
        raise OptionError(
            f"padding is {widest} with padding_mode {mode}, but must be at most {most} for a {axis.name} of {axis.size}"
        )


def pad(array: Array, axes: Sequence[Axis], mode: str = "zeros") -> Array:
    """``array`` padded on its last axes; the array itself where there is no padding."""
    if all(axis.before == axis.after == 0 for axis in axes):
        return array
    before = array.ndim - len(axes)
    if mode == "zeros":  # what np.pad gives, in a third of its time
        padded = np.zeros((*array.shape[:before], *(axis.padded for axis in axes)), array.dtype)
        inside: Any = (..., *(slice(axis.before, axis.before + axis.size) for axis in axes))
        padded[inside] = array
        return padded
    widths = [(0, 0)] * before + [(axis.before, axis.after) for axis in axes]
    return np.pad(array, widths, mode=_NUMPY_MODES[mode])


def origin(axis: Axis, mode: str = "zeros") -> tuple[int | None, ...]:
    """For each padded position the input position whose value it holds; ``None`` where that is the padding's zero."""
    held: Any = np.pad(np.arange(axis.size) + 1, (axis.before, axis.after), mode=_NUMPY_MODES[mode])
    return tuple(int(at) - 1 if at else None for at in held)


def unread(axis: Axis, mode: str = "zeros") -> tuple[int, ...]:
    """The input positions that no window reads, neither in place nor copied into the padding."""
    idle = set(axis.unread())
    read = {at for position, at in enumerate(origin(axis, mode)) if position not in idle}
    return tuple(at for at in range(axis.size) if at not in read)


def padding_text(pairs: Iterable[tuple[int, int]]) -> str:
    """Padding before and after on each axis, as ``--padding`` reads it: ``1`` or ``0,1,0,1``."""
    amounts = [n for pair in pairs for n in pair]
    return str(amounts[0]) if len(set(amounts)) == 1 else ",".join(str(n) for n in amounts)
