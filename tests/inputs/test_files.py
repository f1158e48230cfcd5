"""Files, folders, pipes and standard input: what is opened, and how a refusal reads."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from layeranim.inputs import read
from layeranim.inputs.npy import npy
from layeranim.inputs.request import Request

Refused = Callable[..., str]


@pytest.mark.parametrize("name", ["2 cats.npy", "it's 100%.npy", "-x.npy", "Größe 東京.npy", "a:b.npy", "photo.npy"])
def test_file_names_of_every_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    np.save(tmp_path / name, np.ones(2))
    monkeypatch.chdir(tmp_path)
    for spec in (name, "./" + name, str(tmp_path / name), tmp_path / name):
        found = read(spec)
        assert read(spec, base=tmp_path) == found
        assert (found.name, found.kind, found.array.tolist()) == (name, "file", [1, 1])


def test_a_path_is_always_a_file(tmp_path: Path, refused: Refused) -> None:
    refused(lambda: read(Path("digit:3"), base=tmp_path), "no such file or name")
    np.save(tmp_path / "1 2.npy", np.ones(1))
    assert read(Path("1 2.npy"), base=tmp_path).array.tolist() == [1]


def test_what_is_no_file(tmp_path: Path, refused: Refused) -> None:
    (tmp_path / "folder.npy").mkdir()
    (tmp_path / "empty.npy").write_bytes(b"")
    (tmp_path / "notes.xlsx").write_bytes(b"x")
    (tmp_path / "a.npy").write_bytes(b"\x93NUMPY\1\0")
    os.mkfifo(tmp_path / "pipe.npy")

    def at(name: str) -> Callable[[], Any]:
        return lambda: read(name, base=tmp_path)

    refused(at("folder.npy"), "input 'folder.npy': is a folder", "name a file")
    refused(at("pipe.npy"), "is not a regular file", "read by -")
    refused(at("empty.npy"), "is an empty file", "save it again")
    refused(at("notes.xlsx"), "its ending '.xlsx' is not known", ".npy .npz .safetensors .csv", ".webp")
    refused(at("a.npy:key"), "no such file", "did you mean 'a.npy'?")


def test_a_file_that_may_not_be_read(tmp_path: Path, refused: Refused, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.npy").write_bytes(b"x")

    def denied(*_: object) -> Any:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", denied)
    refused(lambda: read("a.npy", base=tmp_path), "cannot be read: Permission denied", "permissions")


def test_a_file_that_shrinks_while_it_is_read(refused: Refused) -> None:
    class Shrinking(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            data = super().read(size)
            return data[:-8] if len(data) == 32 else data

    stream = io.BytesIO()
    np.save(stream, np.ones(4))
    data = stream.getvalue()
    assert npy(io.BytesIO(data), len(data), Request("input", "x.npy")).tolist() == [1] * 4
    refused(lambda: npy(Shrinking(data), len(data), Request("input", "x.npy")), "ended while it was read", "cut short")


def test_standard_input(refused: Refused) -> None:
    assert read("-", stdin=io.BytesIO(b"1 2\n3 4\n")).name == "stdin"
    assert read("-", stdin=io.BytesIO(b" [[1, 2]]\n")).array.tolist() == [[1, 2]]
    refused(lambda: read("-"), "there is no standard input here", "pass stdin=")
    refused(lambda: read("-", stdin=io.BytesIO(b" \n")), "nothing came on standard input", "pipe a file")
    refused(lambda: read("-:key", stdin=io.BytesIO(b"1 2")), "holds one array, without a name", "leave out")
    refused(lambda: read("-", stdin=io.BytesIO(b"1 2"), gray=True), "gray and resize are for pictures")
    refused(lambda: read("-", stdin=io.BytesIO(b"%PDF-1.7 \x00")), "holds no numbers")
    refused(lambda: read("-", stdin=io.BytesIO(b"GIF89a\x01\x00\xff")), "is not UTF-8 text")
