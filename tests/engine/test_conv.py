"""The trace of a convolution: shapes at the door, names and axes, types, extremes, memory."""

from __future__ import annotations

import tracemalloc
import warnings
from typing import Any

import numpy as np
import pytest

from layeranim.catalog import layer
from layeranim.engine.conv import CONV, ConvConfig
from layeranim.engine.trace import Region, Trace

SOBEL_X = [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]


def trace(x: Any, kernel: Any, bias: Any = None, **options: Any) -> Trace:
    return CONV.compute(ConvConfig(**options), {"input": x, "kernel": kernel, "bias": bias})


def test_names_axes_roles_and_which_tensors_are_stored() -> None:
    t = trace(np.ones((2, 4, 5, 6)), np.ones((6, 2, 3, 2)), np.ones(6), groups=2, padding=1, flip=True)
    padded = ("batch", "in_channels", "padded_height", "padded_width")
    kernel = ("out_channels", "group_channels", "kernel_height", "kernel_width")
    out = ("batch", "out_channels", "out_height", "out_width")
    assert {name: (x.axes, x.role, x.is_recipe) for name, x in t.tensors.items()} == {
        "input": (("batch", "in_channels", "height", "width"), "input", False),
        "padded": (padded, "intermediate", False),
        "kernel_given": (kernel, "weight", True),
        "kernel": (kernel, "weight", False),
        "bias": (("out_channels",), "weight", False),
        "patches": ((*padded[:2], *out[2:], *kernel[2:]), "intermediate", True),
        "products": ((*out, *kernel[1:]), "intermediate", True),
        "partial_sums": ((*out, "group_channels"), "intermediate", True),
        "pre_activation": (out, "intermediate", False),
        "output": (out, "output", False),
    }
    assert list(t)[:5] == ["input", "padded", "kernel_given", "kernel", "bias"]
    assert len(t.steps) == 4 * 2 * 6 * 5 * 7
    plain = trace(np.ones((5, 5)), np.ones((3, 3)))
    assert "bias" not in plain
    assert "kernel_given" not in plain


def test_the_steps_of_one_cell() -> None:
    t = trace(np.ones((1, 4, 7, 7)), np.ones((4, 2, 2, 3)), np.ones(4), groups=2, stride=2, dilation="3x1",
              activation="relu")  # fmt: skip
    at = {"batch": 0, "out_channels": 3, "out_height": 1, "out_width": 2}
    taken = Region.of("padded", batch=0, in_channels=range(2, 4), padded_height=range(2, 6, 3),
                      padded_width=range(4, 7, 1))  # fmt: skip
    steps = t.steps[4 * (3 * 6 + 5) : 4 * (3 * 6 + 5) + 4]
    assert [(s.operation, s.reads, s.writes, s.parameters) for s in steps] == [
        ("multiply", (taken, Region.of("kernel", out_channels=3)), Region.of("products", **at), ()),
        ("sum", (Region.of("products", **at),), Region.of("partial_sums", **at), (("axes", 2),)),
        ("add", (Region.of("partial_sums", **at), Region.of("bias", out_channels=3)),
         Region.of("pre_activation", **at), ()),
        ("activate", (Region.of("pre_activation", **at),), Region.of("output", **at), (("name", "relu"),)),
    ]  # fmt: skip
    assert t.read(taken).shape == (2, 2, 3)


def test_batch_channels_and_filters_may_be_left_out() -> None:
    x, k = np.arange(25.0).reshape(5, 5), np.arange(9.0).reshape(3, 3)
    full = trace(x[None, None], k[None, None], [2.0])
    for other in (trace(x, k, 2), trace(x[None], k[None], np.array([2])), trace(x.tolist(), k.tolist(), 2.0)):
        np.testing.assert_array_equal(full["output"], other["output"])
        assert full.config == other.config
    assert full["output"][0, 0, 0, 0] == 2 + sum(i * v for i, v in enumerate([0, 1, 2, 5, 6, 7, 10, 11, 12]))


def test_one_plane_kernel_is_used_for_every_channel_and_summed() -> None:
    rgb = np.random.default_rng(3).normal(size=(3, 6, 6))
    t = trace(rgb, SOBEL_X)
    assert t["kernel"].shape == (1, 3, 3, 3)
    separate = sum(trace(plane, SOBEL_X)["output"] for plane in rgb)
    np.testing.assert_allclose(t["output"], separate, atol=1e-14)
    assert t.facts["shared_kernel"] == "the same kernel in each of 3 channels, their sums added"
    assert "shared_kernel" not in trace(rgb[0], SOBEL_X).facts
    apart = trace(rgb, SOBEL_X, groups=3)
    assert apart["kernel"].shape == (3, 1, 3, 3)
    np.testing.assert_array_equal(apart["output"][:, 1:2], trace(rgb[1], SOBEL_X)["output"])


