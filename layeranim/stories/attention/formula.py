"""Attention in one line: how all scores are computed at once, and what makes weights of them."""

from __future__ import annotations

from layeranim import numbers
from layeranim.stories.attention.view import AttentionView
from layeranim.stories.storyboard import Fact, Line, Run

STAGES = ("score", "scale", "cap", "mask")
"""What happens to scores, in its order."""


def formula(view: AttentionView, upto: str = "mask") -> Line:
    """How all scores are computed at once, such as QKᵀ / √3 + M; ``upto``: as far as this of their stages."""
    config, last = view.config, STAGES.index(upto)
    runs = _compared(view) if last >= STAGES.index("scale") else _raw(view)
    if config.softcap is not None and last >= STAGES.index("cap"):
        text = f"{config.softcap:g}"
        runs = (Run(f"{text}{numbers.DOT}tanh(", source=Fact("softcap")), *runs,
                Run(f" / {text})", source=Fact("softcap")))  # fmt: skip
    return (*runs, Run(" + M")) if "masked" in view.chain and upto == "mask" else runs


def _raw(view: AttentionView) -> Line:
    """Queries and keys compared, before anything is done to the scores."""
    config = view.config
    if config.kind == "additive":
        return (Run("w·tanh(WQ + UK)"),)
    product = "RQ(RK)^{T}" if config.positional == "rotary" else "QK^{T}"
    return (Run("QWK^{T}" if config.kind == "multiplicative" else product, markup=True),)


def _compared(view: AttentionView) -> Line:
    """The same by √d, by a factor of the user's, or by the lengths of both."""
    config, runs = view.config, _raw(view)
    if config.kind == "cosine":
        return (Run("cos(RQ, RK)" if config.positional == "rotary" else "cos(Q, K)"),)
    if config.scale is not None:
        text = numbers.text(config.scale, numbers.style(config.scale))
        return (Run(f"{text}{numbers.DOT}", source=Fact("scale")), *runs)
    divided = Run(f" / √{config.features}", source=Fact("features"))
    return (*runs, divided) if "scaled" in view.chain else runs


def named_scores(view: AttentionView, upto: str = "mask") -> Line:
    """The name of the scores, with their formula as far as a stage."""
    return Run("scores  ", "ink", "semibold"), *formula(view, upto)


def output_formula(view: AttentionView, made: str) -> Line:
    """The layer in one line: a mixture of values by softmax, or the value of the best match."""
    start: Line = (Run(made, "result", "semibold"), Run(" = "))
    if view.config.lookup == "hard":
        return (*start, Run("V", "ink"), Run(" at the largest of ", "probability"), *formula(view))
    return (*start, Run("softmax(", "probability"), *formula(view), Run(")", "probability"), Run(" V", "ink"))


def named_weights(view: AttentionView) -> Line:
    """What makes weights of scores."""
    if view.config.lookup == "hard":
        return (Run("  1 at the largest"),)
    return Run("  softmax("), *formula(view), Run(")")
