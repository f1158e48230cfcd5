"""Storyboards as text: what is said, when, and where things stand. ``--update-goldens`` writes them anew."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from layeranim import catalog
from layeranim.stories import timing
from layeranim.stories.storyboard import Beat, Telling

from .conftest import Case, ids, presets

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


def waits(beat: Beat) -> list[tuple[str, int]]:
    """The phases of a beat but those that may grow: the last one, and the ghost of an opening."""
    return [phase for phase in beat.phases[:-1] if phase[0] != "ghost"]


@pytest.mark.grid(3)
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
        assert waits(new) == waits(old)
        assert new.ticks >= old.ticks
        if hurried.poster in range(old.start, old.end):
            assert new.end - board.poster == old.end - hurried.poster


@pytest.mark.parametrize("case", **ids(presets()))
def test_presets_name_their_source(case: Case) -> None:
    preset = case.work().preset
    assert preset is not None
    assert preset.summary
    assert preset.source
