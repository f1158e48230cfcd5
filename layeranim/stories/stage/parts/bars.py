"""Bars and Stacked: numbers as lengths from a common zero, and shares piled up to exactly 1."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from layeranim import layout, theme
from layeranim.engine.trace import Array, Region
from layeranim.layout import Fit, even
from layeranim.records import dataclass
from layeranim.stories import phrases
from layeranim.stories.stage.axes import LARGEST
from layeranim.stories.stage.figures import Figures
from layeranim.stories.stage.parts import names
from layeranim.stories.stage.parts.base import HEADING, Moment, Single, heading, heading_at, unsized
from layeranim.stories.stage.plans import BarsPlan, Lengths, Plan, StackPlan, Strand
from layeranim.stories.stage.slices import Shown
from layeranim.stories.stage.solver import Extent, Setting, Spot
from layeranim.stories.stage.verbs import Clear, Grow, Light, Verb
from layeranim.stories.storyboard import Box, GridPlan, Line

LEAST, MOST = 96.0, 240.0
"""Width of the bars alone, without their numerals."""
SPACE = 10.0
"""Between a bar's end and its numeral."""
STACK = 64.0
LIT_LEAST = 12.0
"""Bars that are lower than this are not outlined one by one."""


@dataclass(frozen=True)
class Bars(Single):
    """The cells of ``tensor`` along its one axis, or along ``rows`` for the unit under way, as bars; the numbers stand
    at their ends. ``called`` are names of the rows; with a ``pitch`` of their own these are as high in a stage of
    colours too, and have their numbers.
    """

    rows: str | None = None
    called: tuple[str, ...] = ()
    pitch: float = 0.0

    kind = "bars"

    def shown(self, figures: Figures) -> Shown:
        return figures.shown(self.tensor, self.rows)

    def follows(self, figures: Figures) -> bool:
        """Whether it shows something else at every unit."""
        return self.rows is not None and figures.follows(self.shown(figures))

    def _sides(self, figures: Figures) -> tuple[float, float]:
        """How much of the range lies left and right of zero, whichever unit is under way: at least ten of what the last
        digit counts, or the longest bar would stand beside a number that reads as zero."""
        every = figures.trace[self.tensor] if self.follows(figures) else figures.values(self.shown(figures))
        values, style = _drawn(every), figures.style(self.tensor)
        low, high = max(0.0, -float(values.min(initial=0.0))), max(0.0, float(values.max(initial=0.0)))
        least = 0.0 if style.scientific or figures.ranges.power(self.tensor) else 10.0 ** (1 - style.decimals)
        if 0 < max(low, high) < least:
            return (low, least) if high >= low else (least, high)
        return low, high

    def _margins(self, s: Setting) -> tuple[float, float]:
        """The room that numerals take left and right of the bars."""
        if not self._numbered(s):
            return 0.0, 0.0
        room = s.figures.wide(self.tensor) * self._size(s) + SPACE
        low, _ = self._sides(s.figures)
        return (room if low else 0.0), room

    def _size(self, s: Setting) -> int:
        """Of a numeral; 0 where there are none."""
        return max(theme.FLOOR, min(theme.NUMERAL, int(self._pitch(s) * layout.LINE_SHARE))) if self._numbered(s) else 0

    def _numbered(self, s: Setting) -> bool:
        return s.look.numerals or self.pitch > 0

    def _pitch(self, s: Setting) -> float:
        """From row to row."""
        return self.pitch or s.look.pitch

    def _beside(self, s: Setting) -> float:
        """The room of the rows' names."""
        return names.beside(self.called, Fit((1.0, self._pitch(s)), 0))

    def measure(self, s: Setting) -> Extent:
        rows, _ = self.shown(s.figures).shape
        left, right = self._margins(s)
        half = rows * self._pitch(s) / 2
        title = phrases.width(self._heading(s.figures), theme.NAME)
        return Extent(max(LEAST + left + right, title) + self._beside(s), half + HEADING, half, MOST - LEAST)

    def _heading(self, figures: Figures) -> Line:
        return heading(figures, self.tensor, self.text)

    def place(self, s: Setting, spot: Spot) -> Iterator[Plan]:
        rows, _ = self.shown(s.figures).shape
        left, right = self._margins(s)
        low, high = self._sides(s.figures)
        pitch, named = self._pitch(s), self._beside(s)
        width = spot.width - named
        at = even(spot.x - width / 2 + named / 2), even(spot.y + (rows * pitch - theme.CELL_GAP) / 2)
        zero = at[0] + left + (width - left - right) * low / ((low + high) or 1.0)
        thick = max(min(pitch, 1.0), pitch * 0.56) if pitch >= 8 else pitch
        strand = Strand(self.tensor, self.shown(s.figures).rows, tuple(s.figures.fixed.items()))
        line = self._heading(s.figures)
        box = Box(*at, width, rows * pitch)
        yield BarsPlan(self.names[0], strand, rows, at, pitch, thick, width, even(zero), self._size(s),
                       line, heading_at(line, box, width))  # fmt: skip
        if named:
            rails = GridPlan(self.names[0], self.tensor, rows, 1, at, (width, pitch))
            yield from names.named_beside(rails, self.called)

    def _content(self, figures: Figures, plan: BarsPlan, unit: int) -> Lengths:
        shown = self.shown(figures)
        values = _drawn(figures.values(shown, unit))[:, 0]
        low, high = self._sides(figures)
        left = plan.zero - plan.at[0]
        room = figures.wide(self.tensor) * plan.numeral + SPACE if plan.numeral else 0.0
        scale = min(
            (plan.at[0] + plan.width - room - plan.zero) / high if high else np.inf,
            (left - (room if low else 0.0)) / low if low else np.inf,
        )
        scale = 0.0 if not np.isfinite(scale) else scale
        return figures.lengths(values, scale, figures.cells(shown, unit, bool(plan.numeral)))

    def reads(self, figures: Figures, plan: BarsPlan, region: Region, moment: Moment) -> Iterator[Verb]:
        if plan.pitch >= LIT_LEAST:
            rows = tuple(plan.strand.places(region, plan.rows))
            lengths = figures.values(self.shown(figures), moment.unit)
            yield Light(plan.name, tuple(row for row in rows if lengths[row, 0]) or rows)  # around 0 there is no bar

    def writes(self, figures: Figures, plan: BarsPlan, region: Region, moment: Moment) -> Iterator[Verb]:
        yield Grow(plan.name, self._content(figures, plan, moment.unit), tuple(plan.strand.places(region, plan.rows)))

    def opens(self, figures: Figures, plan: BarsPlan, unit: int) -> Iterator[Verb]:
        pale = figures.made(self.tensor)
        yield Grow(plan.name, self._content(figures, plan, unit), tuple(range(plan.rows)), pale=pale)

    def closes(self, figures: Figures, plan: BarsPlan, unit: int) -> Iterator[Verb]:
        shown, rows = self.shown(figures), tuple(range(plan.rows))
        if self.follows(figures) and figures.reached(self.tensor):
            if figures.pieces(shown) and figures.passing(self.tensor, unit):
                beside = figures.beside(shown, unit)
                rows = tuple(dict.fromkeys(figures.flat(shown.rows, figures.here(one)) for one in beside))
            yield from (Clear(plan.name), Grow(plan.name, self._content(figures, plan, unit), rows))

    def changes(self, figures: Figures, plan: BarsPlan, moment: Moment) -> Iterator[Verb]:
        shown = self.shown(figures)
        if self.follows(figures) and figures.turns(shown, moment.unit):
            whole = moment.brief and figures.pieces(shown)
            if not whole:
                yield Clear(plan.name)
            if whole or not figures.made(self.tensor):
                yield Grow(plan.name, self._content(figures, plan, moment.unit), tuple(range(plan.rows)))

    def passes(self, figures: Figures, plan: BarsPlan, first: int, last: int) -> Iterator[Verb]:
        shown = self.shown(figures)
        if not figures.pieces(shown) or not figures.passing(self.tensor, last):
            return
        since = figures.since(shown, first, last)
        if self.follows(figures) and figures.turns(shown, since):
            yield Clear(plan.name)
        rows = dict.fromkeys(figures.flat(shown.rows, figures.here(unit)) for unit in range(since, last + 1))
        yield Grow(plan.name, self._content(figures, plan, last), tuple(rows))


