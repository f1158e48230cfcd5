"""What was worked out once is not worked out again, nor believed when anything that it came from has changed."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from layeranim.assets import known, sources
from layeranim.assets.cache import KNOWN, folder_of_user
from layeranim.assets.plan import load
from tests.assets.conftest import ROOT, Done, Project, environment

A = '[[asset]]\nid = "a"\nexplainer = "conv"\ninput = "x.csv"\n'
B = '[[asset]]\nid = "b"\nexplainer = "pool"\nthemes = ["light", "dark"]\n'


@pytest.fixture
def built(project: Project) -> Project:
    (project.folder / "x.csv").write_text("1,2,3\n4,5,6\n7,8,9\n")
    project.write(A + B).pretend(cache_dir=None)
    return project


def quick(project: Project, *ids: str, shard: str | None = None) -> list[str] | None:
    """The films that are known to be well; ``None`` if that must be worked out."""
    found = known.fresh(project.manifest, ids, shard, folder_of_user())
    return found and [one.name for one in found[1]]


def test_what_is_known_is_what_is_worked_out(built: Project) -> None:
    assert quick(built) == [plan.name for plan in load(built.manifest)[1]] == ["a", "b-light", "b-dark"]
    assert quick(built, "b") == ["b-light", "b-dark"]
    assert quick(built, "b-dark") == ["b-dark"]
    assert quick(built, shard="2/2") == ["b-dark"]
    found = known.recall(folder_of_user(), built.manifest)
    assert found is not None
    for one, plan in zip(found.films, load(built.manifest)[1], strict=True):
        assert (one.causes, one.tools) == (plan.digest, plan.tools_digest)
    assert found.root == built.renders


def in_the_lock(old: str, new: str) -> Callable[[Project], object]:
    return lambda project: project.lock.write_text(re.sub(old, new, project.lock.read_text(), flags=re.MULTILINE))


def test_a_manifest_is_known_from_any_folder(built: Project, call: Callable[..., Done]) -> None:
    wanted = call("build").out.splitlines()
    assert wanted[0] == "renders/a.gif"
    (built.folder / "deep").mkdir()
    for here, manifest, first in (("..", "project/layeranim.toml", "project/"), ("deep", "../layeranim.toml", "../")):
        os.chdir(built.folder / here)
        assert quick(Project(Path(manifest).parent)) is not None
        done = call("build", "-m", manifest)
        assert done.out.splitlines() == [first + line for line in wanted]
        assert quick(Project(Path(manifest).parent)) is not None
    os.chdir(built.folder)


CHANGES: dict[str, Callable[[Project], object]] = {
    "the manifest": lambda p: p.write(A + "stride = 2\n" + B),
    "an input": lambda p: (p.folder / "x.csv").write_text("1,2,3\n4,5,6\n7,8,0\n"),
    "an input that is gone": lambda p: (p.folder / "x.csv").unlink(),
    "a film": lambda p: (p.renders / "a.gif").write_bytes(b"by hand"),
    "a film that is gone": lambda p: (p.renders / "b-dark.vtt").unlink(),
    "a link for a film": lambda p: ((p.renders / "a.gif").unlink(), (p.renders / "a.gif").symlink_to("b-dark.gif")),
    "the lock": lambda p: p.lock.unlink(),
    "causes in the lock": in_the_lock("^a [0-9a-f]{8}", "a 00000000"),
    "a line too many": in_the_lock("^a (.*)$", r"a \1\nz \1"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_is_seen(built: Project, call: Callable[..., Done], what: str) -> None:
    assert call("check").code == 0
    assert quick(built) is not None
    CHANGES[what](built)
    assert quick(built) is None
    assert call("check").code != 0


def test_a_record_that_is_damaged_is_not_believed(built: Project, call: Callable[..., Done]) -> None:
    (record,) = (folder_of_user() or Path()).glob(f"*{KNOWN}")
    whole = record.read_bytes()
    for data in (b"", whole[:-1], whole[:64], whole.replace(b'"a"', b'"c"', 1), whole[:64] + b"[" * 9999):
        record.write_bytes(data)
        assert quick(built) is None
        assert call("check").out == "3 films, all as they should be\n"
        assert quick(built) is not None  # and made again
    record.unlink()
    record.symlink_to("/dev/zero")
    assert quick(built) is None
    assert call("cache", "clear").code == 0
    assert list((folder_of_user() or Path()).glob(f"*{KNOWN}")) == []


def test_another_tool_or_source_makes_it_unknown(built: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    now = sources.tools()
    monkeypatch.setattr(sources, "tools", lambda: {**now, "numpy": "9.9"})
    assert quick(built) is None
    monkeypatch.undo()
    monkeypatch.chdir(built.folder)


def states(project: Project, package: Path, *words: str) -> dict[str, list[str]]:
    """What ``check`` finds wrong, by the layeranim in ``package``."""
    done = subprocess.run(
        [sys.executable, "-m", "layeranim", "check", "--json", *words], cwd=project.folder, env=environment(package),
        capture_output=True, text=True,
    )  # fmt: skip
    found: dict[str, list[str]] = json.loads(done.stdout)["wrong"]
    return found


def test_one_explainers_story_makes_only_its_own_films_stale(project: Project, tmp_path: Path) -> None:
    package = tmp_path / "package"
    shutil.copytree(ROOT / "layeranim", package / "layeranim", ignore=shutil.ignore_patterns("__pycache__"))
    project.write('[[asset]]\nid = "a"\nexplainer = "conv"\n[[asset]]\nid = "b"\nexplainer = "pool"\n').pretend()
    assert states(project, package) == states(project, package) == {}
    for file, stale in {
        "stories/pool.py": ["b"],
        "scenes/pool.py": ["b"],
        "engine/conv.py": ["a"],
        "assets/known.py": [],
        "cli/check.py": [],
        "theme.py": ["a", "b"],
        "typeface/bidi.py": ["a", "b"],
    }.items():
        path = package / "layeranim" / file
        text = path.read_text(encoding="utf-8")
        path.write_text(text + "\n# another line\n", encoding="utf-8")
        found = states(project, package)
        assert sorted(found) == stale, file
        assert all(line.startswith("stale: ") for lines in found.values() for line in lines)
        path.write_text(text, encoding="utf-8")
    assert states(project, package) == {}
