"""How long each step takes: teach two slowly, ramp, run the middle fast, land on the last.

Everything in ticks of 40 ms, so that 25 frames a second and GIF delays are exact.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from math import ceil

from layeranim import theme
from layeranim.records import dataclass
from layeranim.stories.options import PACES
from layeranim.stories.storyboard import Beat, Storyboard, plain

CELLS_MOST = 36  # beyond this many steps the middle goes by rows
SWEEPS_MOST = 36
TAUGHT, RAMP, LANDING = 2.4, (1.6, 1.16), 1.6
WIPE = 5.0  # to run over all units once some of them were taught
LONE = 4.8  # a single step: its acts at half the speed
ENDS = theme.OPEN_HOLD_MOST + theme.END_HOLD
FASTEST, SLOWEST = 0.16, 0.8
TICKS_A_SECOND = 1000 / theme.TICK_MS
BRIEF = 0.5  # a step shorter than this drops lag, lane and operands
TERSE = 1.6  # a step shorter than this at the normal pace says its result alone
READING, READING_MOST = 24, 6.0  # letters a second, and how long one beat waits for its reader
PASSING = ("brief", "sweep")  # kinds of beats that pass too fast for words of their own
USUAL, LONGEST = 25.0, 32.0  # seconds of a film as it is planned, and with time to read


def ticks(seconds: float) -> int:
    """Seconds as a whole number of ticks, at least one."""
    return max(1, round(seconds * 1000 / theme.TICK_MS))


def frame_at(tick: int, fps: Fraction) -> int:
    """The frame at which a tick begins."""
    return round(tick * theme.TICK_MS * fps / 1000)


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


def visited(units: range, stops: Sequence[int], row: int) -> list[Stretch]:
    """The schedule of a film that teaches some units first, ``stops``, and then runs over all of them by rows."""
    taught = [stop for stop in stops if stop in units]
    found = [Stretch(range(u, u + 1), TAUGHT if i < 2 else RAMP[0], i < 2) for i, u in enumerate(taught)]
    rows = -(-len(units) // row)
    block = row * -(-rows // SWEEPS_MOST)
    spans = [range(at, min(at + block, units.stop)) for at in range(units.start, units.stop, block)]
    seconds = min(SLOWEST, max(FASTEST, WIPE / len(spans)))
    return [*found, *(Stretch(span, seconds) for span in spans)]


def with_pause(units: range, row: int, stops: Sequence[int]) -> list[Stretch]:
    """The schedule; a film that runs through ``stops`` halts there: one of them is on its poster."""
    out = schedule(units, row)
    for stop in stops:
        at = next(i for i, stretch in enumerate(out) if stop in stretch.units)
        stretch = out[at]
        if stretch.seconds >= TERSE and not stretch.sweep:
            continue
        before, after = range(stretch.units.start, stop), range(stop + 1, stretch.units.stop)
        parts = [Stretch(part, stretch.seconds) for part in (before, after)]
        out[at : at + 1] = [s for s in (parts[0], Stretch(range(stop, stop + 1), RAMP[0]), parts[1]) if len(s.units)]
    return out


def paced(
    stretches: Sequence[Stretch], pace: str, more: float = 0.0, most: float = USUAL
) -> tuple[list[Stretch], float]:
    """The stretches at a pace, and its factor: less where the film would last longer than it may.

    ``more`` are the seconds of all other beats between opening and close, at the normal pace; ``most`` of a whole film.
    """
    factor, room = PACES[pace], ticks(most - ENDS) - 4  # some ticks for the rounding of the other beats
    while sum(ticks(stretch.seconds * factor) for stretch in stretches) + TICKS_A_SECOND * more * factor > room:
        factor *= 0.99
    return [replace(stretch, seconds=stretch.seconds * factor) for stretch in stretches], factor


def act(seconds: float, share: float, most: float) -> float:
    """Seconds of an act of a step: its share of them, at most ``most`` where the step is no longer than usual."""
    return min(most * max(1.0, seconds / TAUGHT), share * seconds)


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


def phases(total: int, wanted: Sequence[tuple[str, float]]) -> tuple[tuple[str, int], ...]:
    """Named phases in ticks, shortened evenly if they do not fit into ``total``; what is left over is to be read."""
    lengths = [ticks(seconds) for _, seconds in wanted]
    while sum(lengths) > total and max(lengths) > 1:
        lengths[lengths.index(max(lengths))] -= 1
    while sum(lengths) > total:
        lengths[len(lengths) - 1 - lengths[::-1].index(1)] = 0
    named = [(name, length) for (name, _), length in zip(wanted, lengths, strict=True)]
    return (*named, ("read", total - sum(lengths)))


def unhurried(board: Storyboard, pace: str) -> Storyboard:
    """The film with time to read what it says, and without what there is no time to read.

    They grow to what their words take: first the ends, then those with a note, then all others that are not passed by,
    by what each lacks, as long as the film stays within 32 s. What moves, moves as fast as before.
    """
    room, waits = ticks(LONGEST) - board.ticks, _waiting(board)
    beats = _trimmed(board.beats, waits, room, min(1.0, PACES[pace]))
    noted = [i for i in waits if beats[i].note]
    plain_steps = [i for i in waits if i not in noted]
    for group in ([0, len(beats) - 1], noted, plain_steps):
        lacking = {i: _lacking(beats[i], min(1.0, PACES[pace])) for i in group}
        share = Fraction(max(0, min(room, sum(lacking.values()))), max(1, sum(lacking.values())))
        for i, lack in lacking.items():
            more = int(lack * share)
            beats[i] = _longer(beats[i], more)
            room -= more
    beats = _silenced(beats, min(1.0, PACES[pace]))
    starts = itertools.accumulate((beat.ticks for beat in beats), initial=0)
    moved = tuple(replace(beat, start=start) for start, beat in zip(starts, beats, strict=False))
    shown = next(i for i, beat in enumerate(board.beats) if board.poster < beat.end)
    return replace(board, beats=moved, poster=moved[shown].end - (board.beats[shown].end - board.poster))


def hurried(board: Storyboard, pace: str) -> bool:
    """Whether nobody can read all captions, however long the film waits for them and though it says no notes."""
    room, factor = ticks(LONGEST) - board.ticks, min(1.0, PACES[pace])
    waits = _waiting(board)
    beats = _trimmed(board.beats, waits, room, factor)
    return sum(_lacking(beats[i], factor) for i in (0, *waits, len(beats) - 1)) > room


def _waiting(board: Storyboard) -> list[int]:
    """The beats between the ends that can wait for their reader."""
    inner = range(1, len(board.beats) - 1)
    return [i for i in inner if not board.beats[i].phases or board.beats[i].phases[-1][0] == "read"]


def _trimmed(beats: Sequence[Beat], waits: Sequence[int], room: int, factor: float) -> list[Beat]:
    """The beats without the last notes, as far as there is no time to read them all."""
    out = list(beats)
    noted = [i for i in reversed(waits) if out[i].note]
    for i in [*(i for i in noted if out[i].kind == "step"), *(i for i in noted if out[i].kind != "step")]:
        if sum(_lacking(out[k], factor) for k in [0, *waits, len(out) - 1]) <= room:
            break
        out[i] = replace(out[i], note=())
    return out


def _silenced(beats: Sequence[Beat], factor: float) -> list[Beat]:
    """The beats without a line over steps that pass by, where these are over before it is read."""
    out = list[Beat]()
    for (passing, _), group in itertools.groupby(beats, key=lambda beat: (beat.kind in PASSING, beat.caption)):
        run = list(group)
        whole = replace(run[0], ticks=sum(beat.ticks for beat in run))
        out += [replace(b, caption=()) for b in run] if passing and _lacking(whole, factor) else run
    return out


def _lacking(beat: Beat, factor: float) -> int:
    """The ticks that a reader of a beat's words would have it longer."""
    letters = sum(len("".join(plain(line).split())) for line in (beat.caption, beat.note))
    return max(0, ceil(min(READING_MOST, letters / READING) * factor * TICKS_A_SECOND) - beat.ticks)


def _longer(beat: Beat, more: int) -> Beat:
    """The beat with a longer wait: while its ghost stands there, else at its end."""
    names = [name for name, _ in beat.phases]
    waiting = names.index("ghost") if "ghost" in names else len(names) - 1
    phases = tuple((name, length + more * (i == waiting)) for i, (name, length) in enumerate(beat.phases))
    return replace(beat, ticks=beat.ticks + more, phases=phases)
