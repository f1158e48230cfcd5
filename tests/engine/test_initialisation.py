"""Signals through layers of first weights: PyTorch, published spreads, what theory says of them, refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import layeranim as la
from layeranim.engine.initialisation import INIT, SCHEMES, InitConfig
from layeranim.errors import UsageError
from tests.engine.family import HAS_TORCH, replays


def of(**options: Any) -> Any:
    return INIT.compute(InitConfig(**options), {})


@pytest.mark.parametrize("activation", ["tanh", "relu", "linear"])
def test_every_step_replays(activation: str) -> None:
    replays(of(schemes=SCHEMES, layers=3, units=4, samples=3, activation=activation))


@pytest.mark.skipif(not HAS_TORCH, reason="PyTorch is not installed")
@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid"])
def test_a_signal_goes_as_through_linear_layers_of_pytorch(activation: str) -> None:
    import torch

    trace = of(schemes=SCHEMES, layers=3, units=7, samples=5, activation=activation)
    for k, scheme in enumerate(SCHEMES):
        x = torch.tensor(trace["input"])
        for state in range(3):
            weight = torch.tensor(trace[f"{scheme}.weights"][state])
            x = getattr(torch, activation)(torch.nn.functional.linear(x, weight.T))
            assert np.allclose(trace[f"{scheme}.numbers"][state + 1], x.numpy(), rtol=1e-12, atol=1e-15)
            assert trace["sizes"][k, state + 1] == pytest.approx(float(x.square().mean().sqrt()), rel=1e-12)


@pytest.mark.skipif(not HAS_TORCH, reason="PyTorch is not installed")
@pytest.mark.parametrize("scheme", ["xavier", "he"])
def test_spreads_are_those_of_pytorch(scheme: str) -> None:
    import torch

    units = 50
    torch.manual_seed(0)
    weight = torch.empty(400 * units, units)
    fill = {"xavier": torch.nn.init.xavier_normal_, "he": torch.nn.init.kaiming_normal_}[scheme]
    parts = [fill(weight[k * units : (k + 1) * units], **({"nonlinearity": "relu"} if scheme == "he" else {}))
             for k in range(400)]  # fmt: skip
    drawn = float(torch.cat(parts).std())
    assert of(units=units, layers=1, schemes=(scheme,)).facts[f"spread_{scheme}"] == pytest.approx(drawn, rel=3e-3)


def test_what_theory_says_of_wide_layers() -> None:
    """He et al.: before ReLU the mean square stays with 2/n and halves with 1/n; without a function 1/n keeps it."""
    relu = of(units=600, layers=5, samples=30, activation="relu", schemes=("xavier", "he"))["sizes"]
    assert np.allclose(relu[1, 1:] / relu[1, :-1], 1, atol=0.12)
    assert np.allclose(relu[0, 1:] / relu[0, :-1], np.sqrt(0.5), atol=0.1)
    plain = of(units=600, layers=5, samples=30, activation="linear", schemes=("xavier",))["sizes"]
    assert np.allclose(plain[0, 1:] / plain[0, :-1], 1, atol=0.1)


def test_all_schemes_share_one_draw_and_zeros_make_all_units_alike() -> None:
    trace = of(layers=2, units=5, samples=4)
    assert np.allclose(trace["small.weights"] * 20, trace["large.weights"], rtol=1e-14)
    assert not trace["zeros.numbers"][1:].any()
    assert np.array_equal(of(layers=2, units=5, samples=4)["draws"], trace["draws"])
    assert not np.array_equal(of(layers=2, units=5, samples=4, init_seed=1)["draws"], trace["draws"])


def test_sizes_come_from_the_arrays() -> None:
    trace = la.trace("init", input=np.ones((3, 2)), draws=np.ones((4, 2, 2)))
    assert trace["sizes"].shape == (4, 5)
    assert np.allclose(trace["large.sums"][0], 2)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"schemes": "zeros,zeros"}, "names zeros twice"),
        ({"schemes": "xavir"}, "xavier"),
        ({"schemes": ()}, "must be one or more of"),
        ({"input": np.ones((2, 3)), "units": 4}, "input has shape 2x3, but must be 2x4"),
        ({"draws": np.ones((2, 3, 4))}, "draws has shape 2x3x4, but must be 2x3x3"),
    ],
)
def test_what_does_not_fit_is_refused(options: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        la.trace("init", **options)
