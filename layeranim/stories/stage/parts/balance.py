"""Balance: numbers as places on a line, shares as weights that lie there; their mixture is where the line balances."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from math import sqrt

import numpy as np

from layeranim import numbers, theme
from layeranim.engine.trace import Region
from layeranim.layout import even
from layeranim.records import dataclass
from layeranim.stories import phrases
from layeranim.stories.stage.axes import finite, rounded
from layeranim.stories.stage.figures import Figures
from layeranim.stories.stage.parts.base import Actor, Moment
from layeranim.stories.stage.parts.names import SPACE, short
from layeranim.stories.stage.plans import BalancePlan, Plan
from layeranim.stories.stage.slices import Shown
from layeranim.stories.stage.solver import Extent, Setting, Spot, Unfit
from layeranim.stories.stage.verbs import Clear, Poise, Verb, Weigh
from layeranim.stories.storyboard import Box, Fact, Line, Point, Run

LEAST, MOST = 420.0, 860.0
OVER, UNDER = 92.0, 60.0
"""Above the line discs and names, under it the support and what it says."""
HEAVY = 28.0
"""The radius of a share of 1; areas are as the shares."""
MANY = 40


@dataclass(frozen=True)
class Balance(Actor):
    """The cells of ``values`` (one number for each share) as places, ``shares`` as weights, ``mixture`` in their
    balance; ``names`` are what the values are called."""

    values: str
    shares: str
    mixture: str
    called: tuple[str, ...] = ()

    kind = "balance"
    about = "mixture"

    @property
    def draws(self) -> tuple[str, ...]:
        return self.shares, self.mixture

    def _column(self, figures: Figures) -> Shown:
        """The values, one under another."""
        rows, cols = figures.trace.axes(self.values)[-2:]
        return figures.shown(self.values, rows, cols)

    def _values(self, figures: Figures) -> list[float]:
        values = np.asarray(figures.values(self._column(figures)), np.float64)
        if values.shape[1] != 1 or len(values) > MANY or not np.isfinite(values).all():
            raise Unfit(self.values)
        return [float(v) for v in values.ravel()]

    def measure(self, s: Setting) -> Extent:
        self._values(s.figures)
        if not s.look.numerals:
            raise Unfit(self.values)
        half = (OVER + UNDER) / 2
        return Extent(LEAST, half, half, MOST - LEAST)

    def _range(self, figures: Figures) -> tuple[float, float]:
        ends = [finite(figures.trace[name]) for name in (self.values, self.mixture)]
        every = np.concatenate(ends)
        return rounded(float(every.min()), float(every.max()))

    def place(self, s: Setting, spot: Spot) -> Iterator[Plan]:
        half = (OVER + UNDER) / 2
        box = Box(even(spot.x - spot.width / 2), even(spot.y + half), even(spot.width), 2 * half)
        low, high = self._range(s.figures)
        left, right = box.x + 40, box.right - 40
        scale = (right - left) / (high - low)
        places = tuple(left + (v - low) * scale for v in self._values(s.figures))
        line = even(box.y - OVER)
        yield BalancePlan(self.names[0], box, line, places, tuple(self._named(s.figures, places, line)))

    def _named(self, figures: Figures, places: tuple[float, ...], line: float) -> Iterator[tuple[Point, Line]]:
        """The values above the line, after their names, where all have room beside each other."""
        index = figures.index(self._column(figures), 0)
        words: list[Line] = []
        for i in range(len(places)):
            name = (Run(f"{short(self.called[i])} ", source=Fact("name")),) if i < len(self.called) else ()
            words.append((*name, Run(figures.text(index(i, 0)), "ink", source=index(i, 0))))
        widths = [phrases.width(word, theme.FLOOR) for word in words]
        order = sorted(range(len(words)), key=lambda i: places[i])
        apart = (places[b] - places[a] - (widths[a] + widths[b]) / 2 for a, b in pairwise(order))
        if all(room >= SPACE for room in apart):
            for x, word, wide in zip(places, words, widths, strict=True):
                yield (x - wide / 2, line + 2 * HEAVY + 10), word

    # ── acts ─────────────────────────────────────────────────────────────────
    def _weigh(self, figures: Figures, plan: BalancePlan, unit: int, pale: bool = False) -> Weigh:
        shown = figures.shown(self.shares, None, figures.trace.axes(self.shares)[-1])
        shares = np.clip(np.nan_to_num(np.asarray(figures.values(shown, unit), float).ravel()), 0.0, 1.0)
        radii = tuple(HEAVY * sqrt(share) for share in shares.tolist())
        return Weigh(plan.name, radii, tuple(numbers.heat_levels(shares).tolist()), pale)

    def _poise(self, figures: Figures, plan: BalancePlan, unit: int) -> Iterator[Poise]:
        low, high = self._range(figures)
        address = figures.cell_of(self.mixture, unit, {})
        value = figures.value(address)
        if np.isfinite(value):
            left, right = plan.box.x + 40, plan.box.right - 40
            said: Line = (Run(figures.text(address), "result", "semibold", address),)
            yield Poise(plan.name, left + (value - low) / (high - low) * (right - left), said)

    def writes(self, figures: Figures, plan: BalancePlan, region: Region, moment: Moment) -> Iterator[Verb]:
        if region.tensor == self.shares:
            yield self._weigh(figures, plan, moment.unit)
        else:
            yield from self._poise(figures, plan, moment.unit)

    def opens(self, figures: Figures, plan: BalancePlan, unit: int) -> Iterator[Verb]:
        yield self._weigh(figures, plan, unit, pale=True)

    def changes(self, figures: Figures, plan: BalancePlan, moment: Moment) -> Iterator[Verb]:
        if moment.taught:
            yield Clear(plan.name)

    def closes(self, figures: Figures, plan: BalancePlan, unit: int) -> Iterator[Verb]:
        yield self._weigh(figures, plan, unit)
        yield from self._poise(figures, plan, unit)

    def passes(self, figures: Figures, plan: BalancePlan, first: int, last: int) -> Iterator[Verb]:
        yield from self.closes(figures, plan, last)
