"""A tensor as one mobject: cells drawn from cached tiles, with a list of its own of what changed."""

from __future__ import annotations

import itertools
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import cairo
import numpy as np
from numpy.typing import NDArray

from layeranim import theme as t
from layeranim import typeface
from layeranim.borrowed import VMobject
from layeranim.layout import PixelBox, View
from layeranim.scenes.parts import heat
from layeranim.scenes.parts.shape import PX
from layeranim.stories.storyboard import Cells, GridPlan, Source
from layeranim.theme import Theme, rgb
from layeranim.typeface import Weight

BLENDS = 16
"""Steps of a cell's cross-fade; each is a tile of its own."""


class CellLook(NamedTuple):
    """What one cell shows. ``kind``: a filled ``cell``, an empty ``slot``, a dashed ``ghost``, or ``nothing``."""

    kind: str
    fill: str = ""
    text: str | None = None
    ink: str = ""
    weight: Weight = "medium"


Block = tuple[int, int, int, int]
"""Cells: first row, last row, first column, last column."""


class Cut(NamedTuple):
    """The columns or rows of a grid in whole pixels: where what each can paint begins and ends, and how wide it is."""

    starts: list[int]
    ends: list[int]
    sizes: list[int]

    def met(self, low: int, high: int) -> range:
        """Those that paint between these pixels."""
        return range(bisect_right(self.ends, low), bisect_left(self.starts, high))


class GridPlace(NamedTuple):
    """Where a grid lies in a frame; what its cells can paint, hairlines included."""

    at: tuple[float, float]
    edges: heat.Edges
    columns: Cut
    rows: Cut

    @property
    def box(self) -> PixelBox:
        return self.columns.starts[0], self.rows.starts[0], self.columns.ends[-1], self.rows.ends[-1]


class Tiling(NamedTuple):
    """What all cells of a grid have in common in a view: its scale, ``pad`` pixels around each, numerals, colours."""

    scale: float
    pad: int
    numeral: int
    grid: str
    ghost: str
    bg: str


NOTHING, SLOT = CellLook("nothing"), CellLook("slot")


