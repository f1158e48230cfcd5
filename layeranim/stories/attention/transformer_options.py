"""A transformer block with the words that its tokens are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from layeranim.engine.option import Words, option
from layeranim.engine.trace import Shape
from layeranim.engine.transformer import TRANSFORMER, complete
from layeranim.engine.transformer.config import TransformerConfig
from layeranim.errors import OptionError, ShapeError
from layeranim.records import dataclass


@dataclass(frozen=True, kw_only=True)
class TransformerFilmConfig(TransformerConfig):
    """Options of a transformer block and of its picture."""

    words: tuple[str, ...] | None = option(Words(), None, "the words that are read: separated by spaces, or a list")
    context_words: tuple[str, ...] | None = option(Words(), None, "the words of the context (decoder)")


def _complete(
    config: TransformerFilmConfig, shapes: Mapping[str, Shape | None]
) -> tuple[TransformerFilmConfig, dict[str, Shape]]:
    """As a block's, ``input`` (batch, queries, embed); of words there is one for each token.

    Raises OptionError for words of a context that there is not, ShapeError for more or fewer words than tokens.
    """
    if config.context_words and config.block == "encoder":
        raise OptionError("context_words was given, but an encoder has no context; use block decoder")
    changes: dict[str, int] = {}
    for option_, words, array in (("tokens", config.words, "input"),
                                  ("context_tokens", config.context_words, "context")):  # fmt: skip
        asked, given = getattr(config, option_), shapes.get(array)
        count = given[-2] if given is not None and len(given) > 1 else asked
        if words and count is not None and count != len(words):
            name = "words" if array == "input" else "context_words"
            raise ShapeError(f"{name} has {len(words)}, but {array} has {count} tokens; give a word for each")
        if words and asked is None:
            changes[option_] = len(words)
    full, needed = complete(config.replace(**changes), shapes)
    return cast(TransformerFilmConfig, full), needed


TRANSFORMER_FILM = TRANSFORMER.under("transformer", TransformerFilmConfig, complete=_complete)
"""The engine's layer; ``words`` name its tokens and change no number."""
