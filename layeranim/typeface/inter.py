"""The bundled Inter: what it has, and how a run of it stands on a line."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from itertools import groupby

import numpy as np

from layeranim.errors import LayeranimError
from layeranim.typeface.drawn import DRAWN
from layeranim.typeface.outlines import Contour, Letter, Shaper, bounds

DIGITS = "0123456789"
FEATURES = {"tnum": True, "kern": True, "calt": False, "liga": False}
ABOVE, BELOW = 230, 220  # canonical combining classes: mark above, mark below


class Inter:
    """One weight of Inter."""

    def __init__(self, data: bytes) -> None:
        self._shaper = Shaper(data)
        self._digit = 0.0
        self._digit = max(advance for _, _, advance, _ in self._shaped(DIGITS))
        self.cap, self._x_height = self._top("H"), self._top("x")
        low, high = bounds(self.glyph("−")[1])[:, 1].tolist()
        self.axis, self.stroke = (low + high) / 2, high - low

    def has(self, c: str) -> bool:
        """Whether a character can be drawn as itself."""
        return c in DRAWN or (ord(c) in self._shaper.characters and not unicodedata.category(c).startswith("C"))

    def letters(self, text: str, rtl: bool = False) -> Iterator[Letter]:
        """The letters of a run, from left to right; ``rtl``: read from right to left, with brackets turned round."""
        if absent := sorted({c for c in text if not self.has(c)}):
            names = ", ".join(f"U+{ord(c):04X}" for c in absent)
            raise LayeranimError(f"no glyph for {names} in the bundled font; text of a user's goes through draw_safe")
        groups = [(drawn_here, "".join(group)) for drawn_here, group in groupby(text, DRAWN.__contains__)]
        for drawn_here, part in reversed(groups) if rtl else groups:
            yield from (Letter(c, *DRAWN[c](self)) for c in part) if drawn_here else self._place(part, rtl)

    def glyph(self, c: str) -> tuple[float, list[Contour]]:
        """(advance, contours) of one character, em."""
        ((_, _, advance, contours),) = self._shaped(c)
        return advance, contours

    def _place(self, text: str, rtl: bool) -> Iterator[Letter]:
        """The font's own letters. Inter 3 has no mark positions of its own: h̃ and x̂ get theirs here."""
        back, base, box = 0.0, list[Contour](), None
        for c, number, advance, glyph in self._shaped(text, rtl):
            side = unicodedata.combining(c)
            if side and glyph:
                low, high = bounds(glyph)
                box = bounds(base) if box is None else box
                shift = np.array([(box[0, 0] + box[1, 0] - low[0] - high[0]) / 2 - back, 0.0])
                if side == ABOVE:
                    shift[1] = max(0.0, box[1, 1] - self._x_height)
                    box[1, 1] = high[1] + shift[1]
                elif side == BELOW:
                    shift[1] = min(0.0, box[0, 1])
                    box[0, 1] = low[1] + shift[1]
                yield Letter(c, 0.0, [g + shift for g in glyph], number, (float(shift[0]), float(shift[1])))
                continue
            back, base, box = advance, glyph, None
            yield Letter(c, advance, glyph, number)

    def _shaped(self, text: str, rtl: bool = False) -> list[tuple[str, int, float, list[Contour]]]:
        """(character, number, advance, contours) a glyph."""
        placed = self._shaper.placed(text, FEATURES, rtl, script="Latn")
        return [(one.character, one.glyph, self._advance(one.character, one.advance), one.contours) for one in placed]

    def _advance(self, c: str, advance: float) -> float:
        """Inter 3.19's tabular 4 is 2 or 3 units narrower than the other digits in two weights; here it is not."""
        return max(self._digit, advance) if c in DIGITS else advance

    def _top(self, c: str) -> float:
        return float(bounds(self.glyph(c)[1])[1, 1])
