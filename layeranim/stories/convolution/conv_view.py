"""What a convolution's film shows of its trace: which slices, at which rounding, in which colour steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layeranim import layout, numbers
from layeranim.engine import conv as engine
from layeranim.engine.trace import Array, Region, cell
from layeranim.numbers import Style
from layeranim.stories import timing
from layeranim.stories.activations import BOUNDED
from layeranim.stories.storyboard import Address, Cells, Source, Telling

MANY = 400  # outputs of a picture whose colours end at the 99th percentile
MOST_GRIDS = 4  # channels or maps drawn; of more the first three stand for all
WHOLE_PRODUCTS = 2_000_000  # beyond this many products their range is bounded instead of computed


@dataclass(frozen=True)
class ConvWindow:
    """One output cell: unit ``u`` of the film, its image, filter, row and column."""

    u: int
    b: int
    f: int
    r: int
    c: int

    @property
    def index(self) -> tuple[int, int, int, int]:
        return self.b, self.f, self.r, self.c

    def of(self, tensor: str) -> Region:
        """This cell of an output-shaped tensor, or its products and partial sums."""
        return Region.of(tensor, batch=self.b, out_channels=self.f, out_height=self.r, out_width=self.c)


class ConvView:
    """The numbers of one film; texts and colour steps are made where they are asked for."""

    def __init__(self, telling: Telling) -> None:
        self.telling = telling
        self.trace = telling.trace
        config: Any = self.trace.config
        self.config = config
        self.batch, self.in_channels = self.trace.tensor("input").shape[:2]
        self.b = telling.film.place_in(self.batch)
        self.filters, self.depth = self.trace.tensor("kernel").shape[:2]
        self.kernel_shape = self.trace.tensor("kernel").shape[2:]
        self.padded_shape = self.trace.tensor("padded").shape[2:]
        self.out_shape = self.trace.tensor("output").shape[2:]
        self.regrouped = self.config.groups > 1 and self.in_channels > MOST_GRIDS
        self.shown_depth = _shown(self.depth)
        self.shown_channels = self.shown_depth if self.regrouped else _shown(self.in_channels)
        self.shown_filters = _shown(self.filters)
        self.biased = "bias" in self.trace.tensors
        self.activated = self.config.activation != "linear"
        self.products_drawn = self.input_numbered = True
        self.symbolic = self.trace.tensor("input").labels is not None

    # ── units ────────────────────────────────────────────────────────────────
    @property
    def units(self) -> int:
        """Windows that the film passes: those of the filters it draws."""
        return self.shown_filters * self.per_map

    @property
    def per_map(self) -> int:
        return int(self.out_shape[0] * self.out_shape[1])

    def window(self, u: int) -> ConvWindow:
        return ConvWindow(u, self.b, *cell(u, (self.filters, *self.out_shape)))

    def telling_unit(self, units: range) -> int:
        """The unit that says most: the first with the largest output, whatever its sign; the middle of equal ones."""
        shown = self.trace["output"][self.b, : self.shown_filters].reshape(-1)[units.start : units.stop]
        sizes = np.abs(numbers.rounded(shown))
        sizes = np.where(np.isfinite(sizes), sizes, -1.0)
        return timing.middle_of(units) if sizes.min() == sizes.max() or self.symbolic else units[int(sizes.argmax())]

    def first_channel(self, f: int) -> int:
        return int(f // (self.filters // self.config.groups) * self.depth)

    def region(self, w: ConvWindow, row: int | None = None) -> Region:
        """The cells of ``padded`` that a window reads, in all its channels or in the one of a row of grids."""
        whole = engine.window(self.trace, *w.index)
        if row is None:
            return whole
        return Region(
            whole.tensor, tuple((a, self.first_channel(w.f) + row if a == "in_channels" else i) for a, i in whole.where)
        )

    def steps(self, units: range) -> range:
        """The trace's steps of some units: products, sum, bias, activation."""
        first, last = (engine.steps_of(self.trace, *self.window(u).index) for u in (units[0], units[-1]))
        return range(first.start, last.stop)

    # ── styles ───────────────────────────────────────────────────────────────
    def style(self, name: str, narrow: bool) -> Style:
        """How a tensor's numbers are written in cells narrower than 58 pixels, or in wider ones."""
        return numbers.style(self._sample(name), pitch=40 if narrow else None, precision=self.telling.film.precision)

    def _sample(self, name: str) -> Array:
        if name == "products" and self._many_products:
            return np.outer(self._ends("padded"), self._ends("kernel"))
        if name == "partial_sums" and self._many_products:
            return np.concatenate([self.trace["pre_activation"][self.b].ravel(), self._ends("padded")])
        if name in ("products", "partial_sums"):
            return self.trace.read(Region.of(name, batch=self.b, out_channels=range(self.shown_filters)))
        return self.trace[name] if name in ("kernel", "bias") else self.trace[name][self.b]

    @property
    def _many_products(self) -> bool:
        return self.shown_filters * self.per_map * self.depth * int(np.prod(self.kernel_shape)) > WHOLE_PRODUCTS

    def _ends(self, name: str) -> Array:
        values = self.trace[name]
        finite = values[np.isfinite(values)]
        step = max(1, finite.size // 512)
        return np.concatenate([finite.ravel()[::step], [finite.max(initial=0), finite.min(initial=0)]])

    def wide(self, name: str) -> tuple[float, float]:
        """Width at size 1 of the widest text of a tensor, in wide and in narrow cells."""
        if self.symbolic:
            return (layout.widest(self.labels(name).ravel().tolist()),) * 2
        sample = self._sample(name)
        ends = _extremes(sample)
        wide, narrow = (layout.widest(numbers.texts(ends, self.style(name, k)).tolist()) for k in (False, True))
        return wide, narrow

    # ── labels of a symbolic film ────────────────────────────────────────────
    def labels(self, name: str) -> NDArray[Any]:
        """One label a cell of a tensor, for films of letters."""
        labels = np.asarray(self.trace.tensor(name).labels)
        if name != "output":
            return labels
        return np.array([label.replace(" + ", "+") for label in labels.ravel()], object).reshape(labels.shape)

    # ── colour ranges ────────────────────────────────────────────────────────
    @property
    def input_range(self) -> float:
        """Numbers of the input and products are compared cell by cell, so they share one range where both are drawn,
        unless the products are so much larger that the input would be pale.
        """
        return self._compared_range if self.products_drawn and self._alike else self._padded_range

    @property
    def products_range(self) -> float:
        return self.input_range if self._alike else self._products_range

    @cached_property
    def _alike(self) -> bool:
        return self.input_numbered and self._compared_range < 2 * self._padded_range

    @cached_property
    def _products_range(self) -> float:
        return numbers.value_range(self._sample("products"))

    @cached_property
    def _padded_range(self) -> float:
        return numbers.value_range(self.trace["padded"][self.b])

    @cached_property
    def _compared_range(self) -> float:
        return numbers.value_range(self.trace["padded"][self.b], self._sample("products"))

    @cached_property
    def kernel_range(self) -> float:
        return numbers.value_range(self.trace["kernel"])

    @property
    def output_range(self) -> float:
        return 1.0 if self.config.activation in BOUNDED else self.sums_range

    @cached_property
    def sums_range(self) -> float:
        """Sums, and what an activation makes of them unless that is bounded, are compared cell by cell."""
        parts = [self.trace["pre_activation"][self.b]]
        parts += [] if self.config.activation in BOUNDED else [self.trace["output"][self.b]]
        if self.picture and parts[0].size >= MANY:  # a few outliers would leave all else pale
            sizes = np.abs(numbers.rounded(parts[0]))
            return max(float(np.quantile(sizes[np.isfinite(sizes)], 0.99)), numbers.value_range(parts[0]) / 20)
        return numbers.value_range(*parts, *([self._sample("partial_sums")] if self.depth > 1 else []))

    @property
    def picture(self) -> str | None:
        """The colour scale of an input that is an image: grey, or one tinted plane a channel."""
        if self.telling.preset is not None and self.telling.preset.planes:
            return "planes"
        if self.telling.kinds.get("input") != "image":
            return None
        return "planes" if self.in_channels == 3 else "grey"

    def input_scale(self, channel: int) -> str:
        if self.picture == "planes":
            return ("plane-r", "plane-g", "plane-b")[channel]
        return self.picture or "value"

    @cached_property
    def _pictured(self) -> bool:
        """Whether the output is a picture again, on the input's scale of greys: kernels that add up to 1 leave an even
        area as it is, as a blur and a sharpening do.
        """
        sums = self.trace["kernel"].sum(axis=(1, 2, 3))
        kept = self.config.activation in ("linear", "relu") and not self.biased
        return bool(self.picture and kept and np.allclose(sums, 1.0, atol=1e-6))

    @cached_property
    def _bright(self) -> tuple[float, float]:
        if self.telling.kinds.get("input") == "image":
            return 0.0, 255.0
        values = self.trace["input"]
        finite = values[np.isfinite(values)]
        return min(0.0, float(finite.min(initial=0))), max(float(finite.max(initial=0)), 1.0)

    # ── cells ────────────────────────────────────────────────────────────────
    def padded_levels(self, values: Array, channel: int) -> NDArray[np.int8]:
        if self.picture:
            return numbers.grey_levels(values, *self._bright)
        return self._levels(values, self.input_range)

    @cached_property
    def ghost(self) -> NDArray[np.bool_]:
        """Padding cells of the padded input."""
        rows, cols = engine.axes_of(self.trace)
        out = np.ones(self.padded_shape, bool)
        height, width = self.trace.tensor("input").shape[2:]
        out[rows.before : rows.before + height, cols.before : cols.before + width] = False
        return out

    @cached_property
    def unread(self) -> NDArray[np.bool_]:
        """Cells of the input that no window reads."""
        gone = engine.unread(self.trace)
        out = np.zeros(self.padded_shape, bool)
        out[list(gone["padded_height"]), :] = True
        out[:, list(gone["padded_width"])] = True
        return out & ~self.ghost

    def input_cells(self, channel: int, style: Style | None) -> Cells:
        """One channel of the padded input."""
        values = self.trace["padded"][self.b, channel]
        texts: NDArray[Any] | None = None
        if style is not None:
            texts = self.labels("padded")[self.b, channel] if self.symbolic else numbers.texts(values, style)
            if self.config.padding_mode == "zeros":
                texts = np.where(self.ghost, "0", texts)
        return Cells(
            self.padded_levels(values, channel),
            texts,
            self.ghost,
            self.unread & ~self.ghost,
            self.input_scale(channel),
            _address("padded", self.b, channel),
        )

    def window_cells(self, w: ConvWindow, row: int, style: Style | None) -> Cells:
        """The numbered copy of what the window covers, for the lens."""
        region = self.region(w, row)
        (channel,), rows, cols = (region.along(a) or range(0) for a in ("in_channels", "padded_height", "padded_width"))
        values = self.trace.read(region)
        ghost = self.ghost[np.ix_(list(rows), list(cols))]
        texts: NDArray[Any] | None = None
        if style is not None:
            at = (self.b, channel, slice(rows.start, rows.stop, rows.step), slice(cols.start, cols.stop, cols.step))
            written = self.labels("padded")[at] if self.symbolic else numbers.texts(values, style)
            texts = np.where(ghost & (self.config.padding_mode == "zeros"), "0", written)
        return Cells(
            self.padded_levels(values, channel),
            texts,
            ghost,
            None,
            self.input_scale(channel),
            lambda r, c: Address("padded", (self.b, channel, rows[r], cols[c])),
        )

    def kernel_cells(self, f: int, row: int, style: Style | None) -> Cells:
        values = self.trace["kernel"][f, row]
        texts = (
            None
            if style is None
            else (self.labels("kernel")[f, row] if self.symbolic else numbers.texts(values, style))
        )
        return Cells(self._levels(values, self.kernel_range), texts, sources=_address("kernel", f, row))

    def product_cells(self, w: ConvWindow, row: int, style: Style | None) -> Cells:
        region = Region(w.of("products").tensor, (*w.of("products").where, ("group_channels", row)))
        values = self.trace.read(region)
        texts = None if style is None else numbers.texts(values, style)
        if self.symbolic and style is not None:
            texts = self.labels("products")[(*w.index, row)]
        levels = self._levels(values, self.products_range)
        return Cells(levels, texts, sources=_address("products", *w.index, row))

    def _levels(self, values: Array, most: float) -> NDArray[np.int8]:
        """Colour steps; letters have no size, so theirs are neutral."""
        return np.zeros(values.shape, np.int8) if self.symbolic else numbers.levels(values, most)

    def partial_cells(self, w: ConvWindow, row: int, style: Style) -> Cells:
        region = Region("partial_sums", (*w.of("partial_sums").where, ("group_channels", range(row, row + 1))))
        values = self.trace.read(region).reshape(1, 1)
        return Cells(
            numbers.levels(values, self.sums_range),
            numbers.texts(values, style),
            sources=lambda r, c: Address("partial_sums", (*w.index, row)),
        )

    def output_cells(self, f: int, style: Style | None) -> Cells:
        values = self.trace["output"][self.b, f]
        texts = None if style is None else numbers.texts(values, style)
        if self.symbolic and style is not None:
            texts = self.labels("output")[self.b, f]
        if self._pictured:
            levels = numbers.grey_levels(values, *self._bright)
            return Cells(levels, texts, scale="grey", sources=_address("output", self.b, f))
        return Cells(self._levels(values, self.output_range), texts, sources=_address("output", self.b, f))

    def bias_cells(self, f: int, style: Style) -> Cells:
        values = self.trace["bias"][f : f + 1].reshape(1, 1)
        return Cells(
            numbers.levels(values, self.kernel_range),
            numbers.texts(values, style),
            sources=lambda r, c: Address("bias", (f,)),
        )


def _shown(count: int) -> int:
    return count if count <= MOST_GRIDS else MOST_GRIDS - 1


def _address(tensor: str, *leading: int) -> Callable[[int, int], Source]:
    return lambda r, c: Address(tensor, (*leading, r, c))


def _extremes(values: Array) -> Array:
    """A few values among which the widest text of a tensor must be: every distinct one, or the ends of many."""
    flat: Array = np.sort(values, axis=None)
    flat = flat[np.concatenate([[True], flat[1:] != flat[:-1]])]  # np.unique would load masked arrays
    if flat.size <= 512:
        return flat
    finite = flat[np.isfinite(flat)]
    return np.concatenate([finite[:8], finite[-8:], flat[~np.isfinite(flat)][:3]])