def test_sizes_without_arrays() -> None:
    full, shapes = CONV.complete(ConvConfig(), {})
    assert shapes == {"input": (1, 1, 5, 5), "kernel": (1, 1, 3, 3)}
    assert (full.kernel_size, full.in_channels, full.filters, full.bias) == ((3, 3), 1, 1, False)
    config = ConvConfig(kernel_size="4x2", dilation=3, in_channels=6, filters=4, groups=2, bias=True)
    full, shapes = CONV.complete(config, {"input": None})
    assert shapes == {"input": (1, 6, 10, 5), "kernel": (4, 3, 4, 2), "bias": (4,)}
    assert CONV.complete(full, shapes) == (full, shapes)
    assert CONV.complete(ConvConfig(groups=3), {})[1] == {"input": (1, 3, 5, 5), "kernel": (3, 1, 3, 3)}
    assert CONV.complete(ConvConfig(), {"bias": (3,)})[1]["kernel"] == (3, 1, 3, 3)
    assert CONV.complete(ConvConfig(padding=7, padding_mode="reflect"), {})[1]["input"] == (1, 1, 8, 8)
    assert CONV.complete(ConvConfig(), {"kernel": (2, 5, 3, 3)})[1]["input"] == (1, 5, 5, 5)


def test_types() -> None:
    x, k = np.ones((5, 5), np.float32), np.ones((3, 3), np.float32)
    for activation in ("linear", "gelu"):
        assert {v.dtype for v in trace(x, k, activation=activation).values()} == {np.dtype(np.float32)}
    assert trace(x, k, 1.0)["output"].dtype == np.float64
    assert trace(x.astype(np.float16), k)["output"].dtype == np.float32
    assert {v.dtype for v in trace(np.ones((5, 5), int), np.ones((3, 3), bool)).values()} == {np.dtype(np.float64)}
    big = np.arange(25.0).reshape(5, 5).astype(">f8")
    np.testing.assert_array_equal(trace(big, k)["output"], trace(big.astype("<f8"), k)["output"])


def test_the_callers_arrays_are_neither_kept_nor_changed() -> None:
    x, k = np.asfortranarray(np.arange(25.0).reshape(5, 5))[::-1], np.ones((3, 3))
    before = x.copy()
    t = trace(x, k)
    held = t["output"].copy()
    np.testing.assert_array_equal(x, before)
    x[:], k[:] = 9, 9
    np.testing.assert_array_equal(t["output"], held)
    assert t["input"][0, 0, 0, 0] == 20
    assert not any(t.tensor(name).array.flags.writeable for name in ("input", "padded", "kernel", "output"))


def test_nan_and_infinity_travel_without_a_warning() -> None:
    x = np.zeros((4, 4))
    x[0, 0], x[0, 3], x[3, 0] = np.nan, np.inf, 1e308
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        t = trace(x, [[1.0, 1.0], [10.0, 1.0]], activation="relu")
        products = t["products"]
    out = t["output"][0, 0]
    assert np.isnan(out[0, 0])
    assert np.isinf(out[0, 2])
    assert out[2, 0] == np.inf  # 10 · 1e308
    assert out[1, 1] == 0
    assert np.isnan(products).sum() == 1
    zero_times_infinity = trace(x, np.zeros((2, 2)))["output"][0, 0]
    assert np.isnan(zero_times_infinity[0, 2])


def test_zero_padding_and_no_activation_copy_nothing() -> None:
    t = trace(np.ones((5, 5)), np.ones((3, 3)))
    assert np.shares_memory(t["padded"], t["input"])
    assert np.shares_memory(t["output"], t["pre_activation"])


def test_a_photograph_under_64_filters_needs_little_more_than_its_output() -> None:
    rng = np.random.default_rng(0)
    x, k = (rng.normal(size=s).astype(np.float32) for s in ((3, 224, 224), (64, 3, 3, 3)))
    tracemalloc.start()
    try:
        t = trace(x, k)
        peak = tracemalloc.get_traced_memory()[1]
        before = tracemalloc.get_traced_memory()[0]
        assert len(t.steps) == 4 * 64 * 222 * 222
        step = t.steps[-1]
        made = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    output = t["output"].nbytes
    assert output == 4 * 64 * 222 * 222
    assert peak < output + 4 * 2**20
    assert made < 10_000
    assert step.writes["out_width"] == 221
    expected = sum(float(x[c, 221 + i, 221 + j]) * float(k[63, c, i, j]) for c, i, j in np.ndindex(3, 3, 3))
    assert float(t.read(step.writes)) == pytest.approx(expected, abs=1e-5)


def test_the_catalog_finds_it() -> None:
    assert layer("conv") is CONV
    assert layer("filter-match") is CONV
