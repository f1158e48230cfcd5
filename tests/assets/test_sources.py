"""The source files on the way to a film: found by reading, held against what Python itself finds and loads."""

from __future__ import annotations

import ast
import hashlib
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from layeranim import catalog
from layeranim.assets import sources
from tests.assets.conftest import ROOT, environment

PACKAGE = ROOT / "layeranim"


def module_of(path: Path) -> str:
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    return name.removesuffix(".__init__")


def parsed(path: Path) -> set[str]:
    """The modules of layeranim that a file imports, as Python's own parser reads it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {node.module or ""} | {f"{node.module}.{name.name}" for name in node.names}
    return {name for name in found if name.split(".")[0] == "layeranim" and sources.file_of(name)}


def test_imports_are_read_as_python_reads_them() -> None:
    for path in sorted(PACKAGE.rglob("*.py")):
        missed = parsed(path) - set(sources.imports(module_of(path)))
        assert not missed, (path, missed)


def test_only_absolute_imports_are_used() -> None:
    for path in sorted(PACKAGE.rglob("*.py")):
        nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        assert not any(isinstance(node, ast.ImportFrom) and node.level for node in nodes), path


LOADED = """
import sys
import layeranim.inputs  # what comes through this door is arrays and options, counted as such
doors = set(sys.modules)
from layeranim import catalog, preparing
import layeranim.film.film
name = sys.argv[1]
work = preparing.prepare(name, {})
board = work.storyboard(work.trace())
catalog.resolve(catalog.explainer(name).scene)
print(*sorted(m for m in set(sys.modules) - doors if m.startswith("layeranim")))
"""


@pytest.mark.parametrize("name", ["pool"])
def test_what_a_film_loads_is_on_its_way(name: str) -> None:
    done = subprocess.run([sys.executable, "-c", LOADED, name], env=environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    loaded = {m for m in done.stdout.split() if not m.startswith("layeranim.inputs") and m not in sources.UNCOUNTED}
    way = sources.on_the_way(catalog.explainer(name))
    # Saved traces and the weights of other libraries: what they hold is arrays, counted as such.
    doors = {m for m in loaded if m == "layeranim.engine.archive" or m.endswith("packing")}
    assert {m for m in loaded - doors if sources.file_of(m) not in way} == set()


def test_another_explainers_story_is_not_on_the_way() -> None:
    conv, pool = (set(sources.on_the_way(catalog.explainer(name))) for name in ("conv", "pool"))
    for name, other in (("conv", pool), ("pool", conv)):
        story = {"conv": "stories/convolution/conv", "pool": "stories/pooling/film"}[name]
        for place in (story, f"engine/{name}"):
            file = f"layeranim/{place}.py"
            assert file in (conv if name == "conv" else pool)
            assert file not in other, file
    assert {"layeranim/theme/__init__.py", "layeranim/numbers.py", "layeranim/layout.py", "layeranim/typeface/inter.py",
            "layeranim/preparing/work.py", "layeranim/film/camera.py", "layeranim/film/writers/gif.py",
            "layeranim/scenes/base.py", "layeranim/scenes/stage/scene.py",
            "layeranim/data/fonts/Inter-Medium.otf"} <= conv & pool  # fmt: skip
    assert not any("//" in file or file.startswith(("layeranim/cli", "layeranim/assets")) for file in conv | pool)


def test_explainers_of_other_packages_count_their_own_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "theirs_of_layeranim"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "story.py").write_text(
        "from theirs_of_layeranim.words import LINE\nfrom layeranim.stories.pooling import film\n"
    )
    (package / "ready.py").write_text("P = ()\n")
    (package / "words.py").write_text("LINE = 1\n")
    (package / "unused.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    top = "theirs_of_layeranim"
    way = sources.on_the_way(
        catalog.Explainer("x", "y", "engine.conv:CONV", f"{top}.ready:P", f"{top}.story:S", "scenes.stage:StageScene")
    )
    sources.forget()
    assert {
        f"{top}/__init__.py",
        f"{top}/ready.py",
        f"{top}/story.py",
        f"{top}/words.py",
        "layeranim/stories/pooling/film.py",
    } <= set(way)
    assert f"{top}/unused.py" not in way


def test_tools_are_told_without_importing_them() -> None:
    code = (
        "import sys; from layeranim.assets import sources; t = sources.tools(); "
        "assert all(t.values()) and 'missing' not in t.values(), t; "
        "print(*({'manim', 'PIL', 'av', 'uharfbuzz', 'scipy', 'rich'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], env=environment(), capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "\n"), done.stderr


def test_versions_are_those_that_the_installer_wrote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = sources.tools()
    assert {name: told[name] for name in sources.TOOLS} == {name: metadata.version(name) for name in sources.TOOLS}
    first, old, last = (tmp_path / name for name in ("first", "old", "last"))
    (first / "One-2.0+here.dist-info").mkdir(parents=True)
    (first / "~ne-1.0.dist-info").mkdir()  # what an installer that was stopped left behind
    (old / "two-0.9.egg-info").mkdir(parents=True)
    (old / "two-0.9.egg-info" / "PKG-INFO").write_text("Metadata-Version: 1.0\nName: two\nVersion: 0.9\n")
    (last / "one-3.0.dist-info").mkdir(parents=True)
    monkeypatch.setattr(sys, "path", [str(tmp_path / "none"), str(first), str(old), str(last)])
    assert [sources._version(name) for name in ("one", "two", "three")] == ["2.0+here", "0.9", "missing"]


def test_all_is_told_of_one_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "layeranim"
    (package / "stories").mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "stories" / "gone.py").symlink_to("nowhere")
    story = package / "stories" / "one.py"
    story.write_text("import layeranim.stories\n")
    monkeypatch.setattr(sources, "__file__", str(package / "assets" / "sources.py"))
    explainer = catalog.Explainer("x", "y", "engine.none:X", "stories.none:X", "stories.one:X", "scenes.none:X")
    try:
        sources.forget()
        before = sources.everything()
        story.write_text("changed\n")
        assert sources.everything() == before
        assert sources.on_the_way(explainer)["layeranim/stories/one.py"] == sha256(b"import layeranim.stories\n")
        sources.forget()
        assert sources.everything() != before
        assert sources.on_the_way(explainer) == {"layeranim/stories/one.py": sha256(b"changed\n")}
    finally:
        sources.forget()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[: sources.SHORT]
