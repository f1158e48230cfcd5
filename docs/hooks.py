"""What the site has that the pages of docs/ have not: the repository's other pages, posters of its films, players.

A page may name any file of the repository by its place, as GitHub wants it. On the site a link to one of its pages
leads there, a poster lies among its films, and of a link to anything else the words stay.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mkdocs.plugins import event_priority
from mkdocs.structure.files import File, InclusionLevel

from layeranim import catalog
from layeranim.assets.finding import parsed

ROOT = Path(__file__).parents[1]
PAGES = {"CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md", "benchmarks/README.md": "benchmarks.md",
         "README.md": "README.md"}  # fmt: skip
"""Pages outside of docs/ by where the site has them; the repository's first page is the site's."""
SPLIT = re.compile(r"(^ *(?:```|~~~).*?^ *(?:```|~~~) *$)", re.M | re.S)
LINK = re.compile(r"(?<![!`\\])\[([^\[\]]*)\]\((?![a-z]+:|#)([^)\s#]+)(#[^)\s]*)?\)")
"""A link to a file; what stands in its words may be raw HTML."""
FILM = re.compile(r"^!\[[^\]]*\]\([^)\s]+\.gif\)$", re.M)
IMAGE = re.compile(r'<img src="(?![a-z]+:)([^"]+)"([^>]*)>')


def on_config(config: Any) -> Any:
    """The explainers by family, below the list of all."""
    (films,) = [entry["Films"] for entry in config.nav if "Films" in entry]
    del films[1:]
    for family in dict.fromkeys(entry.family for entry in catalog.EXPLAINERS.values()):
        names = [name for name, entry in catalog.EXPLAINERS.items() if entry.family == family]
        films.append({family.capitalize(): [{name: f"explainers/{name}.md"} for name in names]})
    return config


def on_files(files: Any, config: Any) -> Any:
    """The repository's other pages."""
    for source, place in PAGES.items():
        if files.get_file_from_path(place) is None:
            files.append(File.generated(config, place, abs_src_path=str(ROOT / source)))
    return files


@event_priority(100)
def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Links, pictures and players as the site has them, before the plugin looks for films; code stays as it is."""
    place = Path(page.file.abs_src_path).parent
    folder, name = posixpath.split(page.file.src_uri.removesuffix(".md"))
    if folder == "explainers" and name in _players(Path(config.plugins["layeranim"].config.manifest)):
        markdown = FILM.sub(f"~~~layeranim {name}\nas: player\ncaption:\n~~~", markdown, count=1)

    def beside(file: str) -> str:
        return posixpath.relpath(file, posixpath.dirname(page.file.src_uri) or ".")

    def linked(found: re.Match[str]) -> str:
        words, file, anchor = found[1], found[2], found[3] or ""
        there = _of_site(place / file, Path(config.docs_dir))
        return f"[{words}]({beside(there)}{anchor})" if there else words

    def shown(found: re.Match[str]) -> str:
        source = (place / found[1]).resolve()
        if source.is_relative_to(config.docs_dir):
            return found[0]
        return _pictured(source, found[2], lambda file: beside(_placed(file, config, files)))

    parts = SPLIT.split(markdown)
    parts[::2] = [IMAGE.sub(shown, LINK.sub(linked, part)) for part in parts[::2]]
    return "".join(parts)


def _players(manifest: Path) -> set[str]:
    """The explainers that have a player; the others keep their picture."""
    return {item["id"] for item in parsed(manifest)["asset"]}


def _of_site(target: Path, docs: Path) -> str:
    """Where the site has a file of the repository; nothing where it has not."""
    path = Path(os.path.normpath(target))
    if path.is_relative_to(docs):
        return path.relative_to(docs).as_posix()
    return PAGES.get(path.relative_to(ROOT).as_posix(), "")


def _pictured(source: Path, more: str, url: Callable[[Path], str]) -> str:
    """A picture; of two the one for the page's ground."""
    dark = source.with_stem(f"{source.stem.removesuffix('-light')}-dark")
    if not dark.is_file():
        return f'<img src="{url(source)}"{more}>'
    both = (("light", source), ("dark", dark))
    return "".join(f'<img src="{url(file)}" class="layeranim-{ground}"{more}>' for ground, file in both)


def _placed(source: Path, config: Any, files: Any) -> str:
    """A file of the repository among those of the site."""
    place = f"films/{source.name}"
    if files.get_file_from_path(place) is None:
        made = File.generated(config, place, abs_src_path=str(source), inclusion=InclusionLevel.INCLUDED)
        files.append(made)
    return place
