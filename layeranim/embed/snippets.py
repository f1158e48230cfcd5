"""The markup that shows a film, for each program that people write in.

``url`` gives the address of a file as the page must write it, with nothing in it that HTML would read as markup. Blocks
of HTML begin with ``<figure>`` on a line of its own and hold no blank line: Markdown programs then leave them alone.
They are spelt as XHTML, which EPUB needs and HTML takes. No film starts by itself, and none has captions on: they are
in the picture.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

from layeranim.embed.files import FilmFiles, Pair
from layeranim.records import dataclass

Url = Callable[[Path], str]
DARK = "(prefers-color-scheme: dark)"
STILL = "(prefers-reduced-motion: reduce)"
CONTROLS = "max(18em, 29em - 0.3 * {})"
"""How high a player's controls and words are, by its width: on narrow pages words take more lines.

So much every step of the explainers' films takes at 320 and at 640 pixels, in the size of letters that the reader asks
for (``FONT``), which is the player's: a page may have another."""
FONT = "font-size: medium"


@dataclass(frozen=True)
class Figure:
    """What a snippet is made of: the film, the width on the page, the caption under it, addresses.

    ``linked``: whether an address may lead away from the page, and stand there twice. One that is the file itself may
    not. ``switches``: style for pages that say themselves what their ground is.
    """

    pair: Pair
    width: int
    caption: str
    url: Url
    linked: bool = True
    switches: str = ""

    @property
    def light(self) -> FilmFiles:
        return self.pair.light

    @property
    def alt(self) -> str:
        """The text for who does not see the film, on one line."""
        return " ".join(self.light.alt.split())

    @property
    def size(self) -> tuple[int, int]:
        return self.light.shape(self.width)


# ── HTML ─────────────────────────────────────────────────────────────────────
def block(figure: Figure) -> str:
    """``<figure>``: films with controls where there are any, else pictures; both grounds, each on its own page."""
    if any(shown.controlled for shown in figure.pair.both):
        return _on_grounds(figure, lambda shown: moving(replace(figure, pair=Pair(shown))))
    return framed(figure) if figure.switches else _captioned(figure, list(moving(figure)))


def waiting(figure: Figure) -> str:
    """``block``, in which nothing moves by itself: what has no controls waits behind its poster until it is opened."""
    return _on_grounds(figure, lambda shown: _opened(figure, shown))


def placed(figure: Figure, shown_as: str) -> tuple[str, list[str]]:
    """What a site shows, and what is to be said of it: only a picture that was asked for moves by itself."""
    if shown_as != "picture":
        return waiting(figure), []
    said = [shown.cannot_pause("as: video gives readers controls") for shown in figure.pair.both]
    return framed(figure), [*filter(None, said)]


def _on_grounds(figure: Figure, other: Callable[[FilmFiles], Iterator[str]]) -> str:
    """The film for each ground with its controls, or in the ``other`` way where it has none."""
    shown_as = _player if figure.light.player else _video
    lines = list(_grounds(figure)) if figure.pair.dark else []
    for shown in figure.pair.both:
        inner = list(shown_as(figure, shown))
        if not inner:
            ground = f' class="layeranim-{shown.theme}"' if figure.pair.dark else ""
            inner = [f"<div{ground}>", *other(shown), "</div>"]
        lines += inner
    return _captioned(figure, lines)


def _captioned(figure: Figure, lines: list[str]) -> str:
    caption = [f"<figcaption>{escape(figure.caption)}</figcaption>"] if figure.caption else []
    return "\n".join(["<figure>", *lines, *caption, "</figure>"]) + "\n"


def _grounds(figure: Figure) -> Iterator[str]:
    """Of two films the one for the page's ground: a poster has no ``media`` of its own."""
    yield f"<style>\n{by_system()}{figure.switches}</style>"


def by_system() -> str:
    """Style: of two films the one for what the reader's system asks for."""
    return (
        f"@media {DARK} {{ .layeranim-light {{ display: none !important }} }}\n"
        f"@media not all and {DARK} {{ .layeranim-dark {{ display: none !important }} }}\n"
    )


def by_switch(light: str, dark: str) -> str:
    """Style: of two films the one for what a page says of itself, whatever the system asks for."""
    return (
        f"{light} .layeranim-light, {dark} .layeranim-dark {{ display: revert !important }}\n"
        f"{light} .layeranim-dark, {dark} .layeranim-light {{ display: none !important }}\n"
    )


