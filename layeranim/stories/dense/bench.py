"""Building blocks of a dense layer's stage: cells as wide as their numbers, headings, the pieces put together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import floor
from typing import Any

from layeranim import layout, theme
from layeranim.layout import Fit, even
from layeranim.stories import phrases
from layeranim.stories.dense.parts import Acts
from layeranim.stories.dense.view import DenseView
from layeranim.stories.nodes import Network
from layeranim.stories.storyboard import Box, GridPlan, Line, Point
from layeranim.stories.window_stage import LEFT, RIGHT

LEAST = 60  # width of a cell with a number
FAR = 96  # how far above its grid a heading may stand for the sake of one baseline


@dataclass
class Bench:
    """A stage being set: grids and whatever stands between them; ``acts`` are the acts of one unit."""

    view: DenseView
    kind: str
    grids: dict[str, GridPlan] = field(default_factory=dict)
    signs: list[tuple[Point, str]] = field(default_factory=list)
    lanes: list[tuple[tuple[Point, ...], str]] = field(default_factory=list)
    chips: list[tuple[Point, str]] = field(default_factory=list)
    operators: list[tuple[Point, str]] = field(default_factory=list)
    labels: list[tuple[Point, Line]] = field(default_factory=list)
    cleared: list[str] = field(default_factory=list)
    network: Network | None = None
    acts: Callable[[int], Acts] = lambda u: Acts()
    finish: Callable[[int], Acts] = lambda u: Acts()
    headings: Callable[[int], dict[str, Line]] = lambda u: {}
    lanes_of: Callable[[int], tuple[tuple[Point, ...], ...]] = lambda u: ()

    def put(self, name: str, tensor: str, shape: tuple[int, int], at: Point, fit: Fit, **more: Any) -> Box:
        """Place a grid and give back its outline."""
        where = even(at[0]), even(at[1])
        plan = GridPlan(name, tensor, *shape, where, fit.pitch, fit.numeral, **more)
        self.grids[name] = plan
        return plan.box

    def headed(self, name: str, line: Line, at: float | None = None) -> None:
        """A heading over a grid, or on a baseline of its own if that is not far above; it stays inside the margins."""
        plan = self.grids[name]
        room = phrases.width(line, theme.NAME)
        x = max(LEFT, min(plan.at[0], RIGHT - room))
        y = near(plan.at[1] + theme.HEADING_GAP + 2, at)
        self.grids[name] = GridPlan(**{**plan.__dict__, "heading": line, "heading_at": (x, y)})


def near(own: float, shared: float | None) -> float:
    """A heading's baseline: the shared one, unless it would stand far from what it names."""
    return own if shared is None or shared - own > FAR else shared


def fit(view: DenseView, name: str, high: float, least: float = LEAST, floor_: int = 0) -> Fit:
    """Cells of a height, as wide as the numbers of a tensor need."""
    wide = view.wide(name)
    across = max(least, 2 * floor((wide * theme.FLOOR + theme.CELL_GAP + 2 * layout.SIDE_LEAST + 1.999) / 2), floor_)
    return Fit((across, high), layout.numeral_size((across, high), wide))
