"""Text as one mobject on a real baseline, outlines shaped by HarfBuzz from the bundled font."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from manim import VGroup, VMobject

from layeranim import typeface
from layeranim.stories.storyboard import Line, Point, Run, Source
from layeranim.theme import Theme
from layeranim.typeface import Weight

PX = 1 / 90
"""Manim units to a design pixel."""

Across = Literal["left", "centre", "right"]
Along = Literal["baseline", "middle"]


class Label(VMobject):
    """One run of text, ``size`` design pixels; ``text`` and ``source`` tell what it says and where that came from."""

    def __init__(
        self,
        text: str,
        size: float,
        colour: str,
        weight: Weight = "medium",
        at: Point = (0, 0),
        across: Across = "left",
        along: Along = "baseline",
        source: Source | None = None,
        markup: bool = False,
    ) -> None:
        super().__init__(stroke_width=0, fill_opacity=1, fill_color=colour)
        glyphs = typeface.shape(text, weight, markup)
        self.text, self.size, self.source, self.markup = text, size, source, markup
        self.weight, self.colour = weight, colour
        dx = {"left": 0.0, "centre": -glyphs.advance / 2, "right": -glyphs.advance}[across]
        dy = -typeface.cap_height(weight) / 2 if along == "middle" else 0.0
        outline = glyphs.contours.reshape(-1, 2)
        points = np.zeros((len(outline), 3))
        points[:, 0] = (at[0] + (outline[:, 0] + dx) * size) * PX
        points[:, 1] = (at[1] + (outline[:, 1] + dy) * size) * PX
        self.points = points


class TextLine(VGroup):
    """Several runs on one baseline: a heading, a caption."""

    def __init__(
        self,
        line: Line,
        size: float,
        theme: Theme,
        at: Point = (0, 0),
        across: Across = "left",
        recolour: str | None = None,
    ) -> None:
        super().__init__()
        widths = [typeface.width(r.text, size, r.weight, r.markup) for r in line]
        x = at[0] - {"left": 0.0, "centre": sum(widths) / 2, "right": sum(widths)}[across]
        self.runs: list[Run] = list(line)
        for run, width in zip(line, widths, strict=True):
            colour = recolour or theme.role(run.role)
            self.add(Label(run.text, size, colour, run.weight, (x, at[1]), source=run.source, markup=run.markup))
            x += width

    def late(self) -> Sequence[VMobject]:
        """The labels of the runs that appear when the result lands."""
        return [label for label, run in zip(self.submobjects, self.runs, strict=True) if run.late]

    def prompt(self) -> Sequence[VMobject]:
        """The labels that are there from the start."""
        return [label for label, run in zip(self.submobjects, self.runs, strict=True) if not run.late]
