"""A camera with a persistent framebuffer that repaints only what changed, exactly.

Every vector mobject is rasterised once, whole, into a sprite of its own and then copied; grids copy cached tiles.
A clip on whole pixels cannot change a copied pixel, so the incremental frame equals a full repaint bit for bit.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Any, NamedTuple, Protocol, TypeGuard

import cairo
import numpy as np
from numpy.typing import NDArray

from layeranim.borrowed import Camera, Mobject, VMobject
from layeranim.errors import RenderError
from layeranim.film.writers import Rect
from layeranim.layout import PixelBox, View
from layeranim.theme import LIGHT, rgb

SPRITE_BYTES = 12_000_000  # least recently used sprites go beyond this
PHASES = 256  # cairo's own sub-pixel grid: finer positions give the same pixels
MOST_RECTS = 48
CLOSE = 1e-6  # Manim's tolerance: points nearer than this are one
_PAINTERS: dict[type, bool] = {}  # asked for every mobject of every frame
_Z_INDEX = attrgetter("z_index")


class Painter(Protocol):
    """A mobject that paints itself: a grid of tiles."""

    def pixel_box(self, view: View) -> PixelBox: ...
    def take_changes(self, view: View) -> list[PixelBox]: ...
    def paint(self, view: View, target: CameraTarget, clip: PixelBox) -> None: ...


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


class DrawnFrame(NamedTuple):
    """A mobject of one frame, everything that decides its pixels, and those pixels."""

    mobject: Any
    key: Any
    sprite: Sprite


class FilmCamera(Camera):
    """Draws a list of mobjects into ``frame.pixels``; ``compose`` tells which rectangles changed."""

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
        self._opacity: float | None = None
        self._last: dict[int, DrawnFrame] = {}
        self._order: list[int] = []
        self._boxes = _boxes([])
        self.painted_pixels = 0

    def forget(self) -> None:
        """Give the sprites back; the frame stays as it was drawn last."""
        self._sprites.clear()
        self._sprite_bytes = 0
        self._last = {}

    # ── one frame ────────────────────────────────────────────────────────────
    def compose(self, mobjects: Iterable[Mobject]) -> list[Rect]:
        """Bring the frame up to date; returns the repainted rectangles, even-aligned, none if nothing changed."""
        drawn, fresh = self._drawables(mobjects)
        clips = merge(self._changes(drawn, fresh), self.view)
        for clip in clips:
            self._paint(self.frame, drawn, self._boxes, clip)
            self.painted_pixels += (clip.x1 - clip.x0) * (clip.y1 - clip.y0)
        return clips

    def repaint(self, mobjects: Iterable[Mobject]) -> NDArray[np.uint8]:
        """The same frame painted anew from nothing: what ``compose`` must equal."""
        target = CameraTarget(self.view.width, self.view.height)
        drawn, _ = self._drawables(mobjects)
        self._paint(target, drawn, _boxes(drawn), Rect(*self.view.whole))
        return target.pixels

    def _drawables(self, mobjects: Iterable[Mobject]) -> tuple[list[DrawnFrame], list[int]]:
        """What a frame is drawn from, in order, and which of it, by number, is not as it was drawn last."""
        members = list[Any]()
        for top in mobjects:
            _collect(top, members)
        if any(map(_Z_INDEX, members)):
            members.sort(key=_Z_INDEX)
        out, fresh, last = list[DrawnFrame](), list[int](), self._last
        for number, m in enumerate(members):
            known = last.get(id(m))  # it holds the mobject, so that no other one can have its place in memory
            if known is None and not isinstance(m, VMobject) and not _paints(m):
                raise RenderError(f"a film draws vector mobjects and grids, but the scene holds a {type(m).__name__}")
            key = m.pixel_box(self.view) if _paints(m) else _appearance(m)
            if known is None or known.key != key:
                known = DrawnFrame(m, key, Sprite(None, Rect(*key)) if _paints(m) else self._sprite(m, key))
                fresh.append(number)
            out.append(known)
        return out, fresh

    def _changes(self, drawn: list[DrawnFrame], fresh: Sequence[int]) -> list[Rect]:
        """What has to be painted; from here on this is the frame that was drawn last."""
        order = [id(one.mobject) for one in drawn]
        rects: list[Rect] = []
        for number in fresh:
            old = self._last.get(order[number])
            rects += [drawn[number].sprite.box] if old is None else [old.sprite.box, drawn[number].sprite.box]
        for one in drawn:
            if _paints(one.mobject):
                rects += [Rect(*box) for box in one.mobject.take_changes(self.view)]
        if order == self._order and self.painted_pixels:
            for number in fresh:
                self._last[order[number]] = drawn[number]
                self._boxes[number] = drawn[number].sprite.box
            return rects
        now = dict(zip(order, drawn, strict=True))
        if not self._last and not self.painted_pixels:
            rects = [Rect(*self.view.whole)]
        else:
            rects += [old.sprite.box for ident, old in self._last.items() if ident not in now]
            rects += self._reordered(now)
        self._last, self._order, self._boxes = now, order, _boxes(drawn)
        return rects

    def _reordered(self, now: dict[int, DrawnFrame]) -> list[Rect]:
        """Boxes of mobjects whose place among the others changed."""
        before = [i for i in dict.fromkeys(self._order) if i in now]
        after = [i for i in now if i in self._last]
        return [] if before == after else [now[a].sprite.box for a, b in zip(after, before, strict=True) if a != b]

    def _paint(self, target: CameraTarget, drawn: Sequence[DrawnFrame], boxes: NDArray[np.int64], clip: Rect) -> None:
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
        for number in np.flatnonzero(met).tolist():
            m, _, (surface, box, opacity) = drawn[number]
            if surface is not None:
                ctx.set_source_surface(surface, box.x0, box.y0)
                ctx.paint() if opacity >= 1 else ctx.paint_with_alpha(opacity)
            elif _paints(m):
                m.paint(self.view, target, clip)
        ctx.restore()
        target.surface.flush()

    # ── sprites ──────────────────────────────────────────────────────────────
    def _sprite(self, m: Any, key: Any) -> Sprite:
        """The mobject's pixels, from the cache where the same shape was drawn at the same sub-pixel phase.

        What fades is drawn once, opaque, and copied with its opacity.
        """
        x, y = self.view.x(0) + m.points[0, 0] * self._px, self.view.y(0) - m.points[0, 1] * self._px
        at = math.floor(x), math.floor(y)
        phase = round((x - at[0]) * PHASES), round((y - at[1]) * PHASES)
        shape = np.round((m.points[:, :2] - m.points[0, :2]) * (self._px * PHASES)).astype(np.int32).tobytes()
        self._opacity = _opacity(m)
        look = key[1:] if self._opacity is None else (_opaque(m), *key[4:])
        ident = (shape, phase, look)
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

    @property
    def _px(self) -> float:
        return self.view.width / self.frame_width

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
        found = [ctx.fill_extents()]
        for background in (True, False):
            width = float(m.get_stroke_width(background))
            if width > 0:
                ctx.set_line_width(width * self.cairo_line_width_multiple)
                found.append(ctx.stroke_extents())
        corners = [matrix.transform_point(*p) for e in found if e[2] > e[0] or e[3] > e[1] for p in (e[:2], e[2:])]
        if not corners:
            return 0, 0, 0, 0
        xs, ys = zip(*corners, strict=True)
        return min(xs), min(ys), max(xs), max(ys)

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


def _collect(m: Mobject, out: list[Any]) -> None:
    """Everything in a mobject that can be drawn, parents first, without Manim's search for duplicates."""
    if len(m.points) or _paints(m):
        out.append(m)
    for part in m.submobjects:
        if part.submobjects:
            _collect(part, out)
        elif len(part.points) or _paints(part):
            out.append(part)


