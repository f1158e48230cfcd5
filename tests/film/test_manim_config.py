"""A film is the same whatever Manim is configured to do, and where a user has no home and no name."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.clocks import HANG

ROOT = Path(__file__).parents[2]
RENDER = ("render", "conv", "--quality", "draft", "--size", "128x72", "--fps", "5", "--steps", "first:1", "-o", "x.gif")

EVERYTHING = """
[CLI]
renderer = opengl
log_to_file = True
log_dir = logs
media_dir = media
save_sections = True
write_all = True
preview = True
verbosity = DEBUG
format = png
transparent = True
background_opacity = 0.3
background_color = RED
frame_rate = 3
pixel_height = 33
frame_height = 2
frame_width = 3
from_animation_number = 2
upto_animation_number = 1
max_files_cached = 0
disable_caching = False
enable_wireframe = True
use_projection_fill_shaders = True
dry_run = True
seed = 7
quality = low_quality
progress_bar = display
plugins = nothing_such
[logger]
logging_keyword = red
[jupyter]
media_width = 1%%
"""
FILES = {
    "valid": EVERYTHING,
    "a value that cannot be read": "[CLI]\npixel_height = many\n",
    "an unknown name": "[CLI]\nrenderer = abacus\n[logger]\nlog_width = wide\n",
    "no configuration": "renderer: opengl without a section\n\x00",
}


MANIFEST = """version = 1
formats = ["gif"]
[defaults]
quality = "draft"
size = "128x72"
fps = 5
steps = "first:1"
[[asset]]
id = "x"
explainer = "conv"
"""


def program(folder: Path, *words: str, code: str = "", **env: str) -> subprocess.CompletedProcess[str]:
    """A program in an environment that holds nothing else."""
    start = (
        ["-c", code + "\nimport sys\nfrom layeranim.cli import main\nsys.exit(main())"] if code else ["-m", "layeranim"]
    )
    return subprocess.run(
        [sys.executable, "-P", *start, *words], cwd=folder, env=env, capture_output=True, text=True, timeout=HANG
    )  # fmt: skip


@cache
def usual() -> dict[str, bytes]:
    """The film's files, where nothing is configured."""
    import tempfile

    with tempfile.TemporaryDirectory() as place:
        done = program(Path(place), *RENDER, HOME=place)
        assert (done.returncode, done.stdout) == (0, "x.gif\n"), done.stderr
        return files(Path(place))


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def configured(folder: Path, text: str) -> dict[str, bytes]:
    """A home and a working folder with this configuration; the files there."""
    for place in (folder / ".config" / "manim", folder):
        place.mkdir(parents=True, exist_ok=True)
        (place / "manim.cfg").write_text(text, encoding="utf-8")
    return files(folder)


@pytest.mark.parametrize("kind", FILES)
def test_no_configuration_reaches_a_film(tmp_path: Path, kind: str) -> None:
    there = configured(tmp_path, FILES[kind])
    done = program(tmp_path, *RENDER, HOME=str(tmp_path))
    assert (done.returncode, done.stdout) == (0, "x.gif\n"), done.stderr
    assert files(tmp_path) == {**there, **usual()}


FIRST = """
from manim import Square, config
from manim.mobject.opengl.opengl_mobject import OpenGLMobject
assert config.background_opacity == 0.3 and config.renderer.value == "opengl"
import atexit
def as_before():
    assert config.background_opacity == 0.3 and isinstance(Square(), OpenGLMobject)
    print("as before")
atexit.register(as_before)
"""


def test_nor_does_one_that_manim_had_read_before(tmp_path: Path) -> None:
    there = configured(tmp_path, EVERYTHING)
    done = program(tmp_path, *RENDER, code=FIRST, HOME=str(tmp_path), PATH=os.defpath)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("\nx.gif\nas before\n")
    assert files(tmp_path) == {**there, **usual()}


NOBODY = """
import pwd
def getpwuid(number):
    raise KeyError(f"getpwuid(): uid not found: {number}")
pwd.getpwuid = getpwuid
"""


def test_a_film_for_nobody(tmp_path: Path) -> None:
    """``env -i`` as a user without an entry among the users: no HOME, no name, no PATH."""
    done = program(tmp_path, *RENDER, code=NOBODY)
    assert (done.returncode, done.stdout) == (0, "x.gif\n"), done.stderr
    assert files(tmp_path) == usual()


def test_a_build_for_nobody(tmp_path: Path) -> None:
    """The same with children, and without a cache."""
    (tmp_path / "first").mkdir()
    (tmp_path / "first" / "sitecustomize.py").write_text(NOBODY, encoding="utf-8")
    (tmp_path / "layeranim.toml").write_text(MANIFEST, encoding="utf-8")
    done = program(tmp_path, "build", "--jobs", "1", PYTHONPATH=str(tmp_path / "first"))
    assert (done.returncode, done.stdout.splitlines()[:1]) == (0, ["renders/x.gif"]), done.stderr
    assert (tmp_path / "renders" / "x.gif").read_bytes() == usual()["x.gif"]


def test_doctor_tells_of_it(tmp_path: Path) -> None:
    configured(tmp_path, FILES["no configuration"])
    done = program(tmp_path, "doctor", HOME=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "manim.cfg      ~/.config/manim/manim.cfg, manim.cfg: not read, films never follow it" in done.stdout
    assert "manim.cfg      none" in program(tmp_path / ".config", "doctor", code=NOBODY).stdout
