"""Words and the arcs between them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from layeranim import theme as t
from layeranim import typeface
from layeranim.borrowed import Animation
from layeranim.scenes.parts.animate import TRAVEL, Follow
from layeranim.scenes.parts.label import TextLine
from layeranim.scenes.parts.shape import Bundle, Shape
from layeranim.scenes.parts.shapes import rectangle
from layeranim.scenes.stage.drawn import DrawnPlan
from layeranim.stories.stage.plans import ArcsPlan
from layeranim.stories.stage.verbs import Arc, Bend
from layeranim.stories.storyboard import Box, Point
from layeranim.theme import Theme

SEEN = 2
"""The least colour step of an arc: paler ones would not stand out from the page."""


class ArcField(DrawnPlan[ArcsPlan]):
    """The words of one plan; arcs lie under them, those of the word under way over those that stay."""

    def __init__(self, plan: ArcsPlan, theme: Theme) -> None:
        super().__init__(plan, theme)
        self.kept = Bundle()
        self.written = 0
        self.add(self.kept, self.moving)
        self.write(plan.words[plan.later :], plan.size)

    def bend(self, verb: Bend) -> Animation | None:
        """Arcs grow; those that stay are there when the bold ones leave."""
        self._write(verb.lit + 1)
        if verb.stay:
            self.kept.add(*(Bundle(self._drawn(arc, 1.0, self.theme.raised)) for arc in verb.arcs))
            return None

        def at(alpha: float) -> None:
            self.clear()
            for arc in sorted(verb.arcs, key=lambda one: one.width):
                if arc.width:
                    self.moving.add(Bundle(self._drawn(arc, alpha, self._colour(arc, verb.pale))))
            if verb.lit >= 0:
                self.moving.add(self._outline(verb.lit))
            if alpha >= 1:
                for arc in verb.arcs:
                    self.moving.add(TextLine(arc.label, t.FLOOR, self.theme, arc.at, "centre"))

        return Follow(at, rate_func=TRAVEL)

    def _write(self, count: int) -> None:
        """So many of the words that look stand there."""
        self.write(self.plan.words[self.written : min(count, self.plan.later)], self.plan.size)
        self.written = max(self.written, count)

    def _colour(self, arc: Arc, pale: bool) -> str:
        return self.theme.raised if pale else self.theme.fill("heat", max(SEEN, arc.level))

    def _drawn(self, arc: Arc, share: float, colour: str) -> Shape:
        return Shape(np.array(_part(arc.course, max(share, 1e-3))), None, colour, arc.width)

    def _outline(self, word: int) -> Bundle:
        (x, y), line = self.plan.words[word]
        wide = sum(typeface.width(run.text, self.plan.size, run.weight) for run in line)
        box = Box(x - 8, y + 25, wide + 16, 36)
        return Bundle(rectangle(box, None, self.theme.focus, t.LINE, t.CHIP_RADIUS))


def _part(course: Sequence[Point], share: float) -> list[Point]:
    """A cubic from its start as far as a share of its parameter (de Casteljau)."""
    points, out = [np.array(p, float) for p in course], [course[0]]
    while len(points) > 1:
        points = [a + (b - a) * share for a, b in pairwise(points)]
        out.append((float(points[0][0]), float(points[0][1])))
    return out
