"""What a pooling's film says and shows: captions, who wins, where a gradient lands, what a shift changes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from layeranim.engine.trace import Trace
from layeranim.stories.stage.verbs import Carry, Fill, Frame, Pour, Tell
from layeranim.stories.storyboard import Address, Beat, Storyboard, plain

from .conftest import Case

IMAGE = "4 7 1 2; 6 3 0 8; 9 1 6 0; 6 4 1 7"


def told(**options: Any) -> tuple[Trace, Storyboard]:
    work = Case("pool", options, "pool").work()
    trace = work.trace()
    return trace, work.storyboard(trace)


def steps(**options: Any) -> list[Beat]:
    return [beat for beat in told(**options)[1].beats if beat.kind == "step"]


def verbs(beat: Beat, kind: type) -> list[Any]:
    return [verb for phase in beat.verbs for verb in phase if isinstance(verb, kind)]


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
        ({"input": "-1 -3; -2 -4", "padding": 1}, ["max(−1) = −1"]),
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
        ({"mode": "mean", "grad_output": "2 -1; 3 1"}, ["2.00 / 4 = 0.50  to each of 4 cells"]),
        (
            {"input": "0 1 0; 0 9 0; 0 0 0", "stride": 1, "grad_output": "1 2; 3 4"},
            [
                "the winner, 9, gets 1,  3 windows still to come",
                "the winner, 9, gets 1 + 2,  2 windows still to come",
                "the winner, 9, gets 1 + 2 + 3,  1 window still to come",
                "the winner, 9, gets 1 + 2 + 3 + 4 = 10",
            ],
        ),
        (
            {"mode": "lp", "input": "3 0; -4 0", "grad_output": "2"},
            ["2.00\u2009·\u2009(−4) / 5 = −1.60  to the largest"],
        ),
    ],
)
def test_captions_of_the_way_back(options: dict[str, Any], said: list[str]) -> None:
    found = [plain(beat.caption) for beat in steps(**{"input": IMAGE, "backward": True, **options})]
    assert found[: len(said)] == said


def test_a_short_step_backwards_says_what_the_winner_has_in_all() -> None:
    given = {"grad_output": "1 2 3; 4 5 6; 7 8 9"}
    _, board = told(backward=True, input="random:5x5", kernel_size=3, stride=1, follow=1, **given)
    assert [plain(beat.caption) for beat in board.beats if plain(beat.caption)[:8] == "gradient"] == [
        "gradient 4 to the winner of the window",
        "gradient 5 to the winner of the window",
        "gradient 6 to the winner of the window",  # more is to come
        "gradient 7 to the winner of the window,  in all 11",
        "gradient 8 to the winner of the window",
    ]


# ── one number is followed ───────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("options", "counted"),
    [({}, ["4", "7", "7", "7", "7"]), ({"mode": "mean"}, ["4", "11", "17", "20", "20"]),
     ({"mode": "lp", "norm_type": 1}, ["4", "11", "17", "20", "20"])],
)  # fmt: skip
def test_the_numbers_of_a_window_run_into_the_tally_one_by_one(options: dict[str, Any], counted: list[str]) -> None:
    """The largest so far, the sum so far, the norm so far; each number leaves the window's copy."""
    step = steps(**options)[0]
    told_ = [plain(verb.lines[-1]) for verb in verbs(step, Tell)]
    assert told_ == counted
    poured = [cell for verb in verbs(step, Pour) for cell in verb.cells]
    assert poured == [("window", r, c) for r in (0, 1) for c in (0, 1)]


def test_numbers_travel_from_the_input_to_the_copy_of_their_window() -> None:
    (carry,) = verbs(steps()[0], Carry)
    assert (carry.part, carry.of) == ("window", "padded:0")
    assert carry.source == carry.goal == ((0, 0), (0, 1), (1, 0), (1, 1))


def test_the_winner_is_framed_where_it_stands_and_the_others_dim() -> None:
    trace, board = told()
    for beat in (beat for beat in board.beats if beat.kind == "step"):
        won = divmod(int(trace["indices"].reshape(-1)[beat.units[0]]), 4)
        frames = {v.part: v.blocks for v in verbs(beat, Frame) if v.role == "result"}
        assert frames["padded:0"] == ((won[0], won[0], won[1], won[1]),)
        last = [v.cells for v in verbs(beat, Fill) if v.part == "window"][-1]
        assert last.dim is not None
        assert int(last.dim.sum()) == 3
        assert not last.dim[won[0] % 2, won[1] % 2]


def test_no_winner_is_green_before_it_was_compared() -> None:
    """Nothing in a caption that stands there while the numbers are compared has the colour of results."""
    assert [(run.text, run.late) for run in steps()[0].caption if run.role == "result"] == [("7", True)]


