"""Rows of numbers to pool, each with its source."""

from __future__ import annotations

from layeranim.stories.preset import Preset

PRESETS = (
    Preset(
        "peaks",
        "the largest of every two numbers",
        "values ours",
        arrays={"input": [1, 3, 2, 6, 5, 4, 0, 2]},
        unit=1,
    ),
    Preset(
        "neighbours",
        "the mean of every two neighbours",
        "Keras documentation, AveragePooling1D: its first example",
        options={"mode": "mean", "stride": 1},
        arrays={"input": [1, 2, 3, 4, 5]},
        unit=0,
    ),
    Preset(
        "over-time",
        "the strongest answer of each filter, wherever in the sentence it stands",
        "Kim: Convolutional Neural Networks for Sentence Classification (2014), max-over-time pooling; values ours",
        options={"mode": "global-max"},
        arrays={"input": [[0.2, 0, 1.4, 0.3, 0, 0.6, 0], [0, 0.5, 0, 0.1, 0.9, 0, 0.2], [0, 0, 0.3, 0, 0, 0, 1.1]]},
        unit=0,
    ),
    Preset(
        "gradient",
        "max pooling backwards: a number that wins several windows adds up their gradients",
        "values ours",
        options={"kernel_size": 3, "stride": 1, "backward": True},
        arrays={"input": [1, 3, 2, 6, 5, 4, 0, 2], "grad_output": [2, -1, 3, 1, -2, 4]},
        unit=3,
    ),
)