ALWAYS_LIGHT = by_switch(":root", ".layeranim-never")
BOOTSTRAP = by_switch("[data-bs-theme=light]", "[data-bs-theme=dark]")
MATERIAL = by_switch("[data-md-color-scheme=default]", "[data-md-color-scheme=slate]")
READ_THE_DOCS = by_switch(".wy-body-for-nav", ".layeranim-never")


def mkdocs(figure: Figure) -> str:
    """The block, in which the themes of MkDocs say which film is seen."""
    return block(replace(figure, switches=BOOTSTRAP + MATERIAL + READ_THE_DOCS))


_SPHINX_OWN = ("alabaster", "agogo", "bizstyle", "classic", "haiku", "nature", "pyramid", "scrolls", "sphinxdoc",
               "traditional")  # fmt: skip
_LINKED = ", ".join(f'[href*="/{one}.css"]' for one in _SPHINX_OWN)
_LIGHT_ALONE = f":has(> head > link:is({_LINKED}), > .wy-body-for-nav)"
"""What is light for every reader: Read the Docs' theme and Sphinx's own, which their pages tell by their style."""


def by_sphinx() -> str:
    """Style: as the system asks for or, where Sphinx's theme is light alone or has a switch, as that says."""
    alone = by_switch(f"html:where({_LIGHT_ALONE})", ".layeranim-never")
    return by_system() + alone + by_switch("[data-theme=light]", "[data-theme=dark]")


def _player(figure: Figure, shown: FilmFiles) -> Iterator[str]:
    """The page that steps through the film, as high as the film and its controls are."""
    if not shown.player:
        yield from _video(figure, shown)
        return
    (across, down), url = figure.size, figure.url
    ground = f'class="layeranim-{shown.theme}" ' if figure.pair.dark else ""
    wide = f"min(100vw, {across}px)"
    high = f"calc({wide} * {down / across:.4f} + {CONTROLS.format(wide)})"
    yield (
        f'<iframe {ground}src="{url(shown.player)}" title="{escape(figure.alt)}" loading="lazy" '
        f'width="{across}" height="{down}" '
        f'style="width: {across}px; max-width: 100%; {FONT}; height: {high}; border: 0">'
        "</iframe>"
    )


def _video(figure: Figure, shown: FilmFiles, more: str = "") -> Iterator[str]:
    """A film with controls; who may not have it gets the poster, linked."""
    if not shown.videos:
        return
    (across, down), url = figure.size, figure.url
    ground = f'class="layeranim-{shown.theme}" ' if figure.pair.dark else ""
    yield (
        f'<video {ground}controls="controls" muted="muted" playsinline="playsinline" preload="none" {more}'
        f'width="{across}" height="{down}" style="max-width: 100%; height: auto" '
        f'poster="{url(shown.poster)}" aria-label="{escape(figure.alt)}">'
    )
    for kind, file in shown.videos.items():
        yield f'<source src="{url(file)}" type="{kind}" />'
    if shown.words and shown.words.suffix == ".vtt":
        yield f'<track kind="captions" src="{url(shown.words)}" srclang="en" label="English" />'
    first = next(iter(shown.videos.values()))
    if figure.linked:
        yield (
            f'<a href="{url(first)}"><img src="{url(shown.poster)}" alt="{escape(figure.alt)}" '
            f'width="{across}" height="{down}" loading="lazy" /></a>'
        )
    yield "</video>"


def moving(figure: Figure) -> Iterator[str]:
    """A moving picture: the poster for who wants no motion, each for its ground; linked to the film with controls."""
    (across, down), url, light, dark = figure.size, figure.url, figure.light, figure.pair.dark
    link = next(iter(light.videos.values()), None) if figure.linked else None
    if link:
        yield f'<a href="{url(link)}">'
    yield "<picture>"
    if dark:
        yield f'<source media="{STILL} and {DARK}" srcset="{url(dark.poster)}" />'
    yield f'<source media="{STILL}" srcset="{url(light.poster)}" />'
    if dark and dark.moving:
        yield f'<source media="{DARK}" srcset="{url(dark.moving)}" />'
    shown = light.moving or light.poster
    yield f'<img src="{url(shown)}" width="{across}" height="{down}" alt="{escape(figure.alt)}" />'
    yield "</picture>"
    if link:
        yield "</a>"


def framed(figure: Figure) -> str:
    """The moving picture in its figure: of two the one for the page's ground, where a page may say what that is."""
    lines = list(moving(figure))
    if figure.pair.dark:
        lines = list(_grounds(figure))
        for shown in figure.pair.both:
            alone = moving(replace(figure, pair=Pair(shown)))
            lines += [f'<div class="layeranim-{shown.theme}">', *alone, "</div>"]
    return _captioned(figure, lines)


