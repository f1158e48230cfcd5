"""Rule 4, of films that wait for the stage: 24 letters a second, no note in a short beat, no words that flicker."""

from __future__ import annotations

from itertools import groupby

import pytest

from layeranim import theme
from layeranim.stories import timing
from layeranim.stories.options import PACES
from layeranim.stories.storyboard import Beat, Line, Storyboard, plain
from tests.catalog.conftest import Case, ids, others, presets

from .films import waiting

NAMES = set(waiting()) - {"attention"}
"""Those of sequences are held to the whole of it, in ``test_read_in_time.py``, and so are those on the stage."""
FILMS = [case for case in presets() + others() if case.name in NAMES]


def letters(*lines: Line) -> int:
    """What a reader reads: letters, digits and signs, no spaces."""
    return sum(len("".join(plain(line).split())) for line in lines)


def stretches(board: Storyboard) -> list[tuple[float, int, list[Beat]]]:
    """The words that stand, for how many seconds, and their letters; the same words in a row stand on."""
    out = []
    for _, group in groupby(board.beats, key=lambda beat: (beat.caption, beat.note)):
        beats = list(group)
        out.append(
            (sum(b.ticks for b in beats) * theme.TICK_MS / 1000, letters(beats[0].caption, beats[0].note), beats)
        )
    return out


@pytest.mark.parametrize("case", **ids(FILMS))
def test_nobody_reads_more_than_24_letters_a_second(case: Case) -> None:
    """At a fast pace as much more as everything is quicker; a film that fills its 32 s, half as much again."""
    work = case.work()
    board = work.storyboard(work.trace())
    most = timing.READING / min(1.0, PACES[work.film.pace]) * (1.6 if board.seconds >= timing.LONGEST - 0.5 else 1.03)
    fast = [
        (round(count / seconds, 1), plain(beats[0].caption))
        for seconds, count, beats in stretches(board)
        if count / seconds > most and count > 6
    ]
    assert not fast


@pytest.mark.parametrize("case", **ids(FILMS))
def test_a_short_beat_has_no_note(case: Case) -> None:
    work = case.work()
    board = work.storyboard(work.trace())
    least = timing.TERSE * min(1.0, PACES[work.film.pace])
    short = [
        b for b in board.beats[1:-1] if b.kind == "step" and b.note and b.ticks * theme.TICK_MS / 1000 < least - 0.05
    ]
    assert not [(plain(b.note), b.ticks) for b in short]


@pytest.mark.parametrize("case", **ids(FILMS))
def test_no_words_change_faster_than_three_times_a_second(case: Case) -> None:
    work = case.work()
    board = work.storyboard(work.trace())
    passing = [(seconds, beats[0]) for seconds, _, beats in stretches(board) if beats[0].kind in timing.PASSING]
    assert not [plain(beat.caption) for seconds, beat in passing if beat.caption and seconds < 0.34]


@pytest.mark.parametrize("case", **ids([case for case in presets() if case.name in NAMES]))
def test_presets_can_be_read_in_full(case: Case) -> None:
    work = case.work()
    board = work.storyboard(work.trace())
    assert not [plain(b[0].caption) for s, n, b in stretches(board) if n / s > 26.5]
