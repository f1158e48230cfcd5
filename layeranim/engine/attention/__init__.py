"""Attention: every query compares itself with all keys and takes a mixture of their values.

dot             score = q · k
scaled          score = q · k / √d                   Vaswani et al., Attention Is All You Need (2017), equation 1
additive        score = v · tanh(W q + U k)          Bahdanau et al. (2014), arXiv:1409.0473, appendix A.1.2
multiplicative  score = q · W k                      Luong et al. (2015), arXiv:1508.04025, equation 8 (general)
cosine          score = q · k / (|q| |k|)            Graves et al., Neural Turing Machines (2014), equation 6

Names, with axes (batch, heads, queries, keys) unless said. Made from embeddings (batch, queries, embed):
``weight_query`` (query_rows, embed), ``projected_query_products``, ``projected_query`` (batch, queries, query_rows),
and split into heads ``query key value`` (batch, heads, queries or keys, features). Then ``score_products`` (one more
axis), ``scores`` (raw), ``scaled``, ``capped``, ``mask``, ``masked``; ``row_max``, ``exponentials``,
``exponential_sum``, ``weights``, ``row_sum`` (their sum: 1, or 0 in a row without keys); ``value_products``. A stage
that the options do not ask for is not there. ``output`` is (batch, heads, queries, value_features), and with an output
projection ``head_output``, ``joined`` (batch, queries, joined: all heads) and ``output`` (batch, queries, outputs).

With fewer key heads than heads, ``key`` and ``value`` have the axis ``key_heads``; ``shared_key`` and ``shared_value``
repeat them. Positions: ``encoding`` (sinusoidal) or ``positions`` (learned) and ``positioned``; rotary: ``query_angle``
and ``turned_query``, ``key_angle`` and ``turned_key``. Cosine: ``query_norm``, ``key_norm``, ``norm_products``.
Multiplicative: ``weight_score``, ``transformed_key``. Additive: ``weight_score_query``, ``weight_score_key``,
``query_part``, ``key_part``, ``alignment_pre``, ``alignment`` and the vector ``weight_score``.

A mask is kept as what is added to the scores: 0 where a key is seen, −∞ where not; boolean masks say true for a key
that takes part (as in torch.nn.functional.scaled_dot_product_attention; torch.nn.MultiheadAttention means the
opposite). A row whose keys are all masked has weights of 0, where a softmax would be 0/0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from layeranim.engine.attention.backward import backward
from layeranim.engine.attention.config import ARRAYS, AttentionConfig
from layeranim.engine.attention.forward import forward, makes, split_heads
from layeranim.engine.attention.layout import all_tensors, facts_of, held_tensors
from layeranim.engine.attention.masks import combined, meant
from layeranim.engine.attention.shapes import complete
from layeranim.engine.attention.sizes import DIRECT
from layeranim.engine.attention.steps import steps_of
from layeranim.engine.door import shaped, take
from layeranim.engine.option import Layer
from layeranim.engine.trace import Array, Tensor, Trace

__all__ = ["ATTENTION", "AttentionConfig", "assemble", "complete", "compute"]


def compute(config: AttentionConfig, arrays: Mapping[str, Any]) -> Trace:
    """The trace of attention.

    Raises:
        OptionError, ShapeError: see :func:`complete`; an array that is needed and missing; a mask that is none.
    """
    masks = {name: meant(name, arrays[name], config) for name in ("mask", "key_mask") if arrays.get(name) is not None}
    taken = take({**arrays, **masks}, apart=("mask", "key_mask"))
    full, needed = complete(config, {name: array.shape for name, array in taken.items()})
    held = shaped(_headed(full, taken), needed, "attention")
    mask = combined(full, held)
    held = {name: array for name, array in held.items() if name not in masks}
    if mask is not None:
        held["mask"] = mask.astype(next(iter(held.values())).dtype)
    full = full.replace(mask_kind=None)  # what the trace holds is added, whatever was given
    return assemble(full, held_tensors(full, held | forward(full, held)))


def _headed(config: AttentionConfig, taken: Mapping[str, Array]) -> dict[str, Array]:
    """Queries, keys and values whose heads stand side by side get an axis for them."""
    out = dict(taken)
    for name in DIRECT:
        if name in taken and taken[name].ndim < 4:
            rows = taken[name] if taken[name].ndim == 3 else taken[name][None]
            heads = config.heads if name == "query" else int(config.key_heads or 1)
            out[name] = np.ascontiguousarray(split_heads(rows, heads))
    return out


def assemble(config: AttentionConfig, tensors: Mapping[str, Tensor]) -> Trace:
    """The trace from its held tensors."""
    everything = all_tensors(config, tensors)
    return Trace("attention", config, everything, steps_of(config, everything), facts_of(config, everything))


ATTENTION = Layer(
    name="attention", title="Attention", config=AttentionConfig, arrays=ARRAYS,
    complete=complete, compute=compute, assemble=assemble, backward=backward, makes=makes, back=1.7,
    formula="output = softmax(Q Kᵀ / √d) V",
    source="A. Vaswani et al., Attention Is All You Need (2017), equation 1",
)  # fmt: skip
