"""NumPy's ``.npy`` and ``.npz``: the header is read and checked before the numbers are, and nothing is unpickled.

Format: NumPy Enhancement Proposal 1 (``.npy`` 1.0 to 3.0); an ``.npz`` is a zip archive of them.
"""

from __future__ import annotations

import os
import re
import struct
import zipfile
from collections.abc import Sequence
from typing import IO, Any, Literal

import numpy as np
from numpy.typing import NDArray

from layeranim.inputs.request import Request
from layeranim.inputs.source import check_kind

NPY_MAGIC = b"\x93NUMPY"
ZIP_MAGIC = b"PK"
MAX_HEADER = 10_000  # NumPy's own limit
MAX_DIRECTORY = 2**20  # some ten thousand members
DEFLATE_RATIO = 1032  # zlib's format cannot do better
SAVE_AGAIN = "save it again with np.save or np.savez"

_PAIR = re.compile(
    r"""\s*(["'])(descr|fortran_order|shape)\1\s*:\s*("[^"]*"|'[^']*'|True|False|\([^()]*\)|\[.*\])\s*,"""
)
_DESCR = re.compile(r"\[|['\"][<>|=]?([biuf](?=[0-9]{1,2}['\"])|[cOSUVMm])")
_LENGTH = re.compile(r"-?[0-9]{1,19}L?")


def npy(stream: IO[bytes], size: int, request: Request) -> NDArray[Any]:
    """The array of a ``.npy`` that is ``size`` bytes long, read from the start of ``stream``."""
    dtype, shape, order, taken = _header(stream, request)
    declared = request.check_shape(shape, dtype.itemsize)
    if taken + declared != size:
        rule = f"its header declares {declared} bytes of numbers, {size - taken} are there"
        raise request.refuse(rule, f"it is damaged or cut short: {SAVE_AGAIN}")
    array: NDArray[Any] = decode(stream, declared, dtype, request).reshape(shape, order=order)
    return array


def decode(stream: IO[bytes], size: int, dtype: np.dtype[Any], request: Request) -> NDArray[Any]:
    """The numbers in the next ``size`` bytes, flat, without a copy where that can be."""
    data = stream.read(size)
    if len(data) < size:
        raise request.refuse("ended while it was read", "it is damaged or cut short: save it again")
    if dtype.kind == "b":  # a byte other than 0 and 1 would make a bool that is neither
        return np.frombuffer(data, np.uint8).astype(np.bool_)
    return np.frombuffer(data, dtype)


def _header(stream: IO[bytes], request: Request) -> tuple[np.dtype[Any], tuple[int, ...], Literal["C", "F"], int]:
    start = stream.read(8)
    if not start.startswith(NPY_MAGIC) or len(start) < 8:
        raise request.refuse("does not begin as a .npy file does", SAVE_AGAIN)
    if start[6] not in (1, 2, 3):
        raise request.refuse(f"is .npy version {start[6]}.{start[7]}, versions 1 to 3 are read", SAVE_AGAIN)
    width = 2 if start[6] == 1 else 4
    length = int.from_bytes(stream.read(width), "little")
    if length > MAX_HEADER:
        raise request.refuse(f"declares a header of {length} bytes, at most {MAX_HEADER} are read", SAVE_AGAIN)
    text = stream.read(length).decode("latin-1")
    fields = _fields(text)
    broken = request.refuse("its header is not the one that NumPy writes", SAVE_AGAIN)
    if fields is None:
        raise broken
    lengths = [item.strip() for item in fields["shape"].strip("()").split(",")]
    lengths = lengths[:-1] if lengths[-1] == "" else lengths
    described = _DESCR.match(fields["descr"])
    if (
        described is None
        or fields["fortran_order"] not in ("True", "False")
        or not all(_LENGTH.fullmatch(item) for item in lengths)
    ):
        raise broken
    check_kind("V" if described[0] == "[" else described[1], fields["descr"], request)
    try:
        dtype = np.dtype(fields["descr"][1:-1])
    except TypeError:
        raise broken from None
    shape = tuple(int(item.rstrip("L")) for item in lengths)
    return dtype, shape, "F" if fields["fortran_order"] == "True" else "C", 8 + width + length


