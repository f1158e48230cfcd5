"""What the stamps of a transposed convolution have made so far: the output after each input cell, in reading order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from layeranim.engine.arithmetic import Cell, at, few
from layeranim.engine.replay import operation
from layeranim.engine.trace import Array, Index, Recipe, Region, Step, Tensor, cell, kept
from layeranim.engine.window import Axis


def painted(x: Tensor, kernel: Tensor, full: Tensor, axes: Sequence[Axis], groups: int) -> Tensor:
    """The full output once the stamps of all input cells up to one have come, read on demand.

    Its axes are those of the input, then those of the full output without the batch.
    """
    shape, rank = (*x.shape, *full.shape[1:]), len(x.shape)
    painter = _Painter(x.array, kernel.array, full.shape, axes, groups)

    def read(index: Index) -> Array:
        places = [k if isinstance(k, range) else range(k, k + 1) for k in kept(index, shape)]
        out = np.empty([len(k) for k in places], x.dtype)
        inner = np.ix_(*places[rank:])
        for where in np.ndindex(*out.shape[1:rank]):
            here = tuple(k[i] for k, i in zip(places[1:rank], where, strict=True))
            canvas = painter.after(int(np.ravel_multi_index(here, x.shape[1:])))
            for n, b in enumerate(places[0]):
                out[(n, *where)] = canvas[b][inner]
        return np.asarray(out[tuple(slice(None) if isinstance(k, slice | range) else 0 for k in index)])

    return Tensor("painted", (*x.axes, *full.axes[1:]), "intermediate", Recipe(shape, x.dtype, read))


class _Painter:
    """Stamps one input cell after another; it goes on from where it was, and begins anew to go back."""

    def __init__(self, x: Array, kernel: Array, full: Sequence[int], axes: Sequence[Axis], groups: int) -> None:
        self.x, self.kernel, self.full, self.axes = x.reshape(len(x), -1), kernel, tuple(full), axes
        self.shape, self.groups = x.shape[1:], groups
        self._begin()

    def _begin(self) -> None:
        self.done, self.canvas = 0, np.zeros(self.full, self.x.dtype)

    def after(self, last: int) -> Array:
        """(batch, out_channels, …) when the stamp of that cell, counted in reading order, has come."""
        if last < self.done - 1:
            self._begin()
        with np.errstate(all="ignore"):
            while self.done <= last:
                channel, *place = cell(self.done, self.shape)
                filters, *spans = spot(channel, place, self.axes, self.kernel.shape, self.groups)
                where = (slice(None), *(slice(one.start, one.stop, one.step) for one in (filters, *spans)))
                factor = self.x[:, self.done].reshape(-1, *(1,) * (self.kernel.ndim - 1))
                self.canvas[where] += factor * self.kernel[channel]
                self.done += 1
        return self.canvas


def spot(channel: int, place: Sequence[int], axes: Sequence[Axis], kernel: Sequence[int], groups: int) -> list[range]:
    """Where the stamp of an input cell lies: the output channels of its group, then a range along each axis."""
    first = channel // (kernel[0] // groups) * kernel[1]
    spans = (
        range(n * axis.stride, n * axis.stride + axis.reach, axis.dilation) for n, axis in zip(place, axes, strict=True)
    )
    return [range(first, first + kernel[1]), *spans]


def overlap_step(config: Any, axes: Sequence[Axis], x: Tensor, kernel: Tensor, full: Tensor, here: Cell) -> Step:
    """The step in which the stamp of one input cell is added to what the cells before it have made."""
    spans = spot(here[x.axes[1]], [here[axis] for axis in x.axes[2:]], axes, kernel.shape, config.groups)
    lies = dict(zip(full.axes[1:], spans, strict=True))
    place = int(np.ravel_multi_index([here[axis] for axis in x.axes[1:]], x.shape[1:]))
    reads = [at("stamps", here, *x.axes)]
    if place:
        before = dict(zip(x.axes[1:], cell(place - 1, x.shape[1:]), strict=True))
        reads.append(Region("painted", (("batch", here["batch"]), *before.items(), *lies.items())))
    return Step("overlap", tuple(reads), at("painted", here, *x.axes, **lies))


@operation("overlap", lambda stamp, *before: few(stamp + sum(before)))
def overlap(stamp: Array, *before: Array) -> Array:
    """A stamp, added to what lies there."""
    return np.asarray(stamp + before[0] if before else stamp + np.zeros_like(stamp))
