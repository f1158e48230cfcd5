"""Rule 10: the first frames preview the whole idea as a ghost, the last frame holds the evidence of its sentence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from layeranim.stories.stage.verbs import Fill, Grow
from tests.catalog.conftest import Case, ids

from .checks import astray, blank, outdated
from .films import board, every, staged


@pytest.mark.parametrize("case", **ids([case for case in every() if staged(case.name)]))
def test_both_ends_show_something(case: Case) -> None:
    assert not blank(board(case))


def test_the_check_sees_an_end_that_shows_nothing() -> None:
    film = board(Case("softmax", {}, "softmax"))
    first, *inner, last = film.beats
    assert not blank(film)
    dark = replace(first, verbs=((), ()))
    assert "the opening does not preview output" in blank(replace(film, beats=(dark, *inner, last)))
    still = replace(first, phases=(("ghost", first.ticks - 50), ("empty", 50)))
    assert blank(replace(film, beats=(still, *inner, last))) == ["the opening stands empty for 50 ticks"]
    mute = replace(last, verbs=(), steps=())
    assert blank(replace(film, beats=(first, *inner, mute))) == ["the close points at nothing"]


@pytest.mark.parametrize("case", **ids([case for case in every() if staged(case.name)]))
def test_the_end_shows_one_unit_in_all_its_parts(case: Case) -> None:
    """Scores of one sample beside the guess of another would be a false picture."""
    assert not outdated(board(case))


@pytest.mark.parametrize("case", **ids([case for case in every() if staged(case.name)]))
def test_the_lenses_show_that_unit_too(case: Case) -> None:
    assert not astray(board(case))


def test_the_check_sees_a_lens_that_stays_behind() -> None:
    film = board(Case("cross-entropy", {"input": "random:2x12"}, "lens"))
    *before, last = film.beats
    behind = replace(last, verbs=tuple(tuple(v for v in phase if not isinstance(v, Fill)) for phase in last.verbs))
    assert not astray(film)
    assert astray(replace(film, beats=(*before, behind))) == ["lens:losses"]


def test_the_check_sees_a_part_that_stays_behind() -> None:
    film = board(Case("cross-entropy", {}, "cross-entropy"))
    assert not outdated(film)
    *before, last = film.beats
    behind = replace(last, verbs=tuple(tuple(v for v in phase if not isinstance(v, Grow)) for phase in last.verbs))
    assert len(outdated(replace(film, beats=(*before, behind)))) == 2
