"""A project's folder is data: whatever its files are called, no child imports them, nor does what runs for a child."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from distributed import Client, LocalCluster

from layeranim.assets import apart
from layeranim.assets.build import build
from tests.assets.conftest import TINY, Here, Project, environment
from tests.clocks import HANG

A = '[[asset]]\nid = "a"\nexplainer = "conv"\n'
NO_FILE = {"sys", "builtins", "__main__", "__mp_main__"}
"""Never looked for in a folder."""
PLANTED = """
with open({mark!r}, "a") as file:
    file.write("{name} ")
raise ImportError("planted")
"""


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """What a child that draws a film has loaded, and all that Python itself brings and might load."""
    folder = tmp_path_factory.mktemp("clean")
    (folder / "layeranim.toml").write_text(TINY + A, encoding="utf-8")
    told = folder / "names"
    assert apart.run("tests.assets.loaded:names", [str(folder / "layeranim.toml"), str(told)], folder) == 0
    found = set(told.read_text(encoding="utf-8").split())
    assert {"layeranim", "manim", "numpy", "PIL", "socket", "pickle"} <= found
    return (found | sys.stdlib_module_names | {"sitecustomize", "usercustomize"}) - NO_FILE


class Planted:
    """A project full of modules that tell when they are imported."""

    def __init__(self, project: Project) -> None:
        self.folder, self.mark = project.folder, project.folder.parent / "mark"

    def plant(self, names: set[str]) -> None:
        for name in names:
            (self.folder / f"{name}.py").write_text(PLANTED.format(mark=str(self.mark), name=name), encoding="utf-8")

    @property
    def seen(self) -> str:
        return self.mark.read_text(encoding="utf-8") if self.mark.exists() else ""


@pytest.fixture
def planted(project: Project) -> Planted:
    project.write(A)
    return Planted(project)


def ran(words: Sequence[str], project: Project, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words], cwd=project.folder, env={**environment(), **env}, capture_output=True, text=True,
        timeout=HANG,
    )  # fmt: skip


SAFE = ("-P", "-m", "layeranim")


def test_a_planted_module_is_seen(planted: Planted, project: Project) -> None:
    planted.plant({"random"})
    ran(["-c", "import random"], project)
    assert planted.seen == "random "


def test_no_child_of_a_build_imports_from_the_project(planted: Planted, project: Project, imported: set[str]) -> None:
    planted.plant(imported)
    done = ran([*SAFE, "build", "--jobs", "1", "--cache-dir", "cache"], project)
    assert (done.returncode, planted.seen) == (0, ""), done.stderr
    done = ran([*SAFE, "check", "--pixels", "--jobs", "1"], project)
    assert (done.returncode, planted.seen) == (0, ""), done.stderr


def test_no_child_of_a_watch_imports_from_the_project(planted: Planted, project: Project, imported: set[str]) -> None:
    planted.plant(imported)
    process = subprocess.Popen(
        [sys.executable, *SAFE, "build", "--watch", "--jobs", "1", "--cache-dir", "cache"], cwd=project.folder,
        env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    told = []
    for line in process.stderr:
        told.append(line)
        if "watching" in line:
            break
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=HANG)
    assert "a: drawn, 1 of 1\n" in told
    assert planted.seen == ""


# A notebook, or a script in the project's folder: that folder is on its path, and in PYTHONPATH, when a child starts.
DRIVER = """
import os, sys
import layeranim as la
from layeranim.assets import apart
start = apart.start
def start_there(*words):
    usual, sys.path[:0] = sys.path[:], ["", os.getcwd(), "scripts"]
    os.environ["PYTHONPATH"] = os.pathsep.join(["", os.getcwd(), ".", os.environ["PYTHONPATH"]])
    try:
        return start(*words)
    finally:
        sys.path[:] = usual
