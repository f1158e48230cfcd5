"""Tally: a number that counts on while the terms of a sum arrive."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from layeranim import layout, numbers
from layeranim.engine.trace import Region
from layeranim.layout import even
from layeranim.stories.stage.figures import Figures
from layeranim.stories.stage.parts.base import HEADING, Moment, Single, heading_at
from layeranim.stories.stage.plans import Plan, TallyPlan
from layeranim.stories.stage.solver import Extent, Setting, Spot
from layeranim.stories.stage.verbs import Clear, Tell, Verb
from layeranim.stories.stage.written import so_far
from layeranim.stories.storyboard import Box, Fact, Line, Run

HIGH = 72.0
SIZE = 40


@dataclass(frozen=True)
class Tally(Single):
    """The sum that becomes a cell of ``tensor``, term by term."""

    kind = "tally"

    def _width(self, figures: Figures) -> float:
        wide = max(figures.wide(self.tensor, cells=False), layout.widest([f"{numbers.MINUS}00"]))
        return even(wide * SIZE + 40)

    def measure(self, s: Setting) -> Extent:
        return Extent(self._width(s.figures), HIGH / 2 + HEADING, HIGH / 2)

    def place(self, s: Setting, spot: Spot) -> Iterator[Plan]:
        width = self._width(s.figures)
        box = Box(even(spot.x - width / 2), even(spot.y + HIGH / 2), width, HIGH)
        line: Line = (Run(self.text, "ink", "semibold", Fact("name")),)
        yield TallyPlan(f"{self.tensor}:tally", box, SIZE, line, heading_at(line, box, spot.width))

    def changes(self, figures: Figures, plan: Plan, moment: Moment) -> Iterator[Verb]:
        yield Clear(plan.name)

    def writes(self, figures: Figures, plan: Plan, region: Region, moment: Moment) -> Iterator[Verb]:
        if region.tensor == self.tensor and moment.target.tensor == self.tensor:
            yield Tell(plan.name, tuple(self._lines(figures, moment)))
        elif region.tensor == self.tensor:  # what is made of it is told of: it is there at once
            yield from self.closes(figures, plan, moment.unit)

    def passes(self, figures: Figures, plan: Plan, first: int, last: int) -> Iterator[Verb]:
        yield Clear(plan.name)

    def closes(self, figures: Figures, plan: Plan, unit: int) -> Iterator[Verb]:
        target = figures.cell_of(self.tensor, unit, {})
        yield Tell(plan.name, ((Run(figures.text(target), "result", "semibold", target),),))

    def _lines(self, figures: Figures, moment: Moment) -> Iterator[Line]:
        """The sums so far, of the terms that are not zero; the last is the cell itself."""
        style = figures.style(self.tensor)
        for total in so_far(figures, moment.target) if moment.taught else ():
            yield (Run(numbers.text(total, style), "ink", source=Fact("sum so far")),)
        yield (Run(figures.text(moment.target), "result", "semibold", moment.target),)
