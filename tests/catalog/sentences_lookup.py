"""The claims of the film of the soft lookup, recomputed from its trace."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from layeranim.stories.storyboard import Beat

from .sentences import Claim, Told

Match = re.Match[str]
PAIR = {"query": "1 2", "key": "1 0; 0 1", "value": "3; 4"}


def hard(told: Told) -> bool:
    return str(told.config.lookup) == "hard"


def row(told: Told, tensor: str, beat: Beat) -> Any:
    at = told.work.film.place_in(len(told["weights"]))
    return told[tensor][at, 0, beat.units[0] if len(beat.units) else 0]


def scores(told: Told, beat: Beat) -> Any:
    """What the softmax reads of a query."""
    return row(told, next(name for name in ("masked", "capped", "scaled", "scores") if name in told.trace), beat)


def kept(told: Told) -> Any:
    """The shares of all queries that are told."""
    return told["weights"][told.work.film.place_in(len(told["weights"])), 0]


def mixture(told: Told, m: Match, beat: Beat) -> bool:
    return not hard(told) and int(m[1]) == told["key"].shape[2] > 1


def factor(told: Told) -> float:
    c = told.config
    return abs(float(c.scale)) if c.scale is not None else float(told["query"].shape[-1]) ** -0.5


LOOKUP = (
    Claim("a query goes to every key, and takes a part of every value",
          lambda t, m, b: not hard(t) and bool((kept(t) > 0).all()), {}, ({"lookup": "hard"}, {"causal": True, **PAIR,
          "query": "1 2; 3 4"})),
    Claim("a query goes to every key, and takes a part of what fits",
          lambda t, m, b: not hard(t) and not (kept(t) > 0).all(), {**PAIR, "query": "1 2; 3 4", "causal": True},
          ({},)),
    Claim("a query goes to every key, and takes the value of the best", lambda t, m, b: hard(t), {"lookup": "hard"},
          ({},)),
    Claim("how well each key fits: their dot product",
          lambda t, m, b: t.config.kind in ("dot", "scaled", "cosine"), {}, ({"kind": "additive"},)),
    Claim("how well each key fits: through a learned matrix", lambda t, m, b: t.config.kind == "multiplicative",
          {"kind": "multiplicative"}, ({},)),
    Claim("how well each key fits: by a small network", lambda t, m, b: t.config.kind == "additive",
          {"kind": "additive"}, ({},)),
    Claim("divided by both lengths: the cosine of the angle between them", lambda t, m, b: t.config.kind == "cosine",
          {"kind": "cosine"}, ({}, {"kind": "scaled"})),
    Claim("scores nearer to 0 make softer shares", lambda t, m, b: "scaled" in t.trace and factor(t) < 1,
          {"kind": "scaled"}, ({"scale": 3}, {})),
    Claim("no score goes beyond ±(.*)", lambda t, m, b: bool((np.abs(row(t, "capped", b)) <= float(m[1])).all()),
          {"softcap": 2}, ({},)),
    Claim("a key that must not be seen gets −∞", lambda t, m, b: bool(np.isneginf(row(t, "masked", b)).any()),
          {**PAIR, "query": "1 2; 3 4", "causal": True}, ({},)),
    Claim("a power of e is positive, and a better fit gets ahead",
          lambda t, m, b: len({*np.ravel(scores(t, b)).tolist()}) > 1 and (row(t, "exponentials", b) > 0).all(), {},
          ({"query": "1000 0; 0 0"}, {"query": "0 0; 0 0"}, {"lookup": "hard"})),
    Claim("its part of their sum: all shares add up to 1",
          lambda t, m, b: abs(float(np.add.reduce(row(t, "weights", b))) - 1) < 1e-5, {}, ({"lookup": "hard"},)),
    Claim("every value, as much as its share", lambda t, m, b: not hard(t), {}, ({"lookup": "hard"},)),
    Claim("the key that fits best takes all",
          lambda t, m, b: hard(t) and float(np.max(row(t, "weights", b))) in (0.0, 1.0), {"lookup": "hard"}, ({},)),
    Claim("the value that belongs to it", lambda t, m, b: hard(t), {"lookup": "hard"}, ({},)),
    Claim("every (query|token|position|word) in the same way"),
    Claim(r"(\d+) values → a mixture, by how well each key fits", mixture, {}, ({"lookup": "hard"},)),
    Claim(r"(\d+) values → one of them, as it stands",
          lambda t, m, b: hard(t) and int(m[1]) == t["key"].shape[2], {"lookup": "hard"}, ({},)),
    Claim("with one key its value comes out whole", lambda t, m, b: t["key"].shape[2] == 1,
          {"query": [[1, 2]], "key": [[1, 2]], "value": [[3]]}, ({},)),
    Claim("attention: a network looks things up in what it has read, and learns by the weights",
          lambda t, m, b: not hard(t), {}, ({"lookup": "hard"},)),
    Claim("what programs do with a table; nothing in it can be learned by small steps", lambda t, m, b: hard(t),
          {"lookup": "hard"}, ({},)),
)  # fmt: skip

CLAIMS = {"attention-lookup": LOOKUP}
ARITHMETIC = ("step", "brief")
