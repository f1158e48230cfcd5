"""What the masks of a dropout film do: which units are told, which of them each draw keeps, which one is followed."""

from __future__ import annotations

from math import isqrt, prod
from typing import Any

import numpy as np

from layeranim import numbers
from layeranim.engine.dropout import spread
from layeranim.engine.trace import Trace
from layeranim.stories.options import FilmOptions
from layeranim.stories.stage import Folded
from layeranim.stories.storyboard import Address, Telling

COLUMN_MOST = 9
"""Units of one sample that stand in one column."""


class Masks:
    """What the masks of a trace do to the units that are told."""

    def __init__(self, telling: Telling) -> None:
        trace, config = telling.trace, _options(telling.trace)
        self.trace, self.mode, self.rate = trace, str(config.mode), float(config.rate)
        self.shape = trace.tensor("input").shape
        view = config.view or ("network" if telling.base and telling.base.name == "slugnet" else "matrix")
        self.asked = config.view == "network"
        self.network = view == "network" and len(self.shape) == 2 and self.shape[1] <= COLUMN_MOST
        self.network = self.network and self.mode != "alpha"
        options: FilmOptions = telling.film
        self.single = options.sample is not None or self.network
        self.units = self._folded(options.place_in(self.shape[0]) if self.single else None)
        self.kept, self.draws = self.units.kept, len(self.units.kept)
        self.shown = options.selected(self.draws)
        self.total = self.kept.shape[1]

    def _folded(self, sample: int | None) -> Folded:
        """The told units as a rectangle: one sample stands as a column, or is folded where it is long."""
        shape = self.shape if sample is None else (1, *self.shape[1:])
        rows, cols = prod(shape[:-1]), shape[-1]
        if rows == 1:
            side = 1 if cols <= COLUMN_MOST else cols // next(n for n in range(isqrt(cols), 0, -1) if cols % n == 0)
            rows, cols = cols // side, side
        trace = self.trace
        mask = spread(np.asarray(trace["mask"]) != 0, trace.axes("mask"), trace.axes("input"))
        start = prod(shape) * (sample or 0)
        every = np.broadcast_to(mask, (len(mask), *self.shape)).reshape(len(mask), -1)
        return Folded(self.shape, start, rows, cols, every[:, start : start + rows * cols])

    def dropped(self, draw: int) -> int:
        """How many units a draw leaves out."""
        return int((~self.kept[draw]).sum())

    def followed(self) -> int:
        """The unit that is followed: the first of the largest that the draws treat differently, kept in the last."""
        given = self.units.told(self.trace["input"]).reshape(-1)
        sizes = np.nan_to_num(np.abs(numbers.rounded(given)), nan=0.0, posinf=0.0) + 1e-300
        varied = self.kept.any(axis=0) & ~self.kept.all(axis=0)
        for wanted in (varied & self.kept[-1], varied, self.kept[-1]):
            if wanted.any():
                return int(np.argmax(np.where(wanted, sizes, -1.0)))
        return int(np.argmax(sizes))

    def at(self, unit: int) -> tuple[int, ...]:
        """The place in the input of a unit."""
        return tuple(int(i) for i in np.unravel_index(self.units.start + unit, self.shape))

    def holds(self, cell: Address) -> bool:
        """Whether the mask keeps a cell of a draw."""
        draw, *index = cell.index
        flat = int(np.ravel_multi_index(tuple(index), self.shape)) - self.units.start
        return bool(self.kept[draw, flat])

    def fact(self, name: str) -> str:
        """A number of the formula: ``scale``, ``shift``, ``fill``."""
        value = round(float(self.trace.facts[name]), 9)
        return numbers.text(value, numbers.Style(0 if value == int(value) else 2))

    @property
    def told(self) -> tuple[int, ...]:
        """The shape of what is told."""
        return (1, *self.shape[1:]) if self.single else self.shape


def _options(trace: Trace) -> Any:
    return trace.config
