"""Traces on disk: what is written loads back equal, the same trace gives the same bytes, a damaged file is refused."""

from __future__ import annotations

import gc
import io
import json
import os
import re
import tracemalloc
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from layeranim import api
from layeranim.catalog import LAYERS, layer
from layeranim.engine import archive, archive_reading, archive_writing
from layeranim.engine.conv import CONV, ConvConfig
from layeranim.engine.replay import replay
from layeranim.engine.symbolic import labelled
from layeranim.engine.trace import Trace
from layeranim.errors import InputError, MemoryLimitError, OutputError, RenderError

SUFFIXES = list(archive.SUFFIXES)


def trace(kind: Any = np.float64, **options: Any) -> Trace:
    rng = np.random.default_rng(1)
    x, kernel = rng.normal(size=(2, 4, 5, 6)).astype(kind), rng.normal(size=(2, 2, 3, 2)).astype(kind)
    x[0, 0, 0, :4] = np.nan, np.inf, -np.inf, -0.0
    x[1, 0, 0, :2] = 1e-40, 3e38
    arrays = {"input": x, "kernel": kernel, "bias": rng.normal(size=2).astype(kind)}
    return CONV.compute(ConvConfig(groups=2, **options), arrays)


def letters() -> Trace:
    t = CONV.compute(ConvConfig(flip=True), {"input": np.ones((3, 4)), "kernel": np.ones((2, 2))})
    return labelled(t, input=list("abcdefghijkl"), kernel=["w", "ξ", "y", "z"])


TRACES = {
    "plain": lambda: trace(),
    "float32": lambda: trace(np.float32),
    "options": lambda: trace(stride=2, padding="1,0,2,1", padding_mode="reflect", flip=True, activation="gelu"),
    "labels": letters,
}


@cache
def small(name: str) -> Trace:
    """A trace of any layer, of small seeded numbers."""
    return api.trace(name)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("name", TRACES)
def test_what_is_written_loads_back_equal(name: str, suffix: str, tmp_path: Path) -> None:
    first = TRACES[name]()
    path = tmp_path / f"trace{suffix}"
    archive.save(first, path)
    second = archive.load(path, layer)
    assert archive.same(first, second)
    assert path.read_bytes() == archive.dumps(TRACES[name](), suffix) == archive.dumps(second, suffix)
    assert [t.name for t in archive_reading.stored(first)] == [t.name for t in archive_reading.stored(second)]
    assert os.listdir(tmp_path) == [path.name]
    step = second.steps[-4]
    assert step == first.steps[-4]
    assert replay(second, step).agrees
    np.testing.assert_array_equal(first["partial_sums"], second["partial_sums"])
    for item in first.tensors.values():
        labels = second.tensor(item.name).labels
        assert (labels is None) == (item.labels is None)
        assert labels is None or labels.tolist() == item.labels.tolist()


def test_recipes_are_not_written_and_every_other_array_under_its_name() -> None:
    data = archive.dumps(CONV.compute(ConvConfig(), {"input": np.ones((5, 5)), "kernel": np.ones((3, 3))}))
    with np.load(io.BytesIO(data)) as stored:
        assert sorted(stored.files) == ["input", "kernel", "output", "padded", "pre_activation", "trace.json"]
        np.testing.assert_array_equal(stored["pre_activation"], np.full((1, 1, 3, 3), 9.0))
        np.testing.assert_array_equal(stored["output"], stored["pre_activation"])


