"""Bundled arrays that presets are made of, read when a film asks for them."""

from __future__ import annotations

import io
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray


@cache
def stored(name: str) -> dict[str, NDArray[Any]]:
    """The arrays of a file of ``layeranim/data`` by their names."""
    with np.load(io.BytesIO(files("layeranim").joinpath("data", name).read_bytes()), allow_pickle=False) as file:
        return {key: file[key] for key in file.files}
