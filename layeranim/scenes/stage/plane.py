"""The plane of two numbers: axes, a line that parts it, points that take the colour of their result."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from manim import Animation

from layeranim import theme as t
from layeranim.scenes.parts.animate import Appear
from layeranim.scenes.parts.label import TextLine
from layeranim.scenes.parts.shape import Bundle
from layeranim.scenes.parts.shapes import disc, polyline
from layeranim.stories.stage.plans import PlanePlan
from layeranim.stories.stage.verbs import NodeFill
from layeranim.theme import Theme

POINT, RING = 11.0, 15.0


class PlanePicture(Bundle):
    """The plane of one plan; its points are hollow until their results land."""

    def __init__(self, plan: PlanePlan, theme: Theme) -> None:
        super().__init__()
        self.plan, self.theme = plan, theme
        box, (x, y) = plan.box, plan.origin
        if plan.side:
            self.add(polyline([[*plan.side, plan.side[0]]], fill=theme.fill("value", 1)))
        for tick in plan.across:
            self.add(TextLine(tick.line, t.FLOOR, theme, (tick.at, box.bottom - 26), "centre"))
        for tick in plan.along:
            self.add(TextLine(tick.line, t.FLOOR, theme, (box.x - 10, tick.at - 8), "right"))
        self.add(polyline([[(x, box.bottom), (x, box.y)], [(box.x, y), (box.right, y)]], theme.muted, t.HAIR))
        if len(plan.line) == 2:
            self.add(polyline([plan.line], theme.weights, t.RESULT_LINE))
        for at, line in plan.names:
            self.add(TextLine(line, t.NAME, theme, at))
        self.spots = {k: Bundle(disc(p, POINT, theme.bg, theme.muted, 2)) for k, p in enumerate(plan.points)}
        self.add(*self.spots.values())

    def clear(self) -> None:
        """Points keep their results."""

    def fill(self, verb: NodeFill) -> Iterator[Animation]:
        """Points take the colours of their results."""
        yield from (Appear(new, introducer=False) for new in self._landed(verb, verb.where))

    def put(self, verb: NodeFill, where: Iterable[int]) -> None:
        """The same, at once."""
        self._landed(verb, where)

    def outlines(self, rows: Iterable[int]) -> list[Bundle]:
        """Rings around the points under way."""
        return [Bundle(disc(self.plan.points[k], RING, None, self.theme.focus, t.RESULT_LINE)) for k in rows]

    def _landed(self, verb: NodeFill, where: Iterable[int]) -> list[Bundle]:
        out = []
        for k in where:
            fill = self.theme.fill(verb.cells.scale, int(verb.cells.levels[k, 0]))
            out.append(Bundle(disc(self.plan.points[k], POINT, fill, self.theme.ink, 2)))
        self.add(*out)
        return out
