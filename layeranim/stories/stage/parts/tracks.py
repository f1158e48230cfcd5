"""Lines that grow unit by unit: one alone, several together, or paths over a map of heights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil, floor, log10

import numpy as np

from layeranim import numbers, theme, typeface
from layeranim.engine.trace import Array, Region
from layeranim.layout import even
from layeranim.records import dataclass
from layeranim.stories import phrases
from layeranim.stories.stage.axes import LARGEST, Axes, finite, marks, rounded
from layeranim.stories.stage.contour import crossings
from layeranim.stories.stage.figures import Figures
from layeranim.stories.stage.parts.base import HEADING, Actor, Moment, heading
from layeranim.stories.stage.plans import HistoryPlan, Plan, Tick, Track, TracksPlan
from layeranim.stories.stage.solver import Extent, Setting, Spot
from layeranim.stories.stage.verbs import Reach, Verb
from layeranim.stories.storyboard import Box, Fact, Line, Point, Run

MOST_LINES = 4
"""Of more lines in one pair of axes nobody can tell which is which."""
KINDS = ("i", "f", "o", "g")
"""Whose colours lines have, in turn."""
SHORT, LEAST, MOST = 180.0, 240.0, 460.0
LOW, HIGH, HIGHER = 84.0, 150.0, 320.0
SIDE, SIDE_MOST = 260.0, 470.0
LABELS, BESIDE = 56.0, 46.0
"""Room left of axes for what their ticks say; between the axes and a line's name, with its glyph."""
ALONE_LEAST, ALONE_MOST = 260.0, 520.0
ALONE_HIGH, ALONE_HIGHER = 96.0, 220.0
ALONE_LABELS = 52.0
"""The same of a line that is alone in its axes."""
APART = theme.FLOOR + 6
FAR = 100.0
"""Where numbers that are no shares are all positive and the largest is so many times the smallest, the axis counts
powers of ten."""
LEVELS = 9
"""Lines of equal height on a map."""


def drawn(count: int) -> range:
    """The lines of so many that are drawn."""
    return range(min(count, MOST_LINES))


def name_of(kind: int, name: str) -> Line:
    """What a line is called, in its colour."""
    return (Run(typeface.draw_safe(name, 20), KINDS[kind], "semibold", Fact("line")),)


@dataclass(frozen=True)
class Growing(Actor):
    """What all of these pictures do: they grow up to the unit under way."""

    def writes(self, figures: Figures, plan: Plan, region: Region, moment: Moment) -> Iterator[Verb]:
        yield Reach(plan.name, moment.unit)

    def passes(self, figures: Figures, plan: Plan, first: int, last: int) -> Iterator[Verb]:
        yield Reach(plan.name, last)

    def opens(self, figures: Figures, plan: Plan, unit: int) -> Iterator[Verb]:
        yield Reach(plan.name, figures.stop - 1, pale=True)


@dataclass(frozen=True)
class History(Growing):
    """The numbers of ``tensor`` (units) over the units of the film; of a tensor with more axes those of the cell that
    is followed at each unit. ``first`` is the number of the first unit. What it comes to is not shown before.
    """

    tensor: str
    text: str
    first: int = 0

    kind = "history"

    def _values(self, figures: Figures) -> Array:
        if len(figures.trace.axes(self.tensor)) == 1:
            return np.asarray(figures.trace[self.tensor], float)
        return np.array(
            [figures.value(figures.cell_of(self.tensor, unit, figures.inner(unit))) for unit in range(figures.count)]
        )

    def measure(self, s: Setting) -> Extent:
        half, rise = ALONE_HIGH / 2, (ALONE_HIGHER - ALONE_HIGH) / 2
        down = half + ALONE_LABELS / 2 + 8
        return Extent(ALONE_LEAST + ALONE_LABELS, half + HEADING, down, ALONE_MOST - ALONE_LEAST, rise)

    def place(self, s: Setting, spot: Spot) -> Iterator[Plan]:
        left = ALONE_LABELS
        half = min(spot.up - HEADING, spot.down - left / 2 - 8, ALONE_HIGHER / 2)
        width = min(spot.width, ALONE_MOST + left) - left
        box = Box(even(spot.x - (width + left) / 2 + left), even(spot.y + half), even(width), even(2 * half))
        values = np.clip(self._values(s.figures), -LARGEST, LARGEST)
        low, high = rounded(float(finite(values).min()), float(finite(values).max()))
        put = Axes(box, (0.0, float(max(1, len(values) - 1))), (low, high))
        points = tuple(put(float(k), float(v)) if np.isfinite(v) else None for k, v in enumerate(values))
        numbered = marks(self.first, put.across[1] + self.first, width, 4)
        across = tuple(Tick(put(v - self.first, low)[0], line)
                       for v, line in numbered if v == int(v))  # fmt: skip
        along = put.beside(3 * half, 3)
        line = heading(s.figures, self.tensor, self.text)[:1]
        yield HistoryPlan(
            self.names[0], self.tensor, box, across, along, points, line, (box.x, box.y + theme.HEADING_GAP)
        )

    def opens(self, figures: Figures, plan: Plan, unit: int) -> Iterator[Verb]:
        yield from ()


