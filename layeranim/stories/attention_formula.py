"""Attention in one line: how all scores are computed at once, and what makes weights of them."""

from __future__ import annotations

from layeranim import numbers
from layeranim.stories.attention_view import AttentionView
from layeranim.stories.storyboard import Fact, Line, Run


def formula(view: AttentionView) -> Line:
    """How all scores are computed at once, such as QKᵀ / √3."""
    config = view.config
    if config.kind == "additive":
        return (Run("w·tanh(WQ + UK)"),)
    if config.kind == "cosine":
        return (Run("cos(Q, K)"),)
    product = "RQ(RK)^{T}" if config.positional == "rotary" else "QK^{T}"
    product = "QWK^{T}" if config.kind == "multiplicative" else product
    runs = (Run(product, markup=True),)
    if config.scale is not None:
        text = numbers.text(config.scale, numbers.style(config.scale))
        return (Run(f"{text}{numbers.DOT}", source=Fact("scale")), *runs)
    divided = Run(f" / √{config.features}", source=Fact("features"))
    return (*runs, divided) if "scaled" in view.chain else runs


def named_scores(view: AttentionView, raw: bool = False) -> Line:
    """The name of the scores, with their formula; ``raw``: before they are divided by √d or by the lengths."""
    runs = formula(view)
    if raw and "scaled" in view.chain:
        runs = (Run("QK^{T}", markup=True),) if view.config.kind == "cosine" else tuple(r for r in runs if r.markup)
    return Run("scores  ", "ink", "semibold"), *runs


def softmax(view: AttentionView) -> str:
    """What makes weights of scores."""
    return "softmax" if view.config.lookup == "soft" else "argmax"
