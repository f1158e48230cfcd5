"""What is in a saved trace, and how it is read back: a file is data from a stranger.

Sizes are compared before memory is taken, nothing in it is run, and what contradicts itself is refused.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import IO, Any

import numpy as np

from layeranim.engine import memory
from layeranim.engine.archive_writing import BACK, FORMAT, HEADER, VERSIONS, stored
from layeranim.engine.array import shape_text
from layeranim.engine.compose import from_file
from layeranim.engine.option import Layer, given
from layeranim.engine.trace import Array, Origin, Region, Tensor, Trace, count
from layeranim.errors import InputError

DTYPES = ("float32", "float64", "int64", "int32", "bool")
_ROLES = ("input", "weight", "intermediate", "output")
_WORDS = {"NaN": np.nan, "Infinity": np.inf, "-Infinity": -np.inf}

_TAKES = {b",": 88, b":": 120, b"[": 112, b"{": 280}
"""Bytes for each of these marks in JSON."""

MOST_LETTERS = 10**7
"""Of all labels of a tensor, each taken for as long as the longest."""


def opened(stream: IO[bytes]) -> tuple[Any, Callable[[Mapping[str, Any]], Array]]:
    """The head, and a reader of the values that an entry of it describes."""
    stream.seek(0)
    if stream.read(2) != b"PK":
        stream.seek(0)
        return _parsed(stream.read()), lambda entry: _nested(entry["values"], entry)
    return contained(stream, HEADER, "trace")


def contained(stream: IO[bytes], header: str, what: str) -> tuple[Any, Callable[[Mapping[str, Any]], Array]]:
    """The head of a zip of plain ``.npy`` members, and a reader of those that an entry of it describes.

    Raises ``InputError`` where members repeat, overlap, are compressed or encrypted: sizes are then not what they say.
    """
    size = stream.seek(0, os.SEEK_END)
    archive = zipfile.ZipFile(stream)
    members = {info.filename: info for info in archive.infolist()}
    if len(members) < len(archive.infolist()) or sum(info.file_size for info in members.values()) > size:
        raise InputError(f"not a {what} that layeranim saved: its members repeat or overlap")
    if any(info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1 for info in members.values()):
        raise InputError(f"not a {what} that layeranim saved: its members are compressed or encrypted")
    if header not in members:
        other = {"trace.json": "la.load_trace", "capture.json": "la.load_capture"}
        hint = next((f"; {reads} reads it" for name, reads in other.items() if name in members), "")
        raise InputError(f"not a {what} that layeranim saved: it has no {header}{hint}")
    return _parsed(archive.read(header)), lambda entry: _member(archive, entry)


def _parsed(data: bytes) -> Any:
    """JSON, where what its objects will take is in the budget: nothing of it is made to find that out."""
    memory.afford(f"a file with {len(data)} bytes of JSON takes", parsing(data))
    return json.loads(data.decode(), parse_constant=_refuse)


def parsing(data: bytes) -> int:
    """Bytes at the peak of parsing JSON and making arrays of it, at most: by its size and its punctuation.

    ``_TAKES`` are measured: a number with its places in three lists and an array, a key, a list, a dictionary with its
    first entry. Letters come besides, of four bytes each where one may need them, in the text and in what is read.
    """
    plain = data.isascii() and b"\\" not in data
    return (2 if plain else 11) * len(data) + sum(size * data.count(mark) for mark, size in _TAKES.items())


def _refuse(word: str) -> Any:
    raise InputError(f"not a file that layeranim saved: {word} is written as a string")


def _member(archive: zipfile.ZipFile, entry: Mapping[str, Any]) -> Array:
    """A ``.npy`` member: the head says type and shape, its own header is only stepped over."""
    data = archive.read(entry["member"])
    start = 10 + int.from_bytes(data[8:10], "little")
    dtype = np.dtype(entry["dtype"]).newbyteorder("<")
    wanted = count(entry["shape"]) * dtype.itemsize
    if data[:8] != b"\x93NUMPY\x01\x00" or len(data) - start != wanted:
        raise InputError(f"{given(entry['name'])} should hold {wanted} bytes of numbers, but has {len(data) - start}")
    flat = np.frombuffer(data, dtype if dtype.kind != "b" else np.uint8, offset=start)
    return flat.astype(entry["dtype"]).reshape(entry["shape"])


def _nested(values: Any, entry: Mapping[str, Any]) -> Array:
    flat: list[Any] = [values]
    for size in entry["shape"]:
        if not all(isinstance(part, list) and len(part) == size for part in flat):
            raise InputError(f"{given(entry['name'])} does not hold {shape_text(tuple(entry['shape']))} numbers")
        flat = [item for part in flat for item in part]
    numbers = [_WORDS[item] if isinstance(item, str) else item for item in flat]
    if not all(isinstance(number, (bool, int, float)) for number in numbers):
        raise InputError(f"{given(entry['name'])} holds something that is not a number")
    return np.array(numbers, dtype=entry["dtype"]).reshape(entry["shape"])


def assembled(head: Any, values: Callable[[Mapping[str, Any]], Array], layer_of: Callable[[str], Layer]) -> Trace:
    if head["format"] != FORMAT or head["version"] not in VERSIONS:
        raise InputError(
            f"the file is {given(head['format'])} version {given(head['version'])}, "
            f"but this program reads {FORMAT} version {' and '.join(str(n) for n in VERSIONS)}"
        )
    layer = layer_of(str(head["layer"]))
    config = layer.config.of(head["options"])
    known: dict[str, Tensor] = {}
    tensors = _read(head["tensors"], "", values, known)
    shapes = {item.name: tensors[item.name].shape for item in layer.arrays if item.name in tensors}
    complete, needed = layer.complete(config, shapes)
    if complete != config or any(needed.get(name) != shape for name, shape in shapes.items()):
        raise InputError("the trace contradicts itself: its options and its tensors do not go together")
    made = layer.assemble(config, tensors)
    if head["version"] == VERSIONS[0]:
        return made
    return _passed_back(layer, made, *(_read(head[key], f"{key}/", values, known) for key in BACK))


def sound(trace: Trace) -> None:
    """Raise whatever comes of it unless recipes and steps can be made of what was stored: an axis may be another's."""
    for tensor in trace.tensors.values():
        for at in (0, -1):
            tensor.read(Region(tensor.name, tuple((a, at % n) for a, n in zip(tensor.axes, tensor.shape, strict=True))))
    for step in (trace.steps[:1], trace.steps[-1:]):
        list(step)


