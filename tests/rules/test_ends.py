"""Rule 10: the first frames preview the whole idea as a ghost, the last frame holds the evidence of its sentence."""

from __future__ import annotations

from dataclasses import replace

from layeranim.stories.stage.verbs import Fill, Grow
from tests.catalog.conftest import Case

from .checks import astray, blank, outdated
from .films import board


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
