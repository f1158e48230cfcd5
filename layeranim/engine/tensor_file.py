"""One tensor as a file that other programs read: NumPy's own, a table with a row a cell, or plain rows of numbers."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from typing import IO

import numpy as np

from layeranim.engine.trace import Tensor

BLOCK = 4096
"""Rows that are written at a time."""


def write(tensor: Tensor, file: IO[bytes], suffix: str) -> None:
    """Write the numbers of a tensor, exactly: every number reads back as what it was.

    ``.npy`` is NumPy's format. ``.csv`` has a column an axis, with indices from 0, and the numbers under the tensor's
    name, or under ``value`` where an axis has that name: one row a cell. ``.txt`` has the last axis along its lines, as
    ``numpy.loadtxt`` reads it; of more than two axes a line that begins with ``#`` says which slice follows. Of
    symbolic tensors the texts are written.
    """
    _WRITERS[suffix](tensor, file)


def _npy(tensor: Tensor, file: IO[bytes]) -> None:
    labels = tensor.labels
    np.save(file, tensor.array if labels is None else np.asarray(labels, dtype=np.str_), allow_pickle=False)


def _csv(tensor: Tensor, file: IO[bytes]) -> None:
    cells = ((*at, text) for at, text in zip(np.ndindex(tensor.shape), _texts(tensor), strict=True))
    _rows(
        file, (tuple(row) for row in ([*tensor.axes, "value" if tensor.name in tensor.axes else tensor.name], *cells))
    )


def _rows(file: IO[bytes], rows: Iterator[tuple[object, ...]]) -> None:
    page = io.StringIO()
    writer = csv.writer(page, lineterminator="\n")
    for number, row in enumerate(rows, 1):
        writer.writerow(row)
        if number % BLOCK == 0:
            file.write(page.getvalue().encode())
            page.seek(0)
            page.truncate()
    file.write(page.getvalue().encode())


def _txt(tensor: Tensor, file: IO[bytes]) -> None:
    across = tensor.shape[-1] if tensor.shape else 1
    texts, rows = _texts(tensor), tensor.shape[-2] if len(tensor.shape) > 1 else 1
    for at in np.ndindex(tensor.shape[:-2]):
        if len(tensor.shape) > 2:
            where = ", ".join(f"{axis} {n}" for axis, n in zip(tensor.axes, at, strict=False))
            file.write(f"# {tensor.name}: {where}\n".encode())
        for _ in range(rows):
            file.write((" ".join(next(texts) for _ in range(across)) + "\n").encode())


def _texts(tensor: Tensor) -> Iterator[str]:
    """Every cell, in C order, by the fewest digits that are that number."""
    if tensor.labels is not None:
        yield from (str(text) for text in np.asarray(tensor.labels).ravel())
        return
    flat = tensor.array.ravel()
    for start in range(0, flat.size, BLOCK):
        yield from (str(one) for one in flat[start : start + BLOCK])


_WRITERS: dict[str, Callable[[Tensor, IO[bytes]], None]] = {".npy": _npy, ".csv": _csv, ".txt": _txt}
SUFFIXES = tuple(_WRITERS)
