"""A film drawn with NumPy alone: what the writers' tests write, and what they must find again.

``python -m tests.film.moving`` prints the digest of every format's file, to compare between processes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from io import BytesIO
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from layeranim.film.writers import FORMATS, Rect, Spec, writer
from layeranim.theme import LIGHT, Theme, rgb

Picture = NDArray[np.uint8]
SWATCH = 16


class Call(NamedTuple):
    """One call of ``Writer.write``; ``pixels`` is a copy of the framebuffer at that moment."""

    pixels: Picture
    changed: list[Rect]
    repeat: int


def bgra(colour: str) -> tuple[int, int, int, int]:
    red, green, blue = rgb(colour)
    return blue, green, red, 255


def film(theme: Theme, width: int = 320, height: int = 180) -> list[Call]:
    """23 pictures, 62 frames: every token as a swatch, a square that travels, blends, a fade, held frames."""
    pixels = np.empty((height, width, 4), np.uint8)
    pixels[:] = bgra(theme.bg)
    for number, token in enumerate(theme.tokens()):
        box = swatch(number, width)
        pixels[box.y0 : box.y1, box.x0 : box.x1] = bgra(token)
    calls = [Call(pixels.copy(), [Rect(0, 0, width, height)], 7)]
    old = Rect(0, 100, 0, 100)
    for step in range(16):
        x = 8 + 14 * step
        new = Rect(x, 100, x + 40, 140)
        pixels[100:140] = bgra(theme.bg)
        pixels[new.y0 : new.y1, new.x0 : new.x1] = bgra(theme.result)
        pixels[new.y0 + 9 : new.y1 - 9, new.x0 + 9 : new.x1 - 9] = bgra(theme.heat[step % 6])
        calls.append(Call(pixels.copy(), [old, new] if step else [new], 1))
        old = new
    calls.append(Call(pixels.copy(), [], 12))
    # Rectangles that overlap, reach the last line and hold pixels that did not change.
    low, high = np.array(bgra(theme.bg)), np.array(bgra(theme.ink))
    for step in range(1, 6):
        pixels[150:height, 60:200] = low + (high - low) * step // 5
        calls.append(Call(pixels.copy(), [Rect(50, 150, 140, height), Rect(120, 146, 210, height)], 1))
    pixels[0:2, 0:2] = bgra(theme.focus)
    calls.append(Call(pixels.copy(), [Rect(0, 0, 2, 2)], 2))
    return [*calls, Call(pixels.copy(), [], 20)]


def swatch(number: int, width: int) -> Rect:
    """Where the film shows token ``number``."""
    row, column = divmod(number, width // SWATCH - 1)
    x, y = 8 + SWATCH * column, 8 + SWATCH * row
    return Rect(x, y, x + SWATCH, y + SWATCH)


def expected(calls: list[Call]) -> list[Picture]:
    """The RGB picture of every frame."""
    return [np.ascontiguousarray(call.pixels[..., 2::-1]) for call in calls for _ in range(call.repeat)]


class Frames:
    """A PNG sequence in memory."""

    def __init__(self) -> None:
        self.files: dict[int, bytes] = {}

    @contextmanager
    def frame(self, number: int) -> Iterator[BinaryIO]:
        file = BytesIO()
        yield file
        self.files[number] = file.getvalue()


def spec(calls: list[Call], fps: Fraction = Fraction(25), theme: Theme = LIGHT, **options: Any) -> Spec:
    height, width = calls[0].pixels.shape[:2]
    return Spec(width, height, fps, theme, **options)


def written(fmt: str, calls: list[Call], about: Spec) -> bytes:
    """The film's file; of a sequence all files in a row. As with a camera, each call's pixels are gone after it."""
    frames, file = Frames(), BytesIO()
    pen = writer(fmt, frames if fmt == "png-sequence" else file, about)
    for call in calls:
        pixels = call.pixels.copy()
        pen.write(pixels, call.changed, call.repeat)
        pixels[:] = 77
    pen.finish()
    return b"".join(frames.files[number] for number in sorted(frames.files)) or file.getvalue()


def digests() -> dict[str, str]:
    """Every format's digest of one film."""
    calls = film(LIGHT)
    return {fmt: hashlib.sha256(written(fmt, calls, spec(calls))).hexdigest() for fmt in FORMATS}


if __name__ == "__main__":
    for name, digest in digests().items():
        print(name, digest)
