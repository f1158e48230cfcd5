"""Descents on a loss surface: against PyTorch's optimisers and its own gradients, and against published values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from layeranim.engine.descent import DESCENT, METHODS, DescentConfig
from layeranim.engine.replay import replay
from layeranim.engine.surfaces import SURFACES, loss_at, slope_at
from layeranim.errors import UsageError


def of(**options: Any) -> Any:
    return DESCENT.compute(DescentConfig(**options), {})


def _torch_loss(torch: Any, name: str, p: Any) -> Any:
    """The surfaces as they stand in the literature, written independently of the engine."""
    x, y = p[0], p[1]
    return {
        "quadratic": lambda: (x**2 + 10 * y**2) / 2,
        "rosenbrock": lambda: (1 - x) ** 2 + 100 * (y - x**2) ** 2,
        "beale": lambda: (1.5 - x + x * y) ** 2 + (2.25 - x + x * y**2) ** 2 + (2.625 - x + x * y**3) ** 2,
        "himmelblau": lambda: (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2,
        "saddle": lambda: x**2 - y**2,
    }[name]()


def _torch_optimiser(torch: Any, method: str, parameters: list[Any], rate: float) -> Any:
    if method in ("sgd", "momentum", "nesterov"):
        return torch.optim.SGD(
            parameters, lr=rate, momentum=0.0 if method == "sgd" else 0.9, nesterov=method == "nesterov"
        )
    name = {"adagrad": "Adagrad", "rmsprop": "RMSprop", "adam": "Adam", "adamw": "AdamW"}[method]
    return getattr(torch.optim, name)(parameters, lr=rate)


@pytest.mark.parametrize("surface", SURFACES)
def test_every_method_goes_where_pytorch_goes(surface: str) -> None:
    torch = pytest.importorskip("torch")
    made = of(surface=surface, methods=METHODS, updates=8)
    for m, method in enumerate(METHODS):
        point = torch.tensor(SURFACES[surface].start, dtype=torch.float64, requires_grad=True)
        optimiser = _torch_optimiser(torch, method, [point], made.config.learning_rate[m])
        for t in range(9):
            np.testing.assert_allclose(made["path"][m, t], point.detach().numpy(), rtol=1e-9, atol=1e-12)
            optimiser.zero_grad()
            loss = _torch_loss(torch, surface, point)
            np.testing.assert_allclose(made["loss"][m, t], loss.item(), rtol=1e-9, atol=1e-12)
            loss.backward()
            optimiser.step()


def test_published_values_of_the_surfaces() -> None:
    """Rosenbrock (1960) begins at (−1.2, 1) with 24.2; Moré, Garbow and Hillstrom (1981): Beale's (1, 1), 14.203125."""

    def at(name: str, p: Any) -> Any:
        return loss_at(np.array(p), surface=name), slope_at(np.array(p), surface=name)

    np.testing.assert_allclose(at("rosenbrock", [-1.2, 1.0])[0], 24.2)
    np.testing.assert_allclose(at("rosenbrock", [-1.2, 1.0])[1], [-215.6, -88.0])
    np.testing.assert_allclose(at("beale", [1.0, 1.0])[0], 14.203125)
    np.testing.assert_allclose(at("himmelblau", [0.0, 0.0])[0], 170.0)
    for name, surface in SURFACES.items():
        for minimum in surface.minima if name != "quadratic" else ():
            loss, slope = at(name, minimum)
            assert loss < 1e-9
            assert np.abs(slope).max() < 1e-4


@pytest.mark.parametrize("surface", SURFACES)
def test_slopes_agree_with_finite_differences(surface: str) -> None:
    shape = [np.array([[1.0, 0.5], [0.2, 3.0]]), np.array([0.3, -0.1])] if surface == "quadratic" else []
    at, step = np.array([0.7, -0.4]), 1e-6
    found = [
        (loss_at(at + d, *shape, surface=surface) - loss_at(at - d, *shape, surface=surface)) / (2 * step)
        for d in np.eye(2) * step
    ]
    np.testing.assert_allclose(slope_at(at, *shape, surface=surface), found, rtol=1e-6, atol=1e-7)


def test_every_step_replays_whatever_the_options() -> None:
    for options in (
        {"methods": METHODS, "updates": 3, "weight_decay": 0.1, "clip_norm": 1.0, "centred": True},
        {"methods": "momentum,rmsprop,adagrad", "updates": 2, "dampening": 0.5, "learning_rate_decay": 0.1},
        {"surface": "rosenbrock", "methods": "nesterov", "updates": 2, "clip_value": 3, "momentum": 0},
    ):
        made = of(grid=4, **options)
        assert all(replay(made, step).agrees for step in made.steps)
        assert made["path"].shape == (len(made.config.methods), made.config.updates + 1, 2)


def test_arrays_make_the_surface() -> None:
    given: Any = {"start": [3.0, 1.0], "curvature": [[2.0, 0.0], [0.0, 4.0]], "minimum": [1.0, -1.0]}
    made = DESCENT.compute(DescentConfig(methods=("sgd",), updates=1, learning_rate=(0.5,)), given)
    assert made["loss"][0, 0] == (2 * 2**2 + 4 * 2**2) / 2
    np.testing.assert_allclose(made["path"][0, 1], [3 - 0.5 * 2 * 2, 1 - 0.5 * 4 * 2])
    low = made["ground"][-1, 0], made["ground"][0, -1]
    assert np.all(low[0] < given["minimum"])
    assert np.all(low[1] > given["start"])


@pytest.mark.parametrize(
    ("options", "arrays", "parts"),
    [
        ({"methods": "sgd,sgd"}, {}, ("sgd twice",)),
        ({"methods": "newton"}, {}, ("newton", "sgd")),
        ({"methods": ""}, {}, ("methods", "sgd")),
        ({"methods": "sgd", "beta1": 0.5}, {}, ("beta1 is 0.5", "adam")),
        ({"methods": "adam", "centred": True}, {}, ("centred", "rmsprop")),
        ({"learning_rate": "0.1,0.2"}, {}, ("2 numbers", "3 methods")),
        ({"learning_rate": -1}, {}, ("learning_rate", "-1")),
        ({}, {"start": [1.0, 2.0, 3.0]}, ("start has shape 3", "2 axes")),
        ({"surface": "saddle"}, {"minimum": [0.0, 0.0]}, ("minimum", "leave it out")),
        ({"methods": "nesterov", "dampening": 0.5}, {}, ("dampening", "momentum")),
    ],
)
def test_refusals_name_what_was_given(options: Any, arrays: Any, parts: tuple[str, ...]) -> None:
    with pytest.raises(UsageError) as raised:
        DESCENT.compute(DescentConfig(**options), arrays)
    for part in parts:
        assert part in str(raised.value)
