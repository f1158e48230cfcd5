"""Keras' files: ``.keras`` and ``.weights.h5`` of Keras 3, ``.h5`` of either, through h5py and without Keras.

Format: keras.saving. In a ``.keras`` (a zip archive) and in a ``.weights.h5`` a layer is a group with ``vars``, whose
attribute ``name`` is what the user called it and whose arrays are numbered; the group itself is called by the layer's
class. In an ``.h5`` the attributes ``layer_names`` and ``weight_names`` have the names. A name here is that of the
layer with the parameter behind it: ``fc.kernel``, ``encoder.forward_lstm.recurrent_kernel``.
Nothing is followed out of the file: links to other files, and data that is kept in them, are refused.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from layeranim.errors import MissingLibraryError
from layeranim.inputs.npy import DEFLATE_RATIO, check_directory
from layeranim.inputs.request import Request
from layeranim.inputs.stored.held import HeldArray, Stored, bfloat16

DAMAGED = "it is damaged or cut short: save it again"
DEEPEST = 24
MOST = 1_000_000
_NORM = {4: ("gamma", "beta", "moving_mean", "moving_variance"), 2: ("gamma", "beta")}
_CLASS: dict[str, dict[int, tuple[str, ...]]] = {
    "batch_normalization": _NORM, "layer_normalization": _NORM, "group_normalization": _NORM,
    "instance_normalization": _NORM, "rms_normalization": {1: ("scale",)}, "embedding": {1: ("embeddings",)},
    "p_re_lu": {1: ("alpha",)}, "prelu": {1: ("alpha",)},
    "cell": {3: ("kernel", "recurrent_kernel", "bias"), 2: ("kernel", "recurrent_kernel")},
    "separable_conv1d": {3: ("depthwise_kernel", "pointwise_kernel", "bias")},
    "separable_conv2d": {3: ("depthwise_kernel", "pointwise_kernel", "bias")},
    "depthwise_conv1d": {2: ("depthwise_kernel", "bias"), 1: ("depthwise_kernel",)},
    "depthwise_conv2d": {2: ("depthwise_kernel", "bias"), 1: ("depthwise_kernel",)},
}  # fmt: skip
"""By class of a layer and how many arrays it has, what they are; of all others a kernel and a bias."""


def keras_file(stream: IO[bytes], request: Request) -> Stored:
    """The arrays of a file of Keras; their layout is Keras'."""
    try:
        import h5py
    except ImportError:
        raise MissingLibraryError(
            f"{request.what} '{request.given}' is read with h5py, which is not here; pip install 'layeranim[keras]'"
        ) from None
    if stream.read(4).startswith(b"PK"):
        stream = _unzipped(stream, request)
    stream.seek(0)
    entries = dict[str, HeldArray]()
    with request.decoding("is no sound HDF5 file", DAMAGED):
        file = h5py.File(stream, "r")
        home = file.get("model_weights", file, getlink=False)
        told = "layer_names" in home.attrs
        for name, array in _by_attributes(home) if told else _by_groups(file, h5py, request):
            entries.setdefault(name, _held(array))
    if not entries:
        raise request.refuse("holds no array of a layer", "save the model, or model.save_weights(path)")
    return Stored.of(entries, "keras", [name for name in ("optimizer", "optimizer_weights") if name in file])


def _unzipped(stream: IO[bytes], request: Request) -> IO[bytes]:
    """The file of weights in a ``.keras``."""
    check_directory(stream, request, "a .keras archive", "save it again")
    with request.decoding("is not a sound zip archive", DAMAGED), zipfile.ZipFile(stream) as archive:
        if "model.weights.h5" not in archive.namelist():
            raise request.refuse("holds no model.weights.h5", "save it again with model.save(path)")
        member = archive.getinfo("model.weights.h5")
        if member.file_size > DEFLATE_RATIO * member.compress_size + 64:
            raise request.refuse("declares more bytes than are packed in it", DAMAGED)
        if member.file_size > request.limits.size:
            rule = f"its weights take {member.file_size} bytes, the limit is {request.limits.size}"
            raise request.refuse(rule, "save them alone, model.save_weights('x.weights.h5'), or raise --max-memory")
        return io.BytesIO(archive.read(member))


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _by_attributes(home: Any) -> Iterator[tuple[str, Any]]:
    """Names and datasets of an ``.h5``, in the order of its attributes."""
    for layer in map(_text, home.attrs["layer_names"]):
        group = _own(home, layer)
        for path in map(_text, group.attrs["weight_names"]):
            parts = [part for part in re.sub(r":\d+$", "", path).split("/") if not re.search(r"_cell(_\d+)?$", part)]
            inner = parts[parts.index(layer) + 1 :] if layer in parts[:-1] else parts[-1:]
            array = group
            for part in path.split("/"):
                array = _own(array, part)
            yield ".".join([layer, *inner]), array


