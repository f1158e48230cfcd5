"""Replaying a Step: do the operation on what it read, compare with what it wrote.

An operation is a plain function of arrays, written for one step and independent of the vectorised code that
filled the trace; so a replay that agrees is evidence for both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from layeranim.engine.trace import Array, Region, Step, Steps, Trace
from layeranim.records import dataclass


@dataclass(frozen=True)
class Operation:
    """``run(*read, **parameters)`` gives what the step writes.

    ``terms(*read, **parameters)`` gives (number of terms, Σ|terms|) of the longest sum, for the rounding bound;
    ``None`` where the result must be exact (selection, copies).
    """

    run: Callable[..., Array]
    terms: Callable[..., tuple[int, float]] | None = None


OPERATIONS: dict[str, Operation] = {}
"""Every operation that a Step may name. Each engine file adds its own with :func:`operation`."""


def operation(
    name: str, terms: Callable[..., tuple[int, float]] | None = None
) -> Callable[[Callable[..., Array]], Callable[..., Array]]:
    """Register the decorated function as the operation ``name``."""

    def add(run: Callable[..., Array]) -> Callable[..., Array]:
        if name in OPERATIONS:
            raise RuntimeError(f"operation {name} is defined twice")
        OPERATIONS[name] = Operation(run, terms)
        return run

    return add


@dataclass(frozen=True)
class Replay:
    """What the trace holds, what the operation gave, and how far apart they may be."""

    held: Array
    given: Array
    tolerance: float

    @property
    def agrees(self) -> bool:
        """Whether every cell agrees (NaN with NaN, infinities exactly)."""
        if self.held.shape != self.given.shape:
            return False
        with np.errstate(invalid="ignore", over="ignore"):  # beyond single precision a tolerance is without bound
            close = np.abs(self.held - self.given) <= self.tolerance
        same = (self.held == self.given) | (np.isnan(self.held) & np.isnan(self.given))
        return bool(np.all(close | same))


def replay(trace: Trace, step: Step) -> Replay:
    """Recompute one step from what it read.

    The bound is n_terms · eps · Σ|terms| (Higham, *Accuracy and Stability of Numerical Algorithms*, eq. 3.5),
    with eps of the tensor that was written and as much again for the operation's own rounding.
    """
    do = OPERATIONS[step.operation]
    read = [trace.read(region) for region in step.reads]
    parameters: dict[str, Any] = dict(step.parameters)
    held = trace.read(step.writes)
    with np.errstate(all="ignore"):
        given = np.asarray(do.run(*read, **parameters))
        tolerance = 0.0
        if do.terms is not None and np.issubdtype(held.dtype, np.floating):
            n, magnitude = do.terms(*read, **parameters)
            tolerance = 2 * n * float(np.finfo(held.dtype).eps) * magnitude
    return Replay(held, given, tolerance if np.isfinite(tolerance) else 0.0)


_THROUGH = ("activate", "add", "divide", "reduce", "sum")
"""Operations that pass on the rounding of what they read, about as large as it is."""


def summed(trace: Trace, tensor: str, here: Mapping[str, int], depth: int = 4) -> float:
    """Σ|terms| of the largest sum on the way to a cell: what its rounding is measured by where the terms cancel."""
    place = trace.steps.writing(tensor, here) if isinstance(trace.steps, Steps) and trace.steps.finds else None
    if place is None or not depth:
        return 0.0
    step = trace.steps[place]
    do, read = OPERATIONS[step.operation], [trace.read(region) for region in step.reads]
    with np.errstate(all="ignore"):
        size = do.terms(*read, **dict(step.parameters))[1] if do.terms else 0.0
    if step.operation in _THROUGH:
        sizes = (summed(trace, r.tensor, _corner(r), depth - 1) for r in step.reads)
        size = max(size, *sizes)
    return float(size)


def _corner(region: Region) -> dict[str, int]:
    """The first cell of a region, as far as it says."""
    return {axis: at[0] if isinstance(at, range) else at for axis, at in region.where}


def sampled(trace: Trace, most: int = 10_000) -> range:
    """The steps that a replay visits: all up to ``most``, then an even sample that keeps the first and last."""
    n = len(trace.steps)
    if n <= most:
        return range(n)
    return range(0, n, -(-n // most))


def finite_max(magnitudes: Array) -> float:
    """The largest finite one, for a rounding bound; a sum of infinities needs none, for it is compared exactly."""
    return float(np.max(magnitudes, initial=0.0, where=np.isfinite(magnitudes)))


def _sum_of(x: Array, *, axes: int) -> tuple[int, float]:
    flat = np.abs(x).reshape(*x.shape[: x.ndim - axes], -1)
    return flat.shape[-1], finite_max(flat.sum(axis=-1))


def _sum_of_all(*parts: Array) -> tuple[int, float]:
    return sum(part.size for part in parts), float(sum(np.abs(part).sum() for part in parts))


@operation("multiply")
def _multiply(x: Array, y: Array) -> Array:
    """Element by element."""
    return np.asarray(x * y)


@operation("sum", _sum_of)
def _sum(x: Array, *, axes: int) -> Array:
    """Over the last ``axes`` axes."""
    return np.asarray(x.sum(axis=tuple(range(-axes, 0))))


@operation("add", _sum_of_all)
def _add(*parts: Array) -> Array:
    """Every cell of every part, to one number."""
    return np.asarray(sum((part.sum() for part in parts[1:]), parts[0].sum()))
