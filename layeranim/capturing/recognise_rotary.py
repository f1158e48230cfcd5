"""Rotary positions written out by hand: queries and keys that are turned between their projection and their product.

How the turning is written is not understood: it is sums and products of one linear layer's numbers, and the angle that
these show between the first two tokens says which pairs of features turn, and how fast.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from layeranim.capturing.events import Event
from layeranim.engine.positional import angles, rotate
from layeranim.engine.trace import Array

TURNING = ("add", "cat", "mul", "neg", "stack", "sub")
USUAL = (10_000.0, 500_000.0, 1_000_000.0)
"""Bases that numbers of half precision tell too coarsely."""

Place = tuple[int, int]
Wires = list[tuple[Event, int]]
Above = Callable[[list[Event], "Place | None"], "tuple[Event, Wires] | None"]


def turned_above(log: list[Event], place: Place | None, linear_above: Above) -> tuple[Event, Wires, set[int]] | None:
    """The linear layer whose numbers were turned on the way to ``place``, the wires that lead there past the turning,
    and all the calls that turn; nothing where anything else lies between."""
    after: Wires = []
    while place is not None and log[place[0]].kind == "wire":
        after.insert(0, (log[place[0]], place[1]))
        place = log[place[0]].sources[0] if log[place[0]].sources else None
    if place is None or log[place[0]].op not in TURNING:
        return None
    whole, found = log[place[0]].shapes_out[place[1]], list[tuple[Event, Wires]]()
    covers, todo, linears = {entry.at for entry, _ in after}, [place[0]], set[int]()
    while todo:
        entry = log[todo.pop()]
        if entry.at in covers:
            continue
        covers.add(entry.at)
        for source, shape in zip(entry.sources, entry.shapes_in, strict=True):
            if source is None or log[source[0]].kind == "made":
                continue
            up = linear_above(log, source)
            if up is not None:
                linears.add(up[0].at)
                covers |= {wire.at for wire, _ in up[1]}
                found += [up] * (shape == whole)
            elif log[source[0]].kind == "wire" or log[source[0]].op in TURNING:
                todo.append(source[0])
            else:
                return None
    if len(linears) != 1 or not found:
        return None
    linear, before = found[0]
    return linear, [*before, *after], covers


def turning(x: Array, y: Array) -> dict[str, str | float] | None:
    """How (batch, heads, tokens, features) ``x`` were turned into ``y``, as options of attention; nothing where
    they were not."""
    features = x.shape[-1]
    if x.shape != y.shape or features % 2 or x.shape[2] < 2:
        return None
    for pairs in ("halves", "adjacent"):
        one, two = (_complex(a[:, :, 1].astype(float), pairs) for a in (x, y))
        seen = np.angle((two * one.conj()).sum(axis=(0, 1)))
        told = float(seen[1]) ** (-features / 2) if len(seen) > 1 and seen[1] > 0 else 0.0
        for base in (*USUAL, float(f"{told:.3g}")):
            if base > 1 and _close(rotate(x, angles(x.shape[2], features, base), pairs=pairs), y):
                return {"positional": "rotary", "pairs": pairs, "base": base}
    return None


def _complex(x: Array, pairs: str) -> Array:
    half = x.shape[-1] // 2
    first, second = (x[..., 0::2], x[..., 1::2]) if pairs == "adjacent" else (x[..., :half], x[..., half:])
    return np.asarray(first + 1j * second)


def _close(a: Array, b: Array) -> bool:
    return bool(np.abs(a - b).max() <= 1e-2 * np.abs(b).max())
