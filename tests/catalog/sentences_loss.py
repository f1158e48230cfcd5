"""The claims of the film of a loss, recomputed from its traces."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from layeranim.stories.storyboard import Beat

from .sentences import Claim, Told

ARITHMETIC = ("act", "step", "brief")
YES_NO = {"prediction": "0.9 0.2", "target": "1 0"}
MORE = {"prediction": "0.9 0.2", "target": "2 0"}


def of(*modes: str) -> Any:
    return lambda t, m, b: t.config.mode in modes


def of_shares(told: Told, *_: Any) -> bool:
    return told.config.mode == "kl" and bool((np.asarray(told["target"]) <= 1).all())


def of_more(told: Told, *_: Any) -> bool:
    return told.config.mode == "kl" and bool((np.asarray(told["target"]) > 1).any())


def losses(told: Told) -> Any:
    return np.asarray(told["losses"], float)


def shared(told: Told) -> bool:
    each = losses(told)
    return bool(each.size > 1 and np.isfinite(each).all() and each.sum() > 0 and (each >= 0).all())


def share(told: Told, match: re.Match[str], beat: Beat) -> bool:
    each = sorted(losses(told).ravel())
    return shared(told) and abs(each[-1] / sum(each) - int(match[1]) / 100) <= 0.005 + 1e-9


def reduction(name: str, *others: str) -> dict[str, Any]:
    return {
        "true": lambda t, m, b: t.config.reduction == name and losses(t).size > 1,
        "seen": {"reduction": name},
        "gone": ({"reduction": others[0]}, {"prediction": "1", "target": "3", "reduction": name}),
    }


LOSS = (
    Claim("each prediction is charged for how far it is from its target",
          of("squared", "absolute", "huber", "smooth-l1", "binary", "binary-logits"), {}, ({"mode": "kl", **YES_NO},)),
    Claim("each share of the target is charged for what the prediction gives it too little", of_shares,
          {"mode": "kl", **YES_NO}, ({}, {"mode": "kl", **MORE})),
    Claim("each number of the target is charged for what the prediction gives it too little", of_more,
          {"mode": "kl", **MORE}, ({}, {"mode": "kl", **YES_NO})),
    Claim("a term is a share times a difference of logarithms", of_shares, {"mode": "kl"},
          ({}, {"mode": "kl", **MORE})),
    Claim("a term is a number times a difference of logarithms", of_more, {"mode": "kl", **MORE},
          ({}, {"mode": "kl"})),
    Claim("twice as far off costs four times as much", of("squared"), {}, ({"mode": "absolute"},)),
    Claim("twice as far off costs twice as much", of("absolute"), {"mode": "absolute"}, ({},)),
    Claim("squares near the target, straight lines beyond δ: one far error does not rule", of("huber", "smooth-l1"),
          {"mode": "huber"}, ({}, {"mode": "absolute"})),
    Claim("sure and right costs nothing, sure and wrong has no bound", of("binary", "binary-logits"),
          {"mode": "binary", **YES_NO}, ({},)),
    Claim("what the target holds and the prediction lacks", of("kl"), {"mode": "kl", **YES_NO}, ({},)),
    Claim("the slope: how the loss grows with the prediction"),
    Claim("the mean of all losses", **reduction("mean", "sum")),
    Claim("all losses added up", **reduction("sum", "mean")),
    Claim("all losses added up, divided by the batch", **reduction("batch-mean", "sum")),
    Claim(r"the largest loss makes (\d+) % of them all", share, {}, ({"prediction": "1", "target": "3"},)),
    Claim("a loss says how far off a prediction is", lambda t, m, b: not shared(t), {"prediction": "1", "target": "3"},
          ({},)),
    Claim(r"predictions? .*: {1,2}each in the same way|every prediction in the same way"),
    Claim("the number that training makes smaller, and the slope along which it does"),
)  # fmt: skip
CLAIMS = {"loss": LOSS}
