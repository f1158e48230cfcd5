"""Plane: samples of two numbers as points, and the straight line on which their weighted sum is 0."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from layeranim import theme
from layeranim.engine.trace import Region
from layeranim.layout import even
from layeranim.records import dataclass
from layeranim.stories import phrases
from layeranim.stories.stage.axes import Axes, finite, marks, rounded
from layeranim.stories.stage.figures import Figures
from layeranim.stories.stage.parts.base import HEADING, Actor, Moment
from layeranim.stories.stage.plans import Plan, PlanePlan, Strand
from layeranim.stories.stage.slices import Shown
from layeranim.stories.stage.solver import Extent, Setting, Spot, Unfit
from layeranim.stories.stage.verbs import Light, NodeFill, Shift, Verb
from layeranim.stories.storyboard import Address, Box, Fact, Line, Point, Run

LEAST, MOST = 200.0, 340.0
LABELS = 40.0
"""Left of the axes and below them."""
TICK = 16.0
"""Between a number at an axis and what stands before it, and from there to the axis."""
MANY = 60
"""Of more points the plane is no picture."""
PLACES = 25
"""So many places the line moves through."""
AROUND = 0.25
"""Of the span of the points on every side of them."""


@dataclass(frozen=True)
class Plane(Actor):
    """The cells of ``given`` (``along`` its samples, two features) as points in the colours of ``made``.

    The line is where ``weight`` · x + ``bias`` is 0; on its blue side the sum is above 0.
    """

    given: str
    made: str
    along: str
    features: str
    weight: str = "weight"
    bias: str = "bias"

    kind = "plane"
    about = "given"

    @property
    def draws(self) -> tuple[str, ...]:
        return (self.given, self.made)

    def _points(self, figures: Figures) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        """(samples, 2)."""
        return np.asarray(figures.values(Shown(self.given, self.along, self.features, self._shape(figures))), float)

    def _shape(self, figures: Figures) -> tuple[int, int]:
        return figures.trace.size(self.along), figures.trace.size(self.features)

    def measure(self, s: Setting) -> Extent:
        count, features = self._shape(s.figures)
        if features != 2 or count > MANY or not np.isfinite(self._points(s.figures)).all():
            raise Unfit(self.given)
        half = LEAST / 2
        grow = MOST - LEAST
        return Extent(LEAST + self._left(s.figures) + 8, half + HEADING - 8, half + LABELS - 8, grow, grow / 2)

    def _left(self, figures: Figures) -> float:
        """What the numbers at the upright axis take."""
        ticks = marks(*_span(self._points(figures)[:, 1]), 3 * MOST, 4)
        return max(LABELS, TICK + max(phrases.width(line, theme.FLOOR) for _, line in ticks))

    def place(self, s: Setting, spot: Spot) -> Iterator[Plan]:
        left = self._left(s.figures)
        side = min(spot.width - left - 8, 2 * min(spot.up - HEADING + 8, spot.down - LABELS + 8))
        side = even(min(MOST, side))
        box = Box(even(spot.x + (left - side) / 2), even(spot.y + side / 2), side, side)
        points = self._points(s.figures)
        spans = [_span(points[:, k]) for k in (0, 1)]
        put = Axes(box, *spans)
        line, above = self._border(s.figures, spans)
        strand = Strand(self.made, self.along, tuple(s.figures.fixed.items()))
        yield PlanePlan(
            self.names[0], strand, box, put.below(4), put.beside(3 * side, 4), put(0, 0),
            tuple(put(float(x), float(y)) for x, y in points), tuple(put(*p) for p in line),
            tuple(put(*p) for p in above), self._names(box, put(0, 0)[0], bool(above)),
        )  # fmt: skip

    def _names(self, box: Box, axis: float, parted: bool) -> tuple[tuple[Point, Line], ...]:
        """Those of the axes, the upright one's over it, and of the part in which the sum is above 0."""
        first, second = (phrases.name(f"x_{{{k}}}") for k in (1, 2))
        above: Line = (Run("z > 0", "positive", "semibold", Fact("name")),) if parted else ()
        wide, ends = phrases.width(second, theme.NAME), box.right - phrases.width(above, theme.NAME)
        return (
            ((box.right - phrases.width(first, theme.NAME), box.bottom - 62), first),
            ((max(box.x, min(axis - wide / 2, ends - wide - 12)), box.y + theme.HEADING_GAP), second),
            ((ends, box.y + theme.HEADING_GAP), above),
        )

    def _border(
        self, figures: Figures, spans: list[tuple[float, float]], share: float = 1.0
    ) -> tuple[list[Point], list[Point]]:
        """The line where the sum is 0, and the outline of the part of the plane where it is above; empty if outside.

        With a ``share`` below 1 the bias is that much smaller.
        """
        (x0, x1), (y0, y1) = spans
        at = [figures.fixed.get(a, 0) for a in figures.trace.axes(self.weight)]
        a, b = (figures.value(Address(self.weight, (*at[:-1], k))) for k in (0, 1))
        c = self._bias(figures) * share
        corners = [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]
        if not np.isfinite([a, b, c]).all():
            return [], []
        return _cut(corners, lambda p: a * p[0] + b * p[1] + c)

    def _bias(self, figures: Figures) -> float:
        return float(np.ravel(figures.trace[self.bias])[0]) if self.bias in figures.trace else 0.0

    # ── acts ─────────────────────────────────────────────────────────────────
    def opens(self, figures: Figures, plan: PlanePlan, unit: int) -> Iterator[Verb]:
        """The bias moves the line away from where it would be without one."""
        if not self._bias(figures) or not np.isfinite(self._bias(figures)):
            return
        points = self._points(figures)
        spans = [_span(points[:, k]) for k in (0, 1)]
        put = Axes(plan.box, *spans)
        borders = [self._border(figures, spans, k / (PLACES - 1)) for k in range(PLACES)]
        lines, sides = (tuple(tuple(put(*p) for p in one[i]) for one in borders) for i in (0, 1))
        yield Shift(plan.name, lines, sides)

    def reads(self, figures: Figures, plan: PlanePlan, region: Region, moment: Moment) -> Iterator[Verb]:
        if region.tensor == self.given:
            yield Light(plan.name, (figures.here(moment.unit)[self.along],))

    def writes(self, figures: Figures, plan: PlanePlan, region: Region, moment: Moment) -> Iterator[Verb]:
        if region.tensor == self.made:
            yield self._landed(figures, plan, moment.unit, moment.unit)
            yield Light(plan.name, (figures.here(moment.unit)[self.along],))

    def passes(self, figures: Figures, plan: PlanePlan, first: int, last: int) -> Iterator[Verb]:
        yield self._landed(figures, plan, first, last)

    def _landed(self, figures: Figures, plan: PlanePlan, first: int, last: int) -> NodeFill:
        shown = Shown(self.made, self.along, None, (figures.trace.size(self.along), 1))
        where = tuple(figures.here(unit)[self.along] for unit in range(first, last + 1))
        return NodeFill(plan.name, figures.cells(shown, last), where)


def _span(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> tuple[float, float]:
    """Round numbers around the points, and some air."""
    flat = finite(values)
    low, high = min(0.0, float(flat.min())), max(0.0, float(flat.max()))
    air = AROUND * ((high - low) or 1.0)
    return rounded(low - air, high + air)


def _cut(outline: list[Point], height: Callable[[Point], float]) -> tuple[list[Point], list[Point]]:
    """Where a linear function crosses an outline, and the outline of the part in which it is above 0."""
    border, above = list[Point](), list[Point]()
    for p, q in zip(outline, [*outline[1:], outline[0]], strict=True):
        u, v = height(p), height(q)
        if u > 0:
            above.append(p)
        if (u > 0) != (v > 0):
            share = u / (u - v)
            cut = p[0] + (q[0] - p[0]) * share, p[1] + (q[1] - p[1]) * share
            border.append(cut)
            above.append(cut)
    return border, above
