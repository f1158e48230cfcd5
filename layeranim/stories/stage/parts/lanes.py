"""Lanes: one unit's numbers flow from station to station; gates are valves, and pipes are as wide as what flows."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Literal

import numpy as np

from layeranim import numbers, theme
from layeranim.engine.trace import Region
from layeranim.layout import even
from layeranim.records import dataclass
from layeranim.stories import phrases
from layeranim.stories.stage.figures import Figures
from layeranim.stories.stage.parts.base import Actor, Moment
from layeranim.stories.stage.plans import LanesPlan, Pipe, Plan, Station
from layeranim.stories.stage.solver import Extent, Setting, Spot
from layeranim.stories.stage.sums import so_far
from layeranim.stories.stage.verbs import Clear, Current, Flow, Reading, Verb
from layeranim.stories.storyboard import Address, Box, Fact, Line, Run

HALF = 22.0
"""Half the height of a station."""
LABEL = 32.0
"""From a station to the name that stands over or under it, with the name."""
APART = 76.0
"""From one lane to the other."""
GAP, GAP_MOST = 16.0, 96.0
"""Between stations."""
SPACE = 8.0
"""Between a name and its number, and between a station and a pipe."""
THIN, WIDE = 2.0, 22.0
"""Width of a pipe through which nothing flows, and through which the largest number does."""
COUNTED = 6
"""Sums of more terms than these arrive at once."""


@dataclass(frozen=True)
class Stop:
    """A station as a film declares it.

    ``held`` shows a number of ``tensor``, which flows on; a ``valve`` multiplies what flows by ``tensor``, its opening,
    to ``made``; a ``plus`` adds ``tensor``, or where that is nothing what comes up from the lane below; a ``chip``
    makes ``made`` of what flows. ``text`` is what it is called, in the hue ``role``.
    """

    kind: Literal["held", "valve", "plus", "chip"]
    tensor: str
    text: str = ""
    made: str = ""
    role: str = "ink"

    @property
    def flows(self) -> str:
        """The tensor that flows on from it."""
        return self.made or self.tensor

    @property
    def meets(self) -> bool:
        """Whether the lane below comes up to it."""
        return self.kind == "plus" and not self.tensor


def Store(tensor: str, text: str) -> Stop:
    """A number that stands on a lane: a state, a candidate."""
    return Stop("held", tensor, text)


def Valve(gate: str, text: str, made: str, role: str = "ink") -> Stop:
    """A gate: what flows is multiplied by it."""
    return Stop("valve", gate, text, made, role)


@dataclass(frozen=True)
class Lanes(Actor):
    """Two lanes of ``Stop``, the lower one ending at the ``plus`` of the upper one that has no tensor of its own."""

    upper: tuple[Stop, ...]
    lower: tuple[Stop, ...] = ()

    @property
    def stops(self) -> tuple[Stop, ...]:
        return (*self.upper, *self.lower)

    @property
    def draws(self) -> tuple[str, ...]:
        named = (name for stop in self.stops for name in (stop.tensor, stop.made))
        return tuple(dict.fromkeys(name for name in named if name))

    @property
    def names(self) -> tuple[str, ...]:
        return (f"{self.upper[0].tensor}:lanes",)

    # ── room ─────────────────────────────────────────────────────────────────
    def _slots(self) -> list[list[tuple[bool, int]]]:
        """The stations that stand under one another, from left to right: whether it is an upper one, and which."""
        meets = next((k for k, stop in enumerate(self.upper) if stop.meets), len(self.upper))
        left = max(meets, len(self.lower))
        slots: list[list[tuple[bool, int]]] = [[] for _ in range(left + len(self.upper) - meets)]
        for k in range(len(self.upper)):
            slots[k if k == 0 else left - meets + k].append((True, k))
        for k in range(len(self.lower)):
            slots[left - len(self.lower) + k].append((False, k))
        return slots

    def _stop(self, upper: bool, k: int) -> Stop:
        return (self.upper if upper else self.lower)[k]

    def _body(self, s: Setting, stop: Stop) -> float:
        """The width of a station itself."""
        if stop.kind == "held":
            return even(max(56.0, s.figures.wide(stop.tensor, cells=False) * theme.NAME + 24))
        if stop.kind == "chip":
            return even(phrases.width(_name(stop), theme.FLOOR) + 24)
        return 2 * HALF

    def _number(self, s: Setting, stop: Stop) -> float:
        """The room of a number beside a station's name."""
        beside = stop.kind in ("valve", "plus") and stop.tensor
        return s.figures.wide(stop.tensor, cells=False) * theme.FLOOR + SPACE if beside else 0.0

    def _width(self, s: Setting, stop: Stop) -> float:
        label = 0.0 if stop.kind == "chip" else phrases.width(_name(stop), theme.FLOOR) + self._number(s, stop)
        return max(self._body(s, stop), label)

    def _widths(self, s: Setting) -> list[float]:
        return [max(self._width(s, self._stop(*one)) for one in slot) for slot in self._slots()]

    def measure(self, s: Setting) -> Extent:
        widths = self._widths(s)
        gaps = len(widths) - 1
        half = (2 * (HALF + LABEL) + (APART if self.lower else 0.0)) / 2
        return Extent(sum(widths) + gaps * GAP, half, half, gaps * (GAP_MOST - GAP))

    def place(self, s: Setting, spot: Spot) -> Iterator[Plan]:
        widths, need = self._widths(s), self.measure(s)
        gap = min(GAP_MOST, GAP + max(0.0, spot.width - need.width) / max(1, len(widths) - 1))
        whole = sum(widths) + gap * (len(widths) - 1)
        middle, shift = even(spot.y), even((APART if self.lower else 0.0) / 2)
        lines = {True: middle + shift, False: middle - shift}
        x, found = spot.x - whole / 2, dict[tuple[bool, int], Station]()
        for slot, width in zip(self._slots(), widths, strict=True):
            for one in slot:
                found[one] = self._station(s, self._stop(*one), even(x + width / 2), lines[one[0]], one[0])
            x += width + gap
        box = Box(spot.x - whole / 2, middle + need.up, whole, need.height)
        yield LanesPlan(self.names[0], box, tuple(found[one] for one in self._order()), tuple(self._pipes(found)))

    def _order(self) -> list[tuple[bool, int]]:
        """The stations in the order of the stops."""
        return [*((True, k) for k in range(len(self.upper))), *((False, k) for k in range(len(self.lower)))]

    def _station(self, s: Setting, stop: Stop, x: float, y: float, upper: bool) -> Station:
        wide, line = self._body(s, stop), _name(stop)
        box = Box(x - wide / 2, y + HALF, wide, 2 * HALF)
        base = y + HALF + 12 if upper else y - HALF - LABEL + 8
        label = phrases.width(line, theme.FLOOR)
        if stop.kind == "chip":
            return Station("chip", "", box, line, (x - label / 2, y - 8))
        left = x - (label + self._number(s, stop)) / 2
        if stop.kind == "held":
            return Station("held", stop.tensor, box, line, (left, base), (x, y - 9), theme.NAME)
        return Station(stop.kind, stop.tensor, box, line, (left, base), (left + label + SPACE, base))

    def _pipes(self, found: dict[tuple[bool, int], Station]) -> Iterator[Pipe]:
        for upper, stops in ((True, self.upper), (False, self.lower)):
            for k, (a, _) in enumerate(pairwise(stops)):
                start, goal = found[upper, k], found[upper, k + 1]
                y = start.box.centre[1]
                yield Pipe(a.flows, ((_edge(start, 1), y), (_edge(goal, -1), y)))
        meets = next((k for k, stop in enumerate(self.upper) if stop.meets), None)
        if self.lower and meets is not None:
            start, goal = found[False, len(self.lower) - 1], found[True, meets]
            y, x = start.box.centre[1], goal.box.centre[0]
            yield Pipe(self.lower[-1].flows, ((_edge(start, 1), y), (x, y), (x, goal.box.bottom)))

    # ── acts ─────────────────────────────────────────────────────────────────
    def _flow(self, figures: Figures, plan: LanesPlan, unit: int, made: set[str] | None, moment: Moment | None) -> Flow:
        """What flows at a unit, of the tensors that are ``made`` or of all."""
        streams = [self._stream(figures, unit, k, pipe) for k, pipe in enumerate(plan.pipes)
                   if made is None or pipe.tensor in made]  # fmt: skip
        readings = [self._reading(figures, unit, k, station, moment) for k, station in enumerate(plan.stations)
                    if station.tensor and (made is None or station.tensor in made)]  # fmt: skip
        return Flow(plan.name, tuple(streams), tuple(readings), moment is None and made is None)

    def _stream(self, figures: Figures, unit: int, at: int, pipe: Pipe) -> Current:
        value = figures.value(figures.cell_of(pipe.tensor, unit, figures.inner(unit)))
        span = self._span(figures, unit)
        share = min(1.0, abs(value) / span) if np.isfinite(value) else 0.0
        return Current(at, THIN + (WIDE - THIN) * share, _level(figures, pipe.tensor, value))

    def _span(self, figures: Figures, unit: int) -> float:
        """The largest number that flows at any step of the film, in the unit that is followed."""
        flowing = dict.fromkeys(stop.flows for stop in self.stops)
        cells = (figures.cell_of(name, unit, figures.inner(unit)) for name in flowing)
        return figures.ranges.most(*(self._over(figures, cell) for cell in cells))

    def _over(self, figures: Figures, cell: Address) -> Region:
        """A cell at all steps."""
        here = figures.indices(cell).items()
        return Region(cell.tensor, tuple(one for one in here if one[0] not in figures.units.along))

    def _reading(self, figures: Figures, unit: int, at: int, station: Station, moment: Moment | None) -> Reading:
        target = figures.cell_of(station.tensor, unit, figures.inner(unit))
        value = figures.value(target)
        counts = so_far(figures, target) if moment and moment.taught and moment.target == target else ()
        style = figures.style(station.tensor)
        sums = [_said(numbers.text(total, style), Fact("sum so far")) for total in counts[:COUNTED]]
        share = float(np.clip(np.nan_to_num(value), 0.0, 1.0))
        lines = (*sums, _said(figures.text(target), target))
        return Reading(at, lines, _level(figures, station.tensor, value), share)

    def writes(self, figures: Figures, plan: LanesPlan, region: Region, moment: Moment) -> Iterator[Verb]:
        yield self._flow(figures, plan, moment.unit, {region.tensor}, moment)

    def opens(self, figures: Figures, plan: LanesPlan, unit: int) -> Iterator[Verb]:
        yield self._flow(figures, plan, unit, None, None)

    def changes(self, figures: Figures, plan: LanesPlan, moment: Moment) -> Iterator[Verb]:
        yield Clear(plan.name)

    def passes(self, figures: Figures, plan: LanesPlan, first: int, last: int) -> Iterator[Verb]:
        yield Clear(plan.name)

    def closes(self, figures: Figures, plan: LanesPlan, unit: int) -> Iterator[Verb]:
        yield Clear(plan.name)
        yield self._flow(figures, plan, unit, set(self.draws), None)


def _edge(station: Station, side: int) -> float:
    """Where a pipe ends at a station: at its edge, of a valve in its middle."""
    half = 0.0 if station.kind == "valve" else station.box.w / 2
    return station.box.centre[0] + side * half


def _name(stop: Stop) -> Line:
    return phrases.name(stop.text, stop.role) if stop.text else ()


def _said(text: str, source: Address | Fact) -> Line:
    return (Run(text, "ink", "medium", source),)


def _level(figures: Figures, tensor: str, value: float) -> int:
    return int(figures.ranges.levels(tensor, np.array([value]))[0])
