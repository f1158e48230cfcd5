"""Parts in their places, as data: what the generic scene draws, besides the grids."""

from __future__ import annotations

from typing import Literal

from layeranim import theme
from layeranim.engine.trace import Region
from layeranim.records import dataclass
from layeranim.stories.storyboard import Box, Cells, GridPlan, Line, Point


@dataclass(frozen=True)
class SignPlan:
    """A sign between parts, its middle at a point."""

    name: str
    at: Point
    line: Line
    size: int


@dataclass(frozen=True)
class LanePlan:
    """Where data goes from one part to the next."""

    name: str
    ends: tuple[Point, ...]


@dataclass(frozen=True)
class TextPlan:
    """A line of text on a baseline that starts at a point."""

    name: str
    at: Point
    line: Line
    size: int


@dataclass(frozen=True)
class Strand:
    """The cells of a part that draws one axis of a tensor: its axis, and the indices of the others."""

    tensor: str
    axis: str | None
    fixed: tuple[tuple[str, int], ...] = ()

    def places(self, region: Region, count: int) -> range:
        """Which of ``count`` places the region covers."""
        along = region.along(self.axis) if self.axis else None
        return range(count) if along is None else along


@dataclass(frozen=True)
class BarsPlan:
    """Bars from a common zero, one a row; a numeral stands at the end of each.

    ``at`` is the top-left corner, ``zero`` the x of the zero line, ``pitch`` the distance from row to row and
    ``thick`` the height of a bar.
    """

    name: str
    strand: Strand
    rows: int
    at: Point
    pitch: float
    thick: float
    width: float
    zero: float
    numeral: int
    heading: Line = ()
    heading_at: Point = (0, 0)

    def row(self, row: int) -> Box:
        """The strip of one bar."""
        y = self.at[1] - row * self.pitch - (self.pitch - self.thick) / 2
        return Box(self.at[0], y, self.width, self.thick)

    @property
    def box(self) -> Box:
        return Box(*self.at, self.width, self.rows * self.pitch)


@dataclass(frozen=True)
class StackPlan:
    """Shares piled up to a column of exactly 1; the first on top."""

    name: str
    strand: Strand
    rows: int
    box: Box
    numeral: int
    heading: Line = ()
    heading_at: Point = (0, 0)


@dataclass(frozen=True)
class Tick:
    """A mark on an axis and what it says."""

    at: float
    line: Line


@dataclass(frozen=True)
class CurvePlan:
    """A function in its axes, with a point that slides on it.

    ``lines`` are thin lines of several kinds, ``tops`` the parts of these that are highest: a curve made of pieces.
    """

    name: str
    box: Box
    across: tuple[Tick, ...]
    along: tuple[Tick, ...]
    origin: Point
    curves: tuple[tuple[Point, ...], ...]
    tensors: tuple[str, str]
    strand: Strand
    heading: Line = ()
    heading_at: Point = (0, 0)
    lines: tuple[Track, ...] = ()
    tops: tuple[Track, ...] = ()


@dataclass(frozen=True)
class DotsPlan:
    """Number lines one under another on one axis; each holds the cells of a tensor as dots.

    ``lanes`` are the heights of the lines, ``names`` what stands left of each, ``strands`` their tensors.
    """

    name: str
    left: float
    right: float
    lanes: tuple[float, ...]
    names: tuple[tuple[Point, Line], ...]
    strands: tuple[Strand, ...]
    ticks: tuple[Tick, ...]
    base: float


@dataclass(frozen=True)
class Edge:
    """One edge of a net: from a lower node to an upper one, in a colour of its own, its weight written on it or not.

    ``within``: from an upper node to another one, in an arch over them.
    """

    lower: int
    upper: int
    colour: str
    width: float
    label: Line = ()
    at: Point = (0, 0)
    size: int = theme.FLOOR
    within: bool = False


@dataclass(frozen=True)
class NetPlan:
    """Two rows of nodes with the numbers of two tensors, edges between them.

    ``lower`` and ``upper`` are the middles of the nodes; the upper ones are made of the lower ones, above them, or
    ``right`` of them. Nodes are discs, or as wide as ``wide`` says of the lower and the upper ones. ``edges`` stand
    there from the start, as do ``lanes``; at the ``gaps`` nodes are left out, and ``picked`` are the cells of the lower
    ones that are drawn.
    """

    name: str
    strands: tuple[Strand, Strand]
    lower: tuple[Point, ...]
    upper: tuple[Point, ...]
    radius: float
    numeral: int
    given: Cells | None = None
    headings: tuple[tuple[Point, Line], ...] = ()
    right: bool = False
    wide: tuple[float, float] = (0.0, 0.0)
    edges: tuple[Edge, ...] = ()
    lanes: tuple[tuple[Point, ...], ...] = ()
    gaps: tuple[Point, ...] = ()
    picked: tuple[int, ...] = ()

    def node(self, upper: bool, at: int) -> Box:
        """The outline of a node."""
        (x, y), half = (self.upper if upper else self.lower)[at], max(self.radius, self.wide[upper])
        return Box(x - half, y + self.radius, 2 * half, 2 * self.radius)


