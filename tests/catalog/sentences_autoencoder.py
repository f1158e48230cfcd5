"""The claims of films of autoencoders, recomputed from their traces."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import numpy as np

from layeranim.stories.storyboard import Beat

from .sentences import Claim, Told

Match = re.Match[str]
COUNTED = {"no": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
           "ten": 10, "eleven": 11, "twelve": 12}  # fmt: skip


def number(word: str) -> int:
    return COUNTED[word.lower()] if word.lower() in COUNTED else int(word)


def sample(told: Told) -> int:
    return told.work.film.place_in(len(told["input"]))


def features(told: Told) -> int:
    return int(told["input"].shape[1])


def width(told: Told) -> int:
    return int(told["code"].shape[1])


def off(told: Told) -> Any:
    k = sample(told)
    with np.errstate(all="ignore"):
        return told["output"][k].astype(float) - told["input"][k]


def part(told: Told) -> float:
    """How much of the sample comes back, beyond one level that is the best for all of its numbers."""
    x, error = told["input"][sample(told)].astype(float), off(told)
    with np.errstate(all="ignore"):
        cost = np.abs if told.config.loss == "absolute" else np.square
        flat, lost = cost(x - x.mean()).sum(), cost(error).sum()
        found = 1 - lost / flat if flat else float(not error.any())
    return float(found) if np.isfinite(found) else 0.0


def squeezed(told: Told) -> bool:
    return width(told) < features(told)


def counts(told: Told, match: Match, beat: Beat) -> bool:
    return (number(match["n"]), number(match["c"])) == (features(told), width(told))


def learned(told: Told, match: Match, beat: Beat) -> bool:
    sizes = told.config.encoder, told.config.decoder
    weights = sum(b * (a + told.config.bias) for of in sizes for a, b in pairwise(of))
    return int(match["n"]) == weights


def deep(told: Told) -> bool:
    return len(told.config.encoder) + len(told.config.decoder) - 4 > 4


def summed(told: Told, match: Match, beat: Beat) -> bool:
    """A layer of so many products, with a bias or without."""
    wide = {*told.config.encoder[:-1], *told.config.decoder[:-1]}
    many = int(match["n"])
    return many in wide and (many > 6 or deep(told)) and bool(match["b"]) == told.config.bias


def lost(told: Told, match: Match, beat: Beat) -> bool:
    costs = np.abs(off(told)) if told.config.loss == "absolute" else off(told) ** 2
    many = int(match["n"]) if match["n"] else 1
    text = match["v"].replace("−", "-").replace("∞", "inf")
    with np.errstate(all="ignore"):
        mean = costs.mean()
    same = bool(np.isnan(mean)) if text == "NaN" else float(text) == mean
    return many == len(costs) and (same or abs(float(text) - mean) <= max(0.0051, 0.06 * mean))


def place(told: Told, beat: Beat) -> Any:
    return told["walk_code"][sample(told), beat.units[0]]


def there(told: Told, beat: Beat) -> bool:
    return bool(np.isfinite(place(told, beat)).all())


def goal(told: Told, match: Match, beat: Beat) -> bool:
    return "goal" in told.trace and there(told, beat) and bool(np.allclose(place(told, beat), told["goal_code"]))


def following(told: Told, match: Match, beat: Beat) -> bool:
    after = told["code"][(sample(told) + 1) % len(told["code"])]
    return "goal" not in told.trace and len(told["code"]) > 1 and bool(np.allclose(place(told, beat), after))


LOST = {"example": "one-of-four", "input": "nan 0 0 0"}
FLAT = {"encoder": "4,2", "input": "1 5 2 9"}
WEIGHTS = {"encoder1_weight": "1 0 0; 0 1 0", "decoder1_weight": "1 0; 0 1; 0 0", "bias": False, "encoder": "3,2"}
AUTOENCODER = (
    Claim(r"(?P<n>\d+) numbers? pass(es)? through (?P<c>\d+): the decoder sees nothing else", counts, {}, (),
          counts=True),
    Claim(r"(?P<n>\d+) parameters: they learn to make each sample again", learned, {}, (), counts=True),
    # arithmetic, which other tests check number by number
    Claim(r"(?!mean of|squared|absolute|unit|pixel|number)(?!.*: (?:from|the code)).*[·(+].* [=≈] \S+|\S+ = \S+|= \S+"
          r"|all .* are 0, .*|z = \(.*\)|z_(?P<a>\d+) = (\S+), z_(?P<b>\d+) = (\S+)"),
    Claim(r"(unit|pixel|number) \d+: (?P<n>\d+) products?(?P<b> and a bias)? make \S+(, .* → \S+)?", summed, {},
          ({"example": "one-of-four"},)),
    Claim(r"(?P<h>\d+) units, and each reads all (?P<n>\d+) numbers",
          lambda t, m, b: (int(m["h"]), int(m["n"])) == (t.config.encoder[1], features(t))
          and len(t.config.encoder) > 2,
          {}, ({"example": "one-of-four"},)),
    Claim(r"the code: (?P<c>\w+) numbers? in place of (?P<n>\d+)", lambda t, m, b: squeezed(t) and counts(t, m, b), {},
          ({"encoder": "4,4", "input": "1 2 3 4"},)),
    Claim(r"the decoder reads the code alone: (?P<c>\w+) numbers?", lambda t, m, b: number(m["c"]) == width(t), {}, (),
          counts=True),
    Claim(r"(mean of (?P<n>\d+) )?(squared|absolute) errors? = (?P<v>\S+)", lost, {}, (), counts=True),
    Claim("what each (pixel|number) is off by", lambda t, m, b: bool(off(t).any()) and features(t) > 1, {},
          ({"example": "one-of-four"},)),
    Claim(r"z.* = .*: from here the code alone moves", lambda t, m, b: b.units[0] == 0 and there(t, b),
          {"example": "one-of-four"}, ({"example": "one-of-four", "input": "nan 0 0 0"},)),
    Claim(r"z.* = .*: the code of another sample", goal, {"example": "one-of-four"},
          (FLAT, {"example": "one-of-four", "goal": "nan 0 0 0"})),
    Claim(r"z.* = .*: the code of the next sample", following, {"encoder": "4,2", "input": "1 5 2 9; 0 1 0 1"},
          ({}, FLAT)),
    Claim(r"places? .*: {1,2}each in the same way|every place in the same way"),
    Claim(r"(?P<c>\w+) numbers?, and the decoder knows the rest",
          lambda t, m, b: squeezed(t) and part(t) > 0.5 and number(m["c"]) == width(t), {}, (FLAT,)),
    Claim(r"(?P<c>\w+) numbers?, and the decoder knows a part of the rest",
          lambda t, m, b: squeezed(t) and 0 < part(t) <= 0.5 and number(m["c"]) == width(t),
          {**WEIGHTS, "input": "6 0 3.1"}, ({}, FLAT)),
    Claim(r"(?P<c>\w+) numbers? for (?P<n>\d+): with these weights that is not enough",
          lambda t, m, b: squeezed(t) and part(t) <= 0 and np.isfinite(off(t)).all() and counts(t, m, b), FLAT,
          ({}, {"example": "one-of-four"}, LOST)),
    Claim("no output is a number here: other inputs show it", lambda t, m, b: not np.isfinite(off(t)).all(), LOST,
          ({}, FLAT)),
    Claim(r"(?P<c>\w+) numbers? for (?P<n>\d+): nothing had to be left out",
          lambda t, m, b: not squeezed(t) and counts(t, m, b), {"encoder": "4,4", "input": "1 2 3 4"}, ({}, FLAT)),
    Claim("keeping what matters of many numbers in few: no labels are needed"),
)  # fmt: skip
ARITHMETIC = ("brief",)  # what is said of a place of the walk stands behind its numbers
CLAIMS: dict[str, Any] = {"autoencoder": AUTOENCODER}
