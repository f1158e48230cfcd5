"""Rows of numbers to convolve, each with its source."""

from __future__ import annotations

from layeranim.stories.preset import Preset

PRESETS = (
    Preset(
        "bend",
        "seven numbers under a kernel that answers where they bend",
        "values ours; Animated Guide to Four Deep Learning Layers draws seven inputs over five outputs",
        arrays={"input": [[[2, 1, 3, 0, 1, 2, 4]]], "kernel": [[[1, -2, 1]]]},
        unit=0,
    ),
)
