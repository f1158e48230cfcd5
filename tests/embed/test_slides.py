"""Decks: a film on a slide plays, has its words, is found again; no deck tells a time."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

import layeranim as la
from layeranim.cli import main

pptx = pytest.importorskip("pptx")
TINY = {"steps": "first:1", "pace": "fast", "size": "160x90", "fps": 5}


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film in both themes, as MP4 and GIF."""
    folder = tmp_path_factory.mktemp("films")
    for theme in ("light", "dark"):
        la.render("conv", output=[str(folder / f"x-{theme}.{fmt}") for fmt in ("mp4", "gif")], theme=theme, **TINY)
    la.render("conv", output=str(folder / "only.gif"), **TINY)
    la.render("conv", output=str(folder / "no.webp"), theme="light", **TINY)
    return folder


@pytest.fixture
def place(films: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(films, tmp_path / "films")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def embed(*words: str) -> int:
    return main(["embed", *words])


def shapes(deck: Path) -> list[Any]:
    """What is on the slides of a deck, but for titles."""
    return [
        shape for slide in pptx.Presentation(str(deck)).slides for shape in slide.shapes if not shape.is_placeholder
    ]


def test_a_film_is_a_movie_with_its_poster_its_words_and_notes(place: Path) -> None:
    assert embed("films/x-light.mp4", "--for", "pptx", "--page", "talk.pptx", "--caption", "One & <two>") == 0
    told = json.loads((place / "films/x-light.json").read_text())
    (slide,) = pptx.Presentation(str(place / "talk.pptx")).slides
    (film,) = shapes(place / "talk.pptx")
    assert slide.shapes.title.text_frame.text == "One & <two>"
    assert film.shape_type == pptx.enum.shapes.MSO_SHAPE_TYPE.MEDIA
    assert film.poster_frame.blob == (place / "films/x-light.png").read_bytes()
    parts = {rel.target_part.blob for rel in slide.part.rels.values() if rel.reltype.endswith(("/media", "/video"))}
    assert parts == {(place / "films/x-light.mp4").read_bytes()}
    assert film.element.xpath(".//p:cNvPr")[0].get("descr") == " ".join(told["alt"].split())
    assert slide.notes_slide.notes_text_frame.text == "\n".join(told["description"])
    assert film.width * 9 == pytest.approx(film.height * 16, rel=1e-3)
    assert str(slide.background.fill.fore_color.rgb) == "FFFFFF"


def test_a_deck_gets_a_slide_more_and_the_film_for_its_ground(place: Path) -> None:
    deck = pptx.Presentation()
    deck.slides.add_slide(deck.slide_layouts[0]).shapes.title.text = "Mine"
    deck.save("mine.pptx")
    assert embed("films/x-dark.mp4", "--for", "pptx", "--page", "mine.pptx") == 0
    first, second = pptx.Presentation("mine.pptx").slides
    assert first.shapes.title.text == "Mine"
    assert shapes(place / "mine.pptx")[-1].poster_frame.blob == (place / "films/x-light.png").read_bytes()
    assert not second.background._cSld.bg  # its own, which has the film's ground
    assert embed("films/x-dark.mp4", "--for", "pptx", "--page", "new.pptx") == 0
    (alone,) = pptx.Presentation("new.pptx").slides
    assert str(alone.background.fill.fore_color.rgb) == "12151B"
    assert shapes(place / "new.pptx")[0].poster_frame.blob == (place / "films/x-dark.png").read_bytes()


def test_the_same_film_is_made_anew_where_it_stands(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("films/x-light.mp4", "--for", "pptx", "--page", "talk.pptx")
    assert embed(*words) == 0
    before = (place / "talk.pptx").read_bytes()
    assert embed(*words) == 0
    assert (place / "talk.pptx").read_bytes() == before
    assert embed("--update", "talk.pptx", "--check") == 0
    deck = pptx.Presentation("talk.pptx")
    deck.slides[0].shapes[-1].left = 12345  # moved by hand
    deck.save("talk.pptx")
    assert embed("--update", "talk.pptx", "--check") == 0
    la.render("pool", output=["films/x-light.mp4", "films/x-light.gif"], theme="light", **TINY)
    capsys.readouterr()
    assert embed("--update", "talk.pptx", "--check") == 1
    assert capsys.readouterr().out == "talk.pptx\n"
    assert embed("--update", "talk.pptx") == 0
    (film,) = shapes(place / "talk.pptx")
    assert film.left == 12345
    assert film.poster_frame.blob == (place / "films/x-light.png").read_bytes()
    assert "pooling" in film.element.xpath(".//p:cNvPr")[0].get("descr")
    package = film.part.package
    assert len([part for part in package.iter_parts() if "/media/" in part.partname]) == 2
    assert embed("--update", "talk.pptx", "--check") == 0


def test_a_deck_that_holds_a_webm_takes_another_film(place: Path) -> None:
    la.render("conv", output="films/w.webm", theme="light", **TINY)
    for film in ("w.webm", "x-light.mp4"):
        assert embed(f"films/{film}", "--for", "pptx", "--page", "talk.pptx") == 0
    assert embed("--update", "talk.pptx", "--check") == 0
    assert [shape.media_type.name for shape in shapes(place / "talk.pptx")] == ["MOVIE", "MOVIE"]


def test_a_picture_stays_one_when_there_is_a_movie_too(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert embed("films/only.gif", "--for", "pptx", "--page", "talk.pptx") == 0
    la.render("pool", output=["films/only.gif", "films/only.mp4"], **TINY)
    assert embed("--update", "talk.pptx") == 0
    assert shapes(place / "talk.pptx")[0].image.blob == (place / "films/only.gif").read_bytes()
    (place / "films/only.gif").unlink()
    assert embed("--update", "talk.pptx") == 2
    assert "its slide shows GIF, and of only there is .mp4, .png" in capsys.readouterr().err


def test_decks_of_the_same_film_are_the_same_bytes(place: Path) -> None:
    for name in ("a.pptx", "b.pptx"):
        assert embed("films/x-light.mp4", "--for", "pptx", "--page", name) == 0
    assert (place / "a.pptx").read_bytes() == (place / "b.pptx").read_bytes()
    with ZipFile(place / "a.pptx") as parts:  # whose clock counts two seconds
        assert {part.date_time for part in parts.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_a_gif_is_a_picture_that_moves_and_what_no_slide_plays_is_refused(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert embed("films/only.gif", "--for", "pptx", "--page", "gif.pptx") == 0
    assert shapes(place / "gif.pptx")[0].image.blob == (place / "films/only.gif").read_bytes()
    assert embed("films/no.webp", "--for", "pptx", "--page", "no.pptx") == 2
    assert "slides play MP4, GIF, WebM, and of no there is" in capsys.readouterr().err
    assert not (place / "no.pptx").exists()


@pytest.mark.parametrize("content", [b"", b"no deck", b"PK\x03\x04broken"])
def test_what_is_no_deck_is_left_alone(place: Path, content: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "mine.pptx").write_bytes(content)
    assert embed("films/only.gif", "--for", "pptx", "--page", "mine.pptx") == 2
    assert embed("--update", "mine.pptx") == 2
    assert "mine.pptx cannot be read as a deck" in capsys.readouterr().err
    assert (place / "mine.pptx").read_bytes() == content


def test_a_deck_without_films_of_ours_is_told(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pptx.Presentation().save("mine.pptx")
    assert embed("--update", "mine.pptx") == 2
    assert "no film of ours" in capsys.readouterr().err
