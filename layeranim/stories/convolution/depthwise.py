"""Depthwise separable convolution: every channel has a filter of its own, then 1×1 weights mix the channels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from layeranim import numbers
from layeranim.engine.trace import Region, Trace
from layeranim.stories.convolution import shared
from layeranim.stories.convolution.shared import KERNEL, OUT
from layeranim.stories.phrases import sentence, so_many
from layeranim.stories.stage import (
    Apart,
    Column,
    Each,
    Grid,
    Mask,
    Note,
    Others,
    Play,
    Repeat,
    Row,
    Tries,
    Windows,
    listed,
    picked,
    stack,
    story,
)
from layeranim.stories.stage.arrangements import drawn, drawn_of
from layeranim.stories.stage.solver import NUMERAL_LOW, Node
from layeranim.stories.storyboard import Fact, Line, Run, Telling

GOOD_FOR = "networks for phones: fewer weights, fewer products, the same reach"
SAVES_NOTHING = "it saves weights and products where many maps are made"
CHANNEL = Grid("padded", "channel 1", "padded_height", "padded_width")
MAP = Grid("depthwise_output", "filtered 1", *OUT)


def film(telling: Telling) -> Play:
    """The film of both convolutions, place by place."""
    trace, view = telling.trace, Separable(telling)
    filters = so_many("filter", "filters", trace.size("depth_channels"))
    told = {"out_channels": view.mixed, "depth_channels": view.filtered[0], "in_channels": view.channels[0]}
    return Play(
        units=Windows(
            OUT, ("place", "places"), names=shared.places(trace), inner=lambda _: told, of="padded",
            by="depthwise_kernel",
        ),
        stage=_stage(view),
        acts=(_acts(view),),
        opening=sentence("every channel is filtered alone, ", "then the channels are mixed"),
        closing=_closing(trace),
        good_for=GOOD_FOR if _saves(trace) else SAVES_NOTHING,
        options=(
            shared.through(trace),
            f"{filters} {numbers.shape_text(telling.config.kernel_size)}",
            *((f"multiplier {telling.config.multiplier}",) if telling.config.multiplier > 1 else ()),
            *shared.options_of(trace),
        ),
        drawn=(*listed("channels", view.channels, trace.size("in_channels")),
               *listed("maps", view.maps, trace.size("out_channels"))),
        alike=(("padded", "depthwise_patches", "depthwise_products"),
               shared.compared(trace, "depthwise_pre_activation", "depthwise_output", "pointwise_pre_activation")),
        kinds=shared.pictured(telling, "padded"),
        masks={"padded": Mask(*shared.without_data(trace))},
        follow=view.place,
        apart=(Apart("pointwise_products", "depth_channels", view.filtered, len(view.filtered)),) * view.hidden,
        row=trace.size("out_width"),
        evidence=tuple(Region.of("output", batch=view.sample, out_channels=f) for f in view.maps),
    )  # fmt: skip


class Separable(shared.MapsView):
    """What the film shows of the layer: which channels and which maps, and the number that it follows."""

    def __init__(self, telling: Telling) -> None:
        super().__init__(telling)
        self.each = self.trace.size("depth_channels") // self.trace.size("in_channels")

    @cached_property
    def mixed(self) -> int:
        """Of the maps that are drawn the first one into which most channels go; of many the largest."""
        if len(self.maps) < self.trace.size("out_channels"):
            return max(self.maps, key=shared.strongest(self, "output").__getitem__)
        weights = self.trace["pointwise_kernel"][list(self.maps), :, 0, 0]
        return self.maps[int(np.count_nonzero(weights, axis=1).argmax())]

    @cached_property
    def place(self) -> int:
        """The place that is followed: asked for, the preset's, or where the map that is followed is largest."""
        sizes = shared.sizes(self.trace["output"][self.sample, self.mixed])
        unit = self.telling.wanted(range(sizes.size))
        return int(np.argmax(sizes)) if unit is None else unit

    @cached_property
    def channels(self) -> tuple[int, ...]:
        """The channels that are drawn: of many those that add most to the number that is followed."""
        count = self.trace.size("in_channels")

        def added() -> NDArray[np.float64]:
            where = dict(zip(OUT, divmod(self.place, self.trace.size("out_width")), strict=True))
            terms = Region.of("pointwise_products", batch=self.sample, out_channels=self.mixed, **where)
            return np.asarray(shared.sizes(self.trace.read(terms)).reshape(count, -1).max(axis=1))

        return drawn_of(self.film, "channels", count, added)

    @property
    def hidden(self) -> bool:
        """Whether channels are not drawn."""
        return len(self.channels) < self.trace.size("in_channels")

    @property
    def filtered(self) -> tuple[int, ...]:
        """The channels after their filters that are drawn."""
        every = tuple(ch * self.each + k for ch in self.channels for k in range(self.each))
        return every[: drawn(len(every))]


