"""The page of a package index, from the README: an index has no file that stands beside it, and no checkout.

What the README marks as of a checkout gives way to how the package is installed. What it names by its place in the
repository gets the address of [project.urls] Repository in pyproject.toml; as long as that has none, a picture is left
out, as is a sentence or a bracket that does nothing but lead there, and any other link is its words.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

PLACE = re.compile(r"(!?)\[([^\]]*)\]\((?![a-z]+:|#)([^)\s]+)\)")
"""A picture or a link that leads to a file of the repository."""


CHECKOUT = re.compile(r"<!-- checkout -->\n.*?<!-- /checkout -->\n", re.DOTALL)
LEADING = re.compile(rf" ?\({PLACE.pattern}\)| See {PLACE.pattern}\.")
INSTALLED = """```sh
pip install layeranim
layeranim render conv --stride 2 -o conv.gif
```

On Linux a C compiler and the headers of cairo and pango must be there: Manim is built with them.
"""


def page(text: str, repository: str | None) -> str:
    """The README for readers who are elsewhere."""

    def led(found: re.Match[str]) -> str:
        picture, words, place = found.groups()
        if repository is None:
            return "" if picture else words
        return f"{picture}[{words}]({repository.rstrip('/')}/{'raw' if picture else 'blob'}/HEAD/{place})"

    text = CHECKOUT.sub("", CHECKOUT.sub(INSTALLED, text, count=1))
    if repository is None:
        text = LEADING.sub("", text)
    return re.sub(r"\n{3,}", "\n\n", PLACE.sub(led, text))


class Page(MetadataHookInterface):
    """Puts the page into the metadata of wheels and source distributions."""

    def update(self, metadata: dict[str, Any]) -> None:
        text = Path(self.root, "README.md").read_text(encoding="utf-8")
        repository = metadata.get("urls", {}).get("Repository")
        metadata["readme"] = {"content-type": "text/markdown", "text": page(text, repository)}