apart.start = start_there
la.build("layeranim.toml", jobs=1, cache_dir="cache")
"""


def test_no_child_of_a_script_imports_from_the_project(planted: Planted, project: Project, imported: set[str]) -> None:
    (project.folder / "scripts").mkdir()
    planted.plant(imported)
    for file in project.folder.glob("*.py"):
        (project.folder / "scripts" / file.name).write_text(file.read_text())
    done = ran(["-P", "-c", DRIVER], project)
    assert (done.returncode, planted.seen) == (0, ""), done.stderr


def test_what_python_m_imports_after_its_start_is_not_the_projects(
    planted: Planted, project: Project, imported: set[str]
) -> None:
    before = "import runpy, sys, layeranim; print(*sys.modules)"
    loaded = {name.partition(".")[0] for name in ran(["-P", "-c", before], project).stdout.split()}
    assert len(imported - loaded) > 200
    planted.plant(imported - loaded)
    done = ran(["-m", "layeranim", "build", "--jobs", "1", "--cache-dir", "cache"], project)
    assert (done.returncode, planted.seen) == (0, ""), done.stderr


WORKER = "list(__import__('sys').path), sorted({name.split('.')[0] for name in __import__('sys').modules})"


def test_a_foreign_worker_imports_nothing_from_the_project_for_us(
    planted: Planted, project: Project, imported: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DASK_TEMPORARY_DIRECTORY", str(tmp_path / "dask"))
    with (
        LocalCluster(n_workers=1, threads_per_worker=2, processes=True, dashboard_address=None) as cluster,
        Client(cluster) as client,
        client.get_executor() as executor,
    ):
        client.run(eval, f"__import__('sys').path.insert(0, {str(project.folder)!r})")
        ((path, loaded),) = client.run(eval, WORKER).values()
        assert {"manim", "PIL", "layeranim"} <= imported - set(loaded)
        planted.plant(imported - set(loaded) - {"layeranim"})  # which is where our first module is from
        report = build(project.manifest, executor=executor, cache_dir=project.cache)
        assert report.done == {"a": "drawn"}
        assert planted.seen == ""
        ((after, _),) = client.run(eval, WORKER).values()
        assert after == path, "the worker's own path is as it was"


def test_threads_share_one_closed_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    before = sys.path[:]
    with apart._closed_to(tmp_path):
        with apart._closed_to(tmp_path):
            assert str(tmp_path) not in sys.path
        assert str(tmp_path) not in sys.path
    assert sys.path == before


def test_folders_that_are_safe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "project" / "vendor").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "project")
    monkeypatch.chdir(tmp_path / "project")
    given = ["", ".", str(tmp_path / "project"), str(tmp_path / "link"), "vendor", "/elsewhere", "/elsewhere"]
    assert apart.safe(given, tmp_path / "link") == [str(tmp_path / "project" / "vendor"), "/elsewhere"]
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert apart.safe(["", "/elsewhere"], tmp_path) == ["/elsewhere"]
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("which", ["none", "one"])
def test_no_room_for_a_process(
    project: Project, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], which: str
) -> None:
    """Without one there is one line; with some, the films are drawn by those that there are."""
    from layeranim.cli import main

    project.write(A + A.replace('"a"', '"b"'))
    begin: Callable[..., subprocess.Popen[bytes]] = apart.start
    started = []

    def few(*words: object, **more: object) -> subprocess.Popen[bytes]:
        if len(started) == (which == "one"):
            raise BlockingIOError(11, os.strerror(11))
        started.append(begin(*words, **more))
        return started[-1]

    monkeypatch.setattr(apart, "start", few)
    code = main(["build", "--jobs", "2", "--cache-dir", "cache"])
    told = capfd.readouterr().err
    if which == "one":
        assert (code, {"a.gif", "b.gif"} - set(project.files_visible())) == (0, set()), told
    else:
        assert code == 4
        assert told.splitlines()[-1].startswith("layeranim: error: no process can be started to draw in: Resource")


def test_here_is_an_executor_too(project: Project) -> None:
    assert project.write(A).build(executor=Here()).done == {"a": "drawn"}
