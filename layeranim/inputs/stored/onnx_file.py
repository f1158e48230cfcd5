"""ONNX's initializers, read by hand: the parameters that an exported network holds. Nothing is run.

Format: onnx/onnx, onnx.proto3 (ModelProto, GraphProto, NodeProto, TensorProto) in the wire format of Protocol Buffers.
An initializer keeps the name that its exporter gave it, where that is a parameter's; one whose name says nothing gets
the name of its node and of the input that it is there: ``encoder.W``. Numbers may be kept in files of the same folder
(onnx/onnx, docs/ExternalData.md); a path to any other place is refused.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from layeranim.inputs.npy import decode
from layeranim.inputs.request import Request
from layeranim.inputs.stored.held import HeldArray, Opener, Stored, as_numbers, unreadable, widened
from layeranim.records import dataclass

DAMAGED = "it is damaged or cut short: export it again"
KINDS = {1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64", 8: "str", 9: "bool",
         10: "float16", 11: "float64", 12: "uint32", 13: "uint64", 14: "complex64", 15: "complex128", 16: "bfloat16",
         17: "float8_e4m3fn", 19: "float8_e5m2", 21: "uint4", 22: "int4"}  # fmt: skip
ROLES: dict[str, tuple[str, ...]] = {
    "Conv": ("", "weight", "bias"), "ConvTranspose": ("", "weight", "bias"), "Gemm": ("", "weight", "bias"),
    "MatMul": ("", "kernel"), "LSTM": ("", "W", "R", "B", "", "", "", "P"), "GRU": ("", "W", "R", "B"),
    "RNN": ("", "W", "R", "B"), "BatchNormalization": ("", "weight", "bias", "running_mean", "running_var"),
    "LayerNormalization": ("", "weight", "bias"), "InstanceNormalization": ("", "weight", "bias"),
    "GroupNormalization": ("", "weight", "bias"), "PRelu": ("", "weight"), "Gather": ("weight",),
}  # fmt: skip
"""By operator, what its inputs are."""
OWN = ("weight", "bias", "running_mean", "running_var")
"""How the names of parameters end that an exporter kept."""
_FLOATS, _INTS, _LONGS, _RAW, _DOUBLES, _UNSIGNED = 4, 5, 7, 9, 10, 11


@dataclass
class _Initializer:
    """What a TensorProto says, and where its numbers stand in the file."""

    name: str = ""
    shape: list[int] = field(default_factory=list)
    type: int = 0
    places: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    outside: bool = False
    where: dict[str, str] = field(default_factory=dict)


@dataclass
class OnnxNode:
    """What a NodeProto says."""

    operator: str = ""
    name: str = ""
    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    attributes: dict[str, int] = field(default_factory=dict)


def onnx_file(stream: IO[bytes], request: Request, beside: Opener | None = None) -> Stored:
    """The initializers of a graph. ``beside`` opens a file in the model's folder."""
    wire = _Wire(stream, request)
    size = stream.seek(0, os.SEEK_END)
    with request.decoding("is no sound ONNX model", DAMAGED):
        graph = next((at for number, at in wire.fields(0, size) if number == 7 and isinstance(at, tuple)), None)
    if graph is None:
        raise request.refuse("is no ONNX model with a graph", "export it again")
    tensors, nodes = list[_Initializer](), list[OnnxNode]()
    with request.decoding("is no sound ONNX model", DAMAGED):
        for number, at in wire.fields(*graph):
            if number == 5:
                tensors.append(wire.tensor(at))  # type: ignore[arg-type]
            elif number == 1:
                nodes.append(wire.node(at))  # type: ignore[arg-type]
    names = named([tensor.name for tensor in tensors], nodes)
    entries = {names[tensor.name]: _held(wire, tensor, beside) for tensor in tensors}
    said = {
        f"{called(node)}.": {"linear_before_reset": bool(node.attributes.get("linear_before_reset"))}
        for node in nodes
        if node.operator == "GRU"
    }
    return Stored(list(entries), entries.__getitem__, "onnx", said=said)


def called(node: OnnxNode) -> str:
    """What a node is called, or what it makes."""
    return (node.name or next(iter(node.outputs), "") or node.operator).strip("/").replace("/", ".")


def named(tensors: Sequence[str], nodes: Sequence[OnnxNode]) -> dict[str, str]:
    """By the name of an initializer, the one that it has here."""
    roles: dict[str, str] = {}
    for node in nodes:
        for name, role in zip(node.inputs, ROLES.get(node.operator, ()), strict=False):
            if role and name and name not in roles:
                kept = (
                    role if node.operator != "Gemm" or role != "weight" or node.attributes.get("transB") else "kernel"
                )
                roles[name] = f"{called(node)}.{kept}"
    found, taken = dict[str, str](), {*tensors}
    for tensor in tensors:
        own = tensor.rpartition(".")[2] in OWN
        name = tensor if own or tensor not in roles else roles[tensor]
        if own and roles.get(tensor, "").endswith(".kernel"):  # the other way round than its name says
            name = tensor.removesuffix("weight") + "kernel"
        found[tensor] = name if name == tensor or name not in taken else tensor
        taken.add(found[tensor])
    return found


def _held(wire: _Wire, tensor: _Initializer, beside: Opener | None) -> HeldArray:
    kind = KINDS.get(tensor.type, f"type {tensor.type}")

    def read(request: Request) -> NDArray[Any]:
        dtype = as_numbers(kind)
        if dtype is None:
            raise unreadable(kind, request)
        declared = request.check_shape(tensor.shape, dtype.itemsize)
        if tensor.outside:
            return widened(_outside(tensor, dtype, declared, request, beside).reshape(tensor.shape), kind)
        flat = _numbers(wire, tensor, dtype, declared, request)
        if flat.nbytes != declared:
            raise request.refuse(f"declares {declared} bytes of numbers, {flat.nbytes} are there", DAMAGED)
        return widened(flat.reshape(tensor.shape), kind)

    return HeldArray(kind, tuple(tensor.shape), read)


