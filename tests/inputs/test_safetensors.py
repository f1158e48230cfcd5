"""The .safetensors format, written by hand from its description."""

from __future__ import annotations

import io
import json
import math
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from layeranim.inputs import Limits, Source, read

Refused = Callable[..., str]
Sound = Callable[[Source], None]
SPECIAL = [math.nan, math.inf, -math.inf, -0.0, 5e-324, 1e308]


def tensors(entries: dict[str, Any], data: bytes) -> bytes:
    header = json.dumps(entries).encode()
    return struct.pack("<Q", len(header)) + header + data


def piped(data: bytes, key: str = "", **options: Any) -> Source:
    return read("-" + (f":{key}" if key else ""), stdin=io.BytesIO(data), **options)


def test_special_values_pass_bit_by_bit(tmp_path: Path) -> None:
    values = np.array(SPECIAL)
    np.savez(tmp_path / "a.npz", values)
    np.save(tmp_path / "a.npy", values)
    entry = {"x": {"dtype": "F64", "shape": [6], "data_offsets": [0, 48]}}
    (tmp_path / "a.safetensors").write_bytes(tensors(entry, values.tobytes()))
    for name in ("a.npz", "a.npy", "a.safetensors"):
        assert read(str(tmp_path / name)).array.tobytes() == values.tobytes()
    assert read(values).array.tobytes() == values.tobytes()


@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        ("BOOL", "?"),
        ("U8", "u1"),
        ("I8", "i1"),
        ("U16", "u2"),
        ("I16", "i2"),
        ("U32", "u4"),
        ("I32", "i4"),
        ("U64", "u8"),
        ("I64", "i8"),
        ("F32", "f4"),
        ("F64", "f8"),
    ],
)
def test_safetensors(tmp_path: Path, name: str, dtype: str, sound: Sound) -> None:
    values = np.array([[0, 1, 1], [1, 0, 1]]).astype(dtype)
    data = values.astype(values.dtype.newbyteorder("<")).tobytes()
    entry = {"dtype": name, "shape": [2, 3], "data_offsets": [4, 4 + len(data)]}
    (tmp_path / "m.safetensors").write_bytes(
        tensors({"__metadata__": {"format": "np"}, "a.b:w": entry}, b"...." + data)
    )
    for spec in ("m.safetensors", "m.safetensors:a.b:w"):
        found = read(spec, base=tmp_path)
        sound(found)
        assert found.array.dtype == values.dtype
        assert np.array_equal(found.array, values)
        assert found.name == spec


def test_half_floats_of_safetensors_are_widened() -> None:
    halves = np.array([1.5, -2, 65504], "<f2")
    found = piped(tensors({"x": {"dtype": "F16", "shape": [3], "data_offsets": [0, 6]}}, halves.tobytes()))
    assert found.array.dtype == np.float32
    assert found.array.tolist() == [1.5, -2, 65504]
    brain = np.array([1.5, -2, 3e38], "<f4").view("<u4") >> 16
    found = piped(
        tensors({"x": {"dtype": "BF16", "shape": [3, 1], "data_offsets": [0, 6]}}, brain.astype("<u2").tobytes())
    )
    assert found.array.dtype == np.float32
    assert found.array[:2].tolist() == [[1.5], [-2]]
    assert found.array[2, 0] == pytest.approx(3e38, rel=2**-7)


def one(**changes: Any) -> dict[str, Any]:
    return {"x": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8], **changes}}


@pytest.mark.parametrize(
    ("data", "pieces"),
    [
        (struct.pack("<Q", 2**40) + b"{}", ("a header of 1099511627776 bytes, 2 are there",)),
        (b"\1", ("a header of 1 bytes, 0 are there",)),
        (tensors(one(dtype="F8_E8M0"), bytes(8)), ("numbers of type F8_E8M0", "convert it to float32")),
        (tensors(one(dtype="C64", shape=[1]), bytes(8)), ("holds complex numbers (complex64)", "real and imaginary")),
        (tensors(one(shape=[3]), bytes(8)), ("places 12 bytes at 0…8 of 8",)),
        (tensors(one(data_offsets=[-4, 4]), bytes(8)), ("places 8 bytes at -4…4 of 8",)),
        (tensors(one(data_offsets=[8, 16]), bytes(8)), ("places 8 bytes at 8…16 of 8", "cut short")),
        (tensors(one(shape=[-2]), bytes(8)), ("a negative size in shape (-2)",)),
        (tensors(one(shape=[10**30]), bytes(8)), ("10^30 numbers, the limit is 67108864",)),
        (tensors(one(shape=[]), bytes(4)), ("is a single number",)),
        (tensors(one(shape=[0], data_offsets=[0, 0]), b""), ("is empty",)),
        (tensors(one(shape=[2.0]), bytes(8)), ("not a JSON directory",)),
        (tensors(one(shape=[True, 2]), bytes(8)), ("not a JSON directory",)),
        (tensors(one(shape=None), bytes(8)), ("not a JSON directory",)),
        (tensors({"x": 3}, bytes(8)), ("not a JSON directory",)),
        (tensors({"__metadata__": {}}, b""), ("holds no array",)),
        (struct.pack("<Q", 100_000) + b"[" * 100_000, ("not a JSON directory",)),
        (struct.pack("<Q", 2) + b"[]", ("not a JSON directory",)),
        (tensors({**one(), "y": one()["x"]}, bytes(8)).replace(b'"y"', b'"x"'), ("not a JSON directory",)),
        (tensors({**one(), "y": one()["x"]}, bytes(8)), ("holds 2 arrays (x, y)", "x.safetensors:x")),
    ],
)
def test_refused_safetensors(refused: Refused, tmp_path: Path, data: bytes, pieces: tuple[str, ...]) -> None:
    (tmp_path / "x.safetensors").write_bytes(data)
    refused(lambda: read("x.safetensors", base=tmp_path), "input 'x.safetensors': ", *pieces)


def test_the_directory_is_text_and_has_its_limit(refused: Refused) -> None:
    header = json.dumps(one()).encode()
    data = struct.pack("<Q", 2**21) + header.ljust(2**21) + bytes(8)
    assert piped(data, limits=Limits(size=2**25)).array.size == 2
    refused(
        lambda: piped(data, limits=Limits(size=2**24)),
        "the header takes 2097152 bytes, the limit is 1048576",
        "--max-memory",
    )
