"""Steps for every cell, and the plain operations that several families share.

An operation whose result is one rounding of what it read replays to the last bit; a sum says how many terms it has.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product

import numpy as np

from layeranim.engine import vector  # noqa: F401 - registers softmax, softmax_back, add_cells
from layeranim.engine.activations import ACTIVATIONS, log_softmax
from layeranim.engine.array import finite
from layeranim.engine.replay import finite_max, operation
from layeranim.engine.trace import Array, Find, Region, Step, Steps, cell, count

Cell = Mapping[str, int]
Act = Callable[[Cell], Step]


def per_cell(axes: Sequence[str], sizes: Sequence[int], *acts: Act) -> Steps:
    """For every cell of these axes, in C order, each of the ``acts``: made on demand."""

    def make(i: int) -> Step:
        flat, act = divmod(i, len(acts))
        return acts[act](dict(zip(axes, cell(flat, sizes), strict=True)))

    return Steps(count(sizes) * len(acts), make, finding(axes, sizes, len(acts), make))


def finding(axes: Sequence[str], sizes: Sequence[int], acts: int, make: Callable[[int], Step]) -> Find:
    """How steps that are made cell by cell, so many ``acts`` for each, know which one writes what."""

    known: dict[str, list[int]] = {}

    def find(tensor: str, here: Cell) -> int | None:
        if tensor not in known:
            known[tensor] = [i for i in range(acts if count(sizes) else 0) if make(i).writes.tensor == tensor]
        kinds = known[tensor]
        if not kinds:
            return None
        spans = [range(n) if axis not in here else range(n)[here[axis] : here[axis] + 1]
                 for axis, n in zip(axes, sizes, strict=True)]  # fmt: skip
        for place in product(*spans):
            flat = 0
            for at, n in zip(place, sizes, strict=True):
                flat = flat * n + at
            for act in kinds:
                if make(flat * acts + act).writes.holds(here):
                    return flat * acts + act
        return None

    return find


def at(tensor: str, here: Cell, *axes: str, **where: int | range) -> Region:
    """The cells of ``tensor`` at ``here`` on these axes, and at ``where`` on others."""
    return Region(tensor, (*((axis, here[axis]) for axis in axes), *where.items()))


def few(x: Array) -> tuple[int, float]:
    """The bound of a formula of a few roundings: four units in the last place of the largest result."""
    return 4, finite_max(np.abs(x)) + float(np.finfo(x.dtype).tiny)


_LARGE = 1 << 20
"""From so many products on a matrix library is asked. Small sums are those of every machine, to the last bit."""


def matmul(x: Array, y: Array) -> Array:
    """x · y over the last axes. A matrix library may leave out products with 0, but 0 · NaN is NaN: it is asked for
    finite numbers alone."""
    if x.size * y.shape[-1] >= _LARGE and finite(x, y):
        return np.asarray(np.matmul(x, y))
    return np.asarray(np.einsum("...ij,...jk->...ik", x, y))


@operation("minus")
def minus(x: Array, y: Array) -> Array:
    """x − y, cell by cell."""
    return np.asarray(x - y)


@operation("divide")
def divide(x: Array, y: Array) -> Array:
    """x ÷ y, cell by cell."""
    return np.asarray(x / y)


@operation("copy")
def copy(x: Array) -> Array:
    """x itself."""
    return x


@operation("rescale")
def rescale(x: Array, *, factor: float) -> Array:
    """x · factor, cell by cell."""
    return np.asarray(x * x.dtype.type(factor))


@operation("divide_by")
def divide_by(x: Array, *, by: float) -> Array:
    """x ÷ by, cell by cell."""
    return np.asarray(x / x.dtype.type(by))


@operation("select")
def select(x: Array) -> Array:
    """The largest of the cells; NaN when one of them is."""
    return np.asarray(np.max(x))


@operation("exponential", lambda x: few(np.exp(x)))
def exponential(x: Array) -> Array:
    """eˣ, cell by cell."""
    return np.asarray(np.exp(x))


@operation("logarithm", lambda x: few(np.log(x)))
def logarithm(x: Array) -> Array:
    """ln x, cell by cell."""
    return np.asarray(np.log(x))


@operation("average", lambda x: (x.size + 1, finite_max(np.abs(x).sum()) / x.size))
def average(x: Array) -> Array:
    """Σ x ÷ n over every cell."""
    return np.asarray(np.sum(x) / x.dtype.type(x.size))


def _dot_terms(x: Array, y: Array) -> tuple[int, float]:
    return x.size + 1, finite_max(np.sum(np.abs(x * y)))


@operation("dot", _dot_terms)
def dot(x: Array, y: Array) -> Array:
    """Σ x · y over every cell."""
    return np.asarray(np.sum(x * y))


def _chain_terms(g: Array, z: Array, *, name: str, **parameters: float) -> tuple[int, float]:
    return few(chain(g, z, name=name, **parameters))


@operation("chain", _chain_terms)
def chain(g: Array, z: Array, *, name: str, **parameters: float) -> Array:
    """g · φ′(z): the gradient before the activation."""
    return np.asarray(g * ACTIVATIONS[name].derivative(z, **parameters))


def _spread(x: Array) -> tuple[int, float]:
    return x.size + 8, finite_max(np.abs(x)) + 1


@operation("log_softmax", _spread)
def log_softmax_row(x: Array) -> Array:
    """x − ln Σ eˣ."""
    return log_softmax(x)


def _log_back_terms(g: Array, y: Array) -> tuple[int, float]:
    return g.size + 8, finite_max(np.abs(g).sum())


@operation("log_softmax_back", _log_back_terms)
def log_softmax_back(g: Array, y: Array) -> Array:
    """g − e^y Σ g: the gradient through a log-softmax row, given its result y."""
    return np.asarray(g - np.exp(y) * g.sum(axis=-1, keepdims=True))
