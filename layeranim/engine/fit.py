"""Training a perceptron for real: weights, gradients, loss, accuracy and decision surface, update by update.

The network ends in a softmax and pays the cross-entropy of each mini-batch. Everything that happened is in the trace:
``states`` counts the moments before the first update and after each, ``updates`` the updates themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from itertools import chain, pairwise
from typing import Any

import numpy as np

from layeranim.engine import (
    door,
    fit_operations,  # noqa: F401 - registers what the steps name
    window,
)
from layeranim.engine.activations import ACTIVATIONS, log_softmax, softmax
from layeranim.engine.arithmetic import matmul
from layeranim.engine.entry import enter, ranked, whole
from layeranim.engine.initialisers import SCHEMES, initialise
from layeranim.engine.network import Sizes, sizes_for
from layeranim.engine.option import ArrayOption, Choice, Integer, Layer, Real, option
from layeranim.engine.trace import Array, Region, Shape, Step, Steps, Tensor, Trace, count, tensors
from layeranim.engine.training import (
    HISTORIES,
    Move,
    OptimiserConfig,
    clipping,
    filled,
    first_entry,
    moves,
    perform,
    steps_of,
)
from layeranim.errors import OptionError, ShapeError
from layeranim.records import dataclass


@dataclass(frozen=True, kw_only=True)
class FitConfig(OptimiserConfig):
    """Options of a training: the network, how long, in which portions; and the optimiser's."""

    sizes: tuple[int, ...] | None = option(
        Sizes(), None, "inputs, units of every layer, classes (default: 8 hidden units)", aliases=("layers",)
    )
    activation: str = option(Choice(tuple(ACTIVATIONS)), "tanh", "function of the hidden layers")
    epochs: int = option(Integer(1, 10_000), 5, "how often all samples are seen")
    batch_size: int | None = option(Integer(1), None, "samples of one update; divides their number (default: all)")
    initialiser: str = option(Choice(SCHEMES), "xavier-uniform", "what the weights hold at first; biases are 0")
    training_seed: int = option(Integer(0), 0, "the seed of the first weights and of the order of the samples")
    learning_rate: float | None = option(Real(low=0), 0.5, "how far one update goes", aliases=("lr",))
    grid: int = option(Integer(2, 200), 24, "points along each side of the decision surface")


