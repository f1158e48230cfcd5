"""Attention from embeddings: the linear layers behind queries, keys and values, where wires alone lie between.

Which row of a projection made which feature of which head is found by sending row numbers through the same wires: fused
projections, heads side by side or interleaved, and shared heads come out by themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from layeranim.capturing import functions
from layeranim.capturing.events import Event
from layeranim.capturing.kept import torch_module
from layeranim.capturing.recognise_rotary import turned_above, turning
from layeranim.capturing.recorder import Recorder
from layeranim.engine.packing import Packed
from layeranim.engine.trace import Array
from layeranim.inputs.module_tensors import array

_SAME = ("to", "float", "half", "bfloat16", "double", "type", "type_as", "contiguous", "clone", "detach", "Identity")

Place = tuple[int, int]
"""Which entry, and which of its results."""
Axes = tuple[int, ...]


def from_linear(
    recorder: Recorder, found: Packed, places: Sequence[Place | None], turns: Sequence[Axes]
) -> tuple[Packed, set[int]] | None:
    """The same attention from the embeddings that linear layers made its queries, keys and values of."""
    log, arrays, covers, inputs = recorder.entries, dict[str, Array](), set[int](), list[Array]()
    linears, made, how = dict[str, Event](), dict[str, Array](), list[dict[str, str | float] | None]()
    for part, place, turn in zip(("query", "key", "value"), places, turns, strict=True):
        up = _linear_above(log, place)
        past = turned_above(log, place, _linear_above) if up is None and part != "value" else None
        if past is not None:
            up = past[:2]
            covers |= past[2]
        if up is None:
            return None
        linear, wires = linears[part], _ = up
        rows = _rows(linear, wires, turn)
        if rows is None:
            return None
        if part != "value":
            how.append(past and turning(_headed(linear, rows), found.arrays[part]))
        made[part] = rows
        tokens = array("input", _linear(linear)[0])
        inputs.append(tokens.reshape(len(found.arrays[part]), -1, tokens.shape[-1]))
        covers |= {linear.at, *(entry.at for entry, _ in wires)}
    if how[0] != how[1]:
        return None
    heads = _shared(made)
    for part, rows in made.items():
        _, weight, bias = _linear(linears[part])
        arrays[f"weight_{part}"] = array("weight", weight)[rows.reshape(-1)]
        if bias is not None:
            arrays[f"bias_{part}"] = array("bias", bias)[rows.reshape(-1)]
    query, key, value = inputs
    arrays["embeddings"] = query
    if key.shape != query.shape or not np.array_equal(key, query):
        arrays["context"] = key
    if value.shape != key.shape or not np.array_equal(value, key):
        arrays["value_context"] = value
    names = ("heads", "causal", "scale", "mask_kind")
    options = {n: found.options[n] for n in names if n in found.options} | {"key_heads": heads} | (how[0] or {})
    arrays |= {n: found.arrays[n] for n in ("mask",) if n in found.arrays}
    return Packed("attention", {**options, "output_projection": False}, arrays, found.axes), covers


def _headed(linear: Event, rows: Array) -> Array:
    """What a linear layer gave, as (batch, heads, time, features)."""
    made = array("output", linear.result.tree())  # type: ignore[union-attr]
    by_head = made.reshape(-1, *made.shape[-2:])[..., rows.reshape(-1)].reshape(-1, made.shape[-2], *rows.shape)
    return np.asarray(by_head.swapaxes(1, 2))


def _shared(made: dict[str, Array]) -> int:
    """How many heads of keys and values there are, each once where several queries' heads were given the same one."""
    count = len(made["key"])
    parts = made["key"], made["value"]
    whole = (n for n in range(1, count + 1) if count % n == 0)
    heads = next(n for n in whole if all((a == a[:: count // n].repeat(count // n, axis=0)).all() for a in parts))
    made |= {part: made[part][:: count // heads] for part in ("key", "value")}
    return heads


def _arguments(entry: Event) -> Any:
    return entry.given.tree()  # type: ignore[union-attr]


def _linear_above(log: list[Event], place: Place | None) -> tuple[Event, list[tuple[Event, int]]] | None:
    """The linear layer that made a result through wires alone, and those wires in the order of the run."""
    wires: list[tuple[Event, int]] = []
    while place is not None:
        entry = log[place[0]]
        if _is_linear(entry):
            return entry, wires[::-1]
        alone = _alone(entry)
        if entry.kind != "wire" and entry.op != "Identity" and alone is None:
            return None
        wires.append((entry, place[1]))
        place = entry.sources[alone or 0] if entry.sources else None
    return None


def _alone(entry: Event) -> int | None:
    """Which of its tensors a ``cat`` passes on, if all others are empty: a cache of keys begins so."""
    full = [k for k, shape in enumerate(entry.shapes_in) if 0 not in shape]
    return full[0] if entry.op == "cat" and len(full) == 1 else None


def _is_linear(entry: Event) -> bool:
    return entry.op in ("Linear", "linear", "addmm") or (entry.op == "matmul" and bool(entry.weights))


def _linear(entry: Event) -> tuple[Any, Any, Any]:
    """Input, weight (out, in) and bias of a linear layer."""
    args, kwargs = _arguments(entry)
    if entry.op == "Linear":
        return (*args, *kwargs.values())[0], entry.module.weight, entry.module.bias
    if entry.op == "addmm":
        return args[1], args[2].t(), args[0]
    if entry.op == "matmul":
        return args[0], args[1].t(), None
    given = functions.bound(functions.SPECS["linear"][1], "linear", args, kwargs)
    return given["input"], given["weight"], given["bias"]


def _rows(linear: Event, wires: list[tuple[Event, int]], turn: Axes) -> Any:
    """Which row of the weight made each feature of each head, (heads, features): row numbers sent through the wires,
    then turned."""
    torch = torch_module()
    shape = linear.shapes_out[0]
    with torch.no_grad():
        index = torch.arange(shape[-1]).expand(shape).contiguous()
        for entry, which in wires:
            if entry.op in _SAME or entry.op == "cat":
                continue
            args, kwargs = _arguments(entry)
            index = getattr(index, entry.op) if entry.op in ("T", "mT") else entry.func(index, *args[1:], **kwargs)
            index = index[which] if isinstance(index, (tuple, list)) else index
        index = index.permute(turn) if turn else index
    if index.ndim == 3:
        index = index[:, None]
    if index.ndim != 4 or not bool((index == index[:1, :, :1]).all()):
        return None
    return index[0, :, 0].numpy()
