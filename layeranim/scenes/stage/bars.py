"""Bars that grow from a zero line, and shares that pile up to a full column."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from layeranim import theme as t
from layeranim.borrowed import Animation, VMobject
from layeranim.scenes.parts.animate import Appear, Follow
from layeranim.scenes.parts.label import Label, TextLine, numeral
from layeranim.scenes.parts.shape import Bundle, place
from layeranim.scenes.parts.shapes import polyline, rectangle
from layeranim.scenes.stage.drawn import DrawnPlan
from layeranim.stories.stage.plans import BarsPlan, Lengths, StackPlan
from layeranim.stories.storyboard import Box
from layeranim.theme import Theme

SPACE = 10.0


class BarField(DrawnPlan[BarsPlan]):
    """The bars of one plan; what stands from the start is the zero line and the heading."""

    def __init__(self, plan: BarsPlan, theme: Theme) -> None:
        super().__init__(plan, theme)
        self.bars: dict[int, VMobject] = {}
        self.labels: dict[int, Label] = {}
        self.ends: dict[int, float] = {}
        top, bottom = plan.at[1] + 4, plan.at[1] - plan.rows * plan.pitch
        self.add(polyline([[(plan.zero, top), (plan.zero, bottom)]], theme.ghost, t.HAIR))
        self.add(TextLine(plan.heading, t.NAME, theme, plan.heading_at))

    def clear(self) -> None:
        self.remove(*self.bars.values(), *self.labels.values())
        self.bars, self.labels, self.ends = {}, {}, {}

    def put(self, bars: Lengths, where: Iterable[int], pale: bool) -> None:
        """Show bars at once."""
        for row in where:
            self._set(bars, row, 1.0, pale)
            if not pale:
                self._label(bars, row)

    def grow(self, bars: Lengths, where: Iterable[int], pale: bool) -> Iterator[Animation]:
        """Bars grow from zero; their numbers come with them."""
        rows = list(where)
        for row in rows:
            self._set(bars, row, 0.0, pale)
        labels = [] if pale else [label for row in rows if (label := self._label(bars, row))]

        def at(alpha: float) -> None:
            for row in rows:
                self._set(bars, row, alpha, pale)

        yield Follow(at)
        yield from (Appear(label, introducer=False) for label in labels)

    def outlines(self, rows: Iterable[int]) -> list[VMobject]:
        """Outlines in the focus colour around bars that stand there."""
        return [rectangle(self._box(self.ends[row], row).outset(4), None, self.theme.focus, t.RESULT_LINE, 6)
                for row in rows if row in self.ends]  # fmt: skip

    def _box(self, end: float, row: int) -> Box:
        strip = self.plan.row(row)
        return Box(self.plan.zero + min(0.0, end), strip.y, max(abs(end), 0.01), strip.h)

    def _set(self, bars: Lengths, row: int, share: float, pale: bool) -> None:
        self.ends[row] = bars.ends[row]
        box = self._box(bars.ends[row] * share, row)
        level = int(bars.cells.levels[row, 0])
        fill = self.theme.raised if pale else self.theme.fill(bars.cells.scale, level)
        outline = None if self.plan.pitch < t.HEAT_PITCH or pale else self.theme.grid
        new = rectangle(box, fill, outline, t.HAIR, min(t.CELL_RADIUS, box.h / 4))
        place(self, self.bars, row, new)

    def _label(self, bars: Lengths, row: int) -> Label | None:
        if bars.cells.texts is None or not self.plan.numeral:
            if row in self.labels:
                self.remove(self.labels.pop(row))
            return None
        end, size, ink = bars.ends[row], self.plan.numeral, self.theme.ink
        at = self.plan.zero + end + (SPACE if end >= 0 else -SPACE), self.plan.row(row).centre[1]
        label = numeral(bars.cells, row, 0, size, ink, at, "left" if end >= 0 else "right")
        return place(self, self.labels, row, label)


class Pile(DrawnPlan[StackPlan]):
    """Shares from the top down in an outline that they fill exactly."""

    def __init__(self, plan: StackPlan, theme: Theme) -> None:
        super().__init__(plan, theme)
        self.segments: dict[int, Bundle] = {}
        self.add(rectangle(plan.box.outset(2), None, theme.ghost, t.HAIR, 2))
        self.add(TextLine(plan.heading, t.NAME, theme, plan.heading_at))

    def clear(self) -> None:
        self.remove(*self.segments.values())
        self.segments = {}

    def put(self, bars: Lengths, where: Iterable[int], pale: bool) -> None:
        for row in where:
            self._segment(bars, row, pale)

    def grow(self, bars: Lengths, where: Iterable[int], pale: bool) -> Iterator[Animation]:
        """A share lies down under those before it."""
        yield from (Appear(self._segment(bars, row, pale), introducer=False) for row in where)

    def _segment(self, bars: Lengths, row: int, pale: bool) -> Bundle:
        box = self.plan.box
        top, high = box.y - sum(bars.ends[:row]), bars.ends[row]
        level = int(bars.cells.levels[row, 0])
        fill = self.theme.raised if pale else self.theme.fill(bars.cells.scale, level)
        new = Bundle(
            rectangle(Box(box.x, top, box.w, max(high, 0.01)), fill, None if high < 6 else self.theme.bg, 2, 0)
        )
        if not pale and bars.cells.texts is not None and high >= self.plan.numeral + 8:
            at = box.x + box.w / 2, top - high / 2
            new.add(numeral(bars.cells, row, 0, self.plan.numeral, self.theme.on(fill), at))
        return place(self, self.segments, row, new)
