"""Steps in loops: acts that happen at every place of a grid, and the i-th of them without counting to it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, cached_property
from itertools import accumulate
from typing import Any

from layeranim.engine.trace import Region, Step, Steps, Tensor, cell, count
from layeranim.records import dataclass


@dataclass(frozen=True)
class Block:
    """The cells of the last axis that belong to one index of ``axis``: ``size`` for each, one block after another."""

    axis: str
    size: int


@dataclass(frozen=True)
class Neighbour:
    """The cells ``by`` places further along ``axis``: −1 is the place before."""

    axis: str
    by: int


Span = range | Block | Neighbour | None
Reads = tuple[tuple[str, Span], ...]


def whole(*names: str) -> Reads:
    """Reads of all that these tensors hold at one place."""
    return tuple((name, None) for name in names)


@dataclass(frozen=True)
class Plan:
    """A Step but for its place. ``reads`` and ``writes`` may be narrowed to a span of their last axis.

    What is read may also be a ``Neighbour``'s: the state of the step before.
    """

    operation: str
    reads: Reads
    writes: str
    parameters: tuple[tuple[str, Any], ...] = ()
    into: Span = None

    def at(self, tensors: Mapping[str, Tensor], here: Mapping[str, int]) -> Step:
        """The Step at this place: each tensor is indexed by those of the place's axes that it has."""

        def region(name: str, span: Span) -> Region:
            axes = tensors[name].axes
            where: list[tuple[str, int | range]] = [(axis, at) for axis, at in here.items() if axis in axes]
            if isinstance(span, Neighbour):
                where = [(axis, at + span.by * (axis == span.axis)) for axis, at in here.items() if axis in axes]
                span = None
            elif isinstance(span, Block):
                first = here[span.axis] * span.size
                span = range(first, first + span.size)
            return Region(name, tuple(where) if span is None else (*where, (axes[-1], span)))

        reads = tuple(region(name, span) for name, span in self.reads)
        return Step(self.operation, reads, region(self.writes, self.into), self.parameters)

    def before(self, tensor: Tensor, here: Mapping[str, int]) -> Mapping[str, int] | None:
        """The place at which this writes a cell of its tensor, as far as the cell says it; nothing if it does not."""
        if isinstance(self.into, Neighbour):
            axis = self.into.axis
            return {**here, axis: here[axis] - self.into.by} if axis in here else here
        last = here.get(tensor.axes[-1]) if self.into is not None else None
        if last is None:
            return here
        if isinstance(self.into, Block):
            return {**here, self.into.axis: last // self.into.size}
        return here if last in (self.into or ()) else None


@dataclass(frozen=True)
class EachUnit:
    """``body`` at every place of a grid: ``loops`` are (axis, its indices in order), outermost first."""

    loops: tuple[tuple[str, range], ...]
    body: tuple[Plan | EachUnit, ...]

    @cached_property
    def ends(self) -> list[int]:
        """After each part of the body, how many steps of one place there have been."""
        return list(accumulate(1 if isinstance(part, Plan) else len(part) for part in self.body))

    @cached_property
    def places(self) -> int:
        """How many places there are."""
        return count([len(indices) for _, indices in self.loops])

    def __len__(self) -> int:
        return self.places * self.ends[-1] if self.body else 0

    def step(self, i: int, tensors: Mapping[str, Tensor], above: Mapping[str, int]) -> Step:
        """The ``i``-th step, at a place of the loops around this one."""
        place, i = divmod(i, self.ends[-1])
        at = cell(place, [len(indices) for _, indices in self.loops])
        here = {**above, **{axis: indices[k] for (axis, indices), k in zip(self.loops, at, strict=True)}}
        k = bisect_right(self.ends, i)
        part = self.body[k]
        if isinstance(part, Plan):
            return part.at(tensors, here)
        return part.step(i - (self.ends[k - 1] if k else 0), tensors, here)

    def place(self, writes: str, here: Mapping[str, int]) -> int | None:
        """Which of these steps is the first that writes a tensor at a place, if one does."""
        if any(here.get(axis) not in indices for axis, indices in self.loops):
            return None
        flat = 0
        for axis, indices in self.loops:
            flat = flat * len(indices) + indices.index(here[axis])
        for before, part in zip((0, *self.ends), self.body, strict=False):
            within = part.place(writes, here) if isinstance(part, EachUnit) else 0 if part.writes == writes else None
            if within is not None:
                return flat * self.ends[-1] + before + within
        return None

    def leaves(self, writes: str) -> Iterator[tuple[tuple[tuple[EachUnit, int], ...], Plan]]:
        """Each plan that writes a tensor, with the loops around it and how many steps of one place come before it."""
        for before, part in zip((0, *self.ends), self.body, strict=False):
            here = (self, before)
            if isinstance(part, EachUnit):
                yield from (((here, *path), plan) for path, plan in part.leaves(writes))
            elif part.writes == writes:
                yield (here,), part


def _reached(path: Sequence[tuple[EachUnit, int]], here: Mapping[str, int] | None) -> int | None:
    """How many steps come before the first one of some loops at a place."""
    if here is None:
        return None
    steps = 0
    for each, before in path:
        flat = 0
        for axis, indices in each.loops:
            at = here.get(axis, indices.start)
            if at not in indices:
                return None
            flat = flat * len(indices) + indices.index(at)
        steps += flat * each.ends[-1] + before
    return steps


def in_turn(parts: Sequence[EachUnit], tensors: Mapping[str, Tensor]) -> Steps:
    """The steps of all parts, one part after another."""
    filled = tuple(part for part in parts if len(part))
    everything = EachUnit((), filled)

    @cache
    def leaves(name: str) -> tuple[tuple[tuple[tuple[EachUnit, int], ...], Plan], ...]:
        return tuple(everything.leaves(name))

    def find(name: str, here: Mapping[str, int]) -> int | None:
        found = (_reached(path, plan.before(tensors[name], here)) for path, plan in leaves(name))
        return min((at for at in found if at is not None), default=None)

    return Steps(len(everything) if filled else 0, lambda i: everything.step(i, tensors, {}), find)
