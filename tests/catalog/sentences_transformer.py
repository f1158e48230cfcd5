"""The claims of the film of a transformer block, recomputed from its trace."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from layeranim.stories.storyboard import Beat

from .sentences import Claim, Told

Match = re.Match[str]
DECODER = {"example": "decoder"}


def seen(told: Told, beat: Beat) -> list[int]:
    """The places that a word looks at, in any head."""
    at = told.work.film.place_in(len(told["input"]))
    every: Any = told["self.weights"][at][:, told.query(beat)]
    return [int(k) for k in np.flatnonzero((every > 0).any(axis=0))]


def decoder(told: Told, m: Match, beat: Beat) -> bool:
    return "context" in told.trace


TRANSFORMER = (
    Claim("every word has a lane: what a sublayer finds is added to it"),
    Claim("this word sees only itself", lambda t, m, b: seen(t, b) == [t.query(b)], DECODER, ({},)),
    Claim("words talk: each takes in a mixture of those up to itself",
          lambda t, m, b: max(seen(t, b)) == t.query(b) > 0, {"causal": True, "follow": 2}, ({},)),
    Claim("words talk: each takes in a mixture of others", lambda t, m, b: seen(t, b) != [t.query(b)], {}, (DECODER,)),
    Claim("keys and values come from what was read before", decoder, DECODER, ({},)),
    Claim("added to the lane: what was there stays in the sum"),
    Claim("it reads a normalised copy; the lane stays as it is", lambda t, m, b: t.config.norm == "pre",
          {"example": "pre-norm"}, ({},)),
    Claim("mean 0, deviation 1, then γ and β", lambda t, m, b: t.config.norm == "post", {},
          ({"example": "pre-norm"},)),
    Claim("each word alone: its units see no other word"),
    Claim(r"(\d+) (?:words?|tokens?): they talk, think alone, and keep what they were",
          lambda t, m, b: int(m[1]) == t["input"].shape[1] > 1, {}, ({"words": "cat"},)),
    Claim(r"1 (?:word|token): it thinks alone, and keeps what it was",
          lambda t, m, b: t["input"].shape[1] == 1, {"words": "cat"}, ({},)),
    Claim("every (query|token|position|word) in the same way"),
    Claim(r"(.*) (?:is|are) not in the vocabulary: drawn at random, seed \d+",
          lambda t, m, b: not {*m[1].lower().split(", ")} & {"a", "the", "sat", "cat", "down"},
          {"words": "the robot sat"}, ({},)),
    Claim("language models: dozens of such blocks, one on another"),
)  # fmt: skip

CLAIMS = {"transformer": TRANSFORMER}
ARITHMETIC = ("step", "brief")
