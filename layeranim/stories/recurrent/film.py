"""Recurrent layers told: the sequence, one cell opened gate by gate, then the unrolled steps with their states."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from layeranim import theme
from layeranim.errors import OptionError
from layeranim.stories import reading, timing
from layeranim.stories.options import PACES
from layeranim.stories.reading import ReadingWay
from layeranim.stories.recurrent.acts import Opened
from layeranim.stories.recurrent.cell import cell_stage, names
from layeranim.stories.recurrent.good import GOOD_FOR
from layeranim.stories.recurrent.moves import CellMove, Moves
from layeranim.stories.recurrent.said import Said
from layeranim.stories.recurrent.shot import Shot, note
from layeranim.stories.recurrent.stage import CellStage
from layeranim.stories.recurrent.steps import CellSteps
from layeranim.stories.recurrent.strips import Strips
from layeranim.stories.recurrent.view import RecurrentView
from layeranim.stories.storyboard import Beat, Fact, Line, Point, Run, Story, Storyboard, Telling

OPENING = 1.48
MOST_WORD = 300  # width of a token beside its number

Told = tuple[range, Shot]
"""Some units, and the beat that tells them."""


@dataclass(frozen=True, eq=False)
class RecurrentParts:
    """What the scene asks for besides the grids."""

    stage: CellStage
    strips: Strips
    moves: Moves
    start: CellMove
    total: int
    sayings: dict[str, Point]

    def counter(self, done: int) -> Line:
        return Run(str(done), "ink", "semibold", Fact("done")), Run(f" / {self.total}", source=Fact("steps"))


_DRAWN = {"nonlinearity": ("tanh", "relu"), "activation": ("tanh",), "gate_activation": ("sigmoid",)}
"""The activations that the pictures and sentences of a cell are about."""


def tell(telling: Telling) -> Storyboard:
    """A recurrent layer's storyboard. Raises ``OptionError`` for activations that the picture of a cell lacks."""
    for option, known in _DRAWN.items():
        name = getattr(telling.trace.config, option, known[0])
        if name not in known:
            raise OptionError(
                f"{option} is {name}, which has numbers but no picture yet; a film shows {' or '.join(known)}"
            )
    return RecurrentTelling(RecurrentView(telling)).storyboard()


