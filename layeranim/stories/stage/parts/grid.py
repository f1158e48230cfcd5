"""Grid: a tensor, or what is told of it, as cells; colours with a lens where numerals have no room."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from layeranim import layout, numbers, theme
from layeranim.canvas import WIDE
from layeranim.engine.trace import Region
from layeranim.layout import Fit, even
from layeranim.records import dataclass
from layeranim.stories import phrases
from layeranim.stories.stage.figures import Figures
from layeranim.stories.stage.language import Laps, Units
from layeranim.stories.stage.parts import names
from layeranim.stories.stage.parts.base import (
    HEADING,
    LENS,
    Actor,
    Moment,
    heading,
    heading_at,
    lens,
    numbered,
    unsized,
)
from layeranim.stories.stage.plans import Plan
from layeranim.stories.stage.slices import Shown, split
from layeranim.stories.stage.solver import COLUMN_GAP, Extent, Setting, Spot
from layeranim.stories.stage.sums import so_far
from layeranim.stories.stage.travel import blocks_of
from layeranim.stories.stage.verbs import (
    Cell,
    Clear,
    Fill,
    Frame,
    Ghost,
    Name,
    Role,
    Sweep,
    Tell,
    Verb,
    everywhere,
    within,
)
from layeranim.stories.storyboard import Box, Cells, Fact, GridPlan, Line, Run

LENS_GAP = 28.0
BARE, BARE_MOST = 200.0, 24.0
"""At most so wide is a grid whose numbers stand elsewhere, and each of its cells."""
BAND_MOST = 72.0
"""The widest cell of a band."""
BAR, LOW = 28.0, 24.0
"""The least width of columns of colours, and the least height of rows: thin ones stay visible."""
THIN = 4.0
"""With a smaller pitch, where there is no other room, several columns or rows may be thinner than that together."""
BESIDE = 14.0
"""Between a grid and a heading left of it."""
NAME_SIDE = 6.0
"""What is kept free on either side of the name of a column."""
PICTURE_WIDE, PICTURE_HIGH = 340.0, 400.0
"""The most that a picture in colours takes; of several one under another together, with what is between them."""
LAGGED = 40
"""Of more cells than these none waits for the one before."""
FRAMED_LEAST = 3.0
"""Cells smaller than this, in design pixels, are not framed one by one."""

_PLACE = re.compile(r"<(\w+)(:0)?>")


@dataclass(frozen=True)
class Grid(Actor):
    """The cells of ``tensor`` that are told, under the heading ``text``.

    ``rows`` and ``cols`` name the axes that are drawn, several on one side as one; the others are those of the unit
    under way, but for ``at``: one channel, one filter. ``beside`` puts the heading left of it, ``sized`` says its
    shape: without it that of a whole tensor in cells that are not ``tight``. ``called`` are names of the rows and of
    the columns: words, times; where cells are too small there are none.
    ``firm``: its cells are numerals in a stage of colours too. A ``bare`` one is narrow, by its ``share``, and in
    colours alone, without a lens: its numbers stand elsewhere. ``lens``: whether there is one where its numerals have
    no room. ``carried`` names another grid, or a tensor that several show: a number that is a copy of one there travels
    from it. A ``band`` is in colours alone, at most so wide and exactly so high.
    Numerals in ``tight`` cells have the least air.
    """

    tensor: str
    text: str
    rows: str | tuple[str, ...] | None = None
    cols: str | tuple[str, ...] | None = None
    beside: bool = False
    at: tuple[tuple[str, int], ...] = ()
    sized: bool | str | None = None
    called: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    bare: bool = False
    colours: int = 0
    share: float = 1.0
    one: bool = False
    frame: str | None = None
    lens: bool = True
    firm: bool = False
    carried: str = ""
    band: tuple[float, float] = (0.0, 0.0)
    adds: ClassVar[bool] = False
    tight: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        return self.title, f"lens:{self.title}"

    @property
    def title(self) -> str:
        """What its plan is called: the tensor, and which slice of it."""
        return ":".join([self.tensor, *(str(place) for _, place in self.at)])

    def shown(self, figures: Figures) -> Shown:
        return self._one() if self.one else figures.shown(self.tensor, self.rows, self.cols, self.at)

    def _fixed(self, figures: Figures) -> tuple[tuple[str, int], ...]:
        """The places on the axes that it does not draw."""
        axes = figures.trace.axes(self.tensor)
        return tuple((axis, i) for axis, i in figures.fixed.items() if axis in axes) + self.at

    def _one(self) -> Shown:
        """The cell of the unit under way."""
        return Shown(self.tensor, None, None, (1, 1), self.at)

    def _lens_shows(self, figures: Figures, grid: GridPlan, region: Region, moment: Moment) -> Fill:
        """The cell of a region that has a part in the one that is followed."""
        more = [(axis, i) for axis, i in grid.fixed if region.along(axis) is None]
        has = (*figures.trace.axes(moment.target.tensor), *(axis for axis, at in region.where if isinstance(at, int)))
        more += [(axis, i) for axis, i in figures.followed(region.tensor, moment.unit).items() if axis not in has]
        told = Region(region.tensor, (*region.where, *more))
        return Fill(grid.name, figures.one(figures.covered(told, moment.target)[0]), ((0, 0),))

    def _looked(self, figures: Figures, grid: GridPlan, unit: int) -> Fill:
        """The lens shows the cell of a unit."""
        fixed, cell = dict(grid.fixed), figures.cell_of(self.tensor, unit, figures.followed(self.tensor, unit))
        index = tuple(fixed.get(axis, i) for axis, i in figures.indices(cell).items())
        return Fill(grid.name, figures.one(replace(cell, index=index)), ((0, 0),))

    # ── room ─────────────────────────────────────────────────────────────────
    def fit(self, s: Setting) -> tuple[Fit, tuple[int, int]]:
        """How its cells are drawn, and how many there are; a single number always stands there as a numeral."""
        shape = self.shown(s.figures).shape
        if self.bare:
            return Fit((min(BARE * self.share / shape[1], BARE_MOST), s.look.pitch), 0), shape
        if self.band[0]:
            wide, high = (side * s.look.scale for side in self.band)
            return Fit((min(wide / shape[1], BAND_MOST), high / shape[0]), 0), shape
        single = shape == (1, 1) and not self.beside and not s.even
        if self.colours:
            between = (self.colours - 1) * (HEADING + COLUMN_GAP)
            canvas = s.figures.telling.film.canvas
            if canvas.height <= canvas.width:  # on a taller one rows are broken: these take what it is higher
                between = max(0, between - (canvas.height - WIDE.height))
            high = (PICTURE_HIGH - between) / self.colours
            share = self.share * s.look.scale
            return layout.heat(*shape, PICTURE_WIDE * share, high * share), shape
        wide = max(s.wide, s.figures.wide(self.tensor))
        if not s.look.numerals and not single and not self.firm:
            across, high = (
                max(s.look.pitch, least / n if n == 1 or s.look.pitch >= THIN else 0.0)
                for n, least in ((shape[1], BAR), (shape[0], LOW))
            )
            return Fit((across, high), 0), shape
        high = min(s.look.pitch, LENS) if single or not s.look.numerals else s.look.pitch
        side = layout.SIDE_LEAST if self.tight or s.look.tight else layout.SIDE
        return numbered(self.tensor, wide, high, side, names.wide(self.called[1]) + 2 * NAME_SIDE), shape

    def measure(self, s: Setting) -> Extent:
        fit, (rows, cols) = self.fit(s)
        width, high = fit.width(cols) + names.beside(self.called[0], fit), fit.height(rows)
        title = phrases.width(self.heading(s.figures), theme.NAME)
        if self.beside:
            over = names.over(self.called[1], fit, bool(self.band[0]))
            side = title + BESIDE + names.beside(self.called[0], fit)
            return Extent(fit.width(cols) + 2 * side, high / 2 + over, high / 2)
        lensed = self.lens and not (fit.numeral or self.colours or self.bare or self.band[0])
        down = high / 2 + (LENS_GAP + LENS if lensed else 0.0)
        lens = self._lens(s).width(1) if lensed else 0.0
        over = (HEADING if self.text else 0.0) + names.over(self.called[1], fit, bool(self.band[0]))
        return Extent(max(width, title, lens), high / 2 + over, down)

    def overhang(self, s: Setting) -> float:
        """How much wider a heading left of it makes it, on both sides together."""
        return 2 * (phrases.width(self.heading(s.figures), theme.NAME) + BESIDE) if self.beside else 0.0

    def heading(self, figures: Figures, unit: int = 0) -> Line:
        """What stands over it in a unit: ``<batch>`` in its text is the number of the sample under way, counted from 1,
        ``<batch:0>`` from 0."""
        if not self.text:
            return ()
        here = figures.here(unit)
        text = _PLACE.sub(lambda found: str(here[found[1]] + (not found[2])), self.text)
        line = heading(figures, self.tensor, text)
        if isinstance(self.sized, str):
            return (*unsized(line), Run(f"  {self.sized}", source=Fact("shape")))
        whole = not (self.at or self.one or self.tight)
        return line if (whole if self.sized is None else self.sized) and not self.beside else unsized(line)

    def _lens(self, s: Setting) -> Fit:
        return lens(s.figures.wide(self.tensor))

    def place(self, s: Setting, spot: Spot) -> Iterator[Plan]:
        fit, (rows, cols) = self.fit(s)
        shown, held = self.shown(s.figures), s.figures.trace.tensor(self.tensor)
        left = 0.0 if self.beside else names.beside(self.called[0], fit)
        at = even(spot.x + (left - fit.width(cols)) / 2), even(spot.y + fit.height(rows) / 2)
        fixed, given = self._fixed(s.figures), not s.figures.made(self.tensor)
        plan = GridPlan(
            self.title, self.tensor, rows, cols, at, fit.pitch, fit.numeral,
            row_axis=shown.rows, col_axis=shown.cols, fixed=fixed, empty=not given,
            joints=tuple((one, s.figures.size(one)) for axis in (shown.rows, shown.cols) for one in split(axis)),
            picked=s.figures.picked(shown.rows, shown.cols),
            frame=self.frame or ("weights" if held.role == "weight" else None),
        )  # fmt: skip
        line = self.heading(s.figures, s.figures.first)
        cells = s.figures.cells(shown, s.figures.first, bool(fit.numeral)) if given else None
        whole = Box(plan.box.x - left, plan.box.y, plan.box.w + left, plan.box.h)
        x, y = heading_at(line, whole, spot.width)
        spot_of_heading = x, y + names.over(self.called[1], fit, bool(self.band[0]))
        if self.beside:
            side = BESIDE + names.beside(self.called[0], fit)
            spot_of_heading = at[0] - side - phrases.width(line, theme.NAME), spot.y - 9
        yield replace(plan, heading=line, heading_at=spot_of_heading, cells=cells)
        yield from names.named_beside(plan, self.called[0])
        yield from names.named_above(plan, self.called[1], bool(self.band[0]))
        if self.lens and not (fit.numeral or self.beside or self.colours or self.bare or self.band[0]):
            small = self._lens(s)
            below = even(plan.box.centre[0] - small.width(1) / 2), even(plan.box.bottom - LENS_GAP)
            yield GridPlan(
                f"lens:{self.title}", self.tensor, 1, 1, below, small.pitch, small.numeral, fixed=fixed, empty=True
            )

    # ── acts ─────────────────────────────────────────────────────────────────
    def _content(self, figures: Figures, plan: GridPlan, unit: int) -> Cells:
        """What its cells hold at a unit, in numbers where they have room."""
        return figures.cells(self.shown(figures), unit, bool(plan.numeral))

    def _filled(
        self, figures: Figures, plan: GridPlan, unit: int, where: Sequence[Cell] | None = None, lag: float = 0.0
    ) -> Fill:
        """Cells with what they hold at a unit; all of them unless it is said which."""
        return Fill(plan.name, self._content(figures, plan, unit), everywhere(plan) if where is None else where, lag)

    def reads(self, figures: Figures, plan: GridPlan, region: Region, moment: Moment) -> Iterator[Verb]:
        if not plan.holds(region) or self.elsewhere(figures, region, moment.unit):
            return
        if plan.lens:
            yield self._lens_shows(figures, plan, region, moment)
        elif min(plan.pitch) >= FRAMED_LEAST or _whole(plan, region):
            yield from _frames(figures, plan, region, moment, "focus")

    def elsewhere(self, figures: Figures, region: Region, unit: int) -> bool:
        """Whether it shows the cells of the unit under way, and these are those of another: the state before."""
        here = figures.here(unit)
        drawn = self.shown(figures)
        return region.tensor == self.tensor and self.follows(figures) and any(
            here[axis] not in (region.along(axis) or (here[axis],)) for axis in figures.units.along
            if axis in figures.trace.axes(self.tensor) and axis not in (drawn.rows, drawn.cols)
        )  # fmt: skip

    def writes(self, figures: Figures, plan: GridPlan, region: Region, moment: Moment) -> Iterator[Verb]:
        if not plan.holds(region):
            return
        if plan.lens:
            yield self._lens_shows(figures, plan, region, moment)
            return
        where = within(*plan.block(region))
        lag = 0.06 if moment.taught and 1 < len(where) <= LAGGED else 0.0
        counts = [tell for tell in self._counts(figures, plan, moment) if tell.where[0] in where]
        told = [tell.where[0] for tell in counts]
        rest = tuple(cell for cell in where if cell not in told) if told else where
        if rest:
            yield self._filled(figures, plan, moment.unit, rest, lag)
        yield from counts
        if min(plan.pitch) >= FRAMED_LEAST or len(where) > 1:
            yield from _frames(figures, plan, region, moment, "result")

    def _counts(self, figures: Figures, plan: GridPlan, moment: Moment) -> Iterator[Tell]:
        """The cell that is followed counts on while the terms of its sum arrive."""
        target = moment.target
        if not moment.taught or not plan.numeral or target.tensor != self.tensor:
            return
        sums = so_far(figures, target)
        if sums:
            (row, *_), (col, *_) = plan.block(figures.here_of(target))
            texts = [*(numbers.text(total, figures.style(self.tensor)) for total in sums), figures.text(target)]
            lines = tuple((Run(text, source=Fact("sum so far")),) for text in texts)
            yield Tell(plan.name, lines, ((row, col),), figures.cells(self.shown(figures), moment.unit))

    def opens(self, figures: Figures, plan: GridPlan, unit: int) -> Iterator[Verb]:
        if plan.empty and not plan.lens:
            yield Ghost(plan.name, self._content(figures, plan, unit), everywhere(plan))

    def changes(self, figures: Figures, plan: GridPlan, moment: Moment) -> Iterator[Verb]:
        shown = self.shown(figures)
        turns = self.follows(figures) and figures.turns(shown, moment.unit)
        whole = moment.brief and figures.pieces(shown)
        if plan.lens:
            yield self._looked(figures, plan, moment.unit) if turns and whole else Clear(plan.name)
        elif turns:
            if _PLACE.search(self.text):
                yield Name(plan.name, self.heading(figures, moment.unit))
            if plan.empty and not whole:
                yield Clear(plan.name)
            else:  # of another sample that passes by all is there at once: nothing of the one before stays
                yield self._filled(figures, plan, moment.unit)
        elif (
            plan.empty
            and moment.unit == figures.first
            and (isinstance(figures.units, Laps) or figures.earlier(self.tensor))
        ):
            where = everywhere(plan) if figures.earlier(self.tensor) else self._earlier(figures, plan)
            if where:  # of a sequence that is told from a later step on: this step reads what those before it made
                yield self._filled(figures, plan, moment.unit, where)

    def _earlier(self, figures: Figures, plan: GridPlan) -> tuple[Cell, ...]:
        """The cells that the units before the first one of the film have made."""
        axes = figures.trace.axes(self.tensor)
        heres = (figures.here(unit) for unit in range(figures.first) if figures.passing(self.tensor, unit))
        regions = (Region(self.tensor, tuple((axis, here[axis]) for axis in axes if axis in here)) for here in heres)
        return tuple(cell for region in regions for cell in within(*plan.block(region)))

    def stays(self, figures: Figures, plan: GridPlan, unit: int) -> bool:
        spoken = any(self.elsewhere(figures, region, unit) for region in figures.film.evidence)
        return spoken and not self._beside(figures, plan)

    def closes(self, figures: Figures, plan: GridPlan, unit: int) -> Iterator[Verb]:
        """What changes from unit to unit shows once more how the number came about that was followed."""
        shown = self.shown(figures)
        if not self.follows(figures) or not figures.reached(self.tensor):
            return
        if plan.lens:
            yield self._looked(figures, plan, unit)
            return
        if _PLACE.search(self.text):
            yield Name(plan.name, self.heading(figures, unit))
        where = everywhere(plan)
        if plan.empty and figures.pieces(shown) and figures.passing(self.tensor, unit):
            made = dict.fromkeys(self._place(figures, plan, one) for one in figures.beside(shown, unit))
            where = tuple(divmod(at, plan.cols) for at in made)
            if len(where) < plan.rows * plan.cols:  # a film of some units has made no more of it
                yield Clear(plan.name)
        yield self._filled(figures, plan, unit, where)

    def _beside(self, figures: Figures, plan: GridPlan) -> bool:
        """Whether another grid shows its tensor at every unit: what the last sentence speaks of stands there."""
        others = (one for name, one in figures.placed.items() if one.tensor == self.tensor and name != plan.name)
        slices = (Shown(one.tensor, one.row_axis, one.col_axis, (one.rows, one.cols), one.fixed)
                  for one in others if not one.lens)  # fmt: skip
        return any(not figures.follows(shown) for shown in slices)

    def follows(self, figures: Figures) -> bool:
        """Whether it shows something else at every unit: a window's products, a filter."""
        return figures.follows(self.shown(figures))

    def passes(self, figures: Figures, plan: GridPlan, first: int, last: int) -> Iterator[Verb]:
        if plan.lens:
            yield Clear(plan.name)  # of units that pass nobody could read what belongs to one
            return
        shown = self.shown(figures)
        if self.follows(figures):
            since = figures.since(shown, first, last)
            if plan.empty and figures.turns(shown, since):
                yield Clear(plan.name)
            if not plan.empty:
                yield self._filled(figures, plan, last)
            elif figures.pieces(shown) and figures.passing(self.tensor, last):
                made = dict.fromkeys(self._places(figures, plan, range(since, last + 1)))
                yield self._filled(figures, plan, last, tuple(divmod(at, plan.cols) for at in made))
            return
        if not plan.empty:
            return
        if not figures.passes_over(self.tensor, first):
            return
        kept = {axis: i for axis, i in self.at if axis in figures.units.along}
        if kept and not figures.pieces(shown):  # it is that of one unit: there as soon as this has passed
            if any(kept.items() <= figures.here(unit).items() for unit in range(first, last + 1)):
                yield self._filled(figures, plan, last)
            return
        along = (*figures.units.along, *figures.units.numbered)
        if plan.rows > 1 and plan.col_axis in along and plan.row_axis not in along:
            cols = [figures.flat(plan.col_axis, figures.here(unit)) for unit in (first, last)]
            yield Sweep(plan.name, self._content(figures, plan, last), cols[0], cols[1], True)
            return
        places = sorted(self._place(figures, plan, unit) for unit in (first, last))
        yield Sweep(plan.name, self._content(figures, plan, last), places[0], places[1])

    def _places(self, figures: Figures, plan: GridPlan, units: range) -> list[int]:
        """The places of units that pass: of those that follow each other along axes there may be a great many."""
        if figures.units.only or type(figures.units).places is not Units.places:
            return [self._place(figures, plan, unit) for unit in units]
        every = self._place(figures, plan, np.arange(units.start, units.stop))
        return list(np.atleast_1d(every).tolist())

    def _place(self, figures: Figures, plan: GridPlan, unit: Any) -> Any:
        """The place of a unit, or those of an array of units."""
        here = figures.here(unit)
        return figures.flat(plan.row_axis, here) * plan.cols + figures.flat(plan.col_axis, here)


def Strip(tensor: str, text: str, along: str, called: tuple[str, ...] = (), carried: str = "") -> Grid:
    """One axis of a tensor as a band of cells, with what they are called above them: words, times."""
    return Grid(tensor, text, cols=along, called=((), called), carried=carried)


def _frames(figures: Figures, grid: GridPlan, region: Region, moment: Moment, role: Role) -> Iterator[Verb]:
    """A frame around what the step touches and, where that is more than one cell, around the one that is followed."""
    blocks = blocks_of(grid, region)
    yield Frame(grid.name, blocks, role)
    if not moment.taught or not grid.numeral or len(blocks) > 1 or blocks[0][::2] == blocks[0][1::2]:
        return
    cells = figures.covered(region, moment.target)
    if len(cells) == 1 and grid.holds(figures.here_of(cells[0])):
        row, col = figures.spot(grid.row_axis, grid.col_axis, cells[0])
        yield Frame(grid.name, ((row, row, col, col),), role)


def _whole(grid: GridPlan, region: Region) -> bool:
    rows, cols = grid.block(region)
    return (rows[0], rows[-1], cols[0], cols[-1]) == (0, grid.rows - 1, 0, grid.cols - 1)
