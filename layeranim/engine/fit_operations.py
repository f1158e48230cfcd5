"""What the steps of a training do again, sample by sample and sum by sum: gradient, loss, accuracy, surface."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from layeranim.engine.activations import ACTIVATIONS, log_softmax, softmax
from layeranim.engine.replay import operation
from layeranim.engine.trace import Array


def _one(x: Array, weights: Sequence[Array], activation: str) -> list[tuple[Array, Array]]:
    """(z, a) of every layer for one sample, sum by sum."""
    found = []
    for k in range(0, len(weights), 2):
        z = (weights[k] * x).sum(axis=1) + weights[k + 1]
        x = z if k == len(weights) - 2 else ACTIVATIONS[activation](z)
        found.append((z, x))
    return found


def _near(*reads: Array, **more: Any) -> tuple[int, float]:
    """A whole network's rounding: the terms of its sums through all layers, against numbers of about their size."""
    weights = [r for r in reads if r.dtype.kind == "f" and r.ndim]
    return 8 * sum(w.shape[-1] for w in weights), 1.0 + float(max(np.abs(w).max() for w in weights))


@operation("network_gradient", _near)
def network_gradient(order: Array, x: Array, ids: Array, *weights: Array, activation: str, which: int) -> Array:
    """One gradient of the mean loss of the samples that ``order`` names: sample by sample, then their mean."""
    total: Any = 0
    for sample in order:
        done = _one(x[sample], weights, activation)
        delta = softmax(done[-1][1])
        delta[ids[sample]] -= 1
        for k in range(len(done) - 1, which // 2, -1):
            delta = (weights[2 * k] * delta[:, None]).sum(axis=0) * ACTIVATIONS[activation].derivative(done[k - 1][0])
        below = done[which // 2 - 1][1] if which > 1 else x[sample]
        total = total + (delta if which % 2 else np.outer(delta, below))
    return np.asarray(total / x.dtype.type(len(order)))


@operation("network_loss", _near)
def network_loss(x: Array, ids: Array, *weights: Array, activation: str) -> Array:
    """The mean loss of all samples."""
    scores = [_one(row, weights, activation)[-1][1] for row in x]
    return np.asarray(-sum(log_softmax(score)[i] for score, i in zip(scores, ids, strict=True)) / x.dtype.type(len(x)))


@operation("network_accuracy")
def network_accuracy(x: Array, ids: Array, *weights: Array, activation: str) -> Array:
    """The share of samples whose largest output is that of their class."""
    right = [_one(row, weights, activation)[-1][1].argmax() == i for row, i in zip(x, ids, strict=True)]
    return np.asarray(np.mean(right), dtype=x.dtype)


@operation("network_surface", _near)
def network_surface(grid: Array, *weights: Array, activation: str) -> Array:
    """The probabilities of every class at every point."""
    x = grid
    for k in range(0, len(weights), 2):
        x = (x[..., None, :] * weights[k]).sum(axis=-1) + weights[k + 1]
        x = x if k == len(weights) - 2 else ACTIVATIONS[activation](x)
    return softmax(x)
