"""Arcs: words that look at words, in one row or two; the wider an arc, the larger its weight."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from layeranim import numbers, theme, typeface
from layeranim.engine.trace import Region
from layeranim.layout import even
from layeranim.records import dataclass
from layeranim.stories import phrases
from layeranim.stories.stage.figures import Figures
from layeranim.stories.stage.parts.base import HEADING, Actor, Moment
from layeranim.stories.stage.parts.names import short
from layeranim.stories.stage.plans import ArcsPlan, Plan
from layeranim.stories.stage.solver import Extent, Setting, Spot, Unfit
from layeranim.stories.stage.verbs import Arc, Bend, Clear, Verb
from layeranim.stories.storyboard import Box, Fact, Line, Point, Run

BETWEEN, BETWEEN_MOST = 26.0, 64.0
"""Between neighbouring words."""
WORD = 34.0
"""The height of a row of words, with air towards the arcs."""
RISE, RISE_MOST = 150.0, 240.0
"""From one row to the other, or from the words to the top of the highest arc."""
SAID = 34.0
"""The height of the weights in numbers."""
THICK, THIN = 16.0, 1.0
"""Design pixels of a weight of 1, and of the least that is drawn."""
FOOT, SIDE = 11.0, 38.0
"""How far from its middle the arc of a word to itself stands, and is drawn out."""
LEAST, KEPT = 0.005, 0.25
"""Smaller weights have no arc; those of words that are done stay from this weight on."""
MANY = 24
"""More words in a row are not drawn."""


@dataclass(frozen=True)
class Arcs(Actor):
    """The weights of ``tensor`` from the word of the unit to all words that it looks at.

    ``reading`` are the words that look, in the order of the units, ``read`` those looked at, in that of the tensor's
    last axis. Where both are one row of words, ``read`` is left out and the arcs rise over it; of two rows the words
    that look are written as they come. ``at`` keeps to one head, ``rise`` is the least height of the arcs, ``firm``
    ones stand in a stage of colours too, ``text`` is written over them, and
    words stand at least ``between`` apart.
    """

    tensor: str
    reading: tuple[str, ...]
    read: tuple[str, ...] = ()
    at: tuple[tuple[str, int], ...] = ()
    rise: float = RISE
    firm: bool = False
    text: str = ""
    between: float = BETWEEN

    @property
    def names(self) -> tuple[str, ...]:
        return (":".join([self.tensor, *(str(place) for _, place in self.at), "arcs"]),)

    # ── room ─────────────────────────────────────────────────────────────────
    def _rows(self) -> tuple[tuple[str, ...], ...]:
        return (self.reading, self.read) if self.read else (self.reading,)

    def _widths(self, s: Setting, words: Sequence[str]) -> list[float]:
        """The room of each word: its own, or that of a weight under it."""
        number = s.figures.wide(self.tensor) * theme.FLOOR
        return [max(typeface.width(short(word), theme.NAME, "medium"), number) for word in words]

    def measure(self, s: Setting) -> Extent:
        if not (s.look.numerals or self.firm) or max(map(len, self._rows())) > MANY:
            raise Unfit(self.tensor)
        wide = [sum(self._widths(s, row)) + self.between * (len(row) - 1) for row in self._rows()]
        most = max(len(row) - 1 for row in self._rows())
        half = (self.rise + WORD * len(self._rows()) + SAID + (HEADING if self.text else 0.0)) / 2
        wide.append(phrases.width((Run(self.text, weight="semibold"),), theme.NAME) if self.text else 0.0)
        return Extent(max(wide), half, half, most * (BETWEEN_MOST - self.between), (RISE_MOST - self.rise) / 2)

    def place(self, s: Setting, spot: Spot) -> Iterator[Plan]:
        half = min(spot.up, spot.down)
        top, bottom = even(spot.y + half - (HEADING if self.text else 0.0)), even(spot.y - half)
        low = bottom + SAID + 10  # the baseline of the words that are looked at
        rows = [(self.reading, top - 24), (self.read, low)] if self.read else [(self.reading, low)]
        places = [self._across(s, words, spot) for words, _ in rows]
        words: tuple[tuple[Point, Line], ...] = tuple(
            ((x - typeface.width(short(word), theme.NAME) / 2, y), (Run(short(word), "ink", source=Fact("word")),))
            for (row, y), xs in zip(rows, places, strict=True)
            for word, x in zip(row, xs, strict=True)
        )
        ends = tuple((x, low + 28) for x in places[-1])
        starts = tuple((x, top - 36) for x in places[0]) if self.read else ends
        box = Box(spot.x - spot.width / 2, top, spot.width, top - bottom)
        later = len(self.reading) if self.read else 0
        if self.text:
            head: Line = phrases.name(self.text)
            x = box.centre[0] - phrases.width(head, theme.NAME) / 2
            words = (*words, ((x, top + theme.HEADING_GAP), head))
        yield ArcsPlan(self.names[0], words, starts, ends, theme.NAME, box, later)

    def _across(self, s: Setting, words: Sequence[str], spot: Spot) -> list[float]:
        """The middles of the words of a row."""
        widths = self._widths(s, words)
        spare = (spot.width - sum(widths)) / max(1, len(words) - 1)
        gap = min(BETWEEN_MOST, max(self.between, spare))
        x, out = spot.x - (sum(widths) + gap * (len(words) - 1)) / 2, []
        for width in widths:
            out.append(even(x + width / 2))
            x += width + gap
        return out

    # ── acts ─────────────────────────────────────────────────────────────────
    def arcs(self, figures: Figures, plan: ArcsPlan, unit: int, said: bool, least: float) -> tuple[Arc, ...]:
        """The arcs of one word, from ``least`` weight on."""
        shown = figures.shown(self.tensor, None, figures.trace.axes(self.tensor)[-1], self.at)
        values = np.nan_to_num(np.asarray(figures.values(shown, unit), float).ravel())
        levels, index = numbers.heat_levels(values), figures.index(shown, unit)
        out = []
        for k, (value, level) in enumerate(zip(values.tolist(), levels.tolist(), strict=True)):
            text: Line = (Run(figures.text(index(0, k)), "probability", source=index(0, k)),) if said else ()
            x, y = plan.ends[k]
            width = max(THIN, THICK * min(1.0, value)) if value >= least else 0.0
            if width or text:
                out.append(Arc(self._course(plan, unit, k), width, int(level), text, (x, y - 28 - SAID)))
        return tuple(out)

    def _course(self, plan: ArcsPlan, unit: int, k: int) -> tuple[Point, Point, Point, Point]:
        a, b = plan.starts[unit], plan.ends[k]
        if self.read:
            bend = (a[1] - b[1]) * 0.5
            return a, (a[0], a[1] - bend), (b[0], b[1] + bend), b
        reach = max(abs(x - y) for (x, _) in plan.ends for (y, _) in plan.ends[:1]) or 1.0
        high = (plan.box.y - a[1] - 12) * 4 / 3 * max(0.25, (abs(a[0] - b[0]) / reach) ** 0.5)
        if a == b:  # its feet stand apart: where they met, a wide line would end in a point over the word
            a, b = (a[0] - FOOT, a[1]), (b[0] + FOOT, b[1])
            return a, (a[0] - SIDE, a[1] + high), (b[0] + SIDE, b[1] + high), b
        return a, (a[0], a[1] + high), (b[0], b[1] + high), b

    def writes(self, figures: Figures, plan: ArcsPlan, region: Region, moment: Moment) -> Iterator[Verb]:
        if moment.unit < len(plan.starts):
            yield Bend(plan.name, self.arcs(figures, plan, moment.unit, False, KEPT), stay=True)
            yield Bend(plan.name, self.arcs(figures, plan, moment.unit, True, LEAST), moment.unit)

    def opens(self, figures: Figures, plan: ArcsPlan, unit: int) -> Iterator[Verb]:
        every = (arc for u in range(len(plan.starts)) for arc in self.arcs(figures, plan, u, False, KEPT))
        yield Bend(plan.name, tuple(every), pale=True)

    def closes(self, figures: Figures, plan: ArcsPlan, unit: int) -> Iterator[Verb]:
        """Over one row of words all arcs at once: who finds whom."""
        if not self.read:
            units = range(figures.first, min(figures.stop, len(plan.starts)))
            yield Bend(plan.name, tuple(a for u in units for a in self.arcs(figures, plan, u, False, KEPT)))

    def changes(self, figures: Figures, plan: ArcsPlan, moment: Moment) -> Iterator[Verb]:
        yield Clear(plan.name)

    def passes(self, figures: Figures, plan: ArcsPlan, first: int, last: int) -> Iterator[Verb]:
        yield Clear(plan.name)
        units = range(first, min(last + 1, len(plan.starts)))
        arcs = tuple(a for u in units for a in self.arcs(figures, plan, u, False, KEPT))
        yield Bend(plan.name, arcs, len(units) and units[-1], stay=True)
