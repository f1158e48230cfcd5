"""Pooling: published examples, PyTorch, closed formulas, borders, refusals."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layeranim.engine.pool import POOL, POOL_1D, POOL_3D, steps_back, steps_of, unread
from layeranim.engine.pool_shapes import Pool1dConfig, Pool3dConfig, PoolConfig
from layeranim.engine.trace import Array, Region
from tests.engine.family import (
    HAS_TORCH,
    fresh_agree,
    maker,
    proven,
    refused,
    replays,
    slopes,
    stored_agree,
    takes_any_array,
)

LAYERS = {layer.name: layer for layer in (POOL, POOL_1D, POOL_3D)}
GLOSSARY = [[1, 2, 3, 4], [5, 1, 3, 8], [5, 1, 4, 7], [9, 5, 8, 2]]
SLUGNET = [[4, 7, 1, 2], [6, 3, 0, 8], [9, 1, 6, 0], [6, 4, 1, 7]]


def pooled(x: Any, **options: Any) -> Array:
    result: Array = POOL.compute(PoolConfig(**options), {"input": x})["output"]
    return result[0, 0]


def test_published_examples() -> None:
    assert pooled(GLOSSARY).tolist() == [[5, 8], [9, 8]]
    assert pooled(SLUGNET).tolist() == [[7, 8], [9, 7]]
    assert pooled(SLUGNET, mode="mean").tolist() == [[5, 2.75], [5, 3.5]]


def test_stored_cases_agree_with_pytorch() -> None:
    cases = stored_agree("pool", LAYERS, 240)
    assert {case["config"]["mode"] for case in cases} == {"max", "mean", "lp", "adaptive-max", "adaptive-mean"}
    assert {case["config"].get("ceil_mode") for case in cases} == {True, False, None}


if HAS_TORCH:

    def test_fresh_cases_agree_with_pytorch() -> None:
        fresh_agree(maker("pool"), LAYERS, 1, 60)


MODES: list[dict[str, Any]] = [
    {"mode": "max", "padding": 1, "dilation": 2, "stride": 2},
    {"mode": "max", "kernel_size": 3, "padding": "1,0,0,1", "ceil_mode": True},
    {"mode": "mean", "padding": 1, "ceil_mode": True, "count_include_pad": False},
    {"mode": "mean", "kernel_size": (3, 2), "stride": 2, "padding": "same"},
    {"mode": "mean", "divisor_override": 3},
    {"mode": "lp", "norm_type": 3, "stride": 1},
    {"mode": "global-max"},
    {"mode": "global-mean"},
    {"mode": "adaptive-max", "output_size": (2, 7)},
    {"mode": "adaptive-mean", "output_size": 3},
]


@pytest.mark.parametrize("options", MODES)
@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_every_mode_replays_and_comes_back_from_a_file(options: dict[str, Any], kind: Any) -> None:
    x = np.random.default_rng(1).normal(size=(2, 2, 5, 6)).astype(kind)
    trace = proven(POOL, POOL.compute(PoolConfig(**options), {"input": x}))
    assert trace["output"].dtype == kind
    assert POOL.backward is not None
    replays(POOL.backward(trace, {"output": np.random.default_rng(2).normal(size=trace["output"].shape)}))


@pytest.mark.parametrize("options", MODES)
def test_gradients_are_the_slopes(options: dict[str, Any]) -> None:
    x = np.random.default_rng(1).permutation(40).reshape(1, 2, 4, 5) / 7 - 2.1
    slopes(POOL, PoolConfig(**options), {"input": x}, ["input"])


@pytest.mark.parametrize("options", MODES)
def test_windows_are_what_each_output_is_made_of(options: dict[str, Any]) -> None:
    x = np.random.default_rng(1).normal(size=(1, 2, 5, 6))
    trace = POOL.compute(PoolConfig(**options), {"input": x})
    windows, mode = trace["windows"], trace.config.mode  # type: ignore[attr-defined]
    if "max" in mode:
        assert np.array_equal(windows.max(axis=(-2, -1)), trace["output"])
    elif mode == "lp":
        assert np.allclose((np.abs(windows) ** 3).sum(axis=(-2, -1)), trace["output"] ** 3, rtol=1e-12)
    else:
        assert np.allclose(windows.sum(axis=(-2, -1)) / trace["divisors"], trace["output"], rtol=1e-12)
    some = {"batch": 0, "out_height": 0, "out_width": range(0, windows.shape[3], 2), "kernel_width": 1}
    assert np.array_equal(trace.read(Region.of("windows", **some)), windows[0, :, 0, ::2, :, 1])


def test_one_and_three_axes_go_through_the_same_code() -> None:
    x = np.random.default_rng(1).normal(size=(2, 4, 6))
    flat = proven(POOL_1D, POOL_1D.compute(Pool1dConfig(kernel_size=3, stride=2, padding=1), {"input": x}))
    tall = POOL.compute(PoolConfig(kernel_size=(1, 3), stride=(1, 2), padding="0,0,1,1"), {"input": x[:, :, None]})
    assert np.array_equal(flat["output"], tall["output"][:, :, 0])
    deep = proven(POOL_3D, POOL_3D.compute(Pool3dConfig(kernel_size=(1, 2, 2)), {"input": x[:, None, None]}))
    assert np.array_equal(deep["output"][:, 0, 0], POOL.compute(PoolConfig(), {"input": x[:, None]})["output"][:, 0])


def test_where_steps_and_unread_cells_are() -> None:
    trace = POOL.compute(PoolConfig(mode="mean", kernel_size=2, stride=3), {"input": np.ones((2, 6, 7))})
    assert unread(trace) == {"height": (2, 5), "width": (2, 5, 6)}
    for cell in np.ndindex(1, 2, 2, 2):
        found = [trace.steps[i] for i in steps_of(trace, *cell)]
        assert [step.operation for step in found] == ["add", "divide"]
        assert tuple(at for _, at in found[1].writes.where) == cell


@pytest.mark.parametrize(("mode", "share"), [("max", []), ("mean", ["divide"]), ("lp", [])])
def test_where_steps_of_the_way_back_are(mode: str, share: list[str]) -> None:
    config = PoolConfig(mode=mode, kernel_size=2, stride=1, backward=True)
    trace = POOL.compute(config, {"input": np.arange(24.0).reshape(2, 3, 4), "grad_output": np.ones((1, 2, 2, 3))})
    for cell in np.ndindex(1, 2, 2, 3):
        assert trace.steps[steps_of(trace, *cell)[-1]].writes == Region("output", _named(trace, "output", cell))
        under = [(0, cell[1], cell[2], cell[3]), (0, cell[1], cell[2] + 1, cell[3] + 1)]
        found = [trace.steps[i] for i in steps_back(trace, cell, under)]
        assert [step.operation for step in found[: len(share)]] == share
        assert [step.writes for step in found[-2:]] == [
            Region("grad_input", _named(trace, "grad_input", one)) for one in under
        ]


def _named(trace: Any, tensor: str, cell: tuple[int, ...]) -> tuple[tuple[str, int], ...]:
    return tuple(zip(trace.axes(tensor), cell, strict=True))


def test_the_first_of_equal_numbers_wins() -> None:
    trace = POOL.compute(PoolConfig(), {"input": [[2, 2, 0, -1], [2, 2, -1, 0]]})
    assert trace["indices"].tolist() == [[[[0, 2]]]]
    assert POOL.backward is not None
    back = POOL.backward(trace, {"output": [[[[3.0, 5.0]]]]})
    assert back["grad_input"][0, 0].tolist() == [[3, 0, 5, 0], [0, 0, 0, 0]]


def test_padding_never_wins() -> None:
    low = np.full((3, 3), -np.inf)
    trace = POOL.compute(PoolConfig(kernel_size=3, padding=1, stride=2), {"input": low})
    assert trace["output"].tolist() == [[[[-np.inf] * 2] * 2]]
    assert trace["indices"].tolist() == [[[[0, 1], [3, 4]]]]
    assert trace["padded"][0, 0, 0].tolist() == [-np.inf] * 5


def test_same_is_keras_rule_and_leaves_the_padding_out_of_the_mean() -> None:
    # Keras, 5 cells, window 2, stride 2: one cell is added at the end; the last mean is that of one number.
    trace = POOL_1D.compute(
        Pool1dConfig(mode="mean", kernel_size=2, stride=2, padding="same"), {"input": [1, 3, 5, 7, 10]}
    )
    assert trace["output"].tolist() == [[[2, 6, 10]]]
    assert trace["divisors"].tolist() == [2, 2, 1]


def test_ceil_mode_says_what_hangs_over() -> None:
    facts = POOL.compute(PoolConfig(kernel_size=3, stride=2, ceil_mode=True), {"input": np.ones((6, 7))}).facts
    assert (facts["out_height"], facts["height_overhang"], facts["width_overhang"]) == (3, 1, 0)
    assert facts["height_formula"] == "⌈(6 + 0 + 0 − 1·(3−1) − 1)/2⌉ + 1 = 3"
    dropped = POOL_1D.compute(Pool1dConfig(kernel_size=2, stride=3, padding=1, ceil_mode=True), {"input": np.ones(5)})
    assert dropped.facts["width_formula"] == "⌈(5 + 1 + 1 − 1·(2−1) − 1)/3⌉ + 1 − 1 (it would start in the padding) = 2"


def test_nan_infinity_and_large_numbers() -> None:
    x = [[np.nan, 1, np.inf, 2], [3, 4, -np.inf, 5]]
    assert np.array_equal(pooled(x), [[np.nan, np.inf]], equal_nan=True)
    assert np.array_equal(pooled(x, mode="mean"), [[np.nan, np.nan]], equal_nan=True)
    assert pooled([[1e308, 1e308], [0, 0]], mode="lp").tolist() == [[pytest.approx(1e308 * 2**0.5)]]
    assert pooled([[-3, 0], [4, 0]], mode="lp").tolist() == [[5]]
    assert pooled([[0, 0], [0, 0]], mode="lp").tolist() == [[0]]
    with np.errstate(all="raise"):
        for mode in ("max", "mean", "lp"):
            proven(POOL, POOL.compute(PoolConfig(mode=mode), {"input": [[np.nan, 1, np.inf, 2], [1e308, 1e308, 0, 5]]}))


@pytest.mark.parametrize("place", range(4))
def test_nan_is_the_largest_wherever_it_stands(place: int) -> None:
    x = np.array([np.inf, 2.0, -3.0, 4.0])
    x[place] = np.nan
    trace = POOL.compute(PoolConfig(), {"input": x.reshape(2, 2)})
    assert np.isnan(trace["output"]).all()
    assert trace["indices"].tolist() == [[[[place]]]]


def test_a_norm_of_zeros_has_the_gradient_zero() -> None:
    trace = POOL.compute(PoolConfig(mode="lp"), {"input": np.zeros((2, 2))})
    assert POOL.backward is not None
    assert not POOL.backward(trace, {"output": [[[[1.0]]]]})["grad_input"].any()


@given(st.integers(1, 4), st.integers(1, 4), st.integers(1, 9), st.integers(1, 9), st.integers(0, 9))
@settings(max_examples=40, deadline=None)
def test_a_maximum_is_the_negated_minimum_and_a_mean_is_linear(k: int, s: int, h: int, w: int, seed: int) -> None:
    x, y = np.random.default_rng(seed).normal(size=(2, k + h, k + w))
    options: dict[str, Any] = {"kernel_size": k, "stride": s}
    low = np.lib.stride_tricks.sliding_window_view(-x, (k, k))[::s, ::s].min(axis=(-2, -1))
    assert np.array_equal(pooled(x, **options), -low)
    mean = [pooled(z, mode="mean", **options) for z in (x, y, 2 * x - 3 * y)]
    assert np.allclose(2 * mean[0] - 3 * mean[1], mean[2], atol=1e-12)


def test_any_array_is_taken_and_none_is_changed() -> None:
    takes_any_array(POOL, PoolConfig(mode="mean", padding=1), {"input": np.arange(24).reshape(1, 2, 3, 4)})


REFUSALS: list[tuple[dict[str, Any], Any, tuple[str, ...]]] = [
    ({"stride": 0}, (4, 4), ("stride is 0", "at least 1")),
    ({"dilation": 0}, (4, 4), ("dilation is 0", "at least 1")),
    ({"padding": -1}, (4, 4), ("padding is -1", "at least 0")),
    ({"padding": 2}, (4, 4), ("padding is 2", "at most 1", "kernel_size 2")),
    ({"kernel_size": 5}, (4, 4), ("kernel_size 5", "height is 4")),
    ({"kernel_size": 9, "stride": 2, "ceil_mode": True}, (2, 2), ("kernel_size 9", "is 2", "no window fits")),
    ({"kernel_size": 2, "dilation": 4, "padding": 2}, (1, 1), ("kernel_size 2", "padding alone")),
    ({"mode": "global-max", "kernel_size": 2}, (4, 4), ("kernel_size is 2", "global-max")),
    ({"mode": "mean", "dilation": 2}, (4, 4), ("dilation is 2", "mean", "max")),
    ({"mode": "adaptive-max", "padding": 1}, (4, 4), ("padding is 1", "adaptive-max")),
    ({"mode": "max", "divisor_override": 2}, (4, 4), ("divisor_override is 2", "mean")),
    ({"mode": "mean", "divisor_override": 0}, (4, 4), ("divisor_override is 0", "at least 1")),
    ({"mode": "mean", "norm_type": 2}, (4, 4), ("norm_type is 2", "lp")),
    ({"mode": "lp", "norm_type": 0.5}, (4, 4), ("norm_type is 0.5", "at least 1")),
    ({"mode": "adaptive-mean", "output_size": 10**6}, (4, 4), ("1000000×1000000", "at most")),
    ({}, (4,), ("input has shape 4, 1 axis", "2 to 4")),
    ({}, (1, 1, 1, 4, 4), ("5 axes", "2 to 4")),
]


@pytest.mark.parametrize(("options", "shape", "pieces"), REFUSALS)
def test_impossible_options_and_shapes(options: dict[str, Any], shape: Any, pieces: tuple[str, ...]) -> None:
    refused(lambda: POOL.compute(PoolConfig(**options), {"input": np.ones(shape)}), *pieces)


def test_gradients_of_the_wrong_shape_or_name() -> None:
    trace = POOL.compute(PoolConfig(), {"input": np.ones((4, 4))})
    back: Any = POOL.backward
    refused(lambda: back(trace, {"output": np.ones((1, 1, 2, 3))}), "grad_output has shape 1×1×2×3", "1×1×2×2")
    refused(
        lambda: back(trace, {"input": np.ones((4, 4))}), "gradient of input was given", "starts from that of output"
    )
    np.testing.assert_array_equal(back(trace, {})["grad_output"], 1)


def test_refusals_do_not_hang_on_assert() -> None:
    program = """
