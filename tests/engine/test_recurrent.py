"""Recurrent layers against their published formulas, written out step by step, and the presets of the texts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from layeranim.engine.recurrent import GRU, LSTM, RNN
from layeranim.engine.replay import replay
from layeranim.engine.trace import Region, Trace

LAYERS = {"rnn": RNN, "gru": GRU, "lstm": LSTM}


def sigma(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def drawn(kind: str, shapes: dict[str, tuple[int, ...]], **options: Any) -> Trace:
    """A trace of numbers drawn for every array that the layer says it needs."""
    return LAYERS[kind].compute(LAYERS[kind].config.of(options), needed_by(kind, shapes, **options))


def needed_by(kind: str, shapes: dict[str, tuple[int, ...]], **options: Any) -> dict[str, Any]:
    layer, rng = LAYERS[kind], np.random.default_rng(1)
    _, needed = layer.complete(layer.config.of(options), shapes)  # fills in what the shapes leave open
    return {name: rng.normal(size=shape) for name, shape in needed.items()}


def parts(trace: Trace, *names: str) -> list[Any]:
    """W, U, b, c of each gate."""
    out = []
    for name in names:
        bias = [trace[f"{b}_{name}"] for b in ("bias_input", "bias_hidden") if f"{b}_{name}" in trace]
        out += [trace[f"weight_input_{name}"], trace[f"weight_hidden_{name}"], *[*bias, 0, 0][:2]]
    return out


def test_rnn_is_the_formula_of_elman() -> None:
    t = drawn("rnn", {"input": (2, 5, 3), "initial_hidden": (2, 4)}, hidden=4)
    w, u, b, c = parts(t, "state")
    h = t["initial_hidden"]
    for step in range(5):
        h = np.tanh(t["input"][:, step] @ w.T + b + h @ u.T + c)
        np.testing.assert_allclose(t["hidden"][:, step], h, rtol=1e-12)
    np.testing.assert_array_equal(t["output"], t["hidden"])
    np.testing.assert_array_equal(t["final_hidden"], t["output"][:, -1])


def test_gru_reset_before_is_the_formula_of_cho() -> None:
    t = drawn("gru", {"input": (2, 4, 3), "bias_hidden": (12,)}, hidden=4, variant="reset-before")
    wr, ur, br, cr, wz, uz, bz, cz, wn, un, bn, cn = parts(t, "reset", "update", "candidate")
    h: Any = np.zeros((2, 4))
    for step in range(4):
        x = t["input"][:, step]
        r, z = sigma(x @ wr.T + br + h @ ur.T + cr), sigma(x @ wz.T + bz + h @ uz.T + cz)
        n = np.tanh(x @ wn.T + bn + (r * h) @ un.T + cn)
        h = z * h + (1 - z) * n
        np.testing.assert_allclose(t["reset_gate"][:, step], r, rtol=1e-12)
        np.testing.assert_allclose(t["update_gate"][:, step], z, rtol=1e-12)
        np.testing.assert_allclose(t["candidate"][:, step], n, rtol=1e-12)
        np.testing.assert_allclose(t["hidden"][:, step], h, rtol=1e-12)


def test_gru_as_the_glossary_prints_it_never_leaves_zero() -> None:
    t = drawn("gru", {"input": (1, 6, 2)}, hidden=3, variant="glossary")
    np.testing.assert_array_equal(t["candidate"], 0)
    np.testing.assert_array_equal(t["output"], np.zeros((1, 6, 3)))
    assert t["weight_input"].shape == (6, 2), "the candidate has no weights"
    assert "leaves out the input and the weights" in str(t.facts["note"])
    for variant in ("reset-before", "reset-after"):
        assert np.abs(drawn("gru", {"input": (1, 6, 2)}, hidden=3, variant=variant)["output"]).min() > 0


def test_gru_as_the_glossary_prints_it_only_shrinks_a_state() -> None:
    t = drawn("gru", {"input": (1, 4, 2), "initial_hidden": (1, 3)}, hidden=3, variant="glossary")
    h = t["initial_hidden"]
    for step in range(4):
        z, r = t["update_gate"][:, step], t["reset_gate"][:, step]
        h = z * h + (1 - z) * np.tanh(r * h)
        np.testing.assert_allclose(t["hidden"][:, step], h, rtol=1e-12)
    assert np.all(np.abs(t["hidden"][:, -1]) < np.abs(t["initial_hidden"]))


def test_lstm_peepholes_are_the_formula_of_gers_and_schmidhuber() -> None:
    t = drawn("lstm", {"input": (2, 4, 3), "initial_cell": (2, 4)}, hidden=4, peepholes=True)
    wi, ui, bi, _, wf, uf, bf, _, wg, ug, bg, _, wo, uo, bo, _ = parts(t, "input", "forget", "candidate", "output")
    pi, pf, po = t["weight_peephole"]
    h: Any = np.zeros((2, 4))
    c = t["initial_cell"]
    for step in range(4):
        x = t["input"][:, step]
        i, f = sigma(x @ wi.T + h @ ui.T + bi + pi * c), sigma(x @ wf.T + h @ uf.T + bf + pf * c)
        c = f * c + i * np.tanh(x @ wg.T + h @ ug.T + bg)
        o = sigma(x @ wo.T + h @ uo.T + bo + po * c)
        h = o * np.tanh(c)
        np.testing.assert_allclose(t["cell"][:, step], c, rtol=1e-12)
        np.testing.assert_allclose(t["output_gate"][:, step], o, rtol=1e-12)
        np.testing.assert_allclose(t["hidden"][:, step], h, rtol=1e-12)


def test_an_output_layer_turns_each_state_into_probabilities() -> None:
    arrays = needed_by("rnn", {"input": (2, 3, 2)}, classes=5)
    t = RNN.compute(RNN.config.of({"classes": 5}), arrays | {"lengths": [3, 1]})
    logits = t["output"] @ t["weight_output"].T + t["bias_output"]
    powers = np.exp(logits)
    np.testing.assert_allclose(t["probabilities"][0], (powers / powers.sum(axis=-1, keepdims=True))[0], rtol=1e-12)
    np.testing.assert_array_equal(t["probabilities"][1, 1:], 0)
    assert t.axes("logits") == ("batch", "time", "classes")
    assert t.tensor("probabilities").role == "output"


@pytest.mark.parametrize("kind", LAYERS)
def test_many_to_one_answers_from_the_last_state_of_each_direction(kind: str) -> None:
    arrays = needed_by(kind, {"input": (2, 4, 2)}, bidirectional=True, classes=3)
    options = {"bidirectional": True, "classes": 3, "mode": "many-to-one"}
    t = LAYERS[kind].compute(LAYERS[kind].config.of(options), arrays | {"lengths": [4, 2]})
    assert t.config.returns == "last"  # type: ignore[attr-defined]
    last = np.stack([t["forward.hidden"][0, 3], t["forward.hidden"][1, 1]])
    np.testing.assert_array_equal(t["output"], np.concatenate([last, t["backward.hidden"][:, 0]], axis=1))
    assert t.axes("probabilities") == ("batch", "classes")
    assert t.read(Region.of("output", batch=1)).shape == (2 * t.size("hidden"),)


def test_one_to_many_reads_once_and_then_zeros() -> None:
    t = drawn("lstm", {"input": (1, 1, 2)}, mode="one-to-many", timesteps=5)
    assert t["input"].shape == (1, 5, 2)
    np.testing.assert_array_equal(t["input"][:, 1:], 0)
    assert t["output"].shape == (1, 5, 3)


def test_return_state_marks_the_final_states_as_output() -> None:
    t = drawn("lstm", {"input": (1, 3, 2)}, returns="state")
    assert t.tensor("final_hidden").role == t.tensor("final_cell").role == "output"
    np.testing.assert_array_equal(t["output"], t["final_hidden"])
    assert LSTM.config.of({"return": "last"}).returns == "last"  # type: ignore[attr-defined]


def test_keras_order_of_the_gru_gates_is_the_same_cell_with_its_rows_moved() -> None:
    arrays = needed_by("gru", {"input": (1, 4, 2)}, hidden=3)
    moved = {n: a if n == "input" else np.concatenate([a[3:6], a[:3], a[6:]]) for n, a in arrays.items()}
    torch_like = GRU.compute(GRU.config.of({}), arrays)
    keras_like = GRU.compute(GRU.config.of({"convention": "keras"}), moved)
    np.testing.assert_array_equal(torch_like["output"], keras_like["output"])
    np.testing.assert_array_equal(torch_like["weight_reset_gate"], keras_like["weight_reset_gate"])
    assert keras_like.facts["gate_order"] == "update, reset, candidate"


def test_every_product_of_a_gate_adds_up_to_what_the_gate_squashes() -> None:
    t = drawn("lstm", {"input": (2, 3, 2), "bias_hidden": (12,)}, hidden=3)
    total = t["forget_products"].sum(axis=-1) + t["bias_input_forget"] + t["bias_hidden_forget"]
    np.testing.assert_allclose(total, t["forget_gate_pre"], rtol=1e-12)
    assert t.axes("forget_products") == ("batch", "time", "units", "joined")
    np.testing.assert_array_equal(t["joined"][:, 1], np.concatenate([t["hidden"][:, 0], t["input"][:, 1]], axis=1))
    np.testing.assert_array_equal(t["weight_forget_gate"][:, 3:], t["weight_input_forget"])
    np.testing.assert_array_equal(t["weight_input_forget"], t["weight_input"][3:6])


def test_a_sequence_shorter_than_the_batch_is_the_sequence_alone() -> None:
    arrays = needed_by("gru", {"input": (3, 5, 2)}, bidirectional=True, layers=2)
    arrays["input"][1, 2:] = np.nan
    t = GRU.compute(GRU.config.of({"bidirectional": True, "layers": 2}), arrays | {"lengths": [5, 2, 4]})
    config = GRU.config.of({"bidirectional": True, "layers": 2})
    alone = GRU.compute(config, arrays | {"input": arrays["input"][1:2, :2]})
    np.testing.assert_allclose(t["output"][1, :2], alone["output"][0], rtol=1e-13)
    np.testing.assert_array_equal(t["output"][1, 2:], 0)
    np.testing.assert_allclose(
        t["layer1.backward.final_hidden"][1], alone["layer1.backward.final_hidden"][0], rtol=1e-13
    )
    for name in ("layer0.forward.previous_hidden", "layer1.backward.previous_hidden", "layer0.forward.joined", "input"):
        np.testing.assert_array_equal(t[name][1, 2:], 0)
    visited = {(dict(s.writes.where)["batch"], dict(s.writes.where)["time"]) for s in t.steps}
    assert len(visited) == 5 + 2 + 4, "no step beyond a length"


@pytest.mark.parametrize("options", [{}, {"layers": 2, "bidirectional": True, "classes": 2, "returns": "last"}])
@pytest.mark.parametrize("kind", LAYERS)
def test_what_a_step_reads_is_given_or_was_written_before(kind: str, options: dict[str, Any]) -> None:
    arrays = needed_by(kind, {"input": (3, 4, 2)}, hidden=2, **options)
    t = LAYERS[kind].compute(LAYERS[kind].config.of({"hidden": 2, **options}), arrays | {"lengths": [4, 1, 3]})
    there = {name: np.full(x.shape, x.role in ("input", "weight")) for name, x in t.tensors.items()}
    for step in t.steps:
        for region in step.reads:
            assert there[region.tensor][region.index(t.axes(region.tensor))].all(), (step, region)
        there[step.writes.tensor][step.writes.index(t.axes(step.writes.tensor))] = True
    before = [name for name in t if name.endswith("previous_hidden")]
    assert len(before) == (4 if options else 1)
    assert all(there[name].any(axis=-1).sum() == 4 + 1 + 3 for name in before), "every step takes a state over"


@pytest.mark.parametrize("kind", LAYERS)
def test_float32_stays_and_anything_else_computes_in_float64(kind: str) -> None:
    arrays = needed_by(kind, {"input": (1, 3, 2)})
    single = LAYERS[kind].compute(LAYERS[kind].config.of({}), {n: a.astype("f4") for n, a in arrays.items()})
    assert single["output"].dtype == single["initial_hidden"].dtype == np.float32
    mixed = LAYERS[kind].compute(LAYERS[kind].config.of({}), arrays | {"input": [[[1, 2]] * 3]})
    assert mixed["output"].dtype == np.float64
    turned = {n: np.asfortranarray(a).astype(">f8")[..., ::-1][..., ::-1] for n, a in arrays.items()}
    before = {n: a.copy() for n, a in turned.items()}
    same = LAYERS[kind].compute(LAYERS[kind].config.of({}), turned)
    np.testing.assert_array_equal(same["output"], LAYERS[kind].compute(LAYERS[kind].config.of({}), arrays)["output"])
    for name, array in turned.items():
        np.testing.assert_array_equal(array, before[name])
        array[...] = 7
    assert not np.any(same["input"] == 7)


@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e308, -1e308])
def test_numbers_beyond_all_bounds_travel_without_a_warning(kind: str, value: float) -> None:
    arrays = needed_by(kind, {"input": (2, 4, 2)}, hidden=2)
    arrays["input"][0, 1, 0] = value
    arrays["input"][0, 1, 1] = 0.25
    t = LAYERS[kind].compute(LAYERS[kind].config.of({}), arrays)
    assert np.isfinite(t["output"][0, 0]).all()
    assert np.isfinite(t["output"][1]).all(), "another sequence does not see it"
    assert np.isnan(t["output"][0, 1:]).all() == np.isnan(value)
    if not np.isnan(value):
        assert np.isfinite(t["hidden"]).all(), "gates saturate"
    for step in t.steps:
        assert replay(t, step).agrees, step
