"""What was worked out once is not worked out again, nor believed when anything that it came from has changed."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from layeranim.assets import known, sources
from layeranim.assets.cache import KNOWN, Cache, folder_of_user
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
    "a film that is gone": lambda p: (p.renders / "b-dark.captions").unlink(),
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
        "stories/pooling/film.py": ["b"],
        "stories/pooling/words.py": ["b"],
        "engine/conv.py": ["a"],
        "assets/known.py": [],
        "cli/check.py": [],
        "theme/__init__.py": ["a", "b"],
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


HOSTILE: dict[str, Callable[[dict[str, Any]], object]] = {
    "no mapping": lambda data: [data],
    "a number": lambda data: 3,
    "a key more": lambda data: {**data, "more": 1},
    "a key less": lambda data: {key: value for key, value in data.items() if key != "root"},
    "inputs that are a list": lambda data: {**data, "inputs": ["x.csv"]},
    "an input without a digest": lambda data: {**data, "inputs": {"x.csv": None}},
    "an input that is no path": lambda data: {**data, "inputs": {"\0": "x"}},
    "a root that is no text": lambda data: {**data, "root": 3},
    "a root above": lambda data: {**data, "root": "../project/renders"},
    "a root anywhere": lambda data: {**data, "root": "/"},
    "films that are none": lambda data: {**data, "films": 3},
    "a film that is text": lambda data: {**data, "films": ["a"]},
    "a film with a key more": lambda data: {**data, "films": [{**data["films"][0], "more": 1}]},
    "a film with a key less": lambda data: {**data, "films": [{"name": "a"}]},
    "a film whose name is a list": lambda data: {**data, "films": [{**data["films"][0], "name": ["a"]}]},
    "a film elsewhere": lambda data: {**data, "films": [{**data["films"][0], "name": "../renders/a"}]},
    "files that are a list": lambda data: {**data, "films": [{**data["films"][0], "files": ["gif"]}]},
    "a size that is text": lambda data: {**data, "films": [{**data["films"][0], "files": {"gif": "1"}}]},
    "a file elsewhere": lambda data: {**data, "films": [{**data["films"][0], "files": {"/../a": None}}]},
}


@pytest.mark.parametrize("how", HOSTILE)
def test_a_record_of_another_form_is_not_believed(built: Project, call: Callable[..., Done], how: str) -> None:
    """Whole, with its digest and today's state, but not as we write it."""
    (record,) = (folder_of_user() or Path()).glob(f"*{KNOWN}")
    rewrite(record, HOSTILE[how])
    assert quick(built) is None
    assert call("check") == Done(0, "3 films, all as they should be\n", "")
    assert quick(built) is not None


def test_a_record_as_deep_as_can_be_is_not_believed(built: Project, call: Callable[..., Done]) -> None:
    (record,) = (folder_of_user() or Path()).glob(f"*{KNOWN}")
    deep = b"[" * 100_000
    record.write_bytes(hashlib.sha256(deep).hexdigest().encode() + deep)
    assert call("check") == Done(0, "3 films, all as they should be\n", "")


def rewrite(record: Path, change: Callable[[dict[str, Any]], object]) -> None:
    data = json.dumps(change(json.loads(record.read_bytes()[64:]))).encode()
    record.write_bytes(hashlib.sha256(data).hexdigest().encode() + data)


def test_a_record_that_is_only_written_anew_is_believed(built: Project) -> None:
    (record,) = (folder_of_user() or Path()).glob(f"*{KNOWN}")
    rewrite(record, lambda data: data)
    assert quick(built) is not None


def test_records_count_and_leave(built: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = folder_of_user() or Path()
    (record,) = folder.glob(f"*{KNOWN}")
    others = [folder / f"{number:032x}{KNOWN}" for number in range(3)]
    for second, other in enumerate(others, 1):
        other.write_bytes(b"x" * 1000)
        os.utime(other, (second, second))
    os.utime(record, (0, 0))
    cache = Cache(folder)
    for film in cache.entries():
        film.unlink()
    assert cache.used() == (0, 3000 + record.stat().st_size)
    assert quick(built) is not None  # asked for just now
    monkeypatch.setattr(known, "RECORDS", 3)
    built.write(A + "stride = 2\n" + B)
    load(built.manifest, folder=folder)
    assert sorted(folder.glob(f"*{KNOWN}")) == sorted([record, *others[1:]])
    small = Cache(folder, warn=pytest.fail, size=1500 + record.stat().st_size)
    small.put("0" * 64, {"gif": b"x"})
    assert others[1].exists() is False
    assert small.used()[1] <= small.size
    assert record.exists()
