"""The claims of the films of convolutions, recomputed from their traces."""

from __future__ import annotations

import re

import numpy as np

from layeranim.stories.storyboard import Beat

from .sentences import Claim, Told

Match = re.Match[str]


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


def add_most(told: Told, match: Match, beat: Beat) -> bool:
    """The sums that stand on the stage are the largest of those that the told cell is made of."""
    rows = [int(name.partition(":")[2]) for name in told.board.grids if name.startswith("partial_sums:")]
    cells = [
        step.writes for step in map(told.trace.steps.__getitem__, beat.steps) if step.operation in ("sum", "multiply")
    ]
    f, r, c = (dict(cells[0].where)[axis] for axis in ("out_channels", "out_height", "out_width"))
    sizes = np.abs(told["partial_sums"][int(dict(cells[0].where)["batch"]), f, r, c])  # type: ignore[arg-type]
    return len(rows) < len(sizes) and bool(sizes[rows].min() >= np.delete(sizes, rows).max())


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


def maps(told: Told) -> list[int]:
    """The filters whose maps are drawn."""
    return [int(name.partition(":")[2]) for name in told.board.grids if name.startswith("output:")]


def apart(told: Told, f: int) -> bool:
    """Whether a filter reads other channels than the one that is drawn before it."""
    per_group = kernel_of(told)[0] // told.config.groups
    before = maps(told)[maps(told).index(f - 1) - 1]
    return (f - 1) // per_group != before // per_group


