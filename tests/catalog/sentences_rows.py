"""The claims of the film of layers in a row, recomputed from its trace."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np

from layeranim.stories.storyboard import Beat

from . import rows
from .sentences import Claim, Told

Match = re.Match[str]


def links(told: Told) -> list[Any]:
    """Each layer: its name, what it is, its options, and more."""
    listed: list[Any] = json.loads(told.config.layers)
    return listed


def kinds(told: Told) -> list[tuple[str, dict[str, str]]]:
    return [(layer, options) for _, layer, options, *_ in links(told)]


def has(told: Told, *layers: str, **options: str) -> bool:
    """Whether a layer of these stands in the row, with these options."""
    return any(layer in layers and all(held.get(k) == v for k, v in options.items()) for layer, held in kinds(told))


def learnt(told: Told, place: int | None = None) -> int:
    """How many numbers are learned, by one layer or by all."""
    names = [f"{one[0]}." for one in links(told)]
    mine = names if place is None else names[place : place + 1]
    return sum(
        t.array.size for n, t in told.trace.tensors.items()
        if t.role == "weight" and not t.is_recipe and ".running_" not in n and n.startswith(tuple(mine))
    )  # fmt: skip


def most(told: Told, match: Match, beat: Beat) -> bool:
    """Which layer has learned the most, and how much."""
    sizes = [learnt(told, k) for k in range(len(links(told)))]
    place = int(match["k"]) - 1
    return (int(match["a"]), int(match["n"])) == (max(sizes), sum(sizes)) and (
        [sizes[place]] == [n for n in sizes if n == max(sizes)]
    )


def none_most(told: Told, match: Match, beat: Beat) -> bool:
    """That so many layers have learned all of it, none of them more than all others."""
    sizes = [learnt(told, k) for k in range(len(links(told)))]
    return (int(match["n"]), int(match["k"])) == (sum(sizes), sum(map(bool, sizes))) and sizes.count(max(sizes)) > 1


def all_in(told: Told, match: Match, beat: Beat) -> bool:
    """That one layer has learned all that is learned."""
    return int(match["n"]) == learnt(told) == learnt(told, int(match["k"]) - 1)


def ended(told: Told, match: Match, beat: Beat) -> bool:
    """After so many layers a number stands where it is said to, and it is the largest one if these are all."""
    last = int(match["n"]) - 1
    name, whole = links(told)[last][0], last == len(links(told)) - 1
    tensor = told.trace.tensor("output" if whole else f"{name}.output")
    batched = tensor.axes[0] == "batch"
    values = np.nan_to_num(tensor.array[told.work.film.place_in(len(tensor.array))] if batched else tensor.array,
                           nan=-np.inf)  # fmt: skip
    numbers = [int(n) for n in re.findall(r"\d+", match["where"])]
    at = numbers if "read as" in match["where"] else [n - 1 for n in numbers] or [0] * values.ndim
    value = values[tuple(at)].item()
    said = float(match["y"].replace("\u2212", "-").replace("e", "e")) if match["y"] not in ("NaN", "−∞", "∞") else value
    half = 0.51 * 10.0 ** -len(match["y"].partition(".")[2])  # of its last digit
    near = bool(np.isclose(value, said, rtol=0.06, atol=max(0.06, half))) or not np.isfinite(value)
    return near and (not whole or value == values.max())


RELU: dict[str, Any] = {"layers": rows.TINY}
MAPS: dict[str, Any] = {"layers": rows.maps(4)}
SEQUENTIAL = (
    Claim("each layer reads what the one before it made", lambda t, m, b: len(links(t)) > 1, {},
          ({"layers": rows.ONE},)),
    Claim("one layer: what goes in, what comes out", lambda t, m, b: len(links(t)) == 1, {"layers": rows.ONE}, ({},)),
    Claim(r"(?P<a>\d+) of (?P<n>\d+) parameters are in layer (?P<k>\d+), .*", most, counts=True),
    Claim(r"(?P<n>\d+) parameters are in (?P<k>\d+) layers", none_most, {"layers": rows.flat(2, 2, 2)}, ({},)),
    Claim(r"all (?P<n>\d+) parameters are in layer (?P<k>\d+), .*", all_in, {"layers": rows.ONE}, ({},)),
    Claim("a filter reads one window at a time, through all maps", lambda t, m, b: has(t, "conv", "conv3d"), {},
          ({"layers": rows.TINY},)),
    Claim("what is negative becomes 0", lambda t, m, b: has(t, "activation", activation="relu"), RELU, (MAPS,)),
    Claim("every number goes through one curve", lambda t, m, b: has(t, "activation"), MAPS,
          (RELU, {"layers": rows.flat(2, 3, 2, activation="linear")})),
    Claim("no number changes", lambda t, m, b: has(t, "activation", activation="linear"),
          {"layers": rows.flat(2, 3, 2, activation="linear")}, (RELU, MAPS)),
    Claim("the largest number of each window stays", lambda t, m, b: has(t, "pool"), {}, (MAPS, RELU)),
    Claim("each window becomes its mean", lambda t, m, b: has(t, "pool", mode="global-mean"), MAPS, ({},)),
    Claim("the maps lie down in one row: no number changes", lambda t, m, b: has(t, "flatten"), MAPS, (RELU,)),
    Claim("every unit weighs all that comes in", lambda t, m, b: has(t, "dense"), RELU, ({"layers": rows.bars()},)),
    Claim("scores become shares that add up to 1", lambda t, m, b: has(t, "softmax") and
          np.isfinite(t["output"]).all(), RELU, (MAPS, {**RELU, "input": [[float("nan"), 1.0]]})),
    Claim("every feature gets its own centre and spread", lambda t, m, b: has(t, "batchnorm"),
          {"layers": rows.bars()}, ({},)),
    Claim("numbers of a sample get a common centre and spread", lambda t, m, b: has(t, "layernorm"),
          {"layers": rows.steps()}, ({},)),
    Claim("step by step: what it read before is in its state", lambda t, m, b: has(t, "lstm", "rnn", "gru"),
          {"layers": rows.steps()}, ({},)),
    Claim("every id picks its row of the table", lambda t, m, b: has(t, "embedding"), {"example": "words"}, ({},)),
    Claim("rows look at each other, then each thinks alone", lambda t, m, b: has(t, "transformer"),
          {"example": "words"}, ({},)),
    Claim(r"(?P<n>\d+) layers? later: (?P<where>.*?)(?: =|:) (?P<y>\S+)", ended, counts=True),
    Claim("any network that is a row: each layer only needs to fit the one before it"),
    Claim("sums of sums: half of n\\(n \\+ 1\\), and the dense layer doubles it",
          lambda t, m, b: np.array_equal(t["output"].ravel(), [n * (n + 1) for n in range(1, 6)]),
          {"example": "sums"}, ({},)),
)  # fmt: skip

CLAIMS: dict[str, Any] = {"sequential": SEQUENTIAL}
