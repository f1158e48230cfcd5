"""What a film of a convolution shows of its trace: how much of it, which cells hold no data, in which colours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from layeranim import numbers
from layeranim.engine import conv as engine
from layeranim.engine.trace import Region, cell
from layeranim.stories.activations import BOUNDED
from layeranim.stories.convolution.sides import without_data
from layeranim.stories.stage.arrangements import MOST, drawn
from layeranim.stories.storyboard import Telling

MANY = 400
"""Outputs of a picture whose colours end at the 99th percentile."""


class ConvView:
    """The sizes of one film, and how its tensors are coloured."""

    def __init__(self, telling: Telling) -> None:
        self.telling, self.trace = telling, telling.trace
        config: Any = self.trace.config
        self.config = config
        self.batch, self.in_channels = self.trace.tensor("input").shape[:2]
        self.b = telling.film.place_in(self.batch)
        self.filters, self.depth = self.trace.tensor("kernel").shape[:2]
        self.kernel_shape = self.trace.tensor("kernel").shape[2:]
        self.padded_shape = self.trace.tensor("padded").shape[2:]
        self.out_shape = self.trace.tensor("output").shape[2:]
        self.biased = "bias" in self.trace.tensors
        self.activated = config.activation != "linear"
        self.ghost, self.unread = without_data(self.trace)
        self.symbolic = self.trace.tensor("input").labels is not None
        self.shown_depth = drawn(self.depth)
        self.shown_filters = self._filters()
        self.shown_channels = self.first_channel(self.shown_filters - 1) + self.shown_depth

    def _filters(self) -> int:
        """How many filters are drawn: with groups no more than those whose channels have room."""
        most = drawn(self.filters)
        while most > 1 and self.first_channel(most - 1) and self.first_channel(most - 1) + self.depth > MOST:
            most -= 1
        return most

    def first_channel(self, f: int) -> int:
        """Where the channels of a filter's group begin."""
        return int(f // (self.filters // self.config.groups) * self.depth)

    # ── units ────────────────────────────────────────────────────────────────
    @property
    def per_map(self) -> int:
        return int(self.out_shape[0] * self.out_shape[1])

    @property
    def units(self) -> int:
        """Windows that the film passes: those of the filters it draws."""
        return self.shown_filters * self.per_map

    def place(self, u: int) -> tuple[int, int, int]:
        """The filter, row and column of a unit."""
        f, r, c = cell(u, (self.filters, *self.out_shape))
        return f, r, c

    def steps(self, here: Mapping[str, int]) -> range:
        """The steps that make one cell of the output."""
        axes = ("out_channels", "out_height", "out_width")
        return engine.steps_of(self.trace, self.b, *(here.get(axis, 0) for axis in axes))

    def telling_unit(self, units: range) -> int:
        """The unit that says most: the first with the largest output, whatever its sign; the middle of equal ones."""
        shown = self.trace["output"][self.b, : self.shown_filters].reshape(-1)[units.start : units.stop]
        sizes = np.abs(numbers.rounded(shown))
        sizes = np.where(np.isfinite(sizes), sizes, -1.0)
        alike = sizes.min() == sizes.max() or self.symbolic
        return units[(len(units) - 1) // 2] if alike else units[int(sizes.argmax())]

    def evidence(self, u: int) -> tuple[Region, ...]:
        """A cell of the output, and the window that it was made of."""
        f, r, c = self.place(u)
        here = {"batch": self.b, "out_channels": f, "out_height": r, "out_width": c}
        return Region.of("output", **here), engine.window(self.trace, self.b, f, r, c)

    # ── colours ──────────────────────────────────────────────────────────────
    @property
    def picture(self) -> str | None:
        """The colour scale of an input that is an image: grey, or one tinted plane a channel."""
        if self.telling.preset is not None and self.telling.preset.planes:
            return "planes"
        if self.telling.kinds.get("input") != "image":
            return None
        return "planes" if self.in_channels == 3 else "grey"

    @property
    def kinds(self) -> dict[str, str]:
        """Pictures; the output is one again where the kernel leaves an even area as it is: its weights add up to 1."""
        if not self.picture:
            return {}
        sums = self.trace["kernel"].sum(axis=(1, 2, 3))
        kept = self.config.activation in ("linear", "relu") and not self.biased
        out = {"padded": self.picture, "patches": self.picture}
        return out | ({"output": "grey"} if kept and np.allclose(sums, 1.0, atol=1e-6) else {})

    @property
    def bright(self) -> tuple[float, float]:
        """Black and white."""
        if self.telling.kinds.get("input") == "image":
            return 0.0, 255.0
        values = self.trace["input"]
        finite = values[np.isfinite(values)]
        return min(0.0, float(finite.min(initial=0))), max(float(finite.max(initial=0)), 1.0)

    @property
    def spans(self) -> dict[str, float]:
        """Ranges of colours: a few outliers leave the rest of a picture visible, what is bounded ends at 1."""
        sums = self.trace["pre_activation"][self.b]
        out: dict[str, float] = {}
        if self.picture and sums.size >= MANY:
            sizes = np.abs(numbers.rounded(sums))
            top = max(float(np.quantile(sizes[np.isfinite(sizes)], 0.99)), numbers.value_range(sums) / 20)
            out = {"output": top, "pre_activation": top}
        out |= {"bias": numbers.value_range(self.trace["kernel"])} if self.biased else {}
        return out | ({"output": 1.0} if self.config.activation in BOUNDED else {})
