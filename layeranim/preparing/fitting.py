"""Which layers the arrays of a file of weights make, by their names and shapes. No numbers are read.

The arrays of a model stand together by what is before the last dot: ``fc.weight`` and ``fc.bias``. A layer fits where
what reads weights takes arrays of these names and shapes for it, and the layer their shapes: what is said to fit is
taken.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

from layeranim import catalog
from layeranim.engine.trace import Shape
from layeranim.errors import LayeranimError
from layeranim.inputs.loading import LEFT_OUT, OURS, RECURRENT, from_state
from layeranim.inputs.stored.held import readable
from layeranim.inputs.weight_parts import whole
from layeranim.records import dataclass

_RANKS = {"dense": 2, "neuron": 2, "embedding": 2, "bilinear": 3, "conv1d": 3, "conv-transpose1d": 3, "conv": 4,
          "conv-matmul": 4, "conv-transpose": 4, "conv3d": 5, "conv-transpose3d": 5}  # fmt: skip
"""Axes of a layer's weight; of norms and slopes 1."""
_DEEPEST = 3
"""How far above an array the name of its layer may end: ``attention.self.query.weight`` is of a transformer."""
_TABLE = re.compile(r"(embed\w*|emb|w[tp]e|shared)[./]$", re.IGNORECASE)
"""How a table of embeddings is called: ``wte.``, ``embed_tokens.``, ``word_embeddings.``."""
_MOST = 60
"""Arrays of the largest layer that is looked for."""
_HEADS = (1, 2, 3, 4, 6, 8, 12, 16, 32, 64)
"""Numbers of heads that are tried: keys that groups of queries share fit only some."""
_CELLS = 2**28
"""Cells of arrays that are put together to see what they make; larger ones are named without."""


@dataclass(frozen=True)
class WeightGroup:
    """Arrays whose names begin with ``prefix``, and the layers that they make, each with the flags that it needs."""

    prefix: str
    arrays: Mapping[str, tuple[str, Shape]]
    fits: tuple[str, ...]


def groups(
    every: Mapping[str, tuple[str, Shape]],
    prefix: str = "",
    convention: str = "",
    said: Mapping[str, Mapping[str, Any]] | None = None,
) -> list[WeightGroup]:
    """The groups of a file, in its order; what makes one layer together stands together. ``said`` is what the file
    says of the layer whose names begin so."""
    said = said or {}
    names = [name for name in every if name.startswith(prefix)]
    inside = defaultdict[str, list[str]](list)
    for name in names:
        for depth in range(_DEEPEST + 1):
            inside[_start(name, depth)].append(name)
    whole = Counter(start for name in names for start in _starts(name))
    found: list[WeightGroup] = []
    taken: set[str] = set()
    for depth in range(_DEEPEST, -1, -1):
        for start in dict.fromkeys(_start(name, depth) for name in names if _depth(name) >= depth):
            if depth and whole[start] > _MOST:
                continue
            mine = inside[start] if depth else [name for name in inside[start] if _start(name, 0) == start]
            own = {name.removeprefix(start): every[name] for name in mine if name not in taken}
            if not own or (depth and len(own) != whole[start]):
                continue
            read = len(own) <= _MOST and all(readable(kind) for kind, _ in own.values())
            shapes = {name: shape for name, (_, shape) in own.items()}
            fits = fitting(shapes, convention, said.get(start)) if read else ()
            if fits or not depth:
                found.append(WeightGroup(start, own, _likely(start, fits)))
                taken |= {start + name for name in own}
    order = {name: k for k, name in enumerate(names)}
    return sorted(found, key=lambda group: order[group.prefix + next(iter(group.arrays))])


def _likely(start: str, fits: tuple[str, ...]) -> tuple[str, ...]:
    """The same, an embedding before a linear layer without a bias where the name says so; both take such a table."""
    return tuple(sorted(fits, key=lambda fit: fit != "embedding")) if _TABLE.search(start) else fits


def _depth(name: str) -> int:
    return len(re.findall(r"[./]", name))


def _start(name: str, depth: int) -> str:
    """The name up to its last dot or slash but ``depth`` others, that one included."""
    ends = [found.end() for found in re.finditer(r"[./]", name)]
    return name[: ends[-1 - depth]] if len(ends) > depth else ""


def _starts(name: str) -> set[str]:
    """Every way in which the name may begin, up to a dot or slash, and nothing."""
    return {"", *(name[: found.end()] for found in re.finditer(r"[./]", name))}


def fitting(
    arrays: Mapping[str, Shape], convention: str = "", said: Mapping[str, Any] | None = None
) -> tuple[str, ...]:
    """The layers that arrays of these names and shapes make, as a command line has them."""
    return _fitting(tuple(arrays.items()), convention, tuple((said or {}).items()))


