"""Weights kept small: all ways side by side, L1's zero, what L2 does to flat directions, a longest length."""

from __future__ import annotations

from layeranim.stories.preset import Preset

PRESETS = (
    Preset(
        "side-by-side",
        "one loss, four ways down: free, L2, L1, and a length of at most 1; L1 ends with a weight of exactly 0",
        "values ours; after Goodfellow, Bengio, Courville: Deep Learning (2016), sections 7.1 and 7.2",
        unit=30,
    ),
    Preset(
        "lasso",
        "L1 alone beside no penalty: its level is a diamond, and the loss meets it at a corner, where a weight is 0",
        "after Hastie, Tibshirani, Friedman: The Elements of Statistical Learning (2009), figure 3.11; values ours",
        options={"penalties": ("none", "l1")},
        title="Lasso: a weight becomes zero",
        unit=30,
    ),
    Preset(
        "flat-and-steep",
        "weight decay: of the flat direction (bend 1) 1/(1 + 1) of the weight stays, of the steep one 4/(4 + 1)",
        "Goodfellow, Bengio, Courville: Deep Learning (2016), section 7.1.1, figure 7.1; values ours",
        options={"penalties": ("none", "l2"), "l2": 1},
        arrays={"start": [0, 0], "curvature": [[1, 0], [0, 4]], "minimum": [2, 1]},
        title="Weight decay gives up what the loss hardly needs",
        unit=30,
    ),
    Preset(
        "max-norm",
        "no pull at all, but no weights longer than 1: the path is cut back to the circle and glides along it",
        "Srivastava and others: Dropout (2014), section 5.1; values ours",
        options={"penalties": ("none", "max-norm")},
        title="Max-norm: never longer than c",
        unit=30,
    ),
)
