"""Predictions and their targets, each with its source."""

from __future__ import annotations

from functools import partial
from math import log

from layeranim.stories.preset import Made, Preset

_Numbers = list[list[float]]
_ERRORS: tuple[_Numbers, _Numbers] = [[1, 2, 5]], [[1, 3, 2]]
_OF: dict[str, tuple[_Numbers, _Numbers]] = {
    "binary": ([[0.95, 0.4, 0.9]], [[1, 0, 0]]),
    "binary-logits": ([[3.0, -0.4, 2.2]], [[1, 0, 0]]),
    "kl": ([[log(share) for share in (0.7, 0.2, 0.1)]], [[0.5, 0.3, 0.2]]),
}
"""Predictions and targets of losses that take no others than shares, their logarithms or answers yes and no."""


def _numbers(part: int, mode: str, seed: int) -> _Numbers:
    return _OF.get(mode, _ERRORS)[part]


_ARRAYS = {name: Made("mode", partial(_numbers, part)) for part, name in enumerate(("prediction", "target"))}

PRESETS = (
    Preset(
        "errors", "no error, a small one and a large one, which makes nine tenths of the loss", "values ours",
        arrays=_ARRAYS, unit=2,
    ),
    Preset(
        "huber", "the same errors, the large one charged along a straight line",
        "values ours; Huber: Robust Estimation of a Location Parameter (1964)",
        options={"mode": "huber"}, arrays=_ARRAYS, unit=2,
    ),
    Preset(
        "probabilities", "three answers yes or no: sure and right, unsure, sure and wrong",
        "values ours; cross-entropy as in Goodfellow, Bengio, Courville: Deep Learning (2016), section 6.2.2",
        options={"mode": "binary"}, arrays=_ARRAYS, unit=2,
    ),
)  # fmt: skip
