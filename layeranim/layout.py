"""Arithmetic of the stage in design pixels: what fits, how large, and where a design pixel lands on a frame."""

from __future__ import annotations

from collections.abc import Iterable
from math import floor

from layeranim import theme, typeface
from layeranim.records import dataclass

PixelBox = tuple[int, int, int, int]
SIDE, SIDE_LEAST = 7, 3  # px kept free left and right of a numeral in its cell
LINE_SHARE = 0.58  # above the floor a numeral's size is at most this share of its cell's height
LEAST_PITCH = 34  # a cell of this height just holds a numeral of the floor size


@dataclass(frozen=True)
class View:
    """How design pixels land on a frame: ``scale`` pixels each, the origin in the middle, whole pixels at edges."""

    width: int
    height: int
    scale: float

    def x(self, design: float) -> float:
        return self.width / 2 + design * self.scale

    def y(self, design: float) -> float:
        return self.height / 2 - design * self.scale

    @property
    def whole(self) -> PixelBox:
        return 0, 0, self.width, self.height


@dataclass(frozen=True)
class Fit:
    """How a grid's cells are drawn: their pitch and numeral size (0: colour alone)."""

    pitch: tuple[float, float]
    numeral: int

    def width(self, cols: int) -> float:
        return cols * self.pitch[0] - _gap(self.pitch)

    def height(self, rows: int) -> float:
        return rows * self.pitch[1] - _gap(self.pitch)


def _gap(pitch: tuple[float, float]) -> float:
    return theme.CELL_GAP if min(pitch) >= theme.HEAT_PITCH else (theme.HEAT_GAP if min(pitch) >= 8 else 0.0)


def widest(texts: Iterable[str]) -> float:
    """Width of the widest text at size 1."""
    return max((typeface.width(t, 1) for t in set(texts)), default=0.0)


def numeral_size(pitch: tuple[float, float], wide: float) -> int:
    """The largest numeral for a text of width ``wide`` at size 1 in such a cell; 0 if it would be under the floor."""
    inner, height = pitch[0] - theme.CELL_GAP, pitch[1] - theme.CELL_GAP
    if pitch[1] < LEAST_PITCH:
        return 0
    size = min(theme.NUMERAL, max(theme.FLOOR, floor(height * LINE_SHARE)))
    if wide > 0:
        fitting = floor((inner - 2 * SIDE) / wide)
        size = min(size, fitting if fitting >= theme.FLOOR else floor((inner - 2 * SIDE_LEAST) / wide))
        size = max(size, theme.FLOOR) if floor((inner - 2 * SIDE_LEAST) / wide) >= theme.FLOOR else size
    return size if size >= theme.FLOOR else 0


def heat(rows: int, cols: int, width: float, height: float, most: float = 40) -> Fit:
    """Cells without numerals for a grid in a space; square, down to less than a pixel each."""
    side = min(most, width / cols, height / rows)
    if side >= 8:
        side = _even(side)
    elif side >= 4:
        side = floor(side)
    elif side >= 1:  # a picture's pixels: whole steps would cost up to half of its size
        side = floor(4 * side) / 4
    return Fit((side, side), 0)


def _even(value: float) -> int:
    """Rounded down to an even number: edges stay on whole pixels when the frame is half as large."""
    return int(value // 2) * 2


def even(value: float) -> float:
    """The nearest even number: where grids stand."""
    return 2 * round(value / 2)
