"""Every recurrent layer replays and comes back from a file; its gradients are the slopes of finite differences."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import tracemalloc
from typing import Any

import numpy as np
import pytest

from layeranim.engine.recurrent import GRU, LSTM, RNN
from layeranim.engine.replay import replay
from layeranim.engine.trace import Tensor
from layeranim.errors import OptionError
from tests.engine import family

LAYERS = {"rnn": RNN, "gru": GRU, "lstm": LSTM}
CASES: list[tuple[str, dict[str, Any]]] = [
    ("rnn", {"hidden": 3}),
    ("rnn", {"hidden": 2, "nonlinearity": "relu", "layers": 2, "classes": 3}),
    ("rnn", {"hidden": 2, "bidirectional": True, "mode": "many-to-one", "classes": 2}),
    ("gru", {"hidden": 2}),
    ("gru", {"hidden": 2, "variant": "reset-before", "bidirectional": True, "convention": "keras"}),
    ("gru", {"hidden": 3, "variant": "glossary", "returns": "last"}),
    ("lstm", {"hidden": 2, "bias": False}),
    ("lstm", {"hidden": 2, "peepholes": True, "returns": "state", "bidirectional": True}),
    ("lstm", {"hidden": 2, "projection": 1, "peepholes": True}),
    ("lstm", {"hidden": 2, "mode": "one-to-many", "timesteps": 3, "classes": 2, "returns": "last"}),
]


def arrays_of(kind: str, options: dict[str, Any]) -> dict[str, Any]:
    """Small numbers for every array, the initial states included."""
    layer, rng = LAYERS[kind], np.random.default_rng(4)
    time = 1 if options.get("mode") == "one-to-many" else 3
    shapes: dict[str, tuple[int, ...]] = {"input": (2, time, 2)}
    config, needed = layer.complete(layer.config.of(options), shapes)
    state = (2, options.get("projection") or options["hidden"])
    for layer_at in range(config.layers):
        for direction in ("forward.", "backward.") if config.bidirectional else ("",):
            p = (f"layer{layer_at}." if config.layers > 1 else "") + direction
            needed[p + "initial_hidden"] = state
            if kind == "lstm":
                needed[p + "initial_cell"] = (2, options["hidden"])
    return {name: rng.normal(0, 0.8, shape) for name, shape in needed.items()}


@pytest.mark.parametrize(("kind", "options"), CASES)
def test_every_step_replays_and_the_trace_comes_back_from_a_file(kind: str, options: dict[str, Any]) -> None:
    layer = LAYERS[kind]
    for dtype in ("float64", "float32"):
        arrays = {name: array.astype(dtype) for name, array in arrays_of(kind, options).items()}
        trace = family.proven(layer, layer.compute(layer.config.of(options), arrays))
        assert all(tensor.dtype == dtype for tensor in trace.tensors.values())


@pytest.mark.parametrize(("kind", "options"), CASES)
def test_gradients_are_the_slopes_of_finite_differences(kind: str, options: dict[str, Any]) -> None:
    layer, arrays = LAYERS[kind], arrays_of(kind, options)
    config = layer.config.of(options)
    unused = {"weight_output", "bias_output"} | ({"input"} if options.get("mode") == "one-to-many" else set())
    family.slopes(layer, config, arrays, [n for n in arrays if n not in unused and not n.startswith("backward.")])
    if "classes" in options:
        family.slopes(layer, config, arrays, ["weight_output", "bias_output"], "probabilities")
        family.slopes(layer, config, arrays, ["bias_output"], "logits")


def test_gradients_from_several_places_add_up() -> None:
    arrays = arrays_of("lstm", {"hidden": 2, "classes": 3})
    trace = LSTM.compute(LSTM.config.of({"classes": 3}), arrays)
    rng = np.random.default_rng(5)
    above = {n: rng.normal(size=trace.tensor(n).shape) for n in ("output", "probabilities", "logits", "final_cell")}
    assert LSTM.backward is not None
    together = family.replays(LSTM.backward(trace, above))
    apart = [LSTM.backward(trace, {name: gradient}) for name, gradient in above.items()]
    for name in ("grad_input", "grad_weight_input", "grad_weight_hidden", "grad_bias_input", "grad_initial_cell"):
        np.testing.assert_allclose(together[name], sum(back[name] for back in apart), rtol=1e-9, atol=1e-12)
    products = together["grad_weight_forget_gate_products"]
    np.testing.assert_allclose(products.sum(axis=(0, 1)), together["grad_weight_forget_gate"], rtol=1e-12)


def test_gradients_beyond_a_length_are_zero_and_padding_is_not_seen() -> None:
    arrays = arrays_of("gru", {"hidden": 2})
    arrays["input"][1, 1:] = np.inf
    trace = GRU.compute(GRU.config.of({}), arrays | {"lengths": [3, 1]})
    assert GRU.backward is not None
    back = GRU.backward(trace, {"output": np.ones((2, 3, 2))})
    assert np.isfinite(back["grad_weight_input"]).all()
    np.testing.assert_array_equal(back["grad_input"][1, 1:], 0)
    np.testing.assert_array_equal(back["grad_hidden"][1, 1:], 0)


def test_a_gradient_of_something_else_is_refused_and_none_is_1() -> None:
    trace = RNN.compute(RNN.config.of({}), arrays_of("rnn", {"hidden": 2}))
    assert RNN.backward is not None
    ones = RNN.backward(trace, {"output": np.ones(trace.tensor("output").shape)})
    np.testing.assert_array_equal(RNN.backward(trace, {})["grad_input"], ones["grad_input"])
    family.refused(
        lambda: RNN.backward(trace, {"outputs": np.ones(1)}), "outputs", "did you mean output?", "final_hidden"
    )
    family.refused(lambda: RNN.backward(trace, {"output": np.ones((2, 3))}), "grad_output has shape 2×3", "2×3×2")


@pytest.mark.parametrize("kind", LAYERS)
def test_any_array_is_taken_and_the_callers_stay(kind: str) -> None:
    arrays = {name: np.round(array * 2) for name, array in arrays_of(kind, {"hidden": 2}).items()}
    family.takes_any_array(LAYERS[kind], LAYERS[kind].config.of({}), arrays)


@pytest.mark.parametrize("kind", LAYERS)
def test_a_changed_cell_does_not_replay(kind: str) -> None:
    trace = LAYERS[kind].compute(LAYERS[kind].config.of({}), arrays_of(kind, {"hidden": 2}))
    held = {n: t for n, t in trace.tensors.items() if not t.is_recipe}
    for name, tensor in held.items():
        if tensor.role == "intermediate":
            spoiled = tensor.array.copy()
            spoiled[0, 1, 0] += 1e-9
            new = LAYERS[kind].assemble(trace.config, held | {name: Tensor(name, tensor.axes, tensor.role, spoiled)})
            assert not all(replay(new, step).agrees for step in new.steps), name


def test_a_long_sequence_makes_no_step_objects_and_no_products() -> None:
    rng = np.random.default_rng(0)
    arrays = {"input": rng.normal(size=(1, 1000, 16)), "weight_input": rng.normal(size=(256, 16)),
              "weight_hidden": rng.normal(size=(256, 64)) / 8, "bias_input": np.zeros(256)}  # fmt: skip
    tracemalloc.start()
    trace = LSTM.compute(LSTM.config.of({}), arrays)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(trace.steps) == 1000 * 21
    assert trace.tensor("forget_products").shape == (1, 1000, 64, 80)
    assert peak < 30e6, f"{peak / 1e6:.0f} MB; the products alone would be 164 MB"
    assert replay(trace, trace.steps[-1]).agrees
    assert replay(trace, trace.steps[21 * 500 + 1]).agrees


def test_refusals_hold_under_python_O() -> None:
    code = (
        "import numpy as np\n"
        "from layeranim.engine.recurrent import LSTM\n"
        "from layeranim.errors import UsageError\n"
        "for options, arrays in (({'hidden': 4}, {'input': np.ones((1, 2, 3)), 'weight_hidden': np.ones((12, 3))}),\n"
        "                        ({}, {'input': np.ones((1, 2, 3)), 'lengths': [3]})):\n"
        "    try:\n"
        "        LSTM.complete(LSTM.config.of(options), {n: np.shape(a) for n, a in arrays.items()})\n"
        "        LSTM.compute(LSTM.config.of(options | {'bias': False}), arrays | {'weight_input': np.ones((12, 3)),\n"
        "                     'weight_hidden': np.ones((12, 3))})\n"
        "    except UsageError as error:\n"
        "        print(error)\n"
    )
    done = subprocess.run([sys.executable, "-O", "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    first, second = done.stdout.splitlines()
    assert "hidden is 4 by option hidden, but 3 by the rows of weight_hidden" in first
    assert "lengths holds 3" in second
    assert "from 1 to 2" in second


def test_configs_are_data() -> None:
    for layer in LAYERS.values():
        config = layer.config()
        assert layer.config.of(config.shown()) == config
        assert dataclasses.replace(config) == config
    with pytest.raises(OptionError, match="unknown option peephole "):
        LSTM.config.of({"peephole": True})
