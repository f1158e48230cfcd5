"""The acts of a recurrent layer as Steps, made on demand: sequence by sequence, layer by layer, step by step."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from layeranim.engine import vector  # noqa: F401  (registers the operations that the steps name)
from layeranim.engine.recurrent.cells import Act, readout
from layeranim.engine.recurrent.config import RecurrentConfig
from layeranim.engine.recurrent.layout import mask_of, output_name, run_list
from layeranim.engine.trace import Region, Step, Steps, Tensor


@dataclass(frozen=True)
class Plan:
    """A Step but for the sequence and the time at which it happens.

    ``parts`` narrows the last axis of what is read: (name, range) or (name, None) for all of it.
    """

    operation: str
    reads: tuple[tuple[str, range | None], ...]
    writes: str
    parameters: tuple[tuple[str, str], ...] = ()

    def at(self, tensors: Mapping[str, Tensor], here: Mapping[str, int]) -> Step:
        """The Step with these indices, as far as each tensor has the axes."""

        def region(name: str, part: range | None = None) -> Region:
            axes = tensors[name].axes
            where: list[tuple[str, int | range]] = [(axis, at) for axis, at in here.items() if axis in axes]
            return Region(name, (*where, (axes[-1], part)) if part else tuple(where))

        reads = tuple(region(name, part) for name, part in self.reads)
        return Step(self.operation, reads, region(self.writes), self.parameters)


def whole(*names: str) -> tuple[tuple[str, None], ...]:
    """The names as reads of all that their tensors hold at one place."""
    return tuple((name, None) for name in names)


def plans(act: Act) -> list[Plan]:
    """One act of a table as the Steps that a film shows: an affine one multiplies, then adds up."""
    if act.verb == "affine":
        weight, vector, *plus = act.reads
        return [
            Plan("multiply", whole(weight, vector), act.products),
            Plan("sum_terms", whole(act.products, *plus), act.writes),
        ]
    name = (("name", act.name),) if act.verb == "activate" else ()
    return [Plan("add_cells" if act.verb == "add" else act.verb, whole(*act.reads), act.writes, name)]


@dataclass(frozen=True)
class Block:
    """The same plans at each of several places."""

    plans: Sequence[Plan]
    places: Sequence[Mapping[str, int]]

    def __len__(self) -> int:
        return len(self.plans) * len(self.places)


def in_blocks(blocks: Sequence[Block | Sequence[Step]], tensors: Mapping[str, Tensor]) -> Steps:
    """The steps of all blocks in order; the i-th is found by bisection."""
    ends = list(accumulate(len(block) for block in blocks))

    def make(i: int) -> Step:
        k = bisect_right(ends, i)
        block, j = blocks[k], i - (ends[k - 1] if k else 0)
        if not isinstance(block, Block):
            return block[j]
        place, plan = divmod(j, len(block.plans))
        return block.plans[plan].at(tensors, block.places[place])

    return Steps(ends[-1] if ends else 0, make)


class Places(Sequence[Mapping[str, int]]):
    """The time steps of one sequence, in the order in which a run reads them."""

    def __init__(self, batch: int, times: range) -> None:
        self.batch, self.times = batch, times

    def __len__(self) -> int:
        return len(self.times)

    def __getitem__(self, at: int) -> Mapping[str, int]:  # type: ignore[override]
        return {"batch": self.batch, "time": self.times[at]}


def steps_of(config: RecurrentConfig, tensors: Mapping[str, Tensor]) -> Steps:
    """Every act of the forward pass."""
    everything = run_list(config, tensors)
    counts = mask_of(tensors).sum(axis=1).tolist()
    cell = {run.prefix: [plan for act in run.acts for plan in plans(act)] for run in everything}
    blocks: list[Block | Sequence[Step]] = []
    for b, count in enumerate(counts):
        forwards = Places(b, range(count))
        for layer in range(config.layers):
            here = [run for run in everything if run.layer == layer]
            for run in here:
                blocks.append(Block(cell[run.prefix], Places(b, range(count)[::-1]) if run.reverse else forwards))
            name = output_name(config, layer)
            if "time" in tensors[name].axes:
                blocks.append(Block([Plan("join", whole(*(r.prefix + "hidden" for r in here)), name)], forwards))
            else:
                blocks.append([_last_step(b, count, [(r.prefix + "hidden", r.reverse) for r in here], name)])
            if config.returns == "state" and layer == config.layers - 1:
                ends = [(r.prefix + state, r.reverse, f"{r.prefix}final_{state}") for r in here for state in r.states]
                blocks.append([_last_step(b, count, [(held, back)], final) for held, back, final in ends])
        if config.classes is not None:
            top = [plan for act in readout("bias_output" in tensors) for plan in plans(act)]
            blocks.append(Block(top, forwards if "time" in tensors["logits"].axes else [{"batch": b}]))
    return in_blocks(blocks, tensors)


def _last_step(batch: int, count: int, sequences: Sequence[tuple[str, bool]], writes: str) -> Step:
    """The last state of each direction is handed on."""
    reads = [Region.of(name, batch=batch, time=0 if reverse else count - 1) for name, reverse in sequences]
    return Step("join", tuple(reads), Region.of(writes, batch=batch))
