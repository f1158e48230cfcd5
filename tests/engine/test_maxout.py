"""A maxout unit: PyTorch, the curves of its paper, slopes, refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layeranim.engine.maxout import MAXOUT, MaxoutConfig
from layeranim.errors import UsageError
from tests.engine.family import HAS_TORCH, proven, replays, slopes, takes_any_array

RNG = np.random.default_rng(8)
ARRAYS = {"input": RNG.normal(size=(4, 3)), "weight": RNG.normal(size=(5, 3)), "bias": RNG.normal(size=5)}


def test_every_step_replays_and_the_gradients_are_the_slopes() -> None:
    proven(MAXOUT, MAXOUT.compute(MaxoutConfig(), ARRAYS))
    slopes(MAXOUT, MaxoutConfig(), ARRAYS, list(ARRAYS))
    plain = {name: array for name, array in ARRAYS.items() if name != "bias"}
    replays(MAXOUT.backward(MAXOUT.compute(MaxoutConfig(), plain), {}))  # type: ignore[misc]
    takes_any_array(MAXOUT, MaxoutConfig(), {"input": [[1, -2]], "weight": [[1, 0], [2, 3]], "bias": [0, 1]})


@pytest.mark.skipif(not HAS_TORCH, reason="PyTorch is not installed")
@pytest.mark.parametrize(("batch", "inputs", "pieces"), [(1, 1, 2), (7, 1, 4), (3, 6, 5), (2, 2, 1)])
@pytest.mark.parametrize("kind", ["float64", "float32"])
def test_it_is_the_largest_of_a_linear_layer_of_pytorch(batch: int, inputs: int, pieces: int, kind: str) -> None:
    import torch

    torch.manual_seed(batch)
    layer = torch.nn.Linear(inputs, pieces, dtype=getattr(torch, kind))
    x = torch.randn(batch, inputs, dtype=layer.weight.dtype, requires_grad=True)
    made = layer(x).max(dim=1).values
    grad = torch.randn_like(made)
    made.backward(grad)
    arrays = {"input": x.detach().numpy(), "weight": layer.weight.detach().numpy(), "bias": layer.bias.detach().numpy()}
    trace = MAXOUT.compute(MaxoutConfig(), arrays)
    close = {"rtol": 1e-12 if kind == "float64" else 2e-5, "atol": 1e-13 if kind == "float64" else 1e-6}
    assert trace["output"].dtype == kind
    assert np.allclose(trace["output"], made.detach().numpy(), **close)
    back = MAXOUT.backward(trace, {"output": grad.numpy()})  # type: ignore[misc]
    for name, found in (("input", x), ("weight", layer.weight), ("bias", layer.bias)):
        assert found.grad is not None
        assert np.allclose(back[f"grad_{name}"], found.grad.numpy(), **close), name


def of(x: Any, weight: Any, bias: Any) -> Any:
    arrays = {"input": np.reshape(x, (-1, 1)), "weight": np.reshape(weight, (-1, 1)), "bias": bias}
    return MAXOUT.compute(MaxoutConfig(), arrays)["output"]


def test_the_curves_of_the_papers_first_figure() -> None:
    x = np.linspace(-2, 2, 81)
    assert np.array_equal(of(x, [0, 1], [0, 0]), np.maximum(x, 0))
    assert np.array_equal(of(x, [1, -1], [0, 0]), np.abs(x))
    tangents = np.array([-1.5, -0.5, 0.5, 1.5])
    under = x**2 - of(x, 2 * tangents, -(tangents**2))
    assert under.min() >= -1e-12
    assert under.max() == pytest.approx(0.25)


@given(st.lists(st.tuples(st.floats(-9, 9), st.floats(-9, 9)), min_size=1, max_size=6), st.floats(0, 1))
def test_it_is_convex(lines: list[tuple[float, float]], share: float) -> None:
    a, b = -3.0, 4.0
    ends = of([a, b, share * a + (1 - share) * b], *map(list, zip(*lines, strict=True)))
    assert ends[2] <= share * ends[0] + (1 - share) * ends[1] + 1e-9


def test_of_equal_pieces_the_first_one_learns() -> None:
    arrays = {"input": [[2.0]], "weight": [[1.0], [1.0]], "bias": [0.0, 0.0]}
    back = MAXOUT.backward(MAXOUT.compute(MaxoutConfig(), arrays), {})  # type: ignore[misc]
    assert back["grad_weight"].tolist() == [[2], [0]]
    assert back["grad_bias"].tolist() == [1, 0]


def test_what_is_drawn_where_nothing_is_given() -> None:
    assert MAXOUT.complete(MaxoutConfig(), {})[1] == {"input": (1, 1), "weight": (4, 1), "bias": (4,)}
    assert MAXOUT.complete(MaxoutConfig(), {"weight": (2, 4)})[1] == {"input": (1, 4), "weight": (2, 4)}
    assert MAXOUT.complete(MaxoutConfig(pieces=3), {"input": (5, 2)})[1]["weight"] == (3, 2)


@pytest.mark.parametrize(
    ("options", "arrays", "says"),
    [
        ({"pieces": 3}, {"weight": np.ones((2, 1))}, "pieces"),
        ({"pieces": 0}, {}, "pieces is 0"),
        ({"bias": False}, {"bias": [1.0, 2]}, "bias is false"),
        ({}, {"input": np.ones((2, 3)), "weight": np.ones((2, 4))}, "in_features"),
    ],
)
def test_what_does_not_fit_is_refused(options: dict[str, Any], arrays: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        MAXOUT.complete(MaxoutConfig.of(options), {name: np.shape(array) for name, array in arrays.items()})
