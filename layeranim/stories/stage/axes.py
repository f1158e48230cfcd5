"""Axes of a picture: round numbers around what is drawn, ticks between them, and what the ticks say."""

from __future__ import annotations

from math import floor, log10

import numpy as np

from layeranim import numbers, theme
from layeranim.engine.trace import Array
from layeranim.records import dataclass
from layeranim.stories import phrases
from layeranim.stories.stage.plans import Tick
from layeranim.stories.storyboard import Box, Fact, Line, Point, Run

LARGEST = 2e307
"""What is beyond this is drawn at it: the span of an axis must not overflow."""
SMALLEST = 1e-300
CLEAR = 20.0
"""Between what two ticks say."""


def finite(values: Array) -> Array:
    """The numbers that can be drawn, as one row; at least one."""
    flat = np.asarray(values, np.float64).ravel()
    kept = np.clip(flat[np.isfinite(flat)], -LARGEST, LARGEST)
    return kept if len(kept) else np.zeros(1)


def rounded(low: float, high: float) -> tuple[float, float]:
    """The next round numbers outside a range that is widened to hold zero."""
    low, high = min(low, 0.0), max(high, 0.0)
    if high - low < SMALLEST:
        return -1.0, 1.0
    by = step(high - low, 4)
    return floor(low / by + 1e-9) * by, -floor(-high / by + 1e-9) * by


def step(span: float, most: int) -> float:
    """A step of 1, 2 or 5 times a power of ten that divides a span into at most so many parts."""
    power = 10.0 ** floor(log10(span / most))
    return next(power * m for m in (1, 2, 5, 10, 20) if span / (power * m) <= most + 1e-9)


def ticks(low: float, high: float, most: int) -> list[float]:
    """Round numbers within a range, at most about ``most`` + 1 of them."""
    by = step(high - low, max(1, most))
    return [k * by for k in range(-floor(-low / by + 1e-9), floor(high / by + 1e-9) + 1)]


def said(value: float, span: float, by: float) -> Line:
    """What stands at a tick: as many decimals as steps of ``by`` need."""
    digits = max(0, -floor(log10(by) + 1e-9))
    far = span >= 1e6 or digits > 4
    return (Run(numbers.text(value, numbers.Style(0 if far else digits, far)), source=Fact("axis")),)


def marks(low: float, high: float, room: float, most: int = 6) -> list[tuple[float, Line]]:
    """Ticks of an axis from left to right and what they say, as many as stand clear of each other in ``room`` px: about
    ``most``, and more where only one of these lies on the axis, for one alone gives no scale."""
    enough = next((count for count in range(most, 3 * most) if len(ticks(low, high, count)) > 1), most)
    for count in range(enough, 0, -1):
        by = step(high - low, count)
        found = [(value, said(value, high - low, by)) for value in ticks(low, high, count)]
        if sum(phrases.width(line, theme.FLOOR) + CLEAR for _, line in found) <= room:
            break
    return found


@dataclass(frozen=True)
class Axes:
    """From numbers to design pixels."""

    box: Box
    across: tuple[float, float]
    along: tuple[float, float]

    def __call__(self, x: float, y: float) -> Point:
        (x0, x1), (y0, y1) = self.across, self.along
        return (
            self.box.x + (x - x0) / (x1 - x0) * self.box.w,
            self.box.bottom + (y - y0) / (y1 - y0) * self.box.h,
        )

    def below(self, most: int = 6) -> tuple[Tick, ...]:
        """The ticks of the axis below, as far as they stand clear of each other."""
        found = marks(*self.across, self.box.w, most)
        return tuple(Tick(self(value, self.along[0])[0], line) for value, line in found)

    def beside(self, room: float, most: int) -> tuple[Tick, ...]:
        """The ticks of the axis at the side: as many as would stand clear of each other across so much ``room``."""
        found = marks(*self.along, room, most)
        return tuple(Tick(self(self.across[0], value)[1], line) for value, line in found)
