"""Storyboard, Beat, Run, GridPlan: everything a scene draws and when, as data.

A scene gets a storyboard and moves things; it never formats a number, chooses a colour step or measures a text.
Lengths are design pixels from the centre of its canvas, x right, y up. Time is in ticks of 40 ms.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import field
from functools import cache, cached_property
from itertools import groupby
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layeranim import numbers, theme
from layeranim.canvas import WIDE, Canvas
from layeranim.engine.trace import Region, Trace
from layeranim.records import dataclass
from layeranim.stories.preset import Preset
from layeranim.typeface import Weight

Point = tuple[float, float]
JOINED = "·"
"""Between the names of axes that are drawn as one."""
_FOLDED = re.compile(r"(\w+)([/%])(\d+)")


@cache
def folded(axis: str) -> tuple[str, str, int]:
    """An axis that is laid in rows of equal length: its name, "/" for the row or "%" for the place in it, the length.

    Of an axis that is drawn as it is the last two are empty.
    """
    found = _FOLDED.fullmatch(axis)
    return (found[1], found[2], int(found[3])) if found else (axis, "", 1)


@dataclass(frozen=True)
class Address:
    """Where a drawn number comes from: a cell of a tensor; ``power`` is the power of ten that its heading tells."""

    tensor: str
    index: tuple[int, ...]
    power: int = 0


@dataclass(frozen=True)
class Fact:
    """Where a drawn number comes from: a shape, an option or a count of the trace, not a cell."""

    name: str


Source = Address | Fact


@dataclass(frozen=True)
class Run:
    """A stretch of text in one role. ``late`` runs of a caption appear when the result lands."""

    text: str
    role: str = "muted"
    weight: Weight = "medium"
    source: Source | None = None
    late: bool = False
    markup: bool = False


Line = tuple[Run, ...]


def plain(line: Line) -> str:
    """The line as plain text: subtitles, alt text, goldens. ``W_{Q}`` is W_Q, ``e^{a − b}`` is e^(a − b)."""
    texts = ((markup, "".join(run.text for run in runs)) for markup, runs in groupby(line, lambda run: run.markup))
    return "".join(_unmarked(text.replace("}^{", "")) if markup else text for markup, text in texts)


def _unmarked(text: str) -> str:
    return re.sub(r"([_^])\{([^}]*)\}", lambda m: f"{m[1]}{m[2]}" if m[2].isalnum() else f"{m[1]}({m[2]})", text)


@dataclass(frozen=True)
class Box:
    """A rectangle by its left, top, width and height."""

    x: float
    y: float
    w: float
    h: float

    @property
    def right(self) -> float:
        return self.x + self.w

    @property
    def bottom(self) -> float:
        return self.y - self.h

    @property
    def centre(self) -> Point:
        return self.x + self.w / 2, self.y - self.h / 2

    def outset(self, by: float) -> Box:
        return Box(self.x - by, self.y + by, self.w + 2 * by, self.h + 2 * by)

    def meets(self, other: Box) -> bool:
        """Whether the two share more than an edge."""
        return self.x < other.right and other.x < self.right and self.bottom < other.y and other.bottom < self.y


@dataclass(frozen=True, eq=False)
class Cells:
    """What the cells of a grid show: colour steps, texts, and which are dashed ghosts or dimmed.

    ``levels`` (rows, columns) int8; ``texts`` the same shape or ``None`` for heat; ``ghost`` marks structural zeros,
    ``dim`` cells that nothing reads; ``sources`` gives the address of a cell's number.
    """

    levels: NDArray[np.int8]
    texts: NDArray[Any] | None = None
    ghost: NDArray[np.bool_] | None = None
    dim: NDArray[np.bool_] | None = None
    scale: str = "value"
    sources: Callable[[int, int], Source] | None = None

    def source(self, row: int, col: int) -> Source | None:
        """Where the number of a cell comes from, if it is known."""
        return self.sources(row, col) if self.sources else None


@dataclass(frozen=True, eq=False)
class GridPlan:
    """One tensor, or a 2-D slice of it, on the stage.

    ``at`` is the top-left corner; ``pitch`` the distance between cells, width and height. ``cells`` is fixed content;
    ``row_axis`` and ``col_axis`` name the tensor's axes along the grid; ``fixed`` the indices of the others. Several
    axes on one side have their names joined by a dot, the last one running fastest; ``joints`` are their sizes. One
    axis may be laid in rows: ``pixels/8`` is the row, ``pixels%8`` the place in it. ``joined`` cells are the pixels of
    a picture, without gaps. ``picked`` are the indices that are drawn of an axis of which not all are.
    """

    name: str
    tensor: str
    rows: int
    cols: int
    at: Point
    pitch: Point
    numeral: int = 0
    cells: Cells | None = None
    row_axis: str | None = None
    col_axis: str | None = None
    fixed: tuple[tuple[str, int], ...] = ()
    heading: Line = ()
    heading_at: Point | None = None
    frame: str | None = None
    empty: bool = False
    joined: bool = False
    joints: tuple[tuple[str, int], ...] = ()
    picked: tuple[tuple[str, tuple[int, ...]], ...] = ()

    @property
    def heat(self) -> bool:
        """Whether the cells are too small for hairlines and gaps of their own, or the pixels of one picture."""
        return self.joined or min(self.pitch) < theme.HEAT_PITCH

    @property
    def gap(self) -> float:
        if not self.heat:
            return theme.CELL_GAP
        return theme.HEAT_GAP if min(self.pitch) >= 8 and not self.joined else 0.0

    @property
    def box(self) -> Box:
        """The grid's outline."""
        return Box(*self.at, self.cols * self.pitch[0] - self.gap, self.rows * self.pitch[1] - self.gap)

    @property
    def lens(self) -> bool:
        """Whether it shows one cell of another grid, in a number."""
        return self.name.startswith("lens:")

    def cell(self, row: int, col: int) -> Box:
        """The outline of one cell."""
        x, y = self.at
        return Box(x + col * self.pitch[0], y - row * self.pitch[1], self.pitch[0] - self.gap, self.pitch[1] - self.gap)

    def span(self, rows: range, cols: range) -> Box:
        """The outline around a block of cells."""
        a, b = self.cell(rows[0], cols[0]), self.cell(rows[-1], cols[-1])
        return Box(a.x, a.y, b.right - a.x, a.y - b.bottom)

    def block(self, region: Region) -> tuple[range, range]:
        """The rows and columns of a region of this grid's tensor."""
        return self._along(region, self.row_axis, self.rows), self._along(region, self.col_axis, self.cols)

    def _along(self, region: Region, axis: str | None, count: int) -> range:
        """Which rows or columns a region covers; of a joined axis those of its parts together, evenly spaced."""
        first, step, covered, size, picked = 0, 1, 1, 1, dict(self.picked)
        for one in reversed(axis.split(JOINED) if axis else ()):
            name, how, length = folded(one)
            here, whole = region.along(name), dict(self.joints).get(one, count)
            along = range(whole) if here is None else _within(here, how, length) if how else here
            if here is not None and name in picked:
                along = range(bisect_left(picked[name], min(here)), bisect_right(picked[name], max(here)))
            if len(along) > 1:
                step = size * along.step if covered == 1 else step
                covered *= len(along)
            first += along[0] * size
            size *= whole
        return range(first, first + covered * step, step) if axis else range(count)

    def holds(self, region: Region) -> bool:
        """Whether the region is of this grid's tensor and slice."""
        where = dict(region.where)
        return region.tensor == self.tensor and all(
            axis not in where or index in (region.along(axis) or ()) for axis, index in self.fixed
        ) and all(axis not in where or any(i in (region.along(axis) or ()) for i in indices)
                  for axis, indices in self.picked)  # fmt: skip


