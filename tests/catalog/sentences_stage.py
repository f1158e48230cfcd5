"""The claims of the first films on the stage, recomputed from their traces."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from layeranim import numbers
from layeranim.stories.activations import activation_word
from layeranim.stories.storyboard import Beat

from .sentences import Claim, Told

ARITHMETIC = ("act", "step", "brief")
Match = re.Match[str]


def unit(beat: Beat) -> int:
    return beat.units[0]


# ── softmax ──────────────────────────────────────────────────────────────────
def row(told: Told, tensor: str = "logits") -> Any:
    """The numbers that are told, whichever way the softmax goes."""
    axis = told.config.axis % 2
    at = told.work.film.place_in(len(told[tensor])) if axis else 0
    return told[tensor][at] if axis else told[tensor][:, at]


def warm(told: Told) -> bool:
    return float(told.config.temperature) != 1.0


def count(told: Told) -> int:
    return len(row(told))


def vanished(told: Told) -> bool:
    """Whether e to the power of some number came to exactly 0."""
    return bool((row(told, "exponentials")[np.isfinite(row(told, "shifted"))] == 0).any())


SOFTMAX = (
    Claim("scores become shares that add up to 1", lambda t, m, b: not t.config.log, {}, ({"log": True},)),
    Claim("scores become logarithms of shares", lambda t, m, b: bool(t.config.log), {"log": True}, ({},)),
    Claim("a temperature above 1 evens out, one below 1 sharpens", lambda t, m, b: warm(t), {"temperature": 2}, ({},)),
    Claim("the largest is taken off so that no power overflows; the shares stay the same"),
    Claim("every power is positive, and larger scores pull ahead",
          lambda t, m, b: (len(set(row(t))) > 1 or np.isnan(row(t)).any()) and not vanished(t), {},
          ({"logits": "1 1 1"}, {"logits": "4"}, {"logits": "1000 1 0"})),
    Claim("every power is positive; one so small is kept as 0", lambda t, m, b: vanished(t), {"logits": "1000 1 0"},
          ({}, {"logits": "-inf 0 1"})),
    Claim("what all powers add up to", lambda t, m, b: count(t) > 1, {}, ({"logits": "4"},)),
    Claim("its part of the whole", lambda t, m, b: not t.config.log, {}, ({"log": True},)),
    Claim(r"(class|sample)e?s? .*: {1,2}each in the same way|every (class|sample) in the same way"),
    Claim("differences of scores became ratios of shares",
          lambda t, m, b: count(t) > 1 and not t.config.log and bool(np.ptp(row(t))), {},
          ({"logits": "4"}, {"log": True}, {"logits": "1 1 1"})),
    Claim("differences of scores became differences of logarithms",
          lambda t, m, b: count(t) > 1 and bool(t.config.log) and bool(np.ptp(row(t))), {"log": True},
          ({}, {"log": True, "logits": "2 2"})),
    Claim("equal scores became equal shares", lambda t, m, b: count(t) > 1 and not np.ptp(row(t)),
          {"logits": "1 1 1"}, ({}, {"logits": "4"})),
    Claim("one class has all of it", lambda t, m, b: count(t) == 1, {"logits": "4"}, ({},)),
    Claim("the last layer of a classifier, the weights of attention: shares of a whole"),
)  # fmt: skip


# ── normalisation ────────────────────────────────────────────────────────────
RMS, GROUP, INSTANCE = ({"kind": kind} for kind in ("rms", "group", "instance"))


def groups(told: Told) -> list[Any]:
    """The normalised numbers that share a mean, group by group, gathered by hand."""
    x, kind = np.asarray(told["normalised"], float), told.config.kind
    if kind == "batch":
        return [x[:, k].ravel() for k in range(x.shape[1])]
    if kind == "layer" or kind == "rms":
        inner = x.reshape(*x.shape[: x.ndim - told.config.normalized_axes], -1)
        if inner.ndim < 3:
            return list(inner.reshape(-1, inner.shape[-1]))
        return list(inner[told.work.film.place_in(len(x))].reshape(-1, inner.shape[-1]))
    one = x[told.work.film.place_in(len(x))]
    return [part.ravel() for part in np.split(one, told.config.groups if kind == "group" else len(one))]


def standard(told: Told, k: int) -> bool:
    """Mean 0 and deviation 1, by other sums than the film's own; of RMS a mean square of 1."""
    values = groups(told)[k]
    mean = 0.0 if told.config.kind == "rms" else values.sum() / len(values)
    return bool(abs(mean) < 0.01 and abs(np.sqrt(((values - mean) ** 2).sum() / len(values)) - 1) < 0.01)


