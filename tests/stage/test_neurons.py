"""The parts of neurons: units beside what they read, the point on a small curve, the line that the bias moves."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
import pytest

from layeranim import preparing
from layeranim.engine.dense import DENSE
from layeranim.stories.options import FilmOptions
from layeranim.stories.stage import Each, Grid, Neurons, Note, Play, Row, Units, record
from layeranim.stories.stage.figures import Figures
from layeranim.stories.stage.plans import ChipPlan, NetPlan, PlanePlan
from layeranim.stories.stage.solver import Look, Setting, Unfit
from layeranim.stories.stage.telling import tell
from layeranim.stories.stage.verbs import Clear, Light, NodeFill, Points, Shift, Wiring
from layeranim.stories.storyboard import Address, Beat, Run, Storyboard, Telling

from .films import board
from .test_record import frames

Kind = TypeVar("Kind")
WEIGHT = [[4.0, -2.0, 0.0], [1.0, 1.0, 1.0]]


def layer(inputs: Any = ((1.0, 2.0, 3.0), (0.0, -1.0, 2.0)), weight: Any = WEIGHT) -> Storyboard:
    """Units of a dense layer as nodes, sample after sample."""
    trace = DENSE.compute(DENSE.config(), {"input": np.array(inputs), "weight": np.array(weight)})
    made = Grid("pre_activation", "z", rows="out_features")
    film = Play(
        title="A layer",
        units=Units(("batch", "out_features"), ("unit", "units"), ()),
        stage=Row(Neurons("input", "pre_activation", ("x", "z"), ("in_features", "out_features")), "→", made),
        acts=(Each(((("products", "weighted_sum", "pre_activation"), Note("a sum of products")),)),),
        opening=(Run("every unit reads every input"),),
        closing=(Run("each with weights of its own"),),
        good_for="a test",
    )
    return tell(film, Telling(trace, FilmOptions()))


def one(found: Storyboard, kind: type[Kind]) -> Kind:
    return next(part for part in found.parts["stage"] if isinstance(part, kind))


def verbs(beat: Beat, kind: type[Kind]) -> list[Kind]:
    return [verb for phase in beat.verbs for verb in phase if isinstance(verb, kind)]


def steps(found: Storyboard) -> list[Beat]:
    return [beat for beat in found.beats if beat.kind == "step"]


def test_every_edge_lies_there_from_the_start_and_those_of_a_unit_light_up() -> None:
    found = layer()
    net = one(found, NetPlan)
    assert {(edge.lower, edge.upper) for edge in net.edges} == {(k, u) for k in range(3) for u in range(2)}
    assert not [edge for edge in net.edges if edge.label]
    for beat in steps(found):
        unit = beat.units[0] % 2
        lit = {(e.lower, e.upper): e for verb in verbs(beat, Wiring) for e in verb.edges}
        assert set(lit) == {(k, unit) for k in range(3)}
        assert {edge.label[0].source for edge in lit.values() if edge.label} <= {
            Address("weight", (unit, k)) for k in range(3)}  # fmt: skip


def test_edges_have_the_sign_and_size_of_their_weights() -> None:
    first = steps(layer())[0]
    lit = {edge.lower: edge for verb in verbs(first, Wiring) for edge in verb.edges}
    assert [lit[k].colour for k in range(3)] == ["positive", "negative", "grid"]
    assert lit[0].width - lit[1].width == pytest.approx(2.0)
    assert lit[1].width - lit[2].width == pytest.approx(2.0)
    assert [lit[k].label[0].text for k in range(3)] == ["4", "−2", "0"]


def test_another_sample_brings_its_inputs_and_takes_the_sums_of_the_one_before() -> None:
    found = layer()
    for beat in steps(found):
        fresh = beat.units[0] % 2 == 0
        given = [fill for fill in verbs(beat, NodeFill) if fill.lower]
        assert bool(given) == fresh
        if fresh:
            assert given[0].cells.sources is not None
            assert given[0].cells.sources(0, 0) == Address("input", (beat.units[0] // 2, 0))
            assert any(verb.part.endswith(":layer") for verb in verbs(beat, Clear))
        assert [light.rows for light in verbs(beat, Light)] == [(beat.units[0] % 2,)]


def test_the_same_frames_are_drawn_from_the_file() -> None:
    told = layer()
    assert frames(record.loaded(record.dumped(told))) == frames(told)


def test_more_units_than_have_room_leave_the_stage_to_another_arrangement() -> None:
    trace = DENSE.compute(DENSE.config(units=9), {"input": np.ones((1, 3)), "weight": np.ones((9, 3))})
    part = Neurons("input", "pre_activation", ("x", "z"), ("in_features", "out_features"))
    film = Play(Row(part), Units(("out_features",), ("unit", "units")), (), (), ())
    with pytest.raises(Unfit):
        part.measure(Setting(Figures(film, Telling(trace, FilmOptions())), Look(60, True)))


# ── the chip and the plane ───────────────────────────────────────────────────
@pytest.mark.parametrize("activation", ["sigmoid", "relu", "tanh"])
def test_the_point_on_the_chip_is_where_the_sum_is(activation: str) -> None:
    work = preparing.prepare("neuron", {"example": "sigmoid", "activation": activation})
    trace = work.trace()
    found = work.storyboard(trace)
    chip, at = one(found, ChipPlan), {}
    for beat in steps(found):
        for mark in verbs(beat, Points):
            at[float(trace["pre_activation"][beat.units[0], 0])] = mark.at[0]
    assert len(at) == 3
    ordered = [at[z] for z in sorted(at)]
    assert [x for x, _ in ordered] == sorted(x for x, _ in ordered)
    for x, y in ordered:  # on the curve that is drawn
        xs, ys = zip(*chip.curve, strict=True)
        assert np.interp(x, xs, ys) == pytest.approx(y, abs=1.0)


def test_a_sum_far_off_has_no_point() -> None:
    found = board("neuron", input="90", weight_values="1", activation="relu")
    assert not [mark for beat in steps(found) for mark in verbs(beat, Points)]


@pytest.mark.parametrize(("bias", "moves"), [("-1.5", True), ("0.5", True), ("0", False)])
def test_the_bias_moves_the_line(bias: str, moves: bool) -> None:
    found = board("neuron", input="0 0; 0 1; 1 0; 1 1", weight_values="1 1", bias_values=bias)
    plane, shifts = one(found, PlanePlan), verbs(found.beats[0], Shift)
    assert bool(shifts) == moves
    if moves:
        assert shifts[0].lines[-1] == plane.line
        assert shifts[0].sides[-1] == plane.side
        through = np.mean(shifts[0].lines[0], axis=0)
        assert through == pytest.approx(plane.origin, abs=1e-6)  # without a bias it goes through the origin


@pytest.mark.parametrize("inputs", [8, 12, 20])
def test_every_product_that_is_written_has_its_node(inputs: int) -> None:
    work = preparing.prepare("neuron", {"input_size": inputs})
    found = work.storyboard(work.trace())
    runs = [run for beat in steps(found) for run in beat.caption]
    written = {run.source.index[-1] for run in runs
               if isinstance(run.source, Address) and run.source.tensor == "weight"}  # fmt: skip
    assert len(written) == 3
    assert written <= set(one(found, NetPlan).picked)
