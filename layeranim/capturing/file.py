"""Captures on disk: an ``.npz`` of plain arrays and one member ``capture.json``, without pickle.

An array that several calls share (what one gave, the next was given) is stored once. A file is data from a stranger:
sizes are compared before memory is taken, nothing in it is run, and a call's trace is held against its stored output
like that of a live model.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

from layeranim import catalog
from layeranim.capturing.captured import Capture, ModelCall
from layeranim.capturing.file_writing import FORMAT, HEADER, VERSION, save, write
from layeranim.engine.archive_reading import contained
from layeranim.engine.option import given
from layeranim.engine.packing import Packed
from layeranim.engine.trace import Array, Shape
from layeranim.errors import InputError, UsageError

__all__ = ["FORMAT", "load", "save", "write"]
_DTYPES = ("float64", "float32", "float16", "int64", "int32", "int16", "int8", "uint8", "bool")
_DAMAGED = (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, OverflowError, EOFError,
            zipfile.BadZipFile, NotImplementedError, RuntimeError)  # fmt: skip


def load(source: str | os.PathLike[str] | IO[bytes]) -> Capture:
    """The capture in a file that ``save`` wrote. Raises ``InputError`` for anything that is none."""
    if isinstance(source, (str, os.PathLike)):
        try:
            with Path(source).open("rb") as stream:
                return load(stream)
        except OSError as error:
            raise InputError(f"cannot read {given(str(source))}: {error.strerror}") from None
    try:
        head, values = contained(source, HEADER, "capture")
        if head["format"] != FORMAT or head["version"] != VERSION:
            raise InputError(
                f"the file is {given(head['format'])} version {given(head['version'])}, "
                f"but this program reads {FORMAT} version {VERSION}"
            )
        read = _Reading(values)
        calls = tuple(read.call(entry) for entry in head["calls"])
        if len({call.name for call in calls}) < len(calls):
            raise InputError("the capture contradicts itself: two of its calls have one name")
        return Capture(str(head["model"]), calls, int(head["parameters"]), tuple(map(str, head["notes"])))
    except InputError:
        raise
    except UsageError as error:
        raise InputError(f"the capture contradicts itself: {error}") from None
    except _DAMAGED as error:
        reason = given(str(error)) if str(error) else type(error).__name__
        raise InputError(f"not a capture that layeranim saved, or a damaged one: {reason}") from None


class _Reading:
    """Calls again from their entries; an array that several share is read once."""

    def __init__(self, values: Callable[[Mapping[str, Any]], Array]) -> None:
        self._values, self._known = values, dict[tuple[Any, ...], Array]()

    def array(self, entry: Mapping[str, Any]) -> Array:
        shape = tuple(entry["shape"])
        if entry["dtype"] not in _DTYPES or not all(type(n) is int and n >= 0 for n in shape):
            raise InputError(f"{given(entry['name'])} has a type or shape that no capture has")
        key = (str(entry["member"]), entry["dtype"])
        if key not in self._known:
            found = self._values({**entry, "shape": shape}).reshape(-1)
            found.flags.writeable = False
            self._known[key] = found
        return self._known[key].reshape(shape)

    def call(self, entry: Mapping[str, Any]) -> ModelCall:
        inputs, results = (self._arrays(entry[name]) for name in ("given", "results"))
        made = ModelCall(
            str(entry["name"]), str(entry["kind"]), _shapes(entry["inputs"]), _shapes(entry["outputs"]),
            tuple(tuple(map(str, names)) for names in entry["weights"]), int(entry["parameters"]),
            None, {}, {True: True, False: False}.get(entry["agrees"]), str(entry["why"]),
            tuple(map(str, entry["reads"])), tuple(map(str, entry["covers"])), lambda: inputs, lambda: results,
            brought=tuple(map(int, entry.get("brought", ()))),
        )  # fmt: skip
        if entry["layer"] is not None and "options" in entry:
            made.layer = str(entry["layer"])
            made.options = {str(key): str(value) for key, value in entry["options"].items()}
            catalog.layer(made.layer).config.of(made.options)
            axes = tuple(int(axis) for axis in entry["axes"])
            found = Packed(made.layer, dict(made.options), self._arrays(entry["arrays"]), axes)
            expected = self.array(entry["expected"])
            if axes and sorted(axes) != list(range(expected.ndim)):
                raise InputError(f"the capture contradicts itself: {given(made.name)} has axes {given(axes)}")
            bound = min(max(float(entry["eps"]), 0.0), 2.0**-7)
            made.packed = lambda: (found, (expected, bound))
        return made

    def _arrays(self, entries: Mapping[str, Any]) -> dict[str, Array]:
        return {str(key): self.array(entry) for key, entry in entries.items()}


def _shapes(shapes: Any) -> tuple[Shape, ...]:
    return tuple(tuple(int(n) for n in shape) for shape in shapes)
