"""The layout of a stage: measured from the leaves up, then placed from the top down. No constraints to satisfy.

Every node says how much room it needs for a ``Look`` — how high cells are, and whether they carry numerals — and the
largest look that fits is taken: numerals with all their decimals, then with fewer, then colours alone. Two passes over
a small tree take about a millisecond and give the same places on every machine; a constraint solver would be a
dependency for what addition does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import field, replace
from itertools import product
from math import inf
from typing import TYPE_CHECKING, Protocol

from layeranim.canvas import WIDE, Canvas
from layeranim.layout import LEAST_PITCH, even
from layeranim.records import dataclass

if TYPE_CHECKING:
    from layeranim.stories.stage.figures import Figures
    from layeranim.stories.stage.plans import Plan

COLUMN_GAP = 24.0
NUMERAL_HIGH, NUMERAL_LOW = 92, LEAST_PITCH
PREFERRED = 46
"""Where a stage has several arrangements, all but the last are taken only with cells at least so high."""
HEAT_HIGH, HEAT_SEEN, HEAT_LEAST = 40.0, 3.0, 1e-6
SMALLER, SMALL = (0.85, 0.7, 0.55, 0.4, 0.3), (24.0, 12.0, 6.0, 3.0, 1.5)
"""What pictures that have a size of their own are scaled by where a stage fits at no size of its cells, and how large
these are then."""
LARGER = (2.0, 1.6, 1.3, 1.15)
"""What they are scaled by where there is room, on a canvas that is not wide."""


USUAL = 2
"""Decimals of numbers where none were asked for."""


class NoRoom(AssertionError):
    """A stage has no room, however small everything is: a film that was declared badly."""


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


def room_on(canvas: Canvas, lower: float = 0.0, captioned: bool = True) -> Room:
    """What a canvas has room for between its words, under a header that reaches so much lower than usual."""
    top, bottom = canvas.stage_top(lower) - 8.0, canvas.stage_bottom(captioned)
    return Room(canvas.left, canvas.right, top, bottom, canvas.narrow)


STAGE = room_on(WIDE)


@dataclass(frozen=True)
class Look:
    """How large everything is: the height of a cell, whether numerals stand in it, at most how many decimals.

    ``powers``: large numbers leave a power of ten to their heading, a multiple of it; ``scale``: how large pictures are
    that have a size of their own, where nothing else would make room; ``tight``: numerals have the least air.
    """

    pitch: float
    numerals: bool
    decimals: int | None = None
    powers: int = 0
    scale: float = 1.0
    tight: bool = False


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
    high as all others, because it belongs to a row or column of them; ``columns`` is the least width of each part of a
    row that stands under others like it.
    """

    figures: Figures
    look: Look
    wide: float = 0.0
    across: float = inf
    alone: bool = False
    even: bool = False
    columns: tuple[float, ...] = ()


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
    stage: Node | None = field(default=None, repr=False)


Way = Callable[[Node, "Figures", Room, int | None], Laid | None]


def solve(stage: Node, figures: Figures, room: Room = STAGE) -> Laid:
    """The largest arrangement that fits the room, the first one of several that holds numerals.

    Single numbers are never colours: where a row of long ones has no room it is broken. Where that is not enough, or
    leaves cells that nobody sees, numbers have fewer decimals than were asked for; ``look`` says how many.
    """
    folding = replace(room, folds=True)
    asked = figures.telling.film.precision
    fewer = range((USUAL if asked is None else asked) - 1, -1, -1)
    tried: list[tuple[Way, Room, int | None]]
    tried = [(way, where, None) for way in (_numbered, _seen) for where in (room, folding)]
    tried += [(_numbered, folding, most) for most in fewer if asked is not None]
    tried += [(_coloured, where, None) for where in (room, folding)]
    tried += [(_smaller, folding, None), *((way, folding, most) for way in (_numbered, _smaller) for most in fewer)]
    for way, where, most in tried:
        laid = way(stage, figures, where, most)
        if laid:
            return _larger(laid, figures, where) if room.folds else laid
    raise NoRoom(
        f"a stage of {figures.trace.layer} does not fit at any size, not even in colours: end its Tries with an "
        "arrangement of fewer parts one under another, or of grids without a lens (lens=False)"
    )


def _larger(laid: Laid, figures: Figures, room: Room) -> Laid:
    """With pictures that have a size of their own made larger, where numerals leave room that they do not need."""
    look = laid.look
    if not look.numerals or look.scale < 1 or laid.stage is None:
        return laid
    for scale, pitch in product(LARGER, range(int(look.pitch), min(int(look.pitch), PREFERRED) - 1, -8)):
        found = _laid(laid.stage, figures, replace(look, pitch=pitch, scale=scale), room)
        if found:
            return found
    return laid


def _numbered(stage: Node, figures: Figures, room: Room, most: int | None) -> Laid | None:
    """With numerals: all their decimals or ``most``, then, unless they were asked for, fewer, then powers of ten, then
    with little air."""
    choices = list(alternatives(stage))
    fewer = 1 if figures.telling.film.precision is None and most is None else most
    every = [(choice, most, 0, False) for choice in choices]
    every += [(choices[-1], fewer, *look) for look in ((0, False), (3, False), (3, True), (1, False), (0, True))]
    for choice, decimals, powers, tight in every:
        low = choice is choices[-1] or room.folds
        least = NUMERAL_LOW if low else getattr(stage, "least", PREFERRED)
        if not _laid(choice, figures, Look(least, True, decimals, powers, tight=tight), room):
            continue
        for high in range(NUMERAL_HIGH, least - 1, -2):
            laid = _laid(choice, figures, Look(high, True, decimals, powers, tight=tight), room)
            if laid:
                return laid
    return None


def _seen(stage: Node, figures: Figures, room: Room, most: int | None) -> Laid | None:
    """In colours, in cells that can be told apart."""
    return _coloured(stage, figures, room, most, HEAT_SEEN)


def _coloured(stage: Node, figures: Figures, room: Room, most: int | None, least: float = HEAT_LEAST) -> Laid | None:
    """In colours, the last arrangement."""
    *_, last = alternatives(stage)
    pitch = HEAT_HIGH
    while pitch > least:
        laid = _laid(last, figures, Look(pitch, False, most), room)
        if laid:
            return laid
        pitch = pitch - 2 if pitch > 8 else pitch - 1 if pitch > 4 else pitch - 0.25 if pitch > 1 else pitch * 0.8
    return None


def _smaller(stage: Node, figures: Figures, room: Room, most: int | None) -> Laid | None:
    """In colours, pictures that have a size of their own made smaller."""
    *_, last = alternatives(stage)
    looks = (Look(pitch, False, most, scale=scale) for scale, pitch in product(SMALLER, SMALL))
    return next((laid for look in looks if (laid := _laid(last, figures, look, room))), None)


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
    return Laid({plan.name: plan for plan in stage.place(setting, spot)}, setting.look, stage)


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
