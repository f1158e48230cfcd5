"""Films that are made once, pages that they are pasted into, and a look at what came of it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import layeranim as la
from tests.clocks import HANG
from tests.docs.snippets import ROOT

WIDE, HIGH = 320, 180
SMALL = {"size": f"{WIDE}x{HIGH}", "fps": 5, "steps": "first:1", "pace": "fast"}
CAPTION = 'A *kernel* & "its" {{ window }}, 3×3'
WAIT = 30_000
"""Milliseconds after which a browser is taken to hang."""


@dataclass(frozen=True)
class Project:
    """A folder that a user works in; the films lie in ``my films``."""

    folder: Path

    def write(self, page: str, text: str) -> None:
        """A file of the project."""
        (self.folder / page).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / page).write_text(text, encoding="utf-8")

    def paste(self, page: str, target: str, *films: str, text: str = "", caption: str = CAPTION) -> None:
        """Films put at the end of a page, each as ``layeranim embed`` prints it; the first has a caption of its own."""
        more = ["--caption", caption]
        for film in films:
            text += self.run("embed", f"my films/{film}", "--for", target, "--page", page, *more) + "\n"
            more = []
        self.write(page, text)
        assert self.run("embed", "--update", page, "--check") == ""

    def run(self, *words: str) -> str:
        """What layeranim prints."""
        return self.call(sys.executable, "-m", "layeranim", *words)

    def call(self, *words: str) -> str:
        """What a program prints that ends well."""
        env = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
        done = subprocess.run(words, cwd=self.folder, env=env, capture_output=True, text=True, timeout=HANG)
        assert done.returncode == 0, f"{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        return done.stdout


@pytest.fixture(scope="session")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``conv`` in both themes as GIF and MP4; ``soft`` as a player and a GIF."""
    folder = tmp_path_factory.mktemp("films")
    for name, explainer, theme, kinds in (
        ("conv-light", "conv", "light", ("gif", "mp4")), ("conv-dark", "conv", "dark", ("gif", "mp4")),
        ("soft", "softmax", "light", ("gif", "html")),
    ):  # fmt: skip
        la.render(explainer, output=[str(folder / f"{name}.{kind}") for kind in kinds], theme=theme, **SMALL)
    return folder


@pytest.fixture
def project(films: Path, tmp_path: Path) -> Project:
    shutil.copytree(films, tmp_path / "my films")
    return Project(tmp_path)


def tool(name: str, package: str, home: str = "Debian") -> str:
    """The program of that name; where there is none the test is left out."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"there is no {name} here; {home} has it in {package}")
    return found


# ── pages ────────────────────────────────────────────────────────────────────
FILMS = (
    "[...document.querySelectorAll('video, iframe, img')]"
    ".filter(one => one.checkVisibility() && !one.parentElement.closest('video'))"
)
LOADED = (
    f"{FILMS}.every(one => (one.preload = 'metadata', one.readyState > 0) || one.naturalWidth > 0"
    " || one.tagName === 'IFRAME')"
)
SHOWN = (
    f"{FILMS}.map(one => [(one.currentSrc || one.src).split('/').pop(),"
    " Math.round(one.getBoundingClientRect().width),"
    " one.tagName === 'IFRAME' ? 0 : Math.round(one.getBoundingClientRect().height)])"
)
PLAYS = """video => video.play().then(() => new Promise(done => {
video.ontimeupdate = () => video.currentTime > 0 && done(video.pause()) }))"""


def look(chromium: Any, address: str, picture: Path, **settings: str) -> list[list[Any]]:
    """The films that a page shows, with their width and height: each is there, loads, and plays where it has controls.
    A player, whose height is told as 0, is as high as its words take.

    ``picture`` is where the page is painted, to be looked at; ``settings`` say what the reader's system asks for.
    """
    page = chromium.new_page(viewport={"width": 1000, "height": 1400}, **settings)
    page.set_default_timeout(WAIT)
    heard: list[str] = []
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("response", lambda came: heard.append(came.url) if came.status >= 400 else None)
    page.goto(address)
    page.evaluate("document.querySelectorAll('[loading]').forEach(one => one.loading = 'eager')")
    page.wait_for_function(LOADED)
    for frame in page.frames:
        if frame != page.main_frame:
            frame.wait_for_selector("video")
            assert frame.evaluate("document.documentElement.scrollHeight <= innerHeight"), "a player is cut off"
        for video in frame.query_selector_all("video"):
            if video.is_visible():
                video.evaluate(PLAYS)
    shown = page.evaluate(SHOWN)
    page.screenshot(path=picture)
    page.close()
    assert heard == []
    return list(shown)


# ── PDF ──────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class Document:
    """What a PDF says and shows: its words, its pictures, the files that it leads to."""

    words: str
    pictures: list[NDArray[np.uint8]]
    links: list[str]


def document(file: Path) -> Document:
    """A PDF as pypdfium2 reads it."""
    import pypdfium2 as pdfium
    from pypdfium2 import raw

    pdf = pdfium.PdfDocument(file)
    words, pictures, links = "", [], []
    for page in pdf:
        words += page.get_textpage().get_text_bounded()
        for shape in page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE]):
            pictures.append(shape.get_bitmap().to_numpy()[..., ::-1])
        place, link = raw.c_int(0), raw.FPDF_LINK()
        while raw.FPDFLink_Enumerate(page, place, link):
            action = raw.FPDFLink_GetAction(link)
            if raw.FPDFAction_GetType(action) in (raw.PDFACTION_LAUNCH, raw.PDFACTION_REMOTEGOTO):
                size = raw.FPDFAction_GetFilePath(action, None, 0)
                name = (raw.c_char * size)()
                raw.FPDFAction_GetFilePath(action, name, size)
                links.append(name.value.decode())
    return Document(words, pictures, links)


def pixels(file: Path) -> NDArray[np.uint8]:
    return np.asarray(Image.open(file).convert("RGB"))
