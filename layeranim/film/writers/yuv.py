"""BGRA to YUV 4:2:0, BT.709 limited range, in whole numbers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.uint8]


class Planes(NamedTuple):
    """Luma (height, width) and the two chroma planes (height/2, width/2)."""

    y: Plane
    u: Plane
    v: Plane


def convert(pixels: NDArray[np.uint8]) -> Planes:
    """Planes of an even-sized BGRA patch; chroma is the mean of each 2×2 block.

    Y = 16 + 219 (0.2126 R + 0.7152 G + 0.0722 B), U = 128 + 224 (B − Y)/1.8556, V = 128 + 224 (R − Y)/1.5748 for R, G,
    B and Y in 0…1 (ITU-R BT.709-6, items 3.2-3.5), with coefficients rounded to 1/65536.
    """
    blue, green, red = (pixels[..., channel].astype(np.int32) for channel in range(3))
    luma = 11966 * red + 40254 * green + 4064 * blue
    luma += (16 << 16) + (1 << 15)
    blue, green, red = _blocks(blue), _blocks(green), _blocks(red)
    centre = (128 << 18) + (1 << 17)  # the sum of four pixels: two bits more
    u = 28784 * blue - 22188 * green - 6596 * red + centre
    v = 28784 * red - 26145 * green - 2639 * blue + centre
    return Planes((luma >> 16).astype(np.uint8), (u >> 18).astype(np.uint8), (v >> 18).astype(np.uint8))


def _blocks(channel: NDArray[np.int32]) -> NDArray[np.int32]:
    rows = channel[::2] + channel[1::2]
    return rows[:, ::2] + rows[:, 1::2]


def paste(frame: Planes, patch: Planes, x: int, y: int) -> None:
    """Paint ``patch`` into ``frame`` with its top left pixel at (x, y), both even."""
    height, width = patch.y.shape
    frame.y[y : y + height, x : x + width] = patch.y
    x, y, height, width = x // 2, y // 2, height // 2, width // 2
    frame.u[y : y + height, x : x + width] = patch.u
    frame.v[y : y + height, x : x + width] = patch.v
