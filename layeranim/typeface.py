"""Text → glyph outlines and advances, from the bundled Inter: the same on every machine.

No Pango, no fontconfig, no LaTeX: HarfBuzz shapes the run (``tnum`` and ``kern`` on, ligatures off) and hands out the
outlines. Everything is in em on a real baseline (y = 0, y up); multiply by a size in design pixels.
Operators that Inter lacks are drawn here to the weight of its own minus sign.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import import_module
from importlib.resources import files
from itertools import groupby
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from layeranim.errors import LayeranimError
from layeranim.theme import SUBSCRIPT, SUBSCRIPT_DROP, SUPERSCRIPT_RISE

Weight = Literal["regular", "medium", "semibold"]
Contour = NDArray[np.float64]

BOX = "▯"
"""What stands in for a character of the user's that the font lacks."""
ELLIPSIS = "…"

_FILES = {"regular": "Inter-Regular.otf", "medium": "Inter-Medium.otf", "semibold": "Inter-SemiBold.otf"}
_DIGITS = "0123456789"
_FEATURES = {"tnum": True, "kern": True, "calt": False, "liga": False}
_MARKUP = re.compile(r"([_^])\{([^{}]*)\}")
_RISE = {"_": SUBSCRIPT_DROP, "^": SUPERSCRIPT_RISE}
_MARKS_KEPT = 2  # more combining marks on one letter would climb out of its line
_ABOVE, _BELOW = 230, 220  # canonical combining classes: mark above, mark below


@dataclass(frozen=True, eq=False)
class Glyphs:
    """A laid-out run of text.

    Args:
        advance: width of the run, em.
        contours: ``(n, 4, 2)`` cubic Bézier segments, em, baseline y = 0, y up; outer contours counter-clockwise,
            to be filled by the non-zero rule.
        starts: index of each contour's first segment; a contour ends where the next one starts.
    """

    advance: float
    contours: NDArray[np.float64]
    starts: NDArray[np.intp]


@lru_cache(maxsize=4096)
def shape(text: str, weight: Weight = "medium", markup: bool = False) -> Glyphs:
    """Lay out one run of text.

    ``markup`` turns ``h_{t−1}`` into a subscript and ``x^{2}`` into a superscript; without it every character is
    itself. A character without a glyph raises LayeranimError: text of the user's goes through `draw_safe` first.
    """
    face = _face(weight)
    x, contours = 0.0, list[Contour]()
    for part, scale, rise in _parts(text) if markup else [(text, 1.0, 0.0)]:
        advance, drawn = face.run(part)
        contours += [c * scale + np.array([x, rise]) for c in drawn]
        x += advance * scale
    starts = np.cumsum([0, *map(len, contours)], dtype=np.intp)[:-1]
    segments = np.concatenate(contours) if contours else np.zeros((0, 4, 2))
    for array in (segments, starts):
        array.flags.writeable = False
    return Glyphs(x, segments, starts)


def width(text: str, size: float, weight: Weight = "medium", markup: bool = False) -> float:
    """The advance of a run at ``size``, in the pixels that ``size`` is in."""
    return shape(text, weight, markup).advance * size


def cap_height(weight: Weight = "medium") -> float:
    """Height of a flat capital, em."""
    return _face(weight).cap


def missing(text: str) -> set[str]:
    """The characters of ``text`` that cannot be drawn as themselves; control and format characters are among them."""
    return {c for c in set(text) if not _face("medium").has(c)}


def covers(text: str) -> bool:
    """Whether every character of ``text`` has a glyph."""
    return not missing(text)


def draw_safe(text: str, limit: int = 40) -> str:
    """Text of a user's as it can be drawn, on one line and never longer than ``limit`` characters.

    White space becomes a space; format characters (bidi controls, joiners, variation selectors) and all but two
    combining marks a letter go; control characters, unpaired surrogates and characters without a glyph become `BOX`;
    what is too long ends in ``…``.
    """
    room = 8 * limit  # bounds the work on a text of any length; what is cut off shows as "…"
    kept, marks = list[str](), 0
    for c in unicodedata.normalize("NFC", text[:room]):
        marks = marks + 1 if unicodedata.combining(c) else 0
        if c.isspace():
            kept.append(" ")
        elif marks <= _MARKS_KEPT and not _is_format(c):
            kept.append(c if _face("medium").has(c) else BOX)
    if len(kept) <= limit and len(text) <= room:
        return "".join(kept)
    return "".join(kept[: limit - 1]).rstrip() + ELLIPSIS


def _is_format(c: str) -> bool:
    """Invisible by design: joiners, bidi controls, soft hyphen, tags, variation selectors."""
    return unicodedata.category(c) == "Cf" or "\ufe00" <= c <= "\ufe0f" or "\U000e0100" <= c <= "\U000e01ef"


