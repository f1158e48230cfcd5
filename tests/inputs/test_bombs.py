"""Small files that ask for much: each refused within 2 s of the processor, all of them within 300 MB."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import pytest
from PIL import Image

from tests.clocks import HANG

SECONDS, MEGABYTES = 2.0, 300
TEXT = 2**22  # the limit of text
DIRECTORY = 2**24  # the limit of what lists arrays
WIDE, HIGH = 6700, 6600  # within the limit of 38347922 pixels


def _npy(shape: str, data: bytes = b"") -> bytes:
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}".encode()
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header + data


def _zipped(data: bytes, declared: int | None = None) -> bytes:
    """An archive of x.npy, its size falsely declared in the directory."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("x.npy", data)
    packed = stream.getvalue()
    at = packed.index(b"PK\1\2") + 24
    return packed if declared is None else packed[:at] + struct.pack("<I", declared) + packed[at + 4 :]


def _crowded(members: int, zip64: bool = False) -> bytes:
    """A zip whose directory has many entries, all of one empty member; with zip64 its old end record says one."""
    entry = b"PK\1\2" + struct.pack("<6H3I5H2I", 20, 20, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0) + b"x.npy"
    size = len(entry) * members
    if zip64:
        record = struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 45, 45, 0, 0, members, members, size, 0)
        locator = struct.pack("<4sIQI", b"PK\6\7", 0, size, 1)
        return entry * members + record + locator + struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 1, 1, len(entry), 0, 0)
    return entry * members + struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, members, members, size, 0, 0)


def _pickled(operations: bytes) -> bytes:
    """A file of torch.save with these operations in its pickle."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("m/data.pkl", (b"\x80\x02" + operations)[: DIRECTORY - 1] + b".")
    return stream.getvalue()


def _png(width: int, height: int, *chunks: tuple[bytes, bytes]) -> bytes:
    head = (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    parts = [
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in (head, *chunks)
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _directory(header: bytes) -> bytes:
    return struct.pack("<Q", len(header)) + header


def _cut(kind: str) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (64, 64)).save(stream, kind, quality=1, method=0)
    data = stream.getvalue()
    if kind == "JPEG":
        at = data.index(b"\xff\xc0") + 5
        return data[:at] + struct.pack(">HH", HIGH, WIDE) + data[at + 4 : -20]
    frame = (
        b"VP8X" + struct.pack("<I", 10) + bytes(4) + struct.pack("<I", WIDE - 1)[:3] + struct.pack("<I", HIGH - 1)[:3]
    )
    return b"RIFF" + struct.pack("<I", len(data) - 8 + len(frame)) + b"WEBP" + frame + data[12:]


@pytest.fixture
def bombs(tmp_path: Path) -> list[str]:
    zeros = bytes(257 * 2**20)
    files = {
        "declared.png": _png(65_000, 65_000, (b"IDAT", b"")),
        "cut.png": _png(WIDE, HIGH, (b"IDAT", zlib.compress(zeros[: 120 * 2**20], 1))),
        "text.png": _png(
            8, 8, (b"zTXt", b"k\0\0" + zlib.compress(zeros[: 2**26], 1)), (b"IDAT", zlib.compress(bytes(200)))
        ),
        "cut.jpg": _cut("JPEG"),
        "cut.webp": _cut("WEBP"),
        "terabytes.npy": _npy("(1000000000000,)"),
        "overflowing.npy": _npy("(4294967296, 4294967296)"),
        "long-header.npy": b"\x93NUMPY\2\0" + struct.pack("<I", 2**31) + b"{" * 100_000,
        "honest.npz": _zipped(_npy("(33685504,)", zeros)),
        "lying.npz": _zipped(_npy("(4,)", zeros[: 2**26]), 97),
        "promising.npz": _zipped(_npy("(4,)", bytes(32)), 2**28),
        "crowded.npz": _crowded(65_000),
        "crowded-64.npz": _crowded(80_000, zip64=True),
        "overcrowded-64.npz": _crowded(400_000, zip64=True),
        "memo.pt": _pickled(b"]r\xff\xff\xff\x7f"),
        "fields.onnx": b"\x3a\x80\x80\x80\x08" + b"\x08\x00" * (DIRECTORY // 2),
        "nested.json": b"[" * TEXT,
        "objects.json": b"[" + b"{}," * (TEXT // 3 - 2) + b"{}]",
        "lists.json": b"[" + b"[]," * (TEXT // 3 - 2) + b"[]]",
        "huge-number.json": b"[" + b"9" * (TEXT - 2) + b"]",
        "large.json": b" " * (TEXT + 1),
        "huge-number.csv": b"9" * TEXT,
        "one-line.csv": b"12," * (TEXT // 3 - 1) + b"x",
        "long-text.csv": b'"' * TEXT,
        "header.safetensors": struct.pack("<Q", 2**40) + b"{",
        "nested.safetensors": _directory(b"[" * (TEXT // 2)),
        "shape.safetensors": _directory(b'{"x": {"dtype": "F64", "shape": [9000000000], "data_offsets": [0, 8]}}'),
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    sparse = tmp_path / "sparse.npy"
    with open(sparse, "wb") as stream:
        stream.write(_npy("(1,)"))
        stream.truncate(2**40)
    return [str(tmp_path / name) for name in (*files, "sparse.npy")]


def refusals(bombs: list[str]) -> list[list[str]]:
    """Name, seconds, megabytes and answer of each, read in a process of their own."""
    root = Path(__file__).parents[2]
    command = [sys.executable, "-W", "error", str(Path(__file__).with_name("bombs.py")), *bombs]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=HANG)
    assert (done.returncode, done.stderr) == (0, "")
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    assert len(lines) == len(bombs) + 3
    return lines


def test_what_lists_very_many_arrays_is_refused_within_the_memory_that_may_be_taken(tmp_path: Path) -> None:
    files = {"objects.pt": _pickled(b"]" * DIRECTORY),
             "lists.safetensors": _directory(b"[" + b"[]," * (DIRECTORY // 3 - 2) + b"[]]")}  # fmt: skip
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    for name, seconds, megabytes, verdict in refusals([str(tmp_path / name) for name in files]):
        assert verdict.startswith("input '"), (name, verdict)
        assert float(seconds) < 5 * SECONDS, (name, seconds)
        assert int(megabytes) < 512, (name, megabytes)


def test_bombs_are_refused_quickly_and_cheaply(bombs: list[str]) -> None:
    assert sum(os.stat(bomb).st_blocks * 512 for bomb in bombs) < 2**27
    lines = refusals(bombs)
    reasons = {name: verdict.partition("': ")[2].partition(";")[0] for name, _, _, verdict in lines}
    assert reasons["crowded.npz"] == reasons["crowded-64.npz"] == "holds 'x.npy' twice"
    assert reasons["overcrowded-64.npz"] == "its zip directory takes 20400000 bytes, the limit is 16777216"
    assert reasons["memo.pt"] == "holds no array"
    assert reasons["promising.npz"] == "declares 268435456 bytes, more than its 67 packed bytes can hold"
    assert reasons["declared.png"] == "declares more than 38347922 pixels"
    assert reasons["endless npy"] == "standard input is longer than 134217728 bytes"
    for name, seconds, megabytes, verdict in lines:
        assert verdict.startswith("input '"), (name, verdict)
        assert verdict.count("; ") >= 1, (name, verdict)
        assert float(seconds) < SECONDS, (name, seconds)
        assert int(megabytes) < MEGABYTES, (name, megabytes)
