"""How much is said in the time there is: every beat's words from the shortest to the richest, chosen by what fits.

Nobody reads more than 24 letters a second, and nobody reads a second line in a beat that is over in 1.6 s.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from layeranim.stories import timing
from layeranim.stories.storyboard import Line, plain

FAST, BRIEF = 0.36, 0.9  # the least seconds of a result that passes, and of one that is looked at
BARE = timing.TERSE  # seconds below which a beat has no note, and of a caption no more than its result
LONGEST = timing.LONGEST  # seconds of a film
FIRST, LOOKED, NOTED, LATER, LAST = range(1, 6)  # what is wished for first where there is time for more words


def letters(*lines: Line) -> int:
    """What a reader reads: letters, digits and signs, no spaces."""
    return sum(len("".join(plain(line).split())) for line in lines)


def seconds(caption: Line, note: Line = ()) -> float:
    """The least seconds of a beat with these words."""
    return max(letters(caption, note) / timing.READING, BARE if note else 0.0)


@dataclass(frozen=True)
class ReadingWay:
    """One way to tell a beat: its words, the least seconds for what moves, and how early it is wished for."""

    caption: Line
    note: Line = ()
    least: float = 0.0
    rank: int = 0

    @property
    def seconds(self) -> float:
        """What moving and reading take."""
        return max(self.least, seconds(self.caption, self.note))


def fitted(beats: Sequence[Sequence[ReadingWay]], room: float) -> list[ReadingWay]:
    """The way of every beat: the first ones, then richer ones, lower ranks first, as far as all last ``room`` seconds.

    No note is said twice, and none that was chosen goes again for a longer caption.
    """
    chosen = [ways[0] for ways in beats]
    wishes = sorted((way.rank, i, k) for i, ways in enumerate(beats) for k, way in enumerate(ways) if k)
    for _, i, k in wishes:
        way = beats[i][k]
        if chosen[i].note and not way.note:
            continue
        said = [other.note for j, other in enumerate(chosen) if j != i and other.note]
        left = room - sum(other.seconds for j, other in enumerate(chosen) if j != i)
        if way.seconds <= left and (not way.note or way.note not in said):
            chosen[i] = way
    return chosen


def ticks(seconds: float) -> int:
    """Seconds as ticks, rounded up: what was reckoned for reading is there."""
    return max(1, ceil(seconds * timing.TICKS_A_SECOND - 1e-6))


def room(opening: ReadingWay, closing: ReadingWay, beats: int) -> float:
    """Seconds for so many beats between the opening and the end, without what rounding to ticks may take."""
    return LONGEST - opening.seconds - closing.seconds - (beats + 2) / timing.TICKS_A_SECOND


def stretched(told: Sequence[ReadingWay], space: float, wanted: float) -> float:
    """How much longer than they must beats take at a pace: few of them longer, but no film outgrows its ``space``."""
    seconds = sum(way.seconds for way in told)
    factor = max(1.0, timing.LONE / seconds) * wanted
    return factor if factor <= 1 else max(1.0, min(factor, space / seconds))
