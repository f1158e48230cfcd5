"""Picture: a tensor as the pixels of one picture, without gaps and numerals, as large as there is room."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from layeranim import layout, numbers, theme
from layeranim.layout import even
from layeranim.records import dataclass
from layeranim.stories import phrases
from layeranim.stories.stage.figures import Figures
from layeranim.stories.stage.parts.base import HEADING, heading_at
from layeranim.stories.stage.parts.grid import Grid
from layeranim.stories.stage.plans import Plan
from layeranim.stories.stage.solver import Extent, Setting, Spot
from layeranim.stories.storyboard import GridPlan, Line, Run

LEAST, MOST = (200.0, 150.0), (520.0, 400.0)
"""Width and height of a picture that has little room, and of one that has much; whichever bounds it first."""
PIXEL = 40.0
"""The largest a pixel becomes."""


@dataclass(frozen=True)
class Picture(Grid):
    """The cells of ``tensor`` as pixels. What they are says `Play.kinds`: grey, ink, or numbers with a sign.

    ``least`` is the width below which it would rather have another arrangement.
    """

    least: float = LEAST[0]

    def _side(self, shape: tuple[int, int], width: float, height: float) -> float:
        """The side of a pixel in that room."""
        return layout.heat(*shape, width, height, PIXEL).pitch[0]

    def heading(self, figures: Figures, unit: int = 0) -> Line:
        """Its name and size; of a relief what its two colours say."""
        line = super().heading(figures, unit)
        if figures.film.kinds.get(self.tensor) != "relief":
            return line
        return (*line, Run(f"  {numbers.MINUS}", "negative", "semibold"), Run(" +", "positive", "semibold"))

    @property
    def _over(self) -> float:
        """The room of its heading, where it has one."""
        return HEADING if self.text else 0.0

    def measure(self, s: Setting) -> Extent:
        rows, cols = shape = self.shown(s.figures).shape
        low, high = self._side(shape, self.least, LEAST[1] * self.least / LEAST[0]), self._side(shape, *MOST)
        title = phrases.width(self.heading(s.figures), theme.NAME)
        wide = max(low * cols, title)
        return Extent(wide, low * rows / 2 + self._over, low * rows / 2, max(0.0, high * cols - wide),
                      (high - low) * rows / 2)  # fmt: skip

    def place(self, s: Setting, spot: Spot) -> Iterator[Plan]:
        shown = self.shown(s.figures)
        rows, cols = shown.shape
        side = self._side(shown.shape, min(spot.width, MOST[0]), min(2 * min(spot.up - self._over, spot.down), MOST[1]))
        at = even(spot.x - side * cols / 2), even(spot.y + side * rows / 2)
        given, line = not s.figures.made(self.tensor), self.heading(s.figures)
        plan = GridPlan(
            self.title, self.tensor, rows, cols, at, (side, side), row_axis=shown.rows, col_axis=shown.cols,
            fixed=self._fixed(s.figures), empty=not given, heading=line, joined=True,
            cells=s.figures.cells(shown, s.figures.first, False) if given else None,
        )  # fmt: skip
        yield replace(plan, heading_at=heading_at(line, plan.box, spot.width))
