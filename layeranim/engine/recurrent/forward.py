"""The forward pass: every cell's table, run for all sequences of the batch at once, step after step."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from layeranim.engine.activations import ACTIVATIONS, softmax
from layeranim.engine.recurrent.cells import Act, Functions, joined_weight, readout, table
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


def _affine(weight: Array, vector: Array, *plus: Array) -> Array:
    total = vector @ weight.T
    for term in plus:
        total = total + term
    return np.asarray(total)


def apply(act: Act, parts: list[Array]) -> Array:
    """What an act gives, for a batch of vectors."""
    if act.verb == "activate":
        return ACTIVATIONS[act.name](parts[0])
    return _VERBS[act.verb](*parts)


_VERBS: dict[str, Callable[..., Array]] = {
    "affine": _affine,
    "multiply": lambda a, b: np.asarray(a * b),
    "add": lambda a, b: np.asarray(a + b),
    "complement": lambda a: np.asarray(1 - a),
    "join": lambda *parts: np.concatenate(parts, axis=-1),
    "softmax": softmax,
}


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


def _run(
    config: RecurrentConfig, held: Mapping[str, Array], p: str, x: Array, running: Array, reverse: bool
) -> dict[str, Array]:
    batch, time = running.shape
    biases = tuple(name for name in ("bias_input", "bias_hidden") if p + name in held)
    acts = cell_table(config, biases)
    values = split(config, held, p)
    gates, rest = _gates(acts, values, x)
    names = [act.writes for act in rest if kept(act)]
    read = {name for act in rest for name in act.reads}
    for part in gates_of(config):
        if f"weight_hidden_{part}" in values and joined_weight(part) in read:
            values[joined_weight(part)] = np.concatenate(
                [values[f"weight_hidden_{part}"], values[f"weight_input_{part}"]], axis=1
            )
    states = {name: held[p + "initial_" + name] for name in STATES if p + "initial_" + name in held}
    acted = [(ACTIVATIONS[a.name].bare() if a.verb == "activate" else _VERBS[a.verb], a.reads, a.writes) for a in rest]
    out: dict[str, Array] = {}
    ragged = not running.all()
    for t in range(time - 1, -1, -1) if reverse else range(time):
        values |= {"input": x[:, t]} | {"previous_" + name: state for name, state in states.items()}
        on = running[:, t, None]
        gates.step(values, t)
        for run, reads, writes in acted:
            values[writes] = run(*[values[name] for name in reads])
        for name in names:
            if name not in out:
                out[name] = np.zeros((batch, time, values[name].shape[-1]), dtype=x.dtype)
            out[name][:, t] = np.where(on, values[name], 0) if ragged else values[name]
        states = {n: np.where(on, values[n], state) if ragged else values[n] for n, state in states.items()}
    out |= gates.written(running[:, :, None] if ragged else None)
    return {p + act.writes: out[act.writes] for act in acts if kept(act)}


@dataclass(frozen=True)
class _Squash:
    """Neighbouring gates that one activation is applied to at once."""

    function: Callable[..., Array]
    place: slice
    gates: tuple[tuple[str, slice], ...]


@dataclass(frozen=True)
class _Gates:
    """The gates that see nothing but input, state and biases, all at once.

    What the input adds does not wait for the state, so it is one product for all steps, in ``sums``; there the state,
    which meets the weights of every gate in one product a step, is added. The sums are those of ``_affine`` but for
    their order. ``made`` holds what the activations make of them.
    """

    blocks: tuple[tuple[str, slice], ...]
    sums: Array
    made: Array
    weight: Array
    squashes: tuple[_Squash, ...]

    def step(self, values: dict[str, Array], t: int) -> None:
        """Write the pre-activations and the gates of step ``t``."""
        if not self.blocks:
            return
        row, made = self.sums[:, t], self.made[:, t]
        row += values["previous_hidden"] @ self.weight
        for name, block in self.blocks:
            values[name] = row[:, block]
        for squash in self.squashes:
            made[:, squash.place] = squash.function(row[:, squash.place])
            for name, block in squash.gates:
                values[name] = made[:, block]

    def written(self, on: Array | None) -> dict[str, Array]:
        """The pre-activations and gates of all steps; 0 where a sequence has ended."""
        sums, made = (array if on is None else np.where(on, array, 0) for array in (self.sums, self.made))
        gates = [gate for squash in self.squashes for gate in squash.gates]
        found = {name: sums[..., block] for name, block in self.blocks}
        return found | {name: made[..., block] for name, block in gates}


def _gates(acts: tuple[Act, ...], values: Mapping[str, Array], x: Array) -> tuple[_Gates, list[Act]]:
    """The gates to be done at once, and the acts that are left; joins are made where they are read."""
    once = [a for a in acts if a.verb == "affine" and a.reads[1] == "joined" and all(n in values for n in a.reads[2:])]
    rest = [act for act in acts if act not in once]
    if not any("joined" in act.reads for act in rest):
        rest = [act for act in rest if act.verb != "join"]
    if not once:
        return _Gates((), x, x, x, ()), rest
    parts = [act.reads[0].removeprefix("weight_").removesuffix("_gate") for act in once]
    state, entry = (np.concatenate([values[f"weight_{of}_{part}"] for part in parts]) for of in ("hidden", "input"))
    units = len(state) // len(once)
    blocks = tuple((act.writes, slice(k * units, (k + 1) * units)) for k, act in enumerate(once))
    ahead = x @ entry.T
    for act, (_, block) in zip(once, blocks, strict=True):
        for bias in act.reads[2:]:
            ahead[..., block] += values[bias]
    squashes = _squashes(rest, dict(blocks))
    done = {name for squash in squashes for name, _ in squash.gates}
    gates = _Gates(blocks, ahead, np.empty_like(ahead), state.T, squashes)
    return gates, [act for act in rest if act.writes not in done]


def _squashes(acts: Sequence[Act], blocks: Mapping[str, slice]) -> tuple[_Squash, ...]:
    """The activations of these blocks, neighbours with the same one together."""
    by_block = {act.reads[0]: act for act in acts if act.verb == "activate"}
    found: list[tuple[str, list[tuple[str, slice]]]] = []
    for name, block in blocks.items():
        act = by_block.get(name)
        if act is None:
            continue
        if found and found[-1][0] == act.name and found[-1][1][-1][1].stop == block.start:
            found[-1][1].append((act.writes, block))
        else:
            found.append((act.name, [(act.writes, block)]))
    return tuple(
        _Squash(ACTIVATIONS[name].bare(), slice(gates[0][1].start, gates[-1][1].stop), tuple(gates))
        for name, gates in found
    )


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
        values[act.writes] = np.where(on, apply(act, [values[name] for name in act.reads]), 0)
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
