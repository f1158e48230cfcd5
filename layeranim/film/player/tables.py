"""The numbers of a step: what its acts of arithmetic read and write, as tables that a page can show."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, field
from itertools import islice, product
from typing import Any

import numpy as np

from layeranim import numbers
from layeranim.engine.trace import Region, Tensor, Trace, count
from layeranim.records import dataclass

SIDES = (12, 8, 6, 4, 2)
"""Rows and columns that a table shows at most: the first with which all tables of a film fit into ``ROOM``."""
ROOM = 24_000
"""Bytes of all tables of a film, as JSON."""
TABLES = 10
"""Tables of a step, at most."""
ACTS = 64
"""Acts of a step that are looked at: of more, the first and the last of them."""
WHOLE = 65_536
"""Cells up to which the style of a tensor's numbers is that of all of them, not of those that are shown."""


@dataclass(frozen=True)
class StepTable:
    """Cells of one tensor. ``made``: this step writes them, it does not only read them.

    ``where`` says in words which slice of the tensor it is; ``down`` and ``across`` what the rows and
    columns run along; ``rest`` of how many they are a part.
    """

    name: str
    made: bool
    where: str
    down: str
    across: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]
    rest: str = ""

    def data(self) -> dict[str, Any]:
        """As JSON takes it."""
        return asdict(self)


@dataclass(frozen=True, eq=False)
class StepTables:
    """The tables of one trace, ``side`` rows and columns each at most, counted from ``first``."""

    trace: Trace
    side: int
    precision: int | None = None
    first: int = 1
    _styles: dict[str, numbers.Style] = field(default_factory=dict)

    def of(self, acts: Sequence[int]) -> Iterator[StepTable]:
        """What these acts read, then what they write: one table a tensor, with all the cells between."""
        listed = [*acts] if len(acts) <= ACTS else [*acts[: ACTS // 2], *acts[-ACTS // 2 :]]
        steps = [self.trace.steps[at] for at in listed]
        written = [step.writes for step in steps]
        made = {region.tensor for region in written}
        read = [region for step in steps for region in step.reads if region.tensor not in made]
        hulls: dict[str, Region] = {}
        for region in (*read, *written):
            before = hulls.get(region.tensor)
            hulls[region.tensor] = hull(before, region) if before else region
        for region in list(hulls.values())[-TABLES:]:
            yield self.table(region, region.tensor in made)

    def table(self, region: Region, made: bool = False) -> StepTable:
        """The cells of a region."""
        tensor = self.trace.tensor(region.tensor)
        spans = [region.along(axis) or range(size) for axis, size in zip(tensor.axes, tensor.shape, strict=True)]
        free = [at for at, span in enumerate(spans) if len(span) > 1]
        down, across = free[:-1], free[-1:]
        there = math.prod(len(spans[at]) for at in down), math.prod(len(spans[at]) for at in across)
        rows = list(islice(product(*(spans[at][: self.side] for at in down)), self.side))
        columns = [*spans[across[0]][: self.side]] if across else []
        shown = len(rows), len(columns) or 1
        where = (f"{_words(axis)} {span[0] + self.first}" for axis, span, size in
                 zip(tensor.axes, spans, tensor.shape, strict=True) if len(span) == 1 < size)  # fmt: skip
        return StepTable(
            tensor.name, made, ", ".join(where),
            ", ".join(_words(tensor.axes[at]) for at in down), "".join(_words(tensor.axes[at]) for at in across),
            tuple(", ".join(str(i + self.first) for i in row) for row in rows),
            tuple(str(i + self.first) for i in columns),
            tuple(self._row(tensor, spans, dict(zip(down, row, strict=True)), across) for row in rows),
            "" if shown == there else f"{shown[0]}×{shown[1]} of {there[0]}×{there[1]}",
        )  # fmt: skip

    def _row(
        self, tensor: Tensor, spans: Sequence[range], at: dict[int, int], across: Sequence[int]
    ) -> tuple[str, ...]:
        """The cells at these indices, along the columns."""
        where = {
            axis: spans[number][: self.side] if number in across else at.get(number, spans[number][0])
            for number, axis in enumerate(tensor.axes)
        }
        region = Region.of(tensor.name, **where)
        if tensor.labels is not None:
            return tuple(str(text) for text in np.ravel(tensor.labels[region.index(tensor.axes)]))
        values = tensor.read(region).reshape(-1)
        if values.dtype.kind not in "biuf":
            return tuple(str(value) for value in values)
        return tuple(str(text) for text in numbers.texts(values, self._style(tensor, values)))

    def _style(self, tensor: Tensor, values: Any) -> numbers.Style:
        if count(tensor.shape) > WHOLE:
            return numbers.style(values, precision=self.precision)
        if tensor.name not in self._styles:
            self._styles[tensor.name] = numbers.style(tensor.array, precision=self.precision)
        return self._styles[tensor.name]


def hull(one: Region, other: Region) -> Region:
    """The smallest block of cells that holds both regions of a tensor."""
    where: dict[str, int | range] = {}
    for axis, _ in one.where:
        a, b = one.along(axis), other.along(axis)
        if a is None or b is None:
            continue  # one of them is whole along it
        first, last = min(a[0], b[0]), max(a[-1], b[-1])
        where[axis] = a if a == b else range(first, last + 1)
    return Region.of(one.tensor, **where)


def _words(axis: str) -> str:
    return axis.replace("_", " ")
