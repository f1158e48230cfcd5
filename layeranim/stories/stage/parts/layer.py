"""Neurons: units beside what they read, with an edge a weight: blue pulls the sum up, orange down, thick is large."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from layeranim import numbers, theme
from layeranim.engine.trace import Region
from layeranim.layout import even
from layeranim.records import dataclass
from layeranim.stories import phrases
from layeranim.stories.stage.figures import Figures
from layeranim.stories.stage.parts.base import Actor, Moment, powered
from layeranim.stories.stage.plans import Edge, NetPlan, Plan, Strand
from layeranim.stories.stage.slices import Shown
from layeranim.stories.stage.solver import Extent, Setting, Spot, Unfit
from layeranim.stories.stage.sums import counted, parted
from layeranim.stories.stage.verbs import Clear, Light, NodeFill, Verb, Wiring
from layeranim.stories.storyboard import Address, Fact, Line, Point, Run

SLOTS = 7
"""So many nodes stand in a column; of more some, and a gap that says so."""
HIGH = 400.0
RADIUS_MOST, APART, APART_MOST = 44.0, 10.0, 64.0
EDGE_LEAST, EDGE_MOST = 190.0, 320.0
SIDE = 9.0
"""Left and right of a number in its node."""
LABEL = 0.38
"""Where along an edge its weight is written."""
REST, THIN, THICK, BOLD = 1.5, 2.0, 4.0, 2.0
LANE, ABOVE = 40.0, 14.0
"""The arrow from a bias down to its unit, and how far it stands off both."""


@dataclass(frozen=True)
class Neurons(Actor):
    """Units that make ``upper`` of ``lower`` through ``weight``: one sum of ``products`` each, ``bias`` added.

    ``along`` are the axes on which what is read and the units lie; where the stage tells one unit alone, the second is
    ``None``, its weights stand on its edges all the time, and it counts while its terms arrive.
    """

    lower: str
    upper: str
    called: tuple[str, str]
    along: tuple[str, str | None]
    weight: str = "weight"
    bias: str = "bias"

    # ── room ─────────────────────────────────────────────────────────────────
    kind = "layer"
    about = "upper"

    def _read(self, figures: Figures) -> Shown:
        return Shown(self.lower, self.along[0], None, (figures.trace.size(self.along[0]), 1))

    def _made(self, figures: Figures) -> Shown:
        axis = self.along[1]
        return Shown(self.upper, axis, None, (figures.trace.size(axis) if axis else 1, 1))

    def _picked(self, figures: Figures) -> tuple[int, ...]:
        """Which of the cells that are read have a node: of many the last one, those whose products the film writes one
        by one, and the first."""
        count = self._read(figures).shape[0]
        if count <= SLOTS:
            return tuple(range(count))
        kept = {count - 1, *self._written(figures)}
        first = [k for k in range(count) if k not in kept][: max(0, SLOTS - 1 - len(kept))]
        return tuple(sorted({*kept, *first})[-(SLOTS - 1) :])

    def _written(self, figures: Figures) -> list[int]:
        """The cells whose products stand apart from all others in the sum of the one unit that is told."""
        apart = next((one for one in figures.film.apart if one.axis == self.along[0]), None)
        if apart is None or self.along[1] is not None:
            return []
        return parted(figures, apart, figures.covered(figures.acted(apart.tensor, figures.first).writes))[0]

    def _slots(self, figures: Figures) -> int:
        return max(min(SLOTS, self._read(figures).shape[0]), self._made(figures).shape[0])

    def _radius(self, figures: Figures) -> float:
        return min(RADIUS_MOST, (HIGH / self._slots(figures) - APART) // 2)

    def _size(self, figures: Figures) -> int:
        """The size of a numeral in a node, and of a weight on an edge."""
        return int(min(26, max(theme.FLOOR, self._radius(figures))))

    def _wide(self, figures: Figures) -> tuple[float, float]:
        """Half the widths of nodes that hold their numbers: discs, or as wide as these."""
        low, high = (
            even(figures.wide(t) * self._size(figures) / 2 + SIDE) if 2 * self._radius(figures) < RADIUS_MOST * 9
            else 0.0 for t in (self.lower, self.upper)
        )  # fmt: skip
        return max(self._radius(figures), low), max(self._radius(figures), high)

    def measure(self, s: Setting) -> Extent:
        if self._made(s.figures).shape[0] > SLOTS:
            raise Unfit(self.upper)
        radius, half = self._radius(s.figures), self._column(s.figures)
        up = max(half + 14 + theme.NAME, radius + self._crown(s.figures))
        width = 2 * sum(self._wide(s.figures)) + max(EDGE_LEAST, self._label(s.figures) * 2.2)
        rise = (self._slots(s.figures) - 1) * (APART_MOST - APART) / 2
        return Extent(width, up, max(half, radius + 34), EDGE_MOST - EDGE_LEAST, rise)

    def _column(self, figures: Figures) -> float:
        """Half the height of the nodes."""
        return self._slots(figures) * (2 * self._radius(figures) + APART) / 2 - APART / 2

    def _crown(self, figures: Figures) -> float:
        """The room of a bias over its unit."""
        return 2 * ABOVE + LANE + theme.NAME if self._biased(figures) else 0.0

    def _biased(self, figures: Figures) -> bool:
        return self.along[1] is None and self.bias in figures.trace

    def _label(self, figures: Figures) -> float:
        return figures.wide(self.weight, False) * self._size(figures)

    def place(self, s: Setting, spot: Spot) -> Iterator[Plan]:
        f = s.figures
        radius, wide, picked = self._radius(f), self._wide(f), self._picked(f)
        left, right = even(spot.x - spot.width / 2 + wide[0]), even(spot.x + spot.width / 2 - wide[1])
        slots = min(SLOTS, self._read(f).shape[0])
        free = min(spot.up - 14 - theme.NAME, spot.down) - self._column(f)
        apart = max(APART, min(APART_MOST, APART + 2 * free / max(1, self._slots(f) - 1)))
        stand = stacked(slots, 2 * radius + apart, left, spot.y)
        lower = stand if len(picked) == slots else (*stand[: SLOTS - 2], stand[-1])
        upper = stacked(self._made(f).shape[0], 2 * radius + apart, right, spot.y)
        gaps = () if len(picked) == slots else (stand[SLOTS - 2],)
        strands = (Strand(self.lower, self.along[0]), Strand(self.upper, self.along[1], tuple(f.fixed.items())))
        plan = NetPlan(
            self.names[0], strands, lower, upper, radius, self._size(f), f.cells(self._read(f), f.first),
            tuple(self._headings(f, lower, upper, radius)), True, wide, (), (), gaps, picked,
        )  # fmt: skip
        lanes: tuple[tuple[Point, ...], ...] = ()
        if self._biased(f):
            x, y = upper[0]
            lanes = (((x, y + radius + ABOVE + LANE), (x, y + radius + ABOVE)),)
        edges = self._rest(plan) if self.along[1] else self.edges(f, plan, 0)
        yield replace(plan, edges=edges, lanes=lanes)

    def _headings(
        self, figures: Figures, lower: tuple[Point, ...], upper: tuple[Point, ...], radius: float
    ) -> Iterator[tuple[Point, Line]]:
        """What the nodes are called, and the bias over a unit that is told alone."""
        count = self._read(figures).shape[0]
        read: Line = (Run(self.called[0], "ink", "semibold", Fact("name")), Run(f"  {count}", source=Fact("shape")))
        (x, y), line = over(powered(figures, self.lower, read), lower[0], radius + 14)
        yield (max(x, lower[0][0] - self._wide(figures)[0]), y), line  # not into what stands left of it
        made = powered(figures, self.upper, phrases.name(self.called[1]))
        yield over(made, upper[-1], -radius - 32) if self.along[1] is None else over(made, upper[0], radius + 14)
        if self._biased(figures):
            at = figures.cell_of(self.bias, 0, {})
            said: Line = (Run("b  ", "weights", "semibold", Fact("name")), Run(figures.text(at), "weights", source=at))
            yield over(said, upper[0], radius + LANE + 2 * ABOVE)

    # ── acts ─────────────────────────────────────────────────────────────────
    def edges(
        self, figures: Figures, plan: NetPlan, unit: int, label: bool = True, more: float = 0.0
    ) -> tuple[Edge, ...]:
        """The edges that lead to a unit's node, by sign and size of their weights, so much wider by ``more``."""
        upper, out = self._unit(figures, unit), []
        for k, read in enumerate(plan.picked):
            weight = self._weight(figures, read, upper)
            value = figures.value(weight)
            text: Line = (Run(figures.text(weight), "weights", source=weight),) if label else ()
            a, b = plan.node(False, k), plan.node(True, upper)
            at = a.right + (b.x - a.right) * LABEL, a.centre[1] + (b.centre[1] - a.centre[1]) * LABEL
            thick = self._thick(figures, value) + more
            out.append(Edge(k, upper, sign(value), thick, text, at, self._size(figures)))
        return tuple(out)

    def _rest(self, plan: NetPlan) -> tuple[Edge, ...]:
        """Every edge, before anything is told of it."""
        return tuple(Edge(k, u, "grid", REST) for u in range(len(plan.upper)) for k in range(len(plan.lower)))

    def _thick(self, figures: Figures, value: float) -> float:
        """2 to 6 px, by how large the weight is of all."""
        return round(THIN + THICK * share_of(value, figures.ranges.span(self.weight)), 1)

    def _unit(self, figures: Figures, unit: int) -> int:
        """The node of a unit of the film."""
        axis = self.along[1]
        return figures.here(unit).get(axis, 0) if axis else 0

    def _weight(self, figures: Figures, read: int, made: int) -> Address:
        at = {self.along[0]: read, **figures.fixed, **({self.along[1]: made} if self.along[1] else {})}
        return Address(self.weight, tuple(at.get(axis, 0) for axis in figures.trace.axes(self.weight)))

    def changes(self, figures: Figures, plan: NetPlan, moment: Moment) -> Iterator[Verb]:
        if figures.turns(self._made(figures), moment.unit):
            if moment.brief and figures.pieces(self._made(figures)):
                yield self._whole(figures, plan, moment.unit)
            else:
                yield Clear(plan.name)
        if figures.turns(self._read(figures), moment.unit):
            yield self._given(figures, plan, moment.unit)

    def _given(self, figures: Figures, plan: NetPlan, unit: int) -> NodeFill:
        return NodeFill(plan.name, figures.cells(self._read(figures), unit), tuple(range(len(plan.lower))), lower=True)

    def _whole(self, figures: Figures, plan: NetPlan, unit: int) -> NodeFill:
        """All units of a sample at once that the film has."""
        made = self._made(figures)
        told = dict.fromkeys(self._unit(figures, one) for one in figures.beside(made, unit))
        return NodeFill(plan.name, figures.cells(made, unit), tuple(told))

    def closes(self, figures: Figures, plan: NetPlan, unit: int) -> Iterator[Verb]:
        """Of a whole layer the unit that was followed, with its weights and what it read."""
        if self.along[1] is not None:
            follows, whole = figures.follows(self._made(figures)), self._whole(figures, plan, unit)
            if follows and len(whole.where) < len(plan.upper):
                yield Clear(plan.name)
            yield self._given(figures, plan, unit)
            if follows:
                yield whole
            yield Wiring(plan.name, self.edges(figures, plan, unit, True, BOLD))

    def terms(self, figures: Figures, plan: NetPlan, moment: Moment) -> Iterator[tuple[Verb, ...]]:
        """Edge after edge, and the sum so far in the unit."""
        told = {i: k for k, i in enumerate(plan.picked)}
        edges = {edge.lower: edge for edge in self.edges(figures, plan, moment.unit, bool(self.along[1]), BOLD)}
        at = self._unit(figures, moment.unit)
        cells = figures.cells(self._made(figures), moment.unit)
        axis = figures.trace.axes(self.lower).index(self.along[0])
        for part, so_far in counted(figures, moment.target)[:-1]:
            nodes = [told.get(cell.index[axis]) for cell in part.of if cell.tensor == self.lower]
            lit = tuple(edges[node] for node in nodes if node is not None)
            yield Wiring(plan.name, lit), NodeFill(plan.name, cells, (at,), lines=(so_far,))

    def writes(self, figures: Figures, plan: NetPlan, region: Region, moment: Moment) -> Iterator[Verb]:
        where = tuple(plan.strands[1].places(region, len(plan.upper)))
        if self.along[1] is None or len(where) == 1:
            label = self.along[1] is not None and moment.taught
            yield Wiring(plan.name, self.edges(figures, plan, moment.unit, label, BOLD))
        yield NodeFill(plan.name, figures.cells(self._made(figures), moment.unit), where)
        yield Light(plan.name, where)

    def passes(self, figures: Figures, plan: NetPlan, first: int, last: int) -> Iterator[Verb]:
        yield self._given(figures, plan, last)
        shown = self._made(figures)
        since = next(u for u in range(last, -1, -1) if u <= first or figures.turns(shown, u))
        if figures.turns(shown, since):
            yield Clear(plan.name)
        where = [self._unit(figures, unit) for unit in range(since, last + 1)]
        yield NodeFill(plan.name, figures.cells(shown, last), tuple(where))


def stacked(count: int, pitch: float, x: float, middle: float) -> tuple[Point, ...]:
    """Middles of nodes in a column, on even pixels."""
    top = middle + (count - 1) * pitch / 2
    return tuple((x, even(top - i * pitch)) for i in range(count))


def over(line: Line, at: Point, by: float) -> tuple[Point, Line]:
    return (at[0] - phrases.width(line, theme.NAME) / 2, at[1] + by), line


def share_of(value: float, most: float) -> float:
    """How much of the largest size a number has; what is infinite has all of it."""
    return min(1.0, abs(value) / most) if np.isfinite(value) and most > 0 else float(np.isinf(value))


def sign(value: float) -> str:
    rounded = float(numbers.rounded(value))
    return "positive" if rounded > 0 else "negative" if rounded < 0 else "grid"
