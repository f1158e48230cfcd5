"""The page of a player without a browser: what it holds, in how many bytes, and the film within it."""

from __future__ import annotations

import base64
import re
from fractions import Fraction
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import av
import numpy as np
import pytest

import layeranim as la
from layeranim import catalog, numbers, preparing
from layeranim.engine.trace import Region
from layeranim.film.player import page, telling
from layeranim.film.player.tables import ROOM, StepTables, hull
from layeranim.film.writers.spec import Spec
from layeranim.film.writers.stepped import PICTURES, Stepped
from layeranim.theme import LIGHT
from tests.player.conftest import SHORT, TITLE, Made

ROOM_OF_A_PAGE = 60_000
"""Bytes that a player may take beside its film."""


def test_it_is_one_file_that_names_no_other(light: Made) -> None:
    class Addresses(HTMLParser):
        found: list[str] = []  # noqa: RUF012

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            self.found += [
                value or "" for name, value in attrs if name in ("src", "href", "srcset", "poster", "action")
            ]

    parser = Addresses()
    parser.feed(light.page.read_text(encoding="utf-8"))
    assert {address.partition(",")[0] for address in parser.found} == {"data:", "data:video/mp4;base64"}


def test_words_of_a_user_are_words_of_the_page(light: Made) -> None:
    class Texts(HTMLParser):
        title = ""

        def handle_data(self, text: str) -> None:
            self.title += text if self.lasttag == "title" else ""

    parser = Texts()
    parser.feed(light.page.read_text(encoding="utf-8"))
    assert " ".join(parser.title.split()) == TITLE
    assert len(light.data["steps"]) > 2


def test_the_film_within_is_the_film(light: Made) -> None:
    """Every picture, when it is shown, and the end."""
    with av.open(BytesIO(page.carried(light.page.read_bytes()))) as container:
        stream = container.streams.video[0]
        assert stream.duration is not None
        assert stream.duration * (stream.time_base or 0) * 10 == len(light.pictures)
        shown = {round((frame.time or 0) * 10): frame.to_ndarray(format="rgb24") for frame in container.decode(stream)}
    assert len(shown) < len(light.pictures)
    standing = shown[0]
    for number, picture in enumerate(light.pictures):
        standing = shown.get(number, standing)
        assert np.abs(standing.astype(int) - picture).mean() < 3, number


def test_the_same_film_is_the_same_page(light: Made, tmp_path: Path) -> None:
    again = tmp_path / "other.html"
    la.render("conv", output=str(again), title=TITLE, **SHORT)
    assert again.read_bytes() == light.page.read_bytes()


def test_a_page_without_a_film_is_told() -> None:
    with pytest.raises(ValueError, match="carries no film"):
        page.carried(b"<html>")


@pytest.mark.grid(3)
@pytest.mark.parametrize("name", catalog.EXPLAINERS)
def test_a_player_takes_little_beside_its_film(name: str) -> None:
    """And says of each step what the film says; the numbers in its tables are the trace's."""
    work = preparing.prepare(name, {})
    board, trace = work.told(), work.trace()
    player = telling.told(board, trace)
    out = BytesIO()
    page.write(out, player, Spec(1280, 720, Fraction(25), LIGHT), b"", 600)
    assert len(out.getvalue()) < ROOM_OF_A_PAGE
    assert sum(len(str(table)) for table in player.tables) < 1.5 * ROOM
    assert [step.end for step in player.steps] == [beat.end for beat in board.beats]
    assert any(step.tables for step in player.steps)
    for table in player.tables:
        tensor = trace.tensor(table["name"])
        assert len(table["cells"]) == max(1, len(table["rows"]))
        if tensor.dtype.kind not in "biuf" or tensor.labels is not None or tensor.array.size > 10_000:
            continue
        every = set(numbers.texts(tensor.array, numbers.style(tensor.array)).flat)
        assert {text for row in table["cells"] for text in row} <= every, table


def test_a_table_holds_the_cells_that_it_names() -> None:
    trace = la.trace("conv", input="1 2 3 4; 5 6 7 8; 9 10 11 12", kernel="1 0; 0 1")
    read, kernel, *_ = StepTables(trace, 12).of([0])
    assert (read.name, read.made, read.where) == ("padded", False, "")
    assert (read.rows, read.columns) == (("1", "2"), ("1", "2"))
    assert read.cells == (("1", "2"), ("5", "6"))
    assert (kernel.down, kernel.across) == ("kernel height", "kernel width")
    (one,) = [table for table in StepTables(trace, 12).of([3]) if table.made]
    assert one.cells == (("7",),)
    small = next(iter(StepTables(trace, 1).of([0])))
    assert (small.cells, small.rest) == ((("1",),), "1×1 of 2×2")


def test_blocks_join_to_the_smallest_that_holds_both() -> None:
    one, other = Region.of("x", row=1, column=range(0, 2)), Region.of("x", row=3, column=range(0, 2))
    assert hull(one, other) == Region.of("x", row=range(1, 4), column=range(0, 2))
    assert hull(one, Region.of("x", row=1)) == Region.of("x", row=range(1, 2))


def test_a_key_frame_stands_where_a_step_ends_and_the_last_is_far_back() -> None:
    out = BytesIO()
    pen = Stepped(out, Spec(64, 64, Fraction(25), LIGHT), [10, PICTURES + 20, PICTURES + 60])
    pixels = np.full((64, 64, 4), 255, np.uint8)
    for number in range(PICTURES + 90):
        pixels[number % 64, :, :3] = number % 200
        pen.write(pixels, [(0, 0, 64, 64)], 2 if number < 5 else 1)  # type: ignore[list-item]
    pen.finish()
    with av.open(BytesIO(out.getvalue())) as container:
        keys = [round((frame.time or 0) * 25) for frame in container.decode(video=0) if frame.key_frame]
    assert keys == [0, PICTURES + 20]


def test_a_storyboard_alone_has_steps_and_no_tables(tmp_path: Path) -> None:
    la.render(la.storyboard("softmax", pace="fast"), output=str(tmp_path / "x.html"), size="128x72", fps=2)
    made = Made(tmp_path / "x.html", (), np.zeros((1, 1, 3), np.uint8))
    assert made.data["tables"] == []
    assert len(made.data["steps"]) > 3


def test_text_of_the_film_is_base64_whole(light: Made) -> None:
    text = light.page.read_text(encoding="utf-8")
    (film,) = re.findall(r"base64,([A-Za-z0-9+/=]+)", text)
    assert base64.b64encode(base64.b64decode(film)).decode() == film
