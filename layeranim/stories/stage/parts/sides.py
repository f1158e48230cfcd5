"""Sides: the terms of a sum on two heaps, for and against; with what is added besides, they come to the sum."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from layeranim import layout, numbers, theme
from layeranim.engine.trace import Array, Region
from layeranim.layout import Fit, even
from layeranim.records import dataclass
from layeranim.stories import phrases
from layeranim.stories.stage.axes import LARGEST
from layeranim.stories.stage.figures import Figures
from layeranim.stories.stage.parts import names
from layeranim.stories.stage.parts.bars import LEAST, MOST, SPACE
from layeranim.stories.stage.parts.base import Actor, Moment
from layeranim.stories.stage.plans import BarsPlan, Lengths, Plan, Strand
from layeranim.stories.stage.slices import Places
from layeranim.stories.stage.solver import Extent, Setting, Spot, Unfit
from layeranim.stories.stage.verbs import Grow, Verb
from layeranim.stories.storyboard import Cells, Fact, GridPlan, Line, Run, Source

HIGH = 38.0
"""A bar with its gap."""
SAMPLE = 400
"""The scale is that of so many units at most: of more, bars beyond it end where the room does."""


@dataclass(frozen=True)
class Sides(Actor):
    """What the ``products`` of a unit come to above and below zero, the ``bias`` if there is one, and the ``total``.

    The heaps are numbers of the story, added up from the terms; bias and sum are cells.
    """

    products: str
    total: str
    bias: str = ""

    kind = "sides"
    about = "total"

    def _called(self) -> tuple[str, ...]:
        return ("for", "against", *(("bias",) if self.bias else ()), "sum")

    def heaps(self, figures: Figures, unit: int) -> tuple[float, float]:
        """What the terms of a unit come to above zero, and below."""
        return heaped(figures.read(figures.covered(figures.acted(self.products, unit).writes)))

    def _values(self, figures: Figures, unit: int) -> tuple[list[float], list[Source]]:
        """The numbers of one unit's bars, and where they come from."""
        for_, against = self.heaps(figures, unit)
        cells = [figures.cell_of(name, unit, {}) for name in (*((self.bias,) if self.bias else ()), self.total)]
        return [for_, against, *map(figures.value, cells)], [Fact("for"), Fact("against"), *cells]

    def _reach(self, figures: Figures) -> tuple[float, float]:
        """How far bars go to either side, whichever unit is under way."""
        units = range(0, figures.count, max(1, -(-figures.count // SAMPLE)))
        values = np.nan_to_num([value for unit in units for value in self._values(figures, unit)[0]],
                               posinf=0.0, neginf=0.0)  # fmt: skip
        return float(np.clip(-values.min(initial=0.0), 0, LARGEST)), float(np.clip(values.max(initial=0.0), 0, LARGEST))

    def _room(self, figures: Figures) -> float:
        """What a number beside a bar takes."""
        low, high = self._reach(figures)
        ends = numbers.texts(np.array([-low, high]), figures.style(self.total)).tolist()
        return max(layout.widest(ends), figures.wide(self.total, False)) * theme.FLOOR * 1.1 + SPACE

    def measure(self, s: Setting) -> Extent:
        if s.figures.trace.tensor(self.total).labels is not None:
            raise Unfit(self.total)
        half = len(self._called()) * HIGH / 2
        named = names.beside(self._called(), Fit((1.0, HIGH), 0))
        return Extent(LEAST + 2 * self._room(s.figures) + named, half, half, MOST - LEAST)

    def place(self, s: Setting, spot: Spot) -> Iterator[Plan]:
        called, room, (low, high) = self._called(), self._room(s.figures), self._reach(s.figures)
        named = names.beside(called, Fit((1.0, HIGH), 0))
        width = spot.width - named
        at = even(spot.x - width / 2 + named / 2), even(spot.y + len(called) * HIGH / 2)
        zero = even(at[0] + room + (width - 2 * room) * low / ((low + high) or 1.0))
        yield BarsPlan(self.names[0], Strand(self.total, None), len(called), at, HIGH, even(HIGH * 0.56), width,
                       zero, theme.FLOOR)  # fmt: skip
        rails = GridPlan(self.names[0], self.total, len(called), 1, at, (width, HIGH))
        yield from names.named_beside(rails, called)

    # ── acts ─────────────────────────────────────────────────────────────────
    def _content(self, figures: Figures, plan: BarsPlan, unit: int) -> Lengths:
        values, sources = self._values(figures, unit)
        (low, high), room = self._reach(figures), self._room(figures)
        scale = (plan.width - 2 * room) / ((low + high) or 1.0)
        shown = np.clip(np.nan_to_num(values, posinf=0.0, neginf=0.0), -low, high)
        texts = [numbers.text(value, figures.style(self.total)) if isinstance(source, Fact) else figures.text(source)
                 for value, source in zip(values, sources, strict=True)]  # fmt: skip
        levels = numbers.levels(np.array(values), max(low, high))[:, None]
        cells = Cells(levels, np.array(texts, object)[:, None], sources=Places(tuple(sources)))
        return Lengths(tuple((shown * scale).tolist()), cells)

    def _grown(self, figures: Figures, plan: BarsPlan, unit: int, rows: range, pale: bool = False) -> Grow:
        return Grow(plan.name, self._content(figures, plan, unit), tuple(rows), pale)

    def opens(self, figures: Figures, plan: BarsPlan, unit: int) -> Iterator[Verb]:
        yield self._grown(figures, plan, unit, range(len(self._called())), pale=True)

    def writes(self, figures: Figures, plan: BarsPlan, region: Region, moment: Moment) -> Iterator[Verb]:
        yield self._grown(figures, plan, moment.unit, range(len(self._called())))

    def closes(self, figures: Figures, plan: BarsPlan, unit: int) -> Iterator[Verb]:
        yield self._grown(figures, plan, unit, range(len(self._called())))

    def passes(self, figures: Figures, plan: BarsPlan, first: int, last: int) -> Iterator[Verb]:
        yield self._grown(figures, plan, last, range(len(self._called())))


def heaped(terms: Array) -> tuple[float, float]:
    """The sums of the terms above zero and of those below; what is no number is in neither."""
    with np.errstate(all="ignore"):
        return float(np.sum(terms, where=terms > 0)), float(np.sum(terms, where=terms < 0))


def weighed(figures: Figures, sides: Sides, unit: int) -> Line:
    """``for 9.81 + against −5.46 + bias 1.30 = 5.65``."""
    style, (above, below) = figures.style(sides.total), sides.heaps(figures, unit)
    cells = [figures.cell_of(name, unit, {}) for name in (*((sides.bias,) if sides.bias else ()), sides.total)]
    texts = [numbers.text(above, style), numbers.text(below, style), *map(figures.text, cells)]
    *parts, total = texts
    out: list[Line] = [
        (Run("for "), Run(parts[0], "positive", source=Fact("for"))),
        (Run("against "), Run(numbers.factor(parts[1]), "negative", source=Fact("against"))),
    ]
    out += [(Run("bias "), Run(numbers.factor(parts[2]), "weights", source=cells[0]))] if sides.bias else []
    relation = numbers.relation([(part,) for part in parts], total)
    return (*phrases.join(out), phrases.relation_run(relation), phrases.result(total, cells[-1]))
