"""What depthwise separable convolutions are shown with, each with its source."""

from __future__ import annotations

from layeranim.stories.preset import Preset

_TOGETHER = ("kernel_size", "filters", "multiplier")

PRESETS = (
    Preset(
        "sum-and-difference",
        "one filter a channel, then the sum and the difference of both",
        "values ours",
        arrays={
            "input": [[[1, 2, 3], [4, 5, 6], [7, 8, 9]], [[1, 0, 1], [0, 1, 0], [1, 0, 1]]],
            "depthwise_kernel": [[[[1, 0], [0, 1]]], [[[1, 1], [1, 1]]]],
            "pointwise_kernel": [[[[1]], [[1]]], [[[1]], [[-1]]]],
        },
        bound={"depthwise_kernel": _TOGETHER, "pointwise_kernel": _TOGETHER},
        unit=0,
    ),
    Preset(
        "colours",
        "red, green and blue, each with its own edge finder, mixed into four maps: 39 weights do what 108 did",
        "values ours; the two filters are Sobel's and Laplace's (R. Gonzalez, R. Woods: Digital Image Processing)",
        options={"filters": 4},
        arrays={
            "input": [
                [[9, 9, 1, 1], [9, 9, 1, 1], [9, 9, 1, 1], [9, 9, 1, 1]],
                [[5, 5, 5, 5], [5, 5, 5, 5], [0, 0, 0, 0], [0, 0, 0, 0]],
                [[2, 2, 2, 2], [2, 8, 2, 2], [2, 2, 2, 2], [2, 2, 2, 2]],
            ],
            "depthwise_kernel": [
                [[[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]],
                [[[-1, -2, -1], [0, 0, 0], [1, 2, 1]]],
                [[[0, 1, 0], [1, -4, 1], [0, 1, 0]]],
            ],
            "pointwise_kernel": [
                [[[1]], [[0]], [[0]]], [[[0]], [[1]], [[0]]], [[[1]], [[1]], [[1]]], [[[1]], [[-1]], [[0]]],
            ],
        },
        bound={"depthwise_kernel": _TOGETHER, "pointwise_kernel": _TOGETHER},
        title="A filter for each channel, then a mixture",
        unit=0,
    ),
    Preset(
        "mobilenet",
        "32 channels to 64 maps, as the first such block of MobileNet: 2336 weights in place of 18432",
        "sizes of A. Howard et al., MobileNets (2017), table 1, on 12×12 in place of 112×112 cells; values at random",
        options={"filters": 64, "padding": "same", "activation": "relu"},
        arrays={"input": "random:32x12x12"},
        title="The first such block of MobileNet",
        unit=68,
    ),
)  # fmt: skip