import numpy as np
from layeranim.engine.pool import POOL, PoolConfig
from layeranim.errors import UsageError
for options, shape in (({"stride": 0}, (5, 5)), ({"kernel_size": 3}, (2, 9)), ({"padding": 3}, (5, 5))):
    try:
        POOL.compute(PoolConfig(**options), {"input": np.ones(shape)})
    except UsageError as error:
        print(error)
"""
    ran = subprocess.run(
        [sys.executable, "-O", "-W", "error", "-c", program], capture_output=True, text=True, check=True
    )
    assert [line.split(",")[0] for line in ran.stdout.splitlines()] == [
        "stride is 0", "kernel_size 3 spans 3 cells", "padding is 3",
    ]  # fmt: skip


@pytest.mark.parametrize("options", MODES)
def test_a_trace_with_backward_goes_on_with_the_gradient(options: dict[str, Any]) -> None:
    rng = np.random.default_rng(4)
    x = rng.normal(size=(2, 2, 5, 6))
    plain = POOL.compute(PoolConfig(**options), {"input": x})
    gradient = rng.normal(size=plain["output"].shape)
    both = proven(POOL, POOL.compute(PoolConfig(**options, backward=True), {"input": x, "grad_output": gradient}))
    assert POOL.backward is not None
    back = POOL.backward(plain, {"output": gradient})
    assert np.array_equal(both["grad_input"], back["grad_input"])
    assert np.array_equal(both["output"], plain["output"])
    assert len(both.steps) == len(plain.steps) + len(back.steps)


def test_a_gradient_must_have_the_shape_of_the_output() -> None:
    shapes = {"input": (4, 4), "grad_output": (1, 2)}
    refused(lambda: POOL.complete(PoolConfig(backward=True), shapes), "grad_output", "1×1×1×2", "1×1×2×2")
    given = {"input": GLOSSARY, "grad_output": [[1.0, 2.0]]}
    refused(lambda: POOL.compute(PoolConfig(), given), "grad_output was given", "leave it out")
