"""A notebook that is run, converted, moved away from its files, and opened: films, traces, the command line."""

from __future__ import annotations

import base64
import re
import shutil
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbconvert import HTMLExporter

import layeranim as la
from layeranim.cli import main
from layeranim.embed import notebook
from layeranim.errors import InputError
from tests.clocks import HANG
from tests.docs.snippets import ROOT, Section, sections
from tests.watching import LOADED

TINY = {"size": "128x72", "fps": 5, "steps": "first:1", "pace": "fast"}
SMALL = ", ".join(f"{name}={value!r}" for name, value in TINY.items())
WAIT = 30_000
"""Milliseconds after which a browser is taken to hang."""
OWN = {
    "ours": "import layeranim as la",
    "first": f'first = la.render("conv", {SMALL})\nfirst',
    "second": f'second = la.render("conv", stride=2, {SMALL})\nsecond',
    "again": "first",
    "picture": 'la.render("conv", output="x.gif", size="128x72", fps=2)',
    "steps": f'la.render("conv", output="x.html", {SMALL})',
    "trace": 'la.trace("attention", tokens="<b> & <i>", queries=3)',
    "wrong": "%layeranim render conv --strde 2",
    "open": '%layeranim render conv -o "x',
    "check": "%layeranim check -m none.toml",
    "list": "%layeranim list -h",
    "stride": "s = 2",
    "lines": "%%layeranim render conv \\\n  --stride {s} \\\n  --dry-run",
    "dry": "%layeranim render conv --dry-run",
    "named": "made = %layeranim trace conv\nassert len(made) == 8\nprint(*first.paths, *second.paths)",
}
"""Cells besides the magics of the page about notebooks, whose Python is run with that of all pages."""


class Running(NotebookClient):
    """A notebook under way, with every message that moves an output."""

    moved: list[str]

    def process_message(self, msg: dict[str, Any], cell: Any, cell_index: int) -> Any:
        if msg["msg_type"] == "update_display_data":
            self.moved.append(msg["content"]["data"]["text/html"])
        return super().process_message(msg, cell, cell_index)


class Run:
    """What came of the notebook: its outputs by the name of their cell, what moved, the pages made of it."""

    def __init__(self, folder: Path) -> None:
        page: list[Section] = [one for one in sections() if one.page == "docs/jupyter.md"]
        told = [text for section in page for text in section.of("text")]
        cells = {f"page {at}": text.rstrip() for at, text in enumerate(told)} | OWN
        self.book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in cells.values()])
        client = Running(self.book, timeout=HANG, allow_errors=True, resources={"metadata": {"path": str(folder)}})
        client.moved = []
        client.execute()
        self.moved = client.moved
        self.of = {name: cell.outputs for name, cell in zip(cells, self.book.cells, strict=True)}

    def html(self, name: str) -> str:
        (shown,) = [one.data["text/html"] for one in self.of[name] if one.output_type == "execute_result"]
        return str(shown)

    def printed(self, name: str) -> str:
        return "".join(one.text for one in self.of[name] if one.output_type == "stream")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    folder = tmp_path_factory.mktemp("notebook")
    with pytest.MonkeyPatch.context() as patched:
        for name, value in {"PYTHONPATH": str(ROOT), "LAYERANIM_SIZE": "128x72", "LAYERANIM_FPS": "2"}.items():
            patched.setenv(name, value)
        yield Run(folder)


