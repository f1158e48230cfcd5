"""PNG (https://www.w3.org/TR/png-3/): a poster, a sequence, an animation; exact, without dates or names."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from io import BytesIO
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from layeranim.errors import RenderError
from layeranim.film.writers.deltas import Deltas, Symbols
from layeranim.film.writers.spec import FrameFiles, Rect, Spec
from layeranim.film.writers.yuv import straight

SIGNATURE = b"\x89PNG\r\n\x1a\n"
RGB, RGBA = 2, 6  # colour types
LEVEL = 7  # zlib's, of a whole picture: at 9 a poster has 5 % less bytes and takes four times as long


def write_png(out: BinaryIO, pixels: NDArray[np.uint8]) -> None:
    """Write a BGRA picture (height, width, 4) as an 8-bit PNG: RGB where all is opaque, else RGBA."""
    height, width = pixels.shape[:2]
    kind, channels = RGB, [2, 1, 0]
    if (pixels[..., 3] < 255).any():
        kind, channels, pixels = RGBA, [2, 1, 0, 3], straight(pixels)
    out.write(SIGNATURE + _header(width, height, kind))
    out.write(_chunk(b"IDAT", _compressed(pixels[..., channels], LEVEL)))
    out.write(_chunk(b"IEND", b""))


class PngSequence:
    """Writes one PNG a frame, held frames too; see ``Writer``."""

    def __init__(self, out: FrameFiles, spec: Spec) -> None:
        self._out = out
        self._frames = 0
        self._picture = b""

    def write(self, pixels: NDArray[np.uint8], changed: Sequence[Rect], repeat: int) -> None:
        if changed:
            stored = BytesIO()
            write_png(stored, pixels)
            self._picture = stored.getvalue()
        for number in range(self._frames, self._frames + repeat):
            with self._out.frame(number) as file:
                file.write(self._picture)
        self._frames += repeat

    def finish(self) -> None:
        if not self._frames:
            raise RenderError("the film has no frame")

    def abort(self) -> None:
        """Nothing runs beside the camera."""


class Apng(Deltas):
    """Writes an animated PNG; see ``Deltas``. Browsers show an image of 10 ms or less for 100."""

    ticks, least, most = 1000, 11, 65535

    def __init__(self, out: BinaryIO, spec: Spec) -> None:
        super().__init__(spec, np.uint32)
        self._out = out
        out.write(SIGNATURE + _header(spec.width, spec.height, RGBA))
        self._control = out.tell()
        self._images = self._sequence = 0
        out.write(self._animation())

    def _animation(self) -> bytes:
        return _chunk(b"acTL", struct.pack(">II", self._images, self._spec.loop))

    def _next(self) -> bytes:
        self._sequence += 1
        return struct.pack(">I", self._sequence - 1)

    def _symbols(self, packed: NDArray[np.uint32]) -> Symbols:
        return self._straight(packed)

    def _image(self, box: Rect, image: Symbols, duration: int) -> None:
        place = struct.pack(">IIII", box.x1 - box.x0, box.y1 - box.y0, box.x0, box.y0)
        keep, over = 0, int(not self._whole)  # what is drawn stays; over what is there, or in its place
        self._out.write(_chunk(b"fcTL", self._next() + place + struct.pack(">HHBB", duration, self.ticks, keep, over)))
        channels = np.ascontiguousarray(image).view(np.uint8).reshape(*image.shape, 4)
        data = _compressed(channels[..., [2, 1, 0, 3]], level=9)
        self._out.write(_chunk(b"fdAT", self._next() + data) if self._images else _chunk(b"IDAT", data))
        self._images += 1

    def _end(self) -> None:
        self._out.write(_chunk(b"IEND", b""))
        end = self._out.tell()
        self._out.seek(self._control)
        self._out.write(self._animation())
        self._out.seek(end)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _header(width: int, height: int, colour_type: int) -> bytes:
    return _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, colour_type, 0, 0, 0))


def _compressed(channels: NDArray[np.uint8], level: int) -> bytes:
    """zlib's stream of the rows, unfiltered: flat fills and glyphs that recur pack best as they are."""
    lines = channels.reshape(channels.shape[0], -1)
    return zlib.compress(np.pad(lines, ((0, 0), (1, 0))).tobytes(), level)
