"""What is built from this tree is whole: it works from another folder, with its fonts and data inside."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml

from layeranim.version import __version__

ROOT = Path(__file__).parents[2]


def python(*arguments: str | Path, folder: Path, path: Path | None = None) -> str:
    """Standard output of a Python of its own, which must succeed."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    if path:
        environment["PYTHONPATH"] = str(path)
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the source distribution."""
    folder = tmp_path_factory.mktemp("built")
    python("-m", "hatchling", "build", "-d", folder, folder=ROOT)
    return folder


def test_wheel_holds_the_package(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        inside = {item.filename: item.file_size for item in archive.infolist()}
    ours = {
        path.relative_to(ROOT).as_posix(): path.stat().st_size
        for path in (ROOT / "layeranim").rglob("*")
        if path.is_file() and not any(part.startswith((".", "__pycache__")) for part in path.relative_to(ROOT).parts)
    }
    assert any(name.endswith(".otf") for name in ours)
    others = {name: size for name, size in inside.items() if ".dist-info/" not in name}
    assert others == ours
    assert any(name.endswith("licenses/LICENSE") for name in inside)


PLACES = re.compile(r"\]\((?!https?:|#)|renders/|src=\"(?!https?:)")
"""What leads from a page to a file beside it."""


def described(wheel: Path) -> str:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        head, _, page = archive.read(name).decode().partition("\n\n")
    assert "Description-Content-Type: text/markdown" in head
    return page


def test_the_page_of_an_index_leads_to_no_file_beside_it(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    page = described(wheel)
    assert page.startswith("# layeranim\n")
    assert "la.trace(" in page
    assert not PLACES.search(page.replace("own `renders/`", ""))
    assert not re.search(r"docs/|examples/|CONTRIBUTING|\s\(\)", page), "words that led to a file"


def test_the_page_of_an_index_is_for_who_has_no_checkout(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    page = described(wheel)
    assert "\npip install layeranim\nlayeranim render conv" in page
    assert not re.search(r"\./run|\.venv|the film above|checkout -->", page)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert readme.count("<!-- checkout -->") == readme.count("<!-- /checkout -->") == 3


def test_an_index_can_draw_the_page(built: Path) -> None:
    renderer = pytest.importorskip("readme_renderer.markdown")
    (wheel,) = built.glob("*.whl")
    html = renderer.render(described(wheel))
    assert html is not None
    assert re.search("<h1[^>]*>layeranim", html)
    assert "<pre" in html
    assert "la.trace(" in re.sub("<[^>]+>", "", html)


def test_who_cites_it_cites_this_version() -> None:
    told = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert told["version"] == __version__
    assert {"cff-version", "message", "title", "authors", "type", "license"} <= set(told)


def test_all_licences_are_told_alike() -> None:
    """A list of licences in a CITATION.cff is a choice between them: what is bundled is a reference with its own."""
    told = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert " AND ".join([told["license"], *(one["license"] for one in told["references"])]) == project["license"]


def test_with_an_address_it_shows_the_film(tmp_path: Path) -> None:
    for name in ("pyproject.toml", "README.md", "hatch_build.py", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "layeranim").mkdir()
    for name in ("__init__.py", "version.py"):
        shutil.copy(ROOT / "layeranim" / name, tmp_path / "layeranim")
    project = tmp_path / "pyproject.toml"
    urls = '[project.urls]\nRepository = "https://example.org/a/b"\n\n[project.scripts]'
    project.write_text(project.read_text(encoding="utf-8").replace("[project.scripts]", urls), encoding="utf-8")
    python("-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path / "dist", folder=tmp_path)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    page = described(wheel)
    assert "](https://example.org/a/b/raw/HEAD/renders/conv.gif)" in page
    assert "See [docs/assets.md](https://example.org/a/b/blob/HEAD/docs/assets.md)." in page
    assert "](https://www.manim.community)" in page


def test_a_wheel_is_built_from_the_source_distribution(built: Path, tmp_path: Path) -> None:
    """It holds what that takes and no more: no suite that could not run, and no gallery."""
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (folder,) = tmp_path.iterdir()
    assert {path.name for path in folder.iterdir()} == {
        "layeranim", "pyproject.toml", "hatch_build.py", "LICENSE", "README.md", "CHANGELOG.md", "CITATION.cff",
        "PKG-INFO", ".gitignore",
    }  # fmt: skip
    python("-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path / "again", folder=folder)
    (wheel,), (again,) = built.glob("*.whl"), (tmp_path / "again").glob("*.whl")
    with zipfile.ZipFile(wheel) as one, zipfile.ZipFile(again) as other:
        assert {item.filename: item.CRC for item in one.infolist()} == {i.filename: i.CRC for i in other.infolist()}


def test_installed_wheel_works_elsewhere(built: Path, tmp_path: Path) -> None:
    (wheel,) = built.glob("*.whl")
    site = tmp_path / "site"
    elsewhere = tmp_path / "else where"
    elsewhere.mkdir()
    install = ["-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--no-compile", "--target"]
    python(*install, site, wheel, folder=elsewhere)
    where = python(
        "-c", "import layeranim; print(layeranim.__file__, layeranim.__version__)", folder=elsewhere, path=site
    )
    assert where.split() == [str(site / "layeranim" / "__init__.py"), wheel.name.split("-")[1]]
    layeranim = site / "bin" / "layeranim"
    assert "render" in python(layeranim, "--help", folder=elsewhere, path=site)
    assert "output" in python(layeranim, "trace", "conv", folder=elsewhere, path=site)
    assert list(elsewhere.iterdir()) == []
