"""Attention by the names of the models that have it: BERT, GPT-2, Llama, T5, vision transformers, other libraries.

Each form names the parts of one layer of attention and how they lie. What such a model does and its weights do not
say, a causal mask or no scale, is ``usual``: an option of the user's comes first.
Sources: Hugging Face transformers (modeling_bert, modeling_gpt2, modeling_llama, modeling_t5, modeling_gpt_neox),
timm's vision_transformer, flax.linen.MultiHeadDotProductAttention, keras.layers.MultiHeadAttention,
haiku.MultiHeadAttention.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

import numpy as np

from layeranim.engine.array import numeric, shape_text
from layeranim.engine.packing import Packed
from layeranim.engine.trace import Array
from layeranim.errors import OptionError, ShapeError
from layeranim.records import dataclass

PARTS = ("query", "key", "value")
LAID = ("out in", "in out", "heads", "flat heads")
"""How a weight lies: PyTorch's, turned, or with an axis for the heads (Keras, Flax)."""


@dataclass(frozen=True)
class AttentionForm:
    """``names`` of query, key and value, or of all three in one; ``output``; how the weights lie.

    ``fused``: of one weight for all three, whether its rows are three ``blocks``, of which those of keys and values may
    be shorter (``shared``), or go head by head (``heads``).
    ``beside`` are the names of what stands in the same place and is no part of attention, ``needs`` those that tell the
    form from another one with its names. Of ``told`` forms the file says the architecture.
    """

    whose: str
    names: tuple[str, ...]
    output: str
    weight: str = "weight"
    bias: str = "bias"
    laid: str = "out in"
    fused: str = ""
    beside: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    usual: Mapping[str, Any] = field(default_factory=dict)
    told: bool = False


_ROTARY = {"positional": "rotary", "pairs": "halves", "causal": True}
_LLAMA_CPP = ("attn_norm", "ffn_norm", "ffn_up", "ffn_gate", "ffn_down")
_ARCHITECTURES = {"llama": "adjacent", "qwen2": "halves", "gpt2": ""}
"""Of those of llama.cpp, which features a rotary encoding turns together: Llama's rows are sorted anew for it."""
FORMS = (
    AttentionForm("BERT", ("self.query", "self.key", "self.value"), "output.dense", beside=("output.LayerNorm",)),
    AttentionForm("BERT", ("query", "key", "value"), "dense"),
    AttentionForm("ViT", ("attention.query", "attention.key", "attention.value"), "output.dense"),
    AttentionForm("ViT", ("q_proj", "k_proj", "v_proj"), "o_proj", needs=("o_proj.bias",)),
    AttentionForm("Llama", ("q_proj", "k_proj", "v_proj"), "o_proj", beside=("rotary_emb",), usual=_ROTARY),
    AttentionForm("Phi-3", ("qkv_proj",), "o_proj", fused="shared", usual=_ROTARY),
    AttentionForm("BART", ("q_proj", "k_proj", "v_proj"), "out_proj"),
    AttentionForm("T5", ("q", "k", "v"), "o", usual={"scale": 1.0}),
    AttentionForm("DistilBERT", ("q_lin", "k_lin", "v_lin"), "out_lin"),
    AttentionForm("Diffusers", ("to_q", "to_k", "to_v"), "to_out.0"),
    AttentionForm("timm", ("qkv",), "proj", fused="blocks"),
    AttentionForm("GPT-2", ("c_attn",), "c_proj", laid="in out", fused="blocks", beside=("bias", "masked_bias"),
                  usual={"causal": True}),
    AttentionForm("GPT-NeoX", ("query_key_value",), "dense", fused="heads",
                  beside=("bias", "masked_bias", "rotary_emb"), usual={"causal": True}),
    AttentionForm("Equinox", ("query_proj", "key_proj", "value_proj"), "output_proj"),
    AttentionForm("MLX", ("query_proj", "key_proj", "value_proj"), "out_proj"),
    AttentionForm("Keras", PARTS, "attention_output", weight="kernel", laid="heads"),
    AttentionForm("Keras", tuple(f"{part}_dense" for part in PARTS), "output_dense", weight="kernel", laid="heads"),
    AttentionForm("Flax", PARTS, "out", weight="kernel", laid="heads"),
    AttentionForm("llama.cpp", ("attn_q", "attn_k", "attn_v"), "attn_output", beside=_LLAMA_CPP, told=True),
    AttentionForm("llama.cpp", ("attn_qkv",), "attn_output", fused="blocks", beside=_LLAMA_CPP, told=True),
    AttentionForm("Haiku", PARTS, "linear", weight="w", bias="b", laid="in out"),
)  # fmt: skip
_BY_DISTANCE = "relative_attention_bias"
_EXTRA = {
    "q_norm": "a norm of its queries", "k_norm": "a norm of its keys", "query_norm": "a norm of its queries",
    _BY_DISTANCE: "a bias by distance; give what it adds to the scores as the mask",
    "relative_position_bias_table": "a bias by distance; give what it adds to the scores as the mask",
    "c_attn": "one weight for queries, keys and values of its own", "bias_k": "a learned extra key",
    "bias_v": "a learned extra value", "logit_scale": "a learned scale",
    "attn_q_norm": "a norm of its queries", "attn_k_norm": "a norm of its keys",
}  # fmt: skip
"""What a model's attention may have that ours has not."""


