"""Attention and blocks of transformers by the names that models have, against the arithmetic done by hand here."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import layeranim as la
from layeranim.errors import OptionError, ShapeError
from layeranim.preparing.fitting import fitting

RNG = np.random.default_rng(6)
D, HEADS, SIZE = 8, 4, 2
X = RNG.normal(size=(1, 5, D))
PARTS = ("query", "key", "value")
Arrays = dict[str, np.ndarray]


def weights(rows: int = D) -> Arrays:
    """W and b of queries, keys and values (out × in) and of the output; keys and values of so many rows."""
    sizes = {"query": D, "key": rows, "value": rows, "output": D}
    made = {f"w_{part}": RNG.normal(size=(n, D)) for part, n in sizes.items()}
    return made | {f"b_{part}": RNG.normal(size=n) for part, n in sizes.items()}


def truth(w: Arrays, *, bias: bool = True, output: bool = True, causal: bool = False, scale: float = SIZE**-0.5,
          turn: Any = None) -> np.ndarray:  # fmt: skip
    """Softmax attention, head by head; groups of queries share keys where there are fewer of these."""
    q, k, v = (X[0] @ w[f"w_{part}"].T + (w[f"b_{part}"] if bias else 0) for part in PARTS)
    out, shared = [], HEADS * SIZE // k.shape[1]
    for head in range(HEADS):
        mine, theirs = (
            slice(head * SIZE, head * SIZE + SIZE),
            slice(head // shared * SIZE, head // shared * SIZE + SIZE),
        )
        query, key = (q[:, mine], k[:, theirs]) if turn is None else (turn(q[:, mine]), turn(k[:, theirs]))
        scores = query @ key.T * scale
        if causal:
            scores = np.where(np.tril(np.ones_like(scores)) > 0, scores, -np.inf)
        e = np.exp(scores - scores.max(axis=1, keepdims=True))
        out.append(e / e.sum(axis=1, keepdims=True) @ v[:, theirs])
    joined = np.concatenate(out, axis=1)
    return joined @ w["w_output"].T + (w["b_output"] if bias else 0) if output else joined


def rotary(x: np.ndarray) -> np.ndarray:
    """Halves turned by position; of two features one pair."""
    at = np.arange(len(x))
    return np.stack([x[:, 0] * np.cos(at) - x[:, 1] * np.sin(at), x[:, 1] * np.cos(at) + x[:, 0] * np.sin(at)], axis=1)


def named(w: Arrays, names: tuple[str, ...], bias: bool = True) -> Arrays:
    """A state by the names of query, key, value and output."""
    state = {f"{name}.weight": w[f"w_{part}"] for name, part in zip(names, (*PARTS, "output"), strict=False)}
    biases = {f"{name}.bias": w[f"b_{part}"] for name, part in zip(names, (*PARTS, "output"), strict=False)}
    return state | biases if bias else state


def fused(w: Arrays, kind: str) -> np.ndarray:
    return np.concatenate([w[f"{kind}_{part}"] for part in PARTS])


W = weights()
GROUPED = weights(2 * SIZE)
LLAMA = ("q_proj", "k_proj", "v_proj", "o_proj")
CASES: dict[str, tuple[Arrays, np.ndarray]] = {
    "BERT": (named(W, ("self.query", "self.key", "self.value", "output.dense"))
             | {"output.LayerNorm.weight": np.ones(D), "output.LayerNorm.bias": np.ones(D)}, truth(W)),
    "BERT, without its output": (named(W, ("query", "key", "value")), truth(W, output=False)),
    "ViT": (named(W, ("attention.query", "attention.key", "attention.value", "output.dense")), truth(W)),
    "DistilBERT": (named(W, ("q_lin", "k_lin", "v_lin", "out_lin")), truth(W)),
    "BART": (named(W, ("q_proj", "k_proj", "v_proj", "out_proj")), truth(W)),
    "T5": (named(W, ("q", "k", "v", "o"), bias=False), truth(W, bias=False, scale=1.0)),
    "Llama": (named(W, LLAMA, bias=False), truth(W, bias=False, causal=True, turn=rotary)),
    "Llama, heads that share keys": (named(GROUPED, LLAMA, bias=False),
                                     truth(GROUPED, bias=False, causal=True, turn=rotary)),
    "Qwen2, biases without one of the output": (
        {n: x for n, x in named(GROUPED, LLAMA).items() if n != "o_proj.bias"},
        truth({**GROUPED, "b_output": np.zeros(D)}, causal=True, turn=rotary)),
    "timm": ({"qkv.weight": fused(W, "w"), "qkv.bias": fused(W, "b"), "proj.weight": W["w_output"],
              "proj.bias": W["b_output"]}, truth(W)),
    "GPT-2": ({"c_attn.weight": fused(W, "w").T, "c_attn.bias": fused(W, "b"), "c_proj.weight": W["w_output"].T,
               "c_proj.bias": W["b_output"], "bias": np.ones((1, 1, 5, 5))}, truth(W, causal=True)),
    "GPT-NeoX": ({
        "query_key_value.weight": np.stack([W[f"w_{p}"].reshape(HEADS, SIZE, D) for p in PARTS], 1).reshape(-1, D),
        "query_key_value.bias": np.stack([W[f"b_{p}"].reshape(HEADS, SIZE) for p in PARTS], 1).reshape(-1),
        "dense.weight": W["w_output"], "dense.bias": W["b_output"]}, truth(W)),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_attention_by_the_names_of_a_model(case: str) -> None:
    state, wanted = CASES[case]
    made = la.from_state(
        "attention", {f"h.0.{n}": x for n, x in state.items()}, prefix="h.0", heads=HEADS, embeddings=X
    )
    ours = made["output"][0]
    ours = ours if ours.ndim == 2 else np.concatenate(ours, axis=1)  # the heads, where nothing joins them
    np.testing.assert_allclose(ours, wanted, rtol=1e-9, atol=1e-12)
    shapes = {name: x.shape for name, x in state.items()}
    assert fitting(shapes) == ("attention --heads N",)


def test_what_a_model_does_gives_way_to_what_is_said() -> None:
    free = la.from_state("attention", CASES["GPT-2"][0], heads=HEADS, embeddings=X, causal=False)
    np.testing.assert_allclose(free["output"][0], truth(W), rtol=1e-9)
    scaled = la.from_state("attention", CASES["T5"][0], heads=HEADS, embeddings=X, scale=SIZE**-0.5)
    np.testing.assert_allclose(scaled["output"][0], truth(W, bias=False), rtol=1e-9)


@pytest.mark.parametrize(
    ("state", "options", "says"),
    [
        (CASES["T5"][0], {}, "heads of attention must be given"),
        (CASES["T5"][0], {"heads": 3}, "8 rows, but 3 heads must divide"),
        ({**CASES["T5"][0], "relative_attention_bias.weight": np.ones((32, 4))}, {"heads": 4}, "give what it adds"),
        ({**CASES["Llama"][0], "q_norm.weight": np.ones(2)}, {"heads": 4}, "a norm of its queries"),
        ({"qkv.weight": np.ones((20, 8))}, {"heads": 4}, "must have 3 blocks of rows"),
        ({**CASES["Llama"][0], "k_proj.weight": np.ones((3, 8))}, {"heads": 4}, "must have a multiple of 2"),
    ],
)  # fmt: skip
def test_what_no_attention_of_ours_does_is_refused(state: Arrays, options: dict[str, Any], says: str) -> None:
    with pytest.raises((OptionError, ShapeError), match=says):
        la.from_state("attention", state, embeddings=X, **options)


def norm(x: np.ndarray, w: np.ndarray, b: np.ndarray, eps: float) -> np.ndarray:
    centred = x - x.mean(axis=-1, keepdims=True)
    return np.asarray(centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + eps) * w + b)


def gelu(x: np.ndarray) -> np.ndarray:
    return np.asarray(la.trace("activation", activation="gelu", input=x)["output"])


def test_a_block_of_bert_and_one_of_timm() -> None:
    rest = {name: RNG.normal(size=shape) for name, shape in (
        ("up.weight", (16, D)), ("up.bias", (16,)), ("down.weight", (D, 16)), ("down.bias", (D,)), ("one.weight", (D,)),
        ("one.bias", (D,)), ("two.weight", (D,)), ("two.bias", (D,)))}  # fmt: skip
    up, down, one, two = ((rest[f"{n}.weight"], rest[f"{n}.bias"]) for n in ("up", "down", "one", "two"))

    def renamed(**names: str) -> Arrays:
        return {
            f"{theirs}.{kind}": rest[f"{ours}.{kind}"] for ours, theirs in names.items() for kind in ("weight", "bias")
        }

    bert = {f"attention.{name}": x for name, x in CASES["BERT"][0].items() if "LayerNorm" not in name}
    bert |= renamed(
        up="intermediate.dense", down="output.dense", one="attention.output.LayerNorm", two="output.LayerNorm"
    )
    a = norm(X[0] + truth(W), *one, 1e-12)
    wanted = norm(a + gelu(a @ up[0].T + up[1]) @ down[0].T + down[1], *two, 1e-12)
    made = la.from_state("transformer", bert, heads=HEADS, input=X)
    np.testing.assert_allclose(made["output"][0], wanted, rtol=1e-8)
    assert fitting({name: x.shape for name, x in bert.items()}) == ("transformer --heads N",)

    timm = {f"attn.{name}": x for name, x in CASES["timm"][0].items()}
    timm |= renamed(up="mlp.fc1", down="mlp.fc2", one="norm1", two="norm2")
    made = la.from_state("transformer", timm, heads=HEADS, input=X)
    entered = norm(X[0], *one, 1e-6)
    again = la.from_state("attention", CASES["timm"][0], heads=HEADS, embeddings=entered[None])["output"][0]
    a = X[0] + again
    wanted = a + gelu(norm(a, *two, 1e-6) @ up[0].T + up[1]) @ down[0].T + down[1]
    np.testing.assert_allclose(made["output"][0], wanted, rtol=1e-8)
    with pytest.raises(OptionError, match=r"crossattention\.self\.query is no part of a block of BERT"):
        la.from_state("transformer", {**bert, "crossattention.self.query.weight": X[0]}, heads=HEADS, input=X)


def test_a_transformer_of_torch_takes_the_options_that_its_weights_do_not_say() -> None:
    names = {"self_attn.in_proj_weight": (24, D), "self_attn.out_proj.weight": (D, D), "linear1.weight": (16, D),
             "linear2.weight": (D, 16), "norm1.weight": (D,), "norm2.weight": (D,)}  # fmt: skip
    state = {name: RNG.normal(size=shape) for name, shape in names.items()}
    for name, size in (("self_attn.in_proj_bias", 24), ("self_attn.out_proj.bias", D), ("linear1.bias", 16),
                       ("linear2.bias", D), ("norm1.bias", D), ("norm2.bias", D)):  # fmt: skip
        state[name] = RNG.normal(size=size)
    made = la.from_state("transformer", state, heads=2, input=X, norm="pre", activation="gelu")
    assert (made.config.norm, made.config.activation) == ("pre", "gelu")  # type: ignore[attr-defined]


def test_a_cell_is_a_layer_of_one() -> None:
    state = {"weight_ih": RNG.normal(size=(8, 3)), "weight_hh": RNG.normal(size=(8, 2)), "bias_ih": RNG.normal(size=8),
             "bias_hh": RNG.normal(size=8)}  # fmt: skip
    x = RNG.normal(size=(1, 4, 3))
    one = la.from_state("lstm", state, input=x)
    assert np.array_equal(
        one["output"], la.from_state("lstm", {f"{n}_l0": w for n, w in state.items()}, input=x)["output"]
    )


@pytest.mark.parametrize(
    ("layer", "state", "says"),
    [
        ("dense", {"weight": np.ones((2, 2)), "scales": np.ones(2), "biases": np.ones(2)}, "MLX's QuantizedLinear"),
        ("dense", CASES["T5"][0], "they are those of attention"),
        ("dense", {"net.fc.weight": np.ones((2, 2))}, "its prefix may be 'net.fc.'"),
        ("conv", {"kernel": np.ones((3, 3, 1, 2)), "weight": np.ones((2, 1, 3, 3))}, "stands beside another weight"),
        ("lstm", {"a.recurrent_kernel": np.ones((2, 8)), "b.recurrent_kernel": np.ones((2, 8))}, "of 2 layers, a, b"),
        ("lstm", {"core.recurrent_kernel": np.ones((2, 8)), "core.extra": np.ones(3)}, "extra is no weight of a Keras"),
        ("gru", {"ir.kernel": np.ones((3, 2)), "iz.kernel": np.ones((3, 2))}, "the Flax cell lacks"),
        ("lstm", {"ii.kernel": np.ones((3, 2)), "xx.kernel": np.ones((3, 2))}, "xx.kernel is no weight of that"),
        ("lstm", {"w_i": np.ones((3, 6)), "b": np.ones(6)}, "no weights of Haiku's"),
        ("lstm", {"Wx": np.ones((8, 3)), "extra": np.ones(3)}, "extra is no weight of such a cell"),
        ("lstm", {"Wx": np.ones((8, 3))}, "the cell lacks one of"),
        ("lstm", {"Wx": np.ones((7, 3)), "Wh": np.ones((7, 2))}, "not 1, 3 or 4 blocks of 2"),
        ("lstm", {"Wx": np.ones((8, 3)), "Wh": np.ones((8, 2)), "bhn": np.ones(2)}, "is a GRU's, but these"),
        ("lstm", {"W": np.ones((1, 8, 3))}, "is no RNN, GRU or LSTM of ONNX"),
    ],
)  # fmt: skip
def test_names_that_make_no_layer_are_refused_with_what_they_are(layer: str, state: Arrays, says: str) -> None:
    with pytest.raises((OptionError, ShapeError), match=says):
        la.from_state(layer, state, input=np.ones((1, 4, 3)))
