"""The claims of the films of whole networks, recomputed from their traces."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import numpy as np

from layeranim.engine.network import BACKPROP, loss_of
from layeranim.stories.activations import activation_name
from layeranim.stories.storyboard import Beat

from .sentences import Claim, Told

Match = re.Match[str]
ARITHMETIC = ("act", "step", "brief")


def layers(told: Told) -> int:
    return len(told.config.sizes) - 1


def sample(told: Told) -> int:
    return told.work.film.place_in(len(told["input"]))


def deep(told: Told) -> bool:
    return layers(told) > 1


def bent(told: Told) -> bool:
    """Whether sums of the first layer go through a function of the hidden layers."""
    return deep(told) and told.config.activation != "linear"


def pictured(told: Told) -> bool:
    """Whether the film draws the input as a picture."""
    return any(grid.tensor == "dense1_products" for grid in told.board.grids.values())


def held(told: Told) -> int:
    """How many weights and biases there are."""
    sizes = told.config.sizes
    return sum(m * (n + told.config.bias) for n, m in pairwise(sizes))


def parameters(told: Told, match: Match, beat: Beat) -> bool:
    return int(match["n"]) == held(told) and (match["l"] is None or int(match["l"]) == layers(told))


def best(told: Told) -> int:
    return int(np.nan_to_num(told["output"][sample(told)], nan=-np.inf).argmax())


def closed(told: Told, match: Match, beat: Beat) -> bool:
    """What comes in, what is learnt or stands between, what comes out."""
    sizes = told.config.sizes
    right = held(told) if match["what"] == "parameters" else " + ".join(map(str, sizes[1:-1]))
    answer = {f"class {best(told) + 1}", f"read as a {best(told)}"} if told.config.output_activation == "softmax" else (
        {f"{sizes[-1]} output{'s' * (sizes[-1] > 1)}"})  # fmt: skip
    answer |= {f"{sizes[-1]} output"} if sizes[-1] == 1 else set()
    return int(match["i"]) == sizes[0] and match["h"] == str(right) and match["end"] in answer


RELU: dict[str, Any] = {
    "input": "1 -1",
    "dense1_weight": "-1 0; 1 0",
    "dense2_weight": "1 1; 0 1",
    "activation": "relu",
}
MLP = (
    Claim(r"each layer: multiply, add up(?P<b>, bend)?; the next one reads what it made",
          lambda t, m, b: deep(t) and bool(m["b"]) == bent(t), {}, ({"sizes": "3,2"},)),
    Claim(r"one layer: multiply, add up", lambda t, m, b: not deep(t), {"sizes": "3,2"}, ({},)),
    Claim(r"(?P<n>\d+) parameters?(?::  .*| in (?P<l>\d+) layers)", parameters, counts=True),
    Claim("one product for each input, then their sum",
          lambda t, m, b: t.config.sizes[0] > 1 and not pictured(t), {}, ({"sizes": "1,2,2"}, {"example": "digits"})),
    Claim("blue speaks for it, orange against it", lambda t, m, b: pictured(t), {"example": "digits"}, ({},)),
    Claim("every unit reads the same inputs with weights of its own",
          lambda t, m, b: t.config.sizes[1] > 1, {}, ({"sizes": "2,1,2"},)),
    Claim("ReLU keeps what is positive, the rest becomes 0",
          lambda t, m, b: t.config.activation == "relu" and (t["dense1_pre_activation"][sample(t)] < 0).any(),
          RELU, ({}, {**RELU, "dense1_weight": "1 0; 1 0"})),
    Claim(r"layer (\d+) reads what layer (\d+) made",
          lambda t, m, b: int(m[1]) == int(m[2]) + 1 <= layers(t), {}, ({"sizes": "3,2"},)),
    Claim("shares that add up to 1", lambda t, m, b: t.config.output_activation == "softmax", {},
          ({"output_activation": "sigmoid"}, {"output_activation": "linear"})),
    Claim(r"units? .*: {1,2}each in the same way|every unit in the same way"),
    Claim(r"(?P<i>\d+) (?:input|pixel)s?, (?P<h>[\d +]+) (?P<what>hidden units?|parameters) → (?P<end>.*)", closed,
          {}, (), counts=True),
    Claim("or, and, and their difference: one layer alone cannot tell either from both",
          lambda t, m, b: t["output"].argmax(axis=1).tolist() == (t["input"].sum(axis=1) == 1).astype(int).tolist(),
          {}, ({"input": "random:4x2"}, {"activation": "tanh"})),
    Claim("16 questions about the pixels, 10 answers made of them", lambda t, m, b: t.config.sizes == (64, 16, 10),
          {"example": "digits"}, ({"example": "digits", "activation": "tanh"},)),
    Claim("the plainest deep network: any row of numbers, as long as its length stays the same"),
)  # fmt: skip


def still(told: Told, match: Match, beat: Beat) -> bool:
    """The loss reads the same after the step."""
    off = 10.0 ** -len(match["a"].partition(".")[2])
    return bool(np.isclose(after_step(told), float(told["loss"]), rtol=0.06, atol=off, equal_nan=True))


def after_step(told: Told) -> float:
    """The loss with the weights as they are after their step."""
    given = {item.name: told[item.name] for item in BACKPROP.arrays if item.name in told.trace}
    after = {name: told[f"new_{name}"] if f"new_{name}" in told.trace else value for name, value in given.items()}
    return float(BACKPROP.compute(told.config, {**given, **after})["loss"])


def stepped(told: Told, match: Match, beat: Beat) -> bool:
    """The loss before and after all weights went their step."""
    fell = after_step(told) < float(told["loss"]) and match["a"] != match["b"]
    return (match["way"] == "fell") == fell


def usual(told: Told) -> bool:
    """Whether an output's error is what it said minus what it should."""
    return len(told["input"]) == 1 and loss_of(told.config) in ("cross-entropy", "binary")


