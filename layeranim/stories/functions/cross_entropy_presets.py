"""Guesses to charge, each with its source."""

from __future__ import annotations

from layeranim.stories.preset import Preset

_GUESSES = [[-2, 2, 0], [0, 1, 1], [1, 0, 0], [4, 0, 0]]

PRESETS = (
    Preset(
        "four-guesses",
        "the same picture guessed four times, better and better: the loss falls from 4.14 to 0.04",
        "values ours",
        arrays={"input": _GUESSES},
        unit=0,
    ),
    Preset(
        "probabilities",
        "four shares of the true class, 0.02, 0.20, 0.66 and 0.98, and what each costs",
        "values ours",
        options={"source": "probabilities"},
        arrays={"input": [[0.02, 0.9, 0.08], [0.2, 0.5, 0.3], [0.66, 0.24, 0.1], [0.98, 0.01, 0.01]]},
        title="Cross-entropy of probabilities",
        unit=0,
    ),
    Preset(
        "smoothing",
        "a tenth of the truth is spread over all classes: being too sure costs again",
        "Szegedy and others: Rethinking the Inception Architecture for Computer Vision (2016); values ours",
        options={"label_smoothing": 0.1},
        arrays={"input": _GUESSES},
        unit=0,
        title="Cross-entropy with label smoothing",
    ),
)
