"""A font of the user's, for what Inter lacks: another script, signs of a field."""

from __future__ import annotations

import hashlib
import unicodedata
from dataclasses import field
from functools import lru_cache

import numpy as np

from layeranim.errors import InputError
from layeranim.records import dataclass
from layeranim.typeface.outlines import Contour, Shaper

JOINERS = "\u200c\u200d"
"""Invisible, but they decide how letters join."""
FEATURES = {"kern": True}


@dataclass(frozen=True)
class Font:
    """A font file: its ``name`` to show, the SHA-256 of what is in it."""

    name: str
    digest: str
    data: bytes = field(repr=False, compare=False)

    @classmethod
    def of(cls, name: str, data: bytes) -> Font:
        """Raises ``InputError`` for what HarfBuzz cannot read."""
        made = cls(name, hashlib.sha256(data).hexdigest(), data)
        try:
            shaper = face(made)._shaper
        except Exception as error:  # whatever a decoder of foreign bytes raises
            raise InputError(f"font {name}: cannot be read; give a TrueType or OpenType file, .ttf or .otf") from error
        if not shaper.glyph_count or not shaper.characters:
            raise InputError(f"font {name}: holds no characters; give a TrueType or OpenType file, .ttf or .otf")
        return made


class Foreign:
    """A font of the user's: one weight, whatever is asked for."""

    def __init__(self, data: bytes) -> None:
        self._shaper = Shaper(data)
        self._known: dict[str, bool] = {}

    def has(self, c: str) -> bool:
        """Whether a character can be drawn as itself."""
        if c not in self._known:
            control = unicodedata.category(c).startswith("C")
            self._known[c] = c in JOINERS or (not control and (c.isspace() or self._shaper.inked(c)))
        return self._known[c]

    def run(self, text: str, rtl: bool) -> tuple[float, list[Contour]]:
        """(advance, contours) of a run in one direction, em; HarfBuzz joins the letters and sets the marks."""
        x, contours = 0.0, list[Contour]()
        for one in self._shaper.placed(text, FEATURES, rtl):
            contours += [c + np.array([x + one.dx, one.dy]) for c in one.contours]
            x += one.advance
        return x, contours


@lru_cache(maxsize=4)
def face(font: Font) -> Foreign:
    """The font under HarfBuzz."""
    return Foreign(font.data)