def opened(figure: Figure) -> str:
    """A moving picture that moves while the reader keeps it open; until then its poster stands there, as large."""
    return _captioned(figure, list(_opened(figure, figure.light)))


def _opened(figure: Figure, shown: FilmFiles) -> Iterator[str]:
    (across, down), url, alt = figure.size, figure.url, escape(" ".join(shown.alt.split()))
    size = f'width="{across}" height="{down}" style="max-width: 100%; height: auto"'
    yield "<style>.layeranim-opened[open] > summary > img { display: none }</style>"
    yield '<details class="layeranim-opened">'
    yield (
        f"<summary>Play ({shown.seconds:.0f} seconds; closing this ends it)"
        f'<br /><img src="{url(shown.poster)}" {size} alt="{alt}" loading="lazy" /></summary>'
    )
    yield f'<img src="{url(shown.moving or shown.poster)}" {size} alt="{alt}" loading="lazy" />'
    yield "</details>"


def picture(figure: Figure) -> str:
    """A moving picture in a paragraph: what GitHub shows of a README. It takes no ``<video>`` from a repository."""
    return "\n".join(["<p>", *moving(figure), *_under(figure), "</p>"]) + "\n"


def _under(figure: Figure) -> list[str]:
    """The caption in a paragraph, where programs leave nothing of ``<figcaption>``."""
    return [f"<br /><em>{escape(figure.caption)}</em>"] if figure.caption else []


def plain_image(figure: Figure) -> str:
    """One ``<img>``, linked: what a package index leaves of a README. It drops every ``<source>``."""
    (across, down), url, light = figure.size, figure.url, figure.light
    image = (
        f'<img src="{url(light.moving or light.poster)}" width="{across}" height="{down}" alt="{escape(figure.alt)}" />'
    )
    link = light.controlled or light.poster
    return f'<p><a href="{url(link)}">{image}</a>{"".join(_under(figure))}</p>\n'


def reveal(figure: Figure) -> str:
    """A film on a slide of reveal.js: it begins and stops with its slide; a player goes step by step with it."""
    caption = [f"<p><small>{escape(figure.caption)}</small></p>"] if figure.caption else []
    if figure.light.player:
        return "\n".join([*_stepped(figure, figure.light), *caption]) + "\n"
    lines = list(_video(figure, figure.light, "data-layeranim "))
    playing = PLAYING if lines else ""
    return "\n".join([*(lines or moving(figure)), *caption]) + "\n" + playing


def _stepped(figure: Figure, shown: FilmFiles) -> Iterator[str]:
    """A player and a fragment for each step after the first. Which of them are seen says which step the player shows:
    forwards, backwards, and where a slide is come to from either side.
    """
    across, down = figure.size
    yield '<div class="layeranim-steps">'
    yield (
        f'<iframe data-src="{figure.url(shown.player or shown.poster)}" title="{escape(figure.alt)}" '
        f'width="{across}" height="{down}" style="width: {across}px; max-width: 100%; '
        f'{FONT}; height: calc({down}px + {CONTROLS.format(f"{across}px")}); border: 0"></iframe>'
    )
    yield '<span class="fragment"></span>' * (shown.steps - 1)
    yield STEPPING + "</div>"


PLAYING = """<script>
if (!matchMedia("(prefers-reduced-motion: reduce)").matches)
for (const film of document.querySelectorAll("video[data-layeranim]")) film.dataset.autoplay = "";
</script>
"""
"""Reveal.js plays what has ``data-autoplay`` whatever the reader asked for: so who asked for less motion has none."""
STEPPING = """<script>
for (const slide of document.querySelectorAll(".layeranim-steps:not([data-steps])")) {
const frame = slide.querySelector("iframe");
const still = matchMedia("(prefers-reduced-motion: reduce)");
let shown = 0;
const tell = (order) => frame.contentWindow.postMessage(order, "*");
const show = () => {
const step = slide.querySelectorAll(".fragment.visible").length + 1;
if (!frame.contentWindow || step === shown) return;
tell({ layeranim: "step", step });
if (shown && step === shown + 1 && !still.matches) tell({ layeranim: "again" });
shown = step;
};
slide.dataset.steps = "";
frame.addEventListener("load", () => { shown = 0; show(); });
new MutationObserver(show).observe(slide, { subtree: true, attributeFilter: ["class"] });
}
</script>
"""
"""Forwards a step plays, backwards its result stands there. Reveal.js marks the fragments that are seen, and nothing of
it must be there when this runs.
"""


