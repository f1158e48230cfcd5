"""Sites of MkDocs with films, built from nothing, served below a path of their own and looked at."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from layeranim.embed.files import FilmFiles, Pair
from layeranim.embed.mkdocs import fences, pictures
from layeranim.embed.shelf import Shelf
from layeranim.embed.snippets import Figure, block, waiting
from layeranim.errors import ManifestError, UsageError
from tests.clocks import HANG
from tests.docs.snippets import ROOT, sections
from tests.embed.test_sphinx import MANIFEST, films
from tests.serving import served
from tests.watching import LOADED

WAIT = 30_000
"""Milliseconds after which a browser is taken to hang."""
SMALL = MANIFEST.replace("320x180", "160x90").replace("fps = 5", "fps = 2")
INDEX = """---
title: Films
---
# Films

```layeranim an-asset
width: 128
caption: Pooling & more
name: the-film
```

1.  In a list:

    ```layeranim an-asset
    as: picture
    ```

    and on.

````markdown
```layeranim an-asset
```
````
"""
PAGE = """# Deeper

~~~layeranim an-asset
~~~

~~~layeranim conv
stride: 2
theme: dark
size: 160x90
fps: 2
steps: first:1
pace: fast
input: numbers.csv
~~~
"""
THEMES = {
    "mkdocs": "theme:\n  name: mkdocs\n  highlightjs: false\n",
    "material": "theme:\n  name: material\n  font: false\nuse_directory_urls: false\n"
    "markdown_extensions: [pymdownx.superfences]\n",
}
DARK = {"mkdocs": "document.documentElement.dataset.bsTheme = 'dark'",
        "material": "document.body.dataset.mdColorScheme = 'slate'"}  # fmt: skip
"""What the switch of a theme does."""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Pages, and a manifest whose films the first site makes."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "docs/a b").mkdir(parents=True)
    (folder / "layeranim.toml").write_text(SMALL, encoding="utf-8")
    (folder / "docs/index.md").write_text(INDEX, encoding="utf-8")
    (folder / "docs/a b/deeper.md").write_text(PAGE, encoding="utf-8")
    (folder / "docs/a b/numbers.csv").write_text("1,2,3,4\n5,6,7,8\n9,1,2,3\n4,5,6,7\n", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        yield folder


def mkdocs(project: Path, theme: str, settings: str = "") -> subprocess.CompletedProcess[str]:
    """A strict build, below ``site/a/path`` as it would lie on the web."""
    (project / "mkdocs.yml").write_text(
        f"site_name: x\nsite_url: https://example.org/a/path/\nsite_dir: site/a/path\n{THEMES[theme]}"
        f"plugins:\n  - search\n  - layeranim:\n      render: missing\n{settings}"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "NO_MKDOCS_2_WARNING": "1"}
    words = [sys.executable, "-m", "mkdocs", "build", "--strict"]  # with -q it hears no warning
    return subprocess.run(words, cwd=project, env=env, capture_output=True, text=True, timeout=HANG)


@pytest.fixture
def address(project: Path) -> Iterator[str]:
    """Of the folder of sites."""
    (project / "site").mkdir(exist_ok=True)
    with served(project / "site") as found:
        yield found


@pytest.mark.parametrize("theme", list(THEMES))
def test_films_are_made_placed_and_shown_on_their_ground(
    project: Path, address: str, chromium: Any, theme: str
) -> None:
    done = mkdocs(project, theme)
    assert done.returncode == 0, done.stderr
    site = project / "site/a/path"
    deeper = "a b/deeper/index.html" if theme == "mkdocs" else "a b/deeper.html"
    text = (site / "index.html").read_text(encoding="utf-8")
    assert "<figcaption>Pooling &amp; more</figcaption>" in text
    assert 'id="the-film"' in text
    assert re.sub("<[^>]*>", "", text).count("```layeranim an-asset") == 1  # the one that is shown as it is written
    assert re.search(r"<li>\s*<p>In a list:</p>\s*<div class=\"layeranim\">", text)
    placed = sorted(file.name for file in (site / "films").iterdir())
    key = r"conv-[0-9a-f]{10}-video\.(mp4|png)"
    assert sorted(name for name in placed if not re.fullmatch(key, name)) == sorted(
        [f"an-asset-{ground}.{kind}" for ground in ("light", "dark") for kind in ("gif", "mp4", "png")]
        + ["layeranim.css"]
    )
    assert len(placed) == 9
    assert [(one["width"], one["height"]) for one in films(site / "index.html").shown if "controls" in one] == [
        ("128", "72")
    ] * 2
    films(site / deeper)
    heard: list[str] = []
    page = chromium.new_page(color_scheme="dark")  # what the reader's system asks for; the page says what it is
    page.set_default_timeout(WAIT)
    page.on("console", lambda said: heard.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("response", lambda came: heard.append(came.url) if came.status >= 400 else None)
    for shown in ("", deeper.removesuffix("index.html")):
        page.goto(f"{address}/a/path/{shown}")
        page.wait_for_function(LOADED)
        for ground in ("light", "dark"):
            page.evaluate(DARK[theme] if ground == "dark" else "0")
            seen = page.evaluate(
                "[...document.querySelectorAll('video, figure > div > a')].map(one => [one.outerHTML.match("
                "/(light|dark)[.]mp4/)?.[1], one.checkVisibility()])"
            )
            films_shown = [[one, one == ground] for one in ("light", "dark")]  # a video and a picture, or twice a video
            assert seen == films_shown + ([[None, True]] if shown else films_shown)
    page.close()
    assert heard == []


def test_a_second_build_makes_nothing(project: Path) -> None:
    if not (project / ".cache").is_dir():
        assert mkdocs(project, "mkdocs").returncode == 0
    made = {file: file.stat().st_mtime_ns for name in (".cache/layeranim", "renders") for file in
            (project / name).iterdir() if file.suffix in (".gif", ".mp4")}  # fmt: skip
    assert len(made) == 5
    assert mkdocs(project, "mkdocs", "      films: .cache/layeranim\n").returncode == 0
    assert {file: file.stat().st_mtime_ns for file in made} == made


WRONG = {
    "an-aset\n": "layeranim.toml has no asset 'an-aset' (did you mean an-asset?); it has an-asset",
    "an-asset\nstride: 2\n": "an-asset is an asset of layeranim.toml, where the option stride belongs",
    "softmax\ntemprature: 2\n": "unknown option temprature (did you mean temperature?) of softmax",
    "gone.gif\n": "gone.gif is no film of ours",
    "an-asset\nas: vidoe\n": "as is 'vidoe' (did you mean video?); it must be one of video, picture, player",
    "an-asset\nwidth\n": "'width' is no option; a line of the fence is option: value",
    'an-asset\nname: a"b\n': "name and class are words of letters, digits and hyphens, but there is 'a\"b'",
    "conv\nstride: 2\nstride: 3\n": "stride stands twice in the fence",
    "\n": "the fence names no film; after layeranim comes an asset, a file or an explainer",
}


def test_what_is_wrong_ends_a_strict_build_and_says_where(project: Path) -> None:
    page, text, places = project / "docs/wrong.md", "---\ntitle: x\n---\n\n# Wrong\n", []
    for fence in WRONG:
        places.append(text.count("\n") + 1)
        text += f"```layeranim {fence}```\n"
    page.write_text(text, encoding="utf-8")
    try:
        done = mkdocs(project, "mkdocs")
    finally:
        page.unlink()
    assert done.returncode == 1
    said = sorted(re.findall(r"wrong\.md:(\d+): (.*)", done.stderr), key=lambda found: int(found[0]))
    assert [int(place) for place, _ in said] == places
    for line, (_, found) in zip(WRONG.values(), said, strict=True):
        assert line in found


SHELF = {"settings": Path(), "folder": Path("films"), "themes": ("light",), "when": "missing", "word": "render"}


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"themes": ()}, "themes is [], but must be one or two"),
        ({"themes": (1,)}, "themes is [1], but must be one or two"),
        ({"themes": ("light", "dark", "light")}, "but must be one or two themes"),
        ({"folder": ROOT / "pyproject.toml"}, "films cannot be kept in"),
    ],
)
def test_settings_that_cannot_be_are_one_line(changed: dict[str, Any], says: str, tmp_path: Path) -> None:
    shelf = Shelf(manifest=None, needs=lambda file: None, **{**SHELF, **changed})
    with pytest.raises(UsageError) as told:
        shelf.films("conv", {"steps": "first:1"}, "video", tmp_path / "page.md", tmp_path)
    assert says in str(told.value)


@pytest.mark.parametrize("text", [SMALL + "typo = 3\n", "bad = [\n"])
def test_a_manifest_with_a_mistake_never_makes_way_for_an_explainer(text: str, tmp_path: Path) -> None:
    """Its asset ``conv`` may be another film than the explainer's own."""
    (tmp_path / "layeranim.toml").write_text(text.replace("an-asset", "conv"), encoding="utf-8")
    shelf = Shelf(manifest=tmp_path / "layeranim.toml", needs=lambda file: None, **SHELF)
    with pytest.raises(ManifestError):
        shelf.films("conv", {}, "video", tmp_path / "page.md", tmp_path)


