"""Rule 6: a brief step replaces in place and never clears: nothing flickers."""

from __future__ import annotations

from dataclasses import replace

from layeranim.stories.stage.verbs import Clear
from tests.catalog.conftest import Case

from .checks import flickering
from .films import board


def test_the_check_sees_what_is_cleared() -> None:
    film = board(Case("conv1d", {"input": "random:20"}, "conv1d"))
    at = next(i for i, beat in enumerate(film.beats) if beat.kind == "brief")
    brief = film.beats[at]
    spoilt = replace(brief, verbs=((Clear("products"), *brief.verbs[0]), *brief.verbs[1:]))
    beats = (*film.beats[:at], spoilt, *film.beats[at + 1 :])
    assert not flickering(film)
    assert [fault.split(": ")[1] for fault in flickering(replace(film, beats=beats))] == ["products is cleared"]