def _passed_back(layer: Layer, forward: Trace, saved: dict[str, Tensor], gradients: dict[str, Tensor]) -> Trace:
    """A backward pass again, with the stored numbers in place of those computed."""
    if layer.backward is None:
        raise InputError(f"the trace contradicts itself: {layer.name} has no backward pass")
    starts = {name: tensor.array for name, tensor in gradients.items()}
    made = layer.backward(forward, starts)
    wanted = {tensor.name: (tensor.axes, tensor.shape, tensor.dtype) for tensor in stored(made)}
    if wanted != {name: (tensor.axes, tensor.shape, tensor.dtype) for name, tensor in saved.items()}:
        raise InputError("the trace contradicts itself: its backward pass holds other tensors than its layer makes")
    return from_file(replace(made, origin=Origin(forward, starts)), saved)


def _read(
    entries: Any, of: str, values: Callable[[Mapping[str, Any]], Array], known: dict[str, Tensor]
) -> dict[str, Tensor]:
    """The tensors of one list; ``known`` are all that were read before, by what ``same_as`` calls them."""
    out = {}
    for entry in entries:
        known[of + entry["name"]] = out[entry["name"]] = _tensor(entry, values, known)
    return out


def _tensor(
    entry: Mapping[str, Any], values: Callable[[Mapping[str, Any]], Array], known: Mapping[str, Tensor]
) -> Tensor:
    shape = tuple(entry["shape"])
    if entry["dtype"] not in DTYPES or entry["role"] not in _ROLES or not all(type(n) is int and n > 0 for n in shape):
        raise InputError(f"{given(entry['name'])} has a type, role or shape that no trace has")
    array = known[entry["same_as"]].array.view() if "same_as" in entry else values(entry)
    if array.shape != shape:
        raise InputError(f"{given(entry['name'])} should be {shape_text(shape)}, but is {shape_text(array.shape)}")
    labels = None
    if "labels" in entry:
        text = [str(t) for t in entry["labels"]["text"]]
        if len(text) * max(map(len, text), default=0) > MOST_LETTERS:  # every cell takes as much as the longest
            raise InputError(f"{given(entry['name'])} has labels of {max(map(len, text))} letters, which no trace has")
        labels = np.array(text, dtype=np.str_).reshape(entry["labels"]["shape"])
    return Tensor(str(entry["name"]), tuple(str(axis) for axis in entry["axes"]), entry["role"], array, labels)
