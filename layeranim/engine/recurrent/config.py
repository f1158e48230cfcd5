"""The options of the recurrent layers and the arrays that they take."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from layeranim.engine.activations import ACTIVATIONS
from layeranim.engine.conventions import NAMES
from layeranim.engine.option import ArrayOption, Choice, Config, Flag, Integer, Words, option
from layeranim.engine.recurrent.cells import Kind, gate_order
from layeranim.records import dataclass

_SHARED: dict[str, Any] = {
    "input_size": lambda: option(Integer(1), None, "features of each time step"),
    "hidden": lambda: option(Integer(1), None, "units of the state", aliases=("hidden_size", "units")),
    "timesteps": lambda: option(Integer(1), None, "time steps"),
    "tokens": lambda: option(Words(), None, "the words that stand for the time steps: separated by spaces, or a list"),
    "layers": lambda: option(Integer(1, 100), 1, "layers, each reading the one below", aliases=("num_layers",)),
    "bidirectional": lambda: option(Flag(), False, "a second state that reads from the end"),
    "activation": lambda: option(
        Choice(tuple(ACTIVATIONS)), "tanh", "the activation of the candidate, and of an LSTM's memory"
    ),
    "gate_activation": lambda: option(
        Choice(tuple(ACTIVATIONS)), "sigmoid", "the activation of the gates", aliases=("recurrent_activation",)
    ),
    "bias": lambda: option(Flag(), True, "add biases"),
    "classes": lambda: option(Integer(1), None, "an output layer softmax(V h + b) with so many classes"),
    "mode": lambda: option(
        Choice(("many-to-many", "many-to-one", "one-to-many")), "many-to-many", "at which steps it reads and answers"
    ),
    "returns": lambda: option(
        Choice(("sequences", "last", "state")), None, "what the layer hands on", aliases=("return",)
    ),
    "convention": lambda: option(Choice(NAMES), "torch", "whose order of the gates in packed weights"),
}


@dataclass(frozen=True, kw_only=True)
class RnnConfig(Config):
    """Options of the plain (Elman) recurrent layer."""

    input_size: int | None = _SHARED["input_size"]()
    hidden: int | None = _SHARED["hidden"]()
    timesteps: int | None = _SHARED["timesteps"]()
    tokens: tuple[str, ...] | None = _SHARED["tokens"]()
    layers: int = _SHARED["layers"]()
    bidirectional: bool = _SHARED["bidirectional"]()
    nonlinearity: str = option(
        Choice(tuple(ACTIVATIONS)), "tanh", "the activation of the state", aliases=("activation",)
    )
    bias: bool = _SHARED["bias"]()
    classes: int | None = _SHARED["classes"]()
    mode: str = _SHARED["mode"]()
    returns: str | None = _SHARED["returns"]()
    convention: str = _SHARED["convention"]()


@dataclass(frozen=True, kw_only=True)
class GruConfig(Config):
    """Options of the gated recurrent unit."""

    input_size: int | None = _SHARED["input_size"]()
    hidden: int | None = _SHARED["hidden"]()
    timesteps: int | None = _SHARED["timesteps"]()
    tokens: tuple[str, ...] | None = _SHARED["tokens"]()
    layers: int = _SHARED["layers"]()
    bidirectional: bool = _SHARED["bidirectional"]()
    variant: str = option(
        Choice(("reset-after", "reset-before", "glossary")), "reset-after", "where the reset gate enters the candidate"
    )
    activation: str = _SHARED["activation"]()
    gate_activation: str = _SHARED["gate_activation"]()
    bias: bool = _SHARED["bias"]()
    classes: int | None = _SHARED["classes"]()
    mode: str = _SHARED["mode"]()
    returns: str | None = _SHARED["returns"]()
    convention: str = _SHARED["convention"]()


@dataclass(frozen=True, kw_only=True)
class LstmConfig(Config):
    """Options of the long short-term memory."""

    input_size: int | None = _SHARED["input_size"]()
    hidden: int | None = _SHARED["hidden"]()
    timesteps: int | None = _SHARED["timesteps"]()
    tokens: tuple[str, ...] | None = _SHARED["tokens"]()
    layers: int = _SHARED["layers"]()
    bidirectional: bool = _SHARED["bidirectional"]()
    projection: int | None = option(
        Integer(1), None, "features of the state after a projection of the units", aliases=("proj_size",)
    )
    peepholes: bool | None = option(Flag(), None, "gates also see the cell (default: if their weights are given)")
    activation: str = _SHARED["activation"]()
    gate_activation: str = _SHARED["gate_activation"]()
    bias: bool = _SHARED["bias"]()
    classes: int | None = _SHARED["classes"]()
    mode: str = _SHARED["mode"]()
    returns: str | None = _SHARED["returns"]()
    convention: str = _SHARED["convention"]()


RecurrentConfig = RnnConfig | GruConfig | LstmConfig

ARRAYS = (
    ArrayOption("input", ("batch", "time", "features"), "input", "the sequence, one row a time step"),
    ArrayOption("weight_input", ("gates", "features"), "weight", "W, what each gate makes of the input", True),
    ArrayOption("weight_hidden", ("gates", "hidden"), "weight", "U, what each gate makes of the last state", True),
    ArrayOption("bias_input", ("gates",), "weight", "b", True),
    ArrayOption("bias_hidden", ("gates",), "weight", "c, a second bias", True),
    ArrayOption("initial_hidden", ("batch", "hidden"), "input", "the state before the first step (default 0)", True),
    ArrayOption("lengths", ("batch",), "input", "how many time steps each sequence has", True),
    ArrayOption("weight_output", ("classes", "outputs"), "weight", "V of the output layer", True),
    ArrayOption("bias_output", ("classes",), "weight", "bias of the output layer", True),
)
LSTM_ARRAYS = (
    ArrayOption("initial_cell", ("batch", "units"), "input", "the memory before the first step (default 0)", True),
    ArrayOption("weight_projection", ("hidden", "units"), "weight", "P, from the units to the state", True),
    ArrayOption("weight_peephole", ("peepholes", "units"), "weight", "rows for input, forget and output gate", True),
)


_INNER = re.compile(
    r"(layer[0-9]{1,2}[._])?((?:forward|backward)[._])?"
    r"(weight_(?:input|hidden|projection|peephole)|bias_(?:input|hidden)|initial_(?:hidden|cell))"
)


def inner(word: str) -> str | None:
    """The full name of an array of one layer or direction of several: ``layer1.forward.weight_hidden``."""
    found = _INNER.fullmatch(word.replace("-", "_"))
    return "".join(part.replace("_", ".") for part in found.groups("")[:2]) + found[3] if found else None


def kind_of(config: RecurrentConfig) -> Kind:
    """Which cell a Config describes."""
    return "rnn" if isinstance(config, RnnConfig) else "gru" if isinstance(config, GruConfig) else "lstm"


def gates_of(config: RecurrentConfig) -> tuple[str, ...]:
    """The parts of the packed weights, in the order of their rows."""
    variant = config.variant if isinstance(config, GruConfig) else ""
    return gate_order(kind_of(config), variant, config.convention)


def prefix(config: RecurrentConfig, layer: int, direction: int = 0) -> str:
    """What the names of one layer's and direction's tensors begin with; nothing where there is only one."""
    parts = [f"layer{layer}."] if config.layers > 1 else []
    parts += [("forward.", "backward.")[direction]] if config.bidirectional else []
    return "".join(parts)


def runs(config: RecurrentConfig) -> Iterator[tuple[int, int, str]]:
    """Every (layer, direction, prefix), in the order of the arithmetic."""
    for layer in range(config.layers):
        for direction in range(2 if config.bidirectional else 1):
            yield layer, direction, prefix(config, layer, direction)


def state_size(config: RecurrentConfig) -> int:
    """Features of the state that one direction hands on: the projection's, or all units."""
    projection = config.projection if isinstance(config, LstmConfig) else None
    return int(projection or config.hidden or 0)
