"""What the films of neurons, dense layers and dropout say and show: arithmetic, arrangement, masks, the mean."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from layeranim.engine.trace import Trace
from layeranim.stories.dense_presets import IMAGE
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
        ("neuron", {}, "all products are 0 + (−1.50) = −1.50  step → 0"),
        ("neuron", {"activation": "linear"}, "all products are 0 + (−1.50) = −1.50"),
        ("dense", {}, "1.00·1.50 + (−2.00)·0.50 + 0.50·1.00 + 0.50 = 1.50  ReLU → 1.50"),
        ("dense", {"input": "1 2", "weight_values": "3 4; 5 6"}, "1·3 + 2·4 = 11"),
        ("dense", {"input": "0.124 2", "weight_values": "0.124 0; 1 1"}, "0.12·0.12 + 1 zero ≈ 0.02"),
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
    assert plain(board.beats[-1].caption).endswith("it is a 3")


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
