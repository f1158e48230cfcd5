"""German sentences to read and to write in English, each with its source."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from layeranim.engine.trace import Array
from layeranim.stories.preset import Made, Preset
from layeranim.stories.translation import lexicon
from layeranim.stories.translation.alignment_presets import LOOKING, TRAINED

ONE_STATE = "ours: trained by data/train_one_state.py; I. Sutskever et al. (2014), arXiv:1409.3215: one fixed state"
_SIZES = ("cell", "attention", "hidden", "input_size", "target_size", "classes", "bias")
_BOTH = ("target_embeddings", "weight_output", "bias_output")
_CELLS = tuple(f"{side}.{name}" for side in ("encoder", "decoder")
               for name in ("weight_input", "weight_hidden", "bias_input", "bias_hidden"))  # fmt: skip


def _read(words: Sequence[str], seed: int) -> Array:
    """The embeddings of a sentence for the model that has one state."""
    return lexicon.source(words, seed, lexicon.ONE_STATE)


def _weights(*names: str) -> dict[str, Made]:
    return {name: Made("attention", partial(lexicon.one_state, name)) for name in names}


_BOOK = ("Ich", "habe", "ein", "Buch", "gelesen")
_SHORT = ("Ich", "habe", "gelernt")

PRESETS = (
    Preset(
        "one-state",
        "Ich habe gelernt becomes I have learnt: all that is read goes through one state of six numbers",
        ONE_STATE,
        arrays={"source": Made("tokens", _read, _SHORT), "target": Made("tokens", lexicon.taught, _SHORT),
                **_weights(*_BOTH[1:], *_CELLS)},
        bound={**dict.fromkeys((*_BOTH[1:], *_CELLS), _SIZES), "source": ("input_size", "source_steps"),
               "target": ("source", "target_size", "target_steps", "feeding")},
        unit=1,
    ),
    Preset(
        "too-long",
        "Ich habe ein Buch gelesen through the same six numbers: a word goes wrong, a house for a book",
        ONE_STATE,
        options={"feeding": "greedy", "target_steps": 6, "tokens": " ".join(_BOOK)},
        arrays={"source": Made("tokens", _read, _BOOK), **_weights(*_BOTH, *_CELLS)},
        bound={**dict.fromkeys((*_BOTH, *_CELLS), _SIZES), "source": ("input_size", "source_steps")},
        takeaway="a house for a book: more was read than one small state could hold",
        unit=4,
    ),
    Preset(
        "looking-back",
        "trained weights: Ich habe ein Buch gelesen becomes I have read a book; each word looks back",
        TRAINED,
        options={"attention": "additive", "feeding": "greedy", "cell": "rnn", "target_steps": 6,
                 "tokens": " ".join(_BOOK)},
        arrays={"source": Made("tokens", lexicon.source, _BOOK), **LOOKING},
        bound={**dict.fromkeys(LOOKING, (*_SIZES, "feeding")), "source": ("input_size", "source_steps")},
        unit=2,
        title="Encoder–decoder that looks back",
    ),
)  # fmt: skip
