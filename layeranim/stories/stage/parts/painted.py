"""Painted: a grid that keeps what every unit so far has made; each adds its part where it belongs."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import ClassVar

from layeranim.engine.trace import Region
from layeranim.records import dataclass
from layeranim.stories.stage.figures import Figures
from layeranim.stories.stage.parts.base import Moment
from layeranim.stories.stage.parts.grid import FRAMED_LEAST, Grid
from layeranim.stories.stage.travel import blocks_of
from layeranim.stories.stage.verbs import Frame, Ghost, Verb, everywhere
from layeranim.stories.storyboard import GridPlan

Cells = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Painted(Grid):
    """A tensor of which every unit has a whole picture, the one before it with something added; without a lens."""

    lens: bool = False
    adds: ClassVar[bool] = True

    def writes(self, figures: Figures, plan: GridPlan, region: Region, moment: Moment) -> Iterator[Verb]:
        if not plan.holds(region):
            return
        where = tuple(product(*plan.block(region)))
        yield self._filled(figures, plan, moment.unit, where)
        if min(plan.pitch) < FRAMED_LEAST:
            return
        yield Frame(plan.name, blocks_of(plan, region), "result")
        told = figures.here_of(moment.target)
        if moment.taught and plan.numeral and moment.target.tensor == self.tensor and plan.holds(told):
            yield Frame(plan.name, blocks_of(plan, told), "result")

    def opens(self, figures: Figures, plan: GridPlan, unit: int) -> Iterator[Verb]:
        yield Ghost(plan.name, self._content(figures, plan, figures.stop - 1), everywhere(plan))

    def changes(self, figures: Figures, plan: GridPlan, moment: Moment) -> Iterator[Verb]:
        """Where the film begins later, what the units before it have made lies there."""
        if moment.unit == figures.first > 0:
            yield self._filled(figures, plan, moment.unit - 1)

    def passes(self, figures: Figures, plan: GridPlan, first: int, last: int) -> Iterator[Verb]:
        yield self._filled(figures, plan, last)

    def stays(self, figures: Figures, plan: GridPlan, unit: int) -> bool:
        return False

    def closes(self, figures: Figures, plan: GridPlan, unit: int) -> Iterator[Verb]:
        yield self._filled(figures, plan, figures.stop - 1)
