"""The claims of films of maxout units, of weights kept small and of features, recomputed from their traces."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from layeranim.engine.activations import ACTIVATIONS
from layeranim.stories.storyboard import Beat

from .sentences import Claim, Told

Match = re.Match[str]


# ── maxout ───────────────────────────────────────────────────────────────────
def lines(told: Told) -> bool:
    """Whether every piece is a line: it reads one number."""
    return told["weight"].shape[1] == 1


def several(told: Told) -> bool:
    return len(told["weight"]) > 1


def sums(told: Told) -> Any:
    """What every piece makes of every sample that is shown, from weights and biases."""
    with np.errstate(all="ignore"):
        made = told["input"] @ told["weight"].T + (told["bias"] if "bias" in told.trace else 0)
    at = told.work.film.sample
    rows = made if at is None else made[[told.work.film.place_in(len(made))]]
    return rows[list(told.work.film.selected(len(rows)))]


def winners(told: Told) -> int:
    rows = [row.tolist() for row in sums(told) if np.isfinite(row).all()]
    return len({row.index(max(row)) for row in rows})


def alone(told: Told, match: Match, beat: Beat) -> bool:
    row = told["pre_activation"][beat.units[0]].tolist()
    return bool(np.isfinite(row).all()) and row.count(max(row)) == 1


MAXOUT = (
    Claim("of several lines the highest one is the answer", lambda t, m, b: lines(t) and several(t), {},
          ({"pieces": 1, "input": "3"}, {"example": "two-inputs"})),
    Claim("of several sums the largest one is the answer", lambda t, m, b: not lines(t) and several(t),
          {"example": "two-inputs"}, ({}, {"pieces": 1, "input": "3"})),
    Claim("one sum is all that it has: nothing is chosen", lambda t, m, b: not several(t),
          {"pieces": 1, "input": "3"}, ({}, {"example": "two-inputs"})),
    Claim("w: the slope of a line, b: its height at 0", lambda t, m, b: lines(t) and "bias" in t.trace, {},
          ({"input": "1; 2", "bias": False}, {"example": "two-inputs"})),
    Claim("w: the slope of a line; all go through 0", lambda t, m, b: lines(t) and "bias" not in t.trace,
          {"input": "1; 2", "bias": False}, ({}, {"example": "two-inputs"})),
    Claim("the same x on every line", lambda t, m, b: lines(t) and several(t), {},
          ({"pieces": 1, "input": "3"}, {"example": "two-inputs"})),
    Claim("every piece weighs the same numbers in its own way", lambda t, m, b: not lines(t) and several(t),
          {"example": "two-inputs"}, ({}, {"pieces": 1, "input": "1 3"})),
    Claim("one piece: a weighted sum as any other", lambda t, m, b: not several(t), {"pieces": 1, "input": "3"}, ({},)),
    Claim("only the largest passes, and only its piece learns", alone, {},
          ({"pieces": 1, "input": "3"}, {"input": "1", "weight_values": "1; 1"})),
    Claim("where two lines cross, the unit has its bend", lambda t, m, b: lines(t) and winners(t) > 1, {},
          ({"input": "1"}, {"example": "two-inputs"})),
    Claim(r"samples? .*: {1,2}each in the same way|every sample in the same way"),
    Claim("one piece: a straight line", lambda t, m, b: lines(t) and not several(t), {"pieces": 1, "input": "3"},
          ({}, {"pieces": 1, "input": "1 3"})),
    Claim("one piece: a plain weighted sum", lambda t, m, b: not lines(t) and not several(t),
          {"pieces": 1, "input": "1 3"}, ({}, {"pieces": 1, "input": "3"})),
    Claim(r"(\d+) of (\d+) pieces won: the curve is the upper hull of all lines",
          lambda t, m, b: lines(t) and (int(m[1]), int(m[2])) == (winners(t), len(t["weight"])), {},
          ({"pieces": 1, "input": "3"}, {"example": "two-inputs"})),
    Claim(r"(\d+) of (\d+) pieces won: each where its sum is the largest",
          lambda t, m, b: not lines(t) and (int(m[1]), int(m[2])) == (winners(t), len(t["weight"])),
          {"example": "two-inputs"}, ({}, {"pieces": 1, "input": "1 3"})),
    Claim("an activation whose form is learned with the weights"),
)  # fmt: skip


# ── regularisation ───────────────────────────────────────────────────────────
CALLED = {"free": "none", "L2": "l2", "L1": "l1", "max-norm": "max-norm"}
LAST: dict[str, Any] = {"updates": 2}


def ended(told: Told, name: str) -> Any:
    """The weights of a penalty at the end of what is shown."""
    at = told.config.penalties.index(CALLED[name])
    return told["path"][at, list(told.work.film.selected(told["path"].shape[1]))[-1]]


def zeros(told: Told, match: Match, beat: Beat) -> bool:
    return int(np.sum(ended(told, "L1") == 0)) == {"one of two weights is": 1, "both weights are": 2}[match[1]]


def size(told: Told, name: str, said: str) -> bool:
    with np.errstate(all="ignore"):
        true = float(np.sqrt(np.sum(np.square(ended(told, name)))))
    digits = len(said.partition("e")[0].partition(".")[2])
    found = float(said.replace("−", "-").replace("∞", "inf"))
    rtol, atol = (0.51 * 10.0**-digits, 0) if "e" in said else (1e-9, 0.51 * 10.0**-digits)
    return bool(np.isclose(found, true, rtol=rtol, atol=atol, equal_nan=True))


def sizes(told: Told, match: Match, beat: Beat) -> bool:
    free = match["free"] is None or size(told, "free", match["free"])
    return free and size(told, match["name"], match["n"]) and (match["free"] is None) == (
        "none" not in told.config.penalties or match["name"] == "free")  # fmt: skip


def keeps(penalty: str, option: str = "learning_rate") -> Any:
    return lambda t, m, b: penalty in t.config.penalties and getattr(t.config, option) > 0


REGULARISATION = (
    Claim("a low loss is not all: the weights should stay small", lambda t, m, b: t.config.penalties != ("none",), LAST,
          ({"penalties": "none"},)),
    Claim("weights go where the loss is lowest", lambda t, m, b: t.config.penalties == ("none",), {"penalties": "none"},
          ({},)),
    Claim("all begin with the same weights",
          lambda t, m, b: len(t.config.penalties) > 1
          and all(np.array_equal(w, t["start"], equal_nan=True) for w in t["path"][:, 0]), LAST,
          ({"penalties": "l1"},)),
    Claim("free: straight against the slope, however far", keeps("none"), {"penalties": "none"},
          ({"penalties": "l1"},)),
    Claim("L2 pulls a weight to 0, the larger it is the harder", keeps("l2", "l2"), {"penalties": "l2"},
          ({"penalties": "none"}, {"penalties": "l2", "l2": 0})),
    Claim("L1 takes the same from both weights, down to exactly 0", keeps("l1", "l1"), LAST,
          ({"penalties": "none"}, {"penalties": "l1", "l1": 0})),
    Claim("max-norm: what is longer than c is scaled back to it", keeps("max-norm", "max_norm"),
          {"penalties": "max-norm"}, ({"penalties": "none"},)),
    Claim("the mark shows where the loss is lowest",
          lambda t, m, b: bool((np.linalg.eigvalsh((t["curvature"] + t["curvature"].T) / 2) > 0).all()), LAST,
          ({"curvature": "1 0; 0 -1"},)),
    Claim(r"moments? .*: {1,2}each in the same way|every moment in the same way"),
    Claim("L1: (one of two weights is|both weights are) exactly 0", zeros, {}, ({"l1": 0}, {"penalties": "l2"})),
    Claim(r"(?P<name>free|L1|L2|max-norm): \|w\| is (?P<n>[^,]*)(, free it is (?P<free>.*))?", sizes, {}, (),
          counts=True),
    Claim("small weights: a network that follows its noise less"),
)  # fmt: skip


# ── feature space ────────────────────────────────────────────────────────────
def hidden(told: Told) -> Any:
    """The features, by plain sums."""
    x, w, b = (np.asarray(told[name], float) for name in ("input", "weight", "bias"))
    z = np.array([[sum(w[u, i] * row[i] for i in (0, 1)) + b[u] for u in (0, 1)] for row in x])
    name = told.config.activation
    bends: dict[str, Any] = {
        "relu": lambda v: np.where(v > 0, v, v * 0),
        "linear": lambda v: v,
        "square": lambda v: v**2,
    }
    return bends.get(name, lambda v: told["hidden"])(z)


def misread(told: Told) -> int:
    with np.errstate(all="ignore"):
        score = hidden(told) @ told["out_weight"] + told["out_bias"]
    return int(np.sum((score > 0) != (told["class_ids"] == 1)))


def together(told: Told, match: Match, beat: Beat) -> bool:
    k, h, ids = beat.units[0], hidden(told), told["class_ids"]
    return any(ids[i] == ids[k] and np.allclose(h[i], h[k]) and (told["input"][i] != told["input"][k]).any()
               for i in range(k))  # fmt: skip


def crosses(name: str) -> Any:
    return lambda t, m, b: bool(np.nanmax(t[name]) > 0) and bool((t[name] <= 0).any())


FEATURES = (
    Claim("no line parts the classes here\\? the hidden layer moves the samples"),
    Claim("two units: two new coordinates"),
    Claim("samples of one class have come together", together, {}, ({"example": "rings"}, {"input": "0 0; 3 4"})),
    Claim("border: .* = 0"),
    Claim("between the features the score is 0 on a straight line", crosses("space_score"), {},
          ({"out_weight_values": "0 0"},)),
    Claim("the same border, seen from the inputs", crosses("plane_score"), {}, ({"activation": "sigmoid"},)),
    Claim("no border between the inputs: one side has all", lambda t, m, b: not crosses("plane_score")(t, m, b),
          {"activation": "sigmoid"}, ({},)),
    Claim("what the hidden layer makes of a straight line",
          lambda t, m, b: t.config.activation != "linear" and crosses("plane_score")(t, m, b), {},
          ({"example": "without-a-bend"},)),
    Claim("without a bend it is a straight line here too", lambda t, m, b: t.config.activation == "linear",
          {"example": "without-a-bend"}, ({},)),
    Claim(r"samples? .*: {1,2}each in the same way|every sample in the same way"),
    Claim("a line between features: the sample is on its side",
          lambda t, m, b: misread(t) == 0 and len(t["input"]) == 1, {"input": "1 2", "target": "0"}, ({},)),
    Claim(r"a line between features: all (\d+) samples on their side",
          lambda t, m, b: misread(t) == 0 and int(m[1]) == len(t["input"]) > 1, {},
          ({"example": "without-a-bend"}, {"input": "1 2", "target": "0"})),
    Claim(r"a line between features: (\d+) of (\d+) on the wrong side",
          lambda t, m, b: 0 < misread(t) == int(m[1]) and int(m[2]) == len(t["input"]), {"example": "without-a-bend"},
          ({},)),
    Claim("why a network has hidden layers: they move the samples until a line is enough"),
)  # fmt: skip


# ── symmetry ─────────────────────────────────────────────────────────────────
def function(told: Told, prefix: str) -> Any:
    """The outputs of one network for the sample that is told, from its weights."""
    k = told.work.film.place_in(len(told["input"]))
    w, b, v = (np.asarray(told[f"{prefix}{name}"], float) for name in ("weight", "bias", "out_weight"))
    with np.errstate(all="ignore"):
        return v @ ACTIVATIONS[told.config.activation](w @ told["input"][k] + b) + told["out_bias"]


def stays(told: Told) -> bool:
    first, second = function(told, ""), function(told, "moved_")
    known = np.isfinite(first).all() and np.isfinite(second).all()
    return bool(known and np.allclose(first, second, rtol=1e-5, atol=1e-5 * np.abs(first).max()))


def orders(told: Told, match: Match, beat: Beat) -> bool:
    count = 1
    for k in range(2, len(told["weight"]) + 1):
        count *= k
    whole = match["n"] is None or int(match["n"]) == count
    return stays(told) and int(match["h"]) == len(told["weight"]) and whole


def kept(told: Told, match: Match, beat: Beat) -> bool:
    order = np.array(told.config.order) - 1
    return bool(np.array_equal(told["hidden"][:, order], told["moved_hidden"], equal_nan=True))


LARGE = {"input": "1e200 -1e300", "activation": "linear"}
SYMMETRY = (
    Claim("a hidden unit changes its place with all of its edges", lambda t, m, b: t.config.order[0] != 1
          or len(set(t.config.order)) > 1, {}, (), counts=True),
    Claim("the hidden units of the first network"),
    Claim(r".*[·(].* [=≈] \S+|h = \S+"),  # arithmetic, which other tests check number by number
    Claim("from top to bottom: units .*", lambda t, m, b: m[0].split("units ")[1].removesuffix(" …").split()
          == [str(k) for k in t.config.order[:12]], {}, (), counts=True),
    Claim("every unit has kept its weights, and so its number", kept, {}, (), counts=True),
    Claim("before they change places"),
    Claim("after: the same terms in another order, the same sum", lambda t, m, b: stays(t), {}, ({"input": "nan 1"},)),
    Claim(r"outputs? .*: {1,2}each in the same way|every output in the same way"),
    Claim(r"(?P<h>\d+)!( = (?P<n>\d+))? orders of the hidden units: one function", orders, {}, ({"input": "nan 1"},)),
    Claim("no output is a number here: other inputs show it", lambda t, m, b: not stays(t), {"input": "nan 1"}, ({},)),
    Claim("why there is never one best set of weights, and why units must not start alike"),
)  # fmt: skip

CLAIMS: dict[str, Any] = {
    "maxout": MAXOUT, "regularisation": REGULARISATION, "feature-space": FEATURES, "symmetry": SYMMETRY,
}  # fmt: skip
