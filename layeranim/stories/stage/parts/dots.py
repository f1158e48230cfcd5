"""Dots: the cells of one unit on number lines, one line a tensor: how a mean and a deviation move them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from layeranim import theme
from layeranim.engine.trace import Array, Region
from layeranim.layout import even
from layeranim.numbers import evenly
from layeranim.records import dataclass
from layeranim.stories import phrases
from layeranim.stories.stage.axes import finite, marks, rounded
from layeranim.stories.stage.figures import Figures
from layeranim.stories.stage.parts.base import Actor, Moment
from layeranim.stories.stage.plans import DotsPlan, Plan, Strand, Tick
from layeranim.stories.stage.solver import Extent, Setting, Spot
from layeranim.stories.stage.verbs import Clear, Strew, Verb
from layeranim.stories.storyboard import Address, Line, Run

LEAST, MOST = 260.0, 460.0
LANE, CLOSE, LANE_MOST = 84.0, 62.0, 110.0
"""From line to line: where dots fall from one to the next, and where each keeps to its own."""
AXIS = 40.0
MEASURES = 3.0
"""The width at size 1 of ``μ`` and ``σ`` with the spaces around them."""


@dataclass(frozen=True)
class DotLane:
    """One number line: the tensor whose cells lie on it, its name; a tensor of means, one of deviations beside them.

    Without a mean the deviation is one from 0.
    """

    tensor: str
    text: str
    mean: str | None = None
    deviation: str | None = None


@dataclass(frozen=True)
class Dots(Actor):
    """Number lines one under another, on one axis; ``along`` is the axis whose cells are the dots.

    Dots fall from line to line, or ``onward`` from where they lay in the unit before. The axis goes no further from 0
    than ``limit``, and what is beyond lies at its ends.
    """

    lanes: tuple[DotLane, ...]
    along: tuple[str, ...]
    onward: bool = False
    limit: float | None = None

    @property
    def draws(self) -> tuple[str, ...]:
        return tuple(t for lane in self.lanes for t in (lane.tensor, lane.mean, lane.deviation) if t)

    @property
    def names(self) -> tuple[str, ...]:
        return ("dots",)

    def _names(self, figures: Figures) -> list[Line]:
        return [phrases.name(lane.text) for lane in self.lanes]

    def measure(self, s: Setting) -> Extent:
        names = self._beside(s.figures)
        least = CLOSE if self.onward else LANE
        half = (len(self.lanes) * least + AXIS) / 2
        return Extent(names + 24 + LEAST, half, half, MOST - LEAST, len(self.lanes) * (LANE_MOST - least) / 2)

    def _beside(self, figures: Figures) -> float:
        """The room left of the lines: for the longest name, and for a mean and a deviation in numbers."""
        wide = max((sum(figures.wide(t) for t in (lane.mean, lane.deviation) if t) + MEASURES
                    for lane in self.lanes if lane.deviation), default=0.0)  # fmt: skip
        return max(wide * theme.FLOOR, *(phrases.width(line, theme.NAME) for line in self._names(figures)))

    def place(self, s: Setting, spot: Spot) -> Iterator[Plan]:
        names = self._names(s.figures)
        wide = self._beside(s.figures)
        left, right = even(spot.x - spot.width / 2 + wide + 24), even(spot.x + spot.width / 2 - 8)
        count = len(self.lanes)
        lane = min(LANE_MOST, (min(spot.up, spot.down) * 2 - AXIS) / count)
        top = spot.y + (count * lane + AXIS) / 2
        ys = tuple(even(top - (i + 0.5) * lane) for i in range(count))
        base = even(ys[-1] - lane / 2)
        low, high = self._range(s.figures)
        scale = (right - left) / (high - low)
        across = tuple(Tick(left + (v - low) * scale, line) for v, line in marks(low, high, right - left))
        placed = tuple(
            ((left - 24 - phrases.width(line, theme.NAME), y - 9), line) for y, line in zip(ys, names, strict=True)
        )
        strands = tuple(Strand(item.tensor, None, tuple(s.figures.fixed.items())) for item in self.lanes)
        yield DotsPlan("dots", left, right, ys, placed, strands, across, base)

    def _range(self, figures: Figures) -> tuple[float, float]:
        ends = [figures.trace[lane.tensor] for lane in self.lanes]
        values = np.concatenate([finite(v) for v in ends])
        if self.limit is not None:
            values = np.clip(values, -self.limit, self.limit)
        return rounded(float(values.min()), float(values.max()))

    # ── acts ─────────────────────────────────────────────────────────────────
    def _values(self, figures: Figures, tensor: str, unit: int) -> tuple[Array, tuple[Address, ...]]:
        """The cells that are the dots of a lane, and their addresses."""
        axes, here = figures.trace.axes(tensor), figures.units.covering(figures.here(unit))
        where = tuple((axis, here[axis]) for axis in axes if axis in here and axis not in self.along)
        region = Region(tensor, where)
        values, sources = np.ravel(figures.trace.read(region)), figures.covered(region)
        picked = evenly(range(len(values)), MANY)
        return values[picked], tuple(sources[i] for i in picked)

    def _strewn(self, figures: Figures, plan: DotsPlan, lane: int, moment: Moment, fall: bool) -> Strew:
        """The dots of one lane, falling from those of the lane above."""
        item, unit = self.lanes[lane], moment.unit
        values, sources = self._values(figures, item.tensor, unit)
        at = self._across(figures, plan, values)
        start = None
        if self.onward and unit > figures.first:
            start = self._across(figures, plan, self._values(figures, item.tensor, unit - 1)[0])
        elif fall and lane and not self.onward:
            above, _ = self._values(figures, self.lanes[lane - 1].tensor, unit)
            start = self._across(figures, plan, above)
        told = next((i for i, s in enumerate(sources) if s.index == moment.target.index), -1)
        mean, band = self._spread(figures, plan, item, moment)
        return Strew(plan.name, lane, at, start, told, mean, band, self._said(figures, item, moment),
                     self.onward)  # fmt: skip

    def _across(self, figures: Figures, plan: DotsPlan, values: Array) -> tuple[float, ...]:
        low, high = self._range(figures)
        inside = np.clip(np.nan_to_num(np.asarray(values, np.float64)), low, high)
        return tuple((plan.left + (inside - low) / (high - low) * (plan.right - plan.left)).tolist())

    def _spread(
        self, figures: Figures, plan: DotsPlan, lane: DotLane, moment: Moment
    ) -> tuple[float | None, tuple[float, float] | None]:
        """The mean's tick and the band of one deviation, where the lane has them by now."""
        if lane.mean is not None and lane.mean not in moment.made:
            return None, None
        mean = self._one(figures, lane.mean, moment.unit) if lane.mean else 0.0
        (at,) = self._across(figures, plan, np.array([mean]))
        if lane.deviation is None or lane.deviation not in moment.made:
            return at, None
        half = self._one(figures, lane.deviation, moment.unit)
        low, high = self._across(figures, plan, np.array([mean - half, mean + half]))
        return at, (low, high)

    def _said(self, figures: Figures, lane: DotLane, moment: Moment) -> Line:
        """The mean and the deviation in numbers, as far as they are known."""
        out: list[Run] = []
        for sign, tensor in (("μ", lane.mean), ("σ" if lane.mean else "RMS", lane.deviation)):
            if tensor is not None and tensor in moment.made:
                address = figures.cell_of(tensor, moment.unit, {})
                out += [Run(f"{'   ' if out else ''}{sign} "), Run(figures.text(address), "ink", source=address)]
        return tuple(out)

    def _one(self, figures: Figures, tensor: str, unit: int) -> float:
        return figures.value(figures.cell_of(tensor, unit, {}))

    def writes(self, figures: Figures, plan: DotsPlan, region: Region, moment: Moment) -> Iterator[Verb]:
        for i, lane in enumerate(self.lanes):
            if region.tensor == lane.tensor or region.tensor in (lane.mean, lane.deviation):
                yield self._strewn(figures, plan, i, moment, region.tensor == lane.tensor)

    def changes(self, figures: Figures, plan: DotsPlan, moment: Moment) -> Iterator[Verb]:
        if self.onward:
            return
        yield Clear(plan.name)
        bare = replace(moment, made=frozenset())
        for i, lane in enumerate(self.lanes):
            if figures.trace.tensor(lane.tensor).role == "input":
                yield self._strewn(figures, plan, i, bare, False)

    def passes(self, figures: Figures, plan: DotsPlan, first: int, last: int) -> Iterator[Verb]:
        """Dots that go on from unit to unit lie where the last one has them."""
        made = frozenset(name for lane in self.lanes for name in (lane.mean, lane.deviation) if name)
        for i, lane in enumerate(self.lanes if self.onward else ()):
            moment = Moment(last, figures.cell_of(lane.tensor, last, {}), made=made)
            yield self._strewn(figures, plan, i, moment, False)


MANY = 60
"""Of more dots so many are drawn, evenly chosen."""
