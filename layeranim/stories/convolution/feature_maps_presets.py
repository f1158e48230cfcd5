"""Pictures under several filters, each with its source."""

from __future__ import annotations

from typing import Any

from layeranim.stories.preset import Made, Preset
from layeranim.stories.stored import stored

IMAGE = 1632
"""Which of the bundled digits is read: a 3 that the training has not seen."""
_FILTERS = [
    [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]],
    [[-1, -2, -1], [0, 0, 0], [1, 2, 1]],
    [[0, 1, 2], [-1, 0, 1], [-2, -1, 0]],
    [[-2, -1, 0], [-1, 0, 1], [0, 1, 2]],
    [[0, -1, 0], [-1, 4, -1], [0, -1, 0]],
    [[-1, 2, -1], [-1, 2, -1], [-1, 2, -1]],
]


def _digit(activation: Any, seed: int) -> Any:
    return stored("digits.npz")["images"][IMAGE].astype(float) / 16


def _kernel(activation: Any, seed: int) -> Any:
    return stored("cnn_digits.npz")["conv1_kernel"]


def _bias(activation: Any, seed: int) -> Any:
    return stored("cnn_digits.npz")["conv1_bias"]


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
            "input": Made("activation", _digit),
            "kernel": Made("activation", _kernel),
            "bias": Made("activation", _bias),
        },
        bound={"bias": ("kernel",)},
        title="Eight learnt filters, eight maps",
        unit=0,
    ),
)
