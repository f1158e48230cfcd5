"""Nodes and edges as data: where the discs of a layer stand, what they show, which edges are lit and how thick."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from layeranim import theme
from layeranim.stories.storyboard import Cells, Line, Point, Source

REST = 2.0  # width of an edge at rest
DISC_MOST = 26  # numeral in a disc, and of a weight beside it
LABEL_SHARE = 0.36  # where along an edge its weight is written


@dataclass(frozen=True)
class NodeEdge:
    """A lit edge: its ends, its width 2 + 4·|w|/max, its sign as a role, and its weight's text and numeral."""

    start: Point
    end: Point
    width: float
    role: str
    text: str
    at: Point
    source: Source | None
    numeral: int = theme.FLOOR


@dataclass(frozen=True)
class NodeColumn:
    """Discs of one layer, from the top; ``cells(u)`` is what they show at unit u, one row a disc."""

    at: tuple[Point, ...]
    radius: float
    numeral: int
    cells: Callable[[int], Cells]
    heading: Line = ()
    heading_at: Point = (0, 0)


@dataclass(frozen=True)
class Network:
    """Two layers of discs and every edge between them; ``edges(u)`` are those of the unit under way."""

    inputs: NodeColumn
    units: NodeColumn
    edges: Callable[[int], tuple[NodeEdge, ...]]

    @property
    def rest(self) -> tuple[tuple[Point, Point], ...]:
        """Every edge, from rim to rim."""
        return tuple(
            between(a, b, self.inputs.radius, self.units.radius) for b in self.units.at for a in self.inputs.at
        )


def between(a: Point, b: Point, first: float, second: float) -> tuple[Point, Point]:
    """The ends of an edge between the side points of two discs."""
    return (a[0] + first, a[1]), (b[0] - second, b[1])


def along(ends: tuple[Point, Point], share: float = LABEL_SHARE) -> Point:
    """A point of an edge."""
    (ax, ay), (bx, by) = ends
    return ax + share * (bx - ax), ay + share * (by - ay)


def stack(count: int, pitch: float, x: float, middle: float) -> tuple[Point, ...]:
    """Centres of ``count`` discs in a column, on even pixels."""
    top = middle + (count - 1) * pitch / 2
    return tuple((x, 2 * round((top - i * pitch) / 2)) for i in range(count))


def label_numeral(pitch: float, length: float, wide: float) -> int:
    """The numeral of weights of width ``wide`` at size 1 on edges that come together: as large as in a disc where
    labels keep apart and leave two thirds of an edge to see."""
    apart = (1 - LABEL_SHARE) * pitch / 1.6
    return max(theme.FLOOR, min(DISC_MOST, int(apart), int(length / 3 / max(wide, 1e-9))))


def disc_numeral(radius: float, wide: float) -> int:
    """The largest numeral for a text of width ``wide`` at size 1 in a disc; 0 if it would be under the floor."""
    for size in range(DISC_MOST, theme.FLOOR - 1, -1):
        if wide * size <= 2 * math.sqrt(max(0.0, (radius - 3) ** 2 - (0.36 * size) ** 2)):
            return size
    return 0
