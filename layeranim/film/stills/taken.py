"""Which steps of a film a page shows, and what stands on the stage at each."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from layeranim import theme as themes
from layeranim.film.renderer import FilmRenderer
from layeranim.film.stills import drawn
from layeranim.film.stills.marks import Mark
from layeranim.numbers import evenly
from layeranim.records import dataclass
from layeranim.stories.storyboard import Beat, Storyboard
from layeranim.stories.timing import BRIEF
from layeranim.theme import Theme

FPS = Fraction(1000, themes.TICK_MS)
"""Of the pass in which stills are taken, whatever a film plays at: a frame a tick."""
PASSING = ("sweep", "brief")


@dataclass(frozen=True, eq=False)
class Still:
    """One step: its number in the film, counted from 1, and the stage as its result stands there."""

    number: int
    beat: Beat
    marks: Sequence[Mark]


def moment(board: Storyboard, beat: Beat) -> int:
    """The tick that shows a step: the poster's, else its last; of what passes the one in the middle."""
    if beat.start <= board.poster < beat.end:
        return board.poster
    if beat.kind == "open" and beat.phases:
        return beat.start + beat.phases[0][1] - 1
    return beat.start + beat.ticks // 2 if beat.kind == "sweep" else beat.end - 1


def chosen(board: Storyboard, most: int) -> list[int]:
    """The places of at most ``most`` steps, in order: the first, the last and the poster's, the others evenly.

    Steps that have time for words of their own come before those that pass.
    """
    beats = board.beats
    told = [i for i, beat in enumerate(beats) if beat.kind not in PASSING and _lasts(beat) >= BRIEF]
    rest = [i for i in range(len(beats)) if i not in told]
    found = set(evenly(told, most))
    found |= set(evenly(rest, most - len(found)))
    poster = next(i for i, beat in enumerate(beats) if beat.start <= board.poster < beat.end)
    if poster not in found:
        found.discard(min(sorted(found)[1:-1] or found, key=lambda i: abs(i - poster)))
        found.add(poster)
    return sorted(found)


def _lasts(beat: Beat) -> float:
    return beat.ticks * themes.TICK_MS / 1000


class Stills:
    """Keeps the marks of the stage for every step of a film, and those of the keys to its colours."""

    def __init__(self, board: Storyboard, theme: Theme) -> None:
        self.board, self.theme = board, theme
        self.ticks = [moment(board, beat) for beat in board.beats]
        self.found: list[Still] = []
        self.keys: list[Mark] = []

    def write(self, *_: Any) -> None:
        """No frame is drawn here."""

    def take(self, scene: Any) -> None:
        """One step more."""
        place = len(self.found)
        marks = drawn.marks(scene.staged(), self.theme)
        self.found.append(Still(place + 1, self.board.beats[place], marks))
        self.keys = self.keys or drawn.marks(scene.keys, self.theme)


class StillsRenderer(FilmRenderer):
    """Draws nothing: at the wanted frames its sink, ``Stills``, takes what stands there."""

    def update_frame(self, scene: Any, *_: Any, **__: Any) -> None:
        self.sinks[0].take(scene)  # type: ignore[attr-defined]

    def _emit(self, repeat: int) -> None:
        self.time += repeat / self.fps
