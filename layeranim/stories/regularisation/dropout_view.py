"""What dropout's film shows of its trace: units as cells of one sheet, their masks, results, mean, test-time pass."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import cached_property
from math import isqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layeranim import layout, numbers
from layeranim.engine.dropout import spread
from layeranim.engine.trace import Array, Region, count
from layeranim.numbers import Style
from layeranim.stories.storyboard import Address, Cells, Source, Telling

COLUMN_MOST = 9
"""Units of a single sample that stand in one column."""


MASK_LEVEL = 20
"""The grey of a kept unit's mask where there is no room for its 1: neither positive nor negative."""


class DropoutView:
    """The numbers of one film; a unit of the film is one cell of the first draw, in reading order.

    With ``sample`` they are those of one sample of the batch.
    """

    def __init__(self, telling: Telling, sample: int | None = None) -> None:
        self.telling, self.trace = telling, telling.trace
        config: Any = self.trace.config
        self.rate: float = config.rate
        self.mode: str = config.mode
        self.whole = self.trace.tensor("input").shape
        self.batch, self.sample = self.whole[0], sample
        self.shape = self.whole if sample is None else (1, *self.whole[1:])
        self.draws = int(self.trace.tensor("output").shape[0])
        self.features = int(self.shape[-1])
        self.rows, self.cols = _sheet_of(self.shape)
        self.total = self.rows * self.cols
        self.start = self.total * (sample or 0)
        self.mask_axes = len(self.trace.tensor("mask").shape) - 1
        self.styles: dict[str, Style] = {}

    # ── facts ────────────────────────────────────────────────────────────────
    @property
    def rate_text(self) -> str:
        return f"{self.rate:g}"

    @cached_property
    def masks(self) -> NDArray[np.bool_]:
        """What each draw keeps: (draws, rows, columns)."""
        mask = spread(np.asarray(self.trace["mask"]) != 0, self.trace.axes("mask"), self.trace.axes("input"))
        every = np.broadcast_to(mask, (self.draws, *self.whole)).reshape(self.draws, -1)
        return self._here(every).reshape(self.draws, self.rows, self.cols)

    def _here(self, values: Array) -> Array:
        """Of all units, along the last axis, those that are told."""
        return np.asarray(values[..., self.start : self.start + self.total])

    @property
    def masks_drop(self) -> bool:
        """Whether any draw leaves a unit out."""
        return not bool(self.masks.all())

    def dropped(self, draw: int) -> int:
        """How many units a draw leaves out."""
        return int((~self.masks[draw]).sum())

    def fact(self, name: str) -> str:
        """A number of the formula: ``scale``, ``shift``, ``fill``."""
        value = round(float(self.trace.facts[name]), 9)
        return numbers.text(value, Style(0 if value == int(value) else 2))

    # ── styles and ranges ────────────────────────────────────────────────────
    def style(self, name: str) -> Style:
        if name == "mask":
            return Style(0)
        if name not in self.styles:
            self.styles[name] = numbers.style(self.trace[name], precision=self.telling.film.precision)
        return self.styles[name]

    def wide(self, *names: str) -> float:
        """Width at size 1 of the widest text of some tensors."""
        return max(layout.widest(numbers.texts(_ends(self.trace[name]), self.style(name)).tolist()) for name in names)

    @cached_property
    def vmax(self) -> float:
        """Inputs and results are compared cell by cell: one range."""
        return numbers.value_range(*(self.trace[name] for name in ("input", "output", "mean", "inference")))

    def index(self, k: int) -> tuple[int, ...]:
        """The place in the input of the k-th cell."""
        return tuple(int(i) for i in np.unravel_index(self.start + k, self.whole))

    def address(self, name: str, k: int, draw: int = 0) -> Address:
        at = self.index(k)
        if name == "mask":
            return Address(name, (draw, *at[: self.mask_axes]))
        return Address(name, (draw, *at) if name in ("output", "kept") else at)

    def steps(self, units: range) -> range:
        """The trace's steps of some units of the first draw: each is dropped or kept, then scaled."""
        return range(2 * (self.start + units.start), 2 * (self.start + units.stop))

    def averaging(self, k: int) -> range:
        """The trace's step that takes the mean of a unit over the draws."""
        first = 2 * count(self.trace.tensor("output").shape) + self.start + k
        return range(first, first + 1)

    def value(self, name: str, k: int, draw: int = 0) -> Any:
        where = self.address(name, k, draw)
        return self.trace.read(Region(name, tuple(zip(self.trace.axes(name), where.index, strict=True))))

    def text(self, name: str, k: int, draw: int = 0) -> str:
        """One number as it is shown everywhere; a dropped unit's 0 is structural."""
        if name == "output" and self.gone(k, draw):
            return "0"
        return numbers.text(self.value(name, k, draw), self.style(name))

    def gone(self, k: int, draw: int = 0) -> bool:
        """Whether a unit is left out and 0."""
        return self.mode != "alpha" and not self.masks[draw].reshape(-1)[k]

    # ── cells ────────────────────────────────────────────────────────────────
    def cells(self, name: str, numerals: bool, draw: int = 0) -> Cells:
        """One sheet: ``input``, ``mask``, ``output``, ``mean`` or ``inference``."""
        values: Array = self.masks[draw].astype(float) if name == "mask" else self._sheet(name, draw)
        ghost = ~self.masks[draw] if name == "mask" or (name == "output" and self.mode != "alpha") else None
        texts = numbers.texts(values, self.style(name)) if numerals else None
        if texts is not None and ghost is not None:
            texts = np.where(ghost, "0", texts)
        kept = 0 if numerals else MASK_LEVEL
        levels = np.full(values.shape, kept, np.int8) if name == "mask" else numbers.levels(values, self.vmax)

        def source(row: int, col: int) -> Source:
            return self.address(name, row * self.cols + col, draw)

        scale = "grey" if name == "mask" and not numerals else "value"
        return Cells(levels, texts, ghost, scale=scale, sources=source)

    def _sheet(self, name: str, draw: int) -> Array:
        values = self.trace[name][draw] if name == "output" else self.trace[name]
        return self._here(values.reshape(-1)).reshape(self.rows, self.cols)

    def one(self, name: str, k: int, draw: int = 0) -> Cells:
        """One cell of a sheet in numbers."""
        return self.pick(name, lambda _: k, 1, draw)

    def column(self, name: str, draw: int = 0) -> Cells:
        """The units as a column."""
        return self.pick(name, lambda row: row, self.features, draw)

    def pick(self, name: str, place: Callable[[int], int], rows: int, draw: int) -> Cells:
        sheet = self.cells(name, True, draw)
        at = [divmod(place(row), self.cols) for row in range(rows)]
        texts: Any = sheet.texts

        def part(block: Any) -> Any:
            return None if block is None else np.array([[block[spot]] for spot in at], block.dtype)

        return Cells(
            part(sheet.levels), part(texts), part(sheet.ghost), scale=sheet.scale,
            sources=lambda r, c: self.address(name, place(r), draw),
        )  # fmt: skip

    def example(self) -> int:
        """The cell that stands for all: the first of the largest inputs that a later draw treats otherwise."""
        given = self._here(self.trace["input"].reshape(-1))
        sizes = np.nan_to_num(np.abs(numbers.rounded(given)), nan=0.0, posinf=0.0)
        varied = (self.masks.any(axis=0) & ~self.masks.all(axis=0)).ravel()
        return int(np.argmax(np.where(varied, sizes + 1e-300, -1.0))) if varied.any() else int(np.argmax(sizes))

    # ── what displayed numbers give ──────────────────────────────────────────
    def relation(self, *terms: str, by: Fraction, plus: str = "0", result: str) -> numbers.Relation:
        """Whether the displayed terms, added and multiplied, read as the displayed result."""
        total: Any = sum((numbers.exact(term) for term in terms), Fraction(0))
        shift = numbers.exact(plus)
        if isinstance(total, float) or isinstance(shift, float):
            return numbers.agrees(float(total) * float(by), result, *terms)
        return numbers.agrees(total * by + shift, result, plus, *terms)


def _sheet_of(shape: tuple[int, ...]) -> tuple[int, int]:
    """Rows and columns of the sheet: one sample stands as a column, or folded to a rectangle where it is long."""
    rows, cols = int(np.prod(shape[:-1])), int(shape[-1])
    if rows > 1 or cols <= COLUMN_MOST:
        return (rows, cols) if rows > 1 else (cols, 1)
    side = next(n for n in range(isqrt(cols), 0, -1) if cols % n == 0)
    return side, cols // side


def _ends(values: Array) -> Array:
    flat = np.unique(values)
    finite = flat[np.isfinite(flat)]
    return np.concatenate([finite[:300], finite[-300:], flat[~np.isfinite(flat)][:3]])
