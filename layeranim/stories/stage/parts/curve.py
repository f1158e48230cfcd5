"""Curve: a function in its axes; a point slides from the one axis up to the curve and over to the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from layeranim import theme
from layeranim.engine.replay import OPERATIONS
from layeranim.engine.trace import Array, Region
from layeranim.layout import even
from layeranim.stories.stage.axes import Axes, finite, marks, rounded
from layeranim.stories.stage.figures import Figures
from layeranim.stories.stage.parts.base import HEADING, Actor, Moment
from layeranim.stories.stage.plans import CurvePlan, Plan, Strand, Tick
from layeranim.stories.stage.solver import Extent, Setting, Spot
from layeranim.stories.stage.verbs import Points, Slide, Verb
from layeranim.stories.storyboard import Address, Box, Line, Point

LEAST, MOST = 200.0, 560.0
HIGH, HIGHER = 220.0, 380.0
LABELS = 44.0
"""Room left of the axes for what their ticks say, and half of it below."""
POINTS = 161


@dataclass(frozen=True)
class Curve(Actor):
    """The function that makes ``y`` of ``x``, cell by cell: the operation of the step that writes it, run."""

    x: str
    y: str
    text: Line = ()

    @property
    def draws(self) -> tuple[str, ...]:
        return (self.y,)

    @property
    def names(self) -> tuple[str, ...]:
        return (f"{self.y}:curve",)

    def measure(self, s: Setting) -> Extent:
        half = HIGH / 2
        return Extent(LEAST + LABELS, half + (HEADING if self.text else 0), half + LABELS / 2 + 8, MOST - LEAST,
                      (HIGHER - HIGH) / 2)  # fmt: skip

    def place(self, s: Setting, spot: Spot) -> Iterator[Plan]:
        up = min(spot.up - (HEADING if self.text else 0), HIGHER / 2)
        down = min(spot.down - LABELS / 2 - 8, HIGHER / 2)
        half = min(up, down)
        width = spot.width - LABELS
        box = Box(even(spot.x - spot.width / 2 + LABELS), even(spot.y + half), even(width), even(2 * half))
        (x0, x1), (y0, y1), drawn = self._ranges(s.figures)
        put = Axes(box, (x0, x1), (y0, y1))
        xs = np.linspace(x0, x1, POINTS)
        with np.errstate(all="ignore"):
            ys = drawn(xs)
        curve = tuple(put(float(x), float(y)) for x, y in zip(xs, ys, strict=True) if y0 <= y <= y1)
        across = tuple(Tick(put(v, y0)[0], line) for v, line in marks(x0, x1, width))
        along = tuple(Tick(put(x0, v)[1], line) for v, line in marks(y0, y1, 4 * width, 4))
        origin = put(min(max(0.0, x0), x1), min(max(0.0, y0), y1))
        strand = Strand(self.y, s.figures.shown(self.y).rows, tuple(s.figures.fixed.items()))
        yield CurvePlan(f"{self.y}:curve", box, across, along, origin, (curve,), (self.x, self.y), strand, self.text,
                        (box.x, box.y + theme.HEADING_GAP))  # fmt: skip

    def _ranges(self, figures: Figures) -> tuple[tuple[float, float], tuple[float, float], _Function]:
        """The axes' ranges: round numbers around every cell, and the function."""
        acted = figures.acted(self.y)
        drawn = _Function(acted.step.operation, dict(acted.step.parameters))
        xs = finite(figures.values(figures.shown(self.x)))
        low, high = rounded(float(xs.min()), float(xs.max()))
        with np.errstate(all="ignore"):
            ys = finite(drawn(np.linspace(low, high, POINTS)))
        return (low, high), rounded(float(ys.min()), float(ys.max())), drawn

    def _axes(self, figures: Figures, plan: CurvePlan) -> Axes:
        across, along, _ = self._ranges(figures)
        return Axes(plan.box, across, along)

    def writes(self, figures: Figures, plan: Plan, region: Region, moment: Moment) -> Iterator[Verb]:
        assert isinstance(plan, CurvePlan)
        if region.tensor != self.y:
            return
        put = self._axes(figures, plan)
        x, y = (figures.cell_of(name, moment.unit, _index(figures, moment.target)) for name in (self.x, self.y))
        goal = put(figures.value(x), figures.value(y))
        if np.isfinite(goal).all():
            yield Slide(plan.name, goal)
        places = plan.strand.places(region, plan_rows(figures, self.y))
        yield Points(plan.name, self._points(figures, plan, places, moment.unit))

    def closes(self, figures: Figures, plan: Plan, unit: int) -> Iterator[Verb]:
        assert isinstance(plan, CurvePlan)
        x, y = (figures.value(figures.cell_of(name, unit, {})) for name in (self.x, self.y))
        goal = self._axes(figures, plan)(x, y)
        if np.isfinite(goal).all():
            yield Slide(plan.name, goal)

    def passes(self, figures: Figures, plan: Plan, first: int, last: int) -> Iterator[Verb]:
        assert isinstance(plan, CurvePlan)
        yield Points(plan.name, self._points(figures, plan, range(first, last + 1), last))

    def _points(self, figures: Figures, plan: CurvePlan, places: range, unit: int) -> tuple[Point, ...]:
        """Where the cells at these places lie on the curve."""
        put = self._axes(figures, plan)
        xs, ys = (figures.values(figures.shown(name), unit).ravel() for name in (self.x, self.y))
        found = (put(float(xs[i]), float(ys[i])) for i in places)
        return tuple(p for p in found if np.isfinite(p).all())


@dataclass(frozen=True)
class _Function:
    """An operation of the engine as a function of one number."""

    operation: str
    parameters: dict[str, float]

    def __call__(self, x: Array) -> Array:
        return np.asarray(OPERATIONS[self.operation].run(x, **self.parameters))


def plan_rows(figures: Figures, tensor: str) -> int:
    """How many cells of a tensor are told."""
    rows, cols = figures.shown(tensor).shape
    return rows * cols


def _index(figures: Figures, target: Address) -> dict[str, int]:
    return dict(zip(figures.trace.axes(target.tensor), target.index, strict=True))
