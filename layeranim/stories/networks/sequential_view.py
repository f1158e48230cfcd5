"""The numbers of layers in a row: what each stage reads and makes, and the number that is followed through them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np

from layeranim.engine.embedding import numbered as numbered_words
from layeranim.engine.graph_calls import GraphCall
from layeranim.engine.links import links_of
from layeranim.engine.trace import Array, Region, Shape, count
from layeranim.records import dataclass
from layeranim.stories.networks.sequential_options import SequentialFilmConfig, opened
from layeranim.stories.stage import Each, Grid, Passage, Passages, Play
from layeranim.stories.stage.arrangements import foremost
from layeranim.stories.stage.figures import Figures
from layeranim.stories.stage.slices import Covered
from layeranim.stories.stage.unit_steps import Acted
from layeranim.stories.storyboard import Address, FilmView, Telling

TRIED = 64
"""So many terms are looked at for one that comes from the stage before, not from padding."""
ADDED = ("add", "sum", "add_cells", "sum_terms", "sum_rows")
"""Operations all of whose reads are terms; of others the first one tells where a number comes from."""
WAY_MOST = 600
"""A number is followed back over so many steps at most."""
BATCH = "batch"
DRAWS = ".draws"
"""Axes of draws of a mask: a network in use has one, which is none to look at."""
STATED = ("rnn", "gru", "lstm")
"""Layers that keep a state."""
COMPARED = ("scaled", "maximum", "shifted")
"""What a softmax makes of its scores before the powers: written as these are."""


@dataclass(frozen=True)
class RowStage:
    """One call of a layer, one with the activations after it, or one that stands for many: the tensor that comes in,
    as which the layer ``reads`` it, what it ``wrote``, and its ``out``. ``others`` are further tensors that come in.
    """

    place: int
    calls: tuple[GraphCall, ...]
    before: str
    reads: str
    wrote: str
    out: str
    others: tuple[str, ...] = ()

    @property
    def last(self) -> GraphCall:
        return self.calls[-1]

    @property
    def prefix(self) -> str:
        return f"{self.last.name}."

    @property
    def layer(self) -> str:
        return self.last.layer

    @property
    def config(self) -> Any:
        """The options of its layer."""
        return self.last.config

    @property
    def number(self) -> int:
        """What it is counted as."""
        return self.calls[0].place

    @property
    def given(self) -> bool:
        """Whether it stands as the model gave it."""
        return not self.last.layer

    @property
    def closed(self) -> bool:
        """Whether it stands for several that are not drawn."""
        return self.last.stands > 1

    @property
    def stands(self) -> int:
        """How many calls it stands for."""
        return sum(call.stands for call in self.calls)

    @property
    def learnt(self) -> int:
        """How many numbers it has learned."""
        return sum(call.parameters for call in self.calls)

    @property
    def keeps(self) -> bool:
        """Whether it passes every number on as it is, at its place."""
        if self.layer == "activation":
            return str(self.config.activation) == "linear"
        return self.layer == "dropout" and not self.config.rate

    def own(self, tensor: str) -> bool:
        """Whether a tensor is of its inside."""
        return any(tensor.startswith(f"{call.name}.") for call in self.calls)


class RowView(FilmView):
    """Layers in a row as their film sees them."""

    noun = ("layer", "layers")

    def __init__(self, telling: Telling) -> None:
        super().__init__(telling)
        self.stages: tuple[RowStage, ...] = tuple(self._stages())
        self.open = self._opened()
        one = Passages((), ("stage", "stages"), passages=(Passage("", ("output",)),))
        plain = Play(Grid("input", ""), one, (Each((("output", ()),)),), (), (),
                     kinds=self._shares(), same=self._same(), alike=self._alike())  # fmt: skip
        self.figures = Figures(plain, telling)
        self.offsets: dict[str, tuple[int, ...]] = {}
        self.ways = self._ways()

    def _opened(self) -> tuple[int, ...]:
        """The places of the stages that are opened."""
        return opened(self.config) if isinstance(self.config, SequentialFilmConfig) else ()

    def _stages(self) -> Iterator[RowStage]:
        before, links = "input", links_of(self.config.layers)
        for k, link in enumerate(links):
            out = "output" if k == len(links) - 1 else f"{link.name}.output"
            reads, wrote = (other if (other := f"{link.name}.{word}") in self.trace else usual
                            for word, usual in (("entry", before), ("folded", out)))  # fmt: skip
            call = GraphCall(link.name, link.layer, (), link.layer, link.options, reads=(before,), place=k + 1,
                             parameters=self._learnt(link.name))  # fmt: skip
            yield RowStage(k, (call,), before, reads, wrote, out)
            before = out

    def _learnt(self, name: str) -> int:
        """How many numbers a layer has learned."""
        held = self.trace.tensors.values()
        return sum(count(t.shape) for t in held if t.role == "weight" and not t.is_recipe
                   and t.name.startswith(f"{name}.") and ".running_" not in t.name)  # fmt: skip

    def _shares(self) -> dict[str, str]:
        """The tensors whose numbers are parts of 1."""
        ends = (stage.out for stage in self.stages if stage.layer == "softmax" and not stage.config.log)
        return dict.fromkeys((*ends, *(name for name in self.trace if name.endswith("self.weights"))), "share")

    def _same(self) -> tuple[tuple[str, str], ...]:
        """Pairs of axes that number the same: the units of a layer with a state, and the features of this state."""
        every = {axis for tensor in self.trace.tensors.values() for axis in tensor.axes}
        pairs = ((f"{stage.prefix}units", f"{stage.prefix}hidden") for stage in self.stages)
        return tuple(pair for pair in pairs if every.issuperset(pair))

    def _alike(self) -> tuple[tuple[str, ...], ...]:
        """Groups of tensors that hold the same numbers, or numbers that are compared."""
        groups: list[set[str]] = []
        for stage in self.stages:
            pairs = [{stage.before, stage.reads}, {stage.wrote, stage.out}]
            if stage.layer == "flatten" or stage.keeps:
                pairs.append({stage.reads, stage.wrote})
            if stage.layer == "softmax":
                pairs.append({stage.reads, *(f"{stage.prefix}{word}" for word in COMPARED)} & {*self.trace})
            for pair in pairs:
                met = [group for group in groups if group & pair]
                groups = [group for group in groups if not group & pair] + [set.union(pair, *met)]
        order = [*self.trace]
        return tuple(tuple(sorted(group, key=order.index)) for group in groups if len(group) > 1)

    @property
    def tokens(self) -> tuple[str, ...]:
        """The words that come in, where the first layer knows them: each step's own, or, of a preset whose ids are
        others, those of the ids."""
        first = self.stages[0]
        words: tuple[str, ...] = (first.config.tokens or ()) if first.layer == "embedding" else ()
        if not words or len(words) != self.shape("input")[-1]:
            return ()
        if self.telling.base is None or self.telling.untouched:
            return words
        named = dict(zip(numbered_words(words), words, strict=True))
        ids = self.trace.read(self.figures.told("input")).tolist()
        return tuple(named[one] for one in ids) if set(ids) <= set(named) else ()

    # ── shapes ───────────────────────────────────────────────────────────────
    def axes(self, tensor: str) -> tuple[str, ...]:
        """The axes of a tensor but for the samples."""
        every = self.trace.axes(tensor)
        return tuple(
            axis for axis in every if axis != BATCH and not (axis.endswith(DRAWS) and self.trace.size(axis) == 1)
        )

    def shape(self, tensor: str) -> Shape:
        """Its shape but for the samples."""
        return tuple(self.trace.size(axis) for axis in self.axes(tensor))

    @property
    def total(self) -> int:
        """How many calls there are."""
        return sum(stage.stands for stage in self.stages)

    def stage_of(self, tensor: str) -> RowStage | None:
        """The stage that makes a tensor."""
        return next((stage for stage in self.stages if stage.out == tensor), None)

    def behind(self, tensor: str) -> frozenset[str]:
        """The tensors of stages that go into another one, through whatever lies between."""
        found, todo = set[str](), [tensor]
        while todo:
            stage = self.stage_of(todo.pop())
            new = {stage.before, *stage.others} - found if stage else set()
            found |= new
            todo += new
        return frozenset(found)

    # ── the number that is followed ──────────────────────────────────────────
    def target(self) -> Address:
        """The largest number at the end, of the sample that is told."""
        return self._largest("output", np.asarray)

    def followed(self, stage: RowStage) -> Address:
        """The cell that is followed of what a stage makes."""
        return self.ways[stage.place][stage.out]

    def _ways(self) -> tuple[Mapping[str, Address], ...]:
        """Of each stage the cells on the way to the number that is followed, by their tensors, last made last."""
        out: list[Mapping[str, Address]] = []
        known = {self.stages[-1].out: self.target()}
        for stage in reversed(self.stages):
            at = known.get(stage.out) or self._largest(stage.out, np.abs)
            way = list(self._way(at, stage))
            inside = {one.tensor: one for one in reversed(way)}
            for source in (stage.before, *stage.others):
                entered = inside.pop(source, None) or self._beside(source, way)
                if entered and (self.figures.filled(entered) or not self.figures.made(source)):
                    known.setdefault(source, entered)
            out.append(inside)
        self.known = known
        return tuple(reversed(out))

    def foremost(self, tensor: str, axis: str, most: int) -> tuple[int, ...]:
        """Of more than ``most`` indices along an axis those whose numbers are the largest by size, the one of the
        followed cell among them; nothing where all have room."""
        if self.trace.size(axis) <= most:
            return ()
        axes = [one for one in self.trace.axes(tensor) if one not in self.figures.fixed]
        values = np.moveaxis(self.trace.read(self.figures.told(tensor)), axes.index(axis), 0)
        followed = self.known.get(tensor)
        place = followed.index[self.trace.axes(tensor).index(axis)] if followed else None
        return foremost(values, place, most)

    def _beside(self, source: str, way: list[Address]) -> Address | None:
        """The cell of another tensor that comes in, where a cell on the way is made of several."""
        for at in way:
            if not self.figures.filled(at):
                continue
            for region in self.figures.acted_at(at).reads:
                if region.tensor == source:
                    return self._best([region], at)[0]
                if self.trace.tensor(region.tensor).role != "weight":
                    best = self._best([region], at)[0]
                    before = self.figures.rearranged(best) if self.figures.filled(best) else None
                    if before is not None and before.tensor == source:
                        return before
        return None

    def _way(self, at: Address, stage: RowStage) -> Iterator[Address]:
        """Back from a cell that a stage made to one that came in."""
        yield at
        for _ in range(WAY_MOST):
            nearer = self._nearer(at, stage)
            if nearer is None:
                return
            at = nearer
            yield at
            if at.tensor in (stage.before, *stage.others):
                return

    def _largest(self, tensor: str, size: Callable[[Array], Array]) -> Address:
        """The cell of the largest number that is told of a tensor; of what steps write one that a step writes."""
        cells, made = self.figures.covered(self.figures.told(tensor)), self.figures.made(tensor)
        values = np.nan_to_num(size(self.figures.read(cells).astype(float)), nan=-np.inf)
        order = np.argsort(-values, kind="stable")
        return cells[int(next((k for k in order if not made or self.figures.filled(cells[int(k)])), order[0]))]

    def _nearer(self, at: Address, stage: RowStage) -> Address | None:
        """What a cell was made of: of several cells the one that counts most."""
        if not self.figures.filled(at):
            return None if self.figures.made(at.tensor) else self._seen(at, stage)
        if same := self.figures.rearranged(at):
            return same
        if factor := self._factor(at):
            return factor
        made = self.figures.acted_at(at)
        read = self._taken(made)
        taken = read if made.step.operation in ADDED else read[:1]
        found = sorted(self._best(taken, at), key=lambda one: not self._direct(one, stage))
        return next((one for one in found if not self._padding(one, stage)), found[0] if found else None)

    def _taken(self, made: Acted) -> list[Region]:
        """What a step reads but for weights."""
        return [one for one in made.reads if self.trace.tensor(one.tensor).role != "weight"]

    def _direct(self, one: Address, stage: RowStage) -> bool:
        """Of a layer with a state: whether a product is of what comes in now, not of what was kept."""
        factor = self._factor(one) if stage.layer in STATED else None
        if factor is None:
            return True
        entered = self.figures.rearranged(factor) if self.figures.filled(factor) else factor
        return entered is not None and entered.tensor == stage.reads

    def _best(self, regions: Sequence[Region], at: Address) -> list[Address]:
        """The cells of these regions that a cell was made of, those that count most in it first."""
        sign, found = -1.0 if self.figures.value(at) < 0 else 1.0, list[tuple[float, Address]]()
        for cells in (self.figures.covered(region, at) for region in regions):
            values = np.nan_to_num(sign * self.figures.read(cells).astype(float), nan=-np.inf)
            found += [(values[k], cells[int(k)]) for k in np.argsort(-values, kind="stable")[:TRIED]]
        return [cell for _, cell in sorted(found, key=lambda one: -one[0])]

    def _factor(self, at: Address) -> Address | None:
        """The number that a product was made of, and a weight, at its own place; nothing of what is no product."""
        made = self.figures.acted_at(at) if self.figures.filled(at) else None
        region = next(iter(self._taken(made)), None) if made else None
        if made is None or region is None or made.step.operation not in ("multiply", "weigh_rows"):
            return None
        cells, side = self.figures.covered(made.writes), self.figures.covered(region)
        places = cells.places(Covered(at.tensor, tuple(range(i, i + 1) for i in at.index)))
        assert places is not None  # a step writes what it made
        return side[int((places if len(side) == len(cells) else self.figures.factored(cells, places, region))[0])]

    def cell(self, tensor: str, stage: RowStage) -> dict[str, int]:
        """The followed cell of a tensor by its axes: on the way to the end, else alike that of what the stage made."""
        way, axes = self.ways[stage.place], self.trace.axes(tensor)
        if tensor in way:
            return self.figures.indices(way[tensor])
        made = way.get(stage.wrote) or next(iter(way.values()))
        known: dict[str, int] = {}
        for one in (made, *reversed([*way.values()])):
            known = self.figures.indices(one) | known
        for a, b in (*self.figures.film.same, *(pair[::-1] for pair in self.figures.film.same)):
            if a in known:
                known.setdefault(b, known[a])
        return {axis: known.get(axis, 0) for axis in axes}

    # ── what stands in another tensor ────────────────────────────────────────
    def _padding(self, at: Address, stage: RowStage) -> bool:
        """Whether a cell, or the product in it, is of padding alone."""
        if self.figures.filled(at):
            factor = self._factor(at)
            return factor is not None and not self.figures.filled(factor) and self._seen(factor, stage) is None
        return at.tensor != stage.before and self._seen(at, stage) is None

    def _seen(self, at: Address, stage: RowStage) -> Address | None:
        """The cell of what a stage reads that stands in a copy of it: padded, or under other names of axes."""
        if at.tensor == stage.reads or self.trace.tensor(at.tensor).role in ("input", "weight"):
            return None
        shape, axes = self.trace.tensor(stage.reads).shape, self.trace.axes(at.tensor)
        if len(axes) != len(shape):
            return None
        skipped = self.offset(at.tensor, stage)
        index = tuple(i - off for i, off in zip(at.index, skipped, strict=True))
        inside = all(0 <= i < n for i, n in zip(index, shape, strict=True))
        return Address(stage.reads, index) if inside else None

    def offset(self, tensor: str, stage: RowStage) -> tuple[int, ...]:
        """How far what a stage reads lies from the first cell of a padded copy, on every axis."""
        if tensor not in self.offsets:
            inner, outer = (self.trace.tensor(name) for name in (stage.reads, tensor))
            more = [max(0, b - a) for a, b in zip(inner.shape, outer.shape, strict=True)]
            guess = tuple(n // 2 for n in more)
            every = (guess, *product(*(range(n + 1) for n in more))) if any(more) else (guess,)
            held = (one for one in every if _stands(inner.array, outer.array, one))
            self.offsets[tensor] = next(held, guess)
        return self.offsets[tensor]


def _stands(inner: Array, outer: Array, at: tuple[int, ...]) -> bool:
    """Whether the numbers of one array stand in another from these indices on, as far as it goes."""
    spans = tuple(slice(i, i + n) for i, n in zip(at, inner.shape, strict=True))
    part = outer[spans]
    return bool(np.array_equal(inner[tuple(slice(0, n) for n in part.shape)], part, equal_nan=True))
