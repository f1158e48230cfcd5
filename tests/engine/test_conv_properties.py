"""Properties that every convolution has, whatever its sizes."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from layeranim.engine.conv import CONV, ConvConfig, axes_of, steps_of, unread, window
from layeranim.engine.trace import Region, Trace

QUICK = settings(max_examples=80, deadline=None, derandomize=True, database=None)


def trace(x: Any, kernel: Any, bias: Any = None, **options: Any) -> Trace:
    return CONV.compute(ConvConfig(**options), {"input": x, "kernel": kernel, "bias": bias})


@st.composite
def convolutions(draw: st.DrawFn) -> dict[str, Any]:
    """Arrays and options that go together, with every option in play."""
    whole = lambda low, high: draw(st.integers(low, high))  # noqa: E731
    groups, kernel = whole(1, 3), (whole(1, 3), whole(1, 3))
    dilation = (whole(1, 3), whole(1, 3))
    size = tuple(d * (k - 1) + 1 + whole(0, 4) for k, d in zip(kernel, dilation, strict=True))
    rng = np.random.default_rng(whole(0, 2**32))
    channels, filters = groups * whole(1, 2), groups * whole(1, 2)
    mode = draw(st.sampled_from(["zeros", "reflect", "replicate", "circular"]))
    most = [n - 1 if mode == "reflect" else n for n in size]
    return {
        "x": rng.normal(size=(whole(1, 2), channels, *size)),
        "kernel": rng.normal(size=(filters, channels // groups, *kernel)),
        "bias": rng.normal(size=filters) if whole(0, 1) else None,
        "stride": (whole(1, 3), whole(1, 3)), "dilation": dilation, "groups": groups, "padding_mode": mode,
        "padding": [whole(0, min(2, n)) for n in most for _ in range(2)],
        "activation": draw(st.sampled_from(["linear", "relu", "gelu"])), "flip": bool(whole(0, 1)),
    }  # fmt: skip


def cell_by_cell(t: Trace) -> Any:
    """Products of every window as the definition says, one number at a time."""
    config: Any = t.config
    padded, kernel = t["padded"], t["kernel"]
    out = np.empty(t.tensor("products").shape)
    per_group = kernel.shape[0] // config.groups
    for b, f, r, c, ch, i, j in np.ndindex(out.shape):
        row, column = r * config.stride[0] + i * config.dilation[0], c * config.stride[1] + j * config.dilation[1]
        channel = f // per_group * kernel.shape[1] + ch
        out[b, f, r, c, ch, i, j] = padded[b, channel, row, column] * kernel[f, ch, i, j]
    return out


@QUICK
@given(convolutions())
def test_products_sums_and_output_are_those_of_the_definition(case: dict[str, Any]) -> None:
    t = trace(**case)
    products = cell_by_cell(t)
    np.testing.assert_array_equal(t["products"], products)
    np.testing.assert_allclose(t["partial_sums"], products.sum(axis=(5, 6)), atol=1e-13)
    total = products.sum(axis=(4, 5, 6)) + (0 if case["bias"] is None else case["bias"][:, None, None])
    np.testing.assert_allclose(t["pre_activation"], total, atol=1e-13)


@QUICK
@given(convolutions(), st.data())
def test_a_region_of_a_recipe_is_that_part_of_the_whole(case: dict[str, Any], data: st.DataObject) -> None:
    t = trace(**case)
    for name in ("patches", "products", "partial_sums"):
        tensor = t.tensor(name)
        where: dict[str, int | range] = {}
        for axis, size in zip(tensor.axes, tensor.shape, strict=True):
            kind = data.draw(st.integers(0, 2))
            start = data.draw(st.integers(0, size - 1))
            if kind == 1:
                where[axis] = start
            elif kind == 2:
                where[axis] = range(start, data.draw(st.integers(start + 1, size)), data.draw(st.integers(1, 2)))
        region = Region.of(name, **where)
        np.testing.assert_array_equal(t.read(region), tensor.array[region.index(tensor.axes)])


@QUICK
@given(convolutions())
def test_partial_sums_add_up_to_the_very_bits_of_the_output(case: dict[str, Any]) -> None:
    t = trace(**case)
    total = np.add.accumulate(t["partial_sums"], axis=-1)[..., -1]
    if case["bias"] is not None:
        total = total + case["bias"][:, None, None]
    np.testing.assert_array_equal(t["pre_activation"], total)


@QUICK
@given(convolutions())
def test_patches_times_kernel_is_the_output(case: dict[str, Any]) -> None:
    t = trace(**case)
    patches = np.split(t["patches"], case["groups"], axis=1)
    kernels = np.split(t["kernel"], case["groups"], axis=0)
    parts = [np.einsum("bcrsij,fcij->bfrs", p, k) for p, k in zip(patches, kernels, strict=True)]
    total = np.concatenate(parts, axis=1) + (0 if case["bias"] is None else case["bias"][:, None, None])
    np.testing.assert_allclose(t["pre_activation"], total, atol=1e-12)


@QUICK
@given(convolutions(), st.floats(-3, 3), st.floats(-3, 3))
def test_linear_in_input_and_in_kernel(case: dict[str, Any], p: float, q: float) -> None:
    case |= {"bias": None, "activation": "linear"}
    rng = np.random.default_rng(5)
    for name in ("x", "kernel"):
        other = rng.normal(size=case[name].shape)
        both = trace(**case | {name: p * case[name] + q * other})["output"]
        apart = p * trace(**case)["output"] + q * trace(**case | {name: other})["output"]
        np.testing.assert_allclose(both, apart, atol=1e-11)


@QUICK
@given(convolutions(), st.integers(0, 3), st.integers(0, 3))
def test_a_shifted_input_shifts_the_output(case: dict[str, Any], down: int, right: int) -> None:
    case |= {"padding": 0}
    rows, columns = (n * s for n, s in zip((down, right), case["stride"], strict=True))
    around = ((0, 0), (0, 0), (rows, 0), (columns, 0))
    shifted = trace(**case | {"x": np.pad(case["x"], around)})["output"]
    whole = trace(**case)["output"]
    np.testing.assert_allclose(shifted[:, :, down:, right:], whole, atol=1e-13)


@QUICK
@given(convolutions())
def test_padding_is_an_explicitly_padded_input(case: dict[str, Any]) -> None:
    top, bottom, left, right = case["padding"]
    numpy_mode: Any = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}
    around = ((0, 0), (0, 0), (top, bottom), (left, right))
    x = np.pad(case["x"], around, mode=numpy_mode[case["padding_mode"]])
    np.testing.assert_array_equal(trace(**case)["output"], trace(**case | {"x": x, "padding": 0})["output"])


@QUICK
@given(convolutions())
def test_flip_is_correlation_with_the_turned_kernel(case: dict[str, Any]) -> None:
    turned = np.rot90(case["kernel"], 2, axes=(2, 3))
    flipped = trace(**case | {"flip": True})
    np.testing.assert_array_equal(flipped["output"], trace(**case | {"flip": False, "kernel": turned})["output"])
    np.testing.assert_array_equal(flipped["kernel"], turned)
    np.testing.assert_array_equal(flipped["kernel_given"], case["kernel"])


@QUICK
@given(convolutions())
def test_groups_are_a_block_diagonal_kernel(case: dict[str, Any]) -> None:
    groups, kernel = case["groups"], case["kernel"]
    filters, per_group = len(kernel) // groups, kernel.shape[1]
    full = np.zeros((len(kernel), case["x"].shape[1], *kernel.shape[2:]))
    for g in range(groups):
        full[g * filters : (g + 1) * filters, g * per_group : (g + 1) * per_group] = kernel[
            g * filters : (g + 1) * filters
        ]
    blocks = trace(**case | {"groups": 1, "kernel": full})["output"]
    np.testing.assert_allclose(trace(**case)["output"], blocks, atol=1e-13)


@QUICK
@given(convolutions(), st.data())
def test_windows_steps_and_unread_cells(case: dict[str, Any], data: st.DataObject) -> None:
    t = trace(**case)
    config: Any = t.config
    touched = np.zeros(t.tensor("padded").shape[2:], bool)
    for _, _, r, c in np.ndindex(t["output"].shape):
        rows, columns = (axis.taps(n) for axis, n in zip(axes_of(t), (r, c), strict=True))
        touched[np.ix_(rows, columns)] = True
    idle = np.zeros_like(touched)
    idle[list(unread(t)["padded_height"])] = True
    idle[:, list(unread(t)["padded_width"])] = True
    np.testing.assert_array_equal(idle, ~touched)
    at = tuple(data.draw(st.integers(0, n - 1)) for n in t["output"].shape)
    region = window(t, *at)
    channels = t["kernel"].shape[1]
    first = at[1] // (t["kernel"].shape[0] // config.groups) * channels
    np.testing.assert_array_equal(t.read(region), t["patches"][at[0], first : first + channels, at[2], at[3]])
    steps = [t.steps[i] for i in steps_of(t, *at)]
    assert [s.operation for s in steps] == ["multiply", "sum", "add", "activate"]
    assert steps[0].reads[0] == region
    where = dict(zip(t.axes("output"), at, strict=True))
    assert steps[3].writes == Region.of("output", **where)
