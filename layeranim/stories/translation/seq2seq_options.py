"""An encoder–decoder with the words that it reads."""

from __future__ import annotations

from collections.abc import Mapping

from layeranim.engine.option import Words, option
from layeranim.engine.seq2seq import SEQ2SEQ, complete
from layeranim.engine.seq2seq.config import Seq2SeqConfig
from layeranim.engine.trace import Shape
from layeranim.errors import ShapeError
from layeranim.records import dataclass


@dataclass(frozen=True, kw_only=True)
class Seq2SeqFilmConfig(Seq2SeqConfig):
    """Options of an encoder–decoder and of its picture."""

    tokens: tuple[str, ...] | None = option(Words(), None, "the words that are read: separated by spaces, or a list")


def _complete(config: Seq2SeqFilmConfig, shapes: Mapping[str, Shape | None]) -> tuple[Seq2SeqConfig, dict[str, Shape]]:
    """As an encoder–decoder's, ``source`` (batch, source_time, source_features), with a word for each of its steps.

    Raises ShapeError for a source of another length than its words.
    """
    words, given = len(config.tokens or ()), shapes.get("source")
    steps = given[-2] if given is not None and len(given) > 1 else config.source_steps
    if words and steps is not None and steps != words:
        raise ShapeError(f"source has {steps} steps, but there are {words} tokens")
    return complete(config.replace(source_steps=config.source_steps or words or None), shapes)


SEQ2SEQ_FILM = SEQ2SEQ.under("seq2seq", Seq2SeqFilmConfig, complete=_complete)
"""The engine's layer; ``tokens`` name what it reads and change no number."""
