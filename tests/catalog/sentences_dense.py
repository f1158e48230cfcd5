"""The claims of the films of one neuron and of dense layers, recomputed from their traces."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from layeranim.stories.stage.verbs import Fill
from layeranim.stories.storyboard import Address, Beat

from .sentences import Check, Claim, Told, every

Match = re.Match[str]


def activation(which: str) -> Check:
    return lambda told, m, b: told.config.activation == which


def inputs(told: Told) -> int:
    return int(told["input"].shape[1])


def units(told: Told) -> int:
    return int(told["weight"].shape[0])


def sums(told: Told, sample: int) -> list[float]:
    """z of every unit, added up anew."""
    bias = told["bias"] if "bias" in told.trace else 0.0
    return [float(z) for z in np.round(told["weight"] @ told["input"][sample] + bias, 9)]


def wins(told: Told, match: Match, beat: Beat) -> bool:
    """The units that are said to have the largest sum have it, and no other."""
    z, digits = sums(told, beat.units[0] // units(told)), match["who"].startswith("class")
    won = [o if digits else o + 1 for o, value in enumerate(z) if value == max(z)]
    if match["who"].startswith("all"):
        return len(won) == units(told)
    if match["few"]:
        return len(won) == int(match["few"])
    return won == [int(n) for n in re.findall(r"\d+", match["who"])]


def signs(told: Told, match: Match, beat: Beat) -> bool:
    weight = told["weight"]
    sizes = len(np.unique(np.abs(weight))) > 1
    return bool((weight > 0).any() and (weight < 0).any()) and (match["thick"] is None or sizes)


def ended(told: Told, match: Match, beat: Beat) -> bool:
    """The numbers of the last sentence; of several samples it says whose results stand there."""
    told_of = {u // units(told) for b in told.board.beats for u in b.units}
    several = len(told_of) > 1
    fills = [verb for verb in verbs(beat) if isinstance(verb, Fill) and verb.part == "output" and verb.cells.sources]
    sources = [verb.cells.sources(0, 0) for verb in fills if verb.cells.sources]
    there = {source.index[0] for source in sources if isinstance(source, Address)}
    here = {int(match["here"]) - 1} if match["here"] else set()
    counted = int(match["samples"] or 1) == len(told_of) and bool(here) == several
    return counted and (not several or not there or here == there) and parameters(told, match, beat)


def verbs(beat: Beat) -> Iterator[Any]:
    return (verb for phase in beat.verbs for verb in phase)


def pictured(told: Told, match: Match, beat: Beat) -> bool:
    """A picture is read, and the weights lie in its places."""
    return {told.board.grids[name].rows for name in ("input", "weight", "products")} == {int(inputs(told) ** 0.5)}


def parameters(told: Told, match: Match, beat: Beat) -> bool:
    return int(match["n"]) == told["weight"].size + (told["bias"].size if "bias" in told.trace else 0)


def loudest(told: Told, match: Match, beat: Beat) -> bool:
    sample, best = beat.units[0] // units(told), int(match["best"])
    z = sums(told, sample)
    best -= told.board.title != "Dense layer: which digit?"
    return z[best] == max(z) and bool((told["weight"][best] * told["input"][sample] > 0).any())


def threshold(told: Told, match: Match, beat: Beat) -> bool:
    """AND: the answer is 1 where all inputs are."""
    return np.array_equal(told["output"][:, 0], told["input"].all(axis=1).astype(float))


DIGITS = {"example": "digits"}
EQUAL = {"input": "0 0 0", "units": 3, "activation": "softmax", "bias": False}


def row(told: Told) -> list[int]:
    """The samples that a neuron's film goes through."""
    return sorted({u for b in told.board.beats for u in b.units})


def cut(told: Told) -> bool:
    """Whether a sum of a sample that is told is below 0."""
    return any(z < 0 for sample in row(told) for z in sums(told, sample))


