"""Net: two rows of nodes, and the edges through which the lower ones make the upper ones."""

from __future__ import annotations

from collections.abc import Iterator

from layeranim import theme
from layeranim.engine.trace import Region
from layeranim.layout import even
from layeranim.records import dataclass
from layeranim.stories import phrases
from layeranim.stories.stage.figures import Figures
from layeranim.stories.stage.parts.base import Actor, Moment, heading, unsized
from layeranim.stories.stage.plans import Edge, NetPlan, Plan, Strand
from layeranim.stories.stage.slices import Shown
from layeranim.stories.stage.solver import Extent, Setting, Spot, Unfit
from layeranim.stories.stage.verbs import NodeFill, Verb, Wiring
from layeranim.stories.storyboard import Address, Line, Run

RADIUS, RADIUS_LEAST = 36.0, 26.0
APART = 22.0
"""Between the rims of neighbours."""
RISE, RISE_MOST = 190.0, 250.0
"""From one row of nodes to the other."""
LABEL = 0.4
"""Where along an edge its weight is written."""
THIN, THICK = 2.0, 4.0
HUES = ("i", "f", "g", "o")
"""Colours of taps that are told apart: the first kernel's place, the second's, …"""


@dataclass(frozen=True)
class Net(Actor):
    """The cells of ``lower`` make those of ``upper`` through the edges of ``weight``.

    An edge leads from a lower cell to an upper one where a product of the upper one's sum reads it; edges of one weight
    have one colour, wherever they lie.
    """

    lower: str
    upper: str
    products: str
    called: tuple[str, str]

    kind = "net"
    about = "upper"

    def shown(self, figures: Figures, tensor: str) -> Shown:
        return figures.shown(tensor)

    def _counts(self, figures: Figures) -> tuple[int, int]:
        low, high = (self.shown(figures, name).shape for name in (self.lower, self.upper))
        if 1 not in low or 1 not in high:
            raise Unfit(self.lower)
        return max(low), max(high)

    def _radius(self, s: Setting) -> float:
        """Discs that hold their numbers."""
        wide = max(s.figures.wide(name) for name in (self.lower, self.upper))
        radius = max(RADIUS_LEAST, (wide * theme.FLOOR + 10) / 2)
        if not s.look.numerals or radius > RADIUS + 8:
            raise Unfit(self.lower)
        return min(max(radius, s.look.pitch / 2), RADIUS) if radius < RADIUS else radius

    def measure(self, s: Setting) -> Extent:
        radius, most = self._radius(s), max(self._counts(s.figures))
        names = max(phrases.width(line, theme.NAME) for line in self._headings(s.figures))
        width = most * (2 * radius + APART) + 2 * (names + 12)
        half = RISE / 2 + radius + 4
        return Extent(width, half, half, most * 40.0, (RISE_MOST - RISE) / 2)

    def _headings(self, figures: Figures) -> tuple[Line, Line]:
        low, high = (heading(figures, t, text) for t, text in zip((self.lower, self.upper), self.called, strict=True))
        return unsized(low), unsized(high)

    def place(self, s: Setting, spot: Spot) -> Iterator[Plan]:
        radius, (low, high) = self._radius(s), self._counts(s.figures)
        names = self._headings(s.figures)
        beside = max(phrases.width(line, theme.NAME) for line in names) + 12
        apart = min(2 * radius + APART + 40, (spot.width - 2 * beside) / max(low, high))
        rise = min(RISE_MOST, 2 * (min(spot.up, spot.down) - radius - 4)) / 2
        rows = [
            tuple((even(spot.x + (k - (count - 1) / 2) * apart), even(spot.y + side * rise)) for k in range(count))
            for count, side in ((low, -1), (high, 1))
        ]
        left = min(row[0][0] for row in rows) - radius - 14
        headings = tuple(
            ((left - phrases.width(line, theme.NAME), row[0][1] - 9), line)
            for row, line in zip(rows, names, strict=True)
        )
        strands = self._strand(s.figures, self.lower), self._strand(s.figures, self.upper)
        cells = s.figures.cells(self.shown(s.figures, self.lower), 0)
        size = min(theme.NUMERAL, int(radius * 0.75)) if radius >= 30 else theme.FLOOR
        yield NetPlan(f"{self.upper}:net", strands, rows[0], rows[1], radius, size, cells, headings)

    def _strand(self, figures: Figures, tensor: str) -> Strand:
        shown = self.shown(figures, tensor)
        return Strand(tensor, shown.cols or shown.rows, tuple(figures.fixed.items()))

    # ── acts ─────────────────────────────────────────────────────────────────
    def edges(self, figures: Figures, plan: NetPlan, unit: int, label: bool, width: float = THICK) -> tuple[Edge, ...]:
        """The edges that lead to a unit's node, one a product."""
        target = figures.cell_of(self.upper, unit, {})
        upper = self._place(figures, self.upper, target)
        acted = figures.acted(self.products, unit)
        out = []
        for k, (read, weight) in enumerate(zip(*figures.factors(acted), strict=True)):
            lower = self._place(figures, self.lower, read)
            if lower is None or upper is None:
                continue
            a, b = plan.lower[lower], plan.upper[upper]
            at = a[0] + (b[0] - a[0]) * LABEL, a[1] + (b[1] - a[1]) * LABEL
            text: Line = (Run(figures.text(weight), "weights", source=weight),) if label else ()
            out.append(Edge(lower, upper, HUES[k % len(HUES)], width, text, at))
        return tuple(out)

    def _place(self, figures: Figures, tensor: str, address: Address) -> int | None:
        """Which node is at the place of a cell."""
        strand = self._strand(figures, tensor)
        axes = figures.trace.axes(tensor)
        at = address.index[axes.index(strand.axis)] if strand.axis else 0
        return at if 0 <= at < max(self.shown(figures, tensor).shape) else None

    def writes(self, figures: Figures, plan: NetPlan, region: Region, moment: Moment) -> Iterator[Verb]:
        cells = figures.cells(self.shown(figures, self.upper), moment.unit)
        yield Wiring(plan.name, self.edges(figures, plan, moment.unit, False, THIN), stay=True)
        yield Wiring(plan.name, self.edges(figures, plan, moment.unit, moment.taught))
        yield NodeFill(plan.name, cells, tuple(plan.strands[1].places(region, len(plan.upper))))

    def passes(self, figures: Figures, plan: NetPlan, first: int, last: int) -> Iterator[Verb]:
        edges = [edge for unit in range(first, last + 1) for edge in self.edges(figures, plan, unit, False, THIN)]
        yield Wiring(plan.name, tuple(edges), stay=True)
        yield NodeFill(plan.name, figures.cells(self.shown(figures, self.upper), last), tuple(range(first, last + 1)))

    def closes(self, figures: Figures, plan: NetPlan, unit: int) -> Iterator[Verb]:
        yield Wiring(plan.name, self.edges(figures, plan, unit, True))
