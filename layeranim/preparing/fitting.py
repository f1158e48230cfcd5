"""Which layers the arrays of a file of weights make, by their names and shapes. No numbers are read.

The arrays of a PyTorch model stand together by what is before the last dot: ``fc.weight`` and ``fc.bias``.
A layer fits where every array has a name that it knows and its shapes go together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from layeranim import catalog
from layeranim.engine.recurrent_packing import KINDS
from layeranim.engine.trace import Shape
from layeranim.errors import UsageError
from layeranim.inputs.states import LEFT_OUT, OURS, from_state

_CELL = re.compile(r"(weight_ih|weight_hh|bias_ih|bias_hh|weight_hr)_l\d{1,4}(_reverse)?")
_HEADS = {"in_proj_weight", "in_proj_bias", "q_proj_weight", "k_proj_weight", "v_proj_weight", "out_proj.weight",
          "out_proj.bias"}  # fmt: skip
_BLOCK = ("self_attn.in_proj_weight", "linear1.weight", "linear2.weight", "norm1.weight")
_RANKS = {"dense": 2, "neuron": 2, "embedding": 2, "bilinear": 3, "conv1d": 3, "conv-transpose1d": 3, "conv": 4,
          "conv-matmul": 4, "conv-transpose": 4, "conv3d": 5, "conv-transpose3d": 5}  # fmt: skip
"""Axes of a layer's weight; of norms and slopes 1."""
_DEEPEST = 2
"""How far above an array the name of its layer may end: ``self_attn.out_proj.weight`` is of a transformer."""


@dataclass(frozen=True)
class WeightGroup:
    """Arrays whose names begin with ``prefix``, and the layers that they make, each with the flags that it needs."""

    prefix: str
    arrays: Mapping[str, tuple[str, Shape]]
    fits: tuple[str, ...]


def groups(every: Mapping[str, tuple[str, Shape]], prefix: str = "") -> list[WeightGroup]:
    """The groups of a file, in its order; what makes one layer together stands together."""
    names = [name for name in every if name.startswith(prefix)]
    found: list[WeightGroup] = []
    taken: set[str] = set()
    for depth in range(_DEEPEST, -1, -1):
        for start in dict.fromkeys(_start(name, depth) for name in names if name.count(".") >= depth):
            inside = [name for name in names if name.startswith(start) and (depth or "." not in name[len(start) :])]
            own = {name.removeprefix(start): every[name] for name in inside if name not in taken}
            fits = tuple(fitting({name: shape for name, (_, shape) in own.items()}))
            if own and (fits or not depth) and (len(own) == len(inside) or not depth):
                found.append(WeightGroup(start, own, fits))
                taken |= {start + name for name in own}
    order = {name: k for k, name in enumerate(names)}
    return sorted(found, key=lambda group: order[group.prefix + next(iter(group.arrays))])


def _start(name: str, depth: int) -> str:
    """The name up to its last dot but ``depth`` others, the dot included."""
    parts = name.split(".")
    return "".join(f"{part}." for part in parts[: len(parts) - 1 - depth])


def fitting(arrays: Mapping[str, Shape]) -> Iterator[str]:
    """The layers that arrays of these names and shapes make, as a command line has them."""
    own = {name: shape for name, shape in arrays.items() if name.rpartition(".")[2] not in LEFT_OUT}
    if own and all(_CELL.fullmatch(name) for name in own) and len(hidden := own.get("weight_hh_l0", ())) == 2:
        blocks = 4 * (hidden[0] % 4 == 0) if "weight_hr_l0" in own else hidden[0] / hidden[1]
        yield from [kind for gates, kind in KINDS.items() if gates == blocks]
    elif {"out_proj.weight"} < set(own) <= _HEADS:
        yield "attention --heads N"
    elif all(name in own for name in _BLOCK):
        yield "transformer --heads N"
    elif own and not any("." in name for name in own):
        for layer in OURS:
            options = _options(layer, own)
            if options is not None:
                yield " ".join((layer, *(f"--{key} {value}" for key, value in options.items())))


def _options(layer: str, own: Mapping[str, Shape]) -> dict[str, Any] | None:
    """The options with which a layer takes arrays of these shapes; none where it does not."""
    weight = own.get("weight", ())
    if len(weight) != _RANKS.get(layer, 1) or (layer == "neuron" and weight[0] != 1):
        return None
    flags: dict[str, Any] = {"activation": "prelu"} if layer == "activation" else {}
    if layer == "layernorm" and "bias" not in own:
        flags = {"kind": "rms"}
    try:
        found = from_state(layer, {name: name for name in own})
        shapes: dict[str, Shape | None] = {ours: own[theirs] for ours, theirs in found.arrays.items()}  # type: ignore[index]
        if layer not in _RANKS:
            shapes["input"] = (2, *weight)
        described = catalog.layer(layer)
        _, needed = described.complete(described.config.of({**found.options, **flags}), shapes)
    except UsageError:
        return None
    return flags if all(name in needed for name in shapes) else None
