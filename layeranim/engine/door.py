"""From what a caller gave to the arrays that a layer computes with: types, ranks, sizes, missing and unknown names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from layeranim.engine import synonyms
from layeranim.engine.array import axes_text, common, numeric, shape_text
from layeranim.engine.option import suggest
from layeranim.engine.trace import Array, Shape
from layeranim.errors import OptionError, ShapeError

Given = Mapping[str, Shape | None]


def known(given: Given, names: Iterable[str], layer: str) -> dict[str, Shape]:
    """The shapes that were given; a name that the layer does not take is refused."""
    names = list(names)
    for name in given:
        if name not in names:
            ours = next((own for own in names if own.endswith(f".{name}")), None) or synonyms.option(name, names)
            hint = f" (did you mean {ours}?)" if ours else suggest(name, names)
            shown = ", ".join(names if len(names) <= 14 else [*names[:13], "…"])
            raise OptionError(f"{layer} takes no array {name!r}{hint}; with these options it takes {shown}")
    return {name: tuple(shape) for name, shape in given.items() if shape is not None}


def agreed(name: str, claims: Iterable[tuple[int | None, str]], default: int) -> int:
    """The one size that all ``claims`` (a number, who says so) agree on, or ``default`` where nobody says."""
    stated = [(number, who) for number, who in claims if number is not None]
    for number, who in stated[1:]:
        if number != stated[0][0]:
            raise ShapeError(f"{name} is {stated[0][0]} by {stated[0][1]}, but {number} by {who}; they must agree")
    return stated[0][0] if stated else default


def ranked(name: str, shape: Shape, *ranks: int) -> Shape:
    """``shape``, whose number of axes must be one of ``ranks``."""
    if len(shape) not in ranks:
        wanted = " or ".join(part for part in (", ".join(map(str, ranks[:-1])), str(ranks[-1])) if part)
        raise ShapeError(f"{name} has shape {shape_text(shape)}, {axes_text(len(shape))}, but must have {wanted}")
    return shape


def is_bias(name: str) -> bool:
    """Whether an array is a bias, by the name that a layer or one of its parts has for it."""
    own = name.rpartition(".")[2]
    return own.startswith("bias") or own.endswith("_bias")


def one_for_all(name: str, shape: Shape) -> bool:
    """Whether an array is a bias of one number, which then counts for every unit."""
    return is_bias(name) and shape in ((), (1,))


def fitting(name: str, shape: Shape, wanted: Shape, axes: str) -> Shape:
    """``wanted``, which ``shape`` must equal; a bias may be one number for all."""
    if shape != wanted and not (len(wanted) == 1 and one_for_all(name, shape)):
        raise ShapeError(f"{name} has shape {shape_text(shape)}, but must be {shape_text(wanted)} ({axes})")
    return wanted


def take(arrays: Mapping[str, Any], apart: Iterable[str] = ()) -> dict[str, Array]:
    """Every array that is not ``None``, checked and in one type: float32 if all are, else float64.

    Those named in ``apart`` (lengths, masks) keep their own type and have no say in the common one.
    """
    taken = {name: numeric(name, value) for name, value in arrays.items() if value is not None}
    kind = common(*(array for name, array in taken.items() if name not in apart))
    return {name: array if name in apart else array.astype(kind, copy=False) for name, array in taken.items()}


def shaped(taken: Mapping[str, Array], needed: Mapping[str, Shape], layer: str) -> dict[str, Array]:
    """The arrays in their canonical shapes (a leading axis that was left out is put back, or repeated)."""
    missing = [name for name in needed if name not in taken]
    if missing:
        name = missing[0]
        raise ShapeError(f"{layer} needs {name} of shape {shape_text(needed[name])}, but it was not given")
    return {name: _fit(taken[name], shape) for name, shape in needed.items()}


def _fit(array: Array, shape: Shape) -> Array:
    if array.size == int(np.prod(shape)):
        return array.reshape(shape)
    return np.broadcast_to(array, shape)
