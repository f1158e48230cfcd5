"""What the films of attention say of their numbers: the colour scale, names, masks, when the last sentence holds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from layeranim.engine.trace import Trace
from layeranim.stories.stage.plans import ArcsPlan, TextPlan
from layeranim.stories.stage.verbs import Bend, Fill, Frame
from layeranim.stories.storyboard import Address, Storyboard, plain

from .conftest import Case

LONG = " ".join(["the cat sat down and"] * 6)


def told(**options: Any) -> tuple[Trace, Storyboard]:
    work = Case("attention", options, "attention").work()
    trace = work.trace()
    return trace, work.storyboard(trace)


def last(board: Storyboard) -> str:
    return plain(board.beats[-1].note)


def shown(board: Storyboard, part: str, tensor: str) -> list[Any]:
    """The cells of a tensor that a part is filled with, beat by beat."""
    fills = (verb for beat in board.beats for phase in beat.verbs for verb in phase if isinstance(verb, Fill))
    return [v.cells for v in fills if v.part == part and v.cells.sources(0, 0).tensor == tensor]


def test_weights_in_colour_alone_count_to_the_largest() -> None:
    trace, board = told(tokens=LONG)
    assert f"weights 0–{trace['weights'].max():.2f}" in plain(board.grids["weights"].heading)
    cells = shown(board, "weights", "weights")[0]
    assert cells.levels.max() == 5
    assert len(np.unique(cells.levels)) > 1


def test_weights_in_numbers_count_to_one() -> None:
    _, board = told()
    cells = shown(board, "weights", "weights")[0]
    assert cells.levels[0].tolist() == [0, 4, 0, 0]  # 0.05, 0.82, 0.03, 0.10


def test_two_heads_of_many_rows_stand_beside_each_other_in_numbers() -> None:
    _, board = told(heads=2, queries=6, keys=4)
    assert {grid.numeral > 0 for grid in board.grids.values()} == {True}
    assert sorted(grid.tensor for grid in board.grids.values()) == ["output", "output", "weights", "weights"]


@pytest.mark.parametrize(
    "options",
    [{"kind": "additive"}, {"tokens": "the dog ran"}, {"mask": "1 0 0 0; 1 1 0 0; 1 1 1 0; 1 1 1 1"}, {"causal": True}],
)
def test_the_presets_last_sentence_holds_for_the_preset_alone(options: dict[str, Any]) -> None:
    own = last(told()[1])
    assert "“sat” finds “cat”" in own
    assert last(told(**options)[1]) != own


def test_a_film_of_long_vectors_keeps_its_weights_in_numbers_and_says_what_is_drawn() -> None:
    _, board = told(queries=3, features=64)
    assert board.grids["weights"].numeral
    assert "48 of 64 features drawn" in plain(board.parameters)


def test_the_film_says_which_sequence_it_shows() -> None:
    options = {"embeddings": "random:2x4x6", "heads": 2, "key_heads": 1, "causal": True, "positional": "sinusoidal"}
    assert "sample 1 of 2" in plain(told(**options)[1].parameters)


def test_a_query_without_words_keeps_its_number() -> None:
    _, board = told(embeddings="random:30x16")
    assert plain(next(beat for beat in board.beats if beat.kind == "step").place) == "query 1"


def test_a_row_without_a_key_says_so() -> None:
    _, board = told(mask="0 0 0 0; 1 1 1 1; 1 1 1 1; 1 1 1 1", mask_kind="boolean")
    said = [plain(beat.caption) for beat in board.beats if plain(beat.place) == "the"]
    assert said == ["no key is left: the output of the is 0"]


def test_powers_are_read_in_subtitles() -> None:
    _, board = told()
    assert any(plain(beat.caption).startswith("e^(−0.08 − (−0.08)) = ") for beat in board.beats)


@pytest.mark.parametrize("options", [{}, {"example": "causal"}, {"softcap": 2, "scale": 4}, {"lookup": "hard"}])
def test_scores_become_what_the_softmax_reads_in_their_own_cells(options: dict[str, Any]) -> None:
    trace, board = told(**options)
    chain = [name for name in ("scores", "scaled", "capped", "masked") if name in trace]
    assert all(shown(board, chain[-1], name) for name in chain)
    assert board.grids[chain[-1]].box.h > 0


def test_masked_cells_are_dashed() -> None:
    trace, board = told(example="causal")
    for name in ("masked", "weights"):
        (grid,) = (g for g in board.grids.values() if g.tensor == name and not g.name.startswith("lens"))
        ghost = shown(board, grid.name, name)[0].ghost
        assert (ghost == np.isneginf(trace["masked"][0, 0])).all()


@pytest.mark.parametrize("example", ["sentence", "pronoun", "causal", "heads", "long"])
def test_arcs_grow_as_the_weights_land(example: str) -> None:
    """In the very phase in which the weights of a row appear, as wide as these."""
    trace, board = told(example=example)
    arcs = {plan.name: plan for plan in board.parts["stage"] if isinstance(plan, ArcsPlan)}
    assert len(arcs) == trace["weights"].shape[1]
    for beat in (beat for beat in board.beats if beat.kind == "step"):
        for phase in beat.verbs:
            bends = [verb for verb in phase if isinstance(verb, Bend) and not verb.stay]
            lands = [v for v in phase if isinstance(v, Fill) and v.part.startswith("weights")
                     and v.cells.sources(0, 0).tensor == "weights"]  # fmt: skip
            assert bool(bends) == bool(lands)
            for head, verb in enumerate(bends):
                row = trace["weights"][0, head, verb.lit]
                assert max(arc.width for arc in verb.arcs) == pytest.approx(max(1.0, 16 * row.max()), rel=1e-6)


@pytest.mark.parametrize("example", ["sentence", "pronoun", "heads"])
def test_the_last_frame_has_the_arcs_of_all_words(example: str) -> None:
    trace, board = told(example=example)
    bends = [verb for phase in board.beats[-1].verbs for verb in phase if isinstance(verb, Bend)]
    assert [len(verb.arcs) for verb in bends] == [int((head >= 0.25).sum()) for head in trace["weights"][0]]


def test_weights_drawn_at_random_leave_the_softmax_a_choice() -> None:
    trace, _ = told(embeddings="random:5x8", heads=4)
    assert (trace["weights"].max(axis=-1) < 0.99).any()


def test_the_heads_are_joined_and_multiplied_in_sight() -> None:
    trace, board = told(example="heads")
    beat = next(b for b in board.beats if b.kind == "step" and "W" not in plain(b.caption) and any(
        isinstance(run.source, Address) and run.source.tensor == "output" for run in b.caption))  # fmt: skip
    weight = board.grids["weight_output"].cells
    assert weight is not None
    assert weight.sources is not None
    assert weight.sources(3, 1) == Address("weight_output", (1, 3))
    frames = {verb.part: verb.blocks for phase in beat.verbs for verb in phase if isinstance(verb, Frame)}
    assert frames["joined"] == ((2, 2, 0, 3),)  # the word that is followed, all of its heads
    values = np.concatenate([trace["head_output"][0, head, 2] for head in range(2)])
    assert np.isclose(values @ trace["weight_output"][0], trace["output"][0, 2, 0])


def test_all_heads_act_in_the_same_beat() -> None:
    _, board = told(example="heads")
    assert board.total == 4
    for beat in board.beats:
        filled = {v.part for phase in beat.verbs for v in phase if isinstance(v, Fill) and v.part.startswith("weights")}
        assert filled in (set(), {"weights:0", "weights:1"})


def test_many_heads_are_counted_and_joined_in_sight() -> None:
    trace, board = told(embeddings="random:5x8", heads=8)
    texts = [plain(plan.line) for plan in board.parts["stage"] if isinstance(plan, TextPlan)]
    assert "⋮ 5 more" in texts
    cells = shown(board, "joined", "joined")[0]
    assert cells.sources(4, 7) == Address("joined", (0, 4, 7))
    assert board.grids["output"].cols == trace.tensor("output").shape[-1] == 8


def test_the_stage_draws_as_many_tokens_as_can_be_told_apart() -> None:
    assert told(embeddings="random:48x8")[1].total == 48
    _, board = told(embeddings="random:70x8")
    assert board.total == 8
    assert "of 70 drawn" in plain(board.parameters)
