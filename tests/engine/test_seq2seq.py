"""Encoder–decoders against their formulas, against PyTorch's recurrent layers, and what they refuse."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from layeranim.engine.recurrent import LSTM
from layeranim.engine.replay import replay
from layeranim.engine.seq2seq import SEQ2SEQ
from layeranim.engine.trace import Tensor, Trace
from tests.engine import family

MAKER = family.maker("seq2seq")
LAYERS = {"seq2seq": SEQ2SEQ}
CASES: list[dict[str, Any]] = [
    {},
    {"cell": "lstm", "attention": "additive", "classes": 5},
    {"cell": "rnn", "attention": "multiplicative", "feeding": "greedy", "start": 2, "target_steps": 4},
    {"attention": "scaled", "bias": False, "hidden": 2},
    {"cell": "lstm", "feeding": "greedy"},
]


def arrays_of(options: dict[str, Any], seed: int = 3) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    _, needed = SEQ2SEQ.complete(SEQ2SEQ.config.of(options), {"source": (2, 4, 3)})
    return {name: rng.normal(size=shape) for name, shape in needed.items()}


def translate(options: dict[str, Any], **arrays: Any) -> Trace:
    return SEQ2SEQ.compute(SEQ2SEQ.config.of(options), {**arrays_of(options), **arrays})


def softmax(x: Any) -> Any:
    powers = np.exp(x)
    return powers / powers.sum(axis=-1, keepdims=True)


def rnn(t: Trace, side: str, x: Any, h: Any) -> Any:
    w, u, b = (t[f"{side}.{name}"] for name in ("weight_input", "weight_hidden", "bias_input"))
    return np.tanh(w @ x + u @ h + b)


def test_every_stored_case_agrees_with_pytorch_forward_and_backward() -> None:
    cases = family.stored_agree("seq2seq", LAYERS, 120)
    assert {(case["config"]["attention"], case["config"]["cell"], case["config"]["feeding"]) for case in cases} == {
        (attention, cell, feeding) for attention in MAKER.ATTENTIONS for cell in ("rnn", "gru", "lstm")
        for feeding in ("teacher", "greedy")
    }  # fmt: skip
    assert {"lengths" in case["arrays"] for case in cases} == {True, False}


@pytest.mark.parametrize("lengths", [None, [4, 2]])
@pytest.mark.parametrize("options", CASES)
def test_every_step_replays_and_the_trace_comes_back_from_a_file(options: dict[str, Any], lengths: Any) -> None:
    for dtype in ("float64", "float32"):
        arrays = {name: array.astype(dtype) for name, array in arrays_of(options).items()}
        given = arrays | ({} if lengths is None else {"lengths": lengths})
        trace = family.proven(SEQ2SEQ, SEQ2SEQ.compute(SEQ2SEQ.config.of(options), given))
        assert all(tensor.dtype == dtype for name, tensor in trace.tensors.items() if name not in ("chosen", "lengths"))


@pytest.mark.grid(2)
@pytest.mark.parametrize(("options", "start"), [(CASES[2], "probabilities"), (CASES[1], "logits")])
def test_gradients_are_the_slopes_of_finite_differences(options: dict[str, Any], start: str) -> None:
    arrays = arrays_of(options)
    family.slopes(SEQ2SEQ, SEQ2SEQ.config.of(options), arrays, arrays, start)


def test_gradients_of_probabilities_and_logits_add_up_and_end_with_each_source() -> None:
    options = CASES[1]
    t = translate(options, lengths=[4, 2])
    rng = np.random.default_rng(6)
    above = {name: rng.normal(size=t.tensor(name).shape) for name in ("probabilities", "logits")}
    back: Any = SEQ2SEQ.backward
    both, apart = family.replays(back(t, above)), [back(t, {name: array}) for name, array in above.items()]
    for name in ("source", "target", "encoder.weight_input", "decoder.weight_hidden", "attention.weight_score"):
        total = sum(one[f"grad_{name}"] for one in apart)
        np.testing.assert_allclose(both[f"grad_{name}"], total, rtol=1e-9, atol=1e-14)
    assert not both["grad_source"][1, 2:].any()
    assert both["grad_source"][1, :2].all()
    family.refused(lambda: back(t, {"chosen": np.ones((2, 3))}), "gradient of chosen", "probabilities, logits")


def test_a_greedy_decoder_with_attention_is_its_formulas_word_by_word() -> None:
    options = CASES[2]
    t = translate(options)
    for b in range(2):
        states, h = [], np.zeros(3)
        for x in t["source"][b]:
            h = rnn(t, "encoder", x, h)
            states.append(h)
        word = 2
        for step in range(4):
            h = rnn(t, "decoder", t["target_embeddings"][word], h)
            weights = softmax(np.array([h @ t["attention.weight_score"] @ s for s in states]))
            context = weights @ np.array(states)
            combined = np.tanh(t["weight_combine"] @ np.concatenate([context, h]) + t["bias_combine"])
            probabilities = softmax(t["weight_output"] @ combined + t["bias_output"])
            np.testing.assert_allclose(t["attention.weights"][b, 0, step], weights, rtol=1e-10)
            np.testing.assert_allclose(t["probabilities"][b, step], probabilities, rtol=1e-10)
            word = int(np.argmax(probabilities))
            assert t["chosen"][b, step] == word


def test_without_attention_the_last_state_is_all_that_the_decoder_knows() -> None:
    t = translate({})
    np.testing.assert_array_equal(t["decoder.initial_hidden"], t["encoder.final_hidden"])
    np.testing.assert_allclose(
        t["probabilities"], softmax(t["decoder.hidden"] @ t["weight_output"].T + t["bias_output"])
    )
    other = t["source"].copy()
    other[1, 2] += 1
    changed = translate({}, source=other)
    assert np.abs(changed["probabilities"] - t["probabilities"])[1].min() > 0
    np.testing.assert_array_equal(changed["probabilities"][0], t["probabilities"][0])


def test_padding_of_the_source_is_neither_read_nor_attended_to() -> None:
    options = {"attention": "additive", "cell": "lstm"}
    source = arrays_of(options)["source"].copy()
    source[1, 2:] = np.nan
    t = translate(options, source=source, lengths=[4, 2])
    np.testing.assert_array_equal(t["attention.weights"][1, 0, :, 2:], 0)
    alone = arrays_of(options) | {"source": source[1:, :2], "target": arrays_of(options)["target"][1:]}
    short = SEQ2SEQ.compute(SEQ2SEQ.config.of(options), alone)
    np.testing.assert_allclose(t["probabilities"][1], short["probabilities"][0], rtol=1e-12)
    assert np.isnan(t["source"][1, 2:]).all()
    assert not t["encoder.input"][1, 2:].any()


def test_each_word_is_written_before_the_next_is_read() -> None:
    t = translate(CASES[2])
    order = [
        (s.writes.tensor, dict(s.writes.where).get("target_time"))
        for s in t.steps
        if dict(s.writes.where)["batch"] == 0
    ]
    for step in range(1, 4):
        assert (
            order.index(("chosen", step - 1)) < order.index(("fed_back", step)) < order.index(("decoder.joined", step))
        )
    written = {name: set() for name in ("decoder.hidden", "attention.weights")}  # type: ignore[var-annotated]
    for name, at in order:
        if name in written:
            written[name].add(at)
    assert all(at == set(range(4)) for at in written.values())


if family.HAS_TORCH:
    import torch

    def test_new_cases_agree_with_pytorch_live() -> None:
        family.fresh_agree(MAKER, LAYERS, 7, 30)

    def test_the_parts_are_pytorchs_lstm() -> None:
        options = {"cell": "lstm", "hidden": 4}
        t = translate(options)
        sides = []
        for side, size in (("encoder", 3), ("decoder", 2)):
            module = torch.nn.LSTM(size, 4, batch_first=True, dtype=torch.float64)
            names = {"weight_ih_l0": "weight_input", "weight_hh_l0": "weight_hidden", "bias_ih_l0": "bias_input"}
            state = {ours: torch.from_numpy(t[f"{side}.{name}"].copy()) for ours, name in names.items()}
            module.load_state_dict(state | {"bias_hh_l0": torch.zeros(16, dtype=torch.float64)})
            sides.append(module)
        _, last = sides[0](torch.from_numpy(t["source"].copy()))
        states, _ = sides[1](torch.from_numpy(t["target"].copy()), last)
        np.testing.assert_allclose(t["decoder.hidden"], states.detach().numpy(), rtol=1e-10)


def test_the_encoder_is_the_recurrent_layer_itself() -> None:
    t = translate({"cell": "lstm"})
    names = ("weight_input", "weight_hidden", "bias_input")
    alone = LSTM.compute(LSTM.config.of({}), {"input": t["source"]} | {name: t[f"encoder.{name}"] for name in names})
    np.testing.assert_array_equal(t["encoder.forget_products"], alone["forget_products"])


def test_a_changed_cell_does_not_replay() -> None:
    trace = translate(CASES[1])
    held = {name: tensor for name, tensor in trace.tensors.items() if not tensor.is_recipe}
    for name, tensor in held.items():
        if tensor.role in ("intermediate", "output"):
            spoiled = tensor.array.copy()
            spoiled[(0,) * spoiled.ndim] += 1 if name == "chosen" else 1e-9
            new = SEQ2SEQ.assemble(trace.config, held | {name: Tensor(name, tensor.axes, tensor.role, spoiled)})
            assert not all(replay(new, step).agrees for step in new.steps), name


def test_any_array_is_taken_and_the_callers_stay() -> None:
    arrays = {name: np.round(array * 2) for name, array in arrays_of(CASES[1]).items()}
    family.takes_any_array(SEQ2SEQ, SEQ2SEQ.config.of(CASES[1]), arrays, "probabilities")


REFUSED: list[tuple[dict[str, Any], dict[str, tuple[int, ...]], tuple[str, ...]]] = [
    ({"cell": "tree"}, {}, ("cell is 'tree'", "rnn, gru, lstm")),
    ({"feeding": "greedy", "start": 4}, {}, ("start is 4", "4 words: 0 to 3")),
    ({"hidden": 3}, {"encoder.weight_hidden": (9, 4)}, ("hidden is 3", "4 by the columns")),
    ({"source_steps": 5}, {"source": (1, 4, 2)}, ("source_steps is 5", "4 by source")),
    ({}, {"source": (2, 4, 2), "target": (1, 4, 2)}, ("batch is 2 by source", "1 by target")),
    ({}, {"source": (2,)}, ("source has shape 2, 1 axis", "2 or 3")),
    ({"target_size": 3}, {"target": (4, 2)}, ("target_size is 3", "2 by target")),
    ({"feeding": "greedy"}, {"target": (4, 2)}, ("target was given", "feeding greedy")),
    ({}, {"target_embeddings": (4, 2)}, ("target_embeddings was given", "feeding teacher")),
    ({}, {"weight_combine": (3, 6)}, ("weight_combine was given", "attention none")),
    ({"attention": "dot"}, {"weight_combine": (3, 5)}, ("weight_combine has shape 3×5", "3×6")),
    ({"attention": "additive"}, {"attention.weight_score": (4,)}, ("attention.weight_score has shape 4", "must be 3")),
    ({}, {"attention.weight_score": (4,)}, ("takes no array 'attention.weight_score'",)),
    ({"classes": 4}, {"weight_output": (5, 3)}, ("classes is 4", "5 by the rows of weight_output")),
    ({}, {"decoder.weight_input": (9, 3)}, ("decoder.weight_input has shape 9×3", "9×2")),
]


@pytest.mark.parametrize(("options", "shapes", "pieces"), REFUSED)
def test_impossible_options_and_shapes_are_refused(
    options: dict[str, Any], shapes: dict[str, tuple[int, ...]], pieces: tuple[str, ...]
) -> None:
    family.refused(lambda: SEQ2SEQ.complete(SEQ2SEQ.config.of(options), shapes), *pieces)
    arrays = {name: np.ones(shape) for name, shape in shapes.items()}
    family.refused(lambda: SEQ2SEQ.compute(SEQ2SEQ.config.of(options), arrays), *pieces)


def test_lengths_out_of_range_are_refused() -> None:
    family.refused(lambda: translate({}, lengths=[5, 1]), "lengths holds 5", "from 1 to 4")
