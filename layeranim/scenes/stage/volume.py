"""Maps as sheets that lie in a pile or in rows, and a needle through them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from layeranim import theme as t
from layeranim.borrowed import Animation
from layeranim.scenes.parts.animate import TRAVEL, Appear, Follow
from layeranim.scenes.parts.label import TextLine
from layeranim.scenes.parts.shape import PX, Bundle
from layeranim.scenes.parts.shapes import disc, polyline
from layeranim.scenes.stage.drawn import DrawnPlan
from layeranim.stories.stage.plans import VolumePlan
from layeranim.stories.stage.verbs import Fan
from layeranim.theme import Theme

POINT = 5.0


class Sheets(DrawnPlan[VolumePlan]):
    """The maps of one plan; their grids stand on the stage like all others, this moves them."""

    def __init__(self, plan: VolumePlan, theme: Theme, standing: Mapping[str, Sequence[Any]]) -> None:
        super().__init__(plan, theme)
        self.sheets = [standing[name] for name in plan.maps]
        self.share = 0.0
        self.add(TextLine(plan.heading, t.NAME, theme, plan.heading_at))
        if plan.begins == "pile":
            self._to(1.0)

    def fan(self, verb: Fan) -> list[Animation]:
        """The maps go where they are wanted; a needle stays in their pile."""
        start, goal = self.share, 1.0 if verb.to == "pile" else 0.0
        moved = Follow(lambda alpha: self._to(start + (goal - start) * alpha), rate_func=TRAVEL)
        if not verb.needle:
            return [moved]
        needle = Bundle(polyline([verb.needle], self.theme.focus, t.RESULT_LINE))
        needle.add(*(disc(at, POINT, self.theme.focus, self.theme.bg, 1.5) for at in verb.needle))
        self.add(needle)
        return [moved, Appear(needle, introducer=False)]

    def _to(self, share: float) -> None:
        """Put every map that part of the way from its place in the rows to that in the pile."""
        for sheet, (dx, dy) in zip(self.sheets, self.plan.piled, strict=True):
            for part in sheet:
                part.shift([dx * (share - self.share) * PX, dy * (share - self.share) * PX, 0])
        self.share = share
