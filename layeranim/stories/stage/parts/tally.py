"""Tally: a number that counts on while the terms of a sum arrive."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from layeranim import layout, numbers
from layeranim.engine.trace import Region
from layeranim.layout import even
from layeranim.records import dataclass
from layeranim.stories import phrases
from layeranim.stories.stage.figures import Figures
from layeranim.stories.stage.language import All
from layeranim.stories.stage.parts.base import HEADING, Moment, Single, heading_at
from layeranim.stories.stage.parts.copied import COPY, Taken
from layeranim.stories.stage.plans import Plan, TallyPlan
from layeranim.stories.stage.solver import Extent, Setting, Spot
from layeranim.stories.stage.sums import running, so_far
from layeranim.stories.stage.travel import placed
from layeranim.stories.stage.verbs import Clear, Pour, Tell, Verb
from layeranim.stories.storyboard import Box, Fact, Line, Run

HIGH = 72.0
SIZE = 40


@dataclass(frozen=True)
class Tally(Single):
    """The sum that becomes a cell of ``tensor``, term by term.

    Where it counts what is ``taken`` from a window, a sum, the largest so far or a norm, its terms come one by one from
    the copy of the window, or from the window itself; ``made`` is the tensor in whose step they do, if another.
    """

    taken: Callable[[int], Taken] | None = None
    made: str = ""

    kind = "tally"

    @property
    def draws(self) -> tuple[str, ...]:
        return (self.tensor, self.made) if self.made else (self.tensor,)

    def _width(self, figures: Figures) -> float:
        wide = max(figures.wide(self.tensor, cells=False), layout.widest([f"{numbers.MINUS}00"]))
        return even(wide * SIZE + 40)

    def measure(self, s: Setting) -> Extent:
        return Extent(self._width(s.figures), HIGH / 2 + HEADING, HIGH / 2)

    def place(self, s: Setting, spot: Spot) -> Iterator[Plan]:
        width = self._width(s.figures)
        box = Box(even(spot.x - width / 2), even(spot.y + HIGH / 2), width, HIGH)
        line: Line = phrases.name(self.text)
        yield TallyPlan(f"{self.tensor}:tally", box, SIZE, line, heading_at(line, box, spot.width))

    def _stays(self, figures: Figures) -> bool:
        """Whether it counts what is made of all units at once, which units do not begin anew."""
        return any(isinstance(act, All) and self.tensor in act.writes for act in figures.film.acts)

    def changes(self, figures: Figures, plan: TallyPlan, moment: Moment) -> Iterator[Verb]:
        if not self._stays(figures):
            yield Clear(plan.name)

    def terms(self, figures: Figures, plan: TallyPlan, moment: Moment) -> Iterator[tuple[Verb, ...]]:
        """Number after number of the window runs into it."""
        target, style = figures.cell_of(self.tensor, moment.unit, {}), figures.style(self.tensor)
        totals = running(figures, target) if self.taken else ()
        texts = [*(numbers.text(total, style) for total in totals), *([figures.text(target)] if totals else [])]
        for text, place in zip(texts, self._places(figures, moment.unit), strict=False):
            yield Pour((place,), plan.box.centre), Tell(plan.name, ((Run(text, "ink", source=Fact("so far")),),))

    def _places(self, figures: Figures, unit: int) -> list[tuple[str, int, int]]:
        """Where the numbers of the window stand as numerals, in reading order."""
        if self.taken is None:
            return []
        taken = self.taken(unit)
        copy = figures.placed.get(COPY)
        if copy is not None:
            return [(COPY, row, col) for row, col in taken.places()] if copy.numeral else []
        cells = [taken.sources(row, col) for row, col in taken.places()]
        found = [placed(figures.placed.values(), figures, cell) for cell in cells]
        return [(one[0].name, *one[1:]) for one in found if one]

    def writes(self, figures: Figures, plan: TallyPlan, region: Region, moment: Moment) -> Iterator[Verb]:
        if self.taken is not None:
            if region.tensor == self.tensor:
                yield from self.closes(figures, plan, moment.unit)
            return
        if region.tensor == self.tensor and moment.target.tensor == self.tensor:
            yield Tell(plan.name, tuple(self._lines(figures, moment)))
        elif region.tensor == self.tensor:  # what is made of it is told of: it is there at once
            yield from self.closes(figures, plan, moment.unit)

    def passes(self, figures: Figures, plan: TallyPlan, first: int, last: int) -> Iterator[Verb]:
        if not self._stays(figures):
            yield Clear(plan.name)

    def closes(self, figures: Figures, plan: TallyPlan, unit: int) -> Iterator[Verb]:
        target = figures.cell_of(self.tensor, unit, figures.inner(unit))
        yield Tell(plan.name, ((Run(figures.text(target), "result", "semibold", target),),))

    def _lines(self, figures: Figures, moment: Moment) -> Iterator[Line]:
        """The sums so far, of the terms that are not zero; the last is the cell itself."""
        style = figures.style(self.tensor)
        for total in so_far(figures, moment.target) if moment.taught else ():
            yield (Run(numbers.text(total, style), "ink", source=Fact("sum so far")),)
        yield (Run(figures.text(moment.target), "result", "semibold", moment.target),)
