"""A page that plays the film, step by step, and carries it within itself."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from layeranim.film.player import page
from layeranim.film.player.telling import Player
from layeranim.film.writers.spec import Rect, Spec
from layeranim.film.writers.stepped import Stepped


class Html:
    """Writes a player; see ``Writer``. The film is made beside it: the page says how long that is before it."""

    def __init__(self, out: BinaryIO, spec: Spec) -> None:
        self._out, self._spec = out, spec
        self._player = spec.player or Player("Film", "", 0)
        self._film = BytesIO()
        self._video = Stepped(self._film, spec, self._player.ends(spec.fps))

    def write(self, pixels: NDArray[np.uint8], changed: Sequence[Rect], repeat: int) -> None:
        self._video.write(pixels, changed, repeat)

    def finish(self) -> None:
        self._video.finish()
        page.write(self._out, self._player, self._spec, self._film.getbuffer(), self._video.frames)

    def abort(self) -> None:
        self._video.abort()
