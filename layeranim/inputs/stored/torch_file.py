"""PyTorch's ``.pt`` and ``.pth``, without PyTorch: a pickle that is never run, and the numbers beside it.

Format: ``torch.save`` since 1.6 writes a zip archive of ``data.pkl`` and ``data/0``, ``data/1``, …; before that one
pickle after another, then the storages. A tensor is a part of a storage by offset and strides; a checkpoint nests its
state dict; a whole module that was saved holds its parameters by name too. All of them are read; functions other than
those that rebuild plain tensors are refused by their name.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from layeranim.inputs.npy import DEFLATE_RATIO, check_directory, decode
from layeranim.inputs.request import Request
from layeranim.inputs.stored.held import BITS, HeldArray, Stored, as_numbers, unreadable, widened
from layeranim.inputs.stored.pickled import Inert, unpickled, unpickled_from
from layeranim.inputs.stored.tree import leaves
from layeranim.records import dataclass

DAMAGED = "it is damaged or cut short: save it again with torch.save"
AGAIN = "save the state dict alone: torch.save(model.state_dict(), path)"
MAGIC = 0x1950A86A20F9469CFC6C
STORAGES = {
    "Float": "float32", "Double": "float64", "Half": "float16", "BFloat16": "bfloat16", "Long": "int64", "Int": "int32",
    "Short": "int16", "Char": "int8", "Byte": "uint8", "Bool": "bool", "ComplexFloat": "complex64",
    "ComplexDouble": "complex128",
}  # fmt: skip
_SHORT = {"float": "float32", "double": "float64", "half": "float16", "long": "int64", "int": "int32", "short": "int16"}
_REBUILT = ("torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor_v3")
_PARAMETERS = ("torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state")

Bytes = Callable[[str, int, int, Request], NDArray[np.uint8]]
"""Of the storage of that key, so many bytes from an offset on."""


@dataclass(frozen=True)
class _View:
    """Where the numbers of a tensor stand: in cells of its type, not in bytes."""

    key: str
    kind: str
    cells: int
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    other: str = ""


def torch_file(stream: IO[bytes], request: Request) -> Stored:
    """The tensors of a file that ``torch.save`` wrote."""
    start = stream.read(4)
    stream.seek(0)
    if start.startswith(b"PK"):
        root, read = _zipped(stream, request)
    elif start[:1] == b"\x80":
        root, read = _legacy(stream, request)
    else:
        raise request.refuse("does not begin as a file of torch.save does", DAMAGED)
    found, rest = leaves(root, _inner, _is_tensor, request)
    entries = dict[str, HeldArray]()
    for name, value in found.items():
        tensor = _described(value, request)
        entries[name] = HeldArray(tensor.kind, tensor.shape, _reader(tensor, read))
    return Stored.of(entries, rest=rest)


def _zipped(stream: IO[bytes], request: Request) -> tuple[Any, Bytes]:
    check_directory(stream, request, "a file of torch.save", "save it again with torch.save")
    with request.decoding("is not a sound zip archive", DAMAGED):
        archive = zipfile.ZipFile(stream)
        members = {member.filename: member for member in archive.infolist()}
    root = next((name.removesuffix("data.pkl") for name in members if name.endswith("/data.pkl")), None)
    if root is None:
        raise request.refuse("is a zip archive without a data.pkl, which torch.save writes", AGAIN)
    if any(name.startswith(f"{root}code/") for name in members):
        raise request.refuse("is a TorchScript program", AGAIN)

    def member(name: str, most: int) -> zipfile.ZipInfo:
        found = members.get(root + name)
        if found is None:
            raise request.refuse(f"its archive has no {name[:40]}", DAMAGED)
        request.check_size(name, found.file_size, most)
        if found.flag_bits & 1 or found.file_size > DEFLATE_RATIO * found.compress_size + 64:
            raise request.refuse(f"its {name[:40]} is packed as torch.save packs nothing", DAMAGED)
        return found

    def read(key: str, first: int, size: int, request: Request) -> NDArray[np.uint8]:
        held = member(f"data/{key}", 2**62)
        if first < 0 or first + size > held.file_size:
            raise request.refuse(f"its storage {key[:20]} has {held.file_size} bytes, fewer than it declares", DAMAGED)
        with request.decoding("is not a sound zip archive", DAMAGED), archive.open(held) as opened:
            opened.seek(first)
            return np.asarray(decode(opened, size, np.dtype(np.uint8), request))

    with request.decoding("is not a sound zip archive", DAMAGED):
        if f"{root}byteorder" in members and archive.read(member("byteorder", 10)) != b"little":
            raise request.refuse("was saved on a machine with big-endian numbers", "save it again on another machine")
        pickle = archive.read(member("data.pkl", request.limits.directory))
    return unpickled(pickle, request), read


def _legacy(stream: IO[bytes], request: Request) -> tuple[Any, Bytes]:
    """Before PyTorch 1.6: magic number, version, sizes of integers, the object, keys, the storages in that order."""
    size = stream.seek(0, io.SEEK_END)
    stream.seek(0)
    data = io.BytesIO(stream.read(min(size, request.limits.directory)))
    if unpickled_from(data, request) != MAGIC:
        raise request.refuse("is a pickle, but none that torch.save wrote", AGAIN)
    _, system, root, keys = (unpickled_from(data, request) for _ in range(4))
    if not isinstance(system, dict) or system.get("little_endian") is not True or not isinstance(keys, list):
        raise request.refuse("was saved on a machine with big-endian numbers, or is damaged", DAMAGED)
    widths, _ = leaves(root, _inner, _is_tensor, request)
    held = {t.key: (as_numbers(t.kind), t.cells) for t in (_described(v, request) for v in widths.values())}
    places, at = dict[str, tuple[int, int]](), data.tell()
    for key in keys:
        if key not in held:  # of something that is no plain tensor, whose size is not known
            break
        dtype, cells = held[key]
        length = cells * (dtype.itemsize if dtype is not None else 8)
        places[key], at = (at + 8, length), at + 8 + length

    def read(key: str, first: int, length: int, request: Request) -> NDArray[np.uint8]:
        begin, whole = places.get(key, (size, 0))
        if first < 0 or first + length > whole or begin + whole > size:
            raise request.refuse(f"its storage {key[:20]} is not there as a whole", DAMAGED)
        stream.seek(begin + first)
        return np.asarray(decode(stream, length, np.dtype(np.uint8), request))

    return root, read


def _inner(value: Any) -> Mapping[Any, Any] | None:
    """The parts of a dict, a list, or a module that was saved whole."""
    if isinstance(value, dict):
        return value
    if isinstance(value, (list, tuple)):
        return dict(enumerate(value))
    if isinstance(value, Inert) and isinstance(value.state, dict) and "_modules" in value.state:
        parts = (value.state.get(name) for name in ("_parameters", "_buffers", "_modules"))
        return {name: part for held in parts if isinstance(held, dict) for name, part in held.items()}
    return None


def _is_tensor(value: Any) -> bool:
    return isinstance(value, Inert) and (
        value.what.startswith(("torch._utils._rebuild", "torch._tensor.")) or "_rebuild_" in value.what
    )


def _described(value: Inert, request: Request) -> _View:
    """A tensor's place; of one that is rebuilt in another way only by which."""
    for _ in range(4):
        if value.what in _PARAMETERS and isinstance(value.arguments[0], Inert):
            value = value.arguments[0]
    if value.what not in _REBUILT:
        return _View("", "", 0, 0, (), (), other=value.what)
    with request.decoding("holds a tensor that is not described as torch.save does", DAMAGED):
        storage, offset, shape, strides, _, _, *more = value.arguments
        _, kind, key, _, cells, *_ = storage.arguments
        name = kind.path.rpartition(".")[2].removesuffix("Storage")
        dtype = STORAGES.get(name, name)
        if value.what.endswith("v3"):
            dtype = more.pop(0).path.removeprefix("torch.")
            dtype = _SHORT.get(dtype, dtype)
            width = as_numbers(dtype)
            cells //= width.itemsize if width is not None else 1  # counted in bytes there
        numbers = (offset, cells, *shape, *strides)
        if any(type(n) is not int or n < 0 for n in numbers) or len(shape) != len(strides):
            raise ValueError("a size that is none")
        changed = next((key for key, on in dict(*more).items() if on), "") if more else ""
        return _View(str(key), dtype, cells, offset, tuple(shape), tuple(strides), f"a view: {changed}" * bool(changed))


