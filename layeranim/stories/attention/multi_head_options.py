"""Multi-head attention: attention as it is, with two heads as the usual number."""

from __future__ import annotations

from layeranim.engine.attention import ATTENTION
from layeranim.engine.attention.config import AttentionConfig
from layeranim.engine.option import Integer, option
from layeranim.records import dataclass


@dataclass(frozen=True, kw_only=True)
class MultiHeadConfig(AttentionConfig):
    """Options of several heads: those of attention."""

    heads: int = option(Integer(1), 2, "heads, each with its own queries, keys and values", aliases=("num_heads",))


MULTI_HEAD = ATTENTION.under("multi-head", MultiHeadConfig)
"""The engine's layer, with another default; no arithmetic of its own."""
