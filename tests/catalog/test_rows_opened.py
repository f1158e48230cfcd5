"""What opened layers of a row say: every number on the way to the last, in words of the field, once."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import layeranim as la
from layeranim.engine.links import Link, text
from layeranim.errors import OptionError, ShapeError
from layeranim.stories.stage.plans import CurvePlan, TextPlan
from layeranim.stories.storyboard import Storyboard, plain

from . import rows


def told(**options: Any) -> Storyboard:
    return la.storyboard("sequential", **options)


def captions(board: Storyboard) -> list[str]:
    return [plain(beat.caption).replace("\u2009", " ") for beat in board.beats]


def places(board: Storyboard) -> list[str]:
    return [plain(beat.place) for beat in board.beats if beat.kind == "step"]


def headings(board: Storyboard) -> set[str]:
    plans = (*board.grids.values(), *board.parts["stage"])
    return {plain(plan.heading) for plan in plans if getattr(plan, "heading", ())}


def number(written: str) -> float:
    return float(written.replace("−", "-").strip("()"))


def states(kind: str, layers: str = "1", both: str = "false", batch: int = 1) -> str:
    """A recurrent layer alone, over four steps of two numbers."""
    given = ("weight_input", "weight_hidden", "bias_input", "bias_hidden")
    names = given if (layers, both) == ("1", "false") else tuple(
        f"layer{k}.{way}.{one}" for k in range(int(layers)) for way in ("forward", "backward") for one in given
    )  # fmt: skip
    options = {"hidden": "3", "layers": layers, "bidirectional": both}
    return text([Link("r", kind, options, (batch, 4, 2), (0, 1, 2), (batch, 4, 2), names)])


# ── softmax ──────────────────────────────────────────────────────────────────
def test_an_opened_softmax_has_the_winner_the_difference_and_the_largest_power() -> None:
    board = told(opened="softmax", steps="7-11")
    largest, less, power, total, share = captions(board)[-6:-1]
    top = re.fullmatch(r"max = max\((.*)\) = (\S+)", largest)
    assert top
    assert top[2] in top[1].split(", ")
    assert less == f"difference = {top[2]} − {top[2]} = 0"
    assert power == "power = e^0 = 1.00"
    assert re.match(r"total = 1\.00 \+ ", total)
    assert re.match(r"softmax = 1\.00 / 1\.08 ", share)
    assert "scaled" not in " ".join(captions(board))
    assert "z − max" in headings(board)


def test_a_temperature_is_an_act_where_it_is_one() -> None:
    warm = text([Link("s", "softmax", {"temperature": "2"}, (1, 3), (0, 1), (1, 3))])
    said = captions(told(layers=warm, opened="1", input=[[1.0, 2.0, 5.0]]))
    assert "scaled = 5.00 / 2 = 2.50" in said
    assert "difference = 2.50 − 2.50 = 0" in said


@pytest.mark.parametrize("opened", [None, "2"])
def test_small_shares_have_decimals_that_count_and_the_same_ones_at_the_end(opened: str | None) -> None:
    given: dict[str, Any] = {"layers": rows.flat(4, 300, end="softmax"), "input": [[0.01, 0.02, 0.0, 0.01]]}
    board, best = told(**given, opened=opened), la.trace("sequential", **given)["output"].max()
    share, end = (said.rpartition(" ")[2] for said in captions(board)[-2:])
    assert share == end
    assert number(share) == pytest.approx(best, rel=0.06)


def test_without_decimals_a_share_is_neither_0_nor_1() -> None:
    board = told(layers=rows.TINY, precision=0, input=[[0.1, 0.1]])
    assert 0 < number(captions(board)[-1].rpartition(" ")[2]) < 1


def test_what_is_no_number_is_no_share() -> None:
    board = told(layers=rows.TINY, input=[[float("nan"), 1.0]])
    assert "softmax = NaN / NaN = NaN" in captions(board)
    lost = rows.flat(2, 1)
    for row in ([1.0, -1e-9], [-1e-9, float("inf")]):
        one = told(layers=lost, input=[[float("inf"), 1.0]], **{"d0.weight": [row], "d0.bias": [float("-inf")]})
        assert not any("≈ NaN" in said for said in captions(one))
    assert "shares" not in " ".join(plain(beat.note) for beat in board.beats)


# ── layers with a state ──────────────────────────────────────────────────────
@pytest.mark.parametrize("kind", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize(("layers", "both"), [("1", "false"), ("2", "true")])
def test_the_last_number_of_a_state_is_made_of_what_was_told_before_it(kind: str, layers: str, both: str) -> None:
    board = told(layers=states(kind, layers, both), opened="1", input=np.sin(np.arange(8.0)).reshape(1, 4, 2))
    said = [one for one in captions(board) if one.startswith((kind.upper(), "RNN")) and (" = " in one or "≈" in one)]
    made = re.fullmatch(r"\w+ = (.*) [=≈] (\S+)", said[-1])
    assert made
    asked = {"rnn": r"tanh\((\S+)\)", "gru": r"(\S+) · (\S+)(?: \+ (\S+) · (\S+))?", "lstm": r"(\S+) · (\S+)"}[kind]
    found = re.fullmatch(asked, made[1])
    assert found, made[1]
    a = [number(one) for one in found.groups("0")]
    value = {"rnn": lambda: np.tanh(a[0]), "gru": lambda: a[0] * a[1] + a[2] * a[3], "lstm": lambda: a[0] * a[1]}[kind]
    assert value() == pytest.approx(number(made[2]), abs=0.02)
    before = " ".join(captions(board)[:-2])
    if kind == "lstm":
        assert {"cell", "tanh(cell)"} <= {one.partition(",")[0] for one in headings(board)}
        assert f"tanh(cell) = tanh({re.findall(r' cell = .*? [=≈] (.*?) ', before)[0]})" in before
    assert not re.search(r"hidden_?\s?pre|folded|layer\d|entry", before + " ".join(headings(board)))


def test_no_number_is_told_twice_and_none_by_a_name_of_the_engine() -> None:
    board = told(example="sums", opened="2,3")
    right = [said.partition(" = ")[2] for said in captions(board) if " = " in said]
    assert len(right) == len(set(right))
    assert [said.partition(" ")[0] for said in captions(board)[1:5]] == ["RNN", "sum", "RNN", "dense"]
    assert all(grid.numeral for grid in board.grids.values())


def test_one_sequence_of_torch_comes_out_as_torch_gives_it() -> None:
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    model, x = torch.nn.Sequential(torch.nn.LSTM(2, 3)), torch.randn(5, 2)
    trace = la.from_torch(model, x)
    np.testing.assert_allclose(trace["output"], model(x)[0].detach().numpy(), rtol=1e-5)
    board = la.storyboard(trace, opened=[1])
    assert "5×2 → 5×3" in plain(board.parameters)
    assert re.search(r"row \d, column \d = ", captions(board)[-1])
    assert not any("entry" in one for one in headings(board))
    assert any(one.startswith("forget gate, step ") for one in headings(board))


# ── what computes nothing ────────────────────────────────────────────────────
def test_an_identity_says_that_nothing_changes() -> None:
    same = text([Link("a", "activation", {"activation": "linear"}, (1, 3), (0, 1), (1, 3))])
    board = told(layers=same, input=[[1.0, 2.5, -1.0]])
    assert captions(board)[1] == "2.50 stays 2.50"
    assert plain(board.beats[1].note) == "no number changes"
    assert places(board) == ["1 identity, a"]


def test_an_opened_flatten_shows_the_map_that_the_number_comes_from() -> None:
    board = told(opened="flatten", steps="6-8")
    assert {"map 8", "place 31"} <= headings(board)
    assert any(grid.tensor == "pool2.output" and grid.numeral and (grid.rows, grid.cols) == (2, 2)
               for grid in board.grids.values())  # fmt: skip


def test_a_map_of_one_axis_has_places_and_no_rows() -> None:
    flat = text([
        Link("c", "conv1d", {"filters": "2", "kernel_size": "2"}, (1, 1, 4), (0, 1, 2), (1, 1, 4), ("kernel",)),
        Link("f", "flatten", {}, (1, 2, 3), (0, 1, 2), (1, 2, 3, 1)),
    ])  # fmt: skip
    said = captions(told(layers=flat))[2]
    assert re.fullmatch(r"\S+ of map \d, place \d goes to place \d of 6", said), said


# ── words ────────────────────────────────────────────────────────────────────
def test_words_stand_beside_their_ids_and_every_place_counts_from_one() -> None:
    board = told(example="words")
    drawn = [plain(plan.line) for plan in board.parts["stage"] if isinstance(plan, TextPlan)]
    assert {"the", "cat", "sat", "down"} <= set(drawn)
    assert captions(board)[1] == "down is id 3, row 4 of the table: 1.20 in column 1"
    assert "row 4 (down), column 4" in captions(board)[-1]


def test_other_ids_have_their_own_words() -> None:
    other, fewer = (told(example="words", input=ids) for ids in ([3, 1, 0, 0], [2, 2]))
    drawn = [plain(plan.line) for plan in other.parts["stage"] if isinstance(plan, TextPlan)]
    assert [one for one in drawn if one.isalpha()] == ["down", "cat", "the", "the"]
    assert captions(fewer)[1].startswith("id 2, row 3 of the table: ")


# ── what stands there ────────────────────────────────────────────────────────
@pytest.mark.parametrize(("opened", "size"), [("4,8", "720x720"), ("9", "1280x720"), ("7,1", "405x720")])
def test_the_classes_keep_their_names_and_the_header_says_what_is_not_opened(opened: str, size: str) -> None:
    board = told(opened=opened, size=size)
    drawn = {plain(plan.line) for plan in board.parts["stage"] if isinstance(plan, TextPlan)}
    assert set(map(str, range(10))) <= drawn
    names = ["conv1", "relu1", "pool1", "conv2", "relu2", "pool2", "flatten", "dense", "softmax"]
    held = " ".join(board.grids) + " ".join(getattr(plan, "name", "") for plan in board.parts["stage"])
    said = re.findall(r"(?<!not )(?<=  )([\d, ]+) opened", plain(board.parameters).replace("\n", "  "))
    shut = re.findall(r"([\d, ]+) not opened: no room", plain(board.parameters))
    told_of = {int(k) for one in said for k in re.findall(r"\d+", one)}
    kept_out = {int(k) for one in shut for k in re.findall(r"\d+", one)}
    assert told_of | kept_out == {int(k) for k in opened.split(",")}
    inside = {"conv": "kernel", "dense": "weight", "softmax": "total", "flatten": "output:tally"}
    for k in told_of:
        kind = inside[names[k - 1].rstrip("12")]
        assert f"{names[k - 1]}.{kind}" in held


def test_the_poster_of_a_preset_is_the_same_unit_on_every_canvas() -> None:
    for size in ("1280x720", "720x720"):
        board = told(example="opened", size=size)
        beat = next(one for one in board.beats if one.start <= board.poster < one.end)
        assert plain(beat.place) == "4 conv, filter 8"


def test_the_stage_that_learned_most_stands_alone() -> None:
    assert "4 conv, conv2" in places(told(opened="7"))


def test_names_that_are_only_numbers_are_not_said() -> None:
    link = Link("0.1", "activation", {"activation": "relu"}, (1, 2), (0, 1), (1, 2))
    assert places(told(layers=text([link]))) == ["1 ReLU"]


def test_an_opened_curve_has_a_name_and_shows_where_it_bends() -> None:
    bent = text([Link("s", "activation", {"activation": "sigmoid"}, (1, 2), (0, 1), (1, 2))])
    board = told(layers=bent, opened="1", input=[[-0.1, 0.2]])
    (curve,) = (plan for plan in board.parts["stage"] if isinstance(plan, CurvePlan))
    ticks = [number(plain(tick.line)) for tick in curve.across]
    assert plain(curve.heading) == "sigmoid"
    assert min(ticks) <= -2
    assert max(ticks) >= 2


# ── other lengths, refusals ──────────────────────────────────────────────────
@pytest.mark.parametrize("given", [[1, 2, 3], [[1], [2], [3]], [[[1], [2], [3]]]])
def test_a_layer_with_a_state_reads_any_length(given: Any) -> None:
    trace = la.trace("sequential", example="sums", input=given)
    assert trace["output"].ravel().tolist() == [2, 8, 20]


def test_other_numbers_of_samples_and_steps_are_what_torch_gives() -> None:
    torch = pytest.importorskip("torch")
    nn = torch.nn
    torch.manual_seed(1)
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(2, 2)).eval()
    lstm = nn.Sequential(nn.LSTM(2, 3)).eval()
    for net, x, y in (
        (model, torch.rand(1, 1, 4, 4), torch.rand(3, 1, 4, 4)),
        (lstm, torch.rand(5, 2), torch.rand(2, 2)),
    ):
        trace = la.from_torch(net, x)
        held: Any = {name: t.array for name, t in trace.tensors.items() if t.role == "weight" and not t.is_recipe}
        again = la.trace("sequential", layers=vars(trace.config)["layers"], input=y.numpy(), **held)
        wanted = net(y)
        wanted = wanted[0] if isinstance(wanted, tuple) else wanted
        np.testing.assert_allclose(again["output"], wanted.detach().numpy(), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    "given", [np.ones((1, 1, 5, 5)), np.ones((1, 2, 8, 8)), np.ones((2, 8)), np.ones((1, 1, 1, 8, 8))]
)
def test_what_the_weights_do_not_fit_is_refused_as_before(given: Any) -> None:
    with pytest.raises(ShapeError, match=r"must be 1×1×8×8 \(as the first layer reads it\)"):
        la.trace("sequential", input=given)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ('[["a","dense",{"units":3}]]', "layer 1 has 3 of these 7"),
        ('{"a": 1}', "it is an object"),
        ("[3]", "layer 1 is a number"),
        ('[["a","dense",3,[1],[0],[1],[]]]', "options of layer 1 is a number, but must be an object"),
    ],
)
def test_a_row_that_is_none_is_refused_in_plain_words(given: str, says: str) -> None:
    with pytest.raises(OptionError, match=re.escape(says)) as error:
        told(layers=given)
    assert not re.search(r"unpack|NoneType|object is not", str(error.value))