@dataclass(frozen=True)
class Stacked(Single):
    """The shares of ``tensor`` piled up in a column whose height is 1."""

    kind = "stack"

    def shown(self, figures: Figures) -> Shown:
        return figures.shown(self.tensor, None)

    def _heading(self, figures: Figures) -> Line:
        """Without its shape: behind a text that ends in a number it would read as one."""
        return unsized(heading(figures, self.tensor, self.text))

    def measure(self, s: Setting) -> Extent:
        rows, _ = self.shown(s.figures).shape
        half = max(rows * s.look.pitch, 160.0) / 2
        width = max(STACK, s.figures.wide(self.tensor) * theme.FLOOR + 16)
        title = phrases.width(self._heading(s.figures), theme.NAME)
        return Extent(max(width, title), half + HEADING, half)

    def place(self, s: Setting, spot: Spot) -> Iterator[Plan]:
        rows, _ = self.shown(s.figures).shape
        width = max(STACK, even(s.figures.wide(self.tensor) * theme.FLOOR + 16))
        high = max(rows * s.look.pitch - theme.CELL_GAP, 160.0)
        box = Box(even(spot.x - width / 2), even(spot.y + high / 2), width, even(high))
        strand = Strand(self.tensor, self.shown(s.figures).rows, tuple(s.figures.fixed.items()))
        line = self._heading(s.figures)
        yield StackPlan(self.names[0], strand, rows, box, theme.FLOOR, line,
                        heading_at(line, box, spot.width))  # fmt: skip

    def _content(self, figures: Figures, plan: StackPlan, unit: int) -> Lengths:
        shown = self.shown(figures)
        values = np.clip(_drawn(figures.values(shown, unit))[:, 0], 0.0, 1.0)
        return figures.lengths(values, plan.box.h, figures.cells(shown, unit))

    def writes(self, figures: Figures, plan: StackPlan, region: Region, moment: Moment) -> Iterator[Verb]:
        yield Grow(plan.name, self._content(figures, plan, moment.unit), tuple(plan.strand.places(region, plan.rows)))

    def closes(self, figures: Figures, plan: StackPlan, unit: int) -> Iterator[Verb]:
        if figures.follows(self.shown(figures)):
            yield from (Clear(plan.name), Grow(plan.name, self._content(figures, plan, unit), tuple(range(plan.rows))))

    def changes(self, figures: Figures, plan: StackPlan, moment: Moment) -> Iterator[Verb]:
        """Where a unit has shares of its own, those of the one before leave, if there is time to see the new ones."""
        if moment.taught and figures.made(self.tensor) and figures.follows(self.shown(figures)):
            yield Clear(plan.name)

    def opens(self, figures: Figures, plan: StackPlan, unit: int) -> Iterator[Verb]:
        yield Grow(plan.name, self._content(figures, plan, unit), tuple(range(plan.rows)), pale=True)

    def passes(self, figures: Figures, plan: StackPlan, first: int, last: int) -> Iterator[Verb]:
        yield Grow(plan.name, self._content(figures, plan, last), tuple(range(first, last + 1)))


def _drawn(values: Array) -> Array:
    """Bars that can be drawn: what is no number, or infinite, has none."""
    return np.clip(np.nan_to_num(np.asarray(values, np.float64), posinf=0.0, neginf=0.0), -LARGEST, LARGEST)
