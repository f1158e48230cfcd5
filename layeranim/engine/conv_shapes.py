"""Convolution's options and shapes: what goes together, what is filled in, what is said about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from layeranim.engine import window
from layeranim.engine.activations import ACTIVATIONS, scratch
from layeranim.engine.array import axes_text, shape_text
from layeranim.engine.conventions import CONVENTIONS, NAMES
from layeranim.engine.option import Choice, Config, Flag, Integer, Padding, PerAxis, option
from layeranim.engine.patches import taken
from layeranim.engine.trace import Array, Shape, count
from layeranim.engine.window import Axis
from layeranim.errors import OptionError, ShapeError
from layeranim.records import dataclass


@dataclass(frozen=True, kw_only=True)
class ConvConfig(Config):
    """Options of a 2D convolution. ``None`` is filled in from the shapes of the arrays."""

    kernel_size: tuple[int, int] | None = option(
        PerAxis(optional=True),
        None,
        "height and width of the kernel (default: as the kernel given, else 3)",
        short="-k",
    )
    stride: tuple[int, int] = option(
        PerAxis(), 1, "cells from one window to the next", short="-s", aliases=("strides",)
    )
    padding: str | tuple[tuple[int, int], ...] = option(
        Padding(words=window.PADDINGS), 0, "cells added around the input", short="-p"
    )
    padding_mode: str = option(Choice(window.MODES), "zeros", "what the added cells hold")
    dilation: tuple[int, int] = option(
        PerAxis(), 1, "cells from one tap of the kernel to the next", short="-d", aliases=("dilation_rate",)
    )
    in_channels: int | None = option(Integer(1), None, "channels of the input (default: as the input given)")
    filters: int | None = option(
        Integer(1), None, "filters, each giving one output channel (default: as the kernel given)",
        aliases=("out_channels",),
    )  # fmt: skip
    groups: int = option(Integer(1), 1, "groups of channels that are convolved apart")
    bias: bool | None = option(Flag(), None, "add a bias to every filter (default: when its values are given)")
    activation: str = option(Choice(tuple(ACTIVATIONS)), "linear", "function applied to every sum")
    flip: bool = option(Flag(), False, "turn the kernel by 180 degrees: the mathematician's convolution")
    convention: str = option(Choice(NAMES), "torch", "whose meaning of padding same is used")


_SHAPES = {
    "input": "(batch, in_channels, height, width), (in_channels, height, width) or (height, width)",
    "kernel": "(out_channels, in_channels/groups, height, width), (in_channels, height, width) or (height, width)",
    "bias": "(out_channels) or one number",
}
_RANKS = {"input": (2, 3, 4), "kernel": (2, 3, 4), "bias": (0, 1)}


def aligned(name: str, shape: Shape) -> Shape:
    """A shape with the axes that may be left out put in as 1: batch and channels, filters; a bias for all."""
    ranks = _RANKS[name]
    if len(shape) not in ranks:
        raise ShapeError(f"{name} has shape {shape_text(shape)}, {axes_text(len(shape))}, but must be {_SHAPES[name]}")
    return (1,) * (ranks[-1] - len(shape)) + shape


def complete(config: ConvConfig, shapes: Mapping[str, Shape | None]) -> tuple[ConvConfig, dict[str, Shape]]:
    """The Config with every size filled in, and the full shape of each array that it needs.

    Raises ``ShapeError`` where an array contradicts an option or another array, ``OptionError`` where options do.
    """
    unknown = [name for name in shapes if name not in _SHAPES]
    if unknown:
        raise OptionError(f"conv takes no array {unknown[0]!r}; it takes {', '.join(_SHAPES)}")
    given = {name: shape for name, shape in shapes.items() if shape is not None}
    full = {name: aligned(name, shape) for name, shape in given.items()}
    in_channels = _in_channels(config, given, full)
    filters = _filters(config, given, full)
    biased = config.bias if config.bias is not None else "bias" in given
    if "bias" in given and not biased:
        raise OptionError("bias is false, but values for the bias are given; leave out one of them")
    kernel_size = _kernel_size(config, full)
    config = config.replace(in_channels=in_channels, filters=filters, kernel_size=kernel_size, bias=biased)
    needed: dict[str, Shape] = {
        "input": full.get("input") or (1, in_channels, *_default_size(config)),
        "kernel": (filters, in_channels // config.groups, *kernel_size),
    }
    if biased:
        needed["bias"] = (filters,)
    rows, columns = axes_of(config, needed["input"])
    for name, shape in {**needed, "output": (needed["input"][0], filters, rows.out, columns.out)}.items():
        window.affordable(name, shape)
    return config, needed


def makes(config: ConvConfig, shapes: Mapping[str, Shape], axes: Sequence[Axis] = ()) -> dict[str, Shape]:
    """The padded input, the sums and what the activation makes of them; and what the sums take on their way.

    ``axes`` are those of a convolution in one or three dimensions.
    """
    batch, channels = shapes["input"][:2]
    axes = axes or axes_of(config, shapes["input"])
    windows, filters = tuple(axis.out for axis in axes), config.filters or 1
    out, terms = (batch, filters, *windows), channels // config.groups * count(config.kernel_size or ())
    made = {"padded": (batch, channels, *(axis.padded for axis in axes)), "pre_activation": out}
    if config.activation != "linear":
        made |= {"output": out, **scratch(config.activation, out)}
    return {**made, "patches": (taken(filters, config.groups, terms, batch, windows),)}


def _in_channels(config: ConvConfig, given: Mapping[str, Shape], full: Mapping[str, Shape]) -> int:
    """The channels of the input; every source of the number must agree, and ``groups`` must divide it."""
    groups = config.groups
    spanned = full["kernel"][1] * groups if len(given.get("kernel", ())) > 2 else None
    channels = full["input"][1] if "input" in full else config.in_channels or spanned or groups
    if config.in_channels not in (None, channels):
        raise ShapeError(f"in_channels is {config.in_channels}, but the input given has {channels} channels")
    if channels % groups:
        raise OptionError(f"groups is {groups}, but must divide in_channels, which is {channels}")
    if spanned not in (None, channels):
        raise ShapeError(
            f"kernel has {full['kernel'][1]} channels in each filter, but in_channels {channels} with groups {groups} "
            f"needs {channels // groups}"
        )
    return channels


def _filters(config: ConvConfig, given: Mapping[str, Shape], full: Mapping[str, Shape]) -> int:
    """The number of filters; a 2-D kernel makes one filter for each group."""
    groups = config.groups
    made = None
    if "kernel" in given:
        made = groups if len(given["kernel"]) == 2 else full["kernel"][0]
    several = full["bias"][0] if "bias" in full and full["bias"] != (1,) else None
    filters = made or config.filters or several or groups
    if config.filters not in (None, filters):
        raise ShapeError(f"filters is {config.filters}, but the kernel given makes {filters}")
    if filters % groups:
        raise OptionError(f"groups is {groups}, but must divide filters, which is {filters}")
    if several not in (None, filters):
        raise ShapeError(f"bias has {several} numbers, but there are {filters} filters")
    return filters


def _kernel_size(config: ConvConfig, full: Mapping[str, Shape]) -> tuple[int, int]:
    if "kernel" not in full:
        return config.kernel_size or (3, 3)
    size = (full["kernel"][2], full["kernel"][3])
    if config.kernel_size is not None and config.kernel_size != size:
        raise ShapeError(f"kernel_size is {shape_text(config.kernel_size)}, but the kernel given is {shape_text(size)}")
    return size


def _default_size(config: ConvConfig) -> Shape:
    """5×5, or as much as the dilated kernel and the padding's limit need."""
    padding = config.padding if not isinstance(config.padding, str) else ((0, 0), (0, 0))
    kernel = config.kernel_size or (3, 3)
    return tuple(
        max(5, d * (k - 1) + 1, before + 1, after + 1)
        for k, d, (before, after) in zip(kernel, config.dilation, padding, strict=True)
    )


