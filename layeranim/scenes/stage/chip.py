"""An activation in an outline, its curve drawn small."""

from __future__ import annotations

from collections.abc import Sequence

from layeranim import theme as t
from layeranim.scenes.parts.label import TextLine
from layeranim.scenes.parts.shape import Bundle
from layeranim.scenes.parts.shapes import disc, polyline, rectangle
from layeranim.scenes.stage.drawn import DrawnPlan
from layeranim.stories.stage.plans import ChipPlan
from layeranim.stories.storyboard import Point
from layeranim.theme import Theme

POINT = 6.5


class ChipPicture(DrawnPlan[ChipPlan]):
    """The chip of one plan."""

    def __init__(self, plan: ChipPlan, theme: Theme) -> None:
        super().__init__(plan, theme)
        self.add(rectangle(plan.box, theme.bg, theme.muted, t.LINE, t.CHIP_RADIUS))
        if plan.curve:
            self.add(polyline([plan.curve], theme.ink, t.LINE))
        self.add(TextLine(plan.heading, t.NAME, theme, plan.heading_at), self.moving)

    def mark(self, at: Sequence[Point]) -> list[Bundle]:
        """Where on the curve the unit under way is."""
        self.clear()
        point = Bundle(*(disc(p, POINT, self.theme.focus, self.theme.bg, 1.5) for p in at))
        self.moving.add(point)
        return [point]
