"""A TrueType font made here: every character an outline with one curve, as wide as it is told."""

from __future__ import annotations

import struct
from collections.abc import Mapping

EM = 1000


def truetype(advances: Mapping[str, int], empty: str = "") -> bytes:
    """A font of these characters with their advances; those in ``empty`` have no outline."""
    characters = sorted(advances)
    glyphs = [_glyph(300), *(b"" if c in empty else _glyph(advances[c] - 100) for c in characters)]
    offsets = [sum(map(len, glyphs[:n])) for n in range(len(glyphs) + 1)]
    widths = [500, *(advances[c] for c in characters)]
    tables = {
        b"cmap": _cmap(characters),
        b"glyf": b"".join(glyphs),
        b"head": struct.pack(
            ">2I2I2H2q4h2H3h", 0x10000, 0x10000, 0, 0x5F0F3CF5, 3, EM, 0, 0, 0, 0, EM, 700, 0, 8, 2, 1, 0
        ),
        b"hhea": struct.pack(">I3hH3h3h4hhH", 0x10000, 800, -200, 0, EM, 0, 0, EM, 1, 0, 0, *[0] * 4, 0, len(widths)),
        b"hmtx": b"".join(struct.pack(">Hh", width, 50) for width in widths),
        b"loca": struct.pack(f">{len(offsets)}I", *offsets),
        b"maxp": struct.pack(">I14H", 0x10000, len(glyphs), 8, 1, *[0] * 11),
    }
    at = 12 + 16 * len(tables)
    directory, body = struct.pack(">I4H", 0x10000, len(tables), 0, 0, 0), b""
    for tag, data in sorted(tables.items()):
        directory += tag + struct.pack(">3I", 0, at + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    return directory + body


def _glyph(width: int) -> bytes:
    """A block from 50 to ``width`` + 50, 700 high, its upper right corner rounded by a quadratic curve."""
    left, right = 50, width + 50
    points = [(left, 0, 1), (left, 700, 1), (right - 100, 700, 1), (right, 700, 0), (right, 600, 1), (right, 0, 1)]
    data = struct.pack(">5h", 1, 50, 0, width + 50, 700) + struct.pack(">HH", len(points) - 1, 0)
    data += bytes(on for *_, on in points)
    for axis in (0, 1):
        before = 0
        for point in points:
            data += struct.pack(">h", point[axis] - before)
            before = point[axis]
    return data + bytes(-len(data) % 4)


def _cmap(characters: list[str]) -> bytes:
    groups = b"".join(struct.pack(">3I", ord(c), ord(c), glyph) for glyph, c in enumerate(characters, 1))
    table = struct.pack(">2H3I", 12, 0, 16 + len(groups), 0, len(characters)) + groups
    return struct.pack(">2H2HI", 0, 1, 3, 10, 12) + table
