"""The plane of two numbers: axes, a line that parts it, points that take the colour of their result."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from layeranim import theme as t
from layeranim.borrowed import Animation
from layeranim.scenes.parts.animate import TRAVEL, Appear, Follow
from layeranim.scenes.parts.axes import ticks
from layeranim.scenes.parts.shape import Bundle
from layeranim.scenes.parts.shapes import disc, polyline
from layeranim.scenes.stage.drawn import DrawnPlan
from layeranim.stories.stage.plans import PlanePlan
from layeranim.stories.stage.verbs import NodeFill, Shift
from layeranim.stories.storyboard import Point
from layeranim.theme import Theme

POINT, RING = 11.0, 15.0


class PlanePicture(DrawnPlan[PlanePlan]):
    """The plane of one plan; its points are hollow until their results land."""

    def __init__(self, plan: PlanePlan, theme: Theme) -> None:
        super().__init__(plan, theme)
        box, (x, y) = plan.box, plan.origin
        self.border = Bundle()
        self.add(self.border)
        self._part(plan.line, plan.side)
        self.add(*ticks(box, plan.across, plan.along, theme, 26, 10))
        self.add(polyline([[(x, box.bottom), (x, box.y)], [(box.x, y), (box.right, y)]], theme.muted, t.HAIR))
        self.write(plan.names, t.NAME)
        self.add(*(Bundle(disc(p, POINT, theme.bg, theme.muted, 2)) for p in plan.points))

    def move_line(self, verb: Shift) -> Animation:
        """The line moves from the first of these places to the last."""
        at = [-1]

        def show(alpha: float) -> None:
            now = round(alpha * (len(verb.lines) - 1))
            if now != at[0]:
                at[0] = now
                self._part(verb.lines[now], verb.sides[now])

        return Follow(show, rate_func=TRAVEL)

    def _part(self, line: Sequence[Point], side: Sequence[Point]) -> None:
        """Draw the line, and the part of the plane above it."""
        self.border.remove(*self.border.submobjects)
        if side:
            self.border.add(polyline([[*side, side[0]]], fill=self.theme.fill("value", 1)))
        if len(line) == 2:
            self.border.add(polyline([line], self.theme.weights, t.RESULT_LINE))

    def fill(self, verb: NodeFill) -> Iterator[Animation]:
        """Points take the colours of their results."""
        for k in verb.where:
            fill = self.theme.fill(verb.cells.scale, int(verb.cells.levels[k, 0]))
            new = Bundle(disc(self.plan.points[k], POINT, fill, self.theme.ink, 2))
            self.add(new)
            yield Appear(new, introducer=False)

    def outlines(self, rows: Iterable[int]) -> list[Bundle]:
        """Rings around the points under way."""
        return [Bundle(disc(self.plan.points[k], RING, None, self.theme.focus, t.RESULT_LINE)) for k in rows]
