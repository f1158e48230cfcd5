"""What the films of neurons, dense layers and dropout say and show: arithmetic, arrangement, masks, the mean."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
import pytest

from layeranim.engine.trace import Region, Trace
from layeranim.stories.stage.plans import BarsPlan, ChipPlan, NetPlan, PlanePlan, TablePlan, ThinnedPlan
from layeranim.stories.stage.verbs import Arrive, Clear, Fill, Frame, Ghost, Grow, NodeFill, Wiring
from layeranim.stories.stored import IMAGE
from layeranim.stories.storyboard import Address, Beat, Cells, Line, Storyboard, plain

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
        ("dense", {}, "1.50·1.00 + 0.50·(−2.00) + 1.00·0.50 + 0.50 = 1.50"),
        ("dense", {"input": "1 2", "weight_values": "3 4; 5 6"}, "3·1 + 4·2 = 11"),
        ("dense", {"input": "0.124 2", "weight_values": "0.124 0; 1 1"}, "0.12·0.12 + 0·2.00 ≈ 0.02"),
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
    """Whatever its numbers: its inputs as nodes (of many the largest products', the first and the last), their weights
    on the edges."""
    trace, board = told("neuron", **options)
    net, inputs = plan(board, NetPlan), trace["input"].shape[1]
    largest = sorted(range(inputs), key=lambda i: -abs(trace["products"][:, 0, i]).max())[:3]
    first = [i for i in range(inputs - 1) if i not in largest][:2]
    assert net.picked == tuple(range(inputs) if inputs <= 7 else sorted([*largest, *first, inputs - 1]))
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
    ("options", "shown", "kinds"),
    [
        ({}, {"weight", "input", "bias", "output"}, {NetPlan, ChipPlan}),
        (
            {"input": "random:8", "units": 8, "activation": "relu"},
            {"weight", "input", "pre_activation", "output"},
            {ChipPlan},
        ),
        ({"example": "digits"}, {"input", "weight", "products"}, {BarsPlan}),
        ({"input": "random:40", "units": 30}, {"input", "weight", "output", "lens:output"}, {TablePlan}),
    ],
)
def test_the_arrangement_follows_the_size(options: dict[str, Any], shown: set[str], kinds: set[type]) -> None:
    _, board = told("dense", **options)
    assert shown <= board.grids.keys()
    here = {type(part) for part in board.parts["stage"]} & {NetPlan, ChipPlan, BarsPlan, TablePlan}
    assert kinds == here


def test_a_layer_of_one_unit_is_a_neuron() -> None:
    layer, neuron = (told(name, input="1 2; 0 1", weight_values="3 -1", units=1)[1] for name in ("dense", "neuron"))
    assert layer.title == "Dense layer"
    assert [plain(beat.caption) for beat in layer.beats] == [plain(beat.caption) for beat in neuron.beats]


def verbs(beat: Beat, kind: type[Kind]) -> list[Kind]:
    return [verb for phase in beat.verbs for verb in phase if isinstance(verb, kind)]


def test_the_largest_products_are_said_and_written() -> None:
    trace, board = told("dense", input="random:40", units=30)
    first = next(beat for beat in board.beats if beat.kind == "step")
    sizes = sorted(np.abs(trace["products"][0, 0]))[::-1][:3]
    (arrive,) = verbs(first, Arrive)
    *rows, others = [[plain(line) for _, line in row] for row in arrive.rows]
    assert [abs(int(row[3].replace("−", "-"))) for row in rows] == sizes
    for place, weight, given, product in [[int(text.replace("−", "-")) for text in row] for row in rows]:
        assert trace["weight"][0, place - 1] == weight
        assert trace["input"][0, place - 1] == given
        assert product == weight * given
    rest = trace["products"][0, 0].sum() - sum(int(row[3].replace("−", "-")) for row in rows)
    assert [others[0], int(others[1].replace("−", "-"))] == ["37 others", rest]
    said = plain(first.caption).replace("\u2009", "").split(" + ")
    rows = sorted(rows, key=lambda row: int(row[0]))
    assert said[:3] == [f"{_factor(row[1], k == 0)}·{_factor(row[2])}" for k, row in enumerate(rows)]
    assert said[3] == f"{_factor(others[1])} of 37 others"
    _, board = told("dense", input="random:40", units=30, show="inputs=1,40")
    (arrive,) = verbs(next(beat for beat in board.beats if beat.kind == "step"), Arrive)
    assert sorted(plain(row[0][1]) for row in arrive.rows) == ["1", "38 others", "40"]
    assert "inputs 1, 40 of 40 written" in plain(board.parameters)


def _factor(text: str, first: bool = False) -> str:
    return f"({text})" if text.startswith("−") else text


def test_products_lie_on_two_heaps_that_come_to_the_sum() -> None:
    trace, board = told("dense", example="digits")
    products = trace["weight"][3] * trace["input"][0]
    poster = next(beat for beat in board.beats if board.poster < beat.end)
    heaps = next(grow for grow in verbs(poster, Grow) if grow.part.endswith(":sides"))
    assert heaps.bars.cells.texts is not None
    above, below, bias, total = (float(text.replace("−", "-")) for text in heaps.bars.cells.texts.ravel())
    assert above == pytest.approx(products[products > 0].sum(), abs=0.005)
    assert below == pytest.approx(products[products < 0].sum(), abs=0.005)
    assert total == pytest.approx(above + below + bias, abs=0.011)
    assert [end > 0 for end in heaps.bars.ends] == [True, False, True, True]
    assert plain(poster.caption) == "for 12.06 + against (−7.71) + bias 1.30 = 5.65"


def test_a_picture_lies_in_rows_and_so_do_its_weights() -> None:
    _, board = told("dense", example="digits")
    given, weight = board.grids["input"], board.grids["weight"]
    assert (given.rows, given.cols, given.joined) == (weight.rows, weight.cols, weight.joined) == (8, 8, True)
    assert given.cells is not None
    assert given.cells.sources is not None
    assert given.cells.sources(2, 5) == Address("input", (0, 21))
    assert given.block(Region.of("input", batch=0, in_features=21)) == (range(2, 3), range(5, 6))
    assert given.block(Region.of("input", batch=0)) == (range(8), range(8))


def test_a_softmax_lands_after_the_last_unit_of_each_sample() -> None:
    trace, board = told("dense", input="random:3x4", units=3, activation="softmax")
    asides = [beat for beat in board.beats if beat.kind == "aside"]
    assert [beat.units[0] for beat in asides] == [2, 5, 8]
    for sample, beat in enumerate(asides):
        assert {trace.steps[at].operation for at in beat.steps} == {"softmax"}
        (fill,) = [fill for fill in verbs(beat, Fill) if fill.part == "output"]
        assert fill.cells.sources is not None
        assert [fill.cells.sources(*at) for at in fill.where] == [Address("output", (sample, o)) for o in range(3)]


def test_of_a_thousand_samples_only_those_are_concluded_that_are_stopped_at() -> None:
    _, board = told("dense", input="random:1000x3", units=3, activation="softmax")
    asides = [beat for beat in board.beats if beat.kind == "aside"]
    assert 1 < len(asides) < 40
    assert board.seconds <= 32.5


@pytest.mark.parametrize("units", [3, 4])
def test_nothing_of_the_sample_before_stays(units: int) -> None:
    """Also where another sample begins in a step that passes by."""
    _, board = told("dense", input="random:5x4", units=units, activation="softplus")
    shown: dict[tuple[str, int, int], Address] = {}
    for beat in board.beats[1:]:
        for phase in beat.verbs:
            for verb in phase:
                if isinstance(verb, Clear):
                    shown = {at: source for at, source in shown.items() if at[0] != verb.part}
                if isinstance(verb, Fill) and verb.part == "output" and verb.cells.sources:
                    shown |= {("output", *at): verb.cells.sources(*at) for at in verb.where}  # type: ignore[misc]
        assert len({source.index[0] for source in shown.values()}) < 2


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
    row = next(beat for beat in board.beats if beat.kind == "aside")
    assert plain(row.caption) == "class 3 wins:  z = 5.65,  next class 8 with 3.05   softmax → 0.87"
    products = trace["input"][0] * trace["weight"][3]
    loudest = {divmod(int(k), 8) for k in np.argsort(-products, kind="stable")[:4]}
    for beat in (row, board.beats[-1]):
        framed = {frame.part: {(a, c) for a, _, c, _ in frame.blocks} for frame in verbs(beat, Frame)}
        assert framed == dict.fromkeys(("input", "weight", "products"), loudest)
        (weights,) = [fill for fill in verbs(beat, Fill) if fill.part == "weight"]
        assert weights.cells.sources is not None
        assert weights.cells.sources(0, 0) == Address("weight", (3, 0))


@pytest.mark.parametrize(
    ("options", "outputs", "nodes"),
    [
        ({"activation": "relu", "steps": "2-6"}, {1, 2, 3}, {1, 2, 3}),
        ({"activation": "softmax", "steps": "2-6"}, {0, 1, 2, 3}, {1, 2, 3}),
        ({"activation": "softmax", "steps": "2-3"}, set(), {1, 2}),
    ],
)
def test_the_end_of_a_film_of_some_units_shows_no_others(
    options: dict[str, Any], outputs: set[int], nodes: set[int]
) -> None:
    """Where softmax ends a sample that is shown to its end, all of its shares stand there, else none."""
    last = told("dense", input="random:2x3", units=4, **options)[1].beats[-1]
    filled = {row for fill in verbs(last, Fill) if fill.part == "output" for row, _ in fill.where}
    assert filled == outputs
    assert {at for fill in verbs(last, NodeFill) if not fill.lower for at in fill.where} == nodes
    assert ("pre_activation:layer" in {verb.part for verb in verbs(last, Clear)}) == (len(nodes) < 4)


@pytest.mark.parametrize("activation", ["log-softmax", "relu"])
def test_a_lens_shows_the_sample_that_its_grid_shows(activation: str) -> None:
    _, board = told("dense", input="random:2x64", units=10, activation=activation)
    shown: dict[str, int] = {}
    for beat in board.beats:
        for phase in beat.verbs:
            for verb in phase:
                if isinstance(verb, Clear):
                    shown.pop(verb.part, None)
                elif isinstance(verb, Fill) and verb.part.endswith("output"):
                    assert verb.cells.sources is not None
                    shown[verb.part] = verb.cells.sources(0, 0).index[0]
        assert len(set(shown.values())) <= 1, plain(beat.place) or beat.kind
    assert shown == {"output": 0, "lens:output": 0}


@pytest.mark.parametrize(("activation", "curved"), [("softmax", False), ("log-softmax", False), ("relu", True)])
def test_what_has_no_curve_has_its_name_in_the_outline(activation: str, curved: bool) -> None:
    _, board = told("dense", activation=activation)
    (chip,) = [part for part in board.parts["stage"] if isinstance(part, ChipPlan)]
    x, y = chip.heading_at
    inside = chip.box.x < x < chip.box.right and chip.box.bottom < y < chip.box.y
    assert (bool(chip.curve), inside) == (curved, not curved)


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
