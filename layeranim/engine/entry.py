"""What the layers of this package share on the way in: arrays taken and completed, gradients and class ids checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from layeranim.engine import door
from layeranim.engine.array import axes_text, shape_text
from layeranim.engine.option import ArrayOption
from layeranim.engine.trace import Array, Shape
from layeranim.errors import OptionError, ShapeError

_MOST_CLASSES = 10**6
"""Class ids beyond these are a mistake, not a reason for a larger network."""

Complete = Callable[[Any, door.Given], tuple[Any, dict[str, Shape]]]


def enter(
    layer: str,
    options: Sequence[ArrayOption],
    complete: Complete,
    config: Any,
    arrays: Mapping[str, Any],
    apart: Sequence[str] = (),
) -> tuple[Any, dict[str, Array]]:
    """The completed Config and every array that the layer needs, in canonical shapes and one float type.

    Arrays named in ``apart`` (class ids, masks) have no say in the type. Raises ``OptionError`` for an array that the
    layer does not know, ``ShapeError`` for one that is missing, and what ``complete`` raises.
    """
    taken = door.take(arrays, apart)
    shapes: dict[str, Shape | None] = dict.fromkeys(arrays)
    shapes.update({name: array.shape for name, array in taken.items()})
    known = door.known(shapes, [item.name for item in options], layer)
    full, needed = complete(config, known)
    for name in known:
        if name not in needed:
            raise OptionError(f"{name} was given, but {layer} with these options does not use it; leave it out")
    return full, door.shaped(taken, needed, layer)


def ranked(name: str, shape: Shape | None, axes: Sequence[str], least: int | None = None) -> Shape | None:
    """``shape`` with axes of size 1 put in front until it has all of ``axes``; at least ``least`` must be there."""
    if shape is None:
        return None
    least = len(axes) if least is None else least
    if not least <= len(shape) <= len(axes):
        wants = str(least) if least == len(axes) else f"{least} to {len(axes)}"
        raise ShapeError(
            f"{name} has shape {shape_text(shape)}, {axes_text(len(shape))}, but must have {wants} ({', '.join(axes)})"
        )
    return (1,) * (len(axes) - len(shape)) + tuple(shape)


def size_of(name: str, shape: Shape | None, axis: int) -> tuple[int | None, str]:
    """What the array says about the size of one of its axes: a claim for ``door.agreed``; one bias for all, none."""
    silent = shape is None or door.one_for_all(name, shape)
    return (None if silent or shape is None else shape[axis]), f"{name} ({shape_text(shape or ())})"


def with_bias(flag: bool | None, bias: Shape | None, weight: Shape | None) -> bool:
    """Whether a layer adds a bias: as the option says; else when values are given, or the weights are drawn too."""
    if flag is False and bias is not None:
        raise OptionError("bias is false, but values for the bias are given; leave out one of them")
    return flag if flag is not None else bias is not None or weight is None


def whole(
    name: str, array: Array, below: int, also: int | None = None, room: Callable[[int], str] | None = None
) -> Array:
    """``array`` as int64: whole numbers from 0 up and less than ``below``; the one number ``also`` is let through.

    Raises ``ShapeError`` with the first number that is none; ``room`` says which option makes room for so many classes.
    """
    with np.errstate(invalid="ignore"):
        good = (array >= 0) & (array == np.floor(array)) & (array < below)
    if also is not None:
        good |= array == also
    if not np.all(good):
        first, most = array[~good].flat[0], array.max()
        rule = f"{name} holds {first:g}, but must hold whole numbers from 0 to {below - 1}"
        if room is not None and first == np.floor(first) and below <= first <= most <= _MOST_CLASSES:
            rule += f"; for {most + 1:g} classes give {room(int(most) + 1)}"
        raise ShapeError(rule)
    return np.asarray(array, dtype=np.int64)


def unused(config: Any, by: str, allowed: Mapping[str, Sequence[str]]) -> None:
    """Refuse options that were set but that the choice made in option ``by`` does not read; ``allowed`` names those."""
    choice = getattr(config, by)
    for name, choices in allowed.items():
        if getattr(config, name) is not None and choice not in choices:
            goes = ", ".join(choices)
            raise OptionError(f"{name} is {config.shown()[name]}, but {by} {choice} takes none; it goes with {goes}")
