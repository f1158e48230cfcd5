"""The arrows between the rooms: import-linter's contracts hold, and each of them can fail."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINT_IMPORTS = Path(sys.executable).with_name("lint-imports")

# A module to plant, what it imports, and what import-linter then says.
PLANTED = [
    ("engine/planted", "from layeranim import theme", "layeranim.engine is not allowed to import layeranim.theme"),
    ("engine/planted", "import layeranim.inputs", "layeranim.engine is not allowed to import layeranim.inputs"),
    ("errors", "import layeranim.engine", "layeranim.errors is not allowed to import layeranim.engine"),
    ("layout", "import layeranim.stories", "layeranim.layout is not allowed to import layeranim.stories"),
    ("stories/planted", "import layeranim.scenes", "layeranim.stories is not allowed to import layeranim.scenes"),
    ("scenes/planted", "import layeranim.film", "layeranim.scenes is not allowed to import layeranim.film"),
    ("film/planted", "import layeranim.api", "layeranim.film is not allowed to import layeranim.api"),
    ("film/planted", "import layeranim.inputs", "layeranim.film is not allowed to import layeranim.inputs"),
    ("inputs/planted", "from layeranim import numbers", "layeranim.inputs is not allowed to import layeranim.numbers"),
    ("inputs/planted", "import layeranim.film", "layeranim.inputs is not allowed to import layeranim.film"),
    ("api", "import layeranim.cli", "layeranim.api is not allowed to import layeranim.cli"),
    ("stories/planted", "import manim", "layeranim.stories.planted -> manim"),
    ("scenes/planted", "import manim", "layeranim.scenes.planted -> manim"),
    ("cellar", "import math", "The following modules are not listed as layers: - layeranim.cellar"),
]


def lint(folder: Path) -> tuple[int, str]:
    """Exit code and report (white space collapsed) of import-linter on the package in a folder."""
    done = subprocess.run(
        [LINT_IMPORTS, "--no-logo", "--no-cache", "--config", str(folder / "pyproject.toml")],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, " ".join((done.stdout + done.stderr).split())


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What import-linter says about a copy of the package with every forbidden import planted in it."""
    folder = tmp_path_factory.mktemp("house")
    shutil.copy(ROOT / "pyproject.toml", folder)
    shutil.copytree(ROOT / "layeranim", folder / "layeranim", ignore=shutil.ignore_patterns("data", "__pycache__"))
    (folder / "layeranim" / "cli.py").touch()
    for module, line, _ in PLANTED:
        path = folder / "layeranim" / f"{module}.py"
        path.parent.mkdir(exist_ok=True)
        (path.parent / "__init__.py").touch()
        with path.open("a", encoding="utf-8") as file:
            file.write(f"\n{line}\n")
    code, text = lint(folder)
    assert code == 1, text
    return text


def test_arrows_hold() -> None:
    code, text = lint(ROOT)
    assert code == 0, text
    assert "0 broken" in text


@pytest.mark.parametrize(("module", "line", "complaint"), PLANTED)
def test_a_planted_import_is_found(report: str, module: str, line: str, complaint: str) -> None:
    assert complaint in report


def foreign_imports(folder: Path) -> set[str]:
    """What a folder's modules import besides NumPy, the standard library, themselves, our errors and records."""
    found = set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {name.name for name in node.names}
            elif isinstance(node, ast.ImportFrom):
                parent = "." * node.level + (node.module or "")
                # `from layeranim import errors` names the room last.
                found |= {f"{parent}.{name.name}" for name in node.names} if parent == "layeranim" else {parent}
    ours = ("layeranim.engine.", "layeranim.errors.", "layeranim.records.")
    free = sys.stdlib_module_names | {"numpy"}
    return {name for name in found if not f"{name}.".startswith(ours) and name.split(".")[0] not in free}


def test_engine_imports_numpy_and_the_standard_library_alone() -> None:
    assert foreign_imports(ROOT / "layeranim" / "engine") == set()


def test_a_foreign_import_of_engine_is_found(tmp_path: Path) -> None:
    (tmp_path / "planted.py").write_text(
        "import math, numpy.linalg, scipy.special\n"
        "from layeranim import errors, theme\n"
        "from layeranim.engine.trace import Trace\n"
        "def late():\n"
        "    from rich.text import Text\n",
        encoding="utf-8",
    )
    assert foreign_imports(tmp_path) == {"scipy.special", "layeranim.theme", "rich.text"}
