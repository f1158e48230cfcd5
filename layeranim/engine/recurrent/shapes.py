"""Which arrays of which shapes a recurrent layer needs, worked out from its options and from what was given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from layeranim.engine.door import Given, agreed, fitting, known, ranked
from layeranim.engine.recurrent.config import (
    GruConfig,
    LstmConfig,
    RecurrentConfig,
    gates_of,
    kind_of,
    prefix,
    runs,
    state_size,
)
from layeranim.engine.trace import Array, Shape
from layeranim.engine.window import affordable
from layeranim.errors import OptionError, ShapeError

Shapes = dict[str, Shape]


def complete(config: RecurrentConfig, shapes: Given) -> tuple[RecurrentConfig, Shapes]:
    """The full options, and the canonical shape of every array that they need or were given.

    Arrays that are not given and not in the answer (initial states, lengths) have their default: zeros, every step.

    Raises:
        OptionError: options that exclude each other; an array of an unknown name.
        ShapeError: shapes that do not go together.
    Of rnn: ``input`` (batch, time, features) give ``output`` (batch, time, outputs).
    """
    given = known(shapes, _names(config), kind_of(config).upper())
    full = _sizes(_answers(config), given)
    needed = _needed(full, given)
    for name in given:
        if name not in needed:
            raise OptionError(f"{name} was given, but {_unused(name)}")
    gates = (needed["input"][0], int(full.timesteps or 0), len(gates_of(full)) * int(full.hidden or 0))
    for name, shape in {**needed, "gates": gates}.items():
        affordable(name, shape)
    return full, needed


def canonical_input(shape: Shape) -> tuple[int, int, int]:
    """(batch, time, features) of an input given as (time,), (time, features) or in full."""
    ranked("input", shape, 1, 2, 3)
    batch, time, features = {1: (1, *shape, 1), 2: (1, *shape), 3: shape}[len(shape)]
    return batch, time, features


def also_seeded(config: RecurrentConfig, shapes: Mapping[str, Shape]) -> Shapes:
    """The initial states of the printed GRU: from a state of 0 its every next one is 0."""
    if not isinstance(config, GruConfig) or config.variant != "glossary":
        return {}
    batch = shapes["input"][0]
    return {f"{p}initial_hidden": (batch, state_size(config)) for _, _, p in runs(config)}


def only_first(sequence: Array) -> None:
    """Refuse a one-to-many input that says something after the first step."""
    if np.any(sequence[:, 1:] != 0):
        raise ShapeError(
            f"mode one-to-many reads one time step, but input has {sequence.shape[1]}; give the first alone"
        )


def check_lengths(lengths: Array, time: int) -> None:
    """Refuse lengths that are no whole numbers of time steps."""
    for value in lengths.tolist():
        if not 1 <= value <= time or value != int(value):
            raise ShapeError(f"lengths holds {value:g}, but each must be a whole number from 1 to {time} time steps")


def _names(config: RecurrentConfig) -> list[str]:
    own = ["weight_input", "weight_hidden", "bias_input", "bias_hidden", "initial_hidden"]
    if isinstance(config, LstmConfig):
        own += ["initial_cell", "weight_projection", "weight_peephole"]
    each = [p + name for _, _, p in runs(config) for name in own]
    return ["input", "lengths", *each, "weight_output", "bias_output"]


def _unused(name: str) -> str:
    if name == "bias_output":
        return "without classes there is no output layer"
    if "bias" in name:
        return "bias is off"
    return "peepholes is off" if "peephole" in name else "this layer does not use it"


def _answers(config: RecurrentConfig) -> RecurrentConfig:
    returns = config.returns or ("last" if config.mode == "many-to-one" else "sequences")
    if config.mode == "many-to-one" and returns == "sequences":
        raise OptionError("mode many-to-one answers once, but returns sequences hands on every step; use returns last")
    changed: RecurrentConfig = config.replace(returns=returns)
    return changed


class _Claims:
    """What the given shapes say about one layer's sizes."""

    def __init__(self, given: Shapes) -> None:
        self.given = given

    def rows(self, name: str, gates: int = 1) -> tuple[int | None, str]:
        """The rows of a weight, or how many units they make."""
        who = f"the rows of {name}" + (f" ({gates} gates)" if gates > 1 else "")
        if name not in self.given:
            return None, who
        count = ranked(name, self.given[name], 2)[0]
        if count % gates:
            raise ShapeError(f"{name} has {count} rows, but must have a multiple of {gates}, a block for each gate")
        return count // gates, who

    def biases(self, prefix: str, gates: int) -> list[tuple[int | None, str]]:
        """How many units the biases are for, which hold a block for each gate; one number is one for all."""
        out: list[tuple[int | None, str]] = []
        for name in (prefix + "bias_input", prefix + "bias_hidden"):
            count = ranked(name, self.given.get(name, ()), 0, 1)
            if count not in ((), (1,)):
                if count[0] % gates:
                    raise ShapeError(
                        f"{name} has {count[0]} numbers, but must have a multiple of {gates}, a block for each gate"
                    )
                out.append((count[0] // gates, name))
        return out

    def last(self, name: str, *ranks: int) -> tuple[int | None, str]:
        """The size of the last axis."""
        return ranked(name, self.given[name], *ranks)[-1] if name in self.given else None, f"the columns of {name}"


def _sizes(config: RecurrentConfig, given: Shapes) -> RecurrentConfig:
    """Fill in every size that the options leave open, from the shapes at hand."""
    first, claims = prefix(config, 0), _Claims(given)
    sequence: Sequence[int | None] = canonical_input(given["input"]) if "input" in given else (None, None, None)
    changes = _state_sizes(config, first, claims)
    changes["input_size"] = agreed(
        "input_size",
        [(config.input_size, "option input_size"), (sequence[2], "input"), claims.last(first + "weight_input", 2)],
        default=2,
    )
    many = None if config.mode == "one-to-many" else sequence[1]
    says = [(config.timesteps, "option timesteps"), (many, "input"), (_tokens(config), "option tokens")]
    changes["timesteps"] = agreed("timesteps", says, default=4)
    if config.classes is not None or "weight_output" in given:
        asked = [(config.classes, "option classes"), claims.rows("weight_output")]
        changes["classes"] = agreed("classes", asked, default=1)
    full: RecurrentConfig = config.replace(**changes)
    return full


def _tokens(config: RecurrentConfig) -> int | None:
    """How many time steps the tokens stand for."""
    return None if config.tokens is None else len(config.tokens)


def _state_sizes(config: RecurrentConfig, first: str, claims: _Claims) -> dict[str, Any]:
    gates = len(gates_of(config))
    changes: dict[str, Any] = {}
    units: list[tuple[int | None, str]] = [
        (config.hidden, "option hidden"),
        claims.rows(first + "weight_input", gates),
        claims.rows(first + "weight_hidden", gates),
        *claims.biases(first, gates),
    ]
    state = [claims.last(first + "weight_hidden", 2), claims.last(first + "initial_hidden", 1, 2)]
    if isinstance(config, LstmConfig):
        rows = claims.rows(first + "weight_projection")
        units += [claims.last(first + "weight_projection", 2), claims.last(first + "initial_cell", 1, 2)]
        peepholes = any(name.endswith("weight_peephole") for name in claims.given)
        changes["peepholes"] = peepholes if config.peepholes is None else config.peepholes
        if config.projection is not None or rows[0] is not None:
            says = [(config.projection, "option projection"), rows, *state]
            changes["projection"] = agreed("projection", says, default=1)
            state = []
    changes["hidden"] = agreed("hidden", [*units, *state], default=3)
    if changes.get("projection", 0) >= changes["hidden"]:
        raise OptionError(
            f"projection is {changes['projection']}, but must be less than hidden {changes['hidden']}; "
            "leave it out to hand on every unit"
        )
    return changes


def _needed(config: RecurrentConfig, given: Shapes) -> Shapes:
    """The canonical shape of every array; a given one that cannot become it is refused."""
    batch = _batch(config, given)
    time = int(config.timesteps or 0)
    if config.mode == "one-to-many" and ("input" not in given or canonical_input(given["input"])[1] != time):
        time = 1
    features, state = int(config.input_size or 0), state_size(config)
    outputs = state * (2 if config.bidirectional else 1)
    needed: Shapes = {"input": (batch, time, features)}
    if "input" in given:
        fitting("input", canonical_input(given["input"]), needed["input"], "batch × time × features")
    if "lengths" in given:
        needed["lengths"] = (batch,)
    for layer, _, p in runs(config):
        weights = _weights(config, p, features if layer == 0 else outputs, f"{p}bias_hidden" in given)
        for name, (shape, axes) in weights.items():
            needed[name] = fitting(name, given.get(name, shape), shape, axes)
        needed |= _initial(given, p, batch, int(config.hidden or 0), state)
    if config.classes is not None:
        top: dict[str, tuple[Shape, str]] = {"weight_output": ((config.classes, outputs), "classes × outputs")}
        top |= {"bias_output": ((config.classes,), "classes")} if config.bias else {}
        for name, (shape, axes) in top.items():
            needed[name] = fitting(name, given.get(name, shape), shape, axes)
    return needed


def _batch(config: RecurrentConfig, given: Shapes) -> int:
    claims: list[tuple[int | None, str]] = []
    if "input" in given:
        claims.append((canonical_input(given["input"])[0], "input"))
    if len(ranked("lengths", given.get("lengths", ()), 0, 1)) == 1:
        claims.append((given["lengths"][0], "lengths"))
    for _, _, p in runs(config):
        claims += [(given[name][0], name) for name in (p + "initial_hidden", p + "initial_cell")
                   if len(given.get(name, ())) == 2]  # fmt: skip
    return agreed("batch", claims, default=1)


def _weights(config: RecurrentConfig, p: str, features: int, has_second: bool) -> dict[str, tuple[Shape, str]]:
    """One layer's and direction's weights, with the names of their axes."""
    units, state = int(config.hidden or 0), state_size(config)
    rows = len(gates_of(config)) * units
    out: dict[str, tuple[Shape, str]] = {
        "weight_input": ((rows, features), "gates·units × features"),
        "weight_hidden": ((rows, state), "gates·units × state"),
    }
    # Where the reset gate comes between the two biases, they are not one.
    apart = isinstance(config, GruConfig) and config.variant == "reset-after"
    if config.bias:
        out["bias_input"] = ((rows,), "gates·units")
        if apart or has_second:
            out["bias_hidden"] = ((rows,), "gates·units")
    if isinstance(config, LstmConfig):
        if config.projection:
            out["weight_projection"] = ((state, units), "projection × units")
        if config.peepholes:
            out["weight_peephole"] = ((3, units), "input, forget, output × units")
    return {p + name: shape for name, shape in out.items()}


def _initial(given: Shapes, p: str, batch: int, units: int, state: int) -> Shapes:
    out: Shapes = {}
    for name, size in ((p + "initial_hidden", state), (p + "initial_cell", units)):
        if name in given:
            shape = ranked(name, given[name], 1, 2)
            fitting(name, shape, (batch, size) if len(shape) == 2 else (size,), "batch × features, or features alone")
            out[name] = (batch, size)
    return out
