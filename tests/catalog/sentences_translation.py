"""The claims of the film of the alignment, recomputed from its trace."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from layeranim.stories.storyboard import Beat

from .sentences import Claim, Told

Match = re.Match[str]


def shares(told: Told) -> Any:
    return told["attention.weights"][told.work.film.place_in(len(told["attention.weights"])), 0]


def looked(told: Told) -> list[int]:
    """The word that is looked at most, for each that is written."""
    return [max(range(len(row)), key=lambda k: (row[k], -k)) for row in shares(told).tolist()]


def leap(told: Told, m: Match, beat: Beat) -> bool:
    k = beat.units[0]
    return k > 0 and looked(told)[k] - looked(told)[k - 1] - 1 == int(m[1]) > 0


def clear(told: Told) -> bool:
    return all(max(row) > sum(row) - max(row) for row in shares(told).tolist())


RANDOM = {"source": "random:6x2", "seed": 1}
KNOWN = ("ich", "habe", "ein", "bisschen", "deutsch", "gelernt", "gesehen")
ALIGNMENT = (
    Claim("for each word that it writes the decoder looks back at all that was read"),
    Claim(r"(.*) (?:is|are) not in the vocabulary: drawn at random, seed \d+",
          lambda t, m, b: not {*m[1].lower().split(", ")} & {*KNOWN},
          {"tokens": "ich habe ein Pferd gesehen"}, ({}, RANDOM)),
    Claim(r"the look leaps over (\d+) words?", leap, {}, ({"tokens": "gelernt"},)),
    Claim("the look goes back: the order of the words is another",
          lambda t, m, b: looked(t)[b.units[0]] < looked(t)[b.units[0] - 1],
          {"tokens": "ich habe gelernt ein Buch", "pace": "slow"}, ({"tokens": "gelernt"},)),
    Claim("the wider an arc, the larger its share; all shares of a word add up to 1",
          lambda t, m, b: abs(float(np.add.reduce(shares(t)[b.units[0]])) - 1) < 1e-4, {}, (), counts=True),
    Claim(r"(\d+) words? written: each mostly from one word that was read",
          lambda t, m, b: clear(t) and int(m[1]) == len(shares(t)), {}, (RANDOM,)),
    Claim(r"(\d+) words? written: each from a mixture of all that was read",
          lambda t, m, b: not clear(t) and int(m[1]) == len(shares(t)), RANDOM, ({},)),
    Claim("every (query|token|position|word) in the same way"),
    Claim("translation, speech, summaries: a long text need not fit into one state"),
)  # fmt: skip

CLAIMS = {"alignment": ALIGNMENT}
ARITHMETIC = ("step", "brief")
