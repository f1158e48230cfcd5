"""What a dense layer's film shows of its trace: which cells, at which rounding, in which colour steps."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np

from layeranim import layout, numbers
from layeranim.engine.dense import steps_of
from layeranim.engine.trace import Array, Region
from layeranim.numbers import Style
from layeranim.stories.activations import BOUNDED, activation_name
from layeranim.stories.storyboard import Address, Cells, Source, Telling

ROW_WISE = ("softmax", "log-softmax")
LENS = 5  # products that a lens shows
PALE = 4  # times larger, and the smaller numbers would have one colour step
SAMPLED = 200_000  # beyond this many products their range is that of a sample of the samples


class DenseView:
    """The numbers of one film; a unit of the film is one unit of the layer for one sample."""

    def __init__(self, telling: Telling) -> None:
        self.telling, self.trace = telling, telling.trace
        config: Any = self.trace.config
        self.activation: str = config.activation
        self.batch, self.inputs = self.trace.tensor("input").shape
        self.units = self.trace.tensor("weight").shape[0]
        self.told = self.batch if telling.film.sample is None else 1  # samples that the film goes through
        self.shown: range = telling.film.selected_of(self.batch, self.units)
        self.first = self.shown.start
        self.biased = "bias" in self.trace.tensors
        self.activated = self.activation != "linear"
        self.row_wise = self.activation in ROW_WISE
        self.probable = self.activation in ("softmax", "sigmoid")
        self.styles: dict[str, Style] = {}

    # ── units ────────────────────────────────────────────────────────────────
    @property
    def total(self) -> int:
        return int(self.batch * self.units)

    def at(self, u: int) -> tuple[int, int]:
        """Sample and unit of the layer at unit ``u`` of the film."""
        return divmod(u, self.units)

    def steps(self, units: range) -> range:
        """The trace's steps of some units."""
        return range(steps_of(self.trace, *self.at(units[0])).start, steps_of(self.trace, *self.at(units[-1])).stop)

    @property
    def given(self) -> int:
        """The sample that stands there from the start."""
        return self.at(self.first)[0]

    @property
    def chip(self) -> str:
        """The activation as it is written on its chip."""
        return activation_name(self.activation)

    # ── styles and ranges ────────────────────────────────────────────────────
    def style(self, name: str) -> Style:
        """How a tensor's numbers are written, decided once."""
        if name not in self.styles:
            kind: Any = "probability" if name == "output" and self.probable else "value"
            sample = self.products_sample if name == "products" else self.trace[name]
            self.styles[name] = numbers.style(sample, kind=kind, precision=self.telling.film.precision)
        return self.styles[name]

    @cached_property
    def products_sample(self) -> Array:
        """The products that decide their rounding and colours."""
        most = max(1, SAMPLED // (self.units * self.inputs))
        return self.trace.read(Region.of("products", batch=range(min(self.batch, most))))

    def wide(self, name: str) -> float:
        """Width at size 1 of the widest text of a tensor."""
        values = self.products_sample if name == "products" else self.trace[name]
        flat = np.unique(values)
        finite = flat[np.isfinite(flat)]
        ends = np.concatenate([finite[:300], finite[-300:], flat[~np.isfinite(flat)][:3]])
        return layout.widest(numbers.texts(ends, self.style(name)).tolist())

    @cached_property
    def _ranges(self) -> dict[str, float]:
        bounded = self.activation in BOUNDED
        sums = [self.trace["pre_activation"], *([] if self.row_wise or bounded else [self.trace["output"]])]
        out = {
            "input": numbers.value_range(self.trace["input"]),
            "weight": numbers.value_range(self.trace["weight"]),
            "products": numbers.value_range(self.products_sample),
            "pre_activation": numbers.value_range(*sums),
            "output": 1.0 if bounded else numbers.value_range(*([self.trace["output"]] if self.row_wise else sums)),
        }
        if self.biased:
            out["bias"] = numbers.value_range(self.trace["bias"])
        alike = [name for name in ("input", "bias", "pre_activation", "output") if name in out and not self._own(name)]
        if max(out[name] for name in alike) <= PALE * min(out[name] for name in alike):
            out |= dict.fromkeys(alike, numbers.value_range(*(self.trace[name] for name in alike)))
        return out

    def _own(self, name: str) -> bool:
        """Whether a tensor keeps a scale of its own: shares do."""
        return name == "output" and (self.row_wise or self.probable)

    def text(self, name: str, *index: int) -> str:
        """One number as it is shown everywhere."""
        value = self.trace.read(Region(name, tuple(zip(self.trace.axes(name), index, strict=True))))
        return numbers.text(value, self.style(name))

    # ── cells ────────────────────────────────────────────────────────────────
    def cells(
        self, name: str, values: Array, shape: tuple[int, int], numerals: bool, index: Callable[[int], tuple[int, ...]]
    ) -> Cells:
        """Some numbers of a tensor in a grid of that shape; ``index`` gives the place of the k-th in the tensor."""
        block = np.asarray(values).reshape(shape)
        texts = numbers.texts(block, self.style(name)) if numerals else None
        scale = "heat" if name == "output" and self.probable else "value"
        levels = numbers.heat_levels(block) if scale == "heat" else numbers.levels(block, self._ranges[name])

        def source(row: int, col: int) -> Source:
            return Address(name, index(row * shape[1] + col))

        return Cells(levels, texts, scale=scale, sources=source)

    def sample(self, b: int, shape: tuple[int, int], numerals: bool) -> Cells:
        """The inputs of one sample."""
        return self.cells("input", self.trace["input"][b], shape, numerals, lambda k: (b, k))

    def samples(self, numerals: bool) -> Cells:
        """Every sample, one a row."""
        shape = (self.batch, self.inputs)
        return self.cells("input", self.trace["input"], shape, numerals, lambda k: divmod(k, self.inputs))

    def picture(self, b: int, side: int) -> Cells:
        """The inputs of a sample as grey values."""
        values = self.trace["input"][b].reshape(side, side)
        top = float(np.max(values, initial=0, where=np.isfinite(values)))
        return Cells(numbers.grey_levels(values, 0.0, max(1.0, top)), scale="ink",
                     sources=lambda r, c: Address("input", (b, r * side + c)))  # fmt: skip

    def weights(self, numerals: bool) -> Cells:
        shape = (self.units, self.inputs)
        return self.cells("weight", self.trace["weight"], shape, numerals, lambda k: divmod(k, self.inputs))

    def weights_of(self, o: int, shape: tuple[int, int], numerals: bool) -> Cells:
        """The weights of one unit."""
        return self.cells("weight", self.trace["weight"][o], shape, numerals, lambda k: (o, k))

    def products_of(self, u: int) -> Array:
        """Every product of the unit under way."""
        b, o = self.at(u)
        return self.trace.read(Region.of("products", batch=b, out_features=o))

    def products(self, u: int, shape: tuple[int, int], numerals: bool) -> Cells:
        b, o = self.at(u)
        return self.cells("products", self.products_of(u), shape, numerals, lambda k: (b, o, k))

    def biases(self, numerals: bool) -> Cells:
        return self.cells("bias", self.trace["bias"], (self.units, 1), numerals, lambda k: (k,))

    def column(self, name: str, b: int, numerals: bool) -> Cells:
        """A result of every unit for one sample, ``pre_activation`` or ``output``."""
        return self.cells(name, self.trace[name][b], (self.units, 1), numerals, lambda k: (b, k))

    def one(self, name: str, u: int) -> Cells:
        """The number of the unit under way, as a grid of one cell."""
        b, o = self.at(u)
        if name == "bias":
            return self.cells(name, self.trace[name][o], (1, 1), True, lambda k: (o,))
        return self.cells(name, self.trace[name][b, o], (1, 1), True, lambda k: (b, o))

    # ── the lens of a large layer ────────────────────────────────────────────
    def largest(self, u: int, most: int = LENS) -> list[int]:
        """The inputs with the largest products of the unit under way, by size, first come first."""
        sizes = np.nan_to_num(np.abs(numbers.rounded(self.products_of(u))), nan=np.inf)
        return [int(k) for k in np.argsort(-sizes, kind="stable")[:most]]

    def lens(self, name: str, u: int) -> Cells:
        """Inputs, weights or products of the largest products, one a row."""
        (b, o), picked = self.at(u), self.largest(u)
        shape = (len(picked), 1)
        if name == "input":
            return self.cells(name, self.trace["input"][b][picked], shape, True, lambda k: (b, picked[k]))
        if name == "weight":
            return self.cells(name, self.trace["weight"][o][picked], shape, True, lambda k: (o, picked[k]))
        return self.cells(name, self.products_of(u)[picked], shape, True, lambda k: (b, o, picked[k]))

    def ranking(self, b: int) -> list[int]:
        """The units by their results of a sample, the largest first."""
        results = np.nan_to_num(self.trace["output"][b], nan=-np.inf)
        before = np.nan_to_num(self.trace["pre_activation"][b], nan=-np.inf)
        return [int(o) for o in np.lexsort((-before, -results))]

    def winners(self, b: int) -> list[int]:
        """The units that share the largest sum of a sample."""
        sums = numbers.rounded(self.trace["pre_activation"][b])
        return [int(o) for o in np.flatnonzero(sums == sums[self.winner(b)])]

    def winner(self, b: int) -> int:
        """The unit with the largest result of a sample."""
        return self.ranking(b)[0]

    def loudest(self, u: int, most: int) -> list[int]:
        """The inputs whose products add most to the unit under way."""
        products = np.nan_to_num(numbers.rounded(self.products_of(u)), nan=0.0)
        return [int(k) for k in np.argsort(-products, kind="stable")[:most] if products[k] > 0]

    def edge_width(self, o: int, i: int) -> float:
        """The width of an edge: 2 + 4·|w|/max pixels, by tenths."""
        weight, top = abs(float(numbers.rounded(self.trace["weight"][o, i]))), self._ranges["weight"]
        share = min(1.0, weight / top) if np.isfinite(weight) and top > 0 else float(np.isinf(weight))
        return round(2 + 4 * share, 1)
