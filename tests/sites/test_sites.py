"""Sites: every film is there, loads, plays, has its size, on light and dark pages, below a path of its own."""

from __future__ import annotations

import json
import re
import shutil
import sys
import zipfile
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.serving import served
from tests.sites.conftest import HIGH, WIDE, Project, look, tool

HEAD = "---\nlayout: default\ntitle: x\n---\nWords.\n\n"
LAYOUT = '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>t</title></head><body>{}</body></html>\n'


def seen(chromium: Any, project: Project, pages: list[str], expected: dict[str, list[list[Any]]]) -> None:
    """Pages of a project as they are served, for whom ``expected`` names: on light and dark pages, without motion."""
    with served(project.folder) as address:
        for page in pages:
            for who, shown in expected.items():
                scheme, _, motion = who.partition("-")
                picture = project.folder / f"page-{page.replace('/', '-')}-{who}.png"
                settings = {"color_scheme": scheme, "reduced_motion": motion or "no-preference"}
                assert look(chromium, f"{address}/{page}", picture, **settings) == shown, (page, who)


def both(*more: list[Any], kind: str = "mp4") -> dict[str, list[list[Any]]]:
    """The film for the ground of a page, then others."""
    return {ground: [[f"conv-{ground}.{kind}", WIDE, HIGH], *more] for ground in ("light", "dark")}


FILMS = ("conv-light.mp4", "soft.html")
WITH_PLAYER = both(["soft.html", WIDE, 0])


# ── programs of Debian's ─────────────────────────────────────────────────────
def test_hugo(project: Project, chromium: Any) -> None:
    hugo = tool("hugo", "hugo")
    project.write("hugo/config/_default/hugo.toml", 'baseURL = "https://example.org/a/path/"\ntitle = "x"\n')
    for name in ("single", "list"):
        project.write(f"hugo/layouts/_default/{name}.html", LAYOUT.format("{{ .Content }}"))
    project.write("hugo/layouts/index.html", LAYOUT.format("{{ range .Site.RegularPages }}{{ .Content }}{{ end }}"))
    project.paste("hugo/content/page.md", "hugo", *FILMS, text=HEAD)
    project.paste("hugo/content/post/index.md", "hugo", *FILMS, text=HEAD)
    project.call(hugo, "--source", "hugo", "--destination", "../a/path")
    assert "{{ window }}" in (project.folder / "a/path/page/index.html").read_text().replace("&#123;", "{")
    seen(chromium, project, ["a/path/page/", "a/path/post/"], WITH_PLAYER)
    twice = {ground: shown * 2 for ground, shown in WITH_PLAYER.items()}
    seen(chromium, project, ["a/path/"], twice)  # a list, from which no film lies where it does from its page


def test_jekyll(project: Project, chromium: Any) -> None:
    jekyll = tool("jekyll", "jekyll")
    project.write("site/_config.yml", "title: x\nbaseurl: /a/path\n")
    project.write("site/_layouts/default.html", LAYOUT.format("{{ content }}"))
    for page in ("index.md", "docs/deep.md", "_posts/2026-01-02-film.md"):
        project.paste(f"site/{page}", "jekyll", *FILMS, text=HEAD)
    project.call(jekyll, "build", "--source", "site", "--destination", "a/path")
    assert "{{ window }}" in (project.folder / "a/path/index.html").read_text().replace("&#123;", "{")
    seen(chromium, project, ["a/path/", "a/path/docs/deep.html", "a/path/2026/01/02/film.html"], WITH_PLAYER)


