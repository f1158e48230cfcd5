"""The claims of the films of dropout, recomputed from their traces."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np

from layeranim.engine.trace import Array
from layeranim.stories.stage.plans import ThinnedPlan
from layeranim.stories.storyboard import Address, Beat, plain

from .sentences import Claim, Told

ARITHMETIC = ()
Match = re.Match[str]


def masks(told: Told) -> Array:
    """What each draw keeps, for every unit of the film's sample or batch: (draws, units)."""
    shape = told["output"].shape
    mask = told["mask"].reshape(told["mask"].shape + (1,) * (len(shape) - told["mask"].ndim))
    every_one: Array = np.broadcast_to(mask, shape) != 0
    one = re.search(r"sample (\d+) of", plain(told.board.parameters))
    return (every_one if one is None else every_one[:, int(one[1]) - 1 : int(one[1])]).reshape(shape[0], -1)


def networked(told: Told) -> bool:
    return any(isinstance(part, ThinnedPlan) for part in told.board.parts["stage"])


def cell(told: Told, beat: Beat) -> tuple[int, ...]:
    """Draw and place of the unit that a film follows."""
    runs = [run.source for other in told.board.beats for run in other.caption if isinstance(run.source, Address)]
    return beat.units[0], *next(source.index[1:] for source in runs if source.tensor in ("kept", "output"))


def kept(told: Told, beat: Beat) -> bool:
    mask = told["mask"]
    return bool(mask[cell(told, beat)[: mask.ndim]])


def grew(told: Told, match: Match, beat: Beat) -> bool:
    x = told["input"][cell(told, beat)[1:]]
    return told.config.mode == "inverted" and told.config.rate > 0 and kept(told, beat) and bool(x != 0)


def mode(which: str) -> Callable[[Told], bool]:
    return lambda told: told.config.mode == which


def gone_in(told: Told, match: Match, beat: Beat) -> bool:
    draw = int(match["draw"]) - 1 if "draw" in match.groupdict() and match["draw"] else 0
    gone, total = int((~masks(told)[draw]).sum()), masks(told).shape[1]
    said = (total if match["all"] else int(match["n"])), int(match["of"])
    return said == (gone, total)


def leaves(told: Told, match: Match, beat: Beat) -> bool:
    now = masks(told)[int(match["draw"]) - 1]
    left = {"another thinned network": now.any() and not now.all(), "this time the whole network": now.all(),
            "nothing is left": not now.any() and told.config.mode != "alpha",
            "a layer of constants": not now.any() and told.config.mode == "alpha"}  # fmt: skip
    return (match["left"] is None or bool(left[match["left"]])) and gone_in(told, match, beat)


def approached(told: Told, match: Match, beat: Beat) -> bool:
    """The expected output of a unit is its output at test time: for masks of ever so many draws."""
    rate, x = told.config.rate, told["input"]
    expected = x * (1 - rate) / (1 - rate) if told.config.mode == "inverted" else x * (1 - rate)
    return told.config.mode != "alpha" and bool(np.allclose(expected, told["inference"], equal_nan=True))


def trained(told: Told, match: Match, beat: Beat) -> bool:
    draw = int(match["draw"] or 1) - 1
    scaled = told.config.mode == "inverted" and told.config.rate > 0 and bool(masks(told)[draw].any())
    left = int((masks(told)[draw] != 0).sum())
    who = "all" if left == masks(told)[draw].size else "the others" if left > 1 else "the other"
    return gone_in(told, match, beat) and scaled == bool(match["by"]) and match["who"] in (None, who)


