"""Trail: a point that walks among others in the plane of two of its numbers, or along a line where it has only one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import cos, pi, sin

import numpy as np

from layeranim import theme
from layeranim.engine.trace import Array, Region
from layeranim.layout import even
from layeranim.records import dataclass
from layeranim.stories import phrases
from layeranim.stories.stage.axes import LARGEST, Axes, finite, marks
from layeranim.stories.stage.figures import Figures
from layeranim.stories.stage.parts.base import HEADING, Moment
from layeranim.stories.stage.parts.tracks import LABELS, Growing
from layeranim.stories.stage.plans import Plan, Track, TracksPlan
from layeranim.stories.stage.solver import Extent, Setting, Spot
from layeranim.stories.stage.verbs import Reach, Verb
from layeranim.stories.storyboard import Box, Fact, Line, Point, Run

SIDE, SIDE_MOST = 250.0, 420.0
CLEAR = 24.0
"""Around what a tick says."""
LEAST = 1e-9
"""What lies closer together, beside how far it is from 0, is one place."""
BETWEEN = 2.0
"""Between two names."""
MARGIN = 0.07
"""What is kept free around all points, as a part of what they take."""
RING, CORNERS = 15.0, 32
"""Around where the walk leads: a circle of so many corners."""
MOST_CLASSES = 1_000
"""Class ids up to here are written; others are dots, as those that stand on another."""


@dataclass(frozen=True)
class Trail(Growing):
    """The walk ``path`` (…, units, numbers) among the points ``others`` (points, numbers), written by ``classes``:
    both where the trace has them.

    ``axes`` are the numbers that lie across and up; of points of one number the second is None: then each class has a
    line of its own, and the walk the lowest. The first place is there as soon as ``start`` is made; ``end``: where the
    walk leads is marked.
    """

    path: str
    text: str
    start: str
    axes: tuple[int, int | None]
    others: str = ""
    classes: str = ""

    kind = "trail"
    about = "path"

    @property
    def draws(self) -> tuple[str, ...]:
        return (self.start, self.path)

    def _title(self) -> Line:
        return phrases.name(self.text)

    def measure(self, s: Setting) -> Extent:
        side, beside = SIDE * s.look.scale, self._beside(s.figures)
        half, across = side / 2, max(side, phrases.width(self._title(), theme.NAME))
        return Extent(across + beside, half + HEADING, half + LABELS / 2 + 8, max(0.0, SIDE_MOST - across),
                      (SIDE_MOST - side) / 2)  # fmt: skip

    def place(self, s: Setting, spot: Spot) -> Iterator[Plan]:
        high = min(spot.up - HEADING, spot.down - LABELS / 2 - 8, SIDE_MOST / 2)
        beside = self._beside(s.figures)
        width = min(spot.width - beside, SIDE_MOST)
        box = Box(even(spot.x - (width + beside) / 2 + beside), even(spot.y + high), even(width), even(2 * high))
        walk, others = self._walk(s.figures), self._others(s.figures)
        put = Axes(box, *self._spans(s.figures))
        points = tuple(_seen(put, at) for at in walk)
        names, dots = _apart([(_seen(put, place), name) for place, name in self._called(s.figures, others)])
        yield TracksPlan(
            self.names[0], box, put.below(4), put.beside(3 * high, 4) if self.axes[1] is not None else (),
            (Track(points, 0),), heading=self._title(), heading_at=(box.x, box.y + theme.HEADING_GAP),
            rings=tuple(Track(_ring(at), 0) for at in points[-1:] if at is not None), names=names, dots=dots,
        )  # fmt: skip

    def _spans(self, figures: Figures) -> tuple[tuple[float, float], tuple[float, float]]:
        """From where to where the plane goes, across and up."""
        every = np.concatenate([self._walk(figures), self._others(figures)])
        return _around(every[:, 0]), _around(every[:, 1])

    def _beside(self, figures: Figures) -> float:
        """The room left of the plane, for its longest tick."""
        if self.axes[1] is None:
            return CLEAR
        along = marks(*self._spans(figures)[1], SIDE, 4)
        return max(LABELS, CLEAR + max(phrases.width(line, theme.FLOOR) for _, line in along))

    def _walk(self, figures: Figures) -> Array:
        """(units, 2)"""
        trace = figures.trace
        where = tuple((axis, at) for axis, at in figures.fixed.items() if axis in trace.axes(self.path))
        return self._two(trace.read(Region(self.path, where)), np.zeros(0))

    def _others(self, figures: Figures) -> Array:
        """(points, 2)"""
        if self.others not in figures.trace:
            return np.zeros((0, 2))
        others = figures.trace[self.others]
        return self._two(others, np.unique(self._ids(figures, len(others)), return_inverse=True)[1] + 1.0)

    def _ids(self, figures: Figures, count: int) -> Array:
        """The classes of so many points; where none are given all have one, which is not written."""
        return figures.trace[self.classes] if self.classes in figures.trace else np.full(count, MOST_CLASSES)

    def _two(self, numbers: Array, lines: Array) -> Array:
        """The two numbers of each point that are drawn; where it has one, the line on which it lies."""
        x = numbers[:, self.axes[0]]
        y = (
            numbers[:, self.axes[1]]
            if self.axes[1] is not None
            else np.resize([*lines, *[0.0] * (not len(lines))], len(x))
        )
        both = np.stack([x, y], axis=1).astype(np.float64)
        return np.where(np.isfinite(both), np.clip(both, -LARGEST, LARGEST), both)

    def _called(self, figures: Figures, others: Array) -> Iterator[tuple[Array, Line]]:
        """The points with their classes, the first of every class first; without a name where there are no classes."""
        ids = self._ids(figures, len(others))
        given = self.classes in figures.trace
        before = [int((ids[:k] == one).sum()) for k, one in enumerate(ids)] if given else [0] * len(ids)
        for k in np.argsort(before, kind="stable"):
            yield others[k], (Run(f"{int(ids[k])}", source=Fact("class")),) if ids[k] < MOST_CLASSES else ()

    # ── acts ─────────────────────────────────────────────────────────────────
    def writes(self, figures: Figures, plan: Plan, region: Region, moment: Moment) -> Iterator[Verb]:
        yield Reach(plan.name, moment.unit if region.tensor == self.path else 0)


def _around(at: Array) -> tuple[float, float]:
    """A range with all of these, and something around them."""
    known = finite(at)
    low, high = float(known.min()), float(known.max())
    least = max(1.0, abs(low) / 2, abs(high) / 2)
    by = MARGIN * (high - low) if high - low > LEAST * least else least
    return low - by, high + by


def _ring(at: Point) -> tuple[Point, ...]:
    """A circle around a point."""
    turns = (2 * pi * k / CORNERS for k in range(CORNERS + 1))
    return tuple((at[0] + RING * cos(turn), at[1] + RING * sin(turn)) for turn in turns)


def _apart(
    called: Sequence[tuple[Point | None, Line]],
) -> tuple[tuple[tuple[Point, Line], ...], tuple[Point, ...]]:
    """Points that stand there as their names, where these have room beside those before them, and the others; nothing
    where the same name stands there."""
    names, dots = list[tuple[Point, Line]](), list[Point]()
    for at, line in called:
        if at is None:
            continue
        wide = phrases.width(line, theme.FLOOR) / 2 + BETWEEN
        near = [one for (x, y), one in names if abs(y - at[1]) < theme.FLOOR
                and abs(x - at[0]) < wide + phrases.width(one, theme.FLOOR) / 2]  # fmt: skip
        if line and not near:
            names.append((at, line))
        elif not line or line not in near:
            dots.append(at)
    return tuple(names), tuple(dots)


def _seen(put: Axes, at: Array) -> Point | None:
    """Where a point stands; nowhere if it is no number."""
    return put(float(at[0]), float(at[1])) if np.isfinite(at).all() else None
