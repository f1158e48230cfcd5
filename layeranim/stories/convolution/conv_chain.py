"""What stands between a convolution's products and its output: Σ, bias, activation, and the lanes that join them."""

from __future__ import annotations

from dataclasses import dataclass

from layeranim import theme
from layeranim.stories import phrases
from layeranim.stories.activations import activation_name, chip_width
from layeranim.stories.convolution.conv_view import ConvView
from layeranim.stories.storyboard import Box, GridPlan, Point
from layeranim.stories.window_stage import LABEL, WindowStage, beside_name


@dataclass(frozen=True)
class Spacing:
    """How far apart the operators after the products stand.

    ``sum_at`` leads from the products' right edge to the middle of Σ, ``step`` from one operator to the next with room
    for a number under each, ``ending`` from the last one to the output.
    """

    sum_at: float
    step: float
    ending: float

    def width(self, view: ConvView, chip: float) -> float:
        """From the products to the output, with the operators that this film has."""
        steps: float = self.step * (view.biased + view.activated) + (chip - 40 if view.activated else 0)
        return self.sum_at + 20 + steps + self.ending


BIAS_HALF = 48  # from the middle of a bias to what may stand beside it
AT_EASE, TIGHT = Spacing(62, 96, 76), Spacing(50, 64, 52)


@dataclass(frozen=True)
class Chain:
    """The operators after the products: where they stand and what they are called."""

    start: Point
    sum: Point
    bias: Point | None = None
    activation: Point | None = None
    name: str = ""
    end: Point = (0, 0)
    feeders: tuple[tuple[Point, ...], ...] = ()
    standoff: float = 0

    def value_at(self, operator: Point) -> tuple[Point, str]:
        """Where the number that has passed an operator stands, and which side of it is there: under the operator, or
        beside the lane that comes up to Σ from the lower channels."""
        if self.feeders and operator == self.sum:
            return (operator[0] + 10, operator[1] - 46), "left"
        return (operator[0], operator[1] - 46), "centre"

    def lane(self, grid: Box, y: float) -> tuple[Point, ...]:
        """The way from the last operator to the edge of a grid, at the row at ``y``; only the name is in its way."""
        clear = grid.x - theme.ARROW_GAP - self.standoff
        target = clear if beside_name(grid, y) else grid.x - theme.ARROW_GAP
        if abs(y - self.end[1]) < 2:
            return (self.end[0] + 4, y), (target, y)
        knee = min(self.end[0] + 26, clear - 24)
        return (self.end[0] + 4, self.end[1]), (knee, self.end[1]), (knee, y), (target, y)


def chained(view: ConvView, grids: dict[str, GridPlan], stage: WindowStage, spacing: Spacing) -> Chain:
    """The operators between the products and the output, spread over the room that is there."""
    last = "partial_sums" if view.depth > 1 else next(n for n in ("products", "kernel", "window") if n in stage.corners)
    source = [grid.box for name, grid in grids.items() if name.startswith(last + ":")]
    block = {n: g for n, g in grids.items() if not n.startswith(("input", "output"))}
    if last in ("products", "partial_sums"):
        ends, right = source, max(b.right for b in source)
    else:  # the lane leaves between the window and the kernel, past their names
        ends = [g.box for g in block.values()]
        named = [
            g.heading_at[0] + phrases.width(g.heading, theme.NAME) for g in block.values() if g.heading and g.heading_at
        ]
        right = max(*(b.right for b in ends), *named)
    y = round(sum(b.centre[1] for b in ends) / len(ends))
    out_left = min(g.box.x for n, g in grids.items() if n.startswith("output")) - (
        LABEL if view.shown_filters > 1 else 0
    )
    name = activation_name(view.config.activation)
    total = spacing.width(view, chip_width(name))
    spare = max(0.0, min(60.0, (out_left - right - total) / 3))
    x = right + spacing.sum_at + spare
    sum_at, bias, activation = (x, y), None, None
    edge = x + 20
    if view.biased:
        x = max(x + spacing.step, _beside(block, last, y))
        bias, edge = (x, y), x + 20
    if view.activated:
        x += spacing.step + chip_width(name) / 2 - 20
        activation, edge = (x, y), x + chip_width(name) / 2
    feeders = tuple(_feeder(box.right + 8, box.centre[1], sum_at) for box in source) if view.depth > 1 else ()
    return Chain(
        (right + 10, y), sum_at, bias, activation, name, (edge, y), feeders, LABEL if view.shown_filters > 1 else 0
    )


def _beside(block: dict[str, GridPlan], last: str, y: float) -> float:
    """Where a bias over the lane stands clear of the name over the products, if that is at its height."""
    heads = [(g.heading_at, g.heading) for n, g in block.items() if n.startswith(last) and g.heading and g.heading_at]
    level = [at[0] + phrases.width(head, theme.NAME) for at, head in heads if y + 30 < at[1] < y + 150]
    return max(level, default=-theme.WIDTH) + BIAS_HALF


def _feeder(x: float, y: float, at: Point) -> tuple[Point, ...]:
    if abs(y - at[1]) < 2:
        return (x, y), (at[0] - 24, y)
    return (x, y), (at[0], y), (at[0], at[1] + (24 if y > at[1] else -24))
