"""What the axes of a picture say, and where."""

from __future__ import annotations

from layeranim import theme
from layeranim.scenes.parts.axes import ticks
from layeranim.stories.stage.axes import Axes
from layeranim.stories.storyboard import Box


def test_ticks_that_meet_in_the_corner_stand_apart() -> None:
    box, light = Box(0, 100, 400, 100), theme.THEMES["light"]
    for low, apart in ((-1000.0, 9), (0.0, 2)):  # −1000 reaches under the 0 of the upright axis, 0 does not
        put = Axes(box, (low, 1000.0), (0.0, 1.0))
        across, along = put.below(), put.beside(100, 2)
        said = list(ticks(box, across, along, light, 26, 10))
        first_below, first_beside = said[0], said[len(across)]
        assert first_beside.get_bottom()[1] - first_below.get_top()[1] > apart / 90
