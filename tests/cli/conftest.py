"""What the tests of the command line share: a call in this process, and a call as a program."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from layeranim.cli import main
from tests.assets.conftest import heard
from tests.clocks import HANG

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Done:
    """How a call ended."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


Call = Callable[..., Done]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for name in list(os.environ):
        if name.startswith("LAYERANIM_"):
            monkeypatch.delenv(name)
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    return folder


@pytest.fixture
def call(here: Path, capfd: pytest.CaptureFixture[str]) -> Call:
    """Run a command line in this process, in an empty folder."""

    def run(*words: str) -> Done:
        capfd.readouterr()
        code = main(words)
        out, err = capfd.readouterr()
        return Done(code, out, err)

    return run


@pytest.fixture
def refused(call: Call, here: Path) -> Callable[..., str]:
    """Run a command line that must end as a usage error: code 2, one line, nothing written; gives the line back."""

    def check(*words: str, holds: tuple[str, ...] = ()) -> str:
        before = sorted(here.rglob("*"))
        done = call(*words)
        assert (done.code, done.out) == (2, ""), done
        assert done.err.startswith("layeranim: error: "), done.err
        assert done.err.count("\n") == 1, done.err
        assert done.err[:-1].isprintable()
        assert sorted(here.rglob("*")) == before
        for piece in holds:
            assert piece in done.err, done.err
        return done.err

    return check


@pytest.fixture
def tiny() -> tuple[str, ...]:
    """Options of a film that is drawn in a moment."""
    return ("--quality", "draft", "--size", "128x72", "--fps", "5", "--steps", "first:1", "--pace", "fast")


def environment(**changes: str | None) -> dict[str, str]:
    """The environment of a program under test, with changes; ``None`` takes away."""
    return {name: value for name, value in {**os.environ, **changes}.items() if value is not None}


@pytest.fixture
def started(here: Path) -> Callable[..., subprocess.Popen[bytes]]:
    """Start ``python -m layeranim words`` and leave it running."""

    def start(*words: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "layeranim", *words], cwd=here, env=environment(), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=heard,
        )  # fmt: skip

    return start


@pytest.fixture
def program(here: Path) -> Callable[..., subprocess.CompletedProcess[bytes]]:
    """Run ``python [flags] -m layeranim words`` in an interpreter of its own."""

    def run(
        *words: str, env: dict[str, str | None] | None = None, flags: tuple[str, ...] = (), shell: str = ""
    ) -> subprocess.CompletedProcess[bytes]:
        command = [sys.executable, *flags, "-m", "layeranim", *words]
        if shell:
            command = ["bash", "-c", f'"$@" {shell}', "bash", *command]
        return subprocess.run(
            command, cwd=here, env=environment(**(env or {})), capture_output=True, check=False, timeout=HANG,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip

    return run
