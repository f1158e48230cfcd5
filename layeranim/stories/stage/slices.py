"""Slices of tensors, the cells of a region, and where the cells of a part come from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import islice, product
from typing import overload

import numpy as np
from numpy.typing import NDArray

from layeranim.engine.trace import Region, cell, count
from layeranim.records import dataclass
from layeranim.stories.storyboard import JOINED, Address, Source, folded


@dataclass(frozen=True)
class Sliced:
    """Where the cells of a part come from: a tensor's index with the places of its row and column left open.

    ``rows`` and ``cols`` are those places with their sizes, the last one running fastest; ``picked`` are the indices of
    a place of which only some are drawn; ``power`` is the power of ten that the heading tells.
    """

    tensor: str
    index: tuple[int, ...]
    rows: tuple[tuple[int, int], ...] = ()
    cols: tuple[tuple[int, int], ...] = ()
    power: int = 0
    picked: tuple[tuple[int, tuple[int, ...]], ...] = ()

    def __call__(self, row: int, col: int) -> Address:
        at = list(self.index)
        for places, value in ((self.rows, row), (self.cols, col)):
            for (place, size), one in zip(places, cell(value, [size for _, size in places]), strict=True):
                at[place] = at[place] * size + one  # an axis that is laid in rows has its place in both
        for place, indices in self.picked:
            at[place] = indices[at[place]]
        return Address(self.tensor, tuple(at), self.power)


@dataclass(frozen=True)
class Places:
    """Where numbers that stand one under another come from: each from a place of its own."""

    sources: tuple[Source, ...]

    def __call__(self, row: int, col: int) -> Source:
        return self.sources[row]


@dataclass(frozen=True)
class Flat:
    """Where the cells of a sheet come from: those of a tensor one after another, from ``start`` on."""

    tensor: str
    lead: tuple[int, ...]
    shape: tuple[int, ...]
    start: int
    cols: int
    kept: int
    power: int = 0

    def __call__(self, row: int, col: int) -> Address:
        at = cell(self.start + row * self.cols + col, self.shape)[: self.kept]
        return Address(self.tensor, (*self.lead, *at), self.power)


@dataclass(frozen=True)
class Listed:
    """Where the cells of a grid come from, one by one: copies of what a window covers, numbers that moved."""

    rows: tuple[tuple[Address, ...], ...]

    def __call__(self, row: int, col: int) -> Address:
        return self.rows[row][col]


@dataclass(frozen=True)
class Shown:
    """The slice of a tensor that a part draws: its axes along rows and columns, either may be missing.

    Several axes on one side are one joined axis: their names with a dot between them, the last one running fastest.
    One axis that is laid in rows is on both sides: ``pixels/8`` and ``pixels%8``.
    ``at`` are places on other axes that the part keeps to, whatever unit is under way.
    """

    tensor: str
    rows: str | None
    cols: str | None
    shape: tuple[int, int]
    at: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Covered(Sequence[Address]):
    """The cells of a region in C order, an address made when it is asked for."""

    tensor: str
    spans: tuple[range, ...]

    def __len__(self) -> int:
        return count([len(span) for span in self.spans])

    @overload
    def __getitem__(self, at: int) -> Address: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Address]: ...
    def __getitem__(self, at: int | slice) -> Address | Sequence[Address]:
        if isinstance(at, slice):
            chosen = range(len(self))[at]
            if chosen.step > 0:
                every = islice(product(*self.spans), chosen.start, chosen.stop, chosen.step)
                return [Address(self.tensor, place) for place in every]
            return [self[i] for i in chosen]
        place = cell(range(len(self))[at], [len(span) for span in self.spans])
        return Address(self.tensor, tuple(span[i] for span, i in zip(self.spans, place, strict=True)))

    def __iter__(self) -> Iterator[Address]:
        return (Address(self.tensor, place) for place in product(*self.spans))

    def places(self, cells: Covered) -> NDArray[np.intp] | None:
        """Where some cells are among these; nothing where not all of them are."""
        flat = np.zeros(1, np.intp)
        for some, span in zip(cells.spans, self.spans, strict=True):
            step, beside = divmod(some.step, span.step) if len(some) > 1 else (1, 0)
            if some and (beside or some[0] not in span or some[-1] not in span):
                return None
            first = span.index(some[0]) if some else 0
            along = np.arange(first, first + step * len(some), step)
            flat = flat * len(span) + first if len(some) == 1 else np.add.outer(flat * len(span), along).ravel()
        return flat


def drawn_axes(shown: Shown) -> tuple[str, ...]:
    """The axes of its tensor that a slice draws, each once."""
    return tuple(dict.fromkeys(folded(one)[0] for axis in (shown.rows, shown.cols) for one in split(axis)))


def joined(regions: Sequence[Region]) -> Region:
    """What all of these regions cover, on every axis by itself: a window in each of several channels."""
    where, every = [], [dict(region.where) for region in regions]
    for axis, _ in regions[0].where:
        spans = {one.get(axis) for one in every}  # on most axes all have the same
        if None in spans:
            continue
        places = sorted({i for span in spans for i in ((span,) if isinstance(span, int) else span or ())})
        step = places[1] - places[0] if len(places) > 1 else 1
        whole = range(places[0], places[-1] + 1, step) if places else range(0)
        if list(whole) == places:
            where.append((axis, whole))
    return Region(regions[0].tensor, tuple(where))


@cache
def split(axis: str | None) -> tuple[str, ...]:
    """The axes that a joined one is made of."""
    return tuple(axis.split(JOINED)) if axis else ()
