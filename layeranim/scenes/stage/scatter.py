"""Points of several classes in a plane, the line between them, and lines that grow with the film."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from layeranim import theme as t
from layeranim.borrowed import Animation
from layeranim.scenes.parts.animate import TRAVEL, Appear, Follow
from layeranim.scenes.parts.axes import corner, rules, ticks
from layeranim.scenes.parts.label import TextLine
from layeranim.scenes.parts.shape import Bundle, centred
from layeranim.scenes.parts.shapes import disc, polyline
from layeranim.stories.stage.plans import Glyph, HistoryPlan, ScatterPlan
from layeranim.stories.stage.verbs import Border, Land, Reach
from layeranim.stories.storyboard import Point
from layeranim.theme import Theme

SIZE, WIDE, NOW = 8.0, 10.4, 7.0
RING = 15.0
CORNERS = {"square": (4, 45.0), "triangle": (3, 90.0), "diamond": (4, 0.0)}
"""How many corners a glyph has, and in which direction its first one lies."""


def glyph(one: Glyph, theme: Theme) -> Bundle:
    """The mark of one class: its shape, and full or hollow, say the same; both are seen on every colour."""
    fill = theme.ink if one.own else theme.bg
    edge = theme.bg if one.own else theme.ink
    if one.shape == "disc":
        return Bundle(disc(one.at, SIZE, fill, edge, 2))
    return Bundle(polyline([turned(one.at, *CORNERS[one.shape])], edge, 2, fill))


def turned(at: Point, count: int, first: float) -> list[Point]:
    """The corners of a regular glyph, closed; its first one lies in the direction ``first`` in degrees."""
    turns = [math.radians(first + 360 * k / count) for k in range(count + 1)]
    return [(at[0] + WIDE * math.cos(turn), at[1] + WIDE * math.sin(turn)) for turn in turns]


class ScatterPicture(Bundle):
    """The points of one plan; the line between the classes lies under them."""

    def __init__(self, plan: ScatterPlan, theme: Theme) -> None:
        super().__init__()
        self.plan, self.theme, self.line = plan, theme, Bundle()
        self.landed: dict[int, Bundle] = {}
        self.add(*ticks(plan.area, plan.across, plan.along, theme), self.line)
        if not plan.later:
            self.add(*(glyph(one, theme) for one in plan.glyphs))

    def outlines(self, rows: Iterable[int]) -> list[Bundle]:
        """Rings around the samples under way."""
        return [Bundle(disc(self.plan.glyphs[k].at, RING, None, self.theme.focus, t.RESULT_LINE)) for k in rows]

    def land(self, verb: Land) -> list[Animation]:
        """Samples come to their places, from where they were or at once."""
        self.remove(*(self.landed.pop(k) for k in verb.which if k in self.landed))
        made = {k: glyph(self.plan.glyphs[k], self.theme) for k in verb.which}
        self.landed |= made
        self.add(*made.values())
        ways = {k: (start, self.plan.glyphs[k].at, centred(made[k]))
                for k, start in zip(verb.which, verb.start, strict=True) if start is not None}  # fmt: skip

        def at(alpha: float) -> None:
            for (x0, y0), (x1, y1), put in ways.values():
                put((x0 + (x1 - x0) * alpha, y0 + (y1 - y0) * alpha))

        appear = [Appear(made[k], introducer=False) for k in made if k not in ways]
        return [*appear, Follow(at, rate_func=TRAVEL)] if ways else list[Animation](appear)

    def clear(self) -> None:
        self.line.remove(*self.line.submobjects)

    def border(self, verb: Border) -> None:
        """The line where the answer changes, instead of the one before."""
        self.clear()
        if verb.lines:
            self.line.add(polyline(verb.lines, self.theme.ink, t.LINE))


def joined(points: Sequence[Point | None]) -> list[list[Point]]:
    """Lines through the points; none leads over a place without one."""
    runs: list[list[Point]] = [[]]
    for at in points:
        if at is None:
            runs.append([])
        else:
            runs[-1].append(at)
    return [run for run in runs if len(run) > 1]


class HistoryPicture(Bundle):
    """The axes of one plan and the line so far."""

    def __init__(self, plan: HistoryPlan, theme: Theme) -> None:
        super().__init__()
        self.plan, self.theme, self.line = plan, theme, Bundle()
        box = plan.box
        self.add(*rules(box, plan.along, theme), corner(box, theme), *ticks(box, plan.across, plan.along, theme))
        self.add(TextLine(plan.heading, t.NAME, theme, plan.heading_at), self.line)

    def clear(self) -> None:
        self.line.remove(*self.line.submobjects)

    def reach(self, verb: Reach) -> None:
        """The line up to a unit, and a point where it is."""
        self.clear()
        known = self.plan.points[: verb.last + 1]
        if lines := joined(known):
            self.line.add(polyline(lines, self.theme.ink, t.RESULT_LINE))
        if known and known[-1] is not None:
            self.line.add(disc(known[-1], NOW, self.theme.result, self.theme.bg, 2))
