"""The site of docs/: built once from nothing, no link of it dead, its films and players on the ground of the page."""

from __future__ import annotations

import runpy
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from layeranim import catalog
from tests.docs.snippets import ROOT

WAIT = 30_000
"""Milliseconds after which a browser is taken to hang."""
SIZED = ("img", "video", "iframe")
SCHEMES = {"light": "default", "dark": "slate"}
"""What Material calls its grounds."""
SHIFTS = """window.shifts = [];
new PerformanceObserver((list) => list.getEntries().forEach((one) => shifts.push(one.value)))
  .observe({ type: "layout-shift", buffered: true });
"""
"""Keeps how far parts of a page have moved by themselves."""


class Read(HTMLParser):
    """What a page leads to, the anchors it has, and its films."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.leads: list[str] = []
        self.anchors: set[str] = set()
        self.unsized: list[str] = []
        self.films = self.players = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.leads += [text for name in ("href", "src", "poster") if (text := given.get(name))]
        self.anchors |= {text for name in ("id", "name") if (text := given.get(name))}
        self.films += tag == "figure"
        self.players += tag == "iframe"
        if tag in SIZED and "width" not in given and "twemoji" not in (given.get("class") or ""):
            self.unsized.append(str(given.get("src")))


PLAYER = "lstm"
"""The explainer whose page has its player here; the others keep the GIF of the gallery."""


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A strict build, of which any warning would fail, with one short player."""
    folder, build = tmp_path_factory.mktemp("site"), runpy.run_path(str(ROOT / "docs" / "build.py"))
    manifest = tmp_path_factory.mktemp("players") / "layeranim.toml"
    manifest.write_text(build["players"]([PLAYER], steps="first:2", pace="fast", fps=2), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("XDG_CACHE_HOME", str(manifest.parent / "cache"))
        assert build["site"](folder, manifest) == 0
    return folder


@cache
def read(page: Path) -> Read:
    return Read(page.read_text(encoding="utf-8"))


def dead(site: Path) -> Iterator[str]:
    """Every link of every page to a file or an anchor that is not there, and to any network."""
    for page in site.rglob("*.html"):
        for lead in read(page).leads if page.name != "404.html" else ():
            parts = urlsplit(lead)
            if parts.scheme in ("http", "https", "data", "mailto"):
                continue
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            if not target.is_relative_to(site.resolve()) or not target.is_file():
                yield f"{page.relative_to(site)}: {lead}"
            elif parts.fragment and target.suffix == ".html" and unquote(parts.fragment) not in read(target).anchors:
                yield f"{page.relative_to(site)}: no anchor {lead}"


def test_no_link_is_dead(site: Path) -> None:
    assert not list(dead(site))
    page = site / "broken.html"  # the check sees what is wrong
    try:
        page.write_text('<a href="gone.html"></a><a href="api.html#gone"></a><a href="../../x"></a>', encoding="utf-8")
        assert len(list(dead(site))) == 3
    finally:
        page.unlink()


def test_every_explainer_has_its_film_and_every_picture_its_size(site: Path) -> None:
    pages = {page.stem: read(page) for page in (site / "explainers").glob("*.html")}
    assert set(pages) == set(catalog.EXPLAINERS)
    assert not [name for name, page in pages.items() if page.films != 1]
    assert {name: page.players for name, page in pages.items() if page.players} == {PLAYER: 2}
    assert not {page.name: found for page in site.rglob("*.html") if (found := read(page).unsized)}
    for name in catalog.EXPLAINERS:
        assert f'href="explainers/{name}.html"' in (site / "index.html").read_text(encoding="utf-8")  # the way there


def test_every_explainer_gets_a_player_of_the_film_that_its_page_shows() -> None:
    build = runpy.run_path(str(ROOT / "docs" / "build.py"))
    every = {one["id"]: one for one in tomllib.loads(build["players"](catalog.EXPLAINERS))["asset"]}
    assert list(every) == list(catalog.EXPLAINERS)
    for name, asset in every.items():
        given = "".join(f" --{key} {value}" for key, value in asset.items() if key not in ("id", "explainer"))
        page = (build["PAGES"] / f"{name}.md").read_text(encoding="utf-8")
        assert f"\nlayeranim render {name}{given}\n" in page


@contextmanager
def opened(chromium: Any, page_at: Path, ground: str) -> Iterator[Any]:
    """A page from a disk, on the ground that its reader's system asks for; nothing may go wrong on it."""
    heard: list[str] = []
    page = chromium.new_page(color_scheme=ground, viewport={"width": 1280, "height": 900})
    page.set_default_timeout(WAIT)
    page.on("console", lambda said: heard.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("request", lambda asked: heard.append(asked.url) if asked.url.startswith("http") else None)
    aborted = "net::ERR_ABORTED"  # of a film it reads the beginning, no more
    page.on("requestfailed", lambda asked: heard.append(asked.url) if asked.failure != aborted else None)
    page.add_init_script(SHIFTS)
    page.goto(page_at.as_uri())
    page.wait_for_function(f"document.body.dataset.mdColorScheme === '{SCHEMES[ground]}'")
    yield page
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.close()
    assert heard == []


@pytest.mark.parametrize("ground", ["light", "dark"])
@pytest.mark.parametrize("address", ["index.html", "explainers/gru.html"])
def test_films_load_with_their_size(site: Path, chromium: Any, address: str, ground: str) -> None:
    """From a disk; at 360 pixels nothing is wider than the page."""
    with opened(chromium, site / address, ground) as page:
        page.evaluate(
            "document.querySelectorAll('details.layeranim-opened').forEach(one => one.open = one.checkVisibility())"
        )
        seen = (
            "[...document.querySelectorAll('figure video, figure details > img')].filter(one => one.checkVisibility())"
        )
        page.evaluate("document.querySelectorAll('video').forEach(one => { one.preload = 'metadata' })")
        page.wait_for_function(f"{seen}.every(one => one.readyState > 0 || (one.complete && one.naturalWidth > 0))")
        (shown,) = page.evaluate(
            f"{seen}.map(one => [one.currentSrc.match(/films.(.*)/)[1], one.videoWidth || one.naturalWidth,"
            " one.clientWidth, one.clientHeight])"
        )
        file, natural, across, down = shown
        assert (("-dark" in file) == (ground == "dark"), natural >= 640, across, down) == (True, True, 640, 360)


@pytest.mark.parametrize("ground", ["light", "dark"])
def test_a_player_stands_on_the_ground_of_its_page_and_steps(site: Path, chromium: Any, ground: str) -> None:
    """By keyboard; nothing on the page moves when it comes, and it stays where it is while the other ground is seen."""
    other = {"light": "dark", "dark": "light"}[ground]
    with opened(chromium, site / f"explainers/{PLAYER}.html", ground) as page:
        frame = standing(page, ground)
        assert page.evaluate("shifts") == []
        page.set_viewport_size({"width": 360, "height": 740})
        standing(page, ground)
        page.set_viewport_size({"width": 1280, "height": 900})
        while page.evaluate("document.activeElement.tagName") != "IFRAME":
            page.keyboard.press("Tab")
        page.keyboard.press("ArrowRight")
        frame.get_by_text("Step 1 of").wait_for()
        page.keyboard.press("ArrowRight")
        frame.get_by_text("Step 2 of").wait_for()
        page.locator("[data-md-component=palette] label:visible").click()
        standing(page, other)
        page.locator("[data-md-component=palette] label:visible").click()
        assert standing(page, ground).get_by_text("Step 2 of").is_visible()


def standing(page: Any, ground: str) -> Any:
    """The player that is seen, whole and on the colour of the page."""
    page.wait_for_function(f"document.body.dataset.mdColorScheme === '{SCHEMES[ground]}'")
    shown = page.locator("iframe:visible")
    assert shown.get_attribute("class") == f"layeranim-{ground}"
    frame = shown.content_frame
    frame.locator("#panel").wait_for()
    colour = "one => getComputedStyle(one).backgroundColor"
    assert frame.locator("body").evaluate(colour) == page.locator("body").evaluate(colour)
    assert frame.locator("html").evaluate("one => [one.scrollHeight - innerHeight, one.scrollWidth - innerWidth]") == [
        0,
        0,
    ]
    return frame
