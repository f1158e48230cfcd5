"""Sentences to turn into rows of numbers, each with its source."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from layeranim.engine.embedding import numbered
from layeranim.stories import vocabulary
from layeranim.stories.preset import Made, Preset

SENTENCE = ("the", "cat", "saw", "the", "dog")


def _table(tokens: Sequence[str], seed: int) -> Any:
    """The trained row of every different word, in the order of their ids."""
    first = {i: word for word, i in reversed(list(zip(tokens, numbered(tokens), strict=True)))}
    return vocabulary.embeddings([first[i] for i in sorted(first)], seed)


PRESETS = (
    Preset(
        "sentence",
        "the cat saw the dog: each word's id picks its row of the table; the stands there twice, and so does its row",
        "rows ours: 38 words trained by data/train_words.py; Y. Bengio et al. (2003), section 2",
        arrays={"ids": Made("tokens", lambda words, seed: [numbered(words)], SENTENCE),
                "table": Made("tokens", _table, SENTENCE)},
        bound={"ids": ("table",), "table": ("ids", "vocabulary", "features")},
        unit=3,
    ),
    Preset(
        "numbers",
        "a batch of two rows of four ids out of eight, without words",
        "values ours",
        arrays={
            "ids": [[1, 2, 4, 5], [4, 3, 2, 7]],
            "table": [[0.1, -0.2, 0.3], [1, 0, -1], [0.4, 0.8, -0.6], [-0.5, 1.2, 0.7], [0.9, -0.9, 0.2],
                      [-1.1, 0.5, 0.6], [0, 0.3, -0.4], [1.3, 0.2, -0.8]],
        },
        unit=1,
    ),
)  # fmt: skip
