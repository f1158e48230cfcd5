"""Dials: angles as clock hands, one for each pair of features; each turns at a speed of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from layeranim import theme
from layeranim.engine.trace import Region
from layeranim.layout import even
from layeranim.records import dataclass
from layeranim.stories import phrases
from layeranim.stories.stage.figures import Figures
from layeranim.stories.stage.parts.base import HEADING, Moment, Single, heading, heading_at
from layeranim.stories.stage.plans import DialsPlan, Plan
from layeranim.stories.stage.solver import Extent, Setting, Spot, Unfit
from layeranim.stories.stage.verbs import Clear, Spin, Verb
from layeranim.stories.storyboard import Line, Run

RADIUS, RADIUS_LEAST = 46.0, 26.0
SAID = 30.0
"""The height of what a hand says, under its dial."""
APART = 10.0


@dataclass(frozen=True)
class Dials(Single):
    """The cells of ``tensor`` at the unit, angles in radians, as hands of clocks from top to bottom."""

    kind = "dials"

    def _count(self, figures: Figures) -> int:
        return figures.trace.tensor(self.tensor).shape[-1]

    def _radius(self, s: Setting) -> float:
        """The largest that all have room for one under another."""
        room = (theme.STAGE_TOP - theme.STAGE_BOTTOM - 2 * HEADING) / self._count(s.figures)
        radius = min(RADIUS, (room - SAID - APART) / 2)
        if radius < RADIUS_LEAST or not s.look.numerals:
            raise Unfit(self.tensor)
        return even(radius)

    def _heading(self, figures: Figures) -> Line:
        return heading(figures, self.tensor, self.text)[:1]

    def measure(self, s: Setting) -> Extent:
        radius, count = self._radius(s), self._count(s.figures)
        half = (count * (2 * radius + SAID + APART) - APART) / 2
        wide = s.figures.wide(self.tensor) * theme.FLOOR
        title = phrases.width(self._heading(s.figures), theme.NAME)
        return Extent(max(2 * radius, wide, title), half + HEADING, half)

    def place(self, s: Setting, spot: Spot) -> Iterator[Plan]:
        radius, count = self._radius(s), self._count(s.figures)
        step = 2 * radius + SAID + APART
        top = spot.y + (count * step - APART) / 2 - radius
        centres = tuple((even(spot.x), even(top - i * step)) for i in range(count))
        plan = DialsPlan(self.names[0], centres, radius, self._heading(s.figures))
        at = heading_at(plan.heading, plan.box, spot.width)
        yield replace(plan, heading_at=at)

    def writes(self, figures: Figures, plan: Plan, region: Region, moment: Moment) -> Iterator[Verb]:
        yield self._turned(figures, plan.name, moment.unit, max(0, moment.unit - 1))

    def passes(self, figures: Figures, plan: Plan, first: int, last: int) -> Iterator[Verb]:
        yield Clear(plan.name)
        yield self._turned(figures, plan.name, last, last)

    def _turned(self, figures: Figures, name: str, unit: int, before: int) -> Spin:
        hands, start = (self._hands(figures, one) for one in (unit, before))
        shown = figures.shown(self.tensor, None, figures.trace.axes(self.tensor)[-1])
        index = figures.index(shown, unit)
        cells = [index(0, i) for i in range(len(hands))]
        said = tuple((Run(figures.text(address), "ink", source=address),) for address in cells)
        return Spin(name, hands, start, said)

    def _hands(self, figures: Figures, unit: int) -> tuple[float, ...]:
        shown = figures.shown(self.tensor, None, figures.trace.axes(self.tensor)[-1])
        return tuple(np.asarray(figures.values(shown, unit), float).ravel().tolist())
