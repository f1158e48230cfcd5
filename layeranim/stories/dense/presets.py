"""Ready neurons and layers: logic, a vote, small values, and a layer trained on handwritten digits."""

from __future__ import annotations

from typing import Any

from layeranim.stories.preset import Made, Preset
from layeranim.stories.stored import digit, trained

BIAS = {"bias": ("weight",)}
"""A preset's biases belong with its weights."""


def _given(weight: Any, activation: str) -> Made:
    """Weights that come with an activation where the user chooses none."""
    return Made("activation", lambda chosen, seed: weight, activation)


DENSE = (
    Preset(
        "slugnet",
        "3 inputs, 5 units, ReLU: the figure's layer with small values",
        "Slugnet documentation, Layers, Dense: its figure prints no values, these are ours; its Wᵀx has W as"
        " (inputs, units), the transpose of the W shown",
        arrays={
            "input": [1, -2, 0.5],
            "weight": _given([[1.5, 0.5, 1], [0.5, 1, -1], [-1, -1.5, 2], [2, 1, -1], [-0.5, 0.5, 1]], "relu"),
            "bias": [0.5, -1, 0, 1, 0.5],
        },
        bound=BIAS,
        unit=2,
    ),
    Preset(
        "digits",
        "64 pixels of a handwritten 3 → 10 classes, a trained layer with softmax",
        "ours: trained on 1500 of the bundled digits by data/train_digits.py, right for 0.91 of the other 297;"
        " this 3 is one of them (Alpaydin and Kaynak 1998, CC BY 4.0)",
        arrays={
            "input": digit("units", 1, 64),
            "weight": trained("dense_digits.npz", "weight", usual="softmax"),
            "bias": trained("dense_digits.npz", "bias", "units"),
        },
        bound=BIAS,
        takeaway="every class weighs the same pixels in its own way: the largest sum names the digit",
        free=("input",),
        title="Dense layer: which digit?",
        planes=True,
        unit=3,
    ),
)

NEURON = (
    Preset(
        "and",
        "fires only if both inputs are 1: logical AND over all four cases",
        "ours; W. McCulloch and W. Pitts (1943), A Logical Calculus of the Ideas Immanent in Nervous Activity",
        arrays={"input": [[0, 0], [0, 1], [1, 0], [1, 1]], "weight": _given([[1, 1]], "step"), "bias": [-1.5]},
        bound=BIAS,
        takeaway="both inputs together pass the threshold: a neuron can compute AND",
        title="Artificial neuron: AND",
        unit=3,
    ),
    Preset(
        "majority",
        "three voters, one of them with two votes, and a threshold",
        "ours; F. Rosenblatt (1958), The Perceptron",
        arrays={
            "input": [[1, 0, 0], [0, 1, 0], [0, 1, 1], [1, 0, 1], [1, 1, 1]],
            "weight": _given([[1, 2, 1]], "step"),
            "bias": [-2.5],
        },
        bound=BIAS,
        takeaway="weights say how much a vote counts, the bias how many it takes",
        title="Artificial neuron: a vote",
        unit=2,
    ),
    Preset(
        "sigmoid",
        "four measurements weighed into one probability",
        "ours; the same unit as logistic regression, D. Cox (1958)",
        arrays={
            "input": [[0.5, 1.2, -0.8, 2], [1.5, -0.4, 0.6, 0.2], [-1, 0.7, 1.1, -0.5]],
            "weight": _given([[0.8, -1.5, 0.4, 1.1]], "sigmoid"),
            "bias": [-0.6],
        },
        bound=BIAS,
        takeaway="sigmoid makes the sum a probability between 0 and 1: a yes or no with its odds",
        unit=0,
    ),
)
