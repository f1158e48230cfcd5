"""Hidden units in another order: PyTorch, every order of three units, refusals."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import numpy as np
import pytest

import layeranim as la
from layeranim.engine.symmetry import SYMMETRY, SymmetryConfig
from layeranim.errors import UsageError
from tests.engine.family import HAS_TORCH, proven

RNG = np.random.default_rng(6)
SHAPES = {"input": (4, 2), "weight": (3, 2), "bias": (3,), "out_weight": (2, 3), "out_bias": (2,)}
ARRAYS = {name: RNG.normal(size=shape) for name, shape in SHAPES.items()}


def of(**options: Any) -> Any:
    return SYMMETRY.compute(SymmetryConfig(**options), ARRAYS)


def test_every_step_replays() -> None:
    proven(SYMMETRY, of(order=(3, 1, 2), activation="relu"))


@pytest.mark.parametrize("order", list(permutations((1, 2, 3))))
def test_in_every_order_all_outputs_stay(order: tuple[int, ...]) -> None:
    trace = of(order=order)
    np.testing.assert_allclose(trace["moved_output"], trace["output"], rtol=1e-13, atol=1e-15)
    assert np.array_equal(trace["moved_hidden"], trace["hidden"][:, np.array(order) - 1])
    assert trace.facts["orders"] == "6"


@pytest.mark.skipif(not HAS_TORCH, reason="PyTorch is not installed")
@pytest.mark.parametrize("name", ["tanh", "relu"])
def test_both_networks_are_those_of_pytorch(name: str) -> None:
    import torch

    trace = of(activation=name)
    for prefix in ("", "moved_"):
        first, last = torch.nn.Linear(2, 3, dtype=torch.float64), torch.nn.Linear(3, 2, dtype=torch.float64)
        with torch.no_grad():
            first.weight.copy_(torch.tensor(trace[f"{prefix}weight"]))
            first.bias.copy_(torch.tensor(trace[f"{prefix}bias"]))
            last.weight.copy_(torch.tensor(trace[f"{prefix}out_weight"]))
            last.bias.copy_(torch.tensor(trace["out_bias"]))
            made = last(getattr(torch, name)(first(torch.tensor(ARRAYS["input"]))))
        np.testing.assert_allclose(trace[f"{prefix}output"], made, rtol=1e-12, atol=1e-14)


def test_sizes_come_from_the_arrays_or_the_order() -> None:
    assert of().config.order == (2, 1, 3)
    assert la.trace("symmetry", order="4,3,2,1")["weight"].shape == (4, 2)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"order": (1, 1, 2)}, "order is 1,1,2, but must name each unit from 1 to 3 once"),
        ({"order": (2, 1)}, "units"),
        ({"hidden": 4}, "units"),
        ({"hidden": 1}, "hidden is 1"),
    ],
)
def test_what_does_not_fit_is_refused(options: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        SYMMETRY.compute(SymmetryConfig.of(options), ARRAYS)
