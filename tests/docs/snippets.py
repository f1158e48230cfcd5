"""The fenced blocks of every page, and how each is run: as it stands, in a folder of its own, under its heading."""

from __future__ import annotations

import ast
import importlib.util
import re
import runpy
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.M | re.S)
KINDS = {
    "python": "runs in Python, after the blocks of its section before it",
    "pycon": "a session in Python and what it prints",
    "sh": "each line runs as a command",
    "console": "a command and what it prints",
    "toml": "a manifest, or the file that its first line names, ``# brand.toml``",
    "yaml": "steps of a workflow",
    "json": "data",
    "html": "part of a page",
    "text": "nothing that could be run",
}


@dataclass
class Section:
    """What stands under one heading of a page."""

    page: str
    heading: str
    blocks: list[tuple[str, str]] = field(default_factory=list)

    def of(self, kind: str) -> list[str]:
        return [text for one, text in self.blocks if one == kind]

    @property
    def label(self) -> str:
        return f"{self.page}-{self.heading}".replace(" ", "_")


def pages() -> dict[str, str]:
    """Every page of the repository by its name; those that ``docs/build.py`` writes as it writes them now."""
    skipped = {".venv", "renders", "build", "dist", "films", "out"}
    found = {
        str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
        for path in sorted(ROOT.rglob("*.md"))
        if not ({part for part in path.relative_to(ROOT).parts if part[0] == "."} | skipped & set(path.parts))
    }
    made = runpy.run_path(str(ROOT / "docs" / "build.py"))["pages"]()
    return found | {str(path.relative_to(ROOT)): text for path, text in made.items()}


def sections() -> Iterator[Section]:
    """All sections that have blocks."""
    for page, text in sorted(pages().items()):
        parts = re.split(r"^#{1,6} +(.+)$", re.sub(FENCE, _hidden, text), flags=re.M)
        for heading, body in zip(["", *parts[1::2]], parts[::2], strict=True):
            blocks = [(kind, _shown(body_text)) for kind, body_text in FENCE.findall(body)]
            if blocks:
                yield Section(page, heading, blocks)


def _hidden(block: re.Match[str]) -> str:
    """A block whose comments cannot be taken for headings."""
    return block[0].replace("\n#", "\n\0#")


def _shown(text: str) -> str:
    return text.replace("\0", "")


def missing(code: str) -> list[str]:
    """The libraries that a block imports and that are not here."""
    names = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return sorted(name for name in names if importlib.util.find_spec(name) is None)
