"""What a film of a convolution shows of its trace: how much of it, which cells hold no data, in which colours."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from layeranim import numbers
from layeranim.engine import conv as engine
from layeranim.engine.trace import Array, Region, cell
from layeranim.errors import OptionError
from layeranim.stories.activations import bounded
from layeranim.stories.convolution import shared
from layeranim.stories.pictures import relief
from layeranim.stories.stage.arrangements import MOST, drawn, drawn_of
from layeranim.stories.storyboard import FilmView, Telling

MANY = 400
"""Outputs of a picture whose colours end at the 99th percentile."""


def _sizes(values: Array) -> NDArray[np.float64]:
    """How large numbers are as they are displayed; what is not finite is least."""
    sizes = np.abs(numbers.rounded(values))
    return np.where(np.isfinite(sizes), sizes, -1.0)


class ConvView(FilmView):
    """The sizes of one film, and how its tensors are coloured."""

    def __init__(self, telling: Telling) -> None:
        super().__init__(telling)
        self.batch, self.in_channels = self.trace.tensor("input").shape[:2]
        self.filters, self.depth = self.trace.tensor("kernel").shape[:2]
        self.kernel_shape = self.trace.tensor("kernel").shape[2:]
        self.out_shape = self.trace.tensor("output").shape[2:]
        self.biased = "bias" in self.trace.tensors
        self.activated = shared.activated(self.trace)
        self.ghost, self.unread = shared.without_data(self.trace)
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

    # ── what is drawn of a large layer ───────────────────────────────────────
    @cached_property
    def maps(self) -> tuple[int, ...]:
        """The filters that are drawn: as many as have room, those with the largest outputs; in their order."""
        asked: tuple[int, ...] = self.telling.film.chosen("filters", self.filters, MOST)
        if asked and not self.together(asked):
            raise OptionError(f"show is {self.telling.film.show}, but these filters read channels of several groups, "
                              "for which there is no room; choose filters of one group")  # fmt: skip
        if asked:
            return asked
        if self.shown_filters == self.filters or self.symbolic:
            return tuple(range(self.shown_filters))
        sizes = _sizes(self.trace["output"][self.sample].reshape(self.filters, -1)).max(axis=1)
        found: list[int] = []
        for f in map(int, np.argsort(-sizes, kind="stable")):
            if len(found) < drawn(self.filters) and self.together((*found, f)):
                found.append(f)
        return tuple(sorted(found))

    def together(self, filters: Sequence[int]) -> bool:
        """Whether the channels that these filters read have room: those of one group always, some of many."""
        groups = {self.first_channel(f) for f in filters}
        return len(groups) == 1 or len(groups) * self.depth <= MOST

    @cached_property
    def told(self) -> int:
        """The unit that is told: the preset's, or the one that says most."""
        shown = self.telling.film.selected(self.units)
        unit = self.telling.wanted(shown)
        return self.telling_unit(shown) if unit is None else unit

    @cached_property
    def rows(self) -> tuple[int, ...]:
        """The channels of a filter that are drawn: of many those that add most to the number that is told."""

        def added() -> NDArray[np.float64]:
            f, r, c = self.place(self.told)
            where = {"batch": self.sample, "out_channels": f, "out_height": r, "out_width": c}
            return _sizes(self.trace.read(Region.of("partial_sums", **where)))

        first = -np.arange(self.depth)
        return drawn_of(self.telling.film, "channels", self.depth, (lambda: first) if self.symbolic else added)

    @property
    def apart(self) -> bool:
        """Whether what the channels that are not drawn add up to is one number."""
        return len(self.rows) < self.depth and not self.symbolic

    @property
    def inputs(self) -> tuple[int, ...]:
        """The channels of the input that are drawn: those that the drawn filters read."""
        firsts = dict.fromkeys(self.first_channel(f) for f in self.maps)
        return tuple(sorted(first + k for first in firsts for k in self.rows))

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
        return len(self.maps) * self.per_map

    def place(self, u: int) -> tuple[int, int, int]:
        """The filter, row and column of a unit."""
        at, r, c = cell(u, (len(self.maps), *self.out_shape))
        return self.maps[at], r, c

    def telling_unit(self, units: range) -> int:
        """The unit that says most: the first with the largest output, whatever its sign; the middle of equal ones."""
        made = self.trace["output"][self.sample]
        shown = (made if len(self.maps) == len(made) else made[list(self.maps)]).reshape(-1)
        first, alike = numbers.greatest(shown[units.start : units.stop])
        return units[(len(units) - 1) // 2] if alike or self.symbolic else units[first]

    def evidence(self, u: int) -> tuple[Region, ...]:
        """A cell of the output, and the window that it was made of."""
        f, r, c = self.place(u)
        here = {"batch": self.sample, "out_channels": f, "out_height": r, "out_width": c}
        return Region.of("output", **here), engine.window(self.trace, self.sample, f, r, c)

    # ── colours ──────────────────────────────────────────────────────────────
    @property
    def picture(self) -> str | None:
        """The colour scale of an input that is an image: grey, or one tinted plane a channel."""
        planes = self.telling.preset is not None and self.telling.preset.planes
        return "planes" if planes else shared.picture(self.telling) or None

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
    def spans(self) -> dict[str, float]:
        """Ranges of colours: a few outliers leave the rest of a picture visible, what is bounded ends at 1."""
        sums = self.trace["pre_activation"][self.sample]
        out: dict[str, float] = {}
        if self.picture and sums.size >= MANY:
            out = dict.fromkeys(("output", "pre_activation"), relief(sums))
        out |= {"bias": numbers.value_range(self.trace["kernel"])} if self.biased else {}
        return out | bounded(self.config.activation, "output")