def all_standard(told: Told) -> bool:
    return all(standard(told, k) for k in range(len(groups(told))))


def moved(told: Told) -> bool:
    return not np.array_equal(told["normalised"], told["output"], equal_nan=True)


def normalisation(flat: str, both: bool) -> tuple[Claim, ...]:
    """The claims of a film that goes unit by unit, ``flat`` input that has no deviation; ``both``: has running ones."""
    inference = {"mode": "inference"}
    live = lambda t, m, b: t.config.mode == "training" and t.config.kind != "rms"  # noqa: E731
    rms = lambda t, m, b: t.config.kind == "rms"  # noqa: E731
    gone = {"seen": {}, "gone": (inference,) if both else (RMS,)}
    running = Claim(r"each (?:feature|channel) is shifted and scaled by the mean and deviation of the batches before",
                    lambda t, m, b: t.config.mode == "inference", inference, ({},))  # fmt: skip
    units = "(?:feature|group|channel|sample|step|place|array)"
    return (
        Claim(rf"each {units} gets mean 0 and deviation 1", lambda t, m, b: live(t, m, b) and all_standard(t),
              {}, (*gone["gone"], {"input": flat})),
        Claim(rf"each {units} gets a mean square of 1", lambda t, m, b: rms(t, m, b) and all_standard(t), RMS,
              ({}, {**RMS, "input": "0 0 0"})),
        Claim(rf"each {units} is centred and scaled", lambda t, m, b: live(t, m, b) and not all_standard(t),
              {"input": flat}, ({},)),
        Claim(rf"each {units} is scaled", lambda t, m, b: rms(t, m, b) and not all_standard(t),
              {**RMS, "input": "0 0 0"}, (RMS,)),
        *([running] if both else []),
        Claim(rf"the mean of this {units}'s numbers", live, **gone),
        Claim("how far apart they are: the mean of their squares", live, **gone),
        Claim("how large they are: the mean of their squares", rms, RMS, ({},)),
        Claim("its root; ε keeps it above 0"),
        Claim("now the mean is 0 and the deviation 1", lambda t, m, b: standard(t, unit(b)), {}, ({"input": flat},)),
        Claim("now their mean square is 1", lambda t, m, b: rms(t, m, b) and standard(t, unit(b)), RMS, ({},)),
        Claim("γ and β: a spread and a centre of its own, learned",
              lambda t, m, b: moved(t) and "beta" in t.trace, {}, ({"affine": False},)),
        Claim("no γ, no β to learn: it stays as it is",
              lambda t, m, b: not t.config.affine and not rms(t, m, b) and not moved(t), {"affine": False}, ({},)),
        Claim("no γ to learn: it stays as it is",
              lambda t, m, b: not t.config.affine and rms(t, m, b) and not moved(t), {**RMS, "affine": False}, (RMS,)),
        Claim("γ: a size of its own for every feature, learned", lambda t, m, b: moved(t) and rms(t, m, b),
              {"preset": "root-mean-square"} if not both else {**RMS, "gamma": "2 2 2"}, ({},)),
        Claim(rf"(\d+) {units}s? → (.*)", closing, {}, (), counts=True),
        Claim(rf"{units}s? .*: {{1,2}}each in the same way|every {units} in the same way"),
        *(Claim(text, lambda t, m, b, kind=kind: t.config.kind == kind, seen, others)
          for kind, text, seen, others in GOOD),
    )  # fmt: skip


GOOD = (
    ("batch", "every feature keeps one size, whatever the layers before have learned", {"kind": "batch"}, (RMS,)),
    ("layer", "every sample is normalised alone: one token is enough, .*", {"kind": "layer"}, (RMS, GROUP)),
    ("group", "batches of any size: a picture's groups of channels need no other picture", GROUP, (RMS, INSTANCE)),
    ("instance", "style: each channel of each picture loses a brightness .*", INSTANCE, (RMS, GROUP)),
    ("rms", "less work than layer normalisation: no mean is taken, .*", RMS, (GROUP, INSTANCE)),
)
"""What each kind is good for, where it is said and where not."""


def closing(told: Told, match: Match, beat: Beat) -> bool:
    rms = told.config.kind == "rms"
    same = np.isclose(told["input"], told["normalised"], 1e-3, equal_nan=True)
    kept = told.config.mode == "inference" and bool(same.all())
    said = {
        "as they came": kept and not moved(told),
        "as they came, then a spread and centre of their own": kept and moved(told),
        "centred and scaled": not all_standard(told) and not rms and not kept,
        "scaled": not all_standard(told) and rms,
        "one centre and spread, then their own": not kept and all_standard(told) and moved(told) and not rms,
        "one centre and one spread": not kept and all_standard(told) and not moved(told) and not rms,
        "one size, then their own": all_standard(told) and moved(told) and rms,
        "one size": all_standard(told) and not moved(told) and rms,
    }
    return int(match[1]) == len(groups(told)) and said[match[2]]


