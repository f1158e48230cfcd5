"""Processes that are killed, disks that are full, readers that go away: real ones, in processes of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from layeranim.film.hidden import create, remove
from layeranim.film.output import Output, clear_leftovers
from tests.clocks import HANG

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}

BUSY = """
import signal, sys, time
from layeranim.film.output import Outputs

def end(number, frame):
    raise SystemExit(128 + number)

signal.signal(signal.SIGTERM, end)
with Outputs(["film.mp4", "frames/%d.png"]) as outputs:
    outputs.files[0].write(b"half of a film" * 100_000)
    outputs.files[0].flush()
    with outputs.files[1].frame(0) as file:
        file.write(b"a frame")
    print("writing", flush=True)
    time.sleep(3600)
    outputs.commit()
"""


@contextmanager
def busy(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that has written half of its outputs."""
    command = [sys.executable, "-c", BUSY]
    child = subprocess.Popen(command, cwd=folder, env=ENVIRONMENT, text=True, stdout=subprocess.PIPE)
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "writing\n"
        yield child
    finally:
        child.kill()
        child.communicate()


def seen(folder: Path) -> dict[str, bytes]:
    """Every file below ``folder`` that is not hidden."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    }


def hidden(folder: Path) -> int:
    return sum(path.name.startswith(".layeranim-") for path in folder.rglob("*"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "film.mp4").write_bytes(b"the film before")
    return tmp_path


def test_a_killed_process_leaves_only_what_the_next_one_clears(folder: Path) -> None:
    with busy(folder) as child:
        assert hidden(folder) == 2
        assert clear_leftovers(folder) == clear_leftovers(folder / "frames") == 0
        child.send_signal(signal.SIGKILL)
        assert child.wait() == -signal.SIGKILL
    assert seen(folder) == {"film.mp4": b"the film before"}
    assert hidden(folder) == 2
    with Output(folder / "other.gif") as output:
        output.file.write(b"next")
        output.commit()
    assert hidden(folder) == 1  # the sequence's, in its own folder
    assert clear_leftovers(folder / "frames") == 1
    assert seen(folder) == {"film.mp4": b"the film before", "other.gif": b"next"}


def test_a_terminated_process_cleans_up(folder: Path) -> None:
    with busy(folder) as child:
        child.send_signal(signal.SIGTERM)
        assert child.wait(timeout=HANG) == 143
    assert seen(folder) == {"film.mp4": b"the film before"}
    assert hidden(folder) == 0


def run(folder: Path, stdout: IO[bytes] | int, code: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, cwd=folder, env=ENVIRONMENT, stdout=stdout, stderr=subprocess.PIPE, timeout=HANG)


FULL = """
import resource, sys
from layeranim.errors import RenderError
from layeranim.film.output import Outputs
from layeranim.film.writers import writer
from layeranim.theme import LIGHT
from tests.film.moving import film, spec

fmt, path = sys.argv[1:]
calls = film(LIGHT)
sys.dont_write_bytecode = True  # a cut .pyc would be there for the next test
resource.setrlimit(resource.RLIMIT_FSIZE, (900, 900))
try:
    with Outputs([path, "film.vtt"]) as outputs:
        outputs.files[1].write(b"WEBVTT")
        pen = writer(fmt, outputs.files[0], spec(calls))
        try:
            for _ in range(200):
                for call in calls:
                    pen.write(call.pixels, call.changed, call.repeat)
            pen.finish()
            outputs.commit()
        finally:
            pen.abort()
except RenderError as error:
    print(error)
else:
    print("nothing happened")
"""


@pytest.mark.parametrize("fmt", ["mp4", "webm", "gif", "webp", "apng", "png-sequence"])
def test_a_full_disk_leaves_the_film_before(folder: Path, fmt: str) -> None:
    name = "f-%d.png" if fmt == "png-sequence" else "film.mp4"
    child = run(folder, subprocess.PIPE, FULL, fmt, name)
    wanted = f"cannot write {name}: File too large; what was there before still stands\n".encode()
    assert (child.stdout, child.stderr, child.returncode) == (wanted, b"", 0)
    assert seen(folder) == {"film.mp4": b"the film before"}
    assert hidden(folder) == 0


POUR = """
import sys
from layeranim.errors import RenderError
from layeranim.film.output import Outputs
try:
    with Outputs(["-"]) as outputs:
        outputs.files[0].write(bytes(range(256)) * 4000)
        outputs.files[0].seek(4)
        outputs.files[0].write(b"back")
        outputs.commit()
except RenderError as error:
    print(error, file=sys.stderr)
    raise SystemExit(4)
"""


def test_standard_output_gets_every_byte(folder: Path) -> None:
    child = run(folder, subprocess.PIPE, POUR)
    wanted = bytearray(bytes(range(256)) * 4000)
    wanted[4:8] = b"back"
    assert (child.stdout, child.stderr, child.returncode) == (bytes(wanted), b"", 0)
    assert seen(folder) == {"film.mp4": b"the film before"}


def test_a_reader_that_goes_away_is_no_error(folder: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        child = run(folder, writer, POUR)
    finally:
        os.close(writer)
    assert (child.stderr, child.returncode) == (b"", 0)


def test_a_full_standard_output_is_an_error(folder: Path) -> None:
    with open("/dev/full", "wb") as full:
        child = run(folder, full, POUR)
    assert child.returncode == 4
    assert child.stderr.startswith(b"cannot write standard output: No space left on device")
    assert child.stderr.count(b"\n") == 1


@pytest.mark.parametrize("as_folder", [False, True], ids=["files", "folders"])
def test_another_run_that_clears_up_takes_nothing_away(tmp_path: Path, as_folder: bool) -> None:
    """What is under way stays, also in the moment between its making and its lock."""
    ended = threading.Event()

    def clear() -> None:
        while not ended.is_set():
            clear_leftovers(tmp_path)

    others = [threading.Thread(target=clear) for _ in range(3)]
    for other in others:
        other.start()
    try:
        for _ in range(400):
            path, handle = create(tmp_path, as_folder)
            assert path.exists()
            remove(path)
            os.close(handle)
    finally:
        ended.set()
        for other in others:
            other.join()
