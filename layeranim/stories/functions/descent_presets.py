"""Surfaces to go down on, each with its source."""

from __future__ import annotations

from layeranim.stories.preset import Preset

PRESETS = (
    Preset(
        "valley",
        "a valley ten times as steep across as along: SGD swings from side to side, momentum overshoots",
        "values ours",
        arrays={"start": [-2, 1], "curvature": [[1, 0], [0, 10]], "minimum": [0, 0]},
        bound={"start": ("surface",), "curvature": ("surface",), "minimum": ("surface",)},
        unit=12,
    ),
    Preset(
        "rosenbrock",
        "a bent valley, begun where its author began: the loss there is 24.2, its slope (−215.6, −88)",
        "H. H. Rosenbrock, An automatic method for finding the greatest or least value of a function (1960)",
        options={"surface": "rosenbrock", "methods": ("momentum", "rmsprop", "adam"), "updates": 60},
        title="Optimisers on Rosenbrock's valley",
        unit=60,
    ),
    Preset(
        "saddle",
        "a saddle: nearly level in the direction that leads down; a velocity gets away sooner",
        "values ours; the shape as in Goodfellow, Bengio, Courville: Deep Learning (2016), figure 8.2",
        options={"surface": "saddle", "methods": ("sgd", "momentum", "adam"), "updates": 30, "learning_rate": (0.1,)},
        title="Optimisers on a saddle",
        unit=30,
    ),
    Preset(
        "four-minima",
        "Himmelblau's four equal minima: from one start the methods come to different ones",
        "D. M. Himmelblau, Applied Nonlinear Programming (1972); 170 at the start (0, 0), 0 at each minimum",
        options={"surface": "himmelblau", "methods": ("sgd", "nesterov", "adagrad", "adam"), "updates": 30},
        title="Optimisers on Himmelblau's surface",
        unit=30,
    ),
)