# ── activation ───────────────────────────────────────────────────────────────
BENT = ("reglu", "geglu", "swiglu")
GROUPED = ("maxout", "glu", *BENT)


def name(told: Told) -> str:
    return str(told.config.activation)


def told_row(told: Told, tensor: str) -> Any:
    return told[tensor][told.work.film.place_in(len(told[tensor]))]


THREE = {"compare": "sigmoid,tanh,relu"}


def compared(told: Told) -> tuple[str, ...]:
    return tuple(told.config.compare or ())


def drawn_of(told: Told) -> tuple[str, ...]:
    names = compared(told)
    return names if len(names) <= 6 else names[:5]


def zeros_below(told: Told, beat: Beat) -> int:
    """How many of the functions that are drawn make 0, as it reads, of a number below 0."""
    x = told_row(told, "input")[unit(beat)]
    tensors = [told.trace[f"{name}.output"] for name in drawn_of(told)]
    rows = [told_row(told, f"{name}.output") for name in drawn_of(told)]
    read = [numbers.text(row[unit(beat)], numbers.style(all_)) for row, all_ in zip(rows, tensors, strict=True)]
    return sum(not re.search("[1-9]|∞|NaN", text) for text in read) if x < 0 else 0


def answers(told: Told, x: str, said: str) -> bool:
    """Whether what is said of some functions is what they make of a number that reads so."""
    words = {name: name for name in drawn_of(told)}
    words |= {activation_word(name): name for name in drawn_of(told)}
    some = len(drawn_of(told)) < len(compared(told))
    pairs = re.findall(
        r"([^\d,]+?) (\S+?)(?:,|$| to )", said.removeprefix("of those drawn " * some).removeprefix("from ")
    )
    right = [
        all(number_like(told_row(told, f"{words[word.strip()]}.output")[k], text) for word, text in pairs)
        for k, value in enumerate(told_row(told, "input"))
        if number_like(value, x)
    ]
    return bool(pairs) and any(right)


def number_like(value: Any, text: str) -> bool:
    """Whether a number reads as ``text`` does, to half of its last digit."""
    plainly = text.replace("\N{MINUS SIGN}", "-").replace("∞", "inf")
    if plainly.endswith("nan") or not np.isfinite(value):
        return str(float(value)) == plainly
    return abs(float(plainly) - float(value)) <= 0.5 * 10.0 ** -len(plainly.partition(".")[2]) * 1.01


