"""MP4 and WebM: read back with libav, every frame in its place, colours within what 4:2:0 can hold."""

from __future__ import annotations

import gc
import struct
from collections.abc import Iterator
from fractions import Fraction
from io import BytesIO
from typing import Any, NamedTuple

import av
import numpy as np
import pytest

from layeranim.errors import RenderError
from layeranim.film.writers import Writer, writer
from layeranim.film.writers.mp4 import H264
from layeranim.film.writers.video import encoding
from layeranim.film.writers.yuv import Planes, convert, paste
from layeranim.theme import LIGHT, THEMES, Theme, rgb
from tests.film.moving import Call, Picture, bgra, expected, film, spec, swatch, written

VIDEO = ("mp4", "webm", "av1")
ANY = pytest.mark.parametrize("fmt", VIDEO)
BOTH = pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)


class Film(NamedTuple):
    pictures: list[Picture]
    times: list[Fraction]
    seconds: Fraction
    stream: Any


def read(data: bytes) -> Film:
    opened: Any = av.open(BytesIO(data))
    with opened as container:
        stream = container.streams.video[0]
        pictures, times = [], []
        for frame in container.decode(stream):
            pictures.append(frame.reformat(format="rgb24", src_colorspace="ITU709").to_ndarray())
            times.append(Fraction(frame.pts * frame.time_base))
        return Film(pictures, times, Fraction(container.duration, av.time_base), stream.codec_context)


def mean_error(a: Picture, b: Picture) -> float:
    return float(np.abs(a.astype(int) - b.astype(int)).mean())


@ANY
@BOTH
def test_every_frame_in_its_place(fmt: str, theme: Theme) -> None:
    calls = film(theme)
    found = read(written(fmt, calls, spec(calls, theme=theme)))
    wanted = expected(calls)
    assert len(found.pictures) == len(wanted) == 62
    assert found.pictures[0].shape == (180, 320, 3)
    for number, picture in enumerate(found.pictures):
        assert mean_error(picture, wanted[number]) < 2.5, number
        # Nearer to its own picture than to the neighbours that differ from it.
        for other in (number - 1, number + 1):
            if 0 <= other < 62 and (wanted[other] != wanted[number]).any():
                assert mean_error(picture, wanted[number]) < mean_error(picture, wanted[other]), (number, other)


@ANY
@pytest.mark.parametrize("fps", [Fraction(25), Fraction(25, 2), Fraction(30000, 1001), Fraction(50)])
def test_time_is_even_and_the_last_hold_is_whole(fmt: str, fps: Fraction) -> None:
    calls = film(LIGHT)
    found = read(written(fmt, calls, spec(calls, fps)))
    assert len(found.times) == 62
    tick = Fraction(1, 1000) if fmt != "mp4" else Fraction(0)  # WebM counts milliseconds
    for number, time in enumerate(found.times):
        assert abs(time - number / fps) <= tick / 2
    assert abs(found.seconds - 62 / fps) <= Fraction(1, 1000)


@ANY
@pytest.mark.parametrize("frames", [1, 2, 3, 5])
def test_films_of_few_frames(fmt: str, frames: int) -> None:
    calls = [film(LIGHT)[0]._replace(repeat=frames)]
    found = read(written(fmt, calls, spec(calls)))
    assert found.times == [Fraction(number, 25) for number in range(frames)]
    assert found.seconds == Fraction(frames, 25)


@ANY
@BOTH
def test_colours_of_the_theme(fmt: str, theme: Theme) -> None:
    """Tokens come back within 3/255 of what BT.709 in 8 bits can hold, and are marked as BT.709, limited range."""
    calls = film(theme)
    data = written(fmt, calls, spec(calls, theme=theme))
    found = read(data)
    for number, token in enumerate(theme.tokens()):
        box = swatch(number, 320)
        seen = found.pictures[-1][box.y0 + 4 : box.y1 - 4, box.x0 + 4 : box.x1 - 4].reshape(-1, 3).mean(axis=0)
        assert np.abs(seen - rgb(token)).max() <= 4, (token, seen)
    stream = found.stream
    assert (stream.color_primaries, stream.color_trc, stream.colorspace, stream.color_range) == (1, 1, 1, 1)
    if fmt != "mp4":
        assert b"\x55\xb9\x81\x01" in data  # Matroska's Range, of one byte: broadcast


