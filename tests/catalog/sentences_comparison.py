"""The claims of the film that compares layers, recomputed from its numbers."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from layeranim.stories.storyboard import Beat

from .sentences import Claim, Told

Match = re.Match[str]


def links(told: Told, beat: Beat) -> tuple[Any, Any]:
    """Of the layer under way what reads inputs, and what reads outputs."""
    own = told["links"][beat.units[0]]
    return own[:, : len(own)], own[:, len(own) :]


def all_of_its_own(told: Told, match: Match, beat: Beat) -> bool:
    reads, _ = links(told, beat)
    return bool(reads.all()) and told["dense_weight"].size == reads.size > 1


def neighbours(told: Told, match: Match, beat: Beat) -> bool:
    reads, _ = links(told, beat)
    rows = [np.flatnonzero(row) for row in reads]
    near = all((np.diff(row) == 1).all() and i in row for i, row in enumerate(rows))
    return near and not reads.all() and int(match[1]) == told["convolution_weight"].size


def waits(told: Told, match: Match, beat: Beat) -> bool:
    reads, hands = links(told, beat)
    n = len(reads)
    return n > 1 and np.array_equal(reads, np.eye(n)) and np.array_equal(hands, np.eye(n, k=-1))


def mixed(told: Told, match: Match, beat: Beat) -> bool:
    reads, _ = links(told, beat)
    return len(reads) > 1 and bool(reads.all()) and "attention.shares" in told.trace


FOR = {"dense": "no order", "convolution": "neighbours", "recurrent": "time", "attention": "any two places"}
COMPARE = (
    Claim(r"(?P<n>\d+) numbers? in, as many out: which output reads what\?",
          lambda t, m, b: int(m["n"]) == t["outputs"].shape[1] == t["input"].size, {}, (), counts=True),
    Claim("in turn: outputs that wait for one another; end to end: edges from first input to last output"),
    Claim("every output reads every input, by a weight of its own", all_of_its_own, {}, ({"layers": "recurrent"},)),
    Claim(r"an output reads its neighbours, everywhere with the same (\d+) weights", neighbours, {},
          ({"input": "1 2", "layers": "convolution"},)),
    Claim("the window is wider than the input: nothing is left out",
          lambda t, m, b: bool(links(t, b)[0].all()) and t["input"].size > 1, {"input": "1 2"}, ({},)),
    Claim("an output reads one input and the output before: it has to wait", waits, {}, ({"input": "3"},)),
    Claim("every output reads every input; the input itself says how much", mixed, {}, ({"input": "3"},)),
    Claim("choose the layer whose edges fit your data", lambda t, m, b: len(t["links"]) > 1, {},
          ({"layers": "dense"},)),
    Claim("every layer has edges of its own kind", lambda t, m, b: len(t["links"]) == 1, {"layers": "dense"}, ({},)),
    Claim(r"layers? .*: {1,2}each in the same way|every layer in the same way"),
    Claim(r".+: (no order|neighbours|time|any two places)", counts=True, seen={},
          true=lambda t, m, b: m[0].split("; ") == [f"{name}: {FOR[name]}" for name in t.config.layers]),
)  # fmt: skip

CLAIMS: dict[str, Any] = {"compare-layers": COMPARE}
