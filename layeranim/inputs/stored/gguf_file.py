"""llama.cpp's ``.gguf``: a directory of values and tensors, then raw little-endian numbers.

Format: ggml-org/ggml, docs/gguf.md. The sizes of a tensor stand with the fastest first, the other way round than in
NumPy. Of the values, which may list the words of a tokenizer, only what is said of the blocks is kept.
"""

from __future__ import annotations

import os
import re
import struct
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from layeranim.inputs.npy import decode
from layeranim.inputs.request import Request
from layeranim.inputs.stored.held import EIGHT_BITS, HeldArray, Stored, as_numbers, unreadable, widened

DAMAGED = "it is damaged or cut short: download it again"
NO_DIRECTORY = "its header is no directory of tensors"
KINDS = {0: "float32", 1: "float16", 2: "q4_0", 3: "q4_1", 6: "q5_0", 7: "q5_1", 8: EIGHT_BITS, 10: "q2_k", 11: "q3_k",
         12: "q4_k", 13: "q5_k", 14: "q6_k", 24: "int8", 25: "int16", 26: "int32", 27: "int64", 28: "float64",
         30: "bfloat16"}  # fmt: skip
_VALUES = ("B", "b", "H", "h", "I", "i", "f", "?", "", "", "Q", "q", "d")
_TEXT, _LIST = 8, 9
_BLOCK = 32
"""Numbers that share one scale."""


def gguf_file(stream: IO[bytes], request: Request) -> Stored:
    """The tensors of the file; of quantised ones those of type Q8_0. ``said`` holds what it says of every block."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    directory = _Directory(stream.read(min(size, request.limits.directory)))
    if directory.data[:4] != b"GGUF" or len(directory.data) < 24:
        raise request.refuse("does not begin as a .gguf file does", DAMAGED)
    version, tensors, values = (directory.number(letter) for letter in "IQQ")
    if version not in (2, 3):
        raise request.refuse(f"is .gguf of version {version:#x}, 2 and 3 are read, little-endian", "convert it anew")
    try:
        told = {directory.text(): directory.value(directory.number("I")) for _ in range(values)}
        found = {directory.text(): directory.tensor() for _ in range(tensors)}
    except (struct.error, IndexError, ValueError) as error:
        if size > len(directory.data):
            request.check_size("the header", len(directory.data) + 1, request.limits.directory)
        raise request.refuse(NO_DIRECTORY, DAMAGED) from error
    aligned = told.get("general.alignment") or 32
    with request.decoding(NO_DIRECTORY, DAMAGED):
        start = -(-directory.at // aligned) * aligned
    entries = {name: _held(stream, start, size, *tensor) for name, tensor in found.items()}
    blocks = {match[0] for name in found if (match := re.match(r"blk\.\d+\.", name))}
    said = _said(told, "rope_freqs.weight" in found)
    return Stored(list(entries), entries.__getitem__, said=dict.fromkeys(blocks, said))


def _said(told: dict[str, Any], scaled: bool) -> dict[str, Any]:
    """What the values say of every block, by our words; ``architecture`` is there always."""
    whose = told.get("general.architecture")
    keys = {"heads": "attention.head_count", "eps": "attention.layer_norm_rms_epsilon", "base": "rope.freq_base",
            "turned": "rope.dimension_count"}  # fmt: skip
    found: dict[str, Any] = {ours: told.get(f"{whose}.{key}") for ours, key in keys.items()}
    found["eps"] = found["eps"] or told.get(f"{whose}.attention.layer_norm_epsilon")
    scaled = scaled or told.get(f"{whose}.rope.scaling.type", "none") != "none"
    known = {
        n: v for n, v in found.items() if type(v) in ((int,) if n in ("heads", "turned") else (int, float)) and v > 0
    }
    return {"architecture": str(whose), "scaled": scaled, **known}


class _Directory:
    """The bytes of the header, read from front to back."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 4

    def number(self, letter: str) -> Any:
        """One number of a type of ``struct``."""
        (found,) = struct.unpack_from(f"<{letter}", self.data, self.at)
        self.at += struct.calcsize(f"<{letter}")
        return found

    def text(self) -> str:
        """A text behind its length."""
        length = self.number("Q")
        if length > len(self.data) - self.at:
            raise ValueError("a text that ends outside")
        self.at += length
        return self.data[self.at - length : self.at].decode("utf-8", "replace")

    def value(self, kind: int) -> Any:
        """A value; of a list nothing but its end."""
        if kind == _TEXT:
            return self.text()
        if kind != _LIST:
            return self.number(_VALUES[kind] or "x")
        inner, count = self.number("I"), self.number("Q")
        if inner == _LIST:
            raise ValueError("a list of lists")
        if inner == _TEXT:
            for _ in range(count):
                self.text()
        else:
            self.at += count * struct.calcsize(f"<{_VALUES[inner]}")
        return None

    def tensor(self) -> tuple[str, tuple[int, ...], int]:
        """Type, shape as NumPy has it, and where the numbers begin behind the header."""
        shape = tuple(self.number("Q") for _ in range(self.number("I")))
        kind = self.number("I")
        return KINDS.get(kind, f"GGML type {kind}"), shape[::-1], self.number("Q")


def _held(stream: IO[bytes], start: int, size: int, kind: str, shape: tuple[int, ...], offset: int) -> HeldArray:
    def read(request: Request) -> NDArray[Any]:
        packed = kind == EIGHT_BITS
        dtype = np.dtype("<f4") if packed else as_numbers(kind)
        if dtype is None:
            raise unreadable(kind, request)
        taken = request.check_shape(shape, dtype.itemsize)
        if packed and shape[-1] % _BLOCK:
            raise request.refuse(f"its rows have {shape[-1]} numbers, no multiple of {_BLOCK}", DAMAGED)
        taken = taken // 4 // _BLOCK * (_BLOCK + 2) if packed else taken
        if start + offset + taken > size:
            raise request.refuse(f"its header places {taken} bytes at {offset} of {max(0, size - start)}", DAMAGED)
        stream.seek(start + offset)
        if packed:  # of each block a half float, the scale, then whole numbers
            blocks = decode(stream, taken, np.dtype("u1"), request).reshape(-1, _BLOCK + 2)
            scale = np.ascontiguousarray(blocks[:, :2]).view("<f2").astype(np.float32)
            return (scale * blocks[:, 2:].view(np.int8)).reshape(shape)
        return widened(decode(stream, taken, dtype, request).reshape(shape), kind)

    return HeldArray(kind, shape, read)
