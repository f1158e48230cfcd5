"""Sums over the windows of many small groups: the patches of several groups at once in scratch memory.

A depthwise convolution has a group for each channel. Each alone is a matrix product of a few numbers; here one call
makes those of a block of groups. Arrays are one sample's: groups first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import gcd
from typing import Any

import numpy as np

from layeranim.engine.trace import Array, Shape, count
from layeranim.engine.window import Axis
from layeranim.records import dataclass

ALL = slice(None)


def index(*places: Any) -> Any:
    """An index, which NumPy's types only know when it is written out."""
    return places


@dataclass(frozen=True)
class Runs:
    """Windows that slide by one cell, in one run over the padded cells as they lie in memory.

    A run also goes over the windows that would hang over an edge; they are left out afterwards. So the cells of a tap
    are neighbours, whatever the width of the picture.
    """

    spans: tuple[int, ...]
    axes: Sequence[Axis]

    @property
    def length(self) -> int:
        """Cells from the first window to the last."""
        return sum((axis.out - 1) * span for axis, span in zip(self.axes, self.spans, strict=True)) + 1

    def at(self, tap: Sequence[int]) -> slice:
        """The cells that a tap meets."""
        first = sum(t * axis.dilation * span for t, axis, span in zip(tap, self.axes, self.spans, strict=True))
        return slice(first, first + self.length)

    def room(self, like: Array) -> Array:
        """Zeros for runs over (…, *windows), of which the first ``length`` are used."""
        return np.zeros((*like.shape[: -len(self.axes)], self.axes[0].out * self.spans[0]), like.dtype)

    def windows(self, made: Array) -> Array:
        """The view of those of some runs that are windows."""
        whole = made.reshape(*made.shape[:-1], self.axes[0].out, *(axis.size for axis in self.axes[1:]))
        return np.asarray(whole[index(..., ALL, *(slice(axis.out) for axis in self.axes[1:]))])


def runs_of(padded: Shape, axes: Sequence[Axis]) -> Runs | None:
    """The runs of these windows, if they slide by one cell over more than one axis."""
    if len(axes) == 1 or any(axis.stride != 1 for axis in axes):
        return None
    sizes = [replace(axis, size=n, before=0, after=0) for axis, n in zip(axes, padded, strict=True)]
    return Runs(tuple(count(padded[k + 1 :]) for k in range(len(axes))), sizes)


def windows_of(x: Array, kernel: Shape, axes: Sequence[Axis]) -> Array:
    """What every tap meets in every window, without a copy: (…, *taps, *windows) of (…, *padded sizes)."""
    before, sizes = x.ndim - len(axes), tuple(axis.out for axis in axes)
    steps = [n * axis.dilation for n, axis in zip(x.strides[before:], axes, strict=True)]
    moves = [n * axis.stride for n, axis in zip(x.strides[before:], axes, strict=True)]
    shape, strides = (*x.shape[:before], *kernel, *sizes), (*x.strides[:before], *steps, *moves)
    return np.lib.stride_tricks.as_strided(x, shape, strides, writeable=False)


def _blocks(x: Array, kernel: Shape, axes: Sequence[Axis], room: int) -> Iterator[tuple[slice, Array]]:
    """The patches of (groups, channels, *padded sizes), a block of groups after the other: (some, terms, places).

    The places are the windows, or the cells of their runs. Every block is in the same scratch memory.
    """
    runs = runs_of(x.shape[2:], axes)
    if runs:
        x = np.ascontiguousarray(x)
        steps = (s * axis.dilation for s, axis in zip(x.strides[2:], axes, strict=True))
        seen = np.lib.stride_tricks.as_strided(
            x, (*x.shape[:2], *kernel, runs.length), (*x.strides[:2], *steps, x.itemsize), writeable=False
        )
    else:
        seen = windows_of(x, kernel, axes)
    terms = x.shape[1] * count(kernel)
    together = min(len(x), max(1, room // count(seen.shape[1:])))
    scratch = np.empty((together, *seen.shape[1:]), x.dtype)
    for first in range(0, len(x), together):
        part = seen[first : first + together]
        here = scratch[: len(part)]
        np.copyto(here, part)
        yield slice(first, first + len(part)), here.reshape(len(part), terms, -1)


def correlate(x: Array, w: Array, y: Array, axes: Sequence[Axis], room: int) -> None:
    """Σ x · w in every window, into ``y``.

    Args:
        x: (groups, channels, *padded sizes).
        w: (groups, members, channels, *taps).
        y: (groups, members, *windows).
        room: how many numbers of patches may be in scratch memory.
    """
    runs, weights = runs_of(x.shape[2:], axes), np.ascontiguousarray(w).reshape(*w.shape[:2], -1)
    made: Array | None = None
    for some, patches in _blocks(x, w.shape[3:], axes, room):
        if runs:
            made = runs.room(y[some]) if made is None else made[: len(patches)]
            np.matmul(weights[some], patches, out=made[..., : runs.length])
            y[some] = runs.windows(made)
        else:
            y[some] = np.matmul(weights[some], patches).reshape(y[some].shape)


def tap_gradients(g: Array, x: Array, w: Array, axes: Sequence[Axis], room: int) -> None:
    """Σ g · x over all windows, added to ``w``; the arrays as ``correlate`` has them, ``g`` in place of ``y``."""
    runs, weights = runs_of(x.shape[2:], axes), w.reshape(*w.shape[:2], -1)
    for some, patches in _blocks(x, w.shape[3:], axes, room):
        here = g[some].reshape(*g[some].shape[:2], -1)
        if runs:
            made = runs.room(g[some])
            runs.windows(made)[...] = g[some]
            here = made[..., : runs.length]
        weights[some] += here @ patches.swapaxes(1, 2)


def stamp(g: Array, w: Array, x: Array, axes: Sequence[Axis], room: int) -> None:
    """The transpose of ``correlate``, into ``x``: what each cell collects from the windows that read it.

    With a stride the taps fall into classes, one for each place that a cell can have between two windows. Those of a
    class meet the same cells, with a dilation of their own: a correlation with stride 1 over ``g``, zeros around it.
    """
    shared = [gcd(axis.stride, axis.dilation) for axis in axes]
    apart = [axis.stride // n for axis, n in zip(axes, shared, strict=True)]  # from a tap to the next of its class
    for first in np.ndindex(*(min(step, axis.kernel) for step, axis in zip(apart, axes, strict=True))):
        part = w[index(..., *(slice(n, None, step) for n, step in zip(first, apart, strict=True)))]
        more = [axis.dilation // n * (k - 1) for axis, n, k in zip(axes, shared, part.shape[3:], strict=True)]
        around = np.zeros((*g.shape[:2], *(n + 2 * m for n, m in zip(g.shape[2:], more, strict=True))), g.dtype)
        around[index(..., *(slice(m, m + n) for n, m in zip(g.shape[2:], more, strict=True)))] = g
        over = [
            Axis(axis.name, size, k, 1, axis.dilation // n, 0, 0)
            for axis, n, size, k in zip(axes, shared, around.shape[2:], part.shape[3:], strict=True)
        ]
        turned = part[index(..., *(slice(None, None, -1),) * len(axes))].swapaxes(1, 2)
        starts = [n * axis.dilation for n, axis in zip(first, axes, strict=True)]
        where = (
            slice(n, n + (wide.out - 1) * axis.stride + 1, axis.stride)
            for n, axis, wide in zip(starts, axes, over, strict=True)
        )
        correlate(around, turned, x[index(..., *where)], over, room)
