"""Alignment: an encoder and a decoder that looks back, with the words that it reads."""

from __future__ import annotations

from collections.abc import Mapping

from layeranim.engine.option import Choice, Words, option
from layeranim.engine.seq2seq import SEQ2SEQ, complete
from layeranim.engine.seq2seq.config import CELLS, Seq2SeqConfig
from layeranim.engine.trace import Shape
from layeranim.errors import ShapeError
from layeranim.records import dataclass


@dataclass(frozen=True, kw_only=True)
class AlignmentConfig(Seq2SeqConfig):
    """Options of an encoder–decoder that looks back at every step, as Bahdanau's does."""

    cell: str = option(Choice(tuple(CELLS)), "rnn", "the recurrent cell of both sides")
    attention: str = option(
        Choice(("dot", "scaled", "multiplicative", "additive")), "additive", "how the decoder looks back"
    )
    feeding: str = option(
        Choice(("teacher", "greedy")), "greedy", "the decoder reads the given target, or what it wrote last"
    )
    tokens: tuple[str, ...] | None = option(Words(), None, "the words that are read: separated by spaces, or a list")


def _complete(config: AlignmentConfig, shapes: Mapping[str, Shape | None]) -> tuple[Seq2SeqConfig, dict[str, Shape]]:
    """As an encoder–decoder's, ``source`` (batch, source_time, source_features); it writes one word more than it reads,
    the end, unless it is told how many.

    Raises ShapeError for a source of another length than its words.
    """
    words, given = len(config.tokens or ()), shapes.get("source")
    read = given[-2] if given is not None and len(given) > 1 else config.source_steps
    if words and read is not None and read != words:
        raise ShapeError(f"source has {read} steps, but there are {words} tokens")
    steps = config.source_steps or read or words or 4
    asked = config.target_steps or (None if shapes.get("target") is not None else steps + 1)
    return complete(config.replace(source_steps=steps, target_steps=asked), shapes)


ALIGNMENT = SEQ2SEQ.under("alignment", AlignmentConfig, complete=_complete)
"""The engine's layer; ``tokens`` name what it reads and change no number."""
