"""The acts of arithmetic of sequence layers, on whole rows: add up, join, normalise, and their gradients.

Each is the plain function that a Step names; the vectorised code of the layers does not call them.
"""

from __future__ import annotations

import numpy as np

from layeranim.engine.activations import ACTIVATIONS
from layeranim.engine.replay import finite_max, operation
from layeranim.engine.trace import Array


def _magnitude(*terms: Array) -> float:
    """The largest finite Σ|terms| over the cells."""
    return finite_max(np.asarray(sum(np.abs(term) for term in terms)))


def _sum_terms(products: Array, *plus: Array) -> tuple[int, float]:
    return products.shape[-1] + len(plus), _magnitude(np.abs(products).sum(axis=-1), *plus)


@operation("sum_terms", _sum_terms)
def sum_terms(products: Array, *plus: Array) -> Array:
    """The sum of each row of products, and what is added to it (a bias)."""
    total = products.sum(axis=-1)
    for term in plus:
        total = total + term
    return np.asarray(total)


@operation("add_cells", lambda *parts: (len(parts), _magnitude(*parts)))
def add_cells(*parts: Array) -> Array:
    """The element-wise sum."""
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return np.asarray(total)


@operation("complement")
def complement(gate: Array) -> Array:
    """1 − gate."""
    return np.asarray(1 - gate)


@operation("negate")
def negate(x: Array) -> Array:
    """−x."""
    return np.asarray(-x)


@operation("join")
def join(*parts: Array) -> Array:
    """Vectors one after another; a single one is copied."""
    return np.concatenate(parts, axis=0) if parts[0].ndim else parts[0]


@operation("stack")
def stack(*parts: Array) -> Array:
    """Vectors as the rows of a matrix."""
    return np.stack(parts)


@operation("softmax", lambda logits: (logits.size + 8, 1.0))
def softmax_row(logits: Array) -> Array:
    """e^logit over the sum of all e^logit, shifted by the largest so that nothing overflows."""
    powers = np.exp(logits - logits.max())
    return np.asarray(powers / powers.sum())


def _weigh_back(weight: Array, delta: Array) -> tuple[int, float]:
    return weight.shape[0], _magnitude(np.abs(weight).T @ np.abs(delta))


@operation("weigh_back", _weigh_back)
def weigh_back(weight: Array, delta: Array) -> Array:
    """Wᵀ δ: what each input did to all the sums it went into."""
    return np.asarray((weight * delta[:, None]).sum(axis=0))


def _slope(delta: Array, x: Array, *, name: str) -> tuple[int, float]:
    return 16, _magnitude(delta) * _magnitude(ACTIVATIONS[name].derivative(x))


@operation("activate_back", _slope)
def activate_back(delta: Array, x: Array, *, name: str) -> Array:
    """δ ⊙ φ′(x)."""
    return np.asarray(delta * ACTIVATIONS[name].derivative(x))


def _softmax_back(delta: Array, weights: Array) -> tuple[int, float]:
    return delta.shape[-1] + 4, 2 * _magnitude(weights) * _magnitude(delta)


@operation("softmax_back", _softmax_back)
def softmax_back(delta: Array, weights: Array) -> Array:
    """p ⊙ (δ − Σ δ p): the gradient through a softmax row, given its result p."""
    return np.asarray(weights * (delta - (delta * weights).sum(axis=-1, keepdims=True)))


def _outer_terms(delta: Array, vector: Array) -> tuple[int, float]:
    return int(np.prod(delta.shape[:-1])), _magnitude(outer_sum(np.abs(delta), np.abs(vector)))


@operation("outer_sum", _outer_terms)
def outer_sum(delta: Array, vector: Array) -> Array:
    """Σ δ xᵀ over every sequence and time step: the gradient of a weight that all of them share."""
    return np.asarray(delta.reshape(-1, delta.shape[-1]).T @ vector.reshape(-1, vector.shape[-1]))


def _total_terms(*parts: Array) -> tuple[int, float]:
    return int(np.prod(parts[0].shape[:-1])), _magnitude(total(*(np.abs(part) for part in parts)))


@operation("total", _total_terms)
def total(*parts: Array) -> Array:
    """The sum over every sequence and time step, of one tensor or of the product of two: the gradient of a vector."""
    out = parts[0]
    for part in parts[1:]:
        out = out * part
    return np.asarray(out.reshape(-1, out.shape[-1]).sum(axis=0))