def test_fences_that_a_page_only_shows_are_left_as_they_are() -> None:
    code = ["text", "", "    ```layeranim code", "    ```"]
    comment = ["<!-- now", "```layeranim comment", "```", "-->"]
    held = [["- item", "", "    ```layeranim held", "    ```"], ["!!! note", "    ```layeranim held", "    ```"],
            ["1. a", "", "    - b", "", "        ```layeranim held", "        ```"]]  # fmt: skip
    for lines in (code, comment, ["- item", "", "text", *code]):
        assert not list(fences(lines))
        assert [one.film for one in fences([*lines, "", "```layeranim after", "```"])] == ["after"]
    for lines in held:
        assert [one.film for one in fences(lines)] == ["held"]


def test_the_page_shows_a_fence_of_ours() -> None:
    (shown,) = [text for section in sections() if section.page == "docs/mkdocs.md" for text in section.of("text")
                if "layeranim conv" in text]  # fmt: skip
    (fence,) = fences(shown.splitlines())
    assert (fence.film, list(fence.options())) == ("conv-s2", ["width", "caption"])


def test_fences_of_ours_are_those_of_no_other() -> None:
    found = fences(["```py", "```layeranim a", "```", "  ~~~~ layeranim  b", "x: 1", "~~~", "~~~~", "```layeranim c"])
    assert [(one.first, one.after, one.indent, one.film, one.lines) for one in found] == [
        (3, 7, "  ", "b", ("x: 1", "~~~")),
        (7, 9, "", "c", ()),
    ]


