"""The generated pages say what the catalog says today."""

from __future__ import annotations

import runpy
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"


def test_generated_pages_are_fresh() -> None:
    made = runpy.run_path(str(DOCS / "build.py"))["pages"]()
    stale = [path.name for path, text in made.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    extra = [path.name for path in (DOCS / "explainers").glob("*.md") if path not in made]
    assert not stale + extra, "run ./run docs"
