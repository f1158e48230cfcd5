"""What every format gives: the names in a file, what each array says of itself, its numbers when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import field
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from layeranim.inputs.request import Request
from layeranim.records import dataclass

Opener = Callable[[str], AbstractContextManager[IO[bytes]]]
"""Opens a file in the folder of the one that names it."""


@dataclass(frozen=True)
class HeldArray:
    """One array in a file: its type as NumPy calls it (or by its own name), its shape, and how it is read.

    ``read`` checks what the file declares before memory is taken, and refuses types that hold no real numbers.
    """

    kind: str
    shape: tuple[int, ...]
    read: Callable[[Request], NDArray[Any]]


@dataclass(frozen=True)
class Stored:
    """An open file of arrays: their ``names`` in its order, and ``held``, which describes one of them.

    ``convention`` is the library whose names and layout the file says that it has, if it says so; ``rest`` names what
    else stands in it and is no array; ``said`` is what it says of the layer whose names begin so.
    """

    names: Sequence[str]
    held: Callable[[str], HeldArray]
    convention: str = ""
    rest: tuple[str, ...] = ()
    said: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, entries: Mapping[str, HeldArray], convention: str = "", rest: Sequence[str] = ()) -> Stored:
        """The file of these entries."""
        return cls(list(entries), entries.__getitem__, convention, tuple(rest))


def bfloat16(bits: NDArray[Any]) -> NDArray[Any]:
    """The upper halves of float32 numbers, widened to them."""
    return np.asarray((bits.view("<u2").astype("<u4") << np.uint32(16)).view("<f4"))


def float8(bits: NDArray[Any], kind: str) -> NDArray[Any]:
    """Eight-bit floats, widened to float32: E4M3 (bias 7, no infinities) and E5M2, the upper half of a float16."""
    codes = np.arange(256, dtype=np.uint16)
    if kind == "float8_e5m2":
        table = (codes << 8).astype("<u2").view("<f2").astype(np.float32)
    else:
        exponent, mantissa = (codes >> 3 & 15).astype(np.int64), (codes & 7).astype(np.float32)
        size = np.where(exponent > 0, np.ldexp(1 + mantissa / 8, exponent - 7), np.ldexp(mantissa / 8, -6))
        table = np.where(codes & 127 == 127, np.nan, np.where(codes & 128, -size, size)).astype(np.float32)
    return np.asarray(table[bits.view(np.uint8)])


def as_numbers(kind: str) -> np.dtype[Any] | None:
    """How the bytes of a type are read: itself, or the bits of a float that NumPy has not; none for other types."""
    if kind in BITS:
        return np.dtype(BITS[kind])
    try:
        dtype = np.dtype(kind)
    except TypeError:
        return None
    return dtype.newbyteorder("<") if dtype.kind in "biuf" else None


def readable(kind: str) -> bool:
    """Whether numbers of that type can be read."""
    return kind == EIGHT_BITS or as_numbers(kind) is not None


EIGHT_BITS = "q8_0"
"""GGML's whole numbers with a scale for each 32 of them."""
BITS = {"bfloat16": "<u2", "float8_e4m3fn": "|u1", "float8_e5m2": "|u1"}
"""Floats that NumPy has not, each by the integer that holds its bits."""


def widened(numbers: NDArray[Any], kind: str) -> NDArray[Any]:
    """Numbers of which ``as_numbers`` said how their bytes are read."""
    return bfloat16(numbers) if kind == "bfloat16" else float8(numbers, kind) if kind in BITS else numbers


def unreadable(kind: str, request: Request) -> Exception:
    """The refusal of a type that holds no real numbers, or packs them."""
    if kind.startswith("complex"):
        return request.refuse(
            f"holds complex numbers ({kind})", "no layer takes them: save the real and imaginary part"
        )
    return request.refuse(f"holds numbers of type {kind[:60]}", "convert it to float32 and save it again")
