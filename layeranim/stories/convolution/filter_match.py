"""Filter matching: multiply element-wise and sum; the larger sum matches better. The arithmetic is conv's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from layeranim import numbers
from layeranim.engine.trace import Region, Trace
from layeranim.errors import OptionError, ShapeError
from layeranim.stories.convolution import filter_match_words as words
from layeranim.stories.convolution.filter_match_presets import GOOD_FOR
from layeranim.stories.convolution.shared import KERNEL
from layeranim.stories.stage import (
    Aside,
    Each,
    Grid,
    Note,
    Play,
    Row,
    Tally,
    Tries,
    Windows,
    stack,
    story,
)
from layeranim.stories.stage.arrangements import drawn
from layeranim.stories.stage.solver import Node
from layeranim.stories.storyboard import Telling

MOST_IMAGES = 6
"""Of more images the first six are shown."""


def film(telling: Telling) -> Play:
    """Every image against every filter, a verdict after each image."""
    trace = telling.trace
    _check(trace)
    images, filters = trace.size("batch"), trace.size("out_channels")
    shown = drawn(filters)
    told = images if telling.film.sample else min(images, MOST_IMAGES)
    scores = trace["output"][:, :shown, 0, 0]
    style = telling.style("output")
    best = [words.winners(row) for row in scores.tolist()]
    asides = {
        (image + 1) * shown - 1: Aside(words.verdict(scores[image], style, image, filters), _cells(image, best[image]))
        for image in range(told if shown > 1 else 0)
    }
    seen = telling.film.selected_of(told, shown)
    units = Windows(
        ("batch", "out_channels"), ("sum", "sums"), (),
        tuple(f"image {unit // shown + 1}, filter {unit % shown + 1}" for unit in range(told * shown)),
        most={"batch": told, "out_channels": shown}, of="padded", by="kernel",
    )  # fmt: skip
    ended = [unit // shown for unit in seen if unit in asides or shown == 1]
    agree = bool((trace["output"] > 0).any()) and len(seen) > 0
    many = (1, 1) if telling.film.sample else (told, images)
    return Play(
        units=units,
        stage=_stage(telling, filters, told),
        acts=(
            Each(
                (("products", Note("where image and filter agree, the product counts", agree)),
                 ("output", Note("the sum says how well they match", len(seen) > 0))),
                asides,
            ),
        ),
        opening=words.opening(shown),
        closing=words.closing(many, (shown, filters), len(seen)),
        options=_options(telling, (told, images), (shown, filters)),
        alike=(("padded", "products"),),
        follow=best[0][0] if best[0] else None,
        evidence=tuple(region for image in ended for region in _cells(image, best[image])),
    )  # fmt: skip


def _stage(telling: Telling, filters: int, images: int) -> Node:
    """An image, the filters, their products, and the table of sums."""
    shown, many = drawn(filters), telling.trace.size("batch") > 1
    image = Grid("padded", "image <batch>" if many else "image", rows="padded_height", cols="padded_width", sized=False)
    products = Grid("products", "products", *KERNEL, sized=False)
    called = tuple(f"image {i + 1}" for i in range(images)), tuple(str(f + 1) for f in range(shown))
    table = Grid("output", "sum with filter", rows="batch", cols="out_channels", sized=False, called=called, firm=True)

    kernel = Grid("kernel", "filter 1", *KERNEL)

    def arranged(across: int, *sum_: Node | str) -> Node:
        kernels = stack(kernel, "filter", "out_channels", filters, across=across)
        return Row(image, "×", kernels, "=", products, *sum_, "→", table)

    tally = "→", Tally("output", "sum")
    if shown > 2:
        return Tries(arranged(1, *tally), arranged(2, *tally), arranged(2))
    return Tries(arranged(1, *tally), arranged(1), arranged(1, *tally))  # in colours the sum counts on in numbers


def _cells(image: int, filters: Sequence[int]) -> tuple[Region, ...]:
    return tuple(Region.of("output", batch=image, out_channels=f, out_height=0, out_width=0) for f in filters)


def _options(telling: Telling, images: tuple[int, int], filters: tuple[int, int]) -> tuple[str, ...]:
    said = words.counted(images, filters)
    if telling.film.sample:
        said[0] = f"image {telling.film.place_in(images[1]) + 1} of {images[1]}"
    return (*said, numbers.shape_text(telling.trace.tensor("input").shape[2:]), *("flipped",) * telling.config.flip)


def _check(trace: Trace) -> None:
    """That one window is the whole image, and its sum the output."""
    config: Any = trace.config
    shape, kernel, out = (trace.tensor(name).shape for name in ("input", "kernel", "output"))
    if out[2:] != (1, 1) or shape[1] != 1 or kernel[2:] != shape[2:]:
        raise ShapeError(
            f"filter-match compares one-channel filters as large as the image, but the image is "
            f"{numbers.shape_text(shape[1:])} and a filter {numbers.shape_text(kernel[1:])}; "
            f"give filters of {numbers.shape_text((1, *shape[2:]))}, or use conv"
        )
    if trace.tensor("padded").shape != shape:
        raise ShapeError(
            f"filter-match lays the filter on the image as it is, but padding makes "
            f"{numbers.shape_text(trace.tensor('padded').shape[2:])} of {numbers.shape_text(shape[2:])}; "
            f"leave padding out, or use conv"
        )
    if "bias" in trace or config.activation != "linear":
        said = "a bias" if "bias" in trace else f"activation {config.activation}"
        raise OptionError(f"filter-match multiplies and adds up, nothing else, but was given {said}; use conv")


FilterMatchStory = story("Filter matching", film, GOOD_FOR)
