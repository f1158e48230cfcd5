"""What a player says of a film: its title and alt text, its steps, and the numbers of each."""

from __future__ import annotations

import json
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from layeranim.engine.trace import Trace
from layeranim.film.player.tables import ROOM, SIDES, StepTables
from layeranim.records import dataclass
from layeranim.stories.storyboard import Beat, Line, Storyboard, plain
from layeranim.stories.timing import frame_at

Data = dict[str, Any]


@dataclass(frozen=True)
class SaidStep:
    """One step: the ticks between which it plays, its place in words, its lines, which of the tables are its own."""

    start: int
    end: int
    place: str
    words: tuple[str, ...]
    tables: tuple[int, ...] = ()


@dataclass(frozen=True)
class Player:
    """A film's words for its player. ``poster`` is the tick that it shows before it is played."""

    title: str
    alt: str
    poster: int
    steps: tuple[SaidStep, ...] = ()
    tables: tuple[Data, ...] = ()

    def ends(self, fps: Fraction) -> list[int]:
        """The last frame of every step: where its result stands, and where stepping halts."""
        return [max(0, frame_at(step.end, fps) - 1) for step in self.steps]


def told(board: Storyboard, trace: Trace | None, precision: int | None = None) -> Player:
    """The words of a storyboard, with the numbers of its trace where there is one."""
    tables, own = _numbers(board.beats, trace, precision) if trace else ([], [()] * len(board.beats))
    steps = (_said(beat, mine) for beat, mine in zip(board.beats, own, strict=True))
    return Player(board.title, _spaced(board.alt), board.poster, tuple(steps), tuple(tables))


def _said(beat: Beat, tables: tuple[int, ...]) -> SaidStep:
    words = tuple(filter(None, (_line(beat.caption), _line(beat.note))))
    return SaidStep(beat.start, beat.end, _line(beat.place), words, tables)


def _numbers(beats: Sequence[Beat], trace: Trace, precision: int | None) -> tuple[list[Data], list[tuple[int, ...]]]:
    """Every table once, and for each beat which are its own; as large as all of them together may be."""
    for side in SIDES:
        held = StepTables(trace, side, precision)
        tables: dict[str, int] = {}
        own = []
        for beat in beats:
            texts = [json.dumps(table.data()) for table in held.of(beat.steps)]
            own.append(tuple(tables.setdefault(text, len(tables)) for text in texts))
        if sum(map(len, tables)) <= ROOM:
            break
    return [json.loads(text) for text in tables], own


def _line(line: Line) -> str:
    return _spaced(plain(line))


def _spaced(text: str) -> str:
    return " ".join(text.split())
