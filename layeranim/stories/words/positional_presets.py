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
    Preset(
        "rotary",
        "one vector at eight places: each pair turned by its place, so that products depend on the distance alone",
        "J. Su et al., RoFormer (2021), equation 15: every number follows from the formula; the vector is ours",
        options={"kind": "rotary", "base": 100.0},
        arrays={"input": [[2, 1, 1, 2]] * 8},
        bound={"input": ("positions", "features", "kind")},
        title="Rotary positional encoding",
        unit=2,
    ),
    Preset(
        "learned",
        "a table with a row for each of eight places: neighbours have come to be alike, and there is no ninth",
        "values ours; J. Gehring et al., Convolutional Sequence to Sequence Learning (2017), section 3.1",
        options={"kind": "learned"},
        arrays={"table": [[2, 0, -1, 1], [2, 1, -1, 0], [1, 2, 0, -1], [0, 2, 1, -1],
                          [-1, 1, 2, 0], [-2, 0, 2, 1], [-2, -1, 1, 2], [-1, -2, 0, 2]]},
        bound={"table": ("positions", "features", "kind")},
        title="Learned positional encoding",
        unit=2,
    ),
)  # fmt: skip
