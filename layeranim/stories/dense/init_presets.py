"""Ways to draw first weights, side by side: before a function that saturates, and before one that cuts."""

from __future__ import annotations

from layeranim.stories.preset import Preset

PRESETS = (
    Preset(
        "tanh",
        "six layers of 64 units with tanh: zeros, weights too small, too large, and as Glorot and Bengio scale them",
        "X. Glorot and Y. Bengio (2010), Understanding the difficulty of training deep feedforward neural networks;"
        " numbers drawn by us",
        unit=6,
    ),
    Preset(
        "relu",
        "the same with ReLU, which cuts half of all numbers: He's weights make up for it",
        "K. He et al. (2015), Delving deep into rectifiers; numbers drawn by us",
        options={"schemes": ("small", "large", "xavier", "he"), "activation": "relu", "large": 0.3},
        title="First weights before ReLU",
        unit=6,
    ),
)
