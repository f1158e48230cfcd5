"""A page as a picture."""

from __future__ import annotations

from math import ceil

import cairo
import numpy as np
from numpy.typing import NDArray

from layeranim.film.stills.marks import CellsMark, Colour, Mark, PathMark, TextMark
from layeranim.film.stills.pdf import Page

DPI = 150
POINTS = 72


def painted(page: Page, dpi: float = DPI) -> NDArray[np.uint8]:
    """The page (height, width, 4), BGRA; clear where nothing is, if the page has no ground."""
    scale = dpi / POINTS
    width, height = ceil(page.width * scale - 1e-6), ceil(page.height * scale - 1e-6)
    pixels: NDArray[np.uint8] = np.zeros((height, width, 4), np.uint8)
    surface = cairo.ImageSurface.create_for_data(pixels.data, cairo.FORMAT_ARGB32, width, height)
    ctx = cairo.Context(surface)
    if page.ground:
        ctx.set_source_rgba(*page.ground)
        ctx.paint()
    ctx.set_matrix(cairo.Matrix(scale, 0, 0, -scale, 0, page.height * scale))
    for group in page.groups:
        for mark in group.marks:
            _paint(ctx, mark)
    surface.flush()
    return pixels


def _paint(ctx: cairo.Context[cairo.ImageSurface], mark: Mark) -> None:
    if isinstance(mark, CellsMark):
        _picture(ctx, mark)
    elif isinstance(mark, TextMark):
        _path(ctx, PathMark(mark.outline(), mark.colour))
    else:
        _path(ctx, mark)


def _path(ctx: cairo.Context[cairo.ImageSurface], mark: PathMark) -> None:
    if not len(mark.curves):
        return
    ctx.new_path()
    for part, closed in mark.contours():
        ctx.move_to(*part[0, 0])
        for _, b, c, d in part:
            ctx.curve_to(*b, *c, *d)
        if closed:
            ctx.close_path()
    if mark.fill:
        _colour(ctx, mark.fill)
        ctx.fill_preserve()
    if mark.stroke:
        _colour(ctx, mark.stroke)
        ctx.set_line_width(mark.width)
        ctx.stroke()


def _colour(ctx: cairo.Context[cairo.ImageSurface], colour: Colour) -> None:
    ctx.set_source_rgba(*colour)


def _picture(ctx: cairo.Context[cairo.ImageSurface], mark: CellsMark) -> None:
    """Cells with sharp edges; colour counts only where there is any."""
    cells, box = mark.cells, mark.over
    seen = cells[..., 3:].astype(np.uint16)
    straight = np.concatenate([cells[..., [2, 1, 0]] * seen // 255, seen], axis=-1).astype(np.uint8)
    rows, columns = straight.shape[:2]
    image = cairo.ImageSurface(cairo.FORMAT_ARGB32, columns, rows)
    padded = np.ndarray((rows, image.get_stride()), np.uint8, image.get_data())
    padded[:, : 4 * columns] = straight.reshape(rows, -1)
    image.mark_dirty()
    ctx.save()
    ctx.translate(box.x, box.y)
    ctx.scale(box.w / columns, -box.h / rows)
    ctx.set_source_surface(image, 0, 0)
    ctx.get_source().set_filter(cairo.Filter.NEAREST)
    ctx.rectangle(0, 0, columns, rows)
    ctx.fill()
    ctx.restore()
