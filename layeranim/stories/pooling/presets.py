"""Ready poolings, each with its source."""

from __future__ import annotations

from layeranim.stories.preset import Preset

SLUGNET = "4 7 1 2; 6 3 0 8; 9 1 6 0; 6 4 1 7"

PRESETS = (
    Preset(
        "slugnet-max",
        "the largest number of every 2×2 window",
        "Slugnet documentation, Layers, Pooling",
        options={"mode": "max"},
        arrays={"input": SLUGNET},
        unit=2,
        takeaway="a quarter of the numbers to work on; small shifts of the picture change little",
    ),
    Preset(
        "slugnet-mean",
        "the mean of every 2×2 window",
        "Slugnet documentation, Layers, Pooling",
        options={"mode": "mean"},
        arrays={"input": SLUGNET},
        unit=2,
        takeaway="a smaller, smoother picture; in whole networks one mean sums up each channel",
    ),
    Preset(
        "glossary",
        "the 4×4 image of the ML Glossary and the largest number of every 2×2 window",
        "ML Glossary, Layers, Pooling; its code swaps rows and columns (5 9 / 8 8), its figure is right",
        options={"mode": "max"},
        arrays={"input": "1 2 3 4; 5 1 3 8; 5 1 4 7; 9 5 8 2"},
        unit=2,
        takeaway="a quarter of the numbers, the strongest answers still there",
    ),
    Preset(
        "digit",
        "a handwritten 8×8 digit at half its height and width",
        "UCI Optical Recognition of Handwritten Digits (E. Alpaydin, C. Kaynak; CC BY 4.0)",
        options={"mode": "max"},
        arrays={"input": "digit:3.2"},
        unit=6,
        takeaway="a quarter of the pixels, the stroke still there",
    ),
    Preset(
        "gradient",
        "max pooling backwards: each gradient goes to the cell that won its window",
        "the image of the Slugnet documentation; the gradient is ours",
        options={"mode": "max", "backward": True},
        arrays={"input": SLUGNET, "grad_output": "2 -1; 3 1"},
        unit=2,
        takeaway="only the winners pass the gradient on: the others had no say in the output",
    ),
)
