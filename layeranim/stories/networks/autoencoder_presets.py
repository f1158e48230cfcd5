"""Ready autoencoders: a trained one of handwritten digits, and one whose code names one of four things exactly."""

from __future__ import annotations

from typing import Any

import numpy as np

from layeranim.stories.preset import Made, Preset
from layeranim.stories.stored import GREY, bound, digit, stored, trained

IMAGE, GOAL = 396, 360
"""Which of the bundled digits are read: a 0, and a 6 that its code walks to; the training has seen neither."""
KEPT, EACH = 6, 4
"""Every sixth digit was kept from the training; so many of each class stand in the plane."""
NETWORK = ("encoder", "decoder", "activation", "code_activation", "output_activation", "bias")
"""Options that a network's weights go with."""
WEIGHTS = tuple(f"{side}{k}_{kind}" for side in ("encoder", "decoder") for k in (1, 2) for kind in ("weight", "bias"))
SCALED = {"encoder1_weight": 1 / GREY, "decoder2_weight": GREY, "decoder2_bias": GREY}
"""Weights that are for pixels as they are."""


def _others() -> list[int]:
    """Of every class the first ones that the training has not seen."""
    kept = [k for k in range(0, len(stored("digits.npz")["labels"]), KEPT) if k not in (IMAGE, GOAL)]
    labels = stored("digits.npz")["labels"][kept]
    return [kept[k] for digit in range(10) for k in np.flatnonzero(labels == digit)[:EACH]]


def _images(activation: Any, seed: int) -> Any:
    return stored("digits.npz")["images"][_others()].reshape(-1, 64).astype(float)


def _labels(activation: Any, seed: int) -> Any:
    return stored("digits.npz")["labels"][_others()].astype(float)


def _bound(names: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """What is encoded beside the input goes with all weights and options of the network."""
    return bound(names, *NETWORK) | {
        "goal": (*names, *NETWORK),
        "others": (*names, *NETWORK),
        "others_class": (*names, "others", *NETWORK),
    }


_FOUR = ("encoder1_weight", "encoder1_bias", "decoder1_weight", "decoder1_bias")
PRESETS = (
    Preset(
        "digits",
        "a handwritten 0 → two numbers → a 0 again; then the code walks to that of a 6, through what lies between",
        "ours: trained on 1497 of the bundled digits by data/train_autoencoder.py; of the variance of the other 300 it"
        " gives back 0.484 (two principal components: 0.296); all that are shown are of these (Alpaydin and Kaynak"
        " 1998, CC BY 4.0)",
        arrays={
            "input": digit("activation", 1, 64, image=IMAGE), "goal": digit("activation", 64, image=GOAL),
            "others": Made("activation", _images), "others_class": Made("activation", _labels),
            **{name: trained("autoencoder_digits.npz", name, usual="relu", times=SCALED.get(name, 1), kind="float32")
               for name in WEIGHTS},
        },
        bound=_bound(WEIGHTS),
        free=("input", "goal", "walk_steps"),
        title="Autoencoder: digits through two numbers",
        planes=True,
        unit=5,
    ),
    Preset(
        "one-of-four",
        "one of four things, as 1 0 0 0: two numbers name it, and the decoder makes all four again, exactly",
        "the encoder problem of Rumelhart, Hinton and Williams (1986), there with eight; values ours",
        options={"encoder": (4, 2), "output_activation": "relu"},
        arrays={
            "input": [[1, 0, 0, 0]], "goal": [0, 0, 1, 0], "others": np.eye(4).tolist(), "others_class": [1, 2, 3, 4],
            "encoder1_weight": [[1, 1, -1, -1], [1, -1, 1, -1]], "encoder1_bias": [0, 0],
            "decoder1_weight": [[1, 1], [1, -1], [-1, 1], [-1, -1]], "decoder1_bias": [-1, -1, -1, -1],
        },
        bound=_bound(_FOUR),
        title="Autoencoder: one of four",
        unit=5,
    ),
)  # fmt: skip