def _fields(text: str) -> dict[str, str] | None:
    """The three entries of a header, as text; read by pattern, so that no parser of Python meets foreign bytes."""
    text = text.strip()
    body = text[1:-1].rstrip().removesuffix(",") + ","
    found: dict[str, str] = {}
    position = 0
    while position < len(body):
        pair = _PAIR.match(body, position)
        if pair is None:
            return None
        found[pair[2]] = pair[3]
        position = pair.end()
    return found if position == len(body) and len(found) == 3 and text[0] + text[-1] == "{}" else None


def npz(stream: IO[bytes], request: Request) -> NDArray[Any]:
    """The array of a ``.npz`` that the request's key names; the zip directory is checked before it is believed."""
    _check_directory(stream, request)
    refusal = request.decoding("is not a sound zip archive", f"it is damaged or cut short: {SAVE_AGAIN}")
    with refusal, zipfile.ZipFile(stream) as archive:
        member = _member(archive.infolist(), request)
        with archive.open(member) as opened:
            array = npy(opened, member.file_size, request)
            opened.read(1)  # at the end zipfile compares the checksum
            return array


def npz_names(stream: IO[bytes], request: Request) -> list[str]:
    """The arrays of a ``.npz``."""
    _check_directory(stream, request)
    refusal = request.decoding("is not a sound zip archive", f"it is damaged or cut short: {SAVE_AGAIN}")
    with refusal, zipfile.ZipFile(stream) as archive:
        return [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]


def npz_shapes(stream: IO[bytes], request: Request) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Type and shape of every array of a ``.npz``, from its header alone."""
    _check_directory(stream, request)
    refusal = request.decoding("is not a sound zip archive", f"it is damaged or cut short: {SAVE_AGAIN}")
    found = {}
    with refusal, zipfile.ZipFile(stream) as archive:
        for name in archive.namelist():
            if name.endswith(".npy"):
                with archive.open(name) as member:
                    dtype, shape, _, _ = _header(member, request)
                found[name.removesuffix(".npy")] = (dtype.name, shape)
    return found


def _check_directory(stream: IO[bytes], request: Request) -> None:
    """Refuse a directory too long to load; only the form that NumPy writes is read: no comment, no zip64 directory."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, size - 42))
    tail = stream.read(42)
    if len(tail) < 22 or tail[-22:-18] != b"PK\5\6" or tail[-2:] != b"\0\0":
        raise request.refuse("does not end as an .npz archive does", f"it is damaged or cut short: {SAVE_AGAIN}")
    length = struct.unpack("<I", tail[-10:-6])[0]
    if length > MAX_DIRECTORY or tail.startswith(b"PK\6\7"):
        rule = f"its zip directory takes over {MAX_DIRECTORY} bytes"
        raise request.refuse(rule, "save the one array that is needed with np.save")


def _member(members: Sequence[zipfile.ZipInfo], request: Request) -> zipfile.ZipInfo:
    arrays = {member.filename.removesuffix(".npy"): member for member in members if member.filename.endswith(".npy")}
    names = [member.filename for member in members]
    if len(set(names)) < len(names):
        twice = next(name for position, name in enumerate(names) if name in names[:position])
        raise request.refuse(f"holds '{twice[:40]}' twice", f"no telling which is meant: {SAVE_AGAIN}")
    chosen = arrays[request.choose(list(arrays))]
    if chosen.flag_bits & 1:
        raise request.refuse("is encrypted", "save it without a password")
    if chosen.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        rule = f"is compressed by method {chosen.compress_type}, not stored or deflated"
        raise request.refuse(rule, "save it with np.savez_compressed")
    request.check_size("the array", chosen.file_size, request.limits.size + MAX_HEADER)
    if chosen.file_size > DEFLATE_RATIO * chosen.compress_size + 64:
        rule = f"declares {chosen.file_size} bytes, more than its {chosen.compress_size} packed bytes can hold"
        raise request.refuse(rule, f"it is damaged: {SAVE_AGAIN}")
    return chosen
