"""What the tests of manifests and builds share: a folder with a manifest, and films that are drawn in a moment."""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from layeranim.assets.build import build
from layeranim.assets.draw import Drawn, Task
from layeranim.assets.lock import digest_of
from layeranim.assets.report import Report
from layeranim.cli import main
from tests.clocks import HANG

ROOT = Path(__file__).parents[2]
TINY = """version = 1
formats = ["gif"]

[defaults]
quality = "draft"
size = "128x72"
fps = 5
steps = "first:1"
pace = "fast"

"""


class Here(Executor):
    """The smallest executor there is: it works at once, in this process."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:
            future.set_exception(error)
        return future


class Pretended(Executor):
    """Draws nothing: every film is a few bytes of its name."""

    def __init__(self) -> None:
        self.drawn: list[str] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        task: Task = pickle.loads(args[1])[1]
        self.drawn.append(task.entry.name)
        future: Future[Any] = Future()
        files = {s: f"{task.entry.name} {s}".encode() for s in ("gif", "png", "captions")}
        named = {f"{task.entry.name}.{s}": {"sha256": digest_of(data)} for s, data in files.items()}
        report = {"explainer": task.entry.explainer, "files": named, "versions": {"layeranim": "pretended"}}
        future.set_result(Drawn({**files, "json": json.dumps(report).encode()}))
        return future


@dataclass
class Project:
    """A folder with a manifest."""

    folder: Path

    @property
    def manifest(self) -> Path:
        return self.folder / "layeranim.toml"

    @property
    def renders(self) -> Path:
        return self.folder / "renders"

    @property
    def lock(self) -> Path:
        return self.folder / "layeranim.lock"

    @property
    def cache(self) -> Path:
        return self.folder / "cache"

    def write(self, assets: str, head: str = TINY) -> Project:
        self.manifest.write_text(head + assets, encoding="utf-8")
        return self

    def build(self, *ids: str, **options: Any) -> Report:
        return build(self.manifest, *ids, **{"executor": Here(), "cache_dir": self.cache, **options})

    def pretend(self, *ids: str, **options: Any) -> list[str]:
        """Build without drawing; the names of the films that would have been drawn."""
        executor = Pretended()
        self.build(*ids, executor=executor, **options)
        return sorted(executor.drawn)

    def files(self) -> dict[str, bytes]:
        """Every file in the folder of films, hidden ones too."""
        return {p.name: p.read_bytes() for p in self.renders.iterdir()} if self.renders.exists() else {}

    def files_visible(self) -> dict[str, bytes]:
        """Every file in the folder of films that does not begin with a dot."""
        paths = [p for p in self.renders.iterdir() if p.name[0] != "."] if self.renders.exists() else []
        return {p.name: p.read_bytes() for p in paths}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user cache"))
    return Project(folder)


@dataclass(frozen=True)
class Done:
    """How a call ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def call(project: Project, capfd: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """Run a command line in this process."""

    def run(*words: str) -> Done:
        capfd.readouterr()
        code = main(words)
        return Done(code, *capfd.readouterr())

    return run


def environment(first: Path = ROOT) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(dict.fromkeys([str(first), str(ROOT)]))}


def heard() -> None:
    """SIGINT as a terminal's programs get it: a shell's background jobs ignore it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def start(project: Project, *words: str, first: Path = ROOT) -> subprocess.Popen[str]:
    """``python -m layeranim words`` as a process of its own; ``first`` comes before the project on Python's path."""
    return subprocess.Popen(
        [sys.executable, "-m", "layeranim", *words], cwd=project.folder, env=environment(first), text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        preexec_fn=heard,
    )  # fmt: skip


def finished(process: subprocess.Popen[str]) -> Done:
    out, err = process.communicate(timeout=HANG)
    return Done(process.returncode, out, err)
