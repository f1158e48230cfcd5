"""Recurrent cells with any activations, peepholes and lengths: PyTorch's operations, slopes, what films show."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import layeranim as la
from layeranim import preparing
from layeranim.engine.activations import ACTIVATIONS
from layeranim.engine.recurrent import GRU, LSTM, RNN
from layeranim.engine.replay import replay
from tests.engine.family import HAS_TORCH, differences, fresh_agree, maker, refused, replays, slopes, stored_agree

LAYERS = {"rnn": RNN, "gru": GRU, "lstm": LSTM}
RNG = np.random.default_rng(6)
SHAPES: dict[str, tuple[int, ...]] = {"input": (2, 3, 2), "weight_output": (2, 2), "bias_output": (2,)}


def arrays_of(kind: str) -> dict[str, Any]:
    """Two sequences of three steps, two units, two classes."""
    rows = {"rnn": 2, "gru": 6, "lstm": 8}[kind]
    shapes = SHAPES | {"weight_input": (rows, 2), "weight_hidden": (rows, 2), "bias_input": (rows,)}
    shapes |= {"bias_hidden": (rows,)} if kind == "gru" else {}
    return {name: RNG.normal(0, 0.6, shape) for name, shape in shapes.items()}


def test_stored_cells_agree_with_pytorch() -> None:
    cases = stored_agree("cells", LAYERS, 240)
    drawn = [set(case["config"].values()) for case in cases]
    assert all(any(name in one for one in drawn) for name in maker("cells").FUNCTIONS)
    assert any("lengths" in case["arrays"] and "grad_logits" in case["arrays"] for case in cases)


if HAS_TORCH:

    def test_fresh_cells_agree_with_pytorch() -> None:
        fresh_agree(maker("cells"), LAYERS, 1, 45)


@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize("name", sorted(set(ACTIVATIONS) - {"step"}))
def test_every_activation_replays_and_has_the_right_slope(kind: str, name: str) -> None:
    options = {"nonlinearity": name} if kind == "rnn" else {"activation": name, "gate_activation": "hard-swish"}
    layer, arrays = LAYERS[kind], arrays_of(kind)
    config = layer.config.of({**options, "classes": 2})
    trace = replays(layer.compute(config, {key: np.float32(array) for key, array in arrays.items()}))
    assert all(tensor.dtype == np.float32 for tensor in trace.tensors.values())
    slopes(layer, config, arrays, ["weight_hidden"], "logits")


@pytest.mark.parametrize("start", ["logits", "probabilities", "output", "final_hidden"])
@pytest.mark.parametrize("kind", LAYERS)
def test_what_is_beyond_a_length_gives_no_gradient(kind: str, start: str) -> None:
    layer, arrays = LAYERS[kind], {**arrays_of(kind), "lengths": np.array([3, 1])}
    names = [name for name in arrays if name != "lengths" and (start in SHAPES or "output" not in name)]
    names += ["weight_output", "bias_output"] if start in ("logits", "probabilities") else []
    back = differences(layer, layer.config.of({}), arrays, names, start)
    assert all(replay(back, step).agrees for step in back.steps)
    assert not back["grad_input"][1, 1:].any()


def test_the_memory_is_named_by_what_was_done_to_it_and_keras_words_are_known() -> None:
    trace = la.trace("lstm", activation="hard-sigmoid", recurrent_activation="relu", hidden=2, timesteps=2)
    assert "cell_hard_sigmoid" in trace
    assert "cell_tanh" not in trace
    np.testing.assert_array_equal(trace["cell_hard_sigmoid"], ACTIVATIONS["hard-sigmoid"](trace["cell"]))
    np.testing.assert_array_equal(trace["forget_gate"], ACTIVATIONS["relu"](trace["forget_gate_pre"]))
    assert la.trace("rnn", activation="gelu").config.nonlinearity == "gelu"  # type: ignore[attr-defined]
    refused(lambda: la.trace("lstm", activation="tanj"), "activation is 'tanj'", "did you mean tanh?")


@pytest.mark.parametrize(
    ("kind", "options", "said"),
    [
        ("rnn", {"nonlinearity": "gelu"}, "GELU"),
        ("gru", {"activation": "relu"}, "ReLU"),
        ("lstm", {"gate_activation": "hard-sigmoid"}, "hard-sigmoid"),
    ],
)
def test_a_film_names_the_activation_that_it_was_asked_for(kind: str, options: dict[str, Any], said: str) -> None:
    work = preparing.prepare(kind, options)
    assert said in work.storyboard(work.trace()).text()
