"""Snippets: the right files, sizes and words for each program, where it looks for them, and kept current."""

from __future__ import annotations

import json
import re
import resource
import shutil
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import layeranim as la
from layeranim.embed.targets import SHORTCODE, TARGETS

TINY = {"steps": "first:1", "pace": "fast", "size": "128x72", "fps": 5}
SITES = {
    "sphinx": ("conf.py", "", "source/page.rst", "source"), "myst": ("conf.py", "", "source/page.md", "source"),
    "mkdocs": ("mkdocs.yml", "site_name: x\n", "docs/page.md", ""), "hugo": ("hugo.toml", "", "content/page.md", ""),
    "jekyll": ("_config.yml", "", "page.md", ""), "docusaurus": ("docusaurus.config.ts", "", "docs/page.md", ""),
    "vitepress": (".vitepress/config.mts", "", "deep/page.md", ""),
}  # fmt: skip
"""Of each site the file that marks it, what is in it, a page, and the folder of that file."""


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film in both themes, as GIF and MP4 with its words beside it; another as GIF alone."""
    folder = tmp_path_factory.mktemp("films")
    for theme in ("light", "dark"):
        to = [str(folder / f"x-{theme}.gif"), str(folder / f"x-{theme}.mp4")]
        la.render("conv", output=to, theme=theme, captions=False, **TINY)
    la.render("conv", output=str(folder / "long.gif"), size="128x72", fps=2, title='a "b" <c> & *d*')
    return folder


@pytest.fixture
def place(films: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with these films in ``films``, where the test works."""
    for folder in ("films", ".vitepress", "site/.vitepress"):
        (tmp_path / folder).mkdir(parents=True)
    for file in films.iterdir():
        (tmp_path / "films" / file.name).write_bytes(file.read_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


class Markup(HTMLParser):
    """Tags that open and close in order; the addresses and the attributes in them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str]]] = []
        self.feed(text)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        self.found.append((tag, {name: value or "" for name, value in attrs}))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def of(self, tag: str) -> list[dict[str, str]]:
        return [attrs for name, attrs in self.found if name == tag]

    def addresses(self) -> Iterator[str]:
        for _, attrs in self.found:
            yield from (attrs[name] for name in ("src", "href", "poster", "srcset") if name in attrs)


def told(call: Any, *words: str) -> str:
    done = call("embed", *words)
    assert done.code == 0, done
    return str(done.out)


@pytest.mark.parametrize("target", ["html", "reveal", "github"])
def test_html_is_well_formed_and_names_files_that_are_there(call: Any, place: Path, target: str) -> None:
    markup = Markup(told(call, "films/x-light.gif", "--for", target))
    alt = " ".join(json.loads((place / "films/x-light.json").read_text())["alt"].split())
    assert list(markup.addresses())
    assert all((place / address).is_file() for address in markup.addresses())
    assert {attrs.get("alt", alt) for _, attrs in markup.found} == {alt}
    for attrs in (*markup.of("video"), *markup.of("img")):
        assert (attrs["width"], attrs["height"]) == ("128", "72")


def test_a_video_has_controls_a_poster_captions_and_never_starts(call: Any, place: Path) -> None:
    markup = Markup(told(call, "films/x-light.mp4", "--for", "html", "--caption", "one & two"))
    light, dark = markup.of("video")
    assert light["controls"] == "controls"
    assert "autoplay" not in light
    assert [light["poster"], dark["poster"]] == ["films/x-light.png", "films/x-dark.png"]
    assert [track["src"] for track in markup.of("track")] == ["films/x-light.vtt", "films/x-dark.vtt"]
    assert "default" not in markup.of("track")[0]


def test_markdown_leaves_a_block_of_html_alone(call: Any, place: Path) -> None:
    """A block that begins with <figure> lasts until a blank line: there is none in it."""
    inner = told(call, "films/x-light.gif", "--for", "html", "--bare")
    assert inner.startswith("<figure>\n")
    assert "\n\n" not in inner


def test_a_picture_stands_still_for_who_wants_no_motion_and_follows_the_page(call: Any, place: Path) -> None:
    markup = Markup(told(call, "films/x-dark.gif", "--for", "github"))
    medias = [(attrs["media"], attrs["srcset"]) for attrs in markup.of("source")]
    assert medias == [
        ("(prefers-reduced-motion: reduce) and (prefers-color-scheme: dark)", "films/x-dark.png"),
        ("(prefers-reduced-motion: reduce)", "films/x-light.png"),
        ("(prefers-color-scheme: dark)", "films/x-dark.gif"),
    ]
    assert markup.of("img")[0]["src"] == "films/x-light.gif"
    assert markup.of("a")[0]["href"] == "films/x-light.mp4"


def test_a_package_index_gets_absolute_addresses(call: Any, place: Path) -> None:
    done = call("embed", "films/x-light.gif", "--for", "pypi")
    assert done.code == 2
    assert "--base" in done.err
    markup = Markup(told(call, "films/x-light.gif", "--for", "pypi", "--base", "https://example.org/a/"))
    assert set(markup.addresses()) == {"https://example.org/a/x-light.gif", "https://example.org/a/x-light.mp4"}
    for wrong in ("example.org", 'https://x"y', "javascript:x"):
        assert call("embed", "films/x-light.gif", "--for", "pypi", "--base", wrong).code == 2


@pytest.mark.parametrize("target", SITES)
def test_films_outside_a_site_are_copied_where_it_serves_them(call: Any, place: Path, target: str) -> None:
    mark, text, page, folder = SITES[target]
    (place / "site" / folder).mkdir(parents=True, exist_ok=True)
    (place / "site" / folder / mark).write_text(text)
    snippet = told(call, "films/x-light.gif", "--for", target, "--page", f"site/{page}")
    held = {p.relative_to(place / "site").as_posix() for p in (place / "site").rglob("x-light.*")}
    top = {"sphinx": "source/films", "myst": "source/films", "mkdocs": "docs/films", "hugo": "static/films",
           "jekyll": "assets/films", "docusaurus": "static/films", "vitepress": "public/films"}[target]  # fmt: skip
    assert {f"{top}/x-light.gif", f"{top}/x-light.png", f"{top}/x-light.json"} <= held
    seen = {
        "sphinx": "films/x-light.gif",
        "myst": "films/x-light.gif",
        "mkdocs": "../films/x-light.mp4",
        "hugo": "/films/x-light.gif",
        "jekyll": "{{ '/assets/films/x-light.mp4' | relative_url }}",
        "docusaurus": 'src="${require("@docusaurus/useBaseUrl").default("/films/x-light.mp4")}"',
        "vitepress": ":src=\"'../films/x-light.mp4'\"",
    }[target]
    assert seen in snippet
    assert told(call, "films/x-light.gif", "--for", target, "--page", f"site/{page}") == snippet


def test_somebodys_file_in_the_way_of_a_copy_stays(call: Any, place: Path) -> None:
    (place / "docs/films").mkdir(parents=True)
    (place / "mkdocs.yml").write_text("site_name: x\n")
    (place / "docs/films/x-light.gif").write_bytes(b"mine")
    done = call("embed", "films/x-light.gif", "--for", "mkdocs", "--page", "docs/a.md")
    assert done.code == 2
    assert "docs/films/x-light.gif is not a film of ours" in done.err
    assert [p.name for p in (place / "docs/films").iterdir()] == ["x-light.gif"]
    assert (place / "docs/films/x-light.gif").read_bytes() == b"mine"


def test_a_newer_film_replaces_its_older_copy(call: Any, place: Path) -> None:
    (place / "mkdocs.yml").write_text("site_name: x\n")
    told(call, "films/x-light.gif", "--for", "mkdocs", "--page", "docs/a.md")
    la.render("conv", output=[str(place / "films/x-light.gif"), str(place / "films/x-light.mp4")], stride=2, **TINY)
    told(call, "films/x-light.gif", "--for", "mkdocs", "--page", "docs/a.md")
    assert (place / "docs/films/x-light.gif").read_bytes() == (place / "films/x-light.gif").read_bytes()


@pytest.mark.parametrize(
    ("page", "settings", "seen"),
    [
        ("a.md", "", "../films"), ("index.md", "", "films"), ("b/README.md", "", "../films"),
        ("b/c.md", "", "../../films"), ("a.md", "use_directory_urls: false\n", "films"),
        ("b/c.md", "use_directory_urls: no # so\n", "../films"),
    ],
)  # fmt: skip
def test_mkdocs_pages_have_folders_of_their_own(call: Any, place: Path, page: str, settings: str, seen: str) -> None:
    (place / "mkdocs.yml").write_text(f"site_name: x\n{settings}")
    (place / "docs").mkdir()
    (place / "films").rename(place / "docs/films")
    markup = Markup(told(call, "docs/films/x-light.gif", "--for", "mkdocs", "--page", f"docs/{page}"))
    assert markup.of("video")[0]["poster"] == f"{seen}/x-light.png"


def test_a_page_of_hugo_with_a_folder_of_its_own_has_no_film_in_it(call: Any, place: Path) -> None:
    """Hugo takes a player there for another page of the site."""
    (place / "hugo.toml").write_text("")
    (place / "content/post").mkdir(parents=True)
    (place / "films").rename(place / "content/post/films")
    snippet = told(call, "content/post/films/x-light.gif", "--for", "hugo", "--page", "content/post/index.md")
    assert 'src="/films/x-light.mp4"' in snippet
    assert (place / "static/films/x-light.mp4").is_file()


def test_a_site_of_hugo_gets_the_shortcode_and_keeps_its_own(call: Any, place: Path) -> None:
    (place / "config/_default").mkdir(parents=True)
    (place / "config/_default/hugo.toml").write_text("")
    words = ("films/x-light.gif", "--for", "hugo", "--page", "content/page.md")
    (place / "content").mkdir()
    (place / "content/page.md").write_text(told(call, *words))
    shortcode = place / "layouts/shortcodes/layeranim.html"
    assert shortcode.read_bytes() == SHORTCODE.read_bytes()
    older = "{{- /* Written by layeranim embed, long ago */ -}}\n"
    shortcode.write_text(older)
    assert call("embed", "--update", "content/page.md", "--check").code == 1
    assert call("embed", "--update", "content/page.md").code == 0
    assert shortcode.read_bytes() == SHORTCODE.read_bytes()
    shortcode.write_text("mine")
    done = call("embed", *words)
    assert (done.code, shortcode.read_text()) == (2, "mine")
    assert "layeranim.html is not a film of ours" in done.err


@pytest.mark.parametrize("folder", ["_posts", "docs/_drafts", ".films"])
def test_jekyll_gets_films_from_folders_that_it_leaves_out(call: Any, place: Path, folder: str) -> None:
    (place / "_config.yml").write_text("")
    (place / folder).parent.mkdir(exist_ok=True)
    (place / "films").rename(place / folder)
    snippet = told(call, f"{folder}/x-light.gif", "--for", "jekyll", "--page", "_posts/2026-01-02-a.md")
    assert "'/assets/films/x-light.mp4'" in snippet
    assert (place / "assets/films/x-light.mp4").is_file()


def test_mdx_gets_text_that_holds_no_program(call: Any, place: Path) -> None:
    (place / "docusaurus.config.js").write_text("")
    words = ("--for", "docusaurus", "--page", "a.mdx", "--caption", "`${x}` \\n */")
    opened, *made, closed = told(call, "films/x-light.mp4", *words).splitlines()
    assert "*/" not in opened.removesuffix("*/}")
    assert "<figcaption>&#96;$&#123;x}&#96; &#92;n */</figcaption>" in made
    assert ("\n".join(made).count("`"), closed) == (2, "{/* layeranim end */}")


def test_the_style_of_a_page_of_vitepress_stands_apart(call: Any, place: Path) -> None:
    """Within the page Vue takes it away from readers who come from another page."""
    (place / ".vitepress/config.js").write_text("")
    made = told(call, "films/x-light.mp4", "--for", "vitepress", "--page", "index.md", "--bare")
    style, figure = made.split("\n\n")
    assert style.startswith("<style>")
    assert style.endswith("</style>")
    assert figure.startswith("<figure>\n<video ")


@pytest.mark.parametrize("target", ["html", "hugo", "jekyll", "mkdocs", "docusaurus"])
def test_words_are_no_template(call: Any, place: Path, target: str) -> None:
    mark, text, page, _ = SITES.get(target, ("none", "", "page.txt", ""))
    (place / mark).write_text(text)
    made = told(
        call, "films/x-light.mp4", "--for", target, "--page", page, "--caption", "{{ site.x }} {% x %}", "--bare"
    )
    assert "<figcaption>&#123;{ site.x }} &#123;% x %}</figcaption>".replace("{ ", "&#123; ") in made


def test_latex_gets_signs_that_any_engine_sets(call: Any, place: Path) -> None:
    made = told(call, "films/x-light.mp4", "--for", "latex", "--caption", 'σ(x) < 2×3 | "a" − ²')
    assert (
        r"\caption{\ensuremath{\sigma}(x) \ensuremath{<} 2\ensuremath{\times}3 \ensuremath{|} ''a'' "
        r"\ensuremath{-} \ensuremath{^2}}" in made
    )


def test_a_book_of_sphinx_gets_the_poster(call: Any, place: Path) -> None:
    """Sphinx calls a book of EPUB HTML, too."""
    (place / "conf.py").write_text("")
    made = told(call, "films/x-light.gif", "--for", "sphinx", "--page", "index.rst")
    web, other = made.split(".. only:: epub or not html\n")
    assert ".. only:: html and not epub\n" in web
    assert re.findall(r"x-\w+\.\w+$", other, re.M) == ["x-light.png"]


def test_check_tells_of_a_copy_that_is_behind(call: Any, place: Path) -> None:
    (place / "mkdocs.yml").write_text("site_name: x\n")
    (place / "docs").mkdir()
    (place / "docs/a.md").write_text(told(call, "films/x-light.gif", "--for", "mkdocs", "--page", "docs/a.md"))
    assert call("embed", "--update", "docs/a.md", "--check").code == 0
    for theme in ("light", "dark"):
        to = [str(place / f"films/x-{theme}.{kind}") for kind in ("gif", "mp4")]
        la.render("conv", output=to, theme=theme, captions=False, **{**TINY, "fps": 4})
    done = call("embed", "--update", "docs/a.md", "--check")
    assert (done.code, done.out) == (1, "docs/a.md\n")


@pytest.mark.parametrize("target", [name for name in TARGETS if name not in ("pypi", "notebook")])
def test_update_keeps_a_page_current_and_check_tells(call: Any, place: Path, target: str) -> None:
    mark, text, page, folder = SITES.get(target, ("none", "", "page.txt", ""))
    (place / folder / mark).parent.mkdir(parents=True, exist_ok=True)
    (place / folder / mark).write_text(text)
    (place / page).parent.mkdir(parents=True, exist_ok=True)
    snippet = told(
        call, "films/x-light.gif", "--for", target, "--page", page, "--caption", 'it\'s "x"', "--width", "100"
    )
    before = f"Words.\n\n{snippet}\nMore words, cœur.\n"
    (place / page).write_text(before)
    assert call("embed", "--update", page, "--check").code == 0
    (place / page).write_text(before.replace("100", "99").replace("width=99 ", "width=100 "))
    if (place / page).read_text() != before:
        stale = call("embed", "--update", page, "--check")
        assert (stale.code, stale.out) == (1, f"{page}\n")
    told(call, "--update", page)
    assert (place / page).read_text() == before


def test_update_refuses_pages_without_snippets_and_comments_that_are_not_ours(call: Any, place: Path) -> None:
    (place / "none.md").write_text("Words.\n")
    odd = "<!-- layeranim embed films/x-light.gif for=html run=rm -->\nx\n<!-- layeranim end -->\n"
    (place / "odd.md").write_text(odd)
    (place / "gone.md").write_text("<!-- layeranim embed films/z.gif for=html -->\nx\n<!-- layeranim end -->\n")
    (place / "bytes.md").write_bytes(b"\xff\xfe")
    for name, said in {
        "none.md": "has no snippet of ours", "odd.md": "is none of ours", "gone.md": "is no film of ours",
        "bytes.md": "is not UTF-8", "lost.md": "there is no lost.md", "a.ipynb": "there is no a.ipynb",
    }.items():  # fmt: skip
        done = call("embed", "--update", name)
        assert done.code == 2, name
        assert said in done.err
    assert (place / "odd.md").read_text() == odd


def test_a_notebook_gets_python_and_is_never_written(call: Any, place: Path) -> None:
    """The film that is named, whatever its twin; none moves in a cell before it is opened, and none is warned of."""
    for film, shown in {"films/x-dark.gif": "films/x-dark.mp4", "films/long.gif": "films/long.gif"}.items():
        done = call("embed", film, "--for", "notebook")
        assert (done.code, done.out, done.err) == (0, f'import layeranim as la\n\nla.load_film("{shown}")\n', "")
    assert '"../films/long.gif"' in told(call, "films/long.gif", "--for", "notebook", "--page", "books/a.ipynb")
    before = '{"cells": ["<!-- layeranim embed films/long.gif for=html -->"]}'
    (place / "a.ipynb").write_text(before)
    (place / "a.md").write_text("<!-- layeranim embed films/long.gif for=notebook -->\nx\n<!-- layeranim end -->\n")
    for words, said in (
        (("--update", "a.ipynb"), "nothing is to be updated"),
        (("--update", "a.md"), "is none of ours"),
        (("films/long.gif", "--for", "notebook", "--width", "100"), "leave out width, caption and base"),
    ):
        done = call("embed", *words)
        assert done.code == 2, words
        assert said in done.err
    assert (place / "a.ipynb").read_text() == before


def test_what_cannot_be_shown_is_refused_in_a_line(call: Any, place: Path) -> None:
    (place / "cat.gif").write_bytes(b"GIF89a")
    for kind in ("gif", "png"):
        (place / f"films/50%.{kind}").write_bytes((place / f"films/x-light.{kind}").read_bytes())
    (place / "films/50%.json").write_text((place / "films/x-light.json").read_text().replace("x-light.", "50%."))
    for words, said in (
        (("cat.gif", "--for", "html"), "is no film of ours"),
        (("films/x-light.gif", "--for", "htm"), "did you mean html"),
        (("films/x-light.gif",), "--for TARGET"),
        (("films/x-light.gif", "--for", "mkdocs"), "--page"),
        (("films/x-light.gif", "--for", "mkdocs", "--page", "a.md"), "lies in no site of mkdocs"),
        (("films/x-light.gif", "--for", "html", "--width", "3"), "must be 16 to 8192"),
        (("films/x-light.gif", "--for", "html", "--page", "films"), "films is a folder"),
        (("films/50%.gif", "--for", "latex"), "no file whose path has %"),
        (("films/x-light.gif", "--for", "html", "--check"), "--check goes with --update"),
        (("films/x-light.gif", "--update", "a.md"), "leave them out"),
    ):
        done = call("embed", *words)
        assert done.code == 2, words
        assert said in done.err, (words, done.err)
        assert len(done.err.splitlines()) == 1


@pytest.fixture(scope="module")
def players(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film in both themes, as a player and as MP4; another as a player alone, and a GIF."""
    folder = tmp_path_factory.mktemp("players")
    for theme in ("light", "dark"):
        to = [str(folder / f"x-{theme}.html"), str(folder / f"x-{theme}.mp4")]
        la.render("conv", output=to, theme=theme, **TINY)
    la.render("conv", output=[str(folder / "y.html"), str(folder / "y.gif")], size="128x72", fps=2)
    return folder


def test_a_player_is_a_page_within_the_page(call: Any, players: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the player is named, or nothing else has controls; each ground its own."""
    monkeypatch.chdir(players)
    markup = Markup(told(call, "x-light.html", "--for", "html", "--width", "120"))
    assert [(one["src"], one["class"]) for one in markup.of("iframe")] == [
        ("x-light.html", "layeranim-light"), ("x-dark.html", "layeranim-dark"),
    ]  # fmt: skip
    for one in markup.of("iframe"):
        assert one["title"].startswith("Animation, ")
        assert one["loading"] == "lazy"
        assert f"min(100vw, 120px) * {68 / 120:.4f} + " in one["style"]
    assert not markup.of("video")
    assert Markup(told(call, "x-light.mp4", "--for", "html")).of("video")
    done = call("embed", "y.gif", "--for", "html")
    assert Markup(done.out).of("iframe")[0]["src"] == "y.html"
    assert "cannot be paused" not in done.err


def test_where_no_player_goes_a_picture_leads_to_it(call: Any, players: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(players)
    assert "](<y.gif>)](<y.html>)\n\n*Convolution*\n" in told(call, "y.gif", "--for", "markdown", "--bare")
    for target, link in {"rst": ":target: y.html", "latex": "run:y.html"}.items():
        assert link in told(call, "y.html", "--for", target), target


def test_a_long_film_without_controls_is_warned_about(call: Any, place: Path) -> None:
    done = call("embed", "films/long.gif", "--for", "html")
    assert "cannot be paused" in done.err
    assert "MP4" in done.err
    assert "cannot be paused" not in call("embed", "films/x-light.gif", "--for", "html").err


@pytest.mark.parametrize("target", [name for name in TARGETS if name not in ("hugo", "jekyll")])
def test_a_picture_that_nobody_can_pause_is_warned_about_whatever_it_leads_to(
    call: Any, place: Path, target: str
) -> None:
    mark, text, page, _ = SITES.get(target, ("none", "", "page.txt", ""))
    (place / "source").mkdir()
    (place / mark).write_text(text)
    base = ("--base", "https://example.org") if target == "pypi" else ()
    done = call("embed", "films/x-light.mp4", "--for", target, "--page", page, *base)
    alone = {"markdown": "poster", "github": "poster", "pypi": "poster", "rst": "poster", "sphinx": "directive",
             "myst": "directive"}.get(target)  # fmt: skip
    assert done.err.count("cannot be paused") == len(set(re.findall(r"x-\w+\.gif", done.out)))
    assert ("cannot be paused" in done.err) == bool(alone)
    assert (alone or "") in done.err


@pytest.mark.parametrize("target", ["html", "rst", "markdown", "latex", "pptx", "quarto", "typst"])
def test_titles_are_quoted_as_each_program_wants_it(call: Any, place: Path, target: str) -> None:
    snippet = told(call, "films/long.gif", "--for", target, "--bare")
    wanted = {
        "html": "<figcaption>a &quot;b&quot; &lt;c&gt; &amp; *d*</figcaption>", "rst": 'a "b" <c> & \\*d\\*',
        "markdown": 'a "b" \\<c> & \\*d\\*', "latex": r"a ''b'' \ensuremath{<}c\ensuremath{>} \& *d*",
        "pptx": '24 seconds. a "b" <c',  # in its alt text, which is spoken
        "quarto": 'a "b" \\<c> & \\*d\\*', "typst": 'caption: "a \\"b\\" <c> & *d*"',
    }  # fmt: skip
    assert wanted[target] in snippet
    if target == "pptx":
        compile(snippet, "snippet", "exec")


MANIFEST = """version = 1
output = "films"
formats = ["gif", "mp4"]
themes = ["light", "dark"]
[defaults]
captions = false
[[asset]]
id = "x"
explainer = "conv"
[[asset]]
id = "y"
explainer = "conv"
themes = ["light"]
"""


def test_an_asset_of_the_manifest_is_a_film(call: Any, place: Path) -> None:
    (place / "layeranim.toml").write_text(MANIFEST + '[[asset]]\nid = "x.2"\nexplainer = "conv"\n')
    assert "error: x.2-light, x.2-dark of layeranim.toml is not built yet" in call("embed", "x.2", "--for", "html").err
    (place / "x").mkdir()  # a folder is no film
    made = told(call, "x", "--for", "html")
    assert re.search(r'poster="films/x-dark\.png"', made)
    (place / "a.html").write_text(made)
    assert call("embed", "--update", "a.html", "--check").code == 0
    done = call("embed", "y", "--for", "html")
    assert done.code == 2
    assert "error: y of layeranim.toml is not built yet; layeranim build y makes it\n" in done.err


@pytest.mark.parametrize(
    "caption",
    ["1. First", "A. Name", "- dash", "# hash", ".. note:: x", ":field: x", "(1) one", "code::", "*a* _b_ `c` |d|",
     "C:\\path", '"quoted"', "3×3 cells", "two\n\nlines"],
)  # fmt: skip
def test_any_caption_and_words_are_plain_in_restructuredtext(call: Any, place: Path, caption: str) -> None:
    from docutils.core import publish_doctree

    told_of = place / "films/x-light.json"
    told_of.write_text(json.dumps({**json.loads(told_of.read_text()), "alt": "a *b* c_d"}))
    text = told(call, "films/x-light.gif", "--for", "rst", "--bare", "--caption", caption)
    (figure,) = publish_doctree(text, settings_overrides={"halt_level": 2})
    assert [part.astext() for part in figure[1:]] == [" ".join(caption.split())]
    assert figure[0][0]["alt"] == "a *b* c_d"


@pytest.mark.parametrize("order", [("brand", "night"), ("night", "brand")])
def test_an_asset_in_colours_of_ones_own_has_both_grounds(call: Any, place: Path, order: tuple[str, str]) -> None:
    for name, ground in {"brand": "light", "night": "dark"}.items():
        (place / f"{name}.toml").write_text(f'base = "{ground}"\n')
        for file in place.glob(f"films/x-{ground}.*"):
            file.rename(file.with_name(file.name.replace(ground, name)))
        told_of = place / f"films/x-{name}.json"
        told_of.write_text(told_of.read_text().replace(f"x-{ground}.", f"x-{name}."))
    files = ", ".join(f'"{name}.toml"' for name in order)
    (place / "layeranim.toml").write_text(MANIFEST.replace('"light", "dark"', files))
    made = told(call, "x", "--for", "html")
    assert [(one["class"], one["poster"]) for one in Markup(made).of("video")] == [
        ("layeranim-light", "films/x-brand.png"), ("layeranim-dark", "films/x-night.png"),
    ]  # fmt: skip
    (place / "a.html").write_text(made)
    assert call("embed", "--update", "a.html", "--check").code == 0


def test_a_comment_survives_odd_names_and_words(call: Any, place: Path) -> None:
    (place / "a b--c").mkdir()
    for name in ("x-light.gif", "x-light.png", "x-light.json", "x-light.mp4", "x-light.vtt"):
        (place / "films" / name).rename(place / "a b--c" / name)
    snippet = told(call, "a b--c/x-light.gif", "--for", "html", "--caption", "50 % -- is --> it=<b>")
    opened = snippet.splitlines()[0]
    assert opened.startswith("<!-- ")
    assert "--" not in opened[4:-3]
    assert Markup(snippet).of("video")[0]["poster"] == "a%20b--c/x-light.png"
    (place / "page.html").write_text(snippet)
    assert call("embed", "--update", "page.html", "--check").code == 0


@pytest.mark.parametrize("target", ["markdown", "rst", "latex"])
def test_a_snippet_that_lost_its_end_takes_nothing_with_it(call: Any, place: Path, target: str) -> None:
    snippet = told(call, "films/x-light.gif", "--for", target)
    whole = snippet.removesuffix("\n").split("\n")
    cut = "\n".join([*whole[:-1], "Words of the user's.", "", *whole, ""])
    for name, text, said in (
        ("cut.md", f"One.\n{cut}", f"line {len(whole) + 3}"), ("last.md", f"One.\n{cut[: -len(whole[-1]) - 1]}", ""),
    ):  # fmt: skip
        (place / name).write_text(text)
        done = call("embed", "--update", name)
        assert (done.code, (place / name).read_text()) == (2, text)
        assert f"{name}:2: the comment layeranim end of this snippet is gone" in done.err
        assert said in done.err


def test_lines_end_as_they_did(call: Any, place: Path) -> None:
    snippet = told(call, "films/x-light.gif", "--for", "html")
    page = f"# layeranim embed in words\n- One.\n\n{snippet}\nTwo.\n".replace("\n", "\r\n  ").encode()
    (place / "a.html").write_bytes(page.replace(b"<figcaption>", b"<figcaption>Old "))
    told(call, "--update", "a.html")
    assert (place / "a.html").read_bytes().replace(b"  \r\n", b"\r\n") == page.replace(b"  \r\n", b"\r\n")


def test_a_full_disk_leaves_pages_and_copies_as_they_were(call: Any, place: Path) -> None:
    """A limit on the size of a file, which a page is over: what a disk without room does."""
    (place / "mkdocs.yml").write_text("site_name: x\n")
    (place / "docs").mkdir()
    snippet = told(call, "films/x-light.gif", "--for", "mkdocs", "--page", "docs/a.md")
    stale = (snippet.replace("<figcaption>", "<figcaption>Old ") + "word " * 50_000).encode()
    (place / "docs/a.md").write_bytes(stale)
    (place / "docs/films/x-light.gif").unlink()
    before = sorted(place.rglob("*"))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
    try:
        done = call("embed", "--update", "docs/a.md")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (done.code, sorted(place.rglob("*"))) == (4, before)
    assert (place / "docs/a.md").read_bytes() == stale
    (place / "docs/a.md").chmod(0o640)
    told(call, "--update", "docs/a.md")
    assert (place / "docs/films/x-light.gif").is_file()
    assert (place / "docs/a.md").stat().st_mode & 0o777 == 0o640


def test_pages_are_updated_together_or_not_at_all(call: Any, place: Path) -> None:
    snippet = told(call, "films/x-light.gif", "--for", "html")
    stale = snippet.replace("<figcaption>", "<figcaption>Old ")
    for name, text in {"a.html": stale, "b.html": snippet.replace("films/x-light", "films/z", 1)}.items():
        (place / name).write_text(text)
    done = call("embed", "--update", "a.html", "--update", "b.html")
    assert (done.code, done.out, (place / "a.html").read_text()) == (2, "", stale)
    assert "films/z.gif is no film of ours" in done.err


@pytest.mark.parametrize("at_once", [False, True])
def test_two_films_of_one_name_are_two_copies(call: Any, place: Path, at_once: bool) -> None:
    (place / "mkdocs.yml").write_text("site_name: x\n")
    (place / "docs").mkdir()
    shutil.copytree(place / "films", place / "b")
    for theme in ("light", "dark"):
        to = [str(place / f"b/x-{theme}.{kind}") for kind in ("gif", "mp4")]
        la.render("softmax", output=to, theme=theme, captions=False, **TINY)
    made = []
    for folder in ("films", "b"):
        made.append(told(call, f"{folder}/x-light.gif", "--for", "mkdocs", "--page", "docs/a.md"))
    if at_once:
        shutil.rmtree(place / "docs/films")
    (place / "docs/a.md").write_text("\n".join([made[0], made[1]]))
    told(call, "--update", "docs/a.md")
    assert call("embed", "--update", "docs/a.md", "--check").code == 0
    copies = [place / "docs" / one["src"][3:] for one in Markup((place / "docs/a.md").read_text()).of("source")]
    assert copies == [
        *(place / f"docs/films/x-{theme}.mp4" for theme in ("light", "dark")),
        *(copies[2].with_name(f"x-{theme}.mp4") for theme in ("light", "dark")),
    ]
    assert [copy.read_bytes() for copy in copies] == [
        (place / f"{folder}/x-{theme}.mp4").read_bytes() for folder in ("films", "b") for theme in ("light", "dark")
    ]


def test_a_film_of_the_site_is_not_taken_for_a_copy(call: Any, place: Path) -> None:
    (place / "mkdocs.yml").write_text("site_name: x\n")
    (place / "docs").mkdir()
    shutil.copytree(place / "films", place / "docs/films")
    before = (place / "docs/films/x-light.mp4").read_bytes()
    la.render("softmax", output=str(place / "films/x-light.mp4"), captions=False, **TINY)
    made = told(call, "films/x-light.mp4", "--for", "mkdocs", "--page", "docs/a.md", "--bare")
    assert "films/x-light.mp4" not in made
    assert (place / "docs/films/x-light.mp4").read_bytes() == before


@pytest.mark.parametrize(
    ("body", "system", "shown"),
    [
        ('data-md-color-scheme="slate"', "light", "dark"), ('data-md-color-scheme="default"', "dark", "light"),
        ('data-bs-theme="dark"', "light", "dark"), ('class="wy-body-for-nav"', "dark", "light"),
        ("", "dark", "dark"), ("", "light", "light"),
    ],
)  # fmt: skip
def test_pages_of_mkdocs_show_the_film_for_their_own_ground(
    call: Any, place: Path, chromium: Any, body: str, system: str, shown: str
) -> None:
    (place / "mkdocs.yml").write_text("site_name: x\n")
    for kind, seen in (("mp4", "video"), ("gif", "img")):
        if kind == "gif":
            for file in place.glob("films/*.mp4"):
                file.unlink()
        made = told(call, "films/x-light.gif", "--for", "mkdocs", "--page", "docs/index.md")
        page = chromium.new_page(color_scheme=system)
        page.set_content(f"<!doctype html><body {body}>{made}</body>")
        found = page.evaluate(
            f"[...document.querySelectorAll('figure {seen}')].filter(one => !one.closest('video > a'))"
            ".filter(one => one.checkVisibility()).map(one => one.outerHTML.match(/x-(light|dark)/)[1])"
        )
        assert found == [shown], kind
        page.close()


@pytest.mark.parametrize("ground", ["light", "dark"])
def test_one_ground_alone(call: Any, place: Path, ground: str) -> None:
    made = told(call, f"films/x-{ground}.mp4", "--for", "html", "--dark", "none")
    assert [one["poster"] for one in Markup(made).of("video")] == [f"films/x-{ground}.png"]
    assert "<style>" not in made
    (place / "a.html").write_text(made)
    assert call("embed", "--update", "a.html", "--check").code == 0


@pytest.mark.parametrize("target", [name for name in TARGETS if name != "notebook"])
def test_the_caption_stands_under_the_film(call: Any, place: Path, target: str) -> None:
    mark, text, page, _ = SITES.get(target, ("none", "", "page.txt", ""))
    (place / "source").mkdir()
    (place / mark).write_text(text)
    more = ("--base", "https://example.org") if target == "pypi" else ()
    words = ("films/x-light.mp4", "--for", target, "--page", page, "--bare", *more)
    if target != "pptx":  # a program that makes a slide: its film alone
        assert "Words of mine" in told(call, *words, "--caption", "Words of mine")
    assert "Words of mine" not in told(call, *words, "--caption", "")


def test_a_snippet_that_is_shown_as_code_stays(call: Any, place: Path) -> None:
    snippet = told(call, "films/x-light.gif", "--for", "html")
    old = snippet.replace("<figcaption>", "<figcaption>Old ")
    lines = "".join(f"    {line}\n" for line in old.splitlines())
    page = f"Words.\n\n```html\n{old}```\n\nAs code:\n\n{lines}\n~~~~{{code-block}} html\n```\n{old}~~~~\n\n"
    live = "- One:\n\n{1}\n````{{admonition}} One\n{0}```\n{2}```\n````\n\n{0}"
    (place / "a.md").write_text(page + live.format(old, lines, old))
    told(call, "--update", "a.md")
    held = "".join(f"    {line}\n" for line in snippet.splitlines())
    assert (place / "a.md").read_text() == page + live.format(snippet, held, old)
    (place / "a.md").write_text(page)
    assert "has no snippet of ours" in call("embed", "--update", "a.md").err
