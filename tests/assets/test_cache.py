"""The cache keeps to its size, takes nothing for an entry that is none, and never stands in the way of a build."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from layeranim.assets.cache import Cache, packed, unpacked
from layeranim.assets.draw import Drawn
from layeranim.assets.report import BuildError
from tests.assets.conftest import Done, Pretended, Project
from tests.clocks import HANG

A = '[[asset]]\nid = "a"\nexplainer = "conv"\n'
FILM = {"gif": b"x" * 1000, "json": b"{}"}
ROOM = len(packed("0" * 64, FILM))


def keys(cache: Cache) -> list[str]:
    """The first letters of the films that are there."""
    return [path.name[0] for path in cache.entries()]


def films(project: Project) -> list[Path]:
    return sorted(project.cache.glob("*.film"))


def used_at(cache: Cache, letter: str, second: int) -> None:
    os.utime(cache._path(letter * 64), (second, second))


def test_what_was_used_longest_ago_leaves_first(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache", warn=pytest.fail, size=3 * ROOM)
    for second, letter in enumerate("abc"):
        cache.put(letter * 64, FILM)
        used_at(cache, letter, second)
    assert keys(cache) == ["a", "b", "c"]
    assert cache.get("a" * 64, FILM) == FILM  # used now
    cache.put("d" * 64, FILM)
    assert keys(cache) == ["a", "c", "d"]
    used_at(cache, "d", 0)  # a clock that is years off
    cache.put("e" * 64, FILM)
    assert "e" in keys(cache)
    assert len(keys(cache)) == 3
    assert cache.used() == (3, 3 * ROOM)


def test_a_film_larger_than_the_cache_drives_nothing_out(tmp_path: Path) -> None:
    told: list[str] = []
    cache = Cache(tmp_path / "cache", told.append, size=ROOM)
    cache.put("a" * 64, FILM)
    cache.put("b" * 64, {"gif": b"x" * 2000})
    assert keys(cache) == ["a"]
    assert len(told) == 1
    assert f"all of it may take {ROOM:,}" in told[0]


def test_asking_whose_a_file_is_uses_nothing(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache", warn=pytest.fail)
    cache.put("a" * 64, FILM)
    used_at(cache, "a", 5)
    assert cache.holding("json", "0" * 64) is None
    assert cache._path("a" * 64).stat().st_mtime == 5


def test_nothing_waits_for_what_is_no_file(tmp_path: Path) -> None:
    told: list[str] = []
    cache = Cache(tmp_path / "cache", told.append)
    cache.put("a" * 64, FILM)
    (tmp_path / "secret").write_bytes(packed("3" * 64, FILM))
    planted: dict[str, Callable[[Path], object]] = {
        "1": os.mkfifo,
        "2": Path.mkdir,
        "3": lambda path: path.symlink_to(tmp_path / "secret"),
        "4": lambda path: path.symlink_to("/dev/zero"),
        "5": lambda path: os.truncate(os.open(path, os.O_CREAT | os.O_RDWR), 2**41),  # sparse: no room is taken
    }
    for digit, plant in planted.items():
        plant(cache._path(digit * 64))
    found: list[object] = []
    thread = threading.Thread(
        target=lambda: found.extend(cache.get(digit * 64, FILM) for digit in planted), daemon=True
    )
    thread.start()
    thread.join(timeout=HANG)
    assert found == [None] * len(planted)
    assert len(told) == len(planted)
    assert cache.holding("gif", "0" * 64) is None
    cache.put("1" * 64, FILM)  # and in a pipe's place there is a film then
    assert cache.get("1" * 64, FILM) == FILM
    assert (tmp_path / "secret").exists()


def test_clearing_takes_nothing_that_is_not_ours(project: Project, call: Callable[..., Done]) -> None:
    project.write(A).pretend()
    project.build()
    for name in ("hosts.known", "x.film", "a.txt"):
        (project.cache / name).write_text("mine")
    done = call("cache", "clear", "--cache-dir", str(project.cache))
    assert (done.code, done.out) == (0, "1 film removed from the cache\n")
    assert sorted(path.name for path in project.cache.iterdir()) == ["a.txt", "hosts.known", "x.film"]
    for words in (["build"], ["cache", "clear"], ["why", "a"]):
        assert call(*words, "--cache-dir", "").err.startswith("layeranim: error: cache_dir is empty")


def test_a_build_keeps_the_cache_to_its_size(project: Project, call: Callable[..., Done]) -> None:
    project.write(A + "matrix = { stride = [1, 2, 3] }\n").pretend()
    (one, *_), taken = films(project), sum(p.stat().st_size for p in films(project))
    assert taken == 3 * one.stat().st_size
    project.pretend(force=True, cache_size=2 * one.stat().st_size)
    assert len(films(project)) == 2
    assert (
        call("cache", "info", "--cache-dir", str(project.cache))
        .out.splitlines()[1]
        .startswith("2 films, 0 MB; a build keeps 1,000 MB of them")
    )
    for wrong in ("0", "x", "-1"):
        done = call("build", "--cache-size", wrong)
        assert (done.code, done.out) == (2, "")
        assert "cache_size is" in done.err


HOSTILE = {
    "a path outside": {"../../../outside": b"x"},
    "an absolute path": {"/../../outside": b"x"},
    "a file missing": {"json": None},
    "a file too many": {"webm": b"x"},
    "a suffix that no lock can hold": {"a b": b"x"},
    "another suffix": {"gif": None, "GIF": b"x"},
    "none of them": {"gif": None, "png": None, "vtt": None, "json": None, "txt": b"x"},
}


@pytest.mark.parametrize("how", HOSTILE)
def test_an_entry_with_other_files_than_the_film_has_is_a_miss(
    project: Project, call: Callable[..., Done], how: str
) -> None:
    """Sound in itself, digests and all: only what a film is made of is taken from it."""
    project.write(A).pretend()
    (path,) = films(project)
    wanted, before = project.files(), path.read_bytes()
    entry = {**(unpacked(path.stem, before) or {}), **HOSTILE[how]}
    path.write_bytes(packed(path.stem, {suffix: data for suffix, data in entry.items() if data is not None}))
    project.lock.unlink()
    shutil.rmtree(project.renders)
    everywhere = sorted(project.folder.parent.rglob("*"))
    assert project.pretend() == ["a"], "it is drawn again"
    assert project.files() == wanted
    assert path.read_bytes() == before
    assert {p.name for p in set(project.folder.parent.rglob("*")) - set(everywhere)} == {
        "renders", "layeranim.lock", *wanted,
    }  # fmt: skip
    assert call("check").code == 0


def test_an_entry_that_names_a_file_twice_is_none() -> None:
    listed = packed("0" * 64, {"gif": b"one"})
    head, line, _ = listed.split(b"\n", 2)
    row = line[1:-1]
    assert unpacked("0" * 64, listed) == {"gif": b"one"}
    assert unpacked("0" * 64, b"\n".join([head, b"[" + row + b", " + row + b"]", b"oneone"])) is None


def test_what_another_executor_gives_back_is_the_films_own(project: Project) -> None:
    class Stranger(Pretended):
        def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
            future: Future[Any] = Future()
            future.set_result(Drawn({"../../outside": b"x", "gif": b"x"}))
            return future

    with pytest.raises(BuildError, match=r"^a: what drew it gave back other files"):
        project.write(A).build(executor=Stranger())
    assert project.files() == {}
    assert films(project) == []
