"""Films in Sphinx: a directive that places what ``layeranim build`` made, or renders an explainer with options.

``extensions = ["layeranim.embed.sphinx"]`` in ``conf.py``; see ``docs/sphinx.md``. HTML gets the film with controls,
each ground its own; LaTeX, EPUB, text and the rest get the poster, its alt text and the caption. Sphinx is imported
here and nowhere else.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective
from sphinx.util.logging import getLogger

from layeranim.embed import snippets
from layeranim.embed.files import Pair
from layeranim.embed.shelf import OWN, SHOWN_AS, Shelf, one_of, width_of
from layeranim.embed.snippets import Figure
from layeranim.errors import LayeranimError
from layeranim.version import __version__

FOLDER = "_images"
STYLE = "layeranim.css"

_log = getLogger(__name__)


class film(nodes.General, nodes.Element):
    """A film on a page of HTML: ``files`` by what the markup calls them, ``write`` its markup by their addresses."""


class AnyOption(dict[str, Callable[[str], str]]):
    """Takes whatever an explainer may take: the explainer itself says what it does not know."""

    def __bool__(self) -> bool:
        return True

    def __contains__(self, key: object) -> bool:
        return True

    def __missing__(self, key: str) -> Callable[[str], str]:
        return lambda text: text or ""


class LayeranimDirective(SphinxDirective):
    """``.. layeranim:: NAME``: an asset of ``layeranim.toml``, a file of a film, or an explainer with its options."""

    required_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar[AnyOption] = AnyOption()

    def run(self) -> list[nodes.Node]:
        try:
            own = {key: self.options[key] for key in OWN if key in self.options}
            given = {key: value for key, value in self.options.items() if key not in OWN}
            shown_as = one_of("as", own.get("as", "video"), tuple(SHOWN_AS))
            width = width_of(own.get("width"))
            both = self._films(self.arguments[0].strip(), given, shown_as)
        except LayeranimError as error:
            raise self.error(f"layeranim: {error}") from None
        caption = own.get("caption", both.light.title)
        return self._nodes(Figure(both, width, caption, lambda file: file.name), shown_as)

    # ── which film ───────────────────────────────────────────────────────────
    def _films(self, word: str, given: dict[str, str], shown_as: str) -> Pair:
        """The films that the page asks for, made if need be."""
        config, source, settings = self.config, Path(self.env.srcdir), Path(self.env.app.confdir)
        named = config.layeranim_manifest
        shelf = Shelf(
            settings / named if named else Shelf.manifest_above(source), settings,
            _folder(self.env.app), config.layeranim_themes, config.layeranim_render,
            "layeranim_render", lambda file: self.env.note_dependency(str(file)),
        )  # fmt: skip
        both = shelf.films(word, given, shown_as, Path(self.env.doc2path(self.env.docname)), source)
        if config.layeranim_render == "always":
            self.env.note_reread()
        return both

    # ── what stands on the page ──────────────────────────────────────────────
    def _nodes(self, figure: Figure, shown_as: str) -> list[nodes.Node]:
        web = film(classes=self.options.get("class", "").split())
        web["files"] = {}

        def named(file: Path) -> str:
            web["files"][file.name] = str(file)
            return f"@{file.name}@"

        web["markup"], warnings = snippets.placed(replace(figure, url=named), shown_as)
        for said in warnings:
            _log.warning("layeranim: %s", said, location=self.get_location(), type="layeranim", subtype="pause")
        still = nodes.figure()
        uri = os.path.relpath(figure.light.poster, Path(self.env.doc2path(self.env.docname)).parent)
        still += nodes.image(uri=Path(uri).as_posix(), alt=figure.alt, width=f"{figure.size[0]}px")
        if figure.caption:
            still += nodes.caption(figure.caption, figure.caption)
        self.set_source_info(still)
        target = nodes.target()
        self.add_name(target)
        html = addnodes.only("", web, expr="html and not epub")
        other = addnodes.only("", still, expr="not html or epub")
        return [target, html, other] if target["names"] else [html, other]


# ── HTML ─────────────────────────────────────────────────────────────────────
def _placed(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Put the films of a page where its builder's pages find them."""
    if app.builder.format != "html":
        return
    for node in doctree.findall(film):
        for name, file in node["files"].items():
            folder = Path(app.outdir, FOLDER, _apart(app.srcdir, file))
            folder.mkdir(parents=True, exist_ok=True)
            place = folder / name
            if not place.is_file() or place.read_bytes() != Path(file).read_bytes():
                waiting = folder / f".{name}.{os.getpid()}"
                shutil.copyfile(file, waiting)
                os.replace(waiting, place)


def _apart(source: str | os.PathLike[str], file: str) -> str:
    """The folder of a film's files among pictures: one for each folder that they come from, whatever else has a name
    of theirs."""
    way = Path(os.path.relpath(Path(file).parent, source)).as_posix()
    return f"layeranim/{hashlib.sha256(way.encode()).hexdigest()[:10]}"


def _visit(writer: Any, node: film) -> None:
    markup = node["markup"]
    for name, file in node["files"].items():
        address = f"{writer.builder.imgpath}/{_apart(writer.builder.srcdir, file)}/{quote(name)}"
        markup = markup.replace(f"@{name}@", address)
    opened = writer.starttag(node, "div", CLASS="layeranim")
    writer.body.append(f"{opened}\n{markup}</div>\n")
    raise nodes.SkipNode


def _left_out(writer: Any, node: film) -> None:
    raise nodes.SkipNode


def _folder(app: Sphinx) -> Path:
    """Where films of explainers are kept."""
    return Path(app.confdir, app.config.layeranim_films or Path(app.doctreedir, "layeranim"))


def _kept_out(app: Sphinx, env: BuildEnvironment) -> None:
    """Keep the films out of a book that is made around them: it takes every file in its folder."""
    folder = _folder(app)
    if "epub_exclude_files" in app.config and folder.is_relative_to(app.outdir):
        kept = [os.path.relpath(file, app.outdir) for file in sorted(folder.rglob("*")) if file.is_file()]
        app.config.epub_exclude_files = [*app.config.epub_exclude_files, *kept]


def _styled(app: Sphinx) -> None:
    if app.builder.format == "html":
        folder = Path(app.outdir, "_static")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / STYLE).write_text(snippets.by_sphinx(), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx."""
    app.add_config_value("layeranim_render", "missing", "env", types=frozenset({str}))
    app.add_config_value("layeranim_manifest", "", "env", types=frozenset({str}))
    app.add_config_value("layeranim_films", "", "env", types=frozenset({str}))
    app.add_config_value("layeranim_themes", ("light", "dark"), "env", types=frozenset({tuple, list}))
    left = (_left_out, None)
    app.add_node(film, html=(_visit, None), latex=left, text=left, man=left, texinfo=left, epub=left)
    app.add_directive("layeranim", LayeranimDirective)
    app.add_css_file(STYLE)
    app.connect("builder-inited", _styled)
    app.connect("env-updated", _kept_out)
    app.connect("doctree-resolved", _placed)
    return {"version": __version__, "env_version": 1, "parallel_read_safe": True, "parallel_write_safe": True}
