"""Others: what the terms of a sum that stand nowhere on the stage come to, as one number; Rest: those of every row."""

from __future__ import annotations

from collections.abc import Iterator

from layeranim import numbers, theme
from layeranim.engine.trace import Region
from layeranim.layout import even
from layeranim.records import dataclass
from layeranim.stories import phrases
from layeranim.stories.stage.figures import Figures
from layeranim.stories.stage.parts.base import Actor, Moment
from layeranim.stories.stage.parts.grid import Grid
from layeranim.stories.stage.parts.names import LEAST, OVER
from layeranim.stories.stage.plans import Plan, TablePlan
from layeranim.stories.stage.solver import Extent, Node, Setting, Spot
from layeranim.stories.stage.sums import added, parted
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


@dataclass(frozen=True)
class Rest(Actor):
    """Beside a ``grid`` what the cells of each of its rows that are not drawn come to: ``0.86`` under ``52 others``.

    Where rows are too low for text it is the number of the row under way alone, in the middle.
    """

    grid: Grid

    kind = "rest"
    about = "title"
    clings = True

    @property
    def title(self) -> str:
        return self.grid.title

    @property
    def draws(self) -> tuple[str, ...]:
        return (self.grid.tensor,)

    def _heads(self, figures: Figures) -> tuple[Line, Line]:
        """How many they are, a line over the other: it is no wider than a number."""
        axis = str(self.grid.cols)
        hidden, words = figures.trace.size(axis) - figures.size(axis), Fact("hidden terms")
        return (Run(str(hidden), source=words),), (Run("other" if hidden == 1 else "others", source=words),)

    def _line(self, figures: Figures, unit: int) -> Line:
        """What the cells of the row of a unit that are not drawn come to."""
        axes, tensor = figures.trace.axes(self.grid.tensor), self.grid.tensor
        here = figures.indices(figures.cell_of(tensor, unit, figures.inner(unit))) | dict(self.grid.at)
        row = Region(tensor, tuple((axis, here[axis]) for axis in axes if axis != self.grid.cols))
        values = figures.trace.read(row)[~figures.stand(figures.covered(row))]
        return (Run(numbers.text(added(values), figures.style(tensor)), "ink", source=Fact("others")),)

    def measure(self, s: Setting) -> Extent:
        own, figures = self.grid.measure(s), s.figures
        heads = (phrases.width(head, SIZE) for head in self._heads(figures))
        wide = max(*heads, figures.wide(self.grid.tensor) * SIZE)
        fit, (rows, _) = self.grid.fit(s)
        return Extent(even(wide), max(own.up, fit.height(rows) / 2 + theme.HEADING_GAP + OVER + SIZE), own.down)

    def place(self, s: Setting, spot: Spot) -> Iterator[Plan]:
        fit, (rows, _) = self.grid.fit(s)
        wide, x = self.measure(s).width, spot.x
        box = Box(even(x - wide / 2), even(spot.y + fit.height(rows) / 2), wide, fit.height(rows))
        ends = [box.y + theme.HEADING_GAP + above for above in (OVER, 0.0)]
        heads = tuple(((x - phrases.width(head, SIZE) / 2, y), head)
                      for y, head in zip(ends, self._heads(s.figures), strict=True))  # fmt: skip
        yield TablePlan(self.names[0], box, heads, (), SIZE, fit.pitch[1])

    # ── acts ─────────────────────────────────────────────────────────────────
    def _arrives(self, figures: Figures, plan: TablePlan, units: range) -> Iterator[Verb]:
        low, rows = plan.high < LEAST, []
        for unit in units[-1:] if low else units:
            line, row = self._line(figures, unit), figures.flat(str(self.grid.rows), figures.here(unit))
            middle = plan.box.h / 2 if low else (row + 0.5) * plan.high - theme.CELL_GAP / 2
            rows.append((((plan.box.centre[0] - phrases.width(line, SIZE) / 2, plan.box.y - middle - 8), line),))
        yield Arrive(plan.name, tuple(rows))

    def changes(self, figures: Figures, plan: TablePlan, moment: Moment) -> Iterator[Verb]:
        if plan.high < LEAST:
            yield Clear(plan.name)

    def writes(self, figures: Figures, plan: TablePlan, region: Region, moment: Moment) -> Iterator[Verb]:
        yield from self._arrives(figures, plan, range(moment.unit, moment.unit + 1))

    def passes(self, figures: Figures, plan: TablePlan, first: int, last: int) -> Iterator[Verb]:
        yield from self._arrives(figures, plan, range(first, last + 1))

    def closes(self, figures: Figures, plan: TablePlan, unit: int) -> Iterator[Verb]:
        if plan.high < LEAST:
            yield from self._arrives(figures, plan, range(unit, unit + 1))


def rest(grid: Grid, hidden: bool) -> tuple[Node, ...]:
    """What stands beside a grid of which not all columns are drawn; nothing where all are."""
    return (Rest(grid),) if hidden else ()
