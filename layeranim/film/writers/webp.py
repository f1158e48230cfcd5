"""Animated WebP, lossless: https://developers.google.com/speed/webp/docs/riff_container."""

from __future__ import annotations

import io
import struct
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from layeranim.film.writers.deltas import Deltas, Symbols
from layeranim.film.writers.spec import Rect, Spec
from layeranim.theme import rgb


class Webp(Deltas):
    """Writes an animated WebP; see ``Deltas``. Browsers show an image of 10 ms or less for 100.

    Pillow encodes the images; the container is made here, because Pillow's keeps the film in memory and its file was
    twice the size.
    """

    ticks, least, most = 1000, 11, (1 << 24) - 1

    def __init__(self, out: BinaryIO, spec: Spec) -> None:
        super().__init__(spec, np.uint32)
        self._out = out
        out.write(b"RIFF\0\0\0\0WEBP")
        animated = 1 << 1 | 1 << 4  # and with alpha
        self._chunk(b"VP8X", struct.pack("<I", animated) + _three_bytes(spec.width - 1, spec.height - 1))
        red, green, blue = rgb(spec.theme.bg)
        behind = (0, 0, 0, 0) if spec.theme.clear else (blue, green, red, 255)
        self._chunk(b"ANIM", struct.pack("<4BH", *behind, min(spec.loop, 65535)))

    def _chunk(self, kind: bytes, data: bytes) -> None:
        self._out.write(kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2))

    def _symbols(self, packed: NDArray[np.uint32]) -> Symbols:
        return self._straight(packed)

    def _image(self, box: Rect, image: Symbols, duration: int) -> None:
        stored = io.BytesIO()
        Image.fromarray(rgba(image)).save(stored, "WEBP", lossless=True, quality=75, method=4)
        size = (box.x1 - box.x0 - 1, box.y1 - box.y0 - 1)
        frame = _three_bytes(box.x0 // 2, box.y0 // 2, *size, duration) + (b"\2" if self._whole else b"\0")
        self._chunk(b"ANMF", frame + _bitstream(stored.getvalue()))

    def _end(self) -> None:
        size = self._out.tell()
        self._out.seek(4)
        self._out.write(struct.pack("<I", size - 8))
        self._out.seek(size)


def rgba(image: Symbols) -> NDArray[np.uint8]:
    """(height, width, 4) RGBA of packed pixels."""
    return np.ascontiguousarray(np.ascontiguousarray(image).view(np.uint8).reshape(*image.shape, 4)[..., [2, 1, 0, 3]])


def _three_bytes(*values: int) -> bytes:
    return b"".join(value.to_bytes(3, "little") for value in values)


def _bitstream(riff: bytes) -> bytes:
    """The VP8L chunk of a still WebP, whole."""
    at = 12
    while (kind := riff[at : at + 4]) != b"VP8L":
        (size,) = struct.unpack_from("<I", riff, at + 4)
        at += 8 + size + size % 2
        if not kind:
            raise ValueError("a lossless WebP without VP8L")
    (size,) = struct.unpack_from("<I", riff, at + 4)
    return riff[at : at + 8 + size + size % 2]
