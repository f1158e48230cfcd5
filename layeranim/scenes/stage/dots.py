"""Number lines with dots: a mean's tick, a deviation's band, dots that move from one line to the next."""

from __future__ import annotations

from collections.abc import Iterator

from layeranim import theme as t
from layeranim.borrowed import Animation
from layeranim.scenes.parts.animate import TRAVEL, Appear, Follow
from layeranim.scenes.parts.axes import ruler
from layeranim.scenes.parts.label import TextLine
from layeranim.scenes.parts.shape import Bundle, centred, nearby
from layeranim.scenes.parts.shapes import disc, polyline, rectangle
from layeranim.scenes.stage.drawn import DrawnPlan
from layeranim.stories.stage.parts.tracks import KINDS
from layeranim.stories.stage.plans import DotsPlan
from layeranim.stories.stage.verbs import Strew
from layeranim.stories.storyboard import Box, Point
from layeranim.theme import Theme

DOT, TOLD = 7.0, 10.0
BAND = 26.0


class DotLines(DrawnPlan[DotsPlan]):
    """The lines and the axis of one plan."""

    def __init__(self, plan: DotsPlan, theme: Theme) -> None:
        super().__init__(plan, theme)
        self.strewn: dict[int, list[Bundle]] = {}
        for y in plan.lanes:
            self.add(polyline([[(plan.left, y), (plan.right, y)]], theme.ghost, t.HAIR))
        self.write(plan.names, t.NAME)
        self.add(*ruler(plan.left, plan.right, plan.base, plan.ticks, theme))

    def clear(self) -> None:
        self.remove(*(m for group in self.strewn.values() for m in group))
        self.strewn = {}

    def strew(self, verb: Strew) -> Iterator[Animation]:
        """Dots arrive on a line: out of nothing, or down from the line above."""
        self.remove(*self.strewn.pop(verb.lane, ()))
        y = self.plan.lanes[verb.lane]
        marks = self._marks(verb, y)
        colours = [self.theme.ink, self.theme.focus, self.theme.result]
        if verb.onward:  # lanes are compared: each has the colour of its line beside
            colours = [self.theme.role(kind) for kind in KINDS]
        colour = colours[min(verb.lane, len(colours) - 1)]
        order = [i for i in range(len(verb.at)) if i != verb.told] + ([verb.told] if verb.told >= 0 else [])
        dots = {i: self._dot((verb.at[i], y), colour, i == verb.told) for i in order}
        self.strewn[verb.lane] = [*marks, *dots.values()]
        self.add(*self.strewn[verb.lane])
        yield from (Appear(mark, introducer=False) for mark in marks)
        if verb.start is None or (verb.lane == 0 and not verb.onward):
            yield from (Appear(dot, introducer=False) for dot in dots.values())
            return
        above = y if verb.onward else self.plan.lanes[verb.lane - 1]
        ways = [((verb.start[i], above), (verb.at[i], y), centred(dot)) for i, dot in dots.items()]

        def at(alpha: float) -> None:
            for (x0, y0), (x1, y1), put in ways:
                x, y = x0 + (x1 - x0) * alpha, y0 + (y1 - y0) * alpha
                put((x, y) if alpha >= 1 else nearby((x, y)))

        yield Follow(at, rate_func=TRAVEL)

    def _marks(self, verb: Strew, y: float) -> list[Bundle]:
        out = []
        if verb.band is not None:
            low, high = verb.band
            out.append(
                Bundle(rectangle(Box(low, y + BAND / 2, max(high - low, 0.01), BAND), self.theme.raised, radius=4))
            )
        if verb.said:
            out.append(Bundle(TextLine(verb.said, t.FLOOR, self.theme, (self.plan.left - 24, y - 38), "right")))
        if verb.mean is not None:
            out.append(Bundle(polyline([[(verb.mean, y + 20), (verb.mean, y - 20)]], self.theme.ink, t.LINE)))
        return out

    def _dot(self, at: Point, colour: str, told: bool) -> Bundle:
        if told:
            return Bundle(disc(at, TOLD, colour, self.theme.bg, 2))
        return Bundle(disc(at, DOT, self.theme.bg, colour, t.LINE))
