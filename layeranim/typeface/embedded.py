"""The bundled Inter as a document carries it: no more of it than the letters that stand there."""

from __future__ import annotations

import struct
from collections.abc import Collection, Mapping
from importlib import import_module
from typing import Any

from layeranim.bundled import bundled
from layeranim.records import dataclass
from layeranim.typeface import FILES, Weight


@dataclass(frozen=True)
class Embedded:
    """Some glyphs of a weight: ``numbers`` leads from a glyph's number in the font to the one in ``cff``.

    ``cff`` is its table of outlines, which is what PDF carries; ``widths`` are advances by the new number, in
    thousandths of an em as are ``ascent``, ``descent`` and ``cap``.
    """

    name: str
    cff: bytes
    numbers: Mapping[int, int]
    widths: Mapping[int, int]
    ascent: int
    descent: int
    cap: int


def embedded(weight: Weight, glyphs: Collection[int]) -> Embedded:
    """What is carried of a weight for these glyphs."""
    hb: Any = import_module("uharfbuzz")
    face = hb.Face(bundled(f"fonts/{FILES[weight]}"))
    font, em = hb.Font(face), face.upem
    asked = hb.SubsetInput()
    asked.sets(hb.SubsetInputSets.GLYPH_INDEX).update(glyphs)
    asked.flags = hb.SubsetFlags.DESUBROUTINIZE | hb.SubsetFlags.NO_LAYOUT_CLOSURE | hb.SubsetFlags.NO_HINTING
    plan = hb.SubsetPlan(face, asked)
    new = dict(plan.old_to_new_glyph_mapping)
    made = plan.execute().blob.data
    extents = font.get_font_extents("ltr")
    widths = {new[glyph]: round(font.get_glyph_h_advance(glyph) * 1000 / em) for glyph in sorted(new)}
    cap = font.get_glyph_extents(font.get_nominal_glyph(ord("H"))).y_bearing
    metrics = (round(value * 1000 / em) for value in (extents.ascender, extents.descender, cap))
    return Embedded(f"Inter-{weight.capitalize()}", _table(made, b"CFF "), new, widths, *metrics)


def _table(font: bytes, tag: bytes) -> bytes:
    """One table of a font file (OpenType 1.9, "Table Directory")."""
    (count,) = struct.unpack_from(">H", font, 4)
    for at in range(12, 12 + 16 * count, 16):
        name, _, start, length = struct.unpack_from(">4sIII", font, at)
        if name == tag:
            return font[start : start + length]
    raise ValueError(f"the font has no table {tag!r}")
