"""``check --pixels``: decoded frames compared within a tolerance, differences on a page."""

from __future__ import annotations

import json
import os
import shutil
import struct
from collections.abc import Callable, Sequence
from html.parser import HTMLParser
from io import BytesIO

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from layeranim.assets.pixels import NEAR, compare
from layeranim.errors import RenderError
from layeranim.theme import LIGHT
from tests.assets.conftest import Done, Project
from tests.film import moving

A = '[[asset]]\nid = "a"\nexplainer = "conv"\n'


def film(frames: Sequence[NDArray[np.uint8]], duration: int = 100) -> bytes:
    """Frames as an animation without loss."""
    images = [Image.fromarray(frame) for frame in frames]
    file = BytesIO()
    images[0].save(file, "WEBP", save_all=True, append_images=images[1:], duration=duration, lossless=True, exact=True)
    return file.getvalue()


@pytest.fixture
def frames() -> list[NDArray[np.uint8]]:
    rng = np.random.default_rng(0)
    return [rng.integers(64, 192, (40, 60, 3), np.uint8) for _ in range(3)]


def test_what_codecs_and_versions_do_is_no_difference(frames: list[NDArray[np.uint8]]) -> None:
    near = [frames[0], frames[1] + np.uint8(NEAR), frames[2].copy()]
    near[2][0, 0] = 255 - near[2][0, 0]  # one pixel of 2400
    near[2][0, 1] = 0
    assert compare("webp", film(frames), film(near)) is None


def test_more_is_a_difference(frames: list[NDArray[np.uint8]]) -> None:
    far = [frames[0], frames[1].copy(), frames[2]]
    far[1][0, :4] = 0
    found = compare("webp", film(frames), film(far))
    assert found is not None
    assert (found.frame, found.detail) == (2, "0.17% of frame 2's pixels differ")


def test_lengths_times_and_sizes_are_compared(frames: list[NDArray[np.uint8]]) -> None:
    one = film(frames)
    details = [
        compare("webp", one, other).detail  # type: ignore[union-attr]
        for other in (film(frames[:2]), film(frames, 40), film([f[:, :50] for f in frames]))
    ]
    assert details == [
        "frame 3 is only in the film expected",
        "frame 1 is shown 100 ms, now 40 ms",
        "frame 1 has 60×40 pixels, now 50×40",
    ]
    assert compare("vtt", b"a", b"b") is None


def test_what_is_no_film_is_an_error(frames: list[NDArray[np.uint8]]) -> None:
    for suffix in ("webp", "gif", "mp4", "html"):
        with pytest.raises(RenderError, match=f"the {suffix} cannot be decoded"):
            compare(suffix, b"x" * 100, film(frames))


def test_the_film_in_a_player_is_compared_and_its_words_are_not() -> None:
    calls = moving.film(LIGHT)
    page = moving.written("html", calls, moving.spec(calls))
    assert compare("html", page, page.replace(b"<title>", b"<title>Another ")) is None
    other = moving.written("html", calls[:-2], moving.spec(calls))
    found = compare("html", page, other)
    assert found is not None
    assert "only in the film expected" in found.detail or "differ" in found.detail


def test_what_is_no_film_any_more_is_an_error(frames: list[NDArray[np.uint8]], project: Project) -> None:
    whole = project.write(A + 'formats = ["mp4", "webm"]\n').build() and project.files()
    endless = b"GIF89a" + struct.pack("<HH", 65535, 65535) + film(frames)  # four billion pixels
    for suffix, data in (
        ("mp4", whole["a.mp4"][:40]),  # no pictures in it
        ("mp4", whole["a.webm"]),
        ("webm", whole["a.webm"].replace(b"V_VP9", b"V_XYZ")),  # no such decoder
        ("gif", endless),
        ("gif", film(frames)),
        ("png", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n"),  # a program for another program
    ):
        with pytest.raises(RenderError, match=f"the {suffix} cannot be decoded") as caught:
            compare(suffix, data, whole.get(f"a.{suffix}", b""))
        assert str(caught.value).isprintable()


@pytest.mark.parametrize("kind", ["fifo", "folder", "endless"])
def test_what_stands_in_a_films_place_is_not_read(project: Project, call: Callable[..., Done], kind: str) -> None:
    project.write(A).build()
    place = project.renders / "a.gif"
    place.unlink()
    plant = {"fifo": os.mkfifo, "folder": os.mkdir, "endless": lambda path: os.symlink("/dev/zero", path)}
    plant[kind](place)
    done = call("check", "--pixels", "--jobs", "1")
    assert (done.code, done.err) == (1, "")
    assert "a: edited: a.gif is irregular" in done.out
    assert "a: not compared: a.gif" in done.out


def test_a_check_writes_nothing_where_films_go(project: Project, call: Callable[..., Done]) -> None:
    project.write(A).build()
    shutil.rmtree(project.renders)
    done = call("check", "--pixels", "--jobs", "1")
    assert done.code == 1
    assert "a: not compared: a." in done.out
    assert not project.renders.exists()


class Page(HTMLParser):
    """The pictures of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.pictures: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.pictures += [value for name, value in attrs if tag == "img" and name == "src" and value]


def test_a_film_that_differs_is_shown(project: Project, call: Callable[..., Done]) -> None:
    project.write(A + 'formats = ["gif", "mp4"]\n').build()
    assert call("check", "--pixels", "--jobs", "1") == Done(0, "1 film, all as they should be\n", "")
    other = Project(project.folder.parent / "other")
    other.folder.mkdir()
    other.write(A + 'formats = ["gif", "mp4"]\nstride = 2\n').build()
    for name in ("a.gif", "a.mp4"):
        (project.renders / name).write_bytes(other.files()[name])
    done = call("check", "--pixels", "--json", "--jobs", "1", "--report", "report")
    assert done.code == 1
    found = json.loads(done.out)
    assert sorted(found["wrong"]) == ["a", "a.gif", "a.mp4"]
    assert found["wrong"]["a.gif"][0].startswith("differs: ")
    assert found["page"] == "report/index.html"
    page = Page()
    page.feed((project.folder / found["page"]).read_text())
    assert page.pictures
    for picture in page.pictures:
        with Image.open(project.folder / "report" / picture) as image:
            assert image.size[1] == 72
            assert image.size[0] >= 2 * 128
