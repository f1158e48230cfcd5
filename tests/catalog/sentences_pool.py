"""The claims of the films of poolings, recomputed from their traces."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable

import numpy as np

from layeranim.engine.pool import compute
from layeranim.stories.storyboard import Beat

from .sentences import Check, Claim, Told

Match = re.Match[str]


def kind(told: Told) -> str:
    mode = told.config.mode
    return "max" if "max" in mode else "lp" if mode == "lp" else "mean"


def cells_in(told: Told) -> int:
    return int(np.prod(told["input"].shape[2:]))


def cells_out(told: Told) -> int:
    return int(np.prod(told["output"].shape[2:]))


def window(told: Told) -> tuple[int, ...]:
    return tuple(told["windows"].shape[4:])


def several(told: Told) -> bool:
    return window(told) != (1, 1)


def pooled(which: str, sizes: Callable[[int, int], bool]) -> Check:
    """A closing sentence of one kind of pooling, by how many numbers go in and come out."""
    return lambda told, m, b: (
        kind(told) == which and not told.config.backward and several(told) and sizes(cells_in(told), cells_out(told))
    )


def back(which: str, condition: Callable[[Told], bool] = lambda told: True) -> Check:
    return lambda told, m, b: kind(told) == which and told.config.backward and several(told) and condition(told)


def power(condition: Callable[[float], bool]) -> Callable[[Told], bool]:
    return lambda told: condition(float(told.config.norm_type))


def ties(told: Told, beat: Beat) -> bool:
    """Whether the window under way has its largest number more than once."""
    channels = len([n for n in told.board.grids if n.startswith("grad_output:")])
    batch = int(told.work.film.place_in(told["input"].shape[0]))
    at = np.unravel_index(beat.units[0], (channels, *told["output"].shape[2:]))
    values = told["windows"][(batch, *at)]
    return int((values == values.max()).sum()) > 1


def overlapping(told: Told) -> bool:
    """Whether some cell of the padded input is under two windows, counted cell by cell."""
    counts: dict[str, int] = {}
    for step in (told.trace.steps[i] for i in range(told.board.total)):
        (read, *_) = step.reads
        for where in itertools.product(*(read.along(a) or (0,) for a in told.trace.axes(read.tensor))):
            counts[str((read.tensor, where))] = counts.get(str((read.tensor, where)), 0) + 1
    return max(counts.values()) > 1


def unread(told: Told) -> bool:
    """Whether no step reads some cell of the input."""
    seen = np.zeros(told["padded"].shape, bool)
    for step in (told.trace.steps[i] for i in range(told.board.total)):
        axes = told.trace.axes(step.reads[0].tensor)
        seen[np.ix_(*(list(step.reads[0].along(a) or [dict(step.reads[0].where)[a]]) for a in axes))] = True
    sample, channels = told.work.film.place_in(seen.shape[0]), len([n for n in told.board.grids if "output:" in n])
    real = np.isin(told["padded"][sample, :channels], told["input"][sample, :channels])
    return bool((~seen[sample, :channels] & real).any())


def taps(told: Told, size: int, out: int) -> list[range]:
    return [range(i * size // out, -(-(i + 1) * size // out)) for i in range(out)]


def cut(told: Told, match: Match, beat: Beat) -> bool:
    """PyTorch's rule for adaptive windows: ⌊i·n/out⌋ up to ⌈(i + 1)·n/out⌉."""
    for n, axis in ((0, 2), (1, 3)):
        size, out = told["input"].shape[axis], told["output"].shape[axis]
        said = match[("rows", "columns")[n]]
        spans = taps(told, size, out)
        lengths = [int(x) for x in re.findall(r"\d+", said.partition(" of ")[2])]
        if {len(s) for s in spans} != set(range(lengths[0], lengths[-1] + 1)) or f"{out} window" not in said:
            return False
        if ("overlap" in said) != any(a.stop > b.start for a, b in itertools.pairwise(spans)):
            return False
    return True


