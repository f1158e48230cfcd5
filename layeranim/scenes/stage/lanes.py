"""Lanes with stations and valves; what flows is as wide as its number is large."""

from __future__ import annotations

from itertools import pairwise
from math import hypot

from layeranim import theme as t
from layeranim.borrowed import Animation, VMobject
from layeranim.scenes.parts.animate import TRAVEL, Follow
from layeranim.scenes.parts.label import TextLine
from layeranim.scenes.parts.shape import Bundle, place
from layeranim.scenes.parts.shapes import disc, operator, polyline, rectangle
from layeranim.scenes.stage.drawn import DrawnPlan
from layeranim.stories.stage.plans import LanesPlan, Station
from layeranim.stories.stage.verbs import Current, Flow, Reading
from layeranim.stories.storyboard import Point
from layeranim.theme import Theme

PALE = 1
"""The colour step in which a preview flows."""
LEAF, INSET = 5.0, 4.0
"""Width of a valve's leaves, and how far they end inside of its ring."""


class LanesPicture(DrawnPlan[LanesPlan]):
    """The lanes of one plan: pipes under stations, what flows between them."""

    def __init__(self, plan: LanesPlan, theme: Theme) -> None:
        super().__init__(plan, theme)
        self.flows, self.shown = dict[int, Bundle](), dict[int, Bundle]()
        self.under, self.over = Bundle(), Bundle()
        self.add(Bundle(*(polyline([pipe.points], theme.faint, t.LINE) for pipe in plan.pipes)), self.under)
        self.add(*(self._empty(station) for station in plan.stations), self.over)

    def _empty(self, station: Station) -> Bundle:
        out, theme = Bundle(), self.theme
        if station.kind == "held":
            out.add(rectangle(station.box, theme.bg, theme.grid, t.HAIR))
        elif station.kind == "chip":
            out.add(rectangle(station.box, theme.bg, theme.muted, t.LINE, t.CHIP_RADIUS))
        elif station.kind == "plus":
            out.add(operator(station.box.centre, "+", theme, theme.muted))
        else:
            out.add(disc(station.box.centre, station.box.h / 2, None, theme.muted, t.LINE))
        if station.line:
            out.add(TextLine(station.line, t.FLOOR, theme, station.at))
        return out

    def clear(self) -> None:
        """Nothing flows, and stations show nothing."""
        self.under.remove(*self.flows.values())
        self.over.remove(*self.shown.values())
        self.flows, self.shown = {}, {}

    def flow(self, verb: Flow) -> Animation:
        """What flows runs along its pipes, then the stations show their numbers."""

        running, read = dict[int, VMobject](), dict[int, int]()

        def at(alpha: float) -> None:
            for stream in verb.streams:
                line = self._line(stream, alpha, verb.pale)
                if stream.pipe in running:  # it stands where it is, and grows
                    running[stream.pipe].points = line.points
                    continue
                running[stream.pipe] = line
                place(self.under, self.flows, stream.pipe, Bundle(line))
            for reading in verb.readings:
                now = min(len(reading.lines) - 1, int(alpha * len(reading.lines)))
                valve = self.plan.stations[reading.station].kind == "valve"
                if valve or (not verb.pale and read.get(reading.station) != now):  # else it shows what it showed
                    self._show(reading, now, alpha, verb.pale)
                    read[reading.station] = now

        return Follow(at, rate_func=TRAVEL)

    def _line(self, stream: Current, alpha: float, pale: bool) -> VMobject:
        """The part of a pipe that something has run along."""
        level = PALE * (stream.level > 0) - PALE * (stream.level < 0) if pale else stream.level
        colour = self.theme.fill("value", level) if level else self.theme.grid
        return polyline([_part(self.plan.pipes[stream.pipe].points, max(alpha, 0.02))], colour, stream.width)

    def _show(self, reading: Reading, now: int, alpha: float, pale: bool) -> None:
        station, lines = self.plan.stations[reading.station], reading.lines
        out = Bundle()
        if station.kind == "held":
            last = now == len(lines) - 1
            fill = self.theme.fill("value", reading.level) if last else self.theme.bg
            out.add(rectangle(station.box, fill, self.theme.grid, t.HAIR))
        elif station.kind == "valve":
            out.add(*self._leaves(station, reading.open * alpha))
        if not pale:
            held = station.kind == "held"
            out.add(TextLine(lines[now], station.size, self.theme, station.says, "centre" if held else "left"))
        place(self.over, self.shown, reading.station, out)

    def _leaves(self, station: Station, share: float) -> list[Bundle]:
        """A valve's two leaves, as far apart as it is open."""
        (x, y), reach = station.box.centre, station.box.h / 2 - INSET
        role = station.line[0].role if station.line else "ink"
        lines = [[(x, y + side * reach), (x, y + side * reach * share)] for side in (1, -1)]
        return [Bundle(polyline(lines, self.theme.role(role), LEAF))]


def _part(points: tuple[Point, ...], share: float) -> list[Point]:
    """The first part of a way, as long as its share."""
    left = share * sum(hypot(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(points))
    out = [points[0]]
    for a, b in pairwise(points):
        length = hypot(b[0] - a[0], b[1] - a[1])
        if left <= length:
            return [*out, (a[0] + (b[0] - a[0]) * left / length, a[1] + (b[1] - a[1]) * left / length)]
        out.append(b)
        left -= length
    return out
