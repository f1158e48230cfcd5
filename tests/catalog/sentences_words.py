"""The claims of the films of words and places, recomputed from their traces."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from layeranim import typeface
from layeranim.stories import vocabulary

from .sentences import Claim, Told

Match = re.Match[str]


# ── embedding ────────────────────────────────────────────────────────────────
def ids(told: Told) -> list[int]:
    return [int(i) for i in told["ids"][told.work.film.place_in(len(told["ids"]))]]


def twice(told: Told) -> bool:
    return len({*ids(told)}) < len(ids(told))


def rows(told: Told, m: Match) -> bool:
    return int(m[1]) == int(m[2]) == len(ids(told)) and int(m[3]) == told["table"].shape[1]


def one_hot(told: Told) -> bool:
    """Whether a row of zeros with a 1 at the id, times the table, gives the output."""
    table = told["table"]
    made = told["output"][told.work.film.place_in(len(told["ids"]))]
    eye = np.eye(len(table))[ids(told)]
    return not np.isfinite(table).all() or bool(np.allclose(eye @ table, made))


def unknown(told: Told, m: Match, beat: Any) -> bool:
    """Whether the words named are those of the sentence that the vocabulary lacks."""
    unknown = dict.fromkeys(word for word in told.config.tokens if not vocabulary.known(word))
    lacking = [typeface.draw_safe(word, 16) for word in unknown]
    return m[1] == ", ".join(lacking[:3]) + (f" and {len(lacking) - 3} more" if lacking[3:] else "")


EMBEDDING = (
    Claim("a word is a number without meaning; its row of the table is a place"),
    Claim(r"(.*) (?:is|are) not in the vocabulary: drawn at random, seed \d+", unknown,
          {"tokens": "the robot sat"}, ({}, {"tokens": "the cat sat"}, {"ids": "0 1 2", "table": "random:3x2"})),
    Claim("as a row of zeros with a 1 at the id would pick it, times the table", lambda t, m, b: one_hot(t), {},
          (), counts=True),
    Claim("the same id picks the same row again", lambda t, m, b: ids(t).index(ids(t)[b.units[0]]) < b.units[0], {},
          ({"ids": "0 1 2", "table": "random:3x2"},)),
    Claim(r"(\d+) ids? → (\d+) rows? of (\d+): the same word, the same row", lambda t, m, b: rows(t, m) and twice(t),
          {}, ({"ids": "0 1 2", "table": "random:3x2"},)),
    Claim(r"(\d+) ids? → (\d+) rows? of (\d+): a place for every word", lambda t, m, b: rows(t, m) and not twice(t),
          {"ids": "0 1 2", "table": "random:3x2"}, ({},)),
    Claim("every (query|token|position|word) in the same way"),
    Claim("the first layer of a language model: training moves words of like use together"),
)  # fmt: skip


# ── positional encoding ──────────────────────────────────────────────────────
def by_distance(told: Told) -> bool:
    """Whether rows equally far apart have equal products."""
    rows = told["output"]
    n = len(rows)
    products = np.array([[float(a @ b) for b in rows] for a in rows])
    return all(np.allclose(products[i, i + d], products[0, d]) for d in range(n) for i in range(n - d))


def wide(told: Told) -> bool:
    return int(told.config.features) > 2


def own(told: Told) -> bool:
    rows = told["output"]
    return bool((rows @ rows.T).max(axis=1).round(9).tolist() == (rows * rows).sum(axis=1).round(9).tolist())


def kind(name: str) -> Any:
    """Whether the film is of that kind."""
    return lambda told, match, beat: told.config.kind == name


def turned(told: Told, match: Any, beat: Any) -> bool:
    """Whether every pair is as long as it was, and stands at the angle of its place."""
    x, y, count = told["input"], told["output"], told["input"].shape[1]
    adjacent = told.config.pairs == "adjacent"
    pairs = [(k, k + 1) for k in range(0, count, 2)] if adjacent else [(k, k + count // 2) for k in range(count // 2)]
    given, made = (np.stack([a[:, i] + 1j * a[:, j] for i, j in pairs], axis=1) for a in (x, y))
    speeds = [told.config.base ** (-2 * i / count) for i in range(count // 2)]
    angles = np.outer(np.arange(len(x)), speeds)
    return bool(np.allclose(made, given * np.exp(1j * angles)))


def sized(told: Told, match: Any, beat: Any) -> bool:
    return (int(match[1]), int(match[2])) == told["output"].shape


def learned(told: Told, match: Any, beat: Any) -> bool:
    return told.config.kind == "learned" and np.array_equal(told["table"], told["output"], equal_nan=True)


_ROTARY, _LEARNED = {"example": "rotary"}, {"example": "learned"}
_UNLIKE = {"kind": "rotary", "input": "1 0; 5 3; 0 1"}
POSITIONAL = (
    Claim("a place becomes a row of sines and cosines", kind("sinusoidal"), {}, (_ROTARY, _LEARNED)),
    Claim("a place turns a vector: every pair of numbers by an angle of its own", kind("rotary"), _ROTARY, ({},)),
    Claim("a place has a row in a table, learned like any other weight", kind("learned"), _LEARNED, ({},)),
    Claim("a pair turns like the hand of a clock: its length stays", turned, _ROTARY, ({}, _LEARNED)),
    Claim("nothing is computed here: training moved the rows", learned, _LEARNED, ({}, _ROTARY)),
    Claim("how alike two places are is learned, too", learned, _LEARNED, ({}, _ROTARY)),
    Claim(r"(\d+) positions?, (\d+) features?: a row for every place, and none beyond",
          lambda t, m, b: learned(t, m, b) and sized(t, m, b), _LEARNED, ({},)),
    Claim(r"(\d+) positions?, (\d+) features?: turned alike, only the distance counts",
          lambda t, m, b: by_distance(t) and turned(t, m, b) and sized(t, m, b), _ROTARY, (_UNLIKE,)),
    Claim(r"(\d+) positions?, (\d+) features?: turned by their places, as long as before",
          lambda t, m, b: turned(t, m, b) and sized(t, m, b), _UNLIKE, (_ROTARY,)),
    Claim("queries and keys are turned: their products know how far apart they stand", kind("rotary"), _ROTARY, ({},)),
    Claim("added to the embeddings: simple, but no text may be longer than the table", kind("learned"), _LEARNED,
          ({},)),
    Claim("each hand is slower than the one before it", lambda t, m, b: wide(t) and (np.diff(t["frequency"]) < 0).all(),
          {}, ({"features": 2},)),
    Claim("the hand turns on evenly", lambda t, m, b: not wide(t), {"features": 2}, ({},)),
    Claim("how far a hand points right and up: its sine and its cosine", lambda t, m, b: t.config.features > 1, {},
          ({"features": 1},)),
    Claim("how far a hand points right: its sine", lambda t, m, b: t.config.features == 1, {"features": 1}, ({},)),
    Claim("one row times every row: none is more like it than itself", lambda t, m, b: own(t), {}, ({"features": 1},)),
    Claim("further on, the same numbers: only the distance counts", lambda t, m, b: by_distance(t), {},
          ({"features": 3}, {"positions": 3})),
    Claim(r"(\d+) positions?, (\d+) features?: a clock for places, and only the distance counts",
          lambda t, m, b: by_distance(t) and (int(m[1]), int(m[2])) == t["output"].shape, {}, ({"features": 3},)),
    Claim(r"(\d+) positions?, (\d+) features?: a clock for places",
          lambda t, m, b: (int(m[1]), int(m[2])) == t["output"].shape, {"features": 3}, ({},)),
    Claim("every (query|token|position|word) in the same way"),
    Claim("added to the embeddings: attention, which knows no order, can tell places apart", kind("sinusoidal"), {},
          (_ROTARY, _LEARNED)),
)  # fmt: skip

CLAIMS: dict[str, Any] = {"embedding": EMBEDDING, "positional-encoding": POSITIONAL}
ARITHMETIC = ("act", "step", "brief")
