"""The programs that films are put into: which markup each takes, and where it looks for files."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import field
from pathlib import Path
from urllib.parse import quote

from layeranim.embed import snippets
from layeranim.embed.snippets import Figure
from layeranim.engine.spelling import suggestion
from layeranim.errors import OptionError
from layeranim.records import dataclass

BASE = "--base (in Python base=)"
PAGE = "--page (in Python page=)"
_LEFT_OUT = ("_", ".", "#")
"""How names begin that Jekyll leaves out of a site."""
_WEB = re.compile(r"https?://[\w.~:/%+@-]+")


@dataclass(frozen=True)
class Venue:
    """A program: its markup, and the file that marks the top of a site of it, where films must lie inside one.

    ``served`` is the folder of a site whose files are served as they are; ``folder``, seen from there, is where films
    go that lie outside; ``mark`` how a comment begins and ends on its pages; ``brings`` what else its site needs, and
    where: seen from the folder that is served; ``instead`` what helps readers where the markup is a picture that
    nobody can pause; ``cell``: it is Python, which finds the film of that day itself.
    """

    name: str
    says: str
    write: Callable[[Figure], str]
    marks: tuple[str, ...] = ()
    folder: str = ""
    served: str = ""
    mark: tuple[str, str] = ("<!-- ", " -->")
    absolute: bool = False
    brings: Mapping[Path, str] = field(default_factory=dict)
    instead: str = ""
    cell: bool = False


SHORTCODE = Path(__file__).with_name("shortcode.html")
RST, MDX, _TEX, _PYTHON, _TYPST = (".. ", ""), ("{/* ", " */}"), ("% ", ""), ("# ", ""), ("// ", "")
_HUGO = tuple(f"{folder}{name}.{kind}" for folder in ("", "config/_default/") for name in ("hugo", "config")
              for kind in ("toml", "yaml", "yml", "json"))  # fmt: skip
_SCRIPTS = ("js", "ts", "mjs", "mts", "cjs", "cts")
_DIRECTIVE = "an MP4 beside it in the directive of layeranim.embed.sphinx gives readers controls"
_POSTER = "its poster (NAME.png), linked to the film, moves for nobody"
_ALL = (
    Venue("html", "a page of HTML", snippets.block),
    Venue("markdown", "Markdown without HTML", snippets.commonmark, instead=_POSTER),
    Venue("github", "a README on GitHub, which takes no video from a repository (not tried on GitHub itself)",
          snippets.picture, instead=_POSTER),
    Venue("pypi", "a README on a package index: absolute addresses (not tried on one itself)",
          snippets.plain_image, absolute=True, instead=_POSTER),
    Venue("rst", "reStructuredText of docutils", snippets.rst, mark=RST, instead=_POSTER),
    Venue("sphinx", "Sphinx: moving pictures in HTML, the poster in LaTeX and EPUB", snippets.sphinx, ("conf.py",),
          "films", mark=RST, instead=_DIRECTIVE),
    Venue("myst", "Sphinx with MyST", snippets.myst, ("conf.py",), "films", instead=_DIRECTIVE),
    Venue("mkdocs", "MkDocs, also under directory URLs", snippets.mkdocs, ("mkdocs.yml", "mkdocs.yaml"), "films"),
    Venue("hugo", "Hugo, in a shortcode that the site gets", snippets.hugo, _HUGO, "films", "static",
          brings={SHORTCODE: "../layouts/shortcodes/layeranim.html"}),
    Venue("jekyll", "Jekyll, under any base URL", snippets.block, ("_config.yml", "_config.toml"), "assets/films"),
    Venue("docusaurus", "Docusaurus, whose pages are MDX, under any base URL", snippets.docusaurus,
          tuple(f"docusaurus.config.{kind}" for kind in _SCRIPTS), "films", "static", MDX),
    Venue("vitepress", "VitePress, under any base", snippets.vitepress,
          tuple(f".vitepress/config.{kind}" for kind in _SCRIPTS), "films", "public"),
    Venue("quarto", "Quarto (not tried in Quarto itself)", snippets.quarto),
    Venue("notebook", "a code cell of a notebook, which holds the film once it has run", snippets.notebook, cell=True),
    Venue("reveal", "a slide of reveal.js; a player (NAME.html) goes step by step with it", snippets.reveal),
    Venue("latex", "LaTeX: the poster, linked to the film beside the document", snippets.latex, mark=_TEX),
    Venue("typst", "Typst: the poster, linked to the film beside the document", snippets.typst, mark=_TYPST),
    Venue("pptx", "a slide in the deck that --page names, else a program with python-pptx (not tried in PowerPoint)",
          snippets.pptx, mark=_PYTHON),
)  # fmt: skip
TARGETS: Mapping[str, Venue] = {target.name: target for target in _ALL}


def target(name: str) -> Venue:
    """The target of that name. Raises OptionError."""
    if name not in TARGETS:
        raise OptionError(f"there is no target {name!r}{suggestion(name, TARGETS)}; there are {', '.join(TARGETS)}")
    return TARGETS[name]


@dataclass(frozen=True)
class Site:
    """Where a page and its films lie: the top of the site, and inside it the folder that is served.

    Raises OptionError for a page that lies in no such site.
    """

    target: Venue
    page: Path
    root: Path | None = None
    base: str = ""

    @classmethod
    def around(cls, target: Venue, page: Path | None, base: str = "") -> Site:
        """The site of a page; a target without sites needs no page: it is then in the working folder."""
        if base and not _WEB.fullmatch(base):
            raise OptionError(f"{BASE} is {base!r}, but must be an address such as https://example.org/films")
        if target.absolute and not base:
            raise OptionError(f"{target.name} needs absolute addresses; {BASE} says where the films are on the web")
        if page and page.is_dir():
            raise OptionError(f"{page} is a folder; {PAGE} names the page in it")
        if not target.marks:
            return cls(target, (page or Path("page")).absolute(), None, base)
        if page is None:
            raise OptionError(f"for {target.name} the addresses depend on the page; {PAGE} names it")
        for folder in page.absolute().parents:
            mark = next((folder / name for name in target.marks if (folder / name).is_file()), None)
            if mark:
                docs = _said(mark, "docs_dir") or "docs" if target.name == "mkdocs" else target.served
                return cls(target, page.absolute(), folder / docs, base)
        named = " or ".join(target.marks[:2])
        raise OptionError(f"{page} lies in no site of {target.name}: there is no {named} in a folder above it")

    @property
    def folder(self) -> Path:
        """Where films go that lie outside of the site."""
        return self.page.parent if self.root is None else self.root / self.target.folder

    def holds(self, file: Path) -> bool:
        """Whether a file is served where it lies."""
        if self.root is None:
            return True
        if not file.resolve().is_relative_to(self.root.resolve()):
            return False
        below = file.resolve().relative_to(self.root.resolve()).parts
        return self.target.name != "jekyll" or not any(part.startswith(_LEFT_OUT) for part in below)

    @property
    def brought(self) -> dict[Path, Path]:
        """What the site needs besides films, by where it comes from."""
        root = self.root or self.page.parent
        return {file: Path(os.path.normpath(root / place)) for file, place in self.target.brings.items()}

    def url(self, file: Path) -> str:
        """The address of a file, as this page must write it."""
        if self.base:
            return f"{self.base.rstrip('/')}/{quote(file.name)}"
        if self.target.name == "jekyll" and self.root:
            return "{{ '/" + quote(relative(file, self.root)) + "' | relative_url }}"
        if self.target.name == "hugo" and self.root:
            return "/" + quote(relative(file, self.root))
        if self.target.name == "docusaurus" and self.root:
            return '${require("@docusaurus/useBaseUrl").default("/' + quote(relative(file, self.root)) + '")}'
        if self.target.name == "vitepress" and self.root:
            return quote(relative(self.root.parent / relative(file, self.root), self.page.parent))
        path = relative(file, self._seen_from)
        if self.target.name == "latex" and (odd := [letter for letter in "%#{}\\" if letter in path]):
            raise OptionError(f"LaTeX finds no file whose path has {' '.join(odd)}, as {path}; give it another name")
        return path if self.target.name in ("sphinx", "myst", "latex", "typst", "pptx", "notebook") else quote(path)

    @property
    def _seen_from(self) -> Path:
        """The folder that addresses on the page start from: MkDocs gives every page one of its own."""
        page = self.page
        if self.target.name != "mkdocs" or page.stem in ("index", "README") or not _own_folders(self.root):
            return page.parent
        return page.with_suffix("")


def relative(file: Path, folder: Path) -> str:
    """The way from a folder to a file, as addresses write it."""
    return Path(os.path.relpath(file.absolute(), folder.absolute())).as_posix()


def _own_folders(docs: Path | None) -> bool:
    """Whether a site of MkDocs has directory URLs: it has, unless it says otherwise."""
    if docs is None:
        return False
    for folder in (docs, *docs.parents):
        for name in TARGETS["mkdocs"].marks:
            if (folder / name).is_file():
                return _said(folder / name, "use_directory_urls").lower() not in ("false", "no", "off")
    return True


def _said(file: Path, key: str) -> str:
    """A plain value at the top of a YAML file."""
    found = re.search(rf"^{key}:[ \t]*([^#\n]*)", file.read_text(encoding="utf-8", errors="replace"), re.MULTILINE)
    return found[1].strip().strip("'\"") if found else ""
