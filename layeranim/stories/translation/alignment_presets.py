"""German sentences to write in English, each with its source."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from layeranim.stories.preset import Made, Preset
from layeranim.stories.translation import lexicon

TRAINED = (
    "ours: an encoder–decoder trained on 200 sentences by data/train_translation.py; D. Bahdanau et al. (2015), "
    "arXiv:1409.0473, section 3"
)
LOOKING = {name: Made("attention", partial(lexicon.weight, name), "additive") for name in lexicon.WEIGHTS}
_SIZES = ("cell", "attention", "hidden", "input_size", "target_size", "classes", "bias", "feeding")


def _preset(name: str, summary: str, sentence: Sequence[str], unit: int, options: dict[str, str]) -> Preset:
    """A sentence under the trained weights; other sizes, or another way to look back, leave these out."""
    arrays = {"source": Made("tokens", lexicon.source, tuple(sentence)), **LOOKING}
    return Preset(name, summary, TRAINED, options, arrays, bound=dict.fromkeys(LOOKING, _SIZES), unit=unit)


PRESETS = (
    _preset(
        "learnt",
        "Ich habe ein bisschen Deutsch gelernt: for its third word, learnt, the decoder looks at the last one read",
        ["Ich", "habe", "ein", "bisschen", "Deutsch", "gelernt"],
        2,
        {},
    ),
    _preset(
        "bought",
        "Wir haben das Haus gekauft: a shorter sentence, the same turn of the words",
        ["Wir", "haben", "das", "Haus", "gekauft"],
        2,
        {"tokens": "Wir haben das Haus gekauft"},
    ),
)
