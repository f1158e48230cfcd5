"""Whose a file is: what a provenance names by its digest is ours; anything else is neither replaced nor removed."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from layeranim.errors import OutputError, RenderError
from layeranim.film import output, owned
from layeranim.film.output import Outputs

WORDS = b"WEBVTT\n\n1\n00:00:00.000 --> 00:00:02.000\nhello\n"


def report(files: dict[str, bytes], **more: Any) -> dict[str, Any]:
    named = {name: {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()} for name, data in files.items()}
    return {"explainer": "conv", "files": named, "versions": {"layeranim": "0"}, **more}


def film(folder: Path, **files: bytes) -> Path:
    """A film of ours: its files by suffix, and the provenance that names them."""
    made = {f"a.{suffix.replace('_', '.')}": data for suffix, data in files.items()}
    for name, data in made.items():
        (folder / name).write_bytes(data)
    (folder / "a.json").write_text(json.dumps(report(made)))
    return folder / "a.json"


def foreign(place: Path, *names: str) -> list[str]:
    return [path.name for path in owned.foreign(place, [place.with_name(name) for name in names])]


def test_only_what_is_named_with_its_digest_is_ours(tmp_path: Path) -> None:
    place = film(tmp_path, gif=b"film", png=b"poster", vtt=WORDS)
    (tmp_path / "b.gif").write_bytes(b"film")
    assert foreign(place, "a.gif", "a.png", "a.vtt", "a.json", "a.mp4") == []
    (tmp_path / "a.png").write_bytes(b"retouched")
    assert foreign(place, "a.gif", "a.png", "b.gif") == ["a.png", "b.gif"]
    (tmp_path / "a.png").write_bytes(b"")  # nobody loses anything
    assert foreign(place, "a.png") == []


@pytest.mark.parametrize(
    "text",
    ["", "{", "[1]", '{"explainer": "conv"}', '{"files": {}}', '{"explainer": 1, "files": {}, "versions": {}}',
     '{"explainer": "x", "files": {"a.gif": 3}, "versions": {"layeranim": "0"}}', "[" * 100_000,
     '{"explainer": "x", "files": [], "versions": {"node": "20"}, "name": "package"}'],
)  # fmt: skip
def test_a_json_of_somebodys_is_no_provenance(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.gif").write_bytes(b"film")
    (tmp_path / "a.json").write_text(text)
    assert owned.provenance(tmp_path / "a.json") is None
    assert foreign(tmp_path / "a.json", "a.gif", "a.json") == ["a.gif", *(["a.json"] if text else [])]


def test_captions_of_version_0_1_are_ours_though_not_named(tmp_path: Path) -> None:
    place = film(tmp_path, gif=b"film")
    (tmp_path / "a.vtt").write_bytes(WORDS)
    assert foreign(place, "a.vtt") == []
    (tmp_path / "a.vtt").write_bytes(b"1\n00:00:01,000 --> 00:00:02,000\nby hand\n")
    assert foreign(place, "a.vtt") == ["a.vtt"]
    (tmp_path / "a.vtt").write_bytes(WORDS + b"\n2\nby hand\n")
    for named in ({"vtt": WORDS}, {"captions": WORDS}):
        film(tmp_path, gif=b"film", **named)
        (tmp_path / "a.vtt").write_bytes(WORDS + b"\n2\nby hand\n")
        assert foreign(place, "a.vtt") == ["a.vtt"]


def test_line_ends_and_pointers_do_not_make_a_file_somebodys(tmp_path: Path) -> None:
    place = film(tmp_path, gif=b"film", vtt=WORDS)
    (tmp_path / "a.vtt").write_bytes(WORDS.replace(b"\n", b"\r\n"))
    oid = hashlib.sha256(b"film").hexdigest().encode()
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + oid + b"\nsize 4\n"
    (tmp_path / "a.gif").write_bytes(pointer)
    assert foreign(place, "a.gif", "a.vtt") == []
    (tmp_path / "a.gif").write_bytes(pointer.replace(oid, oid[::-1]))
    (tmp_path / "a.vtt").write_bytes(WORDS.replace(b"hello", b"hallo").replace(b"\n", b"\r\n"))
    assert foreign(place, "a.gif", "a.vtt") == ["a.gif", "a.vtt"]


def test_an_input_by_any_name_is_found(tmp_path: Path) -> None:
    (tmp_path / "cat.png").write_bytes(b"cat")
    os.link(tmp_path / "cat.png", tmp_path / "hard.png")
    (tmp_path / "soft.png").symlink_to("cat.png")
    (tmp_path / "folder").symlink_to(tmp_path)
    os.link(tmp_path / "cat.png", tmp_path / "img-7.png")
    status = (tmp_path / "cat.png").stat()
    inputs = {(status.st_dev, status.st_ino): "cat.png"}
    for name in ("cat.png", "hard.png", "soft.png", "folder/hard.png", "img-%d.png"):
        with pytest.raises(OutputError, match=r"it is an input cat\.png, which is the same file"):
            owned.refuse_inputs([tmp_path / name], inputs)
    owned.refuse_inputs([tmp_path / "dog.png", tmp_path / "img-%04d.png", Path("-")], inputs)


# ── appearing ────────────────────────────────────────────────────────────────
def publish(folder: Path, new: dict[str, bytes], **more: Any) -> None:
    told = report(new, **more)
    with Outputs([folder / name for name in (*new, "a.json")]) as outputs:
        for file, data in zip(outputs.files, (*new.values(), json.dumps(told).encode()), strict=True):
            file.write(data)
        outputs.complete()
        owned.publish(outputs, {folder / "a.json": told})


def test_what_belongs_to_no_film_any_more_goes_if_it_is_ours(tmp_path: Path) -> None:
    place = film(tmp_path, gif=b"film", vtt=WORDS, png=b"poster")
    (tmp_path / "mine.vtt").write_bytes(WORDS)
    publish(tmp_path, {"a.mp4": b"other"}, beside=owned.earlier(place, ["a.mp4"]))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.gif", "a.json", "a.mp4", "a.png", "mine.vtt"]
    assert foreign(place, "a.gif", "a.mp4", "a.png") == []  # the films of both formats are still known
    film(tmp_path, gif=b"film", vtt=WORDS)
    (tmp_path / "a.vtt").write_bytes(b"WEBVTT\n\ntranslated")
    publish(tmp_path, {"a.mp4": b"other"})
    assert (tmp_path / "a.vtt").read_bytes() == b"WEBVTT\n\ntranslated"


@pytest.mark.parametrize("name", ["../out.gif", "/etc/x", "..", "", "sub/x.gif", "x\0.gif"])
def test_a_provenance_leads_nowhere_else(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for treasure in (tmp_path / "out.gif", folder / "mine.gif"):
        treasure.write_bytes(b"gold")
    (folder / "a.json").write_text(json.dumps(report({name: b"gold"})))
    publish(folder, {"a.gif": b"film"})
    assert (tmp_path / "out.gif").read_bytes() == b"gold"
    assert owned.earlier(folder / "a.json", []).keys() == {"a.gif"}


@pytest.mark.parametrize("moment", range(4))
def test_whenever_a_process_dies_the_next_knows_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    """Killed before any rename there is: all that stands is named."""
    place = film(tmp_path, gif=b"film", png=b"poster")
    whole, left = os.replace, [moment]

    def replace(*paths: Any) -> None:
        if not left[0]:
            os._exit(9)
        left[0] -= 1
        whole(*paths)

    child = os.fork()
    if not child:
        monkeypatch.setattr(os, "replace", replace)
        publish(tmp_path, {"a.gif": b"new film", "a.png": b"new poster"})
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert foreign(place, "a.gif", "a.png", "a.json") == []
    publish(tmp_path, {"a.gif": b"third", "a.png": b"third"})
    assert foreign(place, "a.gif", "a.png", "a.json") == []
    assert owned.COMING not in json.loads(place.read_text())


def test_a_signal_waits_until_the_films_files_are_of_one_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    film(tmp_path, gif=b"film", png=b"poster")
    sync, calls = output.sync_folder, []

    def interrupted(folder: Path) -> None:
        sync(folder)
        calls.append(folder)
        if len(calls) == 2:  # after the first of the film's files
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(output, "sync_folder", interrupted)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            publish(tmp_path, {"a.gif": b"new film", "a.png": b"new poster"})
    finally:
        signal.signal(signal.SIGINT, before)
    assert [(tmp_path / name).read_bytes() for name in ("a.gif", "a.png")] == [b"new film", b"new poster"]
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_a_rename_that_fails_says_which_files_are_new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = film(tmp_path, gif=b"film", png=b"poster", vtt=WORDS)
    whole = os.replace

    def replace(hidden: Any, target: Any) -> None:
        if Path(target).name == "a.vtt":
            raise PermissionError(13, "Permission denied")
        whole(hidden, target)

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(
        RenderError, match=r"a\.vtt: Permission denied; .*a\.gif, .*a\.png are new, the others stand as"
    ):
        publish(tmp_path, {"a.gif": b"new", "a.png": b"new", "a.vtt": b"new"})
    assert [(tmp_path / f"a.{suffix}").read_bytes() for suffix in ("gif", "png", "vtt")] == [b"new", b"new", WORDS]
    monkeypatch.setattr(os, "replace", whole)
    assert foreign(place, "a.gif", "a.png", "a.vtt") == []


def test_a_folder_in_the_place_of_one_is_found_before_any_is_replaced(tmp_path: Path) -> None:
    film(tmp_path, gif=b"film")
    with Outputs([tmp_path / "a.gif", tmp_path / "a.png"]) as outputs:
        (tmp_path / "a.png").mkdir()
        with pytest.raises(RenderError, match=r"a\.png: Is a directory; what was there before still stands"):
            outputs.commit()
    assert (tmp_path / "a.gif").read_bytes() == b"film"


def test_a_folder_that_somebody_holds_is_not_waited_for_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`flock . layeranim render …`"""
    monkeypatch.setattr(owned, "TRIES", 2)
    handle = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    try:
        publish(tmp_path, {"a.gif": b"film"})
    finally:
        os.close(handle)
    assert (tmp_path / "a.gif").read_bytes() == b"film"
