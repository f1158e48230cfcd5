"""Traces on disk: ``.npz`` (a zip of ``.npy`` members that NumPy reads too) and ``.json``, without pickle.

Only what cannot be made again is stored: the layer's name, its options as text, and the tensors that are no recipes.
The same trace gives the same bytes: members are uncompressed and carry no date. A file is data from a stranger:
sizes are compared before memory is taken, and nothing in it is run.
"""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np

from layeranim.engine.array import shape_text
from layeranim.engine.option import Layer, given
from layeranim.engine.trace import Array, Tensor, Trace, count
from layeranim.errors import InputError, OutputError, RenderError, UsageError

FORMAT, VERSION = "layeranim trace", 1
SUFFIXES = (".npz", ".json")
HEADER = "trace.json"
"""The member of an ``.npz`` that says what the others are."""

DTYPES = ("float32", "float64", "int64", "int32", "bool")
_ROLES = ("input", "weight", "intermediate", "output")
_WORDS = {"NaN": np.nan, "Infinity": np.inf, "-Infinity": -np.inf}


def save(trace: Trace, path: str | os.PathLike[str]) -> None:
    """Write ``trace`` to a ``.npz`` or ``.json`` file, complete or not at all.

    Raises ``OutputError`` where the path cannot be written, ``RenderError`` where writing fails.
    """
    path = Path(path)
    if path.suffix.lower() not in SUFFIXES:
        raise OutputError(f"{given(str(path))} must end in {' or '.join(SUFFIXES)} to hold a trace")
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise OutputError(f"{given(str(path))} is not a plain file; choose another name")
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        stream = part.open("wb")
    except OSError as error:
        raise OutputError(f"cannot write {given(str(path))}: {error.strerror}") from None
    try:
        with stream:
            write(trace, stream, path.suffix.lower())
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(path)
    except OSError as error:
        raise RenderError(f"cannot write {given(str(path))}: {error.strerror}; nothing was replaced") from None
    finally:
        part.unlink(missing_ok=True)


def write(trace: Trace, stream: IO[bytes], suffix: str) -> None:
    """Write ``trace`` to an open file in the form of ``.npz`` or ``.json``."""
    if suffix == ".json":
        head = _head(trace, lambda tensor: {"values": _plain(tensor.array)})
        entries = ",\n".join(_json(entry) for entry in head.pop("tensors"))
        stream.write(f'{_json(head)[:-1]}, "tensors": [\n{entries}\n]}}\n'.encode())
        return
    head = _head(trace, lambda tensor: {"member": f"{tensor.name}.npy"})
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(zipfile.ZipInfo(HEADER), _json(head))
        for entry in head["tensors"]:
            if "member" in entry:
                with archive.open(zipfile.ZipInfo(entry["member"]), "w", force_zip64=True) as member:
                    array = trace.tensor(entry["name"]).array
                    little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).reshape(array.shape)
                    np.lib.format.write_array(member, little, version=(1, 0), allow_pickle=False)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _head(trace: Trace, values: Callable[[Tensor], dict[str, Any]]) -> dict[str, Any]:
    """Everything but the numbers; a tensor that is another one under a second name says so."""
    entries: list[dict[str, Any]] = []
    seen: dict[tuple[Any, ...], str] = {}
    for tensor in stored(trace):
        entry: dict[str, Any] = {
            "name": tensor.name, "axes": list(tensor.axes), "role": tensor.role,
            "dtype": tensor.dtype.name, "shape": list(tensor.shape),
        }  # fmt: skip
        array = tensor.array
        place = (array.ctypes.data, array.strides, array.shape, array.dtype)
        first = seen.setdefault(place, tensor.name)
        entry |= {"same_as": first} if first != tensor.name else values(tensor)
        if tensor.labels is not None:
            entry["labels"] = {"shape": list(tensor.labels.shape), "text": [str(t) for t in tensor.labels.flat]}
        entries.append(entry)
    return {
        "format": FORMAT, "version": VERSION, "layer": trace.layer, "options": trace.config.shown(), "tensors": entries,
    }  # fmt: skip


def stored(trace: Trace) -> list[Tensor]:
    """The tensors that are written: all but the recipes."""
    return [tensor for tensor in trace.tensors.values() if not tensor.is_recipe]


