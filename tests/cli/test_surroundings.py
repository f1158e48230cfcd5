"""The same under any locale, folder, terminal and way to start; nothing heavy is loaded where nothing is drawn."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.clocks import HANG

# Runs the command in this interpreter, then writes what it has loaded as the last line of stderr.
PROBE = """
import sys
from layeranim.cli import main
code = main()
large = {"manim", "scipy", "rich", "numpy", "PIL", "av", "tomllib"}
print("loaded:", *sorted(large & set(sys.modules)), file=sys.stderr)
sys.exit(code)
"""


@pytest.mark.parametrize(
    ("words", "loaded"),
    [
        ("--help", []),
        ("--version", []),
        ("completion zsh", []),
        ("list", []),
        ("list conv --json", ["numpy"]),
        ("trace conv --json", ["numpy"]),
        ("trace conv", ["numpy"]),
        ("render conv --stride 2 --dry-run -f gif", ["numpy"]),
        ("render conv --help", ["numpy"]),
    ],
)
def test_what_is_loaded(here: Path, words: str, loaded: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *words.split()], cwd=here, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[-1].split()[1:] == loaded


@pytest.mark.parametrize(
    ("env", "flags"),
    [
        ({"LC_ALL": "C"}, ()),
        ({"PYTHONIOENCODING": "latin-1"}, ()),
        ({"HOME": None, "TERM": None}, ()),
        ({}, ("-O", "-W", "error")),
        ({"COLUMNS": "20", "TERM": "dumb", "NO_COLOR": "1"}, ()),
    ],
    ids=["C", "latin-1", "no-home", "optimised", "dumb"],
)
def test_surroundings_change_nothing(
    call: Any, program: Any, env: dict[str, str | None], flags: tuple[str, ...]
) -> None:
    words = ("trace", "conv", "--input", "1 -2; 3 4", "--kernel", "1 0; 0 1")
    usual, done = call(*words), program(*words, env=env, flags=flags)
    told = usual.out.encode(env.get("PYTHONIOENCODING") or "utf-8", "backslashreplace")
    assert (done.returncode, done.stdout, done.stderr) == (0, told, b"")
    assert program("render", "conv", "--stride", "0", env=env, flags=flags).returncode == 2


def test_a_film_in_poor_surroundings(program: Any, here: Path, tiny: tuple[str, ...]) -> None:
    first = program("render", "conv", *tiny, "-o", "a.gif")
    poor = {"LC_ALL": "C", "HOME": None, "TERM": None}
    second = program("render", "conv", *tiny, "-o", "b.gif", env=poor, flags=("-O",), shell="2>/dev/full")
    assert (first.returncode, second.returncode) == (0, 0)
    assert second.stdout == b"b.gif\n"  # a film is not lost because nobody hears of it
    assert (here / "a.gif").read_bytes() == (here / "b.gif").read_bytes()


@pytest.mark.parametrize(
    "name", ["a b.npz", "it's.npz", "100%.npz", "ñandú 中.npz", "-x.npz", "./-x.npz", "$(touch x);`y`.npz"]
)
def test_odd_names(program: Any, here: Path, name: str) -> None:
    done = program("trace", "conv", "-o", name)
    assert (done.returncode, done.stdout) == (0, os.fsencode(name) + b"\n")
    assert [path.name for path in here.iterdir()] == [Path(name).name]
    again = program("trace", "conv", "--input", f"{name}:input", "-q")
    assert again.returncode == 0, again.stderr


def test_a_name_that_is_no_text(program: Any, here: Path) -> None:
    name = os.fsdecode(b"\xff\xfe.json")
    done = program("trace", "conv", "-o", name)
    assert (done.returncode, done.stdout) == (0, b"\xff\xfe.json\n")
    assert os.listdir(os.fsencode(here)) == [b"\xff\xfe.json"]


def on_a_terminal(words: list[str], here: Path, **changes: str) -> tuple[int, str]:
    """Exit code of a program whose three streams are a terminal, and what it showed there."""
    ours, theirs = pty.openpty()
    running = subprocess.Popen(
        [sys.executable, "-m", "layeranim", *words], cwd=here, env={**os.environ, **changes},
        stdin=theirs, stdout=theirs, stderr=theirs,
    )  # fmt: skip
    os.close(theirs)
    shown = b""
    with suppress(OSError):  # EIO: the program has let go of the terminal
        while data := os.read(ours, 65536):
            shown += data
    os.close(ours)
    return running.wait(timeout=HANG), shown.decode()


def test_a_bar_on_a_terminal(here: Path, tiny: tuple[str, ...]) -> None:
    words = ["render", "conv", *tiny, "-o", "x.gif"]
    code, shown = on_a_terminal(words, here, TERM="xterm-256color")
    assert code == 0
    assert "\x1b[" in shown
    assert "100%" in shown
    assert "close" in shown
    assert shown.endswith("x.gif\r\n")
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")  # the cursor is back


def test_no_color(monkeypatch: pytest.MonkeyPatch) -> None:
    from layeranim.cli.progress import _bar

    assert not _bar().console.no_color
    monkeypatch.setenv("NO_COLOR", "1")
    assert _bar().console.no_color


def test_a_dumb_terminal_gets_lines(here: Path, tiny: tuple[str, ...]) -> None:
    code, shown = on_a_terminal(["render", "conv", *tiny, "-o", "x.gif"], here, TERM="dumb")
    assert code == 0
    assert "\x1b" not in shown
    assert len(shown.splitlines()) == 2


def test_a_terminal_is_no_place_for_a_film(here: Path) -> None:
    code, shown = on_a_terminal(["render", "conv", "-f", "gif", "-o", "-"], here)
    assert code == 2
    assert "standard output is a terminal" in shown
