"""Builds: what is fresh stays, what the cache holds comes back, what changed is made again, by any executor."""

from __future__ import annotations

import json
import multiprocessing
import shutil
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

import layeranim as la
from layeranim.assets import lock
from layeranim.assets.cache import Cache
from layeranim.assets.report import BuildError
from layeranim.errors import OptionError, RenderError
from tests.assets.conftest import Done, Here, Project

A = '[[asset]]\nid = "a"\nexplainer = "conv"\n'
B = '[[asset]]\nid = "b"\nexplainer = "pool"\n'
C = '[[asset]]\nid = "c"\nexplainer = "conv"\n'
FILES = ["a.captions", "a.gif", "a.json", "a.png"]


def test_pages_of_stills_are_built_and_checked(project: Project) -> None:
    project.write(
        '[[asset]]\nid = "a"\nexplainer = "softmax"\nformats = ["sheet", "pdf"]\nstills = 2\npaper = "letter"\n'
    )
    assert project.build().done == {"a": "drawn"}
    assert sorted(project.files()) == ["a.json", "a.pdf", "a.sheet.png"]
    assert b"/MediaBox [0 0 612 792]" in project.files()["a.pdf"]
    assert project.build().done == {"a": "fresh"}
    before = project.files()
    (project.renders / "a.sheet.png").unlink()
    assert project.build().done == {"a": "from the cache"}
    assert project.files() == before


def test_a_film_is_built_once(project: Project) -> None:
    report = project.write(A + 'alt = "A kernel <slides>."\n').build()
    assert report.done == {"a": "drawn"}
    assert sorted(project.files()) == FILES
    assert sorted(path.name for path in report.paths) == FILES
    assert project.files()["a.gif"].startswith(b"GIF89a")
    assert json.loads(project.files()["a.json"])["alt"] == "A kernel <slides>."
    before, locked = project.files(), project.lock.read_text()
    assert [line.split(" ")[0] for line in locked.splitlines()] == ["#", "a"]
    assert project.build().done == {"a": "fresh"}
    shutil.rmtree(project.renders)
    assert project.build().done == {"a": "from the cache"}
    assert (project.files(), project.lock.read_text()) == (before, locked)
    assert project.build(force=True).done == {"a": "drawn"}
    assert (project.files(), project.lock.read_text()) == (before, locked)


@pytest.mark.parametrize("kind", ["processes", "threads", "own"])
def test_any_executor_gives_the_same_bytes(project: Project, kind: str) -> None:
    made: dict[str, Callable[[], Any]] = {
        "processes": lambda: ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")),
        "threads": lambda: ThreadPoolExecutor(1),
        "own": lambda: nullcontext(Here()),
    }
    project.write(A)
    with made[kind]() as executor:
        assert isinstance(executor, Executor)
        assert la.build(project.manifest, executor=executor, cache_dir=project.cache).done == {"a": "drawn"}
    wanted = project.files()
    assert sorted(wanted) == FILES
    la.build(project.manifest, executor=Here(), cache_dir=project.cache, force=True)
    assert project.files() == wanted


def test_a_fresh_clone_builds_nothing(project: Project) -> None:
    project.write(A + B)
    assert project.pretend() == ["a", "b"]
    clone = Project(project.folder.parent / "clone")
    shutil.copytree(project.folder, clone.folder, ignore=shutil.ignore_patterns("cache"))
    assert clone.pretend() == []
    assert list(clone.cache.glob("*.film")) == []


def test_only_what_changed_is_made_again(project: Project) -> None:
    project.write(A + B).pretend()
    project.write(A + "stride = 2\n" + B)
    assert project.pretend() == ["a"]
    project.write(A + "stride = '2'\n" + B)
    assert project.pretend() == []  # the same option, spelt otherwise
    project.write(A + "stride = 2\nprecision = 1\n" + B)
    assert project.pretend("b") == []
    assert project.pretend("a") == ["a"]
    (project.renders / "b.gif").write_bytes(b"by hand")
    assert project.pretend() == []  # put back from the cache
    assert project.files()["b.gif"] == b"b gif"
    project.lock.unlink()
    assert project.pretend() == []
    assert project.pretend(force=True) == ["a", "b"]


