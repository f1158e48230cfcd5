"""Chip: an activation between two parts, its curve drawn small in an outline, its name over it, or its name alone."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from layeranim import theme
from layeranim.engine.replay import OPERATIONS
from layeranim.engine.trace import Array, Region
from layeranim.layout import even
from layeranim.records import dataclass
from layeranim.stories import phrases
from layeranim.stories.activations import activation_name
from layeranim.stories.stage.axes import Axes, finite
from layeranim.stories.stage.figures import Figures
from layeranim.stories.stage.parts.base import HEADING, Actor, Moment
from layeranim.stories.stage.plans import ChipPlan, Plan
from layeranim.stories.stage.solver import Extent, Setting, Spot
from layeranim.stories.stage.verbs import Clear, Points, Verb
from layeranim.stories.storyboard import Address, Box, Fact, Line, Point, Run

WIDE, HIGH, INSET = 80.0, 64.0, 8.0
NAMED, NAME_SIDE = 44.0, 12.0
"""The height of one that has its name alone, and the room on either side of that."""
REACH, REACH_MOST = 4.0, 12.0
"""So far to either side of 0 the curve is drawn, and at most so far if the numbers go that far."""
POINTS = 81


@dataclass(frozen=True)
class Chip(Actor):
    """The function that makes ``y`` of ``x``: the operation of the step that writes it, and where on it a unit is."""

    x: str
    y: str

    kind = "chip"
    about = "y"

    def _heading(self, figures: Figures) -> Line:
        step = figures.acted(self.y).step
        named = str(dict(step.parameters).get("name", step.operation.replace("_", "-")))
        return (Run(activation_name(named), "muted", "semibold", Fact("activation")),)

    def measure(self, s: Setting) -> Extent:
        if not self._curved(s.figures):
            return Extent(self._wide(s.figures), NAMED / 2, NAMED / 2)
        name = phrases.width(self._heading(s.figures), theme.NAME)
        return Extent(max(WIDE, even(name)), HIGH / 2 + HEADING, HIGH / 2)

    def _curved(self, figures: Figures) -> bool:
        """Whether it is a function of one number: softmax takes several together."""
        return figures.acted(self.y).step.operation == "activate"

    def _wide(self, figures: Figures) -> float:
        """An outline around the name."""
        return even(phrases.width(self._heading(figures), theme.NAME) + 2 * NAME_SIDE)

    def place(self, s: Setting, spot: Spot) -> Iterator[Plan]:
        curved, line = self._curved(s.figures), self._heading(s.figures)
        wide, high = (WIDE, HIGH) if curved else (self._wide(s.figures), NAMED)
        box = Box(even(spot.x - wide / 2), even(spot.y + high / 2), wide, high)
        base = box.y + theme.HEADING_GAP - 4 if curved else spot.y - theme.NAME * 0.34
        at = spot.x - phrases.width(line, theme.NAME) / 2, base
        yield ChipPlan(self.names[0], box, self._curve(s.figures, box) if curved else (), line, at)

    def _curve(self, figures: Figures, box: Box) -> tuple[Point, ...]:
        """The function around 0, as high as its box."""
        put, x, y = self._axes(figures, box)
        return tuple(put(float(a), float(b)) for a, b in zip(x, y, strict=True))

    def _axes(self, figures: Figures, box: Box) -> tuple[Axes, Array, Array]:
        """From numbers to places in the box, and the curve in numbers: as far as the numbers reach, within reason."""
        step = figures.acted(self.y).step
        reach = min(REACH_MOST, max(REACH, float(np.abs(finite(figures.ranges.sample(self.x))).max())))
        x = np.linspace(-reach, reach, POINTS)
        y = np.asarray(OPERATIONS["activate"].run(x, **dict(step.parameters)))
        low, high = float(min(y.min(), 0.0)), float(max(y.max(), 0.0))
        return Axes(box.outset(-INSET), (-reach, reach), (low, high if high > low else low + 1.0)), x, y

    # ── acts ─────────────────────────────────────────────────────────────────
    def changes(self, figures: Figures, plan: ChipPlan, moment: Moment) -> Iterator[Verb]:
        yield Clear(plan.name)

    def writes(self, figures: Figures, plan: ChipPlan, region: Region, moment: Moment) -> Iterator[Verb]:
        """The point of this unit, where the curve reaches so far."""
        if not plan.curve or moment.target.tensor != self.y:
            return
        put, x, _ = self._axes(figures, plan.box)
        at = figures.value(Address(self.x, moment.target.index))
        if x[0] <= at <= x[-1]:
            yield Points(plan.name, (put(at, figures.value(moment.target)),))

    def passes(self, figures: Figures, plan: ChipPlan, first: int, last: int) -> Iterator[Verb]:
        yield Clear(plan.name)