def _parts(text: str) -> Iterator[tuple[str, float, float]]:
    """The runs of a marked-up text: (characters, scale, rise in em)."""
    end = 0
    for match in _MARKUP.finditer(text):
        yield text[end : match.start()], 1.0, 0.0
        yield match[2], SUBSCRIPT, _RISE[match[1]]
        end = match.end()
    yield text[end:], 1.0, 0.0


@cache
def _face(weight: Weight) -> _Face:
    return _Face((files("layeranim") / "data" / "fonts" / _FILES[weight]).read_bytes())


class _Face:
    """One weight of Inter: its shaper and its outlines."""

    def __init__(self, data: bytes) -> None:
        uharfbuzz = import_module("uharfbuzz")  # 40 ms, and only who draws text needs it
        self._hb: Any = uharfbuzz
        face = uharfbuzz.Face(data)
        self._font, self._em = uharfbuzz.Font(face), float(face.upem)
        self._pen, self._outlines = _pen(uharfbuzz), dict[int, list[Contour]]()
        self._characters = frozenset(face.unicodes)
        self._digit = 0.0
        self._digit = max(advance for _, advance, _ in self._shaped(_DIGITS))
        self.cap, self._x_height = self._top("H"), self._top("x")
        low, high = _bounds(self.glyph("−")[1])[:, 1].tolist()
        self.axis, self.stroke = (low + high) / 2, high - low

    def has(self, c: str) -> bool:
        return c in _DRAWN or (ord(c) in self._characters and not unicodedata.category(c).startswith("C"))

    def run(self, text: str) -> tuple[float, list[Contour]]:
        """(advance, contours) of a run, em."""
        if absent := sorted({c for c in text if not self.has(c)}):
            names = ", ".join(f"U+{ord(c):04X}" for c in absent)
            raise LayeranimError(f"no glyph for {names} in the bundled font; text of a user's goes through draw_safe")
        x, contours = 0.0, list[Contour]()
        for drawn_here, group in groupby(text, _DRAWN.__contains__):
            for advance, glyph in map(self._draw, group) if drawn_here else self._place("".join(group)):
                contours += [c + np.array([x, 0.0]) for c in glyph]
                x += advance
        return x, contours

    def _draw(self, c: str) -> tuple[float, list[Contour]]:
        return _DRAWN[c](self)

    def _place(self, text: str) -> Iterator[tuple[float, list[Contour]]]:
        """(advance, contours) a glyph. Inter 3 has no mark positions of its own: h̃ and x̂ get theirs here."""
        back, box = 0.0, np.zeros((2, 2))
        for c, advance, glyph in self._shaped(text):
            side = unicodedata.combining(c)
            if side and glyph:
                low, high = _bounds(glyph)
                shift = np.array([(box[0, 0] + box[1, 0] - low[0] - high[0]) / 2 - back, 0.0])
                if side == _ABOVE:
                    shift[1] = max(0.0, box[1, 1] - self._x_height)
                    box[1, 1] = high[1] + shift[1]
                elif side == _BELOW:
                    shift[1] = min(0.0, box[0, 1])
                    box[0, 1] = low[1] + shift[1]
                yield 0.0, [g + shift for g in glyph]
                continue
            back, box = advance, _bounds(glyph)
            yield advance, glyph

    def _shaped(self, text: str) -> list[tuple[str, float, list[Contour]]]:
        """(character, advance, contours) a glyph. Language and script are fixed: HarfBuzz would ask the locale."""
        buffer = self._hb.Buffer()
        buffer.add_str(text)
        buffer.cluster_level = self._hb.BufferClusterLevel.CHARACTERS
        buffer.direction, buffer.script, buffer.language = "ltr", "Latn", "en"
        self._hb.shape(self._font, buffer, _FEATURES)
        return [
            (c := text[info.cluster], self._advance(c, place.x_advance / self._em), self._outline(info.codepoint))
            for info, place in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True)
        ]

    def _advance(self, c: str, advance: float) -> float:
        """Inter 3.19's tabular 4 is 2 or 3 units narrower than the other digits in two weights; here it is not."""
        return max(self._digit, advance) if c in _DIGITS else advance

    def _outline(self, glyph: int) -> list[Contour]:
        if glyph not in self._outlines:
            commands = list[tuple[str, list[float]]]()
            self._font.draw_glyph(glyph, self._pen, commands)
            self._outlines[glyph] = [c / self._em for c in _contours(commands)]
        return self._outlines[glyph]

    def glyph(self, c: str) -> tuple[float, list[Contour]]:
        """(advance, contours) of one character, em."""
        ((_, advance, contours),) = self._shaped(c)
        return advance, contours

    def _top(self, c: str) -> float:
        return float(_bounds(self.glyph(c)[1])[1, 1])


