"""A number that counts on while terms arrive."""

from __future__ import annotations

from layeranim import theme as t
from layeranim.borrowed import Animation
from layeranim.scenes.parts.animate import Follow
from layeranim.scenes.parts.label import TextLine
from layeranim.scenes.parts.shapes import rectangle
from layeranim.scenes.stage.drawn import DrawnPlan
from layeranim.stories.stage.plans import TallyPlan
from layeranim.stories.stage.verbs import Tell
from layeranim.theme import Theme


class Counter(DrawnPlan[TallyPlan]):
    """The cell of one tally."""

    def __init__(self, plan: TallyPlan, theme: Theme) -> None:
        super().__init__(plan, theme)
        self.add(rectangle(plan.box, theme.bg, theme.grid, t.HAIR, t.CHIP_RADIUS))
        self.add(TextLine(plan.heading, t.NAME, theme, plan.heading_at), self.moving)

    def tell(self, verb: Tell) -> Animation:
        """One line after another, each for an equal part of the time."""
        size, (x, y), shown = self.plan.size, self.plan.box.centre, [-1]

        def at(alpha: float) -> None:
            now = min(len(verb.lines) - 1, int(alpha * len(verb.lines)))
            if now != shown[0]:
                shown[0] = now
                self.clear()
                self.moving.add(TextLine(verb.lines[now], size, self.theme, (x, y - size * 0.36), "centre"))

        return Follow(at)
