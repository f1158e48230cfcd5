"""Pages of stills: what stands there is what the film shows, it can be read, and its text can be taken."""

from __future__ import annotations

import json
import zlib
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import layeranim as la
from layeranim import preparing, theme
from layeranim.embed import files
from layeranim.errors import InputError, OptionError, SizeLimitError
from layeranim.film.destinations import destinations
from layeranim.film.film import Pass, draw
from layeranim.film.look import Keeper
from layeranim.film.stills import making, marks, pages, raster, taken
from layeranim.film.stills.pdf import Group, Page
from layeranim.stories.options import FilmOptions
from layeranim.stories.storyboard import plain
from layeranim.theme import own
from tests.fonts import truetype

FILMS: dict[str, dict[str, Any]] = {
    "conv": {},
    "attention": {"example": "heads", "theme": "dark"},
    "lstm": {},
    "training": {},
    "dense": {"size": "720x720"},
    "softmax": {"size": "1080x1920", "theme": "light,background=#FFF8F0"},
    "conv-image": {},
    "depthwise": {"channels": 8, "kernel_size": 5, "padding": 2, "stride": 2},
}
"""Among them lanes, arcs, nets, curves, photographs, heat, tables of numerals; canvases of three shapes."""


@cache
def stills(name: str) -> tuple[Any, Any, taken.Stills]:
    """A film's storyboard, its theme, and every step as marks."""
    work = preparing.prepare(name, FILMS[name])
    colours = own.named(work.film.theme, work.film.background)
    board = work.told()
    return board, colours, making.taken(board, work.scene(), colours)


@pytest.mark.parametrize("name", FILMS)
def test_the_stage_is_as_the_film_shows_it(name: str) -> None:
    board, colours, found = stills(name)
    canvas, work = board.canvas, preparing.prepare(name, FILMS[name])
    tick = board.poster
    keeper = Keeper([tick])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keeper, "write", lambda *frame: keeper.stills.setdefault(tick, frame[0].copy()))
        draw(board, work.scene(), colours, Pass(canvas.width, canvas.height, Fraction(25), ()), keeper, False, tick)
    still = next(one for one in found.found if one.beat.start <= tick < one.beat.end)
    placed = [mark.placed(1.0, canvas.width / 2, canvas.height / 2) for mark in still.marks]
    page = Page(canvas.width, canvas.height, [Group("P", placed)], marks.opaque(colours.bg))
    drawn, film = raster.painted(page, raster.POINTS), keeper.stills[tick]
    top, bottom = int(canvas.height / 2 - canvas.stage_top()), int(canvas.height / 2 - canvas.stage_bottom())
    far = np.abs(drawn[top:bottom].astype(int) - film[top:bottom]).max(axis=-1) > 60
    assert film[top:bottom].std() > 5, "something stands there"
    assert far.mean() < 0.001


@pytest.mark.parametrize("paper", ["a4", "letter", "fit"])
@pytest.mark.parametrize("name", FILMS)
def test_pages_hold_what_stands_on_them_and_it_can_be_read(name: str, paper: str) -> None:
    board, colours, found = stills(name)
    for most in (None, 1, 20):
        made, count = pages.pages(board, colours, found.found, found.keys, paper, most)
        assert count == min(most or count, len(board.beats))
        assert len(made) == 1 or (paper != "fit" and most == 20)
        for page in made:
            for group in page.groups:
                box = marks.around(group.marks)
                least = 5 if paper == "fit" else 20
                assert least <= box.x <= box.right <= page.width - least, group
                assert least <= box.bottom <= box.y <= page.height - least, group
                texts = [mark for mark in group.marks if isinstance(mark, marks.TextMark)]
                assert all(text.size > 5.49 for text in texts if not text.text.isspace())
            boxes = [marks.around(group.marks) for group in page.groups if group.alt.startswith("Step")]
            words = [marks.around(group.marks) for group in page.groups if group.kind == "P"]
            boxes = [box.outset(-theme.HAIR) for box in boxes]
            boxes += [marks.around(group.marks) for group in page.groups if group.alt.startswith("the key")]
            assert not any(a.meets(b) for i, a in enumerate(boxes) for b in (*boxes[:i], *words))


