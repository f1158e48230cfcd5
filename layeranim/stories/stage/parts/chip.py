"""Chip: an activation between two parts, its curve drawn small in an outline, its name over it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from layeranim import theme
from layeranim.engine.replay import OPERATIONS
from layeranim.layout import even
from layeranim.stories import phrases
from layeranim.stories.activations import activation_name
from layeranim.stories.stage.axes import Axes
from layeranim.stories.stage.figures import Figures
from layeranim.stories.stage.parts.base import HEADING, Actor
from layeranim.stories.stage.plans import ChipPlan, Plan
from layeranim.stories.stage.solver import Extent, Setting, Spot
from layeranim.stories.storyboard import Box, Fact, Line, Point, Run

WIDE, HIGH, INSET = 80.0, 64.0, 8.0
REACH = 4.0
"""So far to either side of 0 the curve is drawn."""
POINTS = 81


@dataclass(frozen=True)
class Chip(Actor):
    """The function that makes ``y``: the operation of the step that writes it."""

    y: str

    @property
    def draws(self) -> tuple[str, ...]:
        return ()

    @property
    def names(self) -> tuple[str, ...]:
        return (f"{self.y}:chip",)

    def _heading(self, figures: Figures) -> Line:
        step = figures.acted(self.y).step
        named = str(dict(step.parameters).get("name", step.operation.replace("_", "-")))
        return (Run(activation_name(named), "muted", "semibold", Fact("activation")),)

    def measure(self, s: Setting) -> Extent:
        name = phrases.width(self._heading(s.figures), theme.NAME)
        return Extent(max(WIDE, even(name)), HIGH / 2 + HEADING, HIGH / 2)

    def place(self, s: Setting, spot: Spot) -> Iterator[Plan]:
        box = Box(even(spot.x - WIDE / 2), even(spot.y + HIGH / 2), WIDE, HIGH)
        line = self._heading(s.figures)
        at = spot.x - phrases.width(line, theme.NAME) / 2, box.y + theme.HEADING_GAP - 4
        yield ChipPlan(self.names[0], box, self._curve(s.figures, box), line, at)

    def _curve(self, figures: Figures, box: Box) -> tuple[Point, ...]:
        """The function around 0, as high as its box; none of one that takes several numbers together."""
        step = figures.acted(self.y).step
        if step.operation != "activate":
            return ()
        x = np.linspace(-REACH, REACH, POINTS)
        y = np.asarray(OPERATIONS["activate"].run(x, **dict(step.parameters)))
        inner = box.outset(-INSET)
        low, high = float(min(y.min(), 0.0)), float(max(y.max(), 0.0))
        put = Axes(inner, (-REACH, REACH), (low, high if high > low else low + 1.0))
        return tuple(put(float(a), float(b)) for a, b in zip(x, y, strict=True))
