"""Films in MkDocs: a fence ``layeranim`` that places what ``layeranim build`` made, or renders an explainer; or the
picture of a film, which the page shows elsewhere, too.

``plugins: [layeranim]`` in ``mkdocs.yml``; see ``docs/mkdocs.md``. MkDocs is imported here and nowhere else.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from mkdocs.config import base, config_options
from mkdocs.plugins import BasePlugin, get_plugin_logger
from mkdocs.structure.files import File, InclusionLevel

from layeranim.assets import finding
from layeranim.embed import files as film_files
from layeranim.embed import snippets
from layeranim.embed.markdown import blocks
from layeranim.embed.shelf import OWN, RENDER, SHOWN_AS, Shelf, one_of, width_of
from layeranim.embed.snippets import Figure
from layeranim.errors import LayeranimError, OptionError
from layeranim.records import dataclass

FOLDER = "films"
"""Of the site: where films go that do not lie among its pages."""
STYLE = f"{FOLDER}/layeranim.css"
WAITING = ".cache/layeranim"
"""Where films of explainers wait for the next build, beside ``mkdocs.yml``."""
PLAIN = """.md-typeset .layeranim-opened, .md-typeset .layeranim-opened > summary
  { background: none; border: 0; box-shadow: none; margin: 0; padding: 0; font-size: inherit }
