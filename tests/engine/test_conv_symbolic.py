"""Letters for numbers: the labels of a convolution say what its output is made of."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from layeranim.engine.conv import CONV, ConvConfig
from layeranim.engine.symbolic import evaluate, joined, labelled, times
from layeranim.engine.trace import Trace
from layeranim.errors import ShapeError

LETTERS = np.array(list("abcdefghijkl")).reshape(3, 4)


def trace(x: Any, kernel: Any, bias: Any = None, **options: Any) -> Trace:
    return CONV.compute(ConvConfig(**options), {"input": x, "kernel": kernel, "bias": bias})


def labels(t: Trace, name: str) -> Any:
    found = t.tensor(name).labels
    assert found is not None
    return found


def test_letters_read_in_order() -> None:
    t = labelled(trace(np.ones((3, 4)), np.ones((2, 2))), input=LETTERS, kernel=[["w", "x"], ["y", "z"]])
    assert labels(t, "output")[0, 0].tolist() == [
        ["aw + bx + ey + fz", "bw + cx + fy + gz", "cw + dx + gy + hz"],
        ["ew + fx + iy + jz", "fw + gx + jy + kz", "gw + hx + ky + lz"],
    ]
    assert labels(t, "products")[0, 0, 1, 2, 0].tolist() == [["gw", "hx"], ["ky", "lz"]]


@pytest.mark.parametrize("activation", ["linear", "relu"])
@pytest.mark.parametrize(
    "options",
    [
        {"padding": 1},
        {"padding": 1, "padding_mode": "reflect", "stride": 2},
        {"padding": "1,0,2,1", "padding_mode": "circular"},
        {"dilation": "2x1", "groups": 2, "padding": "same"},
        {"flip": True, "groups": 2, "padding_mode": "replicate", "padding": 2},
    ],
)
def test_every_label_evaluates_to_its_number(options: dict[str, Any], activation: str) -> None:
    rng = np.random.default_rng(11)
    x, kernel, bias = (rng.integers(-9, 9, s) for s in ((2, 4, 3, 4), (4, 4 // options.get("groups", 1), 2, 2), (4,)))
    names = {name: np.array([f"{name[0]}{i}" for i in range(v.size)]).reshape(v.shape)
             for name, v in (("x", x), ("w", kernel), ("b", bias))}  # fmt: skip
    t = labelled(
        trace(x, kernel, bias, activation=activation, **options), input=names["x"], kernel=names["w"], bias=names["b"]
    )
    values = {str(n): float(v) for name, array in (("x", x), ("w", kernel), ("b", bias))
              for n, v in zip(names[name].flat, array.flat, strict=True)}  # fmt: skip
    for name in ("padded", "kernel", "products", "partial_sums", "pre_activation"):
        numbers = [evaluate(label, values) for label in labels(t, name).flat]
        np.testing.assert_array_equal(numbers, t[name].ravel())
    first = str(labels(t, "output").flat[0])
    assert first.startswith("relu(x" if activation == "relu" else "x")


def test_zeros_of_the_padding_are_left_out() -> None:
    t = labelled(trace([[1.0]], [[1.0, 1, 1]], padding="0,0,2,2"), input=[["a"]], kernel=[["w", "x", "y"]])
    assert labels(t, "padded")[0, 0, 0].tolist() == ["0", "0", "a", "0", "0"]
    assert labels(t, "output")[0, 0, 0].tolist() == ["ay", "ax", "aw"]
    alone = labelled(trace([[1.0]], [[1.0]], padding=1), input=[["a"]], kernel=[["w"]])
    assert labels(alone, "output")[0, 0].tolist() == [["0"] * 3, ["0", "aw", "0"], ["0"] * 3]


def test_a_turned_kernel_has_turned_letters() -> None:
    t = labelled(trace([[1.0, 2]], [[1.0, 2]], flip=True), input=[["a", "b"]], kernel=[["w", "x"]])
    assert labels(t, "kernel").ravel().tolist() == ["x", "w"]
    assert labels(t, "kernel_given").ravel().tolist() == ["w", "x"]
    assert labels(t, "output").ravel().tolist() == ["ax + bw"]


def test_terms_and_products() -> None:
    assert joined(["aw", "0", "bx"]) == "aw + bx"
    assert joined(["0", "0"]) == "0"
    assert (times("a", "w"), times("x1", "w"), times("0", "w")) == ("aw", "x1·w", "0")
    assert evaluate("x1·w + b", {"x1": 2, "w": 3, "b": 1}) == 7
    assert evaluate("0", {}) == 0


def test_labels_must_be_one_a_cell_and_few() -> None:
    t = trace(np.ones((3, 4)), np.ones((2, 2)))
    with pytest.raises(ShapeError, match="labels of input have shape 2×2, but input is 1×1×3×4"):
        labelled(t, input=[["a", "b"], ["c", "d"]], kernel=[["w", "x"], ["y", "z"]])
    big = trace(np.ones((40, 40)), np.ones((3, 3)))
    with pytest.raises(ShapeError, match="labels are for at most 10000 products, but there are 12996"):
        labelled(big, input=np.full((40, 40), "a"), kernel=np.full((3, 3), "w"))
    biased = trace(np.ones((3, 4)), np.ones((2, 2)), 1.0)
    with pytest.raises(ShapeError, match="labels of bias"):
        labelled(biased, input=LETTERS, kernel=[["w", "x"], ["y", "z"]], bias=["b", "c"])


def test_a_label_of_megabytes_is_refused() -> None:
    """An array of text takes as much for every cell as for its longest: four hundred cells, eight gigabytes."""
    with pytest.raises(ShapeError, match="labels of kernel hold one of 5000000 letters, but each may have at most 40"):
        labelled(trace(np.ones((20, 20)), np.ones((1, 1))), input=["a"] * 400, kernel=["x" * 5_000_000])
