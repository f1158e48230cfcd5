"""Leading: of a sum of more terms than anybody reads the largest, each with its two factors, in lines of text."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from layeranim import numbers, theme
from layeranim.engine.trace import Region
from layeranim.layout import even
from layeranim.records import dataclass
from layeranim.stories import phrases
from layeranim.stories.stage.figures import Figures
from layeranim.stories.stage.language import Apart
from layeranim.stories.stage.parts.base import HEADING, Actor, Moment
from layeranim.stories.stage.parts.table import starts
from layeranim.stories.stage.plans import Plan, TablePlan
from layeranim.stories.stage.slices import Covered
from layeranim.stories.stage.solver import Extent, Setting, Spot, Unfit
from layeranim.stories.stage.sums import parted
from layeranim.stories.stage.verbs import Arrive, Clear, Verb
from layeranim.stories.storyboard import Box, Fact, Line, Point, Run

MOST = 5
SIZE = theme.FLOOR
ROW, BETWEEN = 36.0, 26.0


@dataclass(frozen=True)
class Leading(Actor):
    """The largest ``products`` of the unit under way under ``heads``: which, the two factors, the product.

    ``axis`` is the one along which the products of a unit lie; which place on it a product has is said, counted from 1.
    There are ``most`` of them; where the film writes the others as one number this has the last row.
    """

    products: str
    heads: tuple[str, str, str, str]
    axis: str
    most: int = MOST

    kind = "leading"
    about = "products"

    def _count(self, figures: Figures) -> int:
        apart = self._apart(figures)
        return min(len(apart.shown) or apart.most if apart else self.most, figures.trace.size(self.axis))

    def _lines(self, figures: Figures) -> int:
        """How many rows there are, those with the heads and with the others among them."""
        return 1 + self._count(figures) + (self._apart(figures) is not None)

    def _apart(self, figures: Figures) -> Apart | None:
        """What stands apart from all others in the film's sums of these products."""
        size = figures.trace.size(self.axis)
        own = (one for one in figures.film.apart if one.tensor == self.products)
        return next((one for one in own if min(len(one.shown) or size, one.most) < size), None)

    def _widths(self, figures: Figures) -> list[float]:
        heads = [phrases.width((Run(head, weight="semibold"),), SIZE) for head in self.heads]
        size = figures.trace.size(self.axis)
        last = phrases.so_many("other", "others", size - self._count(figures)) if self._apart(figures) else str(size)
        place = phrases.width((Run(last),), SIZE)
        reads = (region.tensor for region in figures.acted(self.products, 0).step.reads)
        numbers_ = [figures.wide(name, False) * SIZE for name in (*reads, self.products)]
        return [max(pair) for pair in zip(heads, [place, *numbers_], strict=True)]

    def _said(self, figures: Figures) -> Line:
        size = figures.trace.size(self.axis)
        if size <= self._count(figures):
            return ()
        apart = self._apart(figures)
        which = "" if apart and apart.shown else "the "
        largest = "" if apart and apart.shown else " largest"
        return (Run(f"{which}{self._count(figures)}{largest} of {size} products", source=Fact("count")),)

    def measure(self, s: Setting) -> Extent:
        if s.figures.trace.tensor(self.products).labels is not None:
            raise Unfit(self.products)
        widths = self._widths(s.figures)
        half = self._lines(s.figures) * ROW / 2
        wide = sum(widths) + BETWEEN * (len(widths) - 1)
        return Extent(max(wide, phrases.width(self._said(s.figures), theme.NAME)), half + HEADING, half)

    def place(self, s: Setting, spot: Spot) -> Iterator[Plan]:
        widths = self._widths(s.figures)
        wide, high = sum(widths) + BETWEEN * (len(widths) - 1), self._lines(s.figures) * ROW
        box = Box(even(spot.x - wide / 2), even(spot.y + high / 2), wide, high)
        heads: list[tuple[Point, Line]] = []
        for end, head in zip(_ends(box.x, widths), self.heads, strict=True):
            line: Line = phrases.name(head)
            heads.append(((end - phrases.width(line, SIZE), box.y - 28), line))
        said = self._said(s.figures)
        if said:
            heads.append(((spot.x - phrases.width(said, SIZE) / 2, box.y + 12), said))
        yield TablePlan(self.names[0], box, tuple(heads), (box.y - ROW,), SIZE, ROW)

    # ── acts ─────────────────────────────────────────────────────────────────
    def largest(self, figures: Figures, unit: int) -> tuple[Covered, list[int]]:
        """The products of a unit, and the places of the largest among them by size, first come first."""
        cells, apart = figures.covered(figures.acted(self.products, unit).writes), self._apart(figures)
        if apart:
            return cells, parted(figures, apart, cells)[0]
        sizes = np.nan_to_num(np.abs(numbers.rounded(figures.read(cells))), nan=np.inf)
        return cells, [int(k) for k in np.argsort(-sizes, kind="stable")[: self._count(figures)]]

    def _rows(self, figures: Figures, plan: TablePlan, unit: int) -> Arrive:
        cells, picked = self.largest(figures, unit)
        left, right = figures.factors(figures.acted(self.products, unit))
        ends, rows = _ends(plan.box.x, self._widths(figures)), []
        at = figures.trace.axes(self.products).index(self.axis)
        for row, k in enumerate(picked):
            index: Line = (Run(str(cells[k].index[at] + 1), source=Fact("place")),)
            lines = [index, *((figures.number(cell),) for cell in (left[k], right[k], cells[k]))]
            y = plan.box.y - (row + 1) * ROW - 28
            rows.append(
                tuple(((end - phrases.width(line, SIZE), y), line) for end, line in zip(ends, lines, strict=True))
            )
        if apart := self._apart(figures):
            others = parted(figures, apart, cells)[1]
            said: Line = (
                Run(phrases.so_many("other", "others", len(cells) - len(picked)), source=Fact("hidden terms")),
            )
            number: Line = (Run(numbers.text(others.values[0], others.style), source=others.source(0)),)
            y = plan.box.y - (len(picked) + 1) * ROW - 28
            rows.append(tuple(((end - phrases.width(line, SIZE), y), line)
                              for end, line in ((ends[0], said), (ends[-1], number))))  # fmt: skip
        return Arrive(plan.name, tuple(rows))

    def changes(self, figures: Figures, plan: TablePlan, moment: Moment) -> Iterator[Verb]:
        if moment.taught:
            yield Clear(plan.name)

    def writes(self, figures: Figures, plan: TablePlan, region: Region, moment: Moment) -> Iterator[Verb]:
        yield self._rows(figures, plan, moment.unit)

    def closes(self, figures: Figures, plan: TablePlan, unit: int) -> Iterator[Verb]:
        yield self._rows(figures, plan, unit)

    def passes(self, figures: Figures, plan: TablePlan, first: int, last: int) -> Iterator[Verb]:
        yield self._rows(figures, plan, last)


def _ends(x: float, widths: list[float]) -> list[float]:
    return [at + width for at, width in zip(starts(x, widths, BETWEEN), widths, strict=True)]
