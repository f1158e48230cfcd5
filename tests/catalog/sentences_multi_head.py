"""The claims of the film of several heads, recomputed from its trace."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np

from layeranim.stories.storyboard import Beat

from .sentences import Claim, Told
from .sentences_attention import heaviest

Match = re.Match[str]


def weights(told: Told) -> Any:
    return told["weights"][told.work.film.place_in(len(told["weights"]))]


def heads(told: Told) -> int:
    return int(weights(told).shape[0])


def apart(told: Told, m: Match, beat: Beat) -> bool:
    """Every head has one best word, and no two of them the same."""
    rows = weights(told)[:, told.query(beat)]
    best = [set(np.flatnonzero(row == row.max()).tolist()) for row in rows]
    return all(len(one) == 1 for one in best) and len(set.union(*best)) == len(rows) > 1


def own(told: Told, m: Match, beat: Beat) -> bool:
    """How many queries, keys and values a word has."""
    kept = told["key"].shape[1]
    said = [int(n) for n in re.findall(r"\d+", m[0])]
    return said == [heads(told), kept, kept] and told["value"].shape[1] == kept


def clearest(told: Told, m: Match, beat: Beat) -> bool:
    """No head that is not drawn shares out its weights less evenly than one that is."""
    shown = [int(name.partition(":")[2]) for name in told.board.grids if name.startswith("weights:")]
    rows = weights(told)[:, told.query(beat)]
    spread = np.array([-sum(w * math.log(w) for w in row if w > 0) for row in rows])
    return len(shown) < len(rows) and bool(spread[shown].max() <= np.delete(spread, shown).min() + 1e-12)


LONG = {"queries": 50, "features": 8, "heads": 4, "show": "heads=2"}
SIX = {"queries": 6, "features": 12, "heads": 6}

MULTI_HEAD = (
    Claim("every (word|query) asks several questions at once", lambda t, m, b: heads(t) > 1, {}, ({"heads": 1},)),
    Claim("every (word|query) asks one question", lambda t, m, b: heads(t) == 1, {"heads": 1}, ({},)),
    Claim(r"every (word|token) has \d+ (query|queries), \d+ keys? and \d+ values?", own, counts=True),
    Claim("each head makes its own, by its own rows of the matrices",
          lambda t, m, b: heads(t) > 1 and t["weight_query"].shape[0] == heads(t) * t["query"].shape[-1], {},
          ({"heads": 1}, {"query": "random:3x4", "key": "random:3x4", "value": "random:3x4"})),
    Claim("the same word, several questions at once: every head finds another word",
          lambda t, m, b: apart(t, m, b) and bool(t.config.tokens), {},
          ({"heads": 1}, {"example": "neighbours"}, {"queries": 2, "keys": 3})),
    Claim("the same query, several questions at once: every head finds another key",
          lambda t, m, b: apart(t, m, b) and not t.config.tokens, {"queries": 2, "keys": 3}, ({},)),
    Claim("the heads drawn are those that choose most clearly here", clearest, SIX,
          ({}, {**SIX, "show": "heads=1,2"}, {**SIX, "heads": 4})),
    Claim("the keys drawn are those with the largest weights here", heaviest, LONG,
          ({}, {**LONG, "show": "keys=1,2"}, {**LONG, "queries": 40})),
    Claim("the wider an arc, the larger its weight", lambda t, m, b: t.config.tokens is not None,
          {"example": "neighbours"}, ({"query": "random:3x4", "key": "random:3x4", "value": "random:3x4"},)),
    Claim("each head takes a mixture of values of its own", lambda t, m, b: heads(t) > 1, {"example": "neighbours"},
          ({"heads": 1},)),
    Claim("what the heads took stands side by side", lambda t, m, b: heads(t) > 1 and "joined" in t.trace,
          {"example": "neighbours"},
          ({"heads": 1}, {"query": "random:3x4", "key": "random:3x4", "value": "random:3x4"})),
    Claim("the matrix mixes what all heads took", lambda t, m, b: heads(t) > 1 and "weight_output" in t.trace,
          {"example": "neighbours"},
          ({"heads": 1}, {"query": "random:3x4", "key": "random:3x4", "value": "random:3x4"})),
    Claim("every (query|token|position|word) in the same way"),
    Claim(r"(\d+) heads?, (\d+) (?:words?|query|queries): asked at once, answered side by side",
          lambda t, m, b: (int(m[1]), int(m[2])) == weights(t).shape[:2] and heads(t) > 1, {}, ({"heads": 1},)),
    Claim(r"1 head, (\d+) (?:words?|query|queries): one question, one answer each",
          lambda t, m, b: int(m[1]) == weights(t).shape[1] and heads(t) == 1, {"heads": 1}, ({},)),
    Claim(r"(.*) (?:is|are) not in the vocabulary: drawn at random, seed \d+",
          lambda t, m, b: "robot" in m[1].lower(), {"tokens": "the robot sat"}, ({},)),
    Claim("language models: each head follows a relation of its own between the words",
          lambda t, m, b: heads(t) > 1, {"tokens": "the cat sat"}, ({"heads": 1},)),
    Claim("one head follows one relation between the words: models have dozens of them",
          lambda t, m, b: heads(t) == 1, {"heads": 1}, ({},)),
    Claim("one head finds who, the other what happens: two questions to a text at once",
          lambda t, m, b: heads(t) == 2 and [int(row.argmax()) for row in weights(t)[:, 2]] == [1, 3], {},
          ({"heads": 1}, {"example": "neighbours"})),
    Claim("“not” stands before “good”: one head knows what it says, another what follows it",
          lambda t, m, b: [int(row.argmax()) for row in weights(t)[1:3, 0]] == [0, 1],
          {"example": "neighbours"}, ({},)),
)  # fmt: skip

CLAIMS = {"multi-head": MULTI_HEAD}
ARITHMETIC = ("step", "brief")
