"""What a film declares: units, acts, words. Everything else follows from the trace.

A film file makes one ``Play`` from a ``Telling``; `telling.told` turns it into a storyboard.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from math import prod
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from layeranim.engine.trace import Array, Region, cell, count
from layeranim.records import dataclass
from layeranim.stories import timing
from layeranim.stories.claims import Sentence
from layeranim.stories.stage.solver import Node
from layeranim.stories.storyboard import Address, Line

if TYPE_CHECKING:
    from layeranim.stories.stage.figures import Figures
    from layeranim.stories.stage.slices import Listed


@dataclass(frozen=True)
class Units:
    """Along which axes the film goes step by step, and which one of the others it tells.

    ``along`` names the axes whose cells are the units, in C order; ``told`` the axes of which a film has room for one:
    of a batch the first, or the one that ``--sample`` names. ``noun`` is what one unit, and several, are called;
    ``names`` what a unit is called where it has a name of its own (a word). ``covers`` says of an axis which unit's
    axis shares it out, and how many of its cells are one unit's: ``{"channels": ("groups", 2)}``; ``apart`` how far
    these are from each other, where they are no neighbours. Of an axis that stands in ``most`` only so many indices are
    told, the first ones; of one in ``only`` these, in ascending order. ``numbered`` names axes of other tensors
    along which a unit has its own number as index: of a flattened array the place in the row; ``inner`` says of axes
    that no unit goes along which index is followed in a unit: the true class. ``turned``: the last unit comes first.
    """

    along: tuple[str, ...]
    noun: tuple[str, str]
    told: tuple[str, ...] = ("batch",)
    names: tuple[str, ...] | Callable[[int], str] = ()
    covers: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    apart: Mapping[str, int] = field(default_factory=dict)
    most: Mapping[str, int] = field(default_factory=dict)
    only: Mapping[str, Sequence[int]] = field(default_factory=dict)
    numbered: tuple[str, ...] = ()
    inner: Callable[[int], Mapping[str, int]] | None = None
    turned: bool = False

    @property
    def times(self) -> int:
        """How often the film goes along its axes."""
        return 1

    def meant(self, number: int) -> int:
        """The unit that a preset means by its number."""
        return number

    def whole(self, unit: int) -> bool:
        """Whether what a unit makes is made of all that is told, not of its own indices alone."""
        return False

    def places(self, unit: int, sizes: Sequence[int]) -> dict[str, int]:
        """The indices of a unit along the axes of the units."""
        unit = prod(sizes) - 1 - unit if self.turned else unit
        at = dict(zip(self.along, cell(unit, sizes), strict=True))
        return at | {axis: indices[at[axis]] for axis, indices in self.only.items() if axis in at}

    def name(self, tensor: str, unit: int, sizes: Sequence[int]) -> str:
        """The tensor that an act of a unit means."""
        return tensor

    def covering(self, here: Mapping[str, int]) -> dict[str, int | range]:
        """The indices of a unit, with what it covers of other axes."""
        out: dict[str, int | range] = {**here}
        for axis, (by, size) in self.covers.items():
            if by in here:
                first, step = (here[by], self.apart[axis]) if axis in self.apart else (here[by] * size, 1)
                out[axis] = range(first, first + size * step, step)
        return out


@dataclass(frozen=True)
class Windows(Units):
    """Each unit is the window that its step covers ``of`` a tensor, and what lies down on it: the cells of ``by``.

    The window glides from one place to the next; while it is taught the kernel leaves its place and lies down on it.
    ``steps`` finds the steps of a unit by its indices, where a trace has too many to look at each. ``found`` says of a
    tensor and a unit which steps make of what the cells under its window, where no step makes all of them: gradients
    that a window sends back.
    """

    of: str = ""
    by: str = ""
    steps: Callable[[Mapping[str, int]], Sequence[int]] | None = None
    found: Callable[[str, int], tuple[tuple[int, ...], tuple[Region, ...], Region] | None] | None = None


@dataclass(frozen=True)
class Lap:
    """One time along the axes of the units: the names of its tensors begin with ``prefix``; ``back``: from the last
    index to the first. ``below`` is a tensor of other laps that it reads; acts call it so.
    """

    prefix: str = ""
    back: bool = False
    below: str = ""


@dataclass(frozen=True)
class Laps(Units):
    """The same axes several times, in laps, each with tensors of its own: the layers and directions of a sequence.

    A unit is an index of a lap; the acts of a film name its tensors without their prefix.
    """

    laps: tuple[Lap, ...] = (Lap(),)

    @property
    def times(self) -> int:
        return len(self.laps)

    def lap(self, unit: int, sizes: Sequence[int]) -> Lap:
        """The lap of a unit."""
        return self.laps[unit // count(sizes)]

    def places(self, unit: int, sizes: Sequence[int]) -> dict[str, int]:
        at = cell(unit % count(sizes), sizes)
        if self.lap(unit, sizes).back:
            at = tuple(size - 1 - i for i, size in zip(at, sizes, strict=True))
        return dict(zip(self.along, at, strict=True))

    def name(self, tensor: str, unit: int, sizes: Sequence[int]) -> str:
        lap = self.lap(unit, sizes)
        return lap.below if tensor == "below" else lap.prefix + tensor


@dataclass(frozen=True)
class Passage:
    """One unit of a film whose units make different things: what it is called, and the tensors that it makes, in order.

    ``at`` are the indices to which it keeps on some axes, without any it makes all of them; ``cell`` is the cell of the
    last one that is followed.
    """

    name: str
    writes: tuple[str, ...]
    at: Mapping[str, int] = field(default_factory=dict)
    cell: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Passages(Units):
    """Units that make different things: the stages of a network. An act names what they make by its place from the
    end, `made`. Where some of them are told together, ``means`` says which unit has what a preset calls by its number.
    """

    passages: tuple[Passage, ...] = ()
    means: tuple[int, ...] = ()

    def meant(self, number: int) -> int:
        return self.means[number] if number < len(self.means) else number

    @property
    def times(self) -> int:
        return len(self.passages)

    @property
    def made(self) -> tuple[str, ...]:
        """What an act names in place of the tensors that a unit makes; the last one is there in every unit."""
        return tuple(f"made:{k}" for k in range(max(len(one.writes) for one in self.passages), 0, -1))

    def whole(self, unit: int) -> bool:
        return not self.passages[unit].at

    def places(self, unit: int, sizes: Sequence[int]) -> dict[str, int]:
        return dict(self.passages[unit].at)

    def name(self, tensor: str, unit: int, sizes: Sequence[int]) -> str:
        word, _, place = tensor.partition("made:")
        writes = self.passages[unit].writes
        if word or not place:
            return tensor
        return writes[-int(place)] if int(place) <= len(writes) else ""


LEADING, MANY = 3, 16
"""Of a sum of more than so many terms so many are written: the largest. All others are the number that they come to."""


@dataclass(frozen=True)
class Apart:
    """Of sums over more cells of ``tensor`` along ``axis`` than are ``shown`` these are written, ``most`` of them those
    that add most, and all others as the one number that they come to. Without ``shown`` all may be written.
    """

    tensor: str
    axis: str
    shown: Sequence[int] = ()
    most: int = 9


Note = Sentence[int]
"""A sentence under the arithmetic, shown once, where its condition is true: of all numbers, or of those of a unit."""

NOTHING: Note = Sentence("", False)


@dataclass(frozen=True)
class All:
    """An act of the whole slice at once: what is read is framed, then the tensors ``writes`` appear.

    The arithmetic of the last of them is written out, for the cell that is followed, unless the film ``says`` its own.
    ``unit`` is the one it is about where it is about one, ``at`` the places of the followed cell on other axes.
    """

    writes: tuple[str, ...]
    note: Note | tuple[Note, ...] = NOTHING
    seconds: float = 2.4
    says: Line | Callable[[Figures], Line] = ()
    unit: int | None = None
    at: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Aside:
    """What is said after a unit, in words of its own, and the cells that it points at.

    It may itself make something, of all units before it: the tensors that it ``writes``; ``shows`` is the unit to which
    the parts turn back that show another one.
    """

    says: Line
    points: tuple[Region, ...] = ()
    seconds: float = 1.6
    writes: tuple[str, ...] = ()
    shows: int | None = None
    note: str = ""


@dataclass(frozen=True)
class Each:
    """Unit by unit: taught, then quicker, then swept over.

    ``acts`` are the tensors that are written in one unit, in order, one or several at a time, with a note; the taught
    units show them one after another, the quicker ones all at once, with the arithmetic of the last, or with what the
    film ``says`` of such a unit, tersely where there is little time; ``instead`` is what is said of any unit's last act
    in place of its arithmetic, where that is none, ``sentence`` the same, tersely where there is little time.
    ``asides`` come after units: a verdict on what they made.

    Of the first unit and the one that is followed one has a beat for every act: the one that was asked for, else the
    first. The beats of the other end with the tensors ``again``, where there are some. A unit of one beat says how its
    ``sums`` came about, one after another where they have room. ``pause`` is how many
    seconds an act of a taught unit takes after its first.
    """

    acts: tuple[tuple[str | tuple[str, ...], Note | tuple[Note, ...]], ...]
    asides: Mapping[int, Aside] = field(default_factory=dict)
    says: Callable[[int, bool], Line] | None = None
    instead: Callable[[Figures, int], Line] | None = None
    sentence: Callable[[Figures, int, bool], Line] | None = None
    again: tuple[str, ...] = ()
    sums: tuple[str, ...] = ()
    pause: float = timing.RAMP[0]

    @property
    def named(self) -> tuple[tuple[str, ...], ...]:
        """The tensors that are written one time after another."""
        return tuple((names,) if isinstance(names, str) else names for names, _ in self.acts)

    @property
    def writes(self) -> str:
        """What is put in words where there is room for one number."""
        return self.named[-1][-1]


@dataclass(frozen=True)
class Turn:
    """An act without arithmetic: the part of ``tensor`` that has another shape takes it (a volume piles up)."""

    tensor: str
    says: Line
    note: Note = NOTHING
    seconds: float = 2.4


@dataclass(frozen=True, eq=False)
class Other:
    """Other numbers in the cells of a grid, each at home somewhere in the trace: a picture that was shifted."""

    part: str
    values: Array
    sources: Listed


@dataclass(frozen=True)
class WhatIf:
    """What the film made, had its input been another: the grids show ``others``, whose numbers the engine computed.

    ``cleared`` are the parts that have nothing to show of it; the ``evidence`` of the film is pointed at.
    """

    others: tuple[Other, ...]
    says: Line
    cleared: tuple[str, ...] = ()
    seconds: float = 2.4


Act = All | Each | Turn | WhatIf


@dataclass(frozen=True, eq=False)
class Mask:
    """Cells of a tensor that hold no data, (rows, columns): ``ghost`` are padding, ``dim`` what nothing reads.

    Padding is no term of what is made of it; ``counts`` is the padding that a mean counts as zeros, ``void`` are cells
    without a number.
    """

    ghost: NDArray[np.bool_] | None = None
    dim: NDArray[np.bool_] | None = None
    counts: NDArray[np.bool_] | None = None
    void: NDArray[np.bool_] | None = None


@dataclass(frozen=True)
class Play:
    """A film, declared.

    ``stage`` is what stands there; ``acts`` what happens; ``title`` and ``good_for`` are the story's where the film has
    none. ``alike`` are groups of tensors that are compared and so share one range of colours and one style of numbers;
    ``kinds`` are tensors of shares (``"share"``: parts of 1, ``"versus"``: parts of 1 against the rest) and of pictures
    (``"grey"``, ``"planes"``: one a channel, ``"ink"``: a drawing, ``"relief"``: what became of pixels); ``spans`` are
    ranges of colours that a film chooses, ``masks`` cells without data.
    ``follow`` is the unit whose numbers are followed, ``at`` the cell that is followed on axes that are no units'.
    ``templates`` write how a cell of a tensor is made, where ``written.WRITTEN`` has no better words, and
    ``displayed`` are the parameters that they round. ``options`` are the hyper-parameters that the header keeps.
    ``tokens`` are the user's words that are drawn. ``largest``: of sums of more terms than are written the largest are,
    not the first; ``apart``: those that are drawn, and all others as one. ``stand_ins`` are tensors whose numbers say
    how large those of another one are, which is too large to be looked at. ``same`` are pairs of axes that number the
    same: the units of a cell and the features of its state. ``symbols`` are what tensors are called in a sentence:
    ``f`` in its hue. ``longest`` are the seconds that a film takes at most before it is given time to be read.
    ``ghosts`` name for a tensor another one of the same axes: where that is −∞ its cells are dashed.
    ``decimals`` bounds the decimals of a tensor's numbers.
    ``evidence`` are the cells that the last frame points at: what its sentence speaks of, else all that was made last.
    A film that runs through ``stops`` halts there; units stand ``row`` to a row. ``drawn`` says how much of a tensor is
    drawn.
    ``visits`` are units that are taught before the film runs over all of them: the places of a picture where something
    is to be seen. ``routes`` are pairs of grids: from what is framed in the first, lines lead to what is framed in the
    second, or to all of it. ``words`` say of a tensor in the film's own way how a unit's cell came about, ``retold``
    the same in numbers as they are written on this stage, as a ``closing`` may that is made of them. A ``warning``
    is said on the command line, in the alt text and in the provenance, and at the opening where that has no note.
    """

    stage: Node
    units: Units
    acts: tuple[Act, ...]
    opening: Line
    closing: Line | Callable[[Figures], Line]
    title: str = ""
    good_for: str = ""
    opening_note: str = ""
    options: Sequence[str] = ()
    alike: tuple[tuple[str, ...], ...] = ()
    kinds: Mapping[str, str] = field(default_factory=dict)
    follow: int | None = None
    at: Mapping[str, int] = field(default_factory=dict)
    templates: Mapping[str, Callable[[Address], str]] = field(default_factory=dict)
    displayed: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    evidence: tuple[Region, ...] = ()
    spans: Mapping[str, float] = field(default_factory=dict)
    masks: Mapping[str, Mask] = field(default_factory=dict)
    stops: tuple[int, ...] = ()
    row: int = 1
    drawn: tuple[str, ...] = ()
    visits: tuple[int, ...] = ()
    routes: tuple[tuple[str, str], ...] = ()
    words: Mapping[str, Callable[[int], Line]] = field(default_factory=dict)
    retold: Mapping[str, Callable[[Figures, int], Line]] = field(default_factory=dict)
    tokens: tuple[str, ...] = ()
    largest: bool = False
    apart: tuple[Apart, ...] = ()
    warning: str = ""
    stand_ins: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    same: tuple[tuple[str, str], ...] = ()
    symbols: Mapping[str, Line] = field(default_factory=dict)
    longest: float = timing.USUAL
    ghosts: Mapping[str, str] = field(default_factory=dict)
    decimals: Mapping[str, int] = field(default_factory=dict)

    @property
    def each(self) -> Each:
        """The first act that goes unit by unit."""
        return next(act for act in self.acts if isinstance(act, Each))
