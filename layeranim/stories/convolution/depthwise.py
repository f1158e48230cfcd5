"""Depthwise separable convolution: every channel has a filter of its own, then 1×1 weights mix the channels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layeranim.engine.trace import Array, Region, Trace
from layeranim.stories.activations import activation_name
from layeranim.stories.convolution.sides import options_of, without_data
from layeranim.stories.phrases import sentence
from layeranim.stories.stage import (
    Apart,
    Each,
    Grid,
    Mask,
    Note,
    Play,
    Repeat,
    Row,
    Tries,
    Windows,
    listed,
    picked,
    story,
)
from layeranim.stories.stage.arrangements import MOST, drawn
from layeranim.stories.stage.solver import NUMERAL_LOW, Node
from layeranim.stories.storyboard import Fact, Line, Run, Telling

GOOD_FOR = "networks for phones: fewer weights, fewer products, the same reach"
SAVES_NOTHING = "it saves weights and products where many maps are made"
KERNEL = "kernel_height", "kernel_width"
MAP = "out_height", "out_width"


def film(telling: Telling) -> Play:
    """The film of both convolutions, place by place."""
    trace, view = telling.trace, Separable(telling)
    rows, cols = trace.size("out_height"), trace.size("out_width")
    told = {"out_channels": view.mixed, "depth_channels": view.filtered[0], "in_channels": view.channels[0]}
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
        stage=_stage(view),
        acts=(Each(tuple((names, tuple(_notes(view, names[0]))) for names in acts)),),
        opening=sentence("every channel is filtered alone, ", "then the channels are mixed"),
        closing=_closing(trace),
        good_for=GOOD_FOR if _saves(trace) else SAVES_NOTHING,
        options=_options(trace),
        drawn=(*listed("channels", view.channels, trace.size("in_channels")),
               *listed("maps", view.maps, trace.size("out_channels"))),
        alike=(("padded", "depthwise_patches", "depthwise_products"),
               ("depthwise_pre_activation", "depthwise_output", "pointwise_pre_activation", "output")),
        kinds={"padded": _picture(telling)} if _picture(telling) else {},
        masks={"padded": Mask(*without_data(trace))},
        follow=view.place,
        apart=view.apart,
        row=cols,
        evidence=view.made,
    )  # fmt: skip


def _picture(telling: Telling) -> str:
    """The scale of an input that is an image."""
    if telling.kinds.get("input") != "image":
        return ""
    return "planes" if telling.trace.size("in_channels") == 3 else "grey"


class Separable:
    """What the film shows of the layer: which channels and which maps, and the number that it follows."""

    def __init__(self, telling: Telling) -> None:
        self.telling, self.trace, self.film = telling, telling.trace, telling.film
        self.b: int = self.film.place_in(self.trace.size("batch"))
        self.each = self.trace.size("depth_channels") // self.trace.size("in_channels")

    @cached_property
    def maps(self) -> tuple[int, ...]:
        """The maps that are drawn: of many those with the largest numbers."""
        count = self.trace.size("out_channels")
        asked: tuple[int, ...] = self.film.chosen("maps", count, MOST)
        if asked or count <= MOST:
            return asked or tuple(range(count))
        sizes = _sizes(self.trace["output"][self.b]).reshape(count, -1).max(axis=1)
        return tuple(sorted(np.argsort(-sizes, kind="stable")[: drawn(count)].tolist()))

    @cached_property
    def mixed(self) -> int:
        """Of the maps that are drawn the first one into which most channels go; of many the largest."""
        if len(self.maps) < self.trace.size("out_channels"):
            return max(self.maps, key=lambda f: float(_sizes(self.trace["output"][self.b, f]).max()))
        weights = self.trace["pointwise_kernel"][list(self.maps), :, 0, 0]
        return self.maps[int(np.count_nonzero(weights, axis=1).argmax())]

    @cached_property
    def place(self) -> int:
        """The place that is followed: asked for, the preset's, or where the map that is followed is largest."""
        sizes = _sizes(self.trace["output"][self.b, self.mixed])
        unit = self.film.follow - 1 if self.film.follow else self.telling.preset.unit if self.telling.preset else None
        return unit if unit is not None and unit < sizes.size else int(np.argmax(sizes))

    @cached_property
    def channels(self) -> tuple[int, ...]:
        """The channels that are drawn: of many those that add most to the number that is followed."""
        count = self.trace.size("in_channels")
        asked: tuple[int, ...] = self.film.chosen("channels", count, MOST)
        if asked or count <= MOST:
            return asked or tuple(range(count))
        row, col = divmod(self.place, self.trace.size("out_width"))
        where = {"batch": self.b, "out_channels": self.mixed, "out_height": row, "out_width": col}
        sizes = _sizes(self.trace.read(Region.of("pointwise_products", **where)))
        return tuple(sorted(np.argsort(-sizes.reshape(count, -1).max(axis=1), kind="stable")[: drawn(count)].tolist()))

    @property
    def chosen(self) -> bool:
        """Whether the channels that are drawn were chosen by their numbers."""
        return len(self.channels) < self.trace.size("in_channels") and "channels" not in self.film.show_of

    @property
    def filtered(self) -> tuple[int, ...]:
        """The channels after their filters that are drawn."""
        every = tuple(ch * self.each + k for ch in self.channels for k in range(self.each))
        return every[: drawn(len(every))]

    @property
    def made(self) -> tuple[Region, ...]:
        """The maps that are drawn."""
        if len(self.maps) == self.trace.size("out_channels"):
            return (Region.of("output", batch=self.b),)
        return tuple(Region.of("output", batch=self.b, out_channels=f) for f in self.maps)

    @property
    def apart(self) -> tuple[Apart, ...]:
        """What the channels that are not drawn add is one number."""
        if len(self.channels) == self.trace.size("in_channels"):
            return ()
        return (Apart("pointwise_products", "depth_channels", self.filtered, len(self.filtered)),)


