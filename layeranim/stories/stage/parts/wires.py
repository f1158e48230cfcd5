"""Wires: one layer of several as nodes and edges: what each output reads, and what is counted of it, line by line."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from layeranim import theme
from layeranim.engine.trace import Region
from layeranim.layout import even
from layeranim.records import dataclass
from layeranim.stories import phrases
from layeranim.stories.stage.figures import Figures
from layeranim.stories.stage.parts.base import HEADING, Actor, Moment
from layeranim.stories.stage.parts.layer import share_of, sign
from layeranim.stories.stage.plans import Edge, NetPlan, Plan, Strand, TablePlan
from layeranim.stories.stage.slices import Shown
from layeranim.stories.stage.solver import Extent, Setting, Spot
from layeranim.stories.stage.verbs import Arrive, Light, NodeFill, Trade, Verb, Wiring
from layeranim.stories.storyboard import Address, Box, Fact, Line, Point, Run

PITCH, PITCH_MOST = 24.0, 44.0
"""From node to node in a row."""
GAP = 5.0
"""Between the rims of neighbours."""
RISE, RISE_MOST = 90.0, 200.0
"""From one row of nodes to the other."""
ARCH = 0.9
"""How high an edge from output to output rises over the nodes, with air, in heights of a node."""
LINE = 30.0
"""The height of a line of what is counted."""
AIR = 10.0
"""Above the first of these lines."""
COUNTED = 280.0
"""The most that lies between a name and the end of its number."""
REST, THIN, THICK = 1.0, 1.0, 4.5
"""Width of an edge of which nothing is told, of one without weight, and what the largest weight adds."""


@dataclass(frozen=True)
class Wires(Actor):
    """The outputs of layer ``at`` of ``tensor`` (layers, outputs) over the cells of ``given``, joined by its ``links``.

    ``links`` and ``weights`` are (layers, outputs, sources): first all inputs, then all outputs, for what an output
    reads of its own layer. What goes into output ``told`` is bold. Under them stand the ``counts``, a name and a tensor
    (layers) each, as soon as the layer is told.

    Names that begin with ``after`` are of the input with the numbers of two places ``swapped``: as it is made these
    change places, and edges that are made of the input follow; with its outputs those that ``changed`` are outlined.
    ``pitch`` is the least from node to node.
    """

    tensor: str
    given: str
    links: str
    weights: str
    at: int
    text: str
    told: int
    counts: tuple[tuple[str, str], ...] = ()
    after: str = ""
    swapped: tuple[int, int] = (0, 0)
    changed: str = ""
    pitch: float = PITCH

    kind = "wires"

    @property
    def draws(self) -> tuple[str, ...]:
        return (self.tensor, *((self.after + self.given, self.after + self.tensor) if self.after else ()))

    @property
    def names(self) -> tuple[str, ...]:
        name = f"{self.tensor}:{self.at}:wires"
        return name, f"{name}:counts"

    # ── room ─────────────────────────────────────────────────────────────────
    def _made(self, figures: Figures, after: str = "") -> Shown:
        axis = figures.trace.axes(self.tensor)[-1]
        return figures.shown(after + self.tensor, None, axis, ((figures.trace.axes(self.tensor)[0], self.at),))

    def _read(self, figures: Figures, after: str = "") -> Shown:
        return figures.shown(after + self.given, None, figures.trace.axes(self.given)[-1])

    def _count(self, figures: Figures) -> int:
        return self._made(figures).shape[1]

    def _under(self) -> float:
        return AIR + LINE * len(self.counts) if self.counts else 0.0

    def _widest(self, figures: Figures) -> float:
        lines = ((self._line(name), self._number(figures, tensor)) for name, tensor in self.counts)
        return max((phrases.width(a, theme.NOTE) + 16 + phrases.width(b, theme.NOTE) for a, b in lines), default=0.0)

    def measure(self, s: Setting) -> Extent:
        count = self._count(s.figures)
        pitch, rise = self.pitch * s.look.scale, RISE * s.look.scale
        width = max(count * pitch, phrases.width(self._heading(), theme.NAME), self._widest(s.figures))
        high = HEADING + (1 + ARCH) * pitch + rise + self._under()
        return Extent(width, high / 2, high / 2, count * (PITCH_MOST - pitch), (RISE_MOST - rise) / 2)

    def place(self, s: Setting, spot: Spot) -> Iterator[Plan]:
        figures, count = s.figures, self._count(s.figures)
        pitch = min(PITCH_MOST, spot.width / count)
        radius = (pitch - GAP) / 2
        high = spot.up + spot.down - self._under()
        top = spot.y + spot.up
        arch = ARCH * 2 * radius
        rise = min(RISE_MOST, high - HEADING - arch - 2 * radius)
        upper = even(top - HEADING - arch - radius)
        rows: list[tuple[Point, ...]] = [
            tuple((even(spot.x + (k - (count - 1) / 2) * pitch), y) for k in range(count))
            for y in (even(upper - rise), upper)
        ]
        left, right = rows[0][0][0] - radius, rows[0][-1][0] + radius
        heading = self._heading()
        wide = phrases.width(heading, theme.NAME)
        at = (left if wide <= right - left else spot.x - wide / 2), top - theme.NAME
        strands = (
            Strand(self.given, self._read(figures).cols),
            Strand(self.tensor, self._made(figures).cols, self._at(figures)),
        )
        yield NetPlan(
            self.names[0], strands, rows[0], rows[1], radius, theme.FLOOR,
            figures.cells(self._read(figures), 0, self._legible(figures, self.given, radius)), ((at, heading),),
            edges=tuple(Edge(i, j, "grid", REST, within=within) for i, j, within in self._joined(figures)),
        )  # fmt: skip
        if self.counts:
            reach = max(self._widest(figures), min(right - left, COUNTED))
            below = rows[0][0][1] - radius - AIR
            box = Box(even(spot.x - reach / 2), below, reach, LINE * len(self.counts))
            yield TablePlan(self.names[1], box, (), (), theme.NOTE, LINE)

    def _at(self, figures: Figures) -> tuple[tuple[str, int], ...]:
        return ((figures.trace.axes(self.tensor)[0], self.at),)

    def _heading(self) -> Line:
        return phrases.name(self.text)

    def _line(self, name: str) -> Line:
        return (Run(name, source=Fact("name")),)

    def _number(self, figures: Figures, tensor: str) -> Line:
        at = Address(tensor, (self.at,))
        return (Run(figures.text(at), "ink", "semibold", at),)

    # ── edges ────────────────────────────────────────────────────────────────
    def _matrix(self, figures: Figures, tensor: str) -> NDArray[np.float64]:
        return np.asarray(figures.trace.read(Region.of(tensor, **dict(self._at(figures)))), float)

    def _joined(self, figures: Figures) -> Iterator[tuple[int, int, bool]]:
        """Every edge between nodes that are drawn: from where, to which output, whether from an output."""
        links, count = self._matrix(figures, self.links), self._count(figures)
        for within in (False, True):
            part = links[:, links.shape[1] // 2 :] if within else links
            for i, j in zip(*np.nonzero(part[:count, :count]), strict=True):
                yield int(j), int(i), within

    def _into(self, figures: Figures) -> set[int]:
        """The outputs that have a part in the one that is told."""
        handed = [(i, j) for i, j, within in self._joined(figures) if within]
        needed, fresh = {self.told}, {self.told}
        while fresh:
            fresh = {i for i, j in handed if j in fresh} - needed
            needed |= fresh
        return needed

    def edges(self, figures: Figures, outputs: range | None = None, after: str = "") -> tuple[Edge, ...]:
        """The edges that have a part in the output that is told, as they weigh; of those into some outputs."""
        weights = self._matrix(figures, after + self.weights)
        half, into = weights.shape[1] // 2, self._into(figures)
        with np.errstate(invalid="ignore"):
            sizes = np.abs(weights)
        most = float(np.max(sizes, initial=0.0, where=np.isfinite(sizes)))
        out = []
        for i, j, within in self._joined(figures):
            if outputs is not None and j not in outputs:
                continue
            value = float(weights[j, half + i if within else i])
            if j in into:
                thick = round(THIN + THICK * share_of(value, most), 1)
                out.append(Edge(i, j, sign(value), thick, within=within))
        return tuple(out)

    # ── acts ─────────────────────────────────────────────────────────────────
    def _filled(self, figures: Figures, plan: NetPlan, where: tuple[int, ...], after: str = "") -> NodeFill:
        numerals = self._legible(figures, self.tensor, plan.radius)
        return NodeFill(plan.name, figures.cells(self._made(figures, after), self.at, numerals), where)

    def _legible(self, figures: Figures, tensor: str, radius: float) -> bool:
        """Whether a node has room for a number of a tensor."""
        return max(figures.wide(tensor) * theme.FLOOR + 4, theme.FLOOR) <= 2 * radius

    def terms(self, figures: Figures, plan: Plan, moment: Moment) -> Iterator[tuple[Verb, ...]]:
        """Outputs that wait for each other come one after another."""
        count = self._count(figures)
        waits = any(within for *_, within in self._joined(figures))
        if isinstance(plan, NetPlan) and moment.unit == self.at and waits:
            for j in range(count - 1):
                now = Wiring(plan.name, self.edges(figures, range(j, j + 1)), stay=True)
                yield now, self._filled(figures, plan, (j,))

    def writes(self, figures: Figures, plan: Plan, region: Region, moment: Moment) -> Iterator[Verb]:
        if region.tensor != self.tensor:
            if isinstance(plan, NetPlan):
                yield from self._other(figures, plan, region.tensor == self.after + self.given)
        elif moment.unit == self.at:
            yield from self._shown(figures, plan)
            if isinstance(plan, NetPlan):
                yield Light(plan.name, (self.told,))

    def _other(self, figures: Figures, plan: NetPlan, given: bool) -> Iterator[Verb]:
        """The input with two numbers swapped, and edges as they weigh then; or what is made of it."""
        every = range(self._count(figures))
        if not given:
            yield self._filled(figures, plan, tuple(every), self.after)
            changed = self._matrix(figures, self.changed)
            yield Light(plan.name, tuple(k for k in every if changed[k]))
            return
        if all(place in every for place in self.swapped):
            yield Trade(plan.name, self.swapped, self._follow(figures))
        else:
            numerals = self._legible(figures, self.given, plan.radius)
            drawn = tuple(place for place in self.swapped if place in every)
            yield NodeFill(plan.name, figures.cells(self._read(figures, self.after), 0, numerals), drawn, lower=True)
        yield Wiring(plan.name, self.edges(figures, after=self.after), stay=True)

    def _follow(self, figures: Figures) -> bool:
        """Whether the edges on the two inputs go with them: their weights change places as these do."""
        a, b = self.swapped
        before, now = ({e.lower: e for e in self.edges(figures, after=after) if e.upper == self.told and not e.within}
                       for after in ("", self.after))  # fmt: skip
        same = all((now[i].width, now[i].colour) == (before[j].width, before[j].colour) for i, j in ((a, b), (b, a))
                   if i in now and j in before)  # fmt: skip
        return same and {a, b} <= set(now) and (before[a].width, before[a].colour) != (now[a].width, now[a].colour)

    def passes(self, figures: Figures, plan: Plan, first: int, last: int) -> Iterator[Verb]:
        if first <= self.at <= last:
            yield from self._shown(figures, plan)

    def _shown(self, figures: Figures, plan: Plan) -> Iterator[Verb]:
        if isinstance(plan, NetPlan):
            yield Wiring(plan.name, self.edges(figures), stay=True)
            yield self._filled(figures, plan, tuple(range(self._count(figures))))
        elif isinstance(plan, TablePlan):
            yield Arrive(plan.name, tuple(self._rows(figures, plan)))

    def _rows(self, figures: Figures, plan: TablePlan) -> Iterator[tuple[tuple[Point, Line], ...]]:
        for k, (name, tensor) in enumerate(self.counts):
            y, number = plan.box.y - (k + 1) * LINE + 8, self._number(figures, tensor)
            right = plan.box.right - phrases.width(number, theme.NOTE)
            yield ((plan.box.x, y), self._line(name)), ((right, y), number)
