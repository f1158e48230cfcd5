"""Lines of parts: rows with signs and lanes between them, columns, and what of a row is broken on a narrow canvas."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from itertools import combinations, pairwise

from layeranim import theme, typeface
from layeranim.canvas import Canvas
from layeranim.layout import even
from layeranim.records import dataclass
from layeranim.stories.stage.plans import LanePlan, Plan, SignPlan
from layeranim.stories.stage.solver import COLUMN_GAP, Extent, Node, Setting, Spot
from layeranim.stories.storyboard import Point, Run

GAP, GAP_MOST = 22.0, 76.0
"""Between neighbours of a row, in design pixels."""
LINE_GAP_MOST = 56.0
"""Between the lines of a row that was broken."""
SIGN, DOT = 28, 46
"""The size of a sign, and of the dot of a product, which is all air at that size."""
LANE, LANE_MOST = 34.0, 72.0


@dataclass(frozen=True)
class Sign:
    """A sign between two parts: − / = Σ."""

    text: str

    def measure(self, s: Setting) -> Extent:
        return Extent(typeface.width(self.text, SIGN), 20, 20)

    def place(self, s: Setting, spot: Spot) -> Iterator[Plan]:
        size = DOT if self.text == "·" else SIGN
        yield SignPlan(f"sign:{spot.x:g}:{spot.y:g}", (spot.x, spot.y), (Run(self.text),), size)


@dataclass(frozen=True)
class Way:
    """A lane from left to right: the data goes on."""

    def measure(self, s: Setting) -> Extent:
        return Extent(LANE, 12, 12, LANE_MOST - LANE)

    def place(self, s: Setting, spot: Spot) -> Iterator[Plan]:
        ends: tuple[Point, ...] = ((spot.x - spot.width / 2, spot.y), (spot.x + spot.width / 2, spot.y))
        yield LanePlan(f"lane:{spot.x:g}:{spot.y:g}", ends)


@dataclass(frozen=True)
class Down:
    """A lane from one row down to the next, where a row was broken at a lane."""

    def measure(self, s: Setting) -> Extent:
        return Extent(12, LANE / 2, LANE / 2)

    def place(self, s: Setting, spot: Spot) -> Iterator[Plan]:
        ends: tuple[Point, ...] = ((spot.x, spot.y + LANE / 2), (spot.x, spot.y - LANE / 2))
        yield LanePlan(f"lane:{spot.x:g}:{spot.y:g}", ends)


@dataclass(frozen=True, init=False)
class Row:
    """Parts from left to right, their bodies on one line; on a narrow canvas in as many lines as they take."""

    nodes: tuple[Node, ...]

    def __init__(self, *nodes: Node | str) -> None:
        object.__setattr__(self, "nodes", tuple(as_node(node) for node in nodes))

    def parts(self, s: Setting) -> list[Extent]:
        """The room of each part."""
        own = [node.measure(replace(s, columns=())) for node in self.nodes]
        widths = s.columns or [part.width for part in own]
        return [replace(part, width=max(part.width, wide)) for part, wide in zip(own, widths, strict=True)]

    def measure(self, s: Setting) -> Extent:
        parts = self.parts(s)
        if lines := self._lines(s, parts):
            return lines.measure(replace(s, columns=()))
        gaps = sum(self._gaps(parts, GAP))
        return Extent(
            sum(p.width for p in parts) + gaps,
            max(p.up for p in parts),
            max(p.down for p in parts),
            sum(p.grow for p in parts) + sum(self._gaps(parts, GAP_MOST)) - gaps,
            max(p.rise for p in parts),
        )

    def place(self, s: Setting, spot: Spot) -> Iterator[Plan]:
        parts, s = self.parts(s), replace(s, columns=())
        if lines := self._lines(s, parts):
            yield from lines.place(s, spot)
            return
        spare = spot.width - sum(p.width for p in parts) - sum(self._gaps(parts, GAP))
        wanted = sum(p.grow for p in parts)
        grown = min(spare, wanted)
        gaps = self._gaps(parts, GAP)
        most = self._gaps(parts, GAP_MOST)
        share = min(1.0, (spare - grown) / max(1.0, sum(most) - sum(gaps)))
        gaps = [a + (b - a) * share for a, b in zip(gaps, most, strict=True)]
        widths = [p.width + (grown * p.grow / wanted if wanted else 0.0) for p in parts]
        x = spot.x - (sum(widths) + sum(gaps)) / 2
        for node, part, width, gap in zip(self.nodes, parts, widths, [*gaps, 0.0], strict=True):
            up, down = (min(need + part.rise, most) for need, most in ((part.up, spot.up), (part.down, spot.down)))
            yield from node.place(s, Spot(x + width / 2, spot.y, width, up, down))
            x += width + gap

    def _lines(self, s: Setting, parts: Sequence[Extent]) -> Column | None:
        """The row in the fewest lines that are no wider than the canvas, about equally long; none where it is one.

        A line ends before a sign, never behind one; a lane at its end leads down to the next.
        """
        starts = [i for i in range(1, len(parts)) if not isinstance(self.nodes[i - 1], (Sign, Way))]
        forced = {k for k in starts if s.alone and not isinstance(self.nodes[k], (Sign, Way))
                  and (parts[k - 1].rise or parts[k].rise)}  # fmt: skip
        if not forced and self._width(parts) <= s.across:
            return None
        free, wide = [k for k in starts if k not in forced], self._part_width(parts)
        for count in range(len(free) + 1):
            found = [(max(map(wide, spans)), spans) for chosen in combinations(free, count)
                     for spans in [list(pairwise((0, *sorted({*chosen, *forced}), len(parts))))]]  # fmt: skip
            least, spans = min(found, key=lambda one: one[0])
            if least <= s.across:
                return Column(*self._stacked(spans), most=LINE_GAP_MOST) if len(spans) > 1 else None
        return None

    def _width(self, parts: Sequence[Extent]) -> float:
        return sum(p.width for p in parts) + sum(self._gaps(parts, GAP))

    def _part_width(self, parts: Sequence[Extent]) -> Callable[[tuple[int, int]], float]:
        """How wide a line is that holds the parts of a span."""

        @cache
        def wide(span: tuple[int, int]) -> float:
            a, b = span
            a += a > 0 and isinstance(self.nodes[a], Way)
            return Row(*self.nodes[a:b])._width(parts[a:b])

        return wide

    def _stacked(self, spans: Sequence[tuple[int, int]]) -> Iterator[Node]:
        for a, b in spans:
            down = a > 0 and isinstance(self.nodes[a], Way)
            if down:
                yield Down()
            yield Row(*self.nodes[a + down : b])

    def _gaps(self, parts: Sequence[Extent], size: float) -> list[float]:
        """A lane stands off what it leads to, whatever room there is."""
        out = []
        for a, b in zip(self.nodes, self.nodes[1:], strict=False):
            close = isinstance(a, Way) or isinstance(b, Way)
            sign = isinstance(a, Sign) or isinstance(b, Sign)
            near = GAP / 2 if clings(b) else size
            out.append(float(theme.ARROW_GAP) if close else size / 2 if sign else near)
        return out


@dataclass(frozen=True, init=False)
class Column:
    """Parts from top to bottom, their bodies on one line; ``most`` is how far apart they may stand."""

    nodes: tuple[Node, ...]
    most: float

    def __init__(self, *nodes: Node | str, most: float = COLUMN_GAP) -> None:
        object.__setattr__(self, "nodes", tuple(as_node(node) for node in nodes))
        object.__setattr__(self, "most", most)

    def measure(self, s: Setting) -> Extent:
        parts = [node.measure(s) for node in self.nodes]
        gaps = self._gaps()
        high = sum(p.height for p in parts) + sum(low for low, _ in gaps)
        up = parts[0].up if len(parts) == 1 else high / 2
        rise = sum(p.rise for p in parts) + sum(high - low for low, high in gaps) / 2
        return Extent(max(p.width for p in parts), up, high - up, max(p.grow for p in parts), rise)

    def _gaps(self) -> list[tuple[float, float]]:
        """Between neighbours, at least and at most; a lane stands off what it leads to."""
        close = float(theme.ARROW_GAP)
        return [(close, close) if isinstance(a, Down) or isinstance(b, Down) else (COLUMN_GAP, self.most)
                for a, b in pairwise(self.nodes)]  # fmt: skip

    def place(self, s: Setting, spot: Spot) -> Iterator[Plan]:
        parts = [node.measure(s) for node in self.nodes]
        need = self.measure(s)
        spare = max(0.0, min(spot.up - need.up, spot.down - need.down))
        share = min(spare, need.rise) / need.rise if need.rise else 0.0
        y = spot.y + need.up + min(spare, need.rise)
        for node, part, (low, high) in zip(self.nodes, parts, [*self._gaps(), (0.0, 0.0)], strict=True):
            rise = share * part.rise
            y -= part.up + rise
            width = min(spot.width, part.width + part.grow)
            yield from node.place(s, Spot(spot.x, even(y), width, part.up + rise, part.down + rise))
            y -= part.down + rise + low + share * (high - low)


@dataclass(frozen=True, init=False)
class Aligned:
    """Parts from top to bottom whose cells are of one width, so that their columns stand under each other.

    By themselves their cells stand in the middle; ``flush`` ones take no room right of their cells for the headings
    left of these.
    """

    column: Column
    flush: bool

    def __init__(self, *nodes: Node, flush: bool = False) -> None:
        object.__setattr__(self, "column", Column(*nodes))
        object.__setattr__(self, "flush", flush)

    def measure(self, s: Setting) -> Extent:
        found = self.column.measure(self._same(s))
        return replace(found, width=found.width - self._left(s))

    def place(self, s: Setting, spot: Spot) -> Iterator[Plan]:
        left = self._left(s)
        return self.column.place(self._same(s), replace(spot, x=even(spot.x + left / 2), width=spot.width + left))

    def _left(self, s: Setting) -> float:
        """What the widest heading takes left of the cells."""
        sides = [overhang(s) / 2 for node in self.nodes if (overhang := getattr(node, "overhang", None))]
        return max(sides, default=0.0) if self.flush else 0.0

    @property
    def nodes(self) -> tuple[Node, ...]:
        return self.column.nodes

    def _same(self, s: Setting) -> Setting:
        names = [name for node in self.column.nodes if (name := getattr(node, "tensor", None))]
        return replace(s, wide=max(s.figures.wide(name) for name in names))


def clings(node: Node) -> bool:
    """Whether a part stands close to the one before it."""
    return getattr(node, "clings", False)


def as_node(node: Node | str) -> Node:
    """A part itself; of a text the lane or the sign that it stands for."""
    if isinstance(node, str):
        return Way() if node == "→" else Sign(node)
    return node


def mapped(canvas: Canvas, terrain: Node, lines: Node, table: Node) -> Node:
    """A map, lines over the units beside it, and a table: under the lines, on a high canvas under both."""
    under = canvas.narrow and canvas.height >= canvas.width
    return Column(Row(terrain, lines), table) if under else Row(terrain, Column(lines, table))
