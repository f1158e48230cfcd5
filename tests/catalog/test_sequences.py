"""What the films of sequences show beyond their sentences: words, heads, posters, headings, seeds, hyper-parameters."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from layeranim import api, theme
from layeranim.scenes.base import ExplainerScene
from layeranim.stories.storyboard import Address, Beat, Storyboard, plain

from .conftest import Case, ids, play, presets
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


@pytest.mark.parametrize("name", CELLS)
def test_words_that_would_touch_stand_on_two_lines(name: str) -> None:
    told = tell(name, {"tokens": "[CLS] ich habe einen wunderbaren Hund gesehen"})
    labels = told.board.parts["recurrent"].strips.labels[:7]
    assert [plain(line) for _, line, _, _ in labels] == [
        "[CLS]",
        "ich",
        "habe",
        "einen",
        "wunderbaren",
        "Hund",
        "gesehen",
    ]
    heights = [at[1] for at, *_ in labels]
    assert len(set(heights)) == 2
    assert not told.board.warnings


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


def test_equal_words_are_told_apart() -> None:
    told = tell("attention", {"tokens": "the old dog saw the bird because the dog ran"})
    names = Counter(name.run.text for name in told.board.parts["attention"].plan.row_names)
    assert max(names.values()) == 1
    assert {"the₁", "the₂", "the₃", "dog₁", "dog₂", "bird"} <= set(names)


def test_keys_have_whole_names_on_one_line_two_or_upright() -> None:
    told = tell("attention", {"example": "long"})
    names = [name.run.text for name in told.board.parts["attention"].plan.col_names]
    assert "because" in names
    assert "dropped" in names


# ── attention ────────────────────────────────────────────────────────────────
def test_the_best_match_is_taken_alone() -> None:
    for caption in captions(tell("attention", {"lookup": "hard"}), "mix"):
        assert caption.startswith("1.00 v(")
        assert "+" not in caption.split("→")[0]
        assert "more" not in caption


def test_places_are_added_in_sight() -> None:
    told = tell("attention", {"positional": "sinusoidal"})
    (beat,) = [beat for beat in told.board.beats if beat.kind == "position"]
    sources = {run.source.tensor for run in beat.caption if isinstance(run.source, Address)}
    assert sources == {"embeddings", "encoding", "positioned"}
    assert beat.steps
    assert tell("attention", {}).board.beats[1].kind != "position"


@pytest.mark.parametrize("pairs", ["adjacent", "halves"])
def test_a_pair_is_turned_in_sight(pairs: str) -> None:
    told = tell("attention", {"positional": "rotary", "pairs": pairs, "features": 4})
    (beat,) = [beat for beat in told.board.beats if beat.kind == "turn"]
    query = [run.source.index[-1] for run in beat.caption
             if isinstance(run.source, Address) and run.source.tensor == "turned_query"]  # fmt: skip
    assert query == ([0, 1] if pairs == "adjacent" else [0, 2])
    (angle,) = [run.source for run in beat.caption
                if isinstance(run.source, Address) and run.source.tensor == "query_angle"]  # fmt: skip
    assert told["query_angle"][angle.index] != 0


def test_the_formula_has_everything_that_is_done_to_the_scores() -> None:
    told = tell("attention", {"softcap": 2, "scale": 4, "causal": True})
    assert plain(told.board.beats[0].note).replace("\u2009", "") == "output = softmax(2·tanh(4·QK^T / 2) + M) V"
    heading = {stage: plain(line["scores"]).replace("\u2009", "") for stage in ("score", "scale", "cap", "mask")
               if (line := told.board.parts["attention"].headings(stage)).get("scores")}  # fmt: skip
    assert heading == {"score": "scores  QK^T", "scale": "scores  4·QK^T", "cap": "scores  2·tanh(4·QK^T / 2)",
                       "mask": "scores  2·tanh(4·QK^T / 2) + M"}  # fmt: skip


# ── posters and taught rows ──────────────────────────────────────────────────
@pytest.mark.parametrize("case", **ids([case for case in presets() if case.name in CELLS]))
def test_a_recurrent_poster_is_the_last_unrolled_step(case: Case) -> None:
    board = tell(case.name, case.options).board
    beat = poster(board)
    assert beat.kind == "step"
    assert beat.done == board.total


@pytest.mark.parametrize(("example", "taught"), [("sentence", "sat"), ("pronoun", "she")])
def test_the_word_that_the_example_is_about_is_taught_and_on_the_poster(example: str, taught: str) -> None:
    board = tell("attention", {"example": example}).board
    assert poster(board).kind == "mix"
    assert {plain(beat.place) for beat in board.beats if beat.kind in ("score", "mix")} == {taught}


@pytest.mark.parametrize(
    "options", [{"example": "heads"}, {"heads": 2, "causal": True}, {"heads": 8, "embeddings": "random:5x8"}]
)
def test_a_poster_of_several_heads_is_where_they_are_joined(options: dict[str, Any]) -> None:
    assert poster(tell("attention", options).board).kind == "join"


# ── pictures ─────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    "options", [{"example": "heads"}, {"heads": 2, "causal": True}, {"kind": "additive", "heads": 2}]
)
def test_no_heading_outlives_its_grid(options: dict[str, Any]) -> None:
    found: list[set[str]] = []

    def look(scene: ExplainerScene, beat: Beat) -> None:
        if beat.kind in ("join", "close"):
            found.append({text.strip() for text, _ in scene.drawn()})
            assert all(name.startswith(("joined", "weight", "projected")) for name in scene.standing)

    play(Case("attention", {**options, "steps": "first:2"}, "heads"), look, **SMALL)  # type: ignore[arg-type]
    assert len(found) == 2
    assert not [texts for texts in found if texts & {"scores", "weights", "mixture", "Q", "V"}]


def test_the_last_frame_has_no_lens_and_no_frame() -> None:
    ends: list[tuple[set[str], int]] = []

    def look(scene: ExplainerScene, beat: Beat) -> None:
        if beat.kind == "close":
            ends.append((set(scene.standing), len(scene.passing)))

    play(Case("attention", {"example": "long", "steps": "first:2"}, "long"), look, **SMALL)  # type: ignore[arg-type]
    assert ends == [({"query", "key", "weights", "value", "output"}, 0)]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("lstm", {"peepholes": True, "hidden": 3}),
        ("lstm", {"layers": 2, "timesteps": 6, "classes": 2}),
        ("rnn", {"layers": 6}),
    ],
)
def test_arrows_lead_from_layer_to_layer_however_close_they_stand(name: str, options: dict[str, Any]) -> None:
    strips = tell(name, options).board.parts["recurrent"].strips
    between = len(strips.strips) - 1 + strips.boxed
    assert {wire.split(":")[0] for wire in strips.wires if wire.startswith("down")} == {
        f"down{i}" for i in range(between)
    }
    assert all(
        wire.points[0][1] - wire.points[-1][1] >= theme.ARROW_HEAD for n, wire in strips.wires.items() if "down" in n
    )


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
def test_every_head_has_its_number_over_its_columns(heads: int) -> None:
    """Where all heads are side by side; the first and the last alone where numbers would touch."""
    grids = tell("attention", {"heads": heads, "embeddings": "random:4x8"}).board.grids
    joined = [grids[f"joined:{head}"] for head in range(heads)]
    for head, grid in enumerate(joined):
        assert grid.heading_at is not None
        assert plain(grid.heading).split()[-1] == str(head + 1)
        assert grid.heading_at[0] == grid.box.x
    assert all(a.box.right < b.box.x for a, b in pairwise(joined))


# ── what waits for the stage ─────────────────────────────────────────────────
def waits(why: str) -> pytest.MarkDecorator:
    return pytest.mark.xfail(strict=True, reason=f"waits for the stage: {why}")


@waits("heads are joined on a stage of their own, without their weights")
def test_the_last_frame_of_several_heads_holds_their_weights() -> None:
    board = tell("attention", {"example": "heads"}).board
    assert any(grid.tensor == "weights" for name, grid in board.grids.items() if name.startswith("joined"))


@waits("links between words are told by a matrix")
def test_arcs_show_which_word_finds_which() -> None:
    assert "arcs" in tell("attention", {}).board.parts


@waits("queries, keys and values stand there from the first frame")
def test_projections_are_drawn() -> None:
    assert "weight_query" in tell("attention", {}).board.grids


@waits("no key of the colours")
@pytest.mark.parametrize("name", [*CELLS, "attention"])
def test_a_key_says_what_the_colours_mean(name: str) -> None:
    assert "key" in tell(name, {}).board.parts


@waits("films open and close on a still frame")
@pytest.mark.parametrize("name", [*CELLS, "attention"])
def test_openings_move(name: str) -> None:
    assert tell(name, {}).board.beats[0].phases


@waits("of a large state one number stands over the colours of all")
@pytest.mark.parametrize("name", CELLS)
def test_four_units_and_three_inputs_have_numbers_in_the_cell(name: str) -> None:
    grids = tell(name, {"input": "random:3x3", "hidden": 4}).board.parts["recurrent"].stage.grids
    assert not [key for key, grid in grids.items() if not grid.numeral]


@waits("two directions leave no room between the layers")
def test_arrows_lead_from_both_directions_to_the_next_layer() -> None:
    strips = tell("rnn", {"layers": 2, "bidirectional": True}).board.parts["recurrent"].strips
    assert [wire for wire in strips.wires if wire.startswith("down")]


@waits("gates' bars have no ends")
def test_the_ends_of_the_bars_are_named() -> None:
    labels = [plain(line) for _, line, _, _ in tell("lstm", {}).board.parts["recurrent"].strips.labels]
    assert {"0", "1"} <= set(labels)


@waits("values stand at the right of a wide matrix, whatever its height")
def test_values_stand_beside_the_weights() -> None:
    grids = tell("attention", {"queries": 12, "keys": 3, "features": 6}).board.grids
    assert abs(grids["value"].box.centre[1] - grids["weights"].box.centre[1]) < 40
