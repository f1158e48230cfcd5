"""What a pooling's film shows of its trace: which slices, at which rounding, in which colour steps."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from layeranim import layout, numbers
from layeranim.engine import pool as engine
from layeranim.engine.pool_shapes import MAXIMA, Bins, sides
from layeranim.engine.trace import Array, Region, cell
from layeranim.numbers import Style
from layeranim.stories.storyboard import Address, Cells, Telling

MOST_GRIDS = 4  # channels drawn; of more the first three stand for all
Place = tuple[int, int]


@dataclass(frozen=True)
class PoolWindow:
    """One output cell: unit ``u`` of the film, its image, channel, row and column."""

    u: int
    b: int
    channel: int
    r: int
    c: int

    @property
    def index(self) -> tuple[int, int, int, int]:
        return self.b, self.channel, self.r, self.c


class PoolView:
    """The numbers of one film; texts and colour steps are made where they are asked for."""

    def __init__(self, telling: Telling) -> None:
        self.telling, self.trace = telling, telling.trace
        self.config = cast(Any, telling.trace.config)
        self.batch, self.channels, *size = self.trace.tensor("input").shape
        self.b = telling.film.place_in(self.batch)
        self.found = sides(self.config, tuple(size))
        self.size: Place = (size[0], size[1])
        self.padded_shape: Place = self.trace.tensor("padded").shape[2:]  # type: ignore[assignment]
        self.kernel_shape: Place = self.trace.tensor("windows").shape[4:]  # type: ignore[assignment]
        self.out_shape: Place = self.trace.tensor("output").shape[2:]  # type: ignore[assignment]
        self.shown = self.channels if self.channels <= MOST_GRIDS else MOST_GRIDS - 1
        self.kind = "max" if self.config.mode in MAXIMA else "lp" if self.config.mode == "lp" else "mean"
        self.whole = self.config.mode.startswith("global") or self.kernel_shape == self.padded_shape
        self.thin = False  # whether the input's gradient is spread, and in colour alone
        self.adaptive = any(isinstance(side.along, Bins) for side in self.found)

    # ── units ────────────────────────────────────────────────────────────────
    @property
    def per_map(self) -> int:
        return self.out_shape[0] * self.out_shape[1]

    @property
    def units(self) -> int:
        """Windows that the film passes: those of the channels it draws."""
        return self.shown * self.per_map

    def window(self, u: int) -> PoolWindow:
        return PoolWindow(u, self.b, *cell(u, (self.shown, *self.out_shape)))

    def taps(self, w: PoolWindow) -> tuple[range, range]:
        """The rows and columns of ``padded`` that a window reads."""
        rows, cols = (side.along.taps(i) for side, i in zip(self.found, (w.r, w.c), strict=True))
        return rows, cols

    def region(self, w: PoolWindow) -> Region:
        here = {"batch": self.b, "channels": w.channel, "out_height": w.r, "out_width": w.c}
        return engine.window(self.found, here)

    def steps(self, units: range) -> range:
        """The trace's steps of some units: a mean takes two, the sum and the quotient."""
        first, last = (engine.steps_of(self.trace, *self.window(u).index) for u in (units[0], units[-1]))
        return range(first.start, last.stop)

    @cached_property
    def before(self) -> Place:
        """Rows and columns of padding above and left of the input."""
        a, b = (0 if isinstance(s.along, Bins) else s.along.before for s in self.found)
        return a, b

    @cached_property
    def disjoint(self) -> bool:
        """Whether no cell is under two windows."""
        read = [[cell for i in range(side.along.out) for cell in side.along.taps(i)] for side in self.found]
        return all(len(cells) == len(set(cells)) for cells in read)

    @cached_property
    def tied(self) -> bool:
        """Whether the first window that the film shows has its largest number more than once."""
        w = self.window(self.telling.film.selected(self.units).start)
        values = self.trace["padded"][w.b, w.channel][np.ix_(*map(list, self.taps(w)))]
        return int((values == values.max()).sum()) > 1

    def winner(self, w: PoolWindow) -> Place:
        """The row and column of ``padded`` where a window's largest number stands."""
        r, c = divmod(int(self.trace["indices"][w.index]), self.size[1])
        return r + self.before[0], c + self.before[1]

    def wins(self, w: PoolWindow) -> list[tuple[int, int, int, int]]:
        """The output cells of every window that the winner of this one wins, in reading order."""
        indices = self.trace["indices"][self.b, w.channel]
        return [(self.b, w.channel, r, c) for r, c in np.argwhere(indices == indices[w.r, w.c]).tolist()]

    # ── which cells are what ─────────────────────────────────────────────────
    @cached_property
    def ghost(self) -> NDArray[np.bool_]:
        """Padding cells of ``padded``."""
        out = np.ones(self.padded_shape, bool)
        top, left = self.before
        out[top : top + self.size[0], left : left + self.size[1]] = False
        return out

    @cached_property
    def unread(self) -> NDArray[np.bool_]:
        """Cells of the input that no window reads."""
        read = [np.zeros(n, bool) for n in self.padded_shape]
        for seen, side in zip(read, self.found, strict=True):
            for i in range(side.along.out):
                seen[list(side.along.taps(i))] = True
        return ~np.outer(*read) & ~self.ghost

    @cached_property
    def last(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """For every row and column of the input the last window over it; the very last where there is none."""
        out = []
        for side, before, n in zip(self.found, self.before, self.size, strict=True):
            last = np.full(n, side.along.out - 1)
            for i in range(side.along.out):
                at = np.array([k - before for k in side.along.taps(i)])
                last[at[(at >= 0) & (at < n)]] = i
            out.append(last)
        return out[0], out[1]

    def counted(self, w: PoolWindow) -> tuple[NDArray[np.bool_], int]:
        """Which taps of a window are cells of the input, and how many of the others a mean counts."""
        rows, cols = self.taps(w)
        real = ~self.ghost[np.ix_(list(rows), list(cols))]
        if self.kind != "mean" or not self.config.count_include_pad:
            return real, 0
        ends = [n - side.overhang for n, side in zip(self.padded_shape, self.found, strict=True)]
        inside = np.outer(np.array(rows) < ends[0], np.array(cols) < ends[1])
        return real, int((inside & ~real).sum())

    # ── styles and colour ranges ─────────────────────────────────────────────
    def style(self, name: str, narrow: bool) -> Style:
        """How a tensor's numbers are written in cells narrower than 58 pixels, or in wider ones."""
        if name == "output" and self.kind == "max":
            name = "input"  # the same numbers, chosen
        return numbers.style(self._sample(name), pitch=40 if narrow else None, precision=self.telling.film.precision)

    def _sample(self, name: str) -> Array:
        values = self.trace[{"padded": "input", "window": "input"}.get(name, name)]
        return values[self.b, : self.shown] if values.ndim == 4 else values

    def wide(self, name: str) -> tuple[float, float]:
        """Width at size 1 of the widest text of a tensor, in wide and in narrow cells."""
        ends = _extremes(self._sample(name))
        extra = ["−∞"] if name == "input" and self.kind == "max" and self.ghost.any() else []
        a, b = (layout.widest([*numbers.texts(ends, self.style(name, k)).tolist(), *extra]) for k in (False, True))
        return a, b

    @cached_property
    def value_range(self) -> float:
        """Input, window and output are compared cell by cell, so they share one range."""
        return numbers.value_range(self._sample("input"), self._sample("output"))

    def gradient_range(self, name: str) -> float:
        """Gradients share one range, but where a spread one stands in colour alone."""
        return self._gradient_ranges[name if self.thin else "both"]

    @cached_property
    def _gradient_ranges(self) -> dict[str, float]:
        given, back = self._sample("grad_output"), self._sample("grad_input")
        one = numbers.value_range
        return {"both": one(given, back), "grad_output": one(given), "grad_input": one(back)}

    @property
    def picture(self) -> str:
        """The colour scale of an input that is an image: grey, or one tinted plane a channel."""
        if self.telling.kinds.get("input") != "image":
            return ""
        return "planes" if self.channels == 3 else "grey"

    def scale(self, channel: int) -> str:
        if self.picture == "planes":
            return ("plane-r", "plane-g", "plane-b")[channel]
        return self.picture or "value"

    def levels(self, values: Array) -> NDArray[np.int8]:
        return numbers.grey_levels(values, 0.0, 255.0) if self.picture else numbers.levels(values, self.value_range)

    # ── cells ────────────────────────────────────────────────────────────────
    def input_cells(self, channel: int, style: Style | None) -> Cells:
        """One channel of the padded input."""
        values = self.trace["padded"][self.b, channel]
        texts = None if style is None else numbers.texts(values, style)
        if texts is not None and self.kind != "max":
            texts = np.where(self.ghost, "0", texts)
        return Cells(
            self.levels(values),
            texts,
            self.ghost,
            self.unread,
            self.scale(channel),
            lambda r, c: Address("padded", (self.b, channel, r, c)),
        )

    def window_cells(self, w: PoolWindow, style: Style | None, chosen: bool = False) -> Cells:
        """The numbered copy of what a window covers; with ``chosen`` all but the winner dimmed."""
        rows, cols = self.taps(w)
        shape = self.kernel_shape
        held = np.zeros(shape, bool)
        held[: len(rows), : len(cols)] = True
        at = np.ix_(
            [min(r, self.padded_shape[0] - 1) for r in _fill(rows, shape[0])],
            [min(c, self.padded_shape[1] - 1) for c in _fill(cols, shape[1])],
        )
        values = self.trace["padded"][self.b, w.channel][at]
        ghost = self.ghost[at] | ~held
        texts: NDArray[Any] | None = None
        if style is not None:
            texts = numbers.texts(values, style)
            if self.kind != "max":
                texts = np.where(ghost, "0", texts)
            texts = np.where(held, texts, "")
        dim = None
        if chosen:
            dim = np.ones(shape, bool)
            dim[self.winning_tap(w)] = False
        return Cells(
            self.levels(values),
            texts,
            ghost,
            dim,
            self.scale(w.channel),
            lambda r, c: Address("padded", (self.b, w.channel, int(at[0][r, 0]), int(at[1][0, c]))),
        )

    def winning_tap(self, w: PoolWindow) -> Place:
        """The winner's row and column in its window."""
        (rows, cols), (r, c) = self.taps(w), self.winner(w)
        return rows.index(r), cols.index(c)

    def output_cells(self, channel: int, style: Style | None) -> Cells:
        values = self.trace["output"][self.b, channel]
        texts = None if style is None else numbers.texts(values, style)
        return Cells(
            self.levels(values),
            texts,
            None,
            None,
            self.scale(channel),
            lambda r, c: Address("output", (self.b, channel, r, c)),
        )

    def gradient_cells(self, name: str, channel: int, style: Style | None) -> Cells:
        """One channel of ``grad_output`` or ``grad_input``."""
        values = self.trace[name][self.b, channel]
        texts = None if style is None else numbers.texts(values, style)
        return Cells(
            numbers.levels(values, self.gradient_range(name)),
            texts,
            sources=lambda r, c: Address(name, (self.b, channel, r, c)),
        )

    def share_cells(self, w: PoolWindow, style: Style | None) -> Cells:
        """The gradients of a window's cells, for the lens; empty where another window is still to come."""
        plain, shape = self.window_cells(w, None), self.kernel_shape
        ghost = plain.ghost if plain.ghost is not None else np.zeros(shape, bool)
        (rows, cols), (top, left) = self.taps(w), self.before
        at = [
            np.clip(np.array(_fill(taps, n)) - before, 0, size - 1)
            for taps, n, before, size in zip((rows, cols), shape, (top, left), self.size, strict=True)
        ]
        values = self.trace["grad_input"][self.b, w.channel][np.ix_(*at)]
        passed = np.add.outer(self.last[0][at[0]] * self.out_shape[1], self.last[1][at[1]]) <= w.u % self.per_map
        texts = None if style is None else np.where(ghost | ~passed, "", numbers.texts(values, style))
        return Cells(
            numbers.levels(values, self.gradient_range("grad_input")),
            texts,
            ghost,
            ~passed & ~ghost,
            sources=lambda r, c: Address("grad_input", (self.b, w.channel, int(at[0][r]), int(at[1][c]))),
        )


def _fill(at: range, n: int) -> list[int]:
    """The positions of a window, those it lacks to ``n`` after its last."""
    return [*at, *(at[-1] + 1 + i for i in range(n - len(at)))]


def _extremes(values: Array) -> Array:
    """A few values among which the widest text of a tensor must be: every distinct one, or the ends of many."""
    flat = np.unique(values)
    if flat.size <= 512:
        return flat
    finite = flat[np.isfinite(flat)]
    return np.concatenate([finite[:8], finite[-8:], flat[~np.isfinite(flat)][:3]])