def complete(config: FitConfig, shapes: Mapping[str, Shape | None]) -> tuple[FitConfig, dict[str, Shape]]:
    """Every size filled in: input (samples, features), target (samples) of class ids.

    Without a target a sample is of class 1 when its numbers add up to more than those of the average sample.
    """
    x = ranked("input", shapes.get("input"), ("samples", "features"))
    sizes = config.sizes or (x[1] if x else 2, 8, 2)
    x = x or (12, sizes[0])
    if x[1] != sizes[0]:
        raise ShapeError(f"input has {x[1]} features, but sizes {','.join(map(str, sizes))} begin with {sizes[0]}")
    needed = {"input": x}
    if shapes.get("target") is not None:
        needed["target"] = door.fitting("target", shapes["target"] or (), x[:1], "samples")
    elif sizes[-1] < 2:
        raise OptionError(f"sizes {','.join(map(str, sizes))} end with 1 class, but without a target there are 2")
    batch = config.batch_size or x[0]
    if x[0] % batch:
        raise OptionError(f"batch_size is {batch}, but must divide the number of samples, which is {x[0]}")
    full: Any = filled(config)
    updates = config.epochs * (x[0] // batch)
    weights = sum(a * b + b for a, b in pairwise(sizes))
    window.affordable("the record of all weights", (updates + 1, weights))
    window.affordable("the record of the decision surface", (updates + 1, config.grid, config.grid, sizes[-1]))
    return full.replace(sizes=sizes, batch_size=batch), needed


def makes(config: FitConfig, shapes: Mapping[str, Shape]) -> dict[str, Shape]:
    """Every weight, its gradient and what the optimiser keeps of it, after every update; the decision surface too."""
    samples, features = shapes["input"]
    states = config.epochs * (samples // (config.batch_size or samples)) + 1
    weights = sum(a * b + b for a, b in pairwise(config.sizes or ()))
    written = len({act.writes[0] for act in _acts(config, 0)}) // max(1, len(names_of(config))) + 1
    made: dict[str, Shape] = {
        "weights": (2 * written, states, weights),
        "scores": (states, samples, (config.sizes or (1,))[-1]),
    }
    if features == 2:
        made |= {"surface": (2, states, config.grid, config.grid, (config.sizes or (1,))[-1])}
    return made


def names_of(config: FitConfig) -> list[str]:
    """dense1_weight, dense1_bias, dense2_weight, …"""
    return [f"dense{k}_{kind}" for k in range(1, len(config.sizes or ())) for kind in ("weight", "bias")]


def compute(config: FitConfig, arrays: Mapping[str, Array]) -> Trace:
    """The trace of a whole training. Raises ``ShapeError`` for class ids that the network has no output for."""
    full, ready = enter("training", _ARRAYS, complete, config, arrays, ("target",))
    x, names, rng = ready["input"], names_of(full), np.random.default_rng(full.training_seed)
    if "target" in ready:
        ids = whole("target", ready["target"], full.sizes[-1], room=lambda n: sizes_for(full, n))
    else:
        with np.errstate(all="ignore"):
            ids = (x.sum(axis=1) > x.sum(axis=1).mean()).astype(np.int64)
    histories = _histories(full)
    values: dict[str, list[Array]] = {}
    for k, (inputs, units) in enumerate(pairwise(full.sizes), start=1):
        values[f"dense{k}_weight"] = [initialise(full.initialiser, (units, inputs), rng).astype(x.dtype)]
        values[f"dense{k}_bias"] = [np.zeros(units, x.dtype)]
    carried = [h.partition("_of_") for h in histories if "_of_" in h]
    values |= {f"{h}_of_{name}": [first_entry(full, h, values[name][0])] for h, _, name in carried}
    order = [rng.permutation(len(x)) for _ in range(full.epochs)]
    rows = np.concatenate(order).reshape(-1, full.batch_size)
    with np.errstate(all="ignore"):
        for t, batch in enumerate(rows):
            weights = [values[name][t] for name in names]
            found = gradients(weights, x[batch], ids[batch], full.activation)
            for name, g in zip(names, found, strict=True):
                values.setdefault(f"grad_{name}", []).append(g)
            perform(_acts(full, t), values, t, histories)
        watched = _watched(full, values, x, ids)
    given = [Tensor("target", ("samples",), "input", ready["target"])] if "target" in ready else []
    held = [Tensor("input", ("samples", "features"), "input", x), *given]
    held.append(Tensor("class_ids", ("samples",), "intermediate", ids))
    held.append(Tensor("order", ("updates", "batch"), "intermediate", rows))
    for name, entries in values.items():
        if len(entries) > (name in histories):
            lead = "states" if name in histories else "updates"
            held.append(Tensor(name, (lead, *_axes(name, entries[0].ndim)), "intermediate", np.stack(entries)))
    return assemble(full, tensors(*held, *watched))


def _axes(name: str, ndim: int) -> tuple[str, ...]:
    """The axes of a weight, and of all that is kept of it: those of its layer."""
    label = next((part for part in name.split("_") if part.startswith("dense")), "")
    return (f"{label}_out_features", f"{label}_in_features")[:ndim]


def _histories(config: FitConfig) -> set[str]:
    """What is carried on: every weight, and what the optimiser keeps of it (``velocity_of_dense1_bias``)."""
    names = names_of(config)
    return {*names, *(f"{h}_of_{name}" for h in HISTORIES[1:] for name in names)}


def _acts(config: FitConfig, t: int) -> list[Move]:
    """The acts of one update: clip all gradients together, then move each weight."""
    names = names_of(config)
    found, clipped = clipping(config, [f"grad_{name}" for name in names])
    for name, g in zip(names, clipped, strict=True):

        def of(place: tuple[str, int], name: str = name, g: str = g) -> tuple[str, int]:
            tensor, after = place
            if tensor == g:
                return place
            return (name if tensor == "parameters" else f"{tensor}_of_{name}"), after

        for act in moves(config, t, g):
            found.append(replace(act, reads=tuple(map(of, act.reads)), writes=of(act.writes)))
    return found


def outputs(weights: Sequence[Array], x: Array, activation: str) -> list[tuple[Array, Array]]:
    """(z, a) of every layer; the last a is z itself."""
    found = []
    for k in range(0, len(weights), 2):
        z = matmul(x, weights[k].T) + weights[k + 1]
        x = z if k == len(weights) - 2 else ACTIVATIONS[activation](z)
        found.append((z, x))
    return found


def gradients(weights: Sequence[Array], x: Array, ids: Array, activation: str) -> list[Array]:
    """The gradient of the mean cross-entropy for every weight and bias, in their order."""
    done = outputs(weights, x, activation)
    n, classes = len(x), weights[-1].shape[0]
    delta = (softmax(done[-1][1]) - (np.arange(classes) == ids[:, None])) / x.dtype.type(n)
    found: list[Array] = []
    for k in reversed(range(len(done))):
        below = done[k - 1][1] if k else x
        found = [matmul(delta.T, below), delta.sum(axis=0), *found]
        if k:
            delta = matmul(delta, weights[2 * k]) * ACTIVATIONS[activation].derivative(done[k - 1][0])
    return found


def _watched(config: FitConfig, values: Mapping[str, list[Array]], x: Array, ids: Array) -> list[Tensor]:
    """Loss and accuracy over all samples in every state, and with two features the decision surface."""
    states = [[values[name][s] for name in names_of(config)] for s in range(len(values["dense1_weight"]))]
    kind = x.dtype
    scores = [outputs(weights, x, config.activation)[-1][1] for weights in states]
    losses = np.array([mean_loss(score, ids) for score in scores], kind)
    right = np.array([np.mean(score.argmax(axis=1) == ids) for score in scores], kind)
    held = [Tensor("loss", ("states",), "output", losses), Tensor("accuracy", ("states",), "output", right)]
    if x.shape[1] != 2:
        return held
    low, high = x.min(axis=0), x.max(axis=0)
    margin = (high - low) / 8 + (high == low)
    sides = [np.linspace(a, b, config.grid, dtype=kind) for a, b in zip(low - margin, high + margin, strict=True)]
    down, across = np.meshgrid(sides[1][::-1], sides[0], indexing="ij")
    points = np.stack([across, down], axis=-1)
    flat = points.reshape(-1, 2)
    surface = [softmax(outputs(weights, flat, config.activation)[-1][1]) for weights in states]
    seen = np.stack(surface).reshape(len(states), *points.shape[:2], -1)
    axes = ("grid_height", "grid_width")
    return [
        *held,
        Tensor("grid", (*axes, "features"), "intermediate", points),
        Tensor("surface", ("states", *axes, "classes"), "output", seen),
    ]


def mean_loss(scores: Array, ids: Array) -> Array:
    """The mean cross-entropy of logits."""
    return np.asarray(-log_softmax(scores)[np.arange(len(ids)), ids].mean())


def assemble(config: FitConfig, saved: Mapping[str, Tensor]) -> Trace:
    """The trace from its stored tensors: steps and facts are made here."""
    names, updates = names_of(config), saved["order"].shape[0]
    shared = (("activation", config.activation),)

    def state(s: int) -> tuple[Region, ...]:
        return tuple(Region.of(name, states=s) for name in names)

    def slope(t: int, k: int) -> Step:
        reads = (Region.of("order", updates=t), Region("input"), Region("class_ids"), *state(t))
        return Step("network_gradient", reads, Region.of(f"grad_{names[k]}", updates=t), (*shared, ("which", k)))

    watch = [name for name in ("loss", "accuracy", "surface") if name in saved]

    def look(s: int, k: int) -> Step:
        data = (Region("grid"),) if watch[k] == "surface" else (Region("input"), Region("class_ids"))
        return Step(f"network_{watch[k]}", (*data, *state(s)), Region.of(watch[k], states=s), shared)

    moved = steps_of(lambda t: _acts(config, t), updates, _histories(config))
    each, acts = len(moved) // updates, len(names) + len(moved) // updates + len(watch)

    def make(i: int) -> Step:
        if i < len(watch):
            return look(0, i)
        t, k = divmod(i - len(watch), acts)
        if k < len(names):
            return slope(t, k)
        k -= len(names)
        return moved[t * each + k] if k < each else look(t + 1, k - each)

    @cache
    def writers(tensor: str) -> list[int]:
        """Which steps of one update write a tensor: the same of each."""
        return [k for k in range(acts) if make(len(watch) + k).writes.tensor == tensor]

    def find(tensor: str, here: Mapping[str, int]) -> int | None:
        every = range(updates)
        if "updates" in here:
            every = every[here["updates"] : here["updates"] + 1]
        elif "states" in here:  # an update writes the state after it
            every = range(max(0, here["states"] - 1), min(updates, here["states"] + 1))
        places = (len(watch) + t * acts + k for t in every for k in writers(tensor))
        writes = ((i, make(i).writes) for i in chain(range(len(watch)), places))
        return next((i for i, region in writes if region.tensor == tensor and region.holds(here)), None)

    facts: dict[str, int | float | str] = {
        "updates": updates,
        "epochs": config.epochs,
        "parameters": sum(count(saved[name].shape[1:]) for name in names),
        "first_loss": float(saved["loss"].array[0]),
        "last_loss": float(saved["loss"].array[-1]),
        "last_accuracy": float(saved["accuracy"].array[-1]),
        "learning_rate": config.learning_rate or 0.0,
    }
    return Trace("training", config, tensors(*saved.values()), Steps(len(watch) + updates * acts, make, find), facts)


_ARRAYS = (
    ArrayOption("input", ("samples", "features"), "input", "one row of numbers a sample"),
    ArrayOption("target", ("samples",), "input", "the class id of every sample", optional=True),
)

TRAINING = Layer(
    name="training",
    title="Training",
    config=FitConfig,
    arrays=_ARRAYS,
    complete=complete,
    compute=compute,
    assemble=assemble,
    makes=makes,
    formula="θ ← θ − η ∂L/∂θ, batch by batch",
    source="Robbins and Monro, A stochastic approximation method (1951); Goodfellow, Bengio, Courville: Deep Learning "
    "(2016), chapter 8",
)
