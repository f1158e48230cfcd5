"""What films of convolutions share: their options in words, places, padding, and what is done to a sum."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layeranim import numbers
from layeranim.engine import conv, window
from layeranim.engine.trace import Array, Trace
from layeranim.engine.window import Axis
from layeranim.stories import phrases
from layeranim.stories.activations import BOUNDED, activation_name, activation_word
from layeranim.stories.pictures import ink
from layeranim.stories.stage import Grid
from layeranim.stories.stage.arrangements import drawn_of
from layeranim.stories.storyboard import FilmView, Telling

KERNEL, OUT = ("kernel_height", "kernel_width"), ("out_height", "out_width")
FEW = 4
"""Biases that are drawn as numbers."""


def activated(trace: Trace) -> bool:
    """Whether an activation acts on the sums."""
    config: Any = trace.config
    return bool(config.activation != "linear")


def compared(trace: Trace, *sums: str) -> tuple[str, ...]:
    """Sums and what comes out, which share a range and their decimals where no function bounds what comes out."""
    config: Any = trace.config
    return sums if config.activation in BOUNDED else (*sums, "output")


def bent(trace: Trace) -> tuple[str, ...]:
    """The sign of an activation on the way to what it makes; nothing where none acts."""
    config: Any = trace.config
    return (activation_name(config.activation), "→") if activated(trace) else ()


def biases(trace: Trace, share: float = 0.3, lens: bool = False) -> tuple[Grid, ...]:
    """The biases of all maps, where there are any."""
    colours = int(trace.size("out_channels") > FEW)
    bias = Grid("bias", "+ bias", rows="out_channels", sized=False, colours=colours, share=share, lens=lens)
    return (bias,) if "bias" in trace else ()


def picture(telling: Telling) -> str:
    """The colour scale of an input that is an image: grey, or one tinted plane a channel."""
    if telling.kinds.get("input") != "image":
        return ""
    return ink(telling, telling.trace.size("in_channels"))


def pictured(telling: Telling, *tensors: str) -> dict[str, str]:
    """That colour scale for tensors whose cells are those of the input; none of an input that is no image."""
    scale = picture(telling)
    return dict.fromkeys(tensors, scale) if scale else {}


def sizes(values: Array) -> NDArray[np.float64]:
    """How large numbers are; what is not finite is least."""
    return np.asarray(np.round(np.abs(np.nan_to_num(values.astype(float), posinf=0, neginf=0)), 9), np.float64)


def strongest(view: FilmView, tensor: str) -> NDArray[np.float64]:
    """The size of the largest number in each map of a tensor, of the sample that is told."""
    return np.asarray(sizes(view.trace[tensor][view.sample]).max(axis=(1, 2)))


class MapsView(FilmView):
    """What a film looks at that draws the maps of its output."""

    @cached_property
    def maps(self) -> tuple[int, ...]:
        """The maps that are drawn: of many those with the largest numbers."""
        return drawn_of(self.film, "maps", self.trace.size("out_channels"), lambda: strongest(self, "output"))


def places(trace: Trace) -> tuple[str, ...]:
    """What the places of the output are called: ``row 1, column 1``."""
    rows, cols = (range(1, trace.size(axis) + 1) for axis in OUT)
    return tuple(f"row {r}, column {c}" for r in rows for c in cols)


def steps_at(trace: Trace, here: Mapping[str, int]) -> range:
    """The steps that make one cell of the output."""
    return conv.steps_of(trace, *(here.get(axis, 0) for axis in ("batch", "out_channels", *OUT)))


def through(trace: Trace, lead: int = 1) -> str:
    """The sizes of what goes in and comes out, behind so many axes: ``3×8×8 → 4×6×6``."""
    given, made = (numbers.shape_text(trace.tensor(name).shape[lead:]) for name in ("input", "output"))
    return f"{given} → {made}"


def size_said(trace: Trace, axes: int = 2) -> str:
    """How large the input is along its last axes, and with its padding: ``5×6, padded 7×8``."""
    own, padded = (numbers.shape_text(trace.tensor(name).shape[-axes:]) for name in ("input", "padded"))
    return own if own == padded else f"{own}, padded {padded}"


def axes_of(trace: Trace) -> tuple[Axis, ...]:
    """The axes along which the windows of a convolution go: height and width, or the width alone."""
    config: Any = trace.config
    sizes = trace.tensor("input").shape[2:]
    return window.slide(
        config.padding, sizes, config.kernel_size, config.stride, config.dilation, convention=config.convention,
        mode=getattr(config, "padding_mode", "zeros"), names=("height", "width")[-len(sizes) :],
    )  # fmt: skip


def without_data(trace: Trace) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Cells of the padded input (its last two axes) that are padding, and those of the input that no window reads."""
    ghost, unread = np.zeros((2, *trace.tensor("padded").shape[-2:]), bool)
    for behind, axis in enumerate(reversed(axes_of(trace))):
        at = np.arange(axis.padded)[(..., *(None,) * behind)]
        ghost |= (at < axis.before) | (at >= axis.before + axis.size)
        unread |= np.isin(at, list(axis.unread()))
    return ghost, unread & ~ghost


def padding_said(trace: Trace) -> tuple[str, ...]:
    """The padding, where there is any: ``padding 1``, ``padding same 1,0,1,0 reflect``."""
    config: Any = trace.config
    axes = axes_of(trace)
    if not any(axis.before or axis.after for axis in axes):
        return ()
    word = f"{config.padding} " if isinstance(config.padding, str) else ""
    mode = getattr(config, "padding_mode", "zeros")
    return (f"padding {word}{window.padding_text(axis.pads for axis in axes)}{'' if mode == 'zeros' else f' {mode}'}",)


def options_of(
    trace: Trace, always: bool = False, filters: int = 1, padding: tuple[str, ...] | None = None
) -> tuple[str, ...]:
    """Every option of a window that is not the usual one, the stride ``always``; what comes of a sum."""
    config: Any = trace.config
    groups = getattr(config, "groups", 1)
    return (
        *((f"stride {phrases.pair(config.stride)}",) if always or {*config.stride} != {1} else ()),
        *(padding_said(trace) if padding is None else padding),
        *((f"dilation {phrases.pair(config.dilation)}",) if {*config.dilation} != {1} else ()),
        *((f"groups {groups}",) if groups > 1 else ()),
        *((f"{filters} filters",) if filters > 1 else ()),
        *(("flipped",) if getattr(config, "flip", False) else ()),
        *(("bias",) if "bias" in trace else ()),
        *((activation_word(config.activation),) if activated(trace) else ()),
    )
