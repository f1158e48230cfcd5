"""Nodes and edges drawn: discs with their numbers, edges at rest, lit edges with their weights."""

from __future__ import annotations

from manim import VGroup

from layeranim import theme as t
from layeranim import typeface
from layeranim.scenes.parts.label import Label
from layeranim.scenes.parts.shapes import disc, polyline, rectangle
from layeranim.stories.nodes import REST, NodeColumn, NodeEdge
from layeranim.stories.storyboard import Box, Cells, Point
from layeranim.theme import Theme


def edges(ends: tuple[tuple[Point, Point], ...], colour: str) -> VGroup:
    """Edges whose weights are not told."""
    return VGroup(*(polyline([pair], colour, REST) for pair in ends))


def lit(edge: NodeEdge, theme: Theme) -> VGroup:
    """One edge in the colour of its sign, as thick as its weight is large."""
    return VGroup(polyline([[edge.start, edge.end]], theme.role(edge.role), edge.width))


def weight_label(edge: NodeEdge, theme: Theme) -> VGroup:
    """The weight of an edge, on a ground of its own."""
    half, high = typeface.width(edge.text, edge.numeral) / 2 + 5, edge.numeral + 8
    ground = rectangle(Box(edge.at[0] - half, edge.at[1] + high / 2, 2 * half, high), theme.bg, radius=4)
    label = Label(edge.text, edge.numeral, theme.weights, "medium", edge.at, "centre", "middle", edge.source)
    return VGroup(ground, label)


def empty(column: NodeColumn, theme: Theme) -> VGroup:
    """The discs of a layer without their numbers."""
    return VGroup(*(disc(at, column.radius, theme.bg, theme.grid, t.HAIR) for at in column.at))


def node(column: NodeColumn, row: int, cells: Cells, theme: Theme) -> VGroup:
    """One disc with its number."""
    at = column.at[row]
    text = None if cells.texts is None else cells.texts[row, 0]
    source = cells.sources(row, 0) if cells.sources else None
    fill = theme.fill(cells.scale, int(cells.levels[row, 0]))
    out = VGroup(disc(at, column.radius, fill, theme.grid, t.HAIR))
    if text and column.numeral:
        out.add(Label(text, column.numeral, theme.on(fill), "medium", at, "centre", "middle", source))
    return out


def ring(column: NodeColumn, row: int, colour: str) -> VGroup:
    """The ring of the unit under way."""
    return VGroup(disc(column.at[row], column.radius + 1, None, colour, t.FOCUS))