def steady(told: Told) -> bool:
    """Whether most outputs stay when the picture is one column further to the left, by the engine itself."""
    return stay(told)[0] * 2 > stay(told)[1]


def stay(told: Told) -> tuple[int, int]:
    """How many outputs of the drawn channels stay, and how many there are."""
    x = told["input"]
    moved = np.concatenate([x[..., 1:], x[..., -1:]], axis=-1)
    arrays = {"input": moved, **({"grad_output": told["grad_output"]} if told.config.backward else {})}
    again = compute("pool", told.config, arrays)["output"]
    sample, channels = told.work.film.place_in(len(x)), len([n for n in told.board.grids if n.startswith("output:")])
    pair = [values[sample, :channels] for values in (told["output"], again)]
    return int(((pair[0] == pair[1]) | (np.isnan(pair[0]) & np.isnan(pair[1]))).sum()), pair[0].size


def said(told: Told, match: Match, beat: Beat) -> bool:
    return steady(told) and stay(told) == (int(match["stay"]), int(match["all"]))


SAME = {"kernel_size": 3, "stride": 1, "padding": 1, "input": "random:4x4"}
STEADY = {"input": "4 7 1 2; 6 3 0 8; 9 1 6 0; 6 4 1 7"}
MORE = {"kernel_size": 2, "stride": 1, "padding": 1, "input": "random:4x4"}
GLOBAL = {"input": "random:3x4x4", "mode": "global-max"}
BACK = {"input": "4 7 1 2; 6 3 0 8; 9 1 6 0; 6 4 1 7", "backward": True}
ONES = {"kernel_size": 1, "stride": 1}
POOL = (
    Claim(r"(each channel|each window) becomes one number: its (largest number|mean|p-norm)"),
    Claim(r"the gradient of each window goes (to its winner|back over its cells)"),
    Claim(r"the gradient says which way each output should move"),
    Claim(r"output (size|height)  .*"),
    Claim(r"no weights: (nothing to learn here|channels stay apart)"),
    Claim(r"(?P<rows>\d+ rows? .*windows?.*), (?P<columns>\d+ columns? .*)", cut,
          {"mode": "adaptive-max", "output_size": 2, "input": "random:6x7"}, ({},)),
    Claim(r"the largest number stays, the others go", pooled("max", lambda i, o: True), {},
          ({"mode": "mean"}, ONES, {"mode": "max", "backward": True})),
    Claim(r"add up, divide by how many they are",
          lambda t, m, b: kind(t) == "mean" and several(t) and t.config.divisor_override is None,
          {"mode": "mean"}, ({"mode": "mean", "divisor_override": 3}, {}, {"mode": "mean", **ONES})),
    Claim(r"every sum is divided by (?P<by>\d+), however many they are",
          lambda t, m, b: t.config.divisor_override == int(m["by"]), {"mode": "mean", "divisor_override": 3},
          ({"mode": "mean"},)),
    Claim(r"a window of one number: nothing to choose or to mix", lambda t, m, b: not several(t), ONES, ({},)),
    Claim(r"sizes add up, signs do not count", lambda t, m, b: power(lambda p: p == 1)(t),
          {"mode": "lp", "norm_type": 1}, ({"mode": "lp"},)),
    Claim(r"square, add up, take the root", lambda t, m, b: power(lambda p: p == 2)(t), {"mode": "lp"},
          ({"mode": "lp", "norm_type": 1},)),
    Claim(r"large numbers count most", lambda t, m, b: power(lambda p: p > 1)(t), {"mode": "lp", "norm_type": 3},
          ({"mode": "lp"}, {"mode": "lp", "norm_type": 1})),
    Claim(r"dashed cells are padding: never the largest",
          lambda t, m, b: kind(t) == "max" and t["padded"].shape != t["input"].shape, SAME,
          ({}, {**SAME, "mode": "mean"})),
    Claim(r"dashed cells are padding: they add nothing",
          lambda t, m, b: kind(t) == "lp" and t["padded"].shape != t["input"].shape,
          {"mode": "lp", "ceil_mode": True, "input": "random:5x5"}, ({"mode": "lp"},)),
    Claim(r"dashed cells are padding: (?P<not>not counted|zeros that count.*)",
          lambda t, m, b: (m["not"] == "not counted") == (not t.config.count_include_pad), {**SAME, "mode": "mean"},
          ({"mode": "mean"}, SAME)),
    Claim(r"the windows overlap: some numbers count more than once", lambda t, m, b: overlapping(t), SAME,
          ({}, {"mode": "global-max"}, {"kernel_size": 3, "stride": 1, "input": "random:3x3"})),
    Claim(r"no window reads the dimmed cells",
          lambda t, m, b: unread(t), {"input": "random:5x5"}, ({}, SAME)),
    Claim(r"windows of one number: nothing to choose or to mix", lambda t, m, b: not several(t), ONES, ({},)),
    Claim(r"one number for each whole channel: its (?P<what>largest, wherever it stood|mean|p-norm)",
          lambda t, m, b: cells_out(t) == 1 and m["what"].startswith({"max": "la", "mean": "me", "lp": "p-"}[kind(t)]),
          GLOBAL, ({}, SAME)),
    Claim(r"less to work on, the strongest answer of each place kept: small shifts change little",
          lambda t, m, b: pooled("max", lambda i, o: 1 < o < i)(t, m, b) and steady(t), STEADY,
          (SAME, GLOBAL, {**STEADY, "mode": "mean"}, {"input": "1 2 3 4; 5 1 3 8; 5 1 4 7; 9 5 8 2"})),
    Claim(r"less to work on, the strongest answer of each place kept", pooled("max", lambda i, o: 1 < o < i),
          {"input": "1 2 3 4; 5 1 3 8; 5 1 4 7; 9 5 8 2"}, (STEADY, SAME, GLOBAL, {"mode": "mean"})),
    Claim(r"shifted one column to the left: (?P<stay>\d+) of (?P<all>\d+) outputs stay", said, STEADY,
          ({"input": "1 2 3 4; 5 1 3 8; 5 1 4 7; 9 5 8 2"}, GLOBAL, {**STEADY, "mode": "mean"}), counts=True),
    Claim(r"a smaller, smoother picture for the layers that follow", pooled("mean", lambda i, o: 1 < o < i),
          {"mode": "mean", "input": "random:4x4"}, ({**SAME, "mode": "mean"}, {"mode": "global-mean"}, {})),
    Claim(r"a smaller picture for the layers that follow, nothing to learn", pooled("lp", lambda i, o: 1 < o < i),
          {"mode": "lp"}, ({"mode": "lp", "input": "random:2x2"}, {})),
    Claim(r"as many numbers as before: each the largest around its place",
          pooled("max", lambda i, o: o == i), SAME, ({}, GLOBAL, MORE)),
    Claim(r"more numbers than before: each the largest around its place",
          pooled("max", lambda i, o: o > i), MORE, ({}, GLOBAL, SAME)),
    Claim(r"as many numbers as before, nothing to learn", pooled("lp", lambda i, o: o == i), {**SAME, "mode": "lp"},
          ({"mode": "lp"}, SAME)),
    Claim(r"more numbers than before, nothing to learn", pooled("lp", lambda i, o: o > i), {**MORE, "mode": "lp"},
          ({"mode": "lp"}, MORE)),
    Claim(r"no smaller than before, but smoother: each number a mean around its place",
          pooled("mean", lambda i, o: o >= i), {**SAME, "mode": "mean"}, ({"mode": "mean"}, SAME)),
    Claim(r"of equal numbers the first wins and gets the whole gradient", lambda t, m, b: ties(t, b),
          {**BACK, "input": "5 5 1 2; 5 3 0 8; 9 1 6 0; 6 4 1 7"}, (BACK,)),
    Claim(r"windows of one number: it gets the whole gradient", lambda t, m, b: not several(t), {**BACK, **ONES},
          (BACK,)),
    Claim(r"nudging the others would not change the maximum", lambda t, m, b: kind(t) == "max" and not ties(t, b), BACK,
          ({**BACK, "input": "5 5 2 2; 5 3 0 1; 9 1 6 0; 9 4 6 6"}, {**BACK, "mode": "mean"})),
    Claim(r"every number of the window had the same part", back("mean"), {**BACK, "mode": "mean"}, (BACK,)),
    Claim(r"every number has the same part, with its sign", back("lp", power(lambda p: p == 1)),
          {**BACK, "mode": "lp", "norm_type": 1}, ({**BACK, "mode": "lp"},)),
    Claim(r"the larger a number, the larger its part", back("lp", power(lambda p: p > 1)), {**BACK, "mode": "lp"},
          ({**BACK, "mode": "lp", "norm_type": 1}, BACK)),
    Claim(r"a cell under several windows adds up what it gets", lambda t, m, b: overlapping(t),
          {**BACK, "kernel_size": 3, "stride": 1}, (BACK,)),
    Claim(r"only the winners pass the gradient on to the layers before", lambda t, m, b: kind(t) == "max", {**BACK},
          ({**BACK, "mode": "mean"}, {})),
    Claim(r"every cell of a window passes on the same share of the gradient", lambda t, m, b: kind(t) == "mean",
          {**BACK, "mode": "mean"}, (BACK,)),
    Claim(r"large numbers pass on most of the gradient", lambda t, m, b: power(lambda p: p > 1)(t),
          {**BACK, "mode": "lp"}, ({**BACK, "mode": "lp", "norm_type": 1}, BACK)),
    Claim(r"every number passes on its part of the gradient", lambda t, m, b: power(lambda p: p <= 1)(t),
          {**BACK, "mode": "lp", "norm_type": 1}, ({**BACK, "mode": "lp"},)),
    Claim(r"(?P<n>\d+) windows?( per channel)?, no weights → .* output(?P<kept>, channels are kept)?",
          lambda t, m, b: int(m["n"]) == cells_out(t) and bool(m["kept"]) == (t["output"].shape[1] > 1), counts=True),
    Claim(r"\S+ gradients → \S+ gradients", lambda t, m, b: t.config.backward, BACK, ({},)),
    Claim(r"windows? .*: {1,2}each in the same way|every window in the same way",
          lambda t, m, b: cells_out(t) * t["output"].shape[1] > 1, counts=True),
    # presets
    Claim(r"a quarter of the numbers to work on; small shifts of the picture change little",
          lambda t, m, b: 4 * cells_out(t) == cells_in(t) and kind(t) == "max", {},
          ({"example": "slugnet-max", "stride": 1}, {"example": "slugnet-max", "mode": "mean"})),
    Claim(r"a smaller, smoother picture; in whole networks one mean sums up each channel",
          lambda t, m, b: kind(t) == "mean" and 1 < cells_out(t) < cells_in(t), {"example": "slugnet-mean"},
          ({"example": "slugnet-mean", "mode": "max"}, {"example": "slugnet-mean", **SAME})),
    Claim(r"a quarter of the numbers, the strongest answers still there",
          lambda t, m, b: kind(t) == "max" and 4 * cells_out(t) == cells_in(t), {"example": "glossary"},
          ({"example": "glossary", "stride": 1}, {"example": "glossary", "mode": "mean"})),
    Claim(r"a quarter of the pixels, the stroke still there", lambda t, m, b: 4 * cells_out(t) == cells_in(t),
          {"example": "digit"}, ({"example": "digit", "kernel_size": 3},)),
    Claim(r"only the winners pass the gradient on: the others had no say in the output", back("max"),
          {"example": "gradient"}, ({"example": "gradient", "mode": "mean"},)),
)  # fmt: skip

CLAIMS = {"pool": POOL}
