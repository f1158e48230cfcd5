"""Maps to lay down in a row, each with its source."""

from __future__ import annotations

from layeranim.stories.preset import Preset

PRESETS = (
    Preset(
        "maps", "two maps of 2×2, one after another in a row", "values ours", arrays={"input": "5 3; 8 1 ;; 4 9; 2 6"}
    ),
    Preset(
        "cnn",
        "16 maps of 2×2, as a small network for digits ends in: 64 numbers for its dense layer",
        "values drawn at random; the shape is that of the bundled network for 8×8 digits",
        arrays={"input": "random:16x2x2"},
        title="Flatten: from maps to a row",
        unit=14,
    ),
    Preset(
        "digit",
        "one picture of 8×8 pixels becomes a row of 64",
        "UCI Optical Recognition of Handwritten Digits (E. Alpaydin, C. Kaynak; CC BY 4.0)",
        arrays={"input": "digit:3"},
        title="Flatten: a picture for a dense layer",
        unit=8,
    ),
)
