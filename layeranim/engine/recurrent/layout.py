"""From the held tensors to the whole trace: the recipes under their names, the steps, the facts."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from layeranim.engine import lazy
from layeranim.engine.array import shape_text
from layeranim.engine.recurrent.cells import Act, joined_weight, readout
from layeranim.engine.recurrent.config import (
    GruConfig,
    LstmConfig,
    RecurrentConfig,
    gates_of,
    kind_of,
    runs,
)
from layeranim.engine.recurrent.forward import STATES, active, cell_table, final, kept, shifted, split
from layeranim.engine.trace import Array, Role, Tensor
from layeranim.records import dataclass

WEIGHT_AXES = {
    "weight_hidden": ("gates", "hidden"),
    "bias_input": ("gates",),
    "bias_hidden": ("gates",),
    "weight_projection": ("hidden", "units"),
    "weight_peephole": ("peepholes", "units"),
    "initial_hidden": ("batch", "hidden"),
    "initial_cell": ("batch", "units"),
}


@dataclass(frozen=True)
class LayerRun:
    """One direction of one layer: its acts on tensors by their full names."""

    layer: int
    reverse: bool
    prefix: str
    source: str
    features: str
    joined: str
    acts: tuple[Act, ...]
    states: tuple[str, ...]

    def axis(self, name: str) -> str:
        """The last axis of one of the cell's vectors, by its name without prefix."""
        if name == "joined":
            return self.joined
        if name in ("hidden", "previous_hidden", "initial_hidden", "final_hidden", "reset_hidden"):
            return "hidden"
        return self.features if name == "input" else "units"


def output_name(config: RecurrentConfig, layer: int) -> str:
    """What a layer hands on: the last one ``output``, those below ``layer0.output``, …"""
    return "output" if layer == config.layers - 1 else f"layer{layer}.output"


def run_list(config: RecurrentConfig, names: Mapping[str, object]) -> list[LayerRun]:
    """Every run with its acts, in the order of the arithmetic."""
    out = []
    for layer, direction, p in runs(config):
        acts = cell_table(config, tuple(b for b in ("bias_input", "bias_hidden") if p + b in names))
        source = "input" if layer == 0 else output_name(config, layer - 1)
        local = {n for act in acts for n in (*act.reads, act.writes, act.products) if n}
        states = STATES if kind_of(config) == "lstm" else STATES[:1]
        acts = tuple(act.renamed({n: p + n for n in local}) for act in acts)
        features, joined = ("features", "joined") if layer == 0 else ("outputs", "joined_above")
        out.append(LayerRun(layer, direction == 1, p, source, features, joined, acts, states))
    return out


def held_tensors(config: RecurrentConfig, arrays: Mapping[str, Array]) -> dict[str, Tensor]:
    """The tensors that a file keeps: what was given and every sum, activation and state."""
    given: list[tuple[str, tuple[str, ...], Role]] = [("input", ("batch", "time", "features"), "input")]
    given += [("lengths", ("batch",), "input")] if "lengths" in arrays else []
    found: list[tuple[str, tuple[str, ...], Role]] = []
    for run in run_list(config, arrays):
        weights = {"weight_input": ("gates", run.features), **WEIGHT_AXES}
        given += [(run.prefix + name, axes, "input" if name.startswith("initial") else "weight")
                  for name, axes in weights.items() if run.prefix + name in arrays]  # fmt: skip
        for act in run.acts:
            if kept(act):
                axis = run.axis(act.writes.removeprefix(run.prefix))
                found.append((act.writes, ("batch", "time", axis), "intermediate"))
    if config.classes is not None:
        given += [("weight_output", ("classes", "outputs"), "weight")]
        given += [("bias_output", ("classes",), "weight")] if "bias_output" in arrays else []
        steps = ("batch", "time") if config.returns == "sequences" else ("batch",)
        found += [("logits", (*steps, "classes"), "intermediate"), ("probabilities", (*steps, "classes"), "output")]
    return {name: Tensor(name, axes, role, arrays[name]) for name, axes, role in (*given, *found)}


