"""Films in Sphinx: a directive that places what ``layeranim build`` made, or renders an explainer with options.

``extensions = ["layeranim.embed.sphinx"]`` in ``conf.py``; see ``docs/sphinx.md``. HTML gets the film with controls,
each ground its own; LaTeX, EPUB, text and the rest get the poster, its alt text and the caption. Sphinx is imported
here and nowhere else.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from html import escape
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.logging import getLogger

from layeranim import catalog, preparing
from layeranim.assets import finding
from layeranim.assets.build import build
from layeranim.assets.manifest import files_of
from layeranim.assets.plan import load
from layeranim.embed import snippets
from layeranim.embed.files import Pair, pair
from layeranim.embed.snippets import Figure
from layeranim.engine.spelling import suggestion
from layeranim.errors import LayeranimError, ManifestError, OptionError
from layeranim.version import __version__

RENDER = ("never", "missing", "always")
SHOWN_AS = {"video": ("mp4",), "picture": ("gif", "mp4"), "player": ("html",)}
"""How a page shows a film, and the formats that it takes: a picture leads to the film with controls."""
OWN = ("width", "caption", "as", "class", "name")
"""Options of the directive; all others are the explainer's."""
WIDTH = 640
FOLDER = "_images"
GROUNDS = """\
@media (prefers-color-scheme: dark) {{ {light} {{ display: none }} }}
@media not all and (prefers-color-scheme: dark) {{ {dark} {{ display: none }} }}
[data-theme=light] {light}, [data-theme=dark] {dark} {{ display: revert }}
[data-theme=light] {dark}, [data-theme=dark] {light} {{ display: none }}
""".format(light=".layeranim-light", dark=".layeranim-dark")
"""Of two films the one for the page's ground: what the reader's system asks for, or what the theme's switch says."""
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
            shown_as = _one_of("as", own.get("as", "video"), tuple(SHOWN_AS))
            width = _width(own.get("width"))
            both = self._films(self.arguments[0].strip(), given, shown_as)
        except LayeranimError as error:
            raise self.error(f"layeranim: {error}") from None
        for shown in both.both:
            for file in shown.files.values():
                self.env.note_dependency(str(file))
            if (said := shown.cannot_pause()) and shown_as == "picture":
                _log.warning("layeranim: %s", said, location=self.get_location(), type="layeranim", subtype="pause")
        caption = own.get("caption", both.light.title)
        return self._nodes(Figure(both, width, caption, lambda file: file.name), shown_as)

    # ── which film ───────────────────────────────────────────────────────────
    def _films(self, word: str, given: dict[str, str], shown_as: str) -> Pair:
        """The films that the page asks for, made if need be."""
        manifest = self._manifest()
        if Path(word).suffix or "/" in word:
            if given:
                raise OptionError(f"{word} is a file, which takes no option {next(iter(given))}")
            return pair(Path(self.env.relfn2path(word, self.env.docname)[1]))
        if manifest is not None:
            self.env.note_dependency(str(manifest))
            self.env.note_dependency(str(finding.lock_of(manifest)))
            try:
                plan, _ = load(manifest, (word,))
            except ManifestError:
                if not catalog.has_film(word):
                    raise
            else:
                if given:
                    option = next(iter(given))
                    raise OptionError(f"{word} is an asset of {manifest.name}, where the option {option} belongs")
                entries = plan.chosen((word,))
                return self._asset(manifest, word, [plan.root / files_of(entry)[0] for entry in entries])
        return self._rendered(word, given, shown_as)

    def _manifest(self) -> Path | None:
        """The manifest that ``conf.py`` names, or the nearest one above the pages."""
        named = self.config.layeranim_manifest
        if named:
            return Path(self.env.app.confdir, named)
        for folder in (Path(self.env.srcdir), *Path(self.env.srcdir).parents):
            if (folder / finding.NAME).is_file():
                return folder / finding.NAME
        return None

    def _asset(self, manifest: Path, word: str, films: list[Path]) -> Pair:
        """What ``layeranim build`` made, or makes now."""
        when = _one_of("layeranim_render", self.config.layeranim_render, RENDER)
        if when == "always" or (when == "missing" and not all(file.is_file() for file in films)):
            build(manifest, word)
        return pair(films[0])

    def _rendered(self, word: str, given: Mapping[str, str], shown_as: str) -> Pair:
        """The film of an explainer, for each ground, under a name that its options decide."""
        called, _ = catalog.named(word)
        when = _one_of("layeranim_render", self.config.layeranim_render, RENDER)
        grounds = [given["theme"]] if "theme" in given else [self._theme(one) for one in self.config.layeranim_themes]
        folder = Path(self.env.app.confdir, self.config.layeranim_films or Path(self.env.app.doctreedir, "layeranim"))
        base = Path(self.env.doc2path(self.env.docname)).parent
        made = []
        for ground in grounds:
            options = {**{key: value if value else "true" for key, value in given.items()}, "theme": ground}
            work = preparing.prepare(called, options, base=base)
            for file in work.files.values():
                self.env.note_dependency(str(base / file))
            key = _key(called, work, shown_as)
            outputs = [folder / f"{called}-{key}.{fmt}" for fmt in SHOWN_AS[shown_as]]
            there = all(file.is_file() for file in (*outputs, outputs[0].with_suffix(".json")))
            if when == "never" and not there:
                raise OptionError(f"{word} is not rendered yet, and layeranim_render is never")
            if when == "always" or not there:
                folder.mkdir(parents=True, exist_ok=True)
                work.film_to([str(file) for file in outputs], None)
            made.append(outputs[0])
        if when == "always":
            self.env.note_reread()
        return pair(*made[:2])

    def _theme(self, word: str) -> str:
        """A theme of ``conf.py``, whose files lie beside it."""
        return str(Path(self.env.app.confdir, word).absolute()) if word.endswith(".toml") else word

    # ── what stands on the page ──────────────────────────────────────────────
    def _nodes(self, figure: Figure, shown_as: str) -> list[nodes.Node]:
        web = film(classes=self.options.get("class", "").split())
        web["files"] = {file.name: str(file) for shown in figure.pair.both for file in shown.files.values()}
        write = snippets.block if shown_as != "picture" else _still_or_moving
        web["markup"] = write(Figure(figure.pair, figure.width, figure.caption, lambda file: f"@{file.name}@"))
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


