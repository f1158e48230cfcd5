"""How much is said in the time there is: every beat's words from the shortest to the richest, chosen by what fits.

Nobody reads more than 24 letters a second, and nobody reads a second line in a beat that is over in 1.6 s.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from layeranim.stories import timing
from layeranim.stories.storyboard import Line, plain

BARE = 1.6  # seconds below which a beat has no note
LONGEST = 32.0  # seconds of a film


def letters(*lines: Line) -> int:
    """What a reader reads: letters, digits and signs, no spaces."""
    return sum(len("".join(plain(line).split())) for line in lines)


def seconds(caption: Line, note: Line = ()) -> float:
    """The least seconds of a beat with these words."""
    return max(letters(caption, note) / timing.READING, BARE if note else 0.0)


@dataclass(frozen=True)
class Way:
    """One way to tell a beat: its words, the least seconds for what moves, and how early it is wished for."""

    caption: Line
    note: Line = ()
    least: float = 0.0
    rank: int = 0

    @property
    def seconds(self) -> float:
        """What moving and reading take."""
        return max(self.least, seconds(self.caption, self.note))


def fitted(beats: Sequence[Sequence[Way]], room: float) -> list[Way]:
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
