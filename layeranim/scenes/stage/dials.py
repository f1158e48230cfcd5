"""Clock hands that turn, each at a speed of its own, and the places where they have been."""

from __future__ import annotations

from math import cos, sin

from layeranim import theme as t
from layeranim.borrowed import Animation
from layeranim.scenes.parts.animate import TRAVEL, Follow
from layeranim.scenes.parts.label import TextLine
from layeranim.scenes.parts.shape import Bundle
from layeranim.scenes.parts.shapes import disc, polyline
from layeranim.scenes.stage.drawn import DrawnPlan
from layeranim.stories.stage.plans import DialsPlan
from layeranim.stories.stage.verbs import Spin
from layeranim.stories.storyboard import Point
from layeranim.theme import Theme

TIP, BEEN = 6.0, 3.5
SAID = 24.0
"""From a dial's rim down to the baseline of what its hand says."""


class DialRow(DrawnPlan[DialsPlan]):
    """The dials of one plan."""

    def __init__(self, plan: DialsPlan, theme: Theme) -> None:
        super().__init__(plan, theme)
        self.trail = Bundle()
        for x, y in plan.centres:
            r = plan.radius
            self.add(Bundle(disc((x, y), r, theme.surface, theme.grid, t.HAIR)))
            self.add(Bundle(polyline([[(x - r, y), (x + r, y)], [(x, y - r), (x, y + r)]], theme.raised, t.HAIR)))
        self.add(TextLine(plan.heading, t.NAME, theme, plan.heading_at))
        self.add(self.trail, self.moving)

    def turn(self, verb: Spin) -> Animation:
        """The hands turn; where they stood stays marked."""
        for centre, angle in zip(self.plan.centres, verb.start, strict=True):
            self.trail.add(Bundle(disc(self._tip(centre, angle), BEEN, self.theme.faint)))

        def at(alpha: float) -> None:
            self.clear()
            for centre, a, b in zip(self.plan.centres, verb.start, verb.angles, strict=True):
                self.moving.add(*self._hand(centre, a + (b - a) * alpha))
            if alpha >= 1:
                for (x, y), line in zip(self.plan.centres, verb.said, strict=True):
                    place = x, y - self.plan.radius - SAID
                    self.moving.add(TextLine(line, t.FLOOR, self.theme, place, "centre"))

        return Follow(at, rate_func=TRAVEL)

    def _tip(self, centre: Point, angle: float) -> Point:
        return centre[0] + self.plan.radius * sin(angle), centre[1] + self.plan.radius * cos(angle)

    def _hand(self, centre: Point, angle: float) -> list[Bundle]:
        tip = self._tip(centre, angle)
        return [
            Bundle(polyline([[centre, tip]], self.theme.result, t.RESULT_LINE)),
            Bundle(disc(tip, TIP, self.theme.result, self.theme.bg, t.HAIR)),
        ]
