"""What films of convolutions say of their options alike, and which cells of a padded input hold no data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layeranim import numbers
from layeranim.engine import window
from layeranim.engine.trace import Trace
from layeranim.engine.window import Axis
from layeranim.stories.activations import activation_word


def axes_of(trace: Trace) -> tuple[Axis, ...]:
    """The axes along which the windows of a convolution go: height and width, or the width alone."""
    config: Any = trace.config
    sizes = trace.tensor("input").shape[2:]
    return window.slide(
        config.padding, sizes, config.kernel_size, config.stride, config.dilation, convention=config.convention,
        mode=getattr(config, "padding_mode", "zeros"), names=("height", "width")[-len(sizes) :],
    )  # fmt: skip


def without_data(trace: Trace) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Cells of the padded input (rows, columns) that are padding, and those of the input that no window reads."""
    rows, columns = axes_of(trace)
    ghost = np.ones((rows.padded, columns.padded), bool)
    ghost[rows.before : rows.before + rows.size, columns.before : columns.before + columns.size] = False
    unread = np.zeros_like(ghost)
    unread[list(rows.unread()), :] = True
    unread[:, list(columns.unread())] = True
    return ghost, unread & ~ghost


def size_said(trace: Trace, axes: int = 2) -> str:
    """How large the input is along its last axes, and with its padding: ``5×6, padded 7×8``."""
    own, padded = (numbers.shape_text(trace.tensor(name).shape[-axes:]) for name in ("input", "padded"))
    return own if own == padded else f"{own}, padded {padded}"


def pair(values: Sequence[int]) -> str:
    """One number, or one an axis where they differ: ``2``, ``2×1``."""
    return str(values[0]) if len({*values}) == 1 else "×".join(map(str, values))


def padding_said(trace: Trace) -> tuple[str, ...]:
    """The padding, where there is any: ``padding 1``, ``padding same 1,0,1,0 reflect``."""
    config: Any = trace.config
    axes = axes_of(trace)
    if not any(axis.before or axis.after for axis in axes):
        return ()
    word = f"{config.padding} " if isinstance(config.padding, str) else ""
    mode = getattr(config, "padding_mode", "zeros")
    return (f"padding {word}{window.padding_text(axis.pads for axis in axes)}{'' if mode == 'zeros' else f' {mode}'}",)


def options_of(trace: Trace, always: bool = False, filters: int = 1) -> tuple[str, ...]:
    """Every option of a window that is not the usual one, the stride ``always``; what comes of a sum."""
    config: Any = trace.config
    groups = getattr(config, "groups", 1)
    return (
        *((f"stride {pair(config.stride)}",) if always or {*config.stride} != {1} else ()),
        *padding_said(trace),
        *((f"dilation {pair(config.dilation)}",) if {*config.dilation} != {1} else ()),
        *((f"groups {groups}",) if groups > 1 else ()),
        *((f"{filters} filters",) if filters > 1 else ()),
        *(("flipped",) if getattr(config, "flip", False) else ()),
        *(("bias",) if "bias" in trace else ()),
        *((activation_word(config.activation),) if config.activation != "linear" else ()),
    )