def _outside(
    tensor: _Initializer, dtype: np.dtype[Any], size: int, request: Request, beside: Opener | None
) -> NDArray[Any]:
    """The numbers that are kept in a file beside the model."""
    name = tensor.where.get("location", "")
    if beside is None:
        raise request.refuse("is kept in a file beside the model", "give the model by its file's name")
    if name in ("", ".", "..") or re.search(r"[/\\:\0]", name):
        raise request.refuse(
            f"names '{name[:60]}' as the file of its numbers", "that must lie beside the model, without a path"
        )
    with request.decoding("does not say where its numbers are", DAMAGED):
        first, length = (int(tensor.where.get(key, default)) for key, default in (("offset", 0), ("length", size)))
    with beside(name) as stream:
        there = stream.seek(0, os.SEEK_END)
        if length != size or first < 0 or first + size > there:
            raise request.refuse(
                f"declares {size} bytes of numbers, {length} from byte {first} of the {there} in '{name[:60]}'", DAMAGED
            )
        stream.seek(first)
        return decode(stream, size, dtype, request)


def _numbers(wire: _Wire, tensor: _Initializer, dtype: np.dtype[Any], most: int, request: Request) -> NDArray[Any]:
    """The numbers in whichever of the five ways they are kept."""
    if places := tensor.places.get(_RAW):
        request.check_size("its data", places[0][1], most)
        return decode(wire.at(places[0][0]), places[0][1], dtype, request)
    for number, kept in ((_FLOATS, "<f4"), (_DOUBLES, "<f8")):
        if places := tensor.places.get(number):
            request.check_size("its data", sum(size for _, size in places), 4 * most + 16)
            parts = [decode(wire.at(first), size, np.dtype(kept), request) for first, size in places]
            return np.concatenate(parts).astype(dtype)
    values = list[int]()
    with request.decoding("is no sound ONNX model", DAMAGED):
        for number in (_INTS, _LONGS, _UNSIGNED):
            for first, size in tensor.places.get(number, ()):
                request.check_size("its data", size, request.limits.directory)
                values += wire.varints(first, size)
    bits = np.array([value & (1 << 64) - 1 for value in values], np.uint64)
    if dtype.kind in "bf" or dtype.itemsize < 8:  # half floats are kept as their bits
        small = bits.astype(f"<u{dtype.itemsize}")
        return small.astype(np.bool_) if dtype.kind == "b" else small.view(dtype)
    return bits.view(dtype)


class _Wire:
    """Protocol Buffers' wire format, read where it lies."""

    def __init__(self, stream: IO[bytes], request: Request) -> None:
        self.stream, self.request = stream, request
        self.left = request.limits.size // 128

    def at(self, place: int) -> IO[bytes]:
        self.stream.seek(place)
        return self.stream

    def varint(self) -> int:
        found = shift = 0
        while True:
            (byte,) = self.stream.read(1)
            found |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return found
            if shift > 63:
                raise ValueError("a number without an end")

    def varints(self, first: int, size: int) -> list[int]:
        self.stream.seek(first)
        found = list[int]()
        while self.stream.tell() < first + size:
            found.append(self.varint())
        return found

    def fields(self, first: int, size: int) -> Iterator[tuple[int, int | tuple[int, int]]]:
        """Number and value of each field: a whole number, or place and size of what it holds."""
        place = first
        while place < first + size:
            self.left -= 1
            if self.left < 0:
                raise self.request.refuse("holds too many fields", "export fewer layers")
            self.stream.seek(place)
            number, wire = divmod(self.varint(), 8)
            if wire == 0:
                value: int | tuple[int, int] = self.varint()
                place = self.stream.tell()
            else:
                length = self.varint() if wire == 2 else {1: 8, 5: 4}[wire]
                at = self.stream.tell()
                if at + length > first + size:
                    raise ValueError("a field beyond its end")
                value, place = (at, length), at + length
            yield number, value

    def text(self, at: Any) -> str:
        self.stream.seek(at[0])
        return self.stream.read(min(at[1], 1000)).decode("utf-8", "replace")

    def tensor(self, at: tuple[int, int]) -> _Initializer:
        found = _Initializer()
        for number, value in self.fields(*at):
            if number == 1:
                found.shape += self.varints(*value) if isinstance(value, tuple) else [value]
            elif number == 2 and isinstance(value, int):
                found.type = value
            elif number == 8:
                found.name = self.text(value)
            elif number == 13:
                pair = dict(self.fields(*value))  # type: ignore[misc]
                found.where[self.text(pair[1])] = self.text(pair[2])
            elif number == 14:
                found.outside = value == 1
            elif isinstance(value, tuple):
                found.places.setdefault(number, []).append(value)
        return found

    def node(self, at: tuple[int, int]) -> OnnxNode:
        found = OnnxNode()
        for number, value in self.fields(*at):
            if number in (1, 2):
                (found.inputs if number == 1 else found.outputs).append(self.text(value))
            elif number == 3:
                found.name = self.text(value)
            elif number == 4:
                found.operator = self.text(value)
            elif number == 5 and isinstance(value, tuple):
                parts: Mapping[int, Any] = dict(self.fields(*value))
                if 1 in parts and isinstance(parts.get(3), int):
                    found.attributes[self.text(parts[1])] = parts[3]
        return found