# ── Markdown ─────────────────────────────────────────────────────────────────
def commonmark(figure: Figure) -> str:
    """A Markdown image alone, linked to the film with controls: for programs that take no HTML."""
    light = figure.light
    image = f"![{_bracketed(figure.alt)}](<{figure.url(light.moving or light.poster)}>)"
    link = light.controlled
    caption = f"\n*{_bracketed(figure.caption)}*\n" if figure.caption else ""
    return (f"[{image}](<{figure.url(link)}>)" if link else image) + f"\n{caption}"


def hugo(figure: Figure) -> str:
    """The block in a shortcode that the site gets (``shortcode.html``): it needs no raw HTML, which Hugo leaves out
    unless the site says otherwise, and makes addresses right below any path.
    """
    return "{{< layeranim >}}\n" + block(figure) + "{{< /layeranim >}}\n"


def docusaurus(figure: Figure) -> str:
    """The block as React takes it whole: to MDX its braces are programs, and its style and classes no properties.

    It is set as Prettier would, which many sites let loose on such pages. They say themselves which ground they have.
    """
    text = block(replace(figure, switches=by_switch("[data-theme=light]", "[data-theme=dark]")))
    literal = text.replace("\\", "&#92;").replace("`", "&#96;")
    return "<div\n  dangerouslySetInnerHTML={{\n    __html: `\n" + literal + "`,\n  }}\n/>\n"


def vitepress(figure: Figure) -> str:
    """The block with its style before it, and its addresses as programs.

    Vue leaves out a style that stands within a page where a reader comes from another, and Vite takes an address that
    is none for a file to be packed: not those of frames.
    """
    figure = replace(figure, switches=by_switch(":root:not(.dark)", ":root.dark"))
    text, style = block(figure), "".join(_grounds(figure)) + "\n"
    text = re.sub(r' (src|srcset|poster|href)="([^"]*)"', " :\\1=\"'\\2'\"", text)
    return f"{style}\n{text.replace(style, '')}" if style in text else text


def quarto(figure: Figure) -> str:
    """The block for HTML, the poster for every other form of the document."""
    still = f'![{_bracketed(figure.caption)}]({figure.url(figure.light.poster)}){{fig-alt="{_quoted(figure.alt)}"}}'
    return (
        '::: {.content-visible when-format="html"}\n```{=html}\n' + block(figure) + "```\n:::\n\n"
        '::: {.content-visible unless-format="html"}\n' + still + "\n:::\n"
    )


# ── notebooks ────────────────────────────────────────────────────────────────
def notebook(figure: Figure) -> str:
    """A code cell: its output holds the film, which a cell of Markdown can only lead to."""
    shown = figure.light.controlled or figure.light.moving or figure.light.poster
    return f"import layeranim as la\n\nla.load_film({json.dumps(figure.url(shown), ensure_ascii=False)})\n"


# ── reStructuredText ─────────────────────────────────────────────────────────
def rst(figure: Figure) -> str:
    """A docutils figure of the moving picture."""
    light = figure.light
    link = light.controlled
    return "\n".join(_figure(figure, light.moving or light.poster, link=link)) + "\n"


def _figure(figure: Figure, file: Path, classes: str = "", link: Path | None = None) -> Iterator[str]:
    across, _ = figure.size
    yield f".. figure:: {figure.url(file)}"
    yield f"   :alt: {figure.alt}"
    yield f"   :width: {across}px"
    if classes:
        yield f"   :figclass: {classes}"
    if link:
        yield f"   :target: {figure.url(link)}"
    if figure.caption:
        yield from ("", f"   {_paragraph(figure.caption)}")


def sphinx(figure: Figure) -> str:
    """The moving picture for HTML, each ground's own in any theme; the poster for LaTeX, EPUB and text.

    It is not linked to the film with controls: Sphinx copies pictures, and no other file that is named.
    """
    out = [".. only:: html and not epub", ""]
    if figure.pair.dark:
        styles = f"<style>\n{by_sphinx()}</style>".splitlines()
        out += [_in(line) for line in (".. raw:: html", "", *map(_in, styles), "")]
    for shown in figure.pair.both:
        classes = f"layeranim-{shown.theme}" if figure.pair.dark else ""
        out += [_in(line) for line in _figure(figure, shown.moving or shown.poster, classes)] + [""]
    out += [".. only:: epub or not html", ""]
    out += [_in(line) for line in _figure(figure, figure.light.poster)]
    return "\n".join(out) + "\n"


def myst(figure: Figure) -> str:
    """What ``sphinx`` says, as MyST writes it."""
    return "````{eval-rst}\n" + sphinx(figure) + "````\n"


