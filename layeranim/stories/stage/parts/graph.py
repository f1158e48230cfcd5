"""Graph: a curve that several steps make together, with a point at the cell that each unit follows."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from layeranim.engine.trace import Array, Region
from layeranim.records import dataclass
from layeranim.stories.stage.axes import finite, rounded
from layeranim.stories.stage.figures import Figures
from layeranim.stories.stage.parts.base import Moment
from layeranim.stories.stage.parts.curve import POINTS, Curve
from layeranim.stories.stage.plans import CurvePlan
from layeranim.stories.stage.verbs import Points, Slide, Verb
from layeranim.stories.storyboard import Point

Range = tuple[float, float]


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
