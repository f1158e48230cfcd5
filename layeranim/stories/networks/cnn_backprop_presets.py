"""Ready steps of learning: a small network by hand, and a trained one that read a digit as another."""

from __future__ import annotations

from typing import Any

import numpy as np

from layeranim.stories.networks.cnn_presets import GREY, LEVEL, STROKE, UPRIGHT, WEIGHTS, bound
from layeranim.stories.preset import Made, Preset
from layeranim.stories.stored import stored

IMAGE = 1038
"""A 9 that the training has not seen, and that the network reads as a 3."""
LEARNS = ("loss", "true_class")
SMALL = ("conv1_kernel", "conv1_bias", "dense_weight", "dense_bias")


def _digit(activation: Any, seed: int) -> Any:
    return stored("digits.npz")["images"][IMAGE].astype(float) / GREY


def _trained(name: str) -> Made:
    return Made("activation", lambda activation, seed: np.array(stored("cnn_digits.npz")[name], float), "relu")


PRESETS = (
    Preset(
        "stroke",
        "an upright stroke that a small network calls level, and one step towards upright",
        "values ours",
        arrays={
            "input": STROKE,
            "target": [0],
            "conv1_kernel": [[UPRIGHT], [LEVEL]],
            "conv1_bias": [0, 0],
            "dense_weight": [[0, 0, 0, 0, 1, 0, 0, 0], [0.5, 0, 0.5, 0, 0, 0, 0, 0]],
            "dense_bias": [0, 0],
        },
        bound={**bound(SMALL, *LEARNS), "target": ("input", "output_activation", "units", *LEARNS)},
        unit=1,
    ),
    Preset(
        "digit",
        "a 9 that a trained network reads as a 3, and one step towards 9",
        "ours: trained on 1497 of the bundled digits by data/train_networks.py; this 9 is one of the 0.023 of the other"
        " 300 that it reads wrongly (Alpaydin and Kaynak 1998, CC BY 4.0)",
        options={"learning_rate": 0.001},
        arrays={"input": Made("activation", _digit), "target": [9], **{name: _trained(name) for name in WEIGHTS}},
        bound={**bound(WEIGHTS, "input", *LEARNS), "target": ("input", "output_activation", "units", *LEARNS)},
        title="Backpropagation: a digit misread",
        planes=True,
        unit=7,
    ),
)
