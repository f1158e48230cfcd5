"""Outputs appear complete or not at all; what cannot be written is refused before anything is drawn."""

from __future__ import annotations

import io
import os
import socket
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from layeranim import api
from layeranim.errors import OptionError, OutputError, RenderError, SizeLimitError
from layeranim.film.output import Output, Outputs, SequenceOutput, check_writable, clear_leftovers, is_sequence


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def sequence(path: Path, pictures: list[bytes]) -> SequenceOutput:
    output = SequenceOutput(path)
    for number, picture in enumerate(pictures):
        with output.frame(number) as file:
            file.write(picture)
    return output


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "renders"
    made.mkdir()
    return made


# ── one file ─────────────────────────────────────────────────────────────────
def test_nothing_is_seen_before_commit(folder: Path) -> None:
    target = folder / "a.gif"
    target.write_bytes(b"before")
    with Output(target) as output:
        output.file.write(b"after" * 100_000)
        output.file.flush()
        assert target.read_bytes() == b"before"
        assert [name.startswith(".") for name in names(folder)] == [True, False]
        output.commit()
        assert target.read_bytes() == b"after" * 100_000
    assert names(folder) == ["a.gif"]


def test_without_commit_or_with_an_error_nothing_changes(folder: Path) -> None:
    target = folder / "a.gif"
    target.write_bytes(b"before")
    with Output(target) as output:
        output.file.write(b"half")
    with pytest.raises(ZeroDivisionError), Output(target) as output:
        output.file.write(b"%d" % (1 // 0))
    assert target.read_bytes() == b"before"
    assert names(folder) == ["a.gif"]


def test_a_file_can_be_read_and_written_anywhere(folder: Path) -> None:
    """What the writers do: leave a place for a length, come back to it."""
    with Output(folder / "a") as output:
        output.file.write(b"0000" + b"x" * 10)
        output.file.seek(0)
        output.file.write(b"1234")
        output.file.seek(2)
        assert output.file.read(4) == b"34xx"
        output.commit()
    assert (folder / "a").read_bytes() == b"1234" + b"x" * 10


def test_permissions_are_those_of_any_new_file(folder: Path) -> None:
    before = os.umask(0o027)
    try:
        with Output(folder / "a") as output:
            output.commit()
    finally:
        os.umask(before)
    assert stat.S_IMODE((folder / "a").stat().st_mode) == 0o640


def test_the_folder_is_made_if_its_own_is_there(tmp_path: Path) -> None:
    check_writable(tmp_path / "new" / "a.gif")
    assert names(tmp_path) == []
    with Output(tmp_path / "new" / "a.gif") as output:
        output.commit()
    assert names(tmp_path / "new") == ["a.gif"]


@pytest.mark.parametrize(
    "name", ["plain.gif", "with space.gif", "'%.gif", "%x.gif", "-dash.gif", "größe…🙂.gif", ".gif"]
)
def test_names_that_work(folder: Path, name: str) -> None:
    check_writable(folder / name)
    with Output(folder / name) as output:
        output.file.write(b"x")
        output.commit()
    assert names(folder) == [name]


def test_a_link_planted_meanwhile_is_replaced_not_followed(folder: Path) -> None:
    treasure = folder.parent / "treasure"
    treasure.write_bytes(b"gold")
    with Output(folder / "a.gif") as output:
        output.file.write(b"film")
        (folder / "a.gif").symlink_to(treasure)
        output.commit()
    assert treasure.read_bytes() == b"gold"
    assert not (folder / "a.gif").is_symlink()
    assert (folder / "a.gif").read_bytes() == b"film"


def test_a_folder_planted_meanwhile_is_an_error(folder: Path) -> None:
    with Output(folder / "a.gif") as output:
        (folder / "a.gif").mkdir()
        with pytest.raises(RenderError, match=r"cannot write .*a\.gif: Is a directory"):
            output.commit()
    assert names(folder) == ["a.gif"]


# ── refused before drawing ───────────────────────────────────────────────────
def irregular(folder: Path, kind: str) -> Path:
    place = folder / "film.gif"
    treasure = folder / "treasure"
    treasure.write_bytes(b"gold")
    match kind:
        case "a folder":
            place.mkdir()
        case "a fifo":
            os.mkfifo(place)
        case "a socket":
            with socket.socket(socket.AF_UNIX) as bound:
                bound.bind(place.name)  # a socket's path has no room for a long folder
        case "a symbolic link":
            place.symlink_to(treasure)
        case "a device":
            place = Path("/dev/null")
    return place


@pytest.mark.parametrize("kind", ["a folder", "a fifo", "a socket", "a symbolic link", "a device"])
def test_only_a_regular_file_is_replaced(folder: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    place = irregular(folder, kind)
    before = names(folder)
    with pytest.raises(OutputError, match=f"{kind} stands there, not a regular file"):
        check_writable(place)
    assert names(folder) == before
    assert (folder / "treasure").read_bytes() == b"gold"


def test_a_link_to_nothing_is_refused_too(folder: Path) -> None:
    (folder / "a.gif").symlink_to(folder.parent / "nowhere")
    with pytest.raises(OutputError, match="a symbolic link"):
        check_writable(folder / "a.gif")
    assert not (folder.parent / "nowhere").exists()


def test_folders_on_the_way_may_be_links(folder: Path) -> None:
    (folder.parent / "link").symlink_to(folder)
    check_writable(folder.parent / "link" / "a.gif")


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("missing/deeper/a.gif", "there is no folder .*missing; make it first"),
        ("x" * 252 + ".gif", "File name too long"),
        ("x" * 300 + "/a.gif", "File name too long"),
        ("a\0.gif", "no file can have this name"),
        ("a\ud800.gif", "no file can have this name"),
        ("new/", "it is a folder; add a file name"),
        (".", "a folder stands there|it is a folder"),
        ("file/a.gif", "Not a directory|there is no folder"),
        ("%d-%03d.png", "stands twice"),
    ],
)
def test_paths_that_cannot_be(folder: Path, path: str, message: str) -> None:
    (folder / "file").touch()
    with pytest.raises(OutputError, match=message) as caught:
        check_writable(f"{folder}/{path}")
    assert "\n" not in str(caught.value)
    assert names(folder) == ["file"]


@contextmanager
def nobody() -> Iterator[None]:
    """Without root's right to write everywhere."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


def test_a_folder_without_permission() -> None:
    with tempfile.TemporaryDirectory() as name:
        closed = Path(name, "closed")
        closed.mkdir()
        Path(name).chmod(0o755)
        closed.chmod(0o555)
        for path in (closed / "a.gif", closed / "new" / "a.gif"):
            with nobody(), pytest.raises(OutputError, match="Permission denied"):
                check_writable(path)


def test_a_name_given_twice(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder.parent / "link").symlink_to(folder)
    monkeypatch.chdir(folder)
    check_writable(folder / "a.gif", folder / "a.mp4", "-")
    for again in ("a.gif", "./a.gif", str(folder.parent / "link" / "a.gif")):
        with pytest.raises(OutputError, match="named twice"):
            check_writable(folder / "a.gif", again)
    with pytest.raises(OutputError, match="named twice"):
        check_writable("-", "-")


# ── several at once ──────────────────────────────────────────────────────────
def test_all_appear_together(folder: Path) -> None:
    paths = [folder / "a.gif", folder / "a.mp4", folder / "new" / "a.vtt"]
    with Outputs(paths) as outputs:
        for number, file in enumerate(outputs.files):
            file.write(b"%d" % number)
        assert not any(path.exists() for path in paths)
        outputs.commit()
    assert [path.read_bytes() for path in paths] == [b"0", b"1", b"2"]
    assert names(folder) == ["a.gif", "a.mp4", "new"]


def test_one_too_large_and_none_is_replaced(folder: Path) -> None:
    (folder / "a.gif").write_bytes(b"before")
    message = r"b\.gif would be 1,001 bytes and .*c\.mp4 would be 2,000 bytes, the limit is 1,000; nothing was rep"
    with Outputs([folder / "a.gif", folder / "b.gif", folder / "c.mp4"], max_bytes=1000) as outputs:
        for file, size in zip(outputs.files, (1000, 1001, 2000), strict=True):
            file.write(b"x" * size)
        with pytest.raises(SizeLimitError, match=message):
            outputs.commit()
    assert names(folder) == ["a.gif"]
    assert (folder / "a.gif").read_bytes() == b"before"


def test_a_single_file_within_and_over_the_limit(folder: Path) -> None:
    with Output(folder / "a") as output:
        output.file.write(b"x" * 10)
        with pytest.raises(SizeLimitError):
            output.commit(max_bytes=9)
        output.commit(max_bytes=10)
    assert names(folder) == ["a"]


def test_one_that_cannot_be_opened_leaves_none(folder: Path) -> None:
    with pytest.raises(RenderError, match="No such file or directory"):
        Outputs([folder / "a.gif", folder / "no" / "where" / "b.gif"])
    assert names(folder) == []


# ── sequences ────────────────────────────────────────────────────────────────
def test_what_a_sequence_is() -> None:
    assert [is_sequence(name) for name in ("a-%d.png", "%04d.png", "a.png", "%x.png", "%d/a.png", "100%.png")] == [
        *(True, True),
        *(False, False, False, False),
    ]


def test_a_sequence_appears_at_once_and_touches_nothing_else(folder: Path) -> None:
    for name in ("f-0000.png", "f-0002.png", "f-0003.png", "f-0005.png", "f-3.png", "g.png"):
        (folder / name).write_bytes(b"old")
    check_writable(folder / "f-%04d.png")
    output = sequence(folder / "f-%04d.png", [b"zero", b"one"])
    assert (folder / "f-0000.png").read_bytes() == b"old"
    assert output.complete() == 7
    output.publish()
    output.discard()
    assert names(folder) == [
        "f-0000.png", "f-0001.png", "f-0002.png", "f-0003.png", "f-0005.png", "f-3.png", "g.png",
    ]  # fmt: skip
    assert [(folder / f"f-000{number}.png").read_bytes() for number in (0, 1)] == [b"zero", b"one"]


def test_a_sequence_dropped_or_too_large(folder: Path) -> None:
    output = sequence(folder / "f-%d.png", [b"zero", b"one"])
    output.discard()
    output.discard()
    with Outputs([folder / "f-%d.png"], max_bytes=6) as outputs:
        for number in range(2):
            with outputs.files[0].frame(number) as file:
                file.write(b"1234")
        with pytest.raises(SizeLimitError, match="8 bytes"):
            outputs.commit()
    assert names(folder) == []


def test_a_sequence_does_not_touch_what_is_no_file(folder: Path) -> None:
    (folder / "f-0.png").mkdir()
    with pytest.raises(OutputError, match="a folder stands there"):
        check_writable(folder / "f-%d.png")
    (folder / "f-0.png").rmdir()
    (folder / "f-1.png").symlink_to(folder / "treasure")
    (folder / "f-0.png").write_bytes(b"old")
    with Outputs([folder / "f-%d.png"]) as outputs:
        for number in range(2):
            with outputs.files[0].frame(number) as file:
                file.write(b"new")
        with pytest.raises(RenderError, match=r"f-1\.png: a symbolic link stands there"):
            outputs.commit()
    assert (folder / "f-0.png").read_bytes() == b"old"
    assert names(folder) == ["f-0.png", "f-1.png"]


# ── leftovers, planted ones ──────────────────────────────────────────────────
def test_only_our_own_leftovers_are_cleared(folder: Path) -> None:
    hidden = ".layeranim-0123456789abcdef.part"
    (folder / hidden).write_bytes(b"half")
    part = folder / hidden.replace("0", "a")
    part.mkdir()
    (part / "0").write_bytes(b"frame")
    (folder / hidden.replace("0", "b")).symlink_to(folder.parent / "treasure")
    os.mkfifo(folder / hidden.replace("0", "c"))
    (folder / ".layeranim-short.part").touch()
    (folder / ".gitignore").touch()
    (folder.parent / "treasure").write_bytes(b"gold")
    assert clear_leftovers(folder) == 2
    left = {
        ".layeranim-b123456789abcdef.part",
        ".layeranim-c123456789abcdef.part",
        ".layeranim-short.part",
        ".gitignore",
    }
    assert set(names(folder)) == left
    assert (folder.parent / "treasure").read_bytes() == b"gold"
    assert clear_leftovers(folder / "nowhere") == 0


def test_what_is_in_use_is_kept(folder: Path) -> None:
    with Output(folder / "a") as first, Outputs([folder / "b", folder / "%d.png"]) as second:
        assert clear_leftovers(folder) == 0
        first.commit()
        with second.files[1].frame(0) as file:
            file.write(b"x")
        second.commit()
    assert names(folder) == ["0.png", "a", "b"]


@pytest.mark.parametrize(
    ("output", "formats", "says"),
    [
        ([], None, "has no path"),
        (7, None, "must be a path, several, or a binary stream"),
        (io.BytesIO(), None, "exactly one format, such as formats="),
        (io.BytesIO(), "gif,mp4", "exactly one format"),
        (io.BytesIO(), "png-sequence", "needs a file a frame"),
        (io.StringIO(), "gif", "which takes text, but a film is bytes"),
        (io.BufferedReader(io.BytesIO()), "gif", "cannot be written to"),  # type: ignore[arg-type]
        ([io.BytesIO(), "a.gif"], "gif", "a stream stands alone"),
    ],
)
def test_what_is_no_place_for_a_film_is_one_line(output: Any, formats: str | None, says: str) -> None:
    with pytest.raises(OptionError, match=f"output .*{says}"):
        api.render("pool", output=output, formats=formats)


# ── a stream ─────────────────────────────────────────────────────────────────
class Slow(io.BytesIO):
    """Takes at most a thousand bytes at a time, as a raw stream may."""

    def write(self, data: Any) -> int:
        return super().write(bytes(data[:1000]))


@pytest.mark.parametrize("fmt", ["gif", "png", "pdf"])
def test_a_stream_gets_the_bytes_of_the_file_and_nothing_stands_beside_it(
    fmt: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    stream = Slow()
    stream.write(b"before")
    options: dict[str, Any] = {"size": "320x180", "fps": 5, "steps": "first:1"} if fmt == "gif" else {}
    made = api.render("pool", output=stream, formats=fmt, **options)
    assert (made.paths, made.poster, dict(made.reports)) == ((), None, {})
    assert made.alt in made._repr_html_()
    assert names(folder) == []
    api.render("pool", output=f"a.{fmt}", **options)
    assert stream.getvalue() == b"before" + (folder / f"a.{fmt}").read_bytes()


def test_a_stream_gets_nothing_of_a_film_that_is_too_large_and_says_why_it_fails(folder: Path) -> None:
    stream = io.BytesIO()
    with pytest.raises(SizeLimitError, match="the limit is 10"):
        api.render("pool", output=stream, formats="gif", size="320x180", fps=5, steps="first:1", max_size=10)
    assert stream.getvalue() == b""

    class Full(io.BytesIO):
        def write(self, data: Any) -> int:
            raise OSError(28, "No space left on device")

    with pytest.raises(RenderError, match=r"cannot write to the stream that output is: .*No space left"):
        api.render("pool", output=Full(), formats="png")
