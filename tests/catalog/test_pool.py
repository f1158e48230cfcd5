"""What a pooling's film says and shows, word by word: captions, the winner's role, where a gradient lands."""

from __future__ import annotations

from typing import Any

import pytest

from layeranim.engine.trace import Trace
from layeranim.stories.pooling.parts import PoolParts
from layeranim.stories.pooling.stage import LARGEST
from layeranim.stories.storyboard import Beat, Storyboard, plain
from layeranim.stories.window_stage import LEFT, RIGHT

from .conftest import Case

IMAGE = "4 7 1 2; 6 3 0 8; 9 1 6 0; 6 4 1 7"


def told(**options: Any) -> tuple[Trace, Storyboard]:
    work = Case("pool", options, "pool").work()
    trace = work.trace()
    return trace, work.storyboard(trace)


def steps(**options: Any) -> list[Beat]:
    return [beat for beat in told(**options)[1].beats if beat.kind == "step"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, ["max(4, 7, 6, 3) = 7", "max(1, 2, 0, 8) = 8", "max(9, 1, 6, 4) = 9", "max(6, 0, 1, 7) = 7"]),
        ({"mode": "mean"}, ["(4 + 7 + 6 + 3) / 4 = 5.00", "(1 + 2 + 0 + 8) / 4 = 2.75"]),
        ({"mode": "mean", "input": "-1 1; -3 4"}, ["(−1 + 1 + (−3) + 4) / 4 = 0.25"]),
        (
            {"mode": "mean", "input": "1 1 1; 1 1 2; 1 1 1", "kernel_size": 3},
            ["(1 + 1 + 1 + 1 + 1 + 2 + 1 + 1 + 1) / 9 = 1.11"],
        ),
        ({"mode": "mean", "input": "3 3; 3 1", "padding": 1}, ["(3 + 3 zeros) / 4 = 0.75"]),
        ({"mode": "mean", "input": "3 3; 3 1", "padding": 1, "count_include_pad": False}, ["3 / 1 = 3"]),
        ({"mode": "mean", "input": "0.125 0.125; 0.125 0.125"}, ["(0.12 + 0.12 + 0.12 + 0.12) / 4 = 0.12"]),
        (
            {"mode": "mean", "input": "0.014 0.014; 0.014 0.014", "divisor_override": 1},
            ["(0.01 + 0.01 + 0.01 + 0.01) / 1 ≈ 0.06"],
        ),
        ({"mode": "lp", "input": "3 0; -4 0"}, ["√(3² + 0² + (−4)² + 0²) = 5"]),
        ({"mode": "lp", "norm_type": 3, "input": "3 0; -4 5"}, ["(|3|^3 + |0|^3 + |−4|^3 + |5|^3)^(1/3) = 6"]),
        ({"mode": "lp", "norm_type": 1, "input": "3 0; -4 0"}, ["|3| + |0| + |−4| + |0| = 7"]),
        ({"mode": "global-max", "input": "1 2 3 4; 5 6 7 8; 0 0 0 9"}, ["max(1, 2, 3, 4, 7 more, 9) = 9"]),
        ({"mode": "global-max", "input": "1 2 3 4; 5 6 9 8; 0 0 0 0"}, ["max(1, 2, 3, 4, 2 more, 9, 5 more) = 9"]),
        ({"mode": "global-max", "input": "9 2 3 4; 5 6 7 8; 0 0 0 0"}, ["max(9, 2, 3, 4, 5, 7 more) = 9"]),
    ],
)
def test_captions_carry_the_arithmetic(options: dict[str, Any], said: list[str]) -> None:
    found = [plain(beat.caption) for beat in steps(**{"input": IMAGE, **options})]
    assert found[: len(said)] == said


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            {"grad_output": "2 -1; 3 1"},
            ["the winner, 7, gets 2,  the others 0", "the winner, 8, gets −1,  the others 0"],
        ),
        ({"mode": "mean", "grad_output": "2 -1; 3 1"}, ["2 / 4 = 0.50  to each of 4 cells"]),
        (
            {"input": "0 1 0; 0 9 0; 0 0 0", "stride": 1, "grad_output": "1 2; 3 4"},
            [
                "the winner, 9, gets 1 + 3 to come",
                "the winner, 9, gets 1 + 2 + 2 to come",
                "the winner, 9, gets 1 + 2 + 3 + 1 to come",
                "the winner, 9, gets 1 + 2 + 3 + 4 = 10",
            ],
        ),
        ({"mode": "lp", "input": "3 0; -4 0", "grad_output": "2"}, ["2\u2009·\u2009(−4) / 5 = −1.60  to the largest"]),
    ],
)
def test_captions_of_the_way_back(options: dict[str, Any], said: list[str]) -> None:
    found = [plain(beat.caption) for beat in steps(**{"input": IMAGE, "backward": True, **options})]
    assert found[: len(said)] == said


