"""Images and filters to match, each with its source."""

from __future__ import annotations

from layeranim.stories.preset import Preset

GOOD_FOR = "this one operation, repeated at every place, is a convolution"

PRESETS = (
    Preset(
        "lines",
        "a diagonal and a horizontal stroke, a horizontal and a diagonal filter",
        "Animated Guide to Four Deep Learning Layers, Convolution; it prints 2.0 for the last sum, which is 1",
        arrays={
            "input": [[[[1, 0, 0], [0, 1, 0], [0, 0, 1]]], [[[0, 0, 0], [1, 1, 0], [0, 0, 0]]]],
            "kernel": [[[[0, 0, 0], [1, 1, 1], [0, 0, 0]]], [[[1, 0, 0], [0, 1, 0], [0, 0, 1]]]],
        },
        takeaway=GOOD_FOR,
        unit=1,
    ),
)
