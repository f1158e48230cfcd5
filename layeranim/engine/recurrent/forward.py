"""The forward pass: every cell's table, run for all sequences of the batch at once, step after step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from layeranim.engine.activations import ACTIVATIONS, softmax
from layeranim.engine.recurrent.cells import Act, Functions, readout, table
from layeranim.engine.recurrent.config import (
    GruConfig,
    LstmConfig,
    RecurrentConfig,
    RnnConfig,
    gates_of,
    kind_of,
    prefix,
    runs,
    state_size,
)
from layeranim.engine.recurrent.gates import gates, turned
from layeranim.engine.recurrent.sweep import StepCall, sweep, total
from layeranim.engine.trace import Array, Shape

STATES = ("hidden", "cell")


def cell_table(config: RecurrentConfig, biases: tuple[str, ...]) -> tuple[Act, ...]:
    """The acts of one time step with these options."""
    return table(
        kind_of(config),
        functions=Functions(config.nonlinearity)
        if isinstance(config, RnnConfig)
        else Functions(config.activation, config.gate_activation),
        variant=config.variant if isinstance(config, GruConfig) else "",
        biases=biases,
        peepholes=isinstance(config, LstmConfig) and bool(config.peepholes),
        projection=isinstance(config, LstmConfig) and config.projection is not None,
    )


def kept(act: Act) -> bool:
    """Whether what an act writes is held; joins and element-wise products are made where they are read."""
    return act.verb in ("affine", "activate", "add", "softmax") or act.writes.rpartition(".")[2] in STATES


def split(config: RecurrentConfig, held: Mapping[str, Array], p: str) -> dict[str, Array]:
    """One run's weights by name: the rows of each gate as views of the packed arrays."""
    units = int(config.hidden or 0)
    out: dict[str, Array] = {}
    for name in ("weight_input", "weight_hidden", "bias_input", "bias_hidden"):
        if p + name in held:
            blocks = held[p + name]
            for at, part in enumerate(gates_of(config)):
                out[f"{name}_{part}"] = blocks[at * units : (at + 1) * units]
    if p + "weight_peephole" in held:
        for at, part in enumerate(("input", "forget", "output")):
            out[f"weight_peephole_{part}"] = held[p + "weight_peephole"][at]
    if p + "weight_projection" in held:
        out["weight_projection"] = held[p + "weight_projection"]
    return out


def _read(act: Act, values: Mapping[str, Array]) -> Array:
    """What an act of the output layer gives."""
    first, *rest = (values[name] for name in act.reads)
    if act.verb == "softmax":
        return softmax(first)
    vector, *plus = rest
    return np.asarray(sum(plus, vector @ first.T))


def makes(config: RecurrentConfig, shapes: Mapping[str, Shape]) -> dict[str, Shape]:
    """What every act of every run keeps of all time steps, and what the input adds to all gates at once."""
    batch, units, state = shapes["input"][0], int(config.hidden or 0), state_size(config)
    time = int(config.timesteps or shapes["input"][1])
    made: dict[str, Shape] = {}
    for _, _, p in runs(config):
        biases = tuple(name for name in ("bias_input", "bias_hidden") if p + name in shapes)
        for act in cell_table(config, biases):
            if kept(act):
                made[p + act.writes] = (batch, time, state if act.writes == "hidden" else units)
        made[p + "gates"] = (batch, time, len(gates_of(config)) * units)
    if config.classes is not None:
        made |= dict.fromkeys(("logits", "probabilities"), (batch, time, config.classes))
    return made


def active(lengths: Array | None, batch: int, time: int) -> Array:
    """Which sequences still run at which step: (batch, time) of bool."""
    limits = np.full(batch, time) if lengths is None else lengths.astype(np.int64)
    return np.asarray(np.arange(time)[None, :] < limits[:, None])


def forward(config: RecurrentConfig, held: Mapping[str, Array]) -> dict[str, Array]:
    """Every tensor that is held, by its full name: (batch, time, …) each, zero beyond a sequence's length.

    Semantics of the lengths as in ``torch.nn.utils.rnn.pack_padded_sequence``: a reverse run starts at each
    sequence's own last step, and the state at the last step of its own is what a sequence ends with.
    """
    out: dict[str, Array] = {}
    batch, time = held["input"].shape[:2]
    running = active(held.get("lengths"), batch, time)
    below = held["input"]
    outputs: list[Array] = []
    with np.errstate(all="ignore"):
        for layer, direction, p in runs(config):
            if direction == 0 and layer:
                below, outputs = np.concatenate(outputs, axis=-1), []
            found = _run(config, {**held, **out}, p, below, running, reverse=direction == 1)
            out |= found
            outputs.append(out[p + "hidden"])
        if config.classes is not None:
            out |= _read_out(config, held, out, running)
    return out


