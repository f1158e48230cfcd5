"""Ready steps of learning: a small network by hand, and a trained one that read a digit as another."""

from __future__ import annotations

from layeranim.stories.networks.cnn_presets import LEVEL, NETWORK, STROKE, TRAINED, UPRIGHT, WEIGHTS
from layeranim.stories.preset import Preset
from layeranim.stories.stored import GREY, bound, digit

IMAGE = 1038
"""A 9 that the training has not seen, and that the network reads as a 3."""
LEARNS = ("loss", "true_class")
GOES_WITH = ("input", "output_activation", "units", *LEARNS)
"""What a target goes with."""
SMALL = ("conv1_kernel", "conv1_bias", "dense_weight", "dense_bias")


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
        bound={**bound(SMALL, *NETWORK, *LEARNS), "target": GOES_WITH},
        unit=1,
    ),
    Preset(
        "digit",
        "a 9 that a trained network reads as a 3, and one step towards 9",
        "ours: trained on 1497 of the bundled digits by data/train_networks.py; this 9 is one of the 0.023 of the other"
        " 300 that it reads wrongly (Alpaydin and Kaynak 1998, CC BY 4.0)",
        options={"learning_rate": 0.001},
        arrays={"input": digit("activation", 8, 8, image=IMAGE, times=1 / GREY), "target": [9], **TRAINED},
        bound={
            **bound(WEIGHTS, *NETWORK, "input", *LEARNS),
            "target": GOES_WITH,
        },
        title="Backpropagation: a digit misread",
        planes=True,
        unit=7,
    ),
)
