"""The arithmetic of a transformer block that is not its attention's: norms and the feed-forward part."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from layeranim.engine.activations import ACTIVATIONS
from layeranim.engine.attention import ATTENTION
from layeranim.engine.trace import Array, Tensor
from layeranim.engine.transformer.config import TransformerConfig, attention_of, chain


def forward(config: TransformerConfig, given: Mapping[str, Array]) -> tuple[dict[str, Array], dict[str, Tensor]]:
    """Every array of the block's own by name, and the tensors of its attentions."""
    held, inside = dict(given), dict[str, Tensor]()
    with np.errstate(all="ignore"):
        for name, before, source, after in chain(config):
            if config.norm == "pre":
                held |= _norm(config, held, f"{name}_norm.", before, source)
            if name == "feedforward":
                held |= _feedforward(config, held, source)
            else:
                part, inner = attention_of(config, name, source)
                added = inner.replace(mask_kind="additive")  # masks have become that at the door
                trace = ATTENTION.compute(added, part.arrays(held))
                inside |= part.tensors(trace)
                held[f"{name}.output"] = trace["output"]
            result = f"{name}_residual" if config.norm == "post" else after
            held[result] = held[before] + held[f"{name}.output"]
            if config.norm == "post":
                held |= _norm(config, held, f"{name}_norm.", result, after)
    return held, inside


def _norm(config: TransformerConfig, held: Mapping[str, Array], p: str, x: str, result: str) -> dict[str, Array]:
    """Layer normalisation over the features of each token: Ba et al. (2016), arXiv:1607.06450, equation 3."""
    terms = held[x].dtype.type(held[x].shape[-1])
    mean = held[x].sum(axis=-1) / terms
    centred = held[x] - mean[..., None]
    variance = (centred * centred).sum(axis=-1) / terms
    deviation = np.sqrt(variance + variance.dtype.type(config.eps))
    normalised = centred / deviation[..., None]
    out = normalised * held[p + "gamma"]
    out = out + held[p + "beta"] if p + "beta" in held else out
    found = {"mean": mean, "centred": centred, "variance": variance, "deviation": deviation, "normalised": normalised}
    return {p + stat: array for stat, array in found.items()} | {result: out}


def _feedforward(config: TransformerConfig, held: Mapping[str, Array], source: str) -> dict[str, Array]:
    """W₂ φ(W₁ x + b₁) + b₂."""
    p, none = "feedforward.", held[source].dtype.type(0)
    pre = held[source] @ held[p + "weight_expand"].T + held.get(p + "bias_expand", none)
    expanded = ACTIVATIONS[config.activation](pre)
    out = expanded @ held[p + "weight_contract"].T + held.get(p + "bias_contract", none)
    return {p + "expanded_pre": pre, p + "expanded": expanded, p + "output": out}