def _calls(act: Act, steps: Mapping[str, Array], still: dict[str, Array], batch: int) -> list[StepCall]:
    """One act of a step, of a batch of vectors."""
    if act.verb == "activate":
        return [StepCall(ACTIVATIONS[act.name].into(steps[act.writes][:, 0]), act.reads, act.writes)]
    if act.verb == "complement":
        return [StepCall(lambda x, out: np.subtract(1, x, out), act.reads, act.writes)]
    if act.verb in ("multiply", "add"):
        return [StepCall(np.multiply if act.verb == "multiply" else np.add, act.reads, act.writes)]
    weight, vector, *plus = act.reads
    still[f"{weight}, turned"] = turned(still[weight], batch)
    weigh = StepCall(np.matmul, (vector, f"{weight}, turned"), act.writes)
    return [weigh, *(StepCall(np.add, (act.writes, term), act.writes) for term in plus)]


def _run(
    config: RecurrentConfig, held: Mapping[str, Array], p: str, x: Array, running: Array, reverse: bool
) -> dict[str, Array]:
    biases = tuple(name for name in ("bias_input", "bias_hidden") if p + name in held)
    acts, weights = cell_table(config, biases), split(config, held, p)
    once = gates(acts, weights, x)
    steps, still, calls = dict(once.steps), {**weights, **once.still}, list(once.calls)
    for act in acts:
        if act.verb == "affine" and act.reads[1] == "input":
            steps[act.writes] = x @ weights[act.reads[0]].T
            for bias in act.reads[2:]:
                steps[act.writes] += weights[bias]
        elif act.writes in once.late:
            calls.append(StepCall(total, (act.writes, *once.late[act.writes]), act.writes))
        elif act.verb != "join" and (act.writes not in steps or act.reads[0] in once.late):
            if kept(act) and act.writes not in steps:
                size = state_size(config) if act.writes == "hidden" else int(config.hidden or 0)
                steps[act.writes] = np.empty((*running.shape, size), x.dtype)
            elif act.writes not in steps:
                still[act.writes] = np.empty((len(x), int(config.hidden or 0)), x.dtype)
            calls += _calls(act, steps, still, len(x))
    states = {"previous_" + n: (n, held[p + "initial_" + n]) for n in STATES if p + "initial_" + n in held}
    sweep(calls, steps, still, states, running, reverse)
    out = {p + act.writes: steps[act.writes] for act in acts if kept(act)}
    if not running.all():
        for array in out.values():
            array[~running] = 0
    return out


def _read_out(
    config: RecurrentConfig, held: Mapping[str, Array], out: Mapping[str, Array], running: Array
) -> dict[str, Array]:
    last = config.layers - 1
    tops = [out[prefix(config, last, d) + "hidden"] for d in range(2 if config.bidirectional else 1)]
    values: dict[str, Any] = {n: held[n] for n in ("weight_output", "bias_output") if n in held}
    if config.returns == "sequences":
        values["output"], on = np.concatenate(tops, axis=-1), running[:, :, None]
    else:
        ends = [final(top, running, d == 1) for d, top in enumerate(tops)]
        values["output"], on = np.concatenate(ends, axis=-1), np.array(True)
    for act in readout("bias_output" in held):
        values[act.writes] = np.where(on, _read(act, values), 0)
    return {name: values[name] for name in ("logits", "probabilities")}


def final(sequence: Array, running: Array, reverse: bool) -> Array:
    """The last state of a run: at each sequence's own last step, or at the first where it reads from the end."""
    rows = np.arange(len(sequence))
    return np.asarray(sequence[rows, np.zeros_like(rows) if reverse else running.sum(axis=1) - 1])


def shifted(sequence: Array, edge: Array, running: Array, later: bool) -> Array:
    """Each step's neighbour: the one before it (``later``: after it), and ``edge`` at the sequence's own end."""
    out = np.zeros_like(sequence)
    rows = np.arange(len(sequence))
    if later:
        out[:, :-1] = sequence[:, 1:]
        out[rows, running.sum(axis=1) - 1] = edge
    else:
        out[:, 1:] = sequence[:, :-1]
        out[:, 0] = edge
        out[~running] = 0
    return out


def defaults(config: RecurrentConfig, held: Mapping[str, Array]) -> dict[str, Array]:
    """The initial states that were not given: zeros."""
    batch, kind = held["input"].shape[0], held["input"].dtype
    out: dict[str, Array] = {}
    for _, _, p in runs(config):
        sizes = {"initial_hidden": state_size(config)}
        if isinstance(config, LstmConfig):
            sizes["initial_cell"] = int(config.hidden or 0)
        out |= {p + name: np.zeros((batch, size), kind) for name, size in sizes.items() if p + name not in held}
    return out
