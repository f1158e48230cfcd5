"""What the films of recurrent layers say and show: arithmetic, lanes and valves, several cells, what is left out."""

from __future__ import annotations

from typing import Any

import pytest

from layeranim import theme
from layeranim.engine.trace import Trace
from layeranim.stories.stage.plans import HistoryPlan, LanesPlan, TallyPlan, TextPlan
from layeranim.stories.stage.verbs import Fill, Flow, Frame, Lead, Reach, Sweep, Tell
from layeranim.stories.storyboard import Address, Storyboard, plain

from .conftest import Case

KINDS = ("rnn", "gru", "lstm")
SHORT = {"input": "random:4x2", "hidden": 2}


def told(name: str, **options: Any) -> tuple[Trace, Storyboard]:
    work = Case(name, options, name).work()
    trace = work.trace()
    return trace, work.storyboard(trace)


def captions(name: str, **options: Any) -> list[str]:
    return [
        plain(b.caption).replace("\u2009", "").replace(" · ", "·")
        for b in told(name, **options)[1].beats
        if b.kind == "step"
    ]


def said(board: Storyboard) -> str:
    return " ".join(plain(line) for line in board.lines())


def lanes(board: Storyboard) -> LanesPlan:
    (plan,) = [plan for plan in board.parts["stage"] if isinstance(plan, LanesPlan)]
    return plan


# ── words ────────────────────────────────────────────────────────────────────
def test_the_first_step_of_an_lstm_is_told_gate_by_gate() -> None:
    assert captions("lstm")[:6] == [
        "f_1 = σ(0·0 + 2·0.25 + 0·1.00 + (−8)·1.00 + 4) = 0.03",
        "i_1 = σ(8·1.00 + (−4) + 3 zeros) = 0.98",
        "g_1 = tanh(2·1.00 + 0 + 3 zeros) = 0.96",
        "c_1 = 0.03·(−0.50) + 0.98·0.96 = 0.93",
        "o_1 = σ((−8)·1.00 + (−4) + 3 zeros) ≈ 0.00",
        "h_1 = 0.00·0.73 ≈ 0.00",
    ]


def test_two_directions_of_three_units_stand_beside_each_other_in_numerals() -> None:
    _, board = told("lstm", bidirectional=True, hidden=3)
    assert all(grid.numeral for grid in board.grids.values())


def test_a_later_step_of_an_lstm_says_memory_and_state() -> None:
    assert captions("lstm")[6] == "c_1 = 1.00·0.93 + 0.02·(−0.96) = 0.91,   h_1 = 0.02·0.72 = 0.01"


def test_the_new_state_of_a_gru_is_made_of_two_shares() -> None:
    assert captions("gru")[5] == "h_1 = 0.02·0.50 + 0.98·0.76 ≈ 0.76"


def test_a_peephole_is_a_product_of_its_own() -> None:
    options = {"input": "1 0", "hidden": 2, "weight_peephole": "3 0; 2 0; 1 0", "initial_cell": "-0.5 0"}
    assert "2·(−0.50)" in captions("lstm", **options)[0]
    assert "its peephole sees c" in said(told("lstm", **options)[1])


def test_a_projection_shows_what_it_reads() -> None:
    trace, board = told("lstm", input="random:2x2", hidden=4, projection=2)
    shown = next(b for b in board.beats if plain(b.caption).startswith("u_1 = "))
    assert shown.caption[-1].source == Address("unprojected", (0, 0, 0))
    assert plain(board.beats[board.beats.index(shown) + 1].caption).startswith("h_1 = ")
    assert "unprojected" in {station.tensor for station in lanes(board).stations}
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


def test_what_is_no_number_is_not_told_as_a_choice_of_the_gates() -> None:
    for name in KINDS:
        _, board = told(name, input="nan 1; 1 1; 0 0", hidden=2)
        notes = [plain(b.note) for b in board.beats if b.kind == "step" and "NaN" in plain(b.caption)]
        assert any(notes)
        assert not [n for n in notes if any(word in n for word in ("forget", "write the", "read:", "keep "))]


# ── the opened cell ──────────────────────────────────────────────────────────
def flows(board: Storyboard, beat: int) -> list[Flow]:
    return [verb for group in board.beats[beat].verbs for verb in group if isinstance(verb, Flow)]


