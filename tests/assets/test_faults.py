"""What a build survives: damage, full disks, planted links, edits under way, kills, dying workers, company."""

from __future__ import annotations

import os
import resource
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from layeranim import preparing
from layeranim.assets.draw import out_of_sight
from layeranim.assets.plan import load
from layeranim.assets.report import BuildError
from layeranim.errors import OutputError, UsageError
from layeranim.film.hidden import clear_leftovers, remove
from tests.assets.conftest import Done, Project, environment, finished, start
from tests.clocks import HANG, until

A = '[[asset]]\nid = "a"\nexplainer = "conv"\n'
B = '[[asset]]\nid = "b"\nexplainer = "conv"\nstride = 2\n'
C = '[[asset]]\nid = "c"\nexplainer = "conv"\nstride = 3\n'


def entry(project: Project) -> Path:
    (path,) = project.cache.glob("*.film")
    return path


def start_of(data: bytes) -> bytes:
    """The first line of an entry: what it is, and its key."""
    return data[: data.index(b"\n") + 1]


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "truncated": lambda data: data[:-1],
    "half": lambda data: data[: len(data) // 2],
    "empty": lambda data: b"",
    "a bit flipped at the end": lambda data: data[:-1] + bytes([data[-1] ^ 1]),
    "a bit flipped in the list": lambda data: data[:40] + bytes([data[40] ^ 1]) + data[41:],
    "another version": lambda data: data.replace(b"film 2", b"film 3", 1),
    "longer": lambda data: data + b"x",
    "no list": lambda data: start_of(data) + b"3\n",
    "a list of nothing": lambda data: start_of(data) + b"[]\n",
    "deep": lambda data: start_of(data) + b"[" * 60_000 + b"\n",
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_cache_is_a_miss_with_a_warning(project: Project, damage: str) -> None:
    project.write(A).pretend()
    data, wanted = entry(project).read_bytes(), project.files()
    entry(project).write_bytes(DAMAGE[damage](data))
    project.lock.unlink()
    executor_saw = project.pretend()
    assert executor_saw == ["a"]
    assert project.files() == wanted
    assert entry(project).read_bytes() == data


def test_a_film_under_the_key_of_another_is_a_miss(project: Project) -> None:
    project.write(A + B).pretend()
    wanted = project.files()
    one, other = sorted(project.cache.glob("*.film"))
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)
    project.lock.unlink()
    assert project.pretend() == ["a", "b"]
    assert project.files() == wanted
    assert (one.read_bytes(), other.read_bytes()) == (first, second)


def test_damage_is_told(project: Project) -> None:
    project.write(A).pretend()
    entry(project).write_bytes(b"")
    project.lock.unlink()
    (warning,) = project.build().warnings
    assert "is damaged or from another version; the film is made again" in warning


def test_a_cache_that_cannot_be_kept_is_a_warning(project: Project) -> None:
    project.cache.write_text("a file where the folder should be")
    report = project.write(A).build()
    assert report.done == {"a": "drawn"}
    assert any("the cache keeps nothing" in warning for warning in report.warnings)
    assert "a.gif" in project.files()


FULL = """
import os, resource, sys
from pathlib import Path
from layeranim.assets import cache
from tests.assets.conftest import Pretended
from layeranim.assets.build import build

packed = cache.packed

def full(key, files):
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, resource.RLIM_INFINITY))  # from here on the disk is full
    return packed(key, files)

cache.packed = full
put = cache.Cache.put
def and_after(self, key, files):
    put(self, key, files)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
cache.Cache.put = and_after
report = build("layeranim.toml", executor=Pretended(), cache_dir="cache")
print(report.done, *report.warnings)
"""


def test_a_disk_that_is_full_in_the_cache_alone_is_a_warning(project: Project) -> None:
    project.write(A)
    done = subprocess.run(
        [sys.executable, "-c", FULL], cwd=project.folder, env=environment(), capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("{'a': 'drawn'} the cache keeps nothing: cannot write cache/")
    assert project.files()["a.gif"] == b"a gif"
    assert list(project.cache.glob("*.film")) == []
    assert not any(path.name.startswith(".") for path in project.cache.iterdir())


def test_a_disk_that_is_full_at_the_output_keeps_the_films_before(project: Project) -> None:
    project.write(A).pretend()
    before, locked = project.files(), project.lock.read_text()
    project.write(A + "stride = 2\n")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3, limits[1]))
    try:
        with pytest.raises(BuildError, match=r"a: cannot write .*a\.gif: File too large"):
            project.pretend()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert project.files() == before
    assert project.lock.read_text() == locked


@pytest.mark.parametrize("place", ["renders/a.gif", "renders/a.captions", "layeranim.lock"])
def test_a_planted_link_is_refused_before_anything_is_drawn(project: Project, place: str) -> None:
    victim = project.folder / "victim"
    victim.write_bytes(b"precious")
    project.renders.mkdir()
    (project.folder / place).symlink_to(victim)
    project.write(A)
    with pytest.raises(UsageError, match=r"symbolic link|is no line of a lock"):
        project.pretend()
    assert victim.read_bytes() == b"precious"
    assert [p for p in project.renders.iterdir() if not p.is_symlink()] == []