RGB = {"example": "rgb"}
GROUPED = {"input": "random:4x4x4", "filters": 2, "groups": 2, "kernel_size": 2}
CONV = (
    Claim(r"slide the kernel over the input, multiply, add up", lambda t, m, b: windows_of(t) > 1, {},
          ({"input": "1 2; 3 4", "kernel": "1 0; 0 1"},)),
    Claim(r"lay the kernel on the input, multiply, add up", lambda t, m, b: windows_of(t) == 1,
          {"input": "1 2; 3 4", "kernel": "1 0; 0 1"}, ({},)),
    Claim(r"output (size|height)  .*"),
    Claim(r"one product for each cell under the window, then their sum", lambda t, m, b: np.prod(kernel_of(t)[1:]) > 1,
          {}, ({"input": "1 2; 3 4", "kernel": "random:1x1"},)),
    Claim(r"a kernel of one weight: one product for each cell", lambda t, m, b: np.prod(kernel_of(t)[1:]) == 1,
          {"input": "1 2; 3 4", "kernel": "random:1x1"}, ({},)),
    Claim(r"each channel is multiplied by its own kernel, then the sums are added", lambda t, m, b: kernel_of(t)[1] > 1,
          RGB, ({}, {"input": "random:2x4x4", "filters": 2, "groups": 2})),
    Claim(r"the channels drawn are those that add most to this number", add_most, {"input": "random:8x5x5"},
          ({}, {"input": "random:8x5x5", "show": "channels=1,2"}, {"input": "random:4x5x5"})),
    Claim(r"dilation \S+: the taps stand (?P<by>\S+) cells apart", lambda t, m, b: bool(spread(t)),
          {"dilation": 2, "input": "random:7x7"},
          ({}, {"dilation": 2, "kernel": "random:1x1"},
           {"dilation": "2x1", "kernel": "random:1x2", "input": "random:7x7"})),
    Claim(r"dashed cells are padding: (zeros around the input|the input mirrored at its edge|the edge repeated|"
          r"the opposite edge)", lambda t, m, b: padded(t), {"padding": 1}, ({}, {"padding": 0})),
    Claim(r"stride \S+: the window moves (?P<moves>.*)", steps_by, {"stride": 2},
          ({}, {"stride": 2, "input": "1 2; 3 4", "kernel": "1 0; 0 1"},
           {"stride": "2x1", "input": "random:3x5", "kernel_size": 3})),
    Claim(r"no window reads the dimmed (?P<what>.*)", lines_unread, {"stride": 2, "input": "random:6x6"}, ({},)),
    Claim(r"filter (?P<f>\d+): other weights, the same windows",
          lambda t, m, b: b.units[0] == maps(t).index(int(m["f"]) - 1) * windows_of(t)
          and not apart(t, int(m["f"])), RGB, ({}, GROUPED)),
    Claim(r"filter (?P<f>\d+): other weights, other channels", lambda t, m, b: apart(t, int(m["f"])), GROUPED,
          ({}, RGB)),
    Claim(r"every window in the same way", lambda t, m, b: windows_of(t) * kernel_of(t)[0] > 1,
          {"input": "random:20x20"}, ({"input": "1 2; 3 4", "kernel": "1 0; 0 1"},)),
    Claim(r"(?P<n>\d+) windows?, one (?P<shared>shared )?kernel → .* output",
          lambda t, m, b: (int(m["n"]) == windows_of(t) and kernel_of(t)[0] == 1
                           and bool(m["shared"]) == (int(m["n"]) > 1)),
          {}, (RGB,)),
    Claim(r"(?P<n>\d+) windows? per filter, (?P<f>\d+) kernels → .* output",
          lambda t, m, b: int(m["n"]) == windows_of(t) and kernel_of(t)[0] == int(m["f"]), RGB, ({},)),
    Claim(r"one small set of weights finds the same pattern everywhere",
          lambda t, m, b: windows_of(t) > 1 and kernel_of(t)[0] == 1 and np.prod(kernel_of(t)[2:]) > 1,
          {"input": "random:5x5"}, (RGB, {"input": "1 2; 3 4", "kernel": "1 0; 0 1"}, {"kernel": "random:1x1"})),
    Claim(r"the kernel meets the input once: one number for all of it", lambda t, m, b: windows_of(t) == 1,
          {"input": "1 2; 3 4", "kernel": "1 0; 0 1"}, ({"input": "random:5x5"},)),
    Claim(r"the same weights mix the channels of every cell",
          lambda t, m, b: kernel_of(t)[2:] == (1, 1) and kernel_of(t)[1] > 1,
          {"input": "random:3x4x4", "kernel_size": 1}, ({"kernel": "random:1x1"}, {"input": "random:5x5"})),
    Claim(r"every cell by itself, times the same weight",
          lambda t, m, b: kernel_of(t)[2:] == (1, 1) and kernel_of(t)[1] == 1, {"kernel": "random:1x1"},
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


# ── backwards ────────────────────────────────────────────────────────────────
def backwards(told: Told) -> bool:
    return "grad_kernel" in told.trace


def adds_up(told: Told, match: re.Match[str], beat: Beat) -> bool:
    """Whether the gradient of every weight is the slope of the loss Σ g · output along it, tap by tap."""
    config, delta, padded = told.config, told["grad_pre_activation"], told["padded"]
    filters, channels = told["grad_kernel"].shape[:2]
    rows, cols = delta.shape[2:]
    per_group = filters // config.groups
    for o, ch, i, j in np.ndindex(*told["grad_kernel"].shape):
        y, x = i * config.dilation[0], j * config.dilation[1]
        channel = o // per_group * channels + ch
        under = padded[0, channel, y :: config.stride[0], x :: config.stride[1]][:rows, :cols]
        if not np.isclose((under * delta[0, o]).sum(), told["grad_kernel"][o, ch, i, j]):
            return False
    return True


BACK = {"backward": True}
WAY_BACK = (
    Claim("gradients come back from the output: which weight had which part in them\\?",
          lambda t, m, b: backwards(t), BACK, ({},)),
    Claim("the gradient of every output is 1: the loss is their sum",
          lambda t, m, b: bool((t["grad_output"] == 1).all()), BACK,
          ({**BACK, "grad_output": "0 1 0; 2 1 -1; 0 0 1"},)),
    Claim("one gradient for each output: how the loss moves with it",
          lambda t, m, b: np.array_equal(t["grad_output"], t["grad_pre_activation"]), BACK,
          ({**BACK, "activation": "relu"},)),
    Claim("first back through the activation: times its slope", lambda t, m, b: t.config.activation != "linear",
          {**BACK, "activation": "relu"}, (BACK,)),
    Claim("a weight's gradient: each number that it met, times the gradient there", adds_up, BACK, ({},)),
    Claim("the bias had a part in every output: it gets their sum",
          lambda t, m, b: np.allclose(t["grad_pre_activation"].sum(axis=(0, 2, 3)), t["grad_bias"]),
          {**BACK, "bias": True}, (BACK,)),
    Claim("each input cell: the gradients that it had a part in, times the weight of its part",
          lambda t, m, b: backwards(t), BACK, ({},)),
    Claim(r"the middle cell (=|≈) .*", lambda t, m, b: backwards(t), {**BACK, "padding": 1, "padding_mode": "reflect"},
          (BACK,)),
    Claim(r".* [·+] .* (=|≈) \S+"),
    Claim(r"(?P<n>\d+) weights?, each shared by (?P<w>\d+) windows?: their gradients add up",
          lambda t, m, b: (int(m["n"]), int(m["w"])) == (t["kernel"].size, windows_of(t)), BACK, ({},)),
    Claim("learning: a small step against these gradients makes the loss smaller", lambda t, m, b: backwards(t), BACK,
          ({},)),
    Claim("every weight in the same way|weights? .*: {1,2}each in the same way"),
)  # fmt: skip

CLAIMS = {"conv": (*CONV, *WAY_BACK)}