def _boxes(drawn: Sequence[DrawnFrame]) -> NDArray[np.int64]:
    """The rectangle that each covers: a row of left, top, right and bottom."""
    return np.array([one.sprite.box for one in drawn], np.int64).reshape(-1, 4)


def _paints(m: Any) -> TypeGuard[Painter]:
    kind = type(m)
    if kind not in _PAINTERS:
        _PAINTERS[kind] = hasattr(kind, "take_changes")
    return _PAINTERS[kind]


def _appearance(m: VMobject) -> tuple[Any, ...]:
    """Everything that decides a mobject's pixels; the first part is where it is."""
    return (
        m.points.tobytes(),
        m.fill_rgbas.tobytes(),
        m.stroke_rgbas.tobytes(),
        m.background_stroke_rgbas.tobytes(),
        m.stroke_width,
        m.background_stroke_width,
        m.joint_type,
        m.cap_style,
        m.sheen_factor,
    )


def _layers(m: VMobject) -> list[NDArray[np.floating[Any]]]:
    """The colours of what is seen of it: its area, its line, the line behind."""
    lines = ((m.stroke_rgbas, m.stroke_width), (m.background_stroke_rgbas, m.background_stroke_width))
    return [rgbas for rgbas, width in ((m.fill_rgbas, 1.0), *lines) if width and rgbas[:, 3].any()]


