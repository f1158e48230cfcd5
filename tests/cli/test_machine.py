"""Machines that are full, read-only, killed, elsewhere or years off: for real, with disks of our own where we may."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.cli.conftest import ROOT, environment
from tests.clocks import HANG, off_by, quick, until

ASSET = '[[asset]]\nid = "a"\nexplainer = "conv"\n'
TINY = (
    'version = 1\nformats = ["gif"]\n[defaults]\nsize = "128x72"\nfps = 5\nsteps = "first:1"\npace = "fast"\n' + ASSET
)
FILES = ["x.captions", "x.gif", "x.json", "x.mp4", "x.png"]
BOTH = ("-o", "x.gif", "-o", "x.mp4")


def system(*words: str) -> bool:
    """Whether the system does this for us."""
    return bool(shutil.which(words[0])) and subprocess.run(words, capture_output=True, check=False).returncode == 0


@pytest.fixture
def disk(here: Path) -> Iterator[Path]:
    """A disk of 256 KB."""
    place = here / "disk"
    place.mkdir()
    if not system("mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(place)):
        pytest.skip("only root may mount a disk")
    yield place
    assert system("umount", str(place))


def fill(disk: Path, left: int) -> None:
    """Leave this much room on a disk."""
    free = os.statvfs(disk)
    (disk / "filling").write_bytes(bytes(max(0, free.f_bavail * free.f_frsize - left)))


def names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


def test_a_disk_that_fills_up_keeps_the_film_before(program: Any, tiny: tuple[str, ...], disk: Path) -> None:
    (disk / "x.gif").write_bytes(b"before")
    for left in (0, 4096, 8192):
        fill(disk, left)
        done = program("render", "conv", *tiny, "-o", "disk/x.gif", "--overwrite")
        assert done.returncode in (2, 4), done
        assert b"No space left on device" in done.stderr
        assert done.stderr.count(b"\n") == 1
        assert (disk / "x.gif").read_bytes() == b"before"
        assert names(disk) == ["filling", "x.gif"]
        (disk / "filling").unlink()
    assert program("render", "conv", *tiny, "-o", "disk/x.gif", "--overwrite").returncode == 0
    assert (disk / "x.gif").read_bytes().startswith(b"GIF89a")


def test_a_full_disk_of_the_cache_is_a_warning(program: Any, here: Path, disk: Path) -> None:
    (here / "layeranim.toml").write_text(TINY)
    fill(disk, 8192)
    done = program("build", "--cache-dir", "disk/cache", "--jobs", "1")
    assert done.returncode == 0, done
    assert b"warning: the cache keeps nothing: " in done.stderr
    assert names(here / "renders") == ["a.captions", "a.gif", "a.json", "a.png"]
    assert not [name for name in names(disk / "cache") if name.endswith((".film", ".part"))]
    assert program("check").returncode == 0


def test_a_disk_that_can_only_be_read_is_refused_before_anything_is_drawn(
    program: Any, here: Path, disk: Path, tiny: tuple[str, ...]
) -> None:
    (here / "layeranim.toml").write_text(TINY.replace("version = 1\n", 'version = 1\noutput = "disk"\n'))
    assert system("mount", "-o", "remount,ro", str(disk))
    for words in (("render", "conv", *tiny, "-o", "disk/x.gif"), ("build",), ("trace", "conv", "-o", "disk/x.npz")):
        with quick(10):  # no film is drawn
            done = program(*words)
        assert (done.returncode, done.stdout, done.stderr.count(b"\n")) == (2, b"", 1), done
        assert b"Read-only file system; make it writable, or name another place" in done.stderr
    assert names(disk) == []


READ_ONLY = """
for place in "$@"; do mount --bind "$place" "$place" && mount -o remount,ro,bind "$place" || exit 99; done
touch "$1/x" 2>/dev/null && exit 98
exec {python} -m layeranim {words}
"""


def test_a_program_that_can_only_be_read(program: Any, here: Path, tiny: tuple[str, ...]) -> None:
    if not system("unshare", "-m", "true"):
        pytest.skip("only root may mount")
    assert program("render", "conv", *tiny, *BOTH).returncode == 0
    wanted = {name: (here / name).read_bytes() for name in FILES}
    script = READ_ONLY.format(python=sys.executable, words=" ".join(["render", "conv", *tiny, *BOTH]))
    places = [str(ROOT), *({str(Path(sys.prefix))} - {p for p in [sys.prefix] if Path(p).is_relative_to(ROOT)})]
    env = environment(PYTHONDONTWRITEBYTECODE=None, HOME=None)
    for name in FILES:
        (here / name).unlink()
    command = ["unshare", "-m", "sh", "-c", script, "sh", *places]
    done = subprocess.run(command, cwd=here, env=env, capture_output=True, check=False)
    assert done.returncode == 0, done
    assert {name: (here / name).read_bytes() for name in FILES} == wanted
    assert names(here) == FILES


CLOCK = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/time.h>
#include <time.h>

int clock_gettime(clockid_t which, struct timespec *told) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int failed = real(which, told);
    if (!failed && which == CLOCK_REALTIME) told->tv_sec += MOVED;
    return failed;
}
int gettimeofday(struct timeval *restrict told, void *restrict zone) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    told->tv_sec = now.tv_sec;
    told->tv_usec = now.tv_nsec / 1000;
    return 0;
}
time_t time(time_t *told) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (told) *told = now.tv_sec;
    return now.tv_sec;
}
"""
COMMA = """
import locale
locale.setlocale(locale.LC_ALL, "de_DE.UTF-8")
assert locale.localeconv()["decimal_point"] == ","
"""
STRICT = """
import warnings
warnings.filterwarnings("error", module="layeranim")
"""