def bits_of(unit: bytes) -> Iterator[int]:
    plain = unit.replace(b"\0\0\3", b"\0\0")
    return (byte >> shift & 1 for byte in plain for shift in range(7, -1, -1))


def chroma_place(sequence: bytes) -> tuple[int, int] | None:
    """``chroma_sample_loc_type`` of both fields, from a sequence parameter set of x264 (H.264, 7.3.2.1 and E.1)."""
    bits = bits_of(sequence[4:])  # after the unit's head, profile and level

    def u(count: int) -> int:
        return sum(next(bits) << shift for shift in range(count - 1, -1, -1))

    def ue() -> int:
        zeros = 0
        while not next(bits):
            zeros += 1
        return (1 << zeros) - 1 + u(zeros)

    assert [ue(), ue(), ue(), ue(), u(2)] == [0, 1, 0, 0, 0]  # set 0, 4:2:0 of 8 bits, no scaling lists
    ue()
    assert ue() == 2  # the order of frames
    ue(), u(1), ue(), ue(), u(2)
    if u(1):  # cropping
        [ue() for _ in range(4)]
    assert u(1) == 1
    if u(1) and u(8) == 255:  # aspect ratio
        u(32)
    if u(1):  # overscan
        u(1)
    if u(1):  # signal type
        u(4)
        if u(1):
            u(24)
    return (ue(), ue()) if u(1) else None


@pytest.mark.parametrize(("fmt", "place"), [("mp4", (1, 1)), ("webm", None)])
def test_the_stream_says_where_its_colour_was_taken(fmt: str, place: tuple[int, int] | None) -> None:
    """In the middle of each 2×2 block, as ``yuv`` does; AV1 has only the left and the top left corner to name."""
    calls = film(LIGHT)
    data = written(fmt, calls, spec(calls))
    if place is None:
        assert b"\x55\xb7\x81\x02\x55\xb8\x81\x02" in data  # Matroska's ChromaSitingHorz and -Vert: half
        return
    with av.open(BytesIO(data)) as opened:
        extra: Any = opened.streams.video[0].codec_context
        head = bytes(extra.extradata)
    (size,) = struct.unpack_from(">H", head, 6)  # avcC: one sequence parameter set
    assert chroma_place(head[8 : 8 + size]) == place


def test_conversion_against_the_formula() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (32, 48, 4), np.uint8)
    pixels[:2, :16] = np.array([[255], [0]], np.uint8)[[0, 1]][:, None] * np.ones((1, 16, 4), np.uint8)
    planes = convert(pixels)
    blue, green, red = (pixels[..., channel] / 255 for channel in range(3))
    luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    assert np.abs(planes.y - (16 + 219 * luma)).max() <= 0.51
    for plane, colour, span in ((planes.u, blue, 1.8556), (planes.v, red, 1.5748)):
        chroma = 128 + 224 * (colour - luma) / span
        assert np.abs(plane - chroma.reshape(16, 2, 24, 2).mean(axis=(1, 3))).max() <= 0.51


def test_extremes_fill_the_range() -> None:
    for colour, (y, u, v) in {"#000000": (16, 128, 128), "#FFFFFF": (235, 128, 128), "#0000FF": (32, 240, 118)}.items():
        planes = convert(np.full((2, 2, 4), bgra(colour), np.uint8))
        assert [int(plane[0, 0]) for plane in planes] == [y, u, v]


def test_patches_equal_the_whole() -> None:
    calls = film(LIGHT)
    frame = Planes(*(np.zeros_like(plane) for plane in convert(calls[0].pixels)))
    for call in calls:
        for rect in call.changed:
            paste(frame, convert(call.pixels[rect.y0 : rect.y1, rect.x0 : rect.x1]), rect.x0, rect.y0)
        for mine, whole in zip(frame, convert(call.pixels), strict=True):
            np.testing.assert_array_equal(mine, whole)


