"""Bars: how long they are beside their numerals."""

from __future__ import annotations

from typing import Any

import pytest

import layeranim as la
from layeranim import typeface
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


@pytest.mark.parametrize(("name", "size"), [("softmax", "1280x720"), ("positional-encoding", "640x640")])
def test_numbers_at_the_ends_of_bars_stay_inside_their_part(name: str, size: str) -> None:
    board = la.storyboard(name, size=size)
    plans = {plan.name: plan for plan in board.parts["stage"] if isinstance(plan, BarsPlan)}
    for verb in (verb for beat in board.beats for phase in beat.verbs for verb in phase if isinstance(verb, Grow)):
        for row in verb.where if verb.part in plans else ():
            plan, texts = plans[verb.part], verb.bars.cells.texts
            wide = typeface.width(str(texts[row][0]), plan.numeral) if texts is not None else 0
            assert plan.zero + verb.bars.ends[row] + 10 + wide <= plan.at[0] + plan.width + 1
