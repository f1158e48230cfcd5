"""Two rows of nodes with the edges between them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from math import cos, pi, sin

import numpy as np

from layeranim import theme as t
from layeranim import typeface
from layeranim.borrowed import Animation, VMobject
from layeranim.scenes.parts.animate import TRAVEL, Appear, Follow
from layeranim.scenes.parts.label import TextLine, numeral
from layeranim.scenes.parts.shape import PX, Bundle, place
from layeranim.scenes.parts.shapes import Lane, disc, polyline, rectangle, ring_of_dashes
from layeranim.scenes.stage.drawn import DrawnPlan
from layeranim.stories.stage.plans import Edge, NetPlan
from layeranim.stories.stage.verbs import NodeFill, Trade, Wiring
from layeranim.stories.storyboard import Box, Point
from layeranim.theme import Theme

ARCHED, ROSE = 12, 0.8
"""Straight pieces of an arch, and how high it rises, in heights of a node."""
DASHES = 16
"""Of the outline of a node that is padding."""


class NetPicture(DrawnPlan[NetPlan]):
    """The nodes of one plan; edges lie under them, in the order in which they came."""

    def __init__(self, plan: NetPlan, theme: Theme) -> None:
        super().__init__(plan, theme)
        self.edges, self.over, self.labels, self.nodes = Bundle(), Bundle(), Bundle(), Bundle()
        self.stay: dict[tuple[int, int, bool], tuple[Edge, Bundle]] = {}
        self.lit: dict[tuple[int, int, bool], Bundle] = {}
        self.add(self.edges, self.over, self.labels, self.nodes)
        for at, line in plan.headings:
            self.nodes.add(TextLine(line, t.NAME, theme, at))
        self.numbers: dict[tuple[bool, int], Bundle] = {}
        self.edges.add(*(self._edge(edge) for edge in plan.edges))
        self.labels.add(*(label for edge in plan.edges for label in self._label(edge)))
        self.nodes.add(*(Lane(lane, theme.weights) for lane in plan.lanes))
        self.nodes.add(*(disc((x, y + by), 3, theme.muted) for x, y in plan.gaps for by in (14, 0, -14)))
        self.nodes.add(*(self._empty(False, k) for k in range(len(plan.lower))))
        self.nodes.add(*(self._empty(True, k) for k in range(len(plan.upper))))
        if plan.given is not None:
            self._set(NodeFill(plan.name, plan.given, tuple(range(len(plan.lower))), lower=True))

    def clear(self) -> None:
        """Upper nodes lose their numbers."""
        for key in [key for key in self.numbers if key[0]]:
            self.nodes.remove(self.numbers.pop(key))

    def wire(self, verb: Wiring) -> list[Animation]:
        """Edges lie down: those that stay, and those of the step under way, which lie over them until it is over."""
        if verb.stay:
            there = {ends: edge for ends, (edge, _) in self.stay.items()}
            new = {_ends(edge): edge for edge in verb.edges if there.get(_ends(edge)) != edge}
            self.edges.remove(*(self.stay[ends][1] for ends in new if ends in self.stay))
            lines = {ends: Bundle(self._edge(edge)) for ends, edge in new.items()}
            self.stay |= {ends: (new[ends], line) for ends, line in lines.items()}
            self.edges.add(*lines.values())
            return [Appear(line, introducer=False) for line in lines.values()]
        out: list[Animation] = []
        for edge in verb.edges:
            if _ends(edge) not in self.lit:
                self.lit[_ends(edge)] = line = Bundle(self._edge(edge), *self._label(edge))
                self.over.add(line)
                out.append(Appear(line, introducer=False))
        return out

    def trade(self, verb: Trade) -> Animation:
        """Two lower nodes travel to each other's places, over all others; edges that are bound to them go along."""
        other = dict(zip(verb.places, verb.places[::-1], strict=True))
        discs = {at: self.numbers.pop((False, at), Bundle()) for at in other}
        self.numbers |= {(False, other[at]): disc for at, disc in discs.items()}
        self.nodes.remove(*discs.values())
        self.nodes.add(*discs.values())
        bound = {ends: self.stay.pop(ends) for ends in [*self.stay] if verb.bound and ends[0] in other and not ends[2]}
        for (start, upper, _), (edge, line) in bound.items():
            self.stay[other[start], upper, False] = replace(edge, lower=other[start]), line
        parts = [(at, part, part.points[:, :2].copy()) for at, disc in discs.items() for part in disc.get_family()]

        def at(alpha: float) -> None:
            gone = {start: self._gone(start, goal, alpha) for start, goal in other.items()}
            for start, part, points in parts:
                part.points[:, :2] = points + np.array(gone[start]) * PX
            for (start, _, _), (edge, line) in bound.items():
                line.submobjects = [self._edge(edge, gone[start])]

        return Follow(at, rate_func=TRAVEL)

    def _gone(self, start: int, goal: int, share: float) -> Point:
        """How far a lower node is from its place on its way to another: to the right over the row, else under it."""
        (x, y), (to_x, to_y) = self.plan.lower[start], self.plan.lower[goal]
        bow = self.plan.radius * sin(pi * share) * (2 if to_x > x else -1)
        return (to_x - x) * share, (to_y - y) * share + bow

    def leave(self) -> None:
        """What belongs to the step before leaves."""
        self.over.remove(*self.lit.values())
        self.lit = {}

    def fill(self, verb: NodeFill) -> Iterator[Animation]:
        """Nodes get their numbers."""
        yield from (Appear(node, introducer=False) for node in self._set(verb))

    def outlines(self, rows: Iterable[int]) -> list[Bundle]:
        """Rings around the upper nodes under way."""
        boxes = [self.plan.node(True, k).outset(1) for k in rows]
        return [Bundle(rectangle(box, None, self.theme.focus, t.FOCUS, box.h / 2)) for box in boxes]

    def _set(self, verb: NodeFill) -> list[Bundle]:
        out = []
        for k in verb.where:
            out.append(place(self.nodes, self.numbers, (not verb.lower, k), self._node(verb, k)))
        return out

    def _edge(self, edge: Edge, gone: Point = (0, 0)) -> VMobject:
        """An edge, whose lower node has ``gone`` so far from its place."""
        a, b = self.plan.node(edge.within, edge.lower), self.plan.node(True, edge.upper)
        a = replace(a, x=a.x + gone[0], y=a.y + gone[1])
        if edge.within:
            return polyline([_arch(a, b)], self.theme.role(edge.colour), edge.width)
        if self.plan.right:
            ends = (a.right, a.centre[1]), (b.x, b.centre[1])
        else:
            ends = (a.centre[0], a.y), (b.centre[0], b.bottom)
        return polyline([ends], self.theme.role(edge.colour), edge.width)

    def _label(self, edge: Edge) -> list[Bundle]:
        if not edge.label:
            return []
        half = sum(typeface.width(run.text, edge.size, run.weight) for run in edge.label) / 2 + 5
        (x, y), high = edge.at, edge.size + 8
        ground = rectangle(Box(x - half, y + high / 2, 2 * half, high), self.theme.bg, radius=4)
        return [Bundle(ground, TextLine(edge.label, edge.size, self.theme, (x, y - 0.36 * edge.size), "centre"))]

    def _empty(self, upper: bool, at: int) -> VMobject:
        return rectangle(self.plan.node(upper, at), self.theme.bg, self.theme.grid, t.HAIR, self.plan.radius)

    def _node(self, verb: NodeFill, k: int) -> Bundle:
        """A node with its number, or with the sum so far."""
        plan, cells = self.plan, verb.cells
        box = plan.node(not verb.lower, k)
        if verb.lines:
            at = box.centre[0], box.centre[1] - 0.36 * plan.numeral
            empty = rectangle(box, self.theme.bg, self.theme.grid, t.HAIR, plan.radius)
            return Bundle(empty, TextLine(verb.lines[-1], plan.numeral, self.theme, at, "centre"))
        place = plan.picked[k] if verb.lower and plan.picked else k
        row, col = (place, 0) if cells.levels.shape[0] > 1 else (0, place)
        padding = cells.ghost is not None and bool(cells.ghost[row, col])
        fill = self.theme.bg if padding else self.theme.fill(cells.scale, int(cells.levels[row, col]))
        out = Bundle(rectangle(box, fill, fill if padding else self.theme.grid, t.HAIR, plan.radius))
        if padding:
            out.add(polyline(ring_of_dashes(box.centre, box.w / 2, DASHES, 3), self.theme.ghost, t.HAIR))
        if cells.texts is not None:
            ink = self.theme.muted if padding else self.theme.on(fill)
            out.add(numeral(cells, row, col, plan.numeral, ink, box.centre))
        return out


def _ends(edge: Edge) -> tuple[int, int, bool]:
    """What tells one edge from another."""
    return edge.lower, edge.upper, edge.within


def _arch(a: Box, b: Box) -> list[Point]:
    """From the top of one node over to the top of another in half an ellipse, nearly as high as a node."""
    x, reach = a.centre[0], b.centre[0] - a.centre[0]
    turns = [i * pi / ARCHED for i in range(ARCHED + 1)]
    return [(x + reach * (1 - cos(turn)) / 2, a.y + a.h * ROSE * sin(turn)) for turn in turns]
