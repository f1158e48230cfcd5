"""Sequences whose gradients go back through time, each with its source."""

from __future__ import annotations

from layeranim.stories.preset import Preset

SOURCE = "R. Pascanu et al., On the difficulty of training recurrent neural networks (2013): powers of one number"
_LEVEL = {"input": [[0]] * 6, "weight_input": [[1]], "weight_hidden": [[1]], "bias": [0]}
_GIVEN = {"weight_input": ("hidden", "input_size"), "weight_hidden": ("hidden",), "bias": ("hidden",),
          "input": ("input_size",)}  # fmt: skip
_CUT = {"input": "timesteps"}

PRESETS = (
    Preset("powers", "one unit where tanh is steepest: 5 steps back 0.5⁵ is 0.03, 1⁵ is 1, 1.5⁵ is 7.59", SOURCE,
           arrays=_LEVEL, bound=_GIVEN, cut=_CUT, unit=5),
    Preset("open-lane", "and an LSTM's cell with its forget gate at 0.95: 5 steps back 0.95⁵ leaves 0.77",
           "Hochreiter and Schmidhuber, Long short-term memory (1997); the gate: Gers et al. (2000); values ours",
           options={"forget": 0.95}, arrays={**_LEVEL, "scales": [0.5, 1.5]}, bound={**_GIVEN, "scales": ()},
           cut=_CUT, unit=5, title="Gradients through time: an open lane"),
    Preset("clipped", "the same, and no gradient longer than 2", f"{SOURCE}; clipping: its algorithm 1",
           options={"threshold": 2.0}, arrays=_LEVEL, bound=_GIVEN, cut=_CUT, unit=5,
           title="Gradients through time, clipped"),
    Preset("cut-off", "the same, and the way back is cut off after three steps",
           "Williams and Peng, An efficient gradient-based algorithm for on-line training (1990); values ours",
           options={"truncate": 3}, arrays=_LEVEL, bound=_GIVEN, cut=_CUT,
           unit=4, title="Truncated backpropagation through time"),
    Preset("every-step", "a state that should stay 1 and halves: the losses of all five steps blame one weight",
           "P. Werbos, Backpropagation through time: what it does and how to do it (1990); values ours",
           options={"losses": "every", "nonlinearity": "linear"},
           arrays={"input": [[1], [0], [0], [0], [0]], "weight_input": [[1]], "weight_hidden": [[0.5]], "bias": [0],
                   "scales": [1], "target": [[1]] * 5},
           bound={**_GIVEN, "scales": (), "target": ("input", "hidden")}, cut={**_CUT, "target": "timesteps"}, unit=3,
           title="Backpropagation through time"),
    Preset("saturated", "inputs that push tanh to its flat ends: even the large weight passes nothing back",
           "values ours", arrays={**_LEVEL, "input": [[2], [1], [2], [1], [2], [1]]}, bound=_GIVEN, cut=_CUT, unit=5,
           title="Gradients through time: saturated units"),
)  # fmt: skip
