"""``./run new``: what it writes passes the catalogue's tests as it stands; what it cannot write is one line."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from layeranim import catalog
from tests.clocks import HANG

ROOT = Path(__file__).parents[2]
PREFERRED = ("bilinear", "pool3d", "elementwise", "upsample", "matmul", "einsum", "optimiser", "sequential")
LAYERS = [name for name in PREFERRED if name in catalog.without_film()][:3]
"""Three layers of unlike kinds, as long as there are so many without a film."""
TESTS = (
    "tests/rules",
    "tests/catalog/test_pictures.py::test_every_picture_is_true_and_clean",
    "tests/catalog/test_wide.py",
    "tests/catalog/test_storyboards.py",
    "tests/catalog/test_samples.py",
    "tests/catalog/test_examples.py",
    "tests/house/test_names.py",
)


def call(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run([sys.executable, *arguments], cwd=tree, env=env, capture_output=True, text=True, timeout=HANG)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what there is to write into."""
    folder = tmp_path_factory.mktemp("new")
    for name in ("layeranim", "tests", "tools"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "layeranim.toml"):
        shutil.copy(ROOT / name, folder)
    return folder


def test_a_new_film_passes_the_catalogues_tests_as_it_is_written(tree: Path) -> None:
    for name in LAYERS:
        done = call(tree, "tools/new_film.py", name)
        assert done.returncode == 0, done.stderr
        assert f"_{name.replace('-', '_')}.py" in done.stdout
    lint = call(tree, "-m", "ruff", "check", "-q", "layeranim", "tests/catalog")
    assert lint.returncode == 0, lint.stdout
    chosen = " or ".join([*LAYERS, "example_is_left", "has_its_batch", "name_stands_twice", "is_told_wide"])
    done = call(tree, "-m", "pytest", "-q", "-p", "no:cacheprovider", *TESTS, "-k", chosen)
    assert done.returncode == 0, done.stdout[-4000:]
    listed = call(tree, "-c", "from layeranim import catalog as c; print(set(c.IDEAS) - set(c.without_film()))")
    assert listed.stdout.split() == ["set()"], listed.stdout + listed.stderr


def test_a_film_under_another_name_leaves_the_layer_where_it_was(tree: Path) -> None:
    layer = next(name for name in PREFERRED if name in catalog.without_film() and name not in LAYERS)
    done = call(tree, "tools/new_film.py", "another-view", "--layer", layer)
    assert done.returncode == 0, done.stderr
    asked = f"from layeranim import catalog as c; print({layer!r} in c.LAYERS, 'another-view' in c.EXPLAINERS)"
    listed = call(tree, "-c", asked)
    assert listed.stdout.split() == ["True", "True"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["conv"], "there is a film conv already; choose another name"),
        (["mine", "--layer", "conv"], "conv has a film already; these have none: "),
        (["optimizr"], "unknown layer 'optimizr' (did you mean optimiser?); without a film are "),
        (["reduce"], "reduce makes all of output in one step, not number by number; write its film by hand"),
        (
            ["Two Words", "--layer", "bilinear"],
            "'Two Words' is no name for a film; use small letters, digits and dashes",
        ),
    ],
)
def test_what_cannot_be_written_is_refused_in_one_line(tree: Path, arguments: list[str], says: str) -> None:
    before = (tree / "layeranim/catalog.py").read_bytes()
    done = call(tree, "tools/new_film.py", *arguments)
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {says}")
    assert done.stderr.count("\n") == 1
    assert (tree / "layeranim/catalog.py").read_bytes() == before