def _in(line: str) -> str:
    return f"   {line}" if line else ""


# ── print and slides ─────────────────────────────────────────────────────────
def _still(figure: Figure) -> tuple[str, str]:
    """The poster, and the film that it leads to, if there is one."""
    link = figure.light.controlled or figure.light.moving
    return figure.url(figure.light.poster), figure.url(link) if link else ""


def latex(figure: Figure) -> str:
    """The poster as a figure, linked to the film beside the document."""
    poster, link = _still(figure)
    image = f"\\includegraphics[width=\\linewidth,alt={{{_tex(figure.alt)}}}]{{{poster}}}"
    linked = f"\\href{{run:{link}}}{{{image}}}" if link else image
    caption = [f"  \\caption{{{_typeset(figure.caption)}}}"] if figure.caption else []
    needs = "% in the preamble: \\usepackage{graphicx,hyperref}"
    return "\n".join([needs, "\\begin{figure}", "  \\centering", f"  {linked}", *caption, "\\end{figure}"]) + "\n"


def typst(figure: Figure) -> str:
    """The poster as a figure, linked to the film beside the document."""
    poster, link = _still(figure)
    image = f'image("{poster}", width: 100%, alt: "{_quoted(figure.alt)}")'
    linked = f'link("{quote(link, safe="/:")}", {image})' if link else image
    caption = [f'  caption: "{_quoted(figure.caption)}",'] if figure.caption else []
    return "\n".join(["#figure(", f"  {linked},", *caption, ")"]) + "\n"


def pptx(figure: Figure) -> str:
    """A program with python-pptx that puts the film on a slide, with its poster and its words for screen readers."""
    light = figure.light
    across, down = figure.size
    if not light.videos:
        made = f"slide.shapes.add_picture({figure.url(light.poster)!r}, Inches(1), Inches(1), width, height)"
    else:
        kind, film = next(iter(light.videos.items()))
        made = (
            f"slide.shapes.add_movie(\n    {figure.url(film)!r}, Inches(1), Inches(1), width, height,\n"
            f"    poster_frame_image={figure.url(light.poster)!r}, mime_type={kind!r},\n)"
        )
    return (
        "from pptx.util import Inches\n\n"
        f"width, height = Inches(8), Inches({8 * down / across:g})\n"
        f"film = {made}\n"
        f'film._element.xpath(".//p:cNvPr")[0].set("descr", {figure.alt!r})\n'
    )


# ── quoting ──────────────────────────────────────────────────────────────────
def escape(text: str) -> str:
    """In HTML, on pages that are templates too: to Jekyll, Hugo and others two braces say that there is a value."""
    return html.escape(text).replace("{", "&#123;")


_TEX = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "_": r"\_", "%": r"\%",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
}  # fmt: skip
_SIGNS = (
    r"−- ×\times ·\cdot →\to ≤\le ≥\ge ≠\ne ≈\approx ∞\infty ²^2 ³^3 ᵀ^T << >> || "
    r"α\alpha β\beta γ\gamma δ\delta ε\varepsilon η\eta θ\theta λ\lambda μ\mu π\pi ρ\rho σ\sigma τ\tau φ\varphi "
    r"ω\omega Γ\Gamma Δ\Delta Θ\Theta Λ\Lambda Π\Pi Σ\Sigma Φ\Phi Ω\Omega"
)
"""Signs that pdfLaTeX has no letter for, or in its first encoding a wrong one; each with its name in formulas."""
_SET = {**_TEX, '"': "''", **{sign[0]: rf"\ensuremath{{{sign[1:]}}}" for sign in _SIGNS.split()}}


def _tex(text: str) -> str:
    """For LaTeX to keep."""
    return "".join(_TEX.get(letter, letter) for letter in text)


def _typeset(text: str) -> str:
    """For LaTeX to set."""
    return "".join(_SET.get(letter, letter) for letter in text)


def _quoted(text: str) -> str:
    """Between double quotes, where a backslash escapes."""
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _bracketed(text: str) -> str:
    """Between brackets, in Markdown."""
    return "".join(f"\\{letter}" if letter in "\\[]*_`<" else letter for letter in text)


def _paragraph(text: str) -> str:
    """In reStructuredText, where no first letters may begin a list or a comment, and no last ones code."""
    said = "".join(f"\\{letter}" if letter in "\\*`|_" else letter for letter in text).replace("::", ":\\:")
    return f"\\{said}" if re.match(r"[^\w\\\"“]|\w+[.)] ", said) else said
