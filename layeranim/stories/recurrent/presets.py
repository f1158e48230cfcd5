"""Ready sequences and weights, small enough to follow; every weight is ours: a whole number or a half."""

from __future__ import annotations

from typing import Any

from layeranim.stories.preset import Preset

ROWS = {
    "flag": {"x": ("value", "command")},
    "answer": {"x": ("value", "command")},
    "count": {"x": ("push", "reset")},
    "reset-before": {"x": ("push", "reset")},
    "parity": {"y": ("even", "odd")},
}
"""What the rows of a preset's strips stand for."""


def _preset(name: str, summary: str, source: str, arrays: dict[str, Any], **more: Any) -> Preset:
    """An example whose weights and states mean nothing one by one: own weights replace all of them.

    Words of the user's stand for other steps than the example's.
    """
    own = [array for array in arrays if array != "input"]
    weights = [array for array in own if "weight" in array or "bias" in array]
    bound = {array: tuple(weight for weight in weights if weight != array) for array in own} | {"input": ("tokens",)}
    return Preset(name, summary, source, arrays=arrays, bound=bound, cut={"input": "timesteps"}, **more)


# Rows of packed weights: LSTM input, forget, candidate, output; GRU reset, update, candidate; two units each.
LSTM_PRESETS = (
    _preset(
        "flag",
        "x: a value and a command, 1 writes, −1 reads, 0 waits",
        "ours",
        unit=4,
        arrays={
            "input": [[1, 1], [-1, 0], [0, -1], [0, 0], [-1, 1], [0, -1]],
            "weight_input": [[0, 8], [0, 8], [0, -8], [0, 0], [2, 0], [0, 0], [0, -8], [0, 0]],
            "weight_hidden": [[0, 0], [0, 0], [0, 2], [0, 0], [0, 0], [0, 0], [0, 0], [0, 0]],
            "bias_input": [-4, -4, 4, 4, 0, 2, -4, 4],
            "initial_cell": [-0.5, 1],
            "initial_hidden": [0, 0.25],
        },
    ),
    _preset(
        "answer",
        "the same memory, only its last state handed on",
        "ours",
        options={"returns": "state"},
        unit=4,
        arrays={
            "input": [[1, 1], [0, 0], [-1, 0], [0, 0], [0, -1]],
            "weight_input": [[0, 8], [0, 8], [0, -8], [0, 0], [2, 0], [0, 0], [0, -8], [0, 0]],
            "weight_hidden": [[0, 0], [0, 0], [0, 1], [0, 0], [0, 0], [0, 0], [0, 0], [0, 0]],
            "bias_input": [-4, -4, 4, 4, 0, 2, -4, 4],
        },
        takeaway="for one answer about a whole sequence: what the first step said is there at the last",
    ),
)

_COUNT = {
    "input": [[1, 0], [1, 0], [0, 0], [0, 1], [0, 0], [1, 0]],
    "weight_input": [[4, -8], [0, 0], [-8, -8], [0, 0], [0.5, 0], [2, 0]],
    "weight_hidden": [[2, 0], [0, 0], [0, 0], [0, 0], [1, 0], [0, 0]],
    "bias_input": [0, 0, 4, 0, 0, 0],
    "initial_hidden": [0.5, 0],
}
GRU_PRESETS = (
    _preset(
        "count",
        "unit 1 counts: a push raises it, a reset clears it",
        "ours",
        unit=3,
        arrays={**_COUNT, "bias_hidden": [0, 0, 0, 0, 0, 0]},
    ),
    _preset(
        "reset-before",
        "the same counter, the reset gate before the weights",
        "ours; the form of K. Cho et al. (2014), arXiv:1406.1078, eq. 8",
        options={"variant": "reset-before"},
        unit=3,
        arrays=_COUNT,
    ),
    _preset(
        "glossary",
        "the formula as printed: a candidate without weights",
        "ML Glossary, Layers, GRU: its candidate tanh(r ⊙ h) leaves out the input and the weights; values ours",
        options={"variant": "glossary"},
        unit=3,
        arrays={
            "input": [[1, 0], [0, 0], [0, 1], [1, 1]],
            "weight_input": [[1, -4], [2, 0], [-2, 0], [0, 2]],
            "weight_hidden": [[2, 0], [0, 0], [0, 0], [0, 0]],
            "bias_input": [0, 0, 0, 0],
            "initial_hidden": [0.5, -1],
        },
        title="GRU, as the ML Glossary prints it",
    ),
)

RNN_PRESETS = (
    _preset(
        "echo",
        "an impulse fades in unit 1 and comes back in unit 2 a step later",
        "ours",
        unit=2,
        arrays={
            "input": [[1], [0], [0], [-1], [0], [0]],
            "weight_input": [[2], [0]],
            "weight_hidden": [[0.5, 0], [1, 0]],
            "bias_input": [0, 0],
            "initial_hidden": [0.5, 0],
        },
    ),
    _preset(
        "parity",
        "so far an even or an odd number of ones?",
        "ours",
        options={"classes": 2},
        unit=5,
        arrays={
            "input": [[1], [0], [1], [1], [0], [1]],
            "weight_input": [[4], [4]],
            "weight_hidden": [[2, -2], [2, -2]],
            "bias_input": [-2, -6],
            "weight_output": [[-2, 2], [2, -2]],
            "bias_output": [2, -2],
        },
        takeaway="for an answer at every step from all that came before: here an even or an odd count",
    ),
    _preset(
        "stacked",
        "two layers: the second reads the states of the first",
        "ours",
        options={"bias": False, "layers": 2},
        unit=6,
        arrays={
            "input": [[1], [0], [0], [-1], [0]],
            "layer0.weight_input": [[2], [0]],
            "layer0.weight_hidden": [[0.5, 0], [1, 0]],
            "layer1.weight_input": [[1, 0], [0, 1]],
            "layer1.weight_hidden": [[0.5, 0], [0, 0.5]],
        },
        title="Stacked recurrent layers",
    ),
    _preset(
        "bidirectional",
        "one state reads from the start, one from the end",
        "ours",
        options={"bias": False, "bidirectional": True},
        unit=9,
        arrays={
            "input": [[1], [0], [0], [0], [-1]],
            "forward.weight_input": [[2], [0]],
            "forward.weight_hidden": [[0.5, 0], [1, 0]],
            "backward.weight_input": [[2], [0]],
            "backward.weight_hidden": [[0.5, 0], [1, 0]],
        },
        takeaway="for tagging words of a text that is there as a whole: each step knows past and future",
        title="Bidirectional recurrent layer",
    ),
)
