"""A number that counts on while terms arrive."""

from __future__ import annotations

from layeranim import theme as t
from layeranim.borrowed import Animation
from layeranim.scenes.parts.animate import Follow
from layeranim.scenes.parts.label import TextLine
from layeranim.scenes.parts.shapes import rectangle
from layeranim.scenes.stage.picture import Picture
from layeranim.stories.stage.plans import TallyPlan
from layeranim.stories.stage.verbs import Tell
from layeranim.stories.storyboard import Line
from layeranim.theme import Theme


class Counter(Picture[TallyPlan]):
    """The cell of one tally."""

    def __init__(self, plan: TallyPlan, theme: Theme) -> None:
        super().__init__(plan, theme)
        self.add(rectangle(plan.box, theme.bg, theme.grid, t.HAIR, t.CHIP_RADIUS))
        self.add(TextLine(plan.heading, t.NAME, theme, plan.heading_at), self.moving)

    def tell(self, verb: Tell) -> Animation:
        """One line after another, each for an equal part of the time."""
        at = [-1]

        def show(alpha: float) -> None:
            now = min(len(verb.lines) - 1, int(alpha * len(verb.lines)))
            if now != at[0]:
                at[0] = now
                self._put(verb.lines[now])

        return Follow(show)

    def _put(self, line: Line) -> None:
        self.clear()
        x, y = self.plan.box.centre
        self.moving.add(TextLine(line, self.plan.size, self.theme, (x, y - self.plan.size * 0.36), "centre"))