@dataclass(frozen=True)
class Lines(Growing):
    """The numbers of ``tensor`` over the units, a line for each index of the axis ``by``, four at most.

    ``called`` are the names of the lines, ``rule`` a level that is drawn dashed; units are counted from ``first``. The
    first line has the colour and glyph ``mark``, so that lines of two pictures differ. A ``low`` one is content with
    less room than is usual; ``others`` are the names of other lines, which its axis ends under or over.
    """

    tensor: str
    text: str
    by: str
    called: tuple[str, ...]
    rule: float | None = None
    first: int = 0
    mark: int = 0
    low: bool = False
    others: tuple[str, ...] = ()

    kind = "lines"

    def _beside(self) -> float:
        names = (*self.called[:MOST_LINES], *self.others)
        return BESIDE + max(phrases.width(name_of(0, name), theme.FLOOR) for name in names)

    def measure(self, s: Setting) -> Extent:
        half = (LOW if self.low else HIGH) / 2
        least = SHORT if self.low else LEAST
        title = phrases.width(heading(s.figures, self.tensor, self.text)[:1], theme.NAME)
        return Extent(LABELS + max(least + self._beside(), title), half + HEADING, half + LABELS / 2 + 8, MOST - least,
                      HIGHER / 2 - half)  # fmt: skip

    def _values(self, figures: Figures) -> Array:
        """(lines, units)"""
        trace = figures.trace
        lines = [
            [figures.value(figures.cell_of(self.tensor, unit, {self.by: k})) for unit in range(figures.count)]
            for k in drawn(trace.size(self.by))
        ]
        return np.asarray(np.clip(np.asarray(lines, float), -LARGEST, LARGEST))

    def _at(self, figures: Figures, unit: int) -> float:
        """Where on the axis a unit stands: films that go backwards grow from right to left."""
        return float(self.first + (figures.count - 1 - unit if figures.units.turned else unit))

    def place(self, s: Setting, spot: Spot) -> Iterator[Plan]:
        half, beside = min(spot.up - HEADING, spot.down - LABELS / 2 - 8, HIGHER / 2), self._beside()
        width = min(spot.width, MOST + LABELS + beside) - LABELS - beside
        box = Box(
            even(spot.x - (width + LABELS + beside) / 2 + LABELS), even(spot.y + half), even(width), even(2 * half)
        )
        values = self._values(s.figures)
        known = finite(values if self.rule is None else np.append(values, self.rule))
        share = s.figures.film.kinds.get(self.tensor) == "share"
        far = not share and bool((known > 0).all()) and float(known.max()) > FAR * float(known.min())
        low, high = _decades(known) if far else rounded(float(known.min()), float(known.max()))
        put = Axes(box, (float(self.first), float(self.first + max(1, values.shape[1] - 1))), (low, high))
        with np.errstate(all="ignore"):
            seen = np.log10(values) if far else values
        at = [self._at(s.figures, unit) for unit in range(values.shape[1])]
        points = [tuple(put(x, float(v)) if np.isfinite(v) else None for x, v in zip(at, line, strict=True))
                  for line in seen]  # fmt: skip
        across = tuple(Tick(put(v, low)[0], line) for v, line in marks(*put.across, width, 4) if v == int(v))
        along = _powers(low, high) if far else marks(low, high, 3 * half, 3)
        ends = [next((p[1] for p in reversed(line) if p), box.bottom) for line in points]
        heights = _spread(ends, box)
        tracks = tuple(
            Track(line, k + self.mark, name_of(k + self.mark, self.called[k]), (box.right + BESIDE, heights[k] - 8))
            for k, line in enumerate(points)
        )
        rule = None
        if self.rule is not None:
            rule = put(0, log10(self.rule) if far else self.rule)[1]
        yield TracksPlan(
            self.names[0], box, across, tuple(Tick(put(0, v)[1], line) for v, line in along), tracks, rule=rule,
            heading=heading(s.figures, self.tensor, self.text)[:1], heading_at=(box.x, box.y + theme.HEADING_GAP),
        )  # fmt: skip


