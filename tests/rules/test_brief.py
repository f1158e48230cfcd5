"""Rule 6: a brief step replaces in place and never clears: nothing flickers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from layeranim.stories.stage.verbs import Clear
from tests.catalog.conftest import Case, ids

from .checks import flickering
from .films import board, every, staged

FILMS = [case for case in every() if staged(case.name)]


@pytest.mark.parametrize("case", **ids(FILMS))
def test_what_is_brief_replaces_in_place(case: Case) -> None:
    assert not flickering(board(case))


def test_there_are_brief_steps_among_the_films() -> None:
    assert any(beat.kind == "brief" for case in FILMS for beat in board(case).beats)


def test_the_check_sees_what_is_cleared() -> None:
    film = board(Case("conv1d", {"input": "random:20"}, "conv1d"))
    at = next(i for i, beat in enumerate(film.beats) if beat.kind == "brief")
    brief = film.beats[at]
    spoilt = replace(brief, verbs=((Clear("products"), *brief.verbs[0]), *brief.verbs[1:]))
    beats = (*film.beats[:at], spoilt, *film.beats[at + 1 :])
    assert not flickering(film)
    assert [fault.split(": ")[1] for fault in flickering(replace(film, beats=beats))] == ["products is cleared"]
