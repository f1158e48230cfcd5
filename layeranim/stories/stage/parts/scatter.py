"""Scatter: samples as points in the plane of their two numbers, over what a network answers everywhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from layeranim import theme
from layeranim.engine.trace import Array, Region
from layeranim.layout import even
from layeranim.stories.stage.axes import LARGEST, Axes, marks
from layeranim.stories.stage.contour import crossings
from layeranim.stories.stage.figures import Figures, Shown
from layeranim.stories.stage.parts.base import HEADING, Actor, Moment
from layeranim.stories.stage.plans import Glyph, Plan, ScatterPlan, Tick
from layeranim.stories.stage.solver import Extent, Setting, Spot
from layeranim.stories.stage.verbs import Border, Fill, Ghost, Verb
from layeranim.stories.storyboard import Box, Cells, Fact, GridPlan, Line, Point, Run

LEAST, MOST = 280.0, 420.0
LABELS = 44.0
"""Room left of the plane for what its ticks say, and less below."""
LEAST_SPAN = 1e-300
SHAPES = ("disc", "square", "triangle", "diamond")
"""One a class; of more classes they come again."""


@dataclass(frozen=True)
class Scatter(Actor):
    """The samples of ``points`` (samples, 2) as glyphs by their ``classes``, over the map ``heat``.

    ``heat`` (…, rows, columns, ``each``) holds the shares of the classes at the points ``ground`` (rows, columns, 2);
    drawn is the share of the class ``of``, and the line where the most likely class changes.
    """

    points: str
    classes: str
    heat: str
    ground: str
    each: str
    of: int = 1

    kind = "scatter"
    about = "heat"

    def _sides(self, figures: Figures) -> tuple[str, str]:
        rows, cols = figures.trace.axes(self.ground)[:2]
        return rows, cols

    def shown(self, figures: Figures, k: int | None = None) -> Shown:
        """The shares of one class."""
        return figures.shown(self.heat, *self._sides(figures), ((self.each, self.of if k is None else k),))

    def measure(self, s: Setting) -> Extent:
        half = LEAST / 2
        return Extent(LEAST + LABELS, half + HEADING, half + LABELS / 2 + 8, MOST - LEAST, (MOST - LEAST) / 2)

    def place(self, s: Setting, spot: Spot) -> Iterator[Plan]:
        figures, (rows, cols) = s.figures, self.shown(s.figures).shape
        room = min(spot.width - LABELS, 2 * min(spot.up - HEADING, spot.down - LABELS / 2 - 8), MOST)
        side = max(1.0, even(room / max(rows, cols) - 0.999))
        at = even(spot.x - side * cols / 2 + LABELS / 2), even(spot.y + side * rows / 2)
        row_axis, col_axis = self._sides(figures)
        grid = GridPlan(
            self.heat, self.heat, rows, cols, at, (side, side), row_axis=row_axis, col_axis=col_axis,
            fixed=((self.each, self.of),), empty=True, joined=True,
        )  # fmt: skip
        line: Line = (Run(f"share of class {self.of + 1}", "ink", "semibold", Fact("class")),)
        yield replace(grid, heading=line, heading_at=(at[0], at[1] + theme.HEADING_GAP))
        put = self._axes(figures, grid)
        across, along = put.across, put.along
        yield ScatterPlan(
            f"{self.heat}:scatter", grid.box, tuple(self._glyphs(figures, put)),
            tuple(Tick(put(v, along[0])[0], text) for v, text in marks(*across, grid.box.w, 4)),
            tuple(Tick(put(across[0], v)[1], text) for v, text in marks(*along, 3 * grid.box.h, 4)),
        )  # fmt: skip

    def _axes(self, figures: Figures, grid: GridPlan) -> Axes:
        """From the samples' two numbers to the plane, whose cells are the points of the ground."""
        ground = np.asarray(figures.trace[self.ground], float)
        return Axes(grid.box, _span(ground[0, :, 0]), _span(ground[::-1, 0, 1]))

    def _glyphs(self, figures: Figures, put: Axes) -> Iterator[Glyph]:
        for (x, y), k in zip(figures.trace[self.points], figures.trace[self.classes], strict=True):
            at = put(float(x), float(y))
            if np.isfinite(at).all() and _inside(put.box, at):
                yield Glyph(at, SHAPES[int(k) % len(SHAPES)], int(k) == self.of)

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

    def _all(self, figures: Figures) -> tuple[tuple[int, int], ...]:
        rows, cols = self.shown(figures).shape
        return tuple((r, c) for r in range(rows) for c in range(cols))

    def writes(self, figures: Figures, plan: Plan, region: Region, moment: Moment) -> Iterator[Verb]:
        yield Fill(self.heat, self._cells(figures, moment.unit), self._all(figures))
        yield Border(plan.name, self._border(figures, moment.unit))

    def passes(self, figures: Figures, plan: Plan, first: int, last: int) -> Iterator[Verb]:
        yield Fill(self.heat, self._cells(figures, last), self._all(figures))
        yield Border(plan.name, self._border(figures, last))

    def opens(self, figures: Figures, plan: Plan, unit: int) -> Iterator[Verb]:
        yield Ghost(self.heat, self._cells(figures, figures.count - 1), self._all(figures))


def _span(at: Array) -> tuple[float, float]:
    """From the outer edge of the first cell to that of the last, whose middles are at these numbers."""
    with np.errstate(all="ignore"):
        half = (at[-1] - at[0]) / max(1, len(at) - 1) / 2
        low, high = float(at[0] - half), float(at[-1] + half)
    known = np.isfinite([low, high]).all() and LEAST_SPAN < high - low < LARGEST
    return (low, high) if known else (-1.0, 1.0)


def _inside(box: Box, at: Point) -> bool:
    return box.x <= at[0] <= box.right and box.bottom <= at[1] <= box.y
