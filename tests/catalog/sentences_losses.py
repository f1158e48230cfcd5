"""The claims of films of losses, recomputed from their traces."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from layeranim.stories.storyboard import Beat

from .sentences import Claim, Told

ARITHMETIC = ("act", "step", "brief")
Match = re.Match[str]
HALVES = "; ".join(["0.5 0.5 0"] * 4)


def guess(told: Told, k: int) -> Any:
    """The shares of a sample, from whatever the input holds."""
    x = told["input"][k].astype(float)
    if told.config.source == "logits":
        powers = np.exp(x - x.max())
        return powers / powers.sum()
    return x if told.config.source == "probabilities" else np.exp(x)


def classes(told: Told) -> Any:
    """The class id of each sample, or the target's own distributions."""
    if "target" in told.trace and told["target"].ndim == 2:
        return told["target"]
    return told["class_ids"]


def true(told: Told, k: int) -> int:
    """The true class, or −1 where the sample is left out; of a distribution its largest."""
    held = classes(told)
    if held.ndim == 2:
        return int(np.argmax(held[k]))
    return -1 if held[k] == told.config.ignore_index else int(held[k])


def one_class(told: Told, match: Match, beat: Beat) -> bool:
    held, k = classes(told), beat.units[0]
    whole = held.ndim == 1 or held[k].max() == 1
    return bool(whole and true(told, k) >= 0 and told.config.label_smoothing == 0)


def wrong(told: Told, match: Match, beat: Beat) -> bool:
    k = beat.units[0]
    p = guess(told, k)
    return bool(p.max() >= 0.8 and int(np.argmax(p)) != true(told, k) and told["losses"][k] == told["losses"].max())


def right(told: Told, match: Match, beat: Beat) -> bool:
    k = beat.units[0]
    p = guess(told, k)
    return bool(p.max() >= 0.8 and int(np.argmax(p)) == true(told, k) and told["losses"][k] <= 0.1)


def closing(told: Told, match: Match, beat: Beat) -> bool:
    loss = float(told["loss"])
    number = float(match[3].replace("−", "-").replace("∞", "inf").replace("NaN", "nan"))
    near: Any = abs(number - loss) <= 0.51 * 10 ** -len(match[3].partition(".")[2]) or np.isclose(
        number, loss, rtol=0.06
    )
    return bool(int(match[1]) == len(told["input"]) and (near or np.isnan(loss)))


CROSS_ENTROPY = (
    Claim("a guess is charged by −ln of the share that the truth got"),
    Claim("softmax makes shares of the scores", lambda t, m, b: t.config.source == "logits", {},
          ({"example": "probabilities"},)),
    Claim("the truth: all of it at one class", one_class, {}, ({"example": "smoothing"}, {"target": HALVES})),
    Claim("some classes count more", lambda t, m, b: "class_weight" in t.trace, {"class_weight": "1 2 3"}, ({},)),
    Claim("sure and wrong costs most", wrong, {}, ({"input": "3 0 0"}, {"input": "1 1 1", "target": "1"})),
    Claim("sure and right costs next to nothing", right, {}, ({"input": "0 3 0"}, {"example": "smoothing"})),
    Claim("the mean of all samples that count",
          lambda t, m, b: t.config.reduction == "mean" and len(t["input"]) > 1, {},
          ({"reduction": "sum"}, {"input": "1 2 3"})),
    Claim(r"samples? .*: {1,2}each in the same way|every sample in the same way"),
    Claim("every sample in the same way"),
    Claim(r"(\d+) samples?, each with a loss of its own", lambda t, m, b: t.config.reduction == "none",
          {"reduction": "none"}, ({},)),
    Claim(r"(\d+) samples?: (mean loss|losses together|loss) (\S+)", closing, {}, ({"reduction": "none"},)),
    Claim("the loss of every classifier: what is sure and wrong costs most"),
)  # fmt: skip

CLAIMS: dict[str, tuple[Claim, ...]] = {"cross-entropy": CROSS_ENTROPY}


# ── training ─────────────────────────────────────────────────────────────────
def all_right(told: Told, match: Match, beat: Beat) -> bool:
    return int(np.floor(told["accuracy"][beat.units[0]])) == 1


def fell(told: Told, match: Match, beat: Beat) -> bool:
    first, last = (float(x.replace("−", "-").replace("∞", "inf").replace("NaN", "nan")) for x in (match[3], match[4]))
    loss = told["loss"][: told.board.beats[-1].done]
    half = [0.51 * 10.0 ** -len(text.partition(".")[2]) for text in (match[3], match[4])]
    near = all(np.isclose(said, true, rtol=0.06, atol=off, equal_nan=True)
               for said, true, off in zip((first, last), (loss[0], loss[-1]), half, strict=True))  # fmt: skip
    return bool(int(match[1]) == len(loss) - 1 and near and (match[2] == "fell") == (last < first))


