"""Tensors that are read where they are needed: views, products, joins. They are never saved: ``assemble`` makes them.

A product of a 512×512 weight with each of 1000 steps is 2 GB; as a recipe it costs nothing until a film looks at it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from operator import mul
from typing import Any

import numpy as np

from layeranim.engine.trace import Array, Index, Recipe, Role, Tensor


def frozen(array: Array) -> Array:
    """The same numbers, read-only."""
    view = array.view()
    view.flags.writeable = False
    return view


def view(name: str, axes: Sequence[str], array: Array, role: Role = "intermediate") -> Tensor:
    """A tensor that shares another's memory (a part of it, or it under another name)."""
    held = frozen(array)
    return Tensor(name, tuple(axes), role, Recipe(held.shape, held.dtype, lambda index: held[index]))


def product(name: str, axes: Sequence[str], *factors: Tensor) -> Tensor:
    """The product of ``factors``, each of which has some of ``axes`` in their order; the rest are broadcast.

    ``state_products[batch, time, units, joined]`` = ``weight_state[units, joined]`` · ``joined[batch, time, joined]``.
    """
    return broadcast(name, axes, lambda *parts: reduce(mul, parts), *factors)


def broadcast(name: str, axes: Sequence[str], run: Callable[..., Any], *parts: Tensor) -> Tensor:
    """``run`` of ``parts``, each of which has some of ``axes`` in their order; the rest are broadcast."""
    sizes: dict[str, int] = {}
    for part in parts:
        sizes.update(zip(part.axes, part.shape, strict=True))
    axes = tuple(axes)

    def aligned(part: Tensor, where: dict[str, int | slice]) -> Array:
        array = np.asarray(_source(part, tuple(where[axis] for axis in part.axes)))
        kept = [axis for axis in part.axes if isinstance(where[axis], slice)]
        spread = [array.shape[kept.index(a)] if a in kept else 1 for a in axes if isinstance(where[a], slice)]
        return array.reshape(spread)

    def read(index: Index) -> Array:
        where = dict(zip(axes, index, strict=True))
        with np.errstate(all="ignore"):
            return np.asarray(run(*(aligned(part, where) for part in parts)))

    dtype = np.result_type(*(part.dtype for part in parts))
    return Tensor(name, axes, "intermediate", Recipe(tuple(sizes[a] for a in axes), dtype, read))


def pointwise(name: str, axes: Sequence[str], run: Callable[..., Any], *parts: Tensor) -> Tensor:
    """``run`` of tensors of one shape, cell by cell."""

    def read(index: Index) -> Array:
        with np.errstate(all="ignore"):
            return np.asarray(run(*(_source(part, index) for part in parts)))

    dtype = np.result_type(*(part.dtype for part in parts))
    return Tensor(name, tuple(axes), "intermediate", Recipe(parts[0].shape, dtype, read))


def joined(
    name: str, axes: Sequence[str], parts: Sequence[Tensor], role: Role = "intermediate", at: int = -1
) -> Tensor:
    """Tensors one after another along the axis numbered ``at``; the other axes agree in size."""
    first = parts[0].shape
    at %= len(first)
    shape = (*first[:at], sum(part.shape[at] for part in parts), *first[at + 1 :])

    def read(index: Index) -> Array:
        rest = (*index[:at], slice(None), *index[at + 1 :])
        whole = np.concatenate([_source(part, rest) for part in parts], axis=_position(rest, at))
        here: list[int | slice] = [slice(None)] * whole.ndim
        here[_position(rest, at)] = index[at]
        return np.asarray(whole[tuple(here)])

    dtype = np.result_type(*(part.dtype for part in parts))
    return Tensor(name, tuple(axes), role, Recipe(shape, dtype, read))


def summed(name: str, of: Tensor) -> Tensor:
    """The sum over the last axis."""

    def read(index: Index) -> Array:
        with np.errstate(all="ignore"):
            return np.asarray(_source(of, (*index, slice(None))).sum(axis=-1))

    return Tensor(name, of.axes[:-1], "intermediate", Recipe(of.shape[:-1], of.dtype, read))


def repeated(name: str, axes: Sequence[str], of: Tensor, at: int, times: int) -> Tensor:
    """Each slice of ``of`` along the axis numbered ``at``, ``times`` times in a row."""
    shape = (*of.shape[:at], of.shape[at] * times, *of.shape[at + 1 :])

    def read(index: Index) -> Array:
        here = index[at]
        if not isinstance(here, slice):
            return _source(of, (*index[:at], here % shape[at] // times, *index[at + 1 :]))
        rest = (*index[:at], slice(None), *index[at + 1 :])
        chosen = np.arange(shape[at])[here] // times
        return np.take(_source(of, rest), chosen, axis=_position(rest, at))

    return Tensor(name, tuple(axes), "intermediate", Recipe(shape, of.dtype, read))


def _source(tensor: Tensor, index: Index) -> Array:
    source = tensor.source
    return np.asarray(source.read(index) if isinstance(source, Recipe) else source[index])


def _position(index: Index, at: int) -> int:
    """Where axis ``at`` is after the integers of ``index`` took theirs away."""
    return sum(isinstance(i, slice) for i in index[:at])