def test_in_a_copy_of_colours_every_cell_can_be_compared() -> None:
    """Where there are no numbers the others are not dimmed: their colours are all that tells why one has won."""
    _, board = told(input="random:60x60", kernel_size=15)
    assert not board.grids["window"].numeral
    assert all(v.cells.dim is None for beat in board.beats for v in verbs(beat, Fill) if v.part == "window")


# ── the way back ─────────────────────────────────────────────────────────────
def test_a_gradient_lands_when_the_last_window_has_passed() -> None:
    _, board = told(input="random:3x3", stride=1, backward=True)
    fills = [v for beat in board.beats if beat.kind == "step" for v in verbs(beat, Fill) if v.part == "grad_input:0"]
    assert [v.where for v in fills] == [
        ((0, 0),), ((0, 1), (0, 2)), ((1, 0), (2, 0)), ((1, 1), (1, 2), (2, 1), (2, 2)),
    ]  # fmt: skip


def test_the_end_of_the_way_back_points_at_every_winner() -> None:
    trace, board = told(example="gradient")
    blocks = {b[::2] for v in verbs(board.beats[-1], Frame) if v.part == "grad_input:0" for b in v.blocks}
    assert blocks == {tuple(at) for at in np.argwhere(trace["grad_input"][0, 0]).tolist()}


# ── a shift ──────────────────────────────────────────────────────────────────
def test_a_shift_leaves_most_of_the_output() -> None:
    """The closing sentence has its evidence on the stage: the engine's own pooling of the shifted picture."""
    trace, board = told()
    *_, act, close = board.beats
    assert plain(act.caption) == "shifted one column to the left: 3 of 4 outputs stay"
    shown = {v.part: v.cells for v in verbs(act, Fill)}
    moved = np.concatenate([trace["input"][..., 1:], trace["input"][..., -1:]], axis=-1)
    again, _ = told(input=moved.tolist())
    for part, values in (("padded:0", again["padded"][0, 0]), ("output:0", again["output"][0, 0])):
        assert [[float(text) for text in row] for row in shown[part].texts] == values.tolist()
    stay = np.argwhere(again["output"][0, 0] == trace["output"][0, 0]).tolist()
    for beat in (act, close):
        framed = [b for v in verbs(beat, Frame) for b in v.blocks if v.part == "output:0"]
        assert sorted((a, c) for a, _, c, _ in framed) == sorted(map(tuple, stay))
    assert "window" not in {v.part for v in verbs(close, Fill)}


@pytest.mark.parametrize(
    "options",
    [{"example": "glossary"}, {"mode": "mean"}, {"mode": "global-max"}, {"input": "5 5; 5 5", "kernel_size": 1},
     {"steps": "1-2"}, {"backward": True}, {"input": "random:28x28"}],
)  # fmt: skip
def test_a_shift_that_shows_nothing_is_not_shown(options: dict[str, Any]) -> None:
    assert not any("shifted" in plain(beat.caption) for beat in told(**options)[1].beats)


# ── what stands there ────────────────────────────────────────────────────────
@pytest.mark.parametrize("shape", ["4x4", "28x28", "3x6x6"])
def test_a_window_in_colour_has_a_copy_in_numbers(shape: str) -> None:
    _, board = told(input=f"random:{shape}")
    assert board.grids["window"].numeral
    assert bool(board.grids["padded:0"].numeral) == (shape == "4x4")


def test_cells_that_travel_are_of_one_size() -> None:
    _, board = told(input=IMAGE)
    assert {grid.pitch for grid in board.grids.values()} == {(92, 92)}


def test_padding_of_a_copy_is_dashed_and_what_a_smaller_window_lacks_is_empty() -> None:
    _, board = told(input="random:5x5", mode="adaptive-max", output_size=3)
    sizes = {tuple((v.cells.texts != "").any(axis=k).sum() for k in (1, 0))
             for beat in board.beats for v in verbs(beat, Fill) if v.part == "window"}  # fmt: skip
    assert (2, 2) in sizes
    assert (3, 3) in sizes or (2, 3) in sizes


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
    assert {"sample 1 of 2", "3 of 5 channels drawn"} <= set(plain(board.parameters).split(",  "))


def test_an_output_in_colour_is_seen_and_stays_the_smaller_one() -> None:
    _, board = told(mode="mean", input="random:64x64", kernel_size=4, stride=4)
    given, out = board.grids["padded:0"].box, board.grids["output:0"].box
    assert 120 <= out.w < given.w


def test_every_number_of_the_stage_has_its_address() -> None:
    """Those of the copy are cells of the input."""
    _, board = told()
    for beat in board.beats:
        for fill in verbs(beat, Fill):
            if fill.part == "window" and fill.cells.sources:
                assert fill.cells.sources(0, 0).tensor == "padded"
                assert isinstance(fill.cells.sources(1, 1), Address)