def _reader(tensor: _View, read: Bytes) -> Callable[[Request], NDArray[Any]]:
    def numbers(request: Request) -> NDArray[Any]:
        if tensor.other:
            raise request.refuse(
                f"is no plain tensor ({tensor.other[:80]})", "make it one: x.to_dense() or dequantize()"
            )
        dtype = as_numbers(tensor.kind)
        if dtype is None:
            raise unreadable(tensor.kind, request)
        request.check_shape(tensor.shape, dtype.itemsize)
        last = tensor.offset + sum((n - 1) * s for n, s in zip(tensor.shape, tensor.strides, strict=True))
        if last >= tensor.cells:
            raise request.refuse(f"reaches cell {last} of a storage of {tensor.cells}", DAMAGED)
        size = (last + 1 - tensor.offset) * dtype.itemsize
        request.check_size("the storage that it is a view of", size, request.limits.size)
        flat = read(tensor.key, tensor.offset * dtype.itemsize, size, request)
        flat = flat.astype(np.bool_) if dtype.kind == "b" else flat.view(dtype)
        view = np.lib.stride_tricks.as_strided(
            flat, tensor.shape, [s * dtype.itemsize for s in tensor.strides], writeable=False
        )
        return widened(np.array(view), tensor.kind) if tensor.kind in BITS else np.array(view)

    return numbers
