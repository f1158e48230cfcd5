"""Grids in colour alone: cells as pixels, however many there are."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from layeranim.layout import PixelBox
from layeranim.stories.storyboard import Cells
from layeranim.theme import Theme, rgb

Edges = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]


class Pixels(NamedTuple):
    """For each column and row of pixels from the first cell to the last the cell it lies in, −1 in a gap."""

    columns: NDArray[np.int64]
    rows: NDArray[np.int64]
    gapless: bool


def colours(cells: Cells, theme: Theme) -> NDArray[np.uint8]:
    """The colour of every cell, BGRA; alpha 0 where nothing is drawn (structural zeros)."""
    low, high = int(cells.levels.min()), int(cells.levels.max())
    out: NDArray[np.uint8] = _fills(theme, cells.scale, low, high)[cells.levels.astype(np.intp) - low]
    if cells.dim is not None:
        out[cells.dim] = bgra(theme.raised)
    if cells.ghost is not None:
        out[cells.ghost] = 0
    return out


@lru_cache(maxsize=64)
def _fills(theme: Theme, scale: str, low: int, high: int) -> NDArray[np.uint8]:
    """The colours of the levels from ``low`` to ``high``, BGRA."""
    return np.array([bgra(theme.fill(scale, level)) for level in range(low, high + 1)], np.uint8)


def pixels(edges: Edges) -> Pixels:
    """Where the cells lie."""
    lefts, rights, tops, bottoms = edges
    columns = _cell_of(int(lefts[0]), int(rights[-1]), lefts, rights)
    rows = _cell_of(int(tops[0]), int(bottoms[-1]), tops, bottoms)
    return Pixels(columns, rows, bool((columns >= 0).all() and (rows >= 0).all()))


def paint(target: Any, clip: PixelBox, edges: Edges, within: Pixels, block: NDArray[np.uint8]) -> None:
    """Write the cells that meet ``clip`` straight into the target's pixels."""
    lefts, rights, tops, bottoms = edges
    height, width = target.pixels.shape[:2]
    left, top = int(lefts[0]), int(tops[0])
    x0, x1 = max(clip[0], left, 0), min(clip[2], int(rights[-1]), width)
    y0, y1 = max(clip[1], top, 0), min(clip[3], int(bottoms[-1]), height)
    if x0 >= x1 or y0 >= y1:
        return
    cols, rows = within.columns[x0 - left : x1 - left], within.rows[y0 - top : y1 - top]
    first, end = rows[0] if within.gapless else 0, rows[-1] + 1 if within.gapless else None
    packed = np.ascontiguousarray(block).view(np.uint32)[..., 0]  # 0: nothing is drawn
    lines = packed[first:end, cols]  # of pixels, one for each row of cells
    target.surface.flush()
    region = target.pixels.view(np.uint32)[y0:y1, x0:x1, 0]
    if within.gapless and lines.all():
        region[:] = lines[rows - first]
    else:
        filled = np.where(cols >= 0, lines, 0)[rows - first]
        np.copyto(region, filled, where=(filled != 0) & (rows >= 0)[:, None])
    target.surface.mark_dirty()


def _cell_of(start: int, stop: int, first: NDArray[np.int64], last: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each pixel the cell it lies in, −1 in a gap. Several cells in one pixel: the first of them is shown."""
    at = np.arange(start, stop)
    cell = np.searchsorted(first, at, side="right") - 1
    cell = np.searchsorted(first, first[np.clip(cell, 0, None)], side="left")
    inside = (cell >= 0) & (at < np.maximum(last[cell], first[cell] + 1))
    return np.where(inside, cell, -1)


@lru_cache(maxsize=512)
def bgra(colour: str) -> tuple[int, int, int, int]:
    """``#RRGGBB`` as cairo keeps it in memory."""
    r, g, b = rgb(colour)
    return b, g, r, 255