def clock(years: int) -> Callable[[Path], dict[str, str | None]]:
    """An environment whose programs, with all their libraries, are told another year."""

    def moved(folder: Path) -> dict[str, str | None]:
        library, source = folder / "clock.so", folder / "clock.c"
        source.write_text(CLOCK)
        made = system(
            "cc", "-shared", "-fPIC", f"-DMOVED={years * 365 * 86400}L", "-o", str(library), str(source), "-ldl"
        )
        env = {"LD_PRELOAD": str(library), "TZ": "Pacific/Kiritimati"}
        ask = [sys.executable, "-c", "import datetime; print(datetime.datetime.now().timestamp())"]
        told = subprocess.run(ask, env={**os.environ, **env}, capture_output=True, text=True) if made else None
        if told is None or abs(off_by(float(told.stdout)) - years * 365 * 86400) > 3600:
            pytest.skip("no clock can be moved here: it takes a C compiler and a linker that preloads")
        return {**env}

    return moved


def german(folder: Path) -> dict[str, str | None]:
    """An environment with a locale that writes 1,5."""
    place = folder / "locales"
    place.mkdir()
    system("localedef", "-i", "de_DE", "-f", "UTF-8", str(place / "de_DE.UTF-8"))
    env = {"LOCPATH": str(place), "LC_ALL": "de_DE.UTF-8", "LANG": "de_DE.UTF-8"}
    if subprocess.run([sys.executable, "-c", COMMA], env={**os.environ, **env}, capture_output=True).returncode:
        pytest.skip("no locale can be made here: its source is in Debian's package locales")
    return {**env}


