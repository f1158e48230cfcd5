"""What a GIF's bytes could be with the same decoded frames: ``python gif_bytes.py NAME…``.

A pixel that did not change may be stored as such or as its own colour. A line a film, each a share of today's bytes:
own colours; own colours where they continue a run that a changed pixel began; the smallest of all for each image; the
smallest with codes as short as an image's own colours allow, if the table that this needs cost nothing.
"""

from __future__ import annotations

import sys
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from PIL import Image

import layeranim as la
from layeranim.film.writers import gif

images: list[tuple[Any, Any]] = []


class Kept(gif.Gif):
    """Keeps every image beside the colours of its pixels."""

    def _image(self, box: Any, image: Any, duration: int) -> None:
        images.append((image.copy(), self._now[box.y0 : box.y1, box.x0 : box.x1].copy()))
        super()._image(box, image, duration)


def packed(image: Any, bits: int = gif.BITS) -> int:
    return len(Image.fromarray(np.ascontiguousarray(image)).tobytes("gif", "L", bits, 0))


def continued(image: Any, now: Any) -> Any:
    """Unchanged pixels with their colour while a run of one colour goes on that a changed pixel began."""
    changed, starts = image != 0, np.ones(now.shape, bool)
    starts[:, 1:] = now[:, 1:] != now[:, :-1]
    so_far = np.cumsum(changed, axis=1)
    before = np.maximum.accumulate(np.where(starts, so_far - changed, 0), axis=1)
    return np.where(so_far > before, now, 0).astype(np.uint8)


def short(image: Any) -> int:
    """The bytes with codes for no more colours than it has."""
    found = np.unique(image)
    numbered = np.searchsorted(found, image).astype(np.uint8)
    return packed(numbered, max(2, int(len(found) - 1).bit_length()))


def main(names: list[str]) -> None:
    gif.Gif = Kept  # type: ignore[misc]
    print("| film | own colours | runs continued | smallest | short codes |")
    print("| --- | --- | --- | --- | --- |")
    for name in names:
        images.clear()
        with TemporaryDirectory() as folder:
            la.render(name, theme="dark", output=f"{folder}/{name}.gif")
        rows = []
        for image, now in images:
            ways = image, now, continued(image, now)
            sizes = [packed(way) for way in ways]
            rows.append((*sizes, min(sizes), min(map(short, ways))))
        today, *others = np.sum(rows, axis=0)
        print(f"| {name} |", " | ".join(f"{other / today:.2f}" for other in others), "|", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