def made(told: Told, match: Match, beat: Beat) -> bool:
    """What the last sentence counts."""
    n = len(row(told))
    right = {"one number": n == 1, f"{n} decisions": told.config.activation == "step" and n > 1,
             f"{n} results": told.config.activation != "step" and n > 1}  # fmt: skip
    counted = int(match["n"]) == int(match["w"]) == inputs(told)
    return counted and bool(match["b"]) == ("bias" in told.trace) and right.get(match["end"], False)


NEURON = (
    Claim(r"multiply every input by its weight, add up(?P<bias>, add the bias)?",
          lambda t, m, b: ("bias" in t.trace) == bool(m["bias"]), counts=True),
    Claim(r"blue edge: positive weight, orange: negative(?P<thick>; thick: large)?", signs,
          {"input": "1 2", "weight_values": "1 -3"}, ({"input": "1 2", "weight_values": "2 2"},)),
    Claim(r"thick edge: large weight",
          lambda t, m, b: len(np.unique(np.abs(t["weight"]))) > 1 and not bool((t["weight"] > 0).any()
                                                                             and (t["weight"] < 0).any()),
          {"input": "1 2", "weight_values": "1 3"}, ({"input": "1 2", "weight_values": "2 2"},
                                                   {"input": "1 2", "weight_values": "1 -3"})),
    Claim(r"one product for each input, then their sum", lambda t, m, b: inputs(t) > 1, {}, ({"input": "3"},)),
    Claim(r"step: 1 from 0 upwards, else 0", activation("step"), {}, ({"activation": "relu"},)),
    Claim(r"ReLU keeps what is positive, the rest becomes 0", lambda t, m, b: t.config.activation == "relu" and cut(t),
          {"activation": "relu"},
          ({"activation": "leaky-relu"}, {}, {"input": "1 2", "weight_values": "1 1", "activation": "relu"})),
    Claim(r"every sample meets the same weights(?P<bias> and bias)?",
          lambda t, m, b: t["input"].shape[0] > 1 and ("bias" in t.trace) == bool(m["bias"]),
          {"input": "random:4x3"}, ({"input": "random:3"},)),
    Claim(r"samples? .*: {1,2}each in the same way|every sample in the same way"),
    Claim(r"one sample after another"),
    Claim(r"(?P<n>\d+) inputs?, (?P<w>\d+) weights?(?P<b>, 1 bias)? → (?P<end>.*)", made, counts=True),
    Claim(r"weigh and add up: the unit that layers are made of"),
    Claim(r"both inputs together pass the threshold: a neuron can compute AND", threshold, {},
          ({"input": "0 0; 0 1; 1 0; 2 2"}, {"activation": "sigmoid"})),
    Claim(r"weights say how much a vote counts, the bias how many it takes", activation("step"),
          {"example": "majority"}, ({"example": "majority", "activation": "sigmoid"},)),
    Claim(r"sigmoid makes the sum a probability between 0 and 1: a yes or no with its odds", activation("sigmoid"),
          {"example": "sigmoid"}, ({"example": "sigmoid", "activation": "tanh"},)),
)  # fmt: skip
DENSE = (
    Claim(r"multiply every input by its weight, add up(?P<bias>, add the bias)?",
          lambda t, m, b: ("bias" in t.trace) == bool(m["bias"]), counts=True),
    Claim(r"(?P<n>\d+) parameters?:  .*", parameters, counts=True),
    Claim(r"step: 1 from 0 upwards, else 0", activation("step"), {"input": "1 2", "activation": "step"},
          ({"input": "1 2", "activation": "relu"}, {"input": "1 2", "activation": "linear"})),
    Claim(r"ReLU keeps what is positive, the rest becomes 0",
          lambda t, m, b: t.config.activation == "relu" and bool((t["pre_activation"] < 0).any()),
          {"activation": "relu"}, ({"activation": "leaky-relu"}, {"activation": "step"},
                                   {"input": "1 2", "weight_values": "1 1; 2 2", "activation": "relu"})),
    Claim(r"one unit:  z [=≈] \S+   (softmax|log-softmax) → \S+",
          lambda t, m, b: units(t) == 1 and "softmax" in t.config.activation,
          {"input": "1 2", "weight_values": "1 1", "activation": "softmax"}, ({},)),
    Claim(r"alone, it has the whole share", lambda t, m, b: units(t) == 1 and every(t["output"] == 1, lambda one: one),
          {"input": "1 2", "weight_values": "1 1", "activation": "softmax"},
          ({"input": "1 2", "weight_values": "1 1", "activation": "log-softmax"},)),
    Claim(r"(units?|class(es)?) .*: {1,2}each in the same way|every (unit|class) in the same way"),
    *(claim for claim in NEURON if claim.says.startswith(("blue edge", "thick edge", "weigh and", "samples?",
                                                          "one sample"))),
    Claim(r"\d+ inputs?, \d+ weights?(?P<b>, 1 bias)? → (one number|\d+ (decisions|results))",
          lambda t, m, b: units(t) == 1 and bool(m["b"]) == ("bias" in t.trace), {"input": "1 2", "units": 1},
          ({"input": "1 2", "units": 2},)),
    Claim(r"one product for each input, then their sum", lambda t, m, b: inputs(t) > 1,
          {"input": "random:5x4", "units": 1, "precision": 5}, ({"input": "3", "units": 12},)),
    Claim(r"every sample meets the same weights(?P<bias> and bias)?",
          lambda t, m, b: t["input"].shape[0] > 1 and ("bias" in t.trace) == bool(m["bias"]) and units(t) == 1,
          {"input": "random:4x3", "units": 1},
          ({"input": "random:3", "units": 1}, {"input": "random:4x3", "units": 3})),
    Claim(r"every unit reads the same inputs with weights of its own", lambda t, m, b: units(t) > 1, {},
          ({"input": "random:4", "units": 1},)),
    Claim(r"(?P<who>(unit|class)(es|s)? [\d, and]+|all \d+ (units|classes)|(?P<few>\d+) of \d+ (units|classes)) "
          r"(wins|are equal):  z [=≈] \S+(,  next (class|unit) \d+ with \S+)?   (softmax|log-softmax) → \S+", wins,
          {"units": 3, "activation": "softmax", "input": "random:4"}, ({"units": 3, "input": "random:4"},)),
    Claim(r"a sum is NaN, which is no number: nothing wins", lambda t, m, b: bool(np.isnan(t["pre_activation"]).any()),
          {"input": "nan 1", "units": 2, "activation": "softmax"}, ({**EQUAL},)),
    Claim(r"shares that add up to 1", activation("softmax"), EQUAL,
          ({**EQUAL, "activation": "log-softmax"}, {**EQUAL, "activation": "tanh"})),
    Claim(r"framed pixels speak loudest for (?P<best>\d+)", loudest,
          DIGITS, ({**DIGITS, "input": "zeros:1x64"}, {**DIGITS, "activation": "relu"})),
    Claim(r"blue speaks for it, orange against it", pictured, DIGITS, ({},)),
    Claim(r"each (?P<what>class|unit) has a weight for every pixel: multiply, add up", pictured, DIGITS, ({},)),
    Claim(r"64 pixels, 10 units of 64 weights → read as a (?P<best>\d)",
          lambda t, m, b: sums(t, len(t["input"]) - 1)[int(m["best"])] == max(sums(t, len(t["input"]) - 1)), DIGITS,
          ({}, {**DIGITS, "activation": "relu"})),
    Claim(r"((?P<samples>\d+) samples? of )?\d+ inputs?, (?P<n>\d+) parameters? → \d+ outputs?( each)?"
          r"(, here sample (?P<here>\d+))?", ended, counts=True),
    Claim(r"every output weighs every input; as the last layer, it casts the vote"),
    Claim(r"every class weighs the same pixels in its own way: the largest sum names the digit",
          lambda t, m, b: units(t) == 10 and t.config.activation == "softmax", DIGITS,
          ({**DIGITS, "activation": "relu"}, {**DIGITS, "weight": "random:10x64"})),
)  # fmt: skip

CLAIMS = {"neuron": NEURON, "dense": DENSE}
