"""What an opened stage of a row is made of: grids of a slice, sums that stay, and the units that tell it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from layeranim.engine.trace import Region
from layeranim.layout import Fit
from layeranim.records import dataclass
from layeranim.stories.networks import sequential_words as words
from layeranim.stories.networks.sequential_view import STATED, RowStage, RowView
from layeranim.stories.stage import Grid, Leading, Passage, Tally
from layeranim.stories.stage.figures import Figures
from layeranim.stories.stage.parts.base import Actor, Moment
from layeranim.stories.stage.plans import TablePlan, TallyPlan
from layeranim.stories.stage.solver import Node, Setting
from layeranim.stories.stage.verbs import Verb
from layeranim.stories.storyboard import Address

FEW, WIDE, HIGH, CELL = 8, 280.0, 130.0, 14.0
"""Of more rows or columns a grid of an opened stage is a band, at most so wide and high, of cells at most so large."""
ACROSS, NUMERAL = 12, 68.0
"""A row of so many numbers stands there as numerals where it has the width, each so wide."""


@dataclass(frozen=True)
class Opened:
    """What stands under the row for a stage, and the units that tell it before the stage as a whole is told."""

    node: Node
    passages: tuple[Passage, ...]


@dataclass(frozen=True)
class Foremost(Leading):
    """The largest products of the unit ``own``, whichever unit is under way."""

    own: tuple[tuple[str, int], ...] = ()
    changes, closes, passes = Actor.changes, Actor.closes, Actor.passes

    def writes(self, figures: Figures, plan: TablePlan, region: Region, moment: Moment) -> Iterator[Verb]:
        if dict(self.own).items() <= figures.here(moment.unit).items():
            yield self._rows(figures, plan, moment.unit)


@dataclass(frozen=True)
class NamedRow(Grid):
    """A row of colours, each under its name, that stays as wide as these however small the stage is."""

    def fit(self, s: Setting) -> tuple[Fit, tuple[int, int]]:
        rows, cols = self.shown(s.figures).shape
        return Fit((self.band[0] / cols, self.band[1] / rows), 0), (rows, cols)


@dataclass(frozen=True)
class HeldTally(Tally):
    """A tally that keeps its number while other stages are told."""

    changes, closes, passes = Actor.changes, Actor.closes, Actor.passes

    def writes(self, figures: Figures, plan: TallyPlan, region: Region, moment: Moment) -> Iterator[Verb]:
        if moment.target.tensor == self.tensor:
            yield from super().writes(figures, plan, region, moment)


def lead_of(view: RowView, stage: RowStage) -> str:
    """Where several stages are opened, of which one what stands there is."""
    return f"{words.title(stage)}: " if len(view.open) > 1 else ""


def at_axes(view: RowView, address: Address) -> dict[str, int]:
    """A cell by its axes but for the samples."""
    return {axis: i for axis, i in view.figures.indices(address).items() if axis in view.axes(address.tensor)}


def told_unit(view: RowView, stage: RowStage, name: str, writes: tuple[str, ...], at: Mapping[str, int]) -> Passage:
    """A unit of a stage: what it makes at these indices."""
    made = tuple(one for one in writes if one in view.trace)
    return Passage(f"{words.title(stage)}, {name}", made, at, {**view.cell(made[-1], stage), **at})


def sliced(view: RowView, stage: RowStage, name: str, text: str = "", first: bool = False) -> Node:
    """The last two axes of a tensor, at the followed cell on the others; of a layer with a state at its step."""
    axes = view.axes(name)
    cell = view.cell(name, stage)
    rest = 1 if stage.layer in STATED and len(axes) > 1 and view.trace.tensor(name).role != "weight" else 2
    drawn, told = axes[-rest:], axes[:-rest]
    at = tuple((axis, cell[axis]) for axis in told)
    called = {axes[-2]: "step"} if rest == 1 else {}
    which = "".join(f", {called.get(axis) or words.single(axis)} {i + 1}" for axis, i in at
                    if view.trace.size(axis) > 1)  # fmt: skip
    head = lead_of(view, stage) if first else ""
    return plain_grid(view, name, f"{head}{text or words.inner(name, stage)}{which}", drawn, at)


def side_by_side(view: RowView, count: int) -> bool:
    """Whether so many numbers have room side by side, and one more."""
    return count <= ACROSS and NUMERAL * (count + 2) <= view.telling.film.canvas.room


def plain_grid(
    view: RowView, name: str, text: str, axes: tuple[str, ...], at: tuple[tuple[str, int], ...] = ()
) -> Grid:
    """One or two axes as cells, in colours alone where they are many."""
    rows, cols = (*axes, None, None)[:2]
    n, m = (view.trace.size(axis) if axis else 1 for axis in (rows, cols))
    if 1 < max(n, m) == n * m and side_by_side(view, n * m):  # a row of few numbers stands there in full
        alone = ((rows if m > 1 else cols, 0),) if rows and cols else ()
        along = rows if n > 1 else cols
        return Grid(name, text, None, along, at=(*at, *alone), sized=False, lens=False, firm=True)
    band = (0.0, 0.0)
    if max(n, m) > FEW:
        band = min(WIDE, max(22.0, CELL * m)), min(HIGH, max(22.0, CELL * n))
    return Grid(name, text, rows, cols, at=at, sized=False, lens=False, band=band)
