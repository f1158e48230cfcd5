"""Text → glyph outlines and advances, from the bundled Inter: the same on every machine.

No Pango, no fontconfig, no LaTeX: HarfBuzz shapes the run (``tnum`` and ``kern`` on, ligatures off) and hands out the
outlines. Everything is in em on a real baseline (y = 0, y up); multiply by a size in design pixels.
Operators that Inter lacks are drawn to the weight of its own minus sign (``drawn``). A font of the user's
(``with_font``) gives what Inter lacks, in any direction of writing; no font of the machine is ever looked at.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, lru_cache
from itertools import groupby
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from layeranim.bundled import bundled
from layeranim.records import dataclass
from layeranim.theme import SUBSCRIPT, SUBSCRIPT_DROP, SUPERSCRIPT_RISE
from layeranim.typeface import bidi, foreign
from layeranim.typeface.drawn import BOX as BOX
from layeranim.typeface.foreign import JOINERS
from layeranim.typeface.foreign import Font as Font
from layeranim.typeface.inter import Inter
from layeranim.typeface.outlines import Contour
from layeranim.typeface.outlines import Letter as Letter

Weight = Literal["regular", "medium", "semibold"]

ELLIPSIS = "…"

FILES = {"regular": "Inter-Regular.otf", "medium": "Inter-Medium.otf", "semibold": "Inter-SemiBold.otf"}
_MARKUP = re.compile(r"([_^])\{([^{}]*)\}")
_RISE = {"_": SUBSCRIPT_DROP, "^": SUPERSCRIPT_RISE}
_MARKS_KEPT = 2  # more combining marks on one letter would climb out of its line
_LISTED = 8
_FONT: ContextVar[Font | None] = ContextVar("font", default=None)


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


@contextmanager
def with_font(font: Font | None) -> Iterator[None]:
    """Text in this block may take from ``font`` what Inter lacks."""
    token = _FONT.set(font)
    try:
        yield
    finally:
        _FONT.reset(token)


def shape(text: str, weight: Weight = "medium", markup: bool = False) -> Glyphs:
    """Lay out one run of text.

    ``markup`` turns ``h_{t−1}`` into a subscript and ``x^{2}`` into a superscript; without it every character is
    itself. A character without a glyph raises LayeranimError: text of the user's goes through `draw_safe` first.
    """
    return _shape(text, weight, markup, _FONT.get())


@lru_cache(maxsize=4096)
def _shape(text: str, weight: Weight, markup: bool, font: Font | None) -> Glyphs:
    x, contours = 0.0, list[Contour]()
    for run, scale, rise in _runs(text, weight, markup, font):
        advance = 0.0
        for letter in run:
            contours += [(c + np.array([advance, 0.0])) * scale + np.array([x, rise]) for c in letter.contours]
            advance += letter.advance
        x += advance * scale
    starts = np.cumsum([0, *map(len, contours)], dtype=np.intp)[:-1]
    segments = np.concatenate(contours) if contours else np.zeros((0, 4, 2))
    for array in (segments, starts):
        array.flags.writeable = False
    return Glyphs(x, segments, starts)


def letters(text: str, weight: Weight = "medium", markup: bool = False) -> Iterator[tuple[Letter, float, float, float]]:
    """The letters of a run, each with its scale and where it stands, x and y, em: what ``shape`` draws, one by one."""
    x = 0.0
    for run, scale, rise in _runs(text, weight, markup, _FONT.get()):
        for letter in run:
            yield letter, scale, x, rise
            x += letter.advance * scale


def width(text: str, size: float, weight: Weight = "medium", markup: bool = False) -> float:
    """The advance of a run at ``size``, in the pixels that ``size`` is in."""
    return _advance(text, weight, markup, _FONT.get()) * size


def cap_height(weight: Weight = "medium") -> float:
    """Height of a flat capital, em."""
    return _face(weight).cap


def missing(text: str) -> set[str]:
    """The characters of ``text`` that cannot be drawn as themselves; control and format characters are among them."""
    return {c for c in set(text) if not _drawable(c)}


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
            kept.append(c if _drawable(c) else BOX)
    if len(kept) <= limit and len(text) <= room:
        return "".join(kept)
    return "".join(kept[: limit - 1]).rstrip() + ELLIPSIS


def lost(text: str) -> str:
    """What `draw_safe` boxes in ``text``, some of it, as a warning lists it; empty if it boxes nothing."""
    absent = sorted(c for c in missing(text) if not c.isspace() and not _is_format(c))
    shown = [c if c.isprintable() and not unicodedata.combining(c) else f"U+{ord(c):04X}" for c in absent[:_LISTED]]
    return " ".join(shown) + (" …" if absent[_LISTED:] else "")


def _drawable(c: str) -> bool:
    font = _FONT.get()
    return _face("medium").has(c) or (font is not None and foreign.face(font).has(c))


def _is_format(c: str) -> bool:
    """Invisible by design: joiners, bidi controls, soft hyphen, tags, variation selectors."""
    if c in JOINERS and _FONT.get() is not None:
        return False
    return unicodedata.category(c) == "Cf" or "\ufe00" <= c <= "\ufe0f" or "\U000e0100" <= c <= "\U000e01ef"


def _parts(text: str) -> Iterator[tuple[str, float, float]]:
    """The runs of a marked-up text: (characters, scale, rise in em)."""
    end = 0
    for match in _MARKUP.finditer(text):
        yield text[end : match.start()], 1.0, 0.0
        yield match[2], SUBSCRIPT, _RISE[match[1]]
        end = match.end()
    yield text[end:], 1.0, 0.0


@lru_cache(maxsize=4096)
def _runs(text: str, weight: Weight, markup: bool, font: Font | None) -> list[tuple[list[Letter], float, float]]:
    """The runs of a text: (letters, scale, rise in em)."""
    parts = _parts(text) if markup else [(text, 1.0, 0.0)]
    return [(list(_run(part, _face(weight), font)), scale, rise) for part, scale, rise in parts]


@lru_cache(maxsize=4096)
def _advance(text: str, weight: Weight, markup: bool, font: Font | None) -> float:
    """How far a text moves on, em: what is only measured needs no outline of its own."""
    x = 0.0
    for run, scale, _ in _runs(text, weight, markup, font):
        advance = 0.0
        for letter in run:
            advance += letter.advance
        x += advance * scale
    return x


def _run(text: str, face: Inter, font: Font | None) -> Iterator[Letter]:
    """The letters of a run, em: from Inter, and where there is a font of the user's, from left to right."""
    if font is None or all(map(face.has, text)):
        yield from face.letters(text)
        return
    for piece, rtl in bidi.visual(text):
        parts = list(_owners(piece, face, foreign.face(font)))
        for owned, part in reversed(parts) if rtl else parts:
            if owned:
                yield from face.letters(part, rtl)
            else:
                yield Letter(part, *foreign.face(font).run(part, rtl))


def _owners(text: str, inter: Inter, other: foreign.Foreign) -> Iterator[tuple[bool, str]]:
    """The stretches of one font; ``True`` for Inter's. A mark stays with its letter, if that one's font has it."""
    owned: list[bool] = []
    for c in text:
        with_letter = bool(owned) and not owned[-1] and unicodedata.combining(c) > 0 and other.has(c)
        owned.append(inter.has(c) and not with_letter)
    at = 0
    for mine, group in groupby(owned):
        length = len(list(group))
        yield mine, text[at : at + length]
        at += length


@cache
def _face(weight: Weight) -> Inter:
    return Inter(bundled(f"fonts/{FILES[weight]}"))
