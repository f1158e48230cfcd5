"""Sentences that several heads read at once, each with its source."""

from __future__ import annotations

from layeranim.stories.attention.presets import TRAINED, words_of
from layeranim.stories.preset import Preset

_PLACES = [[1.0, 0.0, -1], [0.77, 0.64, 2], [0.17, 0.98, 0], [-0.5, 0.87, 0]]
"""Four places on a circle, 40° apart, and how good each word sounds."""
_BACK, _STAY, _ON, _ALL = ([[3.1, 2.6, 0], [-2.6, 3.1, 0]], [[4, 0, 0], [0, 4, 0]], [[3.1, -2.6, 0], [2.6, 3.1, 0]],
                           [[0, 0, 0], [0, 0, 0]])  # fmt: skip
"""Four times a turn by one place back, by none, by one place on; and a query that fits every key alike."""
_KEYS = [[5, 0, 0], [0, 5, 0]]

PRESETS = (
    Preset(
        "two-questions",
        "the cat sat down, read by two heads at once: sat finds cat in the one, down in the other",
        TRAINED,
        arrays=words_of("the cat sat down", "output"),
        takeaway="one head finds who, the other what happens: two questions to a text at once",
        unit=2,
    ),
    Preset(
        "neighbours",
        "four heads that look at the word before, the word itself, the word after, and all words: not finds good",
        "values ours: places as sine and cosine, a fixed distance is a turn; A. Vaswani et al. (2017), section 3.5",
        options={"heads": 4, "tokens": "not good at all"},
        arrays={
            "embeddings": _PLACES,
            "weight_query": [*_BACK, *_STAY, *_ON, *_ALL],
            "weight_key": _KEYS * 4,
            "weight_value": [[0, 0, 1]] * 4,
            "weight_output": [[0, 1, 0, 0], [1, 0, -1, 0], [0, 0, 0, 1]],
        },
        bound={"embeddings": ("tokens",)},
        takeaway="“not” stands before “good”: one head knows what it says, another what follows it",
        unit=0,
    ),
)