def test_an_edited_input_is_seen(project: Project) -> None:
    data = project.folder / "x.csv"
    data.write_text("1,2,3\n4,5,6\n7,8,9\n")
    project.write(A + 'input = "x.csv"\n')
    assert project.pretend() == ["a"]
    data.write_text("1.0, 2,3\n4,5,6\n7,8,9\n")
    assert project.pretend() == []  # the same numbers
    data.write_text("1,2,3\n4,5,6\n7,8,10\n")
    assert project.pretend() == ["a"]


def test_after_edits_a_build_is_a_clean_build(project: Project) -> None:
    other = Project(project.folder.parent / "other")
    other.folder.mkdir()
    for text in (A + C, A + "stride = 2\n" + C, A + "stride = 2\n", A + 'stride = 2\ntitle = "<b>"\nalt = "x"\n'):
        project.write(text).build()
    other.write(text).build()
    assert project.files() == other.files()
    assert project.lock.read_text() == other.lock.read_text()


def test_what_nothing_makes_any_more_goes_but_not_by_hand(project: Project) -> None:
    project.write(A + B + C).pretend()
    (project.renders / "c.gif").write_bytes(b"by hand")
    (project.renders / "mine.txt").write_text("not ours")
    project.write(A)
    report = project.build()
    assert sorted(path.name for path in report.removed) == [
        "b.captions", "b.gif", "b.json", "b.png", "c.captions", "c.json", "c.png",
    ]  # fmt: skip
    assert sorted(project.files()) == sorted([*FILES, "c.gif", "mine.txt"])
    assert report.warnings == ["c.gif belongs to no film any more, but was changed by hand; it stays"]
    assert list(lock.read(project.lock)) == ["a"]


def test_a_part_of_the_films_leaves_the_others_alone(project: Project) -> None:
    project.write(A + B + C)
    assert project.pretend(shard="1/2") == ["a", "c"]
    assert project.pretend(shard="2/2") == ["b"]
    assert list(lock.read(project.lock)) == ["a", "b", "c"]
    project.write(A + B)
    project.pretend("a")
    project.pretend(shard="1/1")
    assert list(lock.read(project.lock)) == ["a", "b", "c"]  # only a build of everything takes lines away


def test_parts_from_several_machines_are_put_together_by_their_caches(project: Project, tmp_path: Path) -> None:
    project.write(A + B + C).pretend()
    whole, lines = project.files(), project.lock.read_text()
    every = tmp_path / "every"
    every.mkdir()
    for part in ("1/2", "2/2"):
        shutil.rmtree(project.renders)
        project.lock.unlink()
        project.pretend(shard=part, cache_dir=tmp_path / "part")
        for film in (tmp_path / "part").glob("*.film"):
            film.replace(every / film.name)
    shutil.rmtree(project.renders)
    project.lock.unlink()
    assert project.pretend(cache_dir=every) == []
    assert (project.files(), project.lock.read_text()) == (whole, lines)


@pytest.mark.parametrize("text", ["0/2", "3/2", "1", "a/b", "1/2/3", "", "-1/2", "1/1001", "²/3"])
def test_a_wrong_part_is_refused(project: Project, text: str) -> None:
    project.write(A)
    if text:
        with pytest.raises(OptionError, match="shard is"):
            project.pretend(shard=text)


def test_one_failure_names_itself_and_the_others_finish(project: Project, call: Callable[..., Done]) -> None:
    project.write(A + 'max-size = "1KB"\n' + C)
    with pytest.raises(BuildError, match=r"^a: a\.gif would be [\d,]+ bytes, the limit is 1,000"):
        project.build()
    assert sorted(project.files()) == ["c.captions", "c.gif", "c.json", "c.png"]
    assert list(lock.read(project.lock)) == ["c"]


def test_an_executor_that_fails_is_told_film_by_film(project: Project) -> None:
    class Broken(Here):
        def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
            return super().submit(lambda *_: 1 / 0)

    with pytest.raises(RenderError, match="a: this is a bug of layeranim: ZeroDivisionError"):
        project.write(A).build(executor=Broken())
    assert not project.lock.exists()


