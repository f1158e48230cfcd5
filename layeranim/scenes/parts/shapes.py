"""Lines and outlines: frames around cells, dashes, lanes with heads, chips, operators."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from layeranim import theme as t
from layeranim.borrowed import VMobject
from layeranim.scenes.parts.label import Label
from layeranim.scenes.parts.shape import PX, STROKE, Bundle, Shape
from layeranim.stories.storyboard import Box, Point
from layeranim.theme import Theme

_BEND = 0.5522847498  # a cubic's handle for a quarter circle


def polyline(
    lines: Iterable[Sequence[Point]], stroke: str | None = None, width: float = t.LINE, fill: str | None = None
) -> VMobject:
    """One path from straight lines, each closed where its ends meet."""
    return Shape(np.concatenate([_straight(line) for line in lines]), fill, stroke, width)


def _straight(line: Sequence[Point]) -> NDArray[np.float64]:
    """The cubic segments from each point of a line to the next."""
    ends = np.asarray(line, float)
    a, b = ends[:-1], ends[1:]
    curves = np.empty((len(a), 4, 2))
    curves[:, 0], curves[:, 1], curves[:, 2], curves[:, 3] = a, a + (b - a) / 3, a + 2 * (b - a) / 3, b
    return curves.reshape(-1, 2)


def outline(box: Box, radius: float) -> NDArray[np.float64]:
    """The cubic segments of a rounded rectangle, clockwise from its top left."""
    r = min(radius, box.w / 2, box.h / 2)
    k = r * (1 - _BEND)
    x, y, x1, y1 = box.x, box.y, box.right, box.bottom
    if r <= 0:
        return _straight([(x, y), (x1, y), (x1, y1), (x, y1), (x, y)])
    ends = [
        ((x + r, y), (x1 - r, y)),
        ((x1, y - r), (x1, y1 + r)),
        ((x1 - r, y1), (x + r, y1)),
        ((x, y1 + r), (x, y - r)),
    ]
    bends = [
        ((x1 - k, y), (x1, y - k)),
        ((x1, y1 + k), (x1 - k, y1)),
        ((x + k, y1), (x, y1 + k)),
        ((x, y - k), (x + k, y)),
    ]
    out: list[Point] = []
    for i, (((px, py), (qx, qy)), (h0, h1)) in enumerate(zip(ends, bends, strict=True)):
        third = px + (qx - px) / 3, py + (qy - py) / 3
        two = px + 2 * (qx - px) / 3, py + 2 * (qy - py) / 3
        out += [(px, py), third, two, (qx, qy), (qx, qy), h0, h1, ends[(i + 1) % 4][0]]
    return np.array(out, float)


def rectangle(
    box: Box, fill: str | None = None, stroke: str | None = None, width: float = t.HAIR, radius: float = t.CELL_RADIUS
) -> VMobject:
    """A rounded rectangle."""
    return Shape(outline(box, radius), fill, stroke, width)


def disc(
    at: Point, radius: float, fill: str | None = None, stroke: str | None = None, width: float = t.LINE
) -> VMobject:
    """A filled or outlined circle."""
    return rectangle(Box(at[0] - radius, at[1] + radius, 2 * radius, 2 * radius), fill, stroke, width, radius)


class FocusFrame(Shape):
    """A frame around cells with a halo in the background's colour on each side, so that it reads on any fill.

    Around several boxes (a dilated kernel's taps) it is still one mobject.
    """

    def __init__(self, boxes: Sequence[Box], colour: str, theme: Theme, width: float = t.FOCUS) -> None:
        super().__init__(np.zeros((0, 2)), stroke=colour, width=width)
        self.background_stroke_rgbas = Shape(np.zeros((0, 2)), stroke=theme.bg).stroke_rgbas
        self.background_stroke_width = (width + 2 * t.HALO) * STROKE
        self.around(boxes)

    def around(self, boxes: Sequence[Box]) -> FocusFrame:
        """Put the frame around other boxes."""
        flat = np.concatenate(
            [outline(box.outset(t.FOCUS_OUTSET), min(t.CELL_RADIUS, box.w / 8) + t.FOCUS_OUTSET) for box in boxes]
        )
        self.points = np.column_stack([flat, np.zeros(len(flat))]) * PX
        self.boxes = tuple(boxes)
        return self


def tensor_frame(box: Box, colour: str) -> VMobject:
    """The frame that says what a whole tensor is."""
    return rectangle(box.outset(t.FRAME_OUTSET), stroke=colour, width=t.LINE, radius=t.FRAME_RADIUS)


def hairline(box: Box, theme: Theme) -> VMobject:
    """The frame of a heat grid whose cells have no outlines of their own."""
    return rectangle(box.outset(4), stroke=theme.grid, width=t.HAIR, radius=6)


class Lane(Bundle):
    """Where data goes: an orthogonal or straight line with a head at its end."""

    def __init__(self, points: Sequence[Point], colour: str) -> None:
        ends = [np.asarray(p, float) for p in points]
        along = (ends[-1] - ends[-2]) / np.linalg.norm(ends[-1] - ends[-2])
        across = np.array([-along[1], along[0]]) * t.ARROW_HEAD * 0.42
        base = ends[-1] - along * t.ARROW_HEAD
        line = polyline([[*map(tuple, ends[:-1]), tuple(base + along)]], colour)
        tip = polyline([[tuple(ends[-1]), tuple(base + across), tuple(base - across), tuple(ends[-1])]], fill=colour)
        super().__init__(line, tip)
        self.course = tuple(points)


def operator(at: Point, symbol: str, theme: Theme, colour: str) -> Bundle:
    """A pointwise operator: a circle with × + Σ ⊙."""
    ring = disc(at, t.OPERATOR_RADIUS, theme.bg, colour)
    label = Label(symbol, 28, colour, "semibold", at, "centre", "middle")
    ink_box = label.points[:, 1]  # a font sets + and × lower than capitals: centre the ink
    label.points[:, 1] += at[1] * PX - (ink_box.max() + ink_box.min()) / 2
    out = Bundle(ring, label)
    out.footprint = Box(at[0], at[1], 0, 0).outset(t.OPERATOR_RADIUS)
    return out


def dashes(box: Box) -> list[list[Point]]:
    """The dashes of an outline, each from one end to the other."""
    corners = [(box.x, box.y), (box.right, box.y), (box.right, box.bottom), (box.x, box.bottom), (box.x, box.y)]
    out: list[list[Point]] = []
    for a, b in itertools.pairwise(corners):
        start, vector = np.array(a), np.array(b) - np.array(a)
        n = max(3, round(float(np.abs(vector).sum()) / 11))
        step = 1 / (n - 0.5)
        out += [[tuple(start + vector * i * step), tuple(start + vector * (i + 0.5) * step)] for i in range(n)]
    return out


def ring_of_dashes(at: Point, radius: float, count: int, pieces: int) -> list[list[Point]]:
    """A circle in so many dashes, each of some straight pieces."""
    turns = [[2 * np.pi * (k + part / pieces / 2) / count for part in range(pieces + 1)] for k in range(count)]
    return [[(at[0] + radius * np.cos(turn), at[1] + radius * np.sin(turn)) for turn in dash] for dash in turns]


def between_boxes(a: Box, b: Box, share: float) -> Box:
    """A box on its way to another."""
    return Box(*(p + (q - p) * share for p, q in ((a.x, b.x), (a.y, b.y), (a.w, b.w), (a.h, b.h))))


def frame_width(boxes: Sequence[Box]) -> float:
    """How thick the frame of a window is: thinner around small cells and around single taps."""
    if len(boxes) > 1:
        return t.SECOND_FOCUS if min(boxes[0].w, boxes[0].h) < 40 else 3.5
    return t.FOCUS if min(boxes[0].w, boxes[0].h) > 40 else 3.5
