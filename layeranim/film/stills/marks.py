"""What stands on a page: paths, text and pictures, in points of the page or in design pixels of a stage, y up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from layeranim import theme, typeface
from layeranim.records import dataclass
from layeranim.stories.storyboard import Box, Line
from layeranim.theme import Theme
from layeranim.typeface import Letter, Weight

Colour = tuple[float, float, float, float]
"""Red, green, blue and opacity, 0 to 1."""
Curves = NDArray[np.float64]
CLOSE = 1e-4
"""Ends that are nearer than this are one."""


@dataclass(frozen=True, eq=False)
class PathMark:
    """Cubic segments (n, 4, 2), filled by the non-zero rule or drawn as a line with butt ends and mitred corners.

    A new contour begins where two segments do not meet, and one that ends where it began is closed.
    """

    curves: Curves
    fill: Colour | None = None
    stroke: Colour | None = None
    width: float = 0.0

    def placed(self, scale: float, x: float, y: float) -> PathMark:
        return replace(self, curves=self.curves * scale + np.array([x, y]), width=self.width * scale)

    def box(self) -> Box:
        points = self.curves.reshape(-1, 2)
        (left, low), (right, high) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
        return Box(left, high, right - left, high - low).outset(self.width / 2 if self.stroke else 0.0)

    def contours(self) -> Iterator[tuple[Curves, bool]]:
        """Each contour, and whether it is closed."""
        ends, starts = self.curves[:-1, 3], self.curves[1:, 0]
        for part in np.split(self.curves, np.flatnonzero(np.abs(starts - ends).max(axis=1) > CLOSE) + 1):
            yield part, bool(np.abs(part[0, 0] - part[-1, 3]).max() <= CLOSE)


@dataclass(frozen=True, eq=False)
class TextMark:
    """A run of text from ``at``, its size in the unit of its place."""

    text: str
    size: float
    colour: Colour
    at: tuple[float, float]
    weight: Weight = "medium"
    markup: bool = False

    def placed(self, scale: float, x: float, y: float) -> TextMark:
        return replace(self, size=self.size * scale, at=(self.at[0] * scale + x, self.at[1] * scale + y))

    def box(self) -> Box:
        width = typeface.width(self.text, self.size, self.weight, self.markup)
        return Box(self.at[0], self.at[1] + 0.8 * self.size, width, self.size)

    def letters(self) -> Iterator[tuple[Letter, float, float, float]]:
        """Each letter with its size and where it stands."""
        for letter, scale, x, y in typeface.letters(self.text, self.weight, self.markup):
            yield letter, scale * self.size, self.at[0] + x * self.size, self.at[1] + y * self.size

    def outline(self) -> Curves:
        """Its letters as cubic segments."""
        curves: Curves = typeface.shape(self.text, self.weight, self.markup).contours * self.size + np.array(self.at)
        return curves


@dataclass(frozen=True, eq=False)
class CellsMark:
    """Cells of one colour each, (rows, columns, 4) RGBA, over the whole of a box, with nothing between them."""

    cells: NDArray[np.uint8]
    over: Box

    def placed(self, scale: float, x: float, y: float) -> CellsMark:
        b = self.over
        return replace(self, over=Box(b.x * scale + x, b.y * scale + y, b.w * scale, b.h * scale))

    def box(self) -> Box:
        return self.over


Mark = PathMark | TextMark | CellsMark


def around(marks: Iterable[Mark]) -> Box:
    """The box around all of them."""
    boxes = [mark.box() for mark in marks]
    left, top = min(box.x for box in boxes), max(box.y for box in boxes)
    return Box(left, top, max(box.right for box in boxes) - left, top - min(box.bottom for box in boxes))


def rectangles(boxes: Iterable[Box], fill: Colour) -> PathMark:
    """Rectangles of one colour."""
    corners = np.array([[(b.x, b.y), (b.right, b.y), (b.right, b.bottom), (b.x, b.bottom), (b.x, b.y)] for b in boxes])
    return PathMark(straight(corners), fill)


def straight(lines: NDArray[np.float64]) -> Curves:
    """Lines (n, points, 2) as cubic segments."""
    a, b = lines[:, :-1], lines[:, 1:]
    curves: Curves = np.stack([a, a + (b - a) / 3, a + 2 * (b - a) / 3, b], axis=2).reshape(-1, 4, 2)
    return curves


def opaque(colour: str) -> Colour:
    """``#RRGGBB`` as a colour."""
    red, green, blue = (value / 255 for value in theme.rgb(colour))
    return red, green, blue, 1.0


def line(words: Line, size: float, at: tuple[float, float], colours: Theme) -> list[TextMark]:
    """A line of runs from ``at``, each in the colour of its role."""
    out, x = [], at[0]
    for run in words:
        out.append(TextMark(run.text, size, opaque(colours.role(run.role)), (x, at[1]), run.weight, run.markup))
        x += typeface.width(run.text, size, run.weight, run.markup)
    return out
