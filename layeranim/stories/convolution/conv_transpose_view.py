"""A transposed convolution as its film looks at it: where stamps lie, which number of one is told, what overlaps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from layeranim.engine.conv_transpose_shapes import axes_of, cuts
from layeranim.engine.painting import spot
from layeranim.engine.trace import Region, cell
from layeranim.engine.window import padding_text
from layeranim.stories import phrases
from layeranim.stories.convolution import shared
from layeranim.stories.storyboard import Telling

FULL = "full_height", "full_width"
SPACE = "height", "width"


class Stamping:
    """One transposed convolution as its film looks at it."""

    def __init__(self, telling: Telling) -> None:
        self.trace, self.config = telling.trace, telling.config
        self.batch: int = telling.film.place_in(self.trace.size("batch"))
        self.inside = tuple(self.trace.size(axis) for axis in ("in_channels", *SPACE))
        self.kernel = self.trace["kernel"]
        self.filters, self.per_group = self.trace.size("out_channels"), self.kernel.shape[1]
        shape = self.trace.tensor("input").shape
        self.pads = [(before, after) for before, after, _ in cuts(self.config, shape)]
        self.cuts, self.axes = cuts(self.config, shape), axes_of(self.config, shape)

    @property
    def lost(self) -> str:
        """What the ends of an axis lose: ``1`` or ``1×2`` where both lose as many, else ``0,1,0,1``."""
        firsts, lasts = zip(*self.pads, strict=True)
        return phrases.pair(firsts) if firsts == lasts else padding_text(self.pads)

    @property
    def goes_on(self) -> bool:
        """Whether anything is done to the sum of all stamps."""
        return any(map(any, self.cuts)) or "bias" in self.trace or shared.activated(self.trace)

    def followed(self, unit: int) -> dict[str, int]:
        """The number of a stamp that is told: the largest of those that fall on another, else of all; the first map."""
        here = zip(("batch", "in_channels", *SPACE), (self.batch, *cell(unit, self.inside)), strict=True)
        sizes = shared.sizes(self.trace.read(Region("stamps", (*here, ("group_filters", 0)))))
        before = self._before(unit)
        chosen = np.where(before != 0, sizes, 0) if ((before != 0) & (sizes > 0)).any() else sizes
        i, j = (int(k) for k in np.unravel_index(int(chosen.argmax()), chosen.shape))
        maps, rows, cols = self.lies(unit).values()
        return {"group_filters": 0, "kernel_height": i, "kernel_width": j, "out_channels": maps[0],
                "full_height": rows[i], "full_width": cols[j]}  # fmt: skip

    def painted(self, unit: int, lies: Mapping[str, int | range]) -> Region:
        """What all stamps have made so far in some cells, after that of a unit."""
        names = dict(zip(("in_channels", *SPACE), cell(unit, self.inside), strict=True))
        return Region.of("painted", batch=self.batch, **names, **lies)

    def _before(self, unit: int) -> np.ndarray[Any, Any]:
        """What lies where the stamp of a unit falls, (kernel rows, kernel columns)."""
        if not unit:
            return np.zeros(self.kernel.shape[2:])
        lies = self.lies(unit)
        return self.trace.read(self.painted(unit - 1, {**lies, "out_channels": lies["out_channels"][0]}))

    def lies(self, unit: int) -> dict[str, range]:
        """Where the stamp of a unit lies."""
        channel, *place = cell(unit, self.inside)
        spans = spot(channel, place, self.axes, self.kernel.shape, self.config.groups)
        return dict(zip(("out_channels", *FULL), spans, strict=True))

    def overlaps(self, unit: int) -> bool:
        """Whether the followed number of its stamp falls on one that is there."""
        at = self.followed(unit)
        return bool(self._before(unit)[at["kernel_height"], at["kernel_width"]] != 0)

    def counts(self) -> np.ndarray[Any, Any]:
        """How many stamps of a channel every cell of the output takes, (rows, columns)."""
        per = []
        for axis, n, (cut, *_), out in zip(self.axes, self.inside[1:], self.cuts, self.trace.tensor("output").shape[2:],
                                           strict=True):  # fmt: skip
            taken = np.zeros(max(cut + out, axis.size), int)
            for at in range(0, n * axis.stride, axis.stride):
                taken[at : at + axis.reach : axis.dilation] += 1
            per.append(taken[cut : cut + out])
        return np.outer(*per)

    @property
    def uneven(self) -> bool:
        """Whether neighbours inside take unlike many stamps: a stride that does not divide the kernel."""
        items = zip(self.inside[1:], self.config.stride, self.kernel.shape[2:], strict=True)
        return any(n > 1 and taps % step and taps > step for n, step, taps in items)