@pytest.mark.parametrize("kind", ["folder", "fifo"])
def test_what_is_no_file_is_refused(project: Project, kind: str) -> None:
    project.renders.mkdir()
    place = project.renders / "a.gif"
    place.mkdir() if kind == "folder" else os.mkfifo(place)
    with pytest.raises(OutputError, match=f"a {kind} stands there"):
        project.write(A).pretend()


@pytest.mark.parametrize("kind", ["file", "fifo", "a link to nowhere"])
def test_what_is_no_folder_is_refused(project: Project, call: Callable[..., Done], kind: str) -> None:
    plant = {"file": Path.touch, "fifo": os.mkfifo, "a link to nowhere": lambda path: path.symlink_to("nowhere")}
    plant[kind](project.renders)
    project.write(A)
    done = call("build", "--cache-dir", "cache")
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1), done
    assert "renders, cannot be made: File exists" in done.err


def test_a_folder_on_the_way_may_be_a_link(project: Project) -> None:
    real = project.folder / "elsewhere"
    real.mkdir()
    project.renders.symlink_to(real)
    assert project.write(A).pretend() == ["a"]
    assert (real / "a.gif").exists()


def test_an_input_that_is_edited_while_it_is_drawn_is_not_kept(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = project.folder / "x.csv"
    data.write_text("1,2,3\n4,5,6\n7,8,9\n")
    project.write(A + 'input = "x.csv"\n')
    drawn = preparing.Work.film_to

    def edited(self: preparing.Work, *args: object, **more: object) -> object:
        made = drawn(self, *args, **more)  # type: ignore[arg-type]
        data.write_text("0,0,0\n0,0,0\n0,0,0\n")
        return made

    monkeypatch.setattr(preparing.Work, "film_to", edited)
    with pytest.raises(BuildError, match="a: an input or a source changed while the film was drawn"):
        project.build()
    assert project.files() == {}
    assert not project.lock.exists()
    assert list(project.cache.glob("*.film")) == []


def test_clocks_decide_nothing(project: Project) -> None:
    project.write(A).pretend()
    for path in [*project.folder.rglob("*")]:
        os.utime(path, (2**32, 2**32) if path.suffix == ".gif" else (0, 0))
    assert project.pretend() == []


DYING = """
import os
from layeranim.assets import draw

drawn = draw._drawn

def dying(task, found):
    if task.entry.name == "b":
        os._exit(9)
    return drawn(task, found)

draw._drawn = dying
"""


def test_a_worker_that_dies_is_named_and_the_others_finish(project: Project, tmp_path: Path) -> None:
    first = tmp_path / "first"
    first.mkdir()
    (first / "sitecustomize.py").write_text(DYING)
    project.write(A + B + C)
    done = finished(start(project, "build", "--cache-dir", "cache", "--jobs", "2", first=first))
    assert done.code == 4, done
    errors = [line for line in done.err.splitlines() if "error" in line]
    assert len(errors) == 1
    assert errors[0].startswith("layeranim: error: b: the process that drew it died")
    assert {"a.gif", "c.gif"} <= set(project.files())
    assert not any(name.startswith((".", "b.")) for name in project.files())
    assert call_lock(project) == ["a", "c"]


def call_lock(project: Project) -> list[str]:
    return [line.split()[0] for line in project.lock.read_text().splitlines() if not line.startswith("#")]


def test_two_builds_at_once_end_well(project: Project) -> None:
    project.write(A)
    both = [start(project, "build", "-q", "--cache-dir", "cache", "--jobs", "1") for _ in range(2)]
    results = [finished(one) for one in both]
    assert [(done.code, done.err) for done in results] == [(0, ""), (0, "")]
    wanted = project.files()
    assert sorted(wanted) == ["a.captions", "a.gif", "a.json", "a.png"]
    assert project.pretend() == []
    project.build(force=True)
    assert project.files() == wanted


def test_builds_of_different_films_share_one_lock(project: Project) -> None:
    project.write(A + B)
    both = [start(project, "build", "-q", name, "--cache-dir", "cache", "--jobs", "1") for name in "ab"]
    assert [finished(one).code for one in both] == [0, 0]
    assert call_lock(project) == ["a", "b"]


def hidden(project: Project) -> list[str]:
    return [name for name in (os.listdir(project.renders) if project.renders.exists() else []) if name[0] == "."]


def drawing(project: Project) -> bool:
    """Whether a worker has its folder, out of sight."""
    return any((project.renders / name).is_dir() for name in hidden(project))


STALLING = """
import time
from layeranim import preparing

preparing.Work.film_to = lambda *_, **__: time.sleep(3600)
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGKILL, -9), (signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_build_that_is_ended_ends_its_workers(
    project: Project, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    first = tmp_path / "first"
    first.mkdir()
    (first / "sitecustomize.py").write_text(STALLING)
    process = start(project.write(A), "build", "--cache-dir", "cache", "--jobs", "1", first=first)
    until(lambda: drawing(project), process)
    if number == signal.SIGINT:
        os.killpg(process.pid, number)  # as a terminal does: to the workers too
    else:
        process.send_signal(number)
    time.sleep(0.05)
    process.send_signal(number)  # a second one must not disturb the cleaning
    done = finished(process)
    assert done.code == code  # its streams are closed only when no worker holds them
    assert number == signal.SIGKILL or done.err.count("\n") == 1, done.err  # one line, and no traceback
    assert project.files_visible() == {}
    assert bool(hidden(project)) == (number == signal.SIGKILL)
    assert project.pretend() == ["a"]
    assert sorted(project.files()) == ["a.captions", "a.gif", "a.json", "a.png"]


def test_where_the_signal_that_ends_workers_is_ignored_a_build_ends(project: Project) -> None:
    """As under ``trap '' TERM``: what is ignored is so in every process that comes from it."""
    project.write(A)
    words = shlex.join([sys.executable, "-m", "layeranim", "build", "-q", "--jobs", "1", "--cache-dir", "cache"])
    done = subprocess.run(
        ["sh", "-c", f"trap '' TERM; exec {words}"], cwd=project.folder, env=environment(), timeout=HANG
    )
    assert done.returncode == 0
    assert "a.gif" in project.files()


INTERRUPTED = """
import os, signal
from layeranim.film import hidden

def interrupted(handle):
    os.kill(os.getpid(), signal.{})
    return True

hidden._lock = interrupted
"""


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_a_signal_in_the_worst_moment_leaves_nothing(project: Project, tmp_path: Path, name: str, code: int) -> None:
    first = tmp_path / "first"
    first.mkdir()
    (first / "sitecustomize.py").write_text(INTERRUPTED.format(name))
    project.write(A)
    for words in (["build"], ["build", "--cache-dir", "/dev/null/x"], ["render", "conv", "-o", "x.gif"]):
        done = finished(start(project, *words, first=first))
        assert done.code == code, words
        assert list(project.folder.parent.rglob(".layeranim-*")) == [], words


AT_ONCE = """
import os, signal, sys

class Finder:
    def find_spec(self, name, *_):
        if name == "click":
            os.kill(os.getpid(), signal.{})

sys.meta_path.insert(0, Finder())
"""


@pytest.mark.parametrize(("name", "code", "said"), [("SIGINT", 130, "interrupted"), ("SIGTERM", 143, "terminated")])
def test_a_signal_while_the_program_is_still_loaded(
    project: Project, tmp_path: Path, name: str, code: int, said: str
) -> None:
    first = tmp_path / "first"
    first.mkdir()
    (first / "sitecustomize.py").write_text(AT_ONCE.format(name))
    done = finished(start(project, "list", first=first))
    assert done == Done(code, "", f"layeranim: {said}\n")


def test_builds_that_tidy_up_do_not_disturb_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened, tidied = os.open, []

    def tidy_first(path: str, flags: int, *rest: int, **more: int) -> int:
        if not tidied:  # the moment between making the folder and locking it
            tidied.append(True)
            assert clear_leftovers(tmp_path) == 1
        return opened(path, flags, *rest, **more)

    monkeypatch.setattr(os, "open", tidy_first)
    hidden_folder, handle = out_of_sight(tmp_path)
    assert hidden_folder.is_dir()
    assert tidied
    remove(hidden_folder)
    os.close(handle)
    with pytest.raises(FileNotFoundError):
        out_of_sight(tmp_path / "gone")


@pytest.mark.parametrize("later", [0.0, 0.15, 0.3])
def test_a_build_that_is_killed_leaves_nothing_half(project: Project, later: float) -> None:
    project.write(A)
    process = start(project, "build", "--cache-dir", "cache", "--jobs", "1")
    until(lambda: drawing(project), process)
    time.sleep(later)
    process.kill()
    finished(process)
    seen = project.files_visible()
    project.build()
    assert sorted(project.files()) == ["a.captions", "a.gif", "a.json", "a.png"]
    assert {name: project.files()[name] for name in seen} == seen
    assert load(project.manifest)[1][0].digest in project.lock.read_text()


def test_watching_builds_again_what_changed(project: Project) -> None:
    project.write(A).pretend()
    process = start(project, "build", "--cache-dir", "cache", "--watch")
    assert process.stderr is not None
    assert [process.stderr.readline() for _ in range(2)] == [
        "1 film: 0 made, 1 fresh\n", "watching; Ctrl-C ends\n",
    ]  # fmt: skip
    project.write(A + "stride = 0\n")
    assert "stride is 0" in process.stderr.readline()
    assert "watching" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    assert finished(process).code == 130


def test_the_order_of_builds_and_jobs_changes_no_byte(project: Project, call: Callable[..., Done]) -> None:
    project.write(A + B).build("b")
    project.build("a")
    one, locked = project.files(), project.lock.read_text()
    done = finished(start(project, "build", "--force", "--cache-dir", "other", "--jobs", "2"))
    assert done.code == 0, done
    assert (project.files(), project.lock.read_text()) == (one, locked)
