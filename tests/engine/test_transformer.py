"""Transformer blocks against PyTorch's modules, their parts against one another, and what they refuse."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import layeranim as la
from layeranim.engine.attention import ATTENTION
from layeranim.engine.attention_packing import from_torch_transformer
from layeranim.engine.replay import replay
from layeranim.engine.trace import Tensor
from layeranim.engine.transformer import TRANSFORMER
from tests.engine import family
from tests.vectors import store

LLAMA: dict[str, Any] = {
    "norm": "pre", "norm_kind": "rms", "heads": 2, "key_heads": 1, "embed": 8, "feedforward": 3, "tokens": 3,
    "activation": "swiglu", "positional": "rotary", "pairs": "halves", "base": 500.0, "causal": True, "bias": False,
}  # fmt: skip
MAKER = family.maker("transformer")
LAYERS = {"transformer": TRANSFORMER}
CASES: list[dict[str, Any]] = [
    {},
    {"norm": "pre", "activation": "gelu", "causal": True},
    {"block": "decoder", "heads": 1, "embed": 3, "bias": False},
    {"block": "decoder", "norm": "pre", "context_tokens": 5, "tokens": 3, "heads": 3},
    {"block": "decoder", "window": 1, "heads": 1, "embed": 2, "tokens": 3, "context_tokens": 2},
    LLAMA,
    {"block": "decoder", "norm_kind": "rms", "key_heads": 1, "activation": "geglu", "positional": "rotary"},
]


def arrays_of(options: dict[str, Any], shapes: dict[str, tuple[int, ...]] | None = None) -> dict[str, Any]:
    rng = np.random.default_rng(8)
    _, needed = TRANSFORMER.complete(TRANSFORMER.config.of(options), shapes or {})
    return {name: rng.normal(size=shape) for name, shape in needed.items()}


def test_every_stored_case_agrees_with_pytorch() -> None:
    cases = family.stored_agree("transformer", LAYERS, 120)
    for key in ("block", "norm", "activation", "bias", "causal"):
        assert len({case["config"][key] for case in cases}) == 2
    assert {"cross.key_mask" in case["arrays"] for case in cases} == {True, False}


if family.HAS_TORCH:

    @pytest.mark.filterwarnings("ignore:enable_nested_tensor:UserWarning")
    def test_new_cases_agree_with_pytorch_live_also_from_their_state_dict() -> None:
        family.fresh_agree(MAKER, LAYERS, 6, 20)
        case = MAKER.case(np.random.default_rng(1), 1) | {"dtype": "float64"}
        arrays = store.arrays_of(case)
        config, module = case["config"], MAKER.module(case, arrays)
        state = {name: value.numpy() for name, value in module.state_dict().items()}
        packed = from_torch_transformer(
            state, config["heads"], norm_first=config["norm"] == "pre", activation=config["activation"]
        )
        options = packed.options | {key: config[key] for key in ("eps", "causal", "mask_kind")}
        given = {name: array for name, array in arrays.items() if "mask" in name or name in ("input", "context")}
        trace = TRANSFORMER.compute(TRANSFORMER.config.of(options), packed.arrays | given)
        np.testing.assert_allclose(trace["output"], MAKER.expected(case, arrays)["output"], rtol=1e-10, atol=1e-12)

    @pytest.mark.parametrize("changes", [{}, {"bias": True, "norm": "post", "key_heads": 2, "activation": "reglu"}])
    def test_norms_gates_grouped_heads_and_turned_positions_are_those_of_pytorch(changes: dict[str, Any]) -> None:
        import torch
        from torch.nn import functional as F

        from tests.capture.torch_models import turned

        options = LLAMA | changes
        arrays = arrays_of(options)
        w = {name: torch.tensor(array, requires_grad=True) for name, array in arrays.items()}

        def linear(part: str, x: Any) -> Any:
            name, _, key = part.partition(".")
            return F.linear(x, w[f"{name}.weight_{key}"], w.get(f"{name}.bias_{key}"))

        def attention(x: Any) -> Any:
            q, k, v = (linear(f"self.{p}", x).unflatten(-1, (-1, 4)).transpose(1, 2) for p in ("query", "key", "value"))
            angle = torch.outer(torch.arange(3.0).double(), 1 / 500 ** (torch.arange(0, 4, 2).double() / 4))
            q, k = turned(q, angle, "halves"), turned(k, angle, "halves")
            mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
            return linear("self.output", mixed.transpose(1, 2).flatten(2))

        def feedforward(x: Any) -> Any:
            gate = {"swiglu": F.silu, "reglu": F.relu}[options["activation"]](linear("feedforward.gate", x))
            return linear("feedforward.contract", gate * linear("feedforward.expand", x))

        x = w["input"]
        for name, part in (("self", attention), ("feedforward", feedforward)):
            gamma = w[f"{name}_norm.gamma"]
            if options["norm"] == "pre":
                x = x + part(F.rms_norm(x, (8,), gamma, 1e-5))
            else:
                x = F.rms_norm(x + part(x), (8,), gamma, 1e-5)
        trace = TRANSFORMER.compute(TRANSFORMER.config.of(options), arrays)
        np.testing.assert_allclose(trace["output"], x.detach(), rtol=1e-10, atol=1e-12)
        back = la.backward(trace)
        x.sum().backward()
        for name, one in w.items():
            np.testing.assert_allclose(back[f"grad_{name}"], one.grad, rtol=1e-8, atol=1e-9, err_msg=name)


@pytest.mark.parametrize("causal", [False, True])
def test_a_window_is_a_mask_of_the_tokens_own_attention(causal: bool) -> None:
    options: dict[str, Any] = {"block": "decoder", "tokens": 5, "context_tokens": 4, "causal": causal}
    arrays = arrays_of(options)
    near = TRANSFORMER.compute(TRANSFORMER.config.of({**options, "window": 2}), arrays)
    away = np.arange(5)[None] - np.arange(5)[:, None]
    seen = (np.abs(away) <= 2) & ((away <= 0) | (not causal))
    masked = TRANSFORMER.compute(TRANSFORMER.config.of({**options, "causal": False}), {**arrays, "self.mask": seen})
    np.testing.assert_array_equal(near["self.weights"][0, 0] > 0, seen)
    assert (near["cross.weights"] > 0).all()
    np.testing.assert_array_equal(near["output"], masked["output"])


@pytest.mark.parametrize("options", CASES)
def test_every_step_replays_and_the_trace_comes_back_from_a_file(options: dict[str, Any]) -> None:
    for dtype in ("float64", "float32"):
        arrays = {name: array.astype(dtype) for name, array in arrays_of(options).items()}
        trace = family.proven(TRANSFORMER, TRANSFORMER.compute(TRANSFORMER.config.of(options), arrays))
        assert all(tensor.dtype == dtype for tensor in trace.tensors.values())


@pytest.mark.grid(3)
@pytest.mark.parametrize("options", CASES)
def test_gradients_are_the_slopes_of_finite_differences(options: dict[str, Any]) -> None:
    arrays = arrays_of(options)
    family.slopes(TRANSFORMER, TRANSFORMER.config.of(options), arrays, arrays)


def test_the_sublayers_follow_one_another() -> None:
    t = TRANSFORMER.compute(TRANSFORMER.config.of(CASES[3]), arrays_of(CASES[3]))
    np.testing.assert_array_equal(t["self.embeddings"], t["self_norm.output"])
    np.testing.assert_array_equal(t["self_residual"], t["input"] + t["self.output"])
    np.testing.assert_array_equal(t["cross.context"], t["context"])
    np.testing.assert_array_equal(t["output"], t["cross_residual"] + t["feedforward.output"])
    t = TRANSFORMER.compute(TRANSFORMER.config.of({}), arrays_of({}))
    np.testing.assert_array_equal(t["self.embeddings"], t["input"])
    np.testing.assert_array_equal(t["feedforward_residual"], t["self_norm.output"] + t["feedforward.output"])
    normed = t["self_norm.normalised"]
    np.testing.assert_allclose(normed.mean(axis=-1), 0, atol=1e-12)
    np.testing.assert_allclose((normed**2).mean(axis=-1), 1 / (1 + 1e-5 / t["self_norm.variance"]), rtol=1e-12)
    alone = {name.removeprefix("self."): t[name] for name in t if name.startswith("self.weight_")}
    alone |= {name.removeprefix("self."): t[name] for name in t if name.startswith("self.bias_")}
    attention = ATTENTION.compute(ATTENTION.config.of({"heads": 2}), {"embeddings": t["input"], **alone})
    np.testing.assert_array_equal(attention["output"], t["self.output"])


def test_masks_reach_the_attention_that_they_are_named_after() -> None:
    options: dict[str, Any] = {"block": "decoder", "tokens": 3, "context_tokens": 2, "causal": False}
    seen, there = np.array([[1, 0, 1], [1, 1, 0], [1, 1, 1]], bool), np.array([[True, False]])
    arrays = arrays_of(options) | {"self.mask": seen, "cross.key_mask": there}
    t = family.proven(TRANSFORMER, TRANSFORMER.compute(TRANSFORMER.config.of(options), arrays))
    np.testing.assert_array_equal(t["self.weights"][0, 0] > 0, seen)
    np.testing.assert_array_equal(t["cross.weights"][0, 1], [[1, 0]] * 3)


def test_any_array_is_taken_and_the_callers_stay() -> None:
    arrays = {name: np.round(array * 2) for name, array in arrays_of(CASES[2]).items()}
    family.takes_any_array(TRANSFORMER, TRANSFORMER.config.of(CASES[2]), arrays)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e150])
def test_numbers_beyond_all_bounds_travel_without_a_warning(value: float) -> None:
    arrays = arrays_of({}, {"input": (2, 3, 4)})
    arrays["input"][0, 1, 0] = value
    t = family.replays(TRANSFORMER.compute(TRANSFORMER.config.of({}), arrays))
    assert np.isfinite(t["output"][1]).all()
    assert np.isfinite(t["output"]).all() == (abs(value) < 1e300), value


def test_a_changed_cell_does_not_replay() -> None:
    trace = TRANSFORMER.compute(TRANSFORMER.config.of({"tokens": 2}), arrays_of({"tokens": 2}))
    held = {name: tensor for name, tensor in trace.tensors.items() if not tensor.is_recipe}
    for name, tensor in held.items():
        if tensor.role in ("intermediate", "output"):
            spoiled = tensor.array.copy()
            spoiled[(0,) * (spoiled.ndim - 1) + (1,)] += 1e-9
            new = TRANSFORMER.assemble(trace.config, held | {name: Tensor(name, tensor.axes, tensor.role, spoiled)})
            assert not all(replay(new, step).agrees for step in new.steps), name


REFUSED: list[tuple[dict[str, Any], dict[str, tuple[int, ...]], tuple[str, ...]]] = [
    ({"heads": 3, "embed": 4}, {}, ("heads is 3", "divide embed 4")),
    ({"heads": 4, "key_heads": 3}, {}, ("key_heads is 3", "divide heads 4")),
    ({"heads": 2, "embed": 6, "positional": "rotary"}, {}, ("heads is 2 and embed 6", "3 features", "even number")),
    ({"eps": 0}, {}, ("eps is 0", "greater than 0")),
    ({"block": "both"}, {}, ("block is 'both'", "encoder, decoder")),
    ({"context_tokens": 3}, {}, ("context_tokens is 3", "encoder has no context")),
    ({}, {"context": (3, 4)}, ("transformer encoder takes no array 'context'",)),
    ({"embed": 6}, {"input": (3, 4)}, ("embed is 6 by option embed", "4 by input")),
    ({"block": "decoder"}, {"input": (3, 4), "context": (3, 6)}, ("embed is 4 by input", "6 by context")),
    ({"block": "decoder"}, {"input": (2, 3, 4), "context": (1, 3, 4)}, ("batch is 2 by input", "1 by context")),
    ({"tokens": 5}, {"input": (3, 4)}, ("tokens is 5", "3 by input")),
    ({}, {"input": (4,)}, ("input has shape 4, 1 axis", "2 or 3")),
    ({}, {"input": (3, 4), "self.weight_key": (4, 3)}, ("self.weight_key has shape 4×3", "4×4")),
    ({"feedforward": 5}, {"feedforward.weight_expand": (6, 4)}, ("feedforward is 5", "6 by the rows")),
    ({}, {"input": (3, 4), "self_norm.gamma": (3,)}, ("self_norm.gamma has shape 3", "must be 4")),
    ({"bias": False}, {"self.bias_key": (4,)}, ("takes no array 'self.bias_key'",)),
    ({}, {"input": (3, 4), "self.mask": (3, 4)}, ("self.mask has shape 3×4", "3×3")),
    ({}, {"weight_key": (4, 4)}, ("did you mean self.weight_key?",)),
]


@pytest.mark.parametrize(("options", "shapes", "pieces"), REFUSED)
def test_impossible_options_and_shapes_are_refused(
    options: dict[str, Any], shapes: dict[str, tuple[int, ...]], pieces: tuple[str, ...]
) -> None:
    family.refused(lambda: TRANSFORMER.complete(TRANSFORMER.config.of(options), shapes), *pieces)
    arrays = {name: np.ones(shape) for name, shape in shapes.items()}
    family.refused(lambda: TRANSFORMER.compute(TRANSFORMER.config.of(options), arrays), *pieces)
