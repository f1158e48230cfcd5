"""Bars: how long they are beside their numerals."""

from __future__ import annotations

from typing import Any

import pytest

import layeranim as la
from layeranim.stories.stage.plans import BarsPlan
from layeranim.stories.stage.verbs import Grow


@pytest.mark.parametrize(
    ("name", "options", "zeros"),
    [
        ("mlp", {"input": "digit:7"}, 1),  # all σ are small: with the decimals of the largest one is 0
        ("mlp", {"example": "digits"}, 9),
        ("softmax", {"logits": "12 5 1"}, 2),
    ],
)
def test_a_bar_beside_a_number_that_reads_as_zero_is_short(name: str, options: dict[str, Any], zeros: int) -> None:
    board = la.storyboard(name, **options)
    plans = {plan.name: plan for plan in board.parts["stage"] if isinstance(plan, BarsPlan)}
    short: set[tuple[str, int]] = set()
    for verb in (verb for beat in board.beats for phase in beat.verbs for verb in phase if isinstance(verb, Grow)):
        for row in verb.where if verb.part in plans else ():  # a stack has no row of its own for each
            texts = verb.bars.cells.texts
            if texts is not None and texts[row][0] in ("0.00", "0"):
                assert abs(verb.bars.ends[row]) < 0.06 * plans[verb.part].width, (verb.part, row)
                short.add((verb.part, row))
    assert len(short) >= zeros