def test_pandoc(project: Project, chromium: Any) -> None:
    """Of Markdown a page and a book; of reStructuredText a page."""
    pandoc = tool("pandoc", "pandoc")
    project.paste("page.md", "html", *FILMS, text="# Films\n\n")
    project.paste("plain.md", "markdown", "conv-light.mp4", text="# Films\n\n")
    project.paste("page.rst", "rst", "conv-light.mp4", text="Films\n=====\n\n")
    for page in ("page.md", "plain.md", "page.rst"):
        made = f"{Path(page).stem}-{Path(page).suffix[1:]}.html"
        project.call(pandoc, "--standalone", "--metadata", "title=x", page, "--output", made)
    seen(chromium, project, ["page-md.html"], WITH_PLAYER)
    still = {ground: [["conv-light.gif", WIDE, HIGH]] for ground in ("light", "dark")}
    seen(chromium, project, ["plain-md.html", "page-rst.html"], still)
    project.call(pandoc, "--metadata", "title=x", "page.md", "--output", "book.epub")
    with zipfile.ZipFile(project.folder / "book.epub") as book:
        book.extractall(project.folder / "book")
    (page,) = (project.folder / "book/EPUB/text").glob("ch*.xhtml")
    named = re.findall(r'(?:src|poster)="([^"]+)"', page.read_text())
    assert sorted(Path(name).suffix for name in named) == [".html"] + [".mp4"] * 2 + [".png"] * 4
    assert [name for name in named if not (page.parent / name).is_file() and not name.endswith(".html")] == []


def test_quarto_as_pandoc_reads_it(project: Project) -> None:
    """Quarto is built on Pandoc and shows one of two divisions: which holds what is all that can be seen without it."""
    pandoc = tool("pandoc", "pandoc")
    project.paste("page.qmd", "quarto", "conv-light.mp4", text="# Films\n\n")
    tree = json.loads(project.call(pandoc, "--from", "markdown", "--to", "json", "page.qmd"))
    web, other = [block["c"] for block in tree["blocks"] if block["t"] == "Div"]
    assert (web[0][2], other[0][2]) == ([["when-format", "html"]], [["unless-format", "html"]])
    (raw,) = web[1]
    assert raw["c"][0] == "html"
    assert raw["c"][1].count("<video") == 2
    (still,) = other[1][0]["c"]
    assert still["c"][0][2][0][0] == "fig-alt"
    assert still["c"][2][0] == "my%20films/conv-light.png"


def test_github_markdown(project: Project, chromium: Any) -> None:
    """By GitHub's own Markdown, before GitHub takes out what it does not allow."""
    program = tool("cmark-gfm", "cmark-gfm")
    project.paste("README.md", "github", "conv-light.mp4", text="# Films\n\n")
    made = project.call(program, "--unsafe", "--extension", "tagfilter", "README.md")
    project.write("page.html", LAYOUT.format(made))
    still = {f"{ground}-reduce": [[f"conv-{ground}.png", WIDE, HIGH]] for ground in ("light", "dark")}
    seen(chromium, project, ["page.html"], both(kind="gif") | still)


def test_vitepress(project: Project, chromium: Any) -> None:
    """The style is the site's: a reader who comes by a link has it, too."""
    vitepress = tool("vitepress", "vitepress and vue", "npm")
    (project.folder / "node_modules").symlink_to(Path(vitepress).resolve().parents[2])
    project.write("site/.vitepress/config.mjs", 'export default { base: "/a/path/", outDir: "../a/path" }\n')
    for page in ("index.md", "deep/page.md"):
        project.paste(f"site/{page}", "vitepress", *FILMS, text="# Films\n\n")
    project.call(vitepress, "build", "site")
    seen(chromium, project, ["a/path/", "a/path/deep/page.html"], WITH_PLAYER)
    (style,) = (project.folder / "a/path/assets").glob("style.*.css")
    assert ":root:not(.dark) .layeranim-dark" in style.read_text()


# ── packages that the tests bring ────────────────────────────────────────────
def test_html(project: Project, chromium: Any) -> None:
    project.paste("pages/page.html", "html", *FILMS, text=LAYOUT.format("").replace("</body></html>", ""))
    seen(chromium, project, ["pages/page.html"], WITH_PLAYER)


def test_docutils(project: Project, chromium: Any) -> None:
    project.paste("page.rst", "rst", "conv-light.mp4", text="Films\n=====\n\n")
    project.call(sys.executable, "-m", "docutils", "--strict", "--writer=html5", "page.rst", "page.html")
    still = {ground: [["conv-light.gif", WIDE, HIGH]] for ground in ("light", "dark")}
    seen(chromium, project, ["page.html"], still)


