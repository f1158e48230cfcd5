"""What every writer takes and is: the frames' size and colours, which rectangles changed, where a sequence goes."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from fractions import Fraction
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, Protocol

from layeranim.records import dataclass

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from layeranim.film.player.telling import Player
    from layeranim.theme import Theme


class Rect(NamedTuple):
    """Half-open pixel rectangle inside the frame, even-aligned (clipped to the frame where its size is odd)."""

    x0: int
    y0: int
    x1: int
    y1: int


@dataclass(frozen=True)
class Spec:
    """What a writer must know of the film: pixels, frames a second, colours, plays (``loop`` 0 = for ever), threads."""

    width: int
    height: int
    fps: Fraction
    theme: Theme
    loop: int = 0
    workers: int = 2
    extra_colours: tuple[str, ...] = ()
    """Colours beside the theme's that must be exact in a GIF: photo greys, tinted planes."""
    player: Player | None = None
    """What a page says of the film, its steps among it."""


class Writer(Protocol):
    """Takes frames in order and makes one output of them."""

    def write(self, pixels: NDArray[np.uint8], changed: Sequence[Rect], repeat: int) -> None:
        """Show ``pixels`` for ``repeat`` ≥ 1 frames.

        ``pixels``: (height, width, 4) uint8, BGRA (cairo's ARGB32, little-endian), opaque but where the theme is
        clear, read only during the call.
        ``changed`` covers everything that differs from the call before, the whole frame in the first; it may be empty.
        """

    def finish(self) -> None:
        """Complete the output. Raises RenderError if encoding failed or no frame was written."""

    def abort(self) -> None:
        """Stop every thread and drop what was made. Harmless after ``finish``."""


class FrameFiles(Protocol):
    """Where a PNG sequence goes: one file a frame."""

    def frame(self, number: int) -> AbstractContextManager[BinaryIO]:
        """The file of frame ``number``, counted from 0."""
