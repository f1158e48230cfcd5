"""Hull: straight lines over one axis and what is highest of them, each piece in the colour of its line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from math import hypot

import numpy as np

from layeranim import theme
from layeranim.engine.trace import Array, Region
from layeranim.records import dataclass
from layeranim.stories import phrases
from layeranim.stories.stage.axes import LARGEST, Axes, finite, rounded
from layeranim.stories.stage.figures import Figures
from layeranim.stories.stage.parts.base import Moment
from layeranim.stories.stage.parts.curve import Curve, Range
from layeranim.stories.stage.parts.tracks import KINDS, MOST_LINES
from layeranim.stories.stage.plans import CurvePlan, Plan, Track
from layeranim.stories.stage.solver import Setting, Spot, Unfit
from layeranim.stories.stage.verbs import Plumb, Points, Slide, Verb
from layeranim.stories.storyboard import Address, Box, Fact, Line, Point, Run

UNDER = 0.5
"""How far below its lowest place lines are still seen, as a part of the height of the curve."""
DRAWN = 60
"""Of more lines only those are drawn that are highest somewhere."""
OFF = 24.0
"""From a piece of the curve to its name."""
SHORT = 36.0
"""A piece shorter than this has no name."""


@dataclass(frozen=True)
class Hull(Curve):
    """The lines ``slopes`` · x + ``heights`` over the cells of ``x``, one for each cell of ``sums`` (units, pieces),
    and ``y``, the largest of these: a line falls through all of them, and the point stays on the highest.

    Only a stage of one number x has it; where that, or a line, is no number, the next arrangement is taken.
    """

    sums: str = "sums"
    slopes: str = "weight"
    heights: str = "bias"

    @property
    def draws(self) -> tuple[str, ...]:
        return (self.y, self.sums)

    def _others(self, figures: Figures) -> list[float | None]:
        slopes, heights = self._lines(figures)
        if figures.trace[self.slopes].shape[1] != 1 or not np.isfinite([slopes, heights]).all():
            raise Unfit(self.y)
        return [None]

    def _lines(self, figures: Figures) -> tuple[Array, Array]:
        """Slope and height at 0 of every line."""
        trace = figures.trace
        slopes = np.asarray(trace[self.slopes][:, 0], np.float64)
        heights = np.asarray(trace[self.heights], np.float64) if self.heights in trace else np.zeros_like(slopes)
        return slopes, heights

    def _ranges(self, figures: Figures) -> tuple[Range, Range, Callable[[Array, float | None], Array]]:
        """Round numbers around every cell of x and around the curve, and what lies below it by half its height."""
        xs = np.clip(finite(figures.trace[self.x]), -LARGEST, LARGEST)
        across = rounded(float(xs.min()), float(xs.max()))
        slopes, heights = self._lines(figures)

        def highest(x: Array, other: float | None = None) -> Array:
            return np.asarray((slopes[:, None] * x + heights[:, None]).max(axis=0))

        with np.errstate(all="ignore"):
            at = np.array([across[0], *(x for _, x in _winners(slopes, heights, across)), across[1]])
            top, ends = finite(highest(at)), finite(np.outer(slopes, across) + heights[:, None])
        low, high = float(top.min()), float(top.max())
        under = max(float(ends.min()), low - UNDER * ((high - low) or 1.0))
        return across, rounded(min(low, under), high), highest

    def place(self, s: Setting, spot: Spot) -> Iterator[Plan]:
        plan = next(super().place(s, spot))
        assert isinstance(plan, CurvePlan)
        put, (slopes, heights) = self._axes(s.figures, plan), self._lines(s.figures)
        found = list(_winners(slopes, heights, put.across))
        stops = [*(x for _, x in found), put.across[1]]
        tops, named, taken = [], dict[int, Point | None](), list[Box]()
        for (k, x), stop in zip(found, stops[1:], strict=True):
            ends = tuple(put(at, float(slopes[k] * at + heights[k])) for at in (x, stop))
            tops.append(Track(ends, self._kind(s.figures, k)))
            rooms = ((at, _room(k, at)) for at in _above(ends, plan.box))
            at, room = next(((at, room) for at, room in rooms if not any(map(room.meets, taken))), (None, None))
            named[k] = at
            taken += [room] if room else []
        shown = range(len(slopes)) if len(slopes) <= DRAWN else sorted(named)
        lines = tuple(
            Track(self._seen(put, float(slopes[k]), float(heights[k])), self._kind(s.figures, k),
                  *((_called(k, self._kind(s.figures, k)), at) if (at := named.get(k)) else ()))
            for k in shown
        )  # fmt: skip
        yield replace(plan, curves=(), lines=lines, tops=tuple(tops))

    def _kind(self, figures: Figures, k: int) -> int:
        """The colour of a line; where there are more than anybody can tell apart, none has one."""
        return k if len(figures.trace[self.slopes]) <= MOST_LINES else -1

    def _seen(self, put: Axes, slope: float, height: float) -> tuple[Point | None, ...]:
        """The ends of a line as far as it is in the picture."""
        (x0, x1), (low, high) = put.across, put.along
        for bound in (low, high):
            if slope:
                cut = (bound - height) / slope
                x0, x1 = (max(x0, cut), x1) if (slope > 0) == (bound == low) else (x0, min(x1, cut))
            elif not low <= height <= high:
                return ()
        return tuple(put(x, slope * x + height) for x in (x0, x1)) if x0 < x1 else ()

    # ── acts ─────────────────────────────────────────────────────────────────
    def writes(self, figures: Figures, plan: CurvePlan, region: Region, moment: Moment) -> Iterator[Verb]:
        found = list(self._points(figures, plan, [Address(self.y, (moment.unit,))]))
        if region.tensor == self.sums:
            yield Plumb(plan.name, self._met(figures, plan, moment.unit))
        elif region.tensor == self.y and found:
            yield Slide(plan.name, found[0])
            yield Points(plan.name, tuple(found))

    def closes(self, figures: Figures, plan: CurvePlan, unit: int) -> Iterator[Verb]:
        yield from (Slide(plan.name, at) for at in self._points(figures, plan, [Address(self.y, (unit,))]))

    def _met(self, figures: Figures, plan: CurvePlan, unit: int) -> tuple[Point | None, ...]:
        """Where the lines are at one x."""
        put, sums = self._axes(figures, plan), figures.trace[self.sums][unit]
        x, (low, high) = float(figures.trace[self.x][unit, 0]), put.along
        shown = range(len(sums)) if len(plan.lines) == len(sums) else ()
        met = [put(x, float(sums[k])) if np.isfinite([x, sums[k]]).all() and low <= sums[k] <= high else None
               for k in shown]  # fmt: skip
        return tuple(met) if met else (None,) * len(plan.lines)

    def _points(self, figures: Figures, plan: CurvePlan, cells: Iterable[Address]) -> tuple[Point, ...]:
        put, x, y = self._axes(figures, plan), figures.trace[self.x], figures.trace[self.y]
        found = (put(float(x[one.index[0], 0]), float(y[one.index])) for one in cells)
        return tuple(p for p in found if np.isfinite(p).all())


def _winners(slopes: Array, heights: Array, across: Range) -> Iterator[tuple[int, float]]:
    """Which line is highest from where on, from left to right."""
    x, stop = across
    with np.errstate(all="ignore"):
        values = slopes * x + heights
        k = int(np.lexsort((slopes, values))[-1])
        yield k, x
        while True:
            later = np.flatnonzero(slopes > slopes[k])
            if not len(later):
                return
            cuts = (heights[k] - heights[later]) / (slopes[later] - slopes[k])
            first = float(cuts.min())
            if not first < stop:
                return
            nearest = later[cuts <= first]
            k, x = int(nearest[np.argmax(slopes[nearest])]), max(x, first)
            yield k, x


def _called(k: int, kind: int) -> Line:
    return (Run(f"z_{{{k + 1}}}", KINDS[kind] if kind >= 0 else "muted", "semibold", Fact("piece"), markup=True),)


def _room(k: int, at: Point) -> Box:
    """What the name of a piece takes, in the middle of which it stands."""
    width = phrases.width(_called(k, -1), theme.FLOOR)
    return Box(at[0] - width / 2, at[1] + theme.FLOOR, width, theme.FLOOR)


def _above(ends: tuple[Point, ...], box: Box) -> Iterator[Point]:
    """Where the name of a piece may stand: beside its middle, on the upper side, else right above; of a short one, or
    beyond the picture, nowhere. In a valley the names of two pieces lean to each other.
    """
    (ax, ay), (bx, by) = ends
    long = hypot(bx - ax, by - ay)
    if long < SHORT:
        return
    for dx, dy in ((-(by - ay) / long, (bx - ax) / long), (0.0, 1.0)):
        x, y = (ax + bx) / 2 + dx * OFF, (ay + by) / 2 + dy * OFF
        if box.x + OFF / 2 <= x <= box.right - OFF / 2 and y + OFF / 2 <= box.y:
            yield x, y - 8
