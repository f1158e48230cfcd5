"""The numbers of other libraries that ``tests/vectors/make_convention_vectors.py`` wrote."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent.parent / "vectors"
Arrays = dict[str, np.ndarray]
Case = dict[str, Arrays]


@cache
def cases(library: str) -> dict[str, Case]:
    """By case what goes in (``in``), the library's own parameters (``state``), what comes out (``out``)."""
    found: dict[str, Case] = {}
    with np.load(HERE / f"conventions_{library}.npz") as stored:
        index, numbers = json.loads(stored["index"].tobytes()), stored["numbers"]
    at = 0
    for case, part, name, shape in index:
        size = int(np.prod(shape))
        parts = found.setdefault(case, {"in": {}, "state": {}, "out": {}})
        parts[part][name] = numbers[at : at + size].reshape(shape)
        at += size
    return found
