"""Flax's ``.msgpack``, read by hand: MessagePack whose extension 1 is an array.

Format: msgpack/msgpack, spec.md; flax.serialization, ``_MsgpackExtType`` and ``_unchunk``: an array is the tuple
(shape, name of the type, bytes), one larger than 2³⁰ bytes a dict of chunks.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from layeranim.inputs.request import Request
from layeranim.inputs.stored.held import HeldArray, Stored, as_numbers, unreadable, widened
from layeranim.inputs.stored.tree import leaves
from layeranim.records import dataclass

DAMAGED = "it is damaged or cut short: save it again with flax.serialization.to_bytes"
ARRAY = 1
OBJECT = 128
DEEPEST = 64
_FIXED = {0xCA: ">f", 0xCB: ">d", 0xCC: ">B", 0xCD: ">H", 0xCE: ">I", 0xCF: ">Q", 0xD0: ">b", 0xD1: ">h", 0xD2: ">i",
          0xD3: ">q"}  # fmt: skip
_PLAIN = {0xC0: None, 0xC2: False, 0xC3: True}
_LENGTHS = {
    0xC4: (1, "bytes"), 0xC5: (2, "bytes"), 0xC6: (4, "bytes"), 0xD9: (1, "text"), 0xDA: (2, "text"), 0xDB: (4, "text"),
    0xDC: (2, "list"), 0xDD: (4, "list"), 0xDE: (2, "dict"), 0xDF: (4, "dict"), 0xC7: (1, "ext"), 0xC8: (2, "ext"),
    0xC9: (4, "ext"),
}  # fmt: skip


@dataclass(frozen=True)
class _Extension:
    """What is no plain value: its number, and where its bytes stand."""

    number: int
    first: int
    size: int


def msgpack_file(stream: IO[bytes], request: Request) -> Stored:
    """The arrays of a file of ``flax.serialization``; their layout is Flax's."""
    reader = _Packing(stream, request)
    with request.decoding("is no sound MessagePack", DAMAGED):
        root = reader.value(0)
    found, rest = leaves(root, _inner, _is_array, request)
    entries = {name: _held(reader, value, request) for name, value in found.items()}
    if not entries:
        raise request.refuse("holds no array", "save parameters: flax.serialization.to_bytes(params)")
    return Stored.of(entries, "flax", rest)


def _inner(value: Any) -> Mapping[Any, Any] | None:
    if isinstance(value, list):
        return dict(enumerate(value))
    return value if isinstance(value, dict) else None


def _is_array(value: Any) -> bool:
    chunked = isinstance(value, dict) and "__msgpack_chunked_array__" in value
    return chunked or (isinstance(value, _Extension) and value.number == ARRAY)


def _held(reader: _Packing, value: Any, request: Request) -> HeldArray:
    with request.decoding("holds an array that is not described as Flax does", DAMAGED):
        if isinstance(value, _Extension):
            (shape, kind), pieces = reader.described(value), [value]
        else:
            shape = [value["shape"][str(k)] for k in range(len(value["shape"]))]
            pieces = [value["chunks"][str(k)] for k in range(len(value["chunks"]))]
            kind = reader.described(pieces[0])[1]
        if any(type(n) is not int or n < 0 for n in shape):
            raise ValueError("a size that is none")

    def read(request: Request) -> NDArray[Any]:
        dtype = as_numbers(kind)
        if dtype is None:
            raise unreadable(kind, request)
        declared = request.check_shape(shape, dtype.itemsize)
        with request.decoding("holds an array that is not described as Flax does", DAMAGED):
            data = b"".join(reader.numbers(piece) for piece in pieces)
        if len(data) != declared:
            raise request.refuse(f"declares {declared} bytes of numbers, {len(data)} are there", DAMAGED)
        flat = np.frombuffer(data, np.uint8).astype(np.bool_) if dtype.kind == "b" else np.frombuffer(data, dtype)
        return widened(flat.reshape(shape), kind)

    return HeldArray(kind, tuple(shape), read)


class _Packing:
    """Values from where the stream stands; bytes of extensions are passed over."""

    def __init__(self, stream: IO[bytes], request: Request) -> None:
        self.stream, self.request = stream, request
        self.size = stream.seek(0, 2)
        self.left = request.limits.size // OBJECT
        stream.seek(0)

    def take(self, count: int) -> bytes:
        self.request.check_size("one value", count, self.request.limits.size)
        data = self.stream.read(count)
        if len(data) < count:
            raise self.request.refuse("ends in the middle of a value", DAMAGED)
        return data

    def whole(self, count: int) -> int:
        return int.from_bytes(self.take(count), "big")

    def value(self, depth: int) -> Any:
        """The next value."""
        self.left -= 1
        if self.left < 0 or depth > DEEPEST:
            raise self.request.refuse("holds too many values, or nests them too deep", "save the parameters alone")
        code = self.whole(1)
        if code < 0x80 or code >= 0xE0:
            return code if code < 0x80 else code - 256
        if code in _PLAIN:
            return _PLAIN[code]
        if code in _FIXED:
            return struct.unpack(_FIXED[code], self.take(struct.calcsize(_FIXED[code])))[0]
        if code < 0xC0:
            kind, length = (("dict", code & 15), ("list", code & 15), ("text", code & 31))[
                (code >= 0x90) + (code >= 0xA0)
            ]
        elif 0xD4 <= code <= 0xD8:
            kind, length = "ext", 1 << (code - 0xD4)
        else:
            width, kind = _LENGTHS[code]
            length = self.whole(width)
        return self.of(kind, length, depth)

    def of(self, kind: str, length: int, depth: int) -> Any:
        if kind == "list":
            return [self.value(depth + 1) for _ in range(length)]
        if kind == "dict":
            return {self.value(depth + 1): self.value(depth + 1) for _ in range(length)}
        if kind == "ext":
            number, first = self.whole(1), self.stream.tell()
            if first + length > self.size:
                raise self.request.refuse("ends in the middle of an array", DAMAGED)
            self.stream.seek(first + length)
            return _Extension(number, first, length)
        data = self.take(length)
        return data.decode("utf-8") if kind == "text" else data

    def described(self, found: _Extension) -> tuple[list[int], str]:
        """Shape and type of an array; the stream stands before its bytes then."""
        self.stream.seek(found.first)
        if self.whole(1) != 0x93:
            raise ValueError("not a tuple of three")
        shape, kind = self.value(0), self.value(0)
        return list(shape), kind.decode("ascii") if isinstance(kind, bytes) else str(kind)

    def numbers(self, found: _Extension) -> bytes:
        self.described(found)
        data = self.value(0)
        if not isinstance(data, bytes) or self.stream.tell() > found.first + found.size:
            raise ValueError("no bytes")
        return data
