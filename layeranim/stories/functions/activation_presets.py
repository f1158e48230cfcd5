"""Numbers to bend, each with its source."""

from __future__ import annotations

from layeranim.stories.preset import Preset

_X = [[-2.5, -1.28, 0.4, 1.6, 2.75]]

PRESETS = (
    Preset(
        "relu", "five numbers through a ReLU: two of them are cut to 0", "values ours", arrays={"input": _X}, unit=1
    ),
    Preset(
        "silu",
        "the same numbers through SiLU, which dips below 0 before it rises",
        "values ours; Elfwing, Uchibe, Doya: Sigmoid-Weighted Linear Units (2017)",
        options={"activation": "silu"},
        arrays={"input": _X},
        unit=1,
    ),
    Preset(
        "sigmoid",
        "the same numbers through the sigmoid: all results lie between 0 and 1",
        "values ours",
        options={"activation": "sigmoid"},
        arrays={"input": _X},
        unit=2,
    ),
    Preset(
        "side-by-side",
        "six functions take the same numbers: what they do below 0, and whether they end",
        "values ours",
        options={"compare": ("sigmoid", "tanh", "relu", "leaky-relu", "elu", "silu")},
        arrays={"input": _X},
        unit=1,
    ),
)
