"""Maxout units: what their pieces can be shaped to, as in the paper's first figure; one of two inputs."""

from __future__ import annotations

from layeranim.stories.preset import Preset

_PAPER = "Goodfellow and others: Maxout Networks (2013), figure 1; values ours"
PRESETS = (
    Preset(
        "quadratic",
        "four tangents of x²: their upper hull is never more than 0.25 below it between −2 and 2",
        _PAPER,
        arrays={
            "input": [[-2], [-1.2], [-0.4], [0.5], [1.2], [2]],
            "weight": [[-3], [-1], [1], [3]],
            "bias": [-2.25, -0.25, -0.25, -2.25],
        },
        bound={"weight": ("bias",), "bias": ("weight",)},
        title="Maxout: x² made of lines",
        unit=4,
    ),
    Preset(
        "absolute",
        "two lines through zero, x and −x: the larger one is |x|",
        _PAPER,
        arrays={"input": [[-2], [-0.5], [1], [1.5]], "weight": [[-1], [1]], "bias": [0, 0]},
        bound={"weight": ("bias",), "bias": ("weight",)},
        title="Maxout: the absolute value",
        unit=2,
    ),
    Preset(
        "relu",
        "one of two lines is level at 0: the larger one is ReLU",
        _PAPER,
        arrays={"input": [[-2], [-1], [0.5], [2]], "weight": [[0], [1]], "bias": [0, 0]},
        bound={"weight": ("bias",), "bias": ("weight",)},
        title="Maxout: ReLU as a special case",
        unit=2,
    ),
    Preset(
        "two-inputs",
        "three planes over two inputs: of each sample the highest one passes",
        "values ours",
        arrays={
            "input": [[1, 0], [-1, 0.5], [0, -2]],
            "weight": [[1, 1], [-1, 0.5], [0, -1]],
            "bias": [0, 0.25, -0.5],
        },
        bound={"weight": ("bias",), "bias": ("weight",)},
        title="Maxout of two inputs",
        unit=1,
    ),
)
