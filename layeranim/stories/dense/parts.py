"""What a dense layer's scene asks of its story: which cells fill in which act, what is framed, what is counted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from layeranim.stories.nodes import Network
from layeranim.stories.storyboard import Cells, Line, Point

Where = list[tuple[int, int]]
Fill = tuple[str, Cells, Where | None]
"""A grid, what it shows, and which of its cells."""


@dataclass(frozen=True, eq=False)
class Acts:
    """The acts of one unit of the film: cells that change at once, multiply, sum up, land; what is framed."""

    look: list[Fill] = field(default_factory=list)
    multiply: list[Fill] = field(default_factory=list)
    sum: list[Fill] = field(default_factory=list)
    land: list[Fill] = field(default_factory=list)
    focus: list[tuple[str, range, range]] = field(default_factory=list)
    target: list[tuple[str, int, int]] = field(default_factory=list)
    labels: list[tuple[Point, Line]] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class DenseParts:
    """Everything a dense layer's scene places besides its grids."""

    acts: Callable[[int], Acts]
    counter: Callable[[int], Line]
    first: int
    units: int
    network: Network | None = None
    signs: tuple[tuple[Point, str], ...] = ()
    lanes: tuple[tuple[tuple[Point, ...], str], ...] = ()
    lanes_of: Callable[[int], tuple[tuple[Point, ...], ...]] = lambda u: ()
    chips: tuple[tuple[Point, str], ...] = ()
    operators: tuple[tuple[Point, str], ...] = ()
    labels: tuple[tuple[Point, Line], ...] = ()
    cleared: tuple[str, ...] = ()
    finish: Callable[[int], Acts] | None = None
    headings: Callable[[int], dict[str, Line]] = lambda u: {}
    winner: Callable[[int], int] = lambda u: u

    def new_sample(self, u: int) -> bool:
        """Whether another sample begins with this unit."""
        return u % self.units == 0
