"""What a film that cannot be told says to its author: which act writes nothing, which stage has no room."""

from __future__ import annotations

import pytest

from layeranim.stories.options import FilmOptions
from layeranim.stories.stage import NOTHING, All, Column, Each, Grid
from layeranim.stories.stage.solver import solve
from layeranim.stories.stage.telling import tell
from layeranim.stories.storyboard import Telling

from .films import figures, film, traced


def test_an_act_that_writes_nothing_is_named() -> None:
    telling, each = Telling(traced([[2, 1, 0]]), FilmOptions()), Each((("output", NOTHING),))
    assert tell(film(acts=(All(("shifted",)), each)), telling).beats
    with pytest.raises(LookupError, match=r"no step writes sums or norm: leave the act out"):
        tell(film(acts=(All(("sums", "norm")), each)), telling)


def test_a_stage_without_room_says_what_takes_less() -> None:
    def stacked(count: int) -> Column:
        return Column(*(Grid("logits", "z") for _ in range(count)))

    shown = figures(traced([range(200)]))
    assert solve(stacked(2), shown)
    with pytest.raises(AssertionError, match=r"does not fit at any size.*fewer parts.*lens=False"):
        solve(stacked(9), shown)
