"""Logits to turn into shares, each with its source."""

from __future__ import annotations

from layeranim.stories.preset import Preset

PRESETS = (
    Preset(
        "three-classes",
        "three scores, the largest of which gets two thirds of the whole",
        "the scores 2, 1 and 0.1 are the common example of courses on softmax; values ours",
        arrays={"logits": [[2.0, 1.0, 0.1]]},
        unit=1,
    ),
    Preset(
        "temperature",
        "the same scores at temperature 2: the shares come closer to each other",
        "values ours",
        options={"temperature": 2.0},
        arrays={"logits": [[2.0, 1.0, 0.1]]},
        unit=1,
        title="Softmax with a temperature",
    ),
)
