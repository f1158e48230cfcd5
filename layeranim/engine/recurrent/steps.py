"""The acts of a recurrent layer as Steps, made on demand: sequence by sequence, layer by layer, step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate

from layeranim.engine import vector  # noqa: F401  (registers the operations that the steps name)
from layeranim.engine.plan import EachUnit, Neighbour, Plan, in_turn, whole
from layeranim.engine.recurrent.cells import Act, readout
from layeranim.engine.recurrent.config import RecurrentConfig
from layeranim.engine.recurrent.layout import LayerRun, mask_of, output_name, run_list
from layeranim.engine.trace import Steps, Tensor


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


def steps_of(config: RecurrentConfig, tensors: Mapping[str, Tensor]) -> Steps:
    """Every act of the forward pass."""
    return in_turn(parts_of(config, tensors), tensors)


def parts_of(config: RecurrentConfig, tensors: Mapping[str, Tensor], most: int | None = None) -> list[EachUnit]:
    """The loops of all sequences, or of the first ``most``: layer by layer, direction by direction, the answers."""
    everything = run_list(config, tensors)
    cells = {run.prefix: _cell(run) for run in everything}
    top = tuple(plan for act in readout("bias_output" in tensors) for plan in plans(act))
    out: list[EachUnit] = []
    for b, count in enumerate(mask_of(tensors)[:most].sum(axis=1).tolist()):
        batch, times = ("batch", range(b, b + 1)), range(count)
        for layer in range(config.layers):
            here = [run for run in everything if run.layer == layer]
            for run in here:
                order, (first, later) = times[::-1] if run.reverse else times, cells[run.prefix]
                out += [EachUnit((batch, ("time", order[:1])), first), EachUnit((batch, ("time", order[1:])), later)]
            out += _hand_on(batch, times, here, output_name(config, layer), tensors)
            if config.returns == "state" and layer == config.layers - 1:
                ends = [(run, state, _end(run, times)) for run in here for state in run.states]
                out += [
                    EachUnit((batch, end), (_copy(run.prefix, state, f"final_{state}"),)) for run, state, end in ends
                ]
        if config.classes is not None:
            every = "time" in tensors["logits"].axes
            out.append(EachUnit((batch, ("time", times)) if every else (batch,), top))
    return out


def places(parts: Sequence[EachUnit], writes: str, batch: int, time: int) -> tuple[int, ...]:
    """Where in ``trace.steps`` a sequence's step of a tensor at a time step is: by what it writes."""
    starts = accumulate((len(part) for part in parts), initial=0)
    here = {"batch": batch, "time": time}
    found = ((start, part.place(writes, here)) for start, part in zip(starts, parts, strict=False))
    return tuple(start + place for start, place in found if place is not None)


def _cell(run: LayerRun) -> tuple[tuple[Plan, ...], tuple[Plan, ...]]:
    """A run's first time step and each later one: the states that it takes over, what it reads, its acts."""
    before = Neighbour("time", 1 if run.reverse else -1)
    first = [_copy(run.prefix, f"initial_{state}", f"previous_{state}") for state in run.states]
    later = [_copy(run.prefix, state, f"previous_{state}", before) for state in run.states]
    acts = [Plan("join", whole(run.source), f"{run.prefix}input")] if run.prefix else []
    acts += [plan for act in run.acts for plan in plans(act)]
    return (*first, *acts), (*later, *acts)


def _end(run: LayerRun, times: range) -> tuple[str, range]:
    """The one step with which a run ends."""
    return ("time", times[:1] if run.reverse else times[-1:])


def _copy(prefix: str, source: str, writes: str, span: Neighbour | None = None) -> Plan:
    return Plan("join", ((prefix + source, span),), prefix + writes)


def _hand_on(
    batch: tuple[str, range], times: range, runs: Sequence[LayerRun], output: str, tensors: Mapping[str, Tensor]
) -> list[EachUnit]:
    """What a layer hands on: the states of every step side by side, or each direction's last."""
    hidden = [run.prefix + "hidden" for run in runs]
    if "time" in tensors[output].axes:
        return [EachUnit((batch, ("time", times)), (Plan("join", whole(*hidden), output),))]
    size = tensors[hidden[0]].shape[-1]
    parts = [
        (run, name, range(at * size, (at + 1) * size)) for at, (run, name) in enumerate(zip(runs, hidden, strict=True))
    ]
    return [
        EachUnit((batch, _end(run, times)), (Plan("join", whole(name), output, into=span),))
        for run, name, span in parts
    ]
