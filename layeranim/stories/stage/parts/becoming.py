"""Becoming: cells whose numbers turn into others, step by step: a score is scaled, capped, masked. Turning: pixels.

Painted: cells that keep what every unit so far has made; each adds its part where it belongs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from itertools import product
from typing import ClassVar

from layeranim import theme
from layeranim.engine.trace import Region
from layeranim.layout import Fit
from layeranim.records import dataclass
from layeranim.stories import phrases
from layeranim.stories.stage.figures import Figures
from layeranim.stories.stage.parts.base import Moment
from layeranim.stories.stage.parts.grid import FRAMED_LEAST, Grid
from layeranim.stories.stage.parts.picture import Picture
from layeranim.stories.stage.plans import Plan
from layeranim.stories.stage.solver import Extent, Setting, Spot
from layeranim.stories.stage.travel import blocks_of
from layeranim.stories.stage.verbs import Frame, Ghost, Name, Verb, everywhere
from layeranim.stories.storyboard import GridPlan, Line


@dataclass(frozen=True)
class Becoming(Grid):
    """A grid of ``tensor`` in whose cells other tensors of the same shape stand first.

    ``before`` are these with their headings, in the order in which they are made; each takes the place of the one
    before it, ``tensor`` that of the last. ``along`` names the columns' axis of those in which it is called otherwise.
    A ``kept`` one shows units that pass by, too, and ends with the last.
    """

    before: tuple[tuple[str, str], ...] = ()
    along: tuple[tuple[str, str], ...] = ()
    kept: bool = False

    @property
    def draws(self) -> tuple[str, ...]:
        return (*(name for name, _ in self.before), self.tensor)

    def _as(self, tensor: str) -> Grid:
        """The same grid while one of its tensors stands in it."""
        text = dict(self.before).get(tensor, self.text)
        held = {one.name: getattr(self, one.name) for one in fields(Grid)}
        cols = dict(self.along).get(tensor, self.cols)
        return Grid(**held | {"tensor": tensor, "text": text, "cols": cols})

    def fit(self, s: Setting) -> tuple[Fit, tuple[int, int]]:
        return super().fit(replace(s, wide=max(s.wide, *map(s.figures.wide, self.draws))))

    def _lens(self, s: Setting) -> Fit:
        widest = max(self.draws, key=s.figures.wide)
        return Grid._lens(self._as(widest), s)

    def measure(self, s: Setting) -> Extent:
        need = super().measure(s)
        return replace(need, width=max(need.width, self._widest(s))) if not self.beside else need

    def place(self, s: Setting, spot: Spot) -> Iterator[Plan]:
        """A tensor that is given stands there from the first frame on, though what it becomes is still to be made."""
        first = self.draws[0]
        given = not s.figures.made(first) and s.figures.made(self.tensor)
        for plan in super().place(s, spot):
            if given and isinstance(plan, GridPlan) and not plan.lens:
                own = self._as(first)
                cells = s.figures.cells(own.shown(s.figures), s.figures.first, bool(plan.numeral))
                plan = replace(plan, empty=False, cells=cells, heading=own.heading(s.figures, s.figures.first))
            if isinstance(plan, GridPlan) and plan.heading_at and not self.beside:
                x, y = plan.heading_at  # so far left that there is room for the widest, which comes later
                plan = replace(plan, heading_at=(min(x, spot.x + spot.width / 2 - self._widest(s)), y))
            yield plan

    def _widest(self, s: Setting) -> float:
        """The width of the widest of its headings."""
        return max(phrases.width(self._as(name).heading(s.figures), theme.NAME) for name in self.draws)

    def named(self, figures: Figures, tensor: str) -> Line:
        """What one of its tensors is called on the stage."""
        return self._as(tensor).heading(figures)[:1]

    def reads(self, figures: Figures, plan: GridPlan, region: Region, moment: Moment) -> Iterator[Verb]:
        if region.tensor == self.tensor:
            yield from super().reads(figures, plan, region, moment)
        else:
            yield from self._as(region.tensor).reads(figures, self._of(plan, region), region, moment)

    def writes(self, figures: Figures, plan: GridPlan, region: Region, moment: Moment) -> Iterator[Verb]:
        here = self._as(region.tensor)
        if not plan.lens and len(self.draws) > 1:
            yield Name(plan.name, here.heading(figures, moment.unit))
        yield from here.writes(figures, self._of(plan, region), region, moment)

    def passes(self, figures: Figures, plan: GridPlan, first: int, last: int) -> Iterator[Verb]:
        yield from self._shows(figures, plan, last) if self.kept else super().passes(figures, plan, first, last)

    def stays(self, figures: Figures, plan: GridPlan, unit: int) -> bool:
        return not self.kept and super().stays(figures, plan, unit)

    def closes(self, figures: Figures, plan: GridPlan, unit: int) -> Iterator[Verb]:
        yield from self._shows(figures, plan, figures.stop - 1) if self.kept else super().closes(figures, plan, unit)

    def _shows(self, figures: Figures, plan: GridPlan, unit: int) -> Iterator[Verb]:
        """All of a unit at once."""
        if not plan.lens:
            yield self._filled(figures, plan, unit)

    def _of(self, plan: GridPlan, region: Region) -> GridPlan:
        """The plan while it shows another of its tensors."""
        axis = dict(self.along).get(region.tensor)
        if axis is None or plan.col_axis is None:
            return replace(plan, tensor=region.tensor)
        joints = tuple((axis if name == plan.col_axis else name, size) for name, size in plan.joints)
        return replace(plan, tensor=region.tensor, col_axis=axis, joints=joints)


@dataclass(frozen=True)
class Turning(Becoming, Picture):
    """A picture of ``tensor`` in whose pixels the tensors ``before`` it stand first, each with its heading."""


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
