"""Depthwise separable convolution: every channel has a filter of its own, then 1×1 weights mix the channels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from layeranim.engine.trace import Region, Trace
from layeranim.stories.activations import activation_name
from layeranim.stories.convolution.sides import options_of, without_data
from layeranim.stories.phrases import sentence
from layeranim.stories.stage import Each, Grid, Mask, Note, Play, Repeat, Row, Tries, Windows, story
from layeranim.stories.stage.arrangements import drawn
from layeranim.stories.stage.solver import NUMERAL_LOW, Node
from layeranim.stories.storyboard import Fact, Line, Run, Telling

GOOD_FOR = "networks for phones: fewer weights, fewer products, the same reach"
SAVES_NOTHING = "it saves weights and products where many maps are made"
KERNEL = "kernel_height", "kernel_width"
MAP = "out_height", "out_width"


def film(telling: Telling) -> Play:
    """The film of both convolutions, place by place."""
    trace = telling.trace
    rows, cols = trace.size("out_height"), trace.size("out_width")
    unit = telling.preset.unit if telling.preset else None
    told = {"out_channels": _mixing(trace), "depth_channels": 0, "in_channels": 0}
    mixed = ("pointwise_products", "pointwise_pre_activation")
    last = (mixed, ("output",)) if _activated(trace) else ((*mixed, "output"),)
    acts = (("depthwise_products",), ("depthwise_pre_activation", "depthwise_output"), *last)
    return Play(
        title="Depthwise separable convolution",
        units=Windows(
            MAP, ("place", "places"), ("batch",),
            tuple(f"row {r + 1}, column {c + 1}" for r in range(rows) for c in range(cols)),
            inner=lambda _: told, of="padded", by="depthwise_kernel",
        ),
        stage=_stage(trace),
        acts=(Each(tuple((names, tuple(_notes(trace, names[0]))) for names in acts)),),
        opening=sentence("every channel is filtered alone, ", "then the channels are mixed"),
        closing=_closing(trace),
        good_for=GOOD_FOR if _saves(trace) else SAVES_NOTHING,
        options=_options(trace),
        drawn=_hidden(trace),
        alike=(("padded", "depthwise_patches", "depthwise_products"),
               ("depthwise_pre_activation", "depthwise_output", "pointwise_pre_activation", "output")),
        kinds={"padded": _picture(telling)} if _picture(telling) else {},
        masks={"padded": Mask(*without_data(trace))},
        follow=unit if unit is not None and unit < rows * cols else _strongest(telling),
        row=cols,
        evidence=(Region.of("output", batch=telling.film.place_in(trace.size("batch"))),),
    )  # fmt: skip


def _picture(telling: Telling) -> str:
    """The scale of an input that is an image."""
    if telling.kinds.get("input") != "image":
        return ""
    return "planes" if telling.trace.size("in_channels") == 3 else "grey"


# ── stage ────────────────────────────────────────────────────────────────────
def _stage(trace: Trace) -> Node:
    """A row a channel in numbers; else channels and maps in colours beside their windows; else filters too."""
    rows = [_arranged(trace, _numbered(trace, products), 0, across) for products, across in
            ((True, 1), (False, 1), (False, 2))]  # fmt: skip
    ways = [(parts, high, across) for parts in (("window", "filter"), ("filter",), ())
            for high in (0, drawn(trace.size("out_channels"))) for across in (1, 2)]  # fmt: skip
    lensed = [_arranged(trace, _pictured(trace, parts), high, across) for parts, high, across in ways]
    small = [_arranged(trace, _pictured(trace, (), share), drawn(trace.size("out_channels")), 1, share)
             for share in (0.7, 0.45)]  # fmt: skip
    return Tries(*rows, *lensed, *small, least=NUMERAL_LOW)


def _arranged(trace: Trace, left: Sequence[Node | str], high: int, across: int, share: float = 1.0) -> Node:
    """What filters make of their channels, the weights that mix it, the maps; ``high`` maps in colours."""
    filters, depth = trace.size("out_channels"), trace.size("depth_channels")
    mixing = Grid("pointwise_kernel", "1×1 weights", "out_channels", "depth_channels",
                  sized=f"{filters}×{depth}" if share == 1 else False,
                  colours=int(filters * depth > 16), share=0.4, lens=False)  # fmt: skip
    chip = (activation_name(trace.config.activation), "→") if _activated(trace) else ()  # type: ignore[attr-defined]
    bias = (Grid("bias", "+ bias", rows="out_channels", sized=False, colours=int(filters > 4), share=0.3,
                 lens=False),)  # fmt: skip
    maps = Repeat(
        lambda f: Grid("output", f"map {f + 1}", *MAP, at=(("out_channels", f),), sized=False, colours=high,
                       share=share / across),
        filters, across=across,
    )  # fmt: skip
    return Row(*left, "→", mixing, *(bias if "bias" in trace and share == 1 else ()), "→", *chip, maps)


def _numbered(trace: Trace, products: bool) -> Sequence[Node | str]:
    """A row a channel: its cells, its filters and what they make of it."""
    channels = trace.size("in_channels")
    each = trace.size("depth_channels") // channels
    return (
        Repeat(
            lambda ch: Row(_channel(ch, 0),
                           Repeat(lambda k: _filter(ch * each + k, products, ch + k == 0), each)),
            channels,
        ),
    )  # fmt: skip


def _filter(d: int, products: bool, first: bool) -> Node:
    """One filter, its products and its map."""
    made = (Grid("depthwise_products", "products" if first else "", *KERNEL, at=_at(d), sized=False),)
    kernel = Grid("depthwise_kernel", f"filter {d + 1}", *KERNEL, at=_at(d), sized=False)
    return Row(kernel, *(made if products else ()), "→", _map(d, 0))


def _pictured(trace: Trace, parts: Sequence[str], share: float = 1.0) -> Sequence[Node | str]:
    """Channels as pictures, what a filter does to a window of each, and what the filters leave as pictures."""
    channels, depth = trace.size("in_channels"), trace.size("depth_channels")
    each = depth // channels

    def operator(d: int) -> Node:
        at = (("in_channels", d // each),)
        window = (Grid("depthwise_patches", "" if d else "window", *KERNEL, at=at, sized=False, frame="focus"),)
        kernel = Grid("depthwise_kernel", "" if d else "filters", *KERNEL, at=_at(d), sized=False,
                      colours=int("filter" not in parts), share=min(0.3, 0.9 / drawn(depth)))  # fmt: skip
        total = Grid("depthwise_pre_activation", "" if d else "sums", at=_at(d), sized=False, one=True)
        return Row(*(window if "window" in parts and each == 1 else ()), kernel, total)

    return (
        Repeat(lambda ch: _channel(ch, drawn(channels), share), channels), Repeat(operator, depth), "→",
        Repeat(lambda d: _map(d, drawn(depth), share), depth),
    )  # fmt: skip


def _channel(ch: int, high: int, share: float = 1.0) -> Grid:
    """A channel of the input, with its padding."""
    return Grid("padded", f"channel {ch + 1}", "padded_height", "padded_width", at=(("in_channels", ch),), sized=False,
                colours=high, share=share)  # fmt: skip


def _map(d: int, high: int, share: float = 1.0) -> Grid:
    """What a filter leaves of its channel."""
    return Grid("depthwise_output", f"filtered {d + 1}", *MAP, at=_at(d), sized=False, colours=high,
                share=share)  # fmt: skip


def _at(d: int) -> tuple[tuple[str, int], ...]:
    return (("depth_channels", d),)


# ── words ────────────────────────────────────────────────────────────────────
def _notes(trace: Trace, name: str) -> Iterator[Note]:
    """What happens in each of the two convolutions."""
    channels, several = trace.size("in_channels") > 1, trace.size("depth_channels") > 1
    if name == "depthwise_products":
        yield Note("each filter sees its own channel, and no other", channels)
        yield Note("the filter on its window: one product for each cell")
    elif name == "depthwise_pre_activation":
        yield Note("one sum for each filter: nothing is mixed yet", several)
    elif name == "pointwise_products":
        yield Note("the same place in every map, times its weight: here the channels meet", channels)


def _weights(trace: Trace) -> tuple[int, int, int]:
    """Those of the filters, those that mix, and those of one convolution that does both in one go."""
    facts, mixing = trace.facts, trace.tensor("pointwise_kernel").array.size
    biases = int(facts["pointwise_parameters"]) - mixing
    return int(facts["depthwise_parameters"]), mixing, int(facts["full_parameters"]) - biases


def _saves(trace: Trace) -> bool:
    """Whether it takes fewer weights and fewer products than one convolution."""
    own, mixing, full = _weights(trace)
    return own + mixing < full and int(trace.facts["multiplications"]) < int(trace.facts["full_multiplications"])


def _closing(trace: Trace) -> Line:
    """The weights of both against those of one convolution."""
    own, mixing, full = _weights(trace)
    less = own + mixing < full
    return (
        Run(f"{own} + {mixing} = ", source=Fact("weights")),
        Run(f"{own + mixing} weights", "result", "semibold", Fact("weights")),
        Run(f" in place of {full}" if less else f"; one full convolution has {full}", source=Fact("weights")),
    )


def _options(trace: Trace) -> tuple[str, ...]:
    """Sizes, and every option that is not the usual one."""
    config: Any = trace.config
    height, width = trace.tensor("input").shape[2:]
    filters, depth = trace.size("out_channels"), trace.size("depth_channels")
    return (
        f"{trace.size('in_channels')}×{height}×{width} "
        f"→ {filters}×{trace.size('out_height')}×{trace.size('out_width')}",
        f"{depth} filter{'s' * (depth > 1)} {config.kernel_size[0]}×{config.kernel_size[1]}",
        *((f"multiplier {config.multiplier}",) if config.multiplier > 1 else ()),
        *options_of(trace),
    )


def _hidden(trace: Trace) -> tuple[str, ...]:
    """How many channels and maps of how many are drawn, where that is not all."""
    counts = ((trace.size("in_channels"), "channels"), (trace.size("out_channels"), "maps"))
    return tuple(f"{drawn(every)} of {every} {noun} drawn" for every, noun in counts if drawn(every) < every)


# ── what is followed ─────────────────────────────────────────────────────────
def _activated(trace: Trace) -> bool:
    return bool(trace.config.activation != "linear")  # type: ignore[attr-defined]


def _mixing(trace: Trace) -> int:
    """Of the maps that are drawn the first one into which most channels go."""
    weights = trace["pointwise_kernel"][: drawn(trace.size("out_channels")), :, 0, 0]
    return int(np.count_nonzero(weights, axis=1).argmax())


def _strongest(telling: Telling) -> int:
    """The place at which the map that is followed is largest, whatever its sign."""
    told = telling.film.place_in(telling.trace.size("batch"))
    sizes = np.abs(
        np.nan_to_num(telling.trace["output"][told, _mixing(telling.trace)].astype(float), posinf=0, neginf=0)
    )
    return int(np.argmax(np.round(sizes, 9)))


DepthwiseStory = story("Depthwise separable convolution", film, GOOD_FOR, takes=21)
