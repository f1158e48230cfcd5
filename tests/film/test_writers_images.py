"""GIF, WebP, APNG and PNG: read back with Pillow, every frame at its time, every pixel."""

from __future__ import annotations

import struct
from fractions import Fraction
from io import BytesIO
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from layeranim.errors import OptionError, RenderError
from layeranim.film.palette import Lookup, palette
from layeranim.film.writers import FORMATS, Rect, Spec, check_size, writer
from layeranim.film.writers.png import write_png
from layeranim.theme import LIGHT, THEMES, Theme, rgb
from tests.film.moving import Call, Frames, Picture, bgra, expected, film, spec, swatch, written

ANIMATED = ("gif", "webp", "apng")
ANY = pytest.mark.parametrize("fmt", ANIMATED)
BOTH = pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)


class Film(NamedTuple):
    """A decoded animation: pictures, how long each is shown in milliseconds, plays (0 = for ever)."""

    pictures: list[Picture]
    durations: list[int]
    plays: int

    def at(self, milliseconds: float) -> Picture:
        ends = np.cumsum(self.durations)
        return self.pictures[int(np.searchsorted(ends, milliseconds, side="right"))]


def read(data: bytes) -> Film:
    with Image.open(BytesIO(data)) as image:
        pictures, durations = [], []
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            image.load()
            durations.append(round(image.info.get("duration", 0)))
            pictures.append(np.asarray(image.convert("RGB")))
        loop: Any = image.info.get("loop")
        if image.format == "GIF":  # the plays after the first, if there is more than one
            return Film(pictures, durations, 1 if loop is None else loop + 1 if loop else 0)
        return Film(pictures, durations, loop)


def in_palette(pictures: list[Picture], about: Spec) -> list[Picture]:
    """What a GIF makes of exact pictures."""
    colours = palette(about.theme, about.extra_colours)
    table, lookup = np.array([rgb(colour) for colour in colours], np.uint8), Lookup(colours)
    packed = (picture.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32) for picture in pictures)
    return [table[lookup(codes) - 1] for codes in packed]


def assert_shows(data: bytes, fmt: str, calls: list[Call], about: Spec) -> Film:
    """The middle of every frame's time shows that frame, and the whole lasts as long as the film."""
    found = read(data)
    wanted = expected(calls)
    wanted = in_palette(wanted, about) if fmt == "gif" else wanted
    for number, picture in enumerate(wanted):
        shown = found.at(float((number + Fraction(1, 2)) * 1000 / about.fps))
        np.testing.assert_array_equal(shown, picture, err_msg=f"frame {number}")
    assert abs(sum(found.durations) - len(wanted) * 1000 / about.fps) <= (5 if fmt == "gif" else 0.5)
    return found


@ANY
@BOTH
def test_every_frame_at_its_time(fmt: str, theme: Theme) -> None:
    calls = film(theme)
    about = spec(calls, theme=theme)
    found = assert_shows(written(fmt, calls, about), fmt, calls, about)
    assert found.durations == [280, *[40] * 15, 520, *[40] * 5, 880]
    for number, token in enumerate(theme.tokens()):
        box = swatch(number, about.width)
        assert tuple(found.pictures[0][box.y0 + 8, box.x0 + 8]) == rgb(token)


@ANY
@pytest.mark.parametrize("size", [(321, 181), (64, 179)])
def test_odd_sizes(fmt: str, size: tuple[int, int]) -> None:
    width, height = size
    pixels = np.full((height, width, 4), bgra(LIGHT.bg), np.uint8)
    calls = [Call(pixels.copy(), [Rect(0, 0, width, height)], 2)]
    edge = Rect(width - 1 & ~1, height - 1 & ~1, width, height)
    pixels[edge.y0 :, edge.x0 :] = bgra(LIGHT.focus)
    calls.append(Call(pixels.copy(), [edge], 2))
    found = assert_shows(written(fmt, calls, spec(calls)), fmt, calls, spec(calls))
    assert found.pictures[0].shape == (height, width, 3)


@ANY
@pytest.mark.parametrize("loop", [0, 1, 2, 7])
def test_plays(fmt: str, loop: int) -> None:
    calls = film(LIGHT)
    data = written(fmt, calls, spec(calls, loop=loop))
    assert read(data).plays == loop
    assert (b"NETSCAPE" in data) == (fmt == "gif" and loop != 1)


