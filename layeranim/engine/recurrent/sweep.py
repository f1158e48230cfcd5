"""A loop over time steps whose calls write straight into the arrays of all steps: nothing is made anew in a step."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any

import numpy as np

from layeranim.engine.trace import Array
from layeranim.records import dataclass


@dataclass(frozen=True)
class StepCall:
    """``run(*reads, writes)``: a function that takes arrays by these names, and where its result goes as its last."""

    run: Callable[..., object]
    reads: tuple[str, ...]
    writes: str


def total(first: Array, second: Array, *more: Array) -> None:
    """The sum of all but the last into the last, from left to right."""
    *terms, out = more
    np.add(first, second, out)
    for term in terms:
        np.add(out, term, out)


def sweep(
    calls: Sequence[StepCall],
    steps: Mapping[str, Array],
    still: Mapping[str, Array],
    states: Mapping[str, tuple[str, Array]],
    running: Array,
    reverse: bool = False,
) -> None:
    """Make the calls at every step, from the first to the last or in ``reverse``.

    Args:
        steps: (batch, time, …) arrays, of which a call reads or writes one step: (batch, …).
        still: arrays that are the same at all steps; what a call writes here is forgotten at the next.
        states: by the name under which a step reads it, which of ``steps`` the step before it wrote, and the first.
        running: (batch, time), which sequences run at which step; the others keep their states.
    """
    used = {name for call in calls for name in (*call.reads, call.writes)} | {name for name, _ in states.values()}
    over = {name: array for name, array in steps.items() if name in used}
    values: list[Any] = [*over, *(first for _, first in states.values()), *still.values()]
    place = {name: k for k, name in enumerate((*over, *states, *still))}
    acts = [(call.run, itemgetter(*(place[name] for name in (*call.reads, call.writes)))) for call in calls]
    handed = [(place[name], place[source]) for name, (source, _) in states.items()]
    ragged, order, own = not running.all(), slice(None, None, -1 if reverse else 1), slice(len(over))
    views = zip(*(array.swapaxes(0, 1)[order] for array in over.values()), strict=True)
    for on, here in zip(running.T[order, :, None], views, strict=True):
        values[own] = here
        for run, found in acts:
            run(*found(values))
        for name, source in handed:
            values[name] = np.where(on, values[source], values[name]) if ragged else values[source]
