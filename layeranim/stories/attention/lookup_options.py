"""Soft lookup: attention as it is, with the plain dot product as the usual comparison."""

from __future__ import annotations

from layeranim.engine.attention import ATTENTION
from layeranim.engine.attention.config import KINDS, AttentionConfig
from layeranim.engine.option import Choice, option
from layeranim.records import dataclass


@dataclass(frozen=True, kw_only=True)
class LookupConfig(AttentionConfig):
    """Options of a soft lookup: those of attention."""

    kind: str = option(Choice(KINDS), "dot", "how a query and a key are compared")


LOOKUP = ATTENTION.under("attention-lookup", LookupConfig)
"""The engine's layer, with another default; no arithmetic of its own."""
