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


def moments(told: Told, beat: Beat) -> bool:
    """Whether what a word's lane holds is normalised last: squares of mean 1, and unless it is an rms norm mean 0."""
    every: Any = told["feedforward_norm.normalised"]
    x = every[told.work.film.place_in(len(every)), told.query(beat)]
    centred = told.config.norm_kind == "rms" or np.isclose(x.mean(), 0, atol=1e-5)
    return bool(told.config.norm == "post" and np.isclose((x * x).mean(), 1, atol=0.05) and centred)


def gated(told: Told) -> bool:
    """Whether the units are what they were, times their gates."""
    f = "feedforward."
    return np.allclose(told[f + "expanded"], told[f + "gate"] * told[f + "expanded_pre"], rtol=1e-5)


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
    Claim("mean 0, deviation 1, then γ( and β)?",
          lambda t, m, b: bool(m[1]) == ("feedforward_norm.beta" in t.trace) and moments(t, b),
          {}, ({"example": "pre-norm"}, {"norm_kind": "rms"})),
    Claim("the mean of its squares becomes 1, then γ", lambda t, m, b: moments(t, b), {"norm_kind": "rms"}, ({},)),
    Claim("each word alone: its units see no other word"),
    Claim("each unit is multiplied by its gate", lambda t, m, b: gated(t), {"activation": "swiglu"}, ({},)),
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
