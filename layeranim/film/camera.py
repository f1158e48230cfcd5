"""A camera with a persistent framebuffer that repaints only what changed, exactly.

Every vector mobject is rasterised once, whole, into a sprite of its own and then copied; grids copy cached tiles.
A clip on whole pixels cannot change a copied pixel, so the incremental frame equals a full repaint bit for bit.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import cairo
import numpy as np
from numpy.typing import NDArray

from layeranim.borrowed import Camera, Mobject, VMobject
from layeranim.film.reading import FrameRead, Seen, appearance, everything, look_at, paints
from layeranim.film.writers import Rect
from layeranim.layout import View
from layeranim.theme import LIGHT, rgb

SPRITE_BYTES = 12_000_000  # least recently used sprites go beyond this
PHASES = 256  # cairo's own sub-pixel grid: finer positions give the same pixels
MOST_RECTS = 48
CLOSE = 1e-6  # Manim's tolerance: points nearer than this are one


class CameraTarget:
    """A BGRA picture that cairo and NumPy both draw into."""

    def __init__(self, width: int, height: int) -> None:
        self.pixels: NDArray[np.uint8] = np.zeros((height, width, 4), np.uint8)
        self.surface = cairo.ImageSurface.create_for_data(self.pixels.data, cairo.FORMAT_ARGB32, width, height)
        self.context = cairo.Context(self.surface)


class Sprite(NamedTuple):
    """A rasterised mobject and the frame rectangle that it covers."""

    surface: cairo.ImageSurface | None
    box: Rect
    opacity: float = 1.0


class DrawnMobject(NamedTuple):
    """A mobject of one frame and its pixels."""

    mobject: Any
    sprite: Sprite


NOT_YET = DrawnMobject(None, Sprite(None, Rect(0, 0, 0, 0)))


class FilmCamera(Camera):
    """Draws what was read of a scene into ``frame.pixels``; ``compose`` tells which rectangles changed."""

    def __init__(self, view: View, background: str | None) -> None:
        super().__init__(background_color=background or LIGHT.bg, pixel_width=view.width, pixel_height=view.height)
        self.view = view
        self.frame = CameraTarget(view.width, view.height)
        self.bg = None if background is None else tuple(v / 255 for v in rgb(background))
        self._probe = cairo.Context(cairo.ImageSurface(cairo.FORMAT_A8, 1, 1))  # builds and measures paths
        self._probe.set_line_join(cairo.LINE_JOIN_MITER)  # the joins and caps that reach furthest
        self._probe.set_line_cap(cairo.LINE_CAP_SQUARE)
        self._sprites: OrderedDict[Any, Sprite] = OrderedDict()
        self._sprite_bytes = 0
        self._px = view.width / self.frame_width  # pixels to Manim's unit
        self._opacity: float | None = None
        self._drawn: list[DrawnMobject] = []
        self._boxes = _boxes([])
        self.painted_pixels = 0

    def forget(self) -> None:
        """Give the sprites back; the frame stays as it was drawn last."""
        self._sprites.clear()
        self._sprite_bytes = 0
        self._drawn = []

    # ── one frame ────────────────────────────────────────────────────────────
    def compose(self, frame: FrameRead) -> list[Rect]:
        """Bring the frame up to date; returns the repainted rectangles, even-aligned, none if nothing changed."""
        clips = merge(self._changes(frame), self.view)
        for clip in clips:
            self._paint(self.frame, self._drawn, self._boxes, clip)
            self.painted_pixels += (clip.x1 - clip.x0) * (clip.y1 - clip.y0)
        return clips

    def repaint(self, mobjects: Iterable[Mobject]) -> NDArray[np.uint8]:
        """The same frame painted anew from nothing: what ``compose`` must equal."""
        target = CameraTarget(self.view.width, self.view.height)
        drawn = [self._draw(look_at(m, appearance(m))) for m in everything(mobjects)]
        self._paint(target, drawn, _boxes(drawn), Rect(*self.view.whole))
        return target.pixels

    def _draw(self, seen: Seen) -> DrawnMobject:
        m = seen.mobject
        return DrawnMobject(m, Sprite(None, Rect(*m.pixel_box(self.view))) if paints(m) else self._sprite(seen))

    def _changes(self, frame: FrameRead) -> list[Rect]:
        """What has to be painted; from here on this is the frame that was drawn last."""
        rects = self._rearranged(frame) if frame.rearranged else []
        for number in frame.fresh:
            old, now = self._drawn[number], self._draw(frame.seen[number])
            self._drawn[number] = now
            if old is NOT_YET:
                rects.append(now.sprite.box)
            elif now.sprite.box != old.sprite.box or not paints(now.mobject):
                rects += [old.sprite.box, now.sprite.box]
        if frame.fresh:
            self._boxes[frame.fresh] = [self._drawn[number].sprite.box for number in frame.fresh]
        for m, changes in frame.changes:
            rects += [Rect(*box) for box in m.boxes(self.view, changes)]
        return rects if self.painted_pixels else [Rect(*self.view.whole)]

    def _rearranged(self, frame: FrameRead) -> list[Rect]:
        """Take these mobjects in this order; the boxes of what left and of what has another place among the others."""
        before = {id(one.mobject): one for one in self._drawn}
        after = dict.fromkeys(id(one.mobject) for one in frame.seen)
        left = [one.sprite.box for ident, one in before.items() if ident not in after]
        old, new = [i for i in before if i in after], [i for i in after if i in before]
        self._drawn = [before.get(id(one.mobject), NOT_YET) for one in frame.seen]
        self._boxes = _boxes(self._drawn)
        return left + [before[a].sprite.box for a, b in zip(new, old, strict=True) if a != b]

    def _paint(self, target: CameraTarget, drawn: Sequence[DrawnMobject], boxes: NDArray[np.int64], clip: Rect) -> None:
        ctx = target.context
        ctx.save()
        ctx.rectangle(clip.x0, clip.y0, clip.x1 - clip.x0, clip.y1 - clip.y0)
        ctx.clip()
        if self.bg is None:
            ctx.set_operator(cairo.Operator.CLEAR)
            ctx.paint()
            ctx.set_operator(cairo.Operator.OVER)
        else:
            ctx.set_source_rgb(*self.bg)
            ctx.paint()
        x0, y0, x1, y1 = boxes.T
        met = (x0 < clip.x1) & (clip.x0 < x1) & (y0 < clip.y1) & (clip.y0 < y1)
        for number in met.nonzero()[0].tolist():
            m, (surface, box, opacity) = drawn[number]
            if surface is not None:
                ctx.set_source_surface(surface, box.x0, box.y0)
                ctx.paint() if opacity >= 1 else ctx.paint_with_alpha(opacity)
            elif paints(m):
                m.paint(self.view, target, clip)
        ctx.restore()
        target.surface.flush()

    # ── sprites ──────────────────────────────────────────────────────────────
    def _sprite(self, seen: Seen) -> Sprite:
        """The mobject's pixels, from the cache where the same shape was drawn at the same sub-pixel phase.

        What fades is drawn once, opaque, and copied with its opacity.
        """
        m = seen.mobject
        x, y = self.view.x(0) + m.points.item(0) * self._px, self.view.y(0) - m.points.item(1) * self._px
        at = math.floor(x), math.floor(y)
        phase = round((x - at[0]) * PHASES), round((y - at[1]) * PHASES)
        self._opacity = seen.opacity
        ident = (seen.shape, phase, seen.look)
        sprite = self._sprites.get(ident)
        if sprite is None:
            exact = at[0] + phase[0] / PHASES - x, at[1] + phase[1] / PHASES - y  # the same whoever is drawn first
            sprite = self._rasterise(m, at, exact)
            self._sprites[ident] = sprite
            self._sprite_bytes += _bytes(sprite)
            while self._sprite_bytes > SPRITE_BYTES and len(self._sprites) > 1:
                self._sprite_bytes -= _bytes(self._sprites.popitem(last=False)[1])
        else:
            self._sprites.move_to_end(ident)
        b = sprite.box
        box = Rect(b.x0 + at[0], b.y0 + at[1], b.x1 + at[0], b.y1 + at[1])
        return Sprite(sprite.surface, box, 1.0 if self._opacity is None else self._opacity)

    def _rasterise(self, m: VMobject, at: tuple[int, int], off: tuple[float, float]) -> Sprite:
        """Draw the whole mobject, moved by ``off`` pixels, into a surface of its own; the box is relative to the pixel
        ``at``."""
        left, top = self.view.x(0) - at[0] + off[0], self.view.y(0) - at[1] + off[1]
        matrix = cairo.Matrix(self._px, 0, 0, -self._px, left, top)
        x0, y0, x1, y1 = self._extents(m, matrix)
        if x1 <= x0 or y1 <= y0:
            return Sprite(None, Rect(0, 0, 0, 0))
        left, top = math.floor(x0) - 1, math.floor(y0) - 1
        # nothing outside the frame is ever seen; a sprite far larger than the frame is cut there
        right, bottom = math.ceil(x1) + 1, math.ceil(y1) + 1
        if right - left > 3 * self.view.width or bottom - top > 3 * self.view.height:
            left, top = max(left, -at[0]), max(top, -at[1])
            right, bottom = min(right, self.view.width - at[0]), min(bottom, self.view.height - at[1])
            if right <= left or bottom <= top:
                return Sprite(None, Rect(0, 0, 0, 0))
        surface = cairo.ImageSurface(cairo.FORMAT_ARGB32, right - left, bottom - top)
        ctx = cairo.Context(surface)
        ctx.translate(-left, -top)
        ctx.transform(matrix)
        ctx.append_path(self._probe.copy_path())
        self.apply_stroke(ctx, m, background=True)
        self.apply_fill(ctx, m)
        self.apply_stroke(ctx, m)
        surface.flush()
        return Sprite(surface, Rect(left, top, right, bottom))

    def _extents(self, m: VMobject, matrix: cairo.Matrix) -> tuple[float, float, float, float]:
        """What the mobject covers, in pixels; its path stays in the probe."""
        ctx = self._probe
        ctx.set_matrix(matrix)
        self.set_cairo_context_path(ctx, m)
        width = max(m.get_stroke_width(background=True), m.get_stroke_width())
        if width > 0:  # a line reaches further than the area that it goes around, and the widest furthest
            ctx.set_line_width(width * self.cairo_line_width_multiple)
            found = ctx.stroke_extents()
        else:  # its path, which holds the area: what that covers takes cairo as long as to fill it
            found = ctx.path_extents()
        (x0, y0), (x1, y1) = matrix.transform_point(*found[:2]), matrix.transform_point(*found[2:])
        return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)

    def set_cairo_context_path(self, ctx: cairo.Context[Any], vmobject: VMobject) -> FilmCamera:
        """Manim's path, built without NumPy's overhead on short ones: a new one begins where two curves do not meet."""
        points = vmobject.points[:, :2].tolist()
        ctx.new_path()
        start = end = None
        for i in range(0, len(points) - 3, 4):
            (ax, ay), (bx, by), (cx, cy), (dx, dy) = points[i : i + 4]
            if end is None or abs(ax - end[0]) > CLOSE or abs(ay - end[1]) > CLOSE:
                _closed(ctx, start, end)
                ctx.new_sub_path()
                ctx.move_to(ax, ay)
                start = ax, ay
            ctx.curve_to(bx, by, cx, cy, dx, dy)
            end = dx, dy
        _closed(ctx, start, end)
        return self

    def set_cairo_context_color(self, ctx: cairo.Context[Any], rgbas: Any, vmobject: VMobject) -> FilmCamera:
        """Manim swaps red and blue for its RGBA array; our frame is cairo's own BGRA, so nothing is swapped."""
        opaque = self._opacity is not None
        super().set_cairo_context_color(ctx, [(*rgba[2::-1], 1.0 if opaque and rgba[3] else rgba[3]) for rgba in rgbas],
                                        vmobject)  # fmt: skip
        return self


