"""A block of a transformer by the names of the models that have it, as PyTorch's encoder layer names it.

Sources: Hugging Face transformers (modeling_bert, modeling_distilbert, modeling_gpt2, modeling_llama, modeling_vit),
timm's vision_transformer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from layeranim.engine.array import numeric
from layeranim.engine.packing import Packed
from layeranim.errors import OptionError
from layeranim.inputs import attention_names
from layeranim.records import dataclass

_OURS = {"linear1": "feedforward.{}_expand", "linear2": "feedforward.{}_contract", "gate": "feedforward.{}_gate",
         "norm1": "self_norm.{}", "norm2": "feedforward_norm.{}"}  # fmt: skip


@dataclass(frozen=True)
class ModelBlock:
    """``attention`` is where its names begin, ``parts`` the names of the rest; ``usual`` what they do not say.

    ``turned``: its linear layers hold their weights in × out.
    """

    whose: str
    attention: str
    parts: Mapping[str, str]
    usual: Mapping[str, Any]
    turned: bool = False


_LLAMA_CPP = {"attn_norm": "norm1", "ffn_up": "linear1", "ffn_down": "linear2", "ffn_norm": "norm2"}
BLOCKS = (
    ModelBlock("GPT-2", "attn.", {"ln_1": "norm1", "mlp.c_fc": "linear1", "mlp.c_proj": "linear2", "ln_2": "norm2"},
               {"norm": "pre", "activation": "gelu-tanh", "causal": True}, turned=True),
    ModelBlock("Llama", "self_attn.",
               {"input_layernorm": "norm1", "mlp.up_proj": "linear1", "mlp.gate_proj": "gate",
                "mlp.down_proj": "linear2", "post_attention_layernorm": "norm2"},
               {"norm": "pre", "norm_kind": "rms", "activation": "swiglu", "causal": True, "positional": "rotary",
                "pairs": "halves", "eps": 1e-6}),
    ModelBlock("DistilBERT", "attention.",
               {"sa_layer_norm": "norm1", "ffn.lin1": "linear1", "ffn.lin2": "linear2", "output_layer_norm": "norm2"},
               {"norm": "post", "activation": "gelu", "eps": 1e-12}),
    ModelBlock("ViT", "attention.",
               {"layernorm_before": "norm1", "mlp.fc1": "linear1", "mlp.fc2": "linear2", "layernorm_after": "norm2"},
               {"norm": "pre", "activation": "gelu", "eps": 1e-12}),
    ModelBlock("BERT", "attention.",
               {"attention.output.LayerNorm": "norm1", "intermediate.dense": "linear1", "output.dense": "linear2",
                "output.LayerNorm": "norm2"},
               {"norm": "post", "activation": "gelu", "eps": 1e-12}),
    ModelBlock("timm", "attn.", {"norm1": "norm1", "mlp.fc1": "linear1", "mlp.fc2": "linear2", "norm2": "norm2"},
               {"norm": "pre", "activation": "gelu", "eps": 1e-6}),
    ModelBlock("ViT", "attention.",
               {"layernorm_before": "norm1", "intermediate.dense": "linear1", "output.dense": "linear2",
                "layernorm_after": "norm2"},
               {"norm": "pre", "activation": "gelu", "eps": 1e-12}),
    ModelBlock("llama.cpp", "", {**_LLAMA_CPP, "ffn_gate": "gate"},
               {"norm": "pre", "norm_kind": "rms", "activation": "swiglu"}),
    ModelBlock("llama.cpp", "", _LLAMA_CPP, {"norm": "pre", "activation": "gelu-tanh"}),
)  # fmt: skip


def block(state: Mapping[str, Any], heads: int, said: Mapping[str, Any] | None = None) -> Packed | None:
    """The block whose names these are, or nothing where no model here has them. ``said`` is what the file says."""
    for known in BLOCKS:
        if not all(f"{part}.weight" in state for part in known.parts):
            continue
        rest = {name.rpartition(".")[0] for name in state}
        inside = {name.removeprefix(known.attention): value for name, value in state.items()
                  if name.startswith(known.attention) and name.rpartition(".")[0] not in known.parts}  # fmt: skip
        form = attention_names.form_of(inside)
        if form is None:
            continue
        unknown = next((p for p in sorted(rest) if p not in known.parts and not p.startswith(known.attention)), None)
        if unknown:
            raise OptionError(f"{unknown} is no part of a block of {known.whose}, whose names the others are")
        attended = attention_names.attention(inside, heads, form, said=said)
        arrays: dict[str, Any] = {f"self.{name}": array for name, array in attended.arrays.items()}
        for theirs, ours in known.parts.items():
            kinds = {"weight": "gamma", "bias": "beta"} if "norm" in ours else {"weight": "weight", "bias": "bias"}
            for kind, name in kinds.items():
                if f"{theirs}.{kind}" in state:
                    value = numeric(f"{theirs}.{kind}", state[f"{theirs}.{kind}"])
                    arrays[_OURS[ours].format(name)] = value.T if known.turned and name == "weight" else value
        biased = any(".bias_" in name for name in arrays)
        if biased:
            attention_names.filled(arrays)
        options = {"block": "encoder", "heads": heads, "bias": biased}
        options |= {name: attended.options[name] for name in ("key_heads",) if name in attended.options}
        eps = {"eps": said["eps"]} if said and "eps" in said else {}
        inner = attended.usual if form.told else {}
        return Packed("transformer", options, arrays, usual={**known.usual, **inner, **eps})
    return None
