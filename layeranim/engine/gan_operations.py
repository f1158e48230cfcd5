"""What the steps of a generator and a critic do again: scores, slopes and losses."""

from __future__ import annotations

import numpy as np

from layeranim.engine.activations import ACTIVATIONS
from layeranim.engine.replay import finite_max, operation
from layeranim.engine.trace import Array

FORMS = ("non-saturating", "minimax")


def powers(x: Array, degree: int, bias: bool) -> Array:
    """(numbers, weights): 1 where there is a bias, then x, x² … up to the degree."""
    rows = [np.ones_like(x)] if bias else []
    rows.append(x)
    for _ in range(degree - 1):
        rows.append(rows[-1] * x)
    return np.stack(rows, axis=-1)


def score(features: Array, weights: Array) -> Array:
    """The weighted sum of the powers of each number."""
    return np.asarray(np.einsum("ij,j->i", features, weights))


def _most(x: Array, degree: int) -> float:
    """The largest power of these numbers, at least 1; infinite where it is too large."""
    with np.errstate(all="ignore"):
        return max(1.0, float(np.float64(finite_max(np.abs(x))) ** degree))


def _terms(x: Array, weights: Array, *, degree: int, bias: int) -> tuple[int, float]:
    return 4 * degree + 4, _most(x, degree) * finite_max(np.abs(weights).sum())


@operation("critic_score", _terms)
def critic_score(x: Array, weights: Array, *, degree: int, bias: int) -> Array:
    """w₀ + w₁ x + w₂ x² …, power by power."""
    out, power = np.zeros_like(x), np.ones_like(x) if bias else x
    for weight in weights:
        out = out + weight * power
        power = power * x
    return out


def _slope_terms(real: Array, forged: Array, weights: Array, *, degree: int, bias: int) -> tuple[int, float]:
    most = max(_most(real, degree), _most(forged, degree))
    score = min(most * finite_max(np.abs(weights).sum()), 2.0**52)  # σ is off by 1 at most, however far its score is
    return real.size + forged.size + 64, 2 * most * (1 + score)


@operation("critic_slope", _slope_terms)
def critic_slope(real: Array, forged: Array, weights: Array, *, degree: int, bias: int) -> Array:
    """The gradient of the critic's loss for each of its weights: power by power, source by source."""
    found = []
    for power in range(1 - bias, degree + 1):
        total = real.dtype.type(0)
        for x, wrong in ((real, -1), (forged, 1)):
            # σ(−s) of real numbers, σ(s) of forged ones: how far off the critic is
            z = wrong * critic_score(x, weights, degree=degree, bias=bias)
            total = total + wrong * np.sum(ACTIVATIONS["sigmoid"](z) * x**power) / x.dtype.type(x.size)
        found.append(total)
    return np.asarray(found, dtype=real.dtype)


def _back_terms(
    noise: Array, generator: Array, weights: Array, *, degree: int, bias: int, form: str
) -> tuple[int, float]:
    x, wide = generator[0] * noise + generator[1], finite_max(np.abs(weights).sum())
    most = _most(np.append(x, np.abs(generator[0] * noise) + np.abs(generator[1])), degree)
    return noise.size + 64, 2 * degree * most * wide * (1 + min(most * wide, 2.0**52)) * (1 + finite_max(np.abs(noise)))


@operation("generator_slope", _back_terms)
def generator_slope(noise: Array, generator: Array, weights: Array, *, degree: int, bias: int, form: str) -> Array:
    """The gradient of the generator's loss for its scale and its shift, number by number."""
    total = np.zeros_like(generator)
    for z in noise:
        x = generator[0] * z + generator[1]
        steep = weights.dtype.type(0)
        for power in range(degree, 0, -1):
            steep = steep * x + power * weights[power - 1 + bias]
        s = critic_score(x, weights, degree=degree, bias=bias)
        pull = -ACTIVATIONS["sigmoid"](-s if form == "non-saturating" else s)
        total = total + pull * steep * np.array([z, 1], noise.dtype)
    return np.asarray(total / noise.dtype.type(noise.size), dtype=noise.dtype)


def _softplus(s: Array) -> Array:
    """ln(1 + eˢ), of large scores too."""
    with np.errstate(all="ignore"):
        return np.asarray(np.logaddexp(s.dtype.type(0), s))


def _loss_terms(*scores: Array, form: str = "") -> tuple[int, float]:
    return sum(s.size for s in scores) + 16, sum(1 + finite_max(np.abs(s)) for s in scores)


@operation("judge_loss", _loss_terms)
def judge_loss(real: Array, forged: Array) -> Array:
    """−mean ln D of real numbers − mean ln(1 − D) of forged ones, from their scores."""
    return np.asarray(np.mean(_softplus(-real)) + np.mean(_softplus(forged)))


@operation("forger_loss", _loss_terms)
def forger_loss(forged: Array, *, form: str) -> Array:
    """−mean ln D of forged numbers; of minimax mean ln(1 − D)."""
    return np.asarray(np.mean(_softplus(-forged)) if form == "non-saturating" else -np.mean(_softplus(forged)))
