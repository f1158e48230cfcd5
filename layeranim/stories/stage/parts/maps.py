"""Maps: the feature maps of one stage of a network in a block, every map as large as its cells make it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import inf
from typing import Any

from layeranim import layout, theme
from layeranim.canvas import Canvas
from layeranim.engine.trace import Region
from layeranim.layout import Fit, even
from layeranim.records import dataclass
from layeranim.stories import phrases
from layeranim.stories.stage.figures import Figures
from layeranim.stories.stage.parts.base import HEADING, Moment, heading, heading_at, unsized
from layeranim.stories.stage.parts.grid import Grid
from layeranim.stories.stage.parts.volume import MOST, Volume
from layeranim.stories.stage.plans import Plan, TextPlan
from layeranim.stories.stage.solver import Extent, Setting, Spot, room_on
from layeranim.stories.stage.verbs import Fill, Ghost, Sweep, Verb, everywhere, within
from layeranim.stories.storyboard import Address, Box, Fact, Line, Run

BETWEEN = 6.0
"""Between the cells of neighbouring maps."""
UNDER = 26.0
"""Height of the line under them."""
TALL, OTHERS, LEAST = 372.0, 112.0, 60.0
"""Height of a block at most, beside others in one row; where a row is broken, what headings and lanes take of a line,
and the least that is left."""
LARGE, MAGNIFIED = 168.0, 1.5
"""The side of a picture at most, and how much larger than other cells its pixels are."""
SEEN, SEEN_WELL, UPON = 12.0, 24.0, 8
"""The side of a map of few cells at least: below it nothing is seen in it; more where so many have that height."""
WALK = 8
"""So many steps lie between a number and what its layer reads, at most."""


@dataclass(frozen=True)
class Maps(Volume):
    """The maps of ``tensor`` along ``axis``, as many under each other as there is room for.

    There are ``maps`` of them. The cells of all maps of a stage are equally large, so that a map of fewer cells is a
    smaller one. ``seen`` names
    the tensors as which the next layers read it, each with the rows and columns of padding before its own. What a
    step reads for the cell that is followed is framed, not all that it reads; ``size`` stands under the maps. They
    stand in rows as those that they are ``like`` do; ``tall``: at most so high. Of more than have room those that are
    ``chosen`` are drawn, else the first.
    """

    maps: int = MOST
    seen: tuple[tuple[str, int, int], ...] = ()
    size: str = ""
    like: Maps | None = None
    tall: float = 0.0
    chosen: tuple[int, ...] = ()
    cell: float = 0.0

    @property
    def draws(self) -> tuple[str, ...]:
        return (self.tensor, *(name for name, _, _ in self.seen))

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"{self.tensor}:{k}" for k in range(self.maps))

    def drawn(self, figures: Figures) -> Sequence[int]:
        return self.chosen or super().drawn(figures)

    # ── room ─────────────────────────────────────────────────────────────────
    def _cell(self, s: Setting) -> Fit:
        shape = self.shown(s.figures).shape
        if self.cell:
            return layout.heat(*shape, LARGE, LARGE, self.cell)
        if s.look.numerals and not self.pixels:
            return Grid(self.tensor, self.text, self.rows, self.cols).fit(s)[0]
        side = LARGE if s.look.numerals else s.look.pitch * s.look.scale
        if self.pixels:
            return layout.heat(*shape, LARGE, LARGE, side * MAGNIFIED)
        least = min(SEEN_WELL, max(SEEN, self.tall / UPON - BETWEEN))
        side = max(side, least / max(shape))
        return Fit((side, side), 0)

    def _line(self, canvas: Canvas) -> float:
        """The height of a block where a row was broken: into two lines, three where the canvas is higher than wide."""
        lines = 2 if canvas.height <= canvas.width else 3
        return max(LEAST, room_on(canvas).height / lines - OTHERS)

    def _block_of(self, s: Setting) -> tuple[Fit, int, float, float]:
        """Cells, maps in a row, and what all maps take together."""
        rows, cols = self.shown(s.figures).shape
        fit, count = self._cell(s), self.count(s.figures)
        if self.like:
            across = self.like._block_of(s)[1]
            high = -(-count // across) * (rows * fit.pitch[1] + BETWEEN) - BETWEEN
            return fit, across, across * (cols * fit.pitch[0] + BETWEEN) - BETWEEN, high
        tall = self.tall or (TALL if s.across == inf else self._line(s.figures.telling.film.canvas))
        wide, high = cols * fit.pitch[0] + BETWEEN, rows * fit.pitch[1] + BETWEEN
        across = -(-count // max(1, int((tall + BETWEEN) / high)))
        across = next(n for n in range(across, count + 1) if -(-count // n) * n - count < max(1, n // 2))
        return fit, across, across * wide - BETWEEN, -(-count // across) * high - BETWEEN

    def _head(self, figures: Figures) -> Line:
        return unsized(heading(figures, self.tensor, self.text))

    @property
    def _under(self) -> Line:
        """How many maps of which size."""
        return (Run(self.size, weight="regular", source=Fact("shape")),) if self.size else ()

    def measure(self, s: Setting) -> Extent:
        _, _, wide, high = self._block_of(s)
        title = phrases.width(self._head(s.figures), theme.NAME)
        low = phrases.width(self._under, theme.FLOOR)
        return Extent(max(wide, title, low), high / 2 + HEADING, high / 2 + (UNDER if self.size else 0.0))

    def place(self, s: Setting, spot: Spot) -> Iterator[Plan]:
        fit, across, wide, high = self._block_of(s)
        rows, cols = self.shown(s.figures).shape
        left, top = spot.x - wide / 2, spot.y + high / 2
        drawn, line = self.drawn(s.figures), self._head(s.figures)
        for place, k in enumerate(drawn):
            down, right = divmod(place, across)
            at = left + right * (cols * fit.pitch[0] + BETWEEN), top - down * (rows * fit.pitch[1] + BETWEEN)
            plan = replace(self._map(s, k, (even(at[0]), even(at[1])), fit), joined=not fit.numeral)
            if not place:
                plan = replace(plan, heading=line, heading_at=heading_at(line, Box(left, top, wide, high), spot.width))
            yield plan
        if self.size:
            x = spot.x - phrases.width(self._under, theme.FLOOR) / 2
            yield TextPlan(f"{self.tensor}:size", (even(x), even(top - high - UNDER + 4)), self._under, theme.FLOOR)

    # ── acts ─────────────────────────────────────────────────────────────────
    def reads(self, figures: Figures, plan: Any, region: Region, moment: Moment) -> Iterator[Verb]:
        if figures.made(self.tensor) and self.tensor in moment.made:
            return  # what only comes now is framed as a result
        read = self._window(figures, region, moment.target)
        window = self._own(figures, read) if read else None
        if window and plan.holds(window):
            yield self._framed(plan, window, "focus")

    def writes(self, figures: Figures, plan: Any, region: Region, moment: Moment) -> Iterator[Verb]:
        if region.tensor != self.tensor or not plan.holds(region):
            return
        where = everywhere(plan) if self.whole else within(*plan.block(region))
        yield Fill(plan.name, self._cells(figures, plan), where)
        target = moment.target
        one = figures.here_of(target)
        if target.tensor == self.tensor and plan.holds(one):
            yield self._framed(plan, one, "result")

    def opens(self, figures: Figures, plan: Any, unit: int) -> Iterator[Verb]:
        if plan.empty:
            yield Ghost(plan.name, self._cells(figures, plan), everywhere(plan))

    def changes(self, figures: Figures, plan: Any, moment: Moment) -> Iterator[Verb]:
        if plan.empty and moment.unit == figures.first and figures.earlier(self.tensor):
            yield Fill(plan.name, self._cells(figures, plan), everywhere(plan))

    def passes(self, figures: Figures, plan: Any, first: int, last: int) -> Iterator[Verb]:
        if not figures.passes_over(self.tensor, first) or self.axis not in figures.units.along:
            return
        if self._index(plan) in {figures.here(unit)[self.axis] for unit in range(first, last + 1)}:
            yield Sweep(plan.name, self._cells(figures, plan), 0, plan.rows * plan.cols - 1)

    def _window(self, figures: Figures, region: Region, target: Address) -> Region | None:
        """What the cell that is followed is made of here: what the step on the way to it reads of these maps; nothing
        where other stages lie between.
        """
        for _ in range(WALK):
            if not figures.made(target.tensor):
                break
            step, same = figures.acted_at(target).step, figures.rearranged(target)
            found = next((one for one in step.reads if one.tensor == region.tensor), None)
            if found:
                return figures.here_of(same) if same else found
            target = same or self._before(figures, step.reads[0], target)
        return None

    def _before(self, figures: Figures, region: Region, target: Address) -> Address:
        """The cell of a region that goes into another: alike on the axes that both have, else the one that is
        followed."""
        cells, told = figures.covered(region, target), figures.film.at
        if len(cells) == 1:
            return cells[0]
        axes = zip(figures.trace.axes(region.tensor), cells.spans, strict=True)
        return Address(region.tensor, tuple(told[a] if told.get(a, -1) in at else at[0] for a, at in axes))

    def _own(self, figures: Figures, region: Region) -> Region | None:
        """The cells of these maps that are read as a region, whatever padding is read with them; none of padding
        alone."""
        before = next(({self.rows: top, self.cols: left} for name, top, left in self.seen if name == region.tensor), {})
        where = []
        axes = zip(figures.trace.axes(region.tensor), figures.trace.axes(self.tensor), strict=True)
        for other, axis in axes:
            along, skipped = region.along(other), before.get(axis, 0)
            if along is None:
                continue
            inside = range(max(along[0] - skipped, 0), min(along[-1] - skipped, figures.trace.size(axis) - 1) + 1)
            if not inside:
                return None
            where.append((axis, inside))
        return Region(self.tensor, tuple(where))
