"""Surfaces of two numbers to go down on: what the loss is at a point, and its slope there.

quadratic   ½ (p − m)ᵀ H (p − m), H the curvature and m the minimum
all others  Σ w r², r polynomials in x and y: the functions that optimisers have been tried on since the sixties
            (Rosenbrock 1960; Beale 1958; Himmelblau 1972), and a saddle
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from layeranim.engine.replay import finite_max, operation
from layeranim.engine.trace import Array
from layeranim.records import dataclass

Polynomial = Mapping[tuple[int, int], float]
"""Coefficients by the powers of x and y."""
Point = tuple[float, float]


@dataclass(frozen=True)
class Surface:
    """A loss over the plane: weighted squares of polynomials, where it is usually begun, its minima, the part of the
    plane that is looked at (x from, to; y from, to), and how fast one goes: along the slope, with a velocity, and by
    steps of about that length (the methods that divide by the size of the slope)."""

    squares: tuple[tuple[float, Polynomial], ...]
    start: Point
    minima: tuple[Point, ...]
    window: tuple[float, float, float, float]
    rates: tuple[float, float, float]


SURFACES: dict[str, Surface] = {
    "quadratic": Surface((), (-2, 1), ((0, 0),), (-2.4, 2.4, -1.5, 1.5), (0.18, 0.05, 0.3)),
    "rosenbrock": Surface(
        ((1, {(0, 0): 1, (1, 0): -1}), (100, {(0, 1): 1, (2, 0): -1})),
        (-1.2, 1), ((1, 1),), (-2, 2, -1, 3), (0.001, 0.0005, 0.2),
    ),
    "beale": Surface(
        ((1, {(0, 0): 1.5, (1, 0): -1, (1, 1): 1}), (1, {(0, 0): 2.25, (1, 0): -1, (1, 2): 1}),
         (1, {(0, 0): 2.625, (1, 0): -1, (1, 3): 1})),
        (1, 1), ((3, 0.5),), (-1, 4, -1.5, 1.5), (0.01, 0.005, 0.2),
    ),
    "himmelblau": Surface(
        ((1, {(0, 0): -11, (2, 0): 1, (0, 1): 1}), (1, {(0, 0): -7, (1, 0): 1, (0, 2): 1})),
        (0, 0), ((3, 2), (-2.805118, 3.131313), (-3.77931, -3.283186), (3.584428, -1.848127)),
        (-5, 5, -5, 5), (0.01, 0.005, 0.4),
    ),
    "saddle": Surface(
        ((1, {(1, 0): 1}), (-1, {(0, 1): 1})), (-1, 0.01), (), (-1.5, 1.5, -1.5, 1.5), (0.1, 0.05, 0.1)
    ),
}  # fmt: skip
"""By name."""


def lowest(curvature: Array, minimum: Array) -> tuple[Point, ...]:
    """Where a quadratic surface is lowest, if it is anywhere."""
    bent = np.asarray(curvature, float)
    with np.errstate(all="ignore"):
        finite = np.isfinite(bent).all() and np.isfinite(minimum).all()
        up = finite and bool((np.linalg.eigvalsh((bent + bent.T) / 2) > 0).all())
    return ((float(minimum[0]), float(minimum[1])),) if up else ()


def _polynomial(of: Polynomial, x: Array, y: Array) -> Array:
    """Σ c xⁱ yʲ."""
    terms = [x.dtype.type(c) * x**i * y**j for (i, j), c in of.items()]
    return np.asarray(sum(terms, np.zeros_like(x)))


def _derived(of: Polynomial, axis: int) -> Polynomial:
    """The derivative by x (axis 0) or y (axis 1)."""
    return {
        (i - (axis == 0), j - (axis == 1)): c * (i, j)[axis] for (i, j), c in of.items() if (i, j)[axis]
    }  # fmt: skip


def _bound(points: Array, *more: Array, surface: str) -> tuple[int, float]:
    """A dozen roundings of terms that are all added up: the surface with every sign positive."""
    size = np.abs(points).astype(np.float64)
    if surface == "quadratic":
        away = size + np.abs(more[1])
        return 16, finite_max(np.abs(more[0]).sum() * (away.max(axis=-1) ** 2 + away.max(axis=-1)))
    x, y = size[..., 0], size[..., 1]
    squares = SURFACES[surface].squares
    parts = [({k: abs(c) for k, c in r.items()}, abs(w)) for w, r in squares]
    values = [w * (1 + _polynomial(r, x, y)) ** 2 for r, w in parts]
    slopes = [w * (1 + _polynomial(r, x, y)) * _polynomial(_derived(r, a), x, y) for r, w in parts for a in (0, 1)]
    return 32, finite_max(np.sum([*values, *slopes], axis=0))


def _quiet(bound: Callable[..., tuple[int, float]]) -> Callable[..., tuple[int, float]]:
    def quiet(*reads: Array, surface: str) -> tuple[int, float]:
        with np.errstate(all="ignore"):
            return bound(*reads, surface=surface)

    return quiet


@operation("surface_loss", _quiet(_bound))
def loss_at(points: Array, *shape: Array, surface: str) -> Array:
    """The loss at points (…, 2); a quadratic one has its ``shape``: curvature (2, 2), minimum (2).

    >>> loss_at(np.array([-1.2, 1.0]), surface="rosenbrock").round(6)
    np.float64(24.2)
    """
    if surface == "quadratic":
        curvature, minimum = shape
        away = points - minimum
        pulled = (away[..., None, :] * curvature).sum(axis=-1)
        return np.asarray(points.dtype.type(0.5) * (away * pulled).sum(axis=-1))
    x, y = points[..., 0], points[..., 1]
    parts = [x.dtype.type(w) * _polynomial(r, x, y) ** 2 for w, r in SURFACES[surface].squares]
    return np.asarray(sum(parts, np.zeros_like(x)))


@operation("surface_slope", _quiet(_bound))
def slope_at(points: Array, *shape: Array, surface: str) -> Array:
    """The gradient of the loss at points (…, 2).

    >>> slope_at(np.array([-1.2, 1.0]), surface="rosenbrock").round(6).tolist()
    [-215.6, -88.0]
    """
    half = points.dtype.type(0.5)
    if surface == "quadratic":
        curvature, minimum = shape
        away = points - minimum
        return np.asarray(half * (away[..., None, :] * (curvature + curvature.T)).sum(axis=-1))
    x, y = points[..., 0], points[..., 1]
    out = np.zeros_like(points)
    for w, r in SURFACES[surface].squares:
        twice = x.dtype.type(2 * w) * _polynomial(r, x, y)
        for axis in (0, 1):
            out[..., axis] += twice * _polynomial(_derived(r, axis), x, y)
    return out


@operation("level_of_loss", lambda loss: (8, finite_max(np.log1p(np.abs(loss[np.isfinite(loss)]).max(initial=0) * 2))))
def level_of(loss: Array) -> Array:
    """ln(1 + loss − lowest loss): how high a point lies above the lowest one, far heights drawn together."""
    with np.errstate(all="ignore"):
        known = loss[np.isfinite(loss)]
        return np.asarray(np.log1p(loss - known.min(initial=np.inf if len(known) else 0)))
