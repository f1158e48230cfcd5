"""NumPy's .npy: what comes back unchanged, and every header that is refused."""

from __future__ import annotations

import io
import math
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layeranim.errors import InputError
from layeranim.inputs import Source, read

Refused = Callable[..., str]
Sound = Callable[[Source], None]
KEPT = ["?", "i1", "u1", "<i2", ">u2", "<i4", ">i4", "<u8", "<f4", ">f4", "<f8", ">f8"]


def saved(array: Any, version: tuple[int, int] | None = None) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array(stream, array, version)
    return stream.getvalue()


def with_header(header: str, data: bytes = b"", version: int = 1, length: int | None = None) -> bytes:
    size = len(header) if length is None else length
    return (
        b"\x93NUMPY" + bytes([version, 0]) + struct.pack("<H" if version == 1 else "<I", size) + header.encode() + data
    )


def described(descr: str = "<f8", shape: str = "(2,)", order: str = "False") -> str:
    return f"{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}\n"


def piped(data: bytes, key: str = "", **options: Any) -> Source:
    return read("-" + (f":{key}" if key else ""), stdin=io.BytesIO(data), **options)


@pytest.mark.parametrize("dtype", KEPT)
@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_arrays_come_back_from_npy(tmp_path: Path, dtype: str, version: tuple[int, int], sound: Sound) -> None:
    values = np.random.default_rng(0).integers(0, 2, (2, 3, 4)).astype(dtype)
    for order, written in (("C", values), ("F", np.asfortranarray(values))):
        path = tmp_path / f"{order}.npy"
        path.write_bytes(saved(written, version))
        found = read(str(path))
        sound(found)
        assert np.array_equal(found.array, values)
        assert found.array.dtype == values.dtype.newbyteorder("=")
        assert (found.name, found.kind) == (f"{order}.npy", "file")
        assert found.digest == read(values).digest == read(path).digest == piped(path.read_bytes()).digest


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(st.lists(st.integers(1, 3), min_size=1, max_size=8), st.sampled_from(KEPT), st.booleans())
def test_any_shape_comes_back(shape: list[int], dtype: str, fortran: bool) -> None:
    values = (np.arange(math.prod(shape)) % 2).reshape(shape).astype(dtype)
    found = piped(saved(np.asfortranarray(values) if fortran else values))
    assert np.array_equal(found.array, values)


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(st.text("{}()[]'\":, descrfotn_opahTuFlse<>|=biuf12480-L", max_size=60) | st.binary(max_size=40).map(str))
def test_any_header_is_read_or_refused(header: str) -> None:
    for text in (header, described(shape=header), described(descr=header), described(order=header)):
        try:
            assert piped(with_header(text, bytes(16))).array.size > 0
        except InputError as error:
            message = str(error)
        else:
            continue
        assert message.isprintable()


@pytest.mark.parametrize(
    "header",
    [
        described(),
        "{'shape': (2,), 'fortran_order': False, 'descr': '<f8'}",
        '{"descr":"<f8","fortran_order":False,"shape":(2,)}',
        described(shape="(2L,)"),
    ],
)
def test_headers_of_other_writers(header: str) -> None:
    assert piped(with_header(header, np.array([1.0, 2]).tobytes())).array.tolist() == [1, 2]


def test_a_stored_bool_is_true_or_false() -> None:
    assert piped(with_header(described("|b1"), b"\0\7")).array.view(np.uint8).tolist() == [0, 1]


@pytest.mark.parametrize(
    ("data", "pieces"),
    [
        (
            with_header(described(shape="(1000000000000,)"), bytes(16)),
            ("1000000000000 numbers, the limit is 67108864",),
        ),
        (with_header(described(shape="(9999999999999999999, 9999999999999999999)")), ("10^", "--max-memory SIZE")),
        (with_header(described(shape="(-2,)"), bytes(16)), ("a negative size in shape (-2)",)),
        (with_header(described(shape="(-1, -2)"), bytes(16)), ("a negative size in shape (-1, -2)",)),
        (with_header(described(shape="()"), bytes(8)), ("is a single number", "[[7]]")),
        (with_header(described(shape="(0, 3)")), ("is empty, its shape is (0, 3)",)),
        (with_header(described(shape="(1,1,1,1,1,1,1,1,2)"), bytes(16)), ("has 9 axes, at most 8",)),
        (with_header(described(shape="(2.5,)"), bytes(16)), ("not the one that NumPy writes",)),
        (with_header(described(shape="(" * 2000)), ("not the one that NumPy writes",)),
        (with_header(described(shape="(" + "9" * 5000 + ",)")), ("not the one that NumPy writes",)),
        (with_header(described(order="1"), bytes(16)), ("not the one that NumPy writes",)),
        (with_header(described(order="'True'"), bytes(16)), ("not the one that NumPy writes",)),
        (with_header(described("f3"), bytes(16)), ("not the one that NumPy writes",)),
        (with_header("{'descr': '<f8', 'shape': (2,)}", bytes(16)), ("not the one that NumPy writes",)),
        (with_header(described().replace("{", "[").replace("}", "]"), bytes(16)), ("not the one that NumPy writes",)),
        (with_header("__import__('os').abort()", bytes(16)), ("not the one that NumPy writes",)),
        (with_header("", bytes(16)), ("not the one that NumPy writes",)),
        (with_header(described(), length=2**31, version=2), ("a header of 2147483648 bytes, at most 10000",)),
        (with_header(described(), length=60_000), ("a header of 60000 bytes, at most 10000",)),
        (with_header(described(), version=9), ("version 9.0, versions 1 to 3",)),
        (saved(np.ones(4))[:-1], ("declares 32 bytes of numbers, 31 are there", "cut short")),
        (saved(np.ones(4)) + b"\0", ("declares 32 bytes of numbers, 33 are there", "damaged")),
        (saved(np.ones(4))[:40], ("not the one that NumPy writes",)),
        (b"\x93NUMPY", ("does not begin as a .npy file does",)),
        (saved(np.array([1j])), ("complex numbers (dtype '<c16')", "abs(x)")),
        (saved(np.array(["a"])), ("holds text", "astype(float)")),
        (saved(np.array([b"a"])), ("holds text", "astype(float)")),
        (saved(np.array(["2020-01-01"], "M8[D]")), ("holds dates", "astype('int64')")),
        (saved(np.array([1], "m8[s]")), ("holds time spans", "astype('int64')")),
        (saved(np.zeros(2, [("a", "f4"), ("b", "i4")])), ("structured", "x['name']")),
        (saved(np.zeros(2, "V2")), ("without a type, as NumPy writes the bfloat16", "astype('float32')")),
        (saved(np.array([{}], object)), ("Python objects, which only pickle could load", "astype(float)")),
    ],
)
def test_refused_npy(refused: Refused, tmp_path: Path, data: bytes, pieces: tuple[str, ...]) -> None:
    (tmp_path / "x.npy").write_bytes(data)
    refused(lambda: read(str(tmp_path / "x.npy"), what="weight"), "weight '", "x.npy': ", *pieces)
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("x.npy", data)
    refused(lambda: read(str(tmp_path / "x.npz")), *pieces)
