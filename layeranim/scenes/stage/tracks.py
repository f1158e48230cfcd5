"""Several lines that grow together: over the units, or as paths over a map of heights."""

from __future__ import annotations

from layeranim import theme as t
from layeranim.scenes.parts.axes import corner, rules, ticks
from layeranim.scenes.parts.label import TextLine
from layeranim.scenes.parts.shape import Bundle
from layeranim.scenes.parts.shapes import disc, polyline
from layeranim.scenes.stage.curve import dashed
from layeranim.scenes.stage.scatter import CORNERS, joined, turned
from layeranim.stories.stage.parts.tracks import KINDS
from layeranim.stories.stage.plans import TracksPlan
from layeranim.stories.stage.verbs import Reach
from layeranim.stories.storyboard import Point
from layeranim.theme import Theme

WIDE, SMALL = 9.0, 3.0
KEY = 18.0
"""From the middle of a glyph to the name that it stands for."""
SHAPES = ("disc", "square", "triangle", "diamond")
STOPS = 40
"""On a path of no more points than this each is marked."""


class TracksPicture(Bundle):
    """The axes of one plan, and the lines so far, each with its glyph where it is."""

    def __init__(self, plan: TracksPlan, theme: Theme) -> None:
        super().__init__()
        self.plan, self.theme, self.lines = plan, theme, Bundle()
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
        self.add(self.lines)

    def clear(self) -> None:
        self.lines.remove(*self.lines.submobjects)

    def reach(self, verb: Reach) -> None:
        """All lines up to a unit, and a glyph where each is."""
        self.clear()
        glyphs: list[Bundle] = []
        for track in self.plan.tracks:
            colour = self.theme.ghost if verb.pale else self.theme.gates[KINDS[track.kind]]
            known = track.points[: verb.last + 1]
            if lines := joined(known):
                self.lines.add(polyline(lines, colour, t.LINE))
            if len(self.plan.tracks[0].points) <= STOPS and not verb.pale:
                self.lines.add(*(disc(at, SMALL, colour) for at in known if at is not None))
            if known and known[-1] is not None:
                glyphs.append(self._glyph(known[-1], track.kind, colour))
        self.lines.add(*glyphs)

    def _glyph(self, at: Point, kind: int, colour: str) -> Bundle:
        if SHAPES[kind] == "disc":
            return Bundle(disc(at, WIDE - 1, colour, self.theme.bg, 1.5))
        return Bundle(polyline([turned(at, *CORNERS[SHAPES[kind]])], self.theme.bg, 1.5, colour))