def _bounds(contours: list[Contour]) -> NDArray[np.float64]:
    """Lower left and upper right corner of the ink, ``(2, 2)``."""
    if not contours:
        return np.zeros((2, 2))
    points = np.concatenate(contours).reshape(-1, 2)
    return np.stack([points.min(axis=0), points.max(axis=0)])


def _pen(uharfbuzz: Any) -> Any:
    """HarfBuzz drawing functions that append (command, coordinates) to the list given as drawing data."""
    pen = uharfbuzz.DrawFuncs()
    pen.set_move_to_func(lambda *a: a[-1].append(("move", a[:-1])))
    pen.set_line_to_func(lambda *a: a[-1].append(("line", a[:-1])))
    pen.set_cubic_to_func(lambda *a: a[-1].append(("cubic", a[:-1])))
    pen.set_close_path_func(lambda commands: commands.append(("close", ())))
    return pen


def _contours(commands: list[tuple[str, list[float]]]) -> Iterator[Contour]:
    """Closed contours of cubic segments, font units.

    Inter's outlines are CFF: moves, lines and cubics only; HarfBuzz draws the closing line itself.
    """
    segments, at = list[Contour](), np.zeros(2)
    for command, numbers in commands:
        if command == "close":
            if segments:
                yield np.stack(segments)
            segments = []
            continue
        points = np.array(numbers, np.float64).reshape(-1, 2)
        if command == "cubic":
            segments.append(np.stack([at, *points]))
        elif command == "line" and np.any(points[0] != at):
            segments.append(_line(at, points[0]))
        at = points[-1]


def _line(a: NDArray[np.float64], b: NDArray[np.float64]) -> Contour:
    return np.stack([a, a + (b - a) / 3, a + (b - a) * 2 / 3, b])


# ── glyphs that Inter lacks ──────────────────────────────────────────────────


def _polygon(*corners: tuple[float, float]) -> Contour:
    points = np.array(corners)
    return np.stack([_line(a, b) for a, b in zip(points, np.roll(points, -1, axis=0), strict=True)])


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


def _circled(face: _Face, inside: Literal["dot", "plus", "times"]) -> tuple[float, list[Contour]]:
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


def _bracket(face: _Face, foot: bool, right: bool) -> tuple[float, list[Contour]]:
    """⌊ ⌋ ⌈ ⌉: Inter's ``[`` with one of its arms."""
    advance, outline = face.glyph("[")
    (x0, y0), (x1, y1) = _bounds(outline)
    stem = face.stroke
    corners = [(x0, y0), (x1, y0), (x1, y0 + stem), (x0 + stem, y0 + stem), (x0 + stem, y1), (x0, y1)]
    if not foot:
        corners = [(x, y0 + y1 - y) for x, y in reversed(corners)]
    if right:
        corners = [(advance - x, y) for x, y in reversed(corners)]
    return advance, [_polygon(*corners)]


def _asterisk(face: _Face) -> tuple[float, list[Contour]]:
    """∗: Inter's ``*`` lowered to the axis."""
    advance, outline = face.glyph("*")
    (_, low), (_, high) = _bounds(outline)
    drop = np.array([0.0, face.axis - (low + high) / 2])
    return advance, [c + drop for c in outline]


def _transpose(face: _Face) -> tuple[float, list[Contour]]:
    """ᵀ: a superscript T."""
    advance, outline = face.glyph("T")
    return advance * SUBSCRIPT, [c * SUBSCRIPT + np.array([0.0, SUPERSCRIPT_RISE]) for c in outline]


def _tofu(face: _Face) -> tuple[float, list[Contour]]:
    """▯: an upright box as high as a capital."""
    stroke = 0.6 * face.stroke
    inner = _rectangle(0.08 + stroke, stroke, 0.56 - stroke, face.cap - stroke)
    return 0.64, [_rectangle(0.08, 0.0, 0.56, face.cap), _hole(inner)]


_DRAWN: dict[str, Callable[[_Face], tuple[float, list[Contour]]]] = {
    "⊙": lambda face: _circled(face, "dot"),
    "⊕": lambda face: _circled(face, "plus"),
    "⊗": lambda face: _circled(face, "times"),
    "⌊": lambda face: _bracket(face, foot=True, right=False),
    "⌋": lambda face: _bracket(face, foot=True, right=True),
    "⌈": lambda face: _bracket(face, foot=False, right=False),
    "⌉": lambda face: _bracket(face, foot=False, right=True),
    "∗": _asterisk,
    "ᵀ": _transpose,
    BOX: _tofu,
}
