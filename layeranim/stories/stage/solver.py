"""The layout of a stage: measured from the leaves up, then placed from the top down. No constraints to satisfy.

Every node says how much room it needs for a ``Look`` — how high cells are, and whether they carry numerals — and the
largest look that fits is taken: numerals with all their decimals, then with fewer, then colours alone. Two passes over
a small tree take about a millisecond and give the same places on every machine; a constraint solver would be a
dependency for what addition does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations, pairwise, product
from math import inf
from typing import TYPE_CHECKING, Protocol

from layeranim import theme, typeface
from layeranim.canvas import WIDE, Canvas
from layeranim.layout import even
from layeranim.stories.storyboard import Point, Run

if TYPE_CHECKING:
    from layeranim.stories.stage.figures import Figures
    from layeranim.stories.stage.plans import Plan

GAP, GAP_MOST = 22.0, 76.0
"""Between neighbours of a row, in design pixels."""
COLUMN_GAP = 24.0
LINE_GAP_MOST = 56.0
"""Between the lines of a row that was broken."""
SIGN = 28
LANE, LANE_MOST = 34.0, 72.0
NUMERAL_HIGH, NUMERAL_LOW = 92, 42
PREFERRED = 46
"""Where a stage has several arrangements, all but the last are taken only with cells at least so high."""
HEAT_HIGH, HEAT_LEAST = 40.0, 1e-6
SMALLER, SMALL = (0.85, 0.7, 0.55, 0.4, 0.3), (24.0, 12.0, 6.0, 3.0, 1.5)
"""What pictures that have a size of their own are scaled by where a stage fits at no size of its cells, and how large
these are then."""


class Unfit(Exception):
    """A part cannot be drawn with that look, in whatever room."""


@dataclass(frozen=True)
class Room:
    """The rectangle that a stage may fill, in design pixels from the centre; ``folds``: rows may be broken in it."""

    left: float
    right: float
    top: float
    bottom: float
    folds: bool = False

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.top - self.bottom


def room_on(canvas: Canvas, lower: float = 0.0) -> Room:
    """What a canvas has room for between its words, under a header that reaches so much lower than usual."""
    return Room(canvas.left, canvas.right, canvas.stage_top(lower) - 8.0, canvas.stage_bottom, canvas.rows > 1)


STAGE = room_on(WIDE)


@dataclass(frozen=True)
class Look:
    """How large everything is: the height of a cell, whether numerals stand in it, at most how many decimals.

    ``powers``: large numbers leave a power of ten to their heading; ``scale``: how large pictures are that have a size
    of their own, where nothing else would make room.
    """

    pitch: float
    numerals: bool
    decimals: int | None = None
    powers: bool = False
    scale: float = 1.0


@dataclass(frozen=True)
class Extent:
    """The room that something needs: its width, and its height above and below the line on which a row lines up.

    ``grow`` is by how much it gladly becomes wider, ``rise`` by how much higher on either side.
    """

    width: float
    up: float
    down: float
    grow: float = 0.0
    rise: float = 0.0

    @property
    def height(self) -> float:
        return self.up + self.down


@dataclass(frozen=True)
class Setting:
    """What a part is measured and placed with.

    ``wide`` is the text at size 1 that cells in one column must hold, ``across`` the width at which rows are broken;
    ``alone``: what gladly is higher, and is joined to nothing, has a line of its own; ``even``: a single cell is as
    high as all others, because it belongs to a row or column of them.
    """

    figures: Figures
    look: Look
    wide: float = 0.0
    across: float = inf
    alone: bool = False
    even: bool = False


@dataclass(frozen=True)
class Spot:
    """Where a part stands: the middle of its body, the width it has, and how far it may reach up and down."""

    x: float
    y: float
    width: float
    up: float
    down: float


class Node(Protocol):
    """A part, a sign, or an arrangement of them."""

    def measure(self, s: Setting) -> Extent:
        """The least room; raises ``Unfit`` where no room would do."""
        ...

    def place(self, s: Setting, spot: Spot) -> Iterator[Plan]:
        """The parts in their places."""
        ...


@dataclass(frozen=True)
class Laid:
    """A stage that was laid out: what stands where, how large its cells are, which of its arrangements was taken."""

    plans: dict[str, Plan]
    look: Look
    setting: Setting = field(repr=False)
    stage: Node | None = field(default=None, repr=False)


def solve(stage: Node, figures: Figures, room: Room = STAGE) -> Laid:
    """The largest arrangement that fits the room, the first one of several that holds numerals."""
    choices = list(alternatives(stage))
    decimals = 1 if figures.telling.film.precision is None else None
    fewer = [(choices[-1], decimals, False)] if decimals else []
    every = [*((choice, None, False) for choice in choices), *fewer, (choices[-1], decimals, True)]
    for choice, decimals, powers in every:
        low = choice is choices[-1] or room.folds
        least = NUMERAL_LOW if low else getattr(stage, "least", PREFERRED)
        if not _laid(choice, figures, Look(least, True, decimals, powers), room):
            continue
        for high in range(NUMERAL_HIGH, least - 1, -2):
            laid = _laid(choice, figures, Look(high, True, decimals, powers), room)
            if laid:
                return laid
    pitch = HEAT_HIGH
    while pitch > HEAT_LEAST:
        laid = _laid(choices[-1], figures, Look(pitch, False), room)
        if laid:
            return laid
        pitch = pitch - 2 if pitch > 8 else pitch - 1 if pitch > 4 else pitch - 0.25 if pitch > 1 else pitch * 0.8
    if not room.folds:  # single numbers are never colours: a row of long ones is broken
        return solve(stage, figures, replace(room, folds=True))
    for scale, pitch in product(SMALLER, SMALL):
        laid = _laid(choices[-1], figures, Look(pitch, False, scale=scale), room)
        if laid:
            return laid
    raise AssertionError(f"a stage of {figures.trace.layer} does not fit at any size")


def alternatives(node: Node) -> Iterator[Node]:
    """The arrangements that a stage offers, the preferred one first."""
    if isinstance(node, Tries):
        for each in node.nodes:
            yield from alternatives(each)
    else:
        yield node


def _laid(stage: Node, figures: Figures, look: Look, room: Room) -> Laid | None:
    figures.ranges.decimals, figures.ranges.powers = look.decimals, look.powers
    settings = [Setting(figures, look)]
    if room.folds:
        settings = [Setting(figures, look, across=room.width, alone=alone) for alone in (True, False)]
    return next((laid for setting in settings if (laid := _placed(stage, setting, room))), None)


def _placed(stage: Node, setting: Setting, room: Room) -> Laid | None:
    try:
        need = stage.measure(setting)
    except Unfit:
        return None
    if need.width > room.width or need.height > room.height:
        return None
    rise = min(need.rise, (room.height - need.height) / 2)
    middle = room.top - (room.height - need.height - 2 * rise) / 2 - need.up - rise
    spot = Spot((room.left + room.right) / 2, even(middle), room.width, need.up + rise, need.down + rise)
    return Laid({plan.name: plan for plan in stage.place(setting, spot)}, setting.look, setting, stage)


@dataclass(frozen=True)
class Sign:
    """A sign between two parts: − / = Σ."""

    text: str

    def measure(self, s: Setting) -> Extent:
        return Extent(typeface.width(self.text, SIGN), 20, 20)

    def place(self, s: Setting, spot: Spot) -> Iterator[Plan]:
        from layeranim.stories.stage.plans import SignPlan

        yield SignPlan(f"sign:{spot.x:g}:{spot.y:g}", (spot.x, spot.y), (Run(self.text),), SIGN)


@dataclass(frozen=True)
class Way:
    """A lane from left to right: the data goes on."""

    def measure(self, s: Setting) -> Extent:
        return Extent(LANE, 12, 12, LANE_MOST - LANE)

    def place(self, s: Setting, spot: Spot) -> Iterator[Plan]:
        from layeranim.stories.stage.plans import LanePlan

        ends: tuple[Point, ...] = ((spot.x - spot.width / 2, spot.y), (spot.x + spot.width / 2, spot.y))
        yield LanePlan(f"lane:{spot.x:g}:{spot.y:g}", ends)


@dataclass(frozen=True)
class Down:
    """A lane from one row down to the next, where a row was broken at a lane."""

    def measure(self, s: Setting) -> Extent:
        return Extent(12, LANE / 2, LANE / 2)

    def place(self, s: Setting, spot: Spot) -> Iterator[Plan]:
        from layeranim.stories.stage.plans import LanePlan

        ends: tuple[Point, ...] = ((spot.x, spot.y + LANE / 2), (spot.x, spot.y - LANE / 2))
        yield LanePlan(f"lane:{spot.x:g}:{spot.y:g}", ends)


@dataclass(frozen=True, init=False)
class Row:
    """Parts from left to right, their bodies on one line; on a narrow canvas in as many lines as they take."""

    nodes: tuple[Node, ...]

    def __init__(self, *nodes: Node | str) -> None:
        object.__setattr__(self, "nodes", tuple(_node(node) for node in nodes))

    def measure(self, s: Setting) -> Extent:
        parts = [node.measure(s) for node in self.nodes]
        if lines := self._lines(s, parts):
            return lines.measure(s)
        gaps = sum(self._gaps(parts, GAP))
        return Extent(
            sum(p.width for p in parts) + gaps,
            max(p.up for p in parts),
            max(p.down for p in parts),
            sum(p.grow for p in parts) + sum(self._gaps(parts, GAP_MOST)) - gaps,
            max(p.rise for p in parts),
        )

    def place(self, s: Setting, spot: Spot) -> Iterator[Plan]:
        parts = [node.measure(s) for node in self.nodes]
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
        free = [k for k in starts if k not in forced]
        for count in range(len(free) + 1):
            found = [(max(map(self._part_width(parts), spans)), spans) for chosen in combinations(free, count)
                     for spans in [list(pairwise((0, *sorted({*chosen, *forced}), len(parts))))]]  # fmt: skip
            least, spans = min(found, key=lambda one: one[0])
            if least <= s.across:
                return Column(*self._stacked(spans), most=LINE_GAP_MOST) if len(spans) > 1 else None
        return None

    def _width(self, parts: Sequence[Extent]) -> float:
        return sum(p.width for p in parts) + sum(self._gaps(parts, GAP))

    def _part_width(self, parts: Sequence[Extent]) -> Callable[[tuple[int, int]], float]:
        """How wide a line is that holds the parts of a span."""

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
            out.append(float(theme.ARROW_GAP) if close else size / 2 if sign else size)
        return out


@dataclass(frozen=True, init=False)
class Column:
    """Parts from top to bottom, their bodies on one line; ``most`` is how far apart they may stand."""

    nodes: tuple[Node, ...]
    most: float

    def __init__(self, *nodes: Node | str, most: float = COLUMN_GAP) -> None:
        object.__setattr__(self, "nodes", tuple(_node(node) for node in nodes))
        object.__setattr__(self, "most", most)

    def measure(self, s: Setting) -> Extent:
        parts = [node.measure(s) for node in self.nodes]
        gaps = self._gaps()
        half = (sum(p.height for p in parts) + sum(low for low, _ in gaps)) / 2
        rise = sum(p.rise for p in parts) + sum(high - low for low, high in gaps) / 2
        return Extent(max(p.width for p in parts), half, half, max(p.grow for p in parts), rise)

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
    """Parts from top to bottom whose cells are of one width, so that their columns stand under each other."""

    column: Column

    def __init__(self, *nodes: Node) -> None:
        object.__setattr__(self, "column", Column(*nodes))

    def measure(self, s: Setting) -> Extent:
        return self.column.measure(self._same(s))

    def place(self, s: Setting, spot: Spot) -> Iterator[Plan]:
        return self.column.place(self._same(s), spot)

    @property
    def nodes(self) -> tuple[Node, ...]:
        return self.column.nodes

    def _same(self, s: Setting) -> Setting:
        names = [name for node in self.column.nodes if (name := getattr(node, "tensor", None))]
        return replace(s, wide=max(s.figures.wide(name) for name in names))


@dataclass(frozen=True, init=False)
class Tries:
    """Arrangements of the same film: the first whose numerals fit; where none's do, the last in colours.

    All but the last are taken only with cells at least as high as ``least``.
    """

    nodes: tuple[Node, ...]
    least: int

    def __init__(self, *nodes: Node, least: int = PREFERRED) -> None:
        object.__setattr__(self, "nodes", nodes)
        object.__setattr__(self, "least", least)

    def measure(self, s: Setting) -> Extent:
        return self.nodes[-1].measure(s)

    def place(self, s: Setting, spot: Spot) -> Iterator[Plan]:
        return self.nodes[-1].place(s, spot)


def _node(node: Node | str) -> Node:
    if isinstance(node, str):
        return Way() if node == "→" else Sign(node)
    return node
