"""Lattice: parts in rows and columns, bodies of a row on one line, cells of a column of one width."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from layeranim.layout import even
from layeranim.records import dataclass
from layeranim.stories.stage.lines import GAP, GAP_MOST, Sign, Way, as_node, clings
from layeranim.stories.stage.solver import COLUMN_GAP, Extent, Node, Setting, Spot

if TYPE_CHECKING:
    from layeranim.stories.stage.plans import Plan

Place = tuple[int, Node, int]
"""In which column a part stands, and over how many it reaches."""


@dataclass(frozen=True, init=False)
class Lattice:
    """Several matrix products at once: what is multiplied stands in the row or the column of what comes out.

    ``rows`` are parts from left to right; ``None`` leaves a place free, a pair of a part and a number reaches over so
    many columns.
    """

    rows: tuple[tuple[Place, ...], ...]
    columns: int

    def __init__(self, *rows: Sequence[Node | str | tuple[Node, int] | None]) -> None:
        placed = tuple(tuple(_placed(row)) for row in rows)
        object.__setattr__(self, "rows", placed)
        object.__setattr__(self, "columns", max(at + span for row in placed for at, _, span in row))

    @property
    def nodes(self) -> tuple[Node, ...]:
        return tuple(node for row in self.rows for _, node, _ in row)

    # ── room ─────────────────────────────────────────────────────────────────
    def _setting(self, s: Setting, at: int, span: int) -> Setting:
        """Cells that stand over each other have one width."""
        if span > 1:
            return s
        column = [node for row in self.rows for place, node, over in row if (place, over) == (at, 1)]
        names = [name for node in column if (name := getattr(node, "tensor", None))]
        wide = max((s.figures.wide(name) for name in names), default=0.0) if len(names) > 1 else 0.0
        return replace(s, even=True, wide=max(s.wide, wide))

    def _measured(self, s: Setting) -> tuple[list[list[Extent]], list[float]]:
        """The room of every part, and of every column."""
        parts = [[node.measure(self._setting(s, at, span)) for at, node, span in row] for row in self.rows]
        widths = [0.0] * self.columns
        rows = zip(self.rows, parts, strict=True)
        every = [(span, at, part.width - self._free(s, row, at, node)) for row, found in rows
                 for (at, node, span), part in zip(row, found, strict=True)]  # fmt: skip
        for span, at, width in sorted(every, key=lambda one: one[:2]):
            has = sum(widths[at : at + span]) + sum(self._gaps(GAP)[at : at + span - 1])
            widths[at + span - 1] += max(0.0, width - has)
        return parts, widths

    def _free(self, s: Setting, row: tuple[Place, ...], at: int, node: Node) -> float:
        """What a heading left of a part takes of a place that is free."""
        taken = any(first <= at - 1 < first + span for first, _, span in row)
        overhang = getattr(node, "overhang", None)
        return overhang(s) if overhang and at and not taken else 0.0

    def _gaps(self, size: float) -> list[float]:
        """Between columns; a column of signs stands closer, and so does one that clings to the one before."""
        signs = {at for row in self.rows for at, node, _ in row if isinstance(node, (Sign, Way))}
        close = {at for row in self.rows for at, node, _ in row if clings(node)}
        return [GAP / 2 if at + 1 in close else size / 2 if {at, at + 1} & signs else size
                for at in range(self.columns - 1)]  # fmt: skip

    def measure(self, s: Setting) -> Extent:
        parts, widths = self._measured(s)
        high = sum(_up(row) + _down(row) for row in parts) + COLUMN_GAP * (len(parts) - 1)
        gaps = sum(self._gaps(GAP))
        return Extent(sum(widths) + gaps, high / 2, high / 2, sum(self._gaps(GAP_MOST)) - gaps)

    def place(self, s: Setting, spot: Spot) -> Iterator[Plan]:
        parts, widths = self._measured(s)
        need, gaps, most = self.measure(s), self._gaps(GAP), self._gaps(GAP_MOST)
        share = min(1.0, (spot.width - need.width) / max(1.0, need.grow))
        gaps = [a + (b - a) * share for a, b in zip(gaps, most, strict=True)]
        left = [spot.x - (sum(widths) + sum(gaps)) / 2]
        for width, gap in zip(widths, [*gaps, 0.0], strict=True):
            left.append(left[-1] + width + gap)
        y = spot.y + need.up
        for row, found in zip(self.rows, parts, strict=True):
            y -= _up(found)
            for at, node, span in row:
                wide = sum(widths[at : at + span]) + sum(gaps[at : at + span - 1])
                here = Spot(even(left[at] + wide / 2), even(y), wide, _up(found), _down(found))
                yield from node.place(self._setting(s, at, span), here)
            y -= _down(found) + COLUMN_GAP


def _placed(row: Sequence[Node | str | tuple[Node, int] | None]) -> Iterator[Place]:
    at = 0
    for one in row:
        node, span = one if isinstance(one, tuple) else (one, 1)
        if node is not None:
            yield at, as_node(node), span
        at += span


def _up(row: Sequence[Extent]) -> float:
    return max((part.up for part in row), default=0.0)


def _down(row: Sequence[Extent]) -> float:
    return max((part.down for part in row), default=0.0)
