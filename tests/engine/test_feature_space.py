"""A plane before and after two hidden units: the book's XOR, PyTorch, borders that are lines and circles, refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from layeranim.engine.feature_space import FEATURE_SPACE, FeatureSpaceConfig
from layeranim.errors import UsageError
from tests.engine.family import HAS_TORCH, proven, replays

XOR: dict[str, Any] = {
    "input": [[0, 0], [0, 1], [1, 0], [1, 1]], "target": [0, 1, 1, 0], "weight": [[1, 1], [1, 1]], "bias": [0, -1],
    "out_weight": [1, -2], "out_bias": [0],
}  # fmt: skip


def of(arrays: Any, **options: Any) -> Any:
    return FEATURE_SPACE.compute(FeatureSpaceConfig(**options), arrays)


def test_xor_as_the_book_solves_it() -> None:
    """Deep Learning, section 6.1: the features are (0, 0), (1, 0), (1, 0), (2, 1), the output 0, 1, 1, 0."""
    trace = proven(FEATURE_SPACE, of(XOR, grid=6))
    assert trace["hidden"].tolist() == [[0, 0], [1, 0], [1, 0], [2, 1]]
    assert trace["score"].tolist() == [0, 1, 1, 0]
    assert of({**XOR, "out_bias": [-0.5]}).facts["right"] == 4
    assert of({**XOR, "out_bias": [-0.5]}, activation="linear").facts["right"] == 3


@pytest.mark.parametrize("name", ["relu", "tanh", "square", "gelu"])
@pytest.mark.parametrize("kind", ["float64", "float32"])
def test_every_step_replays(name: str, kind: str) -> None:
    rng = np.random.default_rng(4)
    shapes = {"input": (5, 2), "weight": (2, 2), "bias": (2,), "out_weight": (2,), "out_bias": (1,)}
    trace = replays(of({key: rng.normal(size=shape).astype(kind) for key, shape in shapes.items()}, activation=name,
                       grid=5))  # fmt: skip
    assert trace["plane_share"].dtype == kind
    np.testing.assert_array_equal(trace["class_ids"], trace["score"] > 0)


@pytest.mark.skipif(not HAS_TORCH, reason="PyTorch is not installed")
@pytest.mark.parametrize("name", ["relu", "tanh", "sigmoid"])
def test_samples_and_maps_are_those_of_pytorch(name: str) -> None:
    import torch

    torch.manual_seed(2)
    first, last = torch.nn.Linear(2, 2, dtype=torch.float64), torch.nn.Linear(2, 1, dtype=torch.float64)
    x = torch.randn(6, 2, dtype=torch.float64)
    arrays = {
        "input": x.numpy(), "weight": first.weight.detach().numpy(), "bias": first.bias.detach().numpy(),
        "out_weight": last.weight[0].detach().numpy(), "out_bias": last.bias.detach().numpy(),
    }  # fmt: skip
    trace = of(arrays, activation=name, grid=7)
    bend = getattr(torch, name)
    with torch.no_grad():
        np.testing.assert_allclose(trace["hidden"], bend(first(x)), rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(trace["score"], last(bend(first(x)))[:, 0], rtol=1e-12, atol=1e-15)
        score = last(bend(first(torch.tensor(trace["plane"]))))[..., 0]
        np.testing.assert_allclose(trace["plane_score"], score, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(trace["plane_share"][..., 1], torch.sigmoid(score), rtol=1e-12)
        np.testing.assert_allclose(trace["space_score"], last(torch.tensor(trace["space"]))[..., 0], atol=1e-14)


def test_a_line_between_squares_is_a_circle() -> None:
    arrays = {**XOR, "weight": np.eye(2), "bias": [0, 0], "out_weight": [1, 1], "out_bias": [-1]}
    trace = of(arrays, activation="square", grid=30)
    np.testing.assert_array_equal(trace["plane_score"] > 0, np.hypot(*np.moveaxis(trace["plane"], -1, 0)) > 1)


@pytest.mark.parametrize(
    ("arrays", "says"),
    [
        ({"input": [[1, 2, 3]]}, "input has 3 features"),
        ({"weight": np.ones((3, 2))}, "weight has shape 3.2, but must be 2.2"),
        ({"out_weight": np.ones(3)}, "out_weight has shape 3, but must be 2"),
        ({"target": [0, 2, 1, 0]}, "target holds 2"),
        ({"target": [0, 1]}, "target"),
    ],
)
def test_what_does_not_fit_is_refused(arrays: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        of({**XOR, **arrays})
