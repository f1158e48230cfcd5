"""Rule 4: films can be read: 24 letters a second, no second line in a short beat, nothing said twice, 32 s."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from layeranim import numbers, theme
from layeranim.stories import timing
from layeranim.stories.options import PACES
from layeranim.stories.storyboard import Beat, Line, Run, Storyboard, plain

TICK = theme.TICK_MS / 1000


def letters(*lines: Line) -> int:
    """What a reader reads: letters, digits and signs, no spaces."""
    return sum(len("".join(plain(line).split())) for line in lines)


def unread(board: Storyboard, pace: str) -> list[str]:
    """What a reader of a film has no time for, or reads twice."""
    quick, out, said = min(1.0, PACES[pace]), [], dict[str, str]()
    for beat, ticks in _lines(board):
        seconds, what = ticks * TICK / quick, f"{beat.kind} {plain(beat.place)} {plain(beat.caption)!r}"
        if letters(beat.caption, beat.note) > 24 * seconds + 1e-6:
            out.append(f"{letters(beat.caption, beat.note) / seconds:.0f} letters a second: {what}")
        if beat.note and seconds < timing.TERSE - 1e-6:
            out.append(f"a note in {seconds:.2f} s: {what}")
        if plain(beat.caption).count(numbers.DOT) and seconds < timing.TERSE - 1e-6:
            out.append(f"arithmetic in {seconds:.2f} s: {what}")
        if beat.note and plain(beat.note) in said:
            out.append(f"said twice: {plain(beat.note)!r}")
        said[plain(beat.note)] = what
    return [*out, *([f"{board.seconds} s"] if board.seconds > timing.LONGEST else [])]


def _lines(board: Storyboard) -> Iterator[tuple[Beat, int]]:
    """Every beat with the ticks that its words stand there: those that pass in a row may share a line."""
    passing = timing.PASSING
    for _, beats in itertools.groupby(board.beats, lambda beat: (beat.kind in passing, beat.caption, beat.note)):
        first, *more = beats
        if first.kind in passing:
            yield first, sum(beat.ticks for beat in (first, *more))
        else:
            yield from ((beat, beat.ticks) for beat in (first, *more))


def line(count: int) -> Line:
    return (Run("x" * count),)


def film(*beats: tuple[int, int, float]) -> Storyboard:
    """A storyboard of captions and notes of so many letters, each beat so many seconds."""
    made, at = [], 0
    for caption, note, seconds in beats:
        ticks = round(seconds / TICK)
        made.append(Beat("step", at, ticks, caption=line(caption), note=line(note) if note else ()))
        at += ticks
    return Storyboard("test", "", (), {}, tuple(made), 1, 0, "")


def test_the_check_notices_what_cannot_be_read() -> None:
    assert not unread(film((24, 0, 1.0), (48, 24, 3.0)), "normal")
    assert "letters a second" in unread(film((25, 0, 1.0)), "normal")[0]
    assert "a note in" in unread(film((2, 2, 1.2)), "normal")[0]
    assert "said twice" in unread(film((2, 9, 2.0), (3, 9, 2.0)), "normal")[0]
    assert "33" in unread(film((2, 0, 33.0)), "normal")[0]
    dotted = film((2, 0, 1.0))
    beat = Beat("step", 0, 25, caption=(Run(f"2{numbers.DOT}3"),))
    assert "arithmetic" in unread(Storyboard("test", "", (), {}, (beat,), 1, 0, "", dotted.parts), "normal")[0]