ACTIVATION = (
    Claim("every number goes through the same curve, alone", lambda t, m, b: name(t) not in GROUPED, {},
          ({"activation": "maxout", "input": "1 2 3 4"}, {"activation": "swiglu", "input": "1 2 3 4"})),
    Claim("every number of the first half times its bent partner of the second", lambda t, m, b: name(t) in BENT,
          {"activation": "reglu", "input": "1 2 3 4"}, ({}, {"activation": "glu", "input": "1 2 3 4"})),
    Claim("its partner of the second half, bent", lambda t, m, b: name(t) in BENT,
          {"activation": "geglu", "input": "1 2 3 4"}, ({}, {"activation": "glu", "input": "1 2 3 4"})),
    Claim(r"(\d+) numbers?, each times its bent partner",
          lambda t, m, b: name(t) in BENT and int(m[1]) == told_row(t, "output").size,
          {"activation": "swiglu", "input": "1 2 3 4"}, ({},)),
    Claim(r"of (\d+) numbers each the largest passes",
          lambda t, m, b: name(t) == "maxout" and int(m[1]) == t["input"].size // t["output"].size,
          {"activation": "maxout", "input": "1 2 3 4"}, ({},)),
    Claim("the second half of the numbers opens and closes gates for the first", lambda t, m, b: name(t) == "glu",
          {"activation": "glu", "input": "1 2 3 4"}, ({},)),
    Claim("what is below 0 is cut", lambda t, m, b: name(t) == "relu" and bool((told_row(t, "input") < 0).any()), {},
          ({"input": "1 2"}, {"activation": "tanh"}, {"input": "1 2; -1 -2"})),
    Claim("how much of its partner passes: 0 none, 1 all", lambda t, m, b: name(t) == "glu",
          {"activation": "glu", "input": "1 2 3 4"}, ({},)),
    Claim(r"(\d+) of (\d+) became 0, the other(s pass| passes) unchanged",
          lambda t, m, b: name(t) == "relu" and int(m[1]) == int((told_row(t, "output") == 0).sum()) < int(m[2])
          and int(m[2]) == told_row(t, "output").size and (m[3] == " passes") == (int(m[2]) - int(m[1]) == 1),
          {}, ({"input": "1 2"}, {"activation": "silu"}, {"input": "-1 -2"})),
    Claim(r"(all (\d+)|the number) became 0, nothing passes",
          lambda t, m, b: not told_row(t, "output").any() and int(m[2] or 1) == told_row(t, "output").size,
          {"input": "-1 -2"}, ({}, {"input": "1 2"})),
    Claim("every number as it was: none stands where the curve bends",
          lambda t, m, b: name(t) != "linear" and np.array_equal(told_row(t, "input"), told_row(t, "output")),
          {"input": "1 2"}, ({}, {"activation": "linear"})),
    Claim(r"(\d+) numbers?, each the largest of its group",
          lambda t, m, b: name(t) == "maxout" and int(m[1]) == told_row(t, "output").size,
          {"activation": "maxout", "input": "1 2 3 4"}, ({},)),
    Claim(r"(\d+) numbers?, each as far as its gate was open",
          lambda t, m, b: name(t) == "glu" and int(m[1]) == told_row(t, "output").size,
          {"activation": "glu", "input": "1 2 3 4"}, ({},)),
    Claim("same shape, every number bent by the curve", lambda t, m, b: name(t) not in ("linear", *GROUPED)
          and not np.array_equal(told_row(t, "input"), told_row(t, "output")),
          {"activation": "tanh"}, ({"activation": "linear"}, {"input": "1 2"})),
    Claim("same shape, every number as it was", lambda t, m, b: np.array_equal(t["input"], t["output"], equal_nan=True),
          {"activation": "linear"}, ({},)),
    Claim("without a bend, any number of layers is no more than one straight line", lambda t, m, b: name(t) != "linear",
          {}, ({"activation": "linear"},)),
    Claim("it passes everything on: the layer stays linear", lambda t, m, b: name(t) == "linear",
          {"activation": "linear"}, ({},)),
    Claim(r"numbers? .*: {1,2}each in the same way|every number in the same way"),
    Claim("the same number on every curve: see what each makes of it", lambda t, m, b: bool(compared(t)), THREE, ({},)),
    Claim(r"(?:x = |one number, )(\S+): (.+)", lambda t, m, b: answers(t, m[1], m[2]), THREE, ({},)),
    Claim("below 0 they part: some answer 0, others do not", lambda t, m, b: 0 < zeros_below(t, b) < len(drawn_of(t)),
          THREE, ({**THREE, "input": "1 2"}, {**THREE, "compare": "sigmoid,tanh"})),
    Claim("a flat curve sends almost no error back: its slope is near 0",
          lambda t, m, b: any(abs(told_row(t, f"{f}.derivative")[unit(b)]) < 0.05 for f in drawn_of(t)),
          THREE, ({**THREE, "input": "1 0.5"},)),
    Claim("the bend decides what a layer lets through, and how much of an error it sends back",
          lambda t, m, b: bool(compared(t)), THREE, ({},)),
)  # fmt: skip


# ── convolution along one axis ───────────────────────────────────────────────
def weights(told: Told) -> tuple[int, int]:
    """The kernel's weights, and a dense layer's between the same inputs and outputs."""
    return int(told["kernel"].size), int(told["input"][0].size * told["output"][0].size)


CONV1D = (
    Claim(r"(?:(?P<channels>\d+)×)?(?P<taps>\d+) weights? slides? along, the same at every place",
          lambda t, m, b: (int(m["channels"] or 1), int(m["taps"])) == t["kernel"].shape[1:], {}, (), counts=True),
    Claim("what stands under the window, times the weights, added up"),
    Claim(r"(\d+) weights? do(?:es)? the work of (\d+) in a dense layer",
          lambda t, m, b: (int(m[1]), int(m[2])) == weights(t) and weights(t)[0] < weights(t)[1], {},
          ({"input": "1 2 3", "kernel": "1 1 1"},)),
    Claim(r"(\d+) weights? do(?:es)? what a dense layer does",
          lambda t, m, b: int(m[1]) == weights(t)[0] >= weights(t)[1], {"input": "1 2 3", "kernel": "1 1 1"}, ({},)),
    Claim(r"places? .*: {1,2}each in the same way|every place in the same way"),
    Claim("sound, text and sensor readings: a pattern is found wherever it stands"),
)  # fmt: skip

CLAIMS = {
    "softmax": SOFTMAX,
    "batchnorm": normalisation("1 2; 1 2", True),
    "layernorm": normalisation("1 1; 2 2", False),
    "activation": ACTIVATION,
    "conv1d": CONV1D,
}
