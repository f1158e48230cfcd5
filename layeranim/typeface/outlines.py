"""A font under HarfBuzz: a run of text becomes glyphs, each with its place and its outline, in em."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layeranim.records import dataclass

Contour = NDArray[np.float64]


@dataclass(frozen=True)
class Placed:
    """One glyph: the character that it begins with, its number, how far it moves on, where it stands, its outline."""

    character: str
    glyph: int
    advance: float
    dx: float
    dy: float
    contours: list[Contour]


@dataclass(frozen=True)
class Letter:
    """What stands at one place of a line: its text, how far it moves on and its outline from there, em.

    ``glyph`` is its number in the bundled font, where its outline is that font's, moved by ``shift``; of what is drawn
    here or comes from a font of the user's there is none, and that may be several letters.
    """

    text: str
    advance: float
    contours: list[Contour]
    glyph: int | None = None
    shift: tuple[float, float] = (0.0, 0.0)


class Shaper:
    """One font file. Nothing of the machine enters: no other font, no locale."""

    def __init__(self, data: bytes) -> None:
        uharfbuzz = import_module("uharfbuzz")  # 40 ms, and only who draws text needs it
        self._hb: Any = uharfbuzz
        face = uharfbuzz.Face(data)
        self.font, self.em = uharfbuzz.Font(face), float(face.upem)
        self.glyph_count: int = face.glyph_count
        self.characters = frozenset(face.unicodes)
        self._pen, self._outlines = pen_of(uharfbuzz), dict[int, list[Contour]]()

    def placed(
        self, text: str, features: Mapping[str, bool], rtl: bool = False, script: str | None = None
    ) -> list[Placed]:
        """The glyphs of a run in one direction, from left to right; without a script, that of its letters."""
        buffer = self._hb.Buffer()
        buffer.add_str(text)
        buffer.cluster_level = self._hb.BufferClusterLevel.CHARACTERS
        buffer.direction, buffer.language = "rtl" if rtl else "ltr", "en"
        if script:
            buffer.script = script
        buffer.guess_segment_properties()
        self._hb.shape(self.font, buffer, dict(features))
        return [
            Placed(
                text[info.cluster],
                info.codepoint,
                at.x_advance / self.em,
                at.x_offset / self.em,
                at.y_offset / self.em,
                self.outline(info.codepoint),
            )
            for info, at in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True)
        ]

    def outline(self, glyph: int) -> list[Contour]:
        """The contours of a glyph by its number in the font."""
        if glyph not in self._outlines:
            commands = list[tuple[str, list[float]]]()
            self.font.draw_glyph(glyph, self._pen, commands)
            self._outlines[glyph] = [c / self.em for c in contours_of(commands)]
        return self._outlines[glyph]

    def inked(self, c: str) -> bool:
        """Whether a character has a glyph with an outline: those of some emoji fonts are bitmaps, which have none."""
        glyph = self.font.get_nominal_glyph(ord(c)) if ord(c) in self.characters else None
        return glyph is not None and bool(self.outline(glyph))


def bounds(contours: list[Contour]) -> NDArray[np.float64]:
    """Lower left and upper right corner of the ink, ``(2, 2)``."""
    if not contours:
        return np.zeros((2, 2))
    points = np.concatenate(contours).reshape(-1, 2)
    return np.stack([points.min(axis=0), points.max(axis=0)])


def line(a: NDArray[np.float64], b: NDArray[np.float64]) -> Contour:
    """A straight segment as a cubic."""
    return np.stack([a, a + (b - a) / 3, a + (b - a) * 2 / 3, b])


def pen_of(uharfbuzz: Any) -> Any:
    """HarfBuzz drawing functions that append (command, coordinates) to the list given as drawing data."""
    pen = uharfbuzz.DrawFuncs()
    pen.set_move_to_func(lambda *a: a[-1].append(("move", a[:-1])))
    pen.set_line_to_func(lambda *a: a[-1].append(("line", a[:-1])))
    pen.set_quadratic_to_func(lambda *a: a[-1].append(("quadratic", a[:-1])))
    pen.set_cubic_to_func(lambda *a: a[-1].append(("cubic", a[:-1])))
    pen.set_close_path_func(lambda commands: commands.append(("close", ())))
    return pen


def contours_of(commands: list[tuple[str, list[float]]]) -> Iterator[Contour]:
    """Closed contours of cubic segments, font units; HarfBuzz draws the closing line itself.

    Inter's outlines are CFF: lines and cubics. Those of TrueType are quadratic, and a cubic can say the same.
    """
    segments, x, y = list[float](), 0.0, 0.0
    for command, numbers in commands:
        if command == "close":
            if segments:
                yield np.array(segments).reshape(-1, 4, 2)
            segments = []
            continue
        *_, to_x, to_y = numbers
        if command == "cubic":
            segments += (x, y, *numbers)
        elif command == "quadratic":
            by_x, by_y = 2 * numbers[0], 2 * numbers[1]
            segments += (x, y, (x + by_x) / 3, (y + by_y) / 3, (to_x + by_x) / 3, (to_y + by_y) / 3, to_x, to_y)
        elif command == "line" and (to_x, to_y) != (x, y):
            along, up = to_x - x, to_y - y
            segments += (x, y, x + along / 3, y + up / 3, x + along * 2 / 3, y + up * 2 / 3, to_x, to_y)
        x, y = to_x, to_y
