"""What is drawn of a large layer: the parts that add most to the followed number, or those that ``show`` names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np
import pytest

from layeranim import preparing
from layeranim.engine.trace import Array, Trace
from layeranim.errors import OptionError
from layeranim.numbers import DOT, MINUS
from layeranim.stories.stage.plans import HistoryPlan, NetPlan, VolumePlan
from layeranim.stories.stage.verbs import Arrive, Frame
from layeranim.stories.storyboard import Address, Beat, Fact, Storyboard, plain

SUM = re.compile(r"(?P<bent>ReLU\()?(?P<terms>.+?)(?(bent)\)) (?P<relation>[=≈]) (?P<made>\S+)")
LINES = np.array([1, 5, 4, 1, 3], float)[None, :, None, None] * np.ones((1, 5, 2, 2))
STAMPS = np.array([1, 4, 2, 3, 9], float)[None, :, None, None] * np.ones((5, 5, 2, 2))
OTHERS = re.compile(r"(?P<number>\S+) of (?P<count>\d+) others?")


def told(name: str, **options: Any) -> tuple[Trace, Storyboard]:
    work = preparing.prepare(name, options)
    trace = work.trace()
    return trace, work.storyboard(trace)


@pytest.mark.parametrize("options", [{}, {"activation": "relu", "bias": True}])
def test_the_channels_that_are_not_drawn_stand_as_one_number_beside_the_sum(options: dict[str, Any]) -> None:
    trace, board = told("conv", input="random:9x5x5", kernel_size=3, **options)
    shown = drawn(board, "partial_sums")
    told_beside = dict(beside(board))
    for unit, said in told_beside.items():
        sums = trace["partial_sums"][(0, *np.unravel_index(unit, trace.tensor("output").shape[1:]))]
        assert said == (f"{9 - len(shown)} others", sums.sum() - sums[shown].sum())
    assert len(told_beside) > 3


def test_a_neuron_has_a_node_for_every_product_that_it_writes() -> None:
    trace, board = told("neuron", input="random:2x40")
    net = next(plan for plan in board.parts["stage"] if isinstance(plan, NetPlan))
    largest = {*map(int, np.argsort(-np.abs(trace["products"][:, 0]).max(axis=0), kind="stable")[:3])}
    assert largest <= {*net.picked} < {*range(40)}
    assert 39 in net.picked
    for beat in board.beats:  # of every sample
        sources = [run.source for run in beat.caption if isinstance(run.source, Address)]
        read = {source.index[1] for source in sources if source.tensor == "input"}
        assert read == (largest if beat.kind == "step" else set())


def beside(board: Storyboard) -> Iterator[tuple[int, tuple[str, float]]]:
    """Of each unit that is told how many terms of its sum are not drawn, and their number on the stage."""
    for beat in board.beats:
        rows = [verb.rows for verbs in beat.verbs for verb in verbs if isinstance(verb, Arrive)]
        if rows and len(beat.units) == 1:
            ((many, said),) = ([plain(line) for _, line in row] for row in rows[0])
            yield beat.units[0], (many, number(said))


def rests(board: Storyboard) -> Iterator[tuple[int, list[float]]]:
    """Of each unit what the keys that are not drawn take, a number a head."""
    for beat in board.beats:
        said = [plain(row[0][1]) for verbs in beat.verbs for verb in verbs if isinstance(verb, Arrive)
                for row in verb.rows]  # fmt: skip
        if said and len(beat.units) == 1:
            yield beat.units[0], [*map(number, said)]


def followed(board: Storyboard) -> Beat:
    """The beat on the poster."""
    return next(beat for beat in board.beats if beat.start <= board.poster < beat.end)


def drawn(board: Storyboard, tensor: str) -> list[int]:
    """Which parts of a tensor stand on the stage."""
    return [int(name.partition(":")[2]) for name in board.grids if name.startswith(f"{tensor}:")]


def number(text: str) -> float:
    return float(text.strip("()").replace(MINUS, "-"))


def parts(trace: Trace, board: Storyboard, maps: list[int]) -> Array:
    """The sums of all channels in the followed cell; units go over the drawn maps."""
    at = np.unravel_index(followed(board).units[0], (len(maps), *trace["output"].shape[2:]))
    return np.asarray(trace["partial_sums"][0, maps[at[0]], at[1], at[2]])


@pytest.mark.parametrize(
    "options",
    [
        {"input": "random:64x12x12", "filters": 6},
        {"input": "random:9x7x7", "bias": True, "precision": 0},
        {"input": "random:40x20x20", "filters": 40, "kernel_size": 3, "activation": "relu", "bias": True},
        {"input": "random:5x6x6", "follow": 3},
    ],
)
def test_the_channels_that_add_most_are_drawn_and_all_others_are_one_number(options: dict[str, Any]) -> None:
    trace, board = told("conv", **options)
    maps, rows = drawn(board, "output"), drawn(board, "partial_sums")
    sizes = np.abs(parts(trace, board, maps))
    assert sorted(sizes[rows]) == sorted(np.sort(sizes)[-len(rows) :])
    tops = np.abs(trace["output"][0]).max(axis=(1, 2))
    assert sorted(tops[maps]) == sorted(np.sort(tops)[-len(maps) :])
    captions = [plain(beat.caption) for beat in board.beats if beat.kind == "step"]
    sums = [match for match in map(SUM.fullmatch, captions) if match and OTHERS.search(match["terms"])]
    assert sums
    for match in sums:
        terms = match["terms"].split(" + ")
        others = next(found for found in map(OTHERS.fullmatch, terms) if found)
        assert int(others["count"]) == len(sizes) - len(rows)
        displayed = [number(others["number"] if OTHERS.fullmatch(term) else term) for term in terms]
        total = max(sum(displayed), 0.0) if match["bent"] else sum(displayed)
        assert (abs(total - number(match["made"])) < 1e-9) == (match["relation"] == "=")
        assert len(displayed) == len(rows) + 1 + ("bias" in trace)
    own = " ".join(plain(beat.caption) for beat in board.beats if beat.units == followed(board).units)
    kept = float(np.delete(parts(trace, board, maps), rows).sum())
    assert [number(found["number"]) for found in OTHERS.finditer(own)] == [pytest.approx(kept, abs=0.51)]


def test_groups_keep_filters_whose_channels_have_room_together() -> None:
    _, board = told("conv", input="random:1x8x12x12", filters=8, groups=8)
    assert drawn(board, "padded") == drawn(board, "output")
    assert len(drawn(board, "output")) == 3
    trace, board = told("conv", input="random:1x16x12x12", filters=8, groups=2)
    group = {f // 4 for f in drawn(board, "output")}
    assert len(group) == 1
    assert {k // 8 for k in drawn(board, "padded")} == group
    assert int(np.abs(trace["output"][0]).max(axis=(1, 2)).argmax()) in drawn(board, "output")


def test_show_chooses_and_the_header_names_what_is_drawn() -> None:
    trace, board = told("conv", input="random:64x12x12", filters=6, show="filters=5,2 channels=64")
    assert (drawn(board, "output"), drawn(board, "padded"), drawn(board, "kernel")) == ([1, 4], [63], [63])
    assert "channel 64 of 64 drawn,  filters 2, 5 of 6 drawn" in plain(board.parameters)
    places = {plain(beat.place).partition(",")[0] for beat in board.beats if beat.place}
    assert places == {"filter 2", "filter 5"}
    assert board.total == 2 * trace["output"].shape[2] * trace["output"].shape[3]


@pytest.mark.parametrize("name", ["multi-head", "attention"])
def test_the_heads_that_choose_most_clearly_are_drawn_and_the_clearest_is_followed(name: str) -> None:
    trace, board = told(name, queries=6, features=24, heads=12)
    shown = sorted({*drawn(board, "weights")})
    row = followed(board).units[0]
    tops = trace["weights"][0, :, row]
    spread = -(tops * np.log(tops)).sum(axis=-1)
    assert sorted(spread[shown]) == sorted(np.sort(spread)[:3])
    lens = [name for name in board.grids if name.startswith("lens:weights:")]
    assert lens == [f"lens:weights:{int(spread.argmin())}"]
    told_heads = {run.source.index[1] for beat in board.beats for run in beat.caption
                  if isinstance(run.source, Address) and run.source.tensor == "weights"}  # fmt: skip
    assert int(spread.argmin()) in told_heads <= {*shown}
    assert f"heads {', '.join(str(h + 1) for h in shown)} of 12 drawn" in plain(board.parameters)
    _, board = told(name, queries=6, features=24, heads=12, show="heads=5")
    assert {*drawn(board, "weights")} == {4}
    assert "head 5 of 12 drawn" in plain(board.parameters)


def sequence(queries: int, keys: int, heads: int = 1) -> dict[str, Array]:
    """Queries that choose clearly among keys."""
    made = np.random.default_rng(5)
    shapes = {"query": queries, "key": keys, "value": keys}
    return {name: made.normal(0, 2, (1, heads, count, 4)).round(1) for name, count in shapes.items()}


def places(board: Storyboard, tensor: str) -> tuple[list[int], list[int]]:
    """The queries and keys whose cells stand on the stage."""
    grid = next(grid for name, grid in board.grids.items() if grid.tensor == tensor and not name.startswith("lens:"))
    picked = dict(grid.picked)
    return [*picked.get("queries", ())], [*picked.get("keys", ())]


@pytest.mark.parametrize("options", [{}, {"causal": True}, {"tokens": [f"w{k}" for k in range(60)]}])
def test_of_a_long_sequence_the_clearest_query_and_its_keys_are_drawn(options: dict[str, Any]) -> None:
    trace, board = told("attention", **sequence(60, 60), **options)
    weights = trace["weights"][0, 0]
    seen = np.count_nonzero(weights, axis=1)
    clear = np.log(seen) + np.where(weights > 0, weights * np.log(np.maximum(weights, 1e-30)), 0.0).sum(axis=1)
    query = int(clear.argmax())
    keys = {query, *np.argsort(-weights[query])[:8].tolist()}
    rows, cols = places(board, "weights")
    assert rows == cols == sorted(cols)
    assert {query} < {*cols} <= keys
    assert len(cols) == 8 == board.total
    assert f"tokens {', '.join(str(k + 1) for k in cols)} of 60 drawn" in plain(board.parameters)
    told_beside = [(unit, row) for unit, (row,) in rests(board)]
    assert set(rows) == {rows[unit] for unit, _ in told_beside}
    for unit, row in told_beside:
        assert row == pytest.approx(1 - float(weights[rows[unit], cols].sum()), abs=0.0051)
    assert not any(plan.name.endswith("arcs") for plan in board.parts["stage"])
    cells = {run.source for beat in board.beats for run in beat.caption if isinstance(run.source, Address)}
    assert {at.index[2] for at in cells if at.tensor == "weights"} <= {*rows}
    assert followed(board).units[0] == rows.index(query)
    ends = [beat for beat in board.beats if beat.units == followed(board).units and OTHERS.search(plain(beat.caption))]
    match = SUM.fullmatch(plain(ends[0].caption))
    assert match
    *terms, others = match["terms"].split(" + ")
    found = OTHERS.fullmatch(others)
    assert found
    assert (int(found["count"]), len(terms)) == (57, 3)
    total = sum(number(a) * number(b) for a, b in (term.split(DOT) for term in terms)) + number(found["number"])
    assert (abs(total - number(match["made"])) < 1e-9) == (match["relation"] == "=")
    products = trace["value_products"][0, 0, query, :, 0]
    written = sorted(cols, key=lambda k: -abs(products[k]))[:3]
    assert number(found["number"]) == pytest.approx(float(np.delete(products, written).sum()), abs=0.051)


BENDS = {"": lambda z: z, "ReLU(": lambda z: max(z, 0.0), "tanh(": np.tanh, "σ(": lambda z: 1 / (1 + np.exp(-z))}


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("attention", {**sequence(18, 18), "causal": True, "follow": 18}),
        ("attention", {"queries": 3, "keys": 52, "features": 53, "kind": "cosine"}),
        (
            "attention",
            {"queries": 3, "keys": 5, "features": 9, "kind": "additive", "score_units": 53, "show": "keys=2"},
        ),
        ("attention", {"tokens": "the cat sat", "embed": 54, "projections": True, "bias": True, "heads": 3}),
        ("multi-head", {"tokens": "the cat sat", "embed": 9, "heads": 3, "show": "keys=1 heads=2"}),
        ("transformer", {"tokens": 3, "embed": 6, "heads": 1}),
        ("conv1d", {"input": "random:1x11x9", "filters": 3, "kernel_size": 4}),
        ("lstm", {"input": "random:1x3x13", "hidden": 5}),
        ("gru", {"input": "random:1x3x13", "hidden": 5}),
        ("cnn-backprop", {"input": "random:1x9x9", "filters": "3,4", "units": 3}),
        ("cnn", {"input": "random:1x9x9", "filters": "3,4", "units": 3}),
        ("mlp", {"input": "random:1x21", "sizes": "21,18,3"}),
    ],
)
def test_what_is_written_of_a_long_sum_and_all_others_come_to_the_number(name: str, options: dict[str, Any]) -> None:
    """Also in rows that are masked, of tensors whose cells are not all drawn, and where a bias is added."""
    trace, board = told(name, **options, precision=4)
    long = [beat.caption for beat in board.beats if OTHERS.search(plain(beat.caption)) and len(beat.units) < 2]
    assert long, [plain(beat.caption) for beat in board.beats]
    for line in long:
        total, bend = 0.0, next((run.text for run in line if run.source == Fact("activation")), "")
        assert not re.search(r"\d+ more", plain(line))
        term: list[float] = []
        for run in line[:-1]:
            if run.text == " + ":
                total, term = total + prod(term) * bool(term), []
            elif isinstance(run.source, Address):
                term.append(float(trace[run.source.tensor][run.source.index]))
            elif run.source == Fact("others"):
                term.append(number(run.text))
        total += prod(term) * bool(term)
        made = line[-1].source
        assert isinstance(made, Address)
        assert BENDS[bend](total) == pytest.approx(float(trace[made.tensor][made.index]), abs=2e-4), plain(line)


def test_show_chooses_the_tokens_that_look_and_the_keys() -> None:
    given = sequence(60, 60)
    trace, board = told("attention", **given, show="tokens=60,7")
    rows, cols = places(board, "weights")
    query = rows[followed(board).units[0]]
    assert rows == [6, 59]
    assert {*rows} | {*np.argsort(-trace["weights"][0, 0, query])[:6].tolist()} == {*cols}
    framed = [verb for phase in board.beats[-1].verbs for verb in phase if isinstance(verb, Frame)]
    assert [len(verb.blocks) for verb in framed] == [1], "both rows are all of the grid: one frame"
    assert {plain(beat.place) for beat in board.beats if beat.place} == {"query 7", "query 60"}
    _, board = told("attention", **given, show="tokens=7 keys=1,60")
    assert places(board, "weights") == ([6], [0, 59])
    assert "tokens 7 of 60" not in plain(board.parameters)
    assert "token 7 of 60 drawn,  keys 1, 60 of 60 drawn" in plain(board.parameters)
    _, board = told("multi-head", **sequence(60, 60, 12), heads=12, show="tokens=7,60 heads=3")
    assert places(board, "weights")[0] == [6, 59]
    trace, board = told("attention", **sequence(3, 60))
    rows, cols = places(board, "weights")
    assert (rows, board.total) == ([], 3)
    assert {*cols} == {*np.argsort(-trace["weights"][0, 0, followed(board).units[0]])[:8].tolist()}


def test_every_head_that_is_drawn_says_what_the_keys_that_are_not_take() -> None:
    for name, options in (("attention", {}), ("multi-head", {"tokens": [f"w{k}" for k in range(9)]})):
        trace, board = told(
            name, **sequence(9, 9, 5), heads=5, show="keys=2,9 heads=1,4", causal=True, precision=2, **options
        )
        found = dict(rests(board))
        assert sorted(found) == [*range(9)]
        for unit, row in found.items():
            hidden = np.delete(trace["weights"][0, [0, 3], unit], [1, 8], axis=1).sum(axis=1)
            assert row == pytest.approx([*map(float, hidden)], abs=0.0051)
    trace, board = told("transformer", tokens=9, embed=4, heads=2, show="heads=2", norm="pre")
    assert not [*rests(board)]  # nothing is hidden


def test_a_network_draws_the_largest_maps_of_each_stage_and_show_chooses_others() -> None:
    given = {"input": "random:1x8x8", "filters": "18,17", "units": 3}
    trace, board = told("cnn", **given)
    for stage, count in (("conv1", 18), ("conv2", 17)):
        shown = drawn(board, f"{stage}_output")
        assert shown == drawn(board, stage.replace("conv", "pool") + "_output")
        sizes = np.abs(trace[f"{stage}_output"][0]).max(axis=(1, 2))
        lost = [k for k in range(count) if k not in shown]
        assert len(shown) == 16
        assert sorted(sizes[lost])[-1] <= sorted(sizes[shown])[1]  # one may be there as the one that is followed
    assert "16 of 18 maps drawn, the largest and the followed" in plain(board.parameters)
    trace, board = told("cnn", **given, show="conv1=3,18 conv2=9")
    assert (drawn(board, "conv1_output"), drawn(board, "pool2_output")) == ([2, 17], [8])
    assert "conv 1 maps 3, 18 of 18 drawn,  conv 2 map 9 of 17 drawn" in plain(board.parameters)
    assert {plain(beat.place) for beat in board.beats if beat.place} == {"filter 3", "filter 18"}
    cells = {run.source for beat in board.beats for run in beat.caption if isinstance(run.source, Address)}
    assert {at.index[1] for at in cells if at.tensor in ("conv2_output", "pool2_output")} == {8}
    assert {at.index[1] for at in cells if at.tensor in ("conv1_output", "pool1_output")} <= {2, 17}
    with pytest.raises(OptionError, match="show is conv3=1, but this network has 2 convolutions; leave conv3 out"):
        told("cnn", **given, show="conv3=1")
    with pytest.raises(OptionError, match="a film of cnn has no conv to choose; show chooses its conv1 or conv2"):
        told("cnn", **given, show="conv=1")


def test_a_depthwise_film_draws_the_channels_that_add_most_and_shows_others() -> None:
    trace, board = told("depthwise", input="random:12x6x6", filters=9)
    maps, rows = drawn(board, "output"), drawn(board, "padded")
    tops = np.abs(trace["output"][0]).max(axis=(1, 2))
    assert sorted(tops[maps]) == sorted(np.sort(tops)[-3:])
    f, place = int(tops.argmax()), np.unravel_index(followed(board).units[0], trace["output"].shape[2:])
    products = trace["pointwise_products"][0, f, place[0], place[1], :, 0, 0]
    assert sorted(np.abs(products[rows])) == sorted(np.sort(np.abs(products))[-3:])
    said = " ".join(plain(beat.caption) for beat in board.beats if beat.units == followed(board).units)
    kept = int(np.delete(products, rows).sum())
    assert {(int(number(found["number"])), found["count"]) for found in OTHERS.finditer(said)} == {(kept, "9")}
    told_beside = dict(beside(board))
    for unit, row in told_beside.items():
        r, c = np.unravel_index(unit, trace.tensor("output").shape[2:])
        assert row == ("9 others", np.delete(trace["pointwise_products"][0, f, r, c, :, 0, 0], rows).sum())
    assert len(told_beside) > 3
    _, board = told("depthwise", input="random:12x6x6", filters=9, show="channels=12 maps=2,9")
    assert (drawn(board, "output"), drawn(board, "padded")) == ([1, 8], [11])
    assert "channel 12 of 12 drawn,  maps 2, 9 of 9 drawn" in plain(board.parameters)


def test_of_a_transposed_convolution_the_largest_maps_and_stamps_are_drawn() -> None:
    _, board = told("conv-transpose", input=LINES, kernel_size=2, filters=5, kernel=STAMPS)
    assert (drawn(board, "painted"), drawn(board, "input")) == ([1, 3, 4], [1, 2, 4])
    assert drawn(board, "stamps") == drawn(board, "kernel") == [1, 3, 4]
    assert "channels 2, 3, 5 of 5 drawn,  maps 2, 4, 5 of 5 drawn" in plain(board.parameters)
    _, board = told("conv-transpose", input=LINES, kernel_size=2, filters=5, kernel=STAMPS, show="channels=4 maps=3")
    assert (drawn(board, "painted"), drawn(board, "input"), drawn(board, "stamps")) == ([2], [3], [2])
    assert plain(followed(board).place) == "channel 4, row 1, column 1"
    (made,) = (run.source for run in followed(board).caption if run.role == "result")
    assert isinstance(made, Address)
    assert (made.tensor, made.index[1], made.index[4]) == ("painted", 3, 2)


def test_show_chooses_feature_maps_and_the_channel_that_is_drawn() -> None:
    _, board = told("feature-maps", input="random:1x4x6x6", filters=20, groups=2, show="channels=4 maps=11,20")
    plan = next(plan for plan in board.parts["stage"] if isinstance(plan, VolumePlan))
    assert plan.maps == ("pre_activation:10", "pre_activation:19")
    assert {"padded:3", "kernel:1"} <= {*board.grids}
    steps = [beat for beat in board.beats if beat.place]
    assert [plain(beat.place) for beat in steps] == ["filter 11", "filter 20"]
    other = "this filter reads other channels than the one drawn"
    assert other not in [plain(beat.note) for beat in steps]
    assert "channel 4 of 4 drawn,  maps 11, 20 of 20 drawn" in plain(board.parameters)


def test_of_a_large_transformer_one_head_and_its_tokens_are_drawn() -> None:
    trace, board = told("transformer", tokens=50, embed=24, heads=6)
    grid = next(grid for grid in board.grids.values() if grid.tensor == "self.weights")
    (head,) = (index for axis, index in grid.fixed if axis == "heads")
    rows, cols = places(board, "self.weights")
    query = rows[followed(board).units[0]]
    weights = trace["self.weights"][0, :, query]
    assert head == int(np.argmin(-np.where(weights > 0, weights * np.log(np.maximum(weights, 1e-30)), 0.0).sum(axis=1)))
    assert rows == cols
    assert {query} < {*rows} <= {query, *np.argsort(-weights[head], kind="stable")[:8].tolist()}
    assert f"head {head + 1} of 6 drawn,  tokens {', '.join(str(k + 1) for k in rows)} of 50" in plain(board.parameters)
    assert places(board, "output")[0] == rows
    _, board = told("transformer", tokens=50, embed=24, heads=6, show="heads=2,5 tokens=50")
    assert {dict(grid.fixed).get("heads") for grid in board.grids.values() if grid.tensor == "self.weights"} == {1, 4}
    assert [plain(beat.place) for beat in board.beats if beat.kind == "step"][-1] == "token 50"
    said = " ".join(plain(beat.caption) for beat in board.beats)
    assert "head 2" in said
    assert "head 5" in said
    assert "head 1:" not in said


@pytest.mark.parametrize(("name", "memory"), [("lstm", "cell"), ("gru", "hidden"), ("rnn", "hidden")])
def test_the_unit_that_changes_most_is_told(name: str, memory: str) -> None:
    trace, board = told(name, hidden=20)
    held = trace[memory][0]
    unit = int(np.abs(np.diff(held, axis=0, prepend=0)).sum(axis=0).argmax())
    assert _units(board, "hidden") == {unit}
    headings = [plain(plan.heading) for plan in board.parts["stage"] if isinstance(plan, HistoryPlan)]
    assert headings == [f"{memory[0]}_{unit + 1} over t"][: len(headings)]
    assert headings or name == "rnn"  # which has no room for a curve
    assert f"unit {unit + 1} of 20, which changes most" in plain(board.parameters)
    _, board = told(name, hidden=20, show="units=3")
    assert _units(board, "hidden") == {2}
    assert plain(board.parameters).count("unit 3 of 20,  ")
    with pytest.raises(OptionError, match="there is room for 1 unit; give 1 at most"):
        told(name, hidden=20, show="units=3,4")


def _units(board: Storyboard, tensor: str) -> set[int]:
    """Of which units of a tensor the captions tell the numbers that a step ends with."""
    runs = [run for beat in board.beats if beat.kind == "step" for run in beat.caption]
    ends = [run.source for run in runs if run.role == "result" and isinstance(run.source, Address)]
    return {source.index[-1] for source in ends if source.tensor.endswith(tensor)}


@pytest.mark.parametrize(
    ("name", "show", "says"),
    [
        ("conv", "filters=2,9", "there are only 6 filters; give numbers from 1 to 6"),
        ("conv", "channels=1,2,3,4,5", "there is room for 4 channels; give 4 at most"),
        ("attention", "tokens=5", "there are only 4 tokens; give numbers from 1 to 4"),
        ("attention", "units=1", "a film of attention has no units to choose; show chooses its heads, tokens and keys"),
        ("conv", "heads=1", "a film of conv has no heads to choose; show chooses its filters and channels"),
        ("conv", "filters=0", "counted from 1"),
        ("conv", "filters", "must be such as filters=1,6,8 or channels=3,4"),
        ("conv", "filters=1 filters=2", "must be such as"),
        ("pool", "channels=1", "a film of pool has no channels to choose; leave it out"),
    ],
)
def test_what_cannot_be_chosen_is_refused(name: str, show: str, says: str) -> None:
    with pytest.raises(OptionError, match=re.escape(says)):
        told(name, show=show, **({"input": "random:64x12x12", "filters": 6} if name == "conv" else {}))
    with pytest.raises(OptionError, match="a film of conv backwards has no filters to choose; leave it out"):
        told("conv", backward=True, show="filters=1")
    with pytest.raises(OptionError, match="several groups"):
        told("conv", input="random:1x16x12x12", filters=8, groups=2, show="filters=1,8")
