"""The numbers of one film: which cells are told, in which steps they are made, how they are written and coloured."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache, cached_property, lru_cache
from itertools import islice, product, takewhile
from typing import Any, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from layeranim import displayed, numbers
from layeranim.engine.trace import Array, Region, Step, Steps, cell, count
from layeranim.errors import OptionError
from layeranim.numbers import Style
from layeranim.records import dataclass
from layeranim.stories import phrases
from layeranim.stories.stage.language import All, Each, Mask, Passages, Play, Units, Windows
from layeranim.stories.stage.plans import Lengths
from layeranim.stories.stage.ranges import Ranges
from layeranim.stories.stage.remembered import Remembered
from layeranim.stories.storyboard import JOINED, Address, Cells, Fact, GridPlan, Line, Run, Source, Telling, folded

T = TypeVar("T")
MAKING_MOST = 1_000


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


LAST_STEPS = 4096
"""So many steps are kept: more than one beat of the widest unit is told of, few beside the numbers of such a film."""


@dataclass(frozen=True)
class Acted:
    """A step, narrowed to one unit: its place in the trace, what it reads there and what it writes.

    ``told`` are the tensors of which the beats before it have told, in this unit.
    Where several steps write what a unit has of a tensor (a score for every key), they are told as one: ``every`` are
    their places, and ``reads`` and ``writes`` what all of them touch.
    """

    at: int
    step: Step
    reads: tuple[Region, ...]
    writes: Region
    told: frozenset[str] = frozenset()
    every: tuple[int, ...] = ()


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


class Figures:
    """The numbers that a film tells of its trace."""

    def __init__(self, film: Play, telling: Telling) -> None:
        self.film, self.telling, self.trace, self.units = film, telling, telling.trace, film.units
        self.fixed = self._fixed()
        self.sizes = tuple(self.size(axis) for axis in self.units.along)
        self.count = count(self.sizes) * self.units.times
        self.ranges = Ranges(film, telling)
        self.drawn: frozenset[str] = frozenset()
        self.becoming: frozenset[str] = frozenset()
        self.placed: Mapping[str, GridPlan] = {}
        self.first, self.stop = 0, self.count
        self._cells: dict[tuple[Shown, Sliced, bool, int | None, bool], Cells] = {}
        self._lengths: dict[tuple[int, float], Lengths] = {}

    def _fixed(self) -> dict[str, int]:
        options, out = self.telling.film, {}
        axes = {axis for tensor in self.trace.tensors.values() for axis in tensor.axes}
        for axis in self.units.told:
            if axis in axes:
                out[axis] = options.place_in(self.trace.size(axis)) if axis == "batch" else 0
        if options.sample is not None and "batch" not in out and "batch" not in self.units.along:
            raise OptionError(f"sample is {options.sample}, but every sample has a part in every number; leave it out")
        return out

    @Remembered
    def size(self, axis: str) -> int:
        """How many indices of an axis are told."""
        name, how, length = folded(axis)
        if name in self.units.only:
            return len(self.units.only[name])
        whole = min(self.trace.size(name), self.units.most.get(name, self.trace.size(name)))
        return length if how == "%" else -(-whole // length)

    # ── cells ────────────────────────────────────────────────────────────────
    def turns(self, shown: Shown, unit: int) -> bool:
        """Whether a slice shows something else from this unit on than in the one before."""
        return unit == self.first or self.index(shown, unit) != self.index(shown, unit - 1)

    def here(self, unit: int) -> dict[str, int]:
        """The indices of a unit, those of what is told among them."""
        numbered = dict.fromkeys(self.units.numbered, unit)
        return self.fixed | numbered | self.units.places(unit, self.sizes)

    def name(self, tensor: str, unit: int) -> str:
        """The tensor that an act of a unit means."""
        return self.units.name(tensor, unit, self.sizes)

    def passes_over(self, tensor: str, unit: int) -> bool:
        """Whether the acts of a unit can write cells of a tensor: it has the units' axes, is of the same lap, and is
        not made all at once."""
        if any(isinstance(act, All) and tensor in act.writes for act in self.film.acts):
            return False
        told = {*self.units.along, *self.units.covers, *self.units.numbered}
        own = any(axis in told for axis in self.trace.axes(tensor))
        return own and tensor.startswith(self.units.name("", unit, self.sizes))

    def inner(self, unit: int) -> dict[str, int]:
        """What is followed in a unit besides its own indices."""
        return {**self.film.at, **(self.units.inner(unit) if self.units.inner else {})}

    @Remembered
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

    def picked(self, *axes: str | None) -> tuple[tuple[str, tuple[int, ...]], ...]:
        """Of which of the axes along which something is drawn only some indices are told, and which."""
        names = dict.fromkeys(folded(one)[0] for axis in axes for one in split(axis))
        return tuple((name, tuple(self.units.only[name])) for name in names if name in self.units.only)

    def along(self, axis: str | None) -> int:
        """How many cells of an axis are told, which may be joined; 1 along none."""
        return count([self.size(one) for one in split(axis)])

    def flat(self, axis: str | None, at: Mapping[str, int]) -> int:
        """Which cell along an axis, which may be joined, these indices are."""
        place = 0
        for one in split(axis):
            name, how, length = folded(one)
            here = at.get(name, 0)
            here = bisect_left(self.units.only[name], here) if name in self.units.only else here
            place = place * self.size(one) + (here % length if how == "%" else here // length)
        return place

    def spot(self, rows: str | None, cols: str | None, address: Address) -> tuple[int, int]:
        """The row and column of a cell."""
        at = self.indices(address)
        return self.flat(rows, at), self.flat(cols, at)

    def index(self, shown: Shown, unit: int) -> Sliced:
        """The addresses of a slice, in the picture of one unit."""
        axes, here = self.trace.axes(shown.tensor), self.here(unit) | dict(shown.at)
        rows, cols = (tuple((axes.index(folded(one)[0]), self.size(one)) for one in split(axis))
                      for axis in (shown.rows, shown.cols))  # fmt: skip
        free = {place for place, _ in (*rows, *cols)}
        at = tuple(0 if i in free else here.get(axis, 0) for i, axis in enumerate(axes))
        return Sliced(shown.tensor, at, rows, cols, picked=tuple((axes.index(axis), indices)
                      for axis, indices in self.picked(shown.rows, shown.cols)))  # fmt: skip

    def values(self, shown: Shown, unit: int = 0) -> Array:
        """The numbers of a slice, (rows, columns)."""
        axes, here = self.trace.axes(shown.tensor), self.here(unit) | dict(shown.at)
        wanted = drawn_axes(shown)
        where: tuple[tuple[str, int | range], ...]
        where = tuple((axis, here.get(axis, 0)) for axis in axes if axis not in wanted)
        picked = dict(self.picked(shown.rows, shown.cols))
        where += tuple((axis, range(self.size(axis))) for axis in wanted if axis not in picked)
        stand = [axis for axis in axes if axis in wanted]
        found = self._read(Region(shown.tensor, where), [(stand.index(axis), axis, picked[axis]) for axis in picked])
        return found.transpose([stand.index(axis) for axis in wanted]).reshape(shown.shape)

    def _read(self, region: Region, picked: Sequence[tuple[int, str, Sequence[int]]]) -> Array:
        """The cells of a region, of some axes those at certain indices alone."""
        if not picked:
            return self.trace.read(region)
        (place, axis, indices), *rest = picked
        each = (replace(region, where=(*region.where, (axis, range(k, k + 1)))) for k in indices)
        return np.concatenate([self._read(one, rest) for one in each], place)

    def cells(self, shown: Shown, unit: int = 0, numerals: bool = True) -> Cells:
        """A slice as cells: colour steps, texts, addresses; made once for every picture of it."""
        index = self.index(shown, unit)
        key = shown, index, numerals, self.ranges.decimals, self.ranges.powers
        if key not in self._cells:
            self._cells[key] = self._made_cells(shown, unit, numerals, index)
        return self._cells[key]

    def one(self, address: Address) -> Cells:
        """A single cell with its numeral."""
        return self.cells(Shown(address.tensor, None, None, (1, 1), tuple(self.indices(address).items())))

    def _made_cells(self, shown: Shown, unit: int, numerals: bool, index: Sliced) -> Cells:
        values, ranges, tensor = self.values(shown, unit), self.ranges, shown.tensor
        labels = self.trace.tensor(tensor).labels
        texts: Any = None
        if numerals and labels is not None:
            texts = np.array([[self.text(index(r, c)) for c in range(shown.shape[1])] for r in range(shown.shape[0])],
                             object)  # fmt: skip
        elif numerals:
            texts = ranges.texts(tensor, values)
        mask = self.film.masks.get(tensor) if values.size > 1 else None
        ghost, dim = (mask.ghost, mask.dim) if mask else (None, None)
        other = self.film.ghosts.get(tensor)
        if other and other in self.trace:
            ghost = np.isneginf(self.values(replace(shown, tensor=other), unit))
        power = ranges.power(tensor) if numerals else 0
        scale = ranges.scale(tensor, self.here(unit) | dict(shown.at))
        return Cells(ranges.levels(tensor, values), texts, ghost, dim, scale, replace(index, power=power))

    def listed(self, values: Array, sources: Listed, numerals: bool = True, mask: Mask | None = None) -> Cells:
        """Cells of the tensor of the first of these addresses, wherever they stand; ``void`` ones have no text."""
        first, ranges = sources(0, 0), self.ranges
        tensor, at = first.tensor, self.indices(first)
        texts: Any = ranges.texts(tensor, values) if numerals else None
        if numerals and mask and mask.void is not None:
            texts = np.where(mask.void, "", texts)
        if numerals and ranges.power(tensor):
            power = ranges.power(tensor)
            sources = Listed(tuple(tuple(replace(one, power=power) for one in row) for row in sources.rows))
        ghost, dim = (mask.ghost, mask.dim) if mask else (None, None)
        return Cells(ranges.levels(tensor, values), texts, ghost, dim, ranges.scale(tensor, at), sources)

    def lengths(self, values: Array, scale: float, cells: Cells) -> Lengths:
        """What bars show of cells that hold these values; made once for all beats that show the same."""
        key = id(cells), scale
        if key not in self._lengths:
            self._lengths[key] = Lengths(tuple((values * scale).tolist()), cells)
        return self._lengths[key]

    def follows(self, shown: Shown) -> bool:
        """Whether a slice is another at every unit: a window's products, the scores of a query."""
        drawn = (*drawn_axes(shown), *dict(shown.at))
        return any(axis in self.units.along and axis not in drawn for axis in self.trace.axes(shown.tensor))

    def pieces(self, shown: Shown) -> bool:
        """Whether a slice is made piece by piece: several units have cells of their own in it."""
        return any(axis in self.units.along and self.trace.size(axis) > 1 for axis in drawn_axes(shown))

    def earlier(self, tensor: str) -> bool:
        """Whether units before the first one of the film have made a tensor that those of the film may read."""
        units = self.units
        return isinstance(units, Passages) and any(tensor in one.writes for one in units.passages[: self.first])

    def passing(self, tensor: str, unit: int) -> bool:
        """Whether a unit writes cells of a tensor of its own, instead of something that is done to all of them."""
        each = [act for act in self.film.acts if isinstance(act, Each)]
        named = ((names,) if isinstance(names, str) else names for act in each for names, _ in act.acts)
        return any(tensor == self.name(one, unit) for names in named for one in names)

    def since(self, shown: Shown, first: int, last: int) -> int:
        """The first of some units from which on a slice shows the same."""
        step = self._steady(shown)
        found = (unit for unit in range(last - last % step, first, -step) if self.turns(shown, unit))
        return next(found, first)

    def _steady(self, shown: Shown) -> int:
        """So many units stand in a row at which a slice shows the same: those along axes that it has not."""
        if type(self.units) not in (Units, Windows) or self.units.times > 1 or self.units.numbered:
            return 1
        has = {*self.trace.axes(shown.tensor)} - {*drawn_axes(shown), *dict(shown.at)}
        inner = list(takewhile(lambda axis: axis not in has, reversed(self.units.along)))
        return count(self.sizes[len(self.sizes) - len(inner) :])

    def beside(self, shown: Shown, unit: int) -> list[int]:
        """The units of the film at which a slice shows the same as at this one."""
        at, step = self.index(shown, unit), self._steady(shown)
        rows = (range(max(self.first, start), min(start + step, self.stop))
                for start in range(self.first - self.first % step, self.stop, step))  # fmt: skip
        return [one for row in rows if self.index(shown, row[0]) == at for one in row]

    def reached(self, tensor: str) -> bool:
        """Whether the film comes so far as to make a tensor: one that only comes after a unit, after one of its own."""
        each = [act for act in self.film.acts if isinstance(act, Each)]
        after = [unit for act in each for unit, aside in act.asides.items() if tensor in aside.writes]
        return not after or any(self.first <= unit < self.stop for unit in after)

    @Remembered
    def title(self, tensor: str, text: str) -> Line:
        """A name, and the shape of what comes in, goes out or is learned: what is between has the shape of these."""
        held = self.trace.tensor(tensor)
        role = "weights" if held.role == "weight" else "ink"
        head = Run(text, role, "semibold", Fact("name"), markup="_{" in text or "^{" in text)
        free = [n for axis, n in zip(held.axes, held.shape, strict=True) if axis not in self.fixed]
        if (held.role == "intermediate" and (held.is_recipe or self.made(tensor))) or not free:
            return (head,)
        return head, Run(f"  {numbers.shape_text(free)}", source=Fact("shape"))

    # ── texts ────────────────────────────────────────────────────────────────
    def style(self, tensor: str) -> Style:
        """How a tensor's numbers are written."""
        return self.ranges.style(tensor)

    def wide(self, tensor: str, cells: bool = True) -> float:
        """The widest text of a tensor at size 1, as it stands in cells or in a sentence."""
        return self.ranges.wide(tensor, cells)

    def text(self, address: Address) -> str:
        """One number as it is displayed in a sentence."""
        labels = self.trace.tensor(address.tensor).labels
        if labels is not None:
            return str(np.asarray(labels)[address.index]).replace(" + ", "+")
        return numbers.text(self.trace.read(self.here_of(address)), self.style(address.tensor))

    def number(self, address: Address, factor: bool = False) -> Run:
        """One number in a sentence, a weight in the hue of weights; a negative ``factor`` in parentheses."""
        text = self.text(address)
        role = "weights" if self.trace.tensor(address.tensor).role == "weight" else "ink"
        return Run(numbers.factor(text) if factor else text, role, source=address)

    def result(self, address: Address) -> Run:
        """The number that a step ends in."""
        return phrases.result(self.text(address), address)

    # ── steps ────────────────────────────────────────────────────────────────
    @cached_property
    def step(self) -> Callable[[int], Step]:
        """A step by its place in the trace. Several sentences ask for each: the last ones are not made again."""
        return lru_cache(LAST_STEPS)(self.trace.steps.__getitem__)

    @Remembered
    def _writing(self, tensor: str, here: frozenset[tuple[str, int]]) -> int | None:
        """The first step of what is told that writes a tensor at these indices."""
        if tensor not in self.trace:
            return None
        axes = self.trace.axes(tensor)
        places = self.fixed | dict(here)
        if isinstance(self.units, Windows) and self.units.steps:
            at = self.units.steps(self.here(0) | places)
            return next((i for i in at if self.step(i).writes.tensor == tensor), None)
        told = {axis: at for axis, at in places.items() if axis in axes}
        steps = self.trace.steps
        if isinstance(steps, Steps) and steps.finds:
            return steps.writing(tensor, told)
        singled, found = self._written.get(tensor, ((), {}))
        if not all(axis in told for axis in singled):
            every = sorted((at for some in found.values() for at in some), key=lambda one: one[0])
        else:
            every = found.get(tuple(told[axis] for axis in singled), [])
        return next((i for i, region in every if region.holds(told)), None)

    @cached_property
    def _written(self) -> Mapping[str, tuple[tuple[str, ...], dict[tuple[int, ...], list[tuple[int, Region]]]]]:
        """Of each tensor the steps that write it, made once where the trace does not know them: by their indices on the
        axes on which each of them has a single one."""
        out: dict[str, list[tuple[int, Region]]] = {}
        for i, step in enumerate(self.trace.steps):
            out.setdefault(step.writes.tensor, []).append((i, step.writes))
        found = {}
        for tensor, every in out.items():
            single = [{axis for axis, at in region.where if isinstance(at, int)} for _, region in every]
            axes, by = tuple(sorted(set.intersection(*single))), dict[tuple[int, ...], list[tuple[int, Region]]]()
            for i, region in every:
                where: dict[str, Any] = dict(region.where)
                by.setdefault(tuple(where[axis] for axis in axes), []).append((i, region))
            found[tensor] = axes, by
        return found

    def _step(self, tensor: str, here: Mapping[str, int | range]) -> tuple[int, Step]:
        places = {axis: at if isinstance(at, int) else at[0] for axis, at in here.items()}
        at = self._writing(tensor, frozenset(places.items()))
        if at is None:
            raise LookupError(f"no step writes {tensor} at {places}")
        return at, self.step(at)

    def acted(self, tensor: str, unit: int | None = None) -> Acted:
        """The step that writes a tensor in a unit; without one the step that writes what is told of it."""
        if unit is not None and isinstance(self.units, Windows) and self.units.found:
            found = self.units.found(tensor, unit)
            if found:
                every, reads, writes = found
                return Acted(every[0], self.step(every[0]), reads, writes, every=every)
        here = self.units.covering({**self.film.at, **self.here(0 if unit is None else unit)})
        at, step = self._step(tensor, here)
        if unit is None or self.units.whole(unit):
            alone = len(self.covered(step.writes)) == len(self.covered(self.told(tensor)))
            return Acted(at, step, step.reads, step.writes) if alone else self._together(at)
        regions = [self._narrow(region, here) for region in (*step.reads, step.writes)]
        every = self._every(tensor, here, regions[-1])
        if len(every) > 1 and isinstance(self.units, Windows):
            steps = [self.step(i) for i in every]
            touched = zip(*((*one.reads, one.writes) for one in steps), strict=True)
            regions = [self._narrow(joined(some), here) for some in touched]
        elif len(every) > 1:
            shared = self.units.covers  # what a unit has of these axes, not what the first of its steps has
            regions = [Region(r.tensor, tuple((axis, here[axis] if axis in shared else at) for axis, at in r.where
                                              if axis in here)) for r in regions]  # fmt: skip
        return Acted(at, step, tuple(regions[:-1]), regions[-1], every=every)

    def _every(self, tensor: str, here: Mapping[str, int | range], writes: Region) -> tuple[int, ...]:
        """The places of the steps that write what a unit has of a tensor, where one does not write all of it: one for
        each index, or block of them, of the axes that a step has and a unit has not."""
        inner = {axis: 1 if isinstance(at, int) else len(at) for axis, at in writes.where if axis not in here}
        inner = {axis: size for axis, size in inner.items() if size < self.trace.size(axis) or size == 1}
        if (isinstance(self.units, Windows) and self.units.steps) or not inner:
            return ()
        first = {axis: at if isinstance(at, int) else at[0] for axis, at in here.items()}
        sizes = [self.trace.size(axis) // size for axis, size in inner.items()]
        starts = (cell(i, sizes) for i in range(min(count(sizes), MAKING_MOST)))
        cells = (tuple(k * size for k, size in zip(at, inner.values(), strict=True)) for at in starts)
        found = (
            self._writing(tensor, frozenset({**first, **dict(zip(inner, at, strict=True))}.items())) for at in cells
        )
        return tuple(sorted({at for at in found if at is not None}))

    def single(self, acted: Acted) -> list[Acted]:
        """The steps that are told as one, one by one."""
        steps = [(at, self.step(at)) for at in acted.every] if len(acted.every) > 1 else []
        return [replace(acted, at=at, step=s, reads=s.reads, writes=s.writes, every=()) for at, s in steps] or [acted]

    @Remembered
    def _together(self, at: int) -> Acted:
        """All steps that write what is told of a tensor, as one: of each tensor what they read of it together; of too
        many cells what the first of them reads, whole."""
        step = self.step(at)
        writes = self.told(step.writes.tensor)
        every = self.making(writes)
        read: dict[str, list[Region]] = {}
        for region in (region for one in every for region in self.step(one).reads):
            read.setdefault(region.tensor, []).append(region)
        if len(self.covered(writes)) > MAKING_MOST:
            reads = dict.fromkeys(self.told(region.tensor) for region in step.reads)
        else:
            reads = dict.fromkeys(self._narrow(joined(some), self.fixed) for some in read.values())
        return Acted(at, step, tuple(reads), writes, every=every)

    def told(self, tensor: str) -> Region:
        """What is told of a tensor: all of it, but of a batch one."""
        axes = self.trace.axes(tensor)
        return Region(tensor, tuple((axis, at) for axis, at in self.fixed.items() if axis in axes))

    def acted_at(self, address: Address) -> Acted:
        """The step that writes one cell."""
        at, step = self._step(address.tensor, self.indices(address))
        return Acted(at, step, step.reads, step.writes)

    def rearranged(self, address: Address) -> Address | None:
        """The cell that holds the same number before axes were turned, shapes changed, or several were put side by
        side; none of what is computed."""
        step = self.acted_at(address).step
        if step.operation == "arrange":
            how = dict(step.parameters)
            shape, axes = how["shape"], how["axes"]
            place = int(np.ravel_multi_index(address.index, self.trace.tensor(address.tensor).shape))
            turned = np.unravel_index(place, [shape[axis] for axis in axes])
            seen = [int(turned[axes.index(k)]) for k in range(len(shape))]
            return self.covered(step.reads[0])[int(np.ravel_multi_index(tuple(seen), shape))]
        return self.beside_others(address, step) if step.operation in ("unroll", "join", "copy") else None

    def beside_others(self, address: Address, step: Step) -> Address | None:
        """The cell at the same place of what a step only puts side by side; none where these are not as many."""
        reads, own = [self.covered(region) for region in step.reads], tuple(range(i, i + 1) for i in address.index)
        written = self.covered(step.writes)
        places = written.places(Covered(address.tensor, own))
        if places is None or sum(map(len, reads)) != len(written):
            return None
        place = int(places[0])
        for cells in reads:
            if place < len(cells):
                return cells[place]
            place -= len(cells)
        return None

    def making(self, region: Region) -> tuple[int, ...]:
        """The places of the steps that write what is told of a region, of a large one those of its first cells."""
        axes, found, last = self.trace.axes(region.tensor), set[int](), None
        only = self.units.only
        spans = [[i for i in only[axis] if i in span] if axis in only and len(span) > 1 else span
                 for axis, span in zip(axes, self.covered(region).spans, strict=True)]  # fmt: skip
        for index in islice(product(*spans), MAKING_MOST) if self.made(region.tensor) else ():
            here = dict(zip(axes, index, strict=True))
            if not (last and last.holds(here)):  # cells of one step mostly stand one after another
                at = self._writing(region.tensor, frozenset(here.items()))
                found |= set() if at is None else {at}
                last = None if at is None else self.step(at).writes
        return tuple(sorted(found))

    def factors(self, made: Acted) -> tuple[Covered, Covered]:
        """The two factors of every product that a step writes: those at the same place."""
        left, right = (self.covered(region) for region in made.step.reads)
        return left, right

    def _narrow(self, region: Region, here: Mapping[str, int | range]) -> Region:
        """A region with what the unit says of the axes that it leaves whole."""
        more = ((a, here[a]) for a in self.trace.axes(region.tensor) if a in here and region.along(a) is None)
        return Region(region.tensor, (*region.where, *more))

    def made(self, tensor: str) -> bool:
        """Whether a step of what is told writes it."""
        return self._writing(tensor, frozenset()) is not None

    def followed(self, tensor: str, unit: int) -> dict[str, int]:
        """On axes of a tensor of which only some indices are told the one that a unit follows, else the first."""
        inner = self.inner(unit)
        return {axis: inner.get(axis, indices[0]) for axis, indices in self.picked(*self.trace.axes(tensor))}

    def cell_of(self, tensor: str, unit: int, following: Mapping[str, int]) -> Address:
        """One cell of a tensor: at the unit, else at what is followed, else at the first."""
        here = {**self.film.at, **following, **self.here(unit)}
        return Address(tensor, tuple(here.get(axis, 0) for axis in self.trace.axes(tensor)))

    def indices(self, address: Address) -> dict[str, int]:
        """Where one cell stands, axis by axis."""
        return dict(zip(self.trace.axes(address.tensor), address.index, strict=True))

    def here_of(self, address: Address) -> Region:
        """One cell as a region."""
        return Region(address.tensor, tuple(self.indices(address).items()))

    def whole(self, tensor: str) -> bool:
        """Whether a tensor is read as it stands, not as what it was made of: it turns into another one in its place, or
        is what an earlier one of the units that make different things came to."""
        passages = self.units.passages if isinstance(self.units, Passages) else ()
        return tensor in self.becoming or any(one.writes[-1] == tensor for one in passages)

    def value(self, address: Address) -> float:
        """One number."""
        return float(self.trace.read(self.here_of(address)))

    def covered(self, region: Region, target: Address | None = None) -> Covered:
        """The cells of a region, or those that go into one cell of another tensor: alike on the axes that both have."""
        there = self._alike(target.tensor, target.index, self.trace.axes(region.tensor)) if target else {}
        return Covered(
            region.tensor, tuple(self._along(region, axis, there) for axis in self.trace.axes(region.tensor))
        )

    def factored(self, cells: Covered, places: NDArray[np.intp], region: Region) -> NDArray[np.intp]:
        """Which cells of a region go into some cells of another tensor, those at ``places``: of each the first that is
        alike on the axes that both have."""
        index = np.unravel_index(places, [len(span) for span in cells.spans])
        at = tuple(span.start + span.step * i for span, i in zip(cells.spans, index, strict=True))
        there, spans = self._alike(cells.tensor, at, self.trace.axes(region.tensor)), self.covered(region).spans
        found = []
        for axis, span in zip(self.trace.axes(region.tensor), spans, strict=True):
            along, beside = np.divmod(there.get(axis, np.full_like(places, span.start)) - span.start, span.step)
            found.append(np.where((beside == 0) & (along >= 0) & (along < len(span)), along, 0))
        return np.ravel_multi_index(tuple(found), [len(span) for span in spans])

    def _alike(self, tensor: str, index: Sequence[T], axes: tuple[str, ...]) -> dict[str, T]:
        """The indices of a cell, on axes that number the same by the names that a tensor with ``axes`` has for them."""
        there = dict(zip(self.trace.axes(tensor), index, strict=True))
        for one, other in (pair for a, b in self.film.same for pair in ((a, b), (b, a))):
            if one in there and other not in there and one not in axes and other in axes:
                there[other] = there[one]
        return there

    def read(self, cells: Covered) -> Array:
        """The numbers of cells, one after another."""
        where = zip(self.trace.axes(cells.tensor), cells.spans, strict=True)
        return self.trace.read(Region(cells.tensor, tuple(where))).ravel()

    def displayed(self, cells: Covered) -> tuple[Array, bool]:
        """Cells as the doubles that they read as, one alone without an axis, and whether one only reads as zero."""
        values, lost = displayed.doubles(self.read(cells), self.style(cells.tensor))
        return (values if len(values) > 1 else values.reshape(())), lost

    def _along(self, region: Region, axis: str, there: Mapping[str, int]) -> range:
        along = region.along(axis)
        whole = range(self.trace.size(axis)) if along is None else along
        return range(there[axis], there[axis] + 1) if axis in there and there[axis] in whole else whole


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