@pytest.mark.parametrize("name", FILMS)
@given(most=st.integers(1, 40))
def test_the_first_the_last_and_the_posters_step_are_there(name: str, most: int) -> None:
    board, _, _ = stills(name)
    chosen = taken.chosen(board, most)
    assert chosen == sorted(set(chosen))
    assert len(chosen) == min(most, len(board.beats))
    poster = next(i for i, beat in enumerate(board.beats) if beat.start <= board.poster < beat.end)
    assert poster in chosen
    if most >= 3:
        assert {0, len(board.beats) - 1} <= set(chosen)


def test_what_is_left_out_is_said() -> None:
    board, colours, found = stills("conv")
    (page,), count = pages.pages(board, colours, found.found, (), "a4", 4)
    foot = "".join(mark.text for mark in page.groups[-1].marks if isinstance(mark, marks.TextMark))
    shown = {int(g.alt.split(":")[0].removeprefix("Step ")) for g in page.groups if g.alt.startswith("Step")}
    away = {n for part in foot.split("left out: ")[1].split(", ") for n in _span(part)}
    assert shown | away == set(range(1, len(board.beats) + 1))
    assert not shown & away
    assert count == len(shown)
    (page,), _ = pages.pages(board, colours, found.found, (), "fit", len(board.beats))
    assert page.groups[-1].marks[0].text == f"all {len(board.beats)} steps of the film"  # type: ignore[union-attr]


def _span(part: str) -> range:
    first, _, last = part.partition("–")
    return range(int(first), int(last or first) + 1)


# ── the files ────────────────────────────────────────────────────────────────
@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a film's pages."""
    folder = tmp_path_factory.mktemp("stills")
    la.render("conv", output=[str(folder / "a.pdf"), str(folder / "a.sheet.png")])
    return folder


def test_a_document_has_embedded_fonts_text_title_and_no_date(made: Path) -> None:
    pdfium = pytest.importorskip("pypdfium2")
    document = pdfium.PdfDocument(made / "a.pdf")
    told = document.get_metadata_dict()
    assert told["Title"] == "Convolution"
    assert told["Subject"].startswith("Convolution: ")  # nothing moves
    assert json.loads((made / "a.json").read_text(encoding="utf-8"))["alt"] == told["Subject"]
    assert told["CreationDate"] == told["ModDate"] == ""
    (page,) = document
    assert [round(side) for side in page.get_size()] == [595, 842]
    text = " ".join(page.get_textpage().get_text_bounded().split())
    board, _, _ = stills("conv")
    shown = [board.beats[i] for i in taken.chosen(board, _of(made / "a.json", "a.pdf")["stills"])]
    for beat in shown:
        caption = " ".join(plain(beat.caption).split())
        assert caption in text, caption
    data = (made / "a.pdf").read_bytes()
    assert data.count(b"/FontFile3") == data.count(b"/Type /FontDescriptor") > 0
    assert b"/Subtype /Type3" not in data
    assert b"/Subtype /Image" not in data
    assert data.count(b"/S /Figure") == len(shown) + 1
    assert data.count(b"/Alt <FEFF") == len(shown) + 1


def test_a_document_shows_what_the_sheet_of_its_pages_shows(made: Path) -> None:
    pdfium = pytest.importorskip("pypdfium2")
    board, colours, found = stills("training")  # heat in gaps, curves, discs, pictures of cells
    shown, _ = pages.pages(board, colours, found.found, found.keys, "letter", 4)
    place = made / "pages.pdf"
    with open(place, "wb") as file:
        making.pdf.write(file, shown, "t", "s")
    drawn = pdfium.PdfDocument(place)[0].render(scale=2).to_numpy()[..., :3].astype(int)
    mine = raster.painted(shown[0], 144)[: drawn.shape[0], : drawn.shape[1], :3].astype(int)
    assert np.mean(np.abs(drawn - mine).max(axis=-1) > 60) < 0.015  # letters, whose edges each smooths its own way


