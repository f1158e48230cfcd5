"""The claims of films of a generator and a critic, recomputed from what both hold."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from layeranim.stories.storyboard import Beat

from .sentences import Claim, Told

Match = re.Match[str]


def shares(told: Told, name: str, m: int) -> Any:
    """What the critic says after a move, from its weights."""
    weights, x = told["critic"][m].astype(float), np.asarray(told[name], float)
    x = x[m] if name == "forged" else x
    first = 0 if told.config.critic_bias else 1
    with np.errstate(all="ignore"):
        return 1 / (1 + np.exp(-sum(w * x**k for k, w in enumerate(weights, start=first))))


def means(told: Told) -> Any:
    """(real, forged) after every move that is shown."""
    shown = told.work.film.selected(len(told["critic"]))
    return np.array([[shares(told, name, m).mean() for m in range(shown[-1] + 1)] for name in ("real", "forged")])


def parted(told: Told, match: Match, beat: Beat) -> bool:
    m = beat.units[0]
    return m % 2 == 1 and bool(shares(told, "real", m).mean() - shares(told, "forged", m).mean() > 0.1)


def climbed(told: Told, match: Match, beat: Beat) -> bool:
    m = beat.units[0]
    after, before = shares(told, "forged", m).mean(), shares(told, "forged", m - 1).mean()
    return m % 2 == 0 and bool(after > before + 0.0199)


def numbered(told: Told) -> bool:
    shown = told.work.film.selected(len(told["critic"]))
    return bool(np.isfinite(means(told)).all() and np.isfinite(told["forged"][: shown[-1] + 1]).all())


def guesses(told: Told, match: Match, beat: Beat) -> bool:
    found = means(told)
    return bool(numbered(told) and (np.abs(found[:, -6:] - 0.5) <= 0.05).all() and np.ptp(found, axis=0).max() > 0.1)


def round_and_round(told: Told, match: Match, beat: Beat) -> bool:
    """The forged mean passes the real one at least twice, and goes nearly as far off on the last swings as ever."""
    off = told["forged"][::2].mean(axis=1) - told["real"].mean()
    signs = np.sign(off)
    swings, start = [], 0
    for k in range(1, len(off) + 1):
        if k == len(off) or signs[k] * signs[k - 1] < 0:
            swings.append(float(np.abs(off[start:k]).max()))
            start = k
    return len(swings) > 2 and min(swings[1:-1]) > 0.7 * float(np.abs(off).max())


def ended(told: Told, match: Match, beat: Beat) -> bool:
    last, found = len(means(told)[0]) - 1, means(told)[:, -1]
    near = [abs(float(text) - x) <= 0.51 * 10.0 ** -len(text.partition(".")[2])
            for text, x in zip((match["r"], match["f"]), found, strict=True)]  # fmt: skip
    return int(match["n"]) == (last + 1) // 2 and all(near)


def half_pass(told: Told, match: Match, beat: Beat) -> bool:
    real, forged = (shares(told, name, beat.units[0]).mean() for name in ("real", "forged"))
    return bool(0.4499 < forged < 0.5501 and real > 0.6)


def alike(told: Told, match: Match, beat: Beat) -> bool:
    """Means and widths of both are within a quarter of the real ones' width, and the critic says about 0.5 of both."""
    m = beat.units[0]
    real, forged = told["real"], told["forged"][m]
    said = np.array([shares(told, name, m).mean() for name in ("real", "forged")])
    apart = abs(forged.mean() - real.mean()), abs(forged.std() - real.std())
    return bool(max(apart) <= real.std() / 4 and (np.abs(said - 0.5) < 0.0501).all())


STILL = {"critic_rate": 0, "turns": 3}
GAN = (
    Claim("one forges numbers, one judges them: each learns from the other"),
    Claim("what has learned nothing can only guess", lambda t, m, b: not t["critic"][0].any(), {},
          ({"example": "circles"},)),
    Claim("its curve now parts real from forged", parted, {}, (STILL,)),
    Claim("forged numbers run up the curve", climbed, {},
          (STILL, {"generator_rate": 0.001, "turns": 2}, {"loss": "minimax", "turns": 1})),
    Claim("forged ones pass as often as not, real ones more often", half_pass, {}, (STILL,)),
    Claim("real and forged lie alike: little is left to tell them apart by", alike, {},
          (STILL, {"example": "circles"})),
    Claim(r"moves? .*: {1,2}each in the same way|every move in the same way"),
    Claim("it ends when the critic can only guess", guesses, {}, ({"example": "circles"}, STILL, {"turns": 8})),
    Claim("no end: each runs after the other, round and round", round_and_round, {"example": "circles"},
          ({}, STILL, {"example": "circles", "critic_decay": 1})),
    Claim(r"(?P<n>\d+) turns?: mean D\(real\) (?P<r>\S+),  mean D\(forged\) (?P<f>\S+)", ended, {"turns": 4},
          ({}, {"example": "circles"})),
    Claim(r"\d+ turns?: there are no numbers left to judge", lambda t, m, b: not numbered(t),
          {"real": "nan 1"}, ({}, STILL)),
    Claim("pictures, voices, forgeries: learned from examples, with no rule for what is real"),
)  # fmt: skip
CLAIMS: dict[str, Any] = {"gan": GAN}
