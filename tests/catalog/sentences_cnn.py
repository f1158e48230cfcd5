"""The claims of the films of convolutional networks, recomputed from their traces."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from layeranim.engine.cnn import CNN_BACKPROP
from layeranim.engine.network import loss_of
from layeranim.stories.activations import activation_name
from layeranim.stories.storyboard import Beat

from .sentences import Claim, Told

Match = re.Match[str]
ARITHMETIC = ("act", "step", "brief")


def learnt(told: Told, *layers: str) -> int:
    """How many weights and biases some layers have."""
    return sum(t.array.size for n, t in told.trace.tensors.items() if t.role == "weight" and n.startswith(layers))


def ends(told: Told) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Maps, rows and columns of what comes in and of the last pooling."""
    return told["input"].shape[1:], told[f"pool{len(told.config.filters)}_output"].shape[1:]


def deeper(told: Told) -> bool:
    """Whether at the end there are more maps with fewer cells."""
    before, after = ends(told)
    return after[0] > before[0] and after[1] * after[2] < before[1] * before[2]


def pooled(told: Told, match: Match, beat: Beat) -> bool:
    """A window's largest or mean, and of which size the maps before and after some pooling are."""
    sizes = {tuple("×".join(map(str, told[f"{what}{k}_output"].shape[2:])) for what in ("pool", "conv"))
             for k in range(1, len(told.config.filters) + 1)}  # fmt: skip
    mode = {"largest": "max", "mean": "mean"}[match["what"]]
    return mode == told.config.pool_mode and (match["a"], match["b"]) in sizes and match["a"] != match["b"]


def reads(told: Told, match: Match, beat: Beat) -> bool:
    """The shape of a later filter, and how many numbers all of that layer's learn."""
    layers = [f"conv{k}_" for k in range(2, len(told.config.filters) + 1)]
    said = {("×".join(map(str, told[f"{name}kernel"].shape[1:])), str(learnt(told, name))) for name in layers}
    return (match["k"], match["n"]) in said


def classes(told: Told) -> bool:
    return told.config.output_activation == "softmax" and told.config.units > 1


def closed(told: Told, match: Match, beat: Beat) -> bool:
    """How many numbers come in, how many lie in the row, what is largest at the end."""
    sample = told.work.film.place_in(len(told["input"]))
    best = int(np.nan_to_num(told["output"][sample], nan=-np.inf).argmax())
    answer = (
        {f"class {best + 1}", f"read as a {best}"} if classes(told) else {f"output {best + 1}", f"read as a {best}"}
    )
    before = told["input"][0].size, told["flatten_output"].shape[1]
    return (int(match["a"]), int(match["b"])) == before and match["end"] in answer


STROKE = {"example": "stroke"}
CNN = (
    Claim("from stage to stage less where, more what", lambda t, m, b: deeper(t), {}, ({"pool_size": 1},)),
    Claim("filters, poolings, one row for a dense layer", lambda t, m, b: not deeper(t), {"pool_size": 1}, ({},)),
    Claim(r"(?P<n>\d+) parameters: (?P<a>\d+) in filters, (?P<b>\d+) dense",
          lambda t, m, b: (int(m["n"]), int(m["a"]), int(m["b"])) == (
              learnt(t, "conv", "dense"), learnt(t, "conv"), learnt(t, "dense")), counts=True),
    Claim("one pixel of its map; all others in the same way", lambda t, m, b: t["conv1_output"][0, 0].size > 1, STROKE,
          ({"input": "random:1x2x2", "filters": 1, "padding": 0, "kernel_size": 2, "pool_size": 1},)),
    Claim(r"the (?P<what>largest|mean) of each window: (?P<a>\S+) of (?P<b>\S+)", pooled, {}, ({"pool_size": 1},)),
    Claim(r"every filter reads all maps before, (?P<k>\S+): (?P<n>\d+) parameters", reads, {}, ({"filters": 2},)),
    Claim("the maps lie down in one row: no number changes", lambda t, m, b: t.config.filters[-1] > 1, STROKE,
          ({"filters": 1},)),
    Claim("every class weighs all of the row", lambda t, m, b: classes(t), STROKE,
          ({"output_activation": "sigmoid"}, {"output_activation": "linear"})),
    Claim("shares that add up to 1", lambda t, m, b: classes(t), STROKE, ({"output_activation": "sigmoid"},)),
    Claim(r"filters? .*: {1,2}each in the same way|every filter in the same way"),
    Claim(r"(?P<a>\d+) (?:pixel|number)s? → (?P<b>\d+) answers? of what is where → (?P<end>.*)", closed, {}, (),
          counts=True),
    Claim("pictures: what a filter finds counts wherever it stands"),
)  # fmt: skip


