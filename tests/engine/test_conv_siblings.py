"""1D, 3D and transposed convolutions, matrix products, gradients: PyTorch, slopes, identities, refusals."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layeranim.engine import conv_backward
from layeranim.engine.conv import CONV, ConvConfig
from layeranim.engine.conv_matmul import CONV_MATMUL, MatmulConfig
from layeranim.engine.conv_nd import CONV_1D, CONV_3D, Conv1dConfig, Conv3dConfig
from layeranim.engine.conv_transpose import CONV_TRANSPOSE, CONV_TRANSPOSE_1D, CONV_TRANSPOSE_3D, TransposeConfig
from layeranim.engine.depthwise import DEPTHWISE, DepthwiseConfig
from tests.engine.family import (
    HAS_TORCH,
    agrees,
    fresh_agree,
    maker,
    proven,
    refused,
    replays,
    slopes,
    stored_agree,
    takes_any_array,
)
from tests.vectors import store

PLANE = dataclasses.replace(CONV, backward=conv_backward.backward)
TRANSPOSED = (CONV_TRANSPOSE_1D, CONV_TRANSPOSE, CONV_TRANSPOSE_3D)
LAYERS = {layer.name: layer for layer in (CONV_1D, PLANE, CONV_3D, *TRANSPOSED)}
RNG = np.random.default_rng(10)


def test_stored_cases_agree_with_pytorch() -> None:
    cases = stored_agree("convolution", LAYERS, 264)
    assert {case["layer"] for case in cases} == set(LAYERS)
    assert {case["layer"] for case in cases if case["config"]["padding"] == "full"} == {"conv1d", "conv", "conv3d"}
    assert {case["layer"] for case in cases if case["config"]["padding"] == "causal"} == {"conv1d"}
    assert {case["config"].get("padding_mode") for case in cases} == {"zeros", "reflect", "replicate", "circular", None}


if HAS_TORCH:

    def test_fresh_cases_agree_with_pytorch() -> None:
        fresh_agree(maker("convolution"), LAYERS, 1, 40)


def arrays(x: Any, kernel: Any, bias: int = 0) -> dict[str, Any]:
    made = {"input": RNG.normal(size=x), "kernel": RNG.normal(size=kernel)}
    return made | ({"bias": RNG.normal(size=bias)} if bias else {})


CASES: list[tuple[Any, dict[str, Any], dict[str, Any]]] = [
    (CONV_1D, {}, arrays((1, 1, 7), (1, 1, 3))),
    (CONV_1D, {"stride": 2, "padding": "1,2", "dilation": 2, "groups": 2, "activation": "tanh"},
     arrays((2, 4, 8), (6, 2, 3), 6)),
    (CONV_1D, {"padding": "same", "padding_mode": "circular", "flip": True}, arrays((1, 2, 5), (3, 2, 4), 3)),
    (CONV_3D, {"padding": 1, "stride": (1, 2, 1)}, arrays((1, 2, 3, 4, 3), (2, 2, 2, 3, 2), 2)),
    (CONV_3D, {"padding": "1,0,0,1,1,1", "padding_mode": "replicate"}, arrays((1, 1, 2, 3, 2), (1, 1, 2, 2, 2))),
    (PLANE, {"padding": "1,0,2,1", "padding_mode": "reflect", "activation": "sigmoid"},
     arrays((2, 2, 4, 5), (2, 2, 2, 3), 2)),
    (PLANE, {"stride": (2, 3), "dilation": (1, 2), "padding": 2, "groups": 2, "flip": True},
     arrays((1, 4, 5, 6), (4, 2, 3, 2), 4)),
    (CONV_TRANSPOSE, {}, arrays((1, 1, 3, 3), (1, 1, 2, 2))),
    (CONV_TRANSPOSE, {"stride": (2, 3), "padding": (1, 0), "output_padding": (1, 2), "dilation": (2, 1), "groups": 2,
                      "activation": "tanh"}, arrays((2, 4, 2, 3), (4, 3, 3, 2), 6)),
    (CONV_TRANSPOSE, {"stride": 3, "output_padding": 2}, arrays((1, 2, 2, 1), (2, 1, 1, 2))),
    (CONV_TRANSPOSE, {"stride": (2, 3), "padding": "same", "convention": "keras"},
     arrays((1, 2, 2, 3), (2, 1, 3, 2), 1)),
    (CONV_TRANSPOSE_1D, {"stride": 2, "padding": "2,1"}, arrays((1, 1, 4), (1, 1, 4))),
    (CONV_TRANSPOSE_1D, {"stride": 3, "padding": 1, "output_padding": 2, "groups": 2, "activation": "sigmoid"},
     arrays((2, 4, 3), (4, 1, 2), 2)),
    (CONV_TRANSPOSE_1D, {"dilation": 2}, arrays((1, 1, 4), (1, 2, 3))),
    (CONV_TRANSPOSE_3D, {"stride": (1, 2, 1), "padding": (1, 0, 0), "output_padding": (0, 1, 0)},
     arrays((1, 2, 2, 2, 1), (2, 2, 2, 1, 2), 2)),
]  # fmt: skip


@pytest.mark.parametrize(("layer", "options", "given"), CASES)
def test_it_replays_and_has_the_right_slopes(layer: Any, options: dict[str, Any], given: dict[str, Any]) -> None:
    config = layer.config(**options)
    proven(layer, layer.compute(config, {key: np.float32(array) for key, array in given.items()}))
    trace = proven(layer, layer.compute(config, given))
    names = [name for name in given if name != "kernel" or not options.get("flip")]
    back = slopes(layer, config, given, names)
    if options.get("flip"):
        over = tuple(range(2, given["kernel"].ndim))
        assert np.array_equal(back["grad_kernel_given"], np.flip(back["grad_kernel"], over))
        plain = layer.compute(config.replace(flip=False), {**given, "kernel": np.flip(given["kernel"], over)})
        assert np.array_equal(plain["output"], trace["output"])


def test_one_axis_is_two_with_a_height_of_one_to_the_last_bit() -> None:
    x, kernel, bias = RNG.normal(size=(2, 4, 9)), RNG.normal(size=(4, 2, 3)), RNG.normal(size=4)
    options: dict[str, Any] = {"stride": 2, "dilation": 2, "groups": 2}
    flat = CONV_1D.compute(Conv1dConfig(padding=1, **options), {"input": x, "kernel": kernel, "bias": bias})
    tall = CONV.compute(
        ConvConfig(padding="0,0,1,1", **options), {"input": x[:, :, None], "kernel": kernel[:, :, None], "bias": bias}
    )
    for name in ("padded", "products", "partial_sums", "pre_activation", "output"):
        assert np.array_equal(flat[name], tall[name].reshape(flat[name].shape)), name


def test_three_axes_with_a_depth_of_one_are_two_to_the_last_bit() -> None:
    x, kernel = RNG.normal(size=(1, 2, 5, 6)), RNG.normal(size=(3, 2, 3, 2))
    deep = CONV_3D.compute(Conv3dConfig(padding="0,0,1,0,0,1"), {"input": x[:, :, None], "kernel": kernel[:, :, None]})
    flat = CONV.compute(ConvConfig(padding="1,0,0,1"), {"input": x, "kernel": kernel})
    assert np.array_equal(deep["output"][:, :, 0], flat["output"])


def test_taps_alone_serve_every_channel() -> None:
    x = RNG.normal(size=(1, 3, 5))
    trace = CONV_1D.compute(Conv1dConfig(), {"input": x, "kernel": [1, 2]})
    assert trace["kernel"].shape == (1, 3, 2)
    assert np.allclose(trace["output"][0, 0], (x[0, :, :-1] + 2 * x[0, :, 1:]).sum(axis=0))


def test_default_shapes_and_what_sharing_saves() -> None:
    assert CONV_1D.complete(Conv1dConfig(), {})[1] == {"input": (1, 1, 7), "kernel": (1, 1, 3)}
    facts = CONV_1D.compute(Conv1dConfig(), {"input": np.ones(7), "kernel": np.ones(3)}).facts
    assert (facts["parameters"], facts["dense_parameters"], facts["out_width"]) == (3, 35, 5)
    assert facts["width_formula"] == "⌊(7 + 0 + 0 − 1·(3−1) − 1)/1⌋ + 1 = 5"


@given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 3), st.integers(0, 99))
@settings(max_examples=25, deadline=None)
def test_a_transposed_convolution_is_the_convolution_the_other_way(k: int, s: int, d: int, seed: int) -> None:
    """⟨conv(x), y⟩ = ⟨x, transposed conv(y)⟩ for every x and y, when no cell of x is left over."""
    rng = np.random.default_rng(seed)
    n = (3 - 1) * s + d * (k - 1) + 1
    x, y, kernel = rng.normal(size=(1, 2, n, n)), rng.normal(size=(1, 3, 3, 3)), rng.normal(size=(3, 2, k, k))
    there = CONV.compute(ConvConfig(stride=s, dilation=d), {"input": x, "kernel": kernel})["output"]
    back = CONV_TRANSPOSE.compute(TransposeConfig(stride=s, dilation=d), {"input": y, "kernel": kernel})["output"]
    assert (there * y).sum() == pytest.approx((x * back).sum(), rel=1e-10, abs=1e-10)


def test_stamps_overlap() -> None:
    trace = CONV_TRANSPOSE.compute(TransposeConfig(), {"input": [[1, 2]], "kernel": [[1, 10], [100, 1000]]})
    assert trace["output"].tolist() == [[[[1, 12, 20], [100, 1200, 2000]]]]
    assert trace["stamps"][0, 0, 0, 1, 0].tolist() == [[2, 20], [200, 2000]]
    assert trace.facts["width_formula"] == "(2 − 1)·1 − 2·0 + 1·(2−1) + 0 + 1 = 3"
    row = CONV_TRANSPOSE_1D.compute(CONV_TRANSPOSE_1D.config(stride=2), {"input": [1, 2], "kernel": [1, 10, 100]})
    assert row["output"].tolist() == [[[1, 10, 102, 20, 200]]]
    assert row["stamps"][0, 0, 1].tolist() == [[2, 20, 200]]


def test_transposed_over_one_axis_or_three_is_that_over_two_to_the_last_bit() -> None:
    x, kernel, bias = RNG.normal(size=(2, 4, 5)), RNG.normal(size=(4, 2, 3)), RNG.normal(size=4)
    options: dict[str, Any] = {"groups": 2, "activation": "tanh"}
    flat = {"stride": 3, "padding": 1, "output_padding": 2, "dilation": 2}
    one = CONV_TRANSPOSE_1D.compute(
        CONV_TRANSPOSE_1D.config(**options, **flat), {"input": x, "kernel": kernel, "bias": bias}
    )
    for layer, n in ((CONV_TRANSPOSE, 1), (CONV_TRANSPOSE_3D, 2)):
        wide = {name: ((0 if "padding" in name else 1),) * n + (size,) for name, size in flat.items()}
        given = {"input": x.reshape(2, 4, *(1,) * n, 5), "kernel": kernel.reshape(4, 2, *(1,) * n, 3), "bias": bias}
        more = layer.compute(layer.config(**options, **wide), given)
        for name in ("stamps", "full", "pre_activation", "output"):
            assert np.array_equal(one[name], more[name].reshape(one[name].shape)), name


MATMUL: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, arrays((1, 1, 4, 4), (1, 1, 2, 2))),
    ({"stride": (2, 1), "padding": 1, "dilation": (1, 2), "activation": "relu"}, arrays((2, 3, 5, 6), (2, 3, 3, 2), 2)),
    ({"padding": "1,0,0,2", "padding_mode": "reflect", "flip": True}, arrays((1, 2, 4, 5), (3, 2, 2, 3))),
]


@pytest.mark.parametrize(("options", "given"), MATMUL)
def test_both_matrix_products_are_the_convolution(options: dict[str, Any], given: dict[str, Any]) -> None:
    trace = proven(CONV_MATMUL, CONV_MATMUL.compute(MatmulConfig(**options), given))
    proven(CONV_MATMUL, CONV_MATMUL.compute(MatmulConfig(**options), {k: np.float32(v) for k, v in given.items()}))
    slid = CONV.compute(ConvConfig(**options), given)
    assert np.allclose(trace["output"], slid["output"], rtol=1e-12, atol=1e-13)
    assert np.allclose(trace["toeplitz_product"].ravel(), trace["matrix_product"].ravel(), rtol=1e-12, atol=1e-13)
    assert np.allclose(trace["kernel_matrix"] @ trace["columns"], trace["matrix_product"], rtol=1e-12, atol=1e-13)
    assert np.array_equal(np.count_nonzero(trace["toeplitz"]), trace.facts["toeplitz_filled"])
    dense = np.einsum("rc,bc->br", trace["toeplitz"], trace["flat_input"])
    assert np.allclose(dense, trace["toeplitz_product"], rtol=1e-12, atol=1e-13)


def test_stored_planes_agree_with_pytorch_as_matrices_too() -> None:
    seen = 0
    for case, results in store.read("convolution"):
        if case["layer"] == "conv" and case["config"]["groups"] == 1:
            agrees(CONV_MATMUL, {**case, "layer": "conv-matmul"}, results)
            seen += 1
    assert seen >= 20


@pytest.mark.parametrize(("options", "given"), MATMUL)
def test_gradients_by_matrices_are_the_convolutions(options: dict[str, Any], given: dict[str, Any]) -> None:
    config, named = MatmulConfig(**options), "grad_kernel_given" if options.get("flip") else "grad_kernel"
    back = slopes(CONV_MATMUL, config, given, [name for name in given if name != "kernel" or not config.flip])
    slid = conv_backward.backward(CONV.compute(ConvConfig(**options), given), {"output": back["grad_output"]})
    for name in ("grad_input", "grad_kernel", "grad_padded", named):
        np.testing.assert_allclose(back[name], slid[name], rtol=1e-11, atol=1e-12)
    shape = back["kernel"].shape
    np.testing.assert_array_equal(back["grad_kernel"], back["grad_kernel_matrix"].reshape(shape))


DEEP = {"input": RNG.normal(size=(1, 3, 4, 5)), "depthwise_kernel": RNG.normal(size=(6, 1, 3, 2)),
        "pointwise_kernel": RNG.normal(size=(4, 6, 1, 1)), "bias": RNG.normal(size=4)}  # fmt: skip


@pytest.mark.parametrize("options", [{}, {"stride": 2, "padding": 1, "dilation": (1, 2), "activation": "tanh"}])
def test_depthwise_and_pointwise_are_one_convolution_with_a_kernel_of_low_rank(options: dict[str, Any]) -> None:
    trace = proven(DEPTHWISE, DEPTHWISE.compute(DepthwiseConfig(**options), DEEP))
    proven(DEPTHWISE, DEPTHWISE.compute(DepthwiseConfig(**options), {k: np.float32(v) for k, v in DEEP.items()}))
    slopes(DEPTHWISE, DepthwiseConfig(**options), DEEP, list(DEEP))
    by_channel = DEEP["depthwise_kernel"].reshape(3, 2, 3, 2)
    kernel = np.einsum("fcm,cmij->fcij", DEEP["pointwise_kernel"].reshape(4, 3, 2), by_channel)
    full = CONV.compute(ConvConfig(**options), {"input": DEEP["input"], "kernel": kernel, "bias": DEEP["bias"]})
    assert np.allclose(trace["output"], full["output"], rtol=1e-12, atol=1e-12)
    assert trace.facts["parameters"] == 36 + 24 + 4
    assert trace.facts["full_parameters"] == full.facts["parameters"]
    assert trace.facts["full_multiplications"] == full.facts["multiplications"]


def test_nan_infinity_and_large_numbers() -> None:
    x = np.array([[np.nan, 1, np.inf, 2], [1e308, 1e308, 0, -1e308], [1, 2, 3, 4]])
    with np.errstate(all="raise"):
        for layer in (CONV_TRANSPOSE, CONV_MATMUL):
            replays(layer.compute(layer.config(), {"input": x, "kernel": [[1.0, -1], [10, 0]]}))
        trace = proven(CONV_1D, CONV_1D.compute(Conv1dConfig(), {"input": x, "kernel": [[[1.0, -1]] * 3]}))
        replays(CONV_1D.backward(trace, {"output": np.ones((1, 1, 3))}))  # type: ignore[misc]
        deep = replays(CONV.compute(ConvConfig(), {"input": x, "kernel": [[1.0, -1], [10, 0]]}))
        replays(conv_backward.backward(deep, {"output": np.full((1, 1, 2, 3), np.inf)}))


def test_any_array_is_taken_and_none_is_changed() -> None:
    rounded = {key: np.round(3 * array) for key, array in arrays((1, 2, 6), (2, 2, 3), 2).items()}
    takes_any_array(CONV_1D, Conv1dConfig(), rounded)
    flat = {key: np.round(3 * array) for key, array in arrays((1, 2, 3, 3), (2, 2, 3, 3), 2).items()}
    takes_any_array(CONV_TRANSPOSE, TransposeConfig(), flat)
    takes_any_array(CONV_MATMUL, MatmulConfig(), flat)


ONE, FOUR = np.ones((1, 1, 5)), np.ones((1, 4, 5))
REFUSALS: list[tuple[Any, dict[str, Any], dict[str, Any], tuple[str, ...]]] = [
    (CONV_1D, {"stride": 0}, {}, ("stride is 0", "at least 1")),
    (CONV_1D, {"kernel_size": 2}, {"input": ONE, "kernel": np.ones((1, 1, 3))}, ("kernel has shape 3", "2")),
    (CONV_1D, {}, {"input": ONE, "kernel": np.ones((1, 1, 6))}, ("kernel_size 6", "width is 5")),
    (CONV_1D, {}, {"input": ONE, "kernel": np.ones((1, 2, 3))}, ("in_channels is 1", "2 by kernel")),
    (CONV_1D, {"groups": 3}, {"input": FOUR, "kernel": np.ones(3)}, ("groups is 3", "in_channels, which is 4")),
    (CONV_1D, {"groups": 2}, {"input": FOUR, "kernel": np.ones((3, 2, 3))}, ("groups is 2", "filters, which is 3")),
    (CONV_1D, {"padding": "same", "stride": 2}, {"input": ONE, "kernel": np.ones(3)}, ("same", "stride", "keras")),
    (CONV_1D, {"padding": 5, "padding_mode": "reflect"}, {"input": ONE, "kernel": np.ones(3)}, ("padding is 5", "4")),
    (CONV_1D, {}, {"input": ONE, "kernel": np.ones(3), "bias": [1, 2]}, ("filters is 1", "2 by bias")),
    (CONV_1D, {"bias": False}, {"input": ONE, "kernel": np.ones(3), "bias": [1]}, ("bias is false",)),
    (CONV_3D, {}, {"input": ONE[0], "kernel": np.ones((2, 2, 2))}, ("input has shape 1×5", "3 to 5")),
    (CONV_TRANSPOSE, {"padding": "same"}, {}, ("padding is same", "PyTorch", "convention keras")),
    (
        CONV_TRANSPOSE,
        {"padding": "same", "convention": "flax", "output_padding": 1, "stride": 2},
        {},
        ("output_padding is 1", "how large the output is"),
    ),
    (CONV_TRANSPOSE_1D, {"padding": "4,2"}, {}, ("padding is 4,2", "6 − 4 − 2 + 0 = 0")),
    (CONV_TRANSPOSE, {"output_padding": 2, "stride": 2}, {}, ("output_padding is 2", "stride, 2", "dilation, 1")),
    (
        CONV_TRANSPOSE,
        {"padding": 3},
        {"input": np.ones((2, 2)), "kernel": np.ones((2, 2))},
        ("padding is 3", "3 cells"),
    ),
    (
        CONV_TRANSPOSE,
        {"groups": 2},
        {"input": np.ones((3, 2, 2)), "kernel": np.ones((3, 1, 2, 2))},
        ("groups is 2", "3"),
    ),
    (CONV_TRANSPOSE, {}, {"input": np.ones((3, 2, 2)), "kernel": np.ones((2, 1, 2, 2))}, ("in_channels is 3", "2 by")),
    (CONV_TRANSPOSE, {"stride": 0}, {}, ("stride is 0",)),
    (CONV_TRANSPOSE_1D, {"padding": 3}, {"input": ONE[0], "kernel": np.ones((1, 1, 2))}, ("padding is 3", "6 cells")),
    (CONV_TRANSPOSE_1D, {"stride": "2x2"}, {}, ("stride is '2x2'", "2 numbers", "a whole number")),
    (CONV_TRANSPOSE_1D, {"output_padding": 1}, {}, ("output_padding is 1", "stride, 1")),
    (CONV_TRANSPOSE_3D, {}, {"input": ONE[0], "kernel": np.ones((2, 2, 2))}, ("input has shape 1×5", "3 to 5")),
    (
        CONV_TRANSPOSE_3D,
        {"groups": 2},
        {"input": np.ones((3, 2, 2, 2)), "kernel": np.ones((3, 1, 2, 2, 2))},
        ("groups is 2", "3"),
    ),
    (CONV_TRANSPOSE, {"padding": -1}, {}, ("padding is -1",)),
    (DEPTHWISE, {}, {**DEEP, "input": np.ones((4, 5, 5))}, ("depthwise_kernel has 6 filters", "4 in_channels")),
    (DEPTHWISE, {}, {**DEEP, "pointwise_kernel": np.ones((4, 5))}, ("pointwise_kernel has shape 4×5", "4×6")),
    (DEPTHWISE, {"multiplier": 3}, DEEP, ("multiplier is 3", "2 by depthwise_kernel")),
    (DEPTHWISE, {"kernel_size": 3}, DEEP, ("depthwise_kernel has shape 3×2", "3×3")),
    (CONV_MATMUL, {"groups": 2}, {}, ("groups is 2", "at most 1")),
    (CONV_MATMUL, {}, {"input": np.ones((300, 300)), "kernel": np.ones((3, 3))}, ("Toeplitz matrix", "88804×90000")),
]


@pytest.mark.parametrize(("layer", "options", "given", "pieces"), REFUSALS)
def test_what_does_not_go_together(layer: Any, options: Any, given: Any, pieces: tuple[str, ...]) -> None:
    refused(lambda: layer.compute(layer.config(**options), given) if given else layer.complete(
        layer.config(**options), {}), *pieces)  # fmt: skip
