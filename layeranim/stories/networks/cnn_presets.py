"""Ready convolutional networks: a trained one for handwritten digits, and a small one whose numbers all stand there."""

from __future__ import annotations

from layeranim.stories.preset import Preset
from layeranim.stories.stored import GREY, bound, digit, trained

NETWORK = ("filters", "kernel_size", "padding", "pool_size", "activation", "units", "output_activation", "bias")
"""Options that a network's weights go with."""
WEIGHTS = ("conv1_kernel", "conv1_bias", "conv2_kernel", "conv2_bias", "dense_weight", "dense_bias")
TRAINED = {name: trained("cnn_digits.npz", name, usual="relu") for name in WEIGHTS}
"""For pixels in sixteenths."""
STROKE = [[0, 1, 0, 0], [0, 1, 0, 0], [0, 1, 0, 0], [0, 1, 0, 0]]
UPRIGHT = [[0, 1, 0], [0, 1, 0], [0, 1, 0]]
LEVEL = [[0, 0, 0], [1, 1, 1], [0, 0, 0]]


PRESETS = (
    Preset(
        "digits",
        "a handwritten 3 → 8 filters 3×3, ReLU, max 2×2 → 16 filters, ReLU, max 2×2 → 10 classes, trained",
        "ours: trained on 1497 of the bundled digits by data/train_networks.py, right for 0.977 of the other 300;"
        " this 3 is one of them (Alpaydin and Kaynak 1998, CC BY 4.0)",
        arrays={
            "input": digit("activation", 8, 8),
            **TRAINED,
            "conv1_kernel": trained("cnn_digits.npz", "conv1_kernel", usual="relu", times=1 / GREY),
        },
        bound=bound(WEIGHTS, *NETWORK),
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
        bound=bound(("conv1_kernel", "conv1_bias", "dense_weight", "dense_bias"), *NETWORK),
        title="Convolutional network: upright or level?",
        unit=0,
    ),
)
