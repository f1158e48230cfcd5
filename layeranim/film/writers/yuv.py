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


class ClearPlanes(NamedTuple):
    """``Planes`` with opacity, (height, width)."""

    y: Plane
    u: Plane
    v: Plane
    a: Plane


def straight(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Pixels of cairo, whose colours are weighed by their opacity, as colours and opacity, (height, width, 4) BGRA."""
    seen = pixels[..., 3:].astype(np.uint32)
    colours = (pixels[..., :3].astype(np.uint32) * 255 + seen // 2) // np.maximum(seen, 1)
    return np.concatenate([np.minimum(colours, 255), seen], axis=-1).astype(np.uint8)


def clear(pixels: NDArray[np.uint8], unseen: tuple[int, int, int]) -> ClearPlanes:
    """Planes of a patch with opacity. ``unseen`` is the colour, RGB, of what cannot be seen: that of most edges, as a
    codec blurs them a little.
    """
    coloured = straight(pixels)
    coloured[..., :3][coloured[..., 3] == 0] = unseen[::-1]
    opacity = np.ascontiguousarray(coloured[..., 3])
    coloured[..., 3] = 255
    return ClearPlanes(*convert(coloured), opacity)


def convert(pixels: NDArray[np.uint8]) -> Planes:
    """Planes of an even-sized BGRA patch; chroma is the mean of each 2×2 block.

    Y = 16 + 219 (0.2126 R + 0.7152 G + 0.0722 B), U = 128 + 224 (B − Y)/1.8556, V = 128 + 224 (R − Y)/1.5748 for R, G,
    B and Y in 0…1 (ITU-R BT.709-6, items 3.2-3.5), with coefficients rounded to 1/65536.
    """
    words: NDArray[np.uint32] = pixels.view("<u4")[..., 0]
    outer = words & np.uint32(0xFF00FF)  # red and blue in one word: half the arithmetic
    green = (words >> np.uint32(8)) & np.uint32(0xFF)
    outer_sums, green_sums = _blocks(outer), _blocks(green).view(np.int32)
    luma, blue = outer >> 16, outer & 0xFF
    luma *= 11966
    green *= 40254
    blue *= 4064
    luma += green
    luma += blue
    luma += (16 << 16) + (1 << 15)
    reds, blues = (outer_sums >> 16).view(np.int32), (outer_sums & 0xFFFF).view(np.int32)
    u = _chroma(28784 * blues, 22188 * green_sums, 6596 * reds)
    v = _chroma(28784 * reds, 26145 * green_sums, 2639 * blues)
    return Planes((luma >> 16).astype(np.uint8), u, v)


def _chroma(own: NDArray[np.int32], *others: NDArray[np.int32]) -> Plane:
    """Of the sums of four pixels: two bits more."""
    for other in others:
        own -= other
    own += (128 << 18) + (1 << 17)
    return (own >> 18).astype(np.uint8)


def _blocks(channel: NDArray[np.uint32]) -> NDArray[np.uint32]:
    rows = channel[::2] + channel[1::2]
    return rows[:, ::2] + rows[:, 1::2]


def paste(frame: Planes | ClearPlanes, patch: Planes | ClearPlanes, x: int, y: int) -> None:
    """Paint ``patch`` into ``frame`` with its top left pixel at (x, y), both even."""
    height, width = patch.y.shape
    frame.y[y : y + height, x : x + width] = patch.y
    if isinstance(frame, ClearPlanes) and isinstance(patch, ClearPlanes):
        frame.a[y : y + height, x : x + width] = patch.a
    x, y, height, width = x // 2, y // 2, height // 2, width // 2
    frame.u[y : y + height, x : x + width] = patch.u
    frame.v[y : y + height, x : x + width] = patch.v
