"""A critic's curve over real and forged numbers: places, what moves when, and that it is drawn."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from layeranim import preparing
from layeranim.scenes.stage.contest import between, on
from layeranim.stories.stage import plans as p
from layeranim.stories.stage import record, seam
from layeranim.stories.stage import verbs as v
from layeranim.stories.stage.parts.contest import MANY
from layeranim.stories.storyboard import Storyboard

from .test_record import frames

SMALL: dict[str, Any] = {"real": "1 2", "noise": "-1 0 1", "turns": 2, "grid": 20}


def told(**options: Any) -> tuple[Storyboard, p.ContestPlan, Any]:
    work = preparing.prepare("gan", {**SMALL, **options})
    trace = work.trace()
    board = work.storyboard(trace)
    return board, next(x for x in board.parts["stage"] if isinstance(x, p.ContestPlan)), trace


def swayed(board: Storyboard) -> list[v.Sway]:
    return [verb for beat in board.beats for phase in beat.verbs for verb in phase if isinstance(verb, v.Sway)]


def test_numbers_and_shares_stand_where_they_are() -> None:
    board, plan, trace = told()
    low, high = trace["points"][[0, -1]]

    def across(x: Any) -> Any:
        return plan.box.x + (np.asarray(x) - low) / (high - low) * plan.box.w

    np.testing.assert_allclose(np.array(plan.real, float), across([1, 2]))
    np.testing.assert_allclose(np.array(plan.noise, float), across([-1, 0, 1]))
    np.testing.assert_allclose(plan.points, across(trace["points"]))
    last = swayed(board)[-1]
    np.testing.assert_allclose(np.array(last.forged, float), across(trace["forged"][-1]))
    np.testing.assert_allclose(np.array(last.curve, float), plan.box.bottom + trace["curve"][-1] * plan.box.h)


def test_one_player_moves_at_a_time_from_where_the_last_one_left_it() -> None:
    board, _, _ = told()
    preview, first, *moves = swayed(board)
    assert (preview.pale, first.pale, first.curve_start) == (True, False, ())
    assert len(moves) == 4
    for k, (before, verb) in enumerate(pairwise([first, *moves])):
        assert (verb.curve_start, verb.forged_start) == (before.curve, before.forged)
        assert (verb.curve == before.curve, verb.forged == before.forged) == ((False, True), (True, False))[k % 2]
    assert frames(record.loaded(record.dumped(board))) == frames(board)


@pytest.mark.parametrize("real", ["nan 1", "1.797e308 -1.797e308", "inf 2"])
def test_what_is_no_number_stands_nowhere(real: str) -> None:
    board, plan, _ = told(real=real)
    assert None in plan.real
    assert len(plan.points) == 20
    assert frames(board)


def test_of_many_numbers_some_are_drawn() -> None:
    _, plan, _ = told(real="random:500", noise="random:41")
    assert (len(plan.real), len(plan.noise)) == (MANY, MANY)


def test_both_ride_on_the_curve_that_is_drawn() -> None:
    assert between((0.0, None, 2.0), (1.0, 5.0, None), 0.5) == [0.5, 5.0, None]
    assert on([(0, 0), None, (10, 20)], [5, 10]) == [(5, 10), (10, 20)]


def test_a_sway_of_another_size_is_refused() -> None:
    _, plan, _ = told()
    rest = (None,) * 3
    for verb, says in ((v.Sway(plan.name, (0.0,) * 3, rest), "bends 3 points"),
                       (v.Sway(plan.name, (0.0,) * 20, rest[:2]), "moves 2 numbers")):  # fmt: skip
        assert says in next(seam._beyond(verb, plan))


def test_lines_of_two_pictures_have_colours_of_their_own_and_end_under_each_other() -> None:
    board, _, _ = told()
    lines = [x for x in board.parts["stage"] if isinstance(x, p.TracksPlan)]
    assert [[track.kind for track in plan.tracks] for plan in lines] == [[0, 1], [2, 3]]
    assert lines[0].box.right == lines[1].box.right
