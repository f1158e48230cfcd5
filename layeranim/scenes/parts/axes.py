"""Axes: the lines of a picture with two axes, and what their ticks say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from layeranim import theme as t
from layeranim.borrowed import VMobject
from layeranim.scenes.parts.label import TextLine
from layeranim.scenes.parts.shapes import polyline
from layeranim.stories import phrases
from layeranim.stories.stage.plans import Tick
from layeranim.stories.storyboard import Box
from layeranim.theme import Theme

HALF = 8
"""Half the height of a digit: its middle stands at its tick."""


def ticks(
    box: Box, across: Sequence[Tick], along: Sequence[Tick], theme: Theme, below: float = 28, beside: float = 12
) -> Iterator[TextLine]:
    """What the axes below and left of a box say; in the corner where both begin the left one stands higher."""
    reach = min((tick.at - phrases.width(tick.line, t.FLOOR) / 2 for tick in across), default=box.right)
    met = reach < box.x - beside + HALF / 2
    for tick in across:
        yield TextLine(tick.line, t.FLOOR, theme, (tick.at, box.bottom - below), "centre")
    for tick in along:
        lower = HALF if not met or tick.at - box.bottom > HALF else 0
        yield TextLine(tick.line, t.FLOOR, theme, (box.x - beside, tick.at - lower), "right")


def rules(box: Box, along: Sequence[Tick], theme: Theme) -> Iterator[VMobject]:
    """A line across the box at every tick of its upright axis."""
    for tick in along:
        yield polyline([[(box.x, tick.at), (box.right, tick.at)]], theme.raised, t.HAIR)


def corner(box: Box, theme: Theme) -> VMobject:
    """The two axes, left and below."""
    return polyline([[(box.x, box.y), (box.x, box.bottom), (box.right, box.bottom)]], theme.muted, t.HAIR)


def ruler(left: float, right: float, base: float, across: Sequence[Tick], theme: Theme) -> Iterator[VMobject]:
    """A number line with a notch and a number at every tick."""
    yield polyline([[(left, base), (right, base)]], theme.muted, t.HAIR)
    for tick in across:
        yield polyline([[(tick.at, base), (tick.at, base - 6)]], theme.muted, t.HAIR)
        yield TextLine(tick.line, t.FLOOR, theme, (tick.at, base - 28), "centre")
