"""The canvas: a picture in design pixels, of the shape that was asked for, and where its furniture stands.

Every canvas has the area of 1280×720, so that letters and cells are as large beside it whatever its shape. Between
9:16 and 16:9 any shape has a canvas of its own; what is beyond stands on the nearest one between bars.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil, sqrt

from layeranim import theme
from layeranim.layout import even
from layeranim.records import dataclass

TALLEST, WIDEST = Fraction(9, 16), Fraction(16, 9)
NEAR = Fraction(99, 100)
"""A shape that is so near to 16:9 is it: 854×480."""
RAGGED = 1.15
"""How much more room words take that are broken into rows."""
ROW = 30
"""From one row of a note to the next."""
CAPTION_ROW = 40
COUNTER_HIGH = 40
"""From the counter's baseline to the stage, where no caption stands between."""
PARAMETERS_ROW = 32
TITLE_ROW = 44


@dataclass(frozen=True)
class Canvas:
    """A picture of ``width`` × ``height`` design pixels; what stands on it is measured from its middle, y up."""

    width: int = theme.WIDTH
    height: int = theme.HEIGHT

    @property
    def left(self) -> float:
        return -self.width / 2 + theme.MARGIN

    @property
    def right(self) -> float:
        return self.width / 2 - theme.MARGIN

    @property
    def room(self) -> float:
        """The width between the margins."""
        return self.width - 2 * theme.MARGIN

    @property
    def rows(self) -> int:
        """How many rows a caption, a note and the parameters may take: one where the canvas is wide."""
        if self.width >= theme.WIDTH:
            return 1
        return ceil(RAGGED * (theme.WIDTH - 2 * theme.MARGIN) / self.room)

    @property
    def narrow(self) -> bool:
        """Whether lines stand in rows on it, and what stands side by side on a wide one may stand one under another."""
        return self.rows > 1

    @property
    def note_room(self) -> float:
        """The width of a note that leaves the counter under its end some air."""
        return self.room - 2 * 104

    def zoomed(self, by: float) -> Canvas:
        """A canvas of the same shape with more room: everything on it is so many times as small in its picture."""
        return self if by == 1 else Canvas(int(even(by * self.width)), int(even(by * self.height)))

    # ── heights, y up from the middle ────────────────────────────────────────
    def from_top(self, wide: float) -> float:
        """What stands at ``wide`` on the canvas of 1280×720, as far below the upper edge."""
        return wide + (self.height - theme.HEIGHT) / 2

    def from_bottom(self, wide: float) -> float:
        """What stands at ``wide`` on the canvas of 1280×720, as far above the lower edge."""
        return wide - (self.height - theme.HEIGHT) / 2

    @property
    def note_baseline(self) -> float:
        """Of a note's first row; further ones stand below it."""
        return self.from_bottom(theme.NOTE_BASELINE) + (self.rows - 1) * ROW

    @property
    def caption_baseline(self) -> float:
        """Of a caption's last row; others stand above it."""
        return self.from_bottom(theme.CAPTION_BASELINE) + (self.rows - 1) * ROW

    def stage_bottom(self, captioned: bool = True) -> float:
        """The lower edge of the stage, over the caption; without captions over the counter and the key."""
        if not captioned:
            return self.from_bottom(theme.COUNTER_BASELINE) + COUNTER_HIGH
        return self.caption_baseline + theme.STAGE_BOTTOM - theme.CAPTION_BASELINE + (self.rows - 1) * CAPTION_ROW

    @property
    def parameters_baseline(self) -> float:
        """Of the first row of parameters under a title of one row."""
        return self.from_top(theme.PARAMETERS_BASELINE) - (theme.UNIT if self.rows > 1 else 0)

    def stage_top(self, lower: float = 0.0) -> float:
        """The upper edge of the stage under a header that reaches so much lower than one row of parameters does."""
        return self.from_top(theme.STAGE_TOP) - lower


WIDE = Canvas()
"""16:9, the shape of every film whose size says nothing else."""


def canvas(width: int, height: int) -> Canvas:
    """The canvas of a picture of that many pixels."""
    shape = min(max(Fraction(width, height), TALLEST), WIDEST)
    if shape >= WIDEST * NEAR:
        return WIDE
    across = sqrt(theme.WIDTH * theme.HEIGHT * shape)
    return Canvas(int(even(across)), int(even(theme.WIDTH * theme.HEIGHT / across)))
