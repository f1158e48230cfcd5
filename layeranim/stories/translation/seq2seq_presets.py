"""Sequences to read and to write, each with its source."""

from __future__ import annotations

from functools import partial
from typing import Any

from layeranim.engine.trace import Array
from layeranim.stories.preset import Made, Preset
from layeranim.stories.translation import lexicon
from layeranim.stories.translation.alignment_presets import TRAINED

_SIZES = ("cell", "attention", "hidden", "input_size", "target_size", "classes", "bias", "feeding")
_WEIGHTS = {name: Made("attention", partial(lexicon.weight, name), "additive") for name in lexicon.WEIGHTS}
_WORDS = ("Ich", "habe", "gelernt")


def _read(_: Any, seed: int) -> Array:
    """The embeddings of the sentence."""
    return lexicon.source(_WORDS, seed)


PRESETS = (
    Preset("one-state", "three steps are read into three numbers, and three words written from these alone",
           "values ours; I. Sutskever et al. (2014), arXiv:1409.3215: the fixed context vector",
           arrays={"source": [[1, 0], [0, 1], [1, 1]], "target": [[0, 0], [3, -1], [-1, 3]]},
           bound={"source": ("input_size", "source_steps"), "target": ("target_size", "target_steps", "feeding")},
           unit=1),
    Preset("looking-back", "trained weights: Ich habe gelernt becomes I have learnt; each word looks back", TRAINED,
           options={"attention": "additive", "feeding": "greedy", "cell": "rnn", "target_steps": 4},
           arrays={"source": Made("attention", _read, "additive"), **_WEIGHTS},
           bound={**dict.fromkeys(_WEIGHTS, _SIZES), "source": ("input_size", "source_steps")}, unit=2,
           title="Encoder–decoder that looks back"),
)  # fmt: skip
