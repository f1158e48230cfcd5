"""A build replaces what the lock or a provenance knows, and reads no file that it writes."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from layeranim.assets import build as building
from layeranim.assets import lock, pixels
from layeranim.assets.finding import lock_of
from layeranim.assets.plan import load
from layeranim.assets.report import BuildError
from layeranim.cli import build as watching
from layeranim.cli.console import Voice
from layeranim.errors import ManifestError, OutputError
from tests.assets.conftest import TINY, Done, Pretended, Project

A = '[[asset]]\nid = "a"\nexplainer = "conv"\n'
HERE = TINY.replace('formats = ["gif"]', 'formats = ["gif"]\noutput = "."')


@pytest.mark.parametrize(
    ("assets", "file", "says"),
    [
        ('[[asset]]\nid = "cat"\nexplainer = "conv"\ninput = "cat.png"\ngray = true\n', "cat.png", "cat.png"),
        (A + 'input = "cat.png"\ngray = true\n[[asset]]\nid = "cat"\nexplainer = "pool"\n', "cat.png", "cat.png"),
        ('[[asset]]\nid = "data"\nexplainer = "conv"\nkernel = "data.json"\n', "data.json", "data.json"),
        ('[[asset]]\nid = "hard"\nexplainer = "conv"\ninput = "data.json"\n', "hard.json", "data.json"),
    ],
)
@pytest.mark.parametrize("command", ["build", "build --overwrite", "check", "validate"])
def test_no_film_of_a_manifest_is_written_over_an_input(
    project: Project, call: Callable[..., Done], assets: str, file: str, says: str, command: str
) -> None:
    Image.fromarray(np.arange(36, dtype=np.uint8).reshape(6, 6)).save(project.folder / "cat.png")
    (project.folder / "data.json").write_text("[[1, 2, 3], [4, 5, 6], [7, 8, 9]]")
    (project.folder / "hard.json").hardlink_to(project.folder / "data.json")
    project.write(assets, HERE)
    before = {path: path.read_bytes() for path in project.folder.iterdir()}
    done = call(*command.split())
    assert done.code == 2, done
    assert f"its {file} would be written over {says}, which is read" in done.err
    assert {path: path.read_bytes() for path in project.folder.iterdir()} == before


@pytest.mark.parametrize("suffix", ["gif", "png", "captions", "json"])
def test_what_no_build_made_is_in_the_way(project: Project, call: Callable[..., Done], suffix: str) -> None:
    mine = project.folder / f"a.{suffix}"
    mine.write_text('{"name": "mine"}')
    project.write(A, HERE)
    with pytest.raises(OutputError, match=rf"a\.{suffix} stands in the way: neither the lock nor a provenance"):
        project.pretend()
    assert (mine.read_text(), list(project.folder.glob("a.*"))) == ('{"name": "mine"}', [mine])
    assert call("build").code == 2
    assert project.pretend(overwrite=True) == ["a"]
    assert project.pretend(force=True) == ["a"]


def test_a_lock_that_is_lost_or_names_another_folder(project: Project) -> None:
    project.write(A).pretend()
    project.lock.unlink()
    assert project.pretend(force=True) == ["a"]  # the provenance knows them
    (project.folder / "site").mkdir()
    (project.folder / "site" / "a.json").write_text('{"name": "mine"}')
    project.write(A, TINY.replace("[defaults]", 'output = "site"\n[defaults]'))
    with pytest.raises(OutputError, match=r"site/a\.json stands in the way"):
        project.pretend()


def test_what_was_changed_after_it_was_built_is_made_again_and_said(project: Project) -> None:
    project.write(A).pretend()
    for name in ("a.gif", "a.json"):
        whole = (project.renders / name).read_bytes()
        (project.renders / name).write_bytes(whole[:3])
        report = project.build(executor=Pretended())
        assert report.warnings == [f"{name} was changed after it was built; it is made again"]
        assert (project.renders / name).read_bytes() == whole


def test_a_build_that_dies_while_files_appear_is_no_stranger_to_the_next(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write(A)

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(building.Outputs, "publish", lambda self: [t.publish() for t in self._targets[:1]] and dies())
        with pytest.raises(KeyboardInterrupt):
            project.pretend()
    assert "a.gif" in project.files()
    assert project.pretend(force=True) == ["a"]


# ── a page of differences ────────────────────────────────────────────────────
def test_a_report_replaces_reports_alone(project: Project, call: Callable[..., Done]) -> None:
    project.write(A).pretend()
    films = load(project.manifest)[1]
    site = project.folder / "site"
    frame = np.zeros((2, 2, 3), np.uint8)
    found = {"a.gif": pixels.Difference(1, "differs", frame, frame)}
    pixels.write(site, found)
    pixels.check_report(site, films)
    (site / "index.html").write_text("<h1>My site</h1>")
    with pytest.raises(OutputError, match=r"index\.html and .*a\.gif\.difference\.png stand in the way: no earlier"):
        pixels.check_report(site, films)
    done = call("check", "--pixels", "--report", "site")
    assert (done.code, (site / "index.html").read_text()) == (2, "<h1>My site</h1>")
    assert "--report" in done.err


# ── a budget, other words ────────────────────────────────────────────────────
def test_a_new_limit_is_judged_from_the_file(project: Project, call: Callable[..., Done]) -> None:
    project.write(A).pretend()
    before = project.files()
    project.write(A + 'max-size = "5"\n')  # the pretended film has 5 bytes
    assert (project.pretend(), call("check").code) == ([], 0)
    project.write(A + 'max-size = "4"\n')
    with pytest.raises(BuildError, match=r"a: a\.gif has 5 bytes, the limit is 4"):
        project.pretend()
    shutil.rmtree(project.renders)
    with pytest.raises(BuildError, match=r"a: a\.gif has 5 bytes, the limit is 4"):
        project.pretend()  # from the cache
    assert project.files() == {}
    project.write(A)
    assert (project.pretend(), project.files()) == ([], before)


@pytest.mark.parametrize("cached", [True, False], ids=["with a cache", "without"])
def test_other_words_of_a_film_do_not_draw_it_anew(project: Project, call: Callable[..., Done], cached: bool) -> None:
    project.write(A).build()
    first = project.files()
    if not cached:
        shutil.rmtree(project.cache)
    project.write(A + 'alt = "A kernel slides."\n')
    assert call("check").out == "a: stale: alt: none → A kernel slides.; run layeranim build\n"
    assert project.pretend() == []
    second = project.files()
    assert {name for name in first if first[name] != second[name]} == {"a.json"}
    assert json.loads(second["a.json"])["alt"] == "A kernel slides."
    assert call("check").code == 0
    clean = Project(project.folder.parent / "clean")
    clean.folder.mkdir()
    clean.write(A + 'alt = "A kernel slides."\n').build()
    assert (clean.files(), clean.lock.read_text()) == (second, project.lock.read_text())
    project.write(A)
    assert (project.pretend(), project.files()) == ([], first)


# ── what Git does to files ───────────────────────────────────────────────────
@pytest.mark.parametrize("name", ["a.captions", "a.json"])
def test_line_ends_that_git_changed_are_told_apart(project: Project, call: Callable[..., Done], name: str) -> None:
    project.write(A).build()
    path = project.renders / name
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    out = call("check").out
    assert out.startswith(f"a: line ends: {name} is as it was built but for its line ends")
    assert ".gitattributes" in out
    path.write_bytes(path.read_bytes().replace(b"0", b"1"))
    assert call("check").out.startswith(f"a: edited: {name}")


def test_pointers_of_git_lfs_are_told_apart(project: Project, call: Callable[..., Done]) -> None:
    project.write(A).pretend()
    path = project.renders / "a.gif"
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    text = f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize 5\n"
    path.write_text(text)
    assert call("check").out == (
        "a: not fetched: a.gif is a pointer of Git LFS to the file that was built; run git lfs pull\n"
    )
    assert project.build(executor=Pretended()).warnings == []
    path.write_text(text.replace(digest, "0" * 64))
    assert call("check").out.startswith("a: edited: a.gif")


def test_a_first_manifest_comes_with_attributes_that_keep_bytes(project: Project, call: Callable[..., Done]) -> None:
    (project.folder / ".gitattributes").write_text("*.md text\n")
    assert call("init").out == "layeranim.toml\n"
    assert (project.folder / ".gitattributes").read_text() == "*.md text\n"
    for name in ("layeranim.toml", ".gitattributes"):
        (project.folder / name).unlink()
    assert call("init").code == 0
    for words in ("init -q", "config core.autocrlf true"):
        subprocess.run(["git", *words.split()], cwd=project.folder, check=True, capture_output=True)
    asked = ["git", "check-attr", "text", "renders/conv.vtt", "renders/sub/conv.json", "layeranim.toml"]
    said = subprocess.run(asked, cwd=project.folder, check=True, capture_output=True, text=True).stdout
    assert [line.rpartition(" ")[2] for line in said.splitlines()] == ["unset", "unset", "unspecified"]


# ── locks of other programs, wrong formats ───────────────────────────────────
@pytest.mark.parametrize("name", ["poetry", "uv", "Cargo", "films"])
def test_another_programs_lock_is_none_of_ours(project: Project, call: Callable[..., Done], name: str) -> None:
    manifest, theirs = project.folder / f"{name}.toml", project.folder / f"{name}.lock"
    theirs.write_text("[[package]]\n")
    project.write(A).manifest.rename(manifest)
    executor = Pretended()
    building.build(manifest, executor=executor, cache_dir=project.cache)
    assert (executor.drawn, theirs.read_text()) == (["a"], "[[package]]\n")
    assert list(lock.read(project.folder / f"{name}.layeranim.lock")) == ["a"]
    assert call("check", "--manifest", manifest.name).code == 0


def test_a_lock_that_version_0_1_wrote_is_used_on(project: Project, call: Callable[..., Done]) -> None:
    project.write(A).pretend()
    manifest = project.manifest.rename(project.folder / "films.toml")
    old = project.lock.rename(project.folder / "films.lock")
    assert lock_of(manifest) == old
    assert call("check", "--manifest", "films.toml").code == 0


@pytest.mark.parametrize(
    ("line", "says"),
    [('formats = ["gfi"]', "'gfi' is unknown"), ('themes = ["lihgt"]', "'lihgt' is unknown"),
     ("formats = []", "is empty"), ('formats = "gif"', "must be a list")],
)  # fmt: skip
@pytest.mark.parametrize("where", ["top", "asset"])
def test_wrong_formats_hide_nothing_else(project: Project, line: str, says: str, where: str) -> None:
    top = line + "\n" if where == "top" else ""
    own = line if where == "asset" else ""
    other = '[[asset]]\nid = "b c"\nexplainer = "pool"\ninput = "1 2; 3"\n'
    project.write(f'{A}input = "gone.csv"\n{own}\n{other}', f"version = 1\n{top}")
    with pytest.raises(ManifestError) as caught:
        load(project.manifest)
    for piece in (says, "gone.csv", "id is 'b c'", "row 2 has"):
        assert piece in str(caught.value), caught.value


def test_a_manifest_is_read_once(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be replaced between two looks."""
    project.write(A)
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: pytest.fail("read again"))
    assert len(load(project.manifest)[1]) == 1


