"""A network as a row of stages: each layer reads what the one before it wrote; forwards, backwards, and one update."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from layeranim.engine import conv_shapes, pool_shapes
from layeranim.engine.compose import Part, union
from layeranim.engine.memory import named
from layeranim.engine.option import Layer
from layeranim.engine.trace import Array, Region, Shape, Step, Steps, Tensor, Trace, count
from layeranim.engine.training import add_scaled
from layeranim.errors import UsageError
from layeranim.records import dataclass


@dataclass(frozen=True)
class Stage:
    """One layer of a network. Its arrays are ``<label>_<array>``, as ``dense1_weight``; ``entry`` is what it reads."""

    label: str
    layer: Layer
    config: Any
    entry: str = "input"

    def arrays(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """What belongs to this stage, in the layer's own names."""
        prefix = f"{self.label}_"
        return {name.removeprefix(prefix): value for name, value in given.items() if name.startswith(prefix)}


@dataclass(frozen=True)
class Done:
    """A stage that was computed: its trace, and its names in the whole."""

    stage: Stage
    trace: Trace
    names: Part


def shapes_of(
    stages: Sequence[Stage], shape: Shape, given: Mapping[str, Shape | None]
) -> tuple[dict[str, Shape], Shape]:
    """The shape of every array of the stages by its name in the whole, and the shape of the last output."""
    walked = list(_walk(stages, shape, given))
    needed = {f"{stage.label}_{n}": size for stage, _, found, _ in walked for n, size in found.items()
              if n != stage.entry}  # fmt: skip
    return needed, walked[-1][-1]


def makes_of(stages: Sequence[Stage], shape: Shape, given: Mapping[str, Shape | None]) -> dict[str, Shape]:
    """What all stages make, each under its label (see ``memory``)."""
    made: dict[str, Shape] = {}
    for stage, config, found, _ in _walk(stages, shape, given):
        own = stage.layer.makes
        made |= named(f"{stage.label}_", own(config, found) if own else {})
    return made


def _walk(
    stages: Sequence[Stage], shape: Shape, given: Mapping[str, Shape | None]
) -> Iterator[tuple[Stage, Any, dict[str, Shape], Shape]]:
    """Every stage with its full options, the shapes of its arrays, and that of its output."""
    for stage in stages:
        try:
            config, found = stage.layer.complete(stage.config, {stage.entry: shape, **stage.arrays(given)})
        except UsageError as error:
            own = {item.name for item in stage.layer.arrays} - {stage.entry}
            joint = "_" if str(error).split(" ", 1)[0] in own else ": "  # the array's name in the whole
            raise type(error)(f"{stage.label}{joint}{error}") from None
        shape = _output(stage, config, found[stage.entry], found)
        yield stage, config, found, shape


def _output(stage: Stage, config: Any, shape: Shape, found: Mapping[str, Shape]) -> Shape:
    if stage.layer.name == "conv":
        return (shape[0], config.filters, *(axis.out for axis in conv_shapes.axes_of(config, shape)))
    if stage.layer.name == "pool":
        return (*shape[:2], *(side.along.out for side in pool_shapes.sides(config, shape[2:])))
    if stage.layer.name == "flatten":
        return (shape[0], count(shape[1:]))
    return (shape[0], found["weight"][0]) if "weight" in found else shape


def forwards(stages: Sequence[Stage], arrays: Mapping[str, Array]) -> list[Done]:
    """Every stage computed in turn, from ``arrays["input"]``; the last output is named ``output``."""
    done: list[Done] = []
    array, name, axes = arrays["input"], "input", None
    for k, stage in enumerate(stages):
        trace = stage.layer.compute(stage.config, {stage.entry: array, **stage.arrays(arrays)})
        read, last = trace.tensor(stage.entry), k == len(stages) - 1
        outer = dict(zip(read.axes, axes or read.axes, strict=True))
        named = {stage.entry: name} | ({"output": "output"} if last else {})
        roles: Any = {} if last else {"output": "intermediate"}
        if k:
            roles = {**roles, stage.entry: "intermediate"}
        prefix = f"{stage.label}_"
        names = Part(prefix, names=named, axes=outer, axis_prefix=prefix, roles=roles)
        done.append(Done(stage, trace, names))
        array, name = trace["output"], names.name("output")
        axes = tuple(names.axis(axis) for axis in trace.axes("output"))
    return done


def charged(loss: Stage, on: Done, target: Array | None) -> Done:
    """The loss of what a stage wrote, against ``target``."""
    given = {loss.entry: on.trace["output"]} | ({} if target is None else {"target": target})
    trace = loss.layer.compute(loss.config, given)
    outer = zip(trace.axes(loss.entry), (on.names.axis(axis) for axis in on.trace.axes("output")), strict=True)
    named = {loss.entry: on.names.name("output"), "loss": "loss", "target": "target"}
    roles: Any = {loss.entry: "intermediate"}
    return Done(loss, trace, Part("loss_", names=named, axes=dict(outer), axis_prefix="loss_", roles=roles))


def backwards(done: Sequence[Done], given: Mapping[str, Array]) -> list[Done]:
    """The backward pass of every stage, the last first, from its gradients: they keep the names of what they are of."""
    found = []
    for item in reversed(done):
        run = item.stage.layer.backward
        if run is None:
            raise TypeError(f"{item.stage.layer.name} has no backward pass, so no network can learn through it")
        trace = run(item.trace, given)
        roles: Any = {n: "intermediate" for n in trace if n.startswith("grad_")}
        roles |= {
            n: "output" for n in trace if item.trace.tensors.get(n[5:]) and item.trace.tensor(n[5:]).role == "weight"
        }
        found.append(Done(item.stage, trace, replace(item.names, roles=roles)))
        given = {"output": trace[f"grad_{item.stage.entry}"]}
    return found


def updated(parts: Sequence[Done], every: Mapping[str, Tensor], rate: float) -> tuple[list[Tensor], list[Step]]:
    """One step of gradient descent: ``new_w = w − η grad_w`` for every weight that has a gradient."""
    made, steps = [], []
    for name in (name for part in parts for name in part.names.tensors(part.trace)):
        gradient = every.get(f"grad_{name}")
        if every[name].role == "weight" and gradient is not None:
            with np.errstate(all="ignore"):
                array = add_scaled(every[name].array, gradient.array, factor=-rate)
            made.append(Tensor(f"new_{name}", every[name].axes, "output", array))
            reads = (Region(name), Region(gradient.name))
            steps.append(Step("add_scaled", reads, Region(f"new_{name}"), (("factor", -rate),)))
    return made, steps


def joined(parts: Sequence[Done]) -> tuple[dict[str, Tensor], Steps]:
    """All parts as one: tensors by name, steps one after another."""
    every = union(part.names.tensors(part.trace) for part in parts)
    return every, Steps.chain(*(part.names.steps(part.trace) for part in parts))
