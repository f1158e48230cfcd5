"""Positions to write as rows of sines and cosines, each with its source."""

from __future__ import annotations

from layeranim.stories.preset import Preset

SOURCE = "A. Vaswani et al., Attention Is All You Need (2017), section 3.5: every number follows from the formula"

PRESETS = (
    Preset("clocks", "eight positions as the hands of three clocks, each slower than the one before", SOURCE, unit=2),
    Preset(
        "two-hands",
        "eight positions of four features with base 100: the second hand is ten times as slow as the first",
        SOURCE,
        options={"features": 4, "base": 100.0},
        unit=2,
    ),
)