def _closed(ctx: cairo.Context[Any], start: tuple[float, float] | None, end: tuple[float, float] | None) -> None:
    """Close a path that ends where it began."""
    if start and end and abs(start[0] - end[0]) <= CLOSE and abs(start[1] - end[1]) <= CLOSE:
        ctx.close_path()


def _boxes(drawn: Sequence[DrawnMobject]) -> NDArray[np.int64]:
    """The rectangle that each covers: a row of left, top, right and bottom."""
    return np.array([one.sprite.box for one in drawn], np.int64).reshape(-1, 4)


def _bytes(sprite: Sprite) -> int:
    return 0 if sprite.surface is None else 4 * (sprite.box.x1 - sprite.box.x0) * (sprite.box.y1 - sprite.box.y0)


def merge(rects: Sequence[Rect], view: View) -> list[Rect]:
    """Rectangles cut to the frame, widened to even pixels and joined where joining costs little."""
    even = (
        Rect(max(0, x0) & ~1, max(0, y0) & ~1, min(view.width, (x1 + 1) & ~1), min(view.height, (y1 + 1) & ~1))
        for x0, y0, x1, y1 in dict.fromkeys(rects)
    )
    todo = list(dict.fromkeys(r for r in even if r.x0 < r.x1 and r.y0 < r.y1))
    if len(todo) > MOST_RECTS:
        todo.sort(key=lambda r: (r.y0, r.x0))
        size = -(-len(todo) // MOST_RECTS)
        todo = [_union(todo[i : i + size]) for i in range(0, len(todo), size)]
    joined = True
    while joined:
        joined, out = False, list[Rect]()
        for rect in todo:
            ax0, ay0, ax1, ay1 = rect
            area = (ax1 - ax0) * (ay1 - ay0)
            for i, (bx0, by0, bx1, by1) in enumerate(out):  # hundreds of pairs in a frame: no calls
                x0, y0 = ax0 if ax0 < bx0 else bx0, ay0 if ay0 < by0 else by0
                x1, y1 = ax1 if ax1 > bx1 else bx1, ay1 if ay1 > by1 else by1
                if (x1 - x0) * (y1 - y0) <= 1.2 * (area + (bx1 - bx0) * (by1 - by0)):
                    out[i], joined = Rect(x0, y0, x1, y1), True
                    break
            else:
                out.append(rect)
        todo = out
    return todo


def _union(rects: Sequence[Rect]) -> Rect:
    return Rect(min(r.x0 for r in rects), min(r.y0 for r in rects), max(r.x1 for r in rects), max(r.y1 for r in rects))
