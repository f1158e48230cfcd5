"""The arithmetic of a transformer block that is not its attention's: norms and the feed-forward part."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from layeranim.engine import memory
from layeranim.engine.activations import ACTIVATIONS
from layeranim.engine.attention import ATTENTION
from layeranim.engine.attention.forward import affine
from layeranim.engine.attention.forward import makes as attention_makes
from layeranim.engine.trace import Array, Shape, Tensor
from layeranim.engine.transformer.config import TransformerConfig, attention_of, chain, gate_of


def makes(config: TransformerConfig, shapes: Mapping[str, Shape]) -> dict[str, Shape]:
    """What each attention makes, both stages of the feed-forward part, and a norm and a sum around each."""
    x, made = shapes["input"], dict[str, Shape]()
    for name, _, source, _, _ in chain(config):
        if name == "feedforward":
            wide = (*x[:2], int(config.feedforward or 1))
            made |= {"feedforward.expanded_pre": wide, "feedforward.expanded": wide}
            made |= {"feedforward.gate_pre": wide, "feedforward.gate": wide} if gate_of(config) else {}
        else:
            _, inner = attention_of(config, name, source)
            keys = shapes["context"] if name == "cross" else x
            weights = {n.removeprefix(f"{name}."): s for n, s in shapes.items() if n.startswith(f"{name}.")}
            given = {"embeddings": x, **({"context": keys} if name == "cross" else {}), **weights}
            full, needed = ATTENTION.complete(inner, given)
            made |= memory.named(f"{name}.", attention_makes(full, needed))
        made |= memory.times_of(f"{name}_norm", x, 5 if config.norm_kind == "layer" else 4)
    return made


def forward(config: TransformerConfig, given: Mapping[str, Array]) -> tuple[dict[str, Array], dict[str, Tensor]]:
    """Every array of the block's own by name, and the tensors of its attentions."""
    held, inside = dict(given), dict[str, Tensor]()
    with np.errstate(all="ignore"):
        for name, before, source, added, after in chain(config):
            if config.norm == "pre":
                held |= _norm(config, held, f"{name}_norm.", before, source)
            if name == "feedforward":
                held |= _feedforward(config, held, source)
            else:
                part, inner = attention_of(config, name, source)
                masked = inner.replace(mask_kind="additive")  # masks have become that at the door
                trace = ATTENTION.compute(masked, part.arrays(held))
                inside |= part.tensors(trace)
                held[f"{name}.output"] = trace["output"]
            held[added] = held[before] + held[f"{name}.output"]
            if config.norm == "post":
                held |= _norm(config, held, f"{name}_norm.", added, after)
    return held, inside


def _norm(config: TransformerConfig, held: Mapping[str, Array], p: str, x: str, result: str) -> dict[str, Array]:
    """Layer normalisation over the features of each token: Ba et al. (2016), arXiv:1607.06450, equation 3; or without
    the mean, Zhang and Sennrich (2019), arXiv:1910.07467, equation 4."""
    base, found = held[x], dict[str, Array]()
    terms = base.dtype.type(base.shape[-1])
    if config.norm_kind == "layer":
        found["mean"] = base.sum(axis=-1) / terms
        base = found["centred"] = base - found["mean"][..., None]
    spread = "variance" if config.norm_kind == "layer" else "mean_square"
    found[spread] = (base * base).sum(axis=-1) / terms
    found["deviation"] = np.sqrt(found[spread] + terms.dtype.type(config.eps))
    found["normalised"] = base / found["deviation"][..., None]
    out = found["normalised"] * held[p + "gamma"]
    out = out + held[p + "beta"] if p + "beta" in held else out
    return {p + stat: array for stat, array in found.items()} | {result: out}


def _feedforward(config: TransformerConfig, held: Mapping[str, Array], source: str) -> dict[str, Array]:
    """W₂ φ(W₁ x + b₁) + b₂; gated, Shazeer (2020), arXiv:2002.05202, equation 6: W₂ (φ(W x + b) · (W₁ x + b₁)) + b₂."""
    p, gate = "feedforward.", gate_of(config)
    made = {p + "expanded_pre": affine(held[source], held[p + "weight_expand"], held.get(p + "bias_expand"))}
    if gate:
        made[p + "gate_pre"] = affine(held[source], held[p + "weight_gate"], held.get(p + "bias_gate"))
        made[p + "gate"] = ACTIVATIONS[gate](made[p + "gate_pre"])
        made[p + "expanded"] = made[p + "gate"] * made[p + "expanded_pre"]
    else:
        made[p + "expanded"] = ACTIVATIONS[config.activation](made[p + "expanded_pre"])
    made[p + "output"] = affine(made[p + "expanded"], held[p + "weight_contract"], held.get(p + "bias_contract"))
    return made