class RecurrentTelling:
    """Puts the beats of one film together."""

    def __init__(self, view: RecurrentView) -> None:
        self.view, self.film = view, view.telling.film
        self.shown = self.film.selected(view.units)
        self.strips = Strips(view, view.drawn_times(self.shown))
        self.steps, self.said = CellSteps(view, self.strips), Said(view, self.strips)
        self.stage = cell_stage(view, view.unit(self.shown[0]).n, self.strips.most)
        self.moves: dict[tuple[int, str], CellMove] = {}  # by the number of their beat and the name of their phase

    def storyboard(self) -> Storyboard:
        view, shown = self.view, self.shown
        beats = tuple(self.beats())
        poster = self.poster(beats)
        start = self.steps.so_far(shown[0])
        sayings = names(self.stage)
        parts = RecurrentParts(self.stage, self.strips, self.moves, start, view.units, sayings)
        grids = {**self.stage.grids, **self.strips.grids}
        return Storyboard(
            view.kind, self.said.title, self.said.parameters(), grids, beats, view.units, poster.end - 1,
            self.said.alt(poster), {"recurrent": parts}, (*view.warnings, *self.strips.warnings),
        )  # fmt: skip

    # ── beats ────────────────────────────────────────────────────────────────
    def beats(self) -> Iterator[Beat]:
        shots, opening, closing = list(self.shots()), self.opening, self.closing
        space = self.room(shots)
        told = reading.fitted([shot.ways() for _, shot in shots], space)
        pace = reading.stretched(told, space, PACES[self.film.pace])
        at = reading.ticks(opening.seconds * min(1.0, pace))
        yield Beat("open", 0, at, caption=opening.caption, note=opening.note, done=self.shown.start)
        for i, ((units, shot), way) in enumerate(zip(shots, told, strict=True), start=1):
            length = reading.ticks(way.seconds * pace)
            shares = pace * min(1.0, way.seconds / shot.seconds)
            phases = timing.phases(length, [(name, seconds * shares) for name, seconds, _ in shot.phases])
            for name, _, move in shot.phases:
                self.moves[i, name] = move
            done = units.stop if shot.lands else units.start
            yield Beat(shot.kind, at, length, units, phases, way.caption, way.note, self.place(units, shot), shot.steps,
                       done)  # fmt: skip
            at += length
        end = self.steps.so_far(self.shown.stop)
        result = self.steps.returned() if self.shown.stop == self.view.units else ()
        self.moves[len(shots) + 1, "close"] = replace(end, result=result)
        length = reading.ticks(closing.seconds * min(1.0, pace))
        yield Beat("close", at, length, caption=closing.caption, note=closing.note,
                   done=self.shown.stop)  # fmt: skip

    @property
    def opening(self) -> ReadingWay:
        return ReadingWay(self.said.opening(), self.said.opening_note(), OPENING)

    @property
    def closing(self) -> ReadingWay:
        return ReadingWay(self.said.closing(), note(self.said.takeaway()), theme.END_HOLD)

    def room(self, shots: Sequence[Told]) -> float:
        return reading.room(self.opening, self.closing, len(shots))

    def poster(self, beats: Sequence[Beat]) -> Beat:
        """The last unrolled step, which shows what all before it left; inside the cell where there is none."""
        landed = [b for b in beats if b.done > b.units.start and b.kind in ("step", "run", "weigh", "combine")]
        return next(
            (b for b in reversed(landed) if b.kind in ("step", "run") and b.units.stop - 1 == self.shown[-1]),
            landed[-1],
        )

    # ── what follows what ────────────────────────────────────────────────────
    def shots(self) -> list[Told]:
        """The cell opened as far as there is time for the other steps too, then these, then an answer."""
        last = self.view.unit(self.shown[-1])
        answer = [(range(last.u, last.u + 1), self.steps.answer(last))] if self.steps.answered(last) else []
        for units, second in ((2, True), (1, True), (1, False)):
            opened = self.opened(units, second)
            rest = range(opened[-1][0].stop, self.shown.stop)
            shots = [*opened, *self.rest(rest), *answer]
            if _seconds(shots, told=True) <= self.room(shots):
                return shots
        return shots if _seconds(shots) <= self.room(shots) else [*opened, *self.runs(rest), *answer]

    def opened(self, units: int, second: bool) -> list[Told]:
        """The first step inside the cell, of a plain RNN so many units of it, and the ``second`` one."""
        acts, first = Opened(self.view, self.stage), self.shown[0]
        out = [(range(first, first + 1), self.steps.enter(first))]
        out += [(range(first, first + 1), shot) for shot in acts.first(self.view.unit(first).t, units)]
        u = first + 1
        if second and u in self.shown and self.view.unit(u).n == self.stage.n:
            out += [(range(u, u + 1), shot) for shot in acts.second(self.view.unit(u).t)]
        return out

    def rest(self, rest: range) -> Iterator[Told]:
        """The steps that are not opened; those without a column pass together."""
        again = False
        for drawn, listed in itertools.groupby(rest, lambda u: self.view.unit(u).t in self.strips.times):
            units = list(listed)
            if not drawn:
                yield range(units[0], units[-1] + 1), self.steps.skip(range(units[0], units[-1] + 1), again)
                again = True
                continue
            for u in units:
                yield range(u, u + 1), self.steps.step(u, back=u == rest.start)

    def runs(self, rest: range) -> Iterator[Told]:
        """The same where not even their results can be read one by one: all but the last go by, cell after cell."""
        cells = itertools.groupby(rest[:-1], lambda u: self.view.unit(u).n)
        for i, (_, listed) in enumerate(cells):
            units = list(listed)
            span = range(units[0], units[-1] + 1)
            yield span, self.steps.run(span, i == 0)
        yield range(rest[-1], rest.stop), self.steps.step(rest[-1])

    # ── words ────────────────────────────────────────────────────────────────
    def place(self, units: range, shot: Shot) -> Line:
        unit = self.view.unit(units[0])
        run = self.view.runs[unit.n]
        where = [f"t = {unit.t + 1}"] if shot.kind != "skip" else []
        where += [self.view.step_name(unit.t, MOST_WORD).text] if where and self.view.config.tokens else []
        where += [f"layer {run.layer + 1}"] if self.view.config.layers > 1 else []
        where += ["backward" if run.reverse else "forward"] if self.view.config.bidirectional else []
        where += [shot.place] if shot.place else []
        return (Run(",  ".join(where), weight="regular", source=Fact("place")),) if where else ()


def _seconds(shots: Sequence[Told], told: bool = False) -> float:
    """What these shots take at least; ``told``: with all sums and notes of the opened ones and the others' results."""
    return sum(shot.ways()[0 if not told else -1 if shot.opened else 1].seconds for _, shot in shots)


RnnStory = Story("Recurrent network", tell, GOOD_FOR["rnn"].removeprefix("for "), takes=7)
GruStory = Story("Gated recurrent unit", tell, GOOD_FOR["gru"].removeprefix("for "), takes=7)
LstmStory = Story("Long short-term memory", tell, GOOD_FOR["lstm"].removeprefix("for "), takes=7)
