"""How the program ends: what was raised becomes a line and an exit code; signals; streams that are closed or full."""

from __future__ import annotations

import io
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import click
import pytest
from PIL import Image

from layeranim.cli import listing
from layeranim.cli.signals import ended_by_signals
from layeranim.errors import MissingLibraryError, RenderError, SizeLimitError
from tests.clocks import HANG, until

RAISED: list[tuple[BaseException, int, str]] = [
    (RenderError("the disk is full"), 4, "layeranim: error: the disk is full\n"),
    (SizeLimitError("too large"), 4, "layeranim: error: too large\n"),
    (MissingLibraryError("a\nb"), 3, "layeranim: error: a\nlayeranim: error: b\n"),
    (ModuleNotFoundError("No module named 'av'", name="av"), 3,
     "layeranim: error: No module named 'av'; layeranim doctor says what to install\n"),
    (MemoryError(), 4,
     "layeranim: error: there is not enough memory; a smaller --size or a smaller input needs less\n"),
    (OSError(28, "No space left on device", "x.gif"), 4, "layeranim: error: x.gif: No space left on device\n"),
    (click.FileError("x", "gone"), 2, "layeranim: error: could not open file 'x': gone; see layeranim --help\n"),
    (click.Abort(), 130, "layeranim: interrupted\n"),
    (KeyboardInterrupt(), 130, "layeranim: interrupted\n"),
    (SystemExit(143), 143, "layeranim: terminated\n"),
    (SystemExit(129), 129, "layeranim: terminated\n"),
    (RuntimeError("can't start new thread"), 4,
     "layeranim: error: the system gives no more threads or processes; end some, or raise its limit (ulimit -u)\n"),
    (BlockingIOError(11, "Resource temporarily unavailable"), 4,
     "layeranim: error: the system gives no more threads or processes; end some, or raise its limit (ulimit -u)\n"),
    (BrokenPipeError(), 0, ""),
]  # fmt: skip


def raising(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let ``layeranim list`` raise."""

    def fail(**_: Any) -> None:
        raise error

    monkeypatch.setattr(listing.explainers, "callback", fail)


@pytest.mark.parametrize(("error", "code", "line"), RAISED, ids=[type(error).__name__ for error, *_ in RAISED])
def test_exit_codes(call: Any, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, line: str) -> None:
    raising(error, monkeypatch)
    done = call("list")
    assert (done.code, done.out, done.err) == (code, "", line)


@pytest.mark.parametrize("bug", [ValueError("x"), ImportError("y", name="layeranim.gone"), AssertionError()])
def test_a_bug_shows_its_traceback(call: Any, monkeypatch: pytest.MonkeyPatch, bug: Exception) -> None:
    raising(bug, monkeypatch)
    done = call("list")
    assert (done.code, done.out) == (70, "")
    assert done.err.startswith("Traceback (most recent call last):\n")
    assert done.err.splitlines()[-1].startswith(f"layeranim: error: this is a bug of layeranim: {type(bug).__name__}")


def test_debug_shows_a_users_traceback_too(call: Any) -> None:
    for words in (("--debug", "render", "conv", "--stride", "0"), ("render", "conv", "--stride", "0", "--debug")):
        done = call(*words)
        assert done.code == 2
        assert "Traceback (most recent call last):\n" in done.err
        assert done.err.splitlines()[-1] == "layeranim: error: stride is 0, but must be at least 1"


@pytest.fixture
def handlers() -> Iterator[None]:
    """Handlers as they were, whatever the test did."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_a_second_signal_does_not_disturb_the_cleaning(handlers: None) -> None:
    cleaned = []

    def work() -> None:
        with ended_by_signals():
            try:
                signal.raise_signal(signal.SIGINT)
            finally:
                try:
                    raise OSError
                except OSError:
                    signal.raise_signal(signal.SIGTERM)
                cleaned.append(True)

    with pytest.raises(KeyboardInterrupt):
        work()
    assert cleaned
    signal.raise_signal(signal.SIGTERM)  # the program ends: nobody listens


def test_a_signal_that_was_lost_is_heard_the_next_time(handlers: None) -> None:
    def work() -> None:
        with ended_by_signals():
            with suppress(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGTERM)

    with pytest.raises(SystemExit, match="143"):
        work()


def test_signals_that_were_ignored_stay_ignored(handlers: None) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with ended_by_signals():
        signal.raise_signal(signal.SIGINT)


def test_a_program_under_nohup_hears_no_hang_up(handlers: None) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with ended_by_signals():
            signal.raise_signal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_signal_handlers_are_put_back(call: Any) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    call("list")
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)] == before


