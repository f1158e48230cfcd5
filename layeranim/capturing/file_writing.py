"""A capture on its way to disk: plain arrays and one member ``capture.json``; see ``capturing.file``."""

from __future__ import annotations

import os
import zipfile
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from layeranim import catalog
from layeranim.engine.archive_writing import add, in_the_way, plain, whole
from layeranim.engine.option import given
from layeranim.engine.trace import Array
from layeranim.engine.written import written
from layeranim.errors import OutputError

if TYPE_CHECKING:  # a capture saves itself by this: at run time the arrow points this way alone
    from layeranim.capturing.captured import Capture, ModelCall

FORMAT, VERSION, HEADER = "layeranim capture", 1, "capture.json"


class _Members:
    """The arrays to be written, each once: the same cells of memory are the same array."""

    def __init__(self) -> None:
        self.arrays: dict[str, Array] = {}
        self._known: dict[tuple[Any, ...], str] = {}

    def entry(self, array: Array) -> dict[str, Any]:
        flat = np.ascontiguousarray(array).reshape(-1)
        place = (flat.__array_interface__["data"][0], flat.nbytes, flat.dtype.str)
        if place not in self._known:
            self._known[place] = f"{len(self.arrays)}.npy"
            self.arrays[self._known[place]] = flat  # held, so that no other array takes its place in memory
        return {"member": self._known[place], "name": self._known[place], "dtype": array.dtype.name,
                "shape": list(array.shape)}  # fmt: skip


def save(capture: Capture, path: str | os.PathLike[str], overwrite: bool = False) -> None:
    """Write a capture, complete or not at all; see ``Capture.save``."""
    path = Path(path)
    if path.suffix.lower() != ".npz":
        raise OutputError(f"{given(str(path))} must end in .npz to hold a capture")
    plain(path)
    if not overwrite and in_the_way(path, FORMAT):
        raise OutputError(f"{given(str(path))} holds what is no capture; choose another name, or give overwrite=True")
    whole(path, partial(write, capture))


def write(capture: Capture, stream: IO[bytes]) -> None:
    """Write a capture to an open file."""
    members = _Members()
    head = {
        "format": FORMAT, "version": VERSION, "model": capture.model, "parameters": capture.parameters,
        "notes": list(capture.notes), "calls": [_call(call, members) for call in capture.calls],
    }  # fmt: skip
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(zipfile.ZipInfo(HEADER), written(head))
        for name, array in members.arrays.items():
            add(archive, name, array)


def _call(call: ModelCall, members: _Members) -> dict[str, Any]:
    entry = call.row() | {"reads": list(call.reads), "covers": list(call.covers), "brought": list(call.brought)}
    for name, arrays in (("given", call.inputs), ("results", call.outputs)):
        entry[name] = {key: members.entry(array) for key, array in arrays.items()}
    if call.packed is not None:
        found, (output, eps) = call.packed()
        config = catalog.layer(found.layer).config.of(found.options)
        entry["options"] = config.shown()
        entry["arrays"] = {key: members.entry(np.asarray(array)) for key, array in found.arrays.items()}
        entry |= {"axes": list(found.axes), "expected": members.entry(output), "eps": float(eps)}
    return entry
