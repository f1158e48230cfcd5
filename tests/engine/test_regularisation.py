"""Weights kept small: PyTorch's weight decay, softshrink and renorm, what theory says of where each ends, refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layeranim.engine.regularisation import PENALTIES, REGULARISATION, RegularisationConfig, soft_threshold
from layeranim.errors import UsageError
from tests.engine.family import HAS_TORCH, replays

BENT, LOW = np.array([[1.5, 0.4], [0.2, 0.8]]), np.array([1.5, -0.5])


def of(arrays: Any = None, **options: Any) -> Any:
    return REGULARISATION.compute(RegularisationConfig(**options), arrays or {})


@pytest.mark.parametrize("kind", ["float64", "float32"])
def test_every_step_replays(kind: str) -> None:
    made = replays(of({"start": np.array([2, 0.05], kind), "curvature": BENT.astype(kind)}, updates=4, grid=5))
    assert made["path"].dtype == kind
    assert made["path"].shape == (4, 5, 2)


@pytest.mark.skipif(not HAS_TORCH, reason="PyTorch is not installed")
@pytest.mark.parametrize("penalty", PENALTIES)
def test_every_penalty_goes_where_pytorch_goes(penalty: str) -> None:
    import torch

    rate, updates = 0.2, 12
    options: dict[str, Any] = {"l2": 0.7} if penalty == "l2" else {"l1": 0.4} if penalty == "l1" else {}
    options |= {"max_norm": 0.9} if penalty == "max-norm" else {}
    made = of({"curvature": BENT, "minimum": LOW}, penalties=(penalty,), updates=updates, learning_rate=rate, **options)
    w = torch.tensor(made["start"], requires_grad=True)
    optimiser = torch.optim.SGD([w], lr=rate, weight_decay=0.7 if penalty == "l2" else 0.0)
    bent, low = torch.tensor(BENT), torch.tensor(LOW)
    for t in range(updates + 1):
        # torch.renorm divides by the norm + 1e-7
        np.testing.assert_allclose(made["path"][0, t], w.detach().numpy(), rtol=1e-12, atol=1e-12 if t == 0 else 1e-6)
        loss = (w - low) @ bent @ (w - low) / 2
        np.testing.assert_allclose(made["loss"][0, t], loss.item(), rtol=1e-6)
        np.testing.assert_allclose(made["size"][0, t], w.norm().item(), rtol=1e-6)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        with torch.no_grad():
            if penalty == "l1":
                w.copy_(torch.nn.functional.softshrink(w, rate * 0.4))
            elif penalty == "max-norm":
                w.copy_(torch.renorm(w[None], 2, 0, 0.9)[0])


def test_where_each_ends() -> None:
    """L2 at (H + λI)⁻¹ H m (Deep Learning, 7.10); L1 where its conditions hold; a longest length on the circle."""
    bent, low = np.array([[1.0, 0.3], [0.3, 1.0]]), np.array([1.6, 0.2])
    made = of(updates=400)
    free, l2, l1, cut = made["path"][:, -1]
    np.testing.assert_allclose(free, low, atol=1e-12)
    np.testing.assert_allclose(l2, np.linalg.solve(bent + 0.5 * np.eye(2), bent @ low), atol=1e-12)
    slope = bent @ (l1 - low)
    assert l1[1] == 0
    assert slope[0] == pytest.approx(-0.5 * np.sign(l1[0]))
    assert abs(slope[1]) <= 0.5
    assert np.hypot(*cut) == pytest.approx(1)
    pull = bent @ (cut - low)  # the slope points along the radius: nothing on the circle is lower
    assert pull[0] * cut[1] - pull[1] * cut[0] == pytest.approx(0, abs=1e-9)
    assert made.facts["zeros_l1"] == 1


def test_flat_directions_shrink_more() -> None:
    """The preset's figures: of each weight h / (h + λ) stays."""
    made = of({"start": [0.0, 0], "curvature": [[1.0, 0], [0, 4]], "minimum": [2.0, 1]}, l2=1, updates=300)
    np.testing.assert_allclose(made["path"][1, -1], [2 * 1 / 2, 1 * 4 / 5], atol=1e-12)


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=5), st.floats(0, 1e3))
def test_a_soft_threshold_is_the_nearest_point_of_its_penalty(values: list[float], by: float) -> None:
    """S(x, t) is the least of ½ (y − x)² + t |y|: no other y near it is lower."""
    x = np.array(values)
    y = soft_threshold(x, by=by)

    def cost(at: Any) -> Any:
        return (at - x) ** 2 / 2 + by * np.abs(at)

    for away in (-0.1, -1e-3, 1e-3, 0.1):
        assert (cost(y) <= cost(y + away) + 1e-6 * (1 + cost(y))).all()
    assert (y[np.abs(x) <= by] == 0).all()


def test_no_strength_is_no_penalty() -> None:
    made = of(penalties=("none", "l2", "l1"), l2=0, l1=0)
    assert np.array_equal(made["path"][0], made["path"][1])
    assert np.array_equal(made["path"][0], made["path"][2])


@pytest.mark.parametrize(
    ("options", "arrays", "says"),
    [
        ({"penalties": "l1,l1"}, {}, "names l1 twice"),
        ({"penalties": "l3"}, {}, "l3"),
        ({"penalties": "none,l2", "l1": 1}, {}, "l1 is 1, but none of none,l2 reads it"),
        ({"max_norm": 0}, {}, "max_norm"),
        ({"l2": -1}, {}, "l2 is -1"),
        ({}, {"start": [1.0, 2, 3]}, "start has shape 3, but must be 2"),
        ({}, {"curvature": np.ones((3, 3))}, "curvature has shape 3x3, but must be 2x2"),
    ],
)
def test_what_does_not_fit_is_refused(options: dict[str, Any], arrays: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        REGULARISATION.compute(RegularisationConfig.of(options), arrays)
