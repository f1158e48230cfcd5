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
from layeranim.stories.stage.plans import Plan
from layeranim.stories.stage.travel import blocks_of
from layeranim.stories.stage.verbs import Fill, Frame, Ghost, Verb
from layeranim.stories.storyboard import GridPlan

Cells = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Painted(Grid):
    """A tensor of which every unit has a whole picture, the one before it with something added; without a lens."""

    lens: bool = False
    adds: ClassVar[bool] = True

    def writes(self, figures: Figures, plan: Plan, region: Region, moment: Moment) -> Iterator[Verb]:
        grid = _plan(plan)
        if not grid.holds(region):
            return
        where = tuple(product(*grid.block(region)))
        yield self._filled(figures, grid, moment.unit, where)
        if min(grid.pitch) < FRAMED_LEAST:
            return
        yield Frame(grid.name, blocks_of(grid, region), "result")
        told = figures.here_of(moment.target)
        if moment.taught and grid.numeral and moment.target.tensor == self.tensor and grid.holds(told):
            yield Frame(grid.name, blocks_of(grid, told), "result")

    def opens(self, figures: Figures, plan: Plan, unit: int) -> Iterator[Verb]:
        grid = _plan(plan)
        cells = figures.cells(self.shown(figures), figures.stop - 1, bool(grid.numeral))
        yield Ghost(grid.name, cells, _every(grid))

    def changes(self, figures: Figures, plan: Plan, moment: Moment) -> Iterator[Verb]:
        """Where the film begins later, what the units before it have made lies there."""
        grid = _plan(plan)
        if moment.unit == figures.first > 0:
            yield self._filled(figures, grid, moment.unit - 1, _every(grid))

    def passes(self, figures: Figures, plan: Plan, first: int, last: int) -> Iterator[Verb]:
        yield self._filled(figures, _plan(plan), last, _every(_plan(plan)))

    def stays(self, figures: Figures, plan: Plan, unit: int) -> bool:
        return False

    def closes(self, figures: Figures, plan: Plan, unit: int) -> Iterator[Verb]:
        yield self._filled(figures, _plan(plan), figures.stop - 1, _every(_plan(plan)))

    def _filled(self, figures: Figures, grid: GridPlan, unit: int, where: Cells) -> Fill:
        return Fill(grid.name, figures.cells(self.shown(figures), unit, bool(grid.numeral)), where)


def _plan(plan: Plan) -> GridPlan:
    assert isinstance(plan, GridPlan)
    return plan


def _every(grid: GridPlan) -> Cells:
    return tuple(product(range(grid.rows), range(grid.cols)))
