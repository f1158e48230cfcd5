"""The progress bar along the bottom edge."""

from __future__ import annotations

import itertools

from layeranim import theme as t
from layeranim.canvas import Canvas
from layeranim.scenes.parts.shape import Bundle
from layeranim.scenes.parts.shapes import rectangle
from layeranim.stories.storyboard import Box
from layeranim.theme import Theme


class Progress(Bundle):
    """The bar along the bottom edge: a segment a unit up to 24 units, one growing bar beyond."""

    def __init__(self, total: int, theme: Theme, canvas: Canvas) -> None:
        super().__init__()
        self.total, self.theme, self.canvas = total, theme, canvas
        self.segments = total if 0 < total <= t.PROGRESS_SEGMENTS else 0
        y, left = -self.canvas.height / 2 + t.PROGRESS_HEIGHT, -self.canvas.width / 2
        if self.segments:
            edges = [left + self.canvas.width * i / total for i in range(total + 1)]
            for a, b in itertools.pairwise(edges):
                gap = t.PROGRESS_GAP if b < -left else 0
                self.add(rectangle(Box(a, y, b - a - gap, t.PROGRESS_HEIGHT), theme.raised, radius=0))
        else:
            self.add(rectangle(Box(left, y, self.canvas.width, t.PROGRESS_HEIGHT), theme.raised, radius=0))

    def to(self, done: int, current: int | None) -> None:
        """Colour what is done, what is under way, what is to come."""
        if self.segments:
            for i, part in enumerate(self.submobjects):
                colour = self.theme.focus if i == current else self.theme.faint if i < done else self.theme.raised
                part.set_fill(colour)
            return
        self.remove(*self.submobjects[1:])
        if done:
            y, left = -self.canvas.height / 2 + t.PROGRESS_HEIGHT, -self.canvas.width / 2
            box = Box(left, y, self.canvas.width * done / max(1, self.total), t.PROGRESS_HEIGHT)
            self.add(rectangle(box, self.theme.focus, radius=0))