def test_a_picture_of_a_film_is_one_that_stands_alone_and_has_its_provenance() -> None:
    alone = ["", '![a](../renders/pool-light.gif "What it says: x")', ""]
    page = ROOT / "docs" / "page.md"
    (found,) = pictures(alone, page)
    assert (found.first, found.after, found.film) == (1, 2, "../renders/pool-light.gif")
    assert found.options() == {"caption": "What it says: x"}
    others = ["![a](../renders/pool-light.png)", "![a](../renders/gone.gif)", "![a](https://x.org/pool-light.gif)"]
    held = [["```text", alone[1], "```"], ["<!--", alone[1], "-->"], ["words", alone[1]], [f"see {alone[1]}"]]
    for lines in [[one] for one in others] + held:
        assert not list(pictures(lines, page)), lines


def test_nothing_moves_by_itself_and_each_ground_has_its_film() -> None:
    """Of a film that is an MP4 for light pages and a GIF for dark ones."""
    size = {"image/png": (640, 360)}
    kinds = {"light": "video/mp4", "dark": "image/gif"}
    light, dark = (
        FilmFiles("t", "words", 9.0, ground, {kind: Path(f"{ground}.film"), "image/png": Path(f"{ground}.png")}, size)
        for ground, kind in kinds.items()
    )
    for write, opens in ((waiting, 1), (block, 0)):
        text = write(Figure(Pair(light, dark), 640, "", str))
        assert '<video class="layeranim-light" controls="controls"' in text
        assert text.count('<div class="layeranim-dark">') == 1
        assert text.count("<details") == opens
        assert "dark.film" in text
    alone = waiting(Figure(Pair(dark), 640, "", str))
    assert "layeranim-dark" not in alone
    assert re.search(r'<summary>Play \(9 seconds.*dark\.png"[^>]*alt="words"', alone)
    assert re.search(r'</summary>\n<img src="dark\.film"[^>]*loading="lazy"', alone)