@pytest.mark.parametrize(
    ("name", "gates"),
    [
        ("lstm", ["forget_gate", "output_gate", "input_gate"]),
        ("gru", ["update_gate", "reset_gate", "update_complement"]),
    ],
)
def test_gates_are_valves_that_are_open_as_far_as_their_number_says(name: str, gates: list[str]) -> None:
    trace, board = told(name)
    plan = lanes(board)
    assert [station.tensor for station in plan.stations if station.kind == "valve"] == gates
    found = 0
    for i, beat in enumerate(board.beats[1:-1], 1):
        for verb in flows(board, i):
            for reading in verb.readings:
                station = plan.stations[reading.station]
                if station.kind == "valve":
                    found += 1
                    assert reading.open == pytest.approx(trace[station.tensor][0, beat.units[0], 0])
    assert found >= len(gates) * trace.size("time")


def test_a_pipe_behind_a_valve_is_as_wide_as_what_the_valve_lets_through() -> None:
    trace, board = told("lstm")
    plan = lanes(board)
    wide = {plan.pipes[s.pipe].tensor: s.width for verb in flows(board, 4) for s in verb.streams}
    wide |= {plan.pipes[s.pipe].tensor: s.width for verb in flows(board, 1) for s in verb.streams}
    wide |= {plan.pipes[s.pipe].tensor: s.width for verb in flows(board, 3) for s in verb.streams}
    at = {name: abs(float(trace[name][0, 0, 0])) for name in ("previous_cell", "kept", "candidate", "written")}
    assert sorted(at, key=at.__getitem__) == sorted(at, key=wide.__getitem__)
    assert wide["kept"] < 4 < wide["written"]


def test_the_sum_of_a_plain_cell_counts_while_its_terms_arrive() -> None:
    _, board = told("rnn")
    assert any(isinstance(plan, TallyPlan) for plan in board.parts["stage"])
    (tally,) = [v for group in board.beats[1].verbs for v in group if isinstance(v, Tell)]
    assert [plain(line) for line in tally.lines] == ["0.25", "2.25", "2.25"]


@pytest.mark.parametrize(("name", "tensor"), [("rnn", "hidden"), ("gru", "hidden"), ("lstm", "cell")])
def test_a_curve_of_the_followed_unit_grows_step_by_step(name: str, tensor: str) -> None:
    trace, board = told(name)
    (plan,) = [plan for plan in board.parts["stage"] if isinstance(plan, HistoryPlan)]
    assert plan.tensor == tensor
    assert len(plan.points) == trace.size("time")
    reached = [v.last for beat in board.beats for group in beat.verbs for v in group if isinstance(v, Reach)]
    assert reached == sorted(reached)
    assert reached[-1] == trace.size("time") - 1