# ── stage ────────────────────────────────────────────────────────────────────
def _stage(view: Separable) -> Node:
    """A row a channel in numbers; else channels and maps in colours beside their windows; else filters too,
    and the sums of the filters go.
    """
    rows = [_arranged(view, _numbered(view, products), 0, across) for products, across in
            ((True, 1), (False, 1), (False, 2))]  # fmt: skip
    ways = [(parts, share, high, across) for parts in (("window", "filter", "sums"), ("filter", "sums"), ("sums",))
            for share in (1.0, 0.8) for high in (0, len(view.maps)) for across in (1, 2)]  # fmt: skip
    lensed = [_arranged(view, _pictured(view, parts, share), high, across, share)
              for parts, share, high, across in ways]  # fmt: skip
    small = [_arranged(view, _pictured(view, parts, share), len(view.maps), 1, share)
             for share in (0.7, 0.45) for parts in (("sums",), ())]  # fmt: skip
    return Tries(*rows, *lensed, *small, least=NUMERAL_LOW)


def _arranged(view: Separable, left: Sequence[Node | str], high: int, across: int, share: float = 1.0) -> Node:
    """What filters make of their channels, the weights that mix it, the maps; ``high`` maps in colours."""
    trace = view.trace
    filters, depth = trace.size("out_channels"), trace.size("depth_channels")
    mixing = Grid("pointwise_kernel", "1×1 weights", "out_channels", "depth_channels",
                  sized=f"{filters}×{depth}" if share > 0.7 else False,
                  colours=int(filters * depth > 16), share=0.4, lens=False)  # fmt: skip
    others = Others("pointwise_products", "pointwise_pre_activation")
    weights = Column(mixing, others) if view.hidden else mixing
    one = Grid("output", "map 1", *OUT, colours=high, share=share / across)
    maps = stack(one, "map", "out_channels", filters, view.maps, across)
    return Row(*left, "→", weights, *(shared.biases(trace) if share > 0.7 else ()), "→", *shared.bent(trace), maps)


def _numbered(view: Separable, products: bool) -> Sequence[Node | str]:
    """A row a channel: its cells, its filters and what they make of it."""

    def filtered(d: int) -> Node:
        at = (("depth_channels", d),)
        made = (Grid("depthwise_products", "products" * (d == view.filtered[0]), *KERNEL, at=at),)
        kernel = Grid("depthwise_kernel", f"filter {d + 1}", *KERNEL, at=at)
        return Row(kernel, *(made if products else ()), "→", replace(MAP, text=f"filtered {d + 1}", at=at))

    def channel(ch: int) -> Node:
        one = replace(CHANNEL, text=f"channel {ch + 1}", at=(("in_channels", ch),))
        return Row(one, Repeat(lambda k: filtered(ch * view.each + k), view.each))

    return (picked(channel, view.channels, view.trace.size("in_channels")),)


def _pictured(view: Separable, parts: Sequence[str], share: float = 1.0) -> Sequence[Node | str]:
    """Channels as pictures, what a filter does to a window of each, and what the filters leave as pictures."""
    channels, depth = view.trace.size("in_channels"), view.trace.size("depth_channels")
    count = len(view.filtered)

    def operator(d: int) -> Node:
        at, channel, named = (("depth_channels", d),), (("in_channels", d // view.each),), d == view.filtered[0]
        window = (Grid("depthwise_patches", "window" * named, *KERNEL, at=channel, frame="focus"),)
        kernel = Grid("depthwise_kernel", "filters" * named, *KERNEL, at=at, colours=int("filter" not in parts),
                      share=min(0.3, 0.9 / count))  # fmt: skip
        total = (Grid("depthwise_pre_activation", "sums" * named, at=at, one=True),)
        before, after = "window" in parts and view.each == 1, "sums" in parts
        return Row(*(window if before else ()), kernel, *(total if after else ()))

    given, made = replace(CHANNEL, colours=len(view.channels), share=share), replace(MAP, colours=count, share=share)
    return (
        stack(given, "channel", "in_channels", channels, view.channels),
        picked(operator, view.filtered, depth), "→",
        stack(made, "filtered", "depth_channels", depth, view.filtered),
    )  # fmt: skip


# ── words ────────────────────────────────────────────────────────────────────
def _acts(view: Separable) -> Each:
    """Both convolutions of a place, and what happens in each."""
    trace = view.trace
    channels, depth = trace.size("in_channels") > 1, trace.size("depth_channels") > 1
    chosen = view.hidden and "channels" not in view.film.show_of
    mixed, bent = ("pointwise_products", "pointwise_pre_activation"), shared.activated(trace)
    alone = (
        Note("each filter sees its own channel, and no other", channels),
        Note("the filter on its window: one product for each cell"),
    )
    unmixed = Note("one sum for each filter: nothing is mixed yet", depth)
    met = (
        Note("the channels drawn are those that add most to this number", lambda k: chosen and k == view.place),
        Note("the same place in every map, times its weight: here the channels meet", channels),
    )
    return Each((
        ("depthwise_products", alone),
        (("depthwise_pre_activation", "depthwise_output"), unmixed),
        (mixed if bent else (*mixed, "output"), met),
        *((("output", ()),) if bent else ()),
    ))  # fmt: skip


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


DepthwiseStory = story("Depthwise separable convolution", film, GOOD_FOR, takes=30, shows=("channels", "maps"))
