"""Ready layers for dropout: a printed example, and a layer of five units with five draws."""

from __future__ import annotations

from layeranim.stories.preset import Preset

MASK = {"mask": ("input", "rate", "draws", "mask_seed", "channelwise")}
"""What a mask belongs with: for another rate or other values it is drawn anew."""

PRESETS = (
    Preset(
        "glossary",
        "16 units, 8 dropped, the others doubled",
        "ML Glossary, Layers, Dropout: no mask is printed; it is read off the result, the input's own zeros counting as"
        " dropped",
        arrays={
            "input": [[0.3, 0.2, 1.5, 0.0], [0.6, 0.1, 0.0, 0.3], [0.2, 1.9, 0.3, 1.2], [0.7, 0.5, 1.0, 0.0]],
            "mask": [[[0, 1, 1, 0], [1, 1, 0, 1], [0, 1, 1, 0], [1, 0, 0, 0]]],
        },
        bound=MASK,
        unit=0,
    ),
    Preset(
        "slugnet",
        "5 units, the second and fifth dropped, then four more draws: the mean is the full output",
        "Slugnet documentation, Layers, Dropout: its figure crosses out two of five units and prints no values; values,"
        " rate and the later draws are ours",
        options={"rate": 0.4},
        arrays={
            "input": [0.6, 1.2, -0.9, 1.5, 0.3],
            "mask": [[[1, 0, 1, 1, 0]], [[0, 1, 0, 1, 1]], [[1, 1, 0, 0, 1]], [[0, 1, 1, 1, 0]], [[1, 0, 1, 0, 1]]],
        },
        bound=MASK,
        free=("view",),
        takeaway="every draw trains another thinned network; at test time all of them vote",
        unit=4,
    ),
)