@pytest.mark.parametrize(
    ("number", "code", "word"),
    [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated"), (signal.SIGHUP, 129, "terminated")],
)
def test_a_signal_ends_a_render_and_nothing_is_left(
    started: Any, here: Path, number: int, code: int, word: str
) -> None:
    (here / "x.mp4").write_bytes(b"before")
    words = ("--input", "photo", "--gray", "--resize", "60x90", "--quality", "hd", "-o", "x.mp4", "-o", "new/x.gif")
    words += ("--overwrite",)
    running = started("render", "conv", *words)
    until(lambda: list(here.glob(".layeranim-*.part")), running)  # it draws
    time.sleep(0.3)
    running.send_signal(number)
    time.sleep(0.05)
    running.send_signal(number)  # a second one must not disturb the cleaning
    out, err = running.communicate(timeout=HANG)
    assert running.returncode in (code, -number)  # a second one that comes while Python itself ends, ends it
    assert (out, err.decode()) == (b"", f"layeranim: {word}\n")
    left = {str(path.relative_to(here)) for path in here.rglob("*")} - {"new"}
    assert left == {"x.mp4"}
    assert (here / "x.mp4").read_bytes() == b"before"


def test_a_film_on_stdout_and_nothing_else(program: Any, here: Path, tiny: tuple[str, ...]) -> None:
    done = program("render", "conv", *tiny, "-f", "gif", "-o", "-", "-o", "x.gif")
    assert done.returncode == 0
    with Image.open(io.BytesIO(done.stdout)) as film:
        film.seek(film.n_frames - 1)
        film.load()
        assert (film.format, film.size) == ("GIF", (128, 72))
    assert done.stdout == (here / "x.gif").read_bytes()
    assert done.stderr.decode().startswith("conv: ")
    assert done.stderr.count(b"\n") == 1


@pytest.mark.parametrize("words", ["list", "trace conv", "completion bash", "--help"])
def test_a_reader_that_goes_away(program: Any, words: str) -> None:
    done = program(*words.split(), shell="| true; exit ${PIPESTATUS[0]}")  # gone before the first byte
    assert (done.returncode, done.stderr) == (0, b"")
    done = program(*words.split(), shell="| head -1; exit ${PIPESTATUS[0]}")
    assert (done.returncode, done.stdout.count(b"\n"), done.stderr) == (0, 1, b"")


@pytest.mark.parametrize("words", ["list", "trace conv --json", "list conv --json", "completion zsh"])
def test_a_full_disk_behind_stdout(program: Any, words: str) -> None:
    done = program(*words.split(), shell="> /dev/full")
    assert done.returncode == 4
    assert done.stderr == b"layeranim: error: cannot write standard output: No space left on device\n"


def test_streams_that_are_closed(program: Any, here: Path) -> None:
    assert program("list", shell=">&-").returncode == 0
    assert program("list", shell="2>&-").stdout
    done = program("render", "conv", "-f", "gif", "-o", "-", shell=">&-")
    assert done.returncode == 2
    assert b"standard output is closed" in done.stderr
    assert program("trace", "conv", "--input", "-", shell="<&-").returncode == 2


def test_numbers_from_standard_input(here: Path) -> None:
    words = [sys.executable, "-m", "layeranim", "trace", "conv", "--input", "-", "--kernel", "1 0; 0 1"]
    done = subprocess.run(words, cwd=here, input=b"1,2\n3,4\n", capture_output=True, check=True)
    assert b"    5" in done.stdout.splitlines()


def test_a_second_signal_is_not_heard_once_the_first_was_told(handlers: None) -> None:
    heard = 0
    with ended_by_signals() as over:
        for number in (signal.SIGINT, signal.SIGINT, signal.SIGTERM):
            try:
                signal.raise_signal(number)
            except BaseException:
                heard += 1
                over()
    assert heard == 1
