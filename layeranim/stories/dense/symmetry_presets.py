"""Networks whose hidden units change places: two of three, all in a ring."""

from __future__ import annotations

from layeranim.stories.preset import Preset

_BOOK = "Goodfellow, Bengio, Courville: Deep Learning (2016), section 8.2.2; values ours"
_WEIGHTS = {
    "input": [[1, -0.5]],
    "weight": [[1, 2], [-1.5, 0.5], [0.5, -1]],
    "bias": [0.5, 0, 0],
    "out_weight": [[1, -2, 0.5], [-1, 0.5, 1.5]],
    "out_bias": [0, 0.5],
}
_BOUND = {name: tuple(other for other in _WEIGHTS if other != name) for name in _WEIGHTS if name != "input"}
PRESETS = (
    Preset(
        "swap",
        "two of three hidden units change places with all of their edges: every output stays",
        _BOOK,
        arrays=_WEIGHTS,
        bound=_BOUND,
        title="Two hidden units change places",
        unit=0,
    ),
    Preset(
        "ring",
        "all three hidden ReLU units move on by one place",
        _BOOK,
        options={"order": (3, 1, 2), "activation": "relu"},
        arrays=_WEIGHTS,
        bound=_BOUND,
        title="All hidden units move on",
        unit=0,
    ),
)