def test_mkdocs(project: Project, chromium: Any) -> None:
    """MkDocs' own theme says that it is light, whatever the reader's system asks for."""
    settings = "site_name: x\nsite_url: https://example.org/a/path/\ntheme:\n  name: mkdocs\n  highlightjs: false\n"
    project.write("mkdocs.yml", settings)
    for page in ("docs/index.md", "docs/deep/page.md"):
        project.paste(page, "mkdocs", *FILMS, text="# Films\n\n")
    project.call(sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", "a/path")
    seen(chromium, project, ["a/path/", "a/path/deep/page/"], dict.fromkeys(WITH_PLAYER, WITH_PLAYER["light"]))


def test_sphinx(project: Project, chromium: Any) -> None:
    """The moving pictures in a theme that is light alone and in any other; a book has the posters."""
    project.write("docs/conf.py", 'extensions = ["myst_parser"]\ncopyright = "x"\nversion = "1"\n')
    project.paste("docs/index.rst", "sphinx", "conv-light.mp4", text="Films\n=====\n\n.. toctree::\n\n   deep/page\n\n")
    project.paste("docs/deep/page.md", "myst", "conv-light.mp4", text="# Deep\n\n")
    build = (sys.executable, "-m", "sphinx", "-q", "-W", "-d", "trees")
    shown = both(kind="gif")
    for theme, expected in (("alabaster", dict.fromkeys(shown, shown["light"])), ("basic", shown)):
        project.call(*build, "-D", f"html_theme={theme}", "-b", "html", "docs", f"a/{theme}")
        seen(chromium, project, [f"a/{theme}/", f"a/{theme}/deep/page.html"], expected)
    project.call(*build, "-b", "epub", "docs", "book")
    with zipfile.ZipFile(next((project.folder / "book").glob("*.epub"))) as book:
        held = [Path(name).name for name in book.namelist() if name.startswith("_images/")]
        posters = [re.findall(r'<img [^>]*src="[^"]*?([^/"]+)"', book.read(name).decode())
                   for name in ("index.xhtml", "deep/page.xhtml")]  # fmt: skip
    assert (held, posters) == (["conv-light.png"], [["conv-light.png"]] * 2)


def test_notebook(project: Project, chromium: Any) -> None:
    """Cells of code, run and converted, and their films gone."""
    films = ("my films/conv-light.mp4", "my films/soft.html")
    cells = [nbformat.v4.new_code_cell(project.run("embed", film, "--for", "notebook")) for film in films]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), project.folder / "films.ipynb")
    project.call(sys.executable, "-m", "nbconvert", "--execute", "--to", "html", "--template", "basic", "films.ipynb")
    shutil.rmtree(project.folder / "my films")
    text = (project.folder / "films.html").read_text()
    (project.folder / "films.html").write_text(LAYOUT.format(text))
    shown = look(chromium, (project.folder / "films.html").as_uri(), project.folder / "page-films.png")
    assert [size for _, *size in shown] == [[WIDE, HIGH], [WIDE, 0]]


def test_package_index(project: Project, chromium: Any) -> None:
    """What a package index leaves of a README, with the films on the web; here its address is this machine's."""
    renderer = pytest.importorskip("readme_renderer.markdown")
    shutil.copytree(project.folder / "my films", project.folder / "web/films")
    made = project.run(
        "embed", "my films/conv-light.mp4", "--for", "pypi", "--base", "https://example.org/films", "--bare"
    )
    shown = renderer.render(made, variant="GFM").replace("https://example.org/", "")
    project.write("web/page.html", LAYOUT.format(shown))
    still = {ground: [["conv-light.gif", WIDE, HIGH]] for ground in ("light", "dark")}
    seen(chromium, project, ["web/page.html"], still)
    assert 'href="films/conv-light.mp4"' in shown