@ANY
@pytest.mark.parametrize("fps", [Fraction(25), Fraction(25, 2), Fraction(30), Fraction(30000, 1001), Fraction(50)])
def test_the_length_is_right_at_any_rate(fmt: str, fps: Fraction) -> None:
    calls = film(LIGHT)
    assert_shows(written(fmt, calls, spec(calls, fps)), fmt, calls, spec(calls, fps))


@ANY
@pytest.mark.parametrize("fps", [60, 100, 240])
def test_images_too_short_for_browsers_are_merged(fmt: str, fps: int) -> None:
    calls = film(LIGHT)
    about = spec(calls, Fraction(fps))
    found = read(written(fmt, calls, about))
    assert min(found.durations) >= (20 if fmt == "gif" else 11)
    assert abs(sum(found.durations) - 62000 / fps) <= 1000 / fps
    last = expected(calls)[-1:]
    np.testing.assert_array_equal(found.pictures[-1], (in_palette(last, about) if fmt == "gif" else last)[0])


@ANY
def test_a_last_frame_too_short_is_shown_long_enough(fmt: str) -> None:
    calls = film(LIGHT)[:2]
    found = read(written(fmt, calls, spec(calls, Fraction(100))))
    assert found.durations == [70, 20 if fmt == "gif" else 11]


@ANY
def test_a_hold_longer_than_a_delay_can_say(fmt: str) -> None:
    calls = film(LIGHT)[:3]
    calls[1] = calls[1]._replace(repeat=50_001)  # 2000 s
    about = spec(calls)
    data = written(fmt, calls, about)
    found = read(data)
    assert sum(found.durations) == (7 + 50_001 + 1) * 40
    wanted = expected([call._replace(repeat=1) for call in calls])
    wanted = in_palette(wanted, about) if fmt == "gif" else wanted
    for milliseconds, picture in ((0, 0), (280, 1), (700_000, 1), (2_000_319, 1), (2_000_321, 2)):
        np.testing.assert_array_equal(found.at(milliseconds), wanted[picture])


def test_gif_keeps_a_films_own_colours() -> None:
    extra = tuple(LIGHT.fill("plane-g", level) for level in range(32))
    pixels = np.array([[bgra(colour) for colour in extra]] * 8, np.uint8)
    calls = [Call(pixels, [Rect(0, 0, 32, 8)], 1)]
    found = read(written("gif", calls, spec(calls, extra_colours=extra)))
    np.testing.assert_array_equal(found.pictures[0], expected(calls)[0])


@ANY
def test_only_what_changed_is_stored(fmt: str) -> None:
    """Over a picture full of detail, small squares at two ends cost little, though the box around both is large."""
    pixels = np.random.default_rng(5).integers(0, 2, (90, 160, 1), np.uint8) * np.array([[[9, 9, 9, 0]]], np.uint8) * 20
    pixels[..., 3] = 255
    still = [Call(pixels.copy(), [Rect(0, 0, 160, 90)], 1)]
    calls = list(still)
    for step in range(70):
        pixels[10:14, 2 * step : 2 * step + 4] = pixels[80:84, -2 * step - 5 : -2 * step - 1] = bgra(LIGHT.focus)
        calls.append(Call(pixels.copy(), [Rect(0, 0, 160, 90)], 1))
    one, all_ = (len(written(fmt, some, spec(some))) for some in (still, calls))
    assert all_ - one < 70 * 250


def test_the_first_image_of_a_gif_is_opaque() -> None:
    calls = film(LIGHT)
    with Image.open(BytesIO(written("gif", calls, spec(calls)))) as image:
        assert "transparency" not in image.info


@pytest.mark.parametrize(
    ("fmt", "kind", "at", "bit", "over"), [("webp", b"ANMF", 19, 2, 0), ("apng", b"fcTL", 25, 1, 1)]
)
def test_the_first_image_lies_over_nothing(fmt: str, kind: bytes, at: int, bit: int, over: int) -> None:
    """Typst blends it with the empty canvas, and makes it darker."""
    calls = film(LIGHT)
    first, *others = (after[at] & bit for after in written(fmt, calls, spec(calls)).split(kind)[1:])
    assert first != over
    assert over in others


