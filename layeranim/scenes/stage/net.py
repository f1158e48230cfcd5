"""Two rows of nodes with the edges between them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from manim import Animation

from layeranim import theme as t
from layeranim import typeface
from layeranim.scenes.parts.animate import Appear
from layeranim.scenes.parts.label import Label, TextLine
from layeranim.scenes.parts.shape import Bundle
from layeranim.scenes.parts.shapes import disc, polyline, rectangle
from layeranim.stories.stage.plans import NetPlan
from layeranim.stories.stage.verbs import Edge, NodeFill, Wiring
from layeranim.stories.storyboard import Box, Cells, Point
from layeranim.theme import Theme


class NetPicture(Bundle):
    """The nodes of one plan; edges lie under them, in the order in which they came."""

    def __init__(self, plan: NetPlan, theme: Theme) -> None:
        super().__init__()
        self.plan, self.theme = plan, theme
        self.edges, self.nodes = Bundle(), Bundle()
        self.drawn: set[tuple[int, int]] = set()
        self.add(self.edges, self.nodes)
        for at, line in plan.headings:
            self.nodes.add(TextLine(line, t.NAME, theme, at))
        for k, at in enumerate(plan.lower):
            self.nodes.add(self._node(at, plan.given, k) if plan.given is not None else self._empty(at))
        for at in plan.upper:
            self.nodes.add(self._empty(at))

    def clear(self) -> None:
        """Nothing of it belongs to one step alone but what the scene holds."""

    def wire(self, verb: Wiring) -> tuple[list[Animation], list[Bundle]]:
        """Edges that lie down: those that stay, and those that are held for the step under way."""
        if verb.stay:
            new = [edge for edge in verb.edges if (edge.lower, edge.upper) not in self.drawn]
            self.drawn |= {(edge.lower, edge.upper) for edge in new}
            lines = [self._edge(edge) for edge in new]
            self.edges.add(*lines)
            return [Appear(line, introducer=False) for line in lines], []
        bold = [Bundle(self._edge(edge), *self._label(edge)) for edge in verb.edges]
        return [Appear(line) for line in bold], bold

    def fill(self, verb: NodeFill) -> Iterator[Animation]:
        """Upper nodes get their numbers."""
        for k in verb.where:
            node = self._node(self.plan.upper[k], verb.cells, k)
            self.nodes.add(node)
            yield Appear(node, introducer=False)

    def put(self, verb: NodeFill, where: Iterable[int]) -> None:
        """The same, at once."""
        self.nodes.add(*(self._node(self.plan.upper[k], verb.cells, k) for k in where))

    def _edge(self, edge: Edge) -> Bundle:
        a, b = self.plan.lower[edge.lower], self.plan.upper[edge.upper]
        r = self.plan.radius
        return Bundle(polyline([[(a[0], a[1] + r), (b[0], b[1] - r)]], self.theme.role(edge.colour), edge.width))

    def _label(self, edge: Edge) -> list[Bundle]:
        if not edge.label:
            return []
        half = sum(typeface.width(run.text, t.FLOOR, run.weight) for run in edge.label) / 2 + 5
        x, y = edge.at
        ground = rectangle(Box(x - half, y + 15, 2 * half, 30), self.theme.bg, radius=4)
        return [Bundle(ground, TextLine(edge.label, t.FLOOR, self.theme, (x, y - 8), "centre"))]

    def _empty(self, at: Point) -> Bundle:
        return Bundle(disc(at, self.plan.radius, self.theme.bg, self.theme.grid, t.HAIR))

    def _node(self, at: Point, cells: Cells, k: int) -> Bundle:
        rows, _ = cells.levels.shape
        row, col = (k, 0) if rows > 1 else (0, k)
        fill = self.theme.fill(cells.scale, int(cells.levels[row, col]))
        out = Bundle(disc(at, self.plan.radius, fill, self.theme.grid, t.HAIR))
        if cells.texts is not None:
            source = cells.sources(row, col) if cells.sources else None
            ink = self.theme.on(fill)
            out.add(Label(cells.texts[row, col], self.plan.numeral, ink, "medium", at, "centre", "middle", source))
        return out
