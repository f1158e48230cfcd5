"""Weights that PyTorch stores in parts, as what they are together: normalised by their length, or by their largest
singular value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from layeranim.engine.trace import Array

Make = Callable[..., Array]


def _of_length(g: Array, v: Array) -> Array:
    """``weight_norm``: the direction of v, as long as g says for each index of the axis that it has."""
    over = tuple(k for k, n in enumerate(g.shape) if n == 1)
    with np.errstate(all="ignore"):
        return np.asarray(g * v / np.sqrt((v * v).sum(axis=over, keepdims=True)), v.dtype)


def _of_spectrum(weight: Array, u: Array, v: Array) -> Array:
    """``spectral_norm`` in evaluation: over u · W v, W being a matrix whose rows lie along the axis that u has."""
    axis = 0 if len(u) == weight.shape[0] else 1
    rows = np.moveaxis(weight, axis, 0).reshape(len(u), -1)
    with np.errstate(all="ignore"):
        return np.asarray(weight / (u @ rows @ v), weight.dtype)


_FORMS: tuple[tuple[tuple[str, ...], Make], ...] = (
    (("{}_g", "{}_v"), _of_length),
    (("parametrizations.{}.original0", "parametrizations.{}.original1"), _of_length),
    (("{}_orig", "{}_u", "{}_v"), _of_spectrum),
    (("parametrizations.{}.original", "parametrizations.{}.0._u", "parametrizations.{}.0._v"), _of_spectrum),
)
"""What the parts of a weight are called, and what makes one of them."""


def whole(state: Mapping[str, Any]) -> dict[str, Any]:
    """The state with each weight that stands in parts as one, under its own name."""
    out = dict(state)
    for parts, make in _FORMS:
        head, tail = parts[0].split("{}")
        for first in [name for name in out if name.endswith(tail) and head in name]:
            at, _, name = first.removesuffix(tail).rpartition(head or ".")
            start = f"{at}." if at and not head else at
            named = [start + part.format(name) for part in parts]
            if name.startswith("weight") and all(part in out for part in named):
                made = make(*(np.asarray(out.pop(part)) for part in named))
                out[start + name] = made
    return out
