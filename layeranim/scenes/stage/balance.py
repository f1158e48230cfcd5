"""Weights on a number line, and the support under the place where they balance."""

from __future__ import annotations

from layeranim import theme as t
from layeranim.borrowed import Animation, VMobject
from layeranim.scenes.parts.animate import TRAVEL, Follow
from layeranim.scenes.parts.label import TextLine
from layeranim.scenes.parts.shape import Bundle
from layeranim.scenes.parts.shapes import disc, polyline
from layeranim.scenes.stage.drawn import DrawnPlan
from layeranim.stories.stage.plans import BalancePlan
from layeranim.stories.stage.verbs import Poise, Weigh
from layeranim.theme import Theme

WIDE, HIGH = 15.0, 22.0
"""The support: half its width, its height."""
SAID = 50.0
"""From the line down to what the support says."""
SEEN = 1


class BalanceLine(DrawnPlan[BalancePlan]):
    """The line of one plan, its ticks and names; discs and support come with the verbs."""

    def __init__(self, plan: BalancePlan, theme: Theme) -> None:
        super().__init__(plan, theme)
        y, left, right = plan.line, plan.box.x + 8, plan.box.right - 8
        self.add(Bundle(polyline([[(left, y), (right, y)]], theme.ink, t.LINE)))
        for x in plan.at:
            self.add(Bundle(polyline([[(x, y - 6), (x, y + 6)]], theme.ink, t.HAIR)))
        self.write(plan.names, t.FLOOR)
        self.discs, self.support, self.been = Bundle(), Bundle(), Bundle()
        self.stood: float | None = None
        self.add(self.been, self.support, self.discs)

    def clear(self) -> None:
        """Discs and support leave; where the support stood is known to the next."""
        self._put("discs", Bundle())
        self._put("support", Bundle())

    def _put(self, name: str, new: Bundle) -> None:
        self.remove(getattr(self, name))
        setattr(self, name, new)
        self.add(new)

    def weigh(self, verb: Weigh) -> Animation:
        """Discs grow on their places, the heavier ones under the lighter."""
        order = sorted(range(len(verb.radii)), key=lambda i: -verb.radii[i])

        def at(alpha: float) -> None:
            new = Bundle()
            for i in order:
                fill = self.theme.raised if verb.pale else self.theme.fill("heat", max(SEEN, verb.levels[i]))
                radius = max(verb.radii[i] * alpha, 0.01)
                place = self.plan.at[i], self.plan.line + t.LINE / 2 + radius
                new.add(Bundle(disc(place, radius, fill, self.theme.bg, t.HAIR)))
            self._put("discs", new)

        return Follow(at, rate_func=TRAVEL)

    def poise(self, verb: Poise) -> Animation:
        """The support comes to stand, or moves on, to where the line balances."""
        start = verb.at if self.stood is None else self.stood
        if self.stood is not None:
            self.been.add(Bundle(self._triangle(self.stood, self.theme.faint)))
        self.stood = verb.at

        def at(alpha: float) -> None:
            new = Bundle(self._triangle(start + (verb.at - start) * alpha, self.theme.result))
            if alpha >= 1:
                place = verb.at, self.plan.line - SAID
                new.add(TextLine(verb.said, t.NAME, self.theme, place, "centre"))
            self._put("support", new)

        return Follow(at, rate_func=TRAVEL)

    def _triangle(self, x: float, fill: str) -> VMobject:
        y = self.plan.line - t.LINE
        return polyline([[(x, y), (x + WIDE, y - HIGH), (x - WIDE, y - HIGH), (x, y)]], fill=fill)
