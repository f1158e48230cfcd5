"""Products of arrays summed over the axes that they share: what a matrix product and an einsum have in common.

Each array has names for its axes. A result's cell is ``Σ Π`` over every axis that the result does not have. The
gradient of one array is such a sum too: of the gradient of the result and the other array.
"""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence

import numpy as np

from layeranim.engine.arithmetic import per_cell
from layeranim.engine.array import finite
from layeranim.engine.replay import finite_max, operation
from layeranim.engine.trace import Array, Region, Shape, Step, Steps, Tensor
from layeranim.records import dataclass

Axes = tuple[str, ...]


@dataclass(frozen=True)
class Contraction:
    """Which axes each array has, and which the result has, all by name."""

    parts: Mapping[str, Axes]
    out: Axes

    def run(self, arrays: Sequence[Array]) -> Array:
        """The result."""
        return contracted(list(self.parts.values()), self.out, arrays)

    def steps(self, write: Tensor) -> Steps:
        """For every cell of the result one sum of products."""
        return _steps(dict(self.parts), write.name, write.axes, write.shape)

    def back(self, name: str, g: Array, arrays: Mapping[str, Array]) -> Array:
        """The gradient of one array: summed over what the result and the others have beyond it."""
        mine, others = self.parts[name], self._others(name)
        known = {*self.out, *(axis for axes in others.values() for axis in axes)}
        kept = tuple(axis for axis in mine if axis in known)
        found = contracted([self.out, *others.values()], kept, [g, *(arrays[key] for key in others)])
        shape = arrays[name].shape
        open_ = tuple(n if axis in known else 1 for axis, n in zip(mine, shape, strict=True))
        return np.ascontiguousarray(np.broadcast_to(found.reshape(open_), shape))

    def back_steps(self, name: str, shape: Shape) -> Steps:
        """For every cell of one array the sum that is its gradient."""
        reads = {"grad_output": self.out, **self._others(name)}
        return _steps(reads, f"grad_{name}", self.parts[name], shape)

    def _others(self, name: str) -> dict[str, Axes]:
        return {key: axes for key, axes in self.parts.items() if key != name}


def contracted(parts: Sequence[Axes], out: Axes, arrays: Sequence[Array]) -> Array:
    """``Σ Π`` of ``arrays`` over every axis that ``out`` has not.

    A matrix library leaves out products with 0, and 0 · NaN is NaN: it is asked where every number is finite.
    """
    written = ",".join(map(_letters(parts), parts)) + "->" + _letters(parts)(out)
    quick = len(arrays) > 1 and finite(*arrays)
    return np.asarray(np.einsum(written, *arrays, optimize=quick))


def _letters(parts: Sequence[Axes]):  # type: ignore[no-untyped-def]
    known = {axis: string.ascii_letters[k] for k, axis in enumerate(dict.fromkeys(a for axes in parts for a in axes))}
    return lambda axes: "".join(known[axis] for axis in axes)


def _steps(reads: Mapping[str, Axes], write: str, axes: Axes, shape: Shape) -> Steps:
    """A sum of products for every cell; what the reads still have beyond the cell is summed over."""
    rest = [tuple(axis for axis in of if axis not in axes) for of in reads.values()]
    letters = tuple(map(_letters(rest), rest))

    def act(here: Mapping[str, int]) -> Step:
        regions = tuple(Region(name, tuple((axis, here[axis]) for axis in of if axis in here))
                        for name, of in reads.items())  # fmt: skip
        return Step("contract", regions, Region(write, tuple(here.items())), (("letters", letters),))

    return per_cell(axes, shape, act)


def _terms(*parts: Array, letters: tuple[str, ...]) -> tuple[int, float]:
    sizes = {letter: n for text, part in zip(letters, parts, strict=True) for letter, n in zip(text, part.shape)}  # noqa: B905
    magnitude = contract(*(np.abs(part) for part in parts), letters=letters)
    return int(np.prod(list(sizes.values()), dtype=int)) + len(parts), finite_max(magnitude)


@operation("contract", _terms)
def contract(*parts: Array, letters: tuple[str, ...]) -> Array:
    """Σ of the products of arrays, axes of one letter together."""
    every = "".join(dict.fromkeys("".join(letters)))
    total: Array | None = None
    for text, part in zip(letters, parts, strict=True):
        turned = part.transpose([text.index(letter) for letter in every if letter in text])
        shape = [turned.shape[[x for x in every if x in text].index(letter)] if letter in text else 1
                 for letter in every]  # fmt: skip
        spread = turned.reshape(shape)
        total = spread if total is None else total * spread
    return np.asarray(0.0 if total is None else total.sum())
