"""Storyboards as text: what is said, when, and where things stand. ``--update-goldens`` writes them anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from layeranim import theme
from layeranim.stories import phrases
from layeranim.stories.storyboard import plain

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
    assert board.seconds <= 27


@pytest.mark.parametrize("case", **ids(presets()))
def test_presets_last_from_8_to_25_seconds(case: Case) -> None:
    work = case.work()
    assert 8 <= work.storyboard(work.trace()).seconds <= 25


@pytest.mark.parametrize("case", **ids(presets() + others()))
def test_lines_fit_above_their_floor(case: Case) -> None:
    work = case.work()
    board = work.storyboard(work.trace())
    for beat in board.beats:
        assert phrases.width(beat.caption, theme.CAPTION_FLOOR) <= phrases.ROOM, plain(beat.caption)
        assert phrases.width(beat.note, theme.NOTE) <= phrases.ROOM, plain(beat.note)
    assert all(grid.numeral == 0 or grid.numeral >= theme.FLOOR for grid in board.grids.values())


@pytest.mark.parametrize("case", **ids(presets()))
def test_presets_name_their_source(case: Case) -> None:
    preset = case.work().preset
    assert preset is not None
    assert preset.summary
    assert preset.source
