"""What the films of sequences show beyond their sentences: words, heads, posters, headings, seeds, hyper-parameters."""

from __future__ import annotations

import re
from collections import Counter
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from layeranim import api
from layeranim.stories.stage.plans import ArcsPlan, KeyPlan
from layeranim.stories.stage.verbs import Name
from layeranim.stories.storyboard import Address, Beat, Storyboard, plain

from .conftest import Case, ids, presets
from .sentences import Told, tell

CELLS = ("rnn", "gru", "lstm")
SMALL = {"size": (160, 90), "fps": Fraction(25, 4)}


def captions(told: Told, kind: str) -> list[str]:
    return [plain(beat.caption).replace("\u2009", "") for beat in told.board.beats if beat.kind == kind]


def poster(board: Storyboard) -> Beat:
    return next(beat for beat in board.beats if beat.start <= board.poster < beat.end)


# ── words ────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("options", [{"tokens": "no no yes no"}, {"tokens": "a b a", "input_size": 5, "classes": 3}])
@pytest.mark.parametrize("name", CELLS)
def test_a_word_has_the_same_numbers_wherever_it_stands(name: str, options: dict[str, Any]) -> None:
    told = tell(name, options)
    rows, words = told["input"][0], options["tokens"].split()
    assert all(np.array_equal(rows[i], rows[words.index(word)]) for i, word in enumerate(words))
    assert len(np.unique(rows, axis=0)) == len(set(words))
    assert told.work.preset is None


@pytest.mark.parametrize("array", ["embeddings", "query"])
def test_a_word_of_attention_has_the_same_drawn_numbers_wherever_it_stands(array: str) -> None:
    told = tell("attention", {"tokens": "the cat the", "embed": 6, "projections": array == "embeddings"})
    rows = told[array].reshape(-1, 3, told[array].shape[-1])[0]
    assert np.array_equal(rows[0], rows[2])
    assert not np.array_equal(rows[0], rows[1])


@pytest.mark.parametrize("name", [*CELLS, "attention"])
def test_words_that_are_cut_are_warned_of(name: str) -> None:
    long = "internationalization pneumonoultramicroscopicsilicovolcanoconiosis ok and two more words"
    (warning,) = [line for line in tell(name, {"tokens": long}).board.warnings if "cut on screen" in line]
    assert "pneumono" in warning
    assert not [line for line in tell(name, {"tokens": "it is ok"}).board.warnings if "cut" in line]


@pytest.mark.parametrize("name", [*CELLS, "attention"])
def test_letters_that_the_font_lacks_are_warned_of_with_a_remedy(name: str) -> None:
    (warning,) = [line for line in tell(name, {"tokens": "Ein 狐 sprang"}).board.warnings if "狐" in line]
    assert "--font FILE" in warning


def arcs(told: Told) -> ArcsPlan:
    return next(plan for plan in told.board.parts["stage"] if isinstance(plan, ArcsPlan))


def test_equal_words_are_told_apart() -> None:
    told = tell("attention", {"tokens": "the old dog saw the bird because the dog ran"})
    names = Counter(plain(line) for _, line in arcs(told).words)
    assert max(names.values()) == 1
    assert {"the₁", "the₂", "the₃", "dog₁", "dog₂", "bird"} <= set(names)


def test_words_have_whole_names() -> None:
    names = [plain(line) for _, line in arcs(tell("attention", {"example": "long"})).words]
    assert {"because", "dropped"} <= set(names)


# ── attention ────────────────────────────────────────────────────────────────
def test_the_best_match_is_taken_alone() -> None:
    said = [text for text in captions(tell("attention", {"lookup": "hard"}), "step") if " v(" in text]
    assert said
    for caption in said:
        assert caption.startswith("1.00 v(")
        assert "+" not in caption.split("→")[0]
        assert "more" not in caption


def acts(told: Told, tensor: str) -> list[Beat]:
    """The beats that make a tensor of the whole sequence."""
    steps = told.trace.steps
    return [b for b in told.board.beats if b.kind == "act" and any(steps[k].writes.tensor == tensor for k in b.steps)]


def test_places_are_added_in_sight() -> None:
    told = tell("attention", {"positional": "sinusoidal"})
    (beat,) = acts(told, "positioned")
    sources = {run.source.tensor for run in beat.caption if isinstance(run.source, Address)}
    assert sources == {"embeddings", "encoding", "positioned"}
    assert beat.steps
    assert not acts(tell("attention", {}), "positioned")


