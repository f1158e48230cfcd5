"""An array and where it came from."""

from __future__ import annotations

import hashlib
from dataclasses import field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from layeranim.inputs.request import Request
from layeranim.inputs.safe import printable
from layeranim.records import dataclass

Kind = Literal["file", "sample", "literal", "array", "random", "kernel"]

REFUSED = {
    "c": ("complex numbers", "take the real part x.real or the magnitude abs(x)"),
    "O": ("Python objects, which only pickle could load", "convert them to numbers first: x.astype(float)"),
    "S": ("text", "convert it to numbers first: x.astype(float)"),
    "U": ("text", "convert it to numbers first: x.astype(float)"),
    "T": ("text", "convert it to numbers first: x.astype(float)"),
    "M": ("dates", "convert them to numbers first: x.astype('int64')"),
    "m": ("time spans", "convert them to numbers first: x.astype('int64')"),
    "V": ("structured or unknown values", "take one field, x['name'], or convert with x.astype('float32')"),
}


@dataclass(frozen=True)
class Source:
    """An array and where it came from, for titles, provenance and fingerprints.

    ``array`` is read-only, C-contiguous, in native byte order and never the caller's own memory. ``name`` is short
    and safe to show: ``cat.png``, ``digit:3``, ``literal``, ``random:6x6 seed 0``. ``digest`` is the SHA-256, in hex,
    of dtype, shape and little-endian data: equal arrays have equal digests on every machine. ``layout`` is the order of
    axes that it came in, where that was another than here; ``picture`` says that it is one, whatever its name.
    ``said`` is what was made of the input that its numbers do not show, such as a header that was left out.
    ``foreign``: it was read outside of a manifest's folder, so that nothing of it is quoted.
    """

    array: NDArray[Any] = field(compare=False, repr=False)
    name: str
    kind: Kind
    digest: str
    layout: str = ""
    picture: bool = False
    said: tuple[str, ...] = field(default=(), compare=False)
    foreign: bool = field(default=False, compare=False)

    def with_array(self, array: NDArray[Any]) -> Source:
        """The same source of another array: its axes in another order."""
        frozen = np.array(array, order="C")
        frozen.setflags(write=False)
        return replace(self, array=frozen, digest=_digest(frozen))


def source(array: NDArray[Any], name: str, kind: Kind, request: Request, *, ours: bool = True) -> Source:
    """Make a :class:`Source`; ``ours`` means that nobody else holds the array's memory."""
    frozen = _freeze(array, request, ours)
    return Source(frozen, printable(name, 40), kind, _digest(frozen), said=tuple(request.said))


def check_kind(kind: str, dtype: str, request: Request) -> None:
    """Refuse what is not bool, integer or real; ``kind`` is NumPy's letter, ``dtype`` what to show."""
    if kind in REFUSED:
        held, remedy = REFUSED[kind]
        raise request.refuse(f"holds {held} (dtype {printable(dtype, 40)}), not real numbers", remedy)


def _freeze(array: NDArray[Any], request: Request, ours: bool) -> NDArray[Any]:
    """Bool, integers, float32 and float64 as they are; float16 widened to float32; longer floats to float64."""
    check_kind(array.dtype.kind, str(array.dtype), request)
    request.check_shape(array.shape, array.dtype.itemsize)
    if array.dtype.kind == "f" and array.dtype.itemsize not in (4, 8):
        target = np.dtype(np.float32 if array.dtype.itemsize < 4 else np.float64)
    else:
        target = array.dtype.newbyteorder("=")
    with np.errstate(all="ignore"):
        frozen = np.asarray(array, target, order="C") if ours else np.array(array, target, order="C")
    if array.dtype.itemsize > 8 and not np.array_equal(np.isinf(array), np.isinf(frozen)):
        raise request.refuse(f"holds {array.dtype} values beyond float64", "scale them below 1.8e308")
    frozen.setflags(write=False)
    return frozen


def _digest(array: NDArray[Any]) -> str:
    little = array.astype(array.dtype.newbyteorder("<"), copy=False)
    digest = hashlib.sha256(f"{little.dtype.str.replace('|', '<')} {array.shape}\n".encode())
    digest.update(little.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()