# ── watching ─────────────────────────────────────────────────────────────────
def watched(project: Project, monkeypatch: pytest.MonkeyPatch, events: list[Callable[[], object]]) -> list[str]:
    """What a watch builds, and finds of the manifest, while these things happen, one between two looks."""
    built: list[str] = []

    def run(*_: object, **__: object) -> None:
        built.append(project.manifest.read_text()[-1:])

    def sleep(_: float) -> None:
        if not events:
            raise KeyboardInterrupt
        events.pop(0)()

    monkeypatch.setattr(watching.apart, "run", run)
    monkeypatch.setattr(watching.time, "sleep", sleep)
    with pytest.raises(KeyboardInterrupt):
        watching._watch(project.manifest, [], Voice(quiet=True))
    return built


def test_a_watch_outlives_a_manifest_that_is_deleted_or_half_written(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write(A + "# 1")

    def write(text: str) -> Callable[[], object]:
        return lambda: project.manifest.write_text(text)

    def nothing() -> None: ...

    events = [
        nothing, project.manifest.unlink, nothing, write("versi"), write("version = 1 # 2"), nothing,
        write("\0[["), nothing, lambda: project.manifest.unlink() or project.manifest.mkdir(), nothing,
        project.manifest.rmdir, write(A + "# 3"), nothing, nothing,
    ]  # fmt: skip
    assert watched(project, monkeypatch, events) == ["1", "2", "[", "3"]


def test_a_watch_outlives_a_manifest_that_goes_while_it_is_read(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    from layeranim.assets import finding

    project.write(A + "# 1")
    whole, left = finding.content, [1, 0, 0]

    def content(path: Path, most: int) -> bytes:
        if path == project.manifest and left and not left.pop(0):
            raise FileNotFoundError(2, "No such file or directory")
        return whole(path, most)

    monkeypatch.setattr(finding, "content", content)
    assert watched(project, monkeypatch, [lambda: None] * 4) == ["1"]


def test_a_watch_outlives_a_lack_of_processes(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write(A + "# 1")

    def run(*_: object, **__: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    looks = iter(range(3))
    monkeypatch.setattr(watching.apart, "run", run)
    monkeypatch.setattr(watching.time, "sleep", lambda _: next(looks))
    with pytest.raises(StopIteration):
        watching._watch(project.manifest, [], Voice(quiet=True))


# ── few threads, few processes ───────────────────────────────────────────────
def test_no_thread_for_an_encoder_is_told_film_by_film(
    project: Project, call: Callable[..., Done], monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(_: object) -> None:
        raise RuntimeError("can't start new thread")

    project.write(A + 'formats = ["mp4"]\n' + A.replace('"a"', '"b"'))
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", start)
        with pytest.raises(BuildError, match=r"^a: the system gives no more threads; fewer --jobs need less$"):
            project.build()
        done = call("render", "conv", "--quality", "draft", "--steps", "first:1", "-f", "mp4")
    assert sorted(project.files()) == [f"b.{suffix}" for suffix in ("captions", "gif", "json", "png")]
    assert (done.code, done.err.count("\n")) == (4, 1)
