"""Ready convolutional networks: a trained one for handwritten digits, and a small one whose numbers all stand there."""

from __future__ import annotations

from typing import Any

import numpy as np

from layeranim.stories.preset import Made, Preset
from layeranim.stories.stored import stored

IMAGE = 1632
"""Which of the bundled digits is read: a 3 that the training has not seen."""
GREY = 16
"""Pixels of the bundled digits go from 0 to 16; the network learnt from sixteenths of them."""
NETWORK = ("filters", "kernel_size", "padding", "pool_size", "activation", "units", "output_activation", "bias")
"""Options that a network's weights go with."""
WEIGHTS = ("conv1_kernel", "conv1_bias", "conv2_kernel", "conv2_bias", "dense_weight", "dense_bias")
STROKE = [[0, 1, 0, 0], [0, 1, 0, 0], [0, 1, 0, 0], [0, 1, 0, 0]]
UPRIGHT = [[0, 1, 0], [0, 1, 0], [0, 1, 0]]
LEVEL = [[0, 0, 0], [1, 1, 1], [0, 0, 0]]


def _digit(activation: Any, seed: int) -> Any:
    return stored("digits.npz")["images"][IMAGE].astype(float)


def _trained(name: str) -> Made:
    """Weights of the trained network, for the usual options; those of the first layer for pixels as they are."""

    def make(activation: Any, seed: int) -> Any:
        held = stored("cnn_digits.npz")[name].astype(float)
        return held / GREY if name == "conv1_kernel" else np.array(held)

    return Made("activation", make, "relu")


def bound(names: tuple[str, ...], *more: str) -> dict[str, tuple[str, ...]]:
    """Weights go with the options of their network, and with the weights that the numbers they read come from."""
    out = {}
    for k, name in enumerate(names):
        before = (one for one in names[:k] if not one.endswith("_bias"))
        out[name] = (*before, *NETWORK, *more)
    return out


PRESETS = (
    Preset(
        "digits",
        "a handwritten 3 → 8 filters 3×3, ReLU, max 2×2 → 16 filters, ReLU, max 2×2 → 10 classes, trained",
        "ours: trained on 1497 of the bundled digits by data/train_networks.py, right for 0.977 of the other 300;"
        " this 3 is one of them (Alpaydin and Kaynak 1998, CC BY 4.0)",
        arrays={"input": Made("activation", _digit), **{name: _trained(name) for name in WEIGHTS}},
        bound=bound(WEIGHTS),
        free=("input",),
        title="Convolutional network: which digit?",
        planes=True,
        unit=5,
    ),
    Preset(
        "stroke",
        "an upright stroke through a filter for upright and one for level strokes: all numbers stand there",
        "values ours",
        arrays={
            "input": STROKE,
            "conv1_kernel": [[UPRIGHT], [LEVEL]],
            "conv1_bias": [-1, -1],
            "dense_weight": [[1, 1, 1, 1, 0, 0, 0, 0], [0, 0, 0, 0, 1, 1, 1, 1]],
            "dense_bias": [-2, -2],
        },
        bound=bound(("conv1_kernel", "conv1_bias", "dense_weight", "dense_bias")),
        title="Convolutional network: upright or level?",
        unit=0,
    ),
)
