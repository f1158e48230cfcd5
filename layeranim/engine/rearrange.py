"""What one layer of a row wrote, as the next one reads it: the same numbers, axes turned, shape changed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from layeranim.engine.links import Link
from layeranim.engine.replay import operation
from layeranim.engine.trace import Array, Region, Shape, Step, Tensor, count


@operation("arrange")
def arrange(x: Array, *, shape: Shape, axes: tuple[int, ...], entry: Shape) -> Array:
    """The same numbers: seen in ``shape``, its axes turned to the order ``axes``, in the shape ``entry``."""
    return np.ascontiguousarray(x.reshape(shape).transpose(axes)).reshape(entry)  # in this order a scalar stays one


def turned(link: Link) -> Shape:
    """What a layer sees, its axes turned."""
    return tuple(link.shape[axis] for axis in link.axes)


def turned_axes(before: Tensor, link: Link) -> tuple[str, ...]:
    """Their names."""
    seen = kept(before.shape, before.axes, link.shape, f"{link.name}.seen")
    return tuple(seen[axis] for axis in link.axes)


def kept(shape: Shape, axes: Sequence[str], other: Shape, label: str) -> tuple[str, ...]:
    """The names of axes once the numbers are read in another shape: an axis that is whole in both keeps its own."""
    whole: dict[tuple[int, int], list[str]] = {}
    for k, axis in enumerate(axes):
        whole.setdefault((count(shape[:k]), shape[k]), []).append(axis)
    out = []
    for k, size in enumerate(other):
        same = whole.get((count(other[:k]), size), [])
        out.append(same.pop(0) if same else f"{label}_{k}")
    return tuple(out)


def unfolded(link: Link, wrote: Shape) -> Shape | None:
    """The shape of what a layer wrote, its rows as the leading axes that were folded into them, without the axis of
    samples that a single one has got for the layer; ``None``: it is as it was written."""
    if link.entry == (1, *turned(link)) and wrote[:1] == (1,):
        return wrote[1:]
    seen, folded = turned(link), len(link.shape) - len(link.entry) + 1
    if folded < 2 or link.entry != (count(seen[:folded]), *seen[folded:]) or wrote[:1] != link.entry[:1]:
        return None
    return (*seen[:folded], *wrote[1:])


def input_axes(first: Link, rank: int) -> tuple[str, ...]:
    """The names of the axes of what goes in: the first are samples, unless the first layer reads a single one."""
    alone = rank < 2 or first.axes[0] != 0 or len(first.entry) > rank
    return ("input_0" if alone else "batch", *(f"input_{k}" for k in range(1, rank)))


def reshaped(read: Tensor, written: Tensor) -> Step:
    """The same numbers in another shape."""
    how = (("shape", read.shape), ("axes", tuple(range(len(read.shape)))), ("entry", written.shape))
    return Step("arrange", (Region(read.name),), Region(written.name), how)
