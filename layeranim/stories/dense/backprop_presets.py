"""Ready networks to learn one step: a small one of ours, one with published figures, one whose output is a number."""

from __future__ import annotations

from layeranim.stories.dense.mlp_presets import NETWORK, WEIGHTS
from layeranim.stories.preset import Preset

LEARNS = (*NETWORK, "loss", "true_class")
SMALL = ([[0.5, -0.5], [1, 0.5], [-1, 1]], [0, 0, 0], [[1, -1, 0.5], [-0.5, 1, -1]], [0, 0])
PUBLISHED = ([[0.15, 0.2], [0.25, 0.3]], [0.35, 0.35], [[0.4, 0.45], [0.5, 0.55]], [0.6, 0.6])

PRESETS = (
    Preset(
        "one-step",
        "a network of 2, 3 and 2 units that leans to class 1, and one step towards class 2",
        "values ours",
        arrays={"input": [[2, 1]], "target": [1], **dict(zip(WEIGHTS, SMALL, strict=True))},
        bound={
            **dict.fromkeys(WEIGHTS, LEARNS),
            "target": ("input", "sizes", "output_activation", "loss", "true_class"),
        },
        unit=1,
    ),
    Preset(
        "published",
        "two inputs, two hidden units, two sigmoid outputs: every number can be looked up",
        "M. Mazur (2015), A Step by Step Backpropagation Example: outputs 0.7514 and 0.7729, loss 0.2984, the first"
        " weight of the output layer from 0.4 to 0.3589; half the squared errors' sum is the mean of the two",
        options={"output_activation": "sigmoid", "loss": "squared", "learning_rate": 0.5},
        arrays={"input": [[0.05, 0.1]], "target": [[0.01, 0.99]], **dict(zip(WEIGHTS, PUBLISHED, strict=True))},
        bound={
            **dict.fromkeys(WEIGHTS, LEARNS),
            "target": ("input", "sizes", "output_activation", "loss", "true_class"),
        },
        unit=0,
    ),
)