COUNT = r"(?:(?P<all>all )|(?P<n>\d+) of )(?P<of>\d+) dropped"
ALL_GONE = {"input": "1 2 3", "rate": 0.5, "draws": 3, "mask": [[[0, 1, 1]], [[0, 0, 0]], [[1, 0, 1]]]}
DROPOUT = (
    Claim(r"in training, each (?P<what>unit|channel) is dropped with probability (?P<p>\S+)",
          lambda t, m, b: float(m["p"]) == t.config.rate and (m["what"] == "channel") == t.config.channelwise,
          counts=True),
    Claim(r"a fresh random mask of 0s and 1s every time; no weights", lambda t, m, b: t.config.rate > 0, {},
          ({"rate": 0},)),
    Claim(r"a mask of 1s: nothing is dropped; no weights", lambda t, m, b: t.config.rate == 0, {"rate": 0}, ({},)),
    Claim(r"\S+: channels one below the other", lambda t, m, b: t["input"].ndim == 4,
          {"input": "random:1x2x2x2"}, ({},)),
    Claim(r"too many units for nodes and edges: drawn as a matrix",
          lambda t, m, b: t.config.view == "network" and not networked(t),
          {"input": "random:1x12", "view": "network"}, ({}, {"input": "random:5", "view": "network"})),
    Claim(r"1 keeps a unit, 0 leaves it out", lambda t, m, b: not mode("alpha")(t) and not networked(t), {},
          ({"mode": "alpha"}, {"example": "slugnet"})),
    Claim(r"1 keeps a unit, 0 puts −1.76 in its place", lambda t, m, b: mode("alpha")(t), {"mode": "alpha"}, ({},)),
    Claim(r"(?P<what>kept|dropped):  .* ([=≈→]) \S+", lambda t, m, b: kept(t, b) == (m["what"] == "kept"), counts=True),
    Claim(r"\S+ / \(1 − \S+\) [=≈] \S+", lambda t, m, b: mode("inverted")(t), {}, ({"mode": "alpha"},)),
    Claim(r"\S+\s·\s\S+ \+ \S+ [=≈] \S+", lambda t, m, b: mode("alpha")(t), {"mode": "alpha"}, ({},)),
    Claim(r"(y|test|draws? [\d–]+) [=≈] \S+"),
    Claim(r"kept values grow: averaged over many masks, the sum stays as it was", grew,
          {}, ({"mode": "alpha"}, {"rate": 0}, {"mode": "weight-scaling"}, {"input": "1 2 3", "mask": [[[0, 0, 0]]]})),
    Claim(r"a = \S+ and b = \S+ restore mean and spread of the layer",
          lambda t, m, b: mode("alpha")(t) and t.config.rate > 0, {"mode": "alpha"},
          ({}, {"mode": "alpha", "rate": 0})),
    Claim(r"1 keeps a unit, 0 takes it out with all its edges", lambda t, m, b: networked(t) and not mode("alpha")(t),
          {"example": "slugnet"}, ({}, {"example": "slugnet", "mode": "alpha"})),
    Claim(r"draws? .*: {1,2}each in the same way|every draw in the same way"),
    Claim(r"one draw after another"),
    Claim(rf"draw (?P<draw>\d+):  {COUNT}(, (?P<left>.*))?", leaves, ALL_GONE, ({},)),
    Claim(r"mean(:  \(.*\) / \d+)? [=≈] \S+"),
    Claim(r"over ever more draws the mean approaches the output at test time",
          lambda t, m, b: approached(t, m, b) and t.config.rate > 0, {"draws": 3, "input": "1 2 3"},
          ({"draws": 3, "input": "1 2 3", "mode": "alpha"}, {"draws": 3, "rate": 0, "input": "1 2 3"}, {})),
    Claim(r"nothing is ever dropped: every draw is the output at test time",
          lambda t, m, b: t.config.rate == 0 and approached(t, m, b), {"draws": 2, "rate": 0, "input": "1 2 3"},
          ({"draws": 2, "input": "1 2 3"},)),
    Claim(r"test time:  no mask, (its unit as it is|all \d+ units as they are)",
          lambda t, m, b: np.array_equal(t["inference"], t["input"], equal_nan=True), {"input": "1 2 3"},
          ({"mode": "weight-scaling"},)),
    Claim(r"training already scaled them up, so nothing to do here",
          lambda t, m, b: mode("inverted")(t) and t.config.rate > 0, {},
          ({"mode": "alpha"}, {"rate": 0}, {"mode": "weight-scaling"})),
    Claim(r"test time:  .*\(1 − \S+\) [=≈] \S+", lambda t, m, b: mode("weight-scaling")(t), {"mode": "weight-scaling"},
          ({}, {"mode": "alpha"})),
    Claim(r"no mask: every unit is used, made smaller instead",
          lambda t, m, b: mode("weight-scaling")(t) and t.config.rate > 0, {"mode": "weight-scaling"},
          ({}, {"mode": "weight-scaling", "rate": 0})),
    Claim(r"no mask: every unit is used as it is", lambda t, m, b: t.config.rate == 0,
          {"mode": "weight-scaling", "rate": 0}, ({"mode": "weight-scaling"},)),
    Claim(rf"training(?:, draw (?P<draw>\d+))?: {COUNT}(?:, (?P<who>the others?|all) ×(?P<by>\S+))? → test: all used",
          trained, counts=True),
    Claim(r"no unit can rely on another, so each must be useful alone: less overfitting",
          lambda t, m, b: masks(t).shape[1] > 1 and (t.config.rate > 0 or not bool(masks(t).all())), {},
          ({"rate": 0}, {"input": "2.5"})),
    Claim(r"nothing dropped: the layer passes everything on",
          lambda t, m, b: bool(masks(t).all()) and t.config.rate == 0, {"rate": 0}, ({},)),
    Claim(r"a unit alone: with it everything is dropped or kept", lambda t, m, b: masks(t).shape[1] == 1,
          {"input": "2.5"}, ({},)),
    Claim(r"every draw trains another thinned network; at test time all of them vote",
          lambda t, m, b: len({row.tobytes() for row in masks(t)}) == len(masks(t)) > 1, {"example": "slugnet"},
          ({"example": "slugnet", "rate": 0}, {"example": "slugnet", "draws": 1})),
)  # fmt: skip

CLAIMS = {"dropout": DROPOUT}
