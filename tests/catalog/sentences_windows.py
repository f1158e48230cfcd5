"""The claims of the films of windows, units and masks: conv, filter-match, pool, neuron, dense, dropout."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable

import numpy as np

from layeranim.stories.storyboard import Beat

from .sentences import Check, Claim, Told

Match = re.Match[str]


# ── filter-match ─────────────────────────────────────────────────────────────
def sums_of(told: Told, beat: Beat) -> list[float]:
    """The sums of the image under way with the filters on the stage, added up anew."""
    shown = len([name for name in told.board.grids if name.startswith("kernel:")])
    image = beat.units[0] // shown
    products = told["input"][image] * told["kernel"][:shown]
    return [round(float(total), 9) for total in products.sum(axis=(1, 2, 3))]


def matches_best(told: Told, match: Match, beat: Beat) -> bool:
    sums, best = sums_of(told, beat), int(match["best"]) - 1
    shown = len([name for name in told.board.grids if name.startswith("kernel:")])
    alone = all(sums[best] > other for f, other in enumerate(sums) if f != best)
    word = "better" if len(sums) == 2 else "best"
    return alone and match["word"] == word and int(match["image"]) - 1 == beat.units[0] // shown


def equally(told: Told, match: Match, beat: Beat) -> bool:
    sums = sums_of(told, beat)
    won = [f + 1 for f, value in enumerate(sums) if value == max(sums)]
    names = {"both": [1, 2], "all": list(range(1, len(sums) + 1))}
    return won == names.get(match["who"]) or won == [int(n) for n in re.findall(r"\d+", match["who"])]


def counted(told: Told, match: Match, beat: Beat) -> bool:
    steps = [b for b in told.board.beats if b.kind == "step"]
    filters = {int(b.units[0]) % len([n for n in told.board.grids if n.startswith("kernel:")]) for b in steps}
    return int(match["sums"]) == len(steps) and (match["few"] is None or int(match["few"]) >= len(filters))


ONE = {"input": "1 2; 3 4", "kernel": "1 0; 0 1"}
THREE = {"input": "1 0; 0 1", "kernel": [[[[1, 0], [0, 1]]], [[[0, 1], [1, 0]]], [[[1, 1], [0, 0]]]]}
FOUR_TIE = {
    "input": "1 1; 1 1",
    "kernel": [[[[1, 1], [0, 0]]], [[[0, 0], [1, 1]]], [[[1, 0], [0, 0]]], [[[1, 0], [0, 1]]]],
}
FILTER_MATCH = (
    Claim(r"multiply cell by cell, add up: a large sum is a match",
          lambda told, m, b: told["kernel"].shape[0] == 1, ONE, ({}, THREE)),
    Claim(r"multiply cell by cell, add up: the larger sum matches better",
          lambda told, m, b: told["kernel"].shape[0] == 2, {}, (THREE, ONE)),
    Claim(r"multiply cell by cell, add up: the largest sum matches best",
          lambda told, m, b: told["kernel"].shape[0] > 2, THREE, ({},)),
    Claim(r"\S+ [>≈] \S+:  filter (?P<best>\d+) matches image (?P<image>\d+) (?P<word>best|better)( of the 3 shown)?"
          r"(, by little)?", matches_best, {}, (FOUR_TIE, {"input": "zeros:3x3", "filters": 2})),
    Claim(r"\S+( = \S+)+:  (?P<who>both|all|filters [\d, and]+) match (best, )?equally( of the 3 shown)?", equally,
          FOUR_TIE, ({}, THREE)),
    Claim(r"a sum is NaN, which is no number: nothing to compare",
          lambda told, m, b: bool(np.isnan(told["output"]).any()), {**THREE, "input": "nan 1; 0 0"}, ({},)),
    Claim(r"\d+( of \d+)? images? × (?:(?P<few>\d+) of )?\d+ filters? → (?P<sums>\d+)( of \d+)? sums?", counted,
          counts=True),
    Claim(r"this one operation, repeated at every place, is a convolution"),
)  # fmt: skip


# ── pool ─────────────────────────────────────────────────────────────────────
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
    channels = len([n for n in told.board.grids if n.startswith("grad:")])
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


SAME = {"kernel_size": 3, "stride": 1, "padding": 1, "input": "random:4x4"}
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
          pooled("max", lambda i, o: 1 < o < i), {"input": "random:4x4"}, (SAME, GLOBAL, {"mode": "mean"})),
    Claim(r"a smaller, smoother picture for the layers that follow", pooled("mean", lambda i, o: 1 < o < i),
          {"mode": "mean", "input": "random:4x4"}, ({**SAME, "mode": "mean"}, {"mode": "global-mean"}, {})),
    Claim(r"a smaller picture for the layers that follow, nothing to learn", pooled("lp", lambda i, o: 1 < o < i),
          {"mode": "lp"}, ({"mode": "lp", "input": "random:2x2"}, {})),
    Claim(r"as many numbers as before or more: each the largest around its place",
          pooled("max", lambda i, o: o >= i), SAME, ({}, GLOBAL)),
    Claim(r"no smaller than before, but smoother: each number a mean around its place",
          pooled("mean", lambda i, o: o >= i), {**SAME, "mode": "mean"}, ({"mode": "mean"}, SAME)),
    Claim(r"of equal numbers the first wins and gets the whole gradient", lambda t, m, b: ties(t, b),
          {**BACK, "input": "5 5 1 2; 5 3 0 8; 9 1 6 0; 6 4 1 7"}, (BACK,)),
    Claim(r"windows of one number: it gets the whole gradient", lambda t, m, b: not several(t), {**BACK, **ONES},
          (BACK,)),
    Claim(r"nudging the others would not change the maximum", lambda t, m, b: kind(t) == "max" and not ties(t, b), BACK,
          ({**BACK, "input": "5 5 1 2; 5 3 0 8; 9 1 6 0; 6 4 1 7"}, {**BACK, "mode": "mean"})),
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
    Claim(r"(channel \d+, |channels? |rows? )\d+.*:  (?P<n>\d+) windows?, each .*",
          lambda t, m, b: int(m["n"]) == len(b.units), counts=True),
    Claim(r"(?P<n>\d+) windows?( per channel)?, no weights → .* output(?P<kept>, channels are kept)?",
          lambda t, m, b: int(m["n"]) == cells_out(t) and bool(m["kept"]) == (t["output"].shape[1] > 1), counts=True),
    Claim(r"\S+ gradients → \S+ gradients", lambda t, m, b: t.config.backward, BACK, ({},)),
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


# ── conv ─────────────────────────────────────────────────────────────────────
def windows_of(told: Told) -> int:
    return int(np.prod(told["output"].shape[2:]))


def kernel_of(told: Told) -> tuple[int, ...]:
    return tuple(told["kernel"].shape)


def spread(told: Told) -> list[int]:
    """The dilation along the axes that have more than one tap."""
    return [d for d, taps in zip(told.config.dilation, kernel_of(told)[2:], strict=True) if taps > 1 and d > 1]


def padded(told: Told) -> bool:
    return told["padded"].shape != told["input"].shape


def steps_by(told: Told, match: Match, beat: Beat) -> bool:
    """The way from one window to the next, off the Regions that the steps read."""
    shape = told["output"].shape[1:]
    rows, cols = (int(n) for n in shape[1:])

    def start(r: int, c: int) -> tuple[int, int]:
        per = len(told.trace.steps) // int(np.prod(told["output"].shape))
        (read, *_) = told.trace.steps[per * (r * cols + c)].reads
        return (read.along("padded_height") or range(1))[0], (read.along("padded_width") or range(1))[0]

    down = start(1, 0)[0] - start(0, 0)[0] if rows > 1 else None
    across = start(0, 1)[1] - start(0, 0)[1] if cols > 1 else None
    both = re.fullmatch(r"(\d+) cells at a time", match["moves"])
    if both:
        return all(n in (None, int(both[1])) for n in (down, across))
    told_ = {way: int(n) for n, way in re.findall(r"(\d+) \w+ (across|down)", match["moves"])}
    return told_ == {way: n for way, n in (("across", across), ("down", down)) if n is not None}


def lines_unread(told: Told, match: Match, beat: Beat) -> bool:
    """The rows and columns of the input that no step reads: how many, and whether they are the last."""
    said = []
    for axis, name in enumerate(("row", "column")):
        read = {i for step in told.trace.steps for region in step.reads if region.tensor == "padded"
                for i in region.along(f"padded_{('height', 'width')[axis]}") or ()}  # fmt: skip
        before = told.config.padding[axis][0] if isinstance(told.config.padding, tuple) else 0
        real = range(before, before + told["input"].shape[2 + axis])
        gone = [i for i in real if i not in read]
        last = "last " if gone == list(real)[len(real) - len(gone) :] else ""
        count = f"{len(gone)} " if len(gone) > 1 else ""
        said += [f"{last}{count}{name}{'s' * (len(gone) > 1)}"] if gone else []
    return match["what"] == (" and ".join(said) or "cells")


def diagonal(told: Told, match: Match, beat: Beat) -> bool:
    """The largest outputs stand where the window and the kernel agree on a diagonal."""
    out = told["output"][0, 0]
    at = [(int(r), int(c)) for r, c in np.argwhere(out >= 10)]
    stroke = told["input"][0, 0]
    return bool(at) and all(all(stroke[r + i, c + i] > 0 for i in range(3)) for r, c in at)


def edges(told: Told, match: Match, beat: Beat) -> bool:
    out, size = told["output"][0, 0], told["output"].shape[-1]
    middle = out[size // 2]
    return bool(middle[: size // 2].min() > 0 > middle[-(size // 2) :].max())


def corners(told: Told, match: Match, beat: Beat) -> bool:
    given, out = told["input"][0, 0], told["output"][0, 0]
    return bool(np.allclose(out, given[:-1, :-1] + given[1:, 1:])) if out.shape == (3, 3) else False


RGB = {"example": "rgb"}
CONV = (
    Claim(r"slide the kernel over the input, multiply, add up", lambda t, m, b: windows_of(t) > 1, {},
          ({"input": "1 2; 3 4", "kernel": "1 0; 0 1"},)),
    Claim(r"lay the kernel on the input, multiply, add up", lambda t, m, b: windows_of(t) == 1,
          {"input": "1 2; 3 4", "kernel": "1 0; 0 1"}, ({},)),
    Claim(r"output (size|height)  .*"),
    Claim(r"one product for each cell under the window, then their sum", lambda t, m, b: np.prod(kernel_of(t)[1:]) > 1,
          {}, ({"input": "1 2; 3 4", "kernel": [[[[2]]]]},)),
    Claim(r"a kernel of one weight: one product for each cell", lambda t, m, b: np.prod(kernel_of(t)[1:]) == 1,
          {"input": "1 2; 3 4", "kernel": [[[[2]]]]}, ({},)),
    Claim(r"each channel is multiplied by its own kernel, then the sums are added", lambda t, m, b: kernel_of(t)[1] > 1,
          RGB, ({}, {"input": "random:2x4x4", "filters": 2, "groups": 2})),
    Claim(r"dilation \S+: the taps stand (?P<by>\S+) cells apart", lambda t, m, b: bool(spread(t)),
          {"dilation": 2, "input": "random:7x7"},
          ({}, {"dilation": 2, "kernel": [[[[2]]]]},
           {"dilation": "2x1", "kernel": [[[[1, 2]]]], "input": "random:7x7"})),
    Claim(r"dashed cells are padding: (zeros around the input|the input mirrored at its edge|the edge repeated|"
          r"the opposite edge)", lambda t, m, b: padded(t), {"padding": 1}, ({}, {"padding": 0})),
    Claim(r"stride \S+: the window moves (?P<moves>.*)", steps_by, {"stride": 2},
          ({}, {"stride": 2, "input": "1 2; 3 4", "kernel": "1 0; 0 1"},
           {"stride": "2x1", "input": "random:3x5", "kernel_size": 3})),
    Claim(r"no window reads the dimmed (?P<what>.*)", lines_unread, {"stride": 2, "input": "random:6x6"}, ({},)),
    Claim(r"filter (?P<f>[2-9]): other weights, the same windows",
          lambda t, m, b: kernel_of(t)[0] >= int(m["f"]) and b.units[0] == (int(m["f"]) - 1) * windows_of(t), RGB,
          ({},)),
    Claim(r"(filter \d+, )?rows? [\d–]+:  (?P<n>\d+) windows?, the same kernel",
          lambda t, m, b: int(m["n"]) == len(b.units) and len({u // windows_of(t) for u in b.units}) == 1,
          {"input": "random:20x20", "kernel_size": 3}, ({},)),
    Claim(r"(?P<n>\d+) windows?, one (?P<shared>shared )?kernel → .* output",
          lambda t, m, b: (int(m["n"]) == windows_of(t) and kernel_of(t)[0] == 1
                           and bool(m["shared"]) == (int(m["n"]) > 1)),
          {}, (RGB,)),
    Claim(r"(?P<n>\d+) windows? per filter, (?P<f>\d+) kernels → .* output",
          lambda t, m, b: int(m["n"]) == windows_of(t) and kernel_of(t)[0] == int(m["f"]), RGB, ({},)),
    Claim(r"one small set of weights finds the same pattern everywhere",
          lambda t, m, b: windows_of(t) > 1 and kernel_of(t)[0] == 1 and np.prod(kernel_of(t)[2:]) > 1,
          {"input": "random:5x5"}, (RGB, {"input": "1 2; 3 4", "kernel": "1 0; 0 1"}, {"kernel": [[[[2]]]]})),
    Claim(r"the kernel meets the input once: one number for all of it", lambda t, m, b: windows_of(t) == 1,
          {"input": "1 2; 3 4", "kernel": "1 0; 0 1"}, ({"input": "random:5x5"},)),
    Claim(r"the same weights mix the channels of every cell",
          lambda t, m, b: kernel_of(t)[2:] == (1, 1) and kernel_of(t)[1] > 1,
          {"input": "random:3x4x4", "kernel_size": 1}, ({"kernel": [[[[2]]]]}, {"input": "random:5x5"})),
    Claim(r"every cell by itself, times the same weight",
          lambda t, m, b: kernel_of(t)[2:] == (1, 1) and kernel_of(t)[1] == 1, {"kernel": [[[[2]]]]},
          ({"input": "random:5x5"}, {"input": "random:3x4x4", "kernel_size": 1})),
    Claim(r"a few small sets of weights, each finds its pattern everywhere",
          lambda t, m, b: kernel_of(t)[0] > 1 and windows_of(t) > 1 and kernel_of(t)[2:] != (1, 1),
          {"input": "random:5x5", "filters": 3}, ({"input": "random:5x5"},)),
    # presets
    Claim(r"large where the input has the kernel's diagonal: a kernel finds its pattern", diagonal, {},
          ({"flip": True}, {"input": "random:5x5"}, {"example": "diagonal", "stride": 2})),
    Claim(r"left edges \+, right edges −; a turned kernel finds the other two", edges, {"example": "edge"},
          ({"example": "edge", "flip": True}, {"example": "edge", "kernel": "sobel-y"})),
    Claim(r"a cell plus its lower right neighbour each time: other kernels find other patterns", corners,
          {"example": "glossary"}, ({"example": "glossary", "stride": 2}, {"example": "glossary", "padding": 1})),
    Claim(r"four weights serve every place: little to learn, and a pattern is found anywhere",
          lambda t, m, b: kernel_of(t) == (1, 1, 2, 2) and windows_of(t) > 1, {"example": "slugnet"},
          ({"example": "slugnet", "stride": 3},)),
    Claim(r"left sides of the stroke positive, right sides negative: edges for the next layer",
          lambda t, m, b: np.array_equal(t["kernel"][0, 0], [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]) and not t.config.flip,
          {"example": "digit"}, ({"example": "digit", "flip": True}, {"example": "digit", "kernel": "sobel-y"})),
    Claim(r"one filter sees all channels and draws one map; more filters, more maps",
          lambda t, m, b: kernel_of(t)[1] == t["input"].shape[1] > 1 and kernel_of(t)[0] > 1, RGB,
          ({**RGB, "kernel": "random:2x3x3x3"},)),
)  # fmt: skip

CLAIMS = {"filter-match": FILTER_MATCH, "pool": POOL, "conv": CONV}