SURROUNDINGS: dict[str, tuple[str, Callable[[Path], dict[str, str | None]]]] = {
    "a clock fifty years behind": ("", clock(-50)),
    "a clock seventy years ahead": ("", clock(70)),
    "the time of a reproducible build": ("", lambda _: {"SOURCE_DATE_EPOCH": "1"}),
    "decimal commas": (COMMA, german),
    "no fonts, no home": ("", lambda p: {"FONTCONFIG_FILE": str(p / "no.conf"), "FONTCONFIG_PATH": "/dev/null",
                                         "HOME": None, "XDG_CACHE_HOME": None, "XDG_DATA_DIRS": "/dev/null"}),
    "C, another hash seed, one thread": ("", lambda _: {"LC_ALL": "C", "PYTHONHASHSEED": "7",
                                                        "OMP_NUM_THREADS": "1", "TERM": "dumb"}),
    "an empty environment": ("", lambda _: {name: None for name in os.environ if name != "PYTHONPATH"}),
    "our own warnings are errors": (STRICT, lambda _: {"PYTHONDEVMODE": "1"}),
}  # fmt: skip


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The film as it is drawn here."""
    folder = tmp_path_factory.mktemp("usual")
    return drawn(folder, {}, "")


def drawn(folder: Path, env: dict[str, str | None], first: str) -> dict[str, bytes]:
    """A film drawn by a program that runs ``first`` before all else."""
    (folder / "first").mkdir()
    (folder / "first" / "sitecustomize.py").write_text(first)
    out = folder / "out"
    out.mkdir()
    path = os.pathsep.join([str(folder / "first"), str(ROOT)])
    words = ["--quality", "draft", "--size", "128x72", "--fps", "12.5", "--steps", "first:1", "--pace", "fast", *BOTH]
    numbers = ["--input", "1.5 -2.25; 1e-9 nan", "--kernel", "0.5 1; -1 2", "--title", "½ ≤ 1,5"]
    done = subprocess.run(
        [sys.executable, "-m", "layeranim", "render", "conv", *numbers, *words], cwd=out,
        env=environment(**{"PYTHONPATH": path, **env}), capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done
    ours = [line for line in done.stderr.splitlines() if not line.startswith((b"conv: ", b"layeranim: warning: "))]
    assert env.get("PYTHONDEVMODE") or ours == []
    return {name: (out / name).read_bytes() for name in names(out)}


@pytest.mark.parametrize("which", SURROUNDINGS)
def test_the_same_bytes_anywhere(tmp_path: Path, usual: dict[str, bytes], which: str) -> None:
    first, env = SURROUNDINGS[which]
    assert sorted(usual) == FILES
    assert drawn(tmp_path, env(tmp_path), first) == usual


def test_a_render_that_is_killed_leaves_nothing_half(started: Any, program: Any, here: Path) -> None:
    words = ("render", "conv", "--quality", "draft", "--pace", "fast", *BOTH)
    assert program(*words).returncode == 0
    wanted = {name: (here / name).read_bytes() for name in FILES}
    for later in (0.0, 0.1, 0.3, 0.6, 1.0):
        running = started(*words)
        until(lambda: list(here.glob(".layeranim-*.part")), running)
        time.sleep(later)
        running.send_signal(signal.SIGKILL)
        running.communicate()
        assert {name: (here / name).read_bytes() for name in names(here) if name[0] != "."} == wanted
    assert program(*words).returncode == 0
    assert names(here) == FILES  # what the killed ones left is gone too


def test_two_renders_of_one_film_at_once(started: Any, here: Path, tiny: tuple[str, ...]) -> None:
    both = [started("render", "conv", *tiny, *BOTH) for _ in range(2)]
    for one in both:
        out, err = one.communicate(timeout=HANG)
        assert (one.returncode, out) == (0, b"x.gif\nx.mp4\n"), err
    assert names(here) == FILES
    with Image.open(here / "x.gif") as film:
        film.seek(film.n_frames - 1)


def test_a_reader_that_goes_away_from_the_commands_of_a_manifest(program: Any, here: Path) -> None:
    (here / "layeranim.toml").write_text(TINY)
    env = {"XDG_CACHE_HOME": str(here / "cache")}
    assert program("build", "-q", env=env).returncode == 0
    for words in ("check", "validate", "build", "why a", "schema", "cache info", "doctor"):
        done = program(*words.split(), shell="| true; exit ${PIPESTATUS[0]}", env=env)
        assert done.returncode == 0, done
        assert b"Traceback" not in done.stderr
        assert b"rror" not in done.stderr


def test_list_without_assertions_and_with_warnings_as_errors(program: Any) -> None:
    for words in (("list",), ("list", "conv", "--json"), ("schema",), ("render", "conv", "--dry-run")):
        done = program(*words, flags=("-O", "-W", "error"))
        assert (done.returncode, done.stderr) == (0, b""), words
