"""Attention and blocks of transformers by the names that models have, against numbers of the models themselves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import layeranim as la
from layeranim.errors import OptionError, ShapeError
from layeranim.inputs.states import listed, state_dict
from layeranim.preparing.fitting import fitting, groups
from tests.inputs.vectors import HERE, Arrays, cases

RNG = np.random.default_rng(6)
D, HEADS, SIZE = 8, 4, 2
X = RNG.normal(size=(1, 5, D))
PARTS = ("query", "key", "value")


def truth(w: Arrays) -> np.ndarray:
    """Softmax attention, head by head."""
    q, k, v = (X[0] @ w[f"w_{part}"].T + w[f"b_{part}"] for part in PARTS)
    out = []
    for head in range(HEADS):
        mine = slice(head * SIZE, head * SIZE + SIZE)
        e = np.exp(q[:, mine] @ k[:, mine].T * SIZE**-0.5)
        out.append(e / e.sum(axis=1, keepdims=True) @ v[:, mine])
    return np.concatenate(out, axis=1) @ w["w_output"].T + w["b_output"]


def named(*names: str) -> Arrays:
    """A state by the names of query, key, value and output."""
    return {f"{name}.{kind}": W[f"{kind[0]}_{part}"] for name, part in zip(names, (*PARTS, "output"), strict=True)
            for kind in ("weight", "bias")}  # fmt: skip


W = {f"w_{part}": RNG.normal(size=(D, D)) for part in (*PARTS, "output")}
W |= {f"b_{part}": RNG.normal(size=D) for part in (*PARTS, "output")}
BY_HAND: dict[str, Arrays] = {
    "BERT": named("self.query", "self.key", "self.value", "output.dense")
    | {"output.LayerNorm.weight": np.ones(D), "output.LayerNorm.bias": np.ones(D)},
    "ViT": named("attention.query", "attention.key", "attention.value", "output.dense"),
    "BART": named("q_proj", "k_proj", "v_proj", "out_proj"),
    "Diffusers": named("to_q", "to_k", "to_v", "to_out.0"),
}


@pytest.mark.parametrize("case", BY_HAND)
def test_attention_by_the_names_of_a_model(case: str) -> None:
    state = {f"h.0.{n}": x for n, x in BY_HAND[case].items()}
    made = la.from_state("attention", state, prefix="h.0", heads=HEADS, embeddings=X)
    np.testing.assert_allclose(made["output"][0], truth(W), rtol=1e-9, atol=1e-12)
    assert fitting({name: x.shape for name, x in BY_HAND[case].items()}) == ("attention --heads N",)


MODELS = cases("transformers")
"""Modules of models of Hugging Face's transformers and of timm: parameters, what each read and what it made."""
BLOCKS = ("bert", "distilbert", "vit", "timm", "gpt2", "llama-block")
OPTIONS: dict[str, dict[str, Any]] = {
    "gpt-neox": {"positional": "rotary", "pairs": "halves"}, "llama-norm": {"kind": "rms", "eps": 1e-6},
    "gpt2-dense": {}, "t5": {},
}  # fmt: skip
FITS = {"gpt2-dense": "dense", "llama-norm": "layernorm --kind rms", "t5": "attention --mask FILE"}


@pytest.mark.parametrize("case", MODELS)
def test_a_part_of_a_model_computes_what_the_model_did(case: str) -> None:
    held, layer = MODELS[case], "transformer" if case in BLOCKS else FITS.get(case, "attention").split()[0]
    given = dict(held["in"])
    x = given.pop("x")
    given["embeddings" if layer == "attention" else "input"] = x[0] if layer == "dense" else x
    options = {"heads": HEADS, **OPTIONS.get(case, {})} if case not in FITS else OPTIONS[case]
    made = la.from_state(layer, held["state"], **given, **options)
    ours = np.squeeze(made["output"])
    ours = np.concatenate(ours, axis=1) if case == "bert-attention" else ours  # the heads, which nothing joins
    np.testing.assert_allclose(ours, held["out"]["y"][0], rtol=1e-5, atol=1e-5)
    fits = fitting({name: x.shape for name, x in held["state"].items()})
    assert fits[0] == FITS.get(case, f"{layer} --heads N")


