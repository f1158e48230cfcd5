"""What happens on a stage, as data: each verb is one animation of one part, or a change at once.

A beat has phases, and for each phase the verbs that act in it together. The generic scene has one function a verb.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Literal, overload

from layeranim.records import dataclass
from layeranim.stories.stage.plans import Edge, Lengths
from layeranim.stories.storyboard import Cells, GridPlan, Line, Point

Cell = tuple[int, int]
Block = tuple[int, int, int, int]
"""First and last row, first and last column."""
Role = Literal["focus", "result"]
HELD = 4096
"""Cells of a block that are held one by one."""


@dataclass(frozen=True)
class Everywhere(Sequence[Cell]):
    """The cells of a block in reading order, none of which is held: a large grid has a million of them."""

    rows: range
    cols: range

    def __len__(self) -> int:
        return len(self.rows) * len(self.cols)

    @overload
    def __getitem__(self, at: int) -> Cell: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[Cell, ...]: ...
    def __getitem__(self, at: int | slice) -> Cell | tuple[Cell, ...]:
        if isinstance(at, slice):
            return tuple(self[k] for k in range(len(self))[at])
        row, col = divmod(range(len(self))[at], len(self.cols))
        return self.rows[row], self.cols[col]

    def __iter__(self) -> Iterator[Cell]:
        return product(self.rows, self.cols)


def within(rows: range, cols: range) -> Sequence[Cell]:
    """The cells of a block in reading order; those of a large one are not held."""
    cells = Everywhere(rows, cols)
    return cells if len(cells) > HELD else tuple(cells)


def everywhere(grid: GridPlan) -> Sequence[Cell]:
    """All cells of a grid."""
    return within(range(grid.rows), range(grid.cols))


@dataclass(frozen=True)
class Frame:
    """A frame around blocks of a grid's cells, for the step under way; it glides there from the blocks of ``start``."""

    part: str
    blocks: tuple[Block, ...]
    role: Role
    start: tuple[Block, ...] = ()


@dataclass(frozen=True)
class Course:
    """A frame runs over a grid: around the blocks of one stop after another."""

    part: str
    stops: tuple[tuple[Block, ...], ...]


@dataclass(frozen=True)
class Lay:
    """Copies of a grid's cells leave it and lie down, each with its middle on a goal: a kernel on its window."""

    part: str
    where: tuple[Cell, ...]
    goals: tuple[Point, ...]


@dataclass(frozen=True)
class Pour:
    """Copies of cells run to a point, one after another: products into their sum. Each is a part, a row, a column."""

    cells: tuple[tuple[str, int, int], ...]
    goal: Point


@dataclass(frozen=True)
class Light:
    """An outline around bars, for the step under way."""

    part: str
    rows: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Fill:
    """Cells of a grid turn into their content, one after another where ``lag`` is above 0."""

    part: str
    cells: Cells
    where: Sequence[Cell]
    lag: float = 0.0


@dataclass(frozen=True, eq=False)
class Sweep:
    """Cells of a grid arrive in reading order while the film runs over its units; ``down``: column after column, and
    ``first`` and ``last`` are columns, in either direction.
    """

    part: str
    cells: Cells
    first: int
    last: int
    down: bool = False


@dataclass(frozen=True, eq=False)
class Ghost:
    """A grid shows pale what it will hold: the whole idea, before the first step."""

    part: str
    cells: Cells
    where: Sequence[Cell]


@dataclass(frozen=True)
class Lead:
    """Two lines from the edge of a grid of colours to the lens that shows one of its cells in numbers, or from what is
    read to what is made of it.
    """

    part: str
    lines: tuple[tuple[Point, Point], ...]
    role: Role = "focus"


@dataclass(frozen=True)
class Clear:
    """A grid's cells, bars or dots are taken away at once."""

    part: str


@dataclass(frozen=True)
class Name:
    """Another heading over a grid: which sample or filter it shows now."""

    part: str
    line: Line


@dataclass(frozen=True, eq=False)
class Grow:
    """Bars grow from zero to their ends, shares pile up; ``where`` says which."""

    part: str
    bars: Lengths
    where: tuple[int, ...]
    pale: bool = False


@dataclass(frozen=True)
class Slide:
    """A point is led from the axis up to the curve and over to the other axis."""

    part: str
    goal: Point


@dataclass(frozen=True)
class Points:
    """Points that stay on a curve: what is done."""

    part: str
    at: tuple[Point, ...]


@dataclass(frozen=True)
class Strew:
    """Dots of one lane go to their places: from those of the lane above, ``onward`` from where they lay, or out of
    nothing.

    ``at`` are their x, ``start`` where they come from, ``told`` the dot that is followed; ``mean`` and ``band`` are the
    tick and the stretch of one deviation on either side, ``said`` what both are in numbers.
    """

    part: str
    lane: int
    at: tuple[float, ...]
    start: tuple[float, ...] | None
    told: int
    mean: float | None = None
    band: tuple[float, float] | None = None
    said: Line = ()
    onward: bool = False


@dataclass(frozen=True)
class Wiring:
    """Edges of a net lie down; ``stay``: quietly, for the rest of the film, else for the step under way.

    An edge that stays takes the place of one that lay there and looked otherwise.
    """

    part: str
    edges: tuple[Edge, ...]
    stay: bool = False


@dataclass(frozen=True)
class Trade:
    """Two lower nodes of a net change places; where they are ``bound``, the edges that lie on them go with them."""

    part: str
    places: tuple[int, int]
    bound: bool = False


