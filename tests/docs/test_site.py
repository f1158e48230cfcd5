"""The site of docs/: built once from nothing, no link of it dead, its films on the ground of the page."""

from __future__ import annotations

import runpy
from collections.abc import Iterator
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


class Read(HTMLParser):
    """What a page leads to, the anchors it has, and its films."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.leads: list[str] = []
        self.anchors: set[str] = set()
        self.unsized: list[str] = []
        self.films = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.leads += [text for name in ("href", "src", "poster") if (text := given.get(name))]
        self.anchors |= {text for name in ("id", "name") if (text := given.get(name))}
        self.films += tag == "figure"
        if tag in SIZED and "width" not in given and "twemoji" not in (given.get("class") or ""):
            self.unsized.append(str(given.get("src")))


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A strict build: any warning would fail it."""
    folder = tmp_path_factory.mktemp("site")
    assert runpy.run_path(str(ROOT / "docs" / "build.py"))["site"](folder) == 0
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
    assert not {page.name: found for page in site.rglob("*.html") if (found := read(page).unsized)}
    for name in catalog.EXPLAINERS:
        assert f'href="explainers/{name}.html"' in (site / "index.html").read_text(encoding="utf-8")  # the way there


@pytest.mark.parametrize("ground", ["light", "dark"])
@pytest.mark.parametrize("address", ["index.html", "explainers/lstm.html"])
def test_films_load_with_their_size(site: Path, chromium: Any, address: str, ground: str) -> None:
    """From a disk; at 360 pixels nothing is wider than the page."""
    heard: list[str] = []
    page = chromium.new_page(color_scheme=ground, viewport={"width": 1280, "height": 900})
    page.set_default_timeout(WAIT)
    page.on("console", lambda said: heard.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("request", lambda asked: heard.append(asked.url) if asked.url.startswith("http") else None)
    aborted = "net::ERR_ABORTED"  # of a film it reads the beginning, no more
    page.on("requestfailed", lambda asked: heard.append(asked.url) if asked.failure != aborted else None)
    page.goto((site / address).as_uri())
    scheme = {"light": "default", "dark": "slate"}[ground]
    page.wait_for_function(f"document.body.dataset.mdColorScheme === '{scheme}'")
    page.evaluate(
        "document.querySelectorAll('details.layeranim-opened').forEach(one => one.open = one.checkVisibility())"
    )
    seen = "[...document.querySelectorAll('figure video, figure details > img')].filter(one => one.checkVisibility())"
    page.wait_for_function(f"{seen}.every(one => one.readyState > 0 || (one.complete && one.naturalWidth > 0))")
    (shown,) = page.evaluate(
        f"{seen}.map(one => [one.currentSrc.match(/films.(.*)/)[1], one.videoWidth || one.naturalWidth,"
        " one.clientWidth, one.clientHeight])"
    )
    file, natural, across, down = shown
    assert (("-dark" in file) == (ground == "dark"), natural >= 640, across, down) == (True, True, 640, 360)
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.close()
    assert heard == []
