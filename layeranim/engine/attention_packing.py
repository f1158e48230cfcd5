"""Weights of PyTorch's attention and transformer modules, turned into ours.

``in_proj_weight`` (3·embed, embed) holds W_Q, W_K, W_V one after another, ``in_proj_bias`` their biases; where keys or
values have another size, ``q_proj_weight``, ``k_proj_weight``, ``v_proj_weight`` stand alone. ``out_proj`` is W_O.
PyTorch's boolean masks of modules say true for a key that is left out; ours say true for a key that takes part.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from layeranim.engine.array import numeric, shape_text
from layeranim.engine.packing import Packed
from layeranim.engine.trace import Array
from layeranim.errors import OptionError, ShapeError

_PARTS = ("query", "key", "value")


def from_torch_attention(state: Mapping[str, Any], heads: int) -> Packed:
    """Multi-head attention from the module's ``state_dict`` (arrays, not tensors) and its ``num_heads``.

    Raises:
        OptionError: a name that the module does not have; keys and values learned as biases (``bias_k``, ``bias_v``).
        ShapeError: an ``in_proj_weight`` that is not three blocks.
    """
    taken = {name: numeric(name, value) for name, value in state.items()}
    arrays: dict[str, Array] = {}
    for name in taken:
        if name in ("bias_k", "bias_v"):
            raise OptionError(
                f"{name} is a learned extra key or value, which this attention does not have; leave it out"
            )
    for name, target in (("in_proj_weight", "weight"), ("in_proj_bias", "bias")):
        if name in taken:
            whole = taken.pop(name)
            if len(whole) % 3:
                raise ShapeError(f"{name} has shape {shape_text(whole.shape)}, but must have 3 blocks of rows")
            arrays |= {f"{target}_{part}": rows for part, rows in zip(_PARTS, np.split(whole, 3), strict=True)}
    single = {f"{part[0]}_proj_weight": f"weight_{part}" for part in _PARTS}
    single |= {"out_proj.weight": "weight_output", "out_proj.bias": "bias_output"}
    for name, array in taken.items():
        if name not in single:
            raise OptionError(
                f"{name} is no weight of torch.nn.MultiheadAttention; its are in_proj_weight, out_proj.weight"
            )
        arrays[single[name]] = array
    options = {"heads": heads, "projections": True, "output_projection": True, "bias": "bias_query" in arrays}
    return Packed("attention", options, arrays)


def from_torch_transformer(
    state: Mapping[str, Any], heads: int, *, norm_first: bool = False, activation: str = "relu"
) -> Packed:
    """A ``TransformerEncoderLayer`` or ``TransformerDecoderLayer`` from its ``state_dict`` and what that does not say.

    Raises:
        OptionError: a name that these modules do not have.
        ShapeError: an ``in_proj_weight`` that is not three blocks.
    """
    decoder = any(name.startswith("multihead_attn.") for name in state)
    attentions = {"self": "self_attn."} | ({"cross": "multihead_attn."} if decoder else {})
    arrays: dict[str, Array] = {}
    rest = dict(state)
    for ours, theirs in attentions.items():
        inner = {name.removeprefix(theirs): rest.pop(name) for name in list(rest) if name.startswith(theirs)}
        arrays |= {f"{ours}.{name}": array for name, array in from_torch_attention(inner, heads).arrays.items()}
    names = {f"linear{k}.{kind}": f"feedforward.{kind}_{part}" for k, part in ((1, "expand"), (2, "contract"))
             for kind in ("weight", "bias")}  # fmt: skip
    for k, ours in enumerate([*attentions, "feedforward"], start=1):
        names |= {f"norm{k}.weight": f"{ours}_norm.gamma", f"norm{k}.bias": f"{ours}_norm.beta"}
    for name, value in rest.items():
        if name not in names:
            raise OptionError(f"{name} is no weight of a torch.nn.TransformerEncoderLayer or TransformerDecoderLayer")
        arrays[names[name]] = numeric(name, value)
    options = {"block": "decoder" if decoder else "encoder", "heads": heads, "norm": "pre" if norm_first else "post",
               "activation": activation, "bias": "linear1.bias" in state}  # fmt: skip
    return Packed("transformer", options, arrays)
