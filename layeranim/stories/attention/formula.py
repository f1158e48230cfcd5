"""Attention in one line: how all scores are computed at once, and what makes weights of them."""

from __future__ import annotations

from layeranim import numbers
from layeranim.stories.attention.view import AttentionView


def compared(view: AttentionView, upto: str = "masked") -> str:
    """How all scores are computed at once, such as QK^{T} / √3 + M, as far as a tensor of their chain."""
    chain = view.chain[: view.chain.index(upto) + 1] if upto in view.chain else view.chain
    text, config = _raw(view), view.config
    if "scaled" in chain:
        if config.kind == "cosine":
            text = "cos(RQ, RK)" if config.positional == "rotary" else "cos(Q, K)"
        elif config.scale is not None:
            text = f"{numbers.text(config.scale, numbers.style(config.scale))}{numbers.DOT}{text}"
        else:
            text = f"{text} / √{config.features}"
    if "capped" in chain:
        text = f"{config.softcap:g}{numbers.DOT}tanh({text} / {config.softcap:g})"
    return f"{text} + M" if "masked" in chain else text


def _raw(view: AttentionView) -> str:
    """Queries and keys compared, before anything is done to the scores."""
    if view.config.kind == "additive":
        return "w·tanh(WQ + UK)"
    if view.config.kind == "multiplicative":
        return "QWK^{T}"
    return "RQ(RK)^{T}" if view.config.positional == "rotary" else "QK^{T}"


def output_formula(view: AttentionView) -> str:
    """The layer in one line: a mixture of values by softmax, or the value of the best match."""
    made = "output" if view.mixture == "output" else "mixture"
    scores = compared(view).replace("^{T}", "ᵀ")
    hard = view.config.lookup == "hard"
    return f"{made} = V at the largest of {scores}" if hard else f"{made} = softmax({scores}) V"
