"""Attention against PyTorch, against its published formulas, and the look-ups of the texts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from layeranim.engine.attention import ATTENTION
from layeranim.engine.attention_packing import from_torch_attention
from layeranim.engine.replay import replay
from layeranim.engine.trace import Tensor, Trace
from layeranim.errors import OptionError
from tests.engine import family

MAKER, SCORES = family.maker("attention"), family.maker("scores")
LAYERS = {"attention": ATTENTION}
KINDS = ("dot", "scaled", "additive", "multiplicative", "cosine")
Case = tuple[dict[str, Any], dict[str, tuple[int, ...]]]
ONE_EACH: list[Case] = [({"kind": kind}, {"query": (3, 2), "value": (4, 3)}) for kind in KINDS]
CASES: list[Case] = [
    *ONE_EACH,
    ({"kind": "additive", "score_units": 5}, {"query": (2, 2, 3), "key": (2, 4, 2)}),
    ({"kind": "multiplicative", "heads": 2}, {"query": (2, 4), "key": (3, 6)}),
    ({"lookup": "hard", "kind": "dot"}, {"query": (3, 2)}),
    ({"causal": True, "softcap": 2, "heads": 2}, {"query": (2, 3, 4)}),
    ({"heads": 4, "key_heads": 2, "positional": "rotary", "causal": True}, {"query": (1, 3, 8)}),
    ({"heads": 4, "key_heads": 1, "kind": "cosine"}, {"query": (2, 4, 3, 2)}),
    ({"positional": "rotary", "pairs": "halves", "kind": "multiplicative"}, {"query": (3, 4)}),
    ({"window": 1, "heads": 2}, {"query": (2, 3, 4)}),
    ({"window": 1, "causal": True, "projections": True}, {"embeddings": (4, 2)}),
    ({"projections": True}, {"embeddings": (3, 4)}),
    ({"heads": 2, "bias": True, "positional": "sinusoidal"}, {"embeddings": (2, 3, 4)}),
    ({"heads": 2, "positional": "learned", "kind": "additive"}, {"embeddings": (2, 3, 4)}),
    ({"heads": 2, "key_heads": 1, "features": 2, "positional": "rotary", "bias": True},
     {"embeddings": (2, 2, 3), "context": (2, 3, 2), "value_context": (2, 3, 5)}),
    ({"mask_kind": "additive"}, {"query": (2, 3, 2), "mask": (2, 3, 4), "key_mask": (2, 4)}),
]  # fmt: skip


def arrays_of(options: dict[str, Any], shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Any]:
    rng = np.random.default_rng(2)
    _, needed = ATTENTION.complete(ATTENTION.config.of(options), shapes)
    return {name: rng.normal(size=shape) for name, shape in needed.items()}


def attend(options: dict[str, Any] | None = None, **arrays: Any) -> Trace:
    return ATTENTION.compute(ATTENTION.config.of(options or {}), arrays)


def softmax(x: Any) -> Any:
    powers = np.exp(x)
    return powers / powers.sum(axis=-1, keepdims=True)


def test_every_stored_case_agrees_with_pytorch_forward_and_backward() -> None:
    cases = family.stored_agree("attention", LAYERS, 240)
    for key in ("causal", "projections", "mask_kind", "key_heads"):
        assert {key in case["config"] for case in cases} == {True, False} or key == "causal"
    assert {case["config"]["heads"] for case in cases} == {1, 2, 4}
    assert {"value_context" in case["arrays"] for case in cases} == {True, False}


def test_every_stored_kind_of_score_agrees_with_autograd() -> None:
    cases = [case["config"] for case in family.stored_agree("scores", LAYERS, 200)]
    assert {config["kind"] for config in cases} == set(KINDS)
    for kind in KINDS:
        mine = [config for config in cases if config["kind"] == kind]
        assert {config.get("pairs") for config in mine} == {None, "adjacent", "halves"}
        assert {config["softcap"] for config in mine} == {None, 1.5}
        assert {config["key_heads"] < config["heads"] for config in mine} == {True, False}
        assert {config.get("mask_kind", config.get("causal")) for config in mine} == {None, True, "boolean"}
        assert {"window" in config for config in mine} == {True, False}


if family.HAS_TORCH:

    def test_new_cases_agree_with_pytorch_live() -> None:
        family.fresh_agree(MAKER, LAYERS, 5, 40)
        family.fresh_agree(SCORES, LAYERS, 5, 60)


@pytest.mark.parametrize(("options", "shapes"), CASES)
def test_every_step_replays_and_the_trace_comes_back_from_a_file(
    options: dict[str, Any], shapes: dict[str, tuple[int, ...]]
) -> None:
    for dtype in ("float64", "float32"):
        arrays = {name: array.astype(dtype) for name, array in arrays_of(options, shapes).items()}
        trace = family.proven(ATTENTION, attend(options, **arrays))
        assert all(tensor.dtype == dtype for tensor in trace.tensors.values())


@pytest.mark.parametrize(("options", "shapes"), CASES)
def test_gradients_are_the_slopes_of_finite_differences(
    options: dict[str, Any], shapes: dict[str, tuple[int, ...]]
) -> None:
    arrays = arrays_of(options, shapes)
    family.slopes(ATTENTION, ATTENTION.config.of(options), arrays, [n for n in arrays if "mask" not in n])


def test_the_kinds_are_their_formulas() -> None:
    arrays = arrays_of({"kind": "additive", "score_units": 4}, {"query": (3, 2), "key": (5, 3)})
    q, k, v = (arrays[name][0, 0] for name in ("query", "key", "value"))
    w, u, s = arrays["weight_score_query"], arrays["weight_score_key"], arrays["weight_score"]
    found = attend({"kind": "additive"}, **arrays)
    scores = np.array([[s @ np.tanh(w @ a + u @ b) for b in k] for a in q])
    np.testing.assert_allclose(found["scores"][0, 0], scores, rtol=1e-12)
    np.testing.assert_allclose(found["output"][0, 0], softmax(scores) @ v, rtol=1e-12)
    arrays = arrays_of({"kind": "multiplicative"}, {"query": (3, 2), "key": (5, 3)})
    q, k = arrays["query"][0, 0], arrays["key"][0, 0]
    scores = np.array([[a @ arrays["weight_score"] @ b for b in k] for a in q])
    np.testing.assert_allclose(attend({"kind": "multiplicative"}, **arrays)["scores"][0, 0], scores, rtol=1e-12)
    cosine = np.array([[a @ b / math.hypot(*a) / math.hypot(*b) for b in k[:, :2]] for a in q])
    found = attend({"kind": "cosine"}, query=q, key=k[:, :2], value=np.ones((5, 1)))
    np.testing.assert_allclose(found["scaled"][0, 0], cosine, rtol=1e-12)
    np.testing.assert_allclose(found["weights"][0, 0], softmax(cosine), rtol=1e-12)
    zero = attend({"kind": "cosine"}, query=[[0.0, 0.0]], key=k[:, :2], value=np.ones((5, 1)))
    np.testing.assert_allclose(zero["weights"][0, 0], 1 / 5, rtol=1e-12)


def test_the_posts_soft_and_hard_lookup() -> None:
    arrays = {"query": [[0, 0.9]], "key": [[0, 0], [0, 1]], "value": [[0.0], [1.0]]}
    assert round(attend({"kind": "dot"}, **arrays)["output"].item(), 4) == 0.7109
    assert round(attend({"kind": "scaled"}, **arrays)["output"].item(), 4) == 0.6539
    hard = attend({"kind": "dot", "lookup": "hard"}, **arrays)
    assert hard["output"].item() == 1
    np.testing.assert_array_equal(hard["weights"][0, 0, 0], [0, 1])
    tie = attend({"kind": "dot", "lookup": "hard"}, query=[[0.0, 0.0]], key=arrays["key"], value=arrays["value"])
    np.testing.assert_array_equal(tie["weights"][0, 0, 0], [1, 0])


def test_a_window_hides_what_is_far_and_with_causal_what_is_later() -> None:
    arrays = arrays_of({}, {"query": (5, 4)})
    away = np.arange(5)[None] - np.arange(5)[:, None]
    for window in (0, 1, 3):
        near = attend({"window": window}, **arrays)
        np.testing.assert_array_equal(near["weights"][0, 0] > 0, np.abs(away) <= window)
        past = attend({"window": window, "causal": True}, **arrays)
        np.testing.assert_array_equal(past["weights"][0, 0] > 0, (-window <= away) & (away <= 0))
        np.testing.assert_allclose(past["row_sum"], 1, rtol=1e-12)
    np.testing.assert_array_equal(attend({"window": 0}, **arrays)["output"], arrays["value"])
    np.testing.assert_array_equal(attend({"window": 4}, **arrays)["output"], attend({}, **arrays)["output"])
    far = attend({"window": 1}, query=arrays["query"], key=arrays["key"][:, :, :2], value=arrays["value"][:, :, :2])
    assert far.facts["rows_without_keys"] == 2
    np.testing.assert_array_equal(far["output"][0, 0, 3:], 0)
    last = {"query": arrays["query"][:, :, 3:], "key": arrays["key"], "value": arrays["value"]}
    for options in ({"window": 1}, {"causal": True}, {"causal": True, "window": 1}):
        whole, cut = attend(options, **arrays), attend({**options, "corner": "lower-right"}, **last)
        np.testing.assert_allclose(cut["output"], whole["output"][:, :, 3:], rtol=1e-12)
    more = attend({"causal": True, "corner": "lower-right"}, **{**arrays, "key": last["query"], "value": last["query"]})
    np.testing.assert_array_equal(more["weights"][0, 0] > 0, away[:, :2] <= -3)
    with pytest.raises(OptionError, match="add causal or window"):
        attend({"corner": "lower-right"}, **arrays)
    padded = attend({"window": 1}, **arrays, key_mask=[True, True, False, True, True])
    assert (padded["weights"][0, 0, 2] > 0).tolist() == [False, True, False, True, False]


def test_scale_softcap_and_mask_come_one_after_another() -> None:
    arrays = arrays_of({}, {"query": (3, 4)})
    t = attend({"softcap": 0.5, "causal": True}, **arrays)
    np.testing.assert_allclose(t["scaled"], t["scores"] / 2, rtol=1e-12)
    np.testing.assert_allclose(t["capped"], 0.5 * np.tanh(t["scaled"] / 0.5), rtol=1e-12)
    np.testing.assert_array_equal(t["masked"], t["capped"] + t["mask"])
    np.testing.assert_array_equal(np.isneginf(t["masked"][0, 0]), ~np.tri(3, dtype=bool))
    np.testing.assert_allclose(t["row_sum"], 1, rtol=1e-12)
    assert "scaled" not in attend({"kind": "dot"}, **arrays)
    assert t.facts["scale"] == 0.5


def test_a_row_whose_keys_are_all_masked_has_weights_of_zero() -> None:
    arrays = arrays_of({"heads": 2}, {"query": (2, 3, 4)})
    seen = np.array([[1, 1, 0], [0, 0, 0], [1, 0, 1]], bool)
    t = family.replays(attend({"heads": 2}, **arrays, mask=seen))
    np.testing.assert_array_equal(t["weights"][:, :, 1], 0)
    np.testing.assert_array_equal(t["output"][:, :, 1], 0)
    np.testing.assert_array_equal(t["row_sum"][:, :, 1], 0)
    np.testing.assert_allclose(t["row_sum"][:, :, ::2], 1, rtol=1e-12)
    assert t.facts["rows_without_keys"] == 2 * 2
    assert "weights of 0" in str(t.facts["note"])
    assert ATTENTION.backward is not None
    back = family.replays(ATTENTION.backward(t, {"output": np.ones(t["output"].shape)}))
    assert all(np.isfinite(back[f"grad_{name}"]).all() for name in ("query", "key", "value"))
    np.testing.assert_array_equal(back["grad_query"][:, :, 1], 0)


def test_boolean_masks_say_true_for_what_takes_part_and_all_masks_add_up() -> None:
    arrays = arrays_of({}, {"query": (2, 3, 2)})
    seen, there = np.array([[1, 0, 1], [1, 1, 1], [0, 1, 1]]), np.array([[1, 1, 1], [1, 1, 0]])
    both = attend({"causal": True}, **arrays, mask=seen.astype(bool), key_mask=there.astype(bool))
    same = attend({"causal": True, "mask_kind": "boolean"}, **arrays, mask=seen, key_mask=there)
    np.testing.assert_array_equal(both["weights"], same["weights"])
    allowed = np.tri(3, dtype=bool) & (seen == 1) & (there == 1)[:, None, :]
    np.testing.assert_array_equal(both["weights"][:, 0] > 0, allowed)
    assert both.axes("mask") == ("batch", "queries", "keys")
    assert attend({"causal": True}, **arrays).axes("mask") == ("queries", "keys")
    ours = attend({"mask_kind": "additive"}, **arrays, mask=seen)
    np.testing.assert_allclose(ours["masked"], ours["scaled"] + seen, rtol=1e-12)


def test_heads_may_come_side_by_side_and_batch_and_heads_may_be_left_out() -> None:
    arrays = arrays_of({"heads": 2}, {"query": (2, 2, 3, 4)})
    flat = {name: array.transpose(0, 2, 1, 3).reshape(2, 3, 8) for name, array in arrays.items()}
    np.testing.assert_array_equal(attend({"heads": 2}, **flat)["output"], attend({"heads": 2}, **arrays)["output"])
    one = {name: array[0] for name, array in flat.items()}
    np.testing.assert_array_equal(attend({"heads": 2}, **one)["output"][0], attend({"heads": 2}, **arrays)["output"][0])


def test_the_products_and_their_sums_are_reached_by_name() -> None:
    t = attend({"heads": 2, "bias": True}, **arrays_of({"heads": 2, "bias": True}, {"embeddings": (2, 3, 4)}))
    np.testing.assert_allclose(t["score_products"].sum(axis=-1), t["scores"], rtol=1e-12)
    np.testing.assert_allclose(t["value_products"].sum(axis=-2), t["head_output"], rtol=1e-12)
    rows = t["projected_key_products"].sum(axis=-1) + t["bias_key"]
    np.testing.assert_allclose(rows, t["projected_key"], rtol=1e-12)
    np.testing.assert_array_equal(t["key"][:, 1], t["projected_key"][..., 2:])
    assert t.axes("score_products") == ("batch", "heads", "queries", "keys", "features")
    assert t.axes("output") == ("batch", "queries", "outputs")


def test_a_torch_state_becomes_the_same_attention() -> None:
    rng = np.random.default_rng(3)
    state = {"in_proj_weight": rng.normal(size=(12, 4)), "in_proj_bias": rng.normal(size=12),
             "out_proj.weight": rng.normal(size=(4, 4)), "out_proj.bias": rng.normal(size=4)}  # fmt: skip
    packed = from_torch_attention(state, 2)
    assert packed.options == {"heads": 2, "projections": True, "output_projection": True, "bias": True}
    x = rng.normal(size=(1, 3, 4))
    t = attend(packed.options, **packed.arrays, embeddings=x)
    np.testing.assert_allclose(t["projected_value"], x @ state["in_proj_weight"][8:].T + state["in_proj_bias"][8:])
    family.refused(lambda: from_torch_attention({"bias_k": np.ones(3)}, 1), "bias_k", "learned extra key")
    family.refused(lambda: from_torch_attention({"weight": np.ones(3)}, 1), "weight is no weight of torch.nn.Multihead")
    family.refused(lambda: from_torch_attention({"in_proj_weight": np.ones((4, 4))}, 1), "4×4", "3 blocks")


def test_any_array_is_taken_and_the_callers_stay() -> None:
    for options, shapes in (({}, {"query": (2, 3, 2)}), ({"heads": 2}, {"embeddings": (2, 3, 4)})):
        arrays = {name: np.round(array * 2) for name, array in arrays_of(options, shapes).items()}
        family.takes_any_array(ATTENTION, ATTENTION.config.of(options), arrays)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e308, -1e308])
@pytest.mark.parametrize("kind", KINDS)
def test_numbers_beyond_all_bounds_travel_without_a_warning(kind: str, value: float) -> None:
    arrays = arrays_of({"kind": kind}, {"query": (2, 3, 2)})
    arrays["query"][0, 0, 1] = [value, 1.0]
    t = family.replays(attend({"kind": kind}, **arrays))
    assert np.isfinite(t["output"][1]).all()
    assert np.isfinite(t["output"][0, 0, ::2]).all(), "the other queries do not see it"
    if np.isnan(value):
        assert np.isnan(t["output"][0, 0, 1]).all()
    if np.isfinite(value) and kind != "cosine":
        assert np.isfinite(t["weights"]).all(), "a softmax of huge scores is sharp, not broken"
        np.testing.assert_allclose(t["row_sum"], 1, rtol=1e-12)


def test_a_changed_cell_does_not_replay() -> None:
    options, shapes = {"heads": 2, "softcap": 3, "causal": True, "bias": True}, {"embeddings": (1, 3, 4)}
    trace = attend(options, **arrays_of(options, shapes))
    held = {name: tensor for name, tensor in trace.tensors.items() if not tensor.is_recipe}
    for name, tensor in held.items():
        if tensor.role in ("intermediate", "output"):
            spoiled = tensor.array.copy()
            spoiled[(0,) * (spoiled.ndim - 2) + (1, 0)] += 1e-9
            new = ATTENTION.assemble(trace.config, held | {name: Tensor(name, tensor.axes, tensor.role, spoiled)})
            assert not all(replay(new, step).agrees for step in new.steps), name
