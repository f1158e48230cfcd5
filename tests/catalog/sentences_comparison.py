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


def outputs(told: Told, x: Any) -> dict[str, Any]:
    """What each layer makes of an input, by other means than the engine."""
    states, found = [0.0], {}
    with np.errstate(all="ignore"):
        if "dense" in told.config.layers:
            found["dense"] = told["dense_weight"] @ x
        if "convolution" in told.config.layers:
            kernel = told["convolution_weight"]
            whole = np.convolve(x, kernel[::-1])
            found["convolution"] = whole[len(kernel) // 2 :][: len(x)]
        if "recurrent" in told.config.layers:
            u, w = told["recurrent_weight"]
            for number in x:
                states.append(np.tanh(u * number + w * states[-1]))
            found["recurrent"] = np.array(states[1:])
        if "attention" in told.config.layers:
            found["attention"] = shares(told, x) @ (told["attention_weight"][2] * x)
    return found


def shares(told: Told, x: Any) -> Any:
    """Attention's weights of an input."""
    query, key, _ = told["attention_weight"]
    with np.errstate(all="ignore"):
        scores = np.outer(query * x, key * x)
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)


def other_input(told: Told) -> Any:
    x = np.array(told["input"])
    a, b = (place - 1 for place in told.config.swap)
    x[[a, b]] = x[[b, a]]
    return x


def named(told: Told, match: Match) -> bool:
    """Whether the two places that are said are those that are swapped; without a word the least and the largest."""
    said = tuple(int(n) - 1 for n in match.groups())
    drawn = told["input"][:10]
    usual = told.work.config.swap is None and np.isfinite(drawn).all() and len(set(drawn.tolist())) > 1
    return sorted(said) == sorted(p - 1 for p in told.config.swap) and (
        not usual or {drawn[k] for k in said} == {drawn.min(), drawn.max()}
    )


def output_told(told: Told) -> int:
    """The output that captions are about: the first of those nearest the middle that is not swapped, if one is not."""
    count = min(10, told["input"].size)
    free = [k for k in range(count) if k + 1 not in told.config.swap] or [*range(count)]
    return min(free, key=lambda k: abs(k - count // 2))


def moved(told: Told) -> bool:
    """Whether attention's edges of the output that is told become lighter or heavier by what can be seen."""
    if "attention" not in told.config.layers:
        return False
    before, now = (shares(told, x)[output_told(told)] for x in (told["input"], other_input(told)))
    return bool((np.abs(before - now)[:10] > 0.02 * before.max()).any())


def followed(told: Told, match: Match, beat: Beat) -> bool:
    """Whether the two edges have changed their weights with the inputs, and every other edge has the one it had."""
    a, b = (place - 1 for place in told.config.swap)
    before, now = (shares(told, x)[output_told(told)] for x in (told["input"], other_input(told)))
    rest = [k for k in range(len(before)) if k not in (a, b)]
    same = np.allclose(now[[a, b]], before[[b, a]]) and np.allclose(now[rest], before[rest])
    return named(told, match) and moved(told) and same and others_stay(told)


def others_stay(told: Told) -> bool:
    edges, now = told["edge_weights"], told["swapped_edge_weights"]
    return all(np.array_equal(edges[k], now[k]) for k, kind in enumerate(told.config.layers) if kind != "attention")


def changed(told: Told, match: Match, beat: Beat) -> bool:
    """Whether so many outputs of each layer are other numbers, by a millionth of what they were made of."""
    before, now = (outputs(told, x) for x in (told["input"], other_input(told)))
    said = dict(part.split() for part in match[1].split(", "))
    for kind in told.config.layers:
        terms = np.nan_to_num(np.abs(told[f"{kind}.products"]).sum(axis=-1))
        far = [
            ~np.isclose(before[kind], now[kind], rtol=0, atol=share * terms, equal_nan=True) for share in (2e-6, 5e-7)
        ]
        if not far[0].sum() <= int(said[kind]) <= far[1].sum():
            return False
    return [*said] == [*told.config.layers]


def turned(told: Told, match: Match, beat: Beat) -> bool:
    a, b = (place - 1 for place in told.config.swap)
    before, now = (outputs(told, x)["attention"] for x in (told["input"], other_input(told)))
    before[[a, b]] = before[[b, a]]
    return np.allclose(now, before) and not np.isclose(now[a], now[b])


FOR = {"dense": "no order", "convolution": "neighbours", "recurrent": "time", "attention": "any two places"}
COMPARE = (
    Claim(r"(?P<n>\d+) numbers? in, as many out: which output reads what\?",
          lambda t, m, b: int(m["n"]) == t["outputs"].shape[1] == t["input"].size, {}, (), counts=True),
    Claim("in turn: outputs made one after another; end to end: edges from first place to last"),
    Claim("every output reads every input, by a weight of its own", all_of_its_own, {}, ({"layers": "recurrent"},)),
    Claim(r"an output reads its neighbours, everywhere with the same (\d+) weights", neighbours, {},
          ({"input": "1 2", "layers": "convolution"},)),
    Claim("the window is wider than the input: nothing is left out",
          lambda t, m, b: bool(links(t, b)[0].all()) and t["input"].size > 1, {"input": "1 2"}, ({},)),
    Claim("an output reads one input and the output before: it has to wait", waits, {}, ({"input": "3"},)),
    Claim("every output reads every input; the inputs say how much", mixed, {}, ({"input": "3"},)),
    Claim(r"inputs (\d+) and (\d+) change places: only attention's edges follow them",
          lambda t, m, b: len(t["links"]) > 1 and followed(t, m, b), {}, ({"input": "3"}, {"input": "2 2 2"},
          {"attention_weight": "0 1 1"}, {"layers": "dense,recurrent"}, {"layers": "attention"}, {"input": "3 1"})),
    Claim(r"inputs (\d+) and (\d+) change places: its edges follow them", followed, {"layers": "attention"}, ({},)),
    Claim(r"inputs (\d+) and (\d+) change places: (?:only attention's|its) edges change",
          lambda t, m, b: named(t, m) and moved(t) and others_stay(t) and t["input"].size == 2,
          {"input": "3 1"}, ({}, {"input": "3 3"})),
    Claim(r"inputs (\d+) and (\d+) change places: every edge stays as it was",
          lambda t, m, b: named(t, m) and not moved(t) and others_stay(t), {"layers": "dense,recurrent"}, ({},)),
    Claim(r"inputs (\d+) and (\d+) change places: they are the same number",
          lambda t, m, b: named(t, m) and len({float(t["input"][p - 1]) for p in t.config.swap}) == 1,
          {"input": "2 2 2"}, ({}, {"input": "2 2 3"})),
    Claim("changed outputs: (.*)", changed, {}, ({"input": "3"}, {"steps": "1-3"})),
    Claim("attention gives the same numbers, swapped as its inputs are", turned, {},
          ({"layers": "dense"}, {"input": "2 2 2"}, {"attention_weight": "0 1 1"})),
    Claim("choose the layer whose edges fit your data", lambda t, m, b: len(t["links"]) > 1, {},
          ({"layers": "dense"},)),
    Claim("every layer has edges of its own kind", lambda t, m, b: len(t["links"]) == 1, {"layers": "dense"}, ({},)),
    Claim(r"layers? .*: {1,2}each in the same way|every layer in the same way"),
    Claim(r".+: (no order|neighbours|time|any two places)", counts=True, seen={},
          true=lambda t, m, b: m[0].split("; ") == [f"{name}: {FOR[name]}" for name in t.config.layers]),
)  # fmt: skip

CLAIMS: dict[str, Any] = {"compare-layers": COMPARE}
