"""Paddle's ``.pdparams``, without Paddle: a pickle of NumPy's arrays that is never run."""

from __future__ import annotations

from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from layeranim.inputs.request import Request
from layeranim.inputs.stored.held import HeldArray, Stored, unreadable
from layeranim.inputs.stored.pickled import Inert, unpickled

DAMAGED = "it is damaged or cut short: save it again with paddle.save"
ARRAYS = ("numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct")
_RECURRENT = ".cell."
"""In the second of the two names that each array of a recurrent layer has."""


def paddle_file(stream: IO[bytes], request: Request) -> Stored:
    """The arrays of a state dict that ``paddle.save`` wrote; their layout is Paddle's."""
    size = stream.seek(0, 2)
    request.check_size("the file", size, request.limits.size)
    stream.seek(0)
    root = unpickled(stream.read(size), request)
    if not isinstance(root, dict):
        raise request.refuse("is a pickle, but no state dict of paddle.save", "paddle.save(model.state_dict(), path)")
    entries = {str(name): _held(_array(value), request) for name, value in root.items() if _array(value) is not None}
    rest = [str(name) for name in root if str(name) not in entries]
    return Stored.of(entries, "paddle", rest)


def _array(value: Any) -> Inert | None:
    """The array itself, or that of the pair (name, array) that a tensor is saved as."""
    if isinstance(value, tuple) and len(value) == 2:
        value = value[1]
    if isinstance(value, Inert) and value.what == "builtins.tuple" and value.arguments:
        return _array(tuple(value.arguments[0]))
    return value if isinstance(value, Inert) and value.what in ARRAYS else None


def _held(array: Inert | None, request: Request) -> HeldArray:
    with request.decoding("holds an array that is not described as NumPy does", DAMAGED):
        _, shape, dtype, fortran, data = array.state  # type: ignore[union-attr]
        text = str(dtype.arguments[0])
        order = dtype.state[1] if dtype.state else "<"
        if not isinstance(data, bytes) or any(type(n) is not int or n < 0 for n in shape):
            raise ValueError("no array")
        kind = np.dtype(text).name if text[:1] in "biuf" else text[:40]

    def read(request: Request) -> NDArray[Any]:
        if text[:1] not in "biuf":
            raise unreadable(kind, request)
        numbers = np.dtype(text).newbyteorder(">" if order == ">" else "<")
        if request.check_shape(shape, numbers.itemsize) != len(data):
            raise request.refuse(f"declares shape {shape}, {len(data)} bytes are there", DAMAGED)
        flat = np.frombuffer(data, np.uint8).astype(np.bool_) if numbers.kind == "b" else np.frombuffer(data, numbers)
        return flat.reshape(shape, order="F" if fortran else "C")

    return HeldArray(kind, tuple(shape), read)
