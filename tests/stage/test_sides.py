"""Heaps for and against, the largest terms of a sum, an axis laid in rows, what is made after the last unit."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
import pytest

from layeranim.engine.dense import DENSE
from layeranim.engine.trace import Region
from layeranim.stories.options import FilmOptions
from layeranim.stories.stage import (
    Aside,
    Bars,
    Column,
    Each,
    Grid,
    Leading,
    Note,
    Picture,
    Play,
    Row,
    Sides,
    Units,
    record,
)
from layeranim.stories.stage.figures import Figures
from layeranim.stories.stage.parts.sides import heaped, weighed
from layeranim.stories.stage.plans import BarsPlan, TablePlan
from layeranim.stories.stage.telling import tell
from layeranim.stories.stage.verbs import Arrive, Clear, Fill, Grow
from layeranim.stories.storyboard import Address, Beat, GridPlan, Run, Storyboard, Telling, folded, plain

from .test_record import frames

Kind = TypeVar("Kind")
INPUTS, UNITS = 12, 3


def arrays(batch: int) -> dict[str, Any]:
    rng = np.random.default_rng(3)
    shapes = {"input": (batch, INPUTS), "weight": (UNITS, INPUTS), "bias": (UNITS,)}
    return {name: np.round(rng.normal(size=shape), 1) for name, shape in shapes.items()}


def film(batch: int = 2) -> tuple[Play, Telling]:
    """A layer with a softmax over a picture of three rows of four pixels."""
    trace = DENSE.compute(DENSE.config.of({"activation": "softmax"}), arrays(batch))
    picture = Picture("weight", "w", "in_features/4", "in_features%4")
    scores = Bars("pre_activation", "z", rows="out_features", called=("a", "b", "c"), pitch=32.0)
    play = Play(
        title="A layer",
        units=Units(("batch", "out_features"), ("unit", "units"), ()),
        stage=Row(
            Column(picture, Sides("products", "pre_activation", "bias")),
            Leading("products", ("input", "w", "x", "w · x"), "in_features"),
            scores, Grid("output", "y", "out_features"),
        ),
        acts=(
            Each(
                ((("products", "weighted_sum", "pre_activation"), Note("a sum of products")),),
                {UNITS * (b + 1) - 1: Aside((Run(f"sample {b + 1}"),), writes=("output",)) for b in range(batch)},
            ),
        ),
        opening=(Run("every unit reads every input"),),
        closing=(Run("each with weights of its own"),),
        good_for="a test",
        kinds={"output": "share"},
        largest=True,
    )  # fmt: skip
    return play, Telling(trace, FilmOptions())


@pytest.fixture(scope="module")
def told() -> Storyboard:
    return tell(*film())


def verbs(beat: Beat, kind: type[Kind]) -> list[Kind]:
    return [verb for phase in beat.verbs for verb in phase if isinstance(verb, kind)]


def units(board: Storyboard) -> list[Beat]:
    return [beat for beat in board.beats if beat.kind in ("step", "brief")]


def number(text: str) -> float:
    return float(text.replace("−", "-"))


# ── heaps ────────────────────────────────────────────────────────────────────
def test_each_unit_has_its_heaps(told: Storyboard) -> None:
    given = arrays(2)
    for beat in units(told):
        sample, unit = divmod(beat.units[0], UNITS)
        products = given["weight"][unit] * given["input"][sample]
        (grow,) = [grow for grow in verbs(beat, Grow) if grow.part.endswith(":sides")]
        assert grow.bars.cells.texts is not None
        shown = [number(text) for text in grow.bars.cells.texts.ravel()]
        parts = [products[products > 0].sum(), products[products < 0].sum(), given["bias"][unit]]
        assert shown == pytest.approx([*parts, sum(parts)], abs=0.051)  # one decimal
        lengths = np.array(grow.bars.ends)
        assert np.allclose(lengths / lengths[0], np.array([*parts, sum(parts)]) / parts[0])


@pytest.mark.parametrize(
    ("terms", "heaps"),
    [([1.0, -2.0, 3.0], (4.0, -2.0)), ([0.0, 0.0], (0.0, 0.0)), ([np.nan, 1.0, -np.inf], (1.0, -np.inf))],
)
def test_what_is_no_number_is_on_no_heap(terms: list[float], heaps: tuple[float, float]) -> None:
    assert heaped(np.array(terms)) == heaps


def test_the_heaps_are_said_with_the_sign_that_holds() -> None:
    figures = Figures(*film())
    for unit in range(2 * UNITS):
        said = plain(weighed(figures, Sides("products", "pre_activation", "bias"), unit))
        left, sign, right = said.rpartition(" = ") if " = " in said else said.rpartition(" ≈ ")
        terms = [number(part.split(" ")[1].strip("()")) for part in left.split(" + ")]
        assert (round(sum(terms), 9) == number(right)) == ("=" in sign)


# ── the largest terms ────────────────────────────────────────────────────────
def test_the_largest_terms_stand_in_lines_and_in_the_sentence(told: Storyboard) -> None:
    given, first = arrays(2), units(told)[0]
    products = given["weight"][0] * given["input"][0]
    (arrive,) = verbs(first, Arrive)
    places = [int(plain(row[0][1])) - 1 for row in arrive.rows]
    assert places == np.argsort(-np.abs(np.round(products, 9)), kind="stable")[:5].tolist()
    assert [row[1][1][0].source for row in arrive.rows] == [Address("weight", (0, k)) for k in places]
    assert [row[2][1][0].source for row in arrive.rows] == [Address("input", (0, k)) for k in places]
    sources = [run.source for run in first.caption if isinstance(run.source, Address)]
    assert sources[0] == Address("weight", (0, places[0]))


def test_lines_are_replaced_where_they_stand(told: Storyboard) -> None:
    heights = {tuple(row[0][0][1] for row in verb.rows) for beat in units(told) for verb in verbs(beat, Arrive)}
    assert len(heights) == 1


# ── an axis laid in rows ─────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("axis", "parts"),
    [("pixels/8", ("pixels", "/", 8)), ("pixels%8", ("pixels", "%", 8)), ("pixels", ("pixels", "", 1))],
)
def test_a_folded_axis_says_its_name_and_length(axis: str, parts: tuple[str, str, int]) -> None:
    assert folded(axis) == parts


def test_cells_of_a_folded_axis_are_found_both_ways(told: Storyboard) -> None:
    plan = told.grids["weight"]
    assert (plan.rows, plan.cols) == (3, 4)
    for beat in units(told):
        for fill in (fill for fill in verbs(beat, Fill) if fill.part == "weight"):
            assert fill.cells.sources is not None
            for row, col in fill.where:
                source = fill.cells.sources(row, col)
                assert source == Address("weight", (beat.units[0] % UNITS, 4 * row + col))
                here = Region.of("weight", out_features=0, in_features=4 * row + col)
                assert plan.block(here) == (range(row, row + 1), range(col, col + 1))


@pytest.mark.parametrize(
    ("cells", "rows", "cols"),
    [(range(12), range(3), range(4)), (range(4, 8), range(1, 2), range(4)), (range(6, 7), range(1, 2), range(2, 3))],
)
def test_a_block_of_a_folded_axis_is_that_of_its_rows(cells: range, rows: range, cols: range) -> None:
    plan = GridPlan("x", "x", 3, 4, (0, 0), (9, 9), row_axis="in/4", col_axis="in%4", joints=(("in/4", 3), ("in%4", 4)))
    assert plan.block(Region("x", (("in", cells),))) == (rows, cols)


# ── what is made after the last unit ─────────────────────────────────────────
def test_all_results_of_a_sample_land_after_its_last_unit(told: Storyboard) -> None:
    asides = [beat for beat in told.beats if beat.kind == "aside"]
    assert [beat.units[0] for beat in asides] == [UNITS - 1, 2 * UNITS - 1]
    for sample, beat in enumerate(asides):
        (fill,) = verbs(beat, Fill)
        assert fill.cells.sources is not None
        assert [fill.cells.sources(*at) for at in fill.where] == [Address("output", (sample, o)) for o in range(UNITS)]
        assert fill in beat.verbs[1]
        assert beat.steps


def test_bars_of_a_sample_stay_until_the_next_one_begins(told: Storyboard) -> None:
    for beat in units(told):
        cleared = [verb for verb in verbs(beat, Clear) if verb.part == "pre_activation:bars"]
        assert bool(cleared) == (beat.units[0] % UNITS == 0 and beat.kind == "step")
    names = [plain(plan.line) for plan in told.parts["stage"] if plan.name.startswith("pre_activation:bars:row")]
    assert names == ["a", "b", "c"]


def test_the_same_frames_are_drawn_from_the_file(told: Storyboard) -> None:
    assert {type(plan) for plan in told.parts["stage"]} >= {BarsPlan, TablePlan}
    assert frames(record.loaded(record.dumped(told))) == frames(told)
