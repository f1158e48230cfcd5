"""Slices of a trace's tensors as cells: colour steps, texts, addresses."""

from __future__ import annotations

from typing import Any

import numpy as np

from layeranim import numbers
from layeranim.engine.trace import Region, Trace
from layeranim.numbers import Style
from layeranim.stories.storyboard import Address, Cells


def plane(
    trace: Trace, tensor: str, at: tuple[int, ...], style: Style | None, vmax: float, scale: str = "value"
) -> Cells:
    """The last two axes of a tensor where the others have the indices ``at``; without ``style`` in colour alone."""
    axes = trace.axes(tensor)
    values = trace.read(Region(tensor, tuple(zip(axes, at, strict=False))))
    texts = None if style is None else numbers.texts(values, style)
    levels = numbers.heat_levels(values) if scale == "heat" else numbers.levels(values, vmax)
    return Cells(levels, texts, scale=scale, sources=lambda r, c: Address(tensor, (*at, r, c)))


def single(trace: Trace, tensor: str, at: tuple[int, ...], style: Style, vmax: float) -> Cells:
    """One number of a tensor as a grid of one cell."""
    value = np.asarray(trace.read(Region(tensor, tuple(zip(trace.axes(tensor), at, strict=True))))).reshape(1, 1)
    texts: Any = numbers.texts(value, style)
    return Cells(numbers.levels(value, vmax), texts, sources=lambda r, c: Address(tensor, at))
