"""Points of several classes in a plane, and the line between them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from layeranim import theme as t
from layeranim.borrowed import Animation
from layeranim.scenes.parts.animate import TRAVEL, Appear, Follow
from layeranim.scenes.parts.axes import ticks
from layeranim.scenes.parts.shape import Bundle, centred
from layeranim.scenes.parts.shapes import disc, polyline
from layeranim.scenes.stage.drawn import DrawnPlan
from layeranim.stories.stage.plans import Glyph, ScatterPlan
from layeranim.stories.stage.verbs import Border, Land
from layeranim.stories.storyboard import Point
from layeranim.theme import Theme

SIZE, WIDE = 8.0, 10.4
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


class ScatterPicture(DrawnPlan[ScatterPlan]):
    """The points of one plan; the line between the classes lies under them."""

    def __init__(self, plan: ScatterPlan, theme: Theme) -> None:
        super().__init__(plan, theme)
        self.landed: dict[int, Bundle] = {}
        self.add(*ticks(plan.area, plan.across, plan.along, theme), self.moving)
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

    def border(self, verb: Border) -> None:
        """The line where the answer changes, instead of the one before."""
        self.clear()
        if verb.lines:
            self.moving.add(polyline(verb.lines, self.theme.ink, t.LINE))


def joined(points: Sequence[Point | None]) -> list[list[Point]]:
    """Lines through the points; none leads over a place without one."""
    runs: list[list[Point]] = [[]]
    for at in points:
        if at is None:
            runs.append([])
        else:
            runs[-1].append(at)
    return [run for run in runs if len(run) > 1]
