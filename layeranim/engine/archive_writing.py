"""A trace on its way to disk: ``.npz`` (a zip of ``.npy`` members that NumPy reads too) and ``.json``, without pickle.

Only what cannot be made again is stored: the layer's name, its options as text, and the tensors that are no recipes.
The same trace gives the same bytes: members are uncompressed and carry no date.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from layeranim.engine.kinds import given
from layeranim.engine.written import written
from layeranim.errors import OutputError, RenderError

if TYPE_CHECKING:  # a trace saves itself by this: at run time the arrow points this way alone
    from layeranim.engine.trace import Array, Tensor, Trace

FORMAT, VERSIONS = "layeranim trace", (1, 2)
"""Version 2 is that of a backward pass: its forward trace as in version 1, and under ``backward`` what was added."""

BACK = ("backward", "given")
HEADER = "trace.json"
"""The member of an ``.npz`` that says what the others are."""

SUFFIXES = (".npz", ".json")
PIECE = 2**15
"""Numbers that become text together."""


def stored(trace: Trace) -> list[Tensor]:
    """The tensors that are written: all but the recipes; of a backward pass those that its forward trace has not."""
    return [tensor for tensor in trace.own().values() if not tensor.is_recipe]


def save(trace: Trace, path: str | os.PathLike[str], overwrite: bool = False) -> None:
    """Write ``trace`` to a ``.npz`` or ``.json`` file, complete or not at all.

    Raises ``OutputError`` where the path cannot be written, or holds what is no trace and ``overwrite`` is not given;
    ``RenderError`` where writing fails.
    """
    path = Path(path)
    if path.suffix.lower() not in SUFFIXES:
        raise OutputError(f"{given(str(path))} must end in {' or '.join(SUFFIXES)} to hold a trace")
    plain(path)
    if not overwrite and in_the_way(path):
        raise OutputError(f"{given(str(path))} holds what is no trace; choose another name, or give overwrite=True")
    whole(path, lambda stream: write(trace, stream, path.suffix.lower()))


def whole(path: Path, write_to: Callable[[IO[bytes]], None]) -> None:
    """Write a file, complete or not at all.

    Raises ``OutputError`` where nothing can be written there, ``RenderError`` where writing fails.
    """
    plain(path)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        stream = part.open("wb")
    except OSError as error:
        raise OutputError(f"cannot write {given(str(path))}: {error.strerror}") from None
    try:
        with stream:
            write_to(stream)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(path)
    except OSError as error:
        raise RenderError(f"cannot write {given(str(path))}: {error.strerror}; nothing was replaced") from None
    finally:
        part.unlink(missing_ok=True)


def plain(path: Path) -> None:
    """Refuse what is no plain file: a folder, a link, a pipe, which is not even read. Raises ``OutputError``."""
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise OutputError(f"{given(str(path))} is not a plain file; choose another name")


def in_the_way(path: Path, format: str = FORMAT) -> bool:
    """Whether something stands there that is no saved trace, and not empty; its first bytes tell."""
    try:
        with path.open("rb") as file:
            begins = file.read(100)
    except OSError:
        return False
    return bool(begins) and not (begins[:2] in (b'{"', b"PK") and f'{{"format": "{format}"'.encode() in begins)


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
            add(archive, name, array)


def add(archive: zipfile.ZipFile, name: str, array: Array) -> None:
    """One array as a member, little-endian, without a date."""
    with archive.open(zipfile.ZipInfo(name), "w", force_zip64=True) as file:
        little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).reshape(array.shape)
        np.lib.format.write_array(file, little, version=(1, 0), allow_pickle=False)


def pieces(trace: Trace) -> Iterator[str]:
    """A trace as JSON, some at a time: its text is several times as large as its numbers."""
    arrays: dict[int, Array] = {}

    def kept(tensor: Tensor, of: str) -> dict[str, Any]:
        values = arrays[len(arrays)] = tensor.array
        return {"values": len(arrays) - 1} if values.ndim else {"values": listed(values)}

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
        yield written(listed(array))
        return
    flat = array.ndim == 1
    for k, part in enumerate(np.split(array, range(PIECE, array.size, PIECE)) if flat else array):
        yield ", " if k else "["
        yield written(listed(part))[1:-1] if flat else ""
        yield from () if flat else _nested(part)
    yield "]"


def _head(trace: Trace, values: Callable[[Tensor, str], dict[str, Any]]) -> dict[str, Any]:
    """Everything but the numbers, each under every name it has: who reads them by name need not know of the others."""

    def entries(tensors: Iterable[Tensor], of: str = "") -> list[dict[str, Any]]:
        return [_entry(tensor, of, values) for tensor in tensors]

    origin = trace.origin
    first = origin.forward if origin else trace
    head = {"format": FORMAT, "version": VERSIONS[bool(origin)], "layer": first.layer,
            "options": first.config.shown(), "tensors": entries(stored(first))}  # fmt: skip
    if origin:
        given = (replace(first.tensor(name), source=array, labels=None) for name, array in origin.given.items())
        head |= {"backward": entries(stored(trace), "backward/"), "given": entries(given, "given/")}
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


def listed(array: Array) -> Any:
    """Nested lists; what JSON has no number for is a word."""
    if array.ndim:
        return [listed(part) for part in array] if not np.isfinite(array).all() else array.tolist()
    value = array.item()
    return value if np.isfinite(value) else "NaN" if np.isnan(value) else "Infinity" if value > 0 else "-Infinity"
