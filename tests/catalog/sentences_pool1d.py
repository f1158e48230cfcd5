"""The claims of the films of poolings over one axis, recomputed from their traces."""

from __future__ import annotations

import itertools
import re

import numpy as np

from layeranim.stories.storyboard import Beat

from .sentences import Check, Claim, Told
from .sentences_pool import back, kind, power


def taps(told: Told) -> int:
    return int(told["windows"].shape[3])


def whole(told: Told) -> bool:
    """Whether every row becomes one number of however many."""
    return told.config.mode.split("-")[0] in ("global", "adaptive") and told["output"].shape[2] == 1


def into(which: str, fewer: bool) -> Check:
    """A closing sentence of one kind of pooling, or of any, by whether fewer numbers come out than go in."""
    return lambda told, m, b: (
        kind(told) in which.split()
        and (told["output"].shape[2] < told["input"].shape[2]) == fewer
        and not told.config.backward
        and taps(told) > 1
        and not whole(told)
    )


def reached(told: Told) -> dict[int, int]:
    """How many windows read each place of the padded row, counted step by step in one channel."""
    counts: dict[int, int] = {}
    steps = [step for step in told.trace.steps if step.reads[0].tensor == "padded"]
    for step in steps[: told["output"].shape[2] * (2 if kind(told) == "mean" else 1)]:
        for at in step.reads[0].along("padded_width") or (dict(step.reads[0].where)["padded_width"],):
            if dict(step.reads[0].where)["channels"] == 0:
                counts[int(at)] = counts.get(int(at), 0) + 1  # type: ignore[arg-type]
    return counts


def overlapping(told: Told) -> bool:
    return max(reached(told).values()) > 1


def unread(told: Told) -> bool:
    """Whether some place that is read by no window holds a number of the input."""
    row, given = told["padded"][0, 0], told["input"][0, 0]
    before = told.trace.config.padding[0][0] if not isinstance(told.trace.config.padding, str) else 0  # type: ignore[attr-defined]
    assert np.array_equal(row[before : before + len(given)], given, equal_nan=True)
    return bool(set(range(before, before + len(given))) - set(reached(told)))


def padded(told: Told) -> bool:
    return told["padded"].shape != told["input"].shape


