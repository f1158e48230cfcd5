"""What a film of a pooling tells of its trace: its windows, what they cover, which numbers win them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layeranim import numbers
from layeranim.engine import pool as engine
from layeranim.engine.pool_shapes import MAXIMA, Bins, Side
from layeranim.engine.trace import Array, Region, cell
from layeranim.engine.window import Axis
from layeranim.stories.stage import Mask, Taken
from layeranim.stories.stage.arrangements import drawn
from layeranim.stories.stage.slices import Listed
from layeranim.stories.storyboard import Address, FilmView, Telling

Place = tuple[int, int]
SHIFTED = 36
"""Of so many outputs at most the film looks what a shift of the picture does to them."""


class PoolView(FilmView):
    """The windows of one film, unit by unit: one output cell of one channel.

    A pooling over one axis is seen as one over two, the first of which has one row: it is ``flat``.
    """

    def __init__(self, telling: Telling) -> None:
        super().__init__(telling)
        self.batch, self.channels, *size = self.trace.tensor("input").shape
        self.flat = len(size) == 1
        found = engine.sides_of(self.trace)
        self.found = (Side(Axis("height", 1, 1, 1, 1, 0, 0)), *found) if self.flat else found
        shapes = (size, *(self.trace.tensor(name).shape[2:] for name in ("padded", "output")))
        self.size, self.padded, self.out = (self._place(shape) for shape in shapes)
        self.kernel = self._place(self.trace.tensor("windows").shape[2 + len(size) :])
        self.strides = self._place(self.config.stride or (1,) * len(size))
        self.shown = self.channels if self.flat else drawn(self.channels)  # rows have room, maps do not
        """Channels that the film passes; those that it draws are ``drawn``, all up to the last that it shows."""
        self.per_map = self.out[0] * self.out[1]
        self.units = self.shown * self.per_map
        self.drawn = telling.film.selected(self.units)[-1] // self.per_map + 1
        self.kind = "max" if self.config.mode in MAXIMA else "lp" if self.config.mode == "lp" else "mean"
        self.single = self.kernel == (1, 1)
        self.whole = self.config.mode.startswith("global") or self.kernel == self.padded
        self.adaptive = any(isinstance(side.along, Bins) for side in self.found)
        self.taken = lru_cache(maxsize=64)(self._taken)
        a, b = (0 if isinstance(s.along, Bins) else s.along.before for s in self.found)
        self.before: Place = (a, b)

    def _place(self, sizes: Sequence[int]) -> Place:
        """Sizes along two axes."""
        high, wide = (1, *sizes) if self.flat else sizes
        return high, wide

    def cell(self, channel: int, r: int, c: int) -> tuple[int, ...]:
        """The index of a cell in a tensor of the sample that is told."""
        return self.sample, channel, *((c,) if self.flat else (r, c))

    def output_cell(self, u: int) -> tuple[int, ...]:
        """The index of a unit's cell in the output."""
        return self.cell(*self.index(u)[1:])

    def index(self, u: int) -> tuple[int, int, int, int]:
        """The output cell of a unit: image, channel, row, column."""
        channel, r, c = cell(u, (self.shown, *self.out))
        return self.sample, channel, r, c

    def taps(self, u: int) -> tuple[range, range]:
        """The rows and columns of the padded input that a window covers."""
        rows, cols = (side.along.taps(i) for side, i in zip(self.found, self.index(u)[2:], strict=True))
        return rows, cols

    def region(self, u: int) -> Region:
        """What a unit's step reads."""
        return engine.window(
            self.found[self.flat :], dict(zip(self.trace.axes("output"), self.output_cell(u), strict=True))
        )

    def inside(self, u: int) -> tuple[list[int], list[int]]:
        """The rows and columns of the input under a window, without padding."""
        taps = zip(self.taps(u), self.before, self.size, strict=True)
        rows, cols = ([i - before for i in at if 0 <= i - before < n] for at, before, n in taps)
        return rows, cols

    def steps(self, here: Mapping[str, int]) -> list[int]:
        """The steps that make one cell of the output; backwards those of its share and of the cells under it."""
        made_of = self.trace.tensor("output").shape[1:]
        u = int(np.ravel_multi_index([here.get(a, 0) for a in self.trace.axes("output")[1:]], made_of))
        index = (self.sample, *cell(u, made_of))
        made = [*engine.steps_of(self.trace, *index)]
        if not self.config.backward:
            return made
        if "width" in here:
            cells = [(self.sample, index[1], *(here[axis] for axis in self.trace.axes("input")[2:]))]
        else:
            rows, cols = self.inside(u)
            cells = [self.cell(index[1], r, c) for r in rows for c in cols]
        return made + engine.steps_back(self.trace, index, cells)

    # ── what a window covers ─────────────────────────────────────────────────
    def _taken(self, u: int) -> Taken:
        """Its numbers, in the shape of the largest window."""
        b, channel, *_ = self.index(u)
        spans = self.taps(u)
        rows, cols = ([*at, *[at[-1]] * (n - len(at))] for at, n in zip(spans, self.kernel, strict=True))
        void = np.ones(self.kernel, bool)
        void[: len(spans[0]), : len(spans[1])] = False
        sources = Listed(tuple(tuple(Address("padded", self.cell(channel, r, c)) for c in cols) for r in rows))
        chosen = tuple(at.index(i) for at, i in zip(spans, self.winner(u), strict=True)) if self.kind == "max" else None
        mask = Mask(self.ghost[np.ix_(rows, cols)] | void, void=void)
        plane = self.trace["padded"][b, channel].reshape(self.padded)
        return Taken(plane[np.ix_(rows, cols)], sources, mask, chosen)  # type: ignore[arg-type]

    def winner(self, u: int) -> Place:
        """The row and column of the padded input where a window's largest number stands."""
        r, c = divmod(int(self.trace["indices"][self.output_cell(u)]), self.size[1])
        return r + self.before[0], c + self.before[1]

    def values(self, u: int) -> Array:
        """The numbers of the input under a window."""
        plane = self.trace["input"][self.sample, self.index(u)[1]].reshape(self.size)
        return np.asarray(plane[np.ix_(*self.inside(u))])

    def tied(self, u: int) -> bool:
        """Whether a window has its largest number more than once."""
        return int((self.values(u) == self.values(u).max()).sum()) > 1

    @cached_property
    def disjoint(self) -> bool:
        """Whether no cell is under two windows."""
        read = [[at for i in range(side.along.out) for at in side.along.taps(i)] for side in self.found]
        return all(len(cells) == len(set(cells)) for cells in read)

    @cached_property
    def lasts(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """For every row and column of the input the last window over it; the very last where there is none."""
        out = []
        for side, before, n in zip(self.found, self.before, self.size, strict=True):
            last = np.full(n, side.along.out - 1)
            for i in range(side.along.out):
                at = np.array(side.along.taps(i)) - before
                last[at[(at >= 0) & (at < n)]] = i
            out.append(last)
        return out[0], out[1]

    def last_over(self, channel: int, row: int, col: int) -> int:
        """The unit of the last window over a cell of the input."""
        return int((channel * self.out[0] + self.lasts[0][row]) * self.out[1] + self.lasts[1][col])

    def followed(self, units: range) -> int:
        """The unit that is followed: the one asked for, the preset's, or that with the largest output of any sign."""
        if (wanted := self.telling.wanted(units)) is not None:
            return wanted
        shown = self.trace["output"][self.sample, : self.shown].reshape(-1)[units.start : units.stop]
        sizes = np.abs(numbers.rounded(shown))
        return units[int(np.where(np.isfinite(sizes), sizes, -1.0).argmax())]

    # ── cells without data ───────────────────────────────────────────────────
    @cached_property
    def ghost(self) -> NDArray[np.bool_]:
        """Padding cells of the padded input."""
        out = np.ones(self.padded, bool)
        (top, left), (rows, cols) = self.before, self.size
        out[top : top + rows, left : left + cols] = False
        return out

    @cached_property
    def unread(self) -> NDArray[np.bool_]:
        """Cells of the input that no window reads."""
        gone = [engine.unread(self.trace).get(name, ()) for name in ("height", "width")]
        out = np.zeros(self.padded, bool)
        out[[i + self.before[0] for i in gone[0]], :] = True
        out[:, [i + self.before[1] for i in gone[1]]] = True
        return out & ~self.ghost

    @cached_property
    def counts(self) -> NDArray[np.bool_]:
        """The padding that a mean counts as zeros: none past the edge."""
        if self.kind != "mean" or not self.config.count_include_pad:
            return np.zeros(self.padded, bool)
        ends = [np.arange(n) < n - side.overhang for n, side in zip(self.padded, self.found, strict=True)]
        return self.ghost & np.outer(*ends)

    # ── the picture shifted by one column ────────────────────────────────────
    @cached_property
    def shifted(self) -> Any:
        """The trace of the same picture one column to the left, its last column repeated; none of many windows."""
        if self.kind != "max" or self.config.backward or not 1 < self.per_map <= SHIFTED or self.single:
            return None
        given = self.trace["input"]
        moved = np.concatenate([given[..., 1:], given[..., -1:]], axis=-1)
        return engine.compute("pool", self.config, {"input": moved}) if not np.array_equal(moved, given) else None

    @cached_property
    def stays(self) -> NDArray[np.bool_]:
        """Which outputs of the drawn channels are the same after it."""
        pair = [trace["output"][self.sample, : self.shown] for trace in (self.trace, self.shifted)]
        return np.asarray((pair[0] == pair[1]) | (np.isnan(pair[0]) & np.isnan(pair[1])))

    @property
    def steady(self) -> bool:
        """Whether most outputs stay when the picture is shifted by one column."""
        return self.shifted is not None and 2 * int(self.stays.sum()) > self.stays.size

    def moved(self, r: int, c: int) -> Place:
        """Where in the padded input the number stood that the shift brought to a row and column of it."""
        last = self.before[1] + self.size[1] - 1
        return (r, c) if self.ghost[r, c] else (r, min(c + 1, last))