@lru_cache(maxsize=4096)
def _fitting(
    arrays: tuple[tuple[str, Shape], ...], convention: str, said: tuple[tuple[str, Any], ...]
) -> tuple[str, ...]:
    own = {name: shape for name, shape in arrays if not _aside(name, shape)}
    if not own or sum(map(prod, own.values())) > _CELLS or any(n < 1 for shape in own.values() for n in shape):
        return _by_ranks(own) if own else ()
    zeros = whole({name: np.broadcast_to(np.float32(0), shape) for name, shape in own.items()})
    found = [*_plain(zeros, convention), *_recurrent(zeros, convention)]
    return tuple(found) or tuple(_attending(zeros, convention, dict(said)))


def _aside(name: str, shape: Shape) -> bool:
    return name.rpartition(".")[2] in LEFT_OUT or (not shape and name != "bias")


def _by_ranks(own: Mapping[str, Shape]) -> tuple[str, ...]:
    """Of arrays too large to be put together, the layers by how many axes their weight has."""
    rank = len(own.get("weight", own.get("kernel", ())))
    return tuple(layer for layer, axes in _RANKS.items() if axes == rank and set(own) <= {"weight", "kernel", "bias"})


def _plain(zeros: Mapping[str, Any], convention: str) -> list[str]:
    found = []
    for layer in OURS if not any("." in name or "/" in name for name in zeros) else ():
        for whose in (convention, "keras", "flax", "haiku") if not convention else (convention,):
            flags = _options(layer, zeros, whose)
            if flags is not None:
                flags |= {"convention": whose} if whose != convention else {}
                found.append(" ".join((layer, *(f"--{key} {value}" for key, value in flags.items()))))
            if flags is not None or not _ambiguous(layer, zeros, convention):
                break
    return found


def _ambiguous(layer: str, zeros: Mapping[str, Any], convention: str) -> bool:
    """Whether the names leave it open whose they are."""
    try:
        from_state(layer, zeros, convention=convention)
    except LayeranimError as error:
        return "say convention" in str(error)
    return False


def _options(layer: str, zeros: Mapping[str, Any], convention: str) -> dict[str, Any] | None:
    """The options with which a layer takes arrays of these shapes; none where it does not."""
    flags: dict[str, Any] = {"activation": "prelu"} if layer == "activation" else {}
    try:
        found = from_state(layer, zeros, convention=convention)
        main = found.arrays[OURS[layer]["weight"]]
        if layer == "layernorm" and "beta" not in found.arrays:
            flags = {"kind": "rms"}
        if main.ndim != _RANKS.get(layer, 1) or (layer == "neuron" and main.shape[0] != 1):
            return None
        shapes: dict[str, Shape | None] = {name: array.shape for name, array in found.arrays.items()}
        if layer not in _RANKS:
            shapes["input"] = (2, *main.shape)
        described = catalog.layer(layer)
        config = described.config.of({**found.usual, **found.options, **flags, **_ready(layer, found.usual)})
        _, needed = described.complete(config, shapes)
    except (LayeranimError, KeyError):
        return None
    return flags if all(name in needed for name in shapes) else None


def _ready(layer: str, usual: Mapping[str, Any]) -> dict[str, Any]:
    """A batch normalisation that has its statistics need not train."""
    return {"mode": "inference"} if layer == "batchnorm" and usual else {}


def _recurrent(zeros: Mapping[str, Any], convention: str) -> list[str]:
    for layer in RECURRENT:
        try:
            found = from_state(layer, zeros, convention=convention)
            described = catalog.layer(layer)
            described.complete(
                described.config.of({**found.usual, **found.options}), {n: a.shape for n, a in found.arrays.items()}
            )
        except LayeranimError:
            continue
        return [layer]
    return []


def _attending(zeros: Mapping[str, Any], convention: str, said: Mapping[str, Any]) -> list[str]:
    """Attention or a transformer's block, or both: where their names are those of one, with as many heads as fit."""
    fits = dict[str, str]()
    numbers = [(n, " --heads N") for n in _HEADS]
    ways = [(layer, heads, flag, False) for layer in ("attention", "transformer")
            for heads, flag in ((None, ""), *numbers)]  # fmt: skip
    for layer, heads, flag, masked in (*ways, ("attention", None, " --mask FILE", True)):
        try:
            found = from_state(layer, zeros, heads, convention, said, masked)
            described = catalog.layer(layer)
            shapes = {name: array.shape for name, array in found.arrays.items()}
            described.complete(described.config.of({**found.usual, **found.options}), shapes)
        except LayeranimError:
            continue
        fits.setdefault(layer, f"{layer}{flag}")
        if not said:
            break
    return [*fits.values()]
