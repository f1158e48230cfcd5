"""Captures in files: everything comes back without PyTorch, twice the same, and a file is data from a stranger."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import layeranim as la
from layeranim.capturing import Capture, ModelCall, file
from layeranim.engine.packing import Packed
from layeranim.errors import InputError, OptionError, OutputError

X = np.arange(6, dtype=np.float32).reshape(2, 3)
W = np.array([[1, 2, 3], [0, 1, 0]], np.float32)
Y = X @ W.T


def capture() -> Capture:
    """A dense layer and an unknown function, as a capture of a model has them."""
    dense = ModelCall(
        "fc", "Linear", ((2, 3),), ((2, 2),), (("fc.weight", "tied.weight"),), 6, "dense", {"bias": False}, True,
        given=lambda: {"input": X}, results=lambda: {"output": Y},
    )  # fmt: skip
    dense.packed = lambda: (Packed("dense", {"bias": False}, {"input": X, "weight": W}), (Y, 2.0**-23))
    strange = ModelCall(
        "cumsum", "cumsum", ((2, 2),), ((2, 2),), why="no layer", reads=("fc",), given=lambda: {"input": Y},
        results=lambda: {"output": Y.cumsum(-1)},
    )  # fmt: skip
    return Capture("Own", (dense, strange), 6, ("a note",))


def saved(change: Callable[[dict[str, Any]], Any] = lambda head: None) -> io.BytesIO:
    """A capture as a file, its head changed."""
    stream, out = io.BytesIO(), io.BytesIO()
    file.write(capture(), stream)
    with zipfile.ZipFile(stream) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as new:
        for info in old.infolist():
            data = old.read(info)
            if info.filename == file.HEADER:
                head = json.loads(data)
                head = change(head) or head
                data = json.dumps(head).encode()
            new.writestr(info.filename, data)
    out.seek(0)
    return out


def test_all_of_it_comes_back() -> None:
    first, again = capture(), la.load_capture(saved())
    assert repr(again) == repr(first)
    assert again.to_dict() == first.to_dict()
    for one, other in zip(first, again, strict=True):
        assert (one.reads, one.covers, dict(one.inputs).keys()) == (
            other.reads,
            other.covers,
            dict(other.inputs).keys(),
        )
        np.testing.assert_array_equal(one.output, other.output)
    assert la.load_capture(saved()).trace("fc")["output"].tolist() == Y.tolist()
    with pytest.raises(OptionError, match="no layer"):
        again.trace("cumsum")


def test_the_same_capture_gives_the_same_bytes_and_each_array_once(tmp_path: Path) -> None:
    for name in ("a.npz", "b.npz"):
        capture().save(tmp_path / name)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    with np.load(tmp_path / "a.npz", allow_pickle=False) as members:
        assert sorted(name for name in members.files if name != file.HEADER) == ["0", "1", "2", "3"]


def test_what_a_file_holds_is_compared_again_before_it_is_shown() -> None:
    def lie(head: dict[str, Any]) -> None:
        head["calls"][0]["arrays"]["weight"], head["calls"][0]["expected"] = (
            {**head["calls"][0]["arrays"]["input"], "shape": [2, 3]}, head["calls"][0]["expected"],
        )  # fmt: skip

    again = la.load_capture(saved(lie))
    assert again["fc"].agrees  # so it says
    with pytest.raises(OptionError, match=r"fc gives .* so it is not shown"):
        again.trace("fc")
    wide = la.load_capture(saved(lambda head: head["calls"][0].update(eps=1e9)))
    assert wide["fc"].packed is not None
    assert wide["fc"].packed()[1][1] <= 2**-7


def calls(head: dict[str, Any]) -> Any:
    return head["calls"]


@pytest.mark.parametrize(
    "change",
    [
        lambda head: head.update(format="layeranim trace"),
        lambda head: head.update(version=2),
        lambda head: head.pop("calls"),
        lambda head: head.update(calls=7),
        lambda head: head.update(notes=None),
        lambda head: head.update(parameters="many"),
        lambda head: calls(head)[0].pop("name"),
        lambda head: calls(head)[1].update(name="fc"),
        lambda head: calls(head)[0].update(layer="no-such-layer"),
        lambda head: calls(head)[0].update(options={"units": "-1"}),
        lambda head: calls(head)[0].update(axes=[0, 7]),
        lambda head: calls(head)[0].update(eps="wide"),
        lambda head: calls(head)[0]["arrays"]["input"].update(shape=[10**6, 10**6]),
        lambda head: calls(head)[0]["arrays"]["input"].update(shape=[-1, 3]),
        lambda head: calls(head)[0]["arrays"]["input"].update(dtype="object"),
        lambda head: calls(head)[0]["arrays"]["input"].update(member="../../etc/passwd"),
        lambda head: calls(head)[0]["expected"].update(member="capture.json"),
        lambda head: calls(head)[0].update(inputs=[["x"]]),
        lambda head: [head],
    ],
)  # fmt: skip
def test_a_file_that_contradicts_itself_is_one_clear_line(change: Any) -> None:
    with pytest.raises(InputError) as raised:
        la.load_capture(saved(change))
    assert str(raised.value).isprintable()


def test_bytes_that_are_no_capture_are_refused() -> None:
    good = saved().getvalue()
    for data in (
        b"",
        b"PK",
        good[: len(good) // 2],
        good[:-3],
        b'{"format": "layeranim capture"}',
    ):
        with pytest.raises(InputError, match="capture"):
            la.load_capture(io.BytesIO(data))
    rng = np.random.default_rng(1)
    for _ in range(150):
        flipped = bytearray(good)
        flipped[int(rng.integers(len(good)))] ^= 1 << int(rng.integers(8))
        with suppress(InputError):  # and nothing else
            la.load_capture(io.BytesIO(bytes(flipped)))


def test_a_bomb_is_refused_by_what_its_head_says() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(file.HEADER, "{}" + " " * 10**7)
    with pytest.raises(InputError, match=r"overlap|compressed"):
        la.load_capture(stream)


def test_a_path_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    made = capture()
    with pytest.raises(OutputError, match=r"must end in \.npz"):
        made.save(tmp_path / "model.pt")
    other = tmp_path / "other.npz"
    np.savez(other, x=X)
    before = other.read_bytes()
    with pytest.raises(OutputError, match="holds what is no capture"):
        made.save(other)
    assert other.read_bytes() == before
    made.save(other, overwrite=True)
    made.save(other)  # a capture is replaced
    os.symlink(other, tmp_path / "link.npz")
    with pytest.raises(OutputError, match="not a plain file"):
        made.save(tmp_path / "link.npz")
    with pytest.raises(InputError, match="cannot read"):
        la.load_capture(tmp_path / "none.npz")
    la.trace("flatten").save(tmp_path / "trace.npz")
    with pytest.raises(InputError, match=r"capture\.json"):
        la.load_capture(tmp_path / "trace.npz")


def test_it_is_read_and_shown_without_pytorch(tmp_path: Path) -> None:
    capture().save(tmp_path / "own.npz")
    code = ("import sys; sys.modules['torch'] = None; import layeranim as la; c = la.load_capture('own.npz'); "
            "print(c.trace('fc')['output'].tolist())")  # fmt: skip
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == (str(Y.tolist()), "")


def test_a_saved_trace_is_not_a_damaged_capture(tmp_path: Path) -> None:
    la.trace("conv").save(tmp_path / "t.npz")
    with pytest.raises(InputError, match=r"it has no capture\.json; la\.load_trace reads it"):
        la.load_capture(tmp_path / "t.npz")
