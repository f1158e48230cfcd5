"""Traces on disk: ``.npz`` (a zip of ``.npy`` members that NumPy reads too) and ``.json``, without pickle.

Only what cannot be made again is stored: the layer's name, its options as text, and the tensors that are no recipes.
The same trace gives the same bytes: members are uncompressed and carry no date. A file is data from a stranger:
sizes are compared before memory is taken, and nothing in it is run.
"""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import numpy as np

from layeranim.engine.archive_reading import BACK, FORMAT, HEADER, VERSIONS, assembled, opened, sound, stored
from layeranim.engine.option import Layer, given
from layeranim.engine.trace import Array, Tensor, Trace
from layeranim.engine.written import written
from layeranim.errors import InputError, OutputError, RenderError, UsageError

SUFFIXES = (".npz", ".json")
PIECE = 2**15
"""Numbers that become text together."""


def save(trace: Trace, path: str | os.PathLike[str], overwrite: bool = False) -> None:
    """Write ``trace`` to a ``.npz`` or ``.json`` file, complete or not at all.

    Raises ``OutputError`` where the path cannot be written, or holds what is no trace and ``overwrite`` is not given;
    ``RenderError`` where writing fails.
    """
    path = Path(path)
    if path.suffix.lower() not in SUFFIXES:
        raise OutputError(f"{given(str(path))} must end in {' or '.join(SUFFIXES)} to hold a trace")
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise OutputError(f"{given(str(path))} is not a plain file; choose another name")
    if not overwrite and in_the_way(path):
        raise OutputError(f"{given(str(path))} holds what is no trace; choose another name, or give overwrite=True")
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


def in_the_way(path: Path) -> bool:
    """Whether something stands there that is no saved trace, and not empty; its first bytes tell."""
    try:
        with path.open("rb") as file:
            begins = file.read(100)
    except OSError:
        return False
    return bool(begins) and not (begins[:2] in (b'{"', b"PK") and f'{{"format": "{FORMAT}"'.encode() in begins)


def write(trace: Trace, stream: IO[bytes], suffix: str) -> None:
    """Write ``trace`` to an open file in the form of ``.npz`` or ``.json``."""
    if suffix == ".json":
        for piece in pieces(trace):
            stream.write(piece.encode())
        return
    members: dict[str, Array] = {}

    def member(tensor: Tensor, of: str) -> dict[str, Any]:
        name = f"{of}{tensor.name}.npy"
        members[name] = tensor.array
        return {"member": name}

    head = _head(trace, member)
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(zipfile.ZipInfo(HEADER), written(head))
        for name, array in members.items():
            with archive.open(zipfile.ZipInfo(name), "w", force_zip64=True) as file:
                little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).reshape(array.shape)
                np.lib.format.write_array(file, little, version=(1, 0), allow_pickle=False)


def pieces(trace: Trace) -> Iterator[str]:
    """A trace as JSON, some at a time: its text is several times as large as its numbers."""
    arrays: dict[int, Array] = {}

    def kept(tensor: Tensor, of: str) -> dict[str, Any]:
        values = arrays[len(arrays)] = tensor.array
        return {"values": len(arrays) - 1} if values.ndim else {"values": _plain(values)}

    head = _head(trace, kept)
    lists = {key: head.pop(key) for key in ("tensors", *BACK) if key in head}
    yield written(head)[:-1]
    for key, entries in lists.items():
        yield f', "{key}": [\n'
        for k, entry in enumerate(entries):
            yield ",\n" if k else ""
            yield from _entry_pieces(entry, arrays)
        yield "\n]"
    yield "}\n"


def _entry_pieces(entry: dict[str, Any], arrays: Mapping[int, Array]) -> Iterator[str]:
    """One tensor's entry, with its numbers in their place."""
    for k, (key, value) in enumerate(entry.items()):
        yield f'{", " if k else "{"}"{key}": '
        if key == "values" and type(value) is int and entry["shape"]:
            yield from _nested(arrays[value])
        else:
            yield written(value)
    yield "}"


def _nested(array: Array) -> Iterator[str]:
    """Nested lists of numbers, as `written` writes them."""
    if array.size <= PIECE:
        yield written(_plain(array))
        return
    flat = array.ndim == 1
    for k, part in enumerate(np.split(array, range(PIECE, array.size, PIECE)) if flat else array):
        yield ", " if k else "["
        yield written(_plain(part))[1:-1] if flat else ""
        yield from () if flat else _nested(part)
    yield "]"


def _head(trace: Trace, values: Callable[[Tensor, str], dict[str, Any]]) -> dict[str, Any]:
    """Everything but the numbers, each under every name it has: who reads them by name need not know of the others."""

    def listed(tensors: Iterable[Tensor], of: str = "") -> list[dict[str, Any]]:
        return [_entry(tensor, of, values) for tensor in tensors]

    origin = trace.origin
    first = origin.forward if origin else trace
    head = {"format": FORMAT, "version": VERSIONS[bool(origin)], "layer": first.layer,
            "options": first.config.shown(), "tensors": listed(stored(first))}  # fmt: skip
    if origin:
        given = (replace(first.tensor(name), source=array, labels=None) for name, array in origin.given.items())
        head |= {"backward": listed(stored(trace), "backward/"), "given": listed(given, "given/")}
    return head


def _entry(tensor: Tensor, of: str, values: Callable[[Tensor, str], dict[str, Any]]) -> dict[str, Any]:
    """One tensor; ``of`` stands before the names of a list that is not the first."""
    entry: dict[str, Any] = {
        "name": tensor.name, "axes": list(tensor.axes), "role": tensor.role,
        "dtype": tensor.dtype.name, "shape": list(tensor.shape),
    }  # fmt: skip
    entry |= values(tensor, of)
    if tensor.labels is not None:
        entry["labels"] = {"shape": list(tensor.labels.shape), "text": [str(t) for t in tensor.labels.flat]}
    return entry


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
        head, values = opened(source)
        found = assembled(head, values, layer_of)
        sound(found)
        return found
    except InputError:
        raise
    except UsageError as error:
        raise InputError(f"the trace contradicts itself: {error}") from None
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, OverflowError, EOFError,
            zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:  # fmt: skip
        reason = given(str(error)) if str(error) else type(error).__name__
        raise InputError(f"not a trace that layeranim saved, or a damaged one: {reason}") from None


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
