"""The part of networks: nodes and edges where the numbers are, what goes back under and on them, what has no room."""

from __future__ import annotations

from itertools import combinations
from typing import Any, TypeVar

import numpy as np
import pytest

from layeranim import preparing, theme
from layeranim.scenes.stage.net import NetPicture
from layeranim.stories.stage import plans as p
from layeranim.stories.stage import verbs as v
from layeranim.stories.storyboard import Address, Beat, Box, Storyboard, plain

Kind = TypeVar("Kind")


def told(name: str, **options: Any) -> Storyboard:
    work = preparing.prepare(name, options)
    return work.storyboard(work.trace())


def nets(board: Storyboard) -> dict[str, p.NetPlan]:
    return {part.name: part for part in board.parts["stage"] if isinstance(part, p.NetPlan)}


def verbs(beat: Beat, kind: type[Kind]) -> list[Kind]:
    return [verb for phase in beat.verbs for verb in phase if isinstance(verb, kind)]


@pytest.fixture(scope="module")
def back() -> Storyboard:
    return told("backprop")


def test_a_layer_ends_one_net_and_begins_the_next(back: Storyboard) -> None:
    first, second = nets(back)["dense1_output:net"], nets(back)["output:net"]
    assert first.upper == second.lower
    assert (len(first.lower), len(first.upper), len(second.upper)) == (2, 3, 2)
    assert first.given is not None  # what comes in stands there from the start
    assert second.given is None


def test_numbers_stand_in_the_nodes_of_the_net_that_they_lead_on_to() -> None:
    board = told("mlp")
    filled = [verb for beat in board.beats for verb in verbs(beat, v.NodeFill)]
    assert {(fill.part, fill.lower) for fill in filled} == {("output:net", True), ("output:net", False)}
    hidden = [fill for fill in filled if fill.lower and not fill.lines]
    sources = {fill.cells.sources(k, 0) for fill in hidden for k in fill.where if fill.cells.sources}
    assert Address("dense1_output", (0, 1)) in sources


def test_edges_are_as_wide_as_their_weights_and_as_blue_as_their_sign() -> None:
    board = told("mlp", dense1_weight="4 -2; 0 1", dense2_weight="1 0; 0 1", input="1 1")
    (wires,) = [wire for wire in verbs(board.beats[0], v.Wiring) if wire.part == "dense1_output:net"]
    kinds = {(edge.lower, edge.upper): (edge.colour, edge.width) for edge in wires.edges}
    assert [kinds[k][0] for k in ((0, 0), (1, 0), (0, 1), (1, 1))] == ["positive", "negative", "grid", "positive"]
    assert kinds[0, 0][1] > kinds[1, 0][1] > kinds[1, 1][1]


def test_a_sum_counts_on_while_its_edges_come() -> None:
    board = told("mlp", input="1 2", dense1_weight="3 4; 1 1", dense1_bias="0 0", dense2_weight="1 0; 0 1")
    step = next(beat for beat in board.beats if beat.kind == "step")
    terms = [verb for phase in step.verbs[1:-2] for verb in phase]
    lines = [plain(verb.lines[-1]) for verb in terms if isinstance(verb, v.NodeFill)]
    assert lines == ["3", "11"]  # the bias is the last term and lands with the sum
    assert [edge.label for verb in terms if isinstance(verb, v.Wiring) for edge in verb.edges] != [()]


def test_errors_come_back_under_the_nodes_and_gradients_on_the_edges(back: Storyboard) -> None:
    below = nets(back)["grad_dense1_pre_activation:net"]
    for node, (x, y) in enumerate(nets(back)["output:net"].lower):
        assert below.upper[node][0] == x
        assert below.node(True, node).y < y - nets(back)["output:net"].radius
    after = [beat for beat in back.beats if beat.kind == "step"]
    wires = [wire for beat in after for wire in verbs(beat, v.Wiring)]
    assert [len(wire.edges) for wire in wires] == [3, 6]  # unit by unit, and none leaves
    sources = {run.source for edge in wires[-1].edges for run in edge.label}
    assert sources == {Address("grad_dense2_weight", at) for at in np.ndindex(2, 3)}


def test_numbers_on_edges_stand_clear_of_each_other(back: Storyboard) -> None:
    for beat in back.beats:
        for wire in verbs(beat, v.Wiring):
            boxes = [Box(x - 22, y + 13, 44, 26) for edge in wire.edges if edge.label for x, y in (edge.at,)]
            assert not [pair for pair in combinations(boxes, 2) if pair[0].meets(pair[1])], beat.caption


def test_the_weight_that_proves_its_gradient_is_shown(back: Storyboard) -> None:
    proof = next(beat for beat in back.beats if "±" in plain(beat.caption))
    (wire,) = verbs(proof, v.Wiring)
    (edge,) = wire.edges
    assert plain(edge.label) in plain(proof.caption)


@pytest.mark.parametrize("sizes", ["2,8,2", "9,2"])
def test_a_layer_with_no_room_for_its_nodes_is_drawn_in_cells(sizes: str) -> None:
    board = told("mlp", sizes=sizes)
    assert not nets(board)
    assert any(grid.tensor in ("dense1_output", "output") for grid in board.grids.values())


def test_the_loss_stays_while_units_go_on(back: Storyboard) -> None:
    since = next(i for i, beat in enumerate(back.beats) if verbs(beat, v.Tell))
    cleared = [verb.part for beat in back.beats[since:] for verb in verbs(beat, v.Clear)]
    assert "loss:tally" not in cleared


def test_two_inputs_trade_places_and_edges_that_are_made_of_them_go_along() -> None:
    board = told("compare-layers")
    trades = [verb for beat in board.beats for verb in verbs(beat, v.Trade)]
    assert [verb.bound for verb in trades] == [False, False, False, True]
    (a, b), plan = trades[3].places, nets(board)[trades[3].part]
    for verb in (trades[0], trades[3]):
        picture = NetPicture(plan, theme.LIGHT)
        picture.wire(v.Wiring(plan.name, tuple(p.Edge(i, 4, "ink", 1.0 + i) for i in (a, b)), stay=True))
        first, second = picture.numbers[False, a], picture.numbers[False, b]
        picture.trade(verb).set(1.0)
        assert (picture.numbers[False, b], picture.numbers[False, a]) == (first, second)
        assert np.allclose(first[0].get_center()[:2] * 90, plan.lower[b], atol=1e-6)
        widths = {end: picture.stay[end, 4, False][0].width for end in (a, b)}
        assert widths == ({a: 1.0 + b, b: 1.0 + a} if verb.bound else {a: 1.0 + a, b: 1.0 + b})


def test_an_edge_that_stays_takes_the_place_of_one_that_looked_otherwise() -> None:
    plan = next(iter(nets(told("compare-layers")).values()))
    picture = NetPicture(plan, theme.LIGHT)
    before, (thin, thick) = len(picture.edges), (p.Edge(0, 4, "ink", width) for width in (1.0, 4.0))
    assert [len(picture.wire(v.Wiring(plan.name, (edge,), stay=True))) for edge in (thin, thin, thick)] == [1, 0, 1]
    assert len(picture.edges) == before + 1
    assert picture.stay[0, 4, False][0] == thick


def test_outputs_that_changed_are_outlined() -> None:
    work = preparing.prepare("compare-layers", {})
    trace = work.trace()
    beat = next(beat for beat in work.storyboard(trace).beats if beat.kind == "act" and verbs(beat, v.Light))
    assert [verb.rows for verb in verbs(beat, v.Light)] == [tuple(np.flatnonzero(row)) for row in trace["changed"]]