@dataclass(frozen=True)
class ChipPlan:
    """A function in an outline: its curve drawn small, or its name where it has none."""

    name: str
    box: Box
    curve: tuple[Point, ...]
    heading: Line = ()
    heading_at: Point = (0, 0)


@dataclass(frozen=True)
class PlanePlan:
    """The plane of two numbers: points in it, and the straight line on which a sum of both is 0.

    ``side`` is the outline of the part where the sum is above 0; ``names`` are those of the axes.
    """

    name: str
    strand: Strand
    box: Box
    across: tuple[Tick, ...]
    along: tuple[Tick, ...]
    origin: Point
    points: tuple[Point, ...]
    line: tuple[Point, ...] = ()
    side: tuple[Point, ...] = ()
    names: tuple[tuple[Point, Line], ...] = ()


@dataclass(frozen=True)
class ThinnedPlan:
    """Units between two other layers, ``half`` is half the width of one, ``plain`` the radius of those beside them."""

    name: str
    units: tuple[Point, ...]
    before: tuple[Point, ...]
    after: tuple[Point, ...]
    radius: float
    half: float
    plain: float
    numeral: int
    heading: Line = ()
    heading_at: Point = (0, 0)

    def node(self, at: int) -> Box:
        """The outline of a unit."""
        (x, y) = self.units[at]
        return Box(x - self.half, y + self.radius, 2 * self.half, 2 * self.radius)


@dataclass(frozen=True)
class TallyPlan:
    """A number that counts on while terms arrive, in an outline of its own."""

    name: str
    box: Box
    size: int
    heading: Line = ()
    heading_at: Point = (0, 0)


@dataclass(frozen=True)
class VolumePlan:
    """Maps that lie in rows, or piled up as sheets one behind another.

    ``maps`` are the names of their grids, which stand where the maps lie in rows, the front one first; ``piled`` says
    how far each is from there in the pile; ``begins``: how they lie at first.
    """

    name: str
    tensor: str
    maps: tuple[str, ...]
    piled: tuple[Point, ...]
    begins: Literal["rows", "pile"]
    heading: Line = ()
    heading_at: Point = (0, 0)


@dataclass(frozen=True)
class Glyph:
    """A sample in a plane: where, with which shape, and whether it is of the class whose share is drawn."""

    at: Point
    shape: str
    own: bool


@dataclass(frozen=True)
class ScatterPlan:
    """Samples in a plane, over a grid of colours with the same outline; ``later``: each comes with its unit."""

    name: str
    area: Box
    glyphs: tuple[Glyph, ...]
    across: tuple[Tick, ...]
    along: tuple[Tick, ...]
    later: bool = False


@dataclass(frozen=True)
class HistoryPlan:
    """A line that grows: its points, unit by unit, in axes of its own; none where there is no number."""

    name: str
    tensor: str
    box: Box
    across: tuple[Tick, ...]
    along: tuple[Tick, ...]
    points: tuple[Point | None, ...]
    heading: Line = ()
    heading_at: Point = (0, 0)


@dataclass(frozen=True)
class Track:
    """One of several lines: a point a unit, none where there is no number; ``kind`` is its colour and its glyph, none
    below 0."""

    points: tuple[Point | None, ...]
    kind: int
    name: Line = ()
    at: Point = (0, 0)


@dataclass(frozen=True)
class TracksPlan:
    """Several lines that grow together, in one pair of axes: over units, or over a map of heights.

    ``contours`` are lines of equal height, ``marks`` points that are aimed at, ``rule`` a level that is drawn dashed,
    ``rings`` outlines in the colour of a line, ``names`` points that stand there as what they are called,
    ``dots`` points that have no room for it.
    """

    name: str
    box: Box
    across: tuple[Tick, ...]
    along: tuple[Tick, ...]
    tracks: tuple[Track, ...]
    contours: tuple[tuple[Point, Point], ...] = ()
    marks: tuple[Point, ...] = ()
    rule: float | None = None
    heading: Line = ()
    heading_at: Point = (0, 0)
    rings: tuple[Track, ...] = ()
    names: tuple[tuple[Point, Line], ...] = ()
    dots: tuple[Point, ...] = ()


