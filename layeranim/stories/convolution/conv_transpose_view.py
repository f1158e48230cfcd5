"""A transposed convolution as its film looks at it: where stamps lie, which number of one is told, what overlaps."""

from __future__ import annotations

from typing import Any

import numpy as np

from layeranim.engine.conv_transpose_shapes import cuts
from layeranim.engine.trace import Region, cell
from layeranim.stories.storyboard import Telling

FULL = "full_height", "full_width"
SPACE = "height", "width"


class Stamping:
    """One transposed convolution as its film looks at it."""

    def __init__(self, telling: Telling) -> None:
        self.telling, self.trace = telling, telling.trace
        config: Any = self.trace.config
        self.config, self.batch = config, telling.film.place_in(self.trace.size("batch"))
        self.inside = tuple(self.trace.size(axis) for axis in ("in_channels", *SPACE))
        self.kernel = self.trace["kernel"]
        self.filters, self.per_group = self.trace.size("out_channels"), self.kernel.shape[1]
        self.cuts = cuts(config, self.trace.tensor("input").shape)

    @property
    def goes_on(self) -> bool:
        """Whether anything is done to the sum of all stamps."""
        return any(map(any, self.cuts)) or "bias" in self.trace or self.config.activation != "linear"

    def followed(self, unit: int) -> dict[str, int]:
        """The number of a stamp that is told: the largest of those that fall on another, else of all; the first map."""
        channel, row, col = cell(unit, self.inside)
        with np.errstate(all="ignore"):
            stamp = self.kernel[channel, 0] * self.trace["input"][self.batch, channel, row, col]
        sizes = np.where(np.isfinite(stamp), np.round(np.abs(stamp.astype(float)), 9), 0)
        before = self._before(unit)
        chosen = np.where(before != 0, sizes, 0) if ((before != 0) & (sizes > 0)).any() else sizes
        i, j = (int(k) for k in np.unravel_index(int(chosen.argmax()), chosen.shape))
        first = channel // (self.inside[0] // self.config.groups) * self.per_group
        y, x = (at * step + tap * apart for at, step, tap, apart in
                zip((row, col), self.config.stride, (i, j), self.config.dilation, strict=True))  # fmt: skip
        return {"group_filters": 0, "kernel_height": i, "kernel_width": j, "out_channels": first, "full_height": y,
                "full_width": x}  # fmt: skip

    def _before(self, unit: int) -> np.ndarray[Any, Any]:
        """What lies where the stamp of a unit falls, (kernel rows, kernel columns)."""
        if not unit:
            return np.zeros(self.kernel.shape[2:])
        names = dict(zip(("in_channels", *SPACE), cell(unit - 1, self.inside), strict=True))
        lies = self.lies(unit)
        lies["out_channels"] = lies["out_channels"][:1]
        return np.asarray(self.trace.read(Region.of("painted", batch=self.batch, **names, **lies))[0])

    def lies(self, unit: int) -> dict[str, range]:
        """Where the stamp of a unit lies."""
        channel, *place = cell(unit, self.inside)
        first = channel // (self.inside[0] // self.config.groups) * self.per_group
        spans = [range(at * step, at * step + (taps - 1) * apart + 1, apart) for at, step, taps, apart in
                 zip(place, self.config.stride, self.kernel.shape[2:], self.config.dilation, strict=True)]  # fmt: skip
        return dict(zip(("out_channels", *FULL), (range(first, first + self.per_group), *spans), strict=True))

    def overlaps(self, unit: int) -> bool:
        """Whether the followed number of its stamp falls on one that is there."""
        at = self.followed(unit)
        return bool(self._before(unit)[at["kernel_height"], at["kernel_width"]] != 0)

    def counts(self) -> np.ndarray[Any, Any]:
        """How many stamps of a channel every cell of the output takes, (rows, columns)."""
        per = []
        for n, step, taps, apart, (cut, *_), out in zip(
            self.inside[1:], self.config.stride, self.kernel.shape[2:], self.config.dilation, self.cuts,
            self.trace.tensor("output").shape[2:], strict=True,
        ):  # fmt: skip
            taken = np.zeros(max(cut + out, (n - 1) * step + (taps - 1) * apart + 1), int)
            for at in range(n):
                taken[at * step : at * step + (taps - 1) * apart + 1 : apart] += 1
            per.append(taken[cut : cut + out])
        return np.outer(*per)

    @property
    def uneven(self) -> bool:
        """Whether neighbours inside take unlike many stamps: a stride that does not divide the kernel."""
        items = zip(self.inside[1:], self.config.stride, self.kernel.shape[2:], strict=True)
        return any(n > 1 and taps % step and taps > step for n, step, taps in items)
