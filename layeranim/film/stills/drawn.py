"""What stands on a scene as marks: the shapes, the text and the cells that the camera would have painted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layeranim import theme as t
from layeranim import typeface
from layeranim.borrowed import Mobject, VMobject
from layeranim.errors import RenderError
from layeranim.film.stills.marks import CellsMark, Colour, Mark, PathMark, TextMark, opaque, rectangles, straight
from layeranim.scenes.parts.label import Label
from layeranim.scenes.parts.shape import PX, STROKE
from layeranim.scenes.parts.shapes import dashes, outline
from layeranim.scenes.parts.tilegrid import BLENDS, CellLook, TileGrid
from layeranim.stories.storyboard import Box
from layeranim.theme import Theme

SEEN = 1 / 512
"""Opacity from which something is there."""


def marks(mobjects: Iterable[Mobject], theme: Theme) -> list[Mark]:
    """The marks of these mobjects, in design pixels, those behind first."""
    members = [part for top in mobjects for part in top.get_family() if len(part.points) or isinstance(part, TileGrid)]
    members.sort(key=lambda part: part.z_index)
    return [mark for part in members for mark in _marks(part, theme)]


def _marks(part: Any, theme: Theme) -> Iterator[Mark]:
    if isinstance(part, TileGrid):
        yield from (_heat(part) if part.plan.heat else _cells(part, theme))
    elif not isinstance(part, VMobject):
        raise RenderError(f"a still holds vector mobjects and grids, but the scene holds a {type(part).__name__}")
    elif (text := _text(part)) is not None:
        yield from [text] if text.colour[3] > SEEN else []
    else:
        yield from _shape(part)


def _shape(part: VMobject) -> Iterator[PathMark]:
    """As Manim paints: the line behind, the area, the line."""
    curves = part.points[: len(part.points) // 4 * 4, :2].reshape(-1, 4, 2) / PX
    behind, fill, stroke = map(_colour, (part.background_stroke_rgbas, part.fill_rgbas, part.stroke_rgbas))
    if part.background_stroke_width and behind:
        yield PathMark(curves, None, behind, part.background_stroke_width / STROKE)
    if fill:
        yield PathMark(curves, fill)
    if part.stroke_width and stroke:
        yield PathMark(curves, None, stroke, float(part.stroke_width) / STROKE)


def _colour(rgbas: NDArray[np.floating[Any]]) -> Colour | None:
    """The colour, if it is seen."""
    red, green, blue, alpha = map(float, rgbas[0])
    return (red, green, blue, alpha) if alpha > SEEN else None


def _text(part: VMobject) -> TextMark | None:
    """A label as text, where it is no more than moved and of another size."""
    if not isinstance(part, Label) or not len(part.points) or _colour(part.stroke_rgbas):
        return None
    glyphs = typeface.shape(part.text, part.weight, part.markup).contours.reshape(-1, 2)
    now = part.points[:, :2] / PX
    if len(glyphs) != len(now):
        return None
    wide = float(np.ptp(glyphs, axis=0).max())
    size = float(np.ptp(now, axis=0).max()) / wide
    at = now[0] - glyphs[0] * size
    if np.abs(glyphs * size + at - now).max() > 0.02:
        return None
    red, green, blue, alpha = map(float, part.fill_rgbas[0])
    return TextMark(part.text, size, (red, green, blue, alpha), (float(at[0]), float(at[1])), part.weight, part.markup)


# ── grids ────────────────────────────────────────────────────────────────────
def _at(grid: TileGrid, row: int, col: int) -> Box:
    """The outline of a cell where the grid stands now."""
    (x, y), (wide, high), gap = grid.points[1, :2] / PX, grid.plan.pitch, grid.plan.gap
    return Box(float(x) + col * wide, float(y) - row * high, wide - gap, high - gap)


def _cells(grid: TileGrid, theme: Theme) -> Iterator[Mark]:
    for row, looks in enumerate(grid.looks):
        for col, look in enumerate(looks):
            box = _at(grid, row, col)
            yield from _cell(look, box, grid.plan.numeral, theme, 1.0)
            if (row, col) in grid.blends:
                coming, step = grid.blends[row, col]
                yield from _cell(coming, box, grid.plan.numeral, theme, step / BLENDS)


def _cell(look: CellLook, box: Box, numeral: int, theme: Theme, alpha: float) -> Iterator[Mark]:
    """A cell as its tile has it: area and hairline, or dashes; its numeral in the middle."""
    if look.kind == "nothing" or alpha <= SEEN:
        return
    if look.kind == "ghost":
        yield PathMark(straight(np.array(dashes(box))), None, _faded(theme.ghost, alpha), t.HAIR)
    else:
        curves = outline(box, t.CELL_RADIUS).reshape(-1, 4, 2)
        yield PathMark(curves, _faded(look.fill or theme.bg, alpha))
        yield PathMark(curves, None, _faded(theme.grid, alpha), t.HAIR)
    if look.text:
        wide, high = typeface.width(look.text, numeral, look.weight), typeface.cap_height(look.weight) * numeral
        (x, y) = box.centre
        yield TextMark(look.text, numeral, _faded(look.ink, alpha), (x - wide / 2, y - high / 2), look.weight)


def _faded(colour: str, alpha: float) -> Colour:
    return (*opaque(colour)[:3], alpha)


def _heat(grid: TileGrid) -> Iterator[Mark]:
    """Cells of colour alone: one picture where they join, rectangles where something is between them."""
    cells = grid.colours_now()[..., [2, 1, 0, 3]]
    if not grid.plan.gap:
        whole = _at(grid, 0, 0)
        yield CellsMark(cells, Box(whole.x, whole.y, grid.plan.box.w, grid.plan.box.h))
        return
    drawn = np.flatnonzero(cells[..., 3].ravel())
    shown, which = np.unique(cells.reshape(-1, 4)[drawn], axis=0, return_inverse=True)
    for number, colour in enumerate(shown.tolist()):
        places = [divmod(int(at), grid.plan.cols) for at in drawn[which.ravel() == number]]
        red, green, blue, alpha = (value / 255 for value in colour)
        yield rectangles([_at(grid, row, col) for row, col in places], (red, green, blue, alpha))
