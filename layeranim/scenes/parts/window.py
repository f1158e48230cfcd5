"""The window that an operator works on: focus frames around its cells, and a lane from them to a numbered copy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from layeranim import theme as t
from layeranim.engine.trace import Region
from layeranim.scenes.parts.animate import TRAVEL, Appear, Follow
from layeranim.scenes.parts.shape import Bundle
from layeranim.scenes.parts.shapes import FocusFrame, Lane
from layeranim.stories.storyboard import Box, GridPlan, Point
from layeranim.theme import Theme

if TYPE_CHECKING:
    from layeranim.scenes.base import ExplainerScene

LEAD_GAP, LEAD_INSET = 7, 12  # of the lane to a copy: from what it joins, and from a copy's corners
Boxes = Mapping[str, list[Box]]
"""For each grid under the window the boxes around its cells: one, or one for each tap of a dilated window."""


class Window:
    """Focus frames on one or more grids; ``lenses`` are the outlines that a lane leads to from each of them."""

    def __init__(self, scene: ExplainerScene, theme: Theme, lenses: Sequence[Box] = ()) -> None:
        self.scene, self.theme, self.lenses = scene, theme, lenses
        self.frames: list[FocusFrame] = []
        self.lines = Bundle()

    def put(self, boxes: Boxes) -> None:
        """Bring the frames and lines to these boxes."""
        around = list(boxes.values())
        if [len(frame.boxes) for frame in self.frames] != [len(parts) for parts in around]:
            self.scene.remove(*self.frames)
            self.frames = [FocusFrame(parts, self.theme.focus, self.theme, frame_width(parts)) for parts in around]
            self.scene.add(*self.frames)
        for frame, parts in zip(self.frames, around, strict=True):
            frame.around(parts)
        self._lead(boxes)

    def travel(self, start: Boxes | None, goal: Boxes, ticks: int) -> None:
        """Slide to the boxes from those before; without a way between them appear there."""
        if start is None:
            self.put(goal)
            self.scene.run(ticks, *(Appear(frame) for frame in self.frames))
        else:
            before = start
            self.scene.run(ticks, Follow(lambda a: self.put(between(before, goal, a)), rate_func=TRAVEL))
            self.put(goal)

    def _lead(self, boxes: Boxes) -> None:
        """From a grid's edge, at the height of the window, through the gutter to the copy."""
        self.scene.remove(self.lines)
        self.lines = Bundle()
        for lens, (name, parts) in zip(self.lenses, boxes.items(), strict=False):
            grid, y = self.scene.board.grids[name].box, hull(parts).centre[1]
            start, end = (grid.right + LEAD_GAP, y), (lens.x - LEAD_GAP, into(y, lens.bottom, lens.y))
            self.lines.add(Lane(elbow(start, end), self.theme.focus, 2))
        self.scene.add(self.lines)

    def remove(self) -> None:
        """Take frames and lines away."""
        self.scene.remove(*self.frames, self.lines)
        self.frames, self.lines = [], Bundle()


def into(at: float, low: float, high: float) -> float:
    """The nearest to a coordinate along a side, clear of its corners."""
    inset = min(LEAD_INSET, (high - low) / 2)
    return min(max(at, low + inset), high - inset)


def elbow(start: Point, end: Point) -> list[Point]:
    """A way with a knee half way; straight where the ends are level."""
    if abs(start[1] - end[1]) < 1:
        return [start, (end[0], start[1])]
    knee = round((start[0] + end[0]) / 2)
    return [start, (knee, start[1]), (knee, end[1]), end]


def taps(plan: GridPlan, region: Region) -> list[Box]:
    """The boxes around a region's cells: one block, or each cell where they stand apart."""
    rows, cols = plan.block(region)
    if abs(rows.step) == 1 and abs(cols.step) == 1:
        return [plan.span(rows, cols)]
    return [plan.cell(r, c) for r in rows for c in cols]


def hull(boxes: Sequence[Box]) -> Box:
    """The box around all of them."""
    left, top = min(b.x for b in boxes), max(b.y for b in boxes)
    return Box(left, top, max(b.right for b in boxes) - left, top - min(b.bottom for b in boxes))


def between(start: Boxes, goal: Boxes, share: float) -> dict[str, list[Box]]:
    """Boxes on their way."""
    return {name: _moved(start.get(name, boxes), boxes, share) for name, boxes in goal.items()}


def _moved(start: list[Box], goal: list[Box], share: float) -> list[Box]:
    if len(start) != len(goal):  # windows of different sizes: from one to the next without a way between
        return goal
    return [between_boxes(a, b, share) for a, b in zip(start, goal, strict=True)]


def between_boxes(a: Box, b: Box, share: float) -> Box:
    """A box on its way to another."""
    return Box(*(p + (q - p) * share for p, q in ((a.x, b.x), (a.y, b.y), (a.w, b.w), (a.h, b.h))))


def frame_width(boxes: Sequence[Box]) -> float:
    """How thick the frame of a window is: thinner around small cells and around single taps."""
    if len(boxes) > 1:
        return t.SECOND_FOCUS if min(boxes[0].w, boxes[0].h) < 40 else 3.5
    return t.FOCUS if min(boxes[0].w, boxes[0].h) > 40 else 3.5
