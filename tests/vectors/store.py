"""Stored truths: what PyTorch computed for many cases of a family, in one small ``.npz``, and how they are read back.

A case is plain data: the layer's name, its options in our words, and for each array where in a pool of random numbers
it begins, its shape and what kind of numbers it holds. Only results need room. A maker script has
``case(rng, number)``, which draws a case, and ``expected(case, arrays)``, which asks PyTorch for tensors of our traces.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
POOL = np.random.default_rng(20).normal(size=4001)
TYPES = ("float64", "float32")
Case = dict[str, Any]
Arrays = dict[str, np.ndarray]


def array(rng: np.random.Generator, *shape: int, kind: str = "real", below: int = 0) -> dict[str, Any]:
    """An array of a case; ``kind`` is one of those that ``take`` knows."""
    return {"at": int(rng.integers(len(POOL))), "shape": [int(n) for n in shape], "kind": kind, "below": below}


def take(said: dict[str, Any], dtype: str) -> np.ndarray:
    """The numbers of an array: any, half as large, in (0, 1), whole, some of −2…2, above 0, or rows that sum to 1."""
    if "values" in said:
        return np.array(said["values"], dtype)
    at = np.arange(said["at"], said["at"] + int(np.prod(said["shape"])))
    x = np.take(POOL, at, mode="wrap").reshape(said["shape"])
    kinds: dict[str, Callable[[], np.ndarray]] = {
        "real": lambda: x,
        "small": lambda: x / 2,
        "unit": lambda: 1 / (1 + np.exp(-x)),
        "whole": lambda: np.floor(np.abs(x) * 1e4) % said["below"],
        "few": lambda: np.clip(np.round(x), -2, 2),
        "positive": lambda: np.abs(x) + 0.1,
        "chances": lambda: np.exp(x) / np.exp(x).sum(axis=-1, keepdims=True),
    }
    return kinds[said["kind"]]().astype(dtype)


def arrays_of(case: Case) -> Arrays:
    """Every array of a case by its name."""
    return {name: take(said, case["dtype"]) for name, said in case["arrays"].items()}


def write(family: str, count: int, case: Callable[..., Case], expected: Callable[..., Arrays]) -> None:
    """Draw the cases, ask for their results, store both in ``<family>.npz``."""
    flat: dict[str, list[np.ndarray]] = {dtype: [] for dtype in TYPES}
    cases = []
    for drawn in draw(0, count, case):
        results = expected(drawn, arrays_of(drawn))
        drawn["expects"] = [[name, list(result.shape)] for name, result in results.items()]
        flat[drawn["dtype"]] += [result.astype(drawn["dtype"]).ravel() for result in results.values()]
        cases.append(drawn)
    text = np.frombuffer(json.dumps(cases, separators=(",", ":")).encode(), np.uint8)
    packed = {dtype: np.concatenate(parts) for dtype, parts in flat.items()}
    np.savez_compressed(HERE / f"{family}.npz", cases=text, **packed)
    size = (HERE / f"{family}.npz").stat().st_size
    print(f"{family}.npz: {len(cases)} cases, {size} bytes")
    if size > 400_000:
        raise SystemExit("too large: at most 400 kB")


def draw(seed: int, count: int, case: Callable[..., Case]) -> Iterator[Case]:
    """``count`` cases from a seed."""
    for number in range(count):
        drawn = case(np.random.default_rng([seed, number]), number)
        drawn.setdefault("dtype", TYPES[number % 3 == 2])
        yield drawn


def read(family: str) -> Iterator[tuple[Case, Arrays]]:
    """Every stored case with its results."""
    with np.load(HERE / f"{family}.npz") as stored:
        cases = json.loads(stored["cases"].tobytes())
        flat = {dtype: stored[dtype] for dtype in TYPES}
    at = dict.fromkeys(TYPES, 0)
    for case in cases:
        dtype, results = case["dtype"], {}
        for name, shape in case["expects"]:
            size = int(np.prod(shape))
            results[name] = flat[dtype][at[dtype] : at[dtype] + size].reshape(shape)
            at[dtype] += size
        yield case, results
    if at != {dtype: len(flat[dtype]) for dtype in TYPES}:
        raise ValueError(f"{family}.npz holds more numbers than its cases name")
