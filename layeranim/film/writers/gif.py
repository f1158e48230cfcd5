"""GIF89a: the theme's colours exact, changes only, held frames as delays."""

from __future__ import annotations

import struct
from functools import lru_cache
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from layeranim.film.palette import Lookup, palette
from layeranim.film.writers.deltas import Deltas, Symbols
from layeranim.film.writers.spec import Rect, Spec
from layeranim.theme import rgb

BITS = 8  # a pixel's index


@lru_cache(maxsize=2)
def _lookup(colours: tuple[str, ...]) -> Lookup:
    """Those of the last films, light and dark, where many are made in a row: what they met is not looked for again."""
    return Lookup(colours)


class Gif(Deltas):
    """Writes a GIF; see ``Deltas``. Browsers show an image of less than 2 centiseconds for 10, so that is the least."""

    ticks, least, most = 100, 2, 65535

    def __init__(self, out: BinaryIO, spec: Spec) -> None:
        super().__init__(spec, np.uint8)
        self._out = out
        colours = palette(spec.theme, spec.extra_colours)
        self._lookup = _lookup(colours)
        table = bytes(3) + bytes(value for colour in colours for value in rgb(colour))
        out.write(b"GIF89a" + struct.pack("<HHBBB", spec.width, spec.height, 0xF0 | BITS - 1, 1, 0))
        out.write(table.ljust(3 << BITS, b"\0"))
        if spec.loop != 1:
            # The extension counts the plays after the first; 0 is for ever.
            again = min(spec.loop - 1, 65535) if spec.loop else 0
            out.write(b"\x21\xff\x0bNETSCAPE2.0" + struct.pack("<BBHB", 3, 1, again, 0))

    def _symbols(self, packed: NDArray[np.uint32]) -> Symbols:
        return self._lookup(packed)

    def _image(self, box: Rect, image: Symbols, duration: int) -> None:
        some_unchanged = int(not image.all())
        keep = 1 << 2  # what is drawn stays
        self._out.write(struct.pack("<BBBBHBB", 0x21, 0xF9, 4, keep | some_unchanged, duration, 0, 0))
        self._out.write(struct.pack("<BHHHHBB", 0x2C, box.x0, box.y0, box.x1 - box.x0, box.y1 - box.y0, 0, BITS))
        self._out.write(Image.fromarray(image).tobytes("gif", "L", BITS, 0) + b"\0")

    def _end(self) -> None:
        self._out.write(b"\x3b")