def _still_or_moving(figure: Figure) -> str:
    """The moving picture in its figure."""
    caption = f"<figcaption>{escape(figure.caption)}</figcaption>\n" if figure.caption else ""
    return "<figure>\n" + "\n".join(snippets.moving(figure)) + f"\n{caption}</figure>\n"


def _one_of(name: str, value: Any, known: tuple[str, ...]) -> str:
    if value not in known:
        near = suggestion(value, known) if isinstance(value, str) else ""
        raise OptionError(f"{name} is {value!r}{near}; it must be one of {', '.join(known)}")
    return str(value)


def _width(text: str | None) -> int:
    digits = (text or str(WIDTH)).strip().removesuffix("px")
    if not digits.isdigit() or not 16 <= int(digits) <= 8192:
        raise OptionError(f"width is {text!r}, but must be 16 to 8192 pixels")
    return int(digits)


def _key(called: str, work: preparing.Work, shown_as: str) -> str:
    """What tells one film of an explainer from another: its options, what it is computed from, our version."""
    film_options = {name: str(value) for name, value in vars(work.film).items()}
    arrays = {name: source.digest for name, source in work.sources.items()}
    said = [__version__, called, work.config.shown(), film_options, arrays, work.seed, shown_as]
    return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()[:10]


# ── HTML ─────────────────────────────────────────────────────────────────────
def _placed(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Put the films of a page where its builder's pages find them."""
    if app.builder.format != "html":
        return
    for node in doctree.findall(film):
        folder = Path(app.outdir, FOLDER)
        folder.mkdir(parents=True, exist_ok=True)
        for name, file in node["files"].items():
            place = folder / name
            if not place.is_file() or place.read_bytes() != Path(file).read_bytes():
                waiting = folder / f".{name}.{os.getpid()}"
                shutil.copyfile(file, waiting)
                os.replace(waiting, place)


def _visit(writer: Any, node: film) -> None:
    markup = node["markup"]
    for name in node["files"]:
        markup = markup.replace(f"@{name}@", f"{writer.builder.imgpath}/{quote(name)}")
    opened = writer.starttag(node, "div", CLASS="layeranim")
    writer.body.append(f"{opened}\n{markup}</div>\n")
    raise nodes.SkipNode


def _left_out(writer: Any, node: film) -> None:
    raise nodes.SkipNode


def _styled(app: Sphinx) -> None:
    if app.builder.format == "html":
        folder = Path(app.outdir, "_static")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / STYLE).write_text(GROUNDS, encoding="utf-8")


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
    app.connect("doctree-resolved", _placed)
    return {"version": __version__, "env_version": 1, "parallel_read_safe": True, "parallel_write_safe": True}