def of_version_0_1(data: bytes) -> bytes:
    """As it was written before: the output, which is the pre-activation, has no array of its own."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w") as target:
        head = json.loads(source.read("trace.json"))
        (entry,) = (entry for entry in head["tensors"] if entry["name"] == "output")
        entry["same_as"] = entry.pop("member") and "pre_activation"
        target.writestr("trace.json", json.dumps(head))
        for name in set(source.namelist()) - {"trace.json", "output.npy"}:
            target.writestr(name, source.read(name))
    return out.getvalue()


def test_a_trace_of_an_older_version_is_read() -> None:
    first = CONV.compute(ConvConfig(), {"input": np.ones((5, 5)), "kernel": np.ones((3, 3))})
    assert archive.same(first, archive.load(io.BytesIO(of_version_0_1(archive.dumps(first))), layer))


def test_json_is_plain_json() -> None:
    def refuse(word: str) -> Any:
        raise AssertionError(word)

    head = json.loads(archive.dumps(trace(np.float32), ".json"), parse_constant=refuse)
    assert (head["format"], head["version"], head["layer"]) == ("layeranim trace", 1, "conv")
    assert head["options"]["groups"] == "2"
    first = head["tensors"][0]
    assert (first["name"], first["dtype"], first["shape"]) == ("input", "float32", [2, 4, 5, 6])
    assert first["values"][0][0][0][:3] == ["NaN", "Infinity", "-Infinity"]


def test_same_sees_every_difference() -> None:
    first = trace()
    assert archive.same(first, trace())
    assert not archive.same(first, trace(np.float32))
    assert not archive.same(first, trace(stride=2))
    x, kernel = np.zeros((3, 3)), np.ones((2, 2))
    negative = CONV.compute(ConvConfig(), {"input": -x, "kernel": kernel})
    assert not archive.same(CONV.compute(ConvConfig(), {"input": x, "kernel": kernel}), negative)
    plain = CONV.compute(ConvConfig(flip=True), {"input": np.ones((3, 4)), "kernel": np.ones((2, 2))})
    assert not archive.same(letters(), plain)


def rewritten(data: bytes, **changes: Any) -> bytes:
    """The ``.npz`` with members replaced, by name without suffix; a function is given the head of the trace."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w") as target:
        for info in source.infolist():
            content = source.read(info)
            change = changes.get(info.filename.partition(".")[0])
            if callable(change):
                head = json.loads(content)
                change(head)
                content = json.dumps(head).encode()
            elif change is not None:
                content = change
            target.writestr(zipfile.ZipInfo(info.filename), content)
    return out.getvalue()


def set_shape(size: int) -> Any:
    return lambda head: head["tensors"][0].update(shape=[size, 4, 5, 6])