def all_tensors(config: RecurrentConfig, held: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The held tensors and every recipe."""
    out = dict(held)
    running = mask_of(held)
    everything = run_list(config, held)
    for run in everything:
        for tensor in _weight_recipes(config, held, run):
            out[tensor.name] = tensor
        if run.prefix:
            name = run.prefix + "input"
            out[name] = lazy.joined(name, ("batch", "time", run.features), [out[run.source]])
        for state in run.states:
            values, first = np.asarray(held[run.prefix + state].source), held[run.prefix + "initial_" + state].source
            before = shifted(values, np.asarray(first), running, later=run.reverse)
            axis = run.axis(state)
            name = f"{run.prefix}previous_{state}"
            out[name] = lazy.view(name, ("batch", "time", axis), before)
            name = f"{run.prefix}final_{state}"
            role: Role = "output" if config.returns == "state" and run.layer == config.layers - 1 else "intermediate"
            out[name] = lazy.view(name, ("batch", axis), final(values, running, run.reverse), role)
        for act in run.acts:
            _add_recipes(out, run, act)
        if run is everything[-1] or run.layer != everything[everything.index(run) + 1].layer:
            _add_output(config, out, [r for r in everything if r.layer == run.layer])
    if config.classes is not None:
        act = readout("bias_output" in held)[0]
        axes = (*held["logits"].axes, "outputs")
        out[act.products] = lazy.product(act.products, axes, held["weight_output"], out["output"])
    return out


def mask_of(held: Mapping[str, Tensor]) -> Array:
    """Which sequences run at which step."""
    batch, time = held["input"].shape[:2]
    return active(np.asarray(held["lengths"].source) if "lengths" in held else None, batch, time)


def _weight_recipes(config: RecurrentConfig, held: Mapping[str, Tensor], run: LayerRun) -> list[Tensor]:
    arrays = {name: np.asarray(t.source) for name, t in held.items() if t.role == "weight"}
    axes = {"weight_input": ("units", run.features), "weight_hidden": ("units", "hidden")}
    parts = {}
    for name, array in split(config, arrays, run.prefix).items():
        if name != "weight_projection":
            kind = next((k for k in axes if name.startswith(k)), "")
            parts[name] = lazy.view(run.prefix + name, axes.get(kind, ("units",)), array, "weight")
    read = {name for act in run.acts for name in act.reads}
    for part in gates_of(config):
        name = run.prefix + joined_weight(part)
        if name in read:
            both = [parts[f"weight_hidden_{part}"], parts[f"weight_input_{part}"]]
            parts[name] = lazy.joined(name, ("units", run.joined), both, "weight")
    return list(parts.values())


def _add_recipes(out: dict[str, Tensor], run: LayerRun, act: Act) -> None:
    axes = ("batch", "time", run.axis(act.writes.removeprefix(run.prefix)))
    parts = [out[name] for name in act.reads]
    if act.verb == "affine":
        out[act.products] = lazy.product(act.products, (*axes, parts[1].axes[-1]), parts[0], parts[1])
    elif kept(act):
        return
    elif act.verb == "join":
        out[act.writes] = lazy.joined(act.writes, axes, parts)
    elif act.verb == "complement":
        out[act.writes] = lazy.pointwise(act.writes, axes, lambda gate: 1 - gate, parts[0])
    elif len(parts[0].axes) < 3:
        out[act.writes] = lazy.product(act.writes, axes, *parts)
    else:
        out[act.writes] = lazy.pointwise(act.writes, axes, np.multiply, *parts)


def _add_output(config: RecurrentConfig, out: dict[str, Tensor], layer: list[LayerRun]) -> None:
    name = output_name(config, layer[0].layer)
    every = layer[0].layer < config.layers - 1 or config.returns == "sequences"
    parts = [out[run.prefix + ("hidden" if every else "final_hidden")] for run in layer]
    out[name] = lazy.joined(
        name, (*parts[0].axes[:-1], "outputs"), parts, "output" if name == "output" else "intermediate"
    )


def facts_of(config: RecurrentConfig, held: Mapping[str, Tensor]) -> dict[str, int | float | str]:
    """Sizes, counts and words."""
    parts = gates_of(config)
    out: dict[str, int | float | str] = {
        "batch": held["input"].shape[0],
        "timesteps": int(config.timesteps or 0),
        "input_size": int(config.input_size or 0),
        "hidden": int(config.hidden or 0),
        "layers": config.layers,
        "directions": 2 if config.bidirectional else 1,
        "gates": len(parts),
        "gate_order": ", ".join(parts),
        "parameters": sum(int(np.prod(t.shape)) for t in held.values() if t.role == "weight"),
        "input_shape": shape_text(held["input"].shape),
    }
    if isinstance(config, GruConfig):
        out["variant"] = config.variant
        if config.variant == "glossary":
            out["note"] = "as printed in the ML Glossary: the candidate leaves out the input and the weights"
    if isinstance(config, LstmConfig) and config.projection:
        out["projection"] = config.projection
    if config.mode == "one-to-many":
        out["input_note"] = "only the first step reads an input; the others read zeros"
    return out