@dataclass(frozen=True, eq=False)
class NodeFill:
    """Nodes of a net, or points of a plane, get their numbers: the upper ones, or the ``lower``.

    Where there are ``lines``, one node shows these instead: a sum that counts on. ``pale`` ones preview what will come.
    """

    part: str
    cells: Cells
    where: tuple[int, ...]
    lower: bool = False
    lines: tuple[Line, ...] = ()
    pale: bool = False


@dataclass(frozen=True)
class Shift:
    """The line that parts a plane moves through these places, with the part in which the sum is above 0."""

    part: str
    lines: tuple[tuple[Point, ...], ...]
    sides: tuple[tuple[Point, ...], ...]


@dataclass(frozen=True, eq=False)
class Tell:
    """A tally counts: each line stands there for an equal part of the phase, the last one stays.

    In a grid it is one cell that counts: ``where`` says which, and it has its place among ``cells`` at the end.
    """

    part: str
    lines: tuple[Line, ...]
    where: tuple[Cell, ...] = ()
    cells: Cells | None = None


@dataclass(frozen=True)
class Fan:
    """The maps of a volume go from their pile to their rows, or back; then a needle goes through the sheets of the pile
    at these points, or through nothing.
    """

    part: str
    to: Literal["rows", "pile"]
    needle: tuple[Point, ...] = ()


@dataclass(frozen=True)
class Border:
    """The line in a plane at which the answer changes, instead of the one before."""

    part: str
    lines: tuple[tuple[Point, Point], ...]


@dataclass(frozen=True)
class Reach:
    """A line that grows has come as far as a unit; ``pale``: a preview, taken away before the first step."""

    part: str
    last: int
    pale: bool = False


@dataclass(frozen=True, eq=False)
class Carry:
    """Copies of a grid's cells travel to cells of another grid: what is copied is seen to be the same.

    ``of`` is the grid that they come from, ``source`` and ``goal`` are the cells in turn, ``cells`` the content of the
    grid that they come to; ``copies`` is that of the grid that they leave, where it becomes another on arrival.
    """

    part: str
    of: str
    source: tuple[Cell, ...]
    goal: tuple[Cell, ...]
    cells: Cells
    copies: Cells | None = None


@dataclass(frozen=True)
class Weigh:
    """Discs on a number line become as heavy as their shares: ``radii`` of each, and its colour step of the heat scale;
    ``pale``: a preview, taken away before the first step."""

    part: str
    radii: tuple[float, ...]
    levels: tuple[int, ...]
    pale: bool = False


@dataclass(frozen=True)
class Land:
    """Samples arrive at their places in a plane, each from where it was, or out of nothing."""

    part: str
    which: tuple[int, ...]
    start: tuple[Point | None, ...]


@dataclass(frozen=True)
class Plumb:
    """A line falls through several lines at one place: where it meets each, none where that is not in the picture."""

    part: str
    at: tuple[Point | None, ...]


@dataclass(frozen=True)
class Poise:
    """The support under a number line moves to where its discs balance."""

    part: str
    at: float
    said: Line = ()


@dataclass(frozen=True)
class Spin:
    """The hands of dials turn to these angles in radians, from ``start`` or from where they stand at twelve."""

    part: str
    angles: tuple[float, ...]
    start: tuple[float, ...]
    said: tuple[Line, ...] = ()


@dataclass(frozen=True)
class Arc:
    """One arc: where it leaves, its two handles and where it arrives, its width, its colour step of the heat scale."""

    course: tuple[Point, Point, Point, Point]
    width: float
    level: int
    label: Line = ()
    at: Point = (0, 0)


@dataclass(frozen=True)
class Bend:
    """Arcs grow from a word to all that it looks at; ``stay``: for the rest of the film, under those that are bold;
    ``lit``: the word; ``pale``: a preview, taken away before the first step."""

    part: str
    arcs: tuple[Arc, ...]
    lit: int = -1
    stay: bool = False
    pale: bool = False


@dataclass(frozen=True)
class Arrive:
    """Rows of a table arrive: each with what stands in its columns."""

    part: str
    rows: tuple[tuple[tuple[Point, Line], ...], ...]


@dataclass(frozen=True)
class Current:
    """What flows through one pipe: its width and its colour step."""

    pipe: int
    width: float
    level: int


@dataclass(frozen=True)
class Reading:
    """What a station shows: its lines one after another, the last one stays; its colour step, how far it is open."""

    station: int
    lines: tuple[Line, ...]
    level: int = 0
    open: float = 0.0


@dataclass(frozen=True)
class Flow:
    """Numbers flow through the pipes of lanes, and their stations show them; ``pale``: a preview, taken away before the
    first step.
    """

    part: str
    streams: tuple[Current, ...]
    readings: tuple[Reading, ...]
    pale: bool = False


@dataclass(frozen=True)
class Sway:
    """The curve of a contest bends into another one and forged numbers go to other places, from where both were, or at
    once; what lies under the curve rides on it. ``pale``: a preview, taken away before the first step."""

    part: str
    curve: tuple[float | None, ...]
    forged: tuple[float | None, ...]
    curve_start: tuple[float | None, ...] = ()
    forged_start: tuple[float | None, ...] = ()
    pale: bool = False


Verb = (
    Frame | Course | Lay | Pour | Light | Fill | Sweep | Ghost | Lead | Clear | Grow | Slide | Points | Strew | Wiring
    | NodeFill | Shift | Tell | Name | Fan | Border | Reach | Carry | Weigh | Poise | Spin | Bend | Arrive
    | Flow | Land | Plumb | Sway | Trade
)  # fmt: skip