@pytest.mark.parametrize("pairs", ["adjacent", "halves"])
def test_a_pair_is_turned_in_sight(pairs: str) -> None:
    told = tell("attention", {"positional": "rotary", "pairs": pairs, "features": 4})
    (beat,) = acts(told, "turned_query")
    query = [run.source.index[-1] for run in beat.caption
             if isinstance(run.source, Address) and run.source.tensor == "turned_query"]  # fmt: skip
    assert query == ([0, 1] if pairs == "adjacent" else [0, 2])
    (angle,) = [run.source for run in beat.caption
                if isinstance(run.source, Address) and run.source.tensor == "query_angle"]  # fmt: skip
    assert told["query_angle"][angle.index] != 0


def test_the_formula_has_everything_that_is_done_to_the_scores() -> None:
    told = tell("attention", {"softcap": 2, "scale": 4, "causal": True})
    note = plain(told.board.beats[0].note).replace("\u2009", "")
    assert note == "output = softmax(2·tanh(4·QKᵀ / 2) + M) V"
    names = [plain(verb.line).replace("\u2009", "") for beat in told.board.beats for phase in beat.verbs
             for verb in phase if isinstance(verb, Name) and verb.part == "masked"]  # fmt: skip
    chain = ["QK^T", "4·QK^T", "2·tanh(4·QK^T / 2)", "2·tanh(4·QK^T / 2) + M"]
    assert list(dict.fromkeys(names)) == chain


# ── posters and taught rows ──────────────────────────────────────────────────
@pytest.mark.parametrize("case", **ids([case for case in presets() if case.name in CELLS]))
def test_a_recurrent_poster_is_the_telling_step_with_all_steps_before_it(case: Case) -> None:
    told = tell(case.name, case.options)
    beat, preset = poster(told.board), told.work.preset
    assert beat.kind == "step"
    assert preset
    assert beat.units == range(preset.unit or 0, (preset.unit or 0) + 1)
    assert beat.done == beat.units.stop


@pytest.mark.parametrize(
    ("example", "taught"),
    [("sentence", "sat"), ("pronoun", "she"), ("causal", "sat"), ("heads", "sat"), ("long", "ran")],
)
def test_the_word_that_the_example_is_about_is_taught_and_on_the_poster(example: str, taught: str) -> None:
    board = tell("attention", {"example": example}).board
    assert plain(poster(board).place) == taught
    assert [beat for beat in board.beats if beat.kind == "step" and beat.note]
    assert all(plain(beat.place) == taught for beat in board.beats if beat.kind == "step" and beat.note)


# ── pictures ─────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("name", CELLS)
def test_openings_of_cells_move(name: str) -> None:
    assert any(tell(name, {}).board.beats[0].verbs)


LINK = re.compile(r"^\w+  →  ")


@pytest.mark.parametrize(("name", "heads"), [("attention", 2), ("multi-head", 2), ("transformer", 2), ("attention", 1)])
def test_where_several_heads_look_is_told_head_by_head(name: str, heads: int) -> None:
    """Side by side without the heads' names, 0.94 and 0.90 read as two weights of one row."""
    said = [text for text in captions(tell(name, {"heads": heads}), "step")
            if LINK.search(text)]  # fmt: skip
    assert said
    for text in said:
        assert [f"head {h + 1}: " in text for h in range(2)] == [heads > 1] * 2


def test_of_equal_weights_none_is_named_as_the_strongest() -> None:
    alike = {"query": "zeros:2x3", "key": "random:3x3", "value": "random:3x3"}
    assert "query 1  →  all 0.33" in captions(tell("attention", alike), "step")
    two = {"query": "1; 1", "key": "2; 2; 0", "value": "1; 2; 3"}
    assert "query 1  →  key 1 and key 2 0.47" in captions(tell("attention", two), "step")


# ── seeds ────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("name", "options"),
    [("rnn", {"layers": 3, "bidirectional": True}), ("rnn", {"layers": 6}), ("rnn", {"hidden": 64}),
     ("lstm", {"hidden": 20, "input_size": 12}), ("gru", {"hidden": 20, "input_size": 12})],
)  # fmt: skip
def test_seeded_cells_do_not_saturate(name: str, options: dict[str, Any]) -> None:
    assert (np.abs(api.trace(name, **options)["output"]) < 0.97).mean() > 0.9


@pytest.mark.parametrize("kind", ["dot", "scaled", "multiplicative", "additive"])
def test_seeded_queries_and_keys_leave_a_choice(kind: str) -> None:
    assert api.trace("attention", kind=kind, queries=3, keys=6)["weights"].max() < 0.98


