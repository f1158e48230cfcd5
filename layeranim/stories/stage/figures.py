"""The numbers of one film: how they are written and coloured, in slices of its tensors and one by one."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import takewhile
from typing import Any

import numpy as np

from layeranim import displayed, numbers
from layeranim.engine.trace import Array, Region, count
from layeranim.numbers import Style
from layeranim.stories import phrases
from layeranim.stories.stage.language import Mask, Play, Units, Windows
from layeranim.stories.stage.plans import Lengths
from layeranim.stories.stage.ranges import Ranges
from layeranim.stories.stage.remembered import Remembered
from layeranim.stories.stage.slices import Covered, Listed, Shown, Sliced, drawn_axes, split
from layeranim.stories.stage.unit_steps import UnitSteps
from layeranim.stories.storyboard import JOINED, Address, Cells, Fact, GridPlan, Line, Run, Telling, folded


class Figures(UnitSteps):
    """The numbers that a film tells of its trace."""

    def __init__(self, film: Play, telling: Telling) -> None:
        super().__init__(film, telling)
        self.ranges = Ranges(film, telling)
        self.drawn: frozenset[str] = frozenset()
        self.placed: Mapping[str, GridPlan] = {}
        self._cells: dict[tuple[Shown, Sliced, bool, int | None, int], Cells] = {}
        self._lengths: dict[tuple[int, float], Lengths] = {}

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

    def turns(self, shown: Shown, unit: int) -> bool:
        """Whether a slice shows something else from this unit on than in the one before."""
        return unit == self.first or self.index(shown, unit) != self.index(shown, unit - 1)

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

    @Remembered
    def title(self, tensor: str, text: str) -> Line:
        """A name, and the shape of what comes in, goes out or is learned: what is between has the shape of these."""
        held = self.trace.tensor(tensor)
        role = "weights" if held.role == "weight" else "ink"
        (head,) = phrases.name(text, role)
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

    def added(self, terms: Sequence[Sequence[Address]], made: Address) -> Line:
        """``2 · 1 + 1 · 3 = 5``: products of cells, or cells alone, that add up to another; as many as fit."""
        result = self.result(made)
        right = numbers.relation([[self.text(at) for at in term] for term in terms], result.text)
        line: Line = ()
        for most in range(min(len(terms), phrases.MOST_TERMS), 0, -1):
            shown = [phrases.join([(self.number(at, i > 0 or len(term) > 1),) for at in term], Run(numbers.DOT))
                     for i, term in enumerate(terms[:most])]  # fmt: skip
            more = [phrases.more(len(terms) - most)] if most < len(terms) else []
            line = (*phrases.join([*shown, *more]), phrases.relation_run(right), result)
            if phrases.fits(line):
                break
        return line

    def value(self, address: Address) -> float:
        """One number."""
        return float(self.trace.read(self.here_of(address)))

    def read(self, cells: Covered) -> Array:
        """The numbers of cells, one after another."""
        where = zip(self.trace.axes(cells.tensor), cells.spans, strict=True)
        return self.trace.read(Region(cells.tensor, tuple(where))).ravel()

    def displayed(self, cells: Covered) -> tuple[Array, bool]:
        """Cells as the doubles that they read as, one alone without an axis, and whether one only reads as zero."""
        values, lost = displayed.doubles(self.read(cells), self.style(cells.tensor))
        return (values if len(values) > 1 else values.reshape(())), lost
