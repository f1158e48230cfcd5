"""The same under any locale, folder, terminal and way to start; nothing heavy is loaded where nothing is drawn."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

# Runs the command in this interpreter, then writes what it has loaded as the last line of stderr.
PROBE = """
import sys
from layeranim.cli import main
code = main()
print("loaded:", *sorted({"manim", "scipy", "rich", "numpy", "PIL", "av"} & set(sys.modules)), file=sys.stderr)
sys.exit(code)
"""


@pytest.mark.parametrize(
    ("words", "loaded"),
    [
        ("--help", []),
        ("--version", []),
        ("completion zsh", []),
        ("list", ["numpy"]),
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
        ({"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, ()),
        ({"HOME": None, "TERM": None}, ()),
        ({}, ("-O", "-W", "error")),
        ({"COLUMNS": "20", "TERM": "dumb", "NO_COLOR": "1"}, ()),
    ],
    ids=["C", "ascii", "no-home", "optimised", "dumb"],
)
def test_surroundings_change_nothing(program: Any, env: dict[str, str | None], flags: tuple[str, ...]) -> None:
    usual = program("trace", "conv", "--input", "1 -2; 3 4", "--kernel", "1")
    assert usual.returncode == 2
    words = ("trace", "conv", "--input", "1 -2; 3 4", "--kernel", "1 0; 0 1")
    usual, done = program(*words), program(*words, env=env, flags=flags)
    ascii_only = "PYTHONUTF8" in env
    told = usual.stdout.decode().encode("ascii", "backslashreplace") if ascii_only else usual.stdout
    assert (done.returncode, done.stdout, done.stderr) == (0, told, b"")
    assert program("list", env=env, flags=flags).returncode == 0
    assert program("render", "conv", "--stride", "0", env=env, flags=flags).returncode == 2


def test_a_film_in_poor_surroundings(program: Any, here: Path, tiny: tuple[str, ...]) -> None:
    first = program("render", "conv", *tiny, "-o", "a.gif")
    second = program("render", "conv", *tiny, "-o", "b.gif", env={"LC_ALL": "C", "HOME": None, "TERM": None}, flags=("-O",))
    assert (first.returncode, second.returncode) == (0, 0), second.stderr
    assert second.stderr.count(b"\n") == 1
    assert (here / "a.gif").read_bytes() == (here / "b.gif").read_bytes()


@pytest.mark.parametrize("name", ["a b.npz", "it's.npz", "100%.npz", "ñandú 中.npz", "-x.npz", "./-x.npz", "$(touch x);`y`.npz"])
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
    shown = b""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(here)
        os.environ.update(changes)
        os.execv(sys.executable, [sys.executable, "-m", "layeranim", *words])
    while True:
        try:
            data = os.read(terminal, 65536)
        except OSError:
            break
        if not data:
            break
        shown += data
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), shown.decode()


def test_a_bar_on_a_terminal(here: Path, tiny: tuple[str, ...]) -> None:
    words = ["render", "conv", *tiny, "-o", "x.gif"]
    code, shown = on_a_terminal(words, here, TERM="xterm-256color")
    assert code == 0
    assert "\x1b[" in shown
    assert "100%" in shown
    assert "close" in shown
    assert shown.endswith("x.gif\r\n")
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")  # the cursor is back
    code, shown = on_a_terminal(words, here, TERM="xterm-256color", NO_COLOR="1")
    assert code == 0
    assert "\x1b[3" not in shown


def test_a_dumb_terminal_gets_lines(here: Path, tiny: tuple[str, ...]) -> None:
    code, shown = on_a_terminal(["render", "conv", *tiny, "-o", "x.gif"], here, TERM="dumb")
    assert code == 0
    assert "\x1b" not in shown
    assert len(shown.splitlines()) == 2


def test_a_terminal_is_no_place_for_a_film(here: Path) -> None:
    code, shown = on_a_terminal(["render", "conv", "-f", "gif", "-o", "-"], here)
    assert code == 2
    assert "standard output is a terminal" in shown
