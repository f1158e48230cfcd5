"""Glyphs that Inter lacks, drawn here to the weight of its own minus sign."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

import numpy as np

from layeranim.theme import SUBSCRIPT, SUPERSCRIPT_RISE
from layeranim.typeface.outlines import Contour, bounds, line

if TYPE_CHECKING:
    from layeranim.typeface.inter import Inter

BOX = "▯"
"""What stands in for a character of the user's that the font lacks."""


def _polygon(*corners: tuple[float, float]) -> Contour:
    points = np.array(corners)
    return np.stack([line(a, b) for a, b in zip(points, np.roll(points, -1, axis=0), strict=True)])


def _rectangle(x0: float, y0: float, x1: float, y1: float) -> Contour:
    return _polygon((x0, y0), (x1, y0), (x1, y1), (x0, y1))


def _hole(contour: Contour) -> Contour:
    return contour[::-1, ::-1]


def _disc(x: float, y: float, radius: float) -> Contour:
    k = 0.5522847498  # of the radius: a quarter circle's control points
    quarter = np.array([[1, 0], [1, k], [k, 1], [0, 1]])
    turn = np.array([[0.0, 1.0], [-1.0, 0.0]])
    ring: Contour = np.array([x, y]) + radius * np.stack([quarter @ np.linalg.matrix_power(turn, n) for n in range(4)])
    return ring


def _circled(face: Inter, inside: Literal["dot", "plus", "times"]) -> tuple[float, list[Contour]]:
    """⊙ ⊕ ⊗: a ring on the axis of the minus sign."""
    x, y, radius, stroke = 0.39, face.axis, 0.33, 0.8 * face.stroke
    ring = [_disc(x, y, radius), _hole(_disc(x, y, radius - stroke))]
    if inside == "dot":
        return 2 * x, [*ring, _disc(x, y, stroke)]
    arm, half = radius - stroke / 2, stroke / 2
    angle = math.pi / 4 if inside == "times" else 0.0
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    bars = [_rectangle(-arm, -half, arm, half), _rectangle(-half, -arm, half, arm)]
    return 2 * x, [*ring, *(bar @ turn + np.array([x, y]) for bar in bars)]


def _bracket(face: Inter, foot: bool, right: bool) -> tuple[float, list[Contour]]:
    """⌊ ⌋ ⌈ ⌉: Inter's ``[`` with one of its arms."""
    advance, outline = face.glyph("[")
    (x0, y0), (x1, y1) = bounds(outline)
    stem = face.stroke
    corners = [(x0, y0), (x1, y0), (x1, y0 + stem), (x0 + stem, y0 + stem), (x0 + stem, y1), (x0, y1)]
    if not foot:
        corners = [(x, y0 + y1 - y) for x, y in reversed(corners)]
    if right:
        corners = [(advance - x, y) for x, y in reversed(corners)]
    return advance, [_polygon(*corners)]


def _asterisk(face: Inter) -> tuple[float, list[Contour]]:
    """∗: Inter's ``*`` lowered to the axis."""
    advance, outline = face.glyph("*")
    (_, low), (_, high) = bounds(outline)
    drop = np.array([0.0, face.axis - (low + high) / 2])
    return advance, [c + drop for c in outline]


def _transpose(face: Inter) -> tuple[float, list[Contour]]:
    """ᵀ: a superscript T."""
    advance, outline = face.glyph("T")
    return advance * SUBSCRIPT, [c * SUBSCRIPT + np.array([0.0, SUPERSCRIPT_RISE]) for c in outline]


def _dots(face: Inter) -> tuple[float, list[Contour]]:
    """⋮: three dots one over another, around the axis."""
    x, radius, apart = 0.16, 0.62 * face.stroke, 0.27
    return 2 * x, [_disc(x, face.axis + k * apart, radius) for k in (-1, 0, 1)]


def _tofu(face: Inter) -> tuple[float, list[Contour]]:
    """▯: an upright box as high as a capital."""
    stroke = 0.6 * face.stroke
    inner = _rectangle(0.08 + stroke, stroke, 0.56 - stroke, face.cap - stroke)
    return 0.64, [_rectangle(0.08, 0.0, 0.56, face.cap), _hole(inner)]


DRAWN: dict[str, Callable[[Inter], tuple[float, list[Contour]]]] = {
    "⊙": lambda face: _circled(face, "dot"),
    "⊕": lambda face: _circled(face, "plus"),
    "⊗": lambda face: _circled(face, "times"),
    "⌊": lambda face: _bracket(face, foot=True, right=False),
    "⌋": lambda face: _bracket(face, foot=True, right=True),
    "⌈": lambda face: _bracket(face, foot=False, right=False),
    "⌉": lambda face: _bracket(face, foot=False, right=True),
    "∗": _asterisk,
    "ᵀ": _transpose,
    "⋮": _dots,
    BOX: _tofu,
}
