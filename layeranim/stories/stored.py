"""Bundled arrays that presets are made of, read when a film asks for them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layeranim.bundled import bundled
from layeranim.stories.preset import Made

IMAGE = 1632
"""One of the bundled digits: a 3 that no training has seen."""
GREY = 16
"""Pixels of the bundled digits go from 0 to 16; networks of several layers learnt from sixteenths of them."""


@cache
def stored(name: str) -> dict[str, NDArray[Any]]:
    """The arrays of a file of ``layeranim/data`` by their names."""
    with np.load(io.BytesIO(bundled(name)), allow_pickle=False) as file:
        return {key: file[key] for key in file.files}


def digit(option: str, *shape: int, image: int = IMAGE, times: float = 1.0) -> Made:
    """A bundled digit as an array of a preset, whatever the option is."""
    return Made(option, lambda _, seed: stored("digits.npz")["images"][image].reshape(shape).astype(float) * times)


def trained(
    file: str, name: str, option: str = "activation", usual: Any = None, times: float = 1.0, kind: str = "float64"
) -> Made:
    """An array that was trained, which goes with the ``usual`` value of an option."""
    return Made(option, lambda _, seed: stored(file)[name].astype(kind) * times, usual)


def bound(names: Sequence[str], *more: str) -> dict[str, tuple[str, ...]]:
    """Weights go with the weights that the numbers they read come from, and with ``more``: options of their network."""
    before = ([one for one in names[:k] if not one.endswith("_bias")] for k in range(len(names)))
    return {name: (*others, *more) for name, others in zip(names, before, strict=True)}