@pytest.mark.parametrize("options", [{"bias": False}, {}, {"hidden": 4}, {"layers": 2}])
def test_the_printed_gru_does_not_start_from_nothing(options: dict[str, Any]) -> None:
    assert np.all(api.trace("gru", variant="glossary", **options)["output"].any(axis=-1))
    given: dict[str, Any] = {
        "weight_input": np.ones((2, 1)),
        "weight_hidden": np.ones((2, 1)),
        "input": np.ones((2, 1)),
        "bias": False,
    }
    assert not api.trace("gru", variant="glossary", **given)["output"].any(), "what is given starts from 0"


# ── hyper-parameters ─────────────────────────────────────────────────────────
HEADER: list[tuple[str, dict[str, Any], str]] = [
    ("rnn", {"nonlinearity": "relu"}, "ReLU"),
    ("rnn", {"layers": 3, "bidirectional": True}, "3 layers"),
    ("rnn", {"hidden": 64, "timesteps": 20}, "hidden 64"),
    ("gru", {"bias": False, "variant": "glossary"}, "no biases"),
    ("lstm", {"classes": 2, "mode": "many-to-one"}, "many-to-one"),
    ("lstm", {"bidirectional": True, "hidden": 64}, "bidirectional"),
    ("attention", {"heads": 4, "key_heads": 2, "queries": 3, "keys": 3, "features": 2}, "2 key heads"),
    ("attention", {"positional": "rotary", "causal": True}, "rotary"),
    ("attention", {"positional": "rotary", "pairs": "halves"}, "halves"),
    ("attention", {"positional": "sinusoidal", "base": 50}, "base 50"),
    ("attention", {"scale": 4}, "scale 4"),
    ("attention", {"bias": True}, "biases"),
    ("attention", {"kind": "cosine", "title": "x"}, "cosine"),
    ("attention", {"query": "random:3x2", "key": "random:3x2", "value": "random:3x5"}, "values of 5"),
]


@pytest.mark.parametrize(("name", "options", "said"), HEADER, ids=[f"{n}-{s}" for n, _, s in HEADER])
def test_the_header_says_it(name: str, options: dict[str, Any], said: str) -> None:
    assert said in plain(tell(name, options).board.parameters)


@pytest.mark.parametrize("heads", [2, 4, 8])
def test_every_head_that_is_drawn_has_its_number(heads: int) -> None:
    board = tell("attention", {"heads": heads, "embeddings": "random:4x8"}).board
    named = {name: plain(grid.heading) for name, grid in board.grids.items() if name.startswith("weights:")}
    assert named == {name: f"head {int(name[8:]) + 1}" for name in named}
    assert len(named) == (heads if heads <= 4 else 3)


# ── what came with the stage ──────────────────────────────────────────────────
def test_the_last_frame_of_several_heads_holds_their_weights() -> None:
    board = tell("attention", {"example": "heads"}).board
    assert {"weights:0", "weights:1", "joined"} <= set(board.grids)


def test_arcs_show_which_word_finds_which() -> None:
    assert arcs(tell("attention", {})).words


def test_projections_are_drawn_where_they_have_room() -> None:
    grids = tell("attention", {"tokens": "cat sat"}).board.grids
    assert {"embeddings", "weight_query", "weight_key", "weight_value"} <= set(grids)


def test_projections_are_told_where_they_have_no_room() -> None:
    board = tell("attention", {}).board
    assert "weight_query" not in board.grids  # beside four words of three features
    (told,) = [beat for beat in board.beats if beat.kind == "act"]
    assert plain(told.note) == "query, key and value of every word: each by a matrix of its own"
    assert {board.grids[name].tensor for name in ("query", "key", "value")} == {"query", "key", "value"}


@pytest.mark.parametrize("name", [*CELLS, "attention"])
def test_a_key_says_what_the_colours_mean(name: str) -> None:
    parts = tell(name, {}).board.parts
    assert isinstance(parts, dict)
    assert any(isinstance(plan, KeyPlan) for plan in parts.get("stage", ()))


@pytest.mark.parametrize("name", [*CELLS, "attention"])
def test_openings_move(name: str) -> None:
    assert tell(name, {}).board.beats[0].phases


def test_values_stand_beside_the_weights() -> None:
    grids = tell("attention", {"queries": 12, "keys": 3, "features": 6}).board.grids
    assert abs(grids["value"].box.centre[1] - grids["weights"].box.centre[1]) < 40
