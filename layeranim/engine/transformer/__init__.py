"""A transformer block: attention, add and normalise, feed-forward, add and normalise.

Each sublayer s is added to what it reads, and normalised after (post, Vaswani et al., Attention Is All You Need, 2017,
section 3.1) or before (pre, Xiong et al., 2020, arXiv:2002.04745): post x ← norm(x + s(x)), pre x ← x + s(norm(x)).
An encoder's sublayers are ``self`` and ``feedforward``; a decoder has ``cross`` between them, whose keys and values
come from ``context``.

Names begin with the sublayer's. ``self.`` and ``cross.``: ``self.weight_query``, ``self.scores`` and all else of
attention. ``feedforward.``: ``weight_expand`` (units, embed), ``expanded_pre``, ``expanded``, ``weight_contract``
(embed, units), ``output``; where units have gates, as with swiglu, ``weight_gate``, ``gate_pre`` and ``gate``. Of each
sublayer ``self_residual`` (the sum) and ``self_norm.`` with ``mean``, ``centred``, ``variance``, ``deviation``,
``normalised``, ``gamma``, ``beta``, ``output``; of an rms norm ``mean_square`` is in the place of mean, centred and
variance, and there is no beta. What the last act gives is ``output``.
Axes: batch, queries (the tokens), embed, units (of the feed-forward part); keys of ``cross`` are ``context_keys``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from layeranim.engine.attention import AttentionConfig
from layeranim.engine.attention.masks import meant
from layeranim.engine.door import shaped, take
from layeranim.engine.option import Layer
from layeranim.engine.trace import Trace
from layeranim.engine.transformer.backward import backward
from layeranim.engine.transformer.config import ARRAYS, TransformerConfig, inner
from layeranim.engine.transformer.forward import forward, makes
from layeranim.engine.transformer.layout import assemble, held_tensors
from layeranim.engine.transformer.shapes import complete

__all__ = ["TRANSFORMER", "TransformerConfig", "assemble", "complete", "compute"]


def compute(config: TransformerConfig, arrays: Mapping[str, Any]) -> Trace:
    """The trace of a transformer block.

    Raises:
        OptionError, ShapeError: see :func:`complete`; an array that is needed and missing.
    """
    kind = AttentionConfig(mask_kind=config.mask_kind)
    masks = {n: meant(n, value, kind) for n, value in arrays.items() if n.endswith("mask") and value is not None}
    taken = take({**arrays, **masks}, apart=tuple(masks))
    full, needed = complete(config, {name: array.shape for name, array in taken.items()})
    full = full.replace(mask_kind=None)  # what the trace holds is added, whatever was given
    held, inside = forward(full, shaped(taken, needed, f"a transformer {full.block}"))
    tensors = {name: tensor for name, tensor in inside.items() if not tensor.is_recipe}
    return assemble(full, {**held_tensors(full, held), **tensors})


TRANSFORMER = Layer(
    name="transformer", title="Transformer block", config=TransformerConfig, arrays=ARRAYS,
    complete=complete, compute=compute, assemble=assemble, backward=backward, makes=makes, back=1.5,
    inner=inner,
    formula="x ← norm(x + attention(x)), x ← norm(x + W₂ φ(W₁ x + b₁) + b₂)",
    source="A. Vaswani et al., Attention Is All You Need (2017), figure 1",
)  # fmt: skip
