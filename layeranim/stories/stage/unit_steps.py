"""Which cells the units of a film have, and in which steps of the trace they are made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, lru_cache
from itertools import islice, product
from math import inf
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from layeranim.engine.trace import Region, Step, Steps, cell, count
from layeranim.errors import OptionError
from layeranim.records import dataclass
from layeranim.stories.stage.language import All, Each, Passages, Play, Windows
from layeranim.stories.stage.remembered import Remembered
from layeranim.stories.stage.slices import Covered, joined, split
from layeranim.stories.storyboard import Address, Telling, folded

T = TypeVar("T")
MAKING_MOST = 1_000
LAST_STEPS = 4096
"""So many steps are kept: more than one beat of the widest unit is told of, few beside the numbers of such a film."""


@dataclass(frozen=True)
class Acted:
    """A step, narrowed to one unit: its place in the trace, what it reads there and what it writes.

    ``told`` are the tensors of which the beats before it have told, in this unit.
    Where several steps write what a unit has of a tensor (a score for every key), they are told as one: ``every`` are
    their places, and ``reads`` and ``writes`` what all of them touch.
    """

    at: int
    step: Step
    reads: tuple[Region, ...]
    writes: Region
    told: frozenset[str] = frozenset()
    every: tuple[int, ...] = ()


class UnitSteps:
    """The units of a film: which cells they have, and the steps of the trace that make them."""

    def __init__(self, film: Play, telling: Telling) -> None:
        self.film, self.telling, self.trace, self.units = film, telling, telling.trace, film.units
        self.fixed = self._fixed()
        self.sizes = tuple(self.size(axis) for axis in self.units.along)
        self.count = count(self.sizes) * self.units.times
        self.first, self.stop = 0, self.count
        self.becoming: frozenset[str] = frozenset()

    def _fixed(self) -> dict[str, int]:
        options, out = self.telling.film, {}
        axes = {axis for tensor in self.trace.tensors.values() for axis in tensor.axes}
        for axis in self.units.told:
            if axis in axes:
                out[axis] = options.place_in(self.trace.size(axis)) if axis == "batch" else 0
        if options.sample is not None and "batch" not in out and "batch" not in self.units.along:
            raise OptionError(f"sample is {options.sample}, but every sample has a part in every number; leave it out")
        return out

    @Remembered
    def size(self, axis: str) -> int:
        """How many indices of an axis are told."""
        name, how, length = folded(axis)
        if name in self.units.only:
            return len(self.units.only[name])
        whole = min(self.trace.size(name), self.units.most.get(name, self.trace.size(name)))
        return length if how == "%" else -(-whole // length)

    def here(self, unit: int) -> dict[str, int]:
        """The indices of a unit, those of what is told among them."""
        numbered = dict.fromkeys(self.units.numbered, unit)
        return self.fixed | numbered | self.units.places(unit, self.sizes)

    def name(self, tensor: str, unit: int) -> str:
        """The tensor that an act of a unit means."""
        return self.units.name(tensor, unit, self.sizes)

    def passes_over(self, tensor: str, unit: int) -> bool:
        """Whether the acts of a unit can write cells of a tensor: it has the units' axes, is of the same lap, and is
        not made all at once."""
        if any(isinstance(act, All) and tensor in act.writes for act in self.film.acts):
            return False
        told = {*self.units.along, *self.units.covers, *self.units.numbered}
        own = any(axis in told for axis in self.trace.axes(tensor))
        return own and tensor.startswith(self.units.name("", unit, self.sizes))

    def written_of(self, names: str | tuple[str, ...], unit: int | None = None) -> list[str]:
        """Those of an act's tensors that this trace has, in a unit; without one in the first that is shown."""
        every = (names,) if isinstance(names, str) else names
        meant = (self.name(name, self.first if unit is None else unit) for name in every)
        return [name for name in meant if self.made(name)]

    def inner(self, unit: int) -> dict[str, int]:
        """What is followed in a unit besides its own indices."""
        return {**self.film.at, **(self.units.inner(unit) if self.units.inner else {})}

    def stand(self, cells: Sequence[Address]) -> NDArray[np.bool_]:
        """Which of some cells of one tensor are told: along axes of which only some indices are, those at these."""
        axes, out = self.trace.axes(cells[0].tensor), np.ones(1, bool)
        told = [self._told_along(axis) for axis in axes]
        if isinstance(cells, Covered):
            for some, span in zip(told, cells.spans, strict=True):
                along = np.isin(span, some) if some is not None and len(span) > 1 else np.ones(len(span), bool)
                out = np.outer(out, along).ravel()
            return out
        return np.array([all(some is None or i in some for i, some in zip(one.index, told, strict=True))
                         for one in cells])  # fmt: skip

    def _told_along(self, axis: str) -> Sequence[int] | None:
        """The indices of an axis that are told, where not all are."""
        if axis in self.units.only:
            return self.units.only[axis]
        return range(self.units.most[axis]) if self.trace.size(axis) > self.units.most.get(axis, inf) else None

    def picked(self, *axes: str | None) -> tuple[tuple[str, tuple[int, ...]], ...]:
        """Of which of the axes along which something is drawn only some indices are told, and which."""
        names = dict.fromkeys(folded(one)[0] for axis in axes for one in split(axis))
        return tuple((name, tuple(self.units.only[name])) for name in names if name in self.units.only)

    def earlier(self, tensor: str) -> bool:
        """Whether units before the first one of the film have made a tensor that those of the film may read."""
        units = self.units
        return isinstance(units, Passages) and any(tensor in one.writes for one in units.passages[: self.first])

    def passing(self, tensor: str, unit: int) -> bool:
        """Whether a unit writes cells of a tensor of its own, instead of something that is done to all of them."""
        named = (names for act in self.film.acts if isinstance(act, Each) for names in act.named)
        return any(tensor == self.name(one, unit) for names in named for one in names)

    def reached(self, tensor: str) -> bool:
        """Whether the film comes so far as to make a tensor: one that only comes after a unit, after one of its own."""
        each = [act for act in self.film.acts if isinstance(act, Each)]
        after = [unit for act in each for unit, aside in act.asides.items() if tensor in aside.writes]
        return not after or any(self.first <= unit < self.stop for unit in after)

    # ── steps ────────────────────────────────────────────────────────────────
    @cached_property
    def step(self) -> Callable[[int], Step]:
        """A step by its place in the trace. Several sentences ask for each: the last ones are not made again."""
        return lru_cache(LAST_STEPS)(self.trace.steps.__getitem__)

    @Remembered
    def _writing(self, tensor: str, here: frozenset[tuple[str, int]]) -> int | None:
        """The first step of what is told that writes a tensor at these indices."""
        if tensor not in self.trace:
            return None
        axes = self.trace.axes(tensor)
        places = self.fixed | dict(here)
        if isinstance(self.units, Windows) and self.units.steps:
            at = self.units.steps(self.here(0) | places)
            return next((i for i in at if self.step(i).writes.tensor == tensor), None)
        told = {axis: at for axis, at in places.items() if axis in axes}
        steps = self.trace.steps
        if isinstance(steps, Steps) and steps.finds:
            return steps.writing(tensor, told)
        singled, found = self._written.get(tensor, ((), {}))
        if not all(axis in told for axis in singled):
            every = sorted((at for some in found.values() for at in some), key=lambda one: one[0])
        else:
            every = found.get(tuple(told[axis] for axis in singled), [])
        return next((i for i, region in every if region.holds(told)), None)

    @cached_property
    def _written(self) -> Mapping[str, tuple[tuple[str, ...], dict[tuple[int, ...], list[tuple[int, Region]]]]]:
        """Of each tensor the steps that write it, made once where the trace does not know them: by their indices on the
        axes on which each of them has a single one."""
        out: dict[str, list[tuple[int, Region]]] = {}
        for i, step in enumerate(self.trace.steps):
            out.setdefault(step.writes.tensor, []).append((i, step.writes))
        found = {}
        for tensor, every in out.items():
            single = [{axis for axis, at in region.where if isinstance(at, int)} for _, region in every]
            axes, by = tuple(sorted(set.intersection(*single))), dict[tuple[int, ...], list[tuple[int, Region]]]()
            for i, region in every:
                where: dict[str, Any] = dict(region.where)
                by.setdefault(tuple(where[axis] for axis in axes), []).append((i, region))
            found[tensor] = axes, by
        return found

    def _step(self, tensor: str, here: Mapping[str, int | range]) -> tuple[int, Step]:
        places = {axis: at if isinstance(at, int) else at[0] for axis, at in here.items()}
        at = self._writing(tensor, frozenset(places.items()))
        if at is None:
            raise LookupError(f"no step writes {tensor} at {places}")
        return at, self.step(at)

    @Remembered
    def acted(self, tensor: str, unit: int | None = None) -> Acted:
        """The step that writes a tensor in a unit; without one the step that writes what is told of it."""
        if unit is not None and isinstance(self.units, Windows) and self.units.found:
            found = self.units.found(tensor, unit)
            if found:
                every, reads, writes = found
                return Acted(every[0], self.step(every[0]), reads, writes, every=every)
        here = self.units.covering({**self.film.at, **self.here(0 if unit is None else unit)})
        at, step = self._step(tensor, here)
        if unit is None or self.units.whole(unit):
            alone = len(self.covered(step.writes)) == len(self.covered(self.told(tensor)))
            return Acted(at, step, step.reads, step.writes) if alone else self._together(at)
        regions = [self._narrow(region, here) for region in (*step.reads, step.writes)]
        every = self._every(tensor, here, regions[-1])
        if len(every) > 1 and isinstance(self.units, Windows):
            steps = [self.step(i) for i in every]
            touched = zip(*((*one.reads, one.writes) for one in steps), strict=True)
            regions = [self._narrow(joined(some), here) for some in touched]
        elif len(every) > 1:
            shared = self.units.covers  # what a unit has of these axes, not what the first of its steps has
            regions = [Region(r.tensor, tuple((axis, here[axis] if axis in shared else at) for axis, at in r.where
                                              if axis in here)) for r in regions]  # fmt: skip
        return Acted(at, step, tuple(regions[:-1]), regions[-1], every=every)

    def _every(self, tensor: str, here: Mapping[str, int | range], writes: Region) -> tuple[int, ...]:
        """The places of the steps that write what a unit has of a tensor, where one does not write all of it: one for
        each index, or block of them, of the axes that a step has and a unit has not."""
        inner = {axis: 1 if isinstance(at, int) else len(at) for axis, at in writes.where if axis not in here}
        inner = {axis: size for axis, size in inner.items() if size < self.trace.size(axis) or size == 1}
        if (isinstance(self.units, Windows) and self.units.steps) or not inner:
            return ()
        first = {axis: at if isinstance(at, int) else at[0] for axis, at in here.items()}
        sizes = [self.trace.size(axis) // size for axis, size in inner.items()]
        starts = (cell(i, sizes) for i in range(min(count(sizes), MAKING_MOST)))
        cells = (tuple(k * size for k, size in zip(at, inner.values(), strict=True)) for at in starts)
        return self._writers(tensor, ({**first, **dict(zip(inner, at, strict=True))} for at in cells))

    def single(self, acted: Acted) -> list[Acted]:
        """The steps that are told as one, one by one."""
        steps = [(at, self.step(at)) for at in acted.every] if len(acted.every) > 1 else []
        return [replace(acted, at=at, step=s, reads=s.reads, writes=s.writes, every=()) for at, s in steps] or [acted]

    @Remembered
    def _together(self, at: int) -> Acted:
        """All steps that write what is told of a tensor, as one: of each tensor what they read of it together; of too
        many cells what the first of them reads, whole."""
        step = self.step(at)
        writes = self.told(step.writes.tensor)
        every = self.making(writes)
        read: dict[str, list[Region]] = {}
        for region in (region for one in every for region in self.step(one).reads):
            read.setdefault(region.tensor, []).append(region)
        if len(self.covered(writes)) > MAKING_MOST:
            reads = dict.fromkeys(self.told(region.tensor) for region in step.reads)
        else:
            reads = dict.fromkeys(self._narrow(joined(some), self.fixed) for some in read.values())
        return Acted(at, step, tuple(reads), writes, every=every)

    def told(self, tensor: str) -> Region:
        """What is told of a tensor: all of it, but of a batch one."""
        axes = self.trace.axes(tensor)
        return Region(tensor, tuple((axis, at) for axis, at in self.fixed.items() if axis in axes))

    def acted_at(self, address: Address) -> Acted:
        """The step that writes one cell."""
        at, step = self._step(address.tensor, self.indices(address))
        return Acted(at, step, step.reads, step.writes)

    def rearranged(self, address: Address) -> Address | None:
        """The cell that holds the same number before axes were turned, shapes changed, or several were put side by
        side; none of what is computed."""
        step = self.acted_at(address).step
        if step.operation == "arrange":
            how = dict(step.parameters)
            shape, axes = how["shape"], how["axes"]
            place = int(np.ravel_multi_index(address.index, self.trace.tensor(address.tensor).shape))
            turned = np.unravel_index(place, [shape[axis] for axis in axes])
            seen = [int(turned[axes.index(k)]) for k in range(len(shape))]
            return self.covered(step.reads[0])[int(np.ravel_multi_index(tuple(seen), shape))]
        return self.beside_others(address, step) if step.operation in ("unroll", "join", "copy") else None

    def beside_others(self, address: Address, step: Step) -> Address | None:
        """The cell at the same place of what a step only puts side by side; none where these are not as many."""
        reads, own = [self.covered(region) for region in step.reads], tuple(range(i, i + 1) for i in address.index)
        written = self.covered(step.writes)
        places = written.places(Covered(address.tensor, own))
        if places is None or sum(map(len, reads)) != len(written):
            return None
        place = int(places[0])
        for cells in reads:
            if place < len(cells):
                return cells[place]
            place -= len(cells)
        return None

    def making(self, region: Region) -> tuple[int, ...]:
        """The places of the steps that write what is told of a region, of a large one those of its first cells."""
        axes, only = self.trace.axes(region.tensor), self.units.only
        spans = [[i for i in only[axis] if i in span] if axis in only and len(span) > 1 else span
                 for axis, span in zip(axes, self.covered(region).spans, strict=True)]  # fmt: skip
        cells = islice(product(*spans), MAKING_MOST) if self.made(region.tensor) else ()
        return self._writers(region.tensor, (dict(zip(axes, index, strict=True)) for index in cells))

    def _writers(self, tensor: str, cells: Iterable[Mapping[str, int]]) -> tuple[int, ...]:
        """The places of the steps that write some cells of a tensor. Cells of one step mostly stand one after another,
        and the next step as far from it as it is from the one before."""
        found, steps = list[int](), len(self.trace.steps)
        for here in cells:
            if found and self._writes(found[-1], tensor, here):
                continue
            after = 2 * found[-1] - found[-2] if len(found) > 1 else -1
            if 0 <= after < steps and self._writes(after, tensor, here):
                found.append(after)
            elif (at := self._writing(tensor, frozenset(here.items()))) is not None:
                found.append(at)
        return tuple(sorted(set(found)))

    def _writes(self, at: int, tensor: str, here: Mapping[str, int]) -> bool:
        """Whether a step writes a tensor at these indices."""
        writes = self.step(at).writes
        return writes.tensor == tensor and writes.holds(here)

    def factors(self, made: Acted) -> tuple[Covered, Covered]:
        """The two factors of every product that a step writes: those at the same place."""
        left, right = (self.covered(region) for region in made.step.reads)
        return left, right

    def _narrow(self, region: Region, here: Mapping[str, int | range]) -> Region:
        """A region with what the unit says of the axes that it leaves whole."""
        more = ((a, here[a]) for a in self.trace.axes(region.tensor) if a in here and region.along(a) is None)
        return Region(region.tensor, (*region.where, *more))

    def made(self, tensor: str) -> bool:
        """Whether a step of what is told writes it."""
        return self._writing(tensor, frozenset()) is not None

    def filled(self, address: Address) -> bool:
        """Whether a step writes this cell: past the end of a shorter sequence there is none."""
        return self._writing(address.tensor, frozenset(self.indices(address).items())) is not None

    # ── cells ────────────────────────────────────────────────────────────────
    def followed(self, tensor: str, unit: int) -> dict[str, int]:
        """On axes of a tensor of which only some indices are told the one that a unit follows, else the first."""
        inner = self.inner(unit)
        return {axis: inner.get(axis, indices[0]) for axis, indices in self.picked(*self.trace.axes(tensor))}

    def cell_of(self, tensor: str, unit: int, following: Mapping[str, int]) -> Address:
        """One cell of a tensor: at the unit, else at what is followed, else at the first that is told."""
        here = {**self.film.at, **following, **self.here(unit)}
        first = {axis: indices[0] for axis, indices in self.units.only.items()}
        return Address(tensor, tuple(here.get(axis, first.get(axis, 0)) for axis in self.trace.axes(tensor)))

    def indices(self, address: Address) -> dict[str, int]:
        """Where one cell stands, axis by axis."""
        return dict(zip(self.trace.axes(address.tensor), address.index, strict=True))

    def here_of(self, address: Address) -> Region:
        """One cell as a region."""
        return Region(address.tensor, tuple(self.indices(address).items()))

    def whole(self, tensor: str) -> bool:
        """Whether a tensor is read as it stands, not as what it was made of: it turns into another one in its place, or
        is what an earlier one of the units that make different things came to."""
        passages = self.units.passages if isinstance(self.units, Passages) else ()
        return tensor in self.becoming or any(one.writes[-1] == tensor for one in passages)

    def covered(self, region: Region, target: Address | None = None) -> Covered:
        """The cells of a region, or those that go into one cell of another tensor: alike on the axes that both have."""
        there = self._alike(target.tensor, target.index, self.trace.axes(region.tensor)) if target else {}
        return Covered(
            region.tensor, tuple(self._along(region, axis, there) for axis in self.trace.axes(region.tensor))
        )

    def factored(self, cells: Covered, places: NDArray[np.intp], region: Region) -> NDArray[np.intp]:
        """Which cells of a region go into some cells of another tensor, those at ``places``: of each the first that is
        alike on the axes that both have."""
        index = np.unravel_index(places, [len(span) for span in cells.spans])
        at = tuple(span.start + span.step * i for span, i in zip(cells.spans, index, strict=True))
        there, spans = self._alike(cells.tensor, at, self.trace.axes(region.tensor)), self.covered(region).spans
        found = []
        for axis, span in zip(self.trace.axes(region.tensor), spans, strict=True):
            along, beside = np.divmod(there.get(axis, np.full_like(places, span.start)) - span.start, span.step)
            found.append(np.where((beside == 0) & (along >= 0) & (along < len(span)), along, 0))
        return np.ravel_multi_index(tuple(found), [len(span) for span in spans])

    def _alike(self, tensor: str, index: Sequence[T], axes: tuple[str, ...]) -> dict[str, T]:
        """The indices of a cell, on axes that number the same by the names that a tensor with ``axes`` has for them."""
        there = dict(zip(self.trace.axes(tensor), index, strict=True))
        for one, other in (pair for a, b in self.film.same for pair in ((a, b), (b, a))):
            if one in there and other not in there and one not in axes and other in axes:
                there[other] = there[one]
        return there

    def _along(self, region: Region, axis: str, there: Mapping[str, int]) -> range:
        along = region.along(axis)
        whole = range(self.trace.size(axis)) if along is None else along
        return range(there[axis], there[axis] + 1) if axis in there and there[axis] in whole else whole