DAMAGE: dict[str, tuple[Any, str]] = {
    "empty": (lambda data: b"", "not a trace"),
    "text": (lambda data: b"hello", "not a trace"),
    "cut short": (lambda data: data[: len(data) // 2], "not a trace"),
    "a number": (lambda data: b"7", "not a trace"),
    "deep": (lambda data: b"[" * 100_000, "not a trace"),
    "pickle": (lambda data: rewritten(data, input=b"\x80\x04."), "'input' should hold 1920 bytes of numbers"),
    "no numbers": (lambda data: rewritten(data, input=b""), "'input' should hold 1920 bytes"),
    "shape lies": (lambda data: rewritten(data, trace=set_shape(10**12)), "'input' should hold 960000000000000 bytes"),
    "negative": (lambda data: rewritten(data, trace=set_shape(-2)), "type, role or shape that no trace has"),
    "object": (lambda data: rewritten(data, trace=lambda h: h["tensors"][0].update(dtype="object")), "type, role"),
    "missing": (lambda data: rewritten(data, trace=lambda h: h["tensors"].pop(1)), "not a trace .*padded"),
    "version": (lambda data: rewritten(data, trace=lambda h: h.update(version=3)), "version 3, but this program reads"),
    "layer": (lambda data: rewritten(data, trace=lambda h: h.update(layer="konv")), "unknown layer 'konv'"),
    "option": (lambda data: rewritten(data, trace=lambda h: h["options"].update(stride="0")), "stride is 0"),
    "incomplete": (lambda data: rewritten(data, trace=lambda h: h["options"].pop("filters")), "do not go together"),
    "stride": (lambda data: rewritten(data, trace=lambda h: h["options"].update(stride="2")), "out_height"),
    "padding": (lambda data: rewritten(data, trace=lambda h: h["options"].update(padding="1")), "padded is 5×6"),
    "groups": (lambda data: rewritten(data, trace=lambda h: h["options"].update(groups="1")), "kernel has 2 channels"),
}  # fmt: skip


BACK_DAMAGE: dict[str, tuple[Any, str]] = {
    "no gradients": (lambda head: head.pop("backward"), "not a trace .*backward"),
    "a gradient less": (lambda head: head["backward"].pop(1), "holds other tensors"),
    "another axis": (lambda head: head["backward"][1].update(axes=list("abcd")), "holds other tensors"),
    "starts elsewhere": (lambda head: head["given"][0].update(name="padded"), "starts from that of output"),
    "another forward": (lambda head: head["options"].update(padding="1"), "padded is 5×6"),
}


@pytest.mark.parametrize("name", [*DAMAGE, *BACK_DAMAGE])
def test_a_damaged_file_is_refused_in_one_line(name: str) -> None:
    if name in DAMAGE:
        (damage, message), data = DAMAGE[name], archive.dumps(trace())
    else:
        change, message = BACK_DAMAGE[name]
        damage, data = lambda data: rewritten(data, trace=change), archive.dumps(CONV.backward(trace(), {}))  # type: ignore[misc]
    with pytest.raises(InputError, match=message) as raised:
        archive.load(io.BytesIO(damage(data)), layer)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("name", LAYERS)
def test_every_damage_is_refused_in_one_line_that_shows(name: str, suffix: str) -> None:
    """Bits flipped, bytes lost and added, at seeded places: refused by name, or a trace that can be read."""
    first = small(name)
    data, rng = archive.dumps(first, suffix), np.random.default_rng(5)
    head = max(data.find(b"PK", 10), 0) or len(data)  # of a .npz, what says what there is
    for _ in range(40):
        at = int(rng.integers(head))
        piece = bytes(
            rng.choice([*b'"{}[],:09eE-\x9b\x1b\x7f', data[at] ^ 1 << int(rng.integers(8))], 1).astype(np.uint8)
        )
        damaged = data[:at] + piece * int(rng.integers(2)) + data[at + int(rng.integers(2)) :]
        refused_or_readable(damaged)


@pytest.mark.parametrize("name", LAYERS)
def test_an_axis_of_another_name_is_refused_where_it_matters(name: str) -> None:
    """What is read later, when no file is at hand any more, must not be what finds it out."""
    data = archive.dumps(small(name), ".json")
    head = json.loads(data)
    for entry in head["tensors"]:
        for at, axis in enumerate(entry["axes"]):
            entry["axes"][at] = axis + "x"
            refused_or_readable(json.dumps(head).encode())
            entry["axes"][at] = axis


def refused_or_readable(data: bytes) -> None:
    try:
        found = archive.load(io.BytesIO(data), layer)
    except InputError as error:
        line = str(error)
    else:
        line = ""
        for tensor in found.tensors.values():
            assert tensor.array.shape == tensor.shape
        assert all(step for step in found.steps[:3])
    assert not line or line.isprintable()


@pytest.mark.parametrize("name", LAYERS)
def test_numpy_reads_every_array_of_every_layer_by_its_name(name: str) -> None:
    first = small(name)
    with np.load(io.BytesIO(archive.dumps(first))) as stored:
        for tensor in archive_reading.stored(first):
            np.testing.assert_array_equal(stored[tensor.name], tensor.array)
    assert archive.same(first, archive.load(io.BytesIO(archive.dumps(first)), layer))


def test_a_backward_pass_is_saved_with_its_forward_trace_and_read_by_numpy(tmp_path: Path) -> None:
    forward, path = trace(), tmp_path / "back.npz"
    back = CONV.backward(forward, {"output": np.ones(forward["output"].shape)})  # type: ignore[misc]
    back.save(path)
    with np.load(path) as stored:
        np.testing.assert_array_equal(stored["backward/grad_kernel"], back["grad_kernel"])
        np.testing.assert_array_equal(stored["kernel"], forward["kernel"])
        np.testing.assert_array_equal(stored["given/output"], stored["backward/grad_output"])
    other = io.BytesIO()
    np.save(other, back["grad_kernel"] + 1)
    changed = rewritten(path.read_bytes(), **{"backward/grad_kernel": other.getvalue()})
    np.testing.assert_array_equal(archive.load(io.BytesIO(changed), layer)["grad_kernel"], back["grad_kernel"] + 1)
    again = archive.load(path, layer)
    assert archive.same(back, again)
    assert again.origin is not None
    assert archive.same(again.origin.forward, forward)
    assert list(again.origin.given) == ["output"]


def test_compressed_repeated_and_flipped_members_are_refused() -> None:
    data = archive.dumps(trace())
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        target.writestr("trace.json", b" " * 10**6)
    with pytest.raises(InputError, match="repeat or overlap"):
        archive.load(out, layer)
    small = io.BytesIO()
    with zipfile.ZipFile(small, "w", zipfile.ZIP_BZIP2) as target:
        target.writestr("trace.json", b"7")
    with pytest.raises(InputError, match="compressed or encrypted"):
        archive.load(small, layer)
    again = io.BytesIO(data)
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(again, "a") as target:
        target.writestr("input.npy", b"")
    with pytest.raises(InputError, match="repeat"):
        archive.load(again, layer)
    place = data.index(b"\x93NUMPY") + 200
    flipped = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
    with pytest.raises(InputError, match="CRC"):
        archive.load(io.BytesIO(flipped), layer)


def test_json_whose_values_do_not_fit_is_refused() -> None:
    head = json.loads(archive.dumps(trace(), ".json"))
    for change, message in (
        ({"shape": [2, 4, 5, 7]}, "'input' does not hold 2×4×5×7 numbers"),
        ({"shape": [10**12]}, "'input' does not hold 1000000000000 numbers"),
        ({"values": [[[["x"] * 6] * 5] * 4] * 2}, "not a trace"),
        ({"values": [[[[None] * 6] * 5] * 4] * 2}, "holds something that is not a number"),
        ({"values": 3}, "does not hold"),
    ):
        damaged = json.loads(json.dumps(head))
        damaged["tensors"][0].update(change)
        with pytest.raises(InputError, match=message):
            archive.load(io.BytesIO(json.dumps(damaged).encode()), layer)
    with pytest.raises(InputError, match="NaN is written as a string"):
        archive.load(io.BytesIO(b'{"format": NaN}'), layer)


def test_paths_that_cannot_be_written_or_read(tmp_path: Path) -> None:
    kept = tmp_path / "kept.npz"
    kept.write_bytes(b"before")
    link = tmp_path / "link.npz"
    link.symlink_to(kept)
    for path, message in (
        (tmp_path / "x.csv", "must end in .npz or .json"),
        (link, "is not a plain file"),
        (tmp_path, "must end in"),
        (tmp_path / "none" / "x.npz", "No such file"),
    ):
        with pytest.raises(OutputError, match=re.escape(message)):
            archive.save(trace(), path, overwrite=True)
    assert kept.read_bytes() == b"before"
    with pytest.raises(InputError, match="No such file"):
        archive.load(tmp_path / "none.npz", layer)


def test_a_failed_write_leaves_the_previous_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.npz"
    path.write_bytes(b"before")

    def fail(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(archive_writing, "write", fail)
    with pytest.raises(RenderError, match="No space left on device; nothing was replaced"):
        archive.save(trace(), path, overwrite=True)
    assert path.read_bytes() == b"before"
    assert os.listdir(tmp_path) == ["x.npz"]


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path, held = tmp_path / "x.npz", tmp_path / "held.npz"
    path.write_bytes(b"before")
    os.link(path, held)  # a reader that still has the previous file open
    archive.save(trace(), path, overwrite=True)
    assert held.read_bytes() == b"before"
    assert path.read_bytes() == archive.dumps(trace())


def test_json_is_written_in_pieces_as_it_would_be_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = {name: archive.dumps(TRACES[name](), ".json") for name in TRACES}
    monkeypatch.setattr(archive_writing, "PIECE", 3)
    for name, text in whole.items():
        assert archive.dumps(TRACES[name](), ".json") == text, name
    many = list(archive.pieces(trace()))
    assert max(map(len, many)) < 400


def test_labels_that_would_take_gigabytes_are_no_traces() -> None:
    head = json.loads(archive.dumps(letters(), ".json"))
    entry = next(entry for entry in head["tensors"] if "labels" in entry)
    entry["labels"]["text"][0] = "x" * 5_000_000
    with pytest.raises(InputError, match="labels of 5000000 letters, which no trace has"):
        archive.load(io.BytesIO(json.dumps(head).encode()), layer)


MANY = 30_000
FORMS = {
    "zeros": b"[" + b"0," * MANY + b"0]",
    "numbers": b"[" + b"0.1234567," * MANY + b"0]",
    "lists": b"[" + b"[]," * MANY + b"0]",
    "nested": b"[" * 900 + b"]" * 900,
    "dictionaries": b"[" + b'{"a":1},' * MANY + b"0]",
    "keys": b"{" + b",".join(b'"k%d":1' % k for k in range(MANY)) + b"}",
    "words": b"[" + b'"ab",' * MANY + b"0]",
    "one wide letter": '["\\u1234😀'.encode() + b"x" * 10 * MANY + b'"]',
    "one escaped letter": b'["' + b"x" * 10 * MANY + b'\\ud83d\\ude00"]',
    "a trace": archive.dumps(api.trace("dense", input=np.ones((400, 30)), units=30), ".json"),
}


@pytest.mark.parametrize("form", FORMS)
def test_what_json_takes_is_known_before_it_is_parsed(form: str) -> None:
    data = FORMS[form]

    def read() -> Any:
        if form == "a trace":
            return archive.load(io.BytesIO(data), layer)
        found = archive_reading._parsed(data)
        entry = {"shape": [MANY + 1], "dtype": "float64", "name": "x"}
        return archive_reading._nested(found, entry) if form in ("zeros", "numbers") else found

    gc.collect()
    tracemalloc.start()
    try:
        read()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak <= archive_reading.parsing(data)


@pytest.mark.parametrize("suffix", [".json", ".npz"])
def test_a_saved_trace_over_the_budget_is_refused_before_it_is_parsed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    path = tmp_path / f"x{suffix}"
    trace().save(path)
    assert archive.same(api.load_trace(path, max_memory="1MB"), trace())

    def parsed(*_: Any, **__: Any) -> Any:
        raise AssertionError("it was parsed")

    monkeypatch.setattr(json, "loads", parsed)
    with pytest.raises(MemoryLimitError, match=r"bytes of JSON takes, about .* of memory.*--max-memory .*max_memory="):
        api.load_trace(path, max_memory=1000)
