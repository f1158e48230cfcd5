"""A critic's curve over real and forged numbers: it bends, they move, and both stand on it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from layeranim import theme as t
from layeranim.borrowed import Animation
from layeranim.scenes.parts.animate import TRAVEL, Follow
from layeranim.scenes.parts.axes import corner, ruler, rules, ticks
from layeranim.scenes.parts.label import TextLine
from layeranim.scenes.parts.shape import Bundle, nearby
from layeranim.scenes.parts.shapes import disc, polyline
from layeranim.scenes.stage.curve import dashed
from layeranim.scenes.stage.drawn import DrawnPlan
from layeranim.scenes.stage.scatter import CORNERS, joined, turned
from layeranim.stories.stage.parts.tracks import KINDS
from layeranim.stories.stage.plans import ContestPlan
from layeranim.stories.stage.verbs import Sway
from layeranim.stories.storyboard import Point
from layeranim.theme import Theme

DOT, SMALL = 7.0, 4.0
Places = Sequence[float | None]


class ContestPicture(DrawnPlan[ContestPlan]):
    """The axes and lines of one plan; the curve, what is forged, and what stands on the curve come with the film."""

    def __init__(self, plan: ContestPlan, theme: Theme) -> None:
        super().__init__(plan, theme)
        box, real = plan.box, theme.gates[KINDS[0]]
        self.add(*rules(box, plan.along, theme), *ticks(box, (), plan.along, theme))
        middle = box.bottom + box.h / 2
        self.add(polyline(dashed((box.x, middle), (box.right, middle)), theme.ghost, 2))
        self.add(corner(box, theme))
        for y in plan.lanes:
            self.add(polyline([[(box.x, y), (box.right, y)]], theme.raised, t.HAIR))
        self.write(plan.names, t.FLOOR)
        self.add(*ruler(box.x, box.right, plan.base, plan.across, theme))
        self.add(TextLine(plan.heading, t.NAME, theme, plan.heading_at))
        self.add(*(self._real((x, plan.lanes[0]), real) for x in plan.real if x is not None))
        self.add(*(disc((x, plan.lanes[2]), SMALL, theme.muted) for x in plan.noise if x is not None))
        self.add(self.moving)

    def sway(self, verb: Sway) -> Iterator[Animation]:
        """The curve and the forged numbers go to their new places, all in between drawn too."""
        if verb.pale or not verb.curve_start:
            self._draw(verb.curve, verb.forged, verb.pale)
            return
        start = verb.forged_start or verb.forged

        def at(alpha: float) -> None:
            now = between(verb.curve_start, verb.curve, alpha), between(start, verb.forged, alpha)
            self._draw(*now, moving=alpha < 1)

        yield Follow(at, rate_func=TRAVEL)

    def _draw(self, curve: Places, forged: Places, pale: bool = False, moving: bool = False) -> None:
        self.clear()
        plan, theme = self.plan, self.theme
        real, fake, critic, maker = (theme.ghost if pale else theme.gates[KINDS[k]] for k in range(4))
        points = [None if y is None else (x, y) for x, y in zip(plan.points, curve, strict=True)]
        ways = [[(z, plan.lanes[2]), (x, plan.lanes[1])] for z, x in zip(plan.noise, forged, strict=True)
                if z is not None and x is not None]  # fmt: skip
        if ways:
            self.moving.add(polyline(ways, maker, 1.5))
        if lines := joined(points):
            self.moving.add(polyline(lines, critic, t.RESULT_LINE))
        judged = not pale and any(at is not None for at in points)
        if judged:
            reals = [x for x in plan.real if x is not None]
            self.moving.add(*(self._real(nearby(at) if moving else at, real) for at in on(points, reals)))
        fakes = [x for x in forged if x is not None]
        for at in (*((x, plan.lanes[1]) for x in fakes), *(on(points, fakes) if judged else ())):
            self.moving.add(polyline([turned(nearby(at) if moving else at, *CORNERS["square"])], theme.bg, 1.5, fake))

    def _real(self, at: Point, colour: str) -> Bundle:
        return Bundle(disc(at, DOT, colour, self.theme.bg, 1.5))


def on(curve: Sequence[Point | None], across: Sequence[float]) -> list[Point]:
    """Where a drawn curve is above each of these places."""
    xs, ys = np.array([at for at in curve if at is not None]).T
    return list(zip(across, np.interp(across, xs, ys).tolist(), strict=True))


def between(a: Places, b: Places, alpha: float) -> list[float | None]:
    """Places on the way from some to others; what was nowhere is where it goes."""
    return [q if p is None or q is None else p + (q - p) * alpha for p, q in zip(a, b, strict=True)]
