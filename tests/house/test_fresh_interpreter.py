"""What must not load Manim, SciPy or IPython, each in an interpreter of its own: their import takes seconds."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Runs the command in this interpreter, then writes what it has loaded as the last line of stderr.
PROBE = """
import sys
code = 0
try:
    import layeranim
    if sys.argv[1:]:
        from layeranim.cli import main
        code = main()
except SystemExit as end:
    code = end.code
print("loaded:", *sorted({"manim", "scipy", "IPython"} & set(sys.modules)), file=sys.stderr)
sys.exit(code)
"""

LIGHT = [
    "",
    "--help",
    "--version",
    "list",
    "list conv",
    "render --help",
    "render conv --help",
    "trace conv",
    "render conv --stride 2 --dry-run",
    "schema",
]


def probe(command: str, package: Path, folder: Path) -> tuple[int, str]:
    """Exit code of a command (none: the import alone), and which of Manim, SciPy and IPython it loaded."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *command.split()],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(package)},
        capture_output=True,
        text=True,
        check=False,
    )
    *_, last = done.stderr.splitlines() or [""]
    assert last.startswith("loaded:"), done.stderr
    return done.returncode, last.removeprefix("loaded:").strip()


@pytest.mark.parametrize("command", LIGHT)
def test_light(command: str, tmp_path: Path) -> None:
    assert probe(command, ROOT, tmp_path) == (0, "")


def test_what_is_loaded_is_seen(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "layeranim", tmp_path / "layeranim", ignore=shutil.ignore_patterns("data", "__pycache__"))
    with (tmp_path / "layeranim" / "__init__.py").open("a", encoding="utf-8") as file:
        file.write("\nimport manim.scene\nimport scipy\nimport IPython\n")
    # Empty stand-ins with the right names: the real ones would only be slower.
    for name in ("manim", "manim/scene", "scipy", "IPython"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").touch()
    assert probe("", tmp_path, tmp_path) == (0, "IPython manim scipy")