.md-typeset .layeranim-opened > summary::before, .md-typeset .layeranim-opened > summary::after { display: none }
"""
"""Material makes a coloured box of what opens."""
SWITCHES = {
    "mkdocs": snippets.ALWAYS_LIGHT + snippets.BOOTSTRAP,
    "material": snippets.ALWAYS_LIGHT + snippets.MATERIAL + PLAIN,
    "readthedocs": snippets.ALWAYS_LIGHT,
}
"""What themes say of a page's ground; those of any other theme have the film that the reader's system asks for."""
_PICTURE = re.compile(r'(?P<indent>[ \t]*)!\[[^\]]*\]\(<?(?P<file>[^)\s>]+)>?(?:\s+"(?P<caption>[^"]*)")?\)[ \t]*')
MOVING = (".gif", ".webp", ".apng")
"""Of pictures those that move: a still is meant as one."""

_log = get_plugin_logger("layeranim")


class LayeranimConfig(base.Config):
    """What ``mkdocs.yml`` may say."""

    render = config_options.Choice(RENDER, default="missing")
    manifest = config_options.Optional(config_options.File(exists=True))
    films = config_options.Type(str, default=WAITING)
    themes = config_options.Type(list, default=["light", "dark"])
    pictures = config_options.Type(bool, default=False)


@dataclass(frozen=True)
class Fence:
    """A fence of ours: its lines on the page, how far it is indented, the film, and the options under it."""

    first: int
    after: int
    indent: str
    film: str
    lines: tuple[str, ...]

    def options(self) -> dict[str, str]:
        """Its lines as ``option: value``. Raises ``OptionError``."""
        found = {}
        for line in filter(None, map(str.strip, self.lines)):
            name, colon, value = line.partition(":")
            if not colon:
                raise OptionError(f"{line!r} is no option; a line of the fence is option: value")
            if name.strip() in found:
                raise OptionError(f"{name.strip()} stands twice in the fence")
            found[name.strip()] = value.strip()
        return found


def fences(lines: list[str]) -> Iterator[Fence]:
    """The fences of ours on a page; one within another fence, a comment or indented code is not looked at."""
    for first, after, opened in blocks(lines):
        word, _, film = opened["info"].strip().partition(" ") if opened else ("", "", "")
        if opened and word == "layeranim":
            inner = lines[first + 1 : after - 1]
            yield Fence(first, after, opened["indent"], film.strip(), tuple(inner))


def pictures(lines: list[str], place: Path) -> Iterator[Fence]:
    """Moving pictures of films, each a paragraph by itself, as if they were fences: other readers of the page, such as
    GitHub, show the picture. ``place`` is the page; a picture that is no film of ours is left alone."""
    for first, after, opened in blocks(lines):
        found = _PICTURE.fullmatch(lines[first])
        if (
            opened
            or not found
            or any(line.strip() for line in [*lines[max(first - 1, 0) : first], *lines[after : after + 1]])
        ):
            continue
        file = Path(unquote(found["file"]))
        if file.suffix in MOVING and (place.parent / file).with_name(f"{film_files.stem(file)}.json").is_file():
            yield Fence(first, after, found["indent"], str(file), (f"caption: {found['caption'] or ''}",))


class LayeranimPlugin(BasePlugin[LayeranimConfig]):
    """``plugins: [layeranim]``."""

    def on_config(self, config: Any) -> Any:
        """Find the manifest, and say where the style is."""
        settings = Path(config.config_file_path).parent if config.config_file_path else Path.cwd()
        named = self.config.manifest
        manifest = Path(named) if named else Shelf.manifest_above(Path(config.docs_dir))
        if manifest:  # what a build of ours writes must not begin the next
            config.watch += [str(manifest), *([str(lock)] if (lock := finding.lock_of(manifest)).is_file()
                             and self.config.render == "never" else [])]  # fmt: skip
        self.shelf = Shelf(manifest, settings, settings / self.config.films, self.config.themes, self.config.render,
                           "render", lambda file: None)  # fmt: skip
        self.markup: dict[str, str] = {}
        self.style = SWITCHES.get(config.theme.name, "")
        if self.style and STYLE not in config.extra_css:
            config.extra_css.append(STYLE)
        return config

    def on_files(self, files: Any, config: Any) -> Any:
        """The style is a file of the site."""
        if self.style:
            files.append(File.generated(config, STYLE, content=self.style, inclusion=InclusionLevel.INCLUDED))
        return files

    def on_page_markdown(self, markdown: str, page: Any, config: Any, files: Any) -> str:
        """Put a word where each film goes: Markdown is not trusted with the HTML of one, least of all in a list."""
        lines = markdown.split("\n")
        above = (page.file.content_string or markdown).count("\n") + 1 - len(lines)  # what YAML stood there
        found = [*fences(lines)]
        if self.config.pictures:
            found += pictures(lines, _place(page, config))
        for fence in sorted(found, key=lambda one: one.first, reverse=True):
            try:
                markup = self._shown(fence, page, config, files)
            except LayeranimError as error:
                _log.warning("%s:%d: %s", page.file.src_uri, above + fence.first + 1, error)
                continue
            word = f"layeranim{secrets.token_hex(12)}"
            self.markup[word] = markup
            lines[fence.first : fence.after] = ["", f"{fence.indent}{word}", ""]
        return "\n".join(lines)

    def on_page_content(self, html: str, page: Any, config: Any, files: Any) -> str:
        """Put the films where their words stand."""
        for word in re.findall(r"layeranim[0-9a-f]{24}", html):
            if markup := self.markup.pop(word, None):
                html = re.sub(rf"<p>{word}</p>|{word}", lambda _: markup, html)
        return html

    def _shown(self, fence: Fence, page: Any, config: Any, files: Any) -> str:
        """The markup of a film, whose files are now the site's."""
        options = fence.options()
        own = {key: options.pop(key) for key in OWN if key in options}
        shown_as = one_of("as", own.get("as", "video"), tuple(SHOWN_AS))
        if not fence.film:
            raise OptionError("the fence names no film; after layeranim comes an asset, a file or an explainer")
        both = self.shelf.films(fence.film, options, shown_as, _place(page, config), Path(config.docs_dir))

        def url(file: Path) -> str:
            return str(_placed(file, config, files).url_relative_to(page.file))

        figure = Figure(both, width_of(own.get("width")), own.get("caption", both.light.title), url)
        name = f' id="{_word(own["name"])}"' if "name" in own else ""
        classes = " ".join(["layeranim", *map(_word, own.get("class", "").split())])
        markup, warnings = snippets.placed(figure, shown_as)
        for said in warnings:
            _log.info("%s: %s", page.file.src_uri, said)  # it was asked for: no reason to end a strict build
        return f'<div class="{classes}"{name}>\n{markup}</div>\n'


def _place(page: Any, config: Any) -> Path:
    return Path(page.file.abs_src_path or Path(config.docs_dir, page.file.src_uri))


def _word(text: str) -> str:
    if not re.fullmatch(r"[\w-]+", text):
        raise OptionError(f"name and class are words of letters, digits and hyphens, but there is {text!r}")
    return text


def _placed(file: Path, config: Any, files: Any) -> Any:
    """A file of a film as one of the site: where it lies among the pages, else in a folder of films."""
    source, docs = file.resolve(), Path(config.docs_dir).resolve()
    if source.is_relative_to(docs):
        there = files.get_file_from_path(source.relative_to(docs).as_posix())
        if there is not None and there.inclusion.is_included():
            return there
    for place in (f"{FOLDER}/{file.name}", f"{FOLDER}/{_digest(source)}/{file.name}"):
        there = files.get_file_from_path(place)
        if there is None:
            there = File.generated(config, place, abs_src_path=str(source), inclusion=InclusionLevel.INCLUDED)
            files.append(there)
        if there.abs_src_path and Path(there.abs_src_path) == source:
            break
    return there


def _digest(source: Path) -> str:
    return hashlib.sha256(str(source).encode()).hexdigest()[:10]
