"""The words that the bundled attention was trained on (``data/words.npz``), their embeddings and its matrices."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any

import numpy as np

from layeranim import typeface
from layeranim.engine.trace import Array
from layeranim.errors import OptionError
from layeranim.stories.stored import stored

WORDS = "words.npz"
_ENDS = ".,;:!?\"'()"


@cache
def _ids() -> dict[str, int]:
    return {str(word): i for i, word in enumerate(stored(WORDS)["words"])}


def plain(word: str) -> str:
    """A word as the vocabulary has it: small letters, without the sentence's marks."""
    return word.casefold().strip(_ENDS)


def known(word: str) -> bool:
    """Whether the word has a trained embedding."""
    return plain(word) in _ids()


def words() -> tuple[str, ...]:
    """The words that have a trained embedding."""
    return tuple(_ids())


def embeddings(text: Sequence[str], seed: int) -> Array:
    """The embedding of every word: (words, 4). An unknown word draws one, its own under every seed."""
    table = stored(WORDS)["embeddings"]
    return np.array([table[_ids()[plain(word)]] if known(word) else _drawn(word, seed, table) for word in text])


def _drawn(word: str, seed: int, table: Array) -> Array:
    """Numbers like the table's, in the same tenths."""
    return np.asarray(np.round(chance(word, seed, table) / 0.2) * 0.2).round(1) + 0.0


def chance(word: str, seed: int, table: Array) -> Array:
    """A row of numbers as far from 0 as the table's, the word's own under every seed."""
    rng = np.random.default_rng([seed, zlib.crc32(plain(word).encode("utf-8", "replace"))])
    return np.asarray(rng.normal(0, table.std(), table.shape[1]))


def matrix(part: str, heads: int) -> Array:
    """``query``, ``key``, ``value`` or ``output``: the trained matrix for one head or two.

    Raises OptionError for other numbers of heads.
    """
    name = f"weight_{part}_{heads}"
    if name not in stored(WORDS):
        raise OptionError(f"heads is {heads}, but the trained words have matrices for 1 and 2 heads")
    return stored(WORDS)[name]


def block(*attentions: str) -> dict[str, Any]:
    """The weights of a transformer block: trained attention of two heads, norms that only normalise, and a feed-forward
    by hand: a unit for each feature that is over 0.5, and for each under −0.5."""
    same, parts = np.eye(4), ("query", "key", "value", "output")
    inside = {f"{name}.{kind}_{part}": matrix(part, 2) if kind == "weight" else [0.0] * 4
              for name in attentions for kind in ("weight", "bias") for part in parts}  # fmt: skip
    forward = {"weight_expand": np.vstack([same, -same]).tolist(), "bias_expand": [-0.5] * 8,
               "weight_contract": np.hstack([same, -same]).tolist(), "bias_contract": [0.0] * 4}  # fmt: skip
    norms = {f"{name}_norm.{part}": [value] * 4 for name in (*attentions, "feedforward")
             for part, value in (("gamma", 1.0), ("beta", 0.0))}  # fmt: skip
    return {**inside, **{f"feedforward.{key}": value for key, value in forward.items()}, **norms}


def from_here(text: Sequence[str], rows: Array, seed: int) -> bool:
    """Whether these embeddings are the ones of the text's words."""
    ours = embeddings(text, seed)
    return ours.shape == rows.shape and bool(np.array_equal(ours, rows))


def strange(text: Iterable[str], seed: int, most: int = 16, known: Callable[[str], bool] = known) -> str:
    """What is said of words that are not ``known``, ``most`` letters of each; nothing where all are."""
    words = [*dict.fromkeys(typeface.draw_safe(word, most) for word in text if not known(word))]
    listed = ", ".join(words[:3]) + (f" and {len(words) - 3} more" if words[3:] else "")
    verb = "is" if len(words) == 1 else "are"
    return f"{listed} {verb} not in the vocabulary: drawn at random, seed {seed}" if words else ""


def undrawn(text: str) -> tuple[str, ...]:
    """A warning with its remedy if the font lacks characters of a text."""
    lost = typeface.lost(text)
    said = f"some characters of the tokens are drawn as {typeface.BOX}: the font has no {lost}"
    return (f"{said}; --font FILE brings one that has them (font= in Python)",) if lost else ()


def cut(words: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """A warning if words have less room than they need: pairs of a word and how it is drawn."""
    short = list(dict.fromkeys(drawn for word, drawn in words if drawn != word and drawn.endswith(typeface.ELLIPSIS)))
    listed = ", ".join(short[:4]) + (f" and {len(short) - 4} more" if short[4:] else "")
    return (f"some tokens are cut on screen for want of room: {listed}",) if short else ()
