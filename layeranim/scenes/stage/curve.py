"""A function drawn in its axes, a point on it with guides to both axes, and the points that are done."""

from __future__ import annotations

from collections.abc import Sequence

from layeranim import theme as t
from layeranim.borrowed import Animation
from layeranim.scenes.parts.animate import Appear
from layeranim.scenes.parts.axes import rules, ticks
from layeranim.scenes.parts.label import TextLine
from layeranim.scenes.parts.shape import Bundle
from layeranim.scenes.parts.shapes import disc, polyline
from layeranim.scenes.stage.drawn import DrawnPlan
from layeranim.stories.stage.parts.tracks import KINDS
from layeranim.stories.stage.plans import CurvePlan, Track
from layeranim.stories.stage.verbs import Plumb
from layeranim.stories.storyboard import Point
from layeranim.theme import Theme

POINT, DONE = 9.0, 6.5
DASH = 6.0
TOP = 5.0
"""How thick the highest of several lines is."""


class Plot(DrawnPlan[CurvePlan]):
    """The axes, their ticks and the curve of one plan."""

    def __init__(self, plan: CurvePlan, theme: Theme) -> None:
        super().__init__(plan, theme)
        box = plan.box
        for tick in plan.across:
            self.add(polyline([[(tick.at, box.bottom), (tick.at, box.y)]], theme.raised, t.HAIR))
        self.add(*rules(box, plan.along, theme), *ticks(box, plan.across, plan.along, theme, 26, 10))
        x, y = plan.origin
        self.add(polyline([[(x, box.bottom), (x, box.y)], [(box.x, y), (box.right, y)]], theme.muted, t.HAIR))
        for line in plan.lines:
            if not joints(line):  # it passes above or below the picture
                continue
            self.add(polyline([joints(line)], self._colour(line.kind, theme.muted), 2))
            self.add(TextLine(line.name, t.FLOOR, theme, line.at, "centre"))
        for top in plan.tops:
            self.add(polyline([joints(top)], self._colour(top.kind, theme.ink), TOP))
        for curve in plan.curves:
            self.add(polyline([curve], theme.ink, t.RESULT_LINE))
        if plan.heading:
            self.add(TextLine(plan.heading, t.NAME, theme, plan.heading_at))
        self.add(self.moving)

    def slide(self, goal: Point) -> tuple[list[Animation], list[Bundle]]:
        """Guides from the axis up to the point, and over to the other axis, where it stands."""
        x0, y0 = self.plan.origin
        x, y = goal
        up = Bundle(polyline(dashed((x, y0), goal), self.theme.focus, 2))
        over = Bundle(polyline(dashed(goal, (x0, y)), self.theme.result, 2))
        point = Bundle(disc(goal, POINT, self.theme.focus, self.theme.bg, 2))
        return [Appear(up), Appear(over), Appear(point)], [up, over, point]

    def plumb(self, verb: Plumb) -> list[Bundle]:
        """A line down through all lines, and a ring where it meets each."""
        met = [(at, line.kind) for at, line in zip(verb.at, self.plan.lines, strict=True) if at is not None]
        if not met:
            return []
        x, bottom = met[0][0][0], self.plan.box.bottom
        fall = Bundle(polyline(dashed((x, max(y for (_, y), _ in met)), (x, bottom)), self.theme.focus, 2))
        rings = [disc(at, DONE, self.theme.bg, self._colour(kind, self.theme.muted), t.LINE) for at, kind in met]
        return [fall, Bundle(*rings)]

    def _colour(self, kind: int, plain: str) -> str:
        return self.theme.gates[KINDS[kind]] if kind >= 0 else plain

    def mark(self, at: Sequence[Point]) -> list[Bundle]:
        """Points that stay."""
        dots = [Bundle(disc(p, DONE, self.theme.result, self.theme.bg, 1.5)) for p in at]
        self.moving.add(*dots)
        return dots


def joints(line: Track) -> list[Point]:
    """The points of a line that are in the picture."""
    return [at for at in line.points if at is not None]


def dashed(a: Point, b: Point) -> list[Sequence[Point]]:
    """A line in dashes."""
    long = max(abs(b[0] - a[0]), abs(b[1] - a[1]))
    n = max(1, int(long / DASH / 2))
    step = 1 / (n + 0.5) / 2

    def at(share: float) -> Point:
        return a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share

    return [[at(2 * i * step), at(min(1.0, (2 * i + 1) * step))] for i in range(n + 1)]
