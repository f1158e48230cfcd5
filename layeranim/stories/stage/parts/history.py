"""History: one number after another as a line that grows, unit by unit."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from layeranim import theme
from layeranim.engine.trace import Array, Region
from layeranim.layout import even
from layeranim.records import dataclass
from layeranim.stories.stage.axes import LARGEST, Axes, finite, marks, rounded
from layeranim.stories.stage.figures import Figures
from layeranim.stories.stage.parts.base import HEADING, Moment, Single, heading
from layeranim.stories.stage.plans import HistoryPlan, Plan, Tick
from layeranim.stories.stage.solver import Extent, Setting, Spot
from layeranim.stories.stage.verbs import Reach, Verb
from layeranim.stories.storyboard import Box

LEAST, MOST = 260.0, 520.0
HIGH, HIGHER = 96.0, 220.0
LABELS = 52.0
"""Room left of the axes for what their ticks say, and half of it below."""


@dataclass(frozen=True)
class History(Single):
    """The numbers of ``tensor`` (units) over the units of the film; of a tensor with more axes those of the cell that
    is followed at each unit. ``first`` is the number of the first unit.
    """

    first: int = 0

    kind = "history"

    def _values(self, figures: Figures) -> Array:
        if len(figures.trace.axes(self.tensor)) == 1:
            return np.asarray(figures.trace[self.tensor], float)
        return np.array(
            [figures.value(figures.cell_of(self.tensor, unit, figures.inner(unit))) for unit in range(figures.count)]
        )

    def measure(self, s: Setting) -> Extent:
        half = HIGH / 2
        return Extent(LEAST + LABELS, half + HEADING, half + LABELS / 2 + 8, MOST - LEAST, (HIGHER - HIGH) / 2)

    def place(self, s: Setting, spot: Spot) -> Iterator[Plan]:
        half = min(spot.up - HEADING, spot.down - LABELS / 2 - 8, HIGHER / 2)
        width = min(spot.width, MOST + LABELS) - LABELS
        box = Box(even(spot.x - (width + LABELS) / 2 + LABELS), even(spot.y + half), even(width), even(2 * half))
        values = np.clip(self._values(s.figures), -LARGEST, LARGEST)
        low, high = rounded(float(finite(values).min()), float(finite(values).max()))
        put = Axes(box, (0.0, float(max(1, len(values) - 1))), (low, high))
        points = tuple(put(float(k), float(v)) if np.isfinite(v) else None for k, v in enumerate(values))
        numbered = marks(self.first, put.across[1] + self.first, width, 4)
        across = tuple(Tick(put(v - self.first, low)[0], line)
                       for v, line in numbered if v == int(v))  # fmt: skip
        along = put.beside(3 * half, 3)
        line = heading(s.figures, self.tensor, self.text)[:1]
        yield HistoryPlan(
            self.names[0], self.tensor, box, across, along, points, line, (box.x, box.y + theme.HEADING_GAP)
        )

    def writes(self, figures: Figures, plan: Plan, region: Region, moment: Moment) -> Iterator[Verb]:
        yield Reach(plan.name, moment.unit)

    def passes(self, figures: Figures, plan: Plan, first: int, last: int) -> Iterator[Verb]:
        yield Reach(plan.name, last)
