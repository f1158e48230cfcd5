"""Padding, stride and dilation worked out by hand: sizes, ``same`` under both conventions, modes, unread cells."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from layeranim.engine.conv import CONV, ConvConfig, axes_of, unread
from layeranim.engine.conv_nd import CONV_1D, CONV_3D
from layeranim.engine.trace import Trace
from layeranim.engine.window import origin, slide


def row(values: list[float], kernel: list[float], **options: Any) -> Trace:
    """A convolution along one row."""
    return CONV.compute(ConvConfig(**options), {"input": [values], "kernel": [kernel]})


# Keras: ⌈n/s⌉ windows reach (⌈n/s⌉ − 1)s + d(k − 1) + 1 cells; what n lacks is added, the odd cell at the end.
KERAS = [
    # n, k, s, d → before, after, out
    (5, 3, 2, 1, (1, 1), 3),  # 3 windows reach 2·2 + 3 = 7 cells: 2 are missing
    (6, 3, 2, 1, (0, 1), 3),  # 3 windows reach 7: 1 is missing, at the end
    (4, 2, 1, 1, (0, 1), 4),  # 4 windows reach 5
    (7, 2, 3, 1, (0, 1), 3),  # 3 windows reach 6 + 2 = 8
    (5, 1, 2, 1, (0, 0), 3),  # 3 windows reach 5: nothing is missing
    (6, 1, 4, 1, (0, 0), 2),  # 2 windows reach 5 of 6: never less than no padding
    (224, 7, 2, 1, (2, 3), 112),  # 112 windows reach 222 + 7 = 229: the first layer of ResNet
    (6, 3, 1, 2, (2, 2), 6),  # 6 windows reach 5 + 5 = 10
    (9, 4, 2, 3, (4, 5), 5),  # 5 windows reach 8 + 10 = 18
]


@pytest.mark.parametrize(("n", "k", "s", "d", "padding", "out"), KERAS)
def test_keras_same(n: int, k: int, s: int, d: int, padding: tuple[int, int], out: int) -> None:
    (axis,) = slide("same", (n,), (k,), (s,), (d,), convention="keras", names=("width",))
    assert (axis.before, axis.after) == padding
    assert axis.out == out == -(-n // s)


def test_keras_same_with_an_even_kernel_pads_at_the_end() -> None:
    # 1+20 2+30 3+40, and 4 with the zero after it
    assert row([1, 2, 3, 4], [1, 10], padding="same", convention="keras")["output"].tolist() == [[[[21, 32, 43, 4]]]]


def test_keras_same_with_a_stride_starts_at_the_first_cell() -> None:
    t = row([1, 2, 3, 4, 5, 6], [1, 10, 100], padding="same", stride=2, convention="keras")
    assert t["output"].tolist() == [[[[321, 543, 65]]]]  # 123, 345, 56 and a zero at the end
    centred = row([1, 2, 3, 4, 5, 6], [1, 10, 100], padding="0,0,1,1", stride=2)
    assert centred["output"].tolist() == [[[[210, 432, 654]]]]  # what PyTorch's symmetric padding of 1 gives
    assert t.facts["padding"] == "0,0,0,1"
    assert "Keras" in str(t.facts["convention"])


FULL: dict[int, tuple[Any, tuple[Any, ...]]] = {
    1: (CONV_1D, ([1.0, 2, 3], [1.0, 10])),
    2: (CONV, ([[1.0, 2], [3, 4]], [[1.0, 10], [100, 1000]])),
    3: (CONV_3D, ([[[1.0, 2]], [[3, 4]]], [[[1.0, 10]], [[100, 1000]]])),
}


@pytest.mark.parametrize("n", FULL)
@pytest.mark.parametrize("dilation", [1, 2])
def test_full_is_every_window_that_touches_the_input(n: int, dilation: int) -> None:
    layer, (x, kernel) = FULL[n]
    options = {"padding": "full", "dilation": dilation, "flip": True}
    trace = layer.compute(layer.config.of(options), {"input": x, "kernel": kernel})
    taps = np.zeros([dilation * (k - 1) + 1 for k in np.shape(kernel)])
    taps[(slice(None, None, dilation),) * n] = kernel
    # what a polynomial's coefficients do when two of them are multiplied: numpy.convolve, over every axis
    expected = np.zeros([a + b - 1 for a, b in zip(np.shape(x), taps.shape, strict=True)])
    for at, value in np.ndenumerate(np.array(x)):
        expected[tuple(slice(k, k + m) for k, m in zip(at, taps.shape, strict=True))] += value * taps
    np.testing.assert_array_equal(trace["output"].reshape(expected.shape), expected)
    if n == 1:
        np.testing.assert_array_equal(expected, np.convolve(x, taps))


@pytest.mark.parametrize(("k", "s", "d"), [(3, 1, 1), (2, 1, 3), (3, 2, 1), (4, 3, 2), (1, 1, 1)])
def test_causal_ends_every_window_at_its_own_place(k: int, s: int, d: int) -> None:
    rng = np.random.default_rng(k)
    x, kernel = rng.normal(size=9), rng.normal(size=k)
    t = CONV_1D.compute(
        CONV_1D.config.of({"padding": "causal", "stride": s, "dilation": d}), {"input": x, "kernel": kernel}
    )
    late = [
        sum(kernel[j] * x[at - d * (k - 1 - j)] for j in range(k) if at >= d * (k - 1 - j)) for at in range(0, 9, s)
    ]
    np.testing.assert_allclose(t["output"][0, 0], late, rtol=1e-12, atol=1e-15)
    assert t.facts["padding"] == ("0" if k == 1 else f"{d * (k - 1)},0")
    changed = CONV_1D.compute(t.config, {"input": np.append(x[:-1], 99.0), "kernel": kernel})
    np.testing.assert_array_equal(t["output"][..., :-1], changed["output"][..., :-1])


def test_one_side_alone() -> None:
    t = CONV_1D.compute(CONV_1D.config.of({"padding": "0,2"}), {"input": [1, 2, 3], "kernel": [1, 10]})
    assert t["output"].tolist() == [[[21, 32, 3, 0]]]


def test_torch_same_is_kernel_minus_one_whatever_the_size() -> None:
    t = row([1, 2, 3, 4], [1, 10], padding="same")
    assert t["output"].tolist() == [[[[21, 32, 43, 4]]]]
    (axis,) = slide("same", (6,), (4,), (1,), (3,), names=("width",))
    assert (axis.before, axis.after, axis.out) == (4, 5, 6)
    assert "PyTorch" in str(t.facts["convention"])


def test_the_size_formula_has_the_numbers_put_in() -> None:
    config = ConvConfig(stride="2x1", padding="1,1,0,2", dilation="1x2")
    t = CONV.compute(config, {"input": np.ones((5, 6)), "kernel": np.ones((3, 2))})
    assert t.facts["height_formula"] == "⌊(5 + 1 + 1 − 1·(3−1) − 1)/2⌋ + 1 = 3"
    assert t.facts["width_formula"] == "⌊(6 + 0 + 2 − 2·(2−1) − 1)/1⌋ + 1 = 6"
    assert t["output"].shape == (1, 1, 3, 6)
    assert (t.facts["out_height"], t.facts["out_width"], t.facts["windows"]) == (3, 6, 18)
    assert (t.facts["products_per_output"], t.facts["multiplications"], t.facts["parameters"]) == (6, 108, 6)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("zeros", [None, None, 0, 1, 2, None]),
        ("reflect", [2, 1, 0, 1, 2, 1]),
        ("replicate", [0, 0, 0, 1, 2, 2]),
        ("circular", [1, 2, 0, 1, 2, 0]),
    ],
)
def test_where_padding_comes_from(mode: str, expected: list[int | None]) -> None:
    (axis,) = slide(((2, 1),), (3,), (1,), (1,), (1,), mode=mode, names=("width",))
    assert list(origin(axis, mode)) == expected
    padded = row([10, 20, 30], [1], padding="0,0,2,1", padding_mode=mode)["padded"][0, 0, 0]
    assert padded.tolist() == [0 if at is None else [10, 20, 30][at] for at in expected]


def test_unread_rows_and_columns() -> None:
    t = CONV.compute(ConvConfig(stride=2), {"input": np.ones((6, 6)), "kernel": np.ones((3, 3))})
    assert unread(t) == {"padded_height": (5,), "padded_width": (5,), "height": (5,), "width": (5,)}
    assert (t.facts["unread_rows"], t.facts["unread_columns"]) == (1, 1)
    gaps = row([1, 2, 3, 4, 5, 6], [1], stride=4)
    assert unread(gaps)["width"] == (1, 2, 3, 5)
    spread = row([1, 2, 3, 4, 5], [1, 1], dilation=3, stride=4)
    assert unread(spread)["width"] == (1, 2, 4)
    assert unread(row([1, 2, 3, 4, 5], [1, 1], dilation=2))["width"] == ()


def test_a_cell_read_only_through_its_copy_in_the_padding_is_read() -> None:
    # 4 [1 2 3 4] 1: windows at places 0 and 3 of six; the 4 at place 4 is passed over, its copy at place 0 is not
    t = row([1, 2, 3, 4], [1], padding="0,0,1,1", padding_mode="circular", stride="1x3")
    assert t["output"].tolist() == [[[[4, 3]]]]
    assert unread(t)["padded_width"] == (1, 2, 4, 5)
    assert unread(t)["width"] == (0, 1)
    assert (t.facts["unread_rows"], t.facts["unread_columns"]) == (0, 2)
    turned = {"input": [[1], [2], [3], [4]], "kernel": [[1]]}
    config = ConvConfig(padding="1,1,0,0", padding_mode="circular", stride="3x1")
    assert CONV.compute(config, turned).facts["unread_rows"] == 2


def test_axes_of_a_trace() -> None:
    rows, columns = axes_of(row([1, 2, 3, 4, 5], [1, 2], stride="1x2", padding="0,0,1,0"))
    assert (rows.out, columns.padded, columns.reach, list(columns.taps(1))) == (1, 6, 2, [2, 3])
