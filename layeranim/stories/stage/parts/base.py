"""What every part can do: say what it needs, stand in its place, act when a tensor of its own is read or written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar

from layeranim import layout, numbers, theme
from layeranim.engine.trace import Region
from layeranim.layout import Fit
from layeranim.records import dataclass
from layeranim.stories import phrases
from layeranim.stories.stage.solver import Unfit
from layeranim.stories.storyboard import Address, Box, Fact, GridPlan, Line, Point, Run

if TYPE_CHECKING:
    from layeranim.stories.stage.figures import Figures
    from layeranim.stories.stage.verbs import Verb

HEADING = theme.HEADING_GAP + theme.NAME
"""The height that a heading takes above a part."""


LENS = 56.0
"""The height of a lens: a cell of its own under a grid of colours."""
NUMERAL_SHARE = 0.42
"""How large a numeral is beside the height of its cell, where there is room across."""


@dataclass(frozen=True)
class Moment:
    """When a part acts: the unit under way, the cell that is followed, whether there is time to show how.

    ``made`` are the tensors that this unit has by the end of the beat; ``brief``: it passes by.
    """

    unit: int
    target: Address
    taught: bool = False
    made: frozenset[str] = frozenset()
    brief: bool = False


class Actor:
    """How a placed part acts. A part that only stands there needs nothing of this.

    ``kind`` tells its plan from others of the tensor that it is ``about``, a field of the part. ``plan`` is the plan
    that it placed, whatever kind of plan that is.
    """

    kind: ClassVar[str]
    about: ClassVar[str] = "tensor"
    clings: ClassVar[bool] = False
    """Whether it stands close to the part before it, however much room there is: it says something of that one."""

    @property
    def draws(self) -> tuple[str, ...]:
        """The tensors of which it acts."""
        return (getattr(self, self.about),)

    @property
    def full_numbers(self) -> tuple[str, ...]:
        """Tensors whose numbers it shows with their power of ten, because no heading could tell it."""
        return ()

    @property
    def names(self) -> tuple[str, ...]:
        """What its plans are called."""
        return (f"{getattr(self, self.about)}:{self.kind}",)

    def reads(self, figures: Figures, plan: Any, region: Region, moment: Moment) -> Iterator[Verb]:
        """What it does when the step under way reads cells of it."""
        yield from ()

    def terms(self, figures: Figures, plan: Any, moment: Moment) -> Iterator[tuple[Verb, ...]]:
        """What it does while the terms of a sum that is taught arrive: one group of verbs for each that comes alone."""
        yield from ()

    def writes(self, figures: Figures, plan: Any, region: Region, moment: Moment) -> Iterator[Verb]:
        """What it does when the step under way writes cells of it."""
        yield from ()

    def spot(self, figures: Figures, plan: GridPlan, address: Address) -> tuple[int, int]:
        """The row and column at which a cell stands."""
        return figures.spot(plan.row_axis, plan.col_axis, address)

    def opens(self, figures: Figures, plan: Any, unit: int) -> Iterator[Verb]:
        """What it shows before the first step."""
        yield from ()

    def passes(self, figures: Figures, plan: Any, first: int, last: int) -> Iterator[Verb]:
        """What it does while units are swept over."""
        yield from ()

    def turns(self, figures: Figures, plan: Any, unit: int) -> Iterator[Verb]:
        """How it takes its other shape, if it has one."""
        yield from ()

    def stays(self, figures: Figures, plan: Any, unit: int) -> bool:
        """Whether it does not turn back to this unit at the end: the last sentence speaks of another one."""
        return False

    def closes(self, figures: Figures, plan: Any, unit: int) -> Iterator[Verb]:
        """What it shows once more at the end, of the unit that was followed."""
        yield from ()

    def changes(self, figures: Figures, plan: Any, moment: Moment) -> Iterator[Verb]:
        """What it does when another unit begins."""
        yield from ()


@dataclass(frozen=True)
class Single(Actor):
    """A part of one ``tensor`` under the heading ``text``."""

    tensor: str
    text: str


def numbered(tensor: str, wide: float, high: float, side: float, least: float = 0.0) -> Fit:
    """Cells with numerals ``wide`` at size 1 and ``side`` px of air, of which none is narrower than ``least``; raises
    ``Unfit`` where no numeral is small enough.
    """
    high = max(high, float(layout.LEAST_PITCH))
    size = max(theme.FLOOR, min(theme.NUMERAL, int(high * NUMERAL_SHARE)))
    pitch = max(high, 2.0 * int((max(wide * size + 2 * side, least) + theme.CELL_GAP) / 2 + 0.999)), high
    found = layout.numeral_size(pitch, wide)
    if not found:
        raise Unfit(tensor)
    return Fit(pitch, found)


def lens(wide: float) -> Fit:
    """A lens for numerals ``wide`` at size 1."""
    pitch = max(LENS, 2.0 * int((wide * theme.FLOOR + theme.CELL_GAP + 2 * layout.SIDE) / 2 + 0.999)), LENS
    return Fit(pitch, layout.numeral_size(pitch, wide) or theme.FLOOR)


def heading(figures: Figures, tensor: str, text: str) -> Line:
    """A part's name, with its shape and its power of ten where these stand there."""
    return powered(figures, tensor, figures.title(tensor, text))


def powered(figures: Figures, tensor: str, line: Line) -> Line:
    """A heading with the power of ten behind its name that the cells of the tensor leave to it, where they do."""
    power = figures.ranges.power(tensor)
    said = (Run(_power(power), weight="medium", source=Fact("power"), markup=True),) if power else ()
    return (*line[:1], *said, *line[1:])


def unsized(line: Line) -> Line:
    """A heading without the shape."""
    return tuple(run for run in line if run.source != Fact("shape"))


def _power(power: int) -> str:
    return f" {numbers.TIMES}10^{{{power}}}".replace("-", numbers.MINUS)


def heading_at(line: Line, box: Box, width: float) -> Point:
    """Where a heading starts: at the left edge of what it names, or in its middle where it is wider."""
    wide = phrases.width(line, theme.NAME)
    x = box.x if wide <= max(box.w, width - (box.x - (box.centre[0] - width / 2))) else box.centre[0] - wide / 2
    return x, box.y + theme.HEADING_GAP
