"""What a film declares: units, acts, words. Everything else follows from the trace.

A film file makes one ``Play`` from a ``Telling``; `telling.told` turns it into a storyboard.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from layeranim.engine.trace import Region
from layeranim.stories.claims import Sentence
from layeranim.stories.stage.solver import Node
from layeranim.stories.storyboard import Address, Line

if TYPE_CHECKING:
    from layeranim.stories.stage.figures import Figures


@dataclass(frozen=True)
class Units:
    """Along which axes the film goes step by step, and which one of the others it tells.

    ``along`` names the axes whose cells are the units, in C order; ``told`` the axes of which a film has room for one:
    of a batch the first, or the one that ``--sample`` names. ``noun`` is what one unit, and several, are called;
    ``names`` what a unit is called where it has a name of its own (a word). ``covers`` says of an axis which unit's
    axis shares it out, and how many of its cells are one unit's: ``{"channels": ("groups", 2)}``. Of an axis that
    stands in ``most`` only so many indices are told, the first ones. ``numbered`` names axes of other tensors along
    which a unit has its own number as index: of a flattened array the place in the row; ``inner`` says of axes that no
    unit goes along which index is followed in a unit: the true class.
    """

    along: tuple[str, ...]
    noun: tuple[str, str]
    told: tuple[str, ...] = ("batch",)
    names: tuple[str, ...] | Callable[[int], str] = ()
    covers: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    most: Mapping[str, int] = field(default_factory=dict)
    numbered: tuple[str, ...] = ()
    inner: Callable[[int], Mapping[str, int]] | None = None

    def covering(self, here: Mapping[str, int]) -> dict[str, int | range]:
        """The indices of a unit, with what it covers of other axes."""
        out: dict[str, int | range] = {**here}
        for axis, (by, size) in self.covers.items():
            if by in here:
                out[axis] = range(here[by] * size, (here[by] + 1) * size)
        return out


@dataclass(frozen=True)
class Windows(Units):
    """Each unit is the window that its step covers ``of`` a tensor, and what lies down on it: the cells of ``by``.

    The window glides from one place to the next; while it is taught the kernel leaves its place and lies down on it.
    ``steps`` finds the steps of a unit by its indices, where a trace has too many to look at each.
    """

    of: str = ""
    by: str = ""
    steps: Callable[[Mapping[str, int]], range] | None = None


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
    note: Note = NOTHING
    seconds: float = 2.4
    says: Line | Callable[[Figures], Line] = ()
    unit: int | None = None
    at: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Aside:
    """What is said after a unit, in words of its own, and the cells that it points at."""

    says: Line
    points: tuple[Region, ...] = ()
    seconds: float = 1.6


@dataclass(frozen=True)
class Each:
    """Unit by unit: taught, then quicker, then swept over.

    ``acts`` are the tensors that are written in one unit, in order, one or several at a time, with a note; the taught
    units show them one after another, the quicker ones all at once, with the arithmetic of the last, or with what the
    film ``says`` of such a unit, tersely where there is little time; ``instead`` is what is said of any unit's last act
    in place of its arithmetic, where that is none. ``asides`` come after units: a verdict on what they made.
    """

    acts: tuple[tuple[str | tuple[str, ...], Note | tuple[Note, ...]], ...]
    asides: Mapping[int, Aside] = field(default_factory=dict)
    says: Callable[[int, bool], Line] | None = None
    instead: Callable[[Figures, int], Line] | None = None

    @property
    def writes(self) -> str:
        """What is put in words where there is room for one number."""
        last = self.acts[-1][0]
        return last if isinstance(last, str) else last[-1]


@dataclass(frozen=True)
class Turn:
    """An act without arithmetic: the part of ``tensor`` that has another shape takes it (a volume piles up)."""

    tensor: str
    says: Line
    note: Note = NOTHING
    seconds: float = 2.4


Act = All | Each | Turn


@dataclass(frozen=True, eq=False)
class Mask:
    """Cells of a tensor that hold no data, (rows, columns): ``ghost`` are padding, ``dim`` what nothing reads."""

    ghost: NDArray[np.bool_] | None = None
    dim: NDArray[np.bool_] | None = None


@dataclass(frozen=True)
class Play:
    """A film, declared.

    ``stage`` is what stands there; ``acts`` what happens; ``alike`` are groups of tensors that are compared and so
    share one range of colours and one style of numbers; ``kinds`` are tensors of shares (``"share"``: parts of 1,
    ``"versus"``: parts of 1 against the rest) and of pictures (``"grey"``, ``"planes"``: one a channel, ``"ink"``: a
    drawing, ``"relief"``: what became of pixels) whose black and white are ``bright``; ``spans`` are ranges of
    colours that a film chooses, ``masks`` cells without data.
    ``follow`` is the unit whose numbers are followed, ``at`` the cell that is followed on axes that are no units'.
    ``templates`` write how a cell of a tensor is made, where ``written.WRITTEN`` has no better words, and
    ``displayed`` are the parameters that they round. ``options`` are the hyper-parameters that the header keeps.
    ``tokens`` are the user's words that are drawn.
    ``evidence`` are the cells that the last frame points at: what its sentence speaks of, else all that was made last.
    A film that runs through ``stops`` halts there; units stand ``row`` to a row. ``drawn`` says how much of a tensor is
    drawn.
    ``visits`` are units that are taught before the film runs over all of them: the places of a picture where something
    is to be seen. ``routes`` are pairs of grids: from what is framed in the first, lines lead to what is framed in the
    second, or to all of it. ``words`` say of a tensor in the film's own way how a unit's cell came about.
    """

    title: str
    stage: Node
    units: Units
    acts: tuple[Act, ...]
    opening: Line
    closing: Line
    good_for: str
    opening_note: str = ""
    options: Sequence[str] = ()
    alike: tuple[tuple[str, ...], ...] = ()
    kinds: Mapping[str, str] = field(default_factory=dict)
    follow: int | None = None
    at: Mapping[str, int] = field(default_factory=dict)
    templates: Mapping[str, Callable[[Address], str]] = field(default_factory=dict)
    displayed: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    alt: str = ""
    evidence: tuple[Region, ...] = ()
    spans: Mapping[str, float] = field(default_factory=dict)
    masks: Mapping[str, Mask] = field(default_factory=dict)
    bright: tuple[float, float] = (0.0, 255.0)
    stops: tuple[int, ...] = ()
    row: int = 1
    drawn: tuple[str, ...] = ()
    visits: tuple[int, ...] = ()
    routes: tuple[tuple[str, str], ...] = ()
    words: Mapping[str, Callable[[int], Line]] = field(default_factory=dict)
    tokens: tuple[str, ...] = ()