def _plain(array: Array) -> Any:
    """Nested lists; what JSON has no number for is a word."""
    if array.ndim:
        return [_plain(part) for part in array] if not np.isfinite(array).all() else array.tolist()
    value = array.item()
    return value if np.isfinite(value) else "NaN" if np.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def load(source: str | os.PathLike[str] | IO[bytes], layer_of: Callable[[str], Layer]) -> Trace:
    """The trace in a file that ``save`` wrote; ``layer_of`` finds a layer by its name.

    Raises ``InputError`` for anything that is not such a file.
    """
    if isinstance(source, (str, os.PathLike)):
        try:
            with Path(source).open("rb") as stream:
                return load(stream, layer_of)
        except OSError as error:
            raise InputError(f"cannot read {given(str(source))}: {error.strerror}") from None
    try:
        head, values = _opened(source)
        return _assembled(head, values, layer_of)
    except InputError:
        raise
    except UsageError as error:
        raise InputError(f"the trace contradicts itself: {error}") from None
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, OverflowError, EOFError,
            zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:  # fmt: skip
        reason = given(str(error)) if str(error) else type(error).__name__
        raise InputError(f"not a trace that layeranim saved, or a damaged one: {reason}") from None


def _opened(stream: IO[bytes]) -> tuple[Any, Callable[[Mapping[str, Any]], Array]]:
    """The head, and a reader of the values that an entry of it describes."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    if stream.read(2) != b"PK":
        stream.seek(0)
        return json.loads(stream.read().decode(), parse_constant=_refuse), lambda entry: _nested(entry["values"], entry)
    archive = zipfile.ZipFile(stream)
    members = {info.filename: info for info in archive.infolist()}
    if len(members) < len(archive.infolist()) or sum(info.file_size for info in members.values()) > size:
        raise InputError("not a trace that layeranim saved: its members repeat or overlap")
    if any(info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1 for info in members.values()):
        raise InputError("not a trace that layeranim saved: its members are compressed or encrypted")
    return json.loads(archive.read(HEADER).decode(), parse_constant=_refuse), lambda entry: _member(archive, entry)


def _refuse(word: str) -> Any:
    raise InputError(f"not a trace that layeranim saved: {word} is written as a string")


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


def _assembled(head: Any, values: Callable[[Mapping[str, Any]], Array], layer_of: Callable[[str], Layer]) -> Trace:
    if head["format"] != FORMAT or head["version"] != VERSION:
        raise InputError(
            f"the file is {given(head['format'])} version {given(head['version'])}, "
            f"but this program reads {FORMAT} version {VERSION}"
        )
    layer = layer_of(str(head["layer"]))
    config = layer.config.of(head["options"])
    tensors: dict[str, Tensor] = {}
    for entry in head["tensors"]:
        tensors[entry["name"]] = _tensor(entry, values, tensors)
    shapes = {item.name: tensors[item.name].shape for item in layer.arrays if item.name in tensors}
    complete, needed = layer.complete(config, shapes)
    if complete != config or any(needed.get(name) != shape for name, shape in shapes.items()):
        raise InputError("the trace contradicts itself: its options and its tensors do not go together")
    return layer.assemble(config, tensors)


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
        labels = np.array(text, dtype=np.str_).reshape(entry["labels"]["shape"])
    return Tensor(str(entry["name"]), tuple(str(axis) for axis in entry["axes"]), entry["role"], array, labels)


def dumps(trace: Trace, suffix: str = ".npz") -> bytes:
    """The bytes that ``save`` writes."""
    stream = io.BytesIO()
    write(trace, stream, suffix)
    return stream.getvalue()


def same(first: Trace, second: Trace) -> bool:
    """Whether two traces are equal: layer, options, facts, number of steps, and stored tensors to the bit.

    Any NaN is like any other.
    """
    if (first.layer, first.config, first.facts) != (second.layer, second.config, second.facts):
        return False
    if tuple(first.tensors) != tuple(second.tensors) or len(first.steps) != len(second.steps):
        return False
    pairs = ((first.tensor(name), second.tensor(name)) for name in first.tensors)
    return all(_equal(one, other) for one, other in pairs)


def _equal(one: Tensor, other: Tensor) -> bool:
    if (one.axes, one.role, one.shape, one.dtype, one.is_recipe) != (
        other.axes, other.role, other.shape, other.dtype, other.is_recipe
    ):  # fmt: skip
        return False
    letters = [tensor.labels.tolist() if tensor.labels is not None else None for tensor in (one, other)]
    return letters[0] == letters[1] and (one.is_recipe or _to_the_bit(one.array, other.array))


def _to_the_bit(one: Array, other: Array) -> bool:
    """Equal with the sign of zero; any NaN equals any other, for JSON has but one."""
    if one.dtype.kind != "f":
        return bool((one == other).all())
    alike = (one == other) & (np.signbit(one) == np.signbit(other))
    return bool((alike | (np.isnan(one) & np.isnan(other))).all())
