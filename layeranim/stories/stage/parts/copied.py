"""Copied: what a window covers, copied out of its tensor in numbers, so that they can be compared."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import field, replace

import numpy as np

from layeranim.engine.trace import Array, Region
from layeranim.layout import even
from layeranim.records import dataclass
from layeranim.stories.stage.figures import Figures
from layeranim.stories.stage.language import Mask
from layeranim.stories.stage.parts.base import Moment, heading_at
from layeranim.stories.stage.parts.grid import Grid
from layeranim.stories.stage.plans import Plan
from layeranim.stories.stage.slices import Listed, Shown
from layeranim.stories.stage.solver import Setting, Spot
from layeranim.stories.stage.travel import placed
from layeranim.stories.stage.verbs import Carry, Clear, Fill, Frame, Ghost, Verb, everywhere
from layeranim.stories.storyboard import Cells, GridPlan

COPY = "window"
"""What its plan is called."""
SEEN = "windows"
"""The tensor of windows that a copy stands for."""


@dataclass(frozen=True, eq=False)
class Taken:
    """What a unit's window covers: the numbers and whence, (rows, columns) of the largest window; which cells are
    padding or beyond this window (``mask``), and the place of the number that is chosen, where one is.
    """

    values: Array
    sources: Listed
    mask: Mask
    chosen: tuple[int, int] | None = None

    def places(self) -> list[tuple[int, int]]:
        """Rows and columns of the cells that hold data, in reading order."""
        ghost = self.mask.ghost if self.mask.ghost is not None else np.zeros(self.values.shape, bool)
        return [(int(r), int(c)) for r, c in np.argwhere(~ghost)]

    def dimmed(self, numerals: bool) -> Mask:
        """All but the chosen number dimmed; where there are no numerals all stay, to be compared by their colours."""
        if self.chosen is None or not numerals:
            return self.mask
        dim = np.ones(self.values.shape, bool)
        dim[self.chosen] = False
        return Mask(self.mask.ghost, dim, void=self.mask.void)


@dataclass(frozen=True)
class Copied(Grid):
    """The cells of ``tensor`` that are ``taken`` in a unit; ``shape`` is that of the largest window.

    Copies travel there from their cells. When the step that writes ``made`` has chosen one, it is framed, the others
    dim.
    """

    shape: tuple[int, int] = (1, 1)
    taken: Callable[[int], Taken] = field(kw_only=True)
    made: str = ""

    @property
    def draws(self) -> tuple[str, ...]:
        return self.tensor, self.made

    @property
    def names(self) -> tuple[str, ...]:
        return (COPY,)

    def shown(self, figures: Figures) -> Shown:
        return Shown(self.tensor, None, None, self.shape)

    def _copies(self, figures: Figures, plan: GridPlan, unit: int, done: bool) -> Cells:
        taken, numerals = self.taken(unit), bool(plan.numeral)
        mask = taken.dimmed(numerals) if done else taken.mask
        return figures.listed(taken.values, taken.sources, numerals, mask)

    def place(self, s: Setting, spot: Spot) -> Iterator[Plan]:
        fit, (rows, cols) = self.fit(s)
        at = even(spot.x - fit.width(cols) / 2), even(spot.y + fit.height(rows) / 2)
        plan = GridPlan(COPY, SEEN, rows, cols, at, fit.pitch, fit.numeral, empty=True, frame="focus")
        line = self.heading(s.figures, s.figures.first)
        yield replace(plan, heading=line, heading_at=heading_at(line, plan.box, spot.width))

    # ── acts ─────────────────────────────────────────────────────────────────
    def opens(self, figures: Figures, plan: GridPlan, unit: int) -> Iterator[Verb]:
        yield Ghost(COPY, self._copies(figures, plan, unit, False), everywhere(plan))

    def changes(self, figures: Figures, plan: GridPlan, moment: Moment) -> Iterator[Verb]:
        if moment.taught:
            yield Clear(COPY)

    def reads(self, figures: Figures, plan: GridPlan, region: Region, moment: Moment) -> Iterator[Verb]:
        cells, taken = self._copies(figures, plan, moment.unit, False), self.taken(moment.unit)
        goals = taken.places()
        found = [placed(figures.placed.values(), figures, taken.sources(*at)) for at in goals] if plan.numeral else []
        starts = [one for one in found if one]
        if not moment.taught or not starts or len(starts) < len(goals):
            yield Fill(COPY, cells, everywhere(plan))
            return
        rest = tuple(at for at in everywhere(plan) if at not in goals)
        if rest:
            yield Fill(COPY, cells, rest)
        yield Carry(COPY, starts[0][0].name, tuple(one[1:] for one in starts), tuple(goals), cells)

    def writes(self, figures: Figures, plan: GridPlan, region: Region, moment: Moment) -> Iterator[Verb]:
        chosen = self.taken(moment.unit).chosen
        if region.tensor == self.made and chosen is not None:
            (row, col) = chosen
            yield Fill(COPY, self._copies(figures, plan, moment.unit, True), everywhere(plan))
            yield Frame(COPY, ((row, row, col, col),), "result")

    def passes(self, figures: Figures, plan: GridPlan, first: int, last: int) -> Iterator[Verb]:
        yield Clear(COPY)

    def closes(self, figures: Figures, plan: GridPlan, unit: int) -> Iterator[Verb]:
        yield Fill(COPY, self._copies(figures, plan, unit, True), everywhere(plan))