def test_mp4_index_comes_first_and_points_at_the_frames() -> None:
    calls = film(LIGHT)
    data = written("mp4", calls, spec(calls))
    boxes: dict[bytes, tuple[int, int]] = {}
    at = 0
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        boxes[kind] = (at, size)
        at += size
    assert at == len(data)
    assert list(boxes)[:2] == [b"ftyp", b"moov"]
    assert boxes[b"moov"][0] < boxes[b"mdat"][0]
    place = data.index(b"stco")
    (first,) = struct.unpack_from(">I", data, place + 12)
    assert first == boxes[b"mdat"][0] + 8


def test_a_large_index_moves_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """The frames are moved in blocks, from the end; a block smaller than the shift and one larger give the same."""
    calls = film(LIGHT)
    whole = written("mp4", calls, spec(calls))
    for block in (100, 777):
        monkeypatch.setattr("layeranim.film.writers.faststart.BLOCK", block)
        assert written("mp4", calls, spec(calls)) == whole


@ANY
def test_no_versions_and_no_dates(fmt: str) -> None:
    calls = film(LIGHT)
    data = written(fmt, calls, spec(calls))
    for word in (b"x264", b"Lavc", b"Lavf6", b"SVT", b"libvpx", b"core "):
        assert word not in data
    if fmt == "mp4":
        assert struct.unpack_from(">II", data, data.index(b"mvhd") + 8) == (0, 0)


def play(pen: Writer, calls: list[Call]) -> None:
    for call in calls:
        pen.write(call.pixels, call.changed, call.repeat)
    pen.finish()


class Full(BytesIO):
    """A disk with room for two thousand bytes; what is buffered before it fails again at each seek."""

    full = False

    def write(self, data: Any, /) -> int:
        self.full = self.full or self.tell() + len(data) > 2000
        return self.checked() or super().write(data)

    def seek(self, offset: int, whence: int = 0, /) -> int:
        return self.checked() or super().seek(offset, whence)

    def checked(self) -> int:
        if self.full:
            raise RenderError("cannot write film: No space left on device")
        return 0


@ANY
def test_what_the_disk_refuses_is_the_error_that_comes_out(fmt: str, capfd: pytest.CaptureFixture[str]) -> None:
    calls = film(LIGHT)
    pen = writer(fmt, Full(), spec(calls))
    with pytest.raises(RenderError, match="No space left"):
        play(pen, calls)
    pen.abort()
    del pen
    gc.collect()
    assert capfd.readouterr() == ("", "")


@ANY
def test_an_aborted_film_can_be_forgotten(fmt: str, capfd: pytest.CaptureFixture[str]) -> None:
    calls = film(LIGHT)
    file = BytesIO()
    pen = writer(fmt, file, spec(calls))
    for call in calls[:5]:
        pen.write(call.pixels, call.changed, call.repeat)
    pen.abort()
    pen.abort()
    file.close()
    del pen
    gc.collect()
    assert capfd.readouterr() == ("", "")


def test_an_encoder_that_cannot_says_so() -> None:
    calls = film(LIGHT)
    pen = writer("av1", BytesIO(), spec(calls, Fraction(10**9)))
    with pytest.raises(RenderError, match="libsvtav1 cannot encode frame 0"):
        play(pen, calls)


def test_a_long_hold_costs_little() -> None:
    calls = [film(LIGHT)[0]._replace(repeat=1), Call(film(LIGHT)[0].pixels, [], 250)]
    short, long = (len(written("mp4", some, spec(some))) for some in (calls[:1], calls))
    assert long - short < 250 * 80


@pytest.mark.parametrize(("frame", "says"), [(0, "cannot begin: .*threads or memory"), (7, "cannot encode frame 7")])
def test_an_encoder_that_gets_no_threads_is_a_render_error(frame: int, says: str) -> None:
    with pytest.raises(RenderError, match=says), encoding(H264, frame):
        raise av.error.ExternalError(542398533, "Generic error in an external library")
