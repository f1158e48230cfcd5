"""Tables as text, for who prints them."""

from __future__ import annotations

from collections.abc import Collection, Sequence


def aligned(rows: Sequence[Sequence[str]], right: Collection[str] = ()) -> str:
    """Rows under their first, the titles, in columns as wide as need be; those titled in ``right`` end alike."""
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    sides = [str.rjust if title in right else str.ljust for title in rows[0]]
    lines = ("  ".join(side(text, n) for side, text, n in zip(sides, row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)
