"""Storyboards as text: what is said, when, and where things stand. ``--update-goldens`` writes them anew."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from layeranim import api, catalog, theme
from layeranim.stories import phrases, timing
from layeranim.stories.options import PACES
from layeranim.stories.storyboard import Telling, plain

from .conftest import Case, ids, others, presets

GOLDENS = Path(__file__).parent / "goldens"


@pytest.mark.parametrize("case", **ids(presets()))
def test_presets_tell_what_they_told(case: Case, request: pytest.FixtureRequest) -> None:
    work = case.work()
    text = work.storyboard(work.trace()).text()
    golden = GOLDENS / f"{case.label}.txt"
    if request.config.getoption("--update-goldens"):
        GOLDENS.mkdir(exist_ok=True)
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("case", **ids(presets() + others()))
def test_beats_follow_each_other_on_the_tick(case: Case) -> None:
    work = case.work()
    board = work.storyboard(work.trace())
    at = 0
    for beat in board.beats:
        assert beat.start == at
        assert beat.ticks > 0
        assert not beat.phases or sum(ticks for _, ticks in beat.phases) == beat.ticks
        at = beat.end
    assert board.beats[0].kind == "open"
    assert board.beats[-1].kind == "close"
    assert 0 <= board.poster < board.ticks
    assert board.seconds <= timing.LONGEST


@pytest.mark.parametrize("case", **ids(presets() + others()))
def test_films_last_at_least_8_seconds(case: Case) -> None:
    """All of a film at the normal pace, however few its steps; at any pace no more than 32 s, see above."""
    work = api.prepare(case.name, {**case.options, "pace": "normal", "steps": "all"})
    assert work.storyboard(work.trace()).seconds >= 8


@pytest.mark.parametrize("case", **ids(presets() + others()))
def test_the_opening_can_be_read(case: Case) -> None:
    """Twenty-four letters a second, about what fast subtitles ask, at a fast pace as much quicker as everything is.

    A film that would outgrow 32 s may be faster.
    """
    work = case.work()
    board = work.storyboard(work.trace())
    opening = board.beats[0]
    letters = len("".join(plain(opening.caption + opening.note).split()))
    least = min(3.6, letters / 24) * min(1.0, PACES[work.film.pace])
    assert opening.ticks * theme.TICK_MS / 1000 >= least - 0.02 or board.seconds >= timing.LONGEST - 0.04


@pytest.mark.parametrize("case", **ids(presets()))
def test_time_to_read_moves_nothing_else(case: Case) -> None:
    """Only waits grow: at the opening, at the end, and in the last phase of beats; the poster stays what it shows.
    What could not be read goes: the last notes of a film that would be too long, a line over steps that pass by.
    """
    work = case.work()
    told = Telling(work.trace(), work.film, work.preset, work.asked, work.given, {}, list(work.seeded), work.seed)
    hurried = catalog.story(work.name).tell(told)
    board = timing.unhurried(hurried, "normal")
    assert board.seconds <= max(timing.LONGEST, hurried.seconds)
    for old, new in zip(hurried.beats, board.beats, strict=True):
        kept = {"start": old.start, "ticks": old.ticks, "phases": old.phases}
        assert replace(new, **kept, caption=old.caption, note=old.note) == old
        assert new.note in (old.note, ())
        assert new.caption == (() if new.kind in timing.PASSING and not new.caption else old.caption)
        assert [p for p in new.phases[:-1] if p[0] != "ghost"] == [p for p in old.phases[:-1] if p[0] != "ghost"]
        assert new.ticks >= old.ticks
        if hurried.poster in range(old.start, old.end):
            assert new.end - board.poster == old.end - hurried.poster


@pytest.mark.parametrize("case", **ids(presets() + others()))
def test_lines_fit_above_their_floor(case: Case) -> None:
    work = case.work()
    board = work.storyboard(work.trace())
    for beat in board.beats:
        assert phrases.width(beat.caption, theme.CAPTION_FLOOR) <= phrases.ROOM, plain(beat.caption)
        assert phrases.width(beat.note, theme.NOTE) <= phrases.ROOM, plain(beat.note)
    assert all(grid.numeral == 0 or grid.numeral >= theme.FLOOR for grid in board.grids.values())
    last = board.beats[-1].note
    assert phrases.width(last, theme.NOTE) <= phrases.NOTE_ROOM, f"crowds the counter: {plain(last)}"


@pytest.mark.parametrize("case", **ids(presets()))
def test_presets_name_their_source(case: Case) -> None:
    preset = case.work().preset
    assert preset is not None
    assert preset.summary
    assert preset.source
