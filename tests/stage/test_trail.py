"""A point that walks among others, and pictures that turn into others: places, names, and that they are drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from layeranim import preparing
from layeranim.stories.stage import plans as p
from layeranim.stories.stage import record
from layeranim.stories.stage import verbs as v
from layeranim.stories.stage.parts.trail import RING
from layeranim.stories.storyboard import Storyboard, plain

from .test_record import frames

SMALL = {
    "encoder": "2,2", "input": "0 0", "goal": "1 2", "encoder1_weight": "1 0; 0 1", "decoder1_weight": "1 0; 0 1",
    "bias": False, "walk_steps": 2,
}  # fmt: skip


def told(**options: Any) -> tuple[Storyboard, p.TracksPlan]:
    work = preparing.prepare("autoencoder", options)
    board = work.storyboard(work.trace())
    return board, next(x for x in board.parts["stage"] if isinstance(x, p.TracksPlan))


def reached(board: Storyboard) -> list[v.Reach]:
    return [verb for beat in board.beats for phase in beat.verbs for verb in phase if isinstance(verb, v.Reach)]


def test_the_walk_stands_where_its_numbers_are_and_its_end_is_ringed() -> None:
    _, plan = told(**SMALL)
    points = np.array(plan.tracks[0].points)
    across, up = np.diff(points, axis=0).T
    np.testing.assert_allclose(across, plan.box.w / 1.14 / 2)  # from 0 to 1, with seven hundredths around
    np.testing.assert_allclose(up, plan.box.h / 1.14 / 2)
    (ring,) = plan.rings
    assert {round(float(np.hypot(*(np.array(at) - points[-1]))), 6) for at in ring.points if at} == {RING}


def test_a_name_has_room_what_is_called_otherwise_is_a_dot_and_the_same_is_there_once() -> None:
    """Two 7s on one place are one 7, a 5 on them is a dot; points without a class are dots."""
    others = {"others": "2 2; 2 2; 2 2; 0 2", "others_class": "7 7 5 5"}
    _, plan = told(**SMALL, **others)
    assert [plain(line) for _, line in plan.names] == ["7", "5"]
    assert len(plan.dots) == 1
    assert plan.dots[0] == plan.names[0][0]
    _, plain_points = told(**SMALL, others=others["others"])
    assert (plain_points.names, len(plain_points.dots)) == ((), 4)


def test_codes_of_one_number_have_a_line_a_class_above_the_walk() -> None:
    one = {"encoder": "2,1", "input": "0 0", "goal": "1 2", "encoder1_weight": "1 0", "bias": False}
    _, plan = told(**one, others="0 1; 1 1; 3 1", others_class="4 9 4")
    heights = {plain(line): at[1] for at, line in plan.names}
    (walk,) = {at[1] for at in plan.tracks[0].points if at}
    assert walk < heights["4"] < heights["9"]
    assert plan.along == ()


def test_of_a_longer_code_the_two_numbers_that_differ_most_are_drawn() -> None:
    _, plan = told(encoder="3,3", input="0 0 0", goal="1 0 5", encoder1_weight="1 0 0; 0 1 0; 0 0 1", bias=False)
    assert plain(plan.heading) == "codes: z_1, z_3 of 3"


def test_what_is_no_number_stands_nowhere() -> None:
    _, plan = told(encoder="2,2", input="nan 1", others="inf 1")
    assert set(plan.tracks[0].points) == {None}
    assert (plan.names, plan.dots, plan.rings) == ((), (), ())


@pytest.mark.parametrize("far", ["1e300 1e300", "-1e20 3", "0 0", "1e-320 0"])
def test_codes_on_one_place_stand_in_a_plane_however_far_it_is(far: str) -> None:
    _, plan = told(**{**SMALL, "input": far, "goal": far})
    assert all(plan.box.x < at[0] < plan.box.right for at in plan.tracks[0].points if at)
    assert None not in plan.tracks[0].points


def test_the_first_place_comes_with_the_code_and_the_walk_goes_on_from_there() -> None:
    board, _ = told(**SMALL)
    assert [(verb.last, verb.pale) for verb in reached(board)] == [
        (2, True),
        (0, False),
        (0, False),
        (1, False),
        (2, False),
    ]
    assert frames(record.loaded(record.dumped(board))) == frames(board)


@pytest.mark.parametrize("steps", [3, 40])
def test_pictures_turn_with_every_place_also_where_many_pass_by(steps: int) -> None:
    board, _ = told(walk_steps=steps)
    fills = [verb for beat in board.beats for phase in beat.verbs for verb in phase if isinstance(verb, v.Fill)]
    turned = [verb for verb in fills if verb.part == "walk_output"]
    assert turned[0].cells.sources is not None
    assert turned[0].cells.sources(0, 0).tensor == "output"  # the sample itself comes first
    assert turned[-1].cells.sources is not None
    assert turned[-1].cells.sources(0, 0).index == (0, steps, 0)
    strip = {name for name in board.grids if name.startswith("walk_output:")}
    assert f"walk_output:{steps}" in strip
    assert strip <= {verb.part for verb in fills}


def test_a_bundled_drawing_is_a_picture_wherever_it_is_read() -> None:
    work = preparing.prepare("mlp", {"input": "digit:7", "sizes": "64,3,10"})
    (drawn,) = [grid for grid in work.storyboard(work.trace()).grids.values() if grid.tensor == "input"]
    assert (drawn.rows, drawn.cols) == (8, 8)
    assert drawn.cells is not None
    assert drawn.cells.scale == "ink"