# ── several cells ────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("options", "begins"),
    [
        ({"layers": 2}, ["layer 2 reads the states of layer 1"]),
        ({"layers": 2, "steps": "5-8"}, ["layer 2 reads the states of layer 1"]),
        ({"bidirectional": True}, ["the same inputs from the last step"]),
        ({"layers": 2, "bidirectional": True, "steps": "5-16"},
         ["the same inputs", "layer 2 reads the states of layer 1", "the states of layer 1 from the last step"]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", KINDS)
def test_it_says_what_the_next_cell_reads(name: str, options: dict[str, Any], begins: list[str]) -> None:
    _, board = told(name, **SHORT, **options)
    assert plain(board.beats[0].caption).endswith("each with the same weights at every step")
    said_so = [b for b in board.beats if "of its own" in plain(b.note) and b.kind == "step"]
    assert min(2, len(begins)) <= len(said_so) <= len(begins), "the last ones only where there is time"
    for beat, words in zip(said_so, begins, strict=False):
        assert plain(beat.note).startswith(words)
        assert beat.ticks * theme.TICK_MS / 1000 >= 0.9, "time to read it"


@pytest.mark.parametrize("name", KINDS)
def test_a_cell_reads_the_states_of_all_cells_below_at_its_step(name: str) -> None:
    _, board = told(name, **SHORT, layers=2, bidirectional=True)
    beat = next(b for b in board.beats if plain(b.place) == "t = 2,  layer 2,  backward")
    verbs = [v for group in beat.verbs for v in group]
    framed = {v.part: v.blocks[0][2] for v in verbs if isinstance(v, Frame) and v.role == "focus"}
    assert {name: at for name, at in framed.items() if name.startswith("layer0")} == {
        "layer0.forward.hidden": 1, "layer0.backward.hidden": 1}  # fmt: skip
    made = {v.part: v.blocks[0][2] for v in verbs if isinstance(v, Frame) and v.role == "result"}
    assert made == {"layer1.backward.hidden": 1}
    assert [v.part for v in verbs if isinstance(v, Lead)] == ["layer1.backward.hidden"] * 2


@pytest.mark.parametrize("name", KINDS)
def test_what_is_read_backwards_is_written_backwards(name: str) -> None:
    _, board = told(name, **SHORT, bidirectional=True)
    order = [plain(b.place).split(",")[0] for b in board.beats if "backward" in plain(b.place)]
    assert list(dict.fromkeys(order)) == ["t = 4", "t = 3", "t = 2", "t = 1"]


def test_the_memories_of_two_cells_are_drawn() -> None:
    def memories(**options: Any) -> list[str]:
        return [n for n, g in told("lstm", **SHORT, **options)[1].grids.items() if g.tensor.endswith("cell")]

    assert memories(layers=2) == ["layer0.cell", "layer1.cell"]
    assert memories(bidirectional=True) == ["forward.cell", "backward.cell"]
    assert memories(layers=3) == []


# ── what is left out is said ─────────────────────────────────────────────────
def test_layers_and_sequences_that_are_not_drawn_are_named() -> None:
    text = plain(told("rnn", input="random:3x40x2", hidden=2, layers=8)[1].parameters)
    assert "5 of 8 cells drawn" in text
    assert "sample 1 of 3" in text


def test_what_has_no_room_beside_the_title_stands_under_it() -> None:
    options = {"hidden": 200, "layers": 9, "bidirectional": True, "title": "Nine layers in both directions, of a film"}
    _, board = told("rnn", input="random:3x6x64", **options)
    said = plain(board.parameters)
    assert said.startswith("input 64,  hidden 200,  9 layers,  bidirectional,  sample 1 of 3,  5 of 18 cells drawn")
    assert " ".join(said.split()) in board.alt


def test_zeros_after_a_sequence_are_named() -> None:
    _, board = told("gru", input="random:2x5x2", hidden=2, lengths="3 5")
    assert "length 3 of 5" in plain(board.parameters)
    assert "output 5×2, zeros after step 3" in said(board)
    assert board.total == board.grids["input"].cols == 3


# ── tokens and answers ───────────────────────────────────────────────────────
def names_over(board: Storyboard, grid: str) -> list[str]:
    return [plain(p.line) for p in board.parts["stage"] if isinstance(p, TextPlan) and p.name.startswith(f"{grid}:col")]


def test_tokens_name_the_steps_and_their_number() -> None:
    trace, board = told("lstm", tokens="mary had a little lamb", input_size=3, hidden=2)
    assert trace["input"].shape == (1, 5, 3)
    assert names_over(board, "input") == ["mary", "had", "a", "little", "lamb"]
    assert plain(board.beats[1].place) == "t = 1,  mary"
    with pytest.raises(Exception, match="5 by option tokens"):
        told("lstm", tokens="mary had a little lamb", input="random:4x3")


@pytest.mark.parametrize("bidirectional", [False, True])
def test_the_answer_of_the_end_is_said_and_shown(bidirectional: bool) -> None:
    options = {"hidden": 3, "classes": 4, "mode": "many-to-one", "bidirectional": bidirectional}
    _, board = told("gru", input="random:5x2", **options)
    assert board.grids["probabilities"].cols == 4
    answer = board.beats[-2]
    assert plain(answer.caption).startswith("y = softmax(V h + b)")
    assert len([run for run in answer.caption if isinstance(run.source, Address)]) == 4
    assert "y 4" in plain(board.beats[-1].caption)


@pytest.mark.parametrize("name", KINDS)
def test_a_long_sequence_is_swept_over_in_both_directions(name: str) -> None:
    from layeranim.stories.stage.verbs import Sweep

    _, board = told(name, input="random:60x2", hidden=2, bidirectional=True)
    sweeps = [v for b in board.beats for group in b.verbs for v in group if isinstance(v, Sweep)]
    ways = {(v.part, v.first <= v.last) for v in sweeps if v.first != v.last}
    assert {("forward.hidden", True), ("backward.hidden", False)} <= ways
    assert not any(part.startswith("backward") == forward for part, forward in ways)


@pytest.mark.parametrize("name", KINDS)
def test_answers_that_are_made_all_at_once_do_not_pass_with_the_steps(name: str) -> None:
    _, board = told(name, input="random:60x3", hidden=2, classes=2)
    showing = [beat.kind for beat in board.beats for phase in beat.verbs for verb in phase
               if isinstance(verb, Fill | Sweep) and verb.part == "probabilities"]  # fmt: skip
    assert showing == ["act"]


def test_two_terms_are_written_both_however_little_time_there_is() -> None:
    said = captions("lstm", input="random:30x12", hidden=64, classes=4, mode="many-to-one", show="units=1")
    assert said[0].endswith("(−0.11) of 76 others) = 0.67")
    assert said[3].startswith("c_1 = 0.67·0 + 0.79·(−0.97)")
