"""Contest: a critic's curve over real numbers, forged ones and the noise that these are made of."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from layeranim import theme
from layeranim.engine.trace import Array, Region
from layeranim.layout import even
from layeranim.numbers import evenly
from layeranim.records import dataclass
from layeranim.stories import phrases
from layeranim.stories.stage.axes import LARGEST, marks
from layeranim.stories.stage.figures import Figures
from layeranim.stories.stage.parts.base import HEADING, Actor, Moment
from layeranim.stories.stage.plans import ContestPlan, Plan, Tick
from layeranim.stories.stage.solver import Extent, Setting, Spot
from layeranim.stories.stage.verbs import Sway, Verb
from layeranim.stories.storyboard import Box, Fact, Line, Run

LEAST, MOST = 300.0, 640.0
HIGH, HIGHER = 150.0, 300.0
LANE, AXIS = 36.0, 46.0
"""From line to line, and the room for what the axis says."""
MANY = 40
"""Of more numbers on a line so many are drawn, evenly chosen."""
NAMES = ("real", "forged", "noise")
ROLES = ("i", "f", "muted")
Places = tuple[float | None, ...]


@dataclass(frozen=True)
class Contest(Actor):
    """The shares ``curve`` (units, points) that a critic gives at ``points``, over lines on the same axis: the numbers
    ``real``, ``forged`` (units, numbers) and ``noise``. What is on the first two lines stands on the curve too.
    """

    curve: str
    points: str
    real: str
    forged: str
    noise: str
    text: str

    kind = "contest"
    about = "curve"

    @property
    def draws(self) -> tuple[str, ...]:
        return (self.forged,)

    def _names(self) -> list[Line]:
        return [(Run(name, role, "semibold", Fact("name")),) for name, role in zip(NAMES, ROLES, strict=True)]

    def _title(self) -> Line:
        return (Run(self.text, "o", "semibold", Fact("name")),)

    def _beside(self) -> float:
        return 24 + max(phrases.width(line, theme.FLOOR) for line in self._names())

    def measure(self, s: Setting) -> Extent:
        half = (HEADING + HIGH + len(NAMES) * LANE + AXIS) / 2
        least = max(LEAST, phrases.width(self._title(), theme.NAME))
        return Extent(least + self._beside(), half, half, max(0.0, MOST - least), (HIGHER - HIGH) / 2)

    def place(self, s: Setting, spot: Spot) -> Iterator[Plan]:
        lower, beside = len(NAMES) * LANE + AXIS, self._beside()
        high = min(2 * min(spot.up, spot.down) - HEADING - lower, HIGHER)
        width = min(spot.width, MOST + beside) - beside
        top = spot.y + (high + lower - HEADING) / 2
        box = Box(even(spot.x - (width + beside) / 2 + beside), even(top), even(width), even(high))
        lanes = tuple(even(box.bottom - 14 - (k + 0.5) * LANE) for k in range(len(NAMES)))
        base = even(lanes[-1] - LANE / 2 - 4)
        ends = self._range(s.figures)
        ticks = marks(*ends, width) if ends else []
        places = self._across(s.figures, box, np.array([v for v, _ in ticks]))
        points = len(s.figures.trace[self.points])
        trace = s.figures.trace
        yield ContestPlan(
            self.names[0], box,
            tuple(Tick(box.bottom + v * box.h, line) for v, line in marks(0, 1, 4 * box.h, 2)),
            tuple(Tick(x, line) for x, (_, line) in zip(places, ticks, strict=True) if x is not None),
            (lanes[0], lanes[1], lanes[2]), base,
            tuple(((box.x - 16 - phrases.width(line, theme.FLOOR), y - 8), line)
                  for y, line in zip(lanes, self._names(), strict=True)),
            tuple(box.x + k / (points - 1) * box.w for k in range(points)),
            self._across(s.figures, box, some(trace[self.real])),
            self._across(s.figures, box, some(trace[self.noise])),
            self._title(), (box.x, box.y + theme.HEADING_GAP),
        )  # fmt: skip

    def _range(self, figures: Figures) -> tuple[float, float] | None:
        """From the first point of the curve to the last, if an axis can be so long."""
        points = np.asarray(figures.trace[self.points], np.float64)
        low, high = float(points[0]), float(points[-1])
        return (low, high) if np.isfinite([low, high]).all() and 0 < high / 2 - low / 2 < LARGEST / 2 else None

    def _across(self, figures: Figures, box: Box, values: Array) -> Places:
        """Where numbers lie on the axis; nowhere where there is none."""
        ends = self._range(figures)
        if ends is None:
            return (None,) * len(values)
        low, high = ends
        return tuple(box.x + (float(v) - low) / (high - low) * box.w if low <= v <= high else None for v in values)

    # ── acts ─────────────────────────────────────────────────────────────────
    def _heights(self, figures: Figures, plan: ContestPlan, unit: int) -> Places:
        shares = np.asarray(figures.trace[self.curve][unit], np.float64)
        return tuple(plan.box.bottom + float(v) * plan.box.h if np.isfinite(v) else None for v in shares)

    def _state(self, figures: Figures, plan: ContestPlan, unit: int, pale: bool = False) -> Sway:
        forged = self._across(figures, plan.box, some(figures.trace[self.forged][unit]))
        return Sway(plan.name, self._heights(figures, plan, unit), forged, pale=pale)

    def writes(self, figures: Figures, plan: ContestPlan, region: Region, moment: Moment) -> Iterator[Verb]:
        now = self._state(figures, plan, moment.unit)
        if moment.unit == figures.first:
            yield now
        else:
            before = self._state(figures, plan, moment.unit - 1)
            yield Sway(plan.name, now.curve, now.forged, before.curve, before.forged)

    def passes(self, figures: Figures, plan: ContestPlan, first: int, last: int) -> Iterator[Verb]:
        yield self._state(figures, plan, last)

    def opens(self, figures: Figures, plan: ContestPlan, unit: int) -> Iterator[Verb]:
        yield self._state(figures, plan, figures.stop - 1, pale=True)


def some(values: Array) -> Array:
    """So many numbers as are drawn."""
    return values[evenly(range(len(values)), MANY)]
