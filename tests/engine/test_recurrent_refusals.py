"""What a recurrent layer refuses: one line that names the parameter and both numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from layeranim.engine.recurrent import GRU, LSTM, RNN
from tests.engine.family import refused

LAYERS = {"rnn": RNN, "gru": GRU, "lstm": LSTM}
CASES: list[tuple[str, dict[str, Any], dict[str, tuple[int, ...]], tuple[str, ...]]] = [
    ("rnn", {"hidden": 0}, {}, ("hidden is 0", "at least 1")),
    ("rnn", {"layers": 0}, {}, ("layers is 0", "at least 1")),
    ("rnn", {"nonlinearity": "sigmod"}, {}, ("nonlinearity is 'sigmod'", "did you mean sigmoid?")),
    ("gru", {"variant": "minimal"}, {}, ("variant is 'minimal'", "reset-after, reset-before, glossary")),
    ("lstm", {"projection": 4, "hidden": 3}, {}, ("projection is 4", "less than hidden 3")),
    ("rnn", {"mode": "many-to-one", "returns": "sequences"}, {}, ("many-to-one", "sequences", "returns last")),
    ("rnn", {}, {"input": (1, 2, 3, 4)}, ("input has shape 1×2×3×4, 4 axes", "1, 2 or 3")),
    ("rnn", {"timesteps": 4}, {"input": (1, 3, 2)}, ("timesteps is 4 by option timesteps", "3 by input")),
    ("rnn", {"input_size": 4}, {"input": (1, 3, 2)}, ("input_size is 4 by option", "2 by input")),
    ("rnn", {}, {"input": (1, 3, 2), "weight_input": (3, 4)}, ("2 by input", "4 by the columns of weight_input")),
    ("gru", {}, {"weight_input": (7, 2)}, ("weight_input has 7 rows", "multiple of 3")),
    (
        "lstm",
        {},
        {"weight_input": (12, 2), "weight_hidden": (8, 2)},
        ("weight_input (4 gates)", "weight_hidden (4 gates)"),
    ),
    ("lstm", {}, {"weight_hidden": (12, 4)}, ("hidden is 3", "4 by the columns of weight_hidden")),
    ("lstm", {"hidden": 3}, {"bias_input": (3,)}, ("bias_input has 3 numbers", "multiple of 4")),
    ("lstm", {"hidden": 3}, {"initial_cell": (1, 4)}, ("hidden is 3", "4 by the columns of initial_cell")),
    ("lstm", {"peepholes": False}, {"weight_peephole": (3, 3)}, ("weight_peephole was given", "peepholes is off")),
    ("lstm", {}, {"weight_peephole": (4, 3)}, ("weight_peephole has shape 4×3", "3×3")),
    ("rnn", {"bias": False}, {"bias_input": (3,)}, ("bias_input was given", "bias is off")),
    ("rnn", {}, {"bias_output": (3,)}, ("bias_output was given", "no output layer")),
    ("rnn", {"classes": 3}, {"weight_output": (4, 3)}, ("classes is 3", "4 by the rows of weight_output")),
    ("rnn", {"classes": 3, "bidirectional": True}, {"weight_output": (3, 3)}, ("weight_output has shape 3×3", "3×6")),
    ("rnn", {}, {"input": (2, 3, 2), "lengths": (3,)}, ("batch is 2 by input", "3 by lengths")),
    ("rnn", {}, {"input": (2, 3, 2), "initial_hidden": (1, 3)}, ("batch is 2 by input", "1 by initial_hidden")),
    ("rnn", {}, {"initial_cell": (1, 3)}, ("RNN takes no array 'initial_cell'", "initial_hidden")),
    ("rnn", {"layers": 2}, {"weight_input": (3, 2)}, ("did you mean layer0.weight_input?",)),
    ("gru", {"layers": 2, "hidden": 2}, {"layer1.weight_input": (6, 3)}, ("layer1.weight_input has shape 6×3", "6×2")),
    ("gru", {"variant": "glossary", "hidden": 3}, {"weight_input": (9, 2)}, ("multiple of 2",)),
    ("rnn", {"mode": "one-to-many", "timesteps": 4}, {"input": (1, 3, 2)}, ("1×3×2", "1×1×2")),
]


@pytest.mark.parametrize(("kind", "options", "shapes", "pieces"), CASES)
def test_impossible_options_and_shapes_are_refused(
    kind: str, options: dict[str, Any], shapes: dict[str, tuple[int, ...]], pieces: tuple[str, ...]
) -> None:
    layer = LAYERS[kind]
    refused(lambda: layer.complete(layer.config.of(options), shapes), *pieces)
    arrays = {name: np.ones(shape) for name, shape in shapes.items()}
    refused(lambda: layer.compute(layer.config.of(options), arrays), *pieces)


def test_values_that_cannot_be_are_refused() -> None:
    def compute(**arrays: Any) -> None:
        weights = {"weight_input": np.ones((3, 2)), "weight_hidden": np.ones((3, 3)), "bias_input": np.ones(3)}
        RNN.compute(RNN.config(), {"input": np.ones((2, 4, 2)), **weights, **arrays})

    compute(lengths=[1, 4])
    for lengths, shown in (([0, 4], "0"), ([4, 5], "5"), ([1, 2.5], "2.5"), ([1, -1], "-1"), ([1, np.nan], "nan")):
        refused(lambda lengths=lengths: compute(lengths=lengths), f"lengths holds {shown}", "from 1 to 4 time steps")
    refused(lambda: compute(input=np.ones((2, 4, 2)) * 1j), "input holds complex128")
    refused(lambda: compute(input=np.ones((0, 4, 2))), "input has shape 0×4×2", "at least one number")
    refused(lambda: compute(weight_hidden=None), "RNN needs weight_hidden of shape 3×3")
    one = RNN.config.of({"mode": "one-to-many", "timesteps": 4})
    weights = {"weight_input": np.ones((3, 2)), "weight_hidden": np.ones((3, 3)), "bias_input": np.ones(3)}
    refused(lambda: RNN.compute(one, {"input": np.ones((1, 4, 2)), **weights}), "one time step", "input has 4")
