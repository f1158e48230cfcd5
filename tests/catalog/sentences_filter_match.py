"""The claims of the films of filter matching, recomputed from their traces."""

from __future__ import annotations

import re

import numpy as np

from layeranim.stories.storyboard import Beat

from .sentences import Claim, Told

Match = re.Match[str]


def sums_of(told: Told, beat: Beat) -> list[float]:
    """The sums of the image under way with the filters on the stage, added up anew."""
    shown = len([name for name in told.board.grids if name.startswith("kernel:")])
    image = beat.units[0] // shown
    products = told["input"][image] * told["kernel"][:shown]
    return [round(float(total), 9) for total in products.sum(axis=(1, 2, 3))]


def matches_best(told: Told, match: Match, beat: Beat) -> bool:
    sums, best = sums_of(told, beat), int(match["best"]) - 1
    shown = len([name for name in told.board.grids if name.startswith("kernel:")])
    alone = all(sums[best] > other for f, other in enumerate(sums) if f != best)
    word = "better" if len(sums) == 2 else "best"
    return alone and match["word"] == word and int(match["image"]) - 1 == beat.units[0] // shown


def equally(told: Told, match: Match, beat: Beat) -> bool:
    sums = sums_of(told, beat)
    won = [f + 1 for f, value in enumerate(sums) if value == max(sums)]
    names = {"both": [1, 2], "all": list(range(1, len(sums) + 1))}
    return won == names.get(match["who"]) or won == [int(n) for n in re.findall(r"\d+", match["who"])]


def counted(told: Told, match: Match, beat: Beat) -> bool:
    made = {u for b in told.board.beats if b.kind in ("step", "brief", "sweep") for u in b.units}
    filters = {u % len([n for n in told.board.grids if n.startswith("kernel:")]) for u in made}
    return int(match["sums"]) == len(made) and (match["few"] is None or int(match["few"]) >= len(filters))


ONE = {"input": "1 2; 3 4", "kernel": "1 0; 0 1"}
THREE = {"input": "1 0; 0 1", "kernel": [[[[1, 0], [0, 1]]], [[[0, 1], [1, 0]]], [[[1, 1], [0, 0]]]]}
FOUR_TIE = {
    "input": "1 1; 1 1",
    "kernel": [[[[1, 1], [0, 0]]], [[[0, 0], [1, 1]]], [[[1, 0], [0, 0]]], [[[1, 0], [0, 1]]]],
}
EIGHT_TIE = {"input": "1 1; 1 1", "kernel": [[[[a, 1], [a, a]]] for a in (1, 1, 0, 0, 0, 0, 0, 0)]}
FILTER_MATCH = (
    Claim(r"where image and filter agree, the product counts", lambda told, m, b: bool((told["output"] > 0).any()), {},
          ({"input": "-1 -1; -1 -1", "kernel": "1 1; 1 1"},)),
    Claim(r"the sum says how well they match"),
    Claim(r"multiply cell by cell, add up: a large sum is a match",
          lambda told, m, b: told["kernel"].shape[0] == 1, ONE, ({}, THREE)),
    Claim(r"multiply cell by cell, add up: the larger sum matches better",
          lambda told, m, b: told["kernel"].shape[0] == 2, {}, (THREE, ONE)),
    Claim(r"multiply cell by cell, add up: the largest sum matches best",
          lambda told, m, b: told["kernel"].shape[0] > 2, THREE, ({},)),
    Claim(r"\S+ [>≈] \S+:  filter (?P<best>\d+) matches image (?P<image>\d+) (?P<word>best|better)( of the 3 shown)?"
          r"(, by little)?", matches_best, {}, (FOUR_TIE, {"input": "zeros:3x3", "filters": 2})),
    Claim(r"\S+( = \S+)+:  (?P<who>both|all|filters [\d, and]+) match (best, )?equally( of the 3 shown)?", equally,
          FOUR_TIE, ({}, THREE, EIGHT_TIE)),
    Claim(r"\S+( = \S+)+:  (?P<who>filters [\d, and]+) match best of the 3 shown, equally", equally,
          EIGHT_TIE, ({}, FOUR_TIE)),
    Claim(r"a sum is NaN, which is no number: nothing to compare",
          lambda told, m, b: bool(np.isnan(told["output"]).any()), {**THREE, "input": "nan 1; 0 0"}, ({},)),
    Claim(r"\d+( of \d+)? images? × (?:(?P<few>\d+) of )?\d+ filters? → (?P<sums>\d+)( of \d+)? sums?", counted,
          counts=True),
    Claim(r"this one operation, repeated at every place, is a convolution"),
)  # fmt: skip

CLAIMS = {"filter-match": FILTER_MATCH}
