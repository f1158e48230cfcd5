"""Stills of a film on one sheet, to look at while working on it: ``python -m layeranim.film.look NAME [options]``."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from layeranim import catalog, theme
from layeranim.film.film import Pass, draw
from layeranim.numbers import evenly
from layeranim.theme import own

if TYPE_CHECKING:
    from layeranim.film.writers import Rect
    from layeranim.scenes.base import ExplainerScene
    from layeranim.stories.options import FilmOptions
    from layeranim.stories.storyboard import Beat, Storyboard

SIZE = (640, 360)
COLUMNS = 2
GAP = 6
PASSING = ("sweep", "brief")
"""Kinds of beats whose middle says more than their end."""


def sheet(board: Storyboard, scene: type[ExplainerScene], options: FilmOptions, frames: int = 12) -> NDArray[np.uint8]:
    """``frames`` stills in reading order, two a row, as one picture (height, width, 4), BGRA.

    Each is 640×360 pixels unless ``options`` say otherwise.
    """
    colours = own.named(options.theme, options.background)
    width, height = options.size or SIZE
    shot = Pass(width, height, options.fps or Fraction(25), ())
    keeper = Keeper(shot.frame_of(tick) for tick in moments(board.beats, frames))
    draw(board, scene, colours, shot, keeper, options.captions)
    columns = min(COLUMNS, len(keeper.stills))
    rows = -(-len(keeper.stills) // columns)
    red, green, blue = theme.rgb(colours.faint)
    full = np.empty((rows * (height + GAP) - GAP, columns * (width + GAP) - GAP, 4), np.uint8)
    full[:] = (blue, green, red, 255)
    for place, number in enumerate(sorted(keeper.stills)):
        y, x = place // columns * (height + GAP), place % columns * (width + GAP)
        full[y : y + height, x : x + width] = keeper.stills[number]
    return full


def moments(beats: Sequence[Beat], most: int) -> list[int]:
    """At most ``most`` ticks: the ends of beats, the middles of those that pass, then steps at work.

    The first and the last beat are always among them if there is room for two.
    """
    telling = [beat.start + beat.ticks // 2 if beat.kind in PASSING else beat.end - 1 for beat in beats]
    chosen = set(evenly(telling, most))
    at_work = {beat.start + beat.ticks // 4 for beat in beats if len(beat.units) and beat.kind not in PASSING}
    return sorted(chosen | set(evenly(sorted(at_work - chosen), most - len(chosen))))


class Keeper:
    """Takes frames as a writer does and keeps the ``wanted`` ones."""

    def __init__(self, wanted: Iterable[int]) -> None:
        self.wanted = frozenset(wanted)
        self.stills: dict[int, NDArray[np.uint8]] = {}
        self.frames = 0

    def write(self, pixels: NDArray[np.uint8], changed: Sequence[Rect], repeat: int) -> None:
        for number in range(self.frames, self.frames + repeat):
            if number in self.wanted:
                self.stills[number] = pixels.copy()
        self.frames += repeat


if __name__ == "__main__":
    # As a program it stands above the rooms: it takes its options from the command line.
    sys.exit(catalog.resolve("layeranim.cli.look:main")())
