"""What weights hold before training: zeros, or random numbers whose spread keeps signals from growing or fading."""

from __future__ import annotations

import math

import numpy as np

from layeranim.engine.option import suggest
from layeranim.engine.trace import Array, Shape, count
from layeranim.errors import OptionError, ShapeError

SCHEMES = ("zeros", "normal", "xavier-normal", "xavier-uniform", "he-normal", "he-uniform", "orthogonal")


def fans(shape: Shape) -> tuple[int, int]:
    """(numbers that an output is made of, outputs that a number goes into) of a weight (out, in, taps…)."""
    if len(shape) < 2:
        raise ShapeError(f"weights of shape {shape} have no inputs and outputs; give at least 2 axes (out, in)")
    taps = count(shape[2:])
    return shape[1] * taps, shape[0] * taps


def spread(scheme: str, shape: Shape, gain: float = 1.0) -> float:
    """The standard deviation that a scheme gives its numbers.

    Xavier gain · √(2/(fan_in + fan_out)), Glorot and Bengio (2010), equation 16; He √(2/fan_in), He et al. (2015),
    equation 10, times the gain; normal the gain itself; orthogonal about gain/√(larger side).
    """
    if scheme in ("zeros", "normal"):
        return 0.0 if scheme == "zeros" else gain
    fan_in, fan_out = fans(shape)
    if scheme == "orthogonal":
        return gain / math.sqrt(max(shape[0], count(shape[1:])))
    return gain * math.sqrt(2 / (fan_in + fan_out) if scheme.startswith("xavier") else 2 / fan_in)


def initialise(scheme: str, shape: Shape, rng: np.random.Generator, gain: float = 1.0) -> Array:
    """Weights of ``shape`` (out, in, taps…) as float64, drawn from ``rng``.

    uniform: in ±√3 times the spread; orthogonal: rows or columns at right angles and of length gain, from a QR
    decomposition whose signs are made unique (Saxe, McClelland, Ganguli, 2014).
    Raises ``OptionError`` for an unknown scheme.
    """
    if scheme not in SCHEMES:
        raise OptionError(f"unknown initialiser {scheme!r}{suggest(scheme, SCHEMES)}; there are {', '.join(SCHEMES)}")
    size = spread(scheme, shape, gain)
    if scheme == "zeros":
        return np.zeros(shape)
    if scheme == "orthogonal":
        return gain * _orthogonal((shape[0], count(shape[1:])), rng).reshape(shape)
    if scheme.endswith("uniform"):
        return rng.uniform(-math.sqrt(3) * size, math.sqrt(3) * size, shape)
    return rng.normal(0, size, shape)


def _orthogonal(shape: tuple[int, int], rng: np.random.Generator) -> Array:
    tall = (max(shape), min(shape))
    q, r = np.linalg.qr(rng.normal(size=tall))
    q = q * np.where(np.diag(r) < 0, -1, 1)
    return np.asarray(q if shape == tall else q.T)
