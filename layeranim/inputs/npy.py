"""NumPy's ``.npy`` and ``.npz``: the header is read and checked before the numbers are, and nothing is unpickled.

Format: NumPy Enhancement Proposal 1 (``.npy`` 1.0 to 3.0); an ``.npz`` is a zip archive of them (``stored``).
"""

from __future__ import annotations

import os
import re
import struct
from typing import IO, Any, Literal

import numpy as np
from numpy.typing import NDArray

from layeranim.inputs.request import Request
from layeranim.inputs.source import check_kind

NPY_MAGIC = b"\x93NUMPY"
ZIP_MAGIC = b"PK"
MAX_HEADER = 10_000  # NumPy's own limit
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


def described(stream: IO[bytes], request: Request) -> tuple[str, tuple[int, ...], Literal["C", "F"], int]:
    """The type as the header writes it, the shape, the order, and how many bytes that took."""
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
    if (
        _DESCR.match(fields["descr"]) is None
        or fields["fortran_order"] not in ("True", "False")
        or not all(_LENGTH.fullmatch(item) for item in lengths)
    ):
        raise broken
    shape = tuple(int(item.rstrip("L")) for item in lengths)
    return fields["descr"], shape, "F" if fields["fortran_order"] == "True" else "C", 8 + width + length


def _header(stream: IO[bytes], request: Request) -> tuple[np.dtype[Any], tuple[int, ...], Literal["C", "F"], int]:
    """As :func:`described`, with the type that the numbers are read as."""
    descr, shape, order, taken = described(stream, request)
    if descr[1:-1] in ("<V2", "|V2"):
        rule = "holds 2-byte values without a type, as NumPy writes the bfloat16 of JAX and MLX"
        raise request.refuse(rule, "convert it before saving: x.astype('float32')")
    check_kind("V" if descr[0] == "[" else _DESCR.match(descr)[1], descr, request)  # type: ignore[index]
    try:
        return np.dtype(descr[1:-1]), shape, order, taken
    except TypeError:
        raise request.refuse("its header is not the one that NumPy writes", SAVE_AGAIN) from None


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


def check_directory(
    stream: IO[bytes], request: Request, what: str = "an .npz archive", again: str = SAVE_AGAIN
) -> None:
    """Refuse a directory too long to load; only the form that NumPy and PyTorch write is read: no comment behind."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, size - 98))
    tail = stream.read(98)
    if len(tail) < 22 or tail[-22:-18] != b"PK\5\6" or tail[-2:] != b"\0\0":
        raise request.refuse(f"does not end as {what} does", f"it is damaged or cut short: {again}")
    length = struct.unpack("<I", tail[-10:-6])[0]
    if tail[-42:-38] == b"PK\6\7":  # of more than 65,535 members, or 4 GiB: the real numbers stand before it
        if tail[:4] != b"PK\6\6" or struct.unpack("<Q", tail[-34:-26])[0] != size - 98:
            raise request.refuse(f"does not end as {what} does", f"it is damaged: {again}")
        length = struct.unpack("<Q", tail[40:48])[0]
    request.check_size("its zip directory", length, request.limits.directory)
