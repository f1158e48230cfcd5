"""Trace, Tensor, Step, Region: everything a layer computed, by name, and how each number came about.

A ``Trace`` holds named tensors and the ordered acts of arithmetic that made them. Tensors that are plain copies,
views or products of others are *recipes*: they know their shape and read any region on demand, so that tracing a
224×224 image allocates a handful of arrays and no step objects at all.
"""

from __future__ import annotations

import importlib
import math
import os
from bisect import bisect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np
from numpy.typing import NDArray

from layeranim.engine.tables import aligned
from layeranim.errors import ShapeError
from layeranim.records import dataclass

if TYPE_CHECKING:
    from layeranim.engine.option import Config

Array = NDArray[Any]
Shape = tuple[int, ...]
Index = tuple[int | slice, ...]
Role = Literal["input", "weight", "intermediate", "output"]


@dataclass(frozen=True)
class Region:
    """Cells of a tensor, addressed by axis name: ``Region.of("padded", height=range(0, 3), width=4)``.

    An axis given as an integer is taken away, as a ``range`` it is kept; an axis that is not named is whole.
    """

    tensor: str
    where: tuple[tuple[str, int | range], ...] = ()

    @classmethod
    def of(cls, tensor: str, **where: int | range) -> Region:
        """Cells of ``tensor`` where the named axes have these indices."""
        return cls(tensor, tuple(where.items()))

    def __getitem__(self, axis: str) -> int | range:
        return dict(self.where)[axis]

    def along(self, axis: str) -> range | None:
        """The indices along an axis, also where it is one integer; ``None`` where the axis is whole."""
        at = dict(self.where).get(axis)
        return range(at, at + 1) if isinstance(at, int) else at

    def holds(self, here: Mapping[str, int]) -> bool:
        """Whether cells at these indices are among this region's, whatever the other axes say."""
        where = dict(self.where)
        for axis, at in here.items():
            along = where.get(axis)
            if along is not None and (at != along if isinstance(along, int) else at not in along):
                return False
        return True

    def index(self, axes: Sequence[str]) -> Index:
        """The NumPy index of this region in a tensor with these ``axes``."""
        where = dict(self.where)
        unknown = [name for name in where if name not in axes]
        if unknown:
            raise ShapeError(f"{self.tensor} has no axis {unknown[0]}; its axes are {', '.join(axes)}")
        return tuple(_basic(where[axis]) if axis in where else slice(None) for axis in axes)


def _basic(at: int | range) -> int | slice:
    if isinstance(at, range):
        return slice(at.start, at.stop, at.step)
    return at


@dataclass(frozen=True)
class Recipe:
    """A tensor that is computed where it is read: ``read(index)`` takes a NumPy basic index of the whole."""

    shape: Shape
    dtype: np.dtype[Any]
    read: Callable[[Index], Array]