@pytest.mark.parametrize("model", ["llama", "qwen2", "gpt2"])
def test_a_block_of_a_gguf_computes_what_the_model_did(model: str) -> None:
    file, held = HERE / "weights" / f"{model}.gguf", cases("gguf")
    for case, layer, given in ((model, "transformer", "input"), (f"{model}-attention", "attention", "embeddings")):
        made = la.from_state(layer, file, prefix="blk.0", **{given: held[case]["in"]["x"]})
        np.testing.assert_allclose(np.squeeze(made["output"]), held[case]["out"]["y"][0], rtol=1e-5, atol=1e-5)
    found = listed(file)
    block = next(g for g in groups(found.arrays, said=found.said) if g.prefix == "blk.0.")
    assert block.fits == ("attention", "transformer")


def test_of_a_gguf_only_what_its_file_says_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    state = state_dict(HERE / "weights" / "llama.gguf", "blk.0.")
    for said, says in (
        ({}, "these names are llama.cpp's, without their file"),
        ({**state.said, "architecture": "gemma2"}, "architecture is 'gemma2'; attention of llama, qwen2, gpt2 is read"),
        ({**state.said, "scaled": True}, "scales its rotary positions"),
        ({**state.said, "turned": 2}, "turns a part of a head alone"),
    ):
        monkeypatch.setattr(state, "said", said)
        with pytest.raises(OptionError, match=says):
            la.from_state("attention", state, heads=2, embeddings=X)


def test_what_a_model_does_gives_way_to_what_is_said() -> None:
    state, x = MODELS["gpt2-attention"]["state"], MODELS["gpt2-attention"]["in"]["x"]
    free = la.from_state("attention", state, heads=HEADS, embeddings=x, causal=False)
    assert (free["weights"] > 0).all()
    assert not (la.from_state("attention", state, heads=HEADS, embeddings=x)["weights"] > 0).all()


LLAMA, T5 = MODELS["llama"]["state"], MODELS["t5"]["state"]
PLAIN = {name: x for name, x in T5.items() if "relative" not in name}


@pytest.mark.parametrize(
    ("state", "options", "says"),
    [
        (PLAIN, {}, "heads of attention must be given"),
        (PLAIN, {"heads": 3}, "8 rows, but 3 heads must divide"),
        (T5, {"heads": 4}, "give what it adds"),
        ({**LLAMA, "q_norm.weight": np.ones(2)}, {"heads": 4}, "a norm of its queries"),
        ({"qkv.weight": np.ones((20, 8))}, {"heads": 4}, "must have 3 blocks of rows"),
        ({"qkv_proj.weight": np.ones((15, 8)), "o_proj.weight": np.ones((8, 8))}, {"heads": 4}, "15×8, but 8 rows"),
        ({**LLAMA, "k_proj.weight": np.ones((3, 8))}, {"heads": 4}, "must have a multiple of 2"),
    ],
)  # fmt: skip
def test_what_no_attention_of_ours_does_is_refused(state: Arrays, options: dict[str, Any], says: str) -> None:
    with pytest.raises((OptionError, ShapeError), match=says):
        la.from_state("attention", state, embeddings=X, **options)


def test_a_block_with_more_than_its_parts_is_refused() -> None:
    more = {**MODELS["bert"]["state"], "crossattention.self.query.weight": X[0]}
    with pytest.raises(OptionError, match=r"crossattention\.self\.query is no part of a block of BERT"):
        la.from_state("transformer", more, heads=HEADS, input=X)


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
        ("dense", PLAIN, "they are those of attention"),
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
