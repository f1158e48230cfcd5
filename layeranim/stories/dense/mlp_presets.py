"""Ready networks: either but not both, and a trained one that reads handwritten digits."""

from __future__ import annotations

from layeranim.stories.preset import Preset
from layeranim.stories.stored import GREY, digit, trained

NETWORK = ("sizes", "activation", "output_activation", "bias")
"""Options that a network's weights go with."""
WEIGHTS = ("dense1_weight", "dense1_bias", "dense2_weight", "dense2_bias")
XOR = ([[20, 20], [20, 20]], [-10, -30], [[-20, 20], [20, -20]], [10, -10])
PRESETS = (
    Preset(
        "xor",
        "either, but not both: unit 1 is or, unit 2 and, and the output their difference",
        "ours; that one layer cannot do it is in M. Minsky and S. Papert (1969), Perceptrons",
        arrays={"input": [[1, 0], [0, 1], [1, 1], [0, 0]], **dict(zip(WEIGHTS, XOR, strict=True))},
        bound=dict.fromkeys(WEIGHTS, NETWORK),
        unit=0,
        takeaway="or, and, and their difference: one layer alone cannot tell either from both",
    ),
    Preset(
        "digits",
        "64 pixels of a handwritten 3 → 16 hidden units with ReLU → 10 classes, trained",
        "ours: trained on 1497 of the bundled digits by data/train_networks.py, right for 0.977 of the other 300;"
        " this 3 is one of them (Alpaydin and Kaynak 1998, CC BY 4.0)",
        arrays={
            "input": digit("activation", 1, 64),
            **{name: trained("mlp_digits.npz", name, usual="relu") for name in WEIGHTS[1:]},
            WEIGHTS[0]: trained("mlp_digits.npz", WEIGHTS[0], usual="relu", times=1 / GREY),
        },
        bound={name: (*(one for one in WEIGHTS if one != name), *NETWORK) for name in WEIGHTS},
        takeaway="16 questions about the pixels, 10 answers made of them",
        free=("input",),
        title="Multilayer perceptron: which digit?",
        planes=True,
        unit=14,
    ),
)
