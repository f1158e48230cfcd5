"""The numbers of one convolutional network, forwards or backwards: names, axes, and which number is followed."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np

from layeranim.engine import window
from layeranim.engine.trace import Array, Region, count
from layeranim.errors import OptionError
from layeranim.records import dataclass
from layeranim.stories import phrases
from layeranim.stories.activations import activation_word, bounded
from layeranim.stories.options import FilmOptions
from layeranim.stories.pictures import ink
from layeranim.stories.stage import Bars, Grid, Maps, listed
from layeranim.stories.stage.arrangements import foremost, largest
from layeranim.stories.stage.figures import Figures
from layeranim.stories.stage.parts.volume import MOST
from layeranim.stories.storyboard import Address, FilmView, Line, Run, Telling

LONG = 3
"""More convolutions than so many have no room in one line."""


SCORES = "dense_pre_activation"
"""What the dense layer adds up."""
BAND, BAR_MOST, BAR_LEAST = 22.0, 40.0, 23.0
"""The width of a column of colours; the height of a bar with its number."""
NUMBERS = (0.0, 0.0)
"""In place of the width and height of a band of colours: cells with numbers."""
Cell = tuple[int, int, int]
"""A map, a row and a column."""


@dataclass(frozen=True)
class Path:
    """The number that is followed through a network: a cell of every convolution and of every pooling after it, a
    place in the row, and a class."""

    convs: tuple[Cell, ...]
    pools: tuple[Cell, ...]
    feature: int
    winner: int


class CnnView(FilmView):
    """One network as its film sees it; a unit of the film is a filter of its first convolution."""

    def __init__(self, telling: Telling) -> None:
        super().__init__(telling)
        self.filters: tuple[int, ...] = self.config.filters
        self.layers, self.classes = len(self.filters), int(self.config.units)
        self.end: str = self.config.output_activation
        base = telling.base
        self.digits = bool(base and base.planes and self.classes == 10)
        self.channels, self.height, self.width = self.trace.tensor("input").shape[1:]
        self.pictured = "input" in telling.kinds or self.digits
        self.broken = telling.film.canvas.narrow or self.layers > LONG
        """Whether the stages stand in several lines."""
        self.path = self._path()

    # ── names ────────────────────────────────────────────────────────────────
    def axes(self, name: str) -> tuple[str, str, str]:
        """The axes of the maps of ``conv1``, ``pool2``: along the maps, their rows, their columns."""
        axes = self.trace.axes(self.out(name))
        return axes[1], axes[2], axes[3]

    def out(self, name: str) -> str:
        """What a stage makes."""
        return "input" if name == "input" else f"{name}_output"

    def shape(self, name: str) -> str:
        """How many maps of which size a stage makes."""
        return "×".join(map(str, self.trace.tensor(self.out(name)).shape[1:]))

    def title(self, name: str) -> str:
        """What a stage is called: by its number where there are several."""
        return f"{name[:4]} {name[4:]}" if self.layers > 1 else name[:4]

    def symbols(self) -> dict[str, Line]:
        """What stands in front of the arithmetic."""
        names = [f"{what}{k}" for k in range(1, self.layers + 1) for what in ("conv", "pool")]
        last = {SCORES: phrases.name("z")} if self.end != "linear" else {"output": phrases.name("y")}
        return {self.out(name): phrases.name(self.title(name)) for name in names} | last

    def conv(self, k: int) -> tuple[str, ...]:
        """What a convolution makes, step by step."""
        return f"conv{k}_products", f"conv{k}_pre_activation", f"conv{k}_output"

    @property
    def noun(self) -> str:
        return "class" if self.end == "softmax" and self.classes > 1 else "output"

    def called(self, unit: int) -> str:
        """What an output is called: classes of digits by the digit."""
        return str(unit if self.digits else unit + 1)

    def kinds(self) -> dict[str, str]:
        """How the pixels of what goes in are coloured, and what are shares."""
        return ({"input": ink(self.telling, self.channels)} if self.pictured else {}) | (
            {"output": "share"} if self.end != "linear" else {}
        )

    @property
    def alike(self) -> tuple[tuple[str, ...], ...]:
        """The maps of a convolution, what the pooling leaves of their numbers, and the row, where the last ones lie."""
        *outs, last = ((f"conv{k}_output", f"pool{k}_output", f"pool{k}_padded") for k in range(1, self.layers + 1))
        return *outs, (*last, "flatten_output")

    def spans(self) -> dict[str, float]:
        """The ranges of colours that are known: of what stays between −1 and 1."""
        return bounded(self.config.activation, *(name for group in self.alike for name in group))

    def parameters(self, *labels: str) -> int:
        """How many numbers some stages learn."""
        held = self.trace.tensors.values()
        return sum(count(t.shape) for t in held
                   if t.role == "weight" and not t.is_recipe and t.name.startswith(labels))  # fmt: skip

    def before(self, k: int) -> tuple[int, int]:
        """The rows and columns of padding above and left of what a convolution reads."""
        sizes = self.trace.tensor("input" if k == 1 else f"pool{k - 1}_output").shape[2:]
        rows, cols = window.slide(self.config.padding, sizes, self.config.kernel_size, (1, 1), (1, 1),
                                  names=("height", "width"))  # fmt: skip
        return rows.before, cols.before

    # ── which maps are drawn ─────────────────────────────────────────────────
    def asked(self, k: int) -> tuple[int, ...]:
        """The maps of a convolution that were asked for."""
        film: FilmOptions = self.telling.film
        return film.chosen(f"conv{k}", self.filters[k - 1], MOST) if k <= self.layers else ()

    @cached_property
    def drawn(self) -> tuple[tuple[int, ...], ...]:
        """The maps of each convolution that are drawn: those that were asked for, else all; of many the largest."""
        beyond = next((noun for noun in self.telling.film.show_of if int(noun[4:]) > self.layers), "")
        if beyond:
            there = phrases.so_many("convolution", "convolutions", self.layers)
            raise OptionError(f"show is {self.telling.film.show}, but this network has {there}; leave {beyond} out")
        return tuple(
            self.asked(k) or foremost(self.trace[f"conv{k}_output"][self.sample], self.path.convs[k - 1][0], MOST)
            or tuple(range(self.filters[k - 1])) for k in range(1, self.layers + 1)
        )  # fmt: skip

    def chosen(self, k: int) -> tuple[int, ...]:
        """The maps of a convolution that are drawn, where not all are."""
        return self.drawn[k - 1] if len(self.drawn[k - 1]) < self.filters[k - 1] else ()

    @property
    def only(self) -> dict[str, tuple[int, ...]]:
        """The filters of the first convolution that are told, where not all are drawn."""
        return {"conv1_out_channels": self.chosen(1)} if self.chosen(1) else {}

    def named(self, unit: int) -> str:
        """A unit by its filter."""
        return f"filter {self.drawn[0][unit] + 1}"

    @property
    def first(self) -> int:
        """The unit of the filter that is followed."""
        return self.drawn[0].index(self.path.convs[0][0])

    # ── the number that is followed ──────────────────────────────────────────
    def winner(self) -> int:
        """The output that is followed: the largest."""
        return largest(self.trace["output"][self.sample])[0]

    def _path(self) -> Path:
        """Back from an output: what speaks loudest for it, and what that was made of."""
        trace, sample = self.trace, self.sample
        winner = self.winner()
        shape = trace.tensor(f"pool{self.layers}_output").shape[1:]
        speak = trace.read(Region.of("dense_products", batch=sample, dense_out_features=winner)).reshape(shape)
        cell = self._loudest(self.layers, speak)
        convs, pools = list[Cell](), [cell]
        for k in range(self.layers, 0, -1):
            convs.insert(0, self._pooled(k, cell))
            if k > 1:
                cell = self._convolved(k, convs[0])
                pools.insert(0, cell)
        feature = int(np.ravel_multi_index(pools[-1], shape))
        return Path(tuple(convs), tuple(pools), feature, winner)

    def _pooled(self, k: int, cell: Cell) -> Cell:
        """The largest of the cells that a pooling made a cell of."""
        axes = self.axes(f"pool{k}")
        there = Region(f"pool{k}_windows", (("batch", self.sample), *zip(axes, cell, strict=True)))
        row, col = largest(self.trace.read(there))
        high, wide = self.config.pool_size
        return cell[0], cell[1] * high + row, cell[2] * wide + col

    def _convolved(self, k: int, cell: Cell) -> Cell:
        """The cell of the maps before with the largest product in a cell of a convolution.

        Of a window that holds nothing but padding or NaN it is the one nearest to where the window begins.
        """
        axes = self.axes(f"conv{k}")
        there = Region(f"conv{k}_products", (("batch", self.sample), *zip(axes, cell, strict=True)))
        products = np.array(self.trace.read(there), float)
        top, left = self.before(k)
        rows, cols = (np.arange(n) + at - skipped for n, at, skipped in
                      zip(products.shape[1:], cell[1:], (top, left), strict=True))  # fmt: skip
        high, wide = self.trace.tensor(f"pool{k - 1}_output").shape[2:]
        outside = ((rows < 0) | (rows >= high))[:, None] | ((cols < 0) | (cols >= wide))[None, :]
        products[:, outside] = -np.inf
        channel, row, col = self._loudest(k - 1, products)
        return channel, min(max(int(rows[row]), 0), high - 1), min(max(int(cols[col]), 0), wide - 1)

    def _loudest(self, k: int, values: Array) -> Cell:
        """The largest of some numbers for the maps of a stage, of those that were asked for."""
        asked = list(self.asked(k) or range(len(values)))
        at, row, col = largest(values[asked])
        return asked[at], row, col

    def at(self) -> dict[str, int]:
        """The places of the followed number on all axes that are no units'."""
        out: dict[str, int] = {}
        for name, cell in self._stations():
            places = zip(self.axes(name), cell, strict=True)
            out |= {axis: i for axis, i in places if axis != "conv1_out_channels"}
        return out | {"flatten_features": self.path.feature, "dense_out_features": self.path.winner}

    def followed(self) -> tuple[Region, ...]:
        """The cells of that number in every stage."""
        out = [Region(self.out(name), (("batch", self.sample), *zip(self.axes(name), cell, strict=True)))
               for name, cell in self._stations()]  # fmt: skip
        return *out, Region.of("flatten_output", batch=self.sample, flatten_features=self.path.feature)

    def _stations(self) -> Iterator[tuple[str, Cell]]:
        """Every stage with its cell of that number."""
        for k, (conv, pool) in enumerate(zip(self.path.convs, self.path.pools, strict=True), 1):
            yield from ((f"conv{k}", conv), (f"pool{k}", pool))

    # ── parts ────────────────────────────────────────────────────────────────
    def picture(self, cell: float = 0.0) -> Maps:
        """What goes in: a picture, or maps of numbers."""
        channels, rows, cols = self.axes("input")
        return Maps("input", "x", channels, rows, cols, pixels=self.pictured, maps=self.channels,
                    seen=(("conv1_padded", *self.before(1)),), size=self.shape("input"), cell=cell)  # fmt: skip

    def maps(self, name: str, tall: float = 0.0, cell: float = 0.0) -> Maps:
        """What a convolution or a pooling makes."""
        k, conv = int(name[4:]), name.startswith("conv")
        reads = f"pool{k}_padded" if conv else f"conv{k + 1}_padded"
        seen = ((reads, 0, 0),) if conv else ((reads, *self.before(k + 1)),) if k < self.layers else ()
        return Maps(self.out(name), self.title(name), *self.axes(name), whole=conv, maps=self.filters[k - 1],
                    seen=seen, size=self.shape(name), tall=tall, chosen=self.chosen(k),
                    cell=cell, like=None if conv else self.maps(f"conv{k}", tall, cell))  # fmt: skip

    def answers(self, sums: str, text: str, room: float, high: float = 0.0) -> tuple[Grid, Bars | Grid]:
        """What the dense layer adds up, or its errors, and what the network says: as bars where these have ``room``.

        Without numbers as bands of colours, so ``high``.
        """
        axis, pitch = "dense_out_features", min(BAR_MOST, room / self.classes)
        few = pitch >= BAR_LEAST
        band = (BAND, pitch * self.classes if few else high) if high else NUMBERS
        bars = Bars("output", "y", axis, tuple(map(self.called, range(self.classes))), pitch)
        said = bars if few else Grid("output", "y", rows=axis, band=band, lens=False)
        return Grid(sums, text, rows=axis, band=band, lens=False), said

    def routes(self) -> tuple[tuple[str, str], ...]:
        """From what is framed of one stage to what is framed of the next."""
        out = [("input:0", f"conv1_output:{k}") for k in self.drawn[0]]
        if self.broken:  # lines from line to line would cross what stands between
            return tuple(out)
        out += [(f"conv1_output:{k}", f"pool1_output:{k}") for k in self.drawn[0]]
        for k in range(2, self.layers + 1):
            before, now = self.path.pools[k - 2][0], self.path.convs[k - 1][0]
            out += [(f"pool{k - 1}_output:{before}", f"conv{k}_output:{now}"),
                    (f"conv{k}_output:{now}", f"pool{k}_output:{now}")]  # fmt: skip
        return tuple(out)

    # ── words ────────────────────────────────────────────────────────────────
    def options(self) -> tuple[str, ...]:
        """What the header keeps: sizes, and every option that a film must say."""
        config, many = self.config, self.layers > 1 or self.filters[0] > 1
        kernel, pool = ("×".join(map(str, size)) for size in (config.kernel_size, config.pool_size))
        padding = config.padding if isinstance(config.padding, str) else _amount(config.padding)
        return (
            f"{self.shape('input')} → {self.classes}",
            f"{phrases.listed(self.filters)} filter{'s' * many} {kernel}",
            *((f"padding {padding}",) if padding else ()),
            *((activation_word(config.activation),) if config.activation != "linear" else ()),
            f"{config.pool_mode} {pool}",
            *((activation_word(self.end),) if self.end != "linear" else ()),
            *(("no bias",) if not config.bias else ()),
            *self._undrawn(),
        )

    def _undrawn(self) -> Iterator[str]:
        """Which maps are drawn, where not all are."""
        for k, many in enumerate(self.filters, 1):
            yield from listed(f"{self.title(f'conv{k}')} maps", self.asked(k) or range(many), many)
        most = max((n for k, n in enumerate(self.filters, 1) if not self.asked(k)), default=0)
        if most > MOST:
            yield f"{MOST} of {most} maps drawn, the largest and the followed"

    def laid(self, figures: Figures) -> Line:
        """Where the number that is followed goes in the row."""
        channel, row, col = (i + 1 for i in self.path.pools[-1])
        cell = Address("flatten_output", (self.sample, self.path.feature))
        number = Run(figures.text(cell), "ink", "semibold", cell)
        place = f"map {channel}, row {row}, column {col}"
        return phrases.laid(number, place, self.path.feature, self.trace.size("flatten_features"))

    def ended(self, figures: Figures) -> Line:
        """What the output that is followed adds up, and its share."""
        z, y = (Address(name, (self.sample, self.path.winner)) for name in (SCORES, "output"))
        return phrases.bent(figures.text, f"{self.noun} {self.called(self.path.winner)}", z, y, self.end)


def _amount(padding: Any) -> str:
    """Padding as numbers: one where all are the same; nothing where there is none."""
    flat = [n for pair in padding for n in pair]
    return "" if not any(flat) else str(flat[0]) if len({*flat}) == 1 else ",".join(map(str, flat))