class Tags(HTMLParser):
    """The tags of a text and their attributes; those that open are closed, in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))
        self.open += [] if tag in ("img", "br") else [tag]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def of(self, tag: str) -> list[dict[str, str]]:
        return [attrs for name, attrs in self.found if name == tag]


def test_every_cell_does_what_it_says(run: Run) -> None:
    failed = {name: one.traceback for name, outputs in run.of.items() for one in outputs if one.output_type == "error"}
    assert failed == {
        "wrong": ["layeranim: error: unknown option --strde (did you mean --stride?); "
                  "see layeranim render conv --help"],
        "open": ['layeranim: error: no closing quotation in: render conv -o "x'],
        "check": [failed["check"][0]],
    }  # fmt: skip
    assert "none.toml" in failed["check"][0]
    assert run.printed("list").startswith("Usage: layeranim list")
    assert "36 steps" in run.printed("dry")
    assert "stride 2" in run.printed("lines")


def test_a_film_is_held_whole_with_its_size_its_poster_and_its_words(run: Run) -> None:
    tags = Tags(run.html("first"))
    (video,) = tags.of("video")
    assert (video["width"], video["height"], video["controls"]) == ("128", "72", "controls")
    assert not {"autoplay", "loop"} & set(video)
    assert video["aria-label"].startswith("Animation, ")
    assert video["poster"].startswith("data:image/png;base64,")
    assert [one["src"].partition(",")[0] for one in tags.of("source")] == ["data:video/mp4;base64"]
    assert len(tags.of("a")) == len(tags.of("track")) == 0
    assert len(tags.of("li")) > 1
    held = run.of["first"][-1].data
    assert base64.b64decode(held["image/png"]).startswith(b"\x89PNG")
    assert "captions" not in held["text/plain"]


def test_two_cells_share_no_film(run: Run) -> None:
    first, second, again = (run.html(name) for name in ("first", "second", "again"))
    assert first == again != second
    paths = run.printed("named").split()
    assert len(set(paths)) == 4
    assert all(re.fullmatch(r"films/conv-[0-9a-f]{10}\.(mp4|gif)", path) for path in paths)


def test_a_bar_moves_in_one_place_and_goes(run: Run) -> None:
    assert any(text.startswith('<progress max="') for text in run.moved)
    left = [one.data["text/html"] for outputs in run.of.values() for one in outputs
            if one.output_type == "display_data"]  # fmt: skip
    assert left == [""]  # of two films one was drawn with -q
    assert "s →" not in run.printed("page 1")


def test_a_picture_that_nothing_would_stop_waits_until_it_is_opened(run: Run) -> None:
    still, moving = Tags(run.html("picture")).of("img")
    assert [one["src"].partition(";")[0] for one in (still, moving)] == ["data:image/png", "data:image/gif"]
    assert [one["width"] for one in (still, moving)] == ["128", "128"]
    markup = run.html("picture")
    assert markup.index("<summary>") < markup.index("data:image/png") < markup.index("</summary>")
    assert markup.index("</summary>") < markup.index("data:image/gif")


def test_what_a_trace_shows_is_text(run: Run) -> None:
    markup = run.html("trace")
    assert not {"b", "i"} & {tag for tag, _ in Tags(markup.replace("<b>attention</b>", "")).found}
    assert "tokens &lt;b&gt; &amp; &lt;i&gt;" in markup
    assert len(markup) < 2 * notebook.ROOM


@pytest.mark.parametrize("ground", ["light", "dark"])
def test_the_page_of_a_notebook_plays_far_from_its_files(run: Run, chromium: Any, tmp_path: Path, ground: str) -> None:
    exporter = HTMLExporter(theme=ground, require_js_url="", mathjax_url="", jquery_url="")
    place = tmp_path / "moved.html"
    place.write_text(exporter.from_notebook_node(run.book)[0], encoding="utf-8")
    heard: list[str] = []
    page = chromium.new_page(color_scheme=ground)
    page.set_default_timeout(WAIT)
    page.on("console", lambda said: heard.append(said.text))
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on(
        "request",
        lambda asked: None if asked.url.startswith(("data:", "blob:", place.as_uri())) else heard.append(asked.url),
    )
    page.goto(place.as_uri())
    films = "[...document.querySelectorAll('video')]"
    sizes = page.evaluate(f"{films}.map(one => [one.clientWidth, one.clientHeight])")
    assert [128, 72] in sizes
    page.wait_for_function(LOADED)
    assert page.evaluate(f"{films}.map(one => [one.clientWidth, one.clientHeight])") == sizes  # nothing jumped
    assert page.evaluate(f"{films}.every(one => one.paused && one.duration > 1)")
    played = page.evaluate(f"{films}.at(-1).play().then(() => true)")
    page.wait_for_function(f"{films}.at(-1).currentTime > 0")
    assert played
    page.evaluate(f"{films}.map(one => [...one.textTracks].map(track => track.mode = 'showing'))")
    page.wait_for_function(
        f"{films}.filter(one => [...one.textTracks].some(track => track.cues?.length > 1)).length == 1"
    )
    page.evaluate("document.querySelector('iframe').scrollIntoView()")
    page.wait_for_function("document.querySelector('iframe').clientHeight > 72")
    stepped = page.wait_for_selector("iframe").content_frame()
    stepped.wait_for_function("document.getElementById('film').readyState > 0")
    shades = page.evaluate(
        "[...document.querySelectorAll('.layeranim-trace')].flatMap(one => [one.parentElement, "
        "...one.querySelectorAll('td, th, caption, code, summary')]).map(one => getComputedStyle(one).color)"
    )
    assert len(set(shades)) == 1
    assert (sum(map(int, re.findall(r"\d+", shades[0])[:3])) > 384) == (ground == "dark")
    page.close()
    assert heard == []


def test_a_film_that_was_made_before_goes_where_the_notebook_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], chromium: Any
) -> None:
    """What ``embed --for notebook`` prints is run in a notebook, whose films are then gone; on the page it plays."""
    monkeypatch.chdir(tmp_path)
    made = la.render("conv", output="films/a b.mp4", **TINY)
    assert la.load_film("films/a b.mp4") == made  # its words among it
    assert la.load_film("films/a b.mp4")._repr_html_() == made._repr_html_()
    assert main(["embed", "films/a b.mp4", "--for", "notebook"]) == 0
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(capsys.readouterr().out)])
    NotebookClient(book, timeout=HANG, resources={"metadata": {"path": str(tmp_path)}}).execute()
    (shown,) = book.cells[0].outputs
    assert shown.data["text/html"] == made._repr_html_()
    shutil.rmtree("films")
    place = tmp_path / "elsewhere" / "page.html"
    place.parent.mkdir()
    place.write_text(
        HTMLExporter(require_js_url="", mathjax_url="", jquery_url="").from_notebook_node(book)[0], "utf-8"
    )
    page = chromium.new_page()
    page.set_default_timeout(WAIT)
    page.goto(place.as_uri())
    page.wait_for_function(LOADED)
    assert page.evaluate("document.querySelector('video').play().then(() => true)")
    page.close()


def test_what_is_no_film_is_told_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    la.render("softmax", output="x.html", **TINY)
    assert "<iframe" in la.load_film("x.html")._repr_html_()
    for name, said in {"y.gif": "no y.json beside it", "x.json": "that are there: x.html, x.png, x.captions"}.items():
        with pytest.raises(InputError, match=said):
            la.load_film(name)


def test_a_large_film_stays_a_file_that_no_other_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(notebook, "LARGEST", 100)
    first = la.render("softmax", output="x.mp4", **TINY)
    before = first._repr_html_()
    (place,) = re.findall(r'<source src="(x-[0-9a-f]{10}\.mp4)"', before)
    assert f"This film lies beside the notebook, for it has 0.0 MB: <code>{place}</code>" in before
    held = (tmp_path / place).read_bytes()
    assert held == (tmp_path / "x.mp4").read_bytes()
    second = la.render("softmax", output="x.mp4", temperature=2.0, **TINY)
    assert place not in second._repr_html_()
    assert (tmp_path / place).read_bytes() == held
    assert "The film is not in x.mp4 any more" in first._repr_html_()
    assert first._repr_png_() is None


def test_a_still_alone_is_shown_and_nothing_of_what_went_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    film = la.render("softmax", output="x.png", **TINY)
    (still,) = Tags(film._repr_html_()).of("img")
    assert still["src"].startswith("data:image/png;base64,")
    assert still["alt"] == film.alt
