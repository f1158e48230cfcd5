"""Scatter: samples as points in the plane of their two numbers, over what a network answers everywhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from layeranim import theme
from layeranim.engine.trace import Array, Region
from layeranim.layout import even
from layeranim.records import dataclass
from layeranim.stories import phrases
from layeranim.stories.stage.axes import LARGEST, Axes, marks
from layeranim.stories.stage.contour import crossings
from layeranim.stories.stage.figures import Figures
from layeranim.stories.stage.parts.base import HEADING, Actor, Moment
from layeranim.stories.stage.plans import Glyph, Plan, ScatterPlan
from layeranim.stories.stage.slices import Shown
from layeranim.stories.stage.solver import Extent, Setting, Spot
from layeranim.stories.stage.verbs import Border, Fill, Ghost, Land, Light, Verb, everywhere
from layeranim.stories.storyboard import Cells, Fact, GridPlan, Line, Point, Run

LEAST, MOST = 280.0, 420.0
LABELS = 44.0
"""Room left of the plane for what its ticks say, and less below."""
SAID = 48.0
"""What has more letters than fit here gets more room."""
LEAST_SPAN = 1e-300
SHAPES = ("disc", "square", "triangle", "diamond")
"""One a class; of more classes they come again."""


@dataclass(frozen=True)
class Scatter(Actor):
    """The samples of ``points`` (samples, 2) as glyphs by their ``classes``, over the map ``heat``.

    ``heat`` (…, rows, columns, ``each``) holds the shares of the classes at the points ``ground`` (rows, columns, 2);
    drawn is the share of the class ``of``, and the line where the most likely class changes. Of a film whose units are
    the samples (``stepped``) the one under way is ringed; those that were in another plane ``before`` come from there.
    """

    points: str
    classes: str
    heat: str
    ground: str
    each: str
    of: int = 1
    text: str = ""
    stepped: bool = False
    before: Scatter | None = None

    kind = "scatter"
    about = "heat"

    @property
    def draws(self) -> tuple[str, ...]:
        return (self.heat, self.points) if self.stepped else (self.heat,)

    def _sides(self, figures: Figures) -> tuple[str, str]:
        rows, cols = figures.trace.axes(self.ground)[:2]
        return rows, cols

    def shown(self, figures: Figures, k: int | None = None) -> Shown:
        """The shares of one class."""
        return figures.shown(self.heat, *self._sides(figures), ((self.each, self.of if k is None else k),))

    def measure(self, s: Setting) -> Extent:
        half = LEAST / 2
        return Extent(
            LEAST + self._beside(s.figures), half + HEADING, half + LABELS / 2 + 8, MOST - LEAST, (MOST - LEAST) / 2
        )

    def place(self, s: Setting, spot: Spot) -> Iterator[Plan]:
        figures, (rows, cols) = s.figures, self.shown(s.figures).shape
        beside = self._beside(figures)
        room = min(spot.width - beside, 2 * min(spot.up - HEADING, spot.down - LABELS / 2 - 8), MOST)
        side = max(1.0, even(room / max(rows, cols) - 0.999))
        at = even(spot.x - side * cols / 2 + beside / 2), even(spot.y + side * rows / 2)
        row_axis, col_axis = self._sides(figures)
        grid = GridPlan(
            self.heat, self.heat, rows, cols, at, (side, side), row_axis=row_axis, col_axis=col_axis,
            fixed=((self.each, self.of),), empty=True, joined=True,
        )  # fmt: skip
        named = self.text or f"share of class {self.of + 1}"
        line: Line = (Run(named, "ink", "semibold", Fact("class"), markup="_{" in named),)
        yield replace(grid, heading=line, heading_at=(at[0], at[1] + theme.HEADING_GAP))
        put = self._axes(figures, grid)
        yield ScatterPlan(
            f"{self.heat}:scatter", grid.box, tuple(self._glyphs(figures, put)), put.below(4),
            put.beside(3 * grid.box.h, 4), self.before is not None,
        )  # fmt: skip

    def _beside(self, figures: Figures) -> float:
        """The room left of the plane, for its longest tick."""
        along = marks(*self._spans(figures)[1], LEAST, 4)
        return LABELS + max(0.0, *(phrases.width(line, theme.FLOOR) - SAID for _, line in along))

    def _spans(self, figures: Figures) -> tuple[tuple[float, float], tuple[float, float]]:
        """From where to where the plane goes, across and along."""
        ground = np.asarray(figures.trace[self.ground], float)
        return _span(ground[0, :, 0]), _span(ground[::-1, 0, 1])

    def _axes(self, figures: Figures, grid: GridPlan) -> Axes:
        """From the samples' two numbers to the plane, whose cells are the points of the ground."""
        return Axes(grid.box, *self._spans(figures))

    def _glyphs(self, figures: Figures, put: Axes) -> Iterator[Glyph]:
        classes = figures.trace[self.classes]
        for k, at in self._seen(figures, put).items():
            yield Glyph(at, SHAPES[int(classes[k]) % len(SHAPES)], int(classes[k]) == self.of)

    def _seen(self, figures: Figures, put: Axes) -> dict[int, Point]:
        """Where the samples are that are in the picture, in their order."""
        x, y = np.asarray(figures.trace[self.points], np.float64).T
        with np.errstate(all="ignore"):
            across, along = put(x, y)
            box, at = put.box, np.stack([across, along], axis=1)
            inside = (box.x <= across) & (across <= box.right) & (box.bottom <= along) & (along <= box.y)
        return {int(k): (float(at[k, 0]), float(at[k, 1])) for k in np.flatnonzero(inside)}

    # ── acts ─────────────────────────────────────────────────────────────────
    def _cells(self, figures: Figures, unit: int) -> Cells:
        return figures.cells(self.shown(figures), unit, False)

    def _border(self, figures: Figures, unit: int) -> tuple[tuple[Point, Point], ...]:
        """Where the most likely class changes, one line a pair of neighbouring cells."""
        grid, count = figures.placed[self.heat], figures.trace.size(self.each)
        shares: Array = np.stack([figures.values(self.shown(figures, c), unit) for c in range(count)]).astype(float)
        if len(shares) < 2:
            return ()
        lines = []
        for c in range(1 if len(shares) == 2 else 0, len(shares)):
            lines += list(crossings(shares[c] - np.delete(shares, c, 0).max(axis=0)))
        side, (x, y) = grid.pitch[0], grid.at
        return tuple(
            ((x + (a[1] + 0.5) * side, y - (a[0] + 0.5) * side), (x + (b[1] + 0.5) * side, y - (b[0] + 0.5) * side))
            for a, b in lines
        )

    def reads(self, figures: Figures, plan: Plan, region: Region, moment: Moment) -> Iterator[Verb]:
        if region.tensor == self.points and self.before is None:
            yield from (Light(plan.name, (k,)) for k in self._drawn(figures, range(moment.unit, moment.unit + 1)))

    def writes(self, figures: Figures, plan: Plan, region: Region, moment: Moment) -> Iterator[Verb]:
        if region.tensor == self.points:
            yield from self._landing(figures, plan, range(moment.unit, moment.unit + 1))
        else:
            yield Fill(self.heat, self._cells(figures, moment.unit), everywhere(figures.placed[self.heat]))
            yield Border(plan.name, self._border(figures, moment.unit))

    def passes(self, figures: Figures, plan: Plan, first: int, last: int) -> Iterator[Verb]:
        if self.stepped:
            yield from self._landing(figures, plan, range(first, last + 1)) if self.before else ()
            return
        yield Fill(self.heat, self._cells(figures, last), everywhere(figures.placed[self.heat]))
        yield Border(plan.name, self._border(figures, last))

    def _drawn(self, figures: Figures, units: range) -> dict[int, int]:
        """Which glyphs are those of these samples."""
        samples = [*self._seen(figures, self._axes(figures, figures.placed[self.heat]))]
        along = figures.trace.axes(self.points)[0]
        wanted = {figures.here(unit)[along] for unit in units}
        return {k: sample for k, sample in enumerate(samples) if sample in wanted}

    def _landing(self, figures: Figures, plan: Plan, units: range) -> Iterator[Verb]:
        """The samples of these units come from the other plane."""
        which = self._drawn(figures, units)
        if which and self.before:
            there = self.before._seen(figures, self.before._axes(figures, figures.placed[self.before.heat]))
            yield Land(plan.name, tuple(which), tuple(there.get(sample) for sample in which.values()))

    def opens(self, figures: Figures, plan: Plan, unit: int) -> Iterator[Verb]:
        yield Ghost(self.heat, self._cells(figures, figures.count - 1), everywhere(figures.placed[self.heat]))


def _span(at: Array) -> tuple[float, float]:
    """From the outer edge of the first cell to that of the last, whose middles are at these numbers."""
    with np.errstate(all="ignore"):
        half = (at[-1] - at[0]) / max(1, len(at) - 1) / 2
        low, high = float(at[0] - half), float(at[-1] + half)
    known = np.isfinite([low, high]).all() and LEAST_SPAN < high - low < LARGEST
    return (low, high) if known else (-1.0, 1.0)