def _of(place: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(place.read_bytes())["files"][name]
    return found


def test_pages_are_the_same_bytes_whatever_else_is_made(made: Path, tmp_path: Path) -> None:
    more = [str(tmp_path / name) for name in ("b.sheet.png", "b.gif", "b.pdf")]
    la.render("conv", output=more, quality="draft", fps=5)
    for name in ("pdf", "sheet.png"):
        assert (tmp_path / f"b.{name}").read_bytes() == (made / f"a.{name}").read_bytes()
    assert _of(made / "a.json", "a.sheet.png").keys() == {"type", "bytes", "sha256", "width", "height", "stills"}
    assert _of(tmp_path / "b.json", "b.pdf") == _of(made / "a.json", "a.pdf")
    assert files.of(tmp_path / "b.gif").poster == tmp_path / "b.png"  # and not the sheet
    assert files.stem(tmp_path / "b.sheet.png") == "b"


def test_a_sheet_is_named_so_and_a_films_poster_is_its_poster() -> None:
    film = FilmOptions()
    for names, formats in (
        (["sheet.png"], {"sheet.png": "sheet"}),
        (["x/Sheet.PNG", "x/conv.pdf"], {"x/Sheet.PNG": "sheet", "x/conv.pdf": "pdf"}),
        (["sheet.mp4", "sheet.png"], {"sheet.mp4": "mp4", "sheet.png": "png"}),
        (["mysheet.png"], {"mysheet.png": "png"}),
    ):
        assert {item.path: item.fmt for item in destinations("conv", names, None, film)} == formats
    assert destinations("conv", "sheet.png", "png", film)[0].fmt == "png"


def test_pages_alone_are_no_film_for_a_page(made: Path) -> None:
    with pytest.raises(InputError, match=r"a\.(pdf|sheet\.png) is a page of stills"):
        files.of(made / "a.pdf")
    assert not (made / "a.png").exists()
    assert not (made / "a.captions").exists()


def test_letters_that_inter_lacks_stand_there_and_can_be_taken(tmp_path: Path) -> None:
    pdfium = pytest.importorskip("pypdfium2")
    font = tmp_path / "own.ttf"
    font.write_bytes(truetype({"猫": 900, "犬": 900}))
    la.render("conv", title="猫犬", font=str(font), output=str(tmp_path / "a.pdf"), stills=1)
    drawn = pdfium.PdfDocument(tmp_path / "a.pdf")[0].render(scale=2).to_numpy()
    assert drawn[80:120, 72:140, :3].min() < 80
    data = (tmp_path / "a.pdf").read_bytes()
    streams = [part.split(b"stream\n", 1)[1] for part in data.split(b"\nendstream")[:-1]]
    assert any(b"<732B72AC>" in zlib.decompress(one) for one in streams)


def test_a_page_that_is_too_large_or_asked_for_wrongly_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SizeLimitError, match=r"a\.pdf would be"):
        la.render("conv", output=str(tmp_path / "a.pdf"), max_size="1KB", stills=1)
    assert not list(tmp_path.iterdir())
    for wrong in ({"stills": 0}, {"stills": 49}, {"paper": "a5"}):
        with pytest.raises(OptionError):
            la.render("conv", output=str(tmp_path / "a.pdf"), **wrong)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="suffix of a film"):
        la.render("conv", output=str(tmp_path / "a.svg"))
    assert preparing.prepare("conv", {}).places(str(tmp_path / "x.png"), "sheet")[0].fmt == "sheet"
