"""A beat of a recurrent film in the making: what it does, and in how many words it can be told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from layeranim.stories.reading import BARE, BRIEF, FAST, FIRST, LAST, LATER, LOOKED, NOTED, ReadingWay
from layeranim.stories.recurrent.moves import CellMove
from layeranim.stories.storyboard import Fact, Line, Run

TOLD = BARE  # seconds that the moves of a sum take


@dataclass(frozen=True, eq=False)
class Shot:
    """A beat to come: its places, its phases, and words from its ``short`` result to a whole sum with a note.

    ``seconds`` are what its moves take at least, ``fast`` where it only passes. ``opened`` shots belong to the cell
    that is taken apart: their sums come before the notes of the others, except of ``urgent`` ones.
    """

    kind: str
    seconds: float
    caption: Line
    note: str = ""
    place: str = ""
    phases: Sequence[tuple[str, float, CellMove]] = field(default_factory=tuple)
    lands: bool = False
    steps: Sequence[int] = ()
    short: Line = ()
    opened: bool = True
    urgent: bool = False
    fast: float = FAST

    def ways(self) -> list[ReadingWay]:
        """From the fewest words to the most."""
        return list(self._opened() if self.opened else self._passing())

    def _opened(self) -> Iterator[ReadingWay]:
        if self.short:
            yield ReadingWay(self.short, (), BRIEF)
        yield ReadingWay(self.caption, (), self.seconds, FIRST)
        if self.note:
            yield ReadingWay(self.caption, note(self.note), self.seconds, NOTED)

    def _passing(self) -> Iterator[ReadingWay]:
        said, brief = note(self.note), max(BRIEF, self.fast)
        if self.short:
            yield ReadingWay(self.short, (), self.fast)
            yield ReadingWay(self.short, (), brief, LOOKED)
            if said:
                yield ReadingWay(self.short, said, brief, FIRST if self.urgent else LATER)
        yield ReadingWay(self.caption, (), self.seconds, LAST)
        if said:
            yield ReadingWay(self.caption, said, self.seconds, LAST)


def note(text: str) -> Line:
    """A line of plain words under the caption, or none."""
    return (Run(text, weight="regular", source=Fact("note")),) if text else ()
