"""Samples to learn from, each with its source."""

from __future__ import annotations

from typing import Any

import numpy as np

from layeranim.stories.preset import Made, Preset

EACH = 14
"""Points of each moon."""


def _moons(epochs: Any, seed: int) -> Any:
    """Two half circles, one turned into the other, (28, 2); rounded, so that every machine has the same."""
    angle = np.linspace(0, np.pi, EACH)
    upper = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    lower = np.stack([1 - np.cos(angle), 0.5 - np.sin(angle)], axis=1)
    return np.round(np.concatenate([upper, lower]), 2)


PRESETS = (
    Preset(
        "two-groups",
        "points up on the left and down on the right, told apart after one round",
        "values ours",
        arrays={"input": [[0, 2], [1, 2], [2, 0], [2, 1]], "target": [0, 0, 1, 1]},
        bound={"target": ("input",)},
        unit=1,
    ),
    Preset(
        "moons",
        "two half moons that no straight line divides: 400 updates bend the border between them",
        "the shape is that of scikit-learn's make_moons without noise; values ours",
        options={"epochs": 400, "learning_rate": 0.8, "momentum": 0.5},
        arrays={"input": Made("epochs", _moons), "target": [0] * EACH + [1] * EACH},
        bound={"target": ("input",)},
        title="Training: two moons",
        unit=80,
    ),
)