def test_the_command_line(project: Project, call: Callable[..., Done]) -> None:
    project.write(A + B).pretend(cache_dir=None)
    done = call("build")
    assert done.code == 0
    assert done.out.splitlines()[:2] == ["renders/a.gif", "renders/a.png"]
    assert done.err == "2 films: 0 made, 2 fresh\n"
    assert json.loads(call("build", "a", "--json", "-q").out)["films"] == {"a": "fresh"}
    assert call("build", "--jobs", "0").code == 2
    assert "has no asset 'x'" in call("build", "x").err
    info = call("cache", "info").out
    assert "2 films" in info
    assert call("cache", "clear").out == "2 films removed from the cache\n"
    assert call("cache", "clear").out == "0 films removed from the cache\n"
    project.write("")
    assert call("build").code == 2


def test_lines_of_ones_own_under_steps(project: Project, call: Callable[..., Done]) -> None:
    project.write(A).build()
    before = project.files()
    line = "<b>Look</b>: שלום & $(touch x)"
    project.write(A + f'captions = {{ 1 = "{line}" }}\n').build()
    after = project.files()
    assert after["a.gif"] != before["a.gif"]
    assert "&lt;b&gt;Look&lt;/b&gt;: ▯▯▯▯ &amp; $(touch x)" in after["a.captions"].decode()
    first = next(step for step in json.loads(after["a.json"])["steps"] if step.get("units") == [1, 1])
    assert first["note"] == "<b>Look</b>: ▯▯▯▯ & $(touch x)"
    assert call("check").code == 0
    project.write(A + 'captions = { 1 = "other" }\n')
    assert f"a: line of step 1: {line} → other\n" in call("why", "a").out
    for value, says in {
        '{ 77 = "x" }': "step 77 is not shown by itself",
        f'{{ 1 = "{"wide " * 24}" }}': "is wider than the film",
        '{ one = "x" }': "captions",
        "{ 1 = 2 }": "captions",
        "3": "captions is 3",
    }.items():
        project.write(A + f"captions = {value}\n")
        done = call("validate")
        assert (done.code, says in done.err) == (2, True), (value, done)
    project.write(A + "captions = false\n")
    assert call("validate").code == 0


def test_progress_is_told_film_by_film(project: Project) -> None:
    project.write(A + B + C).pretend("a")
    told: list[tuple[str, str, int, int]] = []
    project.write(A + B + C + 'max-size = "1KB"\n')
    with pytest.raises(BuildError):
        project.build(tell=lambda *what: told.append(what))
    assert [one[2:] for one in told] == [(1, 3), (2, 3), (3, 3)]
    assert {(name, what) for name, what, *_ in told} == {("a", "fresh"), ("b", "drawn"), ("c", "failed")}


def test_the_cache_gives_back_what_it_got(project: Project) -> None:
    cache = Cache(project.cache, warn=lambda text: pytest.fail(text))
    files = {"gif": b"\n\x00", "json": b""}
    cache.put("0" * 64, files)
    assert cache.get("0" * 64, files) == files
    assert cache.get("1" * 64, files) is None


def test_a_lock_that_was_merged_half_is_refused(project: Project, call: Callable[..., Done]) -> None:
    project.write(A).pretend()
    text = project.lock.read_text()
    for broken in (text + "<<<<<<< HEAD\n", text + text, text.replace("gif:", "gif")):
        project.lock.write_text(broken)
        done = call("check")
        assert (done.code, done.out) == (2, "")
        assert "is no line of a lock" in done.err


def test_a_lock_from_before_the_words_had_a_name_of_their_own(project: Project, call: Callable[..., Done]) -> None:
    """Locks of 0.1 name ``.vtt``; a build makes ``.captions`` instead, and takes the old file away if it is ours."""
    project.write(A + B).pretend()
    for name in ("a", "b"):
        (project.renders / f"{name}.captions").rename(project.renders / f"{name}.vtt")
    project.lock.write_text(project.lock.read_text().replace(" captions:", " vtt:"))
    (project.renders / "b.vtt").write_bytes(b"by hand")
    done = call("check")
    assert (done.code, "Traceback" in done.err) == (1, False)
    assert "a: missing: a.captions is not there; run layeranim build" in done.out
    assert "a: orphaned: a.vtt is asked for no longer; run layeranim build" in done.out
    project.pretend()
    assert sorted(project.files()) == sorted([*FILES, *(name.replace("a.", "b.", 1) for name in FILES), "b.vtt"])
    assert "vtt:" not in project.lock.read_text()
