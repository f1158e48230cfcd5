"""Network: layers of nodes side by side, an edge a weight, every number in its node; on the way back under them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain

from layeranim import theme
from layeranim.engine.trace import Region
from layeranim.layout import even
from layeranim.records import dataclass
from layeranim.stories import phrases
from layeranim.stories.stage.figures import Figures
from layeranim.stories.stage.parts.base import Actor, Moment
from layeranim.stories.stage.parts.layer import (
    APART,
    BOLD,
    REST,
    SIDE,
    SLOTS,
    THICK,
    THIN,
    over,
    share_of,
    sign,
    stacked,
)
from layeranim.stories.stage.plans import Edge, NetPlan, Plan, Strand
from layeranim.stories.stage.slices import Shown
from layeranim.stories.stage.solver import Extent, Setting, Spot, Unfit
from layeranim.stories.stage.sums import counted
from layeranim.stories.stage.verbs import Light, NodeFill, Verb, Wiring
from layeranim.stories.storyboard import Address, Box, Fact, Line, Point, Run

HIGH = 384.0
RADIUS_LEAST, RADIUS_MOST, APART_MOST = 20.0, 50.0, 96.0
EDGE_LEAST, EDGE_MOST = 112.0, 290.0
UNDER = 18.0
"""Half the height of what stands under a node, a gap above it."""
ALONG = (0.24, 0.5, 0.37, 0.63, 0.76)
"""Where along an edge its weight is written: the first place at which it is clear of nodes and of those before it."""
ROOM = 34.0
"""The height of a weight on an edge."""
LABELLED = 9
"""Of a layer of so many edges all have their numbers on the way back."""
MANY = 24
"""Edges of a layer that has more are thin where all of them are shown."""
HEAD = 14.0
"""Between a heading and the node under it."""


@dataclass(frozen=True)
class NetLayer:
    """One layer of a network: what stands in its nodes in the end, and the axis along which they lie.

    ``weight`` lies on the edges that lead to it, ``before`` stands in its nodes first: the sums, before an activation.
    On the way back ``error`` stands under its nodes, and ``slopes`` on the edges in place of the weights; what these
    are ``after`` an update in the end. ``returned`` is what comes back to its nodes before their function: errors over
    the edges that they lead on to.
    """

    tensor: str
    text: str
    axis: str
    weight: str = ""
    before: str = ""
    error: str = ""
    slopes: str = ""
    after: str = ""
    returned: str = ""

    @property
    def held(self) -> tuple[str, ...]:
        """What its nodes hold, one after another."""
        return (self.before, self.tensor) if self.before else (self.tensor,)


@dataclass(frozen=True)
class Network(Actor):
    """A network of several layers, at most so ``high``; the first one holds what is given.

    Its layers are as many nets of two rows as there are pairs: a layer's numbers stand in the net that it leads on to.
    """

    layers: tuple[NetLayer, ...]
    high: float = HIGH

    @property
    def draws(self) -> tuple[str, ...]:
        every = chain.from_iterable(
            (*one.held, one.error, one.slopes, one.after, one.returned) for one in self.layers[1:]
        )
        return tuple(name for name in every if name)

    @property
    def full_numbers(self) -> tuple[str, ...]:
        """All that its nodes hold: numbers of several tensors stand under one heading."""
        return (self.layers[0].tensor, *self.draws)

    @property
    def names(self) -> tuple[str, ...]:
        nets = tuple(f"{one.tensor}:net" for one in self.layers[1:])
        return nets + tuple(f"{one.error}:net" for one in self.layers if one.error)

    # ── room ─────────────────────────────────────────────────────────────────
    def _sizes(self, figures: Figures) -> list[int]:
        return [figures.trace.size(one.axis) for one in self.layers]

    def _shown(self, layer: NetLayer, tensor: str, figures: Figures) -> Shown:
        return Shown(tensor, layer.axis, None, (figures.trace.size(layer.axis), 1))

    @property
    def _under(self) -> float:
        """The height of what stands under a node."""
        return 2 * UNDER + 6 if any(one.error for one in self.layers) else 0.0

    def _radius(self, figures: Figures) -> float:
        return min(RADIUS_MOST, (self.high / max(self._sizes(figures)) - APART - self._under) // 2)

    def _numeral(self, figures: Figures) -> int:
        return int(min(28, max(theme.FLOOR, self._radius(figures))))

    def _half(self, layer: NetLayer, figures: Figures) -> float:
        """Half the width of a layer's nodes: as wide as their numbers."""
        named = [layer.tensor, layer.before, layer.error]
        wide = max(figures.wide(tensor) for tensor in named if tensor and tensor in figures.trace)
        return max(self._radius(figures), even(wide * self._numeral(figures) / 2 + SIDE))

    def measure(self, s: Setting) -> Extent:
        if max(self._sizes(s.figures)) > SLOTS or self._radius(s.figures) < RADIUS_LEAST:
            raise Unfit("network")
        half, gaps = self._column(s.figures), len(self.layers) - 1
        width = sum(2 * self._half(one, s.figures) for one in self.layers) + gaps * EDGE_LEAST
        rise = (max(self._sizes(s.figures)) - 1) * (APART_MOST - APART) / 2
        return Extent(width, half + HEAD + theme.NAME, half, gaps * (EDGE_MOST - EDGE_LEAST), rise)

    def _column(self, figures: Figures) -> float:
        """Half the height of the layer that has the most nodes."""
        each = 2 * self._radius(figures) + APART + self._under
        return (max(self._sizes(figures)) * each - APART) / 2

    def place(self, s: Setting, spot: Spot) -> Iterator[Plan]:
        f = s.figures
        radius, halves, sizes = self._radius(f), [self._half(one, f) for one in self.layers], self._sizes(f)
        free = min(spot.up - HEAD - theme.NAME, spot.down) - self._column(f)
        apart = max(APART, min(APART_MOST, APART + 2 * free / max(1, max(sizes) - 1)))
        edge = (spot.width - 2 * sum(halves)) / (len(self.layers) - 1)
        left, at = spot.x - spot.width / 2, list[tuple[Point, ...]]()
        for half, size in zip(halves, sizes, strict=True):
            middle = spot.y + self._under / 2
            at.append(stacked(size, 2 * radius + apart + self._under, even(left + half), middle))
            left += 2 * half + edge
        for k in range(1, len(self.layers)):
            yield self._net(f, k, at, halves)
        for layer, nodes, half in zip(self.layers, at, halves, strict=True):
            if layer.error:
                below = tuple((x, even(y - radius - 6 - UNDER)) for x, y in nodes)
                strand = self._strand(layer, layer.error, f)
                wide = max(UNDER, even(f.wide(layer.error) * theme.FLOOR / 2 + SIDE))
                named: Line = phrases.name("δ")
                at_name = below[0][0] - wide - 20, below[0][1] - theme.NAME * 0.34
                yield NetPlan(f"{layer.error}:net", (strand, strand), (), below, UNDER, theme.FLOOR,
                              headings=((at_name, named),), right=True, wide=(half, wide))  # fmt: skip

    def _net(self, f: Figures, k: int, at: list[tuple[Point, ...]], halves: list[float]) -> NetPlan:
        """The net from a layer to the next; its lower nodes hold the numbers of that layer."""
        below, layer = self.layers[k - 1], self.layers[k]
        radius = self._radius(f)
        named = [(over(self._heading(one, f), at[i][0], radius + HEAD)) for i, one in
                 ((k - 1, below), (k, layer)) if i == k or k == 1]  # fmt: skip
        given = f.cells(self._shown(below, below.tensor, f), f.first) if k == 1 else None
        rest = tuple(Edge(i, u, "grid", REST) for u in range(len(at[k])) for i in range(len(at[k - 1])))
        strands = self._strand(below, below.tensor, f), self._strand(layer, layer.tensor, f)
        return NetPlan(f"{layer.tensor}:net", strands, at[k - 1], at[k], radius, self._numeral(f), given, tuple(named),
                       True, (halves[k - 1], halves[k]), rest)  # fmt: skip

    def _strand(self, layer: NetLayer, tensor: str, figures: Figures) -> Strand:
        axes = figures.trace.axes(tensor)
        return Strand(tensor, layer.axis, tuple((axis, at) for axis, at in figures.fixed.items() if axis in axes))

    def _heading(self, layer: NetLayer, figures: Figures) -> Line:
        count = figures.trace.size(layer.axis)
        return *phrases.name(layer.text), Run(f"  {count}", source=Fact("shape"))

    # ── acts ─────────────────────────────────────────────────────────────────
    def opens(self, figures: Figures, plan: NetPlan, unit: int) -> Iterator[Verb]:
        """Every edge in its colour and width."""
        if k := self._layer(plan):
            every = self._edges(figures, plan, k, self.layers[k].weight, range(len(plan.upper)), False, unit)
            thin = REST / 2 if len(every) > MANY else 1.0
            yield Wiring(plan.name, tuple(replace(edge, width=round(thin * (edge.width - BOLD), 1)) for edge in every))

    closes = opens

    def _layer(self, plan: NetPlan) -> int:
        """Which layer a net leads to; 0 for what stands under the nodes."""
        return next((k for k, one in enumerate(self.layers) if k and plan.name == f"{one.tensor}:net"), 0)

    def _home(self, k: int) -> tuple[str, bool]:
        """The net in which a layer's numbers stand, and whether in its lower nodes."""
        last = k == len(self.layers) - 1
        return f"{self.layers[k if last else k + 1].tensor}:net", not last

    def _edges(
        self, figures: Figures, plan: NetPlan, k: int, tensor: str, upper: range, label: bool, unit: int
    ) -> tuple[Edge, ...]:
        """The edges to some nodes by sign and size of the numbers of ``tensor`` that lie on them."""
        layer, below = self.layers[k], self.layers[k - 1]
        most, one = figures.ranges.span(tensor), len(upper) == 1
        nodes = [plan.node(True, u) for u in upper] + [plan.node(False, i) for i in range(len(plan.lower))]
        out, taken = [], list[Box]()
        for i, u in ((i, u) for u in upper for i in range(len(plan.lower))):
            at = {**figures.here(unit), below.axis: i, layer.axis: u}
            cell = Address(tensor, tuple(at.get(axis, 0) for axis in figures.trace.axes(tensor)))
            value = figures.value(cell)
            text: Line = (Run(figures.text(cell), "weights", source=cell),) if label else ()
            ends, half = (plan.node(False, i), plan.node(True, u)), phrases.width(text, theme.FLOOR) / 2 + 6
            places = [_between(*ends, part) for part in ALONG]
            boxes = [Box(x - half, y + ROOM / 2, 2 * half, ROOM) for x, y in places]
            crowds = ([] if one else [(*nodes, *taken)]) + [(*nodes,)]
            clear = (k for crowd in crowds for k, box in enumerate(boxes) if not any(map(box.meets, crowd)))
            free = next(clear, 0)
            taken.append(boxes[free])
            thick = round(THIN + THICK * share_of(value, most), 1) + BOLD
            out.append(Edge(i, u, sign(value), thick, text, places[free], theme.FLOOR))
        return tuple(out)

    def terms(self, figures: Figures, plan: NetPlan, moment: Moment) -> Iterator[tuple[Verb, ...]]:
        """Edge after edge, and the sum so far in its node."""
        k = self._layer(plan)
        if not k or moment.target.tensor not in self.layers[k].held:
            return
        layer, (home, lower) = self.layers[k], self._home(k)
        axes, read = figures.trace.axes(moment.target.tensor), self.layers[k - 1]
        at = moment.target.index[axes.index(layer.axis)]
        edges = {edge.lower: edge for edge in self._wires(figures, plan, k, range(at, at + 1), moment)}
        cells = figures.cells(self._shown(layer, moment.target.tensor, figures), moment.unit)
        axis = figures.trace.axes(read.tensor).index(read.axis)
        for part, so_far in counted(figures, moment.target)[:-1]:
            lit = tuple(edges[cell.index[axis]] for cell in part.of if cell.tensor == read.tensor)
            yield Wiring(plan.name, lit), NodeFill(home, cells, (at,), lower, (so_far,))

    def _wires(self, figures: Figures, plan: NetPlan, k: int, upper: range, moment: Moment) -> tuple[Edge, ...]:
        label = moment.taught and len(upper) == 1
        return self._edges(figures, plan, k, self.layers[k].weight, upper, label, moment.unit)

    def writes(self, figures: Figures, plan: NetPlan, region: Region, moment: Moment) -> Iterator[Verb]:
        k = self._layer(plan)
        if not k:
            yield from self._under_nodes(figures, plan, region, moment)
            return
        layer = self.layers[k]
        if region.tensor in (layer.slopes, layer.after):
            yield from self._sloped(figures, plan, k, region, moment)
        if region.tensor == self.layers[k - 1].returned:
            yield from self._returning(figures, plan, k, region, moment)
        if region.tensor not in layer.held or (region.tensor == layer.before and layer.tensor in moment.made):
            return
        home, lower = self._home(k)
        where = replace(plan.strands[1], tensor=region.tensor).places(region, len(plan.upper))
        yield Wiring(plan.name, self._followed(figures, plan, k, where, moment))
        cells = figures.cells(self._shown(layer, region.tensor, figures), moment.unit)
        yield NodeFill(home, cells, tuple(where), lower)
        yield Light(plan.name, tuple(where))

    def _followed(self, figures: Figures, plan: NetPlan, k: int, where: range, moment: Moment) -> tuple[Edge, ...]:
        """The edges to these nodes, of several those to the one that is followed."""
        axes, layer = figures.trace.axes(moment.target.tensor), self.layers[k]
        at = moment.target.index[axes.index(layer.axis)] if layer.axis in axes else -1
        return self._wires(figures, plan, k, range(at, at + 1) if at in where else where, moment)

    def _sloped(self, figures: Figures, plan: NetPlan, k: int, region: Region, moment: Moment) -> Iterator[Verb]:
        """Gradients, or weights after an update, on the edges that have them by now; few of them in numbers."""
        every = self._edges(figures, plan, k, region.tensor, range(len(plan.upper)), True, moment.unit)
        upper = region.along(self.layers[k].axis)
        if upper is not None and self.layers[k].axis in figures.units.along:  # unit by unit
            made = {figures.here(unit)[self.layers[k].axis] for unit in range(figures.first, moment.unit + 1)}
            every = tuple(edge for edge in every if edge.upper in made)
        cell = Region(moment.target.tensor, tuple(zip(figures.trace.axes(moment.target.tensor), moment.target.index,
                                                      strict=True)))  # fmt: skip
        told = [cell.along(self.layers[i].axis) for i in (k - 1, k)] if moment.target.tensor == region.tensor else []
        few = len(plan.lower) * len(plan.upper) <= LABELLED
        yield Wiring(plan.name, tuple(
            edge if few or [range(edge.lower, edge.lower + 1), range(edge.upper, edge.upper + 1)] == told
            else replace(edge, label=()) for edge in every
        ))  # fmt: skip

    def _returning(self, figures: Figures, plan: NetPlan, k: int, region: Region, moment: Moment) -> Iterator[Verb]:
        """The edges over which errors come back to the node that is followed, with their weights."""
        every = self._edges(figures, plan, k, self.layers[k].weight, range(len(plan.upper)), True, moment.unit)
        if moment.target.tensor == region.tensor:
            axes = figures.trace.axes(region.tensor)
            at = moment.target.index[axes.index(self.layers[k - 1].axis)]
            every = tuple(edge for edge in every if edge.lower == at)
            yield Wiring(plan.name, every)

    def _under_nodes(self, figures: Figures, plan: NetPlan, region: Region, moment: Moment) -> Iterator[Verb]:
        """The errors that come back, under their nodes."""
        layer = next(one for one in self.layers if plan.name == f"{one.error}:net")
        if region.tensor == layer.error:
            where = tuple(plan.strands[1].places(region, len(plan.upper)))
            yield NodeFill(plan.name, figures.cells(self._shown(layer, layer.error, figures), moment.unit), where)
            yield Light(plan.name, where)

    def turns(self, figures: Figures, plan: NetPlan, unit: int) -> Iterator[Verb]:
        """The edge that is spoken of: that whose gradient is followed."""
        k = self._layer(plan)
        layer, below = self.layers[k], self.layers[k - 1]
        if k and layer.axis in figures.units.along:
            cell = figures.here_of(figures.cell_of(layer.slopes, unit, figures.inner(unit)))
            every = self._edges(figures, plan, k, layer.slopes, range(len(plan.upper)), True, unit)
            ends = [next(iter(cell.along(axis) or (0,))) for axis in (below.axis, layer.axis)]
            yield Wiring(plan.name, tuple(edge for edge in every if [edge.lower, edge.upper] == ends))

    def passes(self, figures: Figures, plan: NetPlan, first: int, last: int) -> Iterator[Verb]:
        k = self._layer(plan)
        layer = self.layers[k]
        if k and figures.passing(layer.tensor, last):
            (home, lower), axis = self._home(k), layer.axis
            where = tuple(figures.here(unit)[axis] for unit in range(first, last + 1))
            yield NodeFill(home, figures.cells(self._shown(layer, layer.tensor, figures), last), where, lower)


def _between(a: Box, b: Box, part: float) -> Point:
    """A point on the edge from a node to one right of it."""
    (_, low), (_, high) = a.centre, b.centre
    return a.right + (b.x - a.right) * part, low + (high - low) * part
