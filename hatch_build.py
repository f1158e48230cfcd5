"""The page of a package index, from the README: an index has no file that stands beside it.

What the README names by its place in the repository gets the address of [project.urls] Repository in pyproject.toml;
as long as that has none, a picture is left out and a link is its words.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

PLACE = re.compile(r"(!?)\[([^\]]*)\]\((?![a-z]+:|#)([^)\s]+)\)")
"""A picture or a link that leads to a file of the repository."""


def page(text: str, repository: str | None) -> str:
    """The README for readers who are elsewhere."""

    def led(found: re.Match[str]) -> str:
        picture, words, place = found.groups()
        if repository is None:
            return "" if picture else words
        return f"{picture}[{words}]({repository.rstrip('/')}/{'raw' if picture else 'blob'}/HEAD/{place})"

    return re.sub(r"\n{3,}", "\n\n", PLACE.sub(led, text))


class Page(MetadataHookInterface):
    """Puts the page into the metadata of wheels and source distributions."""

    def update(self, metadata: dict[str, Any]) -> None:
        text = Path(self.root, "README.md").read_text(encoding="utf-8")
        repository = metadata.get("urls", {}).get("Repository")
        metadata["readme"] = {"content-type": "text/markdown", "text": page(text, repository)}
