"""Ready sentences under a small trained attention, each with its source."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from layeranim.stories import vocabulary
from layeranim.stories.preset import Made, Preset

TRAINED = "ours: 38 words trained on sentence patterns by data/train_words.py; A. Vaswani et al. (2017), equation 1"


def _matrix(part: str, heads: int, seed: int) -> Any:
    return vocabulary.matrix(part, heads)


def words_of(sentence: str, *more: str) -> Mapping[str, Any]:
    """Embeddings of a sentence's words, and the trained matrices for the number of heads that is asked for."""
    parts = ("query", "key", "value", *more)
    matrices = {f"weight_{part}": Made("heads", partial(_matrix, part)) for part in parts}
    context = Made("key_tokens", vocabulary.embeddings, optional=True)
    return {"embeddings": Made("tokens", vocabulary.embeddings, sentence), "context": context, **matrices}


PRESETS = (
    Preset(
        "sentence",
        "the cat sat down: every word finds the word it belongs with",
        TRAINED,
        arrays=words_of("the cat sat down"),
        takeaway="“sat” finds “cat”, “down” finds “sat”: any word may read any other",
        unit=2,
    ),
    Preset(
        "pronoun",
        "anna met bob and she smiled: she finds anna; try he in --tokens",
        TRAINED,
        arrays=words_of("anna met bob and she smiled"),
        takeaway="“she” finds “anna”, however far away: so language models keep track of who is who",
        unit=4,
    ),
    Preset(
        "causal",
        "the same sentence with a causal mask: no word sees a later one, as in a language model",
        TRAINED,
        options={"causal": True},
        arrays=words_of("the cat sat down"),
        takeaway="no word sees a later one: so a language model learns to guess the next word",
        unit=2,
    ),
    Preset(
        "heads",
        "two heads: the first finds who, the second what happens",
        TRAINED,
        options={"heads": 2},
        arrays=words_of("the cat sat down", "output"),
        takeaway="one head finds who, the other what happens: two questions to a text at once",
        unit=2,
    ),
    Preset(
        "long",
        "eleven words as colours, with a lens on each row",
        TRAINED,
        arrays=words_of("anna met the queen because bob dropped the glass and ran"),
        takeaway="any word may read any other, near or far: language models rest on it",
        unit=10,
    ),
)