@dataclass(frozen=True)
class Terrain(Growing):
    """The paths of ``path`` (``by``, units, 2) over a map: lines of equal ``level`` (rows, columns) at the points of
    ``ground`` (rows, columns, 2). ``aims`` are the lowest points, where these are known; ``rings`` outlines, each
    in the colour of one path: then both axes have one scale."""

    path: str
    level: str
    ground: str
    by: str
    text: str
    aims: tuple[Point, ...] = ()
    rings: tuple[tuple[int, tuple[Point, ...]], ...] = ()

    kind = "terrain"
    about = "path"

    def _title(self) -> Line:
        return phrases.name(self.text)

    def measure(self, s: Setting) -> Extent:
        half, across = SIDE / 2, max(SIDE, phrases.width(self._title(), theme.NAME))
        return Extent(across + LABELS, half + HEADING, half + LABELS / 2 + 8, max(0.0, SIDE_MOST - across),
                      (SIDE_MOST - SIDE) / 2)  # fmt: skip

    def place(self, s: Setting, spot: Spot) -> Iterator[Plan]:
        high = min(spot.up - HEADING, spot.down - LABELS / 2 - 8, SIDE_MOST / 2)
        width = min(spot.width - LABELS, SIDE_MOST)
        if self.rings:
            width = min(width, 2 * high)
            high = width / 2
        box = Box(even(spot.x - (width + LABELS) / 2 + LABELS), even(spot.y + high), even(width), even(2 * high))
        ground = np.asarray(s.figures.trace[self.ground], float)
        put = Axes(box, _ends(ground[0, :, 0]), _ends(ground[::-1, 0, 1]))
        tracks = tuple(Track(self._points(s.figures, k, put), k) for k in drawn(s.figures.trace.size(self.by)))
        aims = tuple(at for aim in self.aims if (at := _seen(put, aim)) is not None)
        rings = tuple(Track(tuple(_seen(put, at) for at in ring), k) for k, ring in self.rings)
        yield TracksPlan(
            self.names[0], box, put.below(4), put.beside(3 * high, 4), tracks, tuple(self._contours(s.figures, box)),
            aims, heading=self._title(), heading_at=(box.x, box.y + theme.HEADING_GAP), rings=rings,
        )  # fmt: skip

    def _points(self, figures: Figures, k: int, put: Axes) -> tuple[Point | None, ...]:
        path = figures.trace[self.path][k, : figures.count]
        return tuple(_seen(put, (float(x), float(y))) for x, y in path)

    def _contours(self, figures: Figures, box: Box) -> Iterator[tuple[Point, Point]]:
        """Lines at heights that lie equally far apart."""
        level = np.asarray(figures.trace[self.level], float)
        rows, cols = level.shape
        known = finite(level)
        for height in np.linspace(known.min(), known.max(), LEVELS + 2)[1:-1]:
            for a, b in crossings(level - height):
                yield tuple(  # type: ignore[misc]
                    (box.x + c / (cols - 1) * box.w, box.y - r / (rows - 1) * box.h) for r, c in (a, b)
                )


def _ends(at: Array) -> tuple[float, float]:
    low, high = float(at[0]), float(at[-1])
    return (low, high) if np.isfinite([low, high]).all() and 0 < high - low < LARGEST else (-1.0, 1.0)


def _seen(put: Axes, at: Point) -> Point | None:
    """Where a point stands; nowhere if that is not on the map."""
    (x0, x1), (y0, y1) = put.across, put.along
    return put(*at) if x0 <= at[0] <= x1 and y0 <= at[1] <= y1 else None


def _decades(known: Array) -> tuple[float, float]:
    """From the power of ten below all numbers to the one above."""
    return float(floor(log10(known.min()))), float(ceil(log10(known.max())))


def _powers(low: float, high: float) -> list[tuple[float, Line]]:
    """Powers of ten along an axis, four or fewer."""
    step = max(1, ceil((high - low) / 3))
    return [(float(k), _power(k)) for k in range(int(low), int(high) + 1, step)]


def _power(k: int) -> Line:
    if -3 <= k <= 3:
        return (Run(numbers.text(10.0**k, numbers.Style(max(0, -k))), source=Fact("axis")),)
    return (Run(f"10^{{{k}}}".replace("-", numbers.MINUS), source=Fact("axis"), markup=True),)


def _spread(ends: Sequence[float], box: Box) -> list[float]:
    """Heights near those of the lines' ends, in their order, far enough apart for names."""
    order = sorted(range(len(ends)), key=lambda k: -ends[k])
    out, top = [0.0] * len(ends), box.y
    for k in order:
        out[k] = min(ends[k], top)
        top = out[k] - APART
    for below, k in enumerate(reversed(order)):
        out[k] = max(out[k], box.bottom + below * APART)
    return out
