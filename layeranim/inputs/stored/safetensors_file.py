"""The ``.safetensors`` format: a length, a JSON directory, raw little-endian numbers.

Format: huggingface/safetensors, "Format": 8 bytes N, N bytes of JSON ``{name: {dtype, shape, data_offsets}}``, data.
``__metadata__`` may say whose layout it is (``{"format": "mlx"}``), and by which name a tensor that stands once is
known too (``{"out.weight": "emb.weight"}``, written by ``save_model``).
"""

from __future__ import annotations

import json
import os
from typing import IO, Any

from numpy.typing import NDArray

from layeranim.inputs.npy import decode
from layeranim.inputs.request import Request
from layeranim.inputs.stored.held import HeldArray, Stored, as_numbers, unreadable, widened

KINDS = {
    "BOOL": "bool", "U8": "uint8", "I8": "int8", "U16": "uint16", "I16": "int16", "U32": "uint32", "I32": "int32",
    "U64": "uint64", "I64": "int64", "F16": "float16", "BF16": "bfloat16", "F32": "float32", "F64": "float64",
    "F8_E4M3": "float8_e4m3fn", "F8_E5M2": "float8_e5m2", "C64": "complex64",
}  # fmt: skip
FORMATS = {"mlx": "mlx", "flax": "flax"}
"""Of the formats that a file can say it has, those with a layout of their own."""
SAVE_AGAIN = "it is damaged or cut short: save it again"
NO_DIRECTORY = "its header is not a JSON directory of tensors"


def safetensors_file(stream: IO[bytes], request: Request) -> Stored:
    """The tensors of the file; bfloat16 and 8-bit floats are widened to float32."""
    directory, length, size = _directory(stream, request)
    with request.decoding(NO_DIRECTORY, SAVE_AGAIN):
        told = directory.pop("__metadata__", None) or {}
        same = {str(a): str(b) for a, b in told.items() if str(b) in directory and str(a) not in directory}
        names = [*directory, *same]

    def held(name: str) -> HeldArray:
        with request.decoding(NO_DIRECTORY, SAVE_AGAIN):
            entry = directory[same.get(name, name)]
            kind, shape, (begin, end) = str(entry["dtype"]), entry["shape"], entry["data_offsets"]
            if any(type(number) is not int for number in (*shape, begin, end)):
                raise TypeError("a size that is not a whole number")

        def read(request: Request) -> NDArray[Any]:
            return _numbers(stream, KINDS.get(kind, kind), tuple(shape), (begin, end), (8 + length, size), request)

        return HeldArray(KINDS.get(kind, kind), tuple(shape), read)

    return Stored(names, held, FORMATS.get(str(told.get("format")), ""))


def _numbers(
    stream: IO[bytes], kind: str, shape: tuple[int, ...], at: tuple[int, int], data: tuple[int, int], request: Request
) -> NDArray[Any]:
    dtype, (begin, end), (start, size) = as_numbers(kind), at, data
    if dtype is None:
        raise unreadable(kind, request)
    declared = request.check_shape(shape, dtype.itemsize)
    if begin < 0 or end - begin != declared or start + end > size:
        raise request.refuse(f"its header places {declared} bytes at {begin}…{end} of {size - start}", SAVE_AGAIN)
    stream.seek(start + begin)
    return widened(decode(stream, declared, dtype, request).reshape(shape), kind)


def _directory(stream: IO[bytes], request: Request) -> tuple[dict[str, Any], int, int]:
    """The entries of the header by name, the header's length, and the file's."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    length = int.from_bytes(stream.read(8), "little")
    if size < 8 or length > size - 8:
        raise request.refuse(f"declares a header of {length} bytes, {max(0, size - 8)} are there", SAVE_AGAIN)
    request.check_size("the header", length, request.limits.directory)
    with request.decoding(NO_DIRECTORY, SAVE_AGAIN):
        directory: dict[str, Any] = json.loads(stream.read(length).decode("utf-8"), object_pairs_hook=_once)
    return directory, length, size


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    entries = dict(pairs)
    if len(entries) < len(pairs):
        raise ValueError("a name that stands twice")
    return entries
