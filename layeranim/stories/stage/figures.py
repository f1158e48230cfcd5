"""The numbers of one film: which cells are told, in which steps they are made, how they are written and coloured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Any

import numpy as np

from layeranim import layout, numbers
from layeranim.engine.trace import Array, Region, Step, cell, count
from layeranim.errors import OptionError
from layeranim.numbers import Style
from layeranim.stories.stage.language import Play
from layeranim.stories.storyboard import JOINED, Address, Cells, Telling

EXTREMES = 300
"""Distinct values at either end of a tensor whose texts are measured: the widest is among them."""


@dataclass(frozen=True)
class Sliced:
    """Where the cells of a part come from: a tensor's index with the places of its row and column left open.

    ``rows`` and ``cols`` are those places with their sizes, the last one running fastest.
    """

    tensor: str
    index: tuple[int, ...]
    rows: tuple[tuple[int, int], ...] = ()
    cols: tuple[tuple[int, int], ...] = ()

    def __call__(self, row: int, col: int) -> Address:
        at = list(self.index)
        for places, value in ((self.rows, row), (self.cols, col)):
            for (place, _), one in zip(places, cell(value, [size for _, size in places]), strict=True):
                at[place] = one
        return Address(self.tensor, tuple(at))


@dataclass(frozen=True)
class Shown:
    """The slice of a tensor that a part draws: its axes along rows and columns, either may be missing.

    Several axes on one side are one joined axis: their names with a dot between them, the last one running fastest.
    ``at`` are places on other axes that the part keeps to, whatever unit is under way.
    """

    tensor: str
    rows: str | None
    cols: str | None
    shape: tuple[int, int]
    at: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Acted:
    """A step, narrowed to one unit: its place in the trace, what it reads there and what it writes."""

    at: int
    step: Step
    reads: tuple[Region, ...]
    writes: Region


class Figures:
    """The numbers that a film tells of its trace."""

    def __init__(self, film: Play, telling: Telling) -> None:
        self.film, self.telling, self.trace, self.units = film, telling, telling.trace, film.units
        self.fixed = self._fixed()
        self.sizes = tuple(self.size(axis) for axis in self.units.along)
        self.count = count(self.sizes)
        self._styles: dict[tuple[str, int | None], Style] = {}
        self.decimals: int | None = None
        self.drawn: frozenset[str] = frozenset()
        self.first = 0
        self._cells: dict[tuple[Shown, Sliced, bool, int | None], Cells] = {}
        self._factors: tuple[int, dict[Address, tuple[Address, Address]]] = -1, {}

    def _fixed(self) -> dict[str, int]:
        options, out = self.telling.film, {}
        axes = {axis for tensor in self.trace.tensors.values() for axis in tensor.axes}
        for axis in self.units.told:
            if axis in axes:
                out[axis] = options.place_in(self.trace.size(axis)) if axis == "batch" else 0
        if options.sample is not None and "batch" not in out and "batch" not in self.units.along:
            raise OptionError(f"sample is {options.sample}, but every sample has a part in every number; leave it out")
        return out

    def size(self, axis: str) -> int:
        """How many indices of an axis are told."""
        return min(self.trace.size(axis), self.units.most.get(axis, self.trace.size(axis)))

    # ── cells ────────────────────────────────────────────────────────────────
    def here(self, unit: int) -> dict[str, int]:
        """The indices of a unit, those of what is told among them."""
        return self.fixed | dict(zip(self.units.along, cell(unit, self.sizes), strict=True))

    def shown(
        self,
        tensor: str,
        rows: str | tuple[str, ...] | None = None,
        cols: str | tuple[str, ...] | None = None,
        at: tuple[tuple[str, int], ...] = (),
    ) -> Shown:
        """The slice of a tensor that a part draws: by default all of its axes but those that are told."""
        free = [axis for axis in self.trace.axes(tensor) if axis not in self.fixed and axis not in dict(at)]
        if rows is None and cols is None:
            rows, cols = (*free, None, None)[:2] if len(free) < 3 else (free[-2], free[-1])
        row, col = (JOINED.join(axes) if isinstance(axes, tuple) else axes or "" for axes in (rows, cols))
        return Shown(tensor, row or None, col or None, (self.along(row), self.along(col)), at)

    def along(self, axis: str | None) -> int:
        """How many cells of an axis are told, which may be joined; 1 along none."""
        return count([self.size(one) for one in split(axis)])

    def flat(self, axis: str | None, at: Mapping[str, int]) -> int:
        """Which cell along an axis, which may be joined, these indices are."""
        place = 0
        for one in split(axis):
            place = place * self.size(one) + at.get(one, 0)
        return place

    def spot(self, rows: str | None, cols: str | None, address: Address) -> tuple[int, int]:
        """The row and column of a cell."""
        at = dict(zip(self.trace.axes(address.tensor), address.index, strict=True))
        return self.flat(rows, at), self.flat(cols, at)

    def index(self, shown: Shown, unit: int) -> Sliced:
        """The addresses of a slice, in the picture of one unit."""
        axes, here = self.trace.axes(shown.tensor), self.here(unit) | dict(shown.at)
        rows, cols = (tuple((axes.index(one), self.size(one)) for one in split(axis))
                      for axis in (shown.rows, shown.cols))  # fmt: skip
        free = {place for place, _ in (*rows, *cols)}
        at = tuple(0 if i in free else here.get(axis, 0) for i, axis in enumerate(axes))
        return Sliced(shown.tensor, at, rows, cols)

    def values(self, shown: Shown, unit: int = 0) -> Array:
        """The numbers of a slice, (rows, columns)."""
        axes, here = self.trace.axes(shown.tensor), self.here(unit) | dict(shown.at)
        wanted = (*split(shown.rows), *split(shown.cols))
        where: tuple[tuple[str, int | range], ...]
        where = tuple((axis, here.get(axis, 0)) for axis in axes if axis not in wanted)
        where += tuple((axis, range(self.size(axis))) for axis in wanted)
        found = self.trace.read(Region(shown.tensor, where))
        stand = [axis for axis in axes if axis in wanted]
        return found.transpose([stand.index(axis) for axis in wanted]).reshape(shown.shape)

    def cells(self, shown: Shown, unit: int = 0, numerals: bool = True) -> Cells:
        """A slice as cells: colour steps, texts, addresses; made once for every picture of it."""
        index = self.index(shown, unit)
        key = shown, index, numerals, self.decimals
        if key not in self._cells:
            self._cells[key] = self._made_cells(shown, unit, numerals, index)
        return self._cells[key]

    def _made_cells(self, shown: Shown, unit: int, numerals: bool, index: Sliced) -> Cells:
        values = self.values(shown, unit)
        texts: Any = numbers.texts(values, self.style(shown.tensor)) if numerals else None
        scale = "heat" if self.film.kinds.get(shown.tensor) == "share" else "value"
        return Cells(self.levels(shown.tensor, values), texts, scale=scale, sources=index)

    def levels(self, tensor: str, values: Array) -> Any:
        """Colour steps, in the range that compared tensors share."""
        if self.film.kinds.get(tensor) == "share":
            return numbers.heat_levels(values)
        return numbers.levels(values, self.span(tensor))

    @cache  # noqa: B019 - lives as long as the film's making
    def span(self, tensor: str) -> float:
        """The largest |v| of a tensor and of those that it is compared with."""
        return numbers.value_range(*(self.trace[name] for name in self._alike(tensor)))

    def _alike(self, tensor: str) -> tuple[str, ...]:
        group = next((group for group in self.film.alike if tensor in group), (tensor,))
        return tuple(name for name in group if name in self.trace)

    # ── texts ────────────────────────────────────────────────────────────────
    def style(self, tensor: str) -> Style:
        """How a tensor's numbers are written, compared ones alike; ``decimals`` bounds their digits after the point."""
        known = self._styles.get((tensor, self.decimals))
        if known is None:
            samples = [np.ravel(self.trace[name]) for name in self._alike(tensor)]
            sample = np.concatenate(samples) if len(samples) > 1 else samples[0]
            share = self.film.kinds.get(tensor) == "share"
            known = numbers.style(
                sample, kind="probability" if share else "value", precision=self.telling.film.precision
            )
            if self.decimals is not None and self.telling.film.precision is None:
                known = replace(known, decimals=min(known.decimals, self.decimals))
            self._styles[tensor, self.decimals] = known
        return known

    def text(self, address: Address) -> str:
        """One number as it is displayed."""
        where = zip(self.trace.axes(address.tensor), address.index, strict=True)
        return numbers.text(self.trace.read(Region(address.tensor, tuple(where))), self.style(address.tensor))

    def wide(self, tensor: str) -> float:
        """The widest text of a tensor at size 1."""
        return self._wide(tensor, self.style(tensor))

    @cache  # noqa: B019
    def _wide(self, tensor: str, style: Style) -> float:
        flat = np.unique(self.trace[tensor])
        ends = np.concatenate([flat[:EXTREMES], flat[-EXTREMES:]])
        return layout.widest(numbers.texts(ends, style).tolist())

    # ── steps ────────────────────────────────────────────────────────────────
    @cached_property
    def _written(self) -> Mapping[str, list[tuple[int, Region]]]:
        """Of each tensor the steps that write what is told of it."""
        out: dict[str, list[tuple[int, Region]]] = {}
        for i, step in enumerate(self.trace.steps):
            if all((along := step.writes.along(axis)) is None or at in along for axis, at in self.fixed.items()):
                out.setdefault(step.writes.tensor, []).append((i, step.writes))
        return out

    def acted(self, tensor: str, unit: int | None = None) -> Acted:
        """The step that writes a tensor in a unit; without one the step that writes what is told of it."""
        here = self.units.covering(self.here(0 if unit is None else unit))
        at = next(i for i, region in self._written[tensor] if _meets(region, here))
        step = self.trace.steps[at]
        if unit is None:
            alone = len(self._written[tensor]) == 1
            return Acted(at, step, step.reads, step.writes) if alone else self._together(at, step)
        narrow = [self._narrow(region, here) for region in (*step.reads, step.writes)]
        return Acted(at, step, tuple(narrow[:-1]), narrow[-1])

    def _together(self, at: int, step: Step) -> Acted:
        """All steps that write what is told of a tensor, as one: what the first of them reads, whole."""
        reads = dict.fromkeys(self.told(region.tensor) for region in step.reads)
        return Acted(at, step, tuple(reads), self.told(step.writes.tensor))

    def told(self, tensor: str) -> Region:
        """What is told of a tensor: all of it, but of a batch one."""
        axes = self.trace.axes(tensor)
        return Region(tensor, tuple((axis, at) for axis, at in self.fixed.items() if axis in axes))

    def acted_at(self, address: Address) -> Acted:
        """The step that writes one cell."""
        here = dict(zip(self.trace.axes(address.tensor), address.index, strict=True))
        at = next(i for i, region in self._written[address.tensor] if _meets(region, here))
        step = self.trace.steps[at]
        return Acted(at, step, step.reads, step.writes)

    def making(self, region: Region) -> Iterator[int]:
        """The places of all steps that write cells of a region."""
        for at, written in self._written.get(region.tensor, []):
            if all(_overlap(region.along(axis), written.along(axis)) for axis in self.trace.axes(region.tensor)):
                yield at

    def factors(self, made: Acted) -> Mapping[Address, tuple[Address, Address]]:
        """Of every product that a step writes the two cells that it is the product of: those at the same place."""
        at, known = self._factors
        if at != made.at:
            left, right = (list(self.cells_of(region)) for region in made.step.reads)
            known = dict(zip(self.cells_of(made.step.writes), zip(left, right, strict=True), strict=True))
            self._factors = made.at, known
        return known

    def _narrow(self, region: Region, here: Mapping[str, int | range]) -> Region:
        """A region with what the unit says of the axes that it leaves whole."""
        more = ((a, here[a]) for a in self.trace.axes(region.tensor) if a in here and region.along(a) is None)
        return Region(region.tensor, (*region.where, *more))

    def made(self, tensor: str) -> bool:
        """Whether a step of what is told writes it."""
        return tensor in self._written

    def cell_of(self, tensor: str, unit: int, following: Mapping[str, int]) -> Address:
        """One cell of a tensor: at the unit, else at what is followed, else at the first."""
        here = {**following, **self.here(unit)}
        return Address(tensor, tuple(here.get(axis, 0) for axis in self.trace.axes(tensor)))

    def value(self, address: Address) -> float:
        """One number."""
        where = zip(self.trace.axes(address.tensor), address.index, strict=True)
        return float(self.trace.read(Region(address.tensor, tuple(where))))

    def cells_of(self, region: Region) -> Iterator[Address]:
        """All cells of a region, in C order."""
        yield from self.addresses(region, None)

    def addresses(self, region: Region, target: Address | None) -> Iterator[Address]:
        """The cells of a region that go into one cell of another tensor: alike on the axes that both have."""
        there = dict(zip(self.trace.axes(target.tensor), target.index, strict=True)) if target else {}
        axes = self.trace.axes(region.tensor)
        spans = [self._along(region, axis, there) for axis in axes]
        for flat in range(count([len(span) for span in spans])):
            at = cell(flat, [len(span) for span in spans])
            yield Address(region.tensor, tuple(span[i] for span, i in zip(spans, at, strict=True)))

    def _along(self, region: Region, axis: str, there: Mapping[str, int]) -> range:
        along = region.along(axis)
        whole = range(self.trace.size(axis)) if along is None else along
        return range(there[axis], there[axis] + 1) if axis in there and there[axis] in whole else whole


def split(axis: str | None) -> tuple[str, ...]:
    """The axes that a joined one is made of."""
    return tuple(axis.split(JOINED)) if axis else ()


def _overlap(one: range | None, other: range | None) -> bool:
    return one is None or other is None or not set(one).isdisjoint(other)


def _meets(region: Region, here: Mapping[str, int | range]) -> bool:
    """Whether a region has a part in a unit: its indices, and the first one of each range that it covers."""
    return all((along := region.along(axis)) is None or (at if isinstance(at, int) else at[0]) in along
               for axis, at in here.items())  # fmt: skip
