"""Curve: a function in its axes; a point slides from the one axis up to the curve and over to the other.

Graph: a curve that several steps make together, with a point at the cell that each unit follows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from layeranim import numbers, theme
from layeranim.engine.replay import OPERATIONS
from layeranim.engine.trace import Array, Region
from layeranim.layout import even
from layeranim.records import dataclass
from layeranim.stories import phrases
from layeranim.stories.stage.axes import Axes, finite, rounded
from layeranim.stories.stage.figures import Figures
from layeranim.stories.stage.parts.base import HEADING, Actor, Moment
from layeranim.stories.stage.plans import CurvePlan, Plan, Strand, TextPlan
from layeranim.stories.stage.solver import Extent, Setting, Spot, Unfit
from layeranim.stories.stage.verbs import Points, Slide, Verb
from layeranim.stories.storyboard import Address, Box, Fact, Line, Point, Run

LEAST, MOST = 200.0, 560.0
HIGH, HIGHER = 220.0, 380.0
LABELS = 44.0
"""Room left of the axes for what their ticks say, and half of it below."""
POINTS = 161
CURVES = 4
"""Of more curves in one pair of axes nobody can tell which is which."""
NAMED = 10.0
"""Between the names of curves."""
Range = tuple[float, float]


@dataclass(frozen=True)
class Curve(Actor):
    """The function that makes ``y`` of ``x``, cell by cell: the operation of the step that writes it, run.

    Where it takes a second number, ``of`` names its tensor: there is a curve for each of its values, as far as few are
    told; without room for as many the stage takes another arrangement. A ``low`` one is content with half of
    the height.
    ``beside`` are tensors of other curves that are compared with it: all have the same axes. ``least`` are numbers that
    the axis shows at least.
    """

    x: str
    y: str
    text: Line = ()
    of: str | None = None
    sign: str = ""
    low: bool = False
    beside: tuple[str, ...] = ()
    least: tuple[float, ...] = ()

    kind = "curve"
    about = "y"

    def measure(self, s: Setting) -> Extent:
        self._others(s.figures)  # or it is unfit
        half = HIGH / (4 if self.low else 2)
        over = HEADING if self.text or self.of else 0
        return Extent(LEAST + LABELS, half + over, half + LABELS / 2 + 8, MOST - LEAST, (HIGHER - HIGH) / 2)

    def place(self, s: Setting, spot: Spot) -> Iterator[Plan]:
        up = min(spot.up - (HEADING if self.text or self.of else 0), HIGHER / 2)
        down = min(spot.down - LABELS / 2 - 8, HIGHER / 2)
        half = min(up, down)
        width = spot.width - LABELS
        box = Box(even(spot.x - spot.width / 2 + LABELS), even(spot.y + half), even(width), even(2 * half))
        (x0, x1), (y0, y1), drawn = self._ranges(s.figures)
        put = Axes(box, (x0, x1), (y0, y1))
        xs = np.linspace(x0, x1, POINTS)
        curves = []
        for other in self._others(s.figures):
            with np.errstate(all="ignore"):
                ys = drawn(xs, other)
            curves.append(tuple(put(float(x), float(y)) for x, y in zip(xs, ys, strict=True) if y0 <= y <= y1))
        origin = put(min(max(0.0, x0), x1), min(max(0.0, y0), y1))
        strand = Strand(self.y, s.figures.shown(self.y).rows, tuple(s.figures.fixed.items()))
        heading_at = box.x, box.y + theme.HEADING_GAP
        yield CurvePlan(f"{self.y}:curve", box, put.below(), put.beside(4 * width, 4), origin, tuple(curves),
                        (self.x, self.y), strand, self.text, heading_at)  # fmt: skip
        yield from self._names(s.figures, box, curves)

    def _others(self, figures: Figures) -> list[float | None]:
        """The values of the second number; none where the function takes one."""
        if len(figures.acted(self.y).reads) > 1 + (self.of is not None):
            raise Unfit(self.y)
        if self.of is None:
            return [None]
        found = numbers.distinct(figures.values(figures.shown(self.of)))
        if len(found) > CURVES or not np.isfinite(found).all():
            raise Unfit(self.of)
        return [float(value) for value in found]

    def _names(self, figures: Figures, box: Box, curves: Sequence[Sequence[Point]]) -> Iterator[Plan]:
        """What second number each curve is of, over its highest point, side by side."""
        if self.of is None:
            return
        style = figures.style(self.of)
        tops = [max(curve, key=lambda point: point[1])[0] if curve else box.x for curve in curves]
        texts = [numbers.text(other or 0.0, style) for other in self._others(figures)]
        named = sorted(zip(tops, texts, strict=True))
        lines: list[Line] = [(Run(f"{self.sign} = {text}", source=Fact("curve")),) for _, text in named]
        wide = [phrases.width(line, theme.FLOOR) for line in lines]
        x = box.x
        for k, line in enumerate(lines):
            rest = sum(wide[k:]) + NAMED * (len(lines) - 1 - k)
            x = min(max(x, named[k][0] - wide[k] / 2), box.right - rest)
            yield TextPlan(f"{self.y}:curve:{k}", (x, box.y + theme.HEADING_GAP), line, theme.FLOOR)
            x += wide[k] + NAMED

    def _ranges(self, figures: Figures) -> tuple[Range, Range, Callable[[Array, float | None], Array]]:
        """The axes' ranges: round numbers around every cell, and the function.

        Of several curves the second numbers lie on the axis too, and what no cell reaches is cut off above.
        """
        drawn, *compared = (_function(figures, tensor) for tensor in dict.fromkeys((self.y, *self.beside)))
        others = self._others(figures)
        seconds = [other for other in others if other is not None]
        xs = np.concatenate([finite(figures.values(figures.shown(self.x))), np.array(seconds), self.least])
        low, high = rounded(float(xs.min()), float(xs.max()))
        with np.errstate(all="ignore"):
            along = np.linspace(low, high, POINTS)
            ys = finite(np.concatenate([f(along, other) for f in (drawn, *compared) for other in others]))
        top = finite(figures.values(figures.shown(self.y))).max() if seconds else ys.max()
        return (low, high), rounded(float(ys.min()), float(top if top > ys.min() else ys.max())), drawn

    def _axes(self, figures: Figures, plan: CurvePlan) -> Axes:
        across, along, _ = self._ranges(figures)
        return Axes(plan.box, across, along)

    def writes(self, figures: Figures, plan: CurvePlan, region: Region, moment: Moment) -> Iterator[Verb]:
        if region.tensor != self.y:
            return
        put = self._axes(figures, plan)
        x, y = (figures.cell_of(name, moment.unit, figures.indices(moment.target)) for name in (self.x, self.y))
        goal = put(figures.value(x), figures.value(y))
        if np.isfinite(goal).all():
            yield Slide(plan.name, goal)
        yield Points(plan.name, self._points(figures, plan, figures.covered(region)))

    def closes(self, figures: Figures, plan: CurvePlan, unit: int) -> Iterator[Verb]:
        inner = figures.inner(unit)
        x, y = (figures.value(figures.cell_of(name, unit, inner)) for name in (self.x, self.y))
        goal = self._axes(figures, plan)(x, y)
        if np.isfinite(goal).all():
            yield Slide(plan.name, goal)

    def passes(self, figures: Figures, plan: CurvePlan, first: int, last: int) -> Iterator[Verb]:
        cells = (figures.cell_of(self.y, unit, {}) for unit in range(first, last + 1))
        yield Points(plan.name, self._points(figures, plan, cells))

    def _points(self, figures: Figures, plan: CurvePlan, cells: Iterable[Address]) -> tuple[Point, ...]:
        """Where these cells lie on the curve."""
        put = self._axes(figures, plan)
        found = (put(figures.value(Address(self.x, one.index)), figures.value(one)) for one in cells)
        return tuple(p for p in found if np.isfinite(p).all())


def _function(figures: Figures, tensor: str) -> Callable[[Array, float | None], Array]:
    """The operation that writes a tensor, as a function of one number, and of another one where there is one."""
    step = figures.acted(tensor).step
    run, parameters = OPERATIONS[step.operation].run, dict(step.parameters)

    def made(x: Array, other: float | None) -> Array:
        more = () if other is None else (np.full_like(x, other),)
        return np.asarray(run(x, *more, **parameters))

    return made


@dataclass(frozen=True)
class Graph(Curve):
    """The function ``by`` of the cells of ``x``, which the steps up to ``y`` make: −ln of a share.

    The point is led to the cell of ``x`` that a unit follows when ``y`` is written.
    """

    by: Callable[[Array], Array] = np.asarray

    def _drawn(self, x: Array, other: float | None = None) -> Array:
        return self.by(x)

    def _others(self, figures: Figures) -> list[float | None]:
        return [None]

    def _ranges(self, figures: Figures) -> tuple[Range, Range, Callable[[Array, float | None], Array]]:
        """Round numbers around every cell, and around what becomes of it."""
        xs = finite(figures.trace[self.x])
        low, high = rounded(float(xs.min()), float(xs.max()))
        with np.errstate(all="ignore"):
            ys = finite(self.by(np.concatenate([np.linspace(low, high, POINTS)[1:], xs])))
        return (low, high), rounded(float(ys.min()), float(ys.max())), self._drawn

    def _followed(self, figures: Figures, plan: CurvePlan, units: range) -> list[Point]:
        """The points of the cells that units follow, as far as they lie in the axes."""
        put, found = self._axes(figures, plan), []
        for unit in units:
            x = figures.value(figures.cell_of(self.x, unit, figures.inner(unit)))
            with np.errstate(all="ignore"):
                at = put(x, float(self.by(np.array(x))))
            if np.isfinite(at).all() and plan.box.bottom - 1 <= at[1] <= plan.box.y + 1:
                found.append(at)
        return found

    def writes(self, figures: Figures, plan: CurvePlan, region: Region, moment: Moment) -> Iterator[Verb]:
        found = self._followed(figures, plan, range(moment.unit, moment.unit + 1))
        if region.tensor == self.y and found:
            yield Slide(plan.name, found[-1])
            yield Points(plan.name, tuple(found))

    def closes(self, figures: Figures, plan: CurvePlan, unit: int) -> Iterator[Verb]:
        yield from (Slide(plan.name, at) for at in self._followed(figures, plan, range(unit, unit + 1)))

    def passes(self, figures: Figures, plan: CurvePlan, first: int, last: int) -> Iterator[Verb]:
        found = self._followed(figures, plan, range(first, last + 1))
        if found:
            yield Points(plan.name, tuple(found))
