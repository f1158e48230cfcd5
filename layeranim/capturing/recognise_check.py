"""A composite is believed where a layer's numbers are those that the model's own calls gave."""

from __future__ import annotations

from collections.abc import Sequence

from layeranim import catalog
from layeranim.capturing import reading
from layeranim.capturing.events import Event
from layeranim.capturing.recorder import Recorder
from layeranim.engine.packing import Packed
from layeranim.engine.trace import Trace
from layeranim.errors import UsageError
from layeranim.inputs.module_run import agree, first
from layeranim.inputs.module_sequences import unpacked

REFUSALS = (UsageError, ValueError, TypeError, RuntimeError, IndexError, KeyError, AttributeError, FloatingPointError)
"""What a call that is something else than was supposed may end in."""


def computed(found: Packed) -> Trace:
    """The trace of a layer."""
    layer = catalog.layer(found.layer)
    return layer.compute(layer.config.of(found.options), found.arrays)


def composite(
    recorder: Recorder, name: str, op: str, found: Packed, covers: Sequence[int], start: Event | None = None
) -> Event | None:
    """A call of ``found`` that gives what the last of ``covers`` gave, or nothing where the numbers differ.

    ``start`` is the entry whose inputs are its own, the first of ``covers`` if not said.
    """
    covers = sorted(set(covers))
    entries = [recorder.entries[at] for at in covers]
    last, begin = entries[-1], start or entries[0]
    weights = tuple(dict.fromkeys(names for entry in entries for names in entry.weights))
    made = Event(
        "function", op, last.path, name, None, begin.sources, begin.shapes_in, weights, None, begin.given, last.result,
        last.shapes_out, last.at, tuple(covers), found,
    )  # fmt: skip
    made.base, made.brought = name, begin.brought
    if reading.lost(made) or made.result is None:
        return None
    try:
        expected = first(made.result.tree(), op, lambda value: unpacked(value)[0])
        agree(computed(found), found, expected, name)
    except REFUSALS:
        return None
    return made