def cut(told: Told, match: re.Match[str], beat: Beat) -> bool:
    """PyTorch's rule for adaptive windows: ⌊i·n/out⌋ up to ⌈(i + 1)·n/out⌉."""
    size, out = told["input"].shape[2], told["output"].shape[2]
    spans = [range(i * size // out, -(-(i + 1) * size // out)) for i in range(out)]
    said = [int(n) for n in re.findall(r"\d+", match["of"])]
    overlap = any(a.stop > b.start for a, b in itertools.pairwise(spans))
    return (int(match["n"]), int(match["out"])) == (size, out) and ("overlap" in match[0]) == overlap and (
        {len(span) for span in spans} == {said[0], said[-1]} if " or " in match["of"] or len(said) == 1
        else (min(map(len, spans)), max(map(len, spans))) == (said[0], said[-1])
    )  # fmt: skip


def ties(told: Told, beat: Beat) -> bool:
    batch = int(told.work.film.place_in(told["input"].shape[0]))
    channel, place = divmod(beat.units[0], told["output"].shape[2])
    values = told["windows"][batch, channel, place]
    return int((values == values.max()).sum()) > 1


ROW = {"input": "1 3 2 6 5 4 0 2"}
SAME = {**ROW, "kernel_size": 3, "stride": 1, "padding": 1}
ONES = {**ROW, "kernel_size": 1, "stride": 1}
GLOBAL = {"input": "random:3x6", "mode": "global-max"}
MEAN, LP = {**ROW, "mode": "mean"}, {**ROW, "mode": "lp"}
BACK = {**ROW, "backward": True}
POOL1D = (
    Claim(r"(each channel|each window) becomes one number: its (largest number|mean|p-norm)"),
    Claim(r"the gradient of each window goes (to its winner|back over its cells)"),
    Claim(r"the gradient says which way each output should move"),
    Claim(r"output length  .* (?P<n>\d+)", lambda t, m, b: int(m["n"]) == t["output"].shape[2], {}, (GLOBAL,)),
    Claim(r"no weights: (?P<why>nothing to learn here|channels stay apart)",
          lambda t, m, b: m["why"].startswith("nothing") or t["input"].shape[1] > 1, {}, (BACK,)),
    Claim(r"(?P<n>\d+) numbers? (cut into|read by) (?P<out>\d+) windows? of (?P<of>\d+( (or|to) \d+)?)( that overlap)?",
          cut, {"mode": "adaptive-max", "output_size": 3, **ROW}, ({},)),
    Claim(r"the largest number stays, the others go", lambda t, m, b: kind(t) == "max" and taps(t) > 1, {},
          (MEAN, ONES, BACK)),
    Claim(r"add up, divide by how many they are",
          lambda t, m, b: kind(t) == "mean" and taps(t) > 1 and t.config.divisor_override is None, MEAN,
          ({**MEAN, "divisor_override": 3}, {}, {**MEAN, **ONES})),
    Claim(r"every sum is divided by (?P<by>\d+), however many they are",
          lambda t, m, b: t.config.divisor_override == int(m["by"]), {**MEAN, "divisor_override": 3}, (MEAN,)),
    Claim(r"a window of one number: nothing to choose or to mix", lambda t, m, b: taps(t) == 1, ONES, ({},)),
    Claim(r"sizes add up, signs do not count", lambda t, m, b: power(lambda p: p == 1)(t), {**LP, "norm_type": 1},
          (LP,)),
    Claim(r"square, add up, take the root", lambda t, m, b: power(lambda p: p == 2)(t), LP, ({**LP, "norm_type": 1},)),
    Claim(r"large numbers count most", lambda t, m, b: power(lambda p: p > 1)(t), {**LP, "norm_type": 3}, (LP,)),
    Claim(r"dashed cells are padding: never the largest", lambda t, m, b: kind(t) == "max" and padded(t), SAME,
          ({}, {**SAME, "mode": "mean"})),
    Claim(r"dashed cells are padding: they add nothing", lambda t, m, b: kind(t) == "lp" and padded(t),
          {**SAME, "mode": "lp"}, (LP, SAME)),
    Claim(r"dashed cells are padding: (?P<how>not counted|zeros that count.*)",
          lambda t, m, b: padded(t) and (m["how"] == "not counted") == (not t.config.count_include_pad),
          {**SAME, "mode": "mean"}, (MEAN, SAME)),
    Claim(r"the windows overlap: some numbers count more than once", lambda t, m, b: overlapping(t), SAME,
          ({}, GLOBAL)),
    Claim(r"no window reads the dimmed cells", lambda t, m, b: unread(t), {"input": "1 3 2 6 5 4 0"}, ({}, SAME)),
    Claim(r"windows of one number: nothing to choose or to mix", lambda t, m, b: taps(t) == 1, ONES, ({},)),
    Claim(r"one number for each channel, however long its row is", lambda t, m, b: whole(t), GLOBAL,
          ({}, SAME, {"input": "1 3 2", "kernel_size": 3}, {**GLOBAL, "backward": True})),
    Claim(r"a shorter row: the strongest answer of each window stays", into("max", True), {}, (SAME, GLOBAL, MEAN)),
    Claim(r"a shorter row for the layers that follow, nothing to learn", into("mean lp", True), MEAN,
          ({}, {**SAME, "mode": "mean"})),
    Claim(r"no shorter than before: each number the largest around its place", into("max", False), SAME,
          ({}, {**SAME, "mode": "lp"})),
    Claim(r"no shorter than before, and nothing to learn", into("mean lp", False), {**SAME, "mode": "mean"},
          (MEAN, SAME)),
    Claim(r"(?P<n>\d+) numbers? → (?P<out>\d+) numbers?, no weights",
          lambda t, m, b: (int(m["n"]), int(m["out"])) == (t["input"][0].size, t["output"][0].size), counts=True),
    Claim(r"\S+ gradients → \S+ gradients", lambda t, m, b: t.config.backward, BACK, ({},)),
    Claim(r"windows? .*: {1,2}each in the same way|every window in the same way|channel .*",
          lambda t, m, b: t["output"][0].size > 1, counts=True),
    Claim(r"of equal numbers the first wins and gets the whole gradient", lambda t, m, b: ties(t, b),
          {**BACK, "input": "5 5 1 2"}, ({**BACK, "input": "1 2 3 4"},)),
    Claim(r"nudging the others would not change the maximum", lambda t, m, b: kind(t) == "max" and not ties(t, b),
          BACK, ({**BACK, "input": "5 5 2 2"}, {**BACK, "mode": "mean"})),
    Claim(r"windows of one number: it gets the whole gradient", lambda t, m, b: taps(t) == 1, {**BACK, **ONES},
          (BACK,)),
    Claim(r"every number of the window had the same part", back("mean", lambda t: taps(t) > 1),
          {**BACK, "mode": "mean"}, (BACK,)),
    Claim(r"every number has the same part, with its sign", lambda t, m, b: power(lambda p: p == 1)(t),
          {**BACK, "mode": "lp", "norm_type": 1}, ({**BACK, "mode": "lp"},)),
    Claim(r"the larger a number, the larger its part", lambda t, m, b: power(lambda p: p > 1)(t),
          {**BACK, "mode": "lp"}, ({**BACK, "mode": "lp", "norm_type": 1}, BACK)),
    Claim(r"a cell under several windows adds up what it gets", lambda t, m, b: overlapping(t),
          {**BACK, "kernel_size": 3, "stride": 1}, (BACK,)),
    Claim(r"only the winners pass the gradient on to the layers before", lambda t, m, b: kind(t) == "max", BACK,
          ({**BACK, "mode": "mean"}, {})),
    Claim(r"every cell of a window passes on the same share of the gradient", lambda t, m, b: kind(t) == "mean",
          {**BACK, "mode": "mean"}, (BACK,)),
    Claim(r"large numbers pass on most of the gradient", lambda t, m, b: power(lambda p: p > 1)(t),
          {**BACK, "mode": "lp"}, ({**BACK, "mode": "lp", "norm_type": 1}, BACK)),
    Claim(r"every number passes on its part of the gradient", lambda t, m, b: power(lambda p: p <= 1)(t),
          {**BACK, "mode": "lp", "norm_type": 1}, ({**BACK, "mode": "lp"},)),
)  # fmt: skip

CLAIMS = {"pool1d": POOL1D}
