"""Lines that grow: one alone, several together over the units, or paths over a map of heights."""

from __future__ import annotations

from layeranim import theme as t
from layeranim.scenes.parts.axes import corner, rules, ticks
from layeranim.scenes.parts.label import TextLine
from layeranim.scenes.parts.shape import Bundle
from layeranim.scenes.parts.shapes import disc, polyline
from layeranim.scenes.stage.curve import dashed
from layeranim.scenes.stage.drawn import DrawnPlan
from layeranim.scenes.stage.scatter import CORNERS, joined, turned
from layeranim.stories.stage.parts.scatter import SHAPES
from layeranim.stories.stage.parts.tracks import KINDS
from layeranim.stories.stage.plans import HistoryPlan, TracksPlan
from layeranim.stories.stage.verbs import Reach
from layeranim.stories.storyboard import Point
from layeranim.theme import Theme

WIDE, SMALL = 9.0, 3.0
KEY = 18.0
"""From the middle of a glyph to the name that it stands for."""
NOW = 7.0
STOPS = 40
"""On a path of no more points than this each is marked."""


class TracksPicture(DrawnPlan[TracksPlan]):
    """The axes of one plan, and the lines so far, each with its glyph where it is."""

    def __init__(self, plan: TracksPlan, theme: Theme) -> None:
        super().__init__(plan, theme)
        box = plan.box
        if plan.contours:
            self.add(polyline(plan.contours, theme.grid, t.HAIR))
        else:
            self.add(*rules(box, plan.along, theme))
        self.add(corner(box, theme), *ticks(box, plan.across, plan.along, theme))
        if plan.rule is not None:
            self.add(polyline(dashed((box.x, plan.rule), (box.right, plan.rule)), theme.muted, 2))
        for ring in plan.rings:
            if lines := joined(ring.points):
                self.add(polyline(lines, theme.gates[KINDS[ring.kind]], 2))
        self.add(*(disc(at, SMALL, theme.muted) for at in plan.dots))
        self.add(*(TextLine(line, t.FLOOR, theme, (x, y - 8), "centre") for (x, y), line in plan.names))
        for x, y in plan.marks:
            arms = [[(x - WIDE, y - WIDE), (x + WIDE, y + WIDE)], [(x - WIDE, y + WIDE), (x + WIDE, y - WIDE)]]
            self.add(polyline(arms, theme.ink, t.LINE))
        self.add(TextLine(plan.heading, t.NAME, theme, plan.heading_at))
        for track in plan.tracks:
            if track.name:
                x, y = track.at
                self.add(self._glyph((x - KEY, y + 8), track.kind, theme.gates[KINDS[track.kind]]))
                self.add(TextLine(track.name, t.FLOOR, theme, track.at))
        self.add(self.moving)

    def reach(self, verb: Reach) -> None:
        """All lines up to a unit, and a glyph where each is."""
        self.clear()
        glyphs: list[Bundle] = []
        for track in self.plan.tracks:
            colour = self.theme.ghost if verb.pale else self.theme.gates[KINDS[track.kind]]
            known = track.points[: verb.last + 1]
            if lines := joined(known):
                self.moving.add(polyline(lines, colour, t.LINE))
            if len(self.plan.tracks[0].points) <= STOPS and not verb.pale:
                self.moving.add(*(disc(at, SMALL, colour) for at in known if at is not None))
            if known and known[-1] is not None:
                glyphs.append(self._glyph(known[-1], track.kind, colour))
        self.moving.add(*glyphs)

    def _glyph(self, at: Point, kind: int, colour: str) -> Bundle:
        if SHAPES[kind] == "disc":
            return Bundle(disc(at, WIDE - 1, colour, self.theme.bg, 1.5))
        return Bundle(polyline([turned(at, *CORNERS[SHAPES[kind]])], self.theme.bg, 1.5, colour))


class HistoryPicture(DrawnPlan[HistoryPlan]):
    """The axes of one plan and the line so far."""

    def __init__(self, plan: HistoryPlan, theme: Theme) -> None:
        super().__init__(plan, theme)
        box = plan.box
        self.add(*rules(box, plan.along, theme), corner(box, theme), *ticks(box, plan.across, plan.along, theme))
        self.add(TextLine(plan.heading, t.NAME, theme, plan.heading_at), self.moving)

    def reach(self, verb: Reach) -> None:
        """The line up to a unit, and a point where it is."""
        self.clear()
        known = self.plan.points[: verb.last + 1]
        if lines := joined(known):
            self.moving.add(polyline(lines, self.theme.ink, t.RESULT_LINE))
        if known and known[-1] is not None:
            self.moving.add(disc(known[-1], NOW, self.theme.result, self.theme.bg, 2))
