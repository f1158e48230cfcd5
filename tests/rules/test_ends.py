"""Rule 10: the first frames preview the whole idea as a ghost, the last frame holds the evidence of its sentence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.catalog.conftest import Case, ids

from .checks import blank
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
