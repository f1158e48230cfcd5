"""What films of convolutions say of their options alike, and which cells of a padded input hold no data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from layeranim.engine import window
from layeranim.engine.trace import Trace
from layeranim.engine.window import Axis
from layeranim.stories.activations import activation_word
from layeranim.stories.stage.language import Mask


def axes_of(trace: Trace) -> tuple[Axis, Axis]:
    """Height and width of a convolution over pictures, as its windows go along them."""
    config: Any = trace.config
    rows, columns = window.slide(
        config.padding, trace.tensor("input").shape[-2:], config.kernel_size, config.stride, config.dilation,
        convention=config.convention, mode=getattr(config, "padding_mode", "zeros"),
    )  # fmt: skip
    return rows, columns


def mask_of(trace: Trace) -> Mask:
    """Cells of the padded input that are padding, and those of the input that no window reads."""
    rows, columns = axes_of(trace)
    ghost = np.ones((rows.padded, columns.padded), bool)
    ghost[rows.before : rows.before + rows.size, columns.before : columns.before + columns.size] = False
    unread = np.zeros_like(ghost)
    unread[list(rows.unread()), :] = True
    unread[:, list(columns.unread())] = True
    return Mask(ghost, unread & ~ghost)


def pair(values: Sequence[int]) -> str:
    """One number, or one an axis where they differ: ``2``, ``2×1``."""
    return str(values[0]) if len({*values}) == 1 else "×".join(map(str, values))


def padding_said(trace: Trace) -> tuple[str, ...]:
    """The padding, where there is any: ``padding 1``, ``padding same 1,0,1,0 reflect``."""
    config: Any = trace.config
    amounts = [n for axis in axes_of(trace) for n in (axis.before, axis.after)]
    if not any(amounts):
        return ()
    word = f"{config.padding} " if isinstance(config.padding, str) else ""
    amount = str(amounts[0]) if len({*amounts}) == 1 else ",".join(map(str, amounts))
    mode = getattr(config, "padding_mode", "zeros")
    return (f"padding {word}{amount}{'' if mode == 'zeros' else f' {mode}'}",)


def options_of(trace: Trace) -> tuple[str, ...]:
    """Every option of a window that is not the usual one; what comes of a sum."""
    config: Any = trace.config
    return (
        *((f"stride {pair(config.stride)}",) if {*config.stride} != {1} else ()),
        *padding_said(trace),
        *((f"dilation {pair(config.dilation)}",) if {*config.dilation} != {1} else ()),
        *(("flipped",) if getattr(config, "flip", False) else ()),
        *(("bias",) if "bias" in trace else ()),
        *((activation_word(config.activation),) if config.activation != "linear" else ()),
    )
