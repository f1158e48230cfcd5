"""Lines that grow together and paths over a map: their places, their names, and that they are drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from layeranim import preparing
from layeranim.stories.stage import plans as p
from layeranim.stories.stage import record
from layeranim.stories.stage import verbs as v
from layeranim.stories.stage.axes import marks
from layeranim.stories.stage.contour import crossings
from layeranim.stories.stage.parts.tracks import APART, _spread
from layeranim.stories.storyboard import Box, Storyboard, plain

from .test_record import frames


def told(name: str, **options: Any) -> Storyboard:
    work = preparing.prepare(name, options)
    return work.storyboard(work.trace())


def tracks(board: Storyboard, kind: str) -> p.TracksPlan:
    return next(x for x in board.parts["stage"] if isinstance(x, p.TracksPlan) and x.name.endswith(kind))


def test_points_stand_where_the_numbers_are() -> None:
    board = told("descent", methods="sgd", updates=2, learning_rate=0.1, grid=5)
    plan = tracks(board, ":terrain")
    xs = [at[0] for at in plan.tracks[0].points if at]
    assert np.allclose(np.diff(xs) / np.diff([-2, -1.8, -1.62]), (plan.box.w / 4.8))  # the window is 4.8 wide
    (mark,) = plan.marks
    assert mark == pytest.approx((plan.box.x + plan.box.w / 2, plan.box.y - plan.box.h / 2))
    assert plan.contours


def test_what_leaves_the_map_or_is_no_number_is_not_drawn() -> None:
    board = told("descent", methods="sgd", updates=6, learning_rate=3, grid=4)
    points = tracks(board, ":terrain").tracks[0].points
    assert points[0] is not None
    assert points[-1] is None
    wild = told("descent", methods="sgd", updates=2, start="nan 1", grid=4)
    assert tracks(wild, ":lines").tracks[0].points == (None, None, None)


def test_lines_far_apart_count_powers_of_ten_and_go_back_where_the_film_does() -> None:
    lines = tracks(told("vanishing"), ":lines")
    assert [plain(tick.line) for tick in lines.along] == ["0.01", "0.1", "1", "10"]
    half, one, more = (track.points for track in lines.tracks)
    assert [at[0] for at in half if at] == sorted((at[0] for at in half if at), reverse=True)
    assert len({at[1] for at in one if at}) == 1
    steps = np.diff([at[1] for at in more if at])
    assert np.allclose(steps, steps[0])
    assert steps[0] > 0


def test_names_of_lines_stand_clear_of_each_other() -> None:
    box = Box(0, 100, 50, 200)
    for ends in ([0.0, 1.0, 2.0], [-100.0, -100.0, -99.0, 100.0], [100.0] * 4):
        found = _spread(ends, box)
        assert min(np.diff(sorted(found))) >= APART - 1e-9
        assert sorted(range(len(ends)), key=lambda k: ends[k]) == sorted(
            range(len(ends)), key=lambda k: found[k]
        ) or len(set(ends)) < len(ends)
        assert min(found) >= box.bottom


def test_all_grow_together_and_the_opening_is_a_preview() -> None:
    board = told("descent", updates=3, grid=4)
    reached = [verb for beat in board.beats for phase in beat.verbs for verb in phase if isinstance(verb, v.Reach)]
    assert {verb.pale for verb in reached[:2]} == {True}
    assert [verb.last for verb in reached if verb.part.endswith(":lines") and not verb.pale] == [0, 1, 2, 3]
    assert frames(record.loaded(record.dumped(board))) == frames(board)


def test_crossings_of_a_saddle_are_both_lines() -> None:
    assert len(crossings(np.array([[1.0, -1.0], [-1.0, 1.0]]))) == 2
    assert crossings(np.array([[np.nan, -1.0], [1.0, 1.0]])) == ()


def test_an_axis_has_two_ticks_at_least() -> None:
    assert len(marks(-0.4, 0.4, 600, 3)) > 1


def test_shares_that_are_far_apart_stay_on_one_axis_from_0_to_1() -> None:
    plan = tracks(told("gan", method="adam", critic_degree=3, turns=3), "beliefs:lines")
    assert [plain(tick.line) for tick in plan.along] == ["0", "0.5", "1.0"]