class TileGrid(VMobject):
    """The cells of one ``GridPlan``. Its points are the outline, so that it can be placed and boxed like any mobject.

    Cells snap to whole pixels of the frame. ``put`` and ``clear`` change cells at once; the ``Reveal`` animation fades.
    A heat grid keeps colours alone, so that 10⁵ cells change in one NumPy assignment.
    """

    def __init__(self, plan: GridPlan, theme: Theme) -> None:
        super().__init__(stroke_width=0, fill_opacity=0)
        self.plan, self.theme = plan, theme
        box = plan.box
        corners = [(box.x, box.bottom), (box.x, box.y), (box.right, box.bottom), (box.right, box.y)]
        self.points = np.array([(x * PX, y * PX, 0) for x, y in corners])
        self.colours = np.zeros((plan.rows, plan.cols, 4) if plan.heat else (0, 0, 4), np.uint8)
        self.looks: list[list[CellLook]] = [] if plan.heat else [[SLOT] * plan.cols for _ in range(plan.rows)]
        self.blends: dict[tuple[int, int], tuple[CellLook, int]] = {}
        self.sources: dict[tuple[int, int], Source] = {}
        self.coloured: Callable[[int, int], Source] | None = None
        self._placed: dict[View, GridPlace] = {}
        self._pixels: dict[View, tuple[heat.Edges, heat.Pixels]] = {}
        self._dirty: set[tuple[int, int]] = set()
        self._dirty_blocks: list[Block] = []
        if plan.cells is not None and not plan.empty:
            self.put(plan.cells)
        self._dirty.clear()
        self._dirty_blocks.clear()

    def __deepcopy__(self, memo: dict[int, Any]) -> TileGrid:
        memo[id(self)] = self
        return self

    # ── content ──────────────────────────────────────────────────────────────
    def look(self, cells: Cells, row: int, col: int) -> CellLook:
        """How a cell with that content looks in this grid and theme."""
        text = None if cells.texts is None or self.plan.numeral == 0 else cells.texts[row, col]
        if cells.ghost is not None and cells.ghost[row, col]:
            return NOTHING if self.plan.heat else CellLook("ghost", self.theme.bg, text, self.theme.muted, "regular")
        if cells.dim is not None and cells.dim[row, col]:
            fill = self.theme.raised if self.plan.numeral == 0 else self.theme.bg
            return CellLook("cell", fill, text, self.theme.muted, "regular")
        fill = self.theme.fill(cells.scale, int(cells.levels[row, col]))
        return CellLook("cell", fill, text, self.theme.on(fill))

    def put(self, cells: Cells, where: Iterable[tuple[int, int]] | None = None) -> None:
        """Fill cells (all of them by default) at once."""
        self.coloured = cells.sources
        if self.plan.heat:
            every = isinstance(where, Sequence) and len(where) == self.plan.rows * self.plan.cols
            self._colour(heat.colours(cells, self.theme), None if every else where)
            return
        for row, col in where if where is not None else self.everywhere():
            self._set(row, col, self.look(cells, row, col))
            if cells.sources is not None and cells.texts is not None:
                self.sources[row, col] = cells.sources(row, col)

    def put_run(self, cells: Cells, first: int, last: int) -> None:
        """Fill the cells from the ``first`` to the ``last`` in reading order."""
        cols = self.plan.cols
        self.coloured = cells.sources
        if not self.plan.heat:
            self.put(cells, [divmod(at, cols) for at in range(first, last + 1)])
            return
        flat = slice(first, last + 1)
        self.colours.reshape(-1, 4)[flat] = heat.colours(cells, self.theme).reshape(-1, 4)[flat]
        self._dirty_blocks.append((first // cols, last // cols, 0, cols - 1))

    def dissolving(self, cells: Cells, before: bool) -> Callable[[int], None]:
        """What brings all cells of a grid in colour alone a ``step`` of ``BLENDS`` on their way to that content, from
        what they show now or from nothing.
        """
        full, under = heat.colours(cells, self.theme), np.array(heat.bgra(self.theme.bg), np.float32)
        start = np.where(self.colours[..., 3:] > 0, self.colours, under) if before else under
        way, seen, at = full - start, full[..., 3:] > 0, -1

        def to(step: int) -> None:
            nonlocal at
            if step == at:
                return
            at = step
            if step >= BLENDS:
                self.put(cells)
            else:
                mixed = np.rint(start + way * np.float32(step / BLENDS)).astype(np.uint8)
                self._colour(np.where(seen, mixed, np.uint8(0)), None)

        return to

    def clear(self) -> None:
        """Empty all cells at once."""
        self.sources, self.coloured = {}, None
        if self.plan.heat:
            self._colour(np.zeros_like(self.colours), None)
            return
        for row, col in self.everywhere():
            self._set(row, col, SLOT)

    def _colour(self, colours: NDArray[np.uint8], where: Iterable[tuple[int, int]] | None) -> None:
        if where is None:
            blended = bool(self.blends)
            self.blends.clear()
            if blended or not np.array_equal(self.colours, colours):
                self.colours = colours.copy()
                self._dirty_blocks.append((0, self.plan.rows - 1, 0, self.plan.cols - 1))
            return
        for row, col in where:
            self.blends.pop((row, col), None)
            self.colours[row, col] = colours[row, col]
            self._dirty.add((row, col))

    def everywhere(self) -> Iterable[tuple[int, int]]:
        """Every cell in reading order."""
        return ((r, c) for r in range(self.plan.rows) for c in range(self.plan.cols))

    def blend(self, row: int, col: int, towards: CellLook, step: int) -> None:
        """A cell on its way from what it shows to another look, ``step`` of ``BLENDS``."""
        if step >= BLENDS:
            self._settle(row, col, towards)
        elif step > 0 and self.blends.get((row, col)) != (towards, step):
            self.blends[row, col] = (towards, step)
            self._dirty.add((row, col))

    def _settle(self, row: int, col: int, look: CellLook) -> None:
        if not self.plan.heat:
            self._set(row, col, look)
            return
        self.blends.pop((row, col), None)
        self.colours[row, col] = heat.bgra(look.fill) if look.kind == "cell" else 0
        self._dirty.add((row, col))

    def _set(self, row: int, col: int, look: CellLook) -> None:
        if self.blends.pop((row, col), None) is not None or self.looks[row][col] != look:
            self.looks[row][col] = look
            self._dirty.add((row, col))

    def source(self, row: int, col: int) -> Source | None:
        """Where what a cell shows came from, in a number or in colour alone."""
        return self.sources.get((row, col)) or (self.coloured(row, col) if self.coloured else None)

    def drawn(self) -> list[tuple[str, Source | None]]:
        """Every text on the grid with the address it came from."""
        return [
            (look.text, self.sources.get((r, c)))
            for r, row in enumerate(self.looks)
            for c, look in enumerate(row)
            if look.text and look.kind != "slot"
        ]

    # ── painting ─────────────────────────────────────────────────────────────
    def _place(self, view: View) -> GridPlace:
        """Where the grid lies now in that view."""
        at = self.points.item(3), self.points.item(4)  # the second corner, the top left one
        placed = self._placed.get(view)
        if placed is None or placed.at != at:
            (x, y), (pw, ph), gap = (at[0] / PX, at[1] / PX), self.plan.pitch, self.plan.gap
            left = view.x(x) + np.arange(self.plan.cols) * (pw * view.scale)
            top = view.y(y) + np.arange(self.plan.rows) * (ph * view.scale)
            lefts, tops = _whole(left), _whole(top)
            rights = np.maximum(_whole(left + (pw - gap) * view.scale), lefts)
            bottoms = np.maximum(_whole(top + (ph - gap) * view.scale), tops)
            pad = self._pad(view)
            columns, rows = (
                Cut((low - pad).tolist(), (high + pad + 1).tolist(), (high - low).tolist())
                for low, high in ((lefts, rights), (tops, bottoms))
            )
            placed = self._placed[view] = GridPlace(at, (lefts, rights, tops, bottoms), columns, rows)
        return placed

    def pixel_box(self, view: View) -> PixelBox:
        """Everything the grid can paint, hairlines included."""
        return self._place(view).box

    def _pad(self, view: View) -> int:
        return 0 if self.plan.heat else int(np.ceil(t.HAIR * view.scale / 2)) + 1

    def take_changes(self) -> list[Block]:
        """The cells that changed since this was last asked."""
        if not self._dirty and not self._dirty_blocks:
            return []
        blocks = _blocks(self._dirty) if len(self._dirty) > 24 else [(r, r, c, c) for r, c in sorted(self._dirty)]
        blocks += self._dirty_blocks
        self._dirty.clear()
        self._dirty_blocks.clear()
        return blocks

    def boxes(self, view: View, changes: Sequence[Block]) -> list[PixelBox]:
        """The frame rectangles of these cells."""
        _, _, columns, rows = self._place(view)
        return [(columns.starts[c0], rows.starts[r0], columns.ends[c1], rows.ends[r1]) for r0, r1, c0, c1 in changes]

    def paint(self, view: View, target: Any, clip: PixelBox) -> None:
        """Paint the cells that meet ``clip``; the context is clipped to it already."""
        _, edges, columns, rows = self._place(view)
        across, down = columns.met(clip[0], clip[2]), rows.met(clip[1], clip[3])
        if not down or not across:
            return
        if self.plan.heat:
            known = self._pixels.get(view)
            if known is None or known[0] is not edges:
                known = self._pixels[view] = edges, heat.pixels(edges)
            heat.paint(target, clip, *known, self.colours_now())
            return
        how = Tiling(view.scale, self._pad(view), self.plan.numeral, self.theme.grid, self.theme.ghost, self.theme.bg)
        for r in down:
            for c in across:
                size, at = (columns.sizes[c], rows.sizes[r]), (columns.starts[c], rows.starts[r])
                _put(target.context, self.looks[r][c], size, at, how)
                mixed = self.blends.get((r, c))
                if mixed:
                    _put(target.context, mixed[0], size, at, how, mixed[1] / BLENDS)

    def colours_now(self) -> NDArray[np.uint8]:
        """The colours with the cells that are on their way."""
        if not self.blends:
            return self.colours
        out = self.colours.copy()
        under = heat.bgra(self.theme.bg)
        for (row, col), (look, step) in self.blends.items():
            start = out[row, col] if out[row, col, 3] else np.array(under, np.uint8)
            goal = np.array(heat.bgra(look.fill) if look.kind == "cell" else under)
            out[row, col] = np.rint(start + (goal - start.astype(float)) * step / BLENDS)
        return out


def _whole(values: NDArray[np.floating[Any]]) -> NDArray[np.int64]:
    whole: NDArray[np.int64] = np.floor(values + 0.5).astype(np.int64)
    return whole


def _blocks(cells: Iterable[tuple[int, int]]) -> list[Block]:
    """Many cells as runs along their rows."""
    out: list[list[int]] = []
    for r, c in sorted(cells):
        if out and out[-1][1] == r and out[-1][3] == c - 1:
            out[-1][3] = c
        else:
            out.append([r, r, c, c])
    joined: list[list[int]] = []
    for run in out:
        if joined and joined[-1][1] == run[0] - 1 and joined[-1][2:] == run[2:]:
            joined[-1][1] = run[1]
        else:
            joined.append(run)
    return [(a, b, c, d) for a, b, c, d in joined]


def _put(
    ctx: cairo.Context[Any], look: CellLook, size: tuple[int, int], at: tuple[int, int], how: Tiling, alpha: float = 1.0
) -> None:
    if look.kind != "nothing":
        ctx.set_source_surface(_tile(look, size, how), *at)
        ctx.paint() if alpha >= 1 else ctx.paint_with_alpha(alpha)


@lru_cache(maxsize=4096)
def _tile(look: CellLook, size: tuple[int, int], how: Tiling) -> cairo.ImageSurface:
    """One cell's pixels: fill, hairline or dashes, numeral."""
    (width, height), room = size, 2 * how.pad + 1
    surface = cairo.ImageSurface(cairo.FORMAT_ARGB32, width + room, height + room)
    ctx = cairo.Context(surface)
    ctx.translate(how.pad, how.pad)
    ctx.set_line_width(t.HAIR * how.scale)
    if look.kind == "ghost":
        _dashed(ctx, width, height, how.scale)
        ctx.set_source_rgb(*(v / 255 for v in rgb(how.ghost)))
        ctx.stroke()
    else:
        _rounded(ctx, width, height, t.CELL_RADIUS * how.scale)
        ctx.set_source_rgb(*(v / 255 for v in rgb(look.fill or how.bg)))
        ctx.fill_preserve()
        ctx.set_source_rgb(*(v / 255 for v in rgb(how.grid)))
        ctx.stroke()
    if look.text:
        _write(ctx, look, width, height, how.numeral * how.scale)
    surface.flush()
    return surface


def _rounded(ctx: cairo.Context[Any], width: float, height: float, radius: float) -> None:
    r = min(radius, width / 2, height / 2)
    quarter = np.pi / 2
    ctx.new_sub_path()
    ctx.arc(width - r, r, r, -quarter, 0)
    ctx.arc(width - r, height - r, r, 0, quarter)
    ctx.arc(r, height - r, r, quarter, 2 * quarter)
    ctx.arc(r, r, r, 2 * quarter, 3 * quarter)
    ctx.close_path()


def _dashed(ctx: cairo.Context[Any], width: float, height: float, scale: float) -> None:
    """The dashes of shapes.dashes, on whole-pixel corners."""
    corners: Sequence[tuple[float, float]] = [(0, 0), (width, 0), (width, height), (0, height), (0, 0)]
    for (ax, ay), (bx, by) in itertools.pairwise(corners):
        n = max(3, round((abs(bx - ax) + abs(by - ay)) / scale / 11))
        step = 1 / (n - 0.5)
        for i in range(n):
            a, b = i * step, (i + 0.5) * step
            ctx.move_to(ax + (bx - ax) * a, ay + (by - ay) * a)
            ctx.line_to(ax + (bx - ax) * b, ay + (by - ay) * b)


def _write(ctx: cairo.Context[Any], look: CellLook, width: float, height: float, size: float) -> None:
    glyphs = typeface.shape(look.text or "", look.weight)
    x = width / 2 - glyphs.advance * size / 2
    y = height / 2 + typeface.cap_height(look.weight) * size / 2
    starts = {*glyphs.starts.tolist()}
    for i, ((ax, ay), (bx, by), (cx, cy), (dx, dy)) in enumerate(glyphs.contours.tolist()):
        if i in starts:
            ctx.new_sub_path()
            ctx.move_to(x + ax * size, y - ay * size)
        ctx.curve_to(x + bx * size, y - by * size, x + cx * size, y - cy * size, x + dx * size, y - dy * size)
    ctx.set_source_rgb(*(v / 255 for v in rgb(look.ink)))
    ctx.fill()
