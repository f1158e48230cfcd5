"""Text as one mobject on a real baseline, outlines shaped by HarfBuzz from the bundled font."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from layeranim import typeface
from layeranim.borrowed import VMobject
from layeranim.scenes.parts.shape import Bundle, Shape
from layeranim.stories.storyboard import Cells, Line, Point, Run, Source
from layeranim.theme import Theme
from layeranim.typeface import Weight

Across = Literal["left", "centre", "right"]
Along = Literal["baseline", "middle"]


class Label(Shape):
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
        glyphs = typeface.shape(text, weight, markup)
        dx = {"left": 0.0, "centre": -glyphs.advance / 2, "right": -glyphs.advance}[across]
        dy = -typeface.cap_height(weight) / 2 if along == "middle" else 0.0
        outline = glyphs.contours.reshape(-1, 2) * size
        super().__init__(outline + np.array([at[0] + dx * size, at[1] + dy * size]), fill=colour)
        self.text, self.size, self.source, self.markup = text, size, source, markup
        self.weight, self.colour = weight, colour


def numeral(cells: Cells, row: int, col: int, size: float, colour: str, at: Point, across: Across = "centre") -> Label:
    """The number of a cell, its middle at a point, or beginning or ending there."""
    text = "" if cells.texts is None else cells.texts[row, col]
    return Label(text, size, colour, "medium", at, across, "middle", cells.source(row, col))


class TextLine(Bundle):
    """Several runs on one baseline: a heading, a caption."""

    def __init__(
        self,
        line: Line,
        size: float,
        theme: Theme,
        at: Point = (0, 0),
        across: Across = "left",
    ) -> None:
        super().__init__()
        widths = [typeface.width(r.text, size, r.weight, r.markup) for r in line]
        x = at[0] - {"left": 0.0, "centre": sum(widths) / 2, "right": sum(widths)}[across]
        self.runs: list[Run] = list(line)
        for run, width in zip(line, widths, strict=True):
            ink = theme.role(run.role)
            label = Label(run.text, size, ink, run.weight, (x, at[1]), source=run.source, markup=run.markup)
            self.submobjects.append(label)
            x += width

    def late(self) -> Sequence[VMobject]:
        """The labels of the runs that appear when the result lands."""
        return [label for label, run in zip(self.submobjects, self.runs, strict=True) if run.late]
