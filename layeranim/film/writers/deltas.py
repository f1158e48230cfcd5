"""What GIF, WebP and APNG share: an image is only what changed, and shown until the next change."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layeranim.errors import RenderError
from layeranim.film.writers.spec import Rect, Spec
from layeranim.film.writers.yuv import straight

OPAQUE = 0xFF << 24
Symbols = NDArray[Any]
"""(height, width) of what a format stores for a pixel; 0 means "as it was" and is no pixel's own symbol."""


class Deltas(ABC):
    """Turns frames into timed images of their changes; see ``Writer``.

    Times are the format's ticks, rounded cumulatively, so the film's length is right to half a tick however many frames
    it has. A frame that would be shown for less than ``least`` ticks (players slow such images down) is merged into the
    next one, the last is shown for ``least``; an image shown for more than ``most`` is followed by some without change.
    Where something of a transparent film becomes less opaque, or everything changes, the image is ``_whole``, and takes
    the place of what is there.
    """

    ticks: int  # a second
    least: int
    most: int

    def __init__(self, spec: Spec, kind: type[np.generic]) -> None:
        self._spec = spec
        self._now: Symbols = np.zeros((spec.height, spec.width), kind)
        self._shown = self._now.copy()  # the canvas before the image that is waiting for its end
        self._dirty: Rect | None = None  # where the two may differ
        self._start = 0
        self._frames = 0
        self._whole = False  # whether the next image takes the place of what is there, instead of lying over it

    def write(self, pixels: NDArray[np.uint8], changed: Sequence[Rect], repeat: int) -> None:
        packed = pixels.view(np.uint32)[..., 0]
        for rect in changed:
            self._paint(rect, self._symbols(packed[rect.y0 : rect.y1, rect.x0 : rect.x1]))
        self._frames += repeat

    def finish(self) -> None:
        if not self._frames:
            raise RenderError("the film has no frame")
        self._emit(last=True)
        self._end()

    def abort(self) -> None:
        self._frames = 0  # nothing runs beside the camera

    def _paint(self, rect: Rect, symbols: Symbols) -> None:
        place = self._now[rect.y0 : rect.y1, rect.x0 : rect.x1]
        if np.array_equal(place, symbols):
            return
        self._emit()
        place[...] = symbols
        old = self._dirty or rect
        self._dirty = Rect(min(old.x0, rect.x0), min(old.y0, rect.y0), max(old.x1, rect.x1), max(old.y1, rect.y1))

    def _emit(self, last: bool = False) -> None:
        """Store the waiting image if the film has moved on from it."""
        duration = self._tick(self._frames) - self._tick(self._start)
        if duration < self.least and not last:
            return
        box, image = self._changes()
        self._shown[box.y0 : box.y1, box.x0 : box.x1] = self._now[box.y0 : box.y1, box.x0 : box.x1]
        self._dirty, self._start = None, self._frames
        duration = max(duration, self.least)
        parts = -(-duration // self.most)
        each, longer = divmod(duration, parts)
        for part in range(parts):
            self._image(box, image, each + (part < longer))
            box, image, self._whole = Rect(0, 0, 1, 1), np.zeros_like(image[:1, :1]), False

    def _changes(self) -> tuple[Rect, Symbols]:
        """The smallest box around what changed, and its symbols; one unchanged pixel if nothing did."""
        x0, y0, x1, y1 = self._dirty or Rect(0, 0, 1, 1)
        now = self._now[y0:y1, x0:x1]
        differs = now != self._shown[y0:y1, x0:x1]
        rows, columns = np.flatnonzero(differs.any(axis=1)), np.flatnonzero(differs.any(axis=0))
        if not len(rows):
            self._whole = False
            return Rect(0, 0, 1, 1), np.zeros_like(now[:1, :1])
        # WebP places images at even pixels; for the others it costs nothing.
        top, left, bottom, right = rows[0] & ~1, columns[0] & ~1, rows[-1] + 1, columns[-1] + 1
        fades = self._spec.theme.clear and bool((differs & (now < OPAQUE)).any())
        image = (now.copy() if fades else np.where(differs, now, 0).astype(now.dtype))[top:bottom, left:right]
        self._whole = fades or bool(image.all())  # so no reader has to blend the first picture, and some do it badly
        return Rect(x0 + int(left), y0 + int(top), x0 + int(right), y0 + int(bottom)), image

    def _straight(self, packed: NDArray[np.uint32]) -> NDArray[np.uint32]:
        """Packed pixels whose colours are not weighed by their opacity: as formats want them."""
        if not self._spec.theme.clear:
            return packed
        pixels = np.ascontiguousarray(packed).view(np.uint8).reshape(*packed.shape, 4)
        return straight(pixels).view(np.uint32)[..., 0]

    def _tick(self, frame: int) -> int:
        rate = self._spec.fps
        return (2 * frame * self.ticks * rate.denominator + rate.numerator) // (2 * rate.numerator)

    @abstractmethod
    def _symbols(self, packed: NDArray[np.uint32]) -> Symbols:
        """Symbols of ``0xAARRGGBB`` pixels."""

    @abstractmethod
    def _image(self, box: Rect, image: Symbols, duration: int) -> None:
        """Store an image of the changes in ``box``, shown for ``duration`` ticks."""

    @abstractmethod
    def _end(self) -> None:
        """Complete the file."""
