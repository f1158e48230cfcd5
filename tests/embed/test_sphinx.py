"""Sites of Sphinx with films, built from nothing and looked at: HTML, EPUB, LaTeX, text; Markdown; galleries."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from PIL import Image

import layeranim as la
from layeranim.cli import main
from layeranim.embed.files import PAUSED
from tests.clocks import HANG
from tests.docs.snippets import ROOT
from tests.watching import LOADED

SMALL = ":size: 320x180\n   :fps: 5\n   :steps: first:1\n   :pace: fast"
MANIFEST = """version = 1
formats = ["gif", "mp4"]
themes = ["light", "dark"]
[defaults]
size = "320x180"
fps = 5
steps = "first:1"
pace = "fast"
[[asset]]
id = "an-asset"
explainer = "pool"
"""
INDEX = f"""Films
=====

.. toctree::

   sub/page

.. layeranim:: softmax
   :width: 240
   :name: the-film
   {SMALL}

.. layeranim:: an-asset
   :caption: Pooling & more

See :ref:`the film <the-film>`.
"""
PAGE = """# A page

```{layeranim} conv
:stride: 2
:theme: dark
:as: picture
:size: 320x180
:fps: 5
:steps: first:1
:pace: fast
:input: numbers.csv
```
"""


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The pages of a site, and a manifest whose films are not made yet."""
    folder = tmp_path / "docs"
    (folder / "sub").mkdir(parents=True)
    (tmp_path / "layeranim.toml").write_text(MANIFEST, encoding="utf-8")
    (folder / "conf.py").write_text(
        'extensions = ["layeranim.embed.sphinx", "myst_parser"]\nsuppress_warnings = ["layeranim.pause"]\n', "utf-8"
    )
    (folder / "index.rst").write_text(INDEX, encoding="utf-8")
    (folder / "sub" / "page.md").write_text(PAGE, encoding="utf-8")
    (folder / "sub" / "numbers.csv").write_text("1,2,3,4\n5,6,7,8\n9,1,2,3\n4,5,6,7\n", encoding="utf-8")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return folder


