"""Planes before and after a hidden layer: XOR as the book solves it, the same without a bend, rings and squares."""

from __future__ import annotations

from layeranim.stories.preset import Preset

_BOOK = "Goodfellow, Bengio, Courville: Deep Learning (2016), section 6.1"
_XOR = {
    "input": [[0, 0], [0, 1], [1, 0], [1, 1]],
    "target": [0, 1, 1, 0],
    "weight": [[1, 1], [1, 1]],
    "bias": [0, -1],
    "out_weight": [1, -2],
    "out_bias": [-0.5],
}
_BOUND = {"target": ("input",)}
_RINGS = [
    [0.4, 0.3], [-0.5, 0.2], [-0.2, -0.6], [0.6, -0.3], [0.1, 0.6], [-0.6, -0.2],
    [1.3, 0.4], [0.6, 1.2], [-0.8, 1.1], [-1.4, 0.1], [-0.7, -1.2], [0.3, -1.4], [1.2, -0.7],
]  # fmt: skip
PRESETS = (
    Preset(
        "xor",
        "the four points of XOR: no line parts their classes; after two ReLU units one does",
        f"{_BOOK}, figure 6.1: its weights and features; of its output 0, 1, 1, 0 half is taken off here",
        arrays=_XOR,
        bound=_BOUND,
        title="XOR: a line after the hidden layer",
        unit=3,
    ),
    Preset(
        "without-a-bend",
        "the same weights without a function: the points stay on one line, and no line parts the classes",
        f"{_BOOK}; values as there, ReLU left out",
        options={"activation": "linear"},
        arrays=_XOR,
        bound=_BOUND,
        title="XOR without a bend",
        unit=3,
    ),
    Preset(
        "rings",
        "a ring around a cluster: of the squares of both numbers a line parts them, and that line is a circle",
        "values ours",
        options={"activation": "square"},
        arrays={
            "input": _RINGS,
            "target": [0] * 6 + [1] * 7,
            "weight": [[1, 0], [0, 1]],
            "bias": [0, 0],
            "out_weight": [1, 1],
            "out_bias": [-1],
        },
        bound=_BOUND,
        title="A circle is a line between squares",
        unit=6,
    ),
)
