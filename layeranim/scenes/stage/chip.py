"""An activation in an outline, its curve drawn small."""

from __future__ import annotations

from layeranim import theme as t
from layeranim.scenes.parts.label import TextLine
from layeranim.scenes.parts.shape import Bundle
from layeranim.scenes.parts.shapes import polyline, rectangle
from layeranim.stories.stage.plans import ChipPlan
from layeranim.theme import Theme


class ChipPicture(Bundle):
    """The chip of one plan; it only stands there."""

    def __init__(self, plan: ChipPlan, theme: Theme) -> None:
        super().__init__()
        box = plan.box
        self.add(rectangle(box, theme.bg, theme.muted, t.LINE, t.CHIP_RADIUS))
        if plan.curve:
            self.add(polyline([plan.curve], theme.ink, t.LINE))
        self.add(TextLine(plan.heading, t.NAME, theme, plan.heading_at))

    def clear(self) -> None:
        """Nothing of it belongs to a step."""