BACK = (
    Claim("forwards to the loss, then every error back to what made it"),
    Claim(r"(?P<n>\d+) weights(?P<b> and biases)?: which way for each\?",
          lambda t, m, b: int(m["n"]) == held(t) and bool(m["b"]) == t.config.bias, counts=True),
    Claim("forwards: multiply, add up, bend"),
    Claim("how wrong that is"),
    Claim("its error: what it said, minus what it should", lambda t, m, b: usual(t), {}, ({"example": "published"},)),
    Claim("its error: how the loss changes with its sum", lambda t, m, b: not usual(t),
          {"example": "published"}, ({},)),
    Claim("blame: what came in, times the error that came back", lambda t, m, b: len(t["input"]) == 1, {},
          ({"input": "random:3x2", "target": [0, 1, 1]},)),
    Claim("blame: what came in, times the error", lambda t, m, b: len(t["input"]) > 1,
          {"input": "random:3x2", "target": [0, 1, 1]}, ({},)),
    Claim("errors come back over the same edges", lambda t, m, b: deep(t), {}, ({"sizes": "2,2"},)),
    Claim(r"and through the slope of (?P<f>.*)",
          lambda t, m, b: bent(t) and m["f"] == activation_name(t.config.activation), {}, ({"activation": "linear"},)),
    Claim("again: what came in, times the error", lambda t, m, b: deep(t) and len(t["input"]) == 1, {},
          ({"sizes": "2,2"},)),
    Claim("its gradient said the same", lambda t, m, b: bool(np.isfinite(t["loss"])), {},
          ({"input": "nan 1", "sizes": "2,2,2"},)),
    Claim("every weight goes a step down its slope", lambda t, m, b: t.config.learning_rate > 0, {},
          ({"learning_rate": 0},)),
    Claim(r"units? .*: {1,2}each in the same way|every unit in the same way"),
    Claim(r"one step: the loss (?P<way>fell|went) from (?P<a>.*) to (?P<b>.*)", stepped, {}, ({"learning_rate": 0},),
          counts=True),
    Claim(r"one step: the loss is still (?P<a>.*)", still, {"learning_rate": 0}, ({},), counts=True),
    Claim("how networks learn: one way back, a slope for every weight"),
)  # fmt: skip


ENDS = {"tanh": (-1, 1), "sigmoid": (0, 1), "softsign": (-1, 1), "hard-tanh": (-1, 1)}
NAMES = {"zeros": "zeros", "too small": "small", "too large": "large", "Xavier": "xavier", "He": "he"}


def fate(told: Told, scheme: str) -> str:
    """What becomes of a signal under a scheme, from its first numbers and its last."""
    states = told.work.film.selected(len(told[f"{scheme}.numbers"]))
    values = told[f"{scheme}.numbers"]
    with np.errstate(all="ignore"):
        first, last = (float(np.sqrt(np.mean(np.square(values[k])))) for k in (0, states[-1]))
    low, high = ENDS.get(told.config.activation, (-np.inf, np.inf))
    end = values[states[-1]]
    if not np.isfinite(first) or first == 0 or (last and end.size > 1 and bool((end == end.flat[0]).all())):
        return "is lost"
    if not np.isfinite(last) or last > 5 * first:
        return "explodes"
    if states[-1] and np.mean((end <= low + 0.01) | (end >= high - 0.01)) > 0.5:
        return "sticks"
    return "dies" if last < first / 20 else "lives" if last > first / 5 else "fades"


def fates(told: Told, match: Match, beat: Beat) -> bool:
    said = dict(part.split(": it ") for part in match[0].split(",  "))
    return len(said) == min(4, len(told.config.schemes)) and all(
        found == fate(told, NAMES[name]) for name, found in said.items()
    )


def drawn_with(scheme: str, deviation: Any) -> Any:
    """Whether the film shows a scheme, whose weights have the spread that is said."""

    def true(told: Told, match: Match, beat: Beat) -> bool:
        units = told["draws"].shape[1]
        said = float(match["n"])
        shown = scheme in told.config.schemes[:4]
        return (
            shown
            and abs(said - deviation(units)) <= 0.006 * deviation(units)
            and np.allclose(told[f"{scheme}.weights"], told["draws"] * deviation(units))
        )

    return true


INIT = (
    Claim("the same numbers through layers of weights drawn in several ways"),
    Claim(r"(?P<l>\d+) layers? of (?P<u>\d+) units: every dot is what one unit makes of one sample",
          lambda t, m, b: (int(m["l"]), int(m["u"])) == t["draws"].shape[:2], {}, (), counts=True),
    Claim("all begin with the same numbers"),
    Claim("zeros: every unit is like every other, and stays so",
          lambda t, m, b: "zeros" in t.config.schemes and len(np.unique(t["zeros.numbers"][1:])) == 1, {},
          ({"schemes": "xavier"},)),
    Claim(r"Xavier: a spread of √\(2/\(in \+ out\)\) = (?P<n>.*)", drawn_with("xavier", lambda n: n**-0.5), {},
          ({"schemes": "he"},)),
    Claim(r"He: a spread of √\(2/in\) = (?P<n>.*)", drawn_with("he", lambda n: (2 / n) ** 0.5), {"example": "relu"},
          ({},)),
    Claim(r"layers? .*: {1,2}each in the same way|every layer in the same way"),
    Claim(r"(zeros|too small|too large|Xavier|He): it .*", fates, {}, (), counts=True),
    Claim("signals should neither die nor stick on their way, nor should the gradients back"),
)  # fmt: skip

CLAIMS: dict[str, Any] = {"mlp": MLP, "backprop": BACK, "init": INIT}
