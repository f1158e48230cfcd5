"""The claims of the film of gradients through time, recomputed from its trace."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from layeranim.engine.trace import Array
from layeranim.stories.storyboard import Beat, plain

from .sentences import Claim, Told

Match = re.Match[str]


def lengths(told: Told) -> Array:
    """Of every scale that is drawn the length of the gradient, by steps back: recomputed from the Jacobians."""
    if told.config.losses == "every":
        with np.errstate(all="ignore"):
            return np.sqrt((arriving(told)[:4, ::-1] ** 2).sum(axis=-1))
    jacobians, above = told["jacobian"][:4], told.trace["gradient_above"]
    out = []
    with np.errstate(all="ignore"):
        for each in jacobians:
            g, row = np.asarray(above, float), []
            for back, j in enumerate(each[::-1]):
                row.append(np.sqrt((g * g).sum()))
                cut = told.config.truncate is not None and back + 1 > told.config.truncate
                g = np.zeros_like(g) if cut else g @ j
            out.append(row)
    return np.array(out)


def states(told: Told) -> tuple[Array, Array]:
    """The states and the slopes of every scale: recomputed from the input."""
    phi = {"tanh": np.tanh, "relu": lambda x: np.maximum(x, 0), "linear": lambda x: x}[told.config.nonlinearity]
    bend = {"tanh": lambda x: 1 - np.tanh(x) ** 2, "relu": lambda x: (x > 0) * 1.0, "linear": np.ones_like}
    out, slopes = [], []
    for scale in told["scales"]:
        h, row = np.zeros(len(told["bias"])), []
        for x in told["input"]:
            before = told["weight_input"] @ x + scale * told["weight_hidden"] @ h + told["bias"]
            h = phi(before)
            row.append(h)
            slopes.append(bend[told.config.nonlinearity](before))
        out.append(row)
    return np.array(out), np.array(slopes).reshape(np.shape(out))


def arriving(told: Told) -> Array:
    """The gradient at every step, (scales, time, hidden), of all losses that reach it, each sent back by itself."""
    found, slopes = states(told)
    out = np.zeros_like(found)
    for s, scale in enumerate(told["scales"]):
        for m in range(found.shape[1]):
            g = found[s, m] - told["target"][m]
            for k in range(m, -1, -1):
                if told.config.truncate is None or m - k <= told.config.truncate:
                    out[s, k] += g
                g = (g * slopes[s, k]) @ (scale * told["weight_hidden"])
    return out


def blames(told: Told) -> Array:
    """What the first weight of the scale that is drawn last is blamed for at each step."""
    way = min(len(told["scales"]), 4) - 1
    found, slopes = states(told)
    before = np.append(0, found[way, :-1, 0])
    return np.asarray(arriving(told)[way, :, 0] * slopes[way, :, 0] * before)


def charged(told: Told, match: Match, beat: Beat) -> bool:
    found, _ = states(told)
    losses = ((found - told["target"]) ** 2).sum(axis=-1) / 2
    return np.allclose(told["loss"], losses, equal_nan=True) and losses.shape[1] > 1 and beat.units[0] == 0


def added(told: Told, match: Match, beat: Beat) -> bool:
    return beat.units[0] > 0 and np.allclose(told["gradient"], arriving(told), rtol=1e-6, equal_nan=True)


def blamed(told: Told, match: Match, beat: Beat) -> bool:
    way = min(len(told["scales"]), 4) - 1
    return np.allclose(told["blame"][way, 0, 0], blames(told), rtol=1e-6, equal_nan=True)


def most_blamed(told: Told, match: Match, beat: Beat) -> bool:
    """The step whose blame is written out is the one that has most of it."""
    found = blames(told)
    most = found[np.argmax(np.abs(np.nan_to_num(found)))]
    return blamed(told, match, beat) and near(re.split("[=≈] ", plain(beat.caption))[-1], most)


def near(text: str, value: float) -> bool:
    """Whether a number that is said is this one, in the decimals that it is said with."""
    digits = text.replace("−", "-").replace("∞", "inf").replace("NaN", "nan")
    off = 0.51 * 10.0 ** -len(digits.partition("e")[0].partition(".")[2])
    return bool(np.isclose(float(digits), value, rtol=0.06, atol=off, equal_nan=True))


def total(told: Told, match: Match, beat: Beat) -> bool:
    return int(match[1]) == told["loss"].shape[1] and near(match[2], blames(told).sum())


def back_to(told: Told, match: Match, beat: Beat) -> bool:
    way, t = min(len(told["scales"]), 4) - 1, int(match[1])
    return t == told.trace.size("time") - told.board.beats[-1].done + 1 and near(
        match[2], float(np.sqrt((arriving(told)[way, t - 1] ** 2).sum())))  # fmt: skip


def _at(told: Told, beat: Beat) -> tuple[Array, Array]:
    found = lengths(told)
    return found[:, beat.units[0]], found[:, 0]


def _place(told: Told, scale: str | None) -> int:
    """Which way that of a scale is; without a scale the lane of the cell."""
    lanes = int(told.config.forget is not None)
    return lanes + int(np.argmin(np.abs(told["scales"] - float(scale)))) if scale else 0


def explodes(told: Told, match: Match, beat: Beat) -> bool:
    now, before = (found[_place(told, match["scale"])] for found in _at(told, beat))
    return bool(now > 1.999 * before)


def vanishes(told: Told, match: Match, beat: Beat) -> bool:
    now, before = (found[_place(told, match["scale"])] for found in _at(told, beat))
    return bool(0 < now < before / 1.999)


def _lane_followed(told: Told) -> bool:
    """Whether the lane arrives with more than any scale does: then the captions are about it."""
    with np.errstate(all="ignore"):
        most = np.nan_to_num(lengths(told)[:, 1:]).max(axis=1)
    return told.config.forget is not None and bool((most[0] > most[1:]).all())


def stays(told: Told, match: Match, beat: Beat) -> bool:
    now, before = _at(told, beat)
    powers = told.config.forget ** beat.units[0]
    return bool(powers >= 0.5 and np.isclose(now[0], powers * before[0]) and (now[1:] < before[1:] / 1.999).any())


def beyond(told: Told, match: Match, beat: Beat) -> bool:
    return bool((_at(told, beat)[0] > 0.999 * told.config.threshold).any())


def left(told: Told, match: Match, beat: Beat) -> bool:
    pairs = re.findall(r"(?:(\S+) · U|LSTM cell) leaves ([^,]+)", match[2])
    places = [_place(told, scale) for scale, _ in pairs]
    found, now = [text for _, text in pairs], lengths(told)[places, told.board.beats[-1].done - 1]
    said = [float(text.replace("−", "-").replace("∞", "inf").replace("NaN", "nan")) for text in found]
    off = [0.51 * 10.0 ** -len(text.partition(".")[2]) for text in found]
    near = all(np.isclose(a, b, rtol=0.06, atol=o, equal_nan=True) for a, b, o in zip(said, now, off, strict=True))
    return near and int(match[1]) == told.board.beats[-1].done - 1


def _goes_on(told: Told, beat: Beat) -> bool:
    return beat.units[0] > 0 and (told.config.truncate is None or beat.units[0] <= told.config.truncate)


_EVERY: dict[str, Any] = {"losses": "every"}
WAY = r"(?:(?P<scale>\S+) · U|LSTM cell)"
_FOLLOWED = {"forget": 1.0, "scales": "0.5 0.9"}
_TRUNCATED = {"example": "cut-off"}
VANISHING = (
    Claim("the blame for an error goes back step by step, and is multiplied at each"),
    Claim("the loss hangs on the last state alone", lambda t, m, b: b.units[0] == 0, {}, ({"steps": "2-3"}, _EVERY)),
    Claim("one step further back, one factor more: the weight U times the slope",
          lambda t, m, b: _goes_on(t, b) and not _lane_followed(t), {}, ({"timesteps": 1}, _FOLLOWED)),
    Claim("one step further back, one factor more: the forget gate",
          lambda t, m, b: _goes_on(t, b) and _lane_followed(t), _FOLLOWED, ({}, {"forget": 0.5})),
    Claim("the cell's lane stays open: what is far back still gets its blame", stays, {"example": "open-lane"},
          ({}, {"forget": 0.3}, {"forget": 1.0, "scales": "1"})),
    Claim("the way back is cut off: nothing goes further", lambda t, m, b: b.units[0] > t.config.truncate, _TRUNCATED,
          ({},)),
    Claim("above the dashed line a gradient keeps its direction and loses its length", beyond, {"example": "clipped"},
          ({}, {"example": "clipped", "threshold": 100})),
    Claim(rf"{WAY} explodes: one such step throws the weights far away", explodes, {}, ({"example": "saturated"},)),
    Claim(rf"{WAY} vanishes: the distant past gets no blame", vanishes, {"example": "saturated"}, ({"scales": "1"},)),
    Claim(r"steps? back .*: {1,2}each in the same way|every step back in the same way"),
    Claim(r"(\d+) steps? back: (.*)", left, {}, (), counts=True),
    Claim("every time step has a loss, and each sends its blame back", lambda t, m, b: "sent" in t.trace,
          _EVERY, ({},)),
    Claim("every step has a loss of its own", charged, _EVERY, ({}, {**_EVERY, "timesteps": 1})),
    Claim("a loss begins with its error: what the state is, less what it should be", lambda t, m, b: b.units[0] == 0,
          _EVERY, ({}, {**_EVERY, "steps": "2-3"})),
    Claim("every later loss sends on what it sent: one factor more",
          lambda t, m, b: _goes_on(t, b), _EVERY, ({}, {**_EVERY, "timesteps": 1})),
    Claim("the way back is cut off: older steps hear nothing of it", lambda t, m, b: b.units[0] > t.config.truncate,
          {**_EVERY, "truncate": 1}, (_EVERY,)),
    Claim("what all of them send to a step adds up", added, _EVERY, ({}, {**_EVERY, "timesteps": 1})),
    Claim("U is blamed at each step: the gradient times the slope, times the state before", most_blamed, _EVERY,
          ({}, {**_EVERY, "steps": "2-3"})),
    Claim("every step used the same U: its blame adds up",
          lambda t, m, b: blamed(t, m, b) and t["loss"].shape[1] > 1, _EVERY, ({}, {**_EVERY, "timesteps": 1},
                                                                               {**_EVERY, "steps": "2-3"})),
    Claim(r"(\d+) loss(?:es)?, one weight: its blame adds up to (.*)", total, _EVERY, ({**_EVERY, "steps": "2-3"},)),
    Claim(r"back to t = (\d+): a gradient of length (.*)", back_to, {**_EVERY, "steps": "1-3"}, (_EVERY,)),
    Claim("why long memories are hard to learn, and why gates and clipping help"),
)  # fmt: skip

ARITHMETIC = ("step", "brief", "act")
CLAIMS: dict[str, Any] = {"vanishing": VANISHING}