def _opacity(m: VMobject) -> float | None:
    """How opaque it is, where it is an area or a line of one colour: its pixels depend on nothing else that fades."""
    layers = _layers(m)
    return float(layers[0][0, 3]) if len(layers) == 1 and len(layers[0]) == 1 and not m.sheen_factor else None


def _opaque(m: VMobject) -> tuple[bytes, ...]:
    """The colours without their opacity; none of what is not seen."""
    return tuple(
        rgbas[:, :3].tobytes() if rgbas[:, 3].any() else b""
        for rgbas in (m.fill_rgbas, m.stroke_rgbas, m.background_stroke_rgbas)
    )


def _bytes(sprite: Sprite) -> int:
    return 0 if sprite.surface is None else 4 * (sprite.box.x1 - sprite.box.x0) * (sprite.box.y1 - sprite.box.y0)


def merge(rects: Sequence[Rect], view: View) -> list[Rect]:
    """Rectangles cut to the frame, widened to even pixels and joined where joining costs little."""
    even = [
        Rect(max(0, r.x0) & ~1, max(0, r.y0) & ~1, min(view.width, (r.x1 + 1) & ~1), min(view.height, (r.y1 + 1) & ~1))
        for r in rects
    ]
    todo = list(dict.fromkeys(r for r in even if r.x0 < r.x1 and r.y0 < r.y1))
    if len(todo) > MOST_RECTS:
        todo.sort(key=lambda r: (r.y0, r.x0))
        size = -(-len(todo) // MOST_RECTS)
        todo = [_union(todo[i : i + size]) for i in range(0, len(todo), size)]
    joined = True
    while joined:
        joined, out = False, list[Rect]()
        for rect in todo:
            for i, other in enumerate(out):
                x0, y0 = min(rect.x0, other.x0), min(rect.y0, other.y0)
                x1, y1 = max(rect.x1, other.x1), max(rect.y1, other.y1)
                if (x1 - x0) * (y1 - y0) <= 1.2 * (_area(rect) + _area(other)):
                    out[i], joined = Rect(x0, y0, x1, y1), True
                    break
            else:
                out.append(rect)
        todo = out
    return todo


def _union(rects: Sequence[Rect]) -> Rect:
    return Rect(min(r.x0 for r in rects), min(r.y0 for r in rects), max(r.x1 for r in rects), max(r.y1 for r in rects))


def _area(rect: Rect) -> int:
    return (rect.x1 - rect.x0) * (rect.y1 - rect.y0)
