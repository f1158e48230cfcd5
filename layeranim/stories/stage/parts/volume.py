"""Volume: feature maps as sheets, piled up one behind another, or beside each other in rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace

from layeranim import layout, theme
from layeranim.engine.trace import Region
from layeranim.layout import Fit, even
from layeranim.records import dataclass
from layeranim.stories import phrases
from layeranim.stories.stage.figures import Figures
from layeranim.stories.stage.parts.base import HEADING, Moment, Single, heading, heading_at
from layeranim.stories.stage.parts.grid import Grid
from layeranim.stories.stage.plans import Plan, VolumePlan
from layeranim.stories.stage.slices import Shown, split
from layeranim.stories.stage.solver import Extent, Look, Setting, Spot, Unfit
from layeranim.stories.stage.verbs import Fan, Fill, Frame, Ghost, Role, Sweep, Verb, everywhere, within
from layeranim.stories.storyboard import JOINED, Box, Cells, GridPlan, Point

MOST = 16
"""Of more maps so many are drawn."""
APART = 24.0
"""Between the cells of neighbouring maps."""
STEP: Point = (26.0, 16.0)
"""From one sheet of the pile to the next, at most."""
RISE = 32.0
"""Height that a pile takes besides its maps, at least."""
TALL, SHARE = 230.0, 14.0
"""Height of all maps at most, in design pixels and in cells of the stage."""
CELL = 40.0


@dataclass(frozen=True)
class Volume(Single):
    """The maps of ``tensor`` along ``axis``, each ``rows`` × ``cols``, in at most ``width`` design pixels.

    ``pixels``: every map is a picture. ``whole``: a map appears with the first of its cells that is written, for all of
    them are made in the same way.
    """

    axis: str
    rows: str
    cols: str
    width: float = theme.WIDTH - 2 * theme.MARGIN
    pixels: bool = False
    whole: bool = False

    kind = "volume"

    def drawn(self, figures: Figures) -> Sequence[int]:
        """Which maps are drawn: the first ones, of those that the film makes the first that it shows."""
        first, told = 0, figures.units.only.get(self.axis, range(figures.trace.size(self.axis)))
        if figures.made(self.tensor) and figures.units.along == (self.axis,):
            first, told = figures.first, told[: figures.stop]
        return told[first : first + MOST]

    def count(self, figures: Figures) -> int:
        """How many maps are drawn."""
        return len(self.drawn(figures))

    def shown(self, figures: Figures, k: int = 0) -> Shown:
        """One of the maps."""
        return figures.shown(self.tensor, self.rows, self.cols, ((self.axis, k),))

    # ── room ─────────────────────────────────────────────────────────────────
    def _fit(self, s: Setting) -> tuple[Fit, int]:
        """How the cells are drawn, and how many maps lie in a row: as few rows as there is room for."""
        shape, count = self.shown(s.figures).shape, self.count(s.figures)
        if s.look.numerals and not self.pixels:
            return self._numbered(s)
        if not self.pixels:  # a few small maps have room for numerals where a long row has none
            with suppress(Unfit):
                found = self._numbered(replace(s, look=Look(layout.LEAST_PITCH, True, s.look.decimals)))
                if -(-count // found[1]) * (found[0].height(shape[0]) + APART) <= self._tall(s):
                    return found
        return max(
            ((self._small(s, -(-count // lines), lines), -(-count // lines)) for lines in range(1, count + 1)),
            key=lambda found: found[0].pitch,
        )

    def _numbered(self, s: Setting) -> tuple[Fit, int]:
        """The same with numerals; raises Unfit where not one map has the width."""
        shape, count = self.shown(s.figures).shape, self.count(s.figures)
        fit, _ = Grid(self.tensor, self.text, self.rows, self.cols).fit(s)
        for lines in range(1, count + 1):
            per = -(-count // lines)
            if per * (fit.width(shape[1]) + APART) - APART <= self.width - STEP[0]:
                return fit, per
        raise Unfit(self.tensor)

    def _small(self, s: Setting, per: int, lines: int) -> Fit:
        """Cells in colour alone, for so many maps in so many rows."""
        width = (self.width - STEP[0] - (per - 1) * APART) / per
        height = (self._tall(s) - (lines - 1) * APART) / lines
        return layout.heat(*self.shown(s.figures).shape, max(width, 1.0), max(height, 1.0), CELL)

    def _tall(self, s: Setting) -> float:
        """How high all maps may be together: less where the stage's cells have become small."""
        most = 1.6 * TALL if self.pixels else TALL
        return most if s.look.numerals else min(most, SHARE * s.look.pitch)

    def _size(self, s: Setting) -> tuple[Fit, int, float, float]:
        """Cells, maps in a row, and what all maps take."""
        (rows, cols), (fit, per) = self.shown(s.figures).shape, self._fit(s)
        lines = -(-self.count(s.figures) // per)
        high = lines * (rows * fit.pitch[1] + APART) - APART
        return fit, per, per * (cols * fit.pitch[0] + APART) - APART, high

    def measure(self, s: Setting) -> Extent:
        _, _, wide, high = self._size(s)
        title = phrases.width(heading(s.figures, self.tensor, self.text), theme.NAME)
        half = (high + RISE) / 2
        return Extent(max(wide + STEP[0], title), half + HEADING, half)

    def place(self, s: Setting, spot: Spot) -> Iterator[Plan]:
        fit, per, wide, high = self._size(s)
        rows, cols = self.shown(s.figures).shape
        w, h, count = cols * fit.pitch[0], rows * fit.pitch[1], self.count(s.figures)
        corners = []
        for k in range(count):
            down, across = divmod(k, per)
            corners.append((spot.x - wide / 2 + across * (w + APART), spot.y + high / 2 - down * (h + APART)))
        ats = [(even(x), even(y)) for x, y in corners]
        line = heading(s.figures, self.tensor, self.text)
        area = Box(even(spot.x - wide / 2), even(spot.y + (high + RISE) / 2), wide, high + RISE)
        piled = self._piled(count, area, (w, h), ats)
        name = f"{self.tensor}:volume"
        begins = "rows" if s.figures.made(self.tensor) else "pile"
        drawn = self.drawn(s.figures)
        for k in reversed(drawn):  # the front one is drawn last
            yield self._map(s, k, ats[drawn.index(k)], fit)
        yield VolumePlan(name, self.tensor, tuple(f"{self.tensor}:{k}" for k in drawn), piled, begins,  # type: ignore[arg-type]
                         line, heading_at(line, area, spot.width))  # fmt: skip

    def _piled(self, count: int, area: Box, size: Point, ats: list[Point]) -> tuple[Point, ...]:
        """How far each map is from its place in the rows when they lie in a pile in the middle of the area."""
        gaps = max(1, count - 1)
        dx, dy = (min(most, (room - own) / gaps) for most, room, own in zip(STEP, (area.w, area.h), size, strict=True))
        x, y = area.centre
        out = []
        for k, (left, top) in enumerate(ats):
            at = k - (count - 1) / 2
            out.append((even(x + at * dx - size[0] / 2) - left, even(y + at * dy + size[1] / 2) - top))
        return tuple(out)

    def _map(self, s: Setting, k: int, at: Point, fit: Fit) -> GridPlan:
        rows, cols = self.shown(s.figures).shape
        held, given = s.figures.trace.tensor(self.tensor), not s.figures.made(self.tensor)
        fixed = {axis: i for axis, i in s.figures.fixed.items() if axis in held.axes}
        drawn = (*split(self.rows), *split(self.cols))
        others = tuple((axis, i) for axis, i in (fixed | {self.axis: k}).items() if axis not in drawn)
        numeral = 0 if self.pixels else fit.numeral
        plan = GridPlan(
            f"{self.tensor}:{k}", self.tensor, rows, cols, at, fit.pitch, numeral, row_axis=self.rows,
            col_axis=self.cols, fixed=others, empty=not given, joined=self.pixels,
            joints=tuple((one, s.figures.size(one)) for axis in (self.rows, self.cols) if JOINED in axis
                         for one in split(axis)),
        )  # fmt: skip
        if not given:
            return plan
        return replace(plan, cells=s.figures.cells(self.shown(s.figures, k), s.figures.first, bool(numeral)))

    # ── acts ─────────────────────────────────────────────────────────────────
    def reads(self, figures: Figures, plan: VolumePlan, region: Region, moment: Moment) -> Iterator[Verb]:
        yield from self._frames(figures, region, "focus")

    def writes(self, figures: Figures, plan: VolumePlan, region: Region, moment: Moment) -> Iterator[Verb]:
        for grid in self._grids(figures, region):
            where = everywhere(grid) if self.whole else within(*grid.block(region))
            yield Fill(grid.name, self._cells(figures, grid), where)
        yield from self._frames(figures, region, "result")

    def opens(self, figures: Figures, plan: VolumePlan, unit: int) -> Iterator[Verb]:
        if not figures.made(self.tensor):
            yield Fan(plan.name, "rows")
            return
        for grid in self._grids(figures):
            yield Ghost(grid.name, self._cells(figures, grid), everywhere(grid))

    def passes(self, figures: Figures, plan: VolumePlan, first: int, last: int) -> Iterator[Verb]:
        if not figures.made(self.tensor) or self.axis not in figures.units.along:
            return
        held = {figures.here(unit)[self.axis] for unit in range(first, last + 1)}
        for grid in self._grids(figures):
            if self._index(grid) in held:
                yield Sweep(grid.name, self._cells(figures, grid), 0, grid.rows * grid.cols - 1)

    def turns(self, figures: Figures, plan: VolumePlan, unit: int) -> Iterator[Verb]:
        yield Fan(plan.name, "pile", self._needle(figures, plan))

    def _needle(self, figures: Figures, plan: VolumePlan) -> tuple[Point, ...]:
        """Through the pixel that is told throughout, on every sheet of the pile."""
        told = figures.film.at
        if self.rows not in told or self.cols not in told:
            return ()
        out = []
        for name, (dx, dy) in zip(plan.maps, plan.piled, strict=True):
            x, y = figures.placed[name].cell(told[self.rows], told[self.cols]).centre
            out.append((x + dx, y + dy))
        return tuple(out)

    def _grids(self, figures: Figures, region: Region | None = None) -> list[GridPlan]:
        """The grids of all maps that are drawn, or of those that a region reaches into."""
        grids = [figures.placed[f"{self.tensor}:{k}"] for k in self.drawn(figures)]
        return [grid for grid in grids if region is None or grid.holds(region)]

    def _frames(self, figures: Figures, region: Region, role: Role) -> Iterator[Verb]:
        yield from (self._framed(grid, region, role) for grid in self._grids(figures, region))

    def _framed(self, grid: GridPlan, region: Region, role: Role) -> Frame:
        rows, cols = grid.block(region)
        return Frame(grid.name, ((rows[0], rows[-1], cols[0], cols[-1]),), role)

    def _index(self, grid: GridPlan) -> int:
        """Which map it shows."""
        return dict(grid.fixed)[self.axis]

    def _cells(self, figures: Figures, grid: GridPlan) -> Cells:
        return figures.cells(self.shown(figures, self._index(grid)), figures.first, bool(grid.numeral))
