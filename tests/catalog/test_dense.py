"""What the films of neurons, dense layers and dropout say and show: arithmetic, arrangement, masks, the mean."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from layeranim.engine.trace import Trace
from layeranim.stories.dense.presets import IMAGE
from layeranim.stories.storyboard import Storyboard, plain

from .conftest import Case


def told(name: str, **options: Any) -> tuple[Trace, Storyboard]:
    work = Case(name, options, name).work()
    trace = work.trace()
    return trace, work.storyboard(trace)


def captions(name: str, kind: str = "step", **options: Any) -> list[str]:
    return [plain(b.caption).replace("\u2009", "") for b in told(name, **options)[1].beats if b.kind == kind]


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("neuron", {}, "0·1 + 0·1 + (−1.50) = −1.50  step → 0"),
        ("neuron", {"activation": "linear"}, "0·1 + 0·1 + (−1.50) = −1.50"),
        ("dense", {}, "1.00·1.50 + (−2.00)·0.50 + 0.50·1.00 + 0.50 = 1.50  ReLU → 1.50"),
        ("dense", {"input": "1 2", "weight_values": "3 4; 5 6"}, "1·3 + 2·4 = 11"),
        ("dense", {"input": "0.124 2", "weight_values": "0.124 0; 1 1"}, "0.12·0.12 + 2.00·0 ≈ 0.02"),
        ("dropout", {}, "dropped:  0.30·0 = 0"),
        ("dropout", {"input": "3", "rate": 0.25, "mask": "1"}, "kept:  3·1 / (1 − 0.25) = 4"),
        ("dropout", {"input": "1", "rate": 0.7, "mask": "1"}, "kept:  1·1 / (1 − 0.7) = 3.33"),
        ("dropout", {"input": "3", "mode": "weight-scaling", "mask": "1"}, "kept:  3·1 = 3"),
        ("dropout", {"input": "nan", "mask": "0"}, "dropped:  NaN is left out → 0"),
    ],
)
def test_the_first_caption_carries_the_arithmetic(name: str, options: dict[str, Any], said: str) -> None:
    assert captions(name, **options)[0] == said


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


def test_dropped_units_are_dashed_and_cut_off() -> None:
    _, board = told("dropout", example="slugnet")
    parts = board.parts["dropout"]
    ghosts = parts.column("output", 0).ghost.ravel().tolist()
    assert ghosts == [False, True, False, False, True]
    assert parts.stage.layer is not None
    assert told("dropout", example="slugnet", view="matrix")[1].parts["dropout"].stage.layer is None


def test_the_mean_of_the_draws_is_the_full_output() -> None:
    trace, _ = told("dropout", example="slugnet")
    assert np.allclose(trace["mean"], trace["inference"])
    assert captions("dropout", "mean", example="slugnet") == ["mean:  (2.50 + 2.50 + 0 + 2.50 + 0) / 5 = 1.50"]


def test_weight_scaling_makes_units_smaller_at_test_time() -> None:
    said = captions("dropout", "test", input="3 1", mode="weight-scaling", rate=0.25)
    assert said == ["test time:  3·(1 − 0.25) = 2.25"]


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
    said = captions("dropout", "draw", input="1 2", rate=0, draws=2, view="network")
    assert said == ["draw 2:  0 of 2 dropped, this time the whole network"]


def test_what_is_counted_is_what_is_drawn() -> None:
    _, board = told("dropout", example="glossary", view="network")
    said = [plain(beat.caption) for beat in board.beats[-2:]]
    assert said == [
        "test time:  no mask, all 4 units as they are",
        "training: 2 of 4 dropped, the others ×2 → test: all used",
    ]
