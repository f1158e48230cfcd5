"""Small dictionaries to look things up in, each with its source."""

from __future__ import annotations

from layeranim.stories.preset import Preset

SOURCE = "values ours; D. Bahdanau et al. (2015), arXiv:1409.0473, for the mixture in place of a choice"
_ANIMALS = [[1.5, 0.5], [2, 0], [-1, 2]]

PRESETS = (
    Preset(
        "vectors",
        "two keys, two values: the query is nearer to the second key and gets 0.71, more of its value 1",
        "query [0, 0.9], keys [0, 0] and [0, 1], values 0 and 1: the common first example of a soft lookup",
        arrays={"query": [[0, 0.9]], "key": [[0, 0], [0, 1]], "value": [[0], [1]]},
        unit=0,
    ),
    Preset(
        "dictionary",
        "a dictionary as programs have it: dog fits one key, and what comes out is its value, 2",
        "database['dog'] → 2: each word is a direction of its own, and the best key takes all; values ours",
        options={"tokens": "dog", "key_tokens": "cat dog bird", "lookup": "hard"},
        arrays={"query": [[0, 1, 0]], "key": [[1, 0, 0], [0, 1, 0], [0, 0, 1]], "value": [[1], [2], [3]]},
        unit=0,
        title="Dictionary lookup",
    ),
    Preset(
        "alike",
        "how heavy is a puppy? No key is its word, but dog and cat are near: mostly a dog's 20, some of a cat's 4",
        SOURCE,
        options={"tokens": "puppy", "key_tokens": "cat dog bird"},
        arrays={"query": [[1.2, -0.2]], "key": _ANIMALS, "value": [[4], [20], [1]]},
        unit=0,
    ),
    Preset(
        "turning",
        "five queries that turn from one key to the other: the output goes from the one value to the other",
        SOURCE,
        arrays={
            "query": [[4, 0], [3.7, 1.5], [2.8, 2.8], [1.5, 3.7], [0, 4]],
            "key": [[1, 0], [0, 1]],
            "value": [[0], [10]],
        },
        unit=2,
    ),
)