@dataclass(frozen=True, eq=False)
class Tensor:
    """A named array with named axes.

    ``source`` is a read-only array, or a ``Recipe``. ``labels`` are letters for symbolic films, one a cell.
    """

    name: str
    axes: tuple[str, ...]
    role: Role
    source: Array | Recipe
    labels: Array | None = None

    def __post_init__(self) -> None:
        if len(self.axes) != len(self.source.shape):
            raise ShapeError(f"{self.name} has axes {self.axes} but shape {self.source.shape}")
        if isinstance(self.source, np.ndarray) and self.source.flags.writeable:
            view = self.source.view()
            view.flags.writeable = False
            object.__setattr__(self, "source", view)

    @property
    def shape(self) -> Shape:
        return tuple(self.source.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.source.dtype

    @property
    def extents(self) -> str:
        """``output_rows 3 × output_columns 3``: its axes with their sizes."""
        return " × ".join(f"{axis} {size}" for axis, size in zip(self.axes, self.shape, strict=True))

    @property
    def is_recipe(self) -> bool:
        return isinstance(self.source, Recipe)

    @property
    def array(self) -> Array:
        """The whole tensor. A recipe is computed anew; read a region of a large one instead."""
        return self.read(Region(self.name))

    def read(self, region: Region) -> Array:
        """The cells of ``region`` (axes given as integers are gone)."""
        index = region.index(self.axes)
        if isinstance(self.source, Recipe):
            return np.asarray(self.source.read(index))
        return np.asarray(self.source[index]) if index else self.source


class TensorTable(Sequence[Tensor]):
    """Tensors in their order; printed, a table."""

    def __init__(self, tensors: Sequence[Tensor]) -> None:
        self._tensors = tuple(tensors)

    def __len__(self) -> int:
        return len(self._tensors)

    @overload
    def __getitem__(self, at: int) -> Tensor: ...
    @overload
    def __getitem__(self, at: slice) -> TensorTable: ...
    def __getitem__(self, at: int | slice) -> Tensor | TensorTable:
        return TensorTable(self._tensors[at]) if isinstance(at, slice) else self._tensors[at]

    def __repr__(self) -> str:
        rows = ((one.name, one.role, one.extents, one.dtype.name) for one in self._tensors)
        return aligned([("tensor", "role", "axes", "type"), *rows])


@dataclass(frozen=True)
class Step:
    """One act of arithmetic: ``operation`` on what it ``reads`` gives what it ``writes``.

    ``parameters`` are the operation's own constants (an activation's name, a slope, a divisor).
    """

    operation: str
    reads: tuple[Region, ...]
    writes: Region
    parameters: tuple[tuple[str, Any], ...] = ()


Find = Callable[[str, Mapping[str, int]], int | None]


class Steps(Sequence[Step]):
    """Steps made on demand: ``length`` of them, the i-th by ``make(i)``; ``find`` knows without making all of them
    which is the first that writes a tensor at some indices."""

    def __init__(self, length: int, make: Callable[[int], Step], find: Find | None = None) -> None:
        self._length, self._make, self._find = length, make, find

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, at: int) -> Step: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Step]: ...
    def __getitem__(self, at: int | slice) -> Step | Sequence[Step]:
        if isinstance(at, slice):
            chosen = range(self._length)[at]
            return Steps(len(chosen), lambda i: self._make(chosen[i]))
        if not -self._length <= at < self._length:
            raise IndexError(f"step {at} of {self._length}")
        return self._make(at % self._length)

    @property
    def finds(self) -> bool:
        """Whether it knows which step writes what without making one after another."""
        return self._find is not None

    def writing(self, tensor: str, here: Mapping[str, int]) -> int | None:
        """The place of the first step that writes cells of a tensor at these indices, if one does."""
        if self._find is not None:
            return self._find(tensor, here)
        writes = ((i, step.writes) for i, step in enumerate(self))
        return next((i for i, region in writes if region.tensor == tensor and region.holds(here)), None)

    @classmethod
    def chain(cls, *parts: Sequence[Step]) -> Steps:
        """Several sequences of steps, one after another."""
        starts = [0]
        for part in parts:
            starts.append(starts[-1] + len(part))

        def make(i: int) -> Step:
            k = bisect(starts, i) - 1  # of parts without steps the last begins there
            return parts[k][i - starts[k]]

        known = [part if isinstance(part, Steps) else cls(len(part), part.__getitem__) for part in parts]
        writers = dict[str, list[tuple[Steps, int]]]()

        def find(tensor: str, here: Mapping[str, int]) -> int | None:
            if tensor not in writers:
                every = zip(known, starts, strict=False)
                writers[tensor] = [(part, start) for part, start in every if part.writing(tensor, {}) is not None]
            for part, start in writers[tensor]:
                at = part.writing(tensor, here)
                if at is not None:
                    return start + at
            return None

        return cls(starts[-1], make, find)


@dataclass(frozen=True, eq=False)
class Origin:
    """What a backward pass came from: the forward trace, and the gradients that were given, by their tensor's name."""

    forward: Trace
    given: Mapping[str, Array]


