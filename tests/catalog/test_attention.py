"""What the films of attention say of their numbers: the colour scale, names, masks, when the last sentence holds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from layeranim.engine.trace import Trace
from layeranim.stories.storyboard import Address, Storyboard, plain

from .conftest import Case

LONG = " ".join(["the cat sat down and"] * 6)


def told(**options: Any) -> tuple[Trace, Storyboard]:
    work = Case("attention", options, "attention").work()
    trace = work.trace()
    return trace, work.storyboard(trace)


def last(board: Storyboard) -> str:
    return plain(board.beats[-1].note)


def test_weights_in_colour_alone_count_to_the_largest() -> None:
    trace, board = told(tokens=LONG)
    heading = board.grids["weights"].heading
    top = heading[-1].source
    assert isinstance(top, Address)
    assert trace["weights"][top.index] == trace["weights"][0].max()
    cells = board.parts["attention"].weighed(top.index[2])[0][1]
    assert cells.levels.max() == 5
    assert len(np.unique(cells.levels)) > 1


def test_weights_in_numbers_count_to_one() -> None:
    _, board = told()
    cells = board.parts["attention"].weighed(0)[0][1]
    assert cells.levels[0].tolist() == [0, 4, 0, 0]  # 0.05, 0.82, 0.03, 0.10


@pytest.mark.parametrize(
    "options",
    [{"kind": "additive"}, {"tokens": "the dog ran"}, {"mask": "1 0 0 0; 1 1 0 0; 1 1 1 0; 1 1 1 1"}, {"causal": True}],
)
def test_the_presets_last_sentence_holds_for_the_preset_alone(options: dict[str, Any]) -> None:
    own = last(told()[1])
    assert "sat finds cat" in own
    assert last(told(**options)[1]) != own


def test_the_film_says_that_it_shows_the_first_sequence() -> None:
    options = {"embeddings": "random:2x4x6", "heads": 2, "key_heads": 1, "causal": True, "positional": "sinusoidal"}
    assert "sequence 1 of 2" in plain(told(**options)[1].parameters)


def test_a_query_without_words_keeps_its_number() -> None:
    _, board = told(embeddings="random:30x16")
    said = " ".join(plain(beat.note) for beat in board.beats)
    assert "the weights of query 1 add up" in said


def test_a_row_without_a_key_says_so() -> None:
    _, board = told(mask="0 0 0 0; 1 1 1 1; 1 1 1 1; 1 1 1 1", mask_kind="boolean")
    said = [plain(beat.caption) for beat in board.beats if beat.kind == "step"]
    assert said[0] == "no key is left: the output of “the” is 0"


def test_powers_are_read_in_subtitles() -> None:
    _, board = told()
    assert any(plain(beat.caption).startswith("Σ e^(score − largest) = ") for beat in board.beats)


def test_weights_drawn_at_random_leave_the_softmax_a_choice() -> None:
    trace, _ = told(embeddings="random:5x8", heads=4)
    assert (trace["weights"].max(axis=-1) < 0.99).any()


def test_the_heads_are_joined_and_multiplied_in_sight() -> None:
    trace, board = told(example="heads")
    beat = next(beat for beat in board.beats if beat.kind == "join")
    joined = [board.grids[f"joined:{head}"] for head in range(2)]
    assert [(grid.rows, grid.cols) for grid in joined] == [(4, 2), (4, 2)]
    weight = board.grids["weight_output"].cells
    assert weight is not None
    assert weight.sources is not None
    assert weight.sources(3, 1) == Address("weight_output", (1, 3))
    terms = [run.source for run in beat.caption if isinstance(run.source, Address)]
    assert terms[0] == Address("head_output", (0, 0, 0, 0))
    assert terms[-1] == Address("output", (0, 0, 0))
    values = np.concatenate([trace["head_output"][0, head, 0] for head in range(2)])
    assert np.isclose(values @ trace["weight_output"][0], trace["output"][0, 0, 0])


def test_many_heads_are_joined_in_sight_the_last_ones_without_their_rows() -> None:
    trace, board = told(embeddings="random:5x8", heads=8)
    assert board.total == 4 * 5
    beat = next(beat for beat in board.beats if beat.kind == "join")
    assert plain(beat.place) == "heads 5–8 came about in the same way"
    cells = board.grids["joined:7"].cells
    assert cells is not None
    assert cells.sources is not None
    assert cells.sources(4, 0) == Address("head_output", (0, 7, 4, 0))
    assert board.grids["projected"].cols == trace.tensor("output").shape[-1] == 8


def test_more_heads_than_fit_are_joined_in_words_alone() -> None:
    _, board = told(embeddings="random:3x24", heads=24)
    assert not any(name.startswith("joined") for name in board.grids)
    said = next(plain(beat.caption) for beat in board.beats if beat.kind == "join")
    assert said.startswith("24 heads side by side: 3×24")