def axes_of(config: ConvConfig, input_shape: Shape) -> tuple[Axis, Axis]:
    """Height and width of a complete Config over an input of this shape, padding resolved."""
    rows, columns = window.slide(
        config.padding, input_shape[-2:], config.kernel_size or (), config.stride, config.dilation,
        convention=config.convention, mode=config.padding_mode,
    )  # fmt: skip
    return rows, columns


def facts(
    config: ConvConfig, axes: tuple[Axis, Axis], shapes: Mapping[str, Shape], kernel: Array
) -> dict[str, int | float | str]:
    """Sizes, counts, formulas with their numbers put in, and what a reader must know of the choices made."""
    rows, columns = axes
    filters, group_channels = kernel.shape[:2]
    found: dict[str, int | float | str] = {
        "out_height": rows.out,
        "out_width": columns.out,
        "height_formula": rows.formula,
        "width_formula": columns.formula,
        "windows": rows.out * columns.out,
        "products_per_output": kernel[0].size,
        "multiplications": count(shapes["output"]) * kernel[0].size,
        "parameters": kernel.size + (filters if "bias" in shapes else 0),
        "padding": window.padding_text(axis.pads for axis in axes),
        "unread_rows": len(window.unread(rows, config.padding_mode)),
        "unread_columns": len(window.unread(columns, config.padding_mode)),
    }
    if config.padding == "same":
        found["convention"] = same_as(config.convention)
    if group_channels > 1 and bool((kernel[:, :1] == kernel).all()):
        found["shared_kernel"] = f"the same kernel in each of {group_channels} channels, their sums added"
    if config.flip:
        found["turned"] = "kernel turned by 180°"
    return found


def same_as(convention: str) -> str:
    """What padding same means to a library, in words."""
    whose = CONVENTIONS[convention]
    if whose.same_strided == "refused":
        return f"same as {whose.library} pads: d(k − 1) in all, the odd cell at the end"
    name = whose.library.partition(",")[0]
    return f"same as {name} pads: what ⌈size/stride⌉ windows need, the odd cell at the end"
