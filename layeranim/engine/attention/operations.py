"""The acts of attention, each on one row of scores, as Steps name them."""

from __future__ import annotations

import numpy as np

from layeranim.engine import arithmetic, vector  # noqa: F401  (registers rescale and divide, add_cells and sum_terms)
from layeranim.engine.attention.forward import COSINE_EPS, finite, one_hot, share
from layeranim.engine.positional import rotate
from layeranim.engine.replay import finite_max, operation
from layeranim.engine.trace import Array


@operation("vector_length", lambda x: (x.size + 4, finite_max(np.sqrt((x * x).sum()))))
def length(x: Array) -> Array:
    """√Σ x², at least 10⁻⁸."""
    return np.asarray(np.maximum(np.sqrt((x * x).sum()), x.dtype.type(COSINE_EPS)))


@operation("softcap", lambda x, *, cap: (8, float(cap)))
def softcap(x: Array, *, cap: float) -> Array:
    """cap · tanh(x / cap): close to x where it is small, never beyond ±cap (Gemma 2, 2024, section 2)."""
    limit = x.dtype.type(cap)
    return np.asarray(limit * np.tanh(x / limit))


@operation("largest")
def largest(row: Array) -> Array:
    """The largest of a row."""
    return np.asarray(row.max())


@operation("exponentiate", lambda row, row_max: (8, 1.0))
def exponentiate(row: Array, row_max: Array) -> Array:
    """e^(score − the row's largest), so that nothing overflows; 0 for a row that is all masked."""
    return np.asarray(np.exp(row - finite(row_max)))


@operation("share", lambda powers, total: (4, 1.0))
def share_row(powers: Array, total: Array) -> Array:
    """Each part of the sum: the row's weights."""
    return share(powers, total)


@operation("best")
def best(row: Array, row_max: Array) -> Array:
    """1 for the first key with the largest score, 0 for all others."""
    return one_hot(row, row_max)


@operation("weigh_rows")
def weigh_rows(weights: Array, rows: Array) -> Array:
    """Each row times its weight."""
    return np.asarray(weights[:, None] * rows)


@operation("sum_rows", lambda rows: (len(rows), finite_max(np.abs(rows).sum(axis=0))))
def sum_rows(rows: Array) -> Array:
    """The sum of all rows."""
    return np.asarray(rows.sum(axis=0))


@operation("softcap_back", lambda delta, x, *, cap: (16, finite_max(np.abs(delta))))
def softcap_back(delta: Array, x: Array, *, cap: float) -> Array:
    """δ · (1 − tanh²(x / cap))."""
    return np.asarray(delta * (1 - np.tanh(x / x.dtype.type(cap)) ** 2))


@operation("rotate_back", lambda delta, angle, *, pairs: (8, finite_max(np.abs(delta))))
def rotate_back(delta: Array, angle: Array, *, pairs: str) -> Array:
    """Each pair turned back by its angle: a rotation's gradient is the rotation the other way."""
    return rotate(delta, -angle, pairs=pairs)
