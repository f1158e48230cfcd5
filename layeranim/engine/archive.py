"""Traces on disk, both ways: saved by ``archive_writing``, read back by ``archive_reading``, and compared here.

A file is data from a stranger: sizes are compared before memory is taken, and nothing in it is run.
"""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import IO

import numpy as np

from layeranim.engine.archive_reading import assembled, opened, sound
from layeranim.engine.archive_writing import SUFFIXES, in_the_way, pieces, save, write
from layeranim.engine.option import Layer, given
from layeranim.engine.trace import Array, Tensor, Trace
from layeranim.errors import InputError, MemoryLimitError, UsageError

__all__ = ["SUFFIXES", "dumps", "in_the_way", "load", "pieces", "same", "save", "write"]


def load(source: str | os.PathLike[str] | IO[bytes], layer_of: Callable[[str], Layer]) -> Trace:
    """The trace in a file that ``save`` wrote; ``layer_of`` finds a layer by its name.

    Raises ``InputError`` for anything that is not such a file.
    """
    if isinstance(source, (str, os.PathLike)):
        try:
            with Path(source).open("rb") as stream:
                return load(stream, layer_of)
        except OSError as error:
            raise InputError(f"cannot read {given(str(source))}: {error.strerror}") from None
    try:
        head, values = opened(source)
        found = assembled(head, values, layer_of)
        sound(found)
        return found
    except (InputError, MemoryLimitError):
        raise
    except UsageError as error:
        raise InputError(f"the trace contradicts itself: {error}") from None
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, OverflowError, EOFError,
            zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:  # fmt: skip
        reason = given(str(error)) if str(error) else type(error).__name__
        raise InputError(f"not a trace that layeranim saved, or a damaged one: {reason}") from None


def dumps(trace: Trace, suffix: str = ".npz") -> bytes:
    """The bytes that ``save`` writes."""
    stream = io.BytesIO()
    write(trace, stream, suffix)
    return stream.getvalue()


def same(first: Trace, second: Trace) -> bool:
    """Whether two traces are equal: layer, options, facts, number of steps, and stored tensors to the bit.

    Any NaN is like any other.
    """
    if (first.layer, first.config, first.facts) != (second.layer, second.config, second.facts):
        return False
    if tuple(first.tensors) != tuple(second.tensors) or len(first.steps) != len(second.steps):
        return False
    pairs = ((first.tensor(name), second.tensor(name)) for name in first.tensors)
    return all(_equal(one, other) for one, other in pairs)


def _equal(one: Tensor, other: Tensor) -> bool:
    if (one.axes, one.role, one.shape, one.dtype, one.is_recipe) != (
        other.axes, other.role, other.shape, other.dtype, other.is_recipe
    ):  # fmt: skip
        return False
    letters = [tensor.labels.tolist() if tensor.labels is not None else None for tensor in (one, other)]
    return letters[0] == letters[1] and (one.is_recipe or _to_the_bit(one.array, other.array))


def _to_the_bit(one: Array, other: Array) -> bool:
    """Equal with the sign of zero; any NaN equals any other, for JSON has but one."""
    if one.dtype.kind != "f":
        return bool((one == other).all())
    alike = (one == other) & (np.signbit(one) == np.signbit(other))
    return bool((alike | (np.isnan(one) & np.isnan(other))).all())
