"""Sentences that go through one transformer block, each with its source."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from layeranim.stories import vocabulary
from layeranim.stories.preset import Made, Preset

SOURCE = (
    "attention ours: 38 words trained by data/train_words.py; feed-forward ours, by hand; A. Vaswani et al. (2017), "
    "arXiv:1706.03762, figure 1"
)
_EYE = [[float(i == k) for k in range(4)] for i in range(4)]


def _attention(name: str) -> dict[str, Any]:
    """The trained matrices of two heads, without biases."""
    parts = ("query", "key", "value", "output")
    matrices = {f"{name}.weight_{part}": vocabulary.matrix(part, 2) for part in parts}
    return {**matrices, **{f"{name}.bias_{part}": [0.0] * 4 for part in parts}}


def _weights(*attentions: str) -> dict[str, Any]:
    """All weights: norms that only normalise; a unit for each feature that is over 0.5, and for each under −0.5."""
    below = [[-one for one in row] for row in _EYE]
    norms = {f"{name}_norm.{part}": [value] * 4 for name in (*attentions, "feedforward")
             for part, value in (("gamma", 1.0), ("beta", 0.0))}  # fmt: skip
    forward = {"weight_expand": [*_EYE, *below], "bias_expand": [-0.5] * 8, "bias_contract": [0.0] * 4,
               "weight_contract": [[*a, *b] for a, b in zip(_EYE, below, strict=True)]}  # fmt: skip
    inside = {key: value for name in attentions for key, value in _attention(name).items()}
    return {**inside, **norms, **{f"feedforward.{key}": value for key, value in forward.items()}}


def _preset(name: str, summary: str, words: str, unit: int, options: dict[str, Any], context: str = "") -> Preset:
    weights = _weights("self", "cross") if context else _weights("self")
    arrays: dict[str, Any] = {"input": Made("words", vocabulary.embeddings, tuple(words.split()))}
    if context:
        arrays["context"] = Made("context_words", _context, tuple(context.split()))
        options = {**options, "context_words": context}
    return Preset(name, summary, SOURCE, options, {**arrays, **weights}, unit=unit,
                  bound=dict.fromkeys(weights, ("heads", "embed", "feedforward", "bias")))  # fmt: skip


def _context(words: Sequence[str], seed: int) -> Any:
    return vocabulary.embeddings(words, seed)


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
