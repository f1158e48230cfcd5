"""Transposed convolution's options and shapes, over one, two or three axes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from layeranim.engine import door, window
from layeranim.engine.activations import ACTIVATIONS, scratch
from layeranim.engine.conventions import CONVENTIONS, NAMES
from layeranim.engine.entry import ranked, size_of, with_bias
from layeranim.engine.option import Choice, Config, Flag, Integer, Padding, PerAxis, option
from layeranim.engine.patches import large, taken
from layeranim.engine.pool_shapes import spatial
from layeranim.engine.trace import Shape, count
from layeranim.engine.window import Axis
from layeranim.errors import OptionError, ShapeError
from layeranim.records import dataclass

_STRIDES, _RATES = ("strides",), ("dilation_rate",)
_WORDS, _SAME = ("same", "valid"), "same leaves stride × input"


@dataclass(frozen=True, kw_only=True)
class TransposeConfig(Config):
    """Options of a transposed convolution. ``None`` is filled in from the shapes of the arrays."""

    kernel_size: tuple[int, ...] | None = option(
        PerAxis(optional=True),
        None,
        "height and width of the kernel (default: as the kernel given, else 3)",
        short="-k",
    )
    stride: tuple[int, ...] = option(PerAxis(), 1, "cells from one stamp to the next", short="-s", aliases=_STRIDES)
    padding: str | tuple[tuple[int, int], ...] = option(
        Padding(words=_WORDS), 0, f"cells cut off every edge; {_SAME}", short="-p"
    )
    output_padding: tuple[int, ...] = option(PerAxis(low=0), 0, "cells added at the bottom and the right")
    dilation: tuple[int, ...] = option(
        PerAxis(), 1, "cells from one tap of the kernel to the next", short="-d", aliases=_RATES
    )
    in_channels: int | None = option(Integer(1), None, "channels of the input (default: as the input given)")
    filters: int | None = option(
        Integer(1), None, "output channels (default: as the kernel given)", aliases=("out_channels",)
    )
    groups: int = option(Integer(1), 1, "groups of channels that are convolved apart")
    bias: bool | None = option(Flag(), None, "add a bias to every output channel (default: when its values are given)")
    activation: str = option(Choice(tuple(ACTIVATIONS)), "linear", "function applied to every sum")
    convention: str = option(Choice(NAMES), "torch", "whose meaning of padding same is used")


@dataclass(frozen=True, kw_only=True)
class Transpose1dConfig(TransposeConfig):
    """Options of a 1D transposed convolution."""

    kernel_size: tuple[int, ...] | None = option(
        PerAxis(1, optional=True), None, "taps of the kernel (default: as the kernel given, else 3)", short="-k"
    )
    stride: tuple[int, ...] = option(PerAxis(1), 1, "cells from one stamp to the next", short="-s", aliases=_STRIDES)
    padding: str | tuple[tuple[int, int], ...] = option(
        Padding(1, _WORDS), 0, f"cells cut off both ends; {_SAME}", short="-p"
    )
    output_padding: tuple[int, ...] = option(PerAxis(1, low=0), 0, "cells added at the end")
    dilation: tuple[int, ...] = option(PerAxis(1), 1, "cells from one tap to the next", short="-d", aliases=_RATES)


@dataclass(frozen=True, kw_only=True)
class Transpose3dConfig(TransposeConfig):
    """Options of a 3D transposed convolution."""

    kernel_size: tuple[int, ...] | None = option(
        PerAxis(3, optional=True), None, "depth, height and width of the kernel (default: as given, else 2)", short="-k"
    )
    stride: tuple[int, ...] = option(PerAxis(3), 1, "cells from one stamp to the next", short="-s", aliases=_STRIDES)
    padding: str | tuple[tuple[int, int], ...] = option(
        Padding(3, _WORDS), 0, f"cells cut off every face; {_SAME}", short="-p"
    )
    output_padding: tuple[int, ...] = option(PerAxis(3, low=0), 0, "cells added at the end of every axis")
    dilation: tuple[int, ...] = option(PerAxis(3), 1, "cells from one tap to the next", short="-d", aliases=_RATES)


AXES: dict[type[TransposeConfig], int] = {TransposeConfig: 2, Transpose1dConfig: 1, Transpose3dConfig: 3}
_SIZE = {1: (4, 3), 2: (3, 3), 3: (2, 2)}
"""Cells an axis and taps an axis where nothing is given."""


def names_of(n: int) -> dict[str, tuple[str, ...]]:
    """The axes of every tensor of a transposed convolution over the last ``n`` of depth, height and width."""
    lead = ("batch", "out_channels")
    return {
        "input": ("batch", "in_channels", *spatial(n)),
        "kernel": ("in_channels", "group_filters", *spatial(n, "kernel_")),
        "full": (*lead, *spatial(n, "full_")),
        "output": (*lead, *spatial(n, "out_")),
    }


def complete(config: TransposeConfig, shapes: Mapping[str, Shape | None]) -> tuple[TransposeConfig, dict[str, Shape]]:
    """Every size filled in. Leading axes of size 1 may be left out; the kernel is (in_channels, filters/groups, …).

    Of conv-transpose: ``input`` (batch, in_channels, height, width), ``kernel`` (in_channels, group_filters,
    kernel_height, kernel_width) give ``output`` (batch, out_channels, out_height, out_width).
    Raises ``ShapeError`` for arrays that do not fit the layer or each other, ``OptionError`` for options that do not
    go together.
    """
    n = AXES[type(config)]
    names = names_of(n)
    x, kernel = (ranked(name, shapes.get(name), names[name], n) for name in ("input", "kernel"))
    bias, groups = ranked("bias", shapes.get("bias"), ("out_channels",), 0), config.groups
    biased = with_bias(config.bias, bias, kernel or (1,))
    claims = [(config.in_channels, "in_channels"), size_of("input", x, 1), size_of("kernel", kernel, 0)]
    channels = door.agreed("in_channels", claims, groups)
    made = kernel[1] * groups if kernel else None
    filters = door.agreed(
        "filters", [(config.filters, "filters"), (made, "kernel times groups"), size_of("bias", bias, 0)], groups
    )
    for name, number in (("in_channels", channels), ("filters", filters)):
        if number % groups:
            raise OptionError(f"groups is {groups}, but must divide {name}, which is {number}")
    size = kernel[2:] if kernel else config.kernel_size or (_SIZE[n][1],) * n
    door.fitting("kernel", size, config.kernel_size or size, "as kernel_size says")
    for more, s, d in zip(config.output_padding, config.stride, config.dilation, strict=True):
        if more >= max(s, d):
            raise OptionError(
                f"output_padding is {more}, but must be less than the stride, {s}, or the dilation, {d}: "
                "a larger one adds cells that no input reaches"
            )
    config = config.replace(in_channels=channels, filters=filters, kernel_size=size, bias=biased)
    needed = {"input": x or (1, channels, *(_SIZE[n][0],) * n), "kernel": (channels, filters // groups, *size)}
    if biased:
        needed["bias"] = (filters,)
    output = out_sizes(config, needed["input"])
    for name, shape in {**needed, "output": (needed["input"][0], filters, *output)}.items():
        window.affordable(name, shape)
    return config, needed


def axes_of(config: Any, shape: Shape) -> tuple[Axis, ...]:
    """The axes of the full output, as the convolution that goes the other way slides over them."""
    names = spatial(len(shape) - 2)
    items = zip(names, shape[2:], config.kernel_size, config.stride, config.dilation, strict=True)
    return tuple(Axis(name, (n - 1) * s + d * (k - 1) + 1, k, s, d, 0, 0) for name, n, k, s, d in items)


def cuts(config: Any, shape: Shape) -> tuple[tuple[int, int, int], ...]:
    """Of each axis of the full output the cells cut off before and after, and the zeros added at the end.

    ``same`` leaves s·n: max(d(k − 1) + 1 − s, 0) cut, ⌊half⌋ before, as Keras, Flax, Haiku and ONNX have it.
    PaddlePaddle cuts what it would add around a convolution's input instead.
    """
    axes = axes_of(config, shape)
    if config.padding != "same":
        pairs = ((0, 0),) * len(axes) if config.padding == "valid" else config.padding
        return tuple((*both, more) for both, more in zip(pairs, config.output_padding, strict=True))
    whose = CONVENTIONS[config.convention]
    if whose.same_dilated == "dilation dropped" and any(d != 1 for d in config.dilation):
        raise OptionError(
            f"padding is same and dilation is {config.dilation[0]}, which {whose.library} computes without the "
            "dilation; convention keras keeps it"
        )
    if whose.same_transposed is None:
        raise OptionError(
            f"padding is same, which no transposed convolution of {whose.library} has; convention keras gives what "
            "Keras computes"
        )
    if any(config.output_padding):
        raise OptionError(
            f"output_padding is {config.output_padding[0]}, but padding same says how large the output is"
        )
    if whose.same_transposed == "as of a convolution":
        pads = window.same(shape[2:], config.kernel_size, config.stride, config.dilation)
        return tuple((*both, 0) for both in pads)
    beyond = [axis.reach - axis.stride for axis in axes]
    return tuple((max(n, 0) // 2, max(n, 0) - max(n, 0) // 2, max(-n, 0)) for n in beyond)


def out_sizes(config: Any, shape: Shape) -> tuple[int, ...]:
    """``(n − 1)·s − padding before and after + d(k − 1) + output_padding + 1``, refused where nothing is left."""
    found = []
    for axis, (before, after, more) in zip(axes_of(config, shape), cuts(config, shape), strict=True):
        out = axis.size - before - after + more
        if out < 1:
            both = str(before) if before == after else f"{before},{after}"
            raise ShapeError(
                f"padding is {both}, but that cuts off all {axis.size} cells of the {axis.name}: "
                f"{axis.size} − {cut_text(before, after)} + {more} = {out}"
            )
        found.append(out)
    return tuple(found)


def cut_text(before: int, after: int) -> str:
    """What is cut off an axis, as a formula has it: ``2·1``, ``0 − 1``."""
    return f"2·{before}" if before == after else f"{before} − {after}"


def makes(config: TransposeConfig, shapes: Mapping[str, Shape]) -> dict[str, Shape]:
    """All stamps added up, the part that padding leaves with the bias, and what the activation makes of it."""
    lead = (shapes["input"][0], config.filters or 1)
    full = (*lead, *(axis.size for axis in axes_of(config, shapes["input"])))
    out = (*lead, *out_sizes(config, shapes["input"]))
    made = {"full": full, "pre_activation": out, "output": out, **scratch(config.activation, out)}
    batch, channels, *windows = shapes["input"]
    terms = count(shapes["kernel"][1:])
    if large(channels, config.groups, terms, batch * count(windows)):
        made["stamps"] = (taken(channels, config.groups, terms, batch, tuple(windows)),)
    return made