@dataclass(frozen=True, eq=False, repr=False)
class Trace(Mapping[str, Array]):
    """Everything one layer computed. ``trace["output"]`` is an array; ``trace.steps[3]`` an act of arithmetic.

    ``facts`` are numbers and words that are not cells: sizes, counts, a formula with its numbers put in.
    A backward pass says in ``origin`` what it came from.
    """

    layer: str
    config: Config
    tensors: Mapping[str, Tensor]
    steps: Sequence[Step]
    facts: Mapping[str, int | float | str] = field(default_factory=dict)
    origin: Origin | None = None

    def __post_init__(self) -> None:
        sizes: dict[str, tuple[int, str]] = {}
        for tensor in self.tensors.values():
            for axis, size in zip(tensor.axes, tensor.shape, strict=True):
                known, owner = sizes.setdefault(axis, (size, tensor.name))
                if known != size:
                    raise ShapeError(f"axis {axis} is {known} in {owner} and {size} in {tensor.name}")

    def __repr__(self) -> str:
        return f"<trace of {self.layer}: {len(self.tensors)} tensors, {len(self.steps)} steps>"

    def table(self) -> TensorTable:
        """Every tensor with its role, axes and type, in the order in which they were computed; printed, a table."""
        return TensorTable([*self.tensors.values()])

    def _repr_html_(self) -> str:
        # How a notebook shows it is written above the engine, which knows nothing of that: named, not imported.
        return str(importlib.import_module("layeranim.embed.notebook").trace(self))

    def __getitem__(self, name: str) -> Array:
        return self.tensor(name).array

    def __contains__(self, name: object) -> bool:
        return name in self.tensors  # a mapping's own would compute it

    def __iter__(self) -> Iterator[str]:
        return iter(self.tensors)

    def __len__(self) -> int:
        return len(self.tensors)

    def tensor(self, name: str) -> Tensor:
        """The tensor of that name, with axes and role."""
        try:
            return self.tensors[name]
        except KeyError:
            raise KeyError(f"{self.layer} has no tensor {name!r}; it has {', '.join(self.tensors)}") from None

    def axes(self, name: str) -> tuple[str, ...]:
        """The axis names of a tensor."""
        return self.tensor(name).axes

    def read(self, region: Region) -> Array:
        """The cells of a region."""
        return self.tensor(region.tensor).read(region)

    def save(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Write it to a ``.npz`` or ``.json`` file, complete or not at all; ``la.load_trace`` reads it.

        A trace that is there is replaced, anything else only with ``overwrite``.
        Raises ``OutputError`` where the path cannot be written, ``RenderError`` where writing fails.
        """
        from layeranim.engine import archive_writing  # zip files and more, only for who saves

        archive_writing.save(self, path, overwrite)

    def own(self) -> dict[str, Tensor]:
        """What a backward pass holds beyond the tensors of its forward trace; of any other trace everything."""
        if self.origin is None:
            return dict(self.tensors)
        before = self.origin.forward.tensors
        return {n: t for n, t in self.tensors.items() if n not in before or before[n].source is not t.source}

    def size(self, axis: str) -> int:
        """The one size that an axis name has in this trace."""
        return self._sizes[axis]

    @cached_property
    def _sizes(self) -> dict[str, int]:
        """Every axis with its size."""
        every = (pair for tensor in self.tensors.values() for pair in zip(tensor.axes, tensor.shape, strict=True))
        return dict(every)


def tensors(*items: Tensor) -> dict[str, Tensor]:
    """The tensors by their names, in order."""
    return {item.name: item for item in items}


def kept(index: Index, shape: Shape) -> tuple[range | int, ...]:
    """A basic index as one ``range`` (kept) or integer (taken away) an axis: what a recipe's reader walks over."""
    return tuple(range(n)[at] for at, n in zip(index, shape, strict=True))


def cell(flat: int, sizes: Sequence[int]) -> tuple[int, ...]:
    """The multi-index of the ``flat``-th cell in C order, without NumPy's call overhead."""
    out = [0] * len(sizes)
    for k in range(len(sizes) - 1, -1, -1):
        flat, out[k] = divmod(flat, sizes[k])
    return tuple(out)


def count(sizes: Sequence[int]) -> int:
    """The number of cells of a shape."""
    return math.prod(sizes)
