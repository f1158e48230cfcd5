"""Where numbers on a grid cross zero, as short straight lines: marching squares."""

from __future__ import annotations

import numpy as np

from layeranim.engine.trace import Array

Place = tuple[float, float]
"""A row and a column, which may lie between two."""


def crossings(values: Array) -> tuple[tuple[Place, Place], ...]:
    """The lines at which ``values`` (rows, columns) are 0, between neighbouring cells; none through what is no number.

    >>> crossings(np.array([[-1.0, 1.0], [-1.0, 1.0]]))
    (((0.0, 0.5), (1.0, 0.5)),)
    """
    held = np.asarray(values, np.float64)
    corners_of = np.stack([held[:-1, :-1], held[:-1, 1:], held[1:, 1:], held[1:, :-1]])
    low = (corners_of < 0).sum(axis=0)
    out = []
    for r, c in np.argwhere((low > 0) & (low < 4) & np.isfinite(corners_of).all(axis=0)).tolist():
        corners = [(r, c), (r, c + 1), (r + 1, c + 1), (r + 1, c)]
        sides = zip(corners, [*corners[1:], corners[0]], strict=True)
        cuts = [_cut(held, a, b) for a, b in sides if (held[a] < 0) != (held[b] < 0)]
        out += [(cuts[i], cuts[i + 1]) for i in range(0, len(cuts), 2)]  # of a saddle both lines
    return tuple((min(a, b), max(a, b)) for a, b in out)


def _cut(values: Array, a: tuple[int, int], b: tuple[int, int]) -> Place:
    """The point between two cells at which the straight line from one number to the other is 0."""
    share = float(values[a]) / (float(values[a]) - float(values[b]))
    return a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share
