"""Axes of layers that take arrays of any number of axes: names by their place, and arrays that are spread out.

Two arrays that meet cell by cell are spread as NumPy and PyTorch do: aligned at their last axes, where one has size 1
its cell stands for all. Such an axis has a size of its own, and so a name of its own: ``other_axis_2``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from layeranim.engine.array import axes_text, shape_text
from layeranim.engine.kinds import Integer, Kind, given
from layeranim.engine.trace import Array, Region, Shape
from layeranim.errors import OptionError, ShapeError
from layeranim.records import dataclass

MOST = 6
"""Axes that an array may have."""


def names(ndim: int) -> tuple[str, ...]:
    """``axis_1``, ``axis_2``, …"""
    return tuple(f"axis_{k}" for k in range(1, ndim + 1))


def aligned(name: str, shape: Shape | None, ndim: int = 1) -> Shape | None:
    """``shape`` with axes of size 1 in front until it has ``ndim``. Raises ``ShapeError`` for more than ``MOST``."""
    if shape is None:
        return None
    if len(shape) > MOST:
        raise ShapeError(f"{name} has shape {shape_text(shape)}, {axes_text(len(shape))}, but must have at most {MOST}")
    return (1,) * (ndim - len(shape)) + tuple(shape)


def spread(shapes: Mapping[str, Shape]) -> Shape:
    """The shape that arrays of these shapes, equally many axes each, have together.

    Raises ``ShapeError`` where two sizes differ and neither is 1.
    """
    out: list[int] = []
    for axis, sizes in enumerate(zip(*shapes.values(), strict=True)):
        wide = [n for n in sizes if n != 1]
        if len(set(wide)) > 1:
            told = " and ".join(f"{name} has shape {shape_text(shape)}" for name, shape in shapes.items())
            differ = " and ".join(str(n) for n in dict.fromkeys(wide))
            raise ShapeError(f"{told}: axis {axis + 1} is {differ}, but sizes must agree, or one of them be 1")
        out.append(wide[0] if wide else 1)
    return tuple(out)


def own_names(name: str, shape: Shape, out: Shape) -> tuple[str, ...]:
    """The names of an array's axes beside a result of shape ``out``: those of the result, and its own where it has
    another size."""
    return tuple(axis if n == whole else f"{name}_{axis}"
                 for axis, n, whole in zip(names(len(shape)), shape, out, strict=True))  # fmt: skip


def meeting(name: str, axes: Sequence[str], here: Mapping[str, int]) -> Region:
    """The cell of an array that takes part ``here``: on an axis of its own its only one."""
    return Region(name, tuple((axis, here.get(axis, 0)) for axis in axes))


def gathered(array: Array, shape: Shape) -> Array:
    """``array`` summed over the axes along which an array of ``shape`` was spread."""
    over = tuple(axis for axis, (n, whole) in enumerate(zip(shape, array.shape, strict=True)) if n != whole)
    return array.sum(axis=over, keepdims=True) if over else array


@dataclass(frozen=True)
class Several(Kind):
    """Whole numbers by commas, as a tuple: ``0,2,3``."""

    low: int
    high: int
    most: int
    metavar: str = "N,N,…"

    def check(self, name: str, value: Any) -> tuple[int, ...] | None:
        if value is None:
            return None
        parts = [part for part in value.split(",") if part.strip()] if isinstance(value, str) else value
        parts = list(parts) if isinstance(parts, (list, tuple)) else [parts]
        if not 1 <= len(parts) <= self.most:
            raise OptionError(f"{name} is {given(value)}, but must be 1 to {self.most} whole numbers")
        return tuple(int(Integer(self.low, self.high).check(name, part) or 0) for part in parts)

    def show(self, value: Any) -> str:
        return "" if value is None else ",".join(str(n) for n in value)

    @property
    def rule(self) -> str:
        return f"1…{self.most} numbers, {self.low}…{self.high}"
