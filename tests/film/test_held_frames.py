"""Frames that repeat the one before, made from copies: decoded they are the same picture, bit for bit."""

from __future__ import annotations

import re
from io import BytesIO
from itertools import pairwise
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from layeranim.errors import RenderError
from layeranim.film.writers import Rect, slices, writer
from layeranim.film.writers.mp4 import still
from layeranim.film.writers.video import KEYFRAMES
from layeranim.theme import LIGHT
from tests.film.moving import Call, Picture, film, spec, written

START = re.compile(b"\0\0[\0-\2]")
HOLDS = (1, 40, 2, 1, 1, 190, 15, 3, 260, 16, 17, 1, 500, 2)
"""Frames that pictures are shown for: frame numbers wrap at 16; a key frame is due within holds, long and short."""
KEYS = [0, 235, 513, 1047]
"""Where key frames go: to the first picture from 200 frames after the last one on."""


def holding() -> list[Call]:
    pictures = [call.pixels for call in film(LIGHT) if call.changed]
    whole = [Rect(0, 0, 320, 180)]
    return [Call(pixels, whole, repeat) for pixels, repeat in zip(pictures, HOLDS, strict=False)]


def decoded(data: bytes) -> tuple[list[Picture], list[int]]:
    """Every frame's planes, and the numbers of the key frames."""
    opened: Any = av.open(BytesIO(data))
    with opened as container:
        frames = list(container.decode(video=0))
    return [frame.to_ndarray() for frame in frames], [n for n, frame in enumerate(frames) if frame.key_frame]


@pytest.mark.parametrize("fmt", ["mp4", "webm", "av1"])
def test_key_frames_wait_for_new_pictures(fmt: str) -> None:
    """A key frame codes its picture anew: within a hold that would be seen."""
    calls = holding()
    _, keys = decoded(written(fmt, calls, spec(calls)))
    assert keys == KEYS
    assert all(b - a >= KEYFRAMES for a, b in pairwise(keys))
    pieces = [Call(call.pixels, [] if n else call.changed, 1) for call in calls for n in range(call.repeat)]
    assert decoded(written(fmt, pieces, spec(calls)))[1] == KEYS
    moving = [call._replace(repeat=1) for call in calls for _ in range(20)]
    _, keys = decoded(written(fmt, moving, spec(calls)))
    assert keys == list(range(0, len(moving), KEYFRAMES))


def test_an_encoder_left_to_itself_puts_key_frames_into_holds_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where held frames are encoded like others."""
    monkeypatch.setattr(slices, "SEQUENCE", b"other")
    calls = holding()
    assert decoded(written("mp4", calls, spec(calls)))[1] == KEYS


def test_a_hold_is_one_picture_bit_for_bit() -> None:
    calls = holding()
    pictures, _ = decoded(written("mp4", calls, spec(calls)))
    assert len(pictures) == sum(HOLDS)
    start = 0
    for call in calls:
        for number in range(start + 1, start + call.repeat):
            assert np.array_equal(pictures[number], pictures[number - 1]), number
        own = pictures[start + call.repeat - 1][:180]
        for other in calls:  # luma is nearest to the picture that was shown
            if not np.array_equal(other.pixels, call.pixels):
                assert distance(own, call) < distance(own, other)
        start += call.repeat


def distance(luma: Picture, call: Call) -> float:
    blue, green, red = (call.pixels[..., channel].astype(float) for channel in range(3))
    return float(np.abs(luma - (16 + (0.2126 * red + 0.7152 * green + 0.0722 * blue) * 219 / 255)).mean())


def test_a_hold_told_in_pieces_is_the_same_film() -> None:
    calls = holding()
    pieces = [part for call in calls for part in (call._replace(repeat=1), Call(call.pixels, [], call.repeat - 1))]
    some_calls = [part for part in pieces if part.repeat]
    assert written("mp4", calls, spec(calls)) == written("mp4", some_calls, spec(calls))


@given(number=some.integers(0, 249), rest=some.binary(min_size=2, max_size=12), first=some.integers(0, 31))
def test_a_renumbered_slice_holds_no_start_code_and_all_its_bits(number: int, rest: bytes, first: int) -> None:
    raw = bytes([0x41, slices.HEAD << 1, first]) + rest + b"\x80"
    escaped = re.sub(b"\0\0(?=[\0-\3])", b"\0\0\3", raw)
    found = slices.numbered(slices.START_CODE + escaped, number)
    assert found.startswith(slices.START_CODE)
    body = found[4:]
    assert not START.search(body)
    plain = body.replace(b"\0\0\3", b"\0\0")
    assert (plain[1] & 1) << 3 | plain[2] >> 5 == number % 16
    assert (plain[0], plain[1] >> 1, plain[2] & 31, plain[3:]) == (0x41, slices.HEAD, first, rest + b"\x80")


def test_x264_says_as_it_was_in_a_few_bytes() -> None:
    calls = film(LIGHT)
    for size in ((64, 64), (320, 180), (1920, 1080)):
        assert 0 < len(still(spec(calls).__class__(*size, spec(calls).fps, LIGHT)) or b"") < 100


def test_an_x264_that_numbers_otherwise_encodes_every_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not slices.numberable(b"\0\0\0\1\x67\x64\x00\x1f\xac\xd9\x40\0\0\0\1\x68")
    calls = holding()
    copied = written("mp4", calls, spec(calls))
    monkeypatch.setattr(slices, "SEQUENCE", b"other")
    whole = written("mp4", calls, spec(calls))
    assert whole != copied
    with av.open(BytesIO(copied)) as ours, av.open(BytesIO(whole)) as theirs:
        assert sum(1 for _ in ours.decode(video=0)) == sum(1 for _ in theirs.decode(video=0)) > len(calls)


def test_what_cannot_be_renumbered_is_refused() -> None:
    with pytest.raises(RenderError, match="no slice for frame 3"):
        slices.numbered(b"\0\0\0\1\x65\x88\x84", 3)  # a key frame in the middle


def test_the_camera_waits_for_a_slow_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is on its way is bounded, whatever the encoder's speed."""
    calls = holding()
    pen: Any = writer("mp4", BytesIO(), spec(calls))
    for _ in range(40):
        for call in calls:
            pen.write(call.pixels, call.changed, 1)
            assert pen._waiting.qsize() <= 16
    pen.finish()
