"""``check`` and ``why``: what is not as it should be, and since when."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from layeranim.assets import sources
from tests.assets.conftest import TINY, Done, Project, environment
from tests.fonts import truetype

A = '[[asset]]\nid = "a"\nexplainer = "conv"\n'
B = '[[asset]]\nid = "b"\nexplainer = "pool"\n'


@pytest.fixture
def built(project: Project) -> Project:
    project.write(A + B).pretend()
    return project


def said(call: Callable[..., Done], *words: str) -> str:
    """What check says of something that is wrong."""
    done = call("check", *words)
    assert done.code == 1, done
    return done.out


def test_all_is_well(built: Project, call: Callable[..., Done]) -> None:
    assert call("check") == Done(0, "2 films, all as they should be\n", "")
    assert json.loads(call("check", "--json").out) == {
        "well": True, "films": 2, "wrong": {}, "warnings": [], "page": None,
    }  # fmt: skip


def test_stale(built: Project, call: Callable[..., Done]) -> None:
    built.write(A + "stride = 2\n" + B)
    out = said(call)
    assert out.startswith("a: stale: ")
    assert out.count("\n") == 1
    assert call("check", "b").code == 0
    assert said(call, "a") == out
    assert json.loads(said(call, "--json"))["well"] is False


def test_missing(built: Project, call: Callable[..., Done]) -> None:
    (built.renders / "a.gif").unlink()
    assert said(call) == "a: missing: a.gif is not there; run layeranim build\n"
    built.lock.unlink()
    assert said(call).count(": missing: it is not in the lock") == 2


def test_edited_by_hand(built: Project, call: Callable[..., Done]) -> None:
    path = built.renders / "a.gif"
    data = bytearray(path.read_bytes())
    data[0] ^= 1
    status = path.stat()
    path.write_bytes(data)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert said(call) == "a: edited: a.gif is not the file that was built; run layeranim build to replace it\n"
    path.unlink()
    path.symlink_to("b.gif")
    assert "a.gif is irregular" in said(call)


def test_orphaned(built: Project, call: Callable[..., Done]) -> None:
    built.write(A)
    assert said(call).startswith(
        "b: orphaned: no asset makes it any more, b.captions, b.gif, b.json, b.png still there"
    )
    assert call("check", "a").code == 0


def test_the_first_part_tells_what_is_orphaned(built: Project, call: Callable[..., Done]) -> None:
    for asset in (A, B):
        built.write(asset)
        for _ in range(2):  # as soon as it is known what all films are, too
            assert ": orphaned: no asset makes it any more" in said(call, "--shard", "1/2")
            assert call("check", "--shard", "2/2") == Done(0, "0 films, all as they should be\n", "")


def test_a_format_that_is_asked_for_no_longer_is_orphaned(built: Project, call: Callable[..., Done]) -> None:
    built.write(A + 'formats = ["webp"]\n' + B)
    assert "a: orphaned: a.gif is asked for no longer" in said(call)


def test_too_large(project: Project, call: Callable[..., Done]) -> None:
    project.write(A + 'max-size = "4"\n').pretend()  # the pretended film has 5 bytes
    assert said(call) == "a: too large: a.gif has 5 bytes, the limit is 4\n"


def test_other_tools_are_a_warning_unless_strict(
    project: Project, call: Callable[..., Done], monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write(A).build()
    now = sources.tools()
    monkeypatch.setattr(sources, "tools", lambda: {**now, "numpy": "9.9"})
    done = call("check")
    assert (done.code, done.out) == (0, "1 film, all as they should be\n")
    assert f"a was made with other versions of the tools: numpy {now['numpy']} → 9.9" in done.err
    assert call("check", "--strict").code == 1
    assert f"a: numpy {now['numpy']} → 9.9\n" in call("why", "a").out


def test_why(project: Project, call: Callable[..., Done], monkeypatch: pytest.MonkeyPatch) -> None:
    data = project.folder / "x.csv"
    data.write_text("1,2,3\n4,5,6\n7,8,9\n")
    text = A + 'input = "x.csv"\n'
    project.write(text).build()
    assert call("why", "a").out == "a: nothing changed since it was built\n"
    data.write_text("1,2,3\n4,5,6\n7,8,0\n")
    project.write(text + "stride = 2\n", TINY.replace("fast", "slow"))
    way = sources.on_the_way

    def edited(explainer: object) -> dict[str, str]:
        return {**way(explainer), "layeranim/theme/__init__.py": "0" * 16}  # type: ignore[arg-type]

    monkeypatch.setattr(sources, "on_the_way", edited)
    assert call("why", "a").out.splitlines() == [
        "a: film option pace: fast → slow",
        "a: input input: what is in x.csv (file) changed",
        "a: option stride: 1 → 2",
        "a: source layeranim/theme/__init__.py changed",
    ]
    (project.renders / "a.json").unlink()
    out = call("why", "a", "--cache-dir", str(project.cache)).out.splitlines()
    assert out[0] == "a: missing: a.json is not there; run layeranim build"
    assert "a: option stride: 1 → 2" in out  # the cache remembers
    assert "which, only the provenance" in call("why", "a", "--cache-dir", str(project.folder / "none")).out
    assert call("why", "b").code == 2


@pytest.fixture
def fifty(project: Project) -> Project:
    cases = "matrix = { stride = [1, 2], padding = [0, 1, 2, 3, 4], precision = [0, 1, 2, 3, 4] }\n"
    project.write(A + cases)
    assert len(project.pretend(cache_dir=None)) == 50
    return project


TIMED = """
import resource, sys
from layeranim.cli import main
code = main()
used = resource.getrusage(resource.RUSAGE_SELF)
heavy = {"manim", "scipy", "PIL", "av", "rich", "uharfbuzz", "multiprocessing", "numpy"} & set(sys.modules)
print(code, round(used.ru_utime + used.ru_stime, 2), *sorted(heavy), file=sys.stderr)
"""


@pytest.mark.parametrize("command", ["build -q", "check", "why a", "validate"])
def test_fifty_fresh_films_take_no_time_and_no_library(fifty: Project, command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", TIMED, *command.split()],
        cwd=fifty.folder, env=environment(), capture_output=True, text=True,
    )  # fmt: skip
    code, seconds, *heavy = done.stderr.split()
    known = command in ("build -q", "check")  # as it was the last time: nothing is worked out
    text = {"numpy", "uharfbuzz"} if command == "validate" else {"numpy"}  # it lays out every caption
    assert (code, set(heavy)) == ("0", set() if known else text), done.stderr
    assert not known or float(seconds) < 0.5  # of a processor, modules compiled anew


LOADED = """
import sys
from layeranim.cli import main
code = main()
print(code, *sorted(sys.modules), file=sys.stderr)
"""


@pytest.mark.parametrize(("command", "code"), [("check", 0), ("build -q", 0), ("check", 1)])
def test_what_is_not_known_is_worked_out_with_what_it_needs(fifty: Project, command: str, code: int) -> None:
    """Another machine's cache, or none; a stale film. Neither words nor pictures are loaded, nor other families."""
    if code:
        fifty.manifest.write_text(fifty.manifest.read_text().replace("matrix", 'alt = "Something else."\nmatrix'))
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *command.split()], cwd=fifty.folder, capture_output=True, text=True,
        env={**environment(), "XDG_CACHE_HOME": str(fifty.folder / "another")},
    )  # fmt: skip
    ended, *modules = done.stderr.splitlines()[-1].split()
    assert int(ended) == code, done
    assert (": stale: " in done.stdout) == bool(code)
    heavy = {"manim", "scipy", "PIL", "av", "rich", "uharfbuzz", "multiprocessing", "importlib.metadata", "jsonschema"}
    assert heavy & set(modules) == set()
    ours = [name.split(".")[1:] for name in modules if name.startswith("layeranim.")]
    stories = {".".join(name[1:]) for name in ours if name[0] == "stories" and name[1:]}
    options = {"networks", "networks.opened"}  # of captured models, which any asset may be
    assert stories - options == {"options", "preset", "convolution", "convolution.conv_presets"}
    assert {"scenes", "layout", "numbers", "theme", "typeface"} & {name[0] for name in ours} == set()
    engine = {name[1] for name in ours if name[0] == "engine" and name[1:]}
    assert "conv" in engine
    assert {"pool", "dense", "dropout", "recurrent", "attention"} & engine == set()


