"""How long each step takes: teach two slowly, ramp, run the middle fast, land on the last.

Everything in ticks of 40 ms, so that 25 frames a second and GIF delays are exact.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from layeranim import theme
from layeranim.stories.options import PACES
from layeranim.stories.storyboard import Beat, Storyboard, plain

CELLS_MOST = 36  # beyond this many steps the middle goes by rows
SWEEPS_MOST = 36
TAUGHT, RAMP, LANDING = 2.4, (1.6, 1.16), 1.6
LONE = 4.8  # a single step: its acts at half the speed
ENDS = theme.OPEN_HOLD_MOST + theme.END_HOLD
FASTEST, SLOWEST = 0.16, 0.8
TICKS_A_SECOND = 1000 / theme.TICK_MS
BRIEF = 0.5  # a step shorter than this drops lag, lane and operands
READING, READING_MOST = 24, 3.6  # letters a second, and how long one beat waits for its reader
LONGEST = 25.0  # seconds of a film


def ticks(seconds: float) -> int:
    """Seconds as a whole number of ticks, at least one."""
    return max(1, round(seconds * 1000 / theme.TICK_MS))


@dataclass(frozen=True)
class Stretch:
    """Some units that one beat works through, and for how many seconds."""

    units: range
    seconds: float
    taught: bool = False

    @property
    def sweep(self) -> bool:
        return len(self.units) > 1


def schedule(units: range, row: int) -> list[Stretch]:
    """The beats of ``units`` steps, ``row`` of them to a row, at the normal pace.

    One step: 4.8 s; n ≤ 4: 2.4 s each; n ≤ 36: 2.4, 2.4, 1.6, 1.16, an even share of a 12 s budget, 1.6 s for the last;
    beyond that the first two and the last as above, the rest swept by rows (or blocks of rows, so that 36 sweeps do).
    """
    n = len(units)
    if n <= 4:
        times = [TAUGHT] * n if n > 1 else [LONE]
    elif n <= CELLS_MOST:
        middle = (theme.BUDGET - 2 * TAUGHT - sum(RAMP) - LANDING) / max(1, n - 5)
        times = [TAUGHT, TAUGHT, *RAMP, *[min(SLOWEST, max(FASTEST, middle))] * (n - 5), LANDING]
    else:
        return _sweeps(units, row)
    return [Stretch(range(u, u + 1), t, i < 2) for i, (u, t) in enumerate(zip(units, times, strict=True))]


def middle_of(units: range) -> int:
    """The unit at the middle of a film."""
    return units[(len(units) + 1) // 2 - 1]


def with_pause(units: range, row: int, stops: Sequence[int] = ()) -> list[Stretch]:
    """The schedule; a film that runs through ``stops``, or its middle, halts there: one of them is on its poster."""
    out = schedule(units, row)
    for stop in stops or [middle_of(units)]:
        at = next(i for i, stretch in enumerate(out) if stop in stretch.units)
        stretch = out[at]
        if stretch.seconds >= 2 * BRIEF and not stretch.sweep:
            continue
        before, after = range(stretch.units.start, stop), range(stop + 1, stretch.units.stop)
        parts = [Stretch(part, stretch.seconds) for part in (before, after)]
        out[at : at + 1] = [s for s in (parts[0], Stretch(range(stop, stop + 1), RAMP[0]), parts[1]) if len(s.units)]
    return out


def paced(stretches: Sequence[Stretch], pace: str, more: float = 0.0) -> tuple[list[Stretch], float]:
    """The stretches at a pace, and its factor: less where the film would last longer than it may.

    ``more`` are the seconds of all other beats between opening and close, at the normal pace.
    """
    factor, room = PACES[pace], ticks(LONGEST - ENDS) - 4  # some ticks for the rounding of the other beats
    while sum(ticks(stretch.seconds * factor) for stretch in stretches) + TICKS_A_SECOND * more * factor > room:
        factor *= 0.99
    return [replace(stretch, seconds=stretch.seconds * factor) for stretch in stretches], factor


def act(seconds: float, share: float, most: float) -> float:
    """Seconds of an act of a step: its share of them, at most ``most`` where the step is no longer than usual."""
    return min(most * max(1.0, seconds / TAUGHT), share * seconds)


def poster(beats: Sequence[Beat], units: range, kinds: Sequence[str] = ("step",), told: int | None = None) -> Beat:
    """The beat of the ``told`` unit, usually the middle one, or the nearest with its caption and numbers on stage."""
    middle = middle_of(units) if told is None else told
    steps = [beat for beat in beats if beat.kind in kinds]
    return min(steps, key=lambda beat: (abs(beat.units[0] - middle), beat.units[0]))


def _sweeps(units: range, row: int) -> list[Stretch]:
    first, last = units[0], units[-1]
    head = [Stretch(range(first + i, first + i + 1), t, i < 2) for i, t in enumerate((TAUGHT, TAUGHT, RAMP[0]))]
    start, stop = first + 3, last
    rows = -(-(stop - start) // row) + 1
    block = row * -(-rows // SWEEPS_MOST)
    edges = [start, *[e for e in range(first + block, stop, block) if e > start], stop]
    spans = [range(a, b) for a, b in itertools.pairwise(edges) if b > a]
    each = (theme.BUDGET - 2 * TAUGHT - RAMP[0] - LANDING) / max(1, len(spans))
    seconds = min(SLOWEST, max(FASTEST, each))
    return [*head, *(Stretch(s, seconds) for s in spans), Stretch(range(last, last + 1), LANDING)]


def phases(total: int, wanted: Sequence[tuple[str, float]], rest: str = "read") -> tuple[tuple[str, int], ...]:
    """Named phases in ticks, shortened evenly if they do not fit into ``total``; what is left over is ``rest``."""
    lengths = [ticks(seconds) for _, seconds in wanted]
    while sum(lengths) > total and max(lengths) > 1:
        lengths[lengths.index(max(lengths))] -= 1
    while sum(lengths) > total:
        lengths[len(lengths) - 1 - lengths[::-1].index(1)] = 0
    named = [(name, length) for (name, _), length in zip(wanted, lengths, strict=True)]
    return (*named, (rest, total - sum(lengths)))


def unhurried(board: Storyboard, pace: str) -> Storyboard:
    """The film with time to read what is said once: the opening, the end, and every beat with a note.

    They grow to what their words take: first the ends, then those with a note, then other steps that are no brief ones,
    by what each lacks, as long as the film stays within 25 s. What moves, moves as fast as before.
    """
    room = ticks(LONGEST) - board.ticks
    waits = [i for i, beat in enumerate(board.beats) if beat.phases and beat.phases[-1][0] == "read"]
    noted = [i for i in waits if board.beats[i].note]
    plain_steps = [i for i in waits if i not in noted and board.beats[i].ticks >= ticks(1)]
    beats = list(board.beats)
    for group in ([0, len(beats) - 1], noted, plain_steps):
        lacking = {i: _lacking(beats[i], min(1.0, PACES[pace])) for i in group}
        share = Fraction(max(0, min(room, sum(lacking.values()))), max(1, sum(lacking.values())))
        for i, lack in lacking.items():
            more = int(lack * share)
            beats[i] = _longer(beats[i], more)
            room -= more
    starts = itertools.accumulate((beat.ticks for beat in beats), initial=0)
    moved = tuple(replace(beat, start=start) for start, beat in zip(starts, beats, strict=False))
    shown = next(i for i, beat in enumerate(board.beats) if board.poster < beat.end)
    return replace(board, beats=moved, poster=moved[shown].end - (board.beats[shown].end - board.poster))


def _lacking(beat: Beat, factor: float) -> int:
    """The ticks that a reader of a beat's words would have it longer."""
    letters = sum(len(plain(line).replace(" ", "")) for line in (beat.caption, beat.note))
    return max(0, ticks(min(READING_MOST, letters / READING) * factor) - beat.ticks)


def _longer(beat: Beat, more: int) -> Beat:
    """The beat with a longer wait at its end."""
    *acted, (name, length) = beat.phases or [("", 0)]
    return replace(beat, ticks=beat.ticks + more, phases=(*acted, (name, length + more)) if beat.phases else ())
