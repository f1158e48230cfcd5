"""Pictures under several filters, each with its source."""

from __future__ import annotations

from layeranim.stories.preset import Preset
from layeranim.stories.stored import GREY, digit, trained

_FILTERS = [
    [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]],
    [[-1, -2, -1], [0, 0, 0], [1, 2, 1]],
    [[0, 1, 2], [-1, 0, 1], [-2, -1, 0]],
    [[-2, -1, 0], [-1, 0, 1], [0, 1, 2]],
    [[0, -1, 0], [-1, 4, -1], [0, -1, 0]],
    [[-1, 2, -1], [-1, 2, -1], [-1, 2, -1]],
]


PRESETS = (
    Preset(
        "six-questions",
        "a photograph under six filters: edges in four directions, spots and upright lines",
        "filters ours, after Sobel and Feldman (1968); photograph: Chelsea, by Stéfan van der Walt (CC0)",
        arrays={"input": "gray-photo:32x48", "kernel": [[kernel] for kernel in _FILTERS]},
        unit=0,
    ),
    Preset(
        "digit",
        "a handwritten 3 under the eight filters that a small network has learnt",
        "ours: trained on 1500 of the bundled digits by data/train_networks.py; this 3 is none of them"
        " (Alpaydin and Kaynak 1998, CC BY 4.0)",
        options={"padding": "same", "activation": "relu"},
        arrays={
            "input": digit("activation", 8, 8, times=1 / GREY),
            "kernel": trained("cnn_digits.npz", "conv1_kernel", kind="float32"),
            "bias": trained("cnn_digits.npz", "conv1_bias", kind="float32"),
        },
        bound={"bias": ("kernel",)},
        title="Eight learnt filters, eight maps",
        unit=0,
    ),
)
