"""From which call an array came: found by its numbers, where axes were turned, split, joined or cut on the way.

What only carried numbers between two calls is not kept; but what one gave and the next one read is. A way is believed
where every number is the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations

import numpy as np

from layeranim.engine.trace import Array, Shape
from layeranim.records import dataclass

MOST_AXES = 5
"""Of more axes no other order is tried."""
MOST_CUTS = 600
"""So many places are tried at which a part may have been cut out."""
SAMPLE = 16
"""Numbers that are compared before all are."""


@dataclass(frozen=True)
class CarriedWay:
    """The indices that were read (axis, start, stop), how they are seen, and in which order their axes come."""

    spans: tuple[tuple[int, int, int], ...]
    shape: Shape
    axes: tuple[int, ...]


def way(source: Array, array: Array) -> CarriedWay | None:
    """How ``array`` came from ``source``; ``None`` where it holds other numbers."""
    if not array.size or array.size > source.size:
        return None
    for spans, part in _parts(source, array):
        if found := _turned(part, array):
            return CarriedWay(spans, *found)
    return None


def _parts(source: Array, array: Array) -> Iterator[tuple[tuple[tuple[int, int, int], ...], Array]]:
    """All of the source, or what is as large as the array along one of its axes, from the first on."""
    if source.size == array.size:
        yield (), source
        return
    for axis, n in enumerate(source.shape):
        long, rest = divmod(array.size * n, source.size)
        if rest or not 0 < long < n:
            continue
        starts = dict.fromkeys((*range(0, n - long + 1, long), n - long, *range(n - long + 1)))
        for start in list(starts)[:MOST_CUTS]:
            yield ((axis, start, start + long),), source[(slice(None),) * axis + (slice(start, start + long),)]


def _turned(part: Array, array: Array) -> tuple[Shape, tuple[int, ...]] | None:
    """A shape in which a part is seen, and the order of its axes, that give the array."""
    for axes in _orders(part.ndim):
        if _same(part.transpose(axes), array):
            return part.shape, axes
    for axes in _orders(array.ndim):  # it was seen in another shape before its axes were turned
        if axes != tuple(range(array.ndim)) and _same(part, array.transpose(axes)):
            shape = tuple(array.shape[axis] for axis in axes)
            return shape, tuple(int(k) for k in np.argsort(axes))
    return None


def _orders(ndim: int) -> Iterator[tuple[int, ...]]:
    yield from permutations(range(ndim)) if ndim <= MOST_AXES else [tuple(range(ndim))]


def _same(one: Array, other: Array) -> bool:
    """Whether two arrays hold the same numbers one after another."""
    at = np.linspace(0, one.size - 1, min(SAMPLE, one.size)).astype(int)
    if not np.array_equal(_picked(one, at), _picked(other, at), equal_nan=one.dtype.kind == "f" == other.dtype.kind):
        return False
    return bool(np.array_equal(one.ravel(), other.ravel(), equal_nan=one.dtype.kind == "f" == other.dtype.kind))


def _picked(array: Array, at: Array) -> Array:
    return array[np.unravel_index(at, array.shape)] if array.ndim else array.reshape(1)[at]
