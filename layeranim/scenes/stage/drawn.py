"""What is drawn of one plan: what stands there from the start, and over it what comes and goes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, TypeVar

from layeranim.scenes.parts.label import TextLine
from layeranim.scenes.parts.shape import Bundle
from layeranim.stories.storyboard import Line, Point
from layeranim.theme import Theme

P = TypeVar("P")


class DrawnPlan(Bundle, Generic[P]):
    """The picture of one plan; ``moving`` is what comes and goes, which a part adds over what it places first."""

    def __init__(self, plan: P, theme: Theme) -> None:
        super().__init__()
        self.plan, self.theme, self.moving = plan, theme, Bundle()

    def clear(self) -> None:
        """What came leaves."""
        self.moving.remove(*self.moving.submobjects)

    def write(self, lines: Iterable[tuple[Point, Line]], size: float) -> None:
        """Lines of text, each from where it starts."""
        self.add(*(TextLine(line, size, self.theme, at) for at, line in lines))
