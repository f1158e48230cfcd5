"""Feature maps: every filter reads the whole picture and leaves a map; the maps lie one behind another in a volume."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from layeranim import numbers
from layeranim.engine.trace import Region
from layeranim.stories import phrases
from layeranim.stories.convolution import shared
from layeranim.stories.convolution.shared import KERNEL, OUT
from layeranim.stories.phrases import sentence, so_many
from layeranim.stories.pictures import ink, relief
from layeranim.stories.stage import (
    Column,
    Each,
    Grid,
    Note,
    Picture,
    Play,
    Row,
    Tries,
    Turn,
    Volume,
    Windows,
    listed,
    story,
)
from layeranim.stories.stage.parts.volume import MOST
from layeranim.stories.stage.solver import NUMERAL_LOW
from layeranim.stories.storyboard import Line, Telling

GOOD_FOR = "every layer of a convolutional network: one more map for each question"
WIDTHS = ((640.0, 288.0), (480.0, 216.0), (320.0, 160.0))
"""The width of the volume, and of the picture at least; smaller ones where else no numeral has room."""


def film(telling: Telling) -> Play:
    """The film of all filters of one convolution."""
    trace, config = telling.trace, telling.config
    filters, channels = trace.size("out_channels"), trace.size("in_channels")
    last = "output" if shared.activated(trace) else "pre_activation"
    pixel = dict(zip(OUT, _followed(telling, last), strict=True))
    asked, told = telling.film.chosen("maps", filters, MOST), telling.sample
    maps, (channel,) = asked or tuple(range(filters)), telling.film.chosen("channels", channels, 1) or (0,)
    size, within = numbers.shape_text(trace["kernel"].shape[2:]), channel % trace.size("group_channels")
    picture = Picture("padded", "picture", "padded_height", "padded_width", at=(("in_channels", channel),),
                      sized=shared.size_said(trace, 3).partition(", ")[0])  # fmt: skip
    kernel = Grid("kernel", "filter", *KERNEL, at=(("group_channels", within),) if within else ())

    def elsewhere(unit: int) -> bool:
        return bool(maps[unit] * config.groups // filters != channel * config.groups // channels)

    strip = Grid(last, "one pixel", rows="out_channels", at=tuple(pixel.items()), sized=str(filters))

    def stage(maps: float, least: float) -> Row:
        volume = Volume(last, "maps", "out_channels", *OUT, width=maps, pixels=True, whole=True)
        return Row(Column(replace(picture, least=least), kernel), "→", volume, strip)

    several = filters > 1
    return Play(
        units=Windows(
            ("out_channels",), ("filter", "filters"), names=tuple(f"filter {k + 1}" for k in asked),
            only={"out_channels": asked} if asked else {}, steps=lambda here: shared.steps_at(trace, {**pixel, **here})
        ),
        at=pixel,
        evidence=tuple(Region.of(last, batch=told, out_channels=k, **pixel)
                       for k in (maps[unit] for unit in telling.film.selected(len(maps))[:MOST])),
        stage=Tries(*(stage(*widths) for widths in WIDTHS), least=NUMERAL_LOW),
        acts=(
            Each(((("products", last), (Note("this filter reads other channels than the one drawn", elsewhere),
                                        Note("one pixel of its map; all others in the same way", _many(telling)))),)),
            Turn(last, _stacked(telling, filters), Note(f"a {size} filter of the next layer reads all of them: "
                                                        f"{size}×{filters} weights", filters > 1), 3.2),
        ),
        opening=sentence("every filter asks its question everywhere: ", _counted(filters)),
        closing=sentence("at every place ", f"{filters} answers to {filters} questions" if several else "one answer"),
        options=(
            shared.through(trace),
            f"{so_many('filter', 'filters', filters)} {size}",
            *shared.options_of(trace),
            *listed("channels", (channel,), channels),
            *(listed("maps", asked, filters) if asked else phrases.not_all(min(MOST, filters), filters, "maps")),
        ),
        kinds={"padded": ink(telling), last: "relief"},
        spans={last: relief(trace[last])},
        routes=tuple(("padded", f"{last}:{k}") for k in range(filters)),
    )  # fmt: skip


def _many(telling: Telling) -> bool:
    return telling.trace.size("out_height") * telling.trace.size("out_width") > 1


def _followed(telling: Telling, last: str) -> tuple[int, int]:
    """The pixel at which the filters answer most strongly, each beside its own strongest answer."""
    told = telling.sample
    maps = np.nan_to_num(np.abs(telling.trace[last][told].astype(float)), posinf=0, neginf=0)
    most = maps.max(axis=(1, 2), keepdims=True)
    shares = np.round(np.divide(maps, most, out=np.zeros_like(maps), where=most > 0).mean(axis=0), 9)
    row, col = np.unravel_index(int(np.argmax(shares)), shares.shape)
    return int(row), int(col)


def _counted(filters: int) -> str:
    return f"{filters} filters, {filters} maps" if filters > 1 else "1 filter, 1 map"


def _stacked(telling: Telling, filters: int) -> Line:
    trace = telling.trace
    shape = f"{filters}×{trace.size('out_height')}×{trace.size('out_width')}"
    what = f"{filters} maps, one behind another" if filters > 1 else "one map"
    return sentence(f"{what}: ", f"a volume of {shape}")


FeatureMapsStory = story("Feature maps", film, GOOD_FOR, shows=("channels", "maps"))
