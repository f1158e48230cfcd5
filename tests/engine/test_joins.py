"""The arithmetic that joins layers: PyTorch, closed formulas, NumPy, slopes, refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import layeranim as la
from layeranim.engine.concatenate import CONCATENATE
from layeranim.engine.einsum import EINSUM
from layeranim.engine.elementwise import ELEMENTWISE, FUNCTIONS, NAMES, ElementwiseConfig
from layeranim.engine.matmul import MATMUL
from layeranim.engine.option import Layer
from layeranim.engine.padding import PAD
from layeranim.engine.reduce import REDUCE, RUNNING, STEPS
from layeranim.engine.upsample import UPSAMPLE
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

LAYERS = {x.name: x for x in (ELEMENTWISE, CONCATENATE, MATMUL, EINSUM, PAD, REDUCE, UPSAMPLE)}
RNG = np.random.default_rng(5)
X, Y = RNG.uniform(0.2, 2, (2, 3, 4)), RNG.uniform(0.2, 2, (3, 1))
Z = np.array([0.0, 1, 0.5, 3])
MAPS = RNG.normal(size=(1, 2, 3, 4))
CASES: list[tuple[Layer, dict[str, Any], dict[str, Any]]] = [
    *[(ELEMENTWISE, {"operation": n}, dict(zip(NAMES, (X, Y, Z), strict=True)) if len(f.slopes) == 3 else
       {"input": X, "other": Y} if len(f.slopes) == 2 else {"input": X / 3 if n in ("asin", "acos") else X})
      for n, f in FUNCTIONS.items()],
    (CONCATENATE, {"axis": -2}, {"input1": X, "input2": X[:, :1], "input3": X[:, 1:]}),
    (MATMUL, {}, {"input": X, "other": RNG.normal(size=(4, 2))}),
    (EINSUM, {"equation": "bij,ki->bk"}, {"input": X, "other": RNG.normal(size=(5, 3))}),
    (EINSUM, {"equation": "bij,bij,jk->bk"}, {"input": X, "other": X + 1, "third": RNG.normal(size=(4, 2))}),
    *[(PAD, {"padding": "1,2,0,2", "padding_mode": m}, {"input": X})
      for m in ("zeros", "reflect", "replicate", "circular")],
    *[(REDUCE, {"mode": m, "axis": "0,2"}, {"input": X}) for m in STEPS],
    (REDUCE, {"mode": "norm", "p": 3, "axis": "1"}, {"input": X}),
    (REDUCE, {"mode": "std", "correction": 0, "axis": "1"}, {"input": X}),
    *[(REDUCE, {"mode": m, "axis": "1", "running": True}, {"input": X}) for m in RUNNING],
    *[(UPSAMPLE, {"mode": m, "output_size": "5x3"}, {"input": MAPS})
      for m in ("nearest", "nearest-exact", "bilinear", "bicubic")],
    *[(UPSAMPLE, {"mode": m, "output_size": "2x3", "antialias": True}, {"input": MAPS})
      for m in ("bilinear", "bicubic")],
]  # fmt: skip
IDS = [f"{layer.name}-{'-'.join(map(str, options.values()))}" for layer, options, _ in CASES]


def test_stored_cases_agree_with_pytorch() -> None:
    cases = stored_agree("joins", LAYERS, 294)
    assert {case["layer"] for case in cases} == set(LAYERS)
    assert {case["config"]["operation"] for case in cases if case["layer"] == "elementwise"} == set(FUNCTIONS)


if HAS_TORCH:

    def test_fresh_cases_agree_with_pytorch() -> None:
        fresh_agree(maker("joins"), LAYERS, 1, 140)


@pytest.mark.parametrize(("layer", "options", "arrays"), CASES, ids=IDS)
def test_every_kind_replays_and_has_its_slopes(layer: Layer, options: dict[str, Any], arrays: dict[str, Any]) -> None:
    config = layer.config.of(options)
    proven(layer, layer.compute(config, {name: np.float32(x) for name, x in arrays.items()}))
    slopes(layer, config, arrays, list(arrays))


FIRST = [next(k for k, case in enumerate(CASES) if case[0].name == name) for name in LAYERS if name != "upsample"]


@pytest.mark.parametrize(("layer", "options", "arrays"), [CASES[k] for k in FIRST], ids=[IDS[k] for k in FIRST])
def test_any_array_is_taken(layer: Layer, options: dict[str, Any], arrays: dict[str, Any]) -> None:
    takes_any_array(layer, layer.config.of(options), {name: np.round(4 * x) for name, x in arrays.items()})


SIDES = st.integers(1, 3)


@settings(deadline=None, max_examples=40)
@given(st.lists(SIDES, min_size=1, max_size=6), st.data())
def test_broadcasting_is_that_of_numpy(shape: list[int], data: st.DataObject) -> None:
    """Either array may be 1 along any axis, and lack its first ones."""
    one, two = ([n if data.draw(st.booleans()) else 1 for n in shape][data.draw(st.integers(0, len(shape) - 1)) :]
                for _ in range(2))  # fmt: skip
    x, y = np.arange(np.prod(one)).reshape(one) + 0.5, np.arange(np.prod(two)).reshape(two) - 0.25
    trace = replays(ELEMENTWISE.compute(ElementwiseConfig(operation="multiply"), {"input": x, "other": y}))
    np.testing.assert_array_equal(trace["output"], (x * y).reshape(trace["output"].shape))
    assert trace["output"].shape == np.broadcast_shapes((1,) * max(x.ndim, y.ndim), x.shape, y.shape)


def test_a_sum_of_a_batch_and_a_row_by_hand() -> None:
    trace = la.trace("add", input=[[1, 2], [3, 4]], other=[10, 20], backward=True, grad_output=[[1, 0], [5, 7]])
    assert trace["output"].tolist() == [[11, 22], [13, 24]]
    assert trace["grad_other"].tolist() == [[6, 7]]
    assert trace.axes("other") == ("other_axis_1", "axis_2")


def test_at_a_tie_half_goes_to_each_as_in_pytorch() -> None:
    trace = la.trace("elementwise", operation="maximum", input=[1, 2], other=[1, 3], backward=True)
    assert (trace["grad_input"].tolist(), trace["grad_other"].tolist()) == ([0.5, 0], [0.5, 1])


def test_nan_and_zero_meet_as_numbers_do() -> None:
    """Not as in a matrix library, which may leave out a product with 0."""
    trace = la.trace("matmul", input=[[0, 1]], other=[[np.nan], [2]])
    assert np.isnan(trace["output"]).all()
    up = la.trace("upsample", input=[[np.nan, 1, 1, 1]], mode="bilinear", output_size=(1, 4))
    assert np.isnan(up["output"]).tolist() == [[[[True, False, False, False]]]]


def test_an_equation_without_an_arrow_is_that_of_numpy() -> None:
    a, b = RNG.normal(size=(2, 3)), RNG.normal(size=(3, 4))
    for text in ("ij,jk", "ba", "ij->", " ij , jk -> ki"):
        given_ = {"input": a} if "," not in text else {"input": a, "other": b}
        found = la.trace("einsum", equation=text, **given_)
        np.testing.assert_allclose(found["output"], np.einsum(text, *given_.values()), rtol=1e-14)


@pytest.mark.parametrize(
    ("name", "options", "pieces"),
    [
        ("elementwise", {"input": np.ones((2, 3)), "other": np.ones((2, 4))}, ("2×3", "2×4", "axis 2 is 3 and 4")),
        ("elementwise", {"operation": "exp", "other": [1]}, ("exp takes one array",)),
        ("elementwise", {"operation": "plus"}, ("one of add, subtract",)),
        (
            "concatenate",
            {"input1": np.ones((2, 3)), "input2": np.ones((2, 4))},
            ("input2 has shape 2×4", "along axis 0"),
        ),
        ("concatenate", {"input1": [1.0], "axis": 1}, ("axis is 1", "from -1 to 0")),
        ("concatenate", {"inputs": 2, "input3": [[1.0]]}, ("input3",)),
        ("matmul", {"input": np.ones((2, 3)), "other": np.ones((4, 2))}, ("inner is 3", "but 4")),
        ("matmul", {"input": np.ones((2, 2, 3)), "other": np.ones((3, 3, 2))}, ("batch is 2", "but 3")),
        ("einsum", {"equation": "ii->i"}, ("each of its own letter",)),
        ("einsum", {"equation": "ij->k"}, ("k, right of the arrow",)),
        (
            "einsum",
            {"equation": "ij,j->i", "input": np.ones((2, 3)), "other": np.ones(2)},
            ("j is 3 in input", "2 in other"),
        ),
        ("einsum", {"equation": "...i->i"}, ("must be letters",)),
        ("einsum", {"equation": "a,b,c,d->a"}, ("one to three arrays",)),
        ("einsum", {"third": np.ones((2, 2))}, ("third was given", "has two arrays")),
        ("pad", {"padding": "1,2,3"}, ("two numbers an axis",)),
        ("pad", {"padding": "-1,0"}, ("at least 0",)),
        ("pad", {"input": [[1, 2]], "padding": "0,0,2,2", "padding_mode": "reflect"}, ("at most 1",)),
        ("pad", {"value": 2, "padding_mode": "circular"}, ("value is 2",)),
        ("reduce", {"axis": "0,-2", "input": [[1, 2]]}, ("names an axis twice",)),
        ("reduce", {"axis": "3", "input": [[1, 2]]}, ("axis is 3", "from -2 to 1")),
        ("upsample", {"align_corners": True}, ("nearest knows no corners",)),
        ("upsample", {"antialias": True}, ("nearest takes one cell",)),
        ("upsample", {"scale_width": 2}, ("scale_factor is not given",)),
        ("upsample", {"scale_factor": 0.1}, ("one cell must be left",)),
    ],
)
def test_what_cannot_be_computed_is_refused(name: str, options: dict[str, Any], pieces: tuple[str, ...]) -> None:
    refused(lambda: la.trace(name, **options), *pieces)
