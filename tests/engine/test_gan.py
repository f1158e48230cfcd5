"""A generator and a critic that learn in turns: against PyTorch's autograd and optimisers, and against what is known
of their equilibrium."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from layeranim.engine.gan import GAN, METHODS, GanConfig
from tests.engine.family import (
    HAS_TORCH,
    fresh_agree,
    maker,
    proven,
    refused,
    replays,
    stored_agree,
    takes_any_array,
)

REAL = [0.4, 0.9, 1.2, 1.5, 1.8, 2.1, 2.6]
NOISE = [-1.5, -0.8, -0.4, 0.0, 0.4, 0.8, 1.5]
DIRAC: dict[str, Any] = {"real": [0.0], "noise": [0.0], "generator_start": [1.0, 1.0], "critic_start": [1.0]}
"""One real number, one forged one, a critic ``D(x) = σ(ψ x)``: the example of Mescheder, Geiger and Nowozin (2018)."""
ALONE: dict[str, Any] = {"critic_degree": 1, "critic_bias": False, "critic_decay": 0, "critic_steps": 1,
                         "loss": "minimax"}  # fmt: skip


def of(arrays: Any = None, **options: Any) -> Any:
    return GAN.compute(GanConfig(**options), arrays or {"real": REAL, "noise": NOISE})


OPTIONS: tuple[dict[str, Any], ...] = (
    {},
    {"turns": 5, "critic_steps": 1, "critic_decay": 0, "loss": "minimax"},
    {"turns": 4, "critic_steps": 3, "momentum": 0.5, "critic_degree": 1},
    {"turns": 6, "critic_steps": 2, "method": "adam", "beta1": 0.5, "critic_rate": 0.1, "generator_rate": 0.1},
    {"turns": 3, "critic_degree": 3, "critic_bias": False, "critic_rate": 0.01, "method": "rmsprop"},
    {"turns": 3, "method": "adamw", "loss": "minimax", "critic_rate": 0.05},
    {"turns": 3, "method": "adagrad", "critic_degree": 4, "critic_rate": 0.02, "grid": 20},
)


@pytest.mark.skipif(not HAS_TORCH, reason="PyTorch is not installed")
def test_fresh_cases_agree_with_pytorch() -> None:
    fresh_agree(maker("gan"), {"gan": GAN}, seed=6, count=40)


def test_stored_cases_agree_with_pytorch() -> None:
    configs = [case["config"] for case in stored_agree("gan", {"gan": GAN}, least=60)]
    assert {config["method"] for config in configs} == set(METHODS)
    assert {config["critic_degree"] for config in configs} == {1, 2, 3, 4}


@pytest.mark.parametrize("kind", ["float64", "float32"])
@pytest.mark.parametrize("options", OPTIONS)
def test_every_step_replays(options: dict[str, Any], kind: str) -> None:
    arrays = {"real": np.array(REAL, kind), "noise": np.array(NOISE[:4], kind)}
    trace = proven(GAN, of(arrays, **options, **({} if "turns" in options else {"turns": 3})))
    assert trace["forged"].dtype == trace["losses"].dtype == kind
    for m in range(2 * trace.config.turns + 1):
        step = trace.steps[trace.steps.writing("forged", {"moves": m})]
        assert step.writes.holds({"moves": m})
        assert step.operation == ("copy" if m % 2 else "scale_shift")


def test_slopes_agree_with_finite_differences() -> None:
    """Of an update of either player: the gradient is the slope of its loss, the other one held still."""
    start = {"real": REAL, "noise": NOISE, "generator_start": [0.7, -0.5], "critic_start": [0.3, 0.8, -0.4]}
    for loss in ("non-saturating", "minimax"):
        still: dict[str, Any] = {"turns": 1, "critic_steps": 1, "critic_decay": 0, "loss": loss}
        made = of(start, critic_rate=0, generator_rate=0, **still)
        for player, name, row in (("critic", "critic_start", 0), ("generator", "generator_start", 1)):
            for k in range(len(start[name])):
                ends = []
                for by in (1e-6, -1e-6):
                    moved = {**start, name: [w + by * (i == k) for i, w in enumerate(start[name])]}
                    ends.append(of(moved, critic_rate=0, generator_rate=0, **still)["losses"][row, 0])
                assert made[f"{player}.gradients"][0, k] == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-6)


def test_one_number_against_one_circles_and_a_pull_to_0_ends_it() -> None:
    """Mescheder and others (2018): without regularisation the turns go round (0, 0) and come no nearer."""
    round_it = of(DIRAC, turns=40, critic_rate=1, generator_rate=1, **ALONE)
    x, w = round_it["forged"][::2, 0], round_it["critic"][::2, 0]
    far = np.hypot(x, w)
    assert far[-10:].min() > 0.7 * far[0]
    assert x.min() < -0.7 < 0.7 < x.max()
    pulled = of(DIRAC, turns=40, critic_rate=1, generator_rate=1, **{**ALONE, "critic_decay": 0.5})
    assert np.hypot(pulled["forged"][-1, 0], pulled["critic"][-1, 0]) < 0.05 * far[0]


def test_it_ends_where_the_forged_numbers_lie_like_the_real_ones() -> None:
    made = of(turns=60)
    np.testing.assert_allclose(made["beliefs"][:, -1], 0.5, atol=0.01)
    assert made["forged"][-1].mean() == pytest.approx(np.mean(REAL), abs=0.05)
    assert made["forged"][-1].std() == pytest.approx(np.std(REAL), abs=0.05)
    np.testing.assert_allclose(made["losses"][:, -1], [2 * np.log(2), np.log(2)], atol=0.01)


def test_any_array_and_numbers_that_are_none() -> None:
    takes_any_array(GAN, GanConfig(turns=2), {"real": [1, 2, 3], "noise": [-1, 0, 2]}, "forged")
    for wild in ([np.nan, 1.0], [np.inf, 1.0], [1e200, 3.0]):
        made = replays(of({"real": wild, "noise": NOISE}, turns=2))
        assert np.isfinite(made["points"]).all()
        assert made["forged"].shape == (5, 7)


def test_what_does_not_fit_is_refused() -> None:
    refused(lambda: of({"real": REAL, "noise": NOISE, "critic_start": [1, 2]}), "critic_start has shape 2", "3")
    refused(lambda: of({"real": REAL, "noise": NOISE, "generator_start": [1, 2, 3]}), "generator_start has shape 3")
    refused(lambda: of({"real": [REAL], "noise": NOISE}), "real has shape 1×7")
    refused(lambda: of(momentum=0.5, method="adam"), "momentum is 0.5", "sgd")
    refused(lambda: of(beta1=0.5), "beta1 is 0.5", "adam")
    refused(lambda: of(loss="wasserstein"), "wasserstein", "minimax")
    refused(lambda: of(turns=0), "turns is 0")
    refused(lambda: of({"real": REAL}), "noise")
