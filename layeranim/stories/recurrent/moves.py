"""What a phase of a recurrent film changes on the stage: data that the scene carries out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from layeranim.stories.storyboard import Box, Cells, Line, Point

Rows = tuple[str, range]
"""Some rows of a grid: what a frame stands around."""


@dataclass(frozen=True, eq=False)
class CellMove:
    """The changes of one phase.

    ``fills`` new cells by grid, in ``only`` these of its rows; ``clear`` grids that become empty; ``bars`` bars by gate
    with their hue; ``lit`` wires; ``focus`` and ``result`` frames; ``named`` changing headings; ``carry`` grids whose
    cells travel to others, and by which way; ``show`` cuts to ``cell`` or ``strips``; ``calm`` turns all wires of the
    cell off; ``say`` brings the caption, ``land`` its late part; ``lag`` from one new cell to the next; ``done`` units
    are through after it, where its beat has several.
    """

    fills: Mapping[str, Cells] = field(default_factory=dict)
    clear: tuple[str, ...] = ()
    bars: Mapping[str, tuple[list[Box], str]] = field(default_factory=dict)
    lit: tuple[str, ...] = ()
    focus: tuple[Rows, ...] = ()
    result: tuple[Rows, ...] = ()
    only: Mapping[str, range] = field(default_factory=dict)
    named: Mapping[str, tuple[Point, Line]] = field(default_factory=dict)
    carry: tuple[tuple[str, str, tuple[Point, ...]], ...] = ()
    show: str = ""
    calm: bool = False
    say: bool = False
    land: bool = False
    lag: float = 0.0
    done: int | None = None


Moves = Mapping[tuple[int, str], CellMove]
"""The move of each beat's start and phase."""
