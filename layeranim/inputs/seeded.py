"""Small seeded numbers, for sizes that come without values."""

from __future__ import annotations

import zlib
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from layeranim.errors import OptionError

Role = Literal["input", "weight", "bias", "projection", "sequence", "recurrent", "word"]
RANGES: dict[Role, tuple[int, int]] = {
    "input": (0, 4), "weight": (-2, 2), "bias": (-1, 1), "projection": (-2, 2), "sequence": (-2, 2),
    "recurrent": (-60, 60), "word": (-10, 10),
}  # fmt: skip


def generator(seed: int, name: str) -> np.random.Generator:
    """The stream of random numbers that belongs to ``name`` under ``seed``: other names draw other numbers."""
    if seed < 0:
        raise OptionError(f"seed {seed}: a seed is a whole number from 0 up; give 0 or more")
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def seeded(shape: tuple[int, ...], seed: int, name: str, role: Role = "input") -> NDArray[np.float64]:
    """Small whole numbers as float64: inputs 0…4, weights −2…2 (never all zero), biases −1…1.

    Projections before an attention are weights in steps of 1/√inputs, to one decimal: larger ones would leave the
    softmax nothing but 0 and 1. So are queries and keys. Weights of a recurrent cell are ±0.6 in hundredths, less where
    they are many, for larger ones would leave its states nothing but ±1; what it reads is −2…2, and a word tenths of 1.

    The same ``shape``, ``seed`` and ``name`` (the tensor's) give the same numbers everywhere.
    Raises :class:`OptionError` for a negative seed.

    >>> seeded((2, 3), 0, "weight", "weight").shape
    (2, 3)
    """
    rng = generator(seed, name)
    low, high = RANGES[role]
    while True:
        values = rng.integers(low, high, size=shape, endpoint=True).astype(np.float64)
        if role in ("input", "bias") or values.any() or values.size == 0:
            break
    if role == "projection":
        return np.asarray(np.round(values * max(0.1, round(shape[-1] ** -0.5, 1)), 1) + 0.0)
    if role == "word":
        return values / 10
    if role == "recurrent":
        wide = shape[-1] if len(shape) > 1 else 1
        return np.asarray(np.round(values * min(1.0, 2 * wide**-0.5) / 100, 2) + 0.0)
    return values
