"""Parts of a recurrent cell: gates with bars, wires that light up, operators and chips between them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from manim import VGroup

from layeranim import theme as t
from layeranim.scenes.parts.shapes import Lane, chip, rectangle
from layeranim.stories.storyboard import Box, Point
from layeranim.theme import Theme


class Wires:
    """Lanes by name: faint until they are lit, each in its role."""

    def __init__(self, theme: Theme, ways: Mapping[str, tuple[tuple[Point, ...], str]]) -> None:
        self.theme, self.ways = theme, ways
        self.lanes = {name: Lane(points, theme.faint) for name, (points, _) in ways.items()}

    def light(self, names: Iterable[str]) -> list[Lane]:
        """New lanes to lie over the faint ones."""
        out: list[Lane] = []
        for name in names:
            if name in self.lanes:
                points, role = self.ways[name]
                result = role == "result"
                lane = Lane(points, self.theme.role(role), t.RESULT_LINE if result else t.LINE,
                            t.RESULT_HEAD if result else t.ARROW_HEAD)  # fmt: skip
                out.append(lane)
        return out


class GateBars(VGroup):
    """The bars of a gate's cells."""

    def __init__(self, boxes: Iterable[Box], colour: str) -> None:
        super().__init__(*(rectangle(box, colour, radius=2) for box in boxes))


def outlines(boxes: Iterable[Box], colour: str) -> VGroup:
    """The outlines of a gate's cells in the gate's hue."""
    return VGroup(*(rectangle(box, stroke=colour, width=2) for box in boxes))


def tracks(boxes: Iterable[Box], theme: Theme) -> VGroup:
    """The empty room of bars."""
    return VGroup(*(rectangle(box, theme.raised, radius=2) for box in boxes))


def copy_of_cell(box: Box, text: str, theme: Theme) -> VGroup:
    """One copy of the cell in the unrolled layer: an outline in the weights' colour, with a function's name or none."""
    frame = rectangle(box, theme.bg, theme.weights, t.LINE, t.CHIP_RADIUS)
    return VGroup(frame, *(chip(box.centre, text, theme, theme.weights)[1:] if text else ()))