def test_the_winner_has_the_role_of_the_result() -> None:
    first = steps(input=IMAGE)[0]
    assert [(run.text, run.late) for run in first.caption if run.role == "result"] == [("7", False), ("7", True)]


def test_a_gradient_lands_when_the_last_window_has_passed() -> None:
    _, board = told(input="random:3x3", stride=1, backward=True)
    parts: PoolParts = board.parts["pool"]
    landed = [parts.landed(u)[1] for u in range(4)]
    assert landed == [[(0, 0)], [(0, 1), (0, 2)], [(1, 0), (2, 0)], [(1, 1), (1, 2), (2, 1), (2, 2)]]


@pytest.mark.parametrize("shape", ["4x4", "28x28", "3x6x6"])
def test_a_window_in_colour_has_a_copy_in_numbers(shape: str) -> None:
    _, board = told(input=f"random:{shape}")
    assert board.grids["window"].numeral
    assert bool(board.grids["input:0"].numeral) == (shape == "4x4")


def test_cells_that_travel_are_of_one_size() -> None:
    _, board = told(input=IMAGE)
    assert {grid.pitch for grid in board.grids.values()} == {(92, 92)}


def test_the_film_says_what_pooling_leaves_alone() -> None:
    _, board = told(input="random:3x4x4")
    said = [plain(line) for beat in board.beats for line in (beat.caption, beat.note)]
    assert "no weights: channels stay apart" in said
    assert said[-2] == "4 windows per channel, no weights → 3×2×2 output, channels are kept"


def test_parameters_say_which_zeros_count() -> None:
    said = plain(told(mode="mean", padding=1, count_include_pad=False, input=IMAGE)[1].parameters)
    assert said.endswith("padding 1 (not counted)")
    assert "not counted" not in plain(told(mode="mean", padding=1, input=IMAGE)[1].parameters)


def test_the_film_says_that_it_shows_the_first_image() -> None:
    _, board = told(
        input="random:2x5x6x7", kernel_size="2x3", stride="1x2", padding="1,0,0,1", dilation="1x2", ceil_mode=True
    )
    assert {"image 1 of 2", "3 of 5 channels drawn"} <= set(plain(board.parameters).split(",  "))


def test_an_output_in_colour_is_seen_and_stays_the_smaller_one() -> None:
    _, board = told(mode="mean", input="random:64x64", kernel_size=4, stride=4)
    given, out = board.grids["input:0"].box, board.grids["output:0"].box
    assert 120 <= out.w < given.w


def test_a_short_step_backwards_says_what_the_winner_has_in_all() -> None:
    given = {"grad_output": "1 2 3; 4 5 6; 7 8 9"}
    _, board = told(backward=True, input="random:5x5", kernel_size=3, stride=1, **given)
    assert [plain(beat.caption) for beat in board.beats if plain(beat.caption)[:8] == "gradient"] == [
        "gradient 4 to the winner of the window",
        "gradient 6 to the winner of the window",  # more is to come
        "gradient 7 to the winner of the window,  in all 11",
        "gradient 8 to the winner of the window",
    ]


def test_in_a_lens_of_colours_every_cell_can_be_compared() -> None:
    """Where there are no numbers the others are not dimmed: their colours are all that tells why one has won."""
    _, board = told(input="random:40x40", kernel_size=8)
    assert not board.grids["window"].numeral
    assert board.parts["pool"].chosen(0).dim is None
    _, board = told(input="random:6x6")
    assert board.parts["pool"].chosen(0).dim.sum() == 3


def test_windows_that_are_done_take_no_colour_that_means_something() -> None:
    for options in ({}, {"example": "digit"}):
        parts = told(**options)[1].parts["pool"]
        assert {role for unit in range(4) for *_, role in parts.tints(unit)} == {"faint"}


@pytest.mark.parametrize("options", [{}, {"example": "digit"}])
def test_cells_are_as_large_as_the_stage_allows(options: dict[str, Any]) -> None:
    """The pictures reach from margin to margin, or their cells have reached the largest size."""
    _, board = told(**options)
    left, right = min(g.box.x for g in board.grids.values()), max(g.box.right for g in board.grids.values())
    assert right - left > 0.95 * (RIGHT - LEFT) or board.grids["output:0"].pitch[0] == LARGEST
