"""The post of ``examples/four-layers``: its numbers are computed, its films are made by one command and play."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from itertools import product
from pathlib import Path
from typing import Any

import pytest

import layeranim as la
from layeranim.stories.alt import description

FOLDER = Path(__file__).parents[2] / "examples" / "four-layers"
NUMBERS = re.findall(
    r'<data value="([^"]+)" data-trace="([^:"]+):([^:"]+):([^"]+)">([^<]+)</data>',
    (FOLDER / "index.html").read_text(encoding="utf-8"),
)
HANG = 60_000
"""Milliseconds after which a browser is taken to hang."""
READY = """film => new Promise((done) => {
  const told = () => done(film.videoWidth);
  film.preload = "metadata";
  film.readyState ? told() : (film.onloadedmetadata = told);
})"""
"""How wide a film is, as soon as its browser knows."""
FOCUS = "[document.activeElement.tagName, ...document.activeElement.classList].join('.')"


@pytest.mark.parametrize(("value", "layer", "preset", "where", "text"), NUMBERS)
def test_a_number_of_the_text_is_the_traces(value: str, layer: str, preset: str, where: str, text: str) -> None:
    trace = la.trace(layer, example=preset)
    name, _, rest = where.partition("facts.")
    if rest:
        found: Any = trace.facts[rest]
    else:
        tensor, _, index = name.rstrip("]").partition("[")
        found = trace[tensor][tuple(map(int, index.split(",")))]
    assert text.replace("\N{MINUS SIGN}", "-") == value
    assert f"{float(found):.{len(value.partition('.')[2])}f}" == value


def test_the_text_has_its_numbers_marked() -> None:
    """Of what stands in a paragraph or a table; films and the document's own settings aside."""
    page = re.sub(
        r"<figure>.*?</figure>|<details>.*?</details>|<style>.*?</style>|<!--.*?-->",
        "",
        (FOLDER / "index.html").read_text("utf-8"),
        flags=re.DOTALL,
    )
    said = re.sub(r"<data[^>]*>[^<]*</data>|<[^>]+>", "", page.partition("<main>")[2])
    assert set(re.findall(r"\d+", said)) <= {"0", "1"}  # a range: from 0 to 1
    assert len(NUMBERS) > 20


def test_the_page_says_what_its_films_say_today() -> None:
    """Words for who does not see them: in the page as it is kept, which holds no film."""
    page = (FOLDER / "index.html").read_text(encoding="utf-8")
    alts = map(html.unescape, re.findall('aria-label="(Animation.*?)"', page)[::2])
    assets = tomllib.loads((FOLDER / "layeranim.toml").read_text(encoding="utf-8"))["asset"]
    boards = [la.storyboard(one["explainer"], example=one.get("example")) for one in assets]
    assert [*zip(alts, _words(page), strict=True)] == [(board.alt, description(board)) for board in boards]


def _words(page: str) -> list[list[str]]:
    """Of each film the lines that stand under it."""
    lists = re.findall("<ol>\n((?:<li>.*</li>\n)+)</ol>\n</details>", page)
    return [[html.unescape(line) for line in re.findall("<li>(.*)</li>", one)] for one in lists]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page after its one command, with short films."""
    folder = tmp_path_factory.mktemp("examples") / "four layers"
    folder.mkdir()
    for name in ("make", "index.html"):
        shutil.copy(FOLDER / name, folder / name)
    manifest = (FOLDER / "layeranim.toml").read_text(encoding="utf-8")
    short = '\n[defaults]\nquality = "draft"\nsteps = "first:1"\npace = "fast"\n'
    manifest = manifest.replace('themes = ["light", "dark"]\n', f'themes = ["light", "dark"]\n{short}')
    (folder / "layeranim.toml").write_text(manifest, encoding="utf-8")
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    subprocess.run(
        ["bash", str(folder / "make"), "-q"], check=True, capture_output=True, env={**os.environ, "PATH": path}
    )
    return folder


def test_one_command_makes_films_and_page(made: Path) -> None:
    ids = re.findall(r'^id = "(.+)"', (FOLDER / "layeranim.toml").read_text(encoding="utf-8"), re.MULTILINE)
    page = (made / "index.html").read_text(encoding="utf-8")
    named = set(re.findall(r'(?:src|href|poster)="(films/[^"]+)"', page))
    assert named == {
        f"films/{id}-{theme}.{kind}" for id in ids for theme in ("light", "dark") for kind in ("mp4", "png")
    }
    assert not [name for name in named if not (made / name).is_file()]
    reports = (json.loads((made / f"films/{id}-light.json").read_text(encoding="utf-8")) for id in ids)
    assert _words(page) == [report["description"] for report in reports]
    command = [sys.executable, "-m", "layeranim", "embed", "--update", "index.html", "--check"]
    subprocess.run(command, check=True, capture_output=True, cwd=made)


@pytest.mark.parametrize(
    ("kind", "width", "scheme"),
    [*product(["chromium"], [360, 1280], ["light", "dark"]), ("firefox", 360, "light")],
)
def test_the_page_in_a_browser(made: Path, request: pytest.FixtureRequest, kind: str, width: int, scheme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    context = request.getfixturevalue(kind).new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page, heard, films = context.new_page(), list[str](), list[str]()
    page.set_default_timeout(HANG)
    page.on("console", lambda said: heard.append(said.text))
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("request", lambda asked: None if asked.url.startswith(("file:", "data:")) else heard.append(asked.url))
    page.on("request", lambda asked: films.append(asked.url) if asked.url.endswith(".mp4") else None)
    page.goto((made / "index.html").as_uri())
    assert films == []  # none is transferred before it is played
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")  # in words
    root = "document.documentElement"
    assert page.evaluate(f"{root}.scrollWidth == {root}.clientWidth")
    shown = page.locator("video:visible")
    assert shown.count() == len(re.findall("<figure>", (made / "index.html").read_text(encoding="utf-8")))
    for k in range(shown.count()):
        film = shown.nth(k)
        film.scroll_into_view_if_needed()
        assert film.evaluate(READY) == 640
        assert f"-{scheme}." in film.evaluate("film => film.currentSrc")
        assert film.bounding_box()["width"] <= width
    assert films or kind == "firefox"  # Playwright hears of no file that Firefox opens for a video
    _by_keyboard(page)
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert heard == []
    context.close()


def _by_keyboard(page: Any) -> None:
    """Tab goes through the contents and every film to the table; the space bar plays the film that has the focus."""
    page.evaluate("scrollTo(0, 0); document.activeElement.blur()")
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = false)")
    seen, opened = list[str](), 0
    for _ in range(400):
        page.keyboard.press("Tab")
        here = page.evaluate(FOCUS)
        if here.startswith("VIDEO") and not any(one.startswith("VIDEO") for one in seen):
            page.keyboard.press("Space")
            page.wait_for_function("document.activeElement.currentTime > 0")
            page.keyboard.press("Space")
        if here == "SUMMARY":
            page.keyboard.press("Enter")
            opened += page.evaluate("document.activeElement.parentElement.open")
        seen.append(here)
        if here == "DIV.wide":
            break
    assert seen.count("A") >= 10
    assert opened == page.locator("video:visible").count() > 0
    assert seen[-1] == "DIV.wide"