def _own(group: Any, name: str) -> Any:
    """A member of a group that is in this file."""
    import h5py

    if not isinstance(group.get(name, getlink=True), h5py.HardLink):
        raise ValueError("a link")
    return group[name]


def _by_groups(file: Any, h5py: Any, request: Request) -> Iterator[tuple[str, Any]]:
    """Names and datasets of a ``.weights.h5``: by the names of the layers, or by their classes where these are not
    told apart by name."""
    found = [(names, kind, arrays) for names, kind, arrays in _layers(file, h5py, request) if names and arrays]
    told = [names for names, _, _ in found]
    for names, kind, arrays in found:
        name = ".".join(names if told.count(names) == 1 else [*names[:-1], kind])
        for parameter, array in zip(_parameters(kind, arrays), arrays, strict=True):
            yield f"{name}.{parameter}", array


def _layers(file: Any, h5py: Any, request: Request) -> Iterator[tuple[list[str], str, list[Any]]]:
    """The name of each layer with those around it, its class, its arrays."""
    left = MOST
    stack: list[tuple[Any, list[str], str, int]] = [(file, [], "", 0)]
    while stack:
        group, around, kind, depth = stack.pop()
        if depth > DEEPEST:
            raise request.refuse("nests its groups too deep", DAMAGED)
        names, arrays = around, list[Any]()
        members = [name for name in group if isinstance(group.get(name, getlink=True), h5py.HardLink)]
        left -= 1 + len(members)
        if left < 0:
            raise request.refuse("holds too many groups", "save fewer layers")
        if "vars" in members:
            held = group["vars"]
            called = _text(held.attrs.get("name", kind))
            names = around if depth == 0 or kind == "cell" else [*around, called]
            own = sorted((name for name in held if name.isdigit()), key=int)
            arrays = [_own(held, name) for name in own]
        yield names, kind, arrays
        inner = [name for name in members if name != "vars" and (depth or name not in ("optimizer", "vars"))]
        for name in reversed(inner):
            if isinstance(group.get(name, getclass=True), type) and group.get(name, getclass=True) is h5py.Group:
                stack.append((group[name], names, re.sub(r"_\d+$", "", name), depth + 1))


def _parameters(kind: str, arrays: list[Any]) -> list[str]:
    """What the numbered arrays of a layer of this class are; those that its class does not tell keep their numbers."""
    count = len(arrays)
    if kind in _CLASS:
        return list(_CLASS[kind].get(count, map(str, range(count))))
    if arrays[0].ndim > 1 and arrays[0].dtype.kind in "fV" and count <= 2:
        return ["kernel", "bias"][:count]
    return [str(k) for k in range(count)]


def _held(array: Any) -> HeldArray:
    dtype, shape = array.dtype, tuple(array.shape)
    half = dtype.str in ("|V2", "<V2")  # what Keras writes of bfloat16

    def read(request: Request) -> NDArray[Any]:
        if array.is_virtual or array.external:
            raise request.refuse("is kept in another file", "save the weights in one file")
        if dtype.kind not in "biuf" and not half:
            raise request.refuse(f"holds values of type {dtype}", "convert it to float32 and save it again")
        request.check_shape(shape, dtype.itemsize)
        with request.decoding("is no sound HDF5 file", DAMAGED):
            return bfloat16(np.asarray(array[()]).view("<u2")) if half else np.asarray(array[()])

    return HeldArray("bfloat16" if half else dtype.name, shape, read)
