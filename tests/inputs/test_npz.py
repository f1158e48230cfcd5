"""NumPy's .npz: arrays by key, and every archive that is refused."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from layeranim.inputs import Limits, Source, read

Refused = Callable[..., str]
Sound = Callable[[Source], None]


def saved(array: Any, version: tuple[int, int] | None = None) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array(stream, array, version)
    return stream.getvalue()


def piped(data: bytes, key: str = "", **options: Any) -> Source:
    return read("-" + (f":{key}" if key else ""), stdin=io.BytesIO(data), **options)


def test_npz_by_key(tmp_path: Path, refused: Refused, sound: Sound) -> None:
    path = str(tmp_path / "w 1.npz")
    arrays = {"weight": np.ones((2, 2)), "bias": np.arange(3), "layer.0:k": np.zeros(1)}
    for save in (np.savez, np.savez_compressed):
        save(path, **arrays)  # type: ignore[arg-type]
        for key, values in arrays.items():
            found = read(f"{path}:{key}")
            sound(found)
            assert np.array_equal(found.array, values)
            assert found.name == f"w 1.npz:{key}"
            assert piped(Path(path).read_bytes(), key).digest == found.digest
    refused(lambda: read(path), "holds 3 arrays (weight, bias, layer.0:k)", f"name one: {path}:weight")
    refused(lambda: read(f"{path}:wieght"), "holds no array 'wieght'", "did you mean 'weight'?")
    refused(lambda: read(f"{path}:"), "holds no array ''", "it holds weight, bias, layer.0:k")
    np.savez(path, only=np.ones(2))
    assert read(path).array.tolist() == [1, 1]
    np.savez(path)
    refused(lambda: read(path), "holds no array", "save at least one")
    np.savez(path, **{f"k{index}": np.ones(1) for index in range(20)})  # type: ignore[arg-type]
    refused(lambda: read(path), "holds 20 arrays (k0, k1, k2, k3, k4, k5, k6, k7, … 12 more)")


class Bomb:
    """Touches a file when unpickled."""

    path = ""

    def __reduce__(self) -> tuple[Any, ...]:
        return open, (Bomb.path, "w")


def test_a_pickle_inside_does_not_run(tmp_path: Path, refused: Refused, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Bomb, "path", str(tmp_path / "ran"))
    np.savez(tmp_path / "a.npz", x=np.array([Bomb()], object))
    np.save(tmp_path / "a.npy", np.array([Bomb()], object), allow_pickle=True)
    (tmp_path / "b.npz").write_bytes(b"\x80\x04N.")
    refused(lambda: read(str(tmp_path / "a.npz")), "Python objects, which only pickle could load")
    refused(lambda: read(str(tmp_path / "a.npy")), "Python objects, which only pickle could load")
    refused(lambda: read(str(tmp_path / "b.npz")), "does not end as an .npz archive does")
    assert not (tmp_path / "ran").exists()
    np.load(tmp_path / "a.npz", allow_pickle=True)["x"][0].close()
    assert (tmp_path / "ran").exists()


def archive(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as opened:
        for name, data in members:
            opened.writestr(name, data)
    return stream.getvalue()


def patched(data: bytes, field: int, value: bytes) -> bytes:
    """The archive with bytes of its first directory entry replaced."""
    start = data.index(b"PK\1\2") + field
    return data[:start] + value + data[start + len(value) :]


ONES = saved(np.ones(4))


@pytest.mark.parametrize(
    ("data", "pieces"),
    [
        (archive(("x.npy", ONES), method=zipfile.ZIP_BZIP2), ("method 12, not stored or deflated", "savez_compressed")),
        (archive(("x.npy", ONES), method=zipfile.ZIP_LZMA), ("method 14, not stored or deflated",)),
        (patched(archive(("x.npy", ONES)), 8, b"\1"), ("is encrypted", "without a password")),
        (patched(archive(("x.npy", ONES)), 24, struct.pack("<I", 200_000_000)), ("more than its", "can hold")),
        (patched(archive(("x.npy", ONES)), 24, struct.pack("<I", 2**32 - 2)), ("4294967294 bytes, the limit",)),
        (patched(archive(("x.npy", ONES)), 16, b"abcd"), ("not a sound zip archive",)),
        (patched(archive(("x.npy", ONES)), 42, b"\xff\xff\xff\x7f"), ("not a sound zip archive",)),
        (archive(("x.npy", ONES)) + b"tail", ("does not end as an .npz archive does", "cut short")),
        (archive(("x.npy", ONES))[:-1], ("does not end as an .npz archive does",)),
        (archive(("readme.txt", b"hello")), ("holds no array",)),
        (b"PK\3\4", ("does not end as an .npz archive does",)),
    ],
)
def test_refused_archives(refused: Refused, data: bytes, pieces: tuple[str, ...]) -> None:
    refused(lambda: piped(data), "input '-': ", *pieces)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_that_stands_twice(refused: Refused) -> None:
    data = archive(("x.npy", ONES), ("x.npy", saved(np.zeros(4))))
    refused(lambda: piped(data, "x"), "holds 'x.npy' twice", "no telling which")


def test_the_limit_counts_for_the_array_not_for_the_archive(tmp_path: Path, refused: Refused) -> None:
    path = str(tmp_path / "w.npz")
    np.savez(path, small=np.ones(4), large=np.ones(5000))
    tiny = Limits(size=20_000)
    assert read(f"{path}:small", limits=tiny).array.size == 4
    refused(lambda: read(f"{path}:large", limits=tiny), "40128 bytes, the limit is 30000", "--max-memory SIZE")
    refused(lambda: piped(b"1 " * 400, limits=tiny), "standard input is longer than 312 bytes", "--max-memory SIZE")
    refused(lambda: piped(saved(np.ones(1250)), limits=tiny), "standard input is longer than 10000 bytes", "as a file")
    assert piped(saved(np.ones(1230)), limits=tiny).array.size == 1230
    refused(lambda: read(np.ones(5000), limits=tiny), "40000 bytes, the limit is 20000", "max_memory= in Python")
    refused(lambda: read(np.ones(5001, "u1"), limits=tiny), "5001 numbers, the limit is 5000")