def test_apng_and_gif_are_read_alike_by_another_decoder() -> None:
    import av

    calls = film(LIGHT)
    for fmt in ("gif", "apng"):
        opened: Any = av.open(BytesIO(written(fmt, calls, spec(calls))))
        with opened as container:
            pictures = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
        for mine, pillows in zip(pictures, read(written(fmt, calls, spec(calls))).pictures, strict=True):
            np.testing.assert_array_equal(mine, pillows)


def test_png_sequence_has_every_frame() -> None:
    calls = film(LIGHT)
    frames = Frames()
    pen = writer("png-sequence", frames, spec(calls))
    for call in calls:
        pen.write(call.pixels, call.changed, call.repeat)
    pen.finish()
    assert sorted(frames.files) == list(range(62))
    for number, picture in enumerate(expected(calls)):
        np.testing.assert_array_equal(np.asarray(Image.open(BytesIO(frames.files[number]))), picture)


def test_poster_is_exact_and_says_nothing_else() -> None:
    pixels = film(LIGHT)[5].pixels
    out = BytesIO()
    write_png(out, pixels)
    image = Image.open(out)
    assert image.mode == "RGB"
    np.testing.assert_array_equal(np.asarray(image), pixels[..., 2::-1])
    data, kinds, at = out.getvalue(), [], 8
    while at < len(data):
        (size,) = struct.unpack_from(">I", data, at)
        kinds.append(data[at + 4 : at + 8])
        at += size + 12
    assert kinds == [b"IHDR", b"IDAT", b"IEND"]


@pytest.mark.parametrize("fmt", FORMATS)
def test_a_film_without_frames_is_an_error(fmt: str) -> None:
    pen = writer(fmt, Frames() if fmt == "png-sequence" else BytesIO(), Spec(64, 64, Fraction(25), LIGHT))
    with pytest.raises(RenderError, match="no frame"):
        pen.finish()
    pen.abort()


@pytest.mark.parametrize(
    ("fmt", "size", "message"),
    [
        ("mp4", (641, 360), "640x360 or 642x360"),
        ("webm", (641, 361), "640x360 or 642x362"),
        ("av1", (640, 359), "640x358 or 640x360"),
        ("mp4", (8, 360), "sides of 16 to 8192"),
        ("webp", (640, 16384), "sides of 1 to 16383"),
        ("gif", (0, 10), "sides of 1 to 65535"),
        ("mpeg", (64, 64), "choose from mp4, webm"),
    ],
)
def test_sizes_a_format_cannot_have(fmt: str, size: tuple[int, int], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        check_size(fmt, *size)
    with pytest.raises(OptionError, match=message):
        writer(fmt, BytesIO(), Spec(*size, Fraction(25), LIGHT))


RECTS = st.tuples(st.integers(0, 5), st.integers(0, 3), st.integers(1, 6), st.integers(1, 4))
CALLS = st.lists(
    st.tuples(st.lists(st.tuples(RECTS, st.sampled_from(LIGHT.tokens())), max_size=3), st.integers(1, 4)), max_size=8
)


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(steps=CALLS, fps=st.sampled_from([Fraction(25), Fraction(50), Fraction(24), Fraction(25, 2)]))
def test_any_rectangles_in_any_order(steps: list[tuple[list[tuple[tuple[int, ...], str]], int]], fps: Fraction) -> None:
    pixels = np.full((9, 13, 4), bgra(LIGHT.bg), np.uint8)
    calls = [Call(pixels.copy(), [Rect(0, 0, 13, 9)], 1)]
    for drawn, repeat in steps:
        rects = []
        for (x, y, width, height), colour in drawn:
            rects.append(Rect(2 * x, 2 * y, min(13, 2 * (x + width)), min(9, 2 * (y + height))))
            pixels[rects[-1].y0 + height % 2 : rects[-1].y1, rects[-1].x0 + width % 2 : rects[-1].x1] = bgra(colour)
        calls.append(Call(pixels.copy(), rects, repeat))
    for fmt in ANIMATED:
        assert_shows(written(fmt, calls, spec(calls, fps)), fmt, calls, spec(calls, fps))