def test_a_home_is_not_needed(built: Project, tmp_path: Path) -> None:
    bare = {k: v for k, v in environment().items() if k not in ("HOME", "XDG_CACHE_HOME", "LC_ALL", "LANG")}
    for words in (["check"], ["build", "-q"], ["validate"], ["why", "a"], ["cache", "info"]):
        done = subprocess.run(
            [sys.executable, "-O", "-W", "error", "-m", "layeranim", *words], cwd=built.folder,
            env={**bare, "LC_ALL": "C", "PYTHONUTF8": "0"}, capture_output=True, text=True,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, ""), (words, done)


def test_a_font_of_the_users_is_a_cause(project: Project, call: Callable[..., Done]) -> None:
    font = project.folder / "ours.ttf"
    font.write_bytes(truetype({"\u05d0": 300}))
    project.write(A + 'title = "\u05d0"\n', TINY + 'font = "ours.ttf"\n').build()
    assert call("check").code == 0
    shutil.copyfile(font, project.folder / "other.ttf")
    font.write_bytes(truetype({"\u05d0": 400}))
    assert "stale: font: what is in ours.ttf changed; run layeranim build" in said(call)
    assert call("why", "a").out == "a: font: what is in ours.ttf changed\n"
    font.unlink()
    done = call("check")
    assert (done.code, done.out) == (2, "")
    assert "font 'ours.ttf': no such file" in done.err
