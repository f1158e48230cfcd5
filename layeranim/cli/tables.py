"""Traces and storyboards as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby, islice
from typing import Any

import numpy as np

from layeranim import numbers, theme
from layeranim.engine.trace import Array, Tensor, Trace, count
from layeranim.stories.storyboard import Storyboard, plain

ROWS, COLUMNS, BLOCKS = 12, 16, 4
SMALL = 256
"""Cells up to which a recipe is worked out to be shown."""


def shape(tensor: Tensor) -> str:
    """Axes with their sizes: ``batch 1 × height 5 × width 5``."""
    return " × ".join(f"{axis} {size}" for axis, size in zip(tensor.axes, tensor.shape, strict=True)) or "one number"


def shapes(trace: Trace) -> str:
    """One line a tensor: name, role, axes."""
    width = max(map(len, trace.tensors))
    rows = (f"{t.name:<{width}}  {t.role:<12}  {shape(t)}" for t in trace.tensors.values())
    return "\n".join(rows) + "\n"


def values(trace: Trace, precision: int | None = None) -> str:
    """Every tensor with its numbers as a film writes them; large ones are cut with ``…``."""
    known = dict[str, numbers.Magnitudes]()
    return "\n\n".join("\n".join(_tensor(tensor, precision, known)) for tensor in trace.tensors.values()) + "\n"


def _tensor(tensor: Tensor, precision: int | None, known: dict[str, numbers.Magnitudes]) -> Iterator[str]:
    made = ", made where it is read" if tensor.is_recipe else ""
    yield f"{tensor.name}  {tensor.role}, {tensor.dtype.name}{made}\n  {shape(tensor)}"
    if tensor.is_recipe and count(tensor.shape) > SMALL:
        return
    array = tensor.array
    held = tensor.name if tensor.is_recipe else str(array.__array_interface__)  # one memory may have several names
    known[held] = known.get(held) or numbers.magnitudes(array)
    style = numbers.style(known[held], precision=precision)
    blocks = count(tensor.shape[:-2])
    for at in islice(np.ndindex(tensor.shape[:-2]), BLOCKS):
        if blocks > 1:
            yield "  " + ", ".join(f"{axis} {n}" for axis, n in zip(tensor.axes, at, strict=False))
        labels = None if tensor.labels is None else tensor.labels[at]
        yield from _matrix(array[at], labels, style)
    if blocks > BLOCKS:
        yield f"  {numbers.ELLIPSIS} {blocks - BLOCKS} more"


def _matrix(block: Array, labels: Array | None, style: numbers.Style) -> Iterator[str]:
    """The last two axes as rows of aligned texts."""
    block = block.reshape(-1, block.shape[-1] if block.ndim else 1)
    cut = block[:ROWS, :COLUMNS]
    texts = numbers.texts(cut, style)
    if labels is not None:
        texts = labels.reshape(block.shape)[:ROWS, :COLUMNS]
    width = max(len(str(text)) for text in texts.flat)
    for row in texts:
        more = f"  {numbers.ELLIPSIS}" if block.shape[1] > COLUMNS else ""
        yield "    " + "  ".join(f"{text!s:>{width}}" for text in row) + more
    if block.shape[0] > ROWS:
        yield f"    {numbers.ELLIPSIS}"


def captions(board: Storyboard) -> str:
    """What the film says of each step; what it says of several in a row stands once."""
    rows: list[str] = []
    for beat in board.beats:
        words = [plain(line) for line in (beat.caption, beat.note) if line]
        place = f"{plain(beat.place)}: " if beat.place else ""
        rows += [place + words[0], *(f"  {line}" for line in words[1:])] if words else []
    return "\n".join(row for row, _ in groupby(rows)) + "\n"


def tensor_json(tensor: Tensor) -> dict[str, Any]:
    """A tensor without its numbers."""
    return {
        "name": tensor.name, "role": tensor.role, "axes": list(tensor.axes), "shape": list(tensor.shape),
        "dtype": tensor.dtype.name, "recipe": tensor.is_recipe,
    }  # fmt: skip


def board_json(trace: Trace, board: Storyboard) -> dict[str, Any]:
    """Shapes, steps, times and captions of a film that is not drawn."""
    beats = [
        {
            "kind": beat.kind, "start": beat.start * theme.TICK_MS / 1000, "seconds": beat.ticks * theme.TICK_MS / 1000,
            "place": plain(beat.place), "caption": plain(beat.caption), "note": plain(beat.note),
        }
        for beat in board.beats
    ]  # fmt: skip
    return {
        "explainer": board.explainer, "title": board.title, "parameters": plain(board.parameters), "alt": board.alt,
        "seconds": board.seconds, "steps": len(trace.steps), "facts": dict(trace.facts),
        "tensors": [tensor_json(tensor) for tensor in trace.tensors.values()], "beats": beats,
    }  # fmt: skip
