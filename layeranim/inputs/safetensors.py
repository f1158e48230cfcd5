"""The ``.safetensors`` format: a length, a JSON directory, raw little-endian numbers.

Format: huggingface/safetensors, "Format": 8 bytes N, N bytes of JSON ``{name: {dtype, shape, data_offsets}}``, data.
"""

from __future__ import annotations

import json
import os
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from layeranim.inputs.npy import decode
from layeranim.inputs.request import Request

DTYPES = {
    "BOOL": "|b1", "U8": "|u1", "I8": "|i1", "U16": "<u2", "I16": "<i2", "U32": "<u4", "I32": "<i4",
    "U64": "<u8", "I64": "<i8", "F16": "<f2", "BF16": "<u2", "F32": "<f4", "F64": "<f8",
}  # fmt: skip
SAVE_AGAIN = "it is damaged or cut short: save it again"


def safetensors(stream: IO[bytes], request: Request) -> NDArray[Any]:
    """The tensor that the request's key names; bfloat16 is widened to float32."""
    directory, length, size = _directory(stream, request)
    with request.decoding("its header is not a JSON directory of tensors", SAVE_AGAIN):
        name = request.choose(list(directory))
        entry = directory[name]
        kind, shape, (begin, end) = str(entry["dtype"]), entry["shape"], entry["data_offsets"]
        if any(type(number) is not int for number in (*shape, begin, end)):
            raise TypeError("a size that is not a whole number")
    if kind not in DTYPES:
        raise request.refuse(f"holds numbers of type {kind[:40]}, read are {', '.join(DTYPES)}", "convert it to F32")
    dtype = np.dtype(DTYPES[kind])
    declared = request.check_shape(shape, dtype.itemsize)
    if begin < 0 or end - begin != declared or 8 + length + end > size:
        rule = f"its header places {declared} bytes at {begin}…{end} of {size - 8 - length}"
        raise request.refuse(rule, SAVE_AGAIN)
    stream.seek(8 + length + begin)
    numbers = decode(stream, declared, dtype, request).reshape(shape)
    return (numbers.astype("<u4") << np.uint32(16)).view("<f4") if kind == "BF16" else numbers


def safetensors_names(stream: IO[bytes], request: Request) -> list[str]:
    """The tensors of the file."""
    return list(_directory(stream, request)[0])


def safetensors_shapes(stream: IO[bytes], request: Request) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Type and shape of every tensor of the file."""
    directory = _directory(stream, request)[0]
    with request.decoding("its header is not a JSON directory of tensors", SAVE_AGAIN):
        return {name: (_named(str(e["dtype"])), tuple(int(n) for n in e["shape"])) for name, e in directory.items()}


def _named(kind: str) -> str:
    """The type as NumPy calls it; bfloat16, which it has not, by its own name."""
    return "bfloat16" if kind == "BF16" else np.dtype(DTYPES[kind]).name if kind in DTYPES else kind


def _directory(stream: IO[bytes], request: Request) -> tuple[dict[str, Any], int, int]:
    """The entries of the header by name, the header's length, and the file's."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    length = int.from_bytes(stream.read(8), "little")
    if size < 8 or length > size - 8:
        raise request.refuse(f"declares a header of {length} bytes, {max(0, size - 8)} are there", SAVE_AGAIN)
    request.check_size("the header", length, request.limits.text)
    with request.decoding("its header is not a JSON directory of tensors", SAVE_AGAIN):
        directory: dict[str, Any] = json.loads(stream.read(length).decode("utf-8"), object_pairs_hook=_once)
        directory.pop("__metadata__", None)
    return directory, length, size


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    entries = dict(pairs)
    if len(entries) < len(pairs):
        raise ValueError("a name that stands twice")
    return entries
