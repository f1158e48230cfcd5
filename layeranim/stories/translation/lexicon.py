"""The German and English words of ``data/translation.npz``, their embeddings and the weights trained on them.

``data/one_state.npz`` has the same words, and weights of an encoder–decoder that does not look back.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

from layeranim.engine.trace import Array
from layeranim.errors import OptionError
from layeranim.stories import vocabulary
from layeranim.stories.stored import stored
from layeranim.stories.storyboard import Telling
from layeranim.stories.vocabulary import chance, plain

STOP = "</s>"
WEIGHTS = (
    "target_embeddings", "weight_combine", "bias_combine", "weight_output", "bias_output",
    *(f"{side}.{name}" for side in ("encoder", "decoder") for name in ("weight_input", "weight_hidden", "bias_input")),
    *(f"attention.weight_score{part}" for part in ("_query", "_key", "")),
)  # fmt: skip
"""What was trained, by the layer's own names."""


LOOKING, ONE_STATE = "translation", "one_state"
"""The two models."""


@cache
def _arrays(model: str = LOOKING) -> dict[str, Array]:
    return {name: np.round(array.astype(np.float64), 2) if array.dtype.kind == "f" else array
            for name, array in stored(f"{model}.npz").items()}  # fmt: skip


@cache
def german() -> tuple[str, ...]:
    """The words that can be read."""
    return tuple(str(word) for word in _arrays()["german"])


@cache
def english() -> tuple[str, ...]:
    """The words that can be written, in the order of their numbers."""
    return tuple(str(word) for word in _arrays()["english"])


def called(number: int) -> str:
    """The English word of that number; the end in brackets."""
    return "(end)" if english()[number] == STOP else english()[number]


def known(word: str) -> bool:
    """Whether the German word was trained, in small or large letters."""
    return plain(word) in _places()


def strange(telling: Telling) -> str:
    """What is said of words that were not trained, where a preset draws them."""
    return vocabulary.strange(telling.config.tokens or (), telling.seed, known=known) if telling.preset else ""


def source(text: Sequence[str], seed: int, model: str = LOOKING) -> Array:
    """The embedding of every word: (words, features). An unknown word draws one, its own under every seed."""
    table = _arrays(model)["source_embeddings"]
    return np.array(
        [table[_places()[plain(word)]] if known(word) else chance(word, seed, table).round(2) for word in text]
    )


def weight(name: str, attention: str, seed: int) -> Array:
    """A trained weight. Raises OptionError for a model that looks back in another way."""
    if attention != "additive":
        raise OptionError(f"attention is {attention}, but the trained words look back by additive attention")
    return _arrays()[name]


def one_state(name: str, attention: str, seed: int) -> Array:
    """A trained weight of the model that does not look back. Raises OptionError for one that does."""
    if attention != "none":
        raise OptionError(f"attention is {attention}, but these trained words were read without looking back")
    return _arrays(ONE_STATE)[name]


def taught(text: Sequence[str], seed: int) -> Array:
    """What a decoder of one state reads that is told the right words, one late: (words, features).

    Raises OptionError for a sentence whose translation is not known: of three known words.
    """
    subjects, done = {"ich": "I", "du": "you", "wir": "we", "sie": "she"}, dict(_DONE)
    who, _, verb = (plain(word) for word in text) if len(text) == 3 else ("", "", "")
    if who not in subjects or verb not in done:
        raise OptionError("the right words are known of three alone, such as ich habe gelernt; give a target")
    read = ["<s>", subjects[who], "has" if who == "sie" else "have", done[verb]]
    return np.array([_arrays(ONE_STATE)["target_embeddings"][english().index(word)] for word in read])


_DONE = (("gelernt", "learnt"), ("gehört", "heard"), ("gelesen", "read"), ("gesehen", "seen"), ("gekauft", "bought"))


@cache
def _places() -> dict[str, int]:
    return {word.casefold(): i for i, word in enumerate(german())}