def usual(told: Told) -> bool:
    """Whether an output's error is what it said minus what it should."""
    return len(told["input"]) == 1 and loss_of(told.config) in ("cross-entropy", "binary")


def after_step(told: Told) -> float:
    """The loss with the weights as they are after their step."""
    given = {item.name: told[item.name] for item in CNN_BACKPROP.arrays if item.name in told.trace}
    after = {name: told[f"new_{name}"] if f"new_{name}" in told.trace else value for name, value in given.items()}
    return float(CNN_BACKPROP.compute(told.config, {**given, **after})["loss"])


def stepped(told: Told, match: Match, beat: Beat) -> bool:
    """The loss before and after all weights went their step."""
    fell = after_step(told) < float(told["loss"]) and match["a"] != match["b"]
    return (match["way"] == "fell") == fell


def still(told: Told, match: Match, beat: Beat) -> bool:
    """The loss reads the same after the step."""
    off = 10.0 ** -len(match["a"].partition(".")[2])
    return bool(np.isclose(after_step(told), float(told["loss"]), rtol=0.06, atol=off, equal_nan=True))


TWICE: dict[str, Any] = {"input": "random:1x4x4", "filters": "2,2", "units": 2}
SMALL: dict[str, Any] = {"input": "random:1x4x4", "filters": 2, "units": 2}
BACK = (
    Claim("the error goes back through every stage, to every filter"),
    Claim(r"(?P<n>\d+) parameters: which way for each\?", lambda t, m, b: int(m["n"]) == learnt(t, "conv", "dense"),
          counts=True),
    Claim("forwards: filter, pool, weigh"),
    Claim("how wrong that is"),
    Claim("its error: what it said, minus what it should", lambda t, m, b: usual(t), {},
          ({**SMALL, "output_activation": "linear"}, {**SMALL, "loss": "squared"})),
    Claim("its error: how the loss changes with its sum", lambda t, m, b: not usual(t),
          {**SMALL, "output_activation": "linear"}, ({},)),
    Claim("errors come back over the same weights"),
    Claim("to the largest of each window alone", lambda t, m, b: t.config.pool_mode == "max", {},
          ({"pool_mode": "mean"},)),
    Claim("to all of each window alike", lambda t, m, b: t.config.pool_mode == "mean", {"pool_mode": "mean"}, ({},)),
    Claim(r"times the slope of (?P<f>.*)", lambda t, m, b: m["f"] == activation_name(t.config.activation), TWICE,
          ({**TWICE, "activation": "linear"},)),
    Claim("from every cell that read it, times the weight it was read with",
          lambda t, m, b: len(t.config.filters) > 1, {"input": "random:1x4x4", "filters": "2,2"}, ({},)),
    Claim("a weight's slope: all that it read, times the errors of what it made"),
    Claim("every weight goes a step down its slope", lambda t, m, b: t.config.learning_rate > 0, {},
          ({"learning_rate": 0},)),
    Claim(r"filters? .*: {1,2}each in the same way|every filter in the same way"),
    Claim(r"one step: the loss (?P<way>fell|went) from (?P<a>.*) to (?P<b>.*)", stepped, {}, ({"learning_rate": 0},),
          counts=True),
    Claim(r"one step: the loss is still (?P<a>.*)", still, {"learning_rate": 0}, ({},), counts=True),
    Claim("how filters come about: nobody draws them, the loss does"),
)  # fmt: skip

CLAIMS: dict[str, Any] = {"cnn": CNN, "cnn-backprop": BACK}
