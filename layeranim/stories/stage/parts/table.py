"""Table: lines of text in columns; a row arrives with the unit that it is about."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate

from layeranim import theme
from layeranim.engine.trace import Region
from layeranim.layout import even
from layeranim.records import dataclass
from layeranim.stories import phrases
from layeranim.stories.stage.figures import Figures
from layeranim.stories.stage.parts.base import Actor, Moment
from layeranim.stories.stage.plans import Plan, TablePlan
from layeranim.stories.stage.solver import Extent, Setting, Spot, Unfit
from layeranim.stories.stage.verbs import Arrive, Verb
from layeranim.stories.storyboard import Box, Fact, Line, Point, Run

SIZE = theme.NOTE
ROW, BETWEEN = 40.0, 40.0
MANY = 9
"""Of more rows none are drawn: nobody would read them."""


@dataclass(frozen=True)
class Table(Actor):
    """Rows of text under ``heads``; ``row(unit)`` gives the cells of a unit's row, which arrives when ``tensor`` is
    written in that unit. ``count`` is how many there are."""

    tensor: str
    heads: tuple[str, ...]
    row: Callable[[Figures, int], Sequence[Line]]
    count: int

    kind = "table"

    def _widths(self, figures: Figures) -> list[float]:
        """Of every column the widest of what it will hold."""
        lines: list[list[Line]] = [[(Run(head, weight="semibold"),) for head in self.heads]]
        lines += [list(self.row(figures, unit)) for unit in range(self.count)]
        return [max(phrases.width(row[i], SIZE) for row in lines) for i in range(len(self.heads))]

    def measure(self, s: Setting) -> Extent:
        if not s.look.numerals or self.count > MANY:
            raise Unfit(self.tensor)
        half = (self.count + 1) * ROW / 2
        widths = self._widths(s.figures)
        return Extent(sum(widths) + BETWEEN * (len(widths) - 1), half, half)

    def place(self, s: Setting, spot: Spot) -> Iterator[Plan]:
        widths = self._widths(s.figures)
        wide = sum(widths) + BETWEEN * (len(widths) - 1)
        box = Box(even(spot.x - wide / 2), even(spot.y + (self.count + 1) * ROW / 2), wide, (self.count + 1) * ROW)
        heads: list[tuple[Point, Line]] = []
        for x, head in zip(starts(box.x, widths), self.heads, strict=True):
            heads.append(((x, box.y - 26), (Run(head, "muted", "semibold", Fact("name")),)))
        yield TablePlan(self.names[0], box, tuple(heads), (box.y - ROW + 2,), SIZE, ROW)

    # ── acts ─────────────────────────────────────────────────────────────────
    def _rows(self, figures: Figures, plan: TablePlan, units: range) -> tuple[tuple[tuple[Point, Line], ...], ...]:
        begin = starts(plan.box.x, self._widths(figures))
        return tuple(
            tuple(((x, plan.box.y - (unit + 1) * ROW - 26), line)
                  for x, line in zip(begin, self.row(figures, unit), strict=True))
            for unit in units if unit < self.count
        )  # fmt: skip

    def writes(self, figures: Figures, plan: TablePlan, region: Region, moment: Moment) -> Iterator[Verb]:
        yield Arrive(plan.name, self._rows(figures, plan, range(moment.unit, moment.unit + 1)))

    def passes(self, figures: Figures, plan: TablePlan, first: int, last: int) -> Iterator[Verb]:
        yield Arrive(plan.name, self._rows(figures, plan, range(first, last + 1)))


def starts(x: float, widths: Sequence[float], between: float = BETWEEN) -> list[float]:
    """Where columns of these widths begin that stand so far from each other."""
    return [*accumulate(widths, lambda at, width: at + width + between, initial=x)][:-1]
