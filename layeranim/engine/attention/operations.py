"""The acts of attention, each on one row of scores, as Steps name them."""

from __future__ import annotations

import numpy as np

from layeranim.engine import arithmetic, vector  # noqa: F401  (registers rescale and divide, add_cells and sum_terms)
from layeranim.engine.attention.scores import COSINE_EPS, finite, one_hot, share
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


@operation("length_back", lambda delta, x, norm: (4, finite_max(np.abs(delta * x / norm))))
def length_back(delta: Array, x: Array, norm: Array) -> Array:
    """δ · x / |x|: the gradient of a length; 0 where the length is not that of x, because x is too short."""
    return np.asarray(np.where(norm > norm.dtype.type(COSINE_EPS), delta * x / norm, x.dtype.type(0)))


@operation("quotient_back", lambda delta, quotient, by: (4, finite_max(np.abs(delta * quotient / by))))
def quotient_back(delta: Array, quotient: Array, by: Array) -> Array:
    """−δ · y / b: the gradient of what y = x / b was divided by."""
    return np.asarray(-delta * quotient / by)


def _weighted_terms(weights: Array, rows: Array) -> tuple[int, float]:
    return weights.size, finite_max(weighted_total(np.abs(weights), np.abs(rows)))


@operation("weighted_total", _weighted_terms)
def weighted_total(weights: Array, rows: Array) -> Array:
    """Σ weight · row over all rows of all sequences."""
    return np.asarray((weights.reshape(-1, 1) * rows.reshape(-1, rows.shape[-1])).sum(axis=0))


@operation("no_slope")
def no_slope(delta: Array) -> Array:
    """0: which key is the best does not change with a small change of the scores."""
    return np.zeros_like(delta)


@operation("softcap_back", lambda delta, x, *, cap: (16, finite_max(np.abs(delta))))
def softcap_back(delta: Array, x: Array, *, cap: float) -> Array:
    """δ · (1 − tanh²(x / cap))."""
    return np.asarray(delta * (1 - np.tanh(x / x.dtype.type(cap)) ** 2))


@operation("rotate_back", lambda delta, angle, *, pairs: (8, finite_max(np.abs(delta))))
def rotate_back(delta: Array, angle: Array, *, pairs: str) -> Array:
    """Each pair turned back by its angle: a rotation's gradient is the rotation the other way."""
    return rotate(delta, -angle, pairs=pairs)
