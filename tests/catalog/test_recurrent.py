"""What the films of recurrent layers say and show: arithmetic, frames, wires, what is left out, how long they last."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from layeranim import theme
from layeranim.engine.trace import Trace
from layeranim.stories import timing
from layeranim.stories.options import PACES
from layeranim.stories.reading import LONGEST
from layeranim.stories.recurrent.film import RecurrentParts
from layeranim.stories.recurrent.moves import CellMove
from layeranim.stories.recurrent.stage import Wire
from layeranim.stories.storyboard import Address, Beat, Box, Cells, Storyboard, plain

from .conftest import Case, ids, others, presets

KINDS = ("rnn", "gru", "lstm")
EVERY = [case for case in presets() + others() if case.name in KINDS]
DEAD = 2.0  # seconds in which nothing on the stage changes, and nothing is left to read


def told(name: str, **options: Any) -> tuple[Trace, Storyboard]:
    work = Case(name, options, name).work()
    trace = work.trace()
    return trace, work.storyboard(trace)


def captions(name: str, kind: str, **options: Any) -> list[str]:
    return [plain(b.caption).replace("\u2009", "") for b in told(name, **options)[1].beats if b.kind == kind]


def said(board: Storyboard) -> str:
    return " ".join(plain(line) for line in board.lines())


def parts_of(board: Storyboard) -> RecurrentParts:
    parts: RecurrentParts = board.parts["recurrent"]
    return parts


# ── time ─────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("pace", ["slow", "normal"])
@pytest.mark.parametrize("case", **ids(EVERY))
def test_every_film_takes_8_to_32_seconds_and_never_stands_still(case: Case, pace: str) -> None:
    _, board = told(case.name, **{**case.options, "pace": pace})
    assert 8 <= board.seconds <= LONGEST
    for beat in board.beats[1:-1]:
        letters = sum(len(plain(line).replace(" ", "")) for line in (beat.caption, beat.note))
        for act, ticks in beat.phases:
            still = ticks * theme.TICK_MS / 1000
            most = max(1.0, PACES[pace]) * letters / timing.READING if act == "read" else 0.0
            assert still <= max(DEAD, most), f"{beat.kind} {plain(beat.place)}: nothing changes for {still} s"


def test_slow_is_slower_and_keeps_its_reading_time() -> None:
    slow, usual = (
        {plain(b.caption): b.ticks for b in told("lstm", input="random:1x2", hidden=2, pace=pace)[1].beats}
        for pace in ("slow", "normal")
    )
    taught = [caption for caption in usual if "zeros" in caption]
    assert len(taught) == 4
    assert all(slow[caption] >= 1.4 * usual[caption] for caption in taught)


# ── words ────────────────────────────────────────────────────────────────────
def test_the_first_step_of_an_lstm_is_told_term_by_term() -> None:
    assert captions("lstm", "weigh") == [
        "0.25·2 + 1·(−8) + 2 zeros + 4 = −3.5,  σ(−3.5) = 0.03",
        "1·8 + 3 zeros + (−4) = 4.0,  σ(4.0) = 0.98",
        "1·2 + 3 zeros + 0 = 2.0,  tanh(2.0) = 0.96",
        "1·(−8) + 3 zeros + (−4) = −12.0,  σ(−12.0) ≈ 0.00",
    ]
    assert captions("lstm", "combine")[:2] == [
        "c_t = 0.03·(−0.50)  +  0.98·0.96 = 0.93",
        "h_t = 0.00·tanh(0.93) = 0.00·0.73 ≈ 0.00",
    ]


def test_the_new_state_of_a_gru_says_where_its_second_share_comes_from() -> None:
    assert captions("gru", "combine")[1] == "h_t = 0.02·0.50  +  (1 − 0.02)·0.76 ≈ 0.76"
    every = captions("gru", "combine", input="1 0; 0 1", precision=1)
    assert all("(1 − 0." in caption for caption in every if caption.startswith("ht"))


def test_a_sum_without_products_counts_its_zeros() -> None:
    assert captions("gru", "weigh", input="0 0; 0 0")[1] == "4 zeros + 4.00 + 0 = 4.00,  σ(4.00) = 0.98"


def test_a_peephole_is_a_product_of_its_own() -> None:
    options = {"input": "1 0", "hidden": 2, "weight_peephole": "3 0; 2 0; 1 0", "initial_cell": "-0.5 0"}
    assert " + (−0.50)·2.00 + " in captions("lstm", "weigh", **options)[0]
    assert "its peephole sees c" in said(told("lstm", **options)[1])


def test_a_projection_shows_what_it_reads() -> None:
    trace, board = told("lstm", input="random:2x2", hidden=4, projection=2)
    shown = next(b for b in board.beats if plain(b.caption).startswith("u = "))
    assert shown.caption[-1].source == Address("unprojected", (0, 0, 0))
    state = board.beats[board.beats.index(shown) + 1]
    assert plain(state.caption).startswith("h_t = ")
    assert "unprojected" in board.grids
    assert trace["unprojected"].shape == (1, 2, 4)


USES: list[tuple[str, dict[str, Any], str]] = [
    ("lstm", {}, "kept over long gaps"),
    ("lstm", {"example": "answer"}, "what the first step said is there at the last"),
    ("lstm", {"example": "answer", "returns": "sequences"}, "kept over long gaps"),
    ("rnn", {"example": "parity"}, "an even or an odd count"),
    ("rnn", {"example": "stacked"}, "patterns made of patterns"),
    ("rnn", {"example": "bidirectional"}, "tagging words"),
    ("gru", {"example": "reset-before"}, "reset_after=False"),
    ("gru", {"example": "glossary"}, "reset-after learns from it"),
    ("gru", {"layers": 2}, "patterns made of patterns"),
    ("gru", {"bidirectional": True}, "every step knows past and future"),
    ("lstm", {"bidirectional": True, "returns": "last"}, "from both of its ends"),
    ("lstm", {"bidirectional": True, "classes": 2}, "at every step that knows past and future"),
    ("rnn", {"classes": 3}, "an answer at every step"),
    ("rnn", {"classes": 3, "mode": "many-to-one"}, "one answer about a whole sequence"),
    ("gru", {"returns": "state"}, "as an encoder does"),
    ("rnn", {"returns": "last"}, "one vector for whatever comes next"),
    ("lstm", {"projection": 1}, "keeps the weights few"),
    ("lstm", {"peepholes": True}, "can count steps"),
    ("gru", {"mode": "one-to-many", "timesteps": 3, "input_size": 1}, "from one start"),
]


@pytest.mark.parametrize(("name", "options", "use"), USES)
def test_the_end_says_what_a_layer_with_these_options_is_good_for(name: str, options: dict[str, Any], use: str) -> None:
    own = {} if "example" in options or "timesteps" in options else {"input": "random:4x2", "hidden": 2}
    _, board = told(name, **own, **options)
    assert use in plain(board.beats[-1].note)


@pytest.mark.parametrize("case", **ids(EVERY))
def test_every_film_ends_on_one_sentence_of_use_without_a_number(case: Case) -> None:
    note = plain(told(case.name, **case.options)[1].beats[-1].note)
    assert note.startswith(("for ", "as printed"))
    assert not any(c.isdigit() for c in note.removeprefix("for weights of the GRU of 2014"))


def test_what_is_no_number_is_not_told_as_a_choice_of_the_gates() -> None:
    for name in KINDS:
        _, board = told(name, input="nan 1; 1 1; 0 0", hidden=2)
        notes = [plain(b.note) for b in board.beats if b.kind in ("combine", "step") and "NaN" in plain(b.caption)]
        assert notes
        assert not [
            note for note in notes if any(word in note for word in ("forget", "write", "read:", "hold", "keep"))
        ]


# ── several cells ────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("options", "opened", "begins"),
    [
        ({"layers": 2}, "inside the cell of layer 1 at t = 1", ["layer 2 reads the states of layer 1"]),
        ({"layers": 2, "steps": "5-8"}, "inside the cell of layer 2 at t = 1", []),
        ({"bidirectional": True}, "inside the forward cell at t = 1", ["the same inputs from the last step"]),
        ({"bidirectional": True, "steps": "5-8"}, "inside the backward cell at t = 4", []),
        (
            {"layers": 2, "bidirectional": True, "steps": "5-16"},
            "inside the backward cell of layer 1 at t = 4",
            ["layer 2 reads the states of layer 1", "the states of layer 1 from the last step"],
        ),
    ],
)
def test_it_says_which_cell_opens_and_what_the_next_one_reads(
    options: dict[str, Any], opened: str, begins: list[str]
) -> None:
    for name in KINDS:
        _, board = told(name, input="random:4x2", hidden=2, **options)
        assert plain(board.beats[0].caption).endswith("each with the same weights at every step")
        assert plain(board.beats[1].caption) == opened
        said_so = [b for b in board.beats if "of its own" in plain(b.note) and b.kind == "step"]
        assert len(said_so) == len(begins)
        for beat, words in zip(said_so, begins, strict=True):
            assert plain(beat.note).startswith(words)
            assert beat.ticks * theme.TICK_MS / 1000 >= 0.9, "time to read it"


def test_the_memories_of_several_cells_are_drawn_where_there_is_room() -> None:
    def memories(**options: Any) -> dict[str, int]:
        _, board = told("lstm", hidden=options.pop("hidden", 2), **options)
        cut = "c: unit 1 drawn" in plain(board.parameters)
        found = {n.partition(":")[0]: g.rows for n, g in board.grids.items() if n[0] == "c" and n[1].isdigit()}
        assert cut == any(rows < 2 for rows in found.values())
        for beat in (b for b in board.beats if b.kind == "step" and b.ticks * theme.TICK_MS >= 500):
            assert (" ".join(plain(beat.caption).split()).startswith("c_t = ")) == bool(found)
        return found

    assert memories(input="random:4x2", layers=2) == {"c0": 1, "c1": 1}
    assert memories(input="random:4x1", bidirectional=True) == {"c0": 1, "c1": 1}
    assert memories(input="random:4x2", layers=3) == {}
    assert memories(input="random:4x2") == {"c0": 2}


# ── what is left out is said ─────────────────────────────────────────────────
@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize(("features", "hidden"), [(2, 2), (5, 3), (12, 12), (23, 2), (2, 23), (64, 200)])
def test_units_that_no_colour_shows_are_counted(name: str, features: int, hidden: int) -> None:
    _, board = told(name, input=f"random:3x{features}", hidden=hidden)
    first = parts_of(board).strips.most
    cut = max(features, hidden) > first
    assert (f"colours: first {first}" in plain(board.parameters)) == cut
    for grid in board.grids.values():
        if not grid.numeral and grid.rows > 3:
            assert grid.rows <= first
            assert grid.pitch[1] >= 2, f"{grid.name}: units of {grid.pitch[1]} px cannot be told apart"


def test_long_vectors_have_their_first_row_in_numbers() -> None:
    for name in KINDS:
        _, board = told(name, input="random:3x40", hidden=30)
        for key in ("vector:h", "weights:h", "products:h", "vector:x", "weights:x", "products:x"):
            assert board.grids[key].rows
            assert board.grids[key].numeral >= theme.FLOOR
            assert not board.grids[f"{key}.all"].numeral


def test_steps_layers_and_sequences_that_are_not_drawn_are_named() -> None:
    text = said(told("rnn", input="random:3x40x2", hidden=2, layers=8)[1])
    assert "the same cell again and again, 33 not drawn" in text
    assert "5 of 8 cells drawn" in text
    assert "sequence 1 of 3" in text


def test_what_has_no_room_beside_the_title_stands_under_it() -> None:
    options = {"hidden": 200, "layers": 9, "bidirectional": True, "title": "Nine layers in both directions, of a film"}
    _, board = told("rnn", input="random:3x6x64", **options)
    drawn = "sequence 1 of 3,  5 of 18 cells drawn,  unit 1 drawn,  colours: first 20"  # the seed goes first
    assert plain(board.parameters) == f"input 64,  hidden 200,  9 layers,  bidirectional,  {drawn}"
    assert plain(board.parameters) in board.alt


def test_a_film_of_some_steps_says_which_state_it_starts_from() -> None:
    def labels(**options: Any) -> list[str]:
        return [plain(line) for _, line, _, _ in parts_of(told("rnn", input="random:7x2", **options)[1]).strips.labels]

    assert "start" in labels()
    assert "start" not in labels(steps="3-5")
    assert labels(steps="3-5").count("t = 2") == 1
    assert labels(bidirectional=True).count("start") == 2
    assert labels(bidirectional=True, steps="10-12")[:4] == ["t = 3", "t = 4", "t = 5", "x  7×2"]


def test_zeros_after_a_sequence_are_named() -> None:
    text = said(told("gru", input="random:2x5x2", hidden=2, lengths="3 5")[1])
    assert "length 3 of 5" in text
    assert "output 5×2, zeros after step 3" in text


# ── tokens and answers ───────────────────────────────────────────────────────
def test_tokens_name_the_steps_and_their_number() -> None:
    trace, board = told("lstm", tokens="mary had a little lamb", input_size=3, hidden=2)
    assert trace["input"].shape == (1, 5, 3)
    labels = [plain(line) for _, line, _, _ in parts_of(board).strips.labels]
    assert labels[:5] == ["mary", "had", "a", "little", "lamb"]
    assert plain(board.beats[1].place) == "t = 1,  mary"
    with pytest.raises(Exception, match="5 by option tokens"):
        told("lstm", tokens="mary had a little lamb", input="random:4x3")


@pytest.mark.parametrize("bidirectional", [False, True])
def test_the_answer_of_the_end_has_its_own_column(bidirectional: bool) -> None:
    options = {"hidden": 3, "classes": 4, "mode": "many-to-one", "bidirectional": bidirectional}
    _, board = told("gru", input="random:5x2", **options)
    grid = board.grids["y:"]
    assert grid.rows == 4
    assert grid.numeral
    assert grid.at[0] > max(g.box.right for name, g in board.grids.items() if name.startswith("h0:"))
    answer = board.beats[-2]
    assert plain(answer.caption).startswith("y = softmax(V h + b)")
    assert "y 4" in plain(board.beats[-1].caption)


# ── frames and wires ─────────────────────────────────────────────────────────
def moves(board: Storyboard) -> Iterator[tuple[Beat, CellMove]]:
    table = parts_of(board).moves
    found = 0
    for i, beat in enumerate(board.beats):
        for name in dict.fromkeys([name for name, _ in beat.phases] or ["close"]):
            if (i, name) in table:
                found += 1
                yield beat, table[i, name]
    assert found == len(table)


@pytest.mark.parametrize("case", **ids(EVERY))
def test_frames_stand_on_the_numbers_that_the_caption_names(case: Case) -> None:
    """No frame around an empty cell, and what is framed as the result is a number of the caption."""
    _, board = told(case.name, **case.options)
    there: dict[str, dict[int, Any]] = {}

    def fill(name: str, cells: Cells, rows: range) -> None:
        for row in rows:
            there.setdefault(name, {})[row] = cells.sources(row, 0) if cells.sources else None

    for name, grid in board.grids.items():
        if grid.cells is not None:
            fill(name, grid.cells, range(grid.rows))
    for name, cells in parts_of(board).start.fills.items():
        fill(name, cells, range(len(cells.levels)))
    for beat, move in moves(board):
        for name in move.clear:
            there.pop(name, None)
        for name, cells in move.fills.items():
            fill(name, cells, move.only.get(name, range(len(cells.levels))))
        framed = [(name, row) for name, rows in (*move.focus, *move.result) for row in rows]
        empty = [at for at in framed if at[1] not in there.get(at[0], {})]
        assert not empty, f"{beat.kind} {plain(beat.place)}: {empty}"
        if move.land and beat.kind in ("weigh", "combine", "step"):
            named = {run.source for run in beat.caption}
            found = {there[n][r] for n, rows in move.result for r in rows if board.grids[n].numeral}
            assert not found or found & named, f"{plain(beat.caption)}: {found}"


FEATURES, UNITS, STEPS = (1, 2, 5, 12, 64), (2, 3, 4, 12, 64), (2, 20)
VARIANTS: list[tuple[str, dict[str, Any]]] = [
    ("rnn", {}), ("rnn", {"bias": False}), ("gru", {}), ("gru", {"variant": "reset-before", "bias": False}),
    ("gru", {"variant": "glossary"}), ("lstm", {}), ("lstm", {"peepholes": True}),
    ("lstm", {"projection": 1}), ("lstm", {"layers": 3}), ("rnn", {"bidirectional": True, "layers": 2}),
    ("gru", {"classes": 6}), ("lstm", {"classes": 3, "mode": "many-to-one"}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "options"), VARIANTS, ids=[f"{n}-{'-'.join(o) or 'plain'}" for n, o in VARIANTS])
def test_wires_and_signs_keep_clear_of_cells_at_every_size(name: str, options: dict[str, Any]) -> None:
    for features, hidden, steps in itertools.product(FEATURES, UNITS, STEPS):
        _, board = told(name, input=f"random:{steps}x{features}", hidden=hidden, **options)
        parts = parts_of(board)
        for wires, grids in ((parts.stage.wires, parts.stage.grids), (parts.strips.wires, parts.strips.grids)):
            crossed = [(w, g.name) for w, wire in wires.items() for g in grids.values() if crosses(wire, g.box)]
            assert not crossed, (features, hidden, steps, crossed)
        boxes = [(g.name, g.box) for g in parts.stage.grids.values()]
        signs = [(n, Box(x, y, 0, 0).outset(theme.OPERATOR_RADIUS)) for n, ((x, y), _) in parts.stage.operators.items()]
        hit = [(a, b) for (a, x), (b, y) in itertools.product(signs, boxes) if x.meets(y)]
        hit += [(a, b) for (a, x), (b, y) in itertools.combinations(boxes, 2) if x.meets(y)]
        assert not hit, (features, hidden, steps, hit)


def crosses(wire: Wire, box: Box) -> bool:
    for (x0, y0), (x1, y1) in itertools.pairwise(wire.points):
        line = Box(min(x0, x1), max(y0, y1), abs(x1 - x0), abs(y1 - y0)).outset(theme.LINE / 2)
        if line.meets(box):
            return True
    return False


def test_the_check_notices_a_wire_across_a_cell() -> None:
    assert crosses(Wire(((0, 0), (50, 0), (50, 40))), Box(40, 30, 20, 20))
    assert not crosses(Wire(((0, 0), (30, 0), (30, 40))), Box(40, 30, 20, 20))
