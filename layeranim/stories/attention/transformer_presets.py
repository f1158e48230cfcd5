"""Sentences that go through one transformer block, each with its source."""

from __future__ import annotations

from typing import Any

from layeranim.stories import vocabulary
from layeranim.stories.preset import Made, Preset

SOURCE = (
    "attention ours: 38 words trained by data/train_words.py; feed-forward ours, by hand; A. Vaswani et al. (2017), "
    "arXiv:1706.03762, figure 1"
)


def _preset(name: str, summary: str, words: str, unit: int, options: dict[str, Any], context: str = "") -> Preset:
    weights = vocabulary.block("self", *(("cross",) if context else ()))
    arrays: dict[str, Any] = {"input": Made("words", vocabulary.embeddings, tuple(words.split()))}
    if context:
        arrays["context"] = Made("context_words", vocabulary.embeddings, tuple(context.split()))
        options = {**options, "context_words": context}
    return Preset(name, summary, SOURCE, options, {**arrays, **weights}, unit=unit,
                  bound=dict.fromkeys(weights, ("heads", "embed", "feedforward", "bias")))  # fmt: skip


PRESETS = (
    _preset(
        "encoder",
        "the cat sat down through one encoder block: sat finds cat and down, and keeps what it was",
        "the cat sat down",
        2,
        {},
    ),
    _preset(
        "pre-norm",
        "the same words, normalised before each sublayer: nothing on the lane itself is ever normalised",
        "the cat sat down",
        2,
        {"norm": "pre", "words": "the cat sat down"},
    ),
    _preset(
        "decoder",
        "she smiled, written after anna met bob was read: no word sees a later one, each looks at what was read",
        "she smiled",
        0,
        {"block": "decoder", "words": "she smiled"},
        "anna met bob",
    ),
)
