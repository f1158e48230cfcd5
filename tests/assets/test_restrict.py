"""A manifest may be a stranger's: what it names outside of its folder is not quoted, and under --restrict not read."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import layeranim as la
from layeranim.errors import ManifestError
from layeranim.inputs import Within, read
from tests.assets.conftest import Done, Project

SECRET = "hunter2"
A = '[[asset]]\nid = "a"\nexplainer = "dense"\n'


def safetensors(head: dict[str, object]) -> bytes:
    text = json.dumps(head).encode()
    return len(text).to_bytes(8, "little") + text


def archive(path: Path, **arrays: object) -> bytes:
    np.savez(path, **arrays)  # type: ignore[arg-type]
    return path.read_bytes()


# How each kind of file can be made to tell of itself: the option that names it, its name, what is in it.
FILES: dict[str, tuple[str, str, Callable[[Path], bytes]]] = {
    "a cell": ("input", "x.csv", lambda path: f"password,{SECRET}\n1,{SECRET}\n".encode()),
    "a cell of many": ("input", "x.txt", lambda path: f"1 {SECRET}\n".encode()),
    "a number too large": ("input", "x.csv", lambda path: b"1e999,7777777\n"),
    "JSON": ("input", "x.json", lambda path: json.dumps({SECRET: SECRET}).encode()),
    "an array's type": ("input", "x.npy", lambda path: npy([(SECRET, "f8")])),
    "names of arrays": ("input", "x.npz", lambda path: archive(path, **{SECRET: 1, "other": 2})),
    "a name that is near": ("input", "x.npz:hunter", lambda path: archive(path, **{SECRET: 1, "other": 2})),
    "names of tensors": ("input", "x.safetensors", lambda path: safetensors({SECRET: {}, "other": {}})),
    "a tensor's type": ("input", "x.safetensors", lambda path: safetensors(
        {"x": {"dtype": SECRET, "shape": [1], "data_offsets": [0, 8]}})),
    "names of weights": ("weights", "x.npz", lambda path: archive(path, **{SECRET: [1], "other": [2]})),
    "names with a prefix": ("weights", "x.npz:hunt.", lambda path: archive(path, **{SECRET: [1], "other": [2]})),
    "a font": ("font", "x.ttf", lambda path: SECRET.encode() * 9),
    "a picture": ("input", "x.png", lambda path: SECRET.encode() * 9),
}  # fmt: skip


def npy(dtype: object) -> bytes:
    import io

    file = io.BytesIO()
    np.save(file, np.zeros(1, dtype))  # type: ignore[call-overload]
    return file.getvalue()


def named(project: Project, kind: str, folder: str) -> Project:
    """A project whose asset names such a file in that folder."""
    option, name, content = FILES[kind]
    place = project.folder / folder
    place.mkdir(exist_ok=True)
    file = name.partition(":")[0]
    (place / file).write_bytes(content(place / file))
    return project.write(f"{A}{option} = {json.dumps(f'{folder}/{name}')}\n")


@pytest.mark.parametrize("kind", FILES)
def test_nothing_outside_is_quoted(project: Project, call: Callable[..., Done], kind: str) -> None:
    named(project, kind, "../outside")
    link = project.folder / FILES[kind][1].partition(":")[0]
    for words in (["validate"], ["check"], ["build"], ["why", "a"], ["build", "--debug"]):
        done = call(*words)
        assert (done.code, done.out) == (2, "")
        assert SECRET not in done.err
        assert "7777777" not in done.err
        assert "lies outside the manifest's folder" in done.err
        assert "nothing in such a file is quoted" in done.err
    link.symlink_to(project.folder / "../outside" / link.name)
    project.write(f"{A}{FILES[kind][0]} = {json.dumps(FILES[kind][1])}\n")
    done = call("check")
    assert done.code == 2
    assert SECRET not in done.err
    assert "lies outside" in done.err


@pytest.mark.parametrize("kind", FILES)
def test_inside_it_is_told_as_ever(project: Project, call: Callable[..., Done], kind: str) -> None:
    done = call("validate") if named(project, kind, "data") else None
    assert done is not None
    assert done.code == 2
    assert "lies outside" not in done.err
    if kind not in ("JSON", "a font", "a picture", "a number too large"):
        assert SECRET in done.err, "or the test above proves nothing"


def test_files_near_one_outside_are_not_told(project: Project, call: Callable[..., Done]) -> None:
    (project.folder / "../outside").mkdir()
    (project.folder / "../outside/hunter2.csv").touch()
    done = call("validate") if project.write(A + 'input = "../outside/hunter.csv"\n') else None
    assert done is not None
    assert done.err.endswith("lies outside the manifest's folder, and no such file is there\n")


@pytest.fixture
def outside(project: Project) -> Project:
    """A manifest whose input, sound in itself, lies outside its folder."""
    (project.folder.parent / "outside.csv").write_text("1,2\n3,4\n")
    return project.write(A + 'input = "../outside.csv"\n')


COMMANDS = (["validate"], ["check"], ["check", "--pixels"], ["build"], ["why", "a"])


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_restricted_reads_nothing_outside(outside: Project, call: Callable[..., Done], words: list[str]) -> None:
    outside.pretend(cache_dir=None)
    assert call("check").code == 0  # and with that all of it is known
    done = call(*words, "--restrict")
    assert (done.code, done.out) == (2, "")
    assert done.err.count("\n") == 1
    assert "input '../outside.csv' lies outside the manifest's folder, and --restrict keeps to that" in done.err


def test_restricted_reads_what_is_inside(project: Project, call: Callable[..., Done]) -> None:
    (project.folder / "data").mkdir()
    (project.folder / "data" / "x.csv").write_text("1,2\n3,4\n")
    (project.folder / "link.csv").symlink_to("data/x.csv")
    project.write(A + 'input = "data/../link.csv"\n').pretend(cache_dir=None, restrict=True)
    for words in (["validate"], ["check"], ["check"], ["build"], ["why", "a"]):
        assert call(*words, "--restrict").code == 0


WAYS = {
    "an absolute path": lambda outside: f'input = "{outside}"\n',
    "a link": lambda outside: os.symlink(outside, "x.csv") or 'input = "x.csv"\n',
    "a link to a folder": lambda outside: os.symlink(outside.parent, "link") or 'input = "link/outside.csv"\n',
    "bias": lambda outside: 'bias_values = "../outside.csv"\n',
    "weights": lambda outside: 'weights = "../outside.npz"\n',
    "a font": lambda outside: 'font = "../outside.ttf"\n',
}


@pytest.mark.parametrize("way", WAYS)
def test_there_is_no_way_out(outside: Project, way: str) -> None:
    (outside.folder.parent / "outside.npz").touch()
    (outside.folder.parent / "outside.ttf").touch()
    outside.write(A + WAYS[way](outside.folder.parent.resolve() / "outside.csv"))
    with pytest.raises(ManifestError, match="lies outside the manifest's folder, and --restrict keeps to that"):
        la.build(outside.manifest, restrict=True)


def test_defaults_are_no_way_out(outside: Project) -> None:
    (outside.folder.parent / "outside.ttf").touch()
    outside.manifest.write_text(f'version = 1\n[defaults]\nfont = "../outside.ttf"\n{A}')
    with pytest.raises(ManifestError, match="lies outside the manifest's folder"):
        la.build(outside.manifest, restrict=True)


@pytest.mark.parametrize("which", ["renders", "layeranim.toml"])
def test_nor_is_the_place_of_films_or_the_manifest_itself(
    project: Project, call: Callable[..., Done], which: str
) -> None:
    project.write(A)
    there = project.folder.parent / "there"
    if which == "renders":
        there.mkdir()
    else:
        project.manifest.rename(there)
    (project.folder / which).symlink_to(there)
    done = call("build", "--restrict")
    assert (done.code, done.out) == (2, "")
    assert "is a link that leads outside" in done.err
    assert which != "renders" or list(there.iterdir()) == []


def test_a_link_in_a_films_place_is_put_on_no_page(project: Project, call: Callable[..., Done]) -> None:
    project.write(A + 'formats = ["png"]\n').build()
    mine = project.folder.parent / "mine.png"
    (project.renders / "a.png").rename(mine)
    mine.write_bytes(mine.read_bytes()[:-9])
    (project.renders / "a.png").symlink_to(mine)
    done = call("check", "--pixels", "--jobs", "1")
    assert done.code == 1
    assert "a: not compared: a.png is a link" in done.out
    assert not (project.folder / "layeranim-differences").exists()


def test_a_path_that_is_none_stays_in_its_folder(tmp_path: Path) -> None:
    within = Within(tmp_path)
    assert [within.holds(path) for path in ("x", "", "a/../x", "a\0b", "x" * 9999)] == [True] * 5
    assert [within.holds(path) for path in ("..", "/", "../" + tmp_path.name + "x")] == [False] * 3


NUMBERS: dict[str, tuple[str, tuple[int, ...]]] = {
    "dropout": ('input = "1 2; 3 4"\nmask = "../outside.npy"\n', (2, 2)),
    "attention": ('mask_kind = "boolean"\nmask = "../outside.npy"\n', (4, 4)),
    "lstm": ('lengths = "../outside.npy"\n', (1,)),
}


@pytest.mark.parametrize("explainer", NUMBERS)
def test_no_number_outside_is_quoted_when_a_layer_refuses_it(
    project: Project, call: Callable[..., Done], explainer: str
) -> None:
    """The file can be read; what is in it is no mask, no length."""
    options, shape = NUMBERS[explainer]
    for place, quoted in (("outside.npy", True), ("../outside.npy", False)):
        np.save(project.folder / place, np.full(shape, 77777.0))
        text = options.replace("../outside.npy", place)
        project.write(f'[[asset]]\nid = "a"\nexplainer = "{explainer}"\n{text}')
        done = call("build", "--jobs", "1")
        assert done.code != 0
        assert "Traceback" not in done.err
        assert ("77777" in done.out + done.err) == quoted, done
        assert ("nothing in such a file is quoted" in done.err) != quoted


def test_nor_is_a_header_that_is_left_out(tmp_path: Path) -> None:
    """Said of a file inside, it would be a quotation of one outside."""
    (tmp_path / "project").mkdir()
    for place, quoted in (("x.csv", True), ("../x.csv", False)):
        (tmp_path / "project" / place).write_text(f"{SECRET},{SECRET}\n1,2\n3,4\n")
        found = read(place, base=Within(tmp_path / "project"))
        assert found.array.tolist() == [[1, 2], [3, 4]]
        assert (SECRET in " ".join(found.said)) == quoted