TRAINING = (
    Claim("update by update against the slope of the loss"),
    Claim("all samples are right", all_right, {}, ({"learning_rate": 0},)),
    Claim("the weights were drawn at random", lambda t, m, b: b.units[0] == 0, {},
          ({"steps": "2-3"},)),
    Claim(r"moments? .*: {1,2}each in the same way|every moment in the same way"),
    Claim("every moment in the same way"),
    Claim(r"(\d+) updates?: the loss (fell|went) from (\S+) to (\S+)", fell, {"steps": "2-3"},
          ({"learning_rate": 0},), counts=True),
    Claim(r"(\d+) updates?: the loss is still (\S+)",
          lambda t, m, b: bool(np.isclose(t["loss"][0], t["loss"][t.board.beats[-1].done - 1], rtol=0.06,
                                          atol=10.0 ** -len(m[2].partition(".")[2]), equal_nan=True)),
          {"learning_rate": 0}, ({},), counts=True),
    Claim("nothing moves the border but the slope of the loss"),
)  # fmt: skip

CLAIMS["training"] = TRAINING


# ── descent ──────────────────────────────────────────────────────────────────
def ranked(told: Told) -> list[str]:
    """The methods that are drawn, by their loss when the film ends; what is no number last."""
    last = told.board.beats[-1].done - 1
    losses = np.nan_to_num(told["loss"][:4, last], nan=np.inf)
    return [told.config.methods[k] for k in np.argsort(losses, kind="stable")]


def keeps(name: str) -> Any:
    return lambda t, m, b: ranked(t)[0] == name


def aimed(told: Told) -> bool:
    if told.config.surface == "saddle":
        return False
    if told.config.surface != "quadratic":
        return True
    bent = told["curvature"] + told["curvature"].T
    return bool(bent[0, 0] > 0 and np.linalg.det(bent) > 0)


def lowest(told: Told, match: Match, beat: Beat) -> bool:
    last = told.board.beats[-1].done - 1
    loss = told["loss"][list(told.config.methods).index(match[2]), last]
    said = float(match[3].replace("−", "-").replace("∞", "inf").replace("NaN", "nan"))
    off = 0.51 * 10.0 ** -len(match[3].partition(".")[2]) * (not np.isnan(said))
    near = np.isclose(said, loss, rtol=0.3 if "e" in match[3] else 0.06, atol=off, equal_nan=True)
    return int(match[1]) == last and match[2] == ranked(told)[0] and bool(near)


_ONE = {"methods": "adam"}
DESCENT = (
    Claim("every method reads the slope; what it remembers of it makes its step",
          lambda t, m, b: len(t.config.methods) > 1, {}, (_ONE,)),
    Claim("the slope says where down is; the method makes a step of it", lambda t, m, b: len(t.config.methods) == 1,
          _ONE, ({},)),
    Claim("all begin at the same point", lambda t, m, b: b.units[0] == 0, {}, ({"steps": "2-4"},)),
    Claim("the marks show where the loss is lowest", lambda t, m, b: aimed(t), {},
          ({"surface": "saddle"}, {"curvature": "1 0; 0 -1"})),
    Claim("SGD: straight against the slope, nothing remembered", keeps("sgd"), {"methods": "sgd"}, (_ONE,)),
    Claim("momentum keeps a velocity: it runs on where it was going", keeps("momentum"), {"methods": "momentum"},
          (_ONE,)),
    Claim("Nesterov: a velocity, and one look ahead along it", keeps("nesterov"), {"methods": "nesterov"}, (_ONE,)),
    Claim("AdaGrad: the more slope there has been, the shorter the step", keeps("adagrad"), {"methods": "adagrad"},
          (_ONE,)),
    Claim("RMSprop: each direction measured by its latest slopes", keeps("rmsprop"), {"methods": "rmsprop"}, (_ONE,)),
    Claim("Adam: a velocity, each direction measured by its slopes", keeps("adam"), _ONE, ({"methods": "sgd"},)),
    Claim("AdamW: Adam, and all numbers shrink a little", keeps("adamw"), {"methods": "adamw"}, (_ONE,)),
    Claim(r"moments? .*: {1,2}each in the same way|every moment in the same way"),
    Claim(r"(\d+) updates?: (\w+) (?:is lowest, at|has come to) (\S+)", lowest, {}, (), counts=True),
    Claim(r"(\d+) updates?: (\w+) (?:is lowest, next to|has come next to) (0)",
          lambda t, m, b: lowest(t, m, b) and 0 < abs(t["loss"][:, t.board.beats[-1].done - 1].min()) < 0.05,
          {"start": "30 30", "curvature": "2 0; 0 2", "minimum": "0 0", "learning_rate": 0.45}, ({},)),
    Claim(r"(\d+) updates?: all have come to (\S+)",
          lambda t, m, b: len(t.config.methods) > 1 and not np.ptp(t["loss"][:, t.board.beats[-1].done - 1]),
          {"start": "0 0"}, ({}, {"start": "0 0", "methods": "sgd"})),
    Claim("the loss of a network is such a surface, over all of its weights"),
)  # fmt: skip

CLAIMS["descent"] = DESCENT
