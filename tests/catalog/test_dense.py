"""What the films of neurons, dense layers and dropout say and show: arithmetic, arrangement, masks, the mean."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
import pytest

from layeranim.engine.trace import Trace
from layeranim.stories.dense.presets import IMAGE
from layeranim.stories.stage.plans import ChipPlan, NetPlan, PlanePlan, ThinnedPlan
from layeranim.stories.stage.verbs import Fill, Ghost, NodeFill, Wiring
from layeranim.stories.storyboard import Address, Cells, Line, Storyboard, plain

from .conftest import Case

Kind = TypeVar("Kind")


def told(name: str, **options: Any) -> tuple[Trace, Storyboard]:
    work = Case(name, options, name).work()
    trace = work.trace()
    return trace, work.storyboard(trace)


def captions(name: str, kind: str = "step", **options: Any) -> list[str]:
    return [plain(b.caption).replace("\u2009", "") for b in told(name, **options)[1].beats if b.kind == kind]


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("neuron", {}, "1·0 + 1·0 + (−1.50) = −1.50"),
        ("neuron", {"activation": "linear"}, "1·0 + 1·0 + (−1.50) = −1.50"),
        ("dense", {}, "1.00·1.50 + (−2.00)·0.50 + 0.50·1.00 + 0.50 = 1.50  ReLU → 1.50"),
        ("dense", {"input": "1 2", "weight_values": "3 4; 5 6"}, "1·3 + 2·4 = 11"),
        ("dense", {"input": "0.124 2", "weight_values": "0.124 0; 1 1"}, "0.12·0.12 + 2.00·0 ≈ 0.02"),
        ("dropout", {}, "kept:  1.90·1 = 1.90"),
        ("dropout", {"input": "3 9", "mask": "0 0"}, "dropped:  9·0 = 0"),
        ("dropout", {"input": "3", "mode": "weight-scaling", "mask": "1"}, "kept:  3.00·1 = 3.00"),
        ("dropout", {"input": "nan", "mask": "0"}, "dropped:  NaN is left out → 0"),
        ("dropout", {"input": "3", "mode": "alpha", "mask": "0"}, "dropped:  3.00 → −1.76"),
    ],
)
def test_the_first_caption_carries_the_arithmetic(name: str, options: dict[str, Any], said: str) -> None:
    assert captions(name, **options)[0] == said


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"input": "3", "rate": 0.25, "mask": "1"}, "3 / (1 − 0.25) = 4"),
        ({"input": "1", "rate": 0.7, "mask": "1"}, "1.00 / (1 − 0.7) = 3.33"),
        ({"input": "1.005", "rate": 0.5, "mask": "1"}, "1.00 / (1 − 0.5) ≈ 2.01"),
        ({"input": "3", "mode": "alpha", "mask": "1"}, "0.89·3.00 + 0.78 ≈ 3.44"),
    ],
)
def test_what_is_kept_grows(options: dict[str, Any], said: str) -> None:
    assert captions("dropout", **options)[1] == said


def plan(board: Storyboard, kind: type[Kind]) -> Kind:
    """The part of a stage that is of that kind."""
    return next(part for part in board.parts["stage"] if isinstance(part, kind))


# ── one neuron ───────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    "options", [{}, {"input_size": 7}, {"precision": 4}, {"input": "random:3x300"}, {"input": "random:200x2"}]
)
def test_a_neuron_stays_a_neuron(options: dict[str, Any]) -> None:
    """Whatever its numbers: its inputs as nodes, the first ones and the last of many, their weights on the edges."""
    trace, board = told("neuron", **options)
    net, inputs = plan(board, NetPlan), trace["input"].shape[1]
    assert net.picked == (tuple(range(inputs)) if inputs <= 7 else (0, 1, 2, 3, 4, inputs - 1))
    assert [edge.label[0].source for edge in net.edges] == [Address("weight", (0, i)) for i in net.picked]
    assert bool(net.gaps) == (inputs > 7)
    assert len({net.node(False, k).x for k in range(len(net.lower))}) == 1


@pytest.mark.parametrize("activation", ["step", "sigmoid", "relu", "gelu-tanh"])
def test_an_activation_is_drawn_as_its_curve(activation: str) -> None:
    chip = plan(told("neuron", activation=activation)[1], ChipPlan)
    heights = [y for _, y in chip.curve]
    assert len(heights) > 50
    assert chip.box.bottom < min(heights) < max(heights) < chip.box.y
    assert heights[-1] == max(heights)


def test_the_sum_counts_on_while_its_terms_arrive() -> None:
    _, board = told("neuron", example="sigmoid")
    step = next(beat for beat in board.beats if beat.kind == "step")
    assert [name for name, _ in step.phases] == ["look", *["term"] * 4, "land", "read"]
    shown = [v.lines[0] for group in step.verbs[1:-2] for v in group if isinstance(v, NodeFill)]
    assert [plain(line) for line in shown] == ["0.40", "−1.40", "−1.72", "0.48"]
    lit = [len(v.edges) for group in step.verbs[1:-2] for v in group if isinstance(v, Wiring)]
    assert lit == [1, 1, 1, 1]


def test_the_opening_previews_the_results() -> None:
    opening = told("neuron")[1].beats[0]
    assert [name for name, _ in opening.phases] == ["ghost", "empty"]
    assert any(isinstance(verb, Ghost) and verb.part == "output" for verb in opening.verbs[0])


@pytest.mark.parametrize(
    ("weights", "bias", "cut"), [("1 1", -1.5, 2), ("1 0", -0.5, 2), ("0 0", -1, 0), ("0 0", 1, 0), ("-2 1", 0, 2)]
)
def test_the_line_in_the_plane_is_where_the_sum_is_0(weights: str, bias: float, cut: int) -> None:
    _, board = told("neuron", input="0 0; 0 1; 1 0; 1 1", weight_values=weights, bias_values=str(bias))
    plane, (a, b) = plan(board, PlanePlan), map(float, weights.split())
    origin, one = plane.points[0], plane.points[3]
    scale = one[0] - origin[0], one[1] - origin[1]

    def height(p: tuple[float, float]) -> float:
        return a * (p[0] - origin[0]) / scale[0] + b * (p[1] - origin[1]) / scale[1] + bias

    assert len(plane.line) == cut
    assert np.allclose([height(p) for p in plane.line], 0, atol=1e-9)
    assert all(height(p) > -1e-9 for p in plane.side)
    assert bool(plane.side) == (cut == 2 or bias > 0)


@pytest.mark.parametrize("options", [{"input": "random:3x3"}, {"input": "nan 1; 0 1"}, {"input": "random:200x2"}])
def test_there_is_a_plane_only_of_a_few_samples_of_two_numbers(options: dict[str, Any]) -> None:
    _, board = told("neuron", **options)
    assert not [part for part in board.parts["stage"] if isinstance(part, PlanePlan)]


@pytest.mark.parametrize(
    ("options", "unit"), [({}, 3), ({"example": "majority"}, 2), ({"input": "0 0; 0 1; 1 0; 1 1"}, 0)]
)
def test_a_preset_names_the_sample_that_is_followed(options: dict[str, Any], unit: int) -> None:
    _, board = told("neuron", **options)
    assert next(beat for beat in board.beats if board.poster < beat.end).units == range(unit, unit + 1)


# ── layers ───────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("options", "shown"),
    [
        ({}, {"weight", "input", "bias", "z", "y"}),
        ({"example": "digits"}, {"input", "weight", "products", "bias", "z", "y"}),
        ({"input": "random:40", "units": 30}, {"lens:input", "lens:weight", "lens:products", "one"}),
    ],
)
def test_the_arrangement_follows_the_size(options: dict[str, Any], shown: set[str]) -> None:
    _, board = told("dense", **options)
    assert shown <= board.grids.keys()
    assert (board.parts["dense"].network is not None) == (not options)


def test_edges_have_the_sign_and_size_of_their_weights() -> None:
    _, board = told("dense", input="1 1 1", weight_values="4 -2 0; 1 1 1")
    edges = board.parts["dense"].network.edges(0)
    assert [(e.role, e.width, e.text) for e in edges] == [
        ("positive", 6.0, "4"),
        ("negative", 4.0, "−2"),
        ("grid", 2.0, "0"),
    ]


def test_the_lens_shows_the_largest_products() -> None:
    trace, board = told("dense", input="random:40", units=30)
    products = np.abs(trace["products"][0, 7])
    changing = board.parts["dense"].acts(7).multiply[2][1]
    assert [abs(int(text.replace("−", "-"))) for text in changing.texts.ravel()] == sorted(products)[::-1][:5]


def test_the_bundled_layer_reads_its_digit() -> None:
    trace, board = told("dense", example="digits")
    assert IMAGE >= 1500  # not among the images it learnt from
    assert trace["output"].argmax() == 3
    assert plain(board.beats[-1].caption).endswith("read as a 3")


def shown(board: Storyboard, part: str) -> Cells:
    """What a part holds at the end of the film."""
    verbs = [verb for beat in board.beats for group in beat.verbs for verb in group]
    filled = [v for v in verbs if isinstance(v, (Fill, NodeFill)) and v.part == part and not getattr(v, "pale", False)]
    found: Cells = filled[-1].cells
    return found


def test_dropped_units_are_dashed_and_cut_off() -> None:
    _, board = told("dropout", example="slugnet")
    assert ghosts(board, "output:0:thinned") == [False, True, False, False, True]
    assert [part.name for part in board.parts["stage"] if isinstance(part, ThinnedPlan)] == [
        *(f"output:{d}:thinned" for d in range(5)), "inference:thinned"]  # fmt: skip
    assert shown(board, "inference:thinned").ghost is None
    _, board = told("dropout", example="slugnet", view="matrix")
    assert not [part for part in board.parts["stage"] if isinstance(part, ThinnedPlan)]
    assert ghosts(board, "output:0") == [False, True, False, False, True]


def ghosts(board: Storyboard, part: str) -> list[bool]:
    ghost = shown(board, part).ghost
    assert ghost is not None
    return ghost.ravel().tolist()


@pytest.mark.parametrize("draws", [1, 2, 3, 7, 40])
@pytest.mark.parametrize("view", ["matrix", "network"])
def test_draws_stand_side_by_side_and_the_last_place_holds_all_that_are_left(draws: int, view: str) -> None:
    trace, board = told("dropout", input="0.5 1.5 -2", rate=0.5, draws=draws, view=view)
    names = {verb.part for beat in board.beats for group in beat.verbs for verb in group}
    places = sorted(name for name in names if name.startswith("output"))
    assert len(places) == min(draws, 5)
    last = places[-1]
    assert ghosts(board, last) == (trace["mask"][draws - 1, 0] == 0).tolist()
    assert ("draws 5" in "".join(map(plain, headings(board)))) == (draws > 5)


def headings(board: Storyboard) -> list[Line]:
    return [grid.heading for grid in board.grids.values()] + [
        part.heading for part in board.parts["stage"] if isinstance(part, ThinnedPlan)]  # fmt: skip


def test_a_mask_falls_in_one_throw() -> None:
    _, board = told("dropout")
    first = next(beat for beat in board.beats if beat.kind == "step")
    (mask,) = [v for group in first.verbs for v in group if isinstance(v, Fill) and v.part.startswith("mask")]
    assert len(mask.where) == 16
    assert [beat.kind for beat in board.beats] == ["open", "step", "step", "act", "close"]


@pytest.mark.parametrize("options", [{}, {"input": "random:12x12", "rate": 0.3}, {"example": "slugnet"}])
def test_training_and_test_both_stand_there_at_the_end(options: dict[str, Any]) -> None:
    _, board = told("dropout", **options)
    filled = {verb.part for beat in board.beats for group in beat.verbs for verb in group if isinstance(verb, Fill)}
    filled |= {v.part for beat in board.beats for g in beat.verbs for v in g if isinstance(v, NodeFill) and not v.pale}
    assert any(part.startswith("output") for part in filled)
    assert any(part.startswith("inference") for part in filled)


def test_the_mean_of_the_draws_is_the_full_output() -> None:
    trace, board = told("dropout", example="slugnet")
    assert np.allclose(trace["mean"], trace["inference"])
    said = captions("dropout", "act", example="slugnet")
    assert said[0] == "mean:  (−1.50 + 0 + 0 + (−1.50) + (−1.50)) / 5 = −0.90"
    poster = next(beat for beat in board.beats if board.poster < beat.end)
    assert plain(poster.caption).replace("\u2009", "") == "−0.90 / (1 − 0.4) = −1.50"
    assert poster.units == range(4, 5)


def test_weight_scaling_makes_units_smaller_at_test_time() -> None:
    said = captions("dropout", "act", input="3 1", mode="weight-scaling", rate=0.25)
    assert said == ["test time:  3.00·(1 − 0.25) = 2.25"]


def test_a_digit_of_the_users_is_one_sample() -> None:
    trace, board = told("dense", example="digits", input="digit:7")
    assert trace["input"].shape == (1, 64)
    said = [plain(line) for beat in board.beats for line in (beat.caption, beat.note)]
    assert board.title == "Dense layer: which digit?"
    assert "64 pixels, 10 units of 64 weights → read as a 7" in said
    assert told("dense", input="digit:7", units=4)[0]["weight"].shape == (4, 64)
    assert told("dense", input=np.zeros((3, 5), np.uint8), units=2)[0]["input"].shape == (3, 5)


def test_the_winning_class_is_explained() -> None:
    trace, board = told("dense", example="digits")
    row = next(beat for beat in board.beats if beat.kind == "row")
    assert plain(row.caption) == "class 3 wins:  z = 5.65,  next class 8 with 3.05   softmax → 0.87"
    framed = board.parts["dense"].finish(row.units[0]).focus
    products = trace["input"][0] * trace["weight"][3]
    places = {(rows[0], cols[0]) for name, rows, cols in framed if name == "products"}
    assert places == {divmod(int(k), 8) for k in np.argsort(-products, kind="stable")[:4]}
    assert {name for name, _, _ in framed} == {"input", "weight", "products"}


@pytest.mark.parametrize(
    "options", [{"rate": 0}, {"input": "random:4x4", "rate": 0}, {"example": "glossary", "rate": 0}]
)
def test_a_printed_mask_gives_way_to_the_users_rate(options: dict[str, Any]) -> None:
    assert told("dropout", **options)[0]["mask"].all()


def test_a_printed_mask_gives_way_to_the_users_input() -> None:
    printed = told("dropout")[0]["mask"]
    assert not np.array_equal(printed, told("dropout", input="random:4x4")[0]["mask"])
    assert not np.array_equal(printed, told("dropout", mask_seed=1)[0]["mask"])
    assert np.array_equal(printed, told("dropout", mode="weight-scaling")[0]["mask"])


def test_a_bias_of_a_preset_comes_with_its_weight_alone() -> None:
    assert told("neuron")[0]["bias"].tolist() == [-1.5]
    assert told("neuron", input="random:6")[0]["bias"].tolist() != [-1.5]


def test_a_draw_that_drops_nothing_is_the_whole_network() -> None:
    said = captions("dropout", "step", input="1 2", rate=0, draws=3, view="network")
    assert "draw 2:  0 of 2 dropped, this time the whole network" in said


def test_what_is_counted_is_what_is_drawn() -> None:
    _, board = told("dropout", example="glossary", view="network")
    said = [plain(beat.caption) for beat in board.beats[-2:]]
    assert said == [
        "test time:  no mask, all 4 units as they are",
        "training: 2 of 4 dropped, the others ×2 → test: all used",
    ]
