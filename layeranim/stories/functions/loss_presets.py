"""Predictions and their targets, each with its source."""

from __future__ import annotations

from layeranim.stories.preset import Preset

_ERRORS = {"prediction": [[1, 2, 5]], "target": [[1, 3, 2]]}
_GIVEN = {"prediction": ("mode",), "target": ("mode",)}

PRESETS = (
    Preset(
        "errors", "no error, a small one and a large one, which makes nine tenths of the loss", "values ours",
        arrays=_ERRORS, bound=_GIVEN, unit=2,
    ),
    Preset(
        "huber", "the same errors, the large one charged along a straight line",
        "values ours; Huber: Robust Estimation of a Location Parameter (1964)",
        options={"mode": "huber"}, arrays=_ERRORS, bound=_GIVEN, unit=2,
    ),
    Preset(
        "probabilities", "three answers yes or no: sure and right, unsure, sure and wrong",
        "values ours; cross-entropy as in Goodfellow, Bengio, Courville: Deep Learning (2016), section 6.2.2",
        options={"mode": "binary"}, arrays={"prediction": [[0.95, 0.4, 0.9]], "target": [[1, 0, 0]]}, bound=_GIVEN,
        unit=2,
    ),
)  # fmt: skip