@dataclass(frozen=True)
class ContestPlan:
    """A critic's curve over number lines: real numbers, forged ones, and the noise that these are made of.

    ``along`` are the ticks of the curve's axis, ``across`` those under the lines, ``lanes`` the heights of the lines,
    ``points`` where the curve is drawn, ``real`` and ``noise`` where these numbers lie, none where there is no number.
    """

    name: str
    box: Box
    along: tuple[Tick, ...]
    across: tuple[Tick, ...]
    lanes: tuple[float, float, float]
    base: float
    names: tuple[tuple[Point, Line], ...]
    points: tuple[float, ...]
    real: tuple[float | None, ...]
    noise: tuple[float | None, ...]
    heading: Line = ()
    heading_at: Point = (0, 0)


@dataclass(frozen=True)
class DialsPlan:
    """Clock hands one under another: a turned angle each, 0 at twelve o'clock, clockwise; under each what it says."""

    name: str
    centres: tuple[Point, ...]
    radius: float
    heading: Line = ()
    heading_at: Point = (0, 0)

    @property
    def box(self) -> Box:
        x, top, bottom = self.centres[0][0], self.centres[0][1], self.centres[-1][1]
        return Box(x - self.radius, top + self.radius, 2 * self.radius, top - bottom + 2 * self.radius)


@dataclass(frozen=True)
class ArcsPlan:
    """Words in two rows, or in one, that arcs connect: ``reading`` are the words that look, ``read`` those looked at.

    ``starts`` and ``ends`` are where arcs leave and arrive; ``words`` what stands there, the looking ones first;
    ``later`` of these come with their arcs.
    """

    name: str
    words: tuple[tuple[Point, Line], ...]
    starts: tuple[Point, ...]
    ends: tuple[Point, ...]
    size: int
    box: Box
    later: int = 0


@dataclass(frozen=True)
class BalancePlan:
    """A number line on which discs stand, as heavy as their shares, and the point where they balance.

    ``at`` are the places of the discs, ``names`` what stands above them.
    """

    name: str
    box: Box
    line: float
    at: tuple[float, ...]
    names: tuple[tuple[Point, Line], ...] = ()


@dataclass(frozen=True)
class TablePlan:
    """Lines of text in columns under headings; its rows arrive one by one."""

    name: str
    box: Box
    heads: tuple[tuple[Point, Line], ...]
    rules: tuple[float, ...]
    size: int
    high: float


@dataclass(frozen=True)
class KeyPlan:
    """What the colours mean: swatches of a scale from its least to its largest step, and what the ends stand for.

    ``ends``: it stands there only while the film opens and closes.
    """

    name: str
    box: Box
    scale: str
    levels: tuple[int, ...]
    swatch: float
    labels: tuple[tuple[Point, Line], ...]
    ends: bool = False


@dataclass(frozen=True)
class Station:
    """A place on a lane: a number that is ``held``, a ``valve``, a ``plus``, a ``chip`` with its name.

    ``line`` is its name and ``at`` where that stands; ``says`` is where its number starts, or its middle in a box.
    """

    kind: Literal["held", "valve", "plus", "chip"]
    tensor: str
    box: Box
    line: Line = ()
    at: Point = (0, 0)
    says: Point = (0, 0)
    size: int = theme.FLOOR


@dataclass(frozen=True)
class Pipe:
    """A stretch of a lane, through which the number of one tensor flows."""

    tensor: str
    points: tuple[Point, ...]


@dataclass(frozen=True)
class LanesPlan:
    """Lanes through which one unit's numbers flow: the larger a number, the wider its pipe."""

    name: str
    box: Box
    stations: tuple[Station, ...]
    pipes: tuple[Pipe, ...]


Plan = (
    GridPlan | SignPlan | LanePlan | TextPlan | BarsPlan | StackPlan | CurvePlan | DotsPlan | NetPlan | TallyPlan
    | ChipPlan | PlanePlan | ThinnedPlan | VolumePlan | ScatterPlan | HistoryPlan | TracksPlan | ContestPlan | ArcsPlan
    | BalancePlan | DialsPlan | KeyPlan | TablePlan | LanesPlan
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Lengths:
    """What bars show: how far each reaches from zero, in design pixels, and its colour, text and address."""

    ends: tuple[float, ...]
    cells: Cells
