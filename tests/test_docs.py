"""The generated pages say what the catalog says today."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"


def test_generated_pages_are_fresh() -> None:
    made = runpy.run_path(str(DOCS / "build.py"))["pages"]()
    stale = [path.name for path, text in made.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    extra = [path.name for path in (DOCS / "explainers").glob("*.md") if path not in made]
    assert not stale + extra, "run ./run docs"


def test_pages_are_read_and_not_heard() -> None:
    """What to look at stands as it does in the film; only an alt text says its signs in words."""
    pages = {path.stem: path.read_text(encoding="utf-8") for path in (DOCS / "explainers").glob("*.md")}
    looked_at = {name: text.split("## What to look at")[1].split("## Formula")[0] for name, text in pages.items()}
    assert "Output row 1, column 1: 1 · 2 + 2 · 2 + 2 · 2 + 6 zeros = 10." in looked_at["conv"]
    assert "h_1 = 0.02 · 0.84 + 0.98 · 0.00 ≈ 0.02" in looked_at["gru"]
    heard = {
        name: said for name, text in looked_at.items() if (said := re.findall(r" sub \w|[\d)] times |about −?\d", text))
    }
    assert not heard
