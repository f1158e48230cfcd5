"""Why one would use a recurrent layer: the last sentence of its film, by what is special in its options."""

from __future__ import annotations

from layeranim.engine.recurrent.config import GruConfig, LstmConfig, RecurrentConfig, kind_of

GOOD_FOR = {
    "rnn": "for short sequences: the same few weights at every step, but what is old fades",
    "gru": "for text, speech, sensors: a long memory, fewer weights than an LSTM",
    "lstm": "for text, speech, sensors: what matters is kept over long gaps",
}
GENERATE = "for making a sequence from one start: a caption from a picture"
EACH = "for an answer at every step: the next word, the state of a machine"
EACH_BOTH = "for an answer at every step that knows past and future: tagging words"
ONE = "for one answer about a whole sequence: the mood of a text, a fault in a signal"
BOTH = "for sequences that are there as a whole: every step knows past and future"
BOTH_ENDS = "for a summary of a whole sequence, read from both of its ends"
DEEP = "for patterns made of patterns, as in speech: each layer reads the one before"
STATE = "for handing on what was read, as an encoder does: the state sums it up"
LAST = "for a summary of a whole sequence: one vector for whatever comes next"
PRINTED = "as printed, the input reaches no candidate: reset-after learns from it"
FIRST_FORM = "for weights of the GRU of 2014 (Keras: reset_after=False)"
PEEPHOLES = "for rhythms and intervals: gates that see the memory can count steps"
PROJECTION = "for a large memory at less cost: the small state keeps the weights few"


def good_for(config: RecurrentConfig) -> str:
    """What a layer with these options is good for."""
    return _handed_on(config) or _inside(config) or GOOD_FOR[kind_of(config)]


def _handed_on(config: RecurrentConfig) -> str:
    """By what it reads and hands on."""
    if config.mode == "one-to-many":
        return GENERATE
    if config.classes is not None and config.returns == "sequences":
        return EACH_BOTH if config.bidirectional else EACH
    if config.classes is not None:
        return ONE
    if config.bidirectional:
        return BOTH if config.returns == "sequences" else BOTH_ENDS
    return {"state": STATE, "last": LAST}.get(str(config.returns), "")


def _inside(config: RecurrentConfig) -> str:
    """By its layers and its cell."""
    if isinstance(config, GruConfig) and config.variant == "glossary":
        return PRINTED
    if config.layers > 1:
        return DEEP
    if isinstance(config, GruConfig) and config.variant == "reset-before":
        return FIRST_FORM
    if isinstance(config, LstmConfig) and config.projection is not None:
        return PROJECTION
    return PEEPHOLES if isinstance(config, LstmConfig) and config.peepholes else ""
