"""Pictures: what each kind becomes, against pixels computed by hand."""

from __future__ import annotations

import io
import struct
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageFile

from layeranim.errors import MissingLibraryError
from layeranim.inputs import Limits, read

Refused = Callable[..., str]
PIXELS = np.arange(24, dtype=np.uint8).reshape(2, 4, 3) * 10  # height 2, width 4, RGB
GRAY = np.array([[0, 50, 100], [150, 200, 255]], np.uint8)


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def png(width: int, height: int, depth: int, colour: int, data: bytes, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG written by hand, for what Pillow does not write."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    middle = b"".join(chunk(name, body) for name, body in chunks)
    return b"\x89PNG\r\n\x1a\n" + head + middle + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")


def pixels(data: bytes, **options: Any) -> Any:
    array = read("-", stdin=io.BytesIO(data), **options).array
    assert array.dtype == np.uint8
    assert array.flags.c_contiguous
    assert not array.flags.writeable
    return array.tolist()


@pytest.mark.parametrize(("name", "kind"), [("a.png", "PNG"), ("a.WebP", "WEBP"), ("named wrongly.jpg", "PNG")])
def test_colour_is_channels_first(tmp_path: Path, name: str, kind: str) -> None:
    (tmp_path / name).write_bytes(encoded(Image.fromarray(PIXELS), kind, lossless=True))
    found = read(str(tmp_path / name))
    assert found.array.shape == (3, 2, 4)
    assert np.array_equal(found.array, np.moveaxis(PIXELS, -1, 0))
    assert (found.name, found.kind) == (name, "file")


def test_jpeg_within_its_loss(tmp_path: Path) -> None:
    smooth = np.add.outer(np.arange(16), np.arange(16)).astype(np.uint8) * 8
    for suffix in ("jpg", "jpeg"):
        (tmp_path / f"a.{suffix}").write_bytes(encoded(Image.fromarray(smooth), "JPEG", quality=95))
        assert np.abs(read(str(tmp_path / f"a.{suffix}")).array.astype(int) - smooth).max() < 6
    cmyk = Image.new("CMYK", (8, 8), (0, 255, 255, 0))
    red = np.array(pixels(encoded(cmyk, "JPEG", quality=100)))
    assert red.shape == (3, 8, 8)
    assert red[0].min() > 200
    assert red[1:].max() < 60


def test_gray_has_two_axes() -> None:
    assert pixels(encoded(Image.fromarray(GRAY))) == GRAY.tolist()
    weighed = (PIXELS @ np.array([0.299, 0.587, 0.114])).round()
    assert np.abs(np.array(pixels(encoded(Image.fromarray(PIXELS)), gray=True)) - weighed).max() <= 1
    assert pixels(encoded(Image.fromarray(GRAY)), gray=True) == GRAY.tolist()


def test_one_bit_palette_and_sixteen_bit_pictures() -> None:
    assert pixels(encoded(Image.fromarray(np.array([[True, False]])))) == [[255, 0]]
    palette = Image.fromarray(np.array([[0, 1]], np.uint8)).convert("P")
    palette.putpalette([10, 20, 30, 40, 50, 60])
    assert pixels(encoded(palette)) == [[[10, 40]], [[20, 50]], [[30, 60]]]
    assert pixels(encoded(Image.fromarray(np.array([[0, 255, 256, 65535]], np.uint16)))) == [[0, 0, 1, 255]]
    row = b"\0" + struct.pack(">3H", 65535, 256, 255)
    assert pixels(png(1, 1, 16, 2, row)) == [[[255]], [[1]], [[0]]]


def test_what_is_transparent_lies_on_white() -> None:
    rgba = Image.fromarray(np.array([[[100, 0, 200, 0], [100, 0, 200, 255], [100, 0, 200, 51]]], np.uint8))
    assert pixels(encoded(rgba)) == [[[255, 100, 224]], [[255, 0, 204]], [[255, 200, 244]]]
    la = Image.merge(
        "LA", [Image.fromarray(np.array([[7, 7]], np.uint8)), Image.fromarray(np.array([[0, 255]], np.uint8))]
    )
    assert pixels(encoded(la)) == [[255, 7]]
    assert pixels(png(2, 1, 8, 0, b"\0\7\10", (b"tRNS", b"\0\7"))) == [[255, 8]]
    keyed = png(2, 1, 8, 2, b"\0" + bytes([1, 2, 3, 4, 5, 6]), (b"tRNS", b"\0\1\0\2\0\3"))
    assert pixels(keyed) == [[[255, 4]], [[255, 5]], [[255, 6]]]
    palette = png(2, 1, 8, 3, b"\0\0\1", (b"PLTE", bytes([1, 2, 3, 4, 5, 6])), (b"tRNS", b"\0"))
    assert pixels(palette) == [[[255, 4]], [[255, 5]], [[255, 6]]]


@pytest.mark.parametrize(
    ("orientation", "expected"),
    [
        (1, GRAY),
        (2, GRAY[:, ::-1]),
        (3, GRAY[::-1, ::-1]),
        (4, GRAY[::-1]),
        (5, GRAY.T),
        (6, np.rot90(GRAY, -1)),
        (7, GRAY[::-1, ::-1].T),
        (8, np.rot90(GRAY)),
        (9, GRAY),
    ],
)
def test_exif_orientation_is_applied(orientation: int, expected: Any) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert pixels(encoded(Image.fromarray(GRAY), exif=exif)) == expected.tolist()


def test_resize_averages() -> None:
    halves = np.repeat(np.array([[0, 200]], np.uint8), 8, axis=1).repeat(8, axis=0)
    found = np.array(pixels(encoded(Image.fromarray(halves)), resize=(2, 4)))
    assert found.shape == (2, 4)
    assert found[0, 0] == 0
    assert found[0, 3] == 200
    assert (found >= 0).all()
    assert (found <= 200).all()
    assert np.array(pixels(encoded(Image.fromarray(PIXELS)), resize=(5, 6))).shape == (3, 5, 6)


def test_the_first_frame_of_an_animation() -> None:
    frames = [Image.fromarray(GRAY), Image.fromarray(255 - GRAY)]
    assert pixels(encoded(frames[0], "PNG", save_all=True, append_images=frames[1:])) == GRAY.tolist()


@pytest.mark.filterwarnings("error")
def test_refused_pictures(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encoded(Image.fromarray(GRAY), "GIF"))
    refused(lambda: read("a.png", base=tmp_path), "input 'a.png': cannot be decoded", "PNG, JPEG or WebP")
    (tmp_path / "a.png").write_bytes(encoded(Image.fromarray(GRAY)))
    refused(lambda: read("a.png", base=tmp_path, limits=Limits(size=60)), "the file takes", "the limit is 60")
    wide = encoded(Image.new("L", (50, 60)))
    refused(lambda: pixels(wide, limits=Limits(size=6000)), "50×60 takes 3000 pixels, the limit is 857", "--max-memory")
    refused(lambda: pixels(png(60_000, 60_000, 8, 2, b"")), "more than 38347922 pixels", "scale it down")
    refused(lambda: pixels(png(10_000, 10_000, 8, 2, b"")), "100000000 pixels, the limit is 38347922", "--max-memory")
    refused(lambda: pixels(encoded(Image.fromarray(GRAY)), resize=(-1, 2)), "cannot become -1×2")
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False


def test_pillow_is_named_when_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(MissingLibraryError, match=r"Pillow.*pip install pillow"):
        read("photo")
    assert read("digit:3").array.shape == (8, 8)
