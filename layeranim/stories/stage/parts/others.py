"""Others: what the terms of a sum that stand nowhere on the stage come to, as one number."""

from __future__ import annotations

from collections.abc import Iterator

from layeranim import numbers, theme
from layeranim.engine.trace import Region
from layeranim.layout import even
from layeranim.records import dataclass
from layeranim.stories import phrases
from layeranim.stories.stage.figures import Figures
from layeranim.stories.stage.parts.base import Actor, Moment
from layeranim.stories.stage.plans import Plan, TablePlan
from layeranim.stories.stage.solver import Extent, Setting, Spot
from layeranim.stories.stage.sums import parted
from layeranim.stories.stage.verbs import Arrive, Clear, Verb
from layeranim.stories.storyboard import Box, Fact, Line, Run

SIZE, ROW = theme.FLOOR, 36.0


@dataclass(frozen=True)
class Others(Actor):
    """``6 others −12``: of the sum ``total`` those of its ``parts`` that the film writes as one number (``Apart``)."""

    parts: str
    total: str

    kind = "others"
    about = "parts"

    @property
    def draws(self) -> tuple[str, ...]:
        return (self.total,)

    def _row(self, figures: Figures, unit: int) -> tuple[Line, Line]:
        """How many they are, and what they come to."""
        apart = next(one for one in figures.film.apart if one.tensor == self.parts)
        cells = figures.covered(Region(self.parts), figures.cell_of(self.total, unit, figures.inner(unit)))
        shown, rest = parted(figures, apart, cells)
        many = phrases.so_many("other", "others", len(cells) - len(shown))
        return (
            (Run(many, source=Fact("hidden terms")),),
            (Run(numbers.text(rest.values[0], rest.style), "ink", source=rest.source(0)),),
        )

    def _wide(self, figures: Figures) -> float:
        """A number of other cells may be longer than one of them."""
        many = phrases.width(self._row(figures, figures.first)[0], SIZE)
        return even(many + 12 + figures.wide(self.parts, cells=False) * SIZE * 1.5)

    def measure(self, s: Setting) -> Extent:
        return Extent(self._wide(s.figures), ROW / 2, ROW / 2)

    def place(self, s: Setting, spot: Spot) -> Iterator[Plan]:
        wide = self._wide(s.figures)
        yield TablePlan(
            self.names[0], Box(even(spot.x - wide / 2), even(spot.y + ROW / 2), wide, ROW), (), (), SIZE, ROW
        )

    # ── acts ─────────────────────────────────────────────────────────────────
    def _arrives(self, figures: Figures, plan: TablePlan, unit: int) -> Arrive:
        many, number = self._row(figures, unit)
        whole = phrases.width(many, SIZE) + 12 + phrases.width(number, SIZE)
        x, y = plan.box.centre[0] - whole / 2, plan.box.y - 28
        return Arrive(plan.name, ((((x, y), many), ((x + whole - phrases.width(number, SIZE), y), number)),))

    def changes(self, figures: Figures, plan: TablePlan, moment: Moment) -> Iterator[Verb]:
        if moment.taught:
            yield Clear(plan.name)

    def writes(self, figures: Figures, plan: TablePlan, region: Region, moment: Moment) -> Iterator[Verb]:
        yield self._arrives(figures, plan, moment.unit)

    def closes(self, figures: Figures, plan: TablePlan, unit: int) -> Iterator[Verb]:
        yield self._arrives(figures, plan, unit)

    def passes(self, figures: Figures, plan: TablePlan, first: int, last: int) -> Iterator[Verb]:
        yield Clear(plan.name)
