"""The error function in NumPy alone.

W. J. Cody, Rational Chebyshev approximations for the error function, Mathematics of Computation 23 (1969), 631-637:
three rational approximations, each with a relative error below 1e-16; coefficients as in his SPECFUN routine CALERF.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from layeranim.engine.trace import Array

# Highest power first; the denominators begin with 1.
_SMALL = (
    (1.85777706184603153e-1, 3.16112374387056560, 1.13864154151050156e2, 3.77485237685302021e2, 3.20937758913846947e3),
    (1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3),
)
_MIDDLE = (
    (2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594, 6.61191906371416295e1, 2.98635138197400131e2,
     8.81952221241769090e2, 1.71204761263407058e3, 2.05107837782607147e3, 1.23033935479799725e3),
    (1.0, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2, 1.62138957456669019e3,
     3.29079923573345963e3, 4.36261909014324716e3, 3.43936767414372164e3, 1.23033935480374942e3),
)  # fmt: skip
_LARGE = (
    (1.63153871373020978e-2, 3.05326634961232344e-1, 3.60344899949804439e-1, 1.25781726111229246e-1,
     1.60837851487422766e-2, 6.58749161529837803e-4),
    (1.0, 2.56852019228982242, 1.87295284992346725, 5.27905102951428412e-1, 6.05183413124413191e-2,
     2.33520497626869185e-3),
)  # fmt: skip
_SMALL_UP_TO, _MIDDLE_UP_TO = 0.46875, 4.0
_ERFC_IS_ZERO = 28.0


def erf(x: Any) -> Array:
    """2/√π ∫₀ˣ e^(−t²) dt, in the type of ``x``: float32 stays, everything else is float64."""
    array, size, near, tail = _parts(x)
    return np.asarray(np.where(size <= _SMALL_UP_TO, near, np.copysign(1 - tail, array)))


def erfc(x: Any) -> Array:
    """1 − erf(x), without cancellation for large x."""
    array, size, near, tail = _parts(x)
    return np.asarray(np.where(size <= _SMALL_UP_TO, 1 - near, np.where(array < 0, 2 - tail, tail)))


def _parts(x: Any) -> tuple[Array, Array, Array, Array]:
    """x, |x|, erf(x) good for small x, erfc(|x|) good for the others."""
    array = np.asarray(x)
    array = array if array.dtype == np.float32 else array.astype(np.float64)
    size = np.minimum(np.abs(array), _ERFC_IS_ZERO)
    small = np.clip(array, -_SMALL_UP_TO, _SMALL_UP_TO)
    near = small * _ratio(_SMALL, small * small)
    tail = _ratio(_MIDDLE, np.clip(size, _SMALL_UP_TO, _MIDDLE_UP_TO))
    far = size > _MIDDLE_UP_TO
    if far.any():  # of most arrays few numbers are
        large = size[far]
        square = 1 / (large * large)
        tail[far] = (1 / math.sqrt(math.pi) - square * _ratio(_LARGE, square)) / large
    # e^(−x²) in two factors: the square of x rounded to sixteenths is exact.
    rounded = np.trunc(size * 16) / 16
    tail *= np.exp(-rounded * rounded)
    tail *= np.exp((rounded - size) * (size + rounded))
    return array, size, near, tail


def _ratio(coefficients: tuple[Sequence[float], Sequence[float]], x: Array) -> Array:
    """A polynomial over another: every coefficient is positive, so nothing cancels where x is."""
    above, below = (_horner(part, x) for part in coefficients)
    above /= below
    return above


def _horner(coefficients: Sequence[float], x: Array) -> Array:
    total = np.full_like(x, coefficients[0])
    for coefficient in coefficients[1:]:
        total *= x
        total += x.dtype.type(coefficient)
    return total