def sphinx(source: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """A build in a process of its own: Sphinx keeps what extensions register."""
    apart = (
        [] if "epub" in more else ["-d", str(source.parent / "trees")]
    )  # a book takes all that lies where it is made
    words = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", *apart, *more]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    return subprocess.run(words, cwd=source.parent, env=env, capture_output=True, text=True, timeout=HANG)


def site(source: Path, builder: str = "html", *more: str) -> Path:
    """The folder that a builder fills, without a warning."""
    out = source.parent / builder
    done = sphinx(source, "-b", builder, *more, str(source), str(out))
    assert (done.returncode, done.stderr) == (0, "")
    return out


class Films(HTMLParser):
    """The films of a page: every address in one, and the attributes of what shows it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.shown: list[dict[str, str | None]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag in ("video", "source", "img", "track", "iframe"):
            self.addresses += [found[key] or "" for key in ("src", "poster", "srcset") if key in found]
        if tag in ("video", "iframe") or (tag == "img" and "loading" not in found):
            self.shown.append(found)


def films(page: Path) -> Films:
    found = Films(page.read_text(encoding="utf-8"))
    assert found.addresses
    assert [one for one in found.addresses if not (page.parent / unquote(one)).is_file()] == []
    return found


def test_films_are_made_and_placed(source: Path, chromium: Any) -> None:
    out = site(source, "html", "-j", "2")
    index = films(out / "index.html")
    assert [one["class"] for one in index.shown] == ["layeranim-light", "layeranim-dark"] * 2
    assert [(one["width"], one["height"]) for one in index.shown] == [("240", "135")] * 2 + [("320", "180")] * 2
    assert all(one["aria-label"] for one in index.shown)
    text = (out / "index.html").read_text(encoding="utf-8")
    assert "<figcaption>Pooling &amp; more</figcaption>" in text
    assert 'href="#the-film"' in text
    (still,) = films(out / "sub" / "page.html").shown
    assert (still["src"] or "").endswith(".gif")
    assert (source.parent / "renders" / "an-asset-dark.mp4").is_file()
    for ground in ("light", "dark"):
        page = chromium.new_page(color_scheme=ground)
        page.goto((out / "index.html").as_uri())
        for shown in ("light", ground):  # Sphinx's default theme is light alone; others do as the reader's system asks
            seen = page.evaluate(
                "[...document.querySelectorAll('video')].map(one => [one.className, one.checkVisibility()])"
            )
            assert seen == [[f"layeranim-{one}", one == shown] for one in ("light", "dark")] * 2
            page.evaluate("document.querySelector('link[href*=alabaster]')?.remove()")
        page.wait_for_function(LOADED)
        page.evaluate("document.body.dataset.theme = 'dark'")  # the switch of a theme, which counts for more
        assert page.evaluate("document.querySelector('.layeranim-dark').checkVisibility()")
        assert not page.evaluate("document.querySelector('.layeranim-light').checkVisibility()")
        page.close()


def test_only_what_the_page_shows_is_copied(source: Path) -> None:
    """Beside an MP4 lie the same film as GIF and as a player, its words in a file that no page names."""
    settings = {"size": "128x72", "fps": 5, "steps": "first:1", "pace": "fast"}
    la.render("pool", output=[str(source / f"x.{kind}") for kind in ("mp4", "gif", "html")], **settings)
    (source / "sub/page.md").unlink()
    (source / "index.rst").write_text("Films\n=====\n\n.. layeranim:: x.mp4\n", encoding="utf-8")
    copied = {file.name for file in (site(source) / "_images").rglob("*") if file.is_file()}
    assert copied == {"x.mp4", "x.png"}


def test_what_takes_no_film_gets_its_poster_and_words(source: Path) -> None:
    (source / "conf.py").write_text((source / "conf.py").read_text() + 'copyright = "x"\nversion = "1"\n')
    done = sphinx(source, "-b", "epub", str(source), str(source.parent / "epub"))
    assert re.findall(r"unknown mimetype for (\S+),", done.stderr) == [  # Sphinx's own, and nothing else is said
        ".doctrees/environment.pickle", ".doctrees/index.doctree", ".doctrees/sub/page.doctree",
    ]  # fmt: skip
    assert done.stderr.count("\n") == 3
    with zipfile.ZipFile(next((source.parent / "epub").glob("*.epub"))) as book:
        held = [
            name for name in book.namelist() if not name.endswith((".xhtml", ".css", ".js", ".opf", ".ncx", ".xml"))
        ]
        assert sorted(re.sub(r"-.*(?=\.)", "", name) for name in held if "_static" not in name) == [
            "_images/an.png", "_images/conv.png", "_images/softmax.png", "mimetype",
        ]  # fmt: skip
        page = book.read("index.xhtml").decode()
        assert len(re.findall(r'<img alt="Animation[^"]+" src="_images/[^"]+\.png"', page)) == 2
    (tex,) = site(source, "latex").glob("*.tex")
    included = re.findall(r"includegraphics\[[^\]]*\]\{(.*?)\}\n", tex.read_text(encoding="utf-8"))
    assert len(included) == 3
    assert all((tex.parent / re.sub(r"[{}]", "", name)).is_file() for name in included)
    assert not list(tex.parent.glob("*.gif"))
    words = (site(source, "text") / "index.txt").read_text(encoding="utf-8")
    assert words.count("[image: Animation") == 2


def test_a_second_build_makes_nothing_and_a_change_makes_its_own(source: Path) -> None:
    folder = source.parent / "trees" / "layeranim"

    def made() -> dict[str, int]:
        return {file.name: file.stat().st_mtime_ns for file in folder.iterdir() if file.suffix in (".gif", ".mp4")}

    assert main(["build", "-q"]) == 0
    site(source)
    first, again = made(), ["conv", "conv", "softmax", "softmax"]
    assert sorted(re.sub("-.*", "", name) for name in first) == again
    site(source)
    assert made() == first
    (source / "sub" / "numbers.csv").write_text("1,2,3,4\n5,6,7,8\n9,1,2,3\n4,5,6,8\n", encoding="utf-8")
    site(source)
    second = made()
    assert [re.sub("-.*", "", name) for name in second.keys() - first.keys()] == ["conv", "conv"]
    assert first.items() <= second.items()
    (source / "conf.py").write_text((source / "conf.py").read_text() + 'layeranim_render = "always"\n')
    site(source)
    assert sorted(re.sub("-.*", "", n) for n, at in made().items() if second.get(n) != at) == again
    shutil.rmtree(folder)
    (source / "conf.py").write_text((source / "conf.py").read_text().replace("always", "never"))
    assert said(source) == [
        "index.rst:8: softmax is not rendered yet, and layeranim_render is never",
        "sub/page.md:3: conv is not rendered yet, and layeranim_render is never",
    ]


def test_a_film_that_nobody_can_pause_waits_until_it_is_opened(source: Path, chromium: Any) -> None:
    """WCAG 2.2.2; where the page asks for a picture, it is warned of."""
    film = la.render("softmax", output=str(source / "film.gif"), size="160x90", fps=1)
    assert film.seconds > PAUSED
    (source / "conf.py").write_text((source / "conf.py").read_text().replace('["layeranim.pause"]', "[]"))
    (source / "sub" / "page.md").unlink()
    (source / "index.rst").write_text(
        "Films\n=====\n\n.. layeranim:: film.gif\n\n.. layeranim:: film.gif\n   :as: picture\n", encoding="utf-8"
    )
    done = sphinx(source, str(source), str(source.parent / "html"))
    (warning,) = done.stderr.splitlines()
    assert "index.rst:6: WARNING: layeranim: film.gif moves for" in warning
    page = chromium.new_page()
    page.goto((source.parent / "html" / "index.html").as_uri())
    moving, details = page.locator("figure img[src$='.gif']"), page.locator("details")
    assert [one.is_visible() for one in moving.all()] == [False, True]
    poster = page.locator("summary img").bounding_box()
    details.locator("summary").press("Enter")
    moving.first.wait_for()
    assert moving.first.bounding_box()["height"] == poster["height"] == 90
    details.locator("summary").press("Enter")
    moving.first.wait_for(state="hidden")
    page.close()


def said(source: Path) -> list[str]:
    """What is said of a site that cannot be built."""
    done = sphinx(source, "-E", str(source), str(source.parent / "html"))
    assert done.returncode == 1
    place = re.escape(str(source))
    found = (
        re.match(rf"{place}/(\S+?): ERROR: layeranim: (.*?) \[docutils\]", line) for line in done.stderr.splitlines()
    )
    return [f"{match[1]}: {match[2]}" for match in found if match]


@pytest.mark.parametrize(
    ("directive", "line"),
    [
        ("softmax\n   :temprature: 2", "unknown option temprature (did you mean temperature?) of softmax"),
        ("an-aset", "layeranim.toml has no asset 'an-aset' (did you mean an-asset?); it has an-asset"),
        ("an-asset\n   :stride: 2", "an-asset is an asset of layeranim.toml, where the option stride belongs"),
        ("gone.gif", "is no film of ours"),
        ("softmax\n   :as: vidoe", "as is 'vidoe' (did you mean video?); it must be one of video, picture, player"),
        ("softmax\n   :width: wide", "width is 'wide', but must be 16 to 8192 pixels"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(source: Path, directive: str, line: str) -> None:
    (source / "index.rst").write_text(f"Films\n=====\n\n.. layeranim:: {directive}\n", encoding="utf-8")
    (source / "sub" / "page.md").unlink()
    (found,) = said(source)
    assert found.startswith("index.rst:4: ")
    assert line in found


EXAMPLE = '''"""
A film
======
"""
import layeranim as la

film = la.render("softmax", output="x.gif", size="160x90", fps=5, steps="first:1", pace="fast")

# %%
# Nothing new.
again = film
'''


def test_examples_of_a_gallery_show_the_films_that_they_make(source: Path) -> None:
    (source / "examples").mkdir()
    (source / "examples" / "README.rst").write_text("Examples\n========\n", encoding="utf-8")
    (source / "examples" / "plot_film.py").write_text(EXAMPLE, encoding="utf-8")
    (source / "conf.py").write_text(
        'extensions = ["sphinx_gallery.gen_gallery"]\nsuppress_warnings = ["toc.not_included"]\n'
        'sphinx_gallery_conf = {"examples_dirs": "examples", '
        '"gallery_dirs": "made", "image_scrapers": ["layeranim.embed.gallery.scraper"], "download_all_examples": False,'
        '"show_memory": False, "reset_modules": ()}\n', encoding="utf-8",
    )  # fmt: skip
    (source / "index.rst").write_text("Films\n=====\n\n.. toctree::\n\n   made/index\n", encoding="utf-8")
    (source / "sub" / "page.md").unlink()
    page = site(source) / "made" / "plot_film.html"
    shown = [one for one in films(page).shown if (one.get("src") or "").endswith(".gif")]
    assert len(shown) == 1
    assert (shown[0]["alt"] or "").startswith("Animation")


def test_files_of_one_name_stand_side_by_side(source: Path) -> None:
    """Two films from two folders, and a picture of the user's, all of one name."""
    settings = {"size": "128x72", "fps": 5, "steps": "first:1", "pace": "fast"}
    for folder, explainer in {"a": "pool", "b": "softmax"}.items():
        (source / folder).mkdir()
        la.render(explainer, output=str(source / folder / "x.mp4"), **settings)
    (source / "img").mkdir()
    Image.new("RGB", (3, 3)).save(source / "img/x.png")
    (source / "sub/page.md").unlink()
    (source / "index.rst").write_text(
        "Films\n=====\n\n.. layeranim:: a/x.mp4\n\n.. layeranim:: b/x.mp4\n\n.. image:: img/x.png\n", "utf-8"
    )
    web = site(source)
    found = Films((web / "index.html").read_text(encoding="utf-8"))
    films = [web / one for one in found.addresses if one.endswith(".mp4")]
    assert [film.read_bytes() for film in films] == [(source / f"{one}/x.mp4").read_bytes() for one in "ab"]
    posters = [web / str(one["poster"]) for one in found.shown if "poster" in one]
    assert [poster.read_bytes() for poster in posters] == [(source / f"{one}/x.png").read_bytes() for one in "ab"]
    assert (web / found.addresses[-1]).read_bytes() == (source / "img/x.png").read_bytes()


def test_a_picture_that_nobody_can_pause_is_warned_about(source: Path) -> None:
    (source / "conf.py").write_text((source / "conf.py").read_text().replace('["layeranim.pause"]', "[]"))
    (source / "index.rst").unlink()
    (source / "sub/page.md").rename(source / "index.md")
    (source / "sub/numbers.csv").rename(source / "numbers.csv")
    done = sphinx(source, str(source), str(source.parent / "html"))
    assert done.returncode == 1
    assert re.search(r"index.md:3: WARNING: layeranim: conv-\w+-picture.gif moves for \d+ s and cannot be paused, .*; "
                     r"as: video gives readers controls \[layeranim.pause\]", done.stderr)  # fmt: skip
