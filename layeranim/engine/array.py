"""Arrays at the engine's door: which types are taken, and what they are computed in."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from layeranim.engine.trace import Array
from layeranim.errors import ShapeError


def numeric(name: str, value: Any) -> Array:
    """``value`` as a new, read-only, C-ordered float array of the machine's byte order.

    float32 and float64 stay what they are; float16 becomes float32; bool, integers and longer floats become float64.
    Complex numbers, text, dates, objects, masked cells and numbers beyond float64 are refused. The caller's array is
    never changed or kept.
    """
    array = _array(name, value)
    if array.dtype.kind not in "biuf":
        raise ShapeError(f"{name} holds {array.dtype} values, but must hold real numbers")
    if array.size == 0:
        raise ShapeError(f"{name} has shape {shape_text(array.shape)}, but must hold at least one number")
    kind = np.float32 if array.dtype.newbyteorder("=") in (np.dtype(np.float32), np.dtype(np.float16)) else np.float64
    with np.errstate(over="ignore"):
        out = np.array(array, dtype=kind, order="C", copy=True)
    if array.dtype.itemsize > out.dtype.itemsize and not np.array_equal(np.isinf(array), np.isinf(out)):
        raise ShapeError(f"{name} holds {array.dtype} numbers beyond those of float64, {np.finfo(kind).max:.4g}")
    out.flags.writeable = False
    return out


def is_masked(value: Any) -> bool:
    """Whether a value is a masked array. There is none before ``numpy.ma`` is loaded, and asking should not load it."""
    return "numpy.ma" in sys.modules and isinstance(value, np.ma.MaskedArray)


def _array(name: str, value: Any) -> Array:
    """Whatever NumPy makes of a value, or a refusal that says why it makes nothing of it."""
    if is_masked(value) and np.ma.getmaskarray(value).any():
        raise ShapeError(
            f"{name} has {int(np.ma.getmaskarray(value).sum())} masked cells, but every cell must hold a number"
        )
    try:
        return np.asarray(value)
    except (ValueError, TypeError):
        raise ShapeError(f"{name} has rows of different lengths, but must be a full array of numbers") from None
    except RuntimeError as error:  # a tensor of another library, on a device or with a gradient
        reason = " ".join(str(error).split())[:200]
        raise ShapeError(f"{name} cannot be read as an array of numbers: {reason}") from None


def finite(*arrays: Array) -> bool:
    """Whether every number is finite, and their sums are."""
    with np.errstate(all="ignore"):
        return all(bool(np.isfinite(array.sum())) for array in arrays)


def common(*arrays: Array | None) -> np.dtype[Any]:
    """The type that a layer computes in: float32 when every array is float32, else float64."""
    kinds = {a.dtype for a in arrays if a is not None}
    return np.dtype(np.float32) if kinds == {np.dtype(np.float32)} else np.dtype(np.float64)


def shape_text(shape: tuple[int, ...]) -> str:
    """``3×4×5`` as errors print it; a number alone is ``()``."""
    return "×".join(str(n) for n in shape) or "()"


def axes_text(count: int) -> str:
    """``1 axis``, ``3 axes``."""
    return f"{count} {'axis' if count == 1 else 'axes'}"