def form_of(state: Mapping[str, Any]) -> AttentionForm | None:
    """The form whose names these are."""
    for form in FORMS:
        if not all(name in state for name in (*(f"{name}.{form.weight}" for name in form.names), *form.needs)):
            continue
        known = (*form.names, form.output)
        if all(_of(name, known) or _of(name, form.beside) or _of(name, _EXTRA) for name in state):
            return form
    return None


def _of(name: str, parts: Any) -> bool:
    return any(name == part or name.startswith(f"{part}.") for part in parts)


def attention(
    state: Mapping[str, Any],
    heads: int | None,
    form: AttentionForm,
    inout: bool = False,
    masked: bool = False,
    said: Mapping[str, Any] | None = None,
) -> Packed:
    """The layer from a form's names. ``inout``: PyTorch's names with Paddle's layout. ``masked``: a mask is given,
    which holds what T5's bias by distance adds. ``said`` is what the file says of the layer.

    Raises ``OptionError`` for what our attention does not have, ``ShapeError`` for rows that heads do not divide.
    """
    table = state.get(f"{_BY_DISTANCE}.weight")
    if table is not None and masked:  # a row for each distance, a column for each head
        heads = int(table.shape[-1]) if heads is None else heads
        state = {name: value for name, value in state.items() if not _of(name, (_BY_DISTANCE,))}
    for name in state:
        extra = next(
            (part for part in _EXTRA if _of(name, (part,)) and not _of(name, (*form.names, form.output))), None
        )
        if extra:
            raise OptionError(f"{name} is {_EXTRA[extra]}, which this attention does not have")
    laid = "in out" if inout and form.laid == "out in" else form.laid
    held = {name: numeric(name, value) for name, value in state.items() if not _of(name, form.beside)
            or _of(name, (*form.names, form.output))}  # fmt: skip
    if laid == "heads":
        first = held[f"{form.names[0]}.{form.weight}"]
        if first.ndim != 3 or heads not in (None, first.shape[1]):
            has = shape_text(first.shape)
            raise ShapeError(f"{form.names[0]}.{form.weight} has shape {has}, features × heads × features of one; "
                             f"heads is {heads}")  # fmt: skip
        heads = first.shape[1]
    if heads is None:
        raise OptionError("heads of attention must be given: the weights do not say how many there are")
    arrays = _fused(held, form, laid, heads) if form.fused else _apart(held, form, laid)
    name = f"{form.output}.{form.weight}"
    if name in held:
        out = held[name]
        arrays["weight_output"] = (
            out.reshape(-1, out.shape[-1]).T if laid == "heads" else out.T if laid == "in out" else out
        )
        if f"{form.output}.{form.bias}" in held:
            arrays["bias_output"] = held[f"{form.output}.{form.bias}"].reshape(-1)
    options = {"heads": heads, "projections": True, "output_projection": "weight_output" in arrays,
               "bias": any(name.startswith("bias") for name in arrays)}  # fmt: skip
    if options["bias"]:
        filled(arrays)
    usual = _of_architecture(said or {}, len(arrays["weight_query"]) // heads) if form.told else dict(form.usual)
    return Packed("attention", {**options, **_shared(arrays, heads)}, arrays, usual=usual)


def _of_architecture(said: Mapping[str, Any], features: int) -> dict[str, Any]:
    """What llama.cpp does with a head of so many features, and the weights do not say."""
    whose = said.get("architecture", "")
    if whose not in _ARCHITECTURES:
        told = f"the file's architecture is {whose!r}" if whose else "these names are llama.cpp's, without their file"
        known = ", ".join(_ARCHITECTURES)
        raise OptionError(f"{told}; attention of {known} is read, of others give weight_query and the rest one by one")
    if not _ARCHITECTURES[whose]:
        return {"causal": True}
    if said.get("scaled") or said.get("turned", features) != features:
        raise OptionError(
            "the file scales its rotary positions (rope_freqs.weight, rope.scaling) or turns a part of a head alone, "
            "which this attention does not do; give weight_query and the rest one by one"
        )
    rotary = {"positional": "rotary", "pairs": _ARCHITECTURES[whose], "causal": True}
    return {**rotary, "base": float(said.get("base", 10000.0))}


def _apart(held: Mapping[str, Array], form: AttentionForm, laid: str) -> dict[str, Array]:
    arrays = {}
    for part, name in zip(PARTS, form.names, strict=True):
        weight = held[f"{name}.{form.weight}"]
        turned = weight.reshape(len(weight), -1).T if laid == "heads" else weight.T if laid == "in out" else weight
        arrays[f"weight_{part}"] = turned
        if f"{name}.{form.bias}" in held:
            arrays[f"bias_{part}"] = held[f"{name}.{form.bias}"].reshape(-1)
    return arrays


def _fused(held: Mapping[str, Array], form: AttentionForm, laid: str, heads: int) -> dict[str, Array]:
    arrays: dict[str, Array] = {}
    for kind, ours in ((form.weight, "weight"), (form.bias, "bias")):
        name = f"{form.names[0]}.{kind}"
        if name not in held:
            continue
        whole = held[name].T if laid == "in out" and ours == "weight" else held[name]
        if form.fused == "shared":
            arrays |= {f"{ours}_{part}": rows for part, rows in zip(PARTS, _shared_keys(name, whole, form, held),
                                                                    strict=True)}  # fmt: skip
            continue
        if len(whole) % 3 or (form.fused == "heads" and len(whole) % (3 * heads)):
            raise ShapeError(f"{name} has shape {shape_text(held[name].shape)}, but must have 3 blocks of rows: where "
                             "keys and values have fewer heads than queries, split it by hand")  # fmt: skip
        if form.fused == "heads":
            whole = whole.reshape(heads, 3, -1, *whole.shape[1:]).swapaxes(0, 1).reshape(len(whole), *whole.shape[1:])
        arrays |= {f"{ours}_{part}": rows for part, rows in zip(PARTS, np.split(whole, 3), strict=True)}
    return arrays


def _shared_keys(name: str, whole: Array, form: AttentionForm, held: Mapping[str, Array]) -> list[Array]:
    """Rows of queries, as many as the output reads, then those of keys and of values, of which there may be fewer."""
    output = f"{form.output}.{form.weight}"
    queries = held[output].shape[-1] if output in held else len(whole) // 3
    rest = len(whole) - queries
    if rest < 2 or rest % 2:
        said = f"{name} has shape {shape_text(whole.shape)}, but {queries} rows are its queries'"
        raise ShapeError(f"{said}, and its keys and values must have as many as each other")
    return np.split(whole, [queries, queries + rest // 2])


def filled(arrays: dict[str, Array]) -> None:
    """Biases of 0 where a model has none beside others that it has."""
    for name in [name for name in arrays if name.rpartition(".")[2].startswith("weight")]:
        bias = name.replace("weight", "bias")
        arrays.setdefault(bias, np.zeros(len(arrays[name]), arrays[name].dtype))


def _shared(arrays: Mapping[str, Array], heads: int) -> dict[str, Any]:
    """``key_heads``, where groups of queries share keys."""
    rows, keys = len(arrays["weight_query"]), len(arrays["weight_key"])
    if rows % heads:
        raise ShapeError(f"the queries have {rows} rows, but {heads} heads must divide them")
    if keys == rows:
        return {}
    if keys % (rows // heads):
        raise ShapeError(f"the keys have {keys} rows, but must have a multiple of {rows // heads}, those of one head")
    return {"key_heads": keys // (rows // heads)}