def _within(along: range, how: str, length: int) -> range:
    """Which rows, or places in them, some cells of a folded axis have."""
    if how == "/":
        return range(along[0] // length, along[-1] // length + 1)
    return range(along[0] % length, along[-1] % length + 1) if len(along) == 1 else range(length)


@dataclass(frozen=True)
class Beat:
    """One stretch of the film: which units it works through, what it says, how long each phase takes.

    ``units`` are the windows, rows or time steps worked on, ``steps`` the places of their acts in the trace's steps;
    ``phases`` (name, ticks) in order, summing to ``ticks``.
    ``sweep`` beats pass over their units evenly; the others have exactly one. ``verbs`` are what happens in each
    phase of a film that is declared on the stage. The note of a beat may be the user's
    ``own``.
    """

    kind: str
    start: int
    ticks: int
    units: range = range(0)
    phases: tuple[tuple[str, int], ...] = ()
    caption: Line = ()
    note: Line = ()
    place: Line = ()
    steps: Sequence[int] = ()
    done: int = 0
    verbs: tuple[tuple[Any, ...], ...] = ()
    own: bool = False

    @property
    def end(self) -> int:
        return self.start + self.ticks


@dataclass(frozen=True, eq=False)
class Storyboard:
    """The whole film as data. ``grids`` by name, ``parts`` whatever else a scene of this explainer places.

    ``canvas`` is the shape of picture that it is laid out for.
    """

    explainer: str
    title: str
    parameters: Line
    grids: Mapping[str, GridPlan]
    beats: tuple[Beat, ...]
    total: int
    poster: int
    alt: str
    parts: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    canvas: Canvas = WIDE

    def __post_init__(self) -> None:
        """Refuse what no scene could play: beats that do not follow each other, phases that are not the whole beat."""
        at = 0
        for i, beat in enumerate(self.beats, 1):
            if beat.start != at or beat.ticks < 1:
                raise ValueError(f"beat {i} is {beat.start}–{beat.end} ticks, but the one before it ends at {at}")
            lengths = [ticks for _, ticks in beat.phases]
            if beat.phases and (sum(lengths) != beat.ticks or min(lengths) < 0):
                raise ValueError(f"the phases of beat {i} last {lengths} ticks, but the beat {beat.ticks}")
            at = beat.end
        if not 0 <= self.poster < at:
            raise ValueError(f"the poster is tick {self.poster}, but the film has {at}")

    @property
    def ticks(self) -> int:
        return self.beats[-1].end

    @property
    def seconds(self) -> float:
        return self.ticks * theme.TICK_MS / 1000

    def text(self) -> str:
        """The storyboard as text, for goldens and ``--dry-run``: one beat a paragraph."""
        rows = [f"{self.title} · {plain(self.parameters)}", f"{self.seconds:.2f} s, {self.total} units"]
        for grid in self.grids.values():
            kind = "heat" if grid.numeral == 0 else f"numerals {grid.numeral} px"
            rows.append(
                f"  {grid.name}: {grid.rows}×{grid.cols} at ({grid.at[0]:g}, {grid.at[1]:g}), pitch "
                f"{grid.pitch[0]:g}×{grid.pitch[1]:g}, {kind}, {plain(grid.heading)}"
            )
        for beat in self.beats:
            units = f" {beat.units.start + 1}–{beat.units.stop}" if len(beat.units) else ""
            rows.append(f"{_time(beat.start)} {beat.kind}{units} {plain(beat.place)}".rstrip())
            rows += [f"    {plain(line)}" for line in (beat.caption, beat.note) if line]
        return "\n".join([*rows, f"alt: {self.alt}"]) + "\n"

    def lines(self) -> Iterator[Line]:
        """Every line of text that the film shows, for the checks over all drawn numbers."""
        yield self.parameters
        for grid in self.grids.values():
            yield grid.heading
        for beat in self.beats:
            yield from (beat.caption, beat.note, beat.place)


def _time(ticks: int) -> str:
    return f"{ticks * theme.TICK_MS / 1000:6.2f}"


@dataclass(frozen=True, eq=False)
class Telling:
    """What a story is told from, besides the trace: the options of every film and where the arrays came from.

    ``preset`` is the one whose arrays all are on stage, ``asked`` the one that was asked for by name, ``given`` the
    names of the layer's options and arrays that are the user's.
    """

    trace: Trace
    film: Any
    preset: Preset | None = None
    asked: Preset | None = None
    given: frozenset[str] = frozenset()
    names: Mapping[str, str] = field(default_factory=dict)
    seeded: Sequence[str] = ()
    seed: int = 0
    kinds: Mapping[str, str] = field(default_factory=dict)
    _styles: dict[tuple[str, str], numbers.Style] = field(default_factory=dict, init=False, repr=False)

    @property
    def config(self) -> Any:
        """The options of the layer."""
        return self.trace.config

    def style(self, tensor: str, kind: numbers.Kind = "value") -> numbers.Style:
        """How the numbers of a tensor are written in sentences that are made before the stage is: looked up once."""
        if (tensor, kind) not in self._styles:
            self._styles[tensor, kind] = numbers.style(self.trace[tensor], kind=kind, precision=self.film.precision)
        return self._styles[tensor, kind]

    def text(self, at: Address, kind: numbers.Kind = "value") -> str:
        """A number as such a sentence writes it."""
        return numbers.text(self.trace[at.tensor][at.index], self.style(at.tensor, kind))

    def number(self, at: Address, role: str = "ink", weight: Weight = "medium", *, factor: bool = False) -> Run:
        """That number with its address; as a second ``factor`` in parentheses where it is negative."""
        text = self.text(at)
        return Run(numbers.factor(text) if factor else text, role, weight, at)

    @property
    def sample(self) -> int:
        """Which sample of a batch is told."""
        return int(self.film.place_in(self.trace.size("batch")))

    @property
    def base(self) -> Preset | None:
        """The preset that the film comes from, whole or with arrays of the user's."""
        return self.preset or self.asked

    def wanted(self, shown: Container[int]) -> int | None:
        """The unit that is followed: the one asked for, else the preset's, if it is shown; none of them may be."""
        asked = self.film.follow
        wanted = (asked - 1 if asked else None, self.preset.unit if self.preset else None)
        return next((unit for unit in wanted if unit is not None and unit in shown), None)

    @property
    def untouched(self) -> Preset | None:
        """The preset all of whose words hold: its arrays are on stage, and nothing that they speak of is changed."""
        return self.preset if self.preset and self.given <= {*self.preset.free} else None

    @property
    def takeaway(self) -> str:
        """The preset's own last sentence; nothing where the user changed what it speaks of."""
        base = self.base
        return base.takeaway if base and self.given <= {*base.free} else ""


class FilmView:
    """What a film looks at: a trace and its options, and of a batch the sample that is told."""

    def __init__(self, telling: Telling) -> None:
        self.telling, self.trace, self.film = telling, telling.trace, telling.film
        self.config: Any = telling.config

    @cached_property
    def sample(self) -> int:
        return self.telling.sample


@dataclass(frozen=True)
class Story:
    """One explainer's words: how a trace is told, and what such a layer is good for.

    ``shows`` are the parts of which ``show`` may choose those that are drawn; ``conv#`` are ``conv1``, ``conv2``.
    """

    title: str
    tell: Callable[[Telling], Storyboard]
    good_for: str
    shows: tuple[str, ...] = ()
    takes: float = 11.0
    """What telling it takes at most, in sizes of all numbers that the trace keeps: measured (tests/catalog/wide.py)."""

    def needed(self, trace: Trace) -> int:
        """Bytes of the trace and of its telling at their peak."""
        held = [tensor.source for tensor in trace.tensors.values()]
        kept = sum(source.nbytes for source in held if isinstance(source, np.ndarray))
        return ceil((1 + self.takes) * kept)
