"""Large convolutions go by matrix products: as PyTorch has them, as tap by tap, whatever the size of a block."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layeranim.engine import patches
from layeranim.engine.patches import correlate, stamp, tap_gradients
from layeranim.engine.trace import count
from layeranim.engine.window import Axis
from tests.engine.family import replays, stored_agree
from tests.engine.test_conv_siblings import CASES, LAYERS


@pytest.fixture(params=[1, 50, 2**18])
def products(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every sum goes by matrix products, in blocks of one row, of a few, of all."""
    for name, value in (("LARGE", 0), ("_FEWEST", 1), ("_SCRATCH", request.param)):
        monkeypatch.setattr(patches, name, value)
    monkeypatch.setattr(patches, "_by_taps", None)


@pytest.mark.usefixtures("products")
def test_stored_cases_agree_with_pytorch() -> None:
    stored_agree("convolution", LAYERS, 264)


@pytest.mark.usefixtures("products")
@pytest.mark.parametrize(("layer", "options", "given"), CASES)
def test_every_step_replays(layer: Any, options: dict[str, Any], given: dict[str, Any]) -> None:
    for kind in (np.float64, np.float32):
        trace = replays(layer.compute(layer.config(**options), {name: kind(array) for name, array in given.items()}))
        replays(layer.backward(trace, {"output": np.ones(trace["output"].shape)}))


@given(st.integers(1, 3), st.integers(1, 2), st.integers(1, 9), st.integers(1, 2**11), st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_both_ways_give_the_same_sums(n: int, groups: int, block: int, scratch: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    spans = [(int(rng.integers(1, 3)), int(rng.integers(1, 4)), int(rng.integers(1, 3))) for _ in range(n)]
    axes = [Axis(str(k), d * (t - 1) + 1 + int(rng.integers(5)), t, s, d, 0, 0) for k, (d, t, s) in enumerate(spans)]
    windows, padded = [axis.out for axis in axes], [axis.size for axis in axes]
    kernel = rng.normal(size=(2 * groups, 2, *(axis.kernel for axis in axes)))
    x, delta = rng.normal(size=(2, 2 * groups, *padded)), rng.normal(size=(2, 2 * groups, *windows))
    results = []
    with pytest.MonkeyPatch.context() as changed:
        for threshold in (2**60, 0):
            for name, value in (("LARGE", threshold), ("_FEWEST", 1), ("_SCRATCH", scratch), ("_CACHED", block)):
                changed.setattr(patches, name, value)
            found = correlate(x, kernel, axes, groups), stamp(delta, kernel, axes, tuple(padded), groups)
            results.append([*found, tap_gradients(delta, x, kernel.shape, axes, groups)])
    for by_taps, by_products in zip(*results, strict=True):
        np.testing.assert_allclose(by_products, by_taps, rtol=1e-12, atol=1e-13)
    assert (x * results[0][1]).sum() == pytest.approx((delta * results[0][0]).sum(), rel=1e-10, abs=1e-10)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@np.errstate(all="ignore")
def test_a_product_with_0_is_left_out_nowhere(value: float) -> None:
    """0 · NaN is NaN and 0 · ∞ is NaN, also in a sum that is large enough for a matrix library."""
    axes = [Axis("width", 2**16, 3, 1, 1, 0, 0)]
    x, kernel = np.ones((1, 4, 2**16)), np.zeros((4, 4, 3))
    x[0, 1, 7] = value
    assert patches.large(4, 1, count(kernel.shape[1:]), axes[0].out)
    hit = np.zeros(axes[0].out, bool)
    hit[5:8] = True
    assert np.array_equal(np.isnan(correlate(x, kernel, axes)[0]), np.tile(hit, (4, 1)))
    delta = np.zeros((1, 4, axes[0].out))
    delta[0, 2, 9] = value
    assert np.isnan(stamp(delta, kernel, axes, (2**16,))).sum() == 4 * 3
    assert np.isnan(tap_gradients(delta, np.zeros_like(x), kernel.shape, axes)).sum() == 4 * 3


@pytest.mark.parametrize("options", [{"padding": 1}, {"stride": 2}, {"stride": (3, 2), "dilation": (2, 1)}])
@pytest.mark.parametrize("scratch", [3000, 2**18])
def test_many_small_groups_have_every_number_of_one_after_another(
    options: dict[str, Any], scratch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sums of a depthwise layer, forward and backward, are those of each channel alone, tap by tap."""
    layer, rng = LAYERS["conv"], np.random.default_rng(5)
    x, kernel = rng.normal(size=(2, 7, 8, 9)), rng.normal(size=(14, 1, 3, 3))
    alone = [layer.compute(layer.config.of(options), {"input": x[:, [c]], "kernel": kernel[2 * c : 2 * c + 2]})
             for c in range(7)]  # fmt: skip
    behind = [layer.backward(trace, {}) for trace in alone]
    for name, value in (("LARGE", 0), ("_SCRATCH", scratch), ("_stamp_blocks", None), ("_blocks", None)):
        monkeypatch.setattr(patches, name, value)
    whole = layer.compute(layer.config.of({**options, "groups": 7}), {"input": x, "kernel": kernel})
    back = layer.backward(whole, {})
    for trace, parts, name, axis in (
        (whole, alone, "output", 1), (back, behind, "grad_input", 1), (back, behind, "grad_kernel", 0)
    ):  # fmt: skip
        expected = np.concatenate([part[name] for part in parts], axis=axis)
        np.testing.assert_allclose(trace[name], expected, rtol=1e-12, atol=1e-12)


def test_a_large_layer_has_every_number_of_a_small_one() -> None:
    layer, rng = LAYERS["conv"], np.random.default_rng(4)
    shapes: dict[str, tuple[int, ...]] = {"input": (1, 16, 40, 40), "kernel": (16, 16, 3, 3)}
    arrays = {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    trace = replays(layer.compute(layer.config.of({"padding": 1}), {**arrays, "bias": np.ones(16, np.float32)}))
    assert all(step.reads[0].tensor == "products" for step in (trace.steps[2], trace.steps[-2]))
    np.testing.assert_allclose(trace["partial_sums"].sum(axis=-1) + 1, trace["pre_activation"], rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(trace["products"][0, 3, 20].sum(axis=(1, 2, 3)) + 1, trace["output"][0, 3, 20],
                               rtol=1e-3, atol=1e-4)  # fmt: skip