def _sizes(values: Array) -> NDArray[np.float64]:
    """How large numbers are; what is not finite is least."""
    return np.asarray(np.round(np.abs(np.nan_to_num(values.astype(float), posinf=0, neginf=0)), 9), np.float64)


# ── stage ────────────────────────────────────────────────────────────────────
def _stage(view: Separable) -> Node:
    """A row a channel in numbers; else channels and maps in colours beside their windows; else filters too."""
    rows = [_arranged(view, _numbered(view, products), 0, across) for products, across in
            ((True, 1), (False, 1), (False, 2))]  # fmt: skip
    ways = [(parts, high, across) for parts in (("window", "filter"), ("filter",), ())
            for high in (0, len(view.maps)) for across in (1, 2)]  # fmt: skip
    lensed = [_arranged(view, _pictured(view, parts), high, across) for parts, high, across in ways]
    small = [_arranged(view, _pictured(view, (), share), len(view.maps), 1, share) for share in (0.7, 0.45)]
    return Tries(*rows, *lensed, *small, least=NUMERAL_LOW)


def _arranged(view: Separable, left: Sequence[Node | str], high: int, across: int, share: float = 1.0) -> Node:
    """What filters make of their channels, the weights that mix it, the maps; ``high`` maps in colours."""
    trace = view.trace
    filters, depth = trace.size("out_channels"), trace.size("depth_channels")
    mixing = Grid("pointwise_kernel", "1×1 weights", "out_channels", "depth_channels",
                  sized=f"{filters}×{depth}" if share == 1 else False,
                  colours=int(filters * depth > 16), share=0.4, lens=False)  # fmt: skip
    chip = (activation_name(trace.config.activation), "→") if _activated(trace) else ()  # type: ignore[attr-defined]
    bias = (Grid("bias", "+ bias", rows="out_channels", sized=False, colours=int(filters > 4), share=0.3,
                 lens=False),)  # fmt: skip
    maps = picked(
        lambda f: Grid("output", f"map {f + 1}", *MAP, at=(("out_channels", f),), sized=False, colours=high,
                       share=share / across),
        view.maps, filters, across,
    )  # fmt: skip
    return Row(*left, "→", mixing, *(bias if "bias" in trace and share == 1 else ()), "→", *chip, maps)


def _numbered(view: Separable, products: bool) -> Sequence[Node | str]:
    """A row a channel: its cells, its filters and what they make of it."""
    each, first = view.each, view.filtered[0]
    return (
        picked(
            lambda ch: Row(_channel(ch, 0),
                           Repeat(lambda k: _filter(ch * each + k, products, ch * each + k == first), each)),
            view.channels, view.trace.size("in_channels"),
        ),
    )  # fmt: skip


def _filter(d: int, products: bool, first: bool) -> Node:
    """One filter, its products and its map."""
    made = (Grid("depthwise_products", "products" if first else "", *KERNEL, at=_at(d), sized=False),)
    kernel = Grid("depthwise_kernel", f"filter {d + 1}", *KERNEL, at=_at(d), sized=False)
    return Row(kernel, *(made if products else ()), "→", _map(d, 0))


def _pictured(view: Separable, parts: Sequence[str], share: float = 1.0) -> Sequence[Node | str]:
    """Channels as pictures, what a filter does to a window of each, and what the filters leave as pictures."""
    channels, depth = view.trace.size("in_channels"), view.trace.size("depth_channels")
    each, count = view.each, len(view.filtered)

    def operator(d: int) -> Node:
        at, named = (("in_channels", d // each),), d == view.filtered[0]
        window = (Grid("depthwise_patches", "window" * named, *KERNEL, at=at, sized=False, frame="focus"),)
        kernel = Grid("depthwise_kernel", "filters" * named, *KERNEL, at=_at(d), sized=False,
                      colours=int("filter" not in parts), share=min(0.3, 0.9 / count))  # fmt: skip
        total = Grid("depthwise_pre_activation", "sums" * named, at=_at(d), sized=False, one=True)
        return Row(*(window if "window" in parts and each == 1 else ()), kernel, total)

    return (
        picked(lambda ch: _channel(ch, len(view.channels), share), view.channels, channels),
        picked(operator, view.filtered, depth), "→", picked(lambda d: _map(d, count, share), view.filtered, depth),
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
def _notes(view: Separable, name: str) -> Iterator[Note]:
    """What happens in each of the two convolutions."""
    trace = view.trace
    channels, several = trace.size("in_channels") > 1, trace.size("depth_channels") > 1
    if name == "depthwise_products":
        yield Note("each filter sees its own channel, and no other", channels)
        yield Note("the filter on its window: one product for each cell")
    elif name == "depthwise_pre_activation":
        yield Note("one sum for each filter: nothing is mixed yet", several)
    elif name == "pointwise_products":
        yield Note("the channels drawn are those that add most to this number",
                   lambda unit: view.chosen and unit == view.place)  # fmt: skip
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


def _activated(trace: Trace) -> bool:
    return bool(trace.config.activation != "linear")  # type: ignore[attr-defined]


DepthwiseStory = story("Depthwise separable convolution", film, GOOD_FOR, takes=30, shows=("channels", "maps"))
