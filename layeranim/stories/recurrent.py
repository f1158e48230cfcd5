"""Recurrent layers told: the sequence, one cell opened gate by gate, then the unrolled steps with their states."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from layeranim import theme
from layeranim.errors import OptionError
from layeranim.stories import timing
from layeranim.stories.options import PACES
from layeranim.stories.recurrent_acts import Opened, Shot
from layeranim.stories.recurrent_cell import cell_stage, names
from layeranim.stories.recurrent_good import GOOD_FOR
from layeranim.stories.recurrent_moves import Move, Moves
from layeranim.stories.recurrent_said import Said, note
from layeranim.stories.recurrent_stage import CellStage
from layeranim.stories.recurrent_steps import Steps
from layeranim.stories.recurrent_strips import Strips
from layeranim.stories.recurrent_view import RecurrentView
from layeranim.stories.storyboard import Beat, Fact, Line, Point, Run, Story, Storyboard, Telling

OPENING = 1.48
STEP, LATER, LANDING = 1.6, 1.16, 1.6
LONGEST, USUAL = 25.0, 24.4  # seconds of a film: at any pace, and as it is planned
LEAST = timing.LONE  # seconds of all steps, however few
REST = 4.8  # the most that the steps which are not opened take from the opened ones
SKIP, ANSWER = 1.0, 1.6
READABLE = 0.9  # seconds in which a step's caption can be read
MOST_WORD = 300  # width of a token beside its number


@dataclass(frozen=True, eq=False)
class RecurrentParts:
    """What the scene asks for besides the grids."""

    stage: CellStage
    strips: Strips
    moves: Moves
    start: Move
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
        self.steps, self.said = Steps(view, self.strips), Said(view, self.strips)
        self.stage = cell_stage(view, view.unit(self.shown[0]).n, self.strips.most)
        self.moves: dict[tuple[int, str], Move] = {}  # by the number of their beat and the name of their phase
        self.posters: list[Beat] = []

    def storyboard(self) -> Storyboard:
        view, shown = self.view, self.shown
        beats = tuple(self.beats())
        poster = self.posters[0] if len(self.posters) == 1 else self.posters[min(1, len(self.posters) - 1)]
        start = self.steps.so_far(shown[0])
        sayings = names(self.stage)
        parts = RecurrentParts(self.stage, self.strips, self.moves, start, view.units, sayings)
        grids = {**self.stage.grids, **self.strips.grids}
        return Storyboard(
            view.kind, self.said.title, self.said.parameters(), grids, beats, view.units, poster.end - 1,
            self.said.alt(poster), {"recurrent": parts}, view.warnings,
        )  # fmt: skip

    # ── beats ────────────────────────────────────────────────────────────────
    def beats(self) -> Iterator[Beat]:
        at = timing.ticks(OPENING * min(1.0, PACES[self.film.pace]))
        yield Beat("open", 0, at, caption=self.said.opening(), note=self.said.opening_note(), done=self.shown.start)
        shots = list(self.shots())
        pace = min(PACES[self.film.pace] * max(1.0, LEAST / _seconds(shots)), self.room / _seconds(shots))
        opening, spent = at, 0.0
        for i, (units, shot) in enumerate(shots, start=1):
            spent += shot.seconds * pace
            length = max(1, opening + int(timing.TICKS_A_SECOND * spent + 1e-6) - at)
            phases = timing.phases(length, [(name, seconds * pace) for name, seconds, _ in shot.phases])
            for name, _, move in shot.phases:
                self.moves[i, name] = move
            done = units.stop if shot.lands else units.start
            beat = Beat(shot.kind, at, length, units, phases, shot.caption, note(shot.note), self.place(units, shot),
                        shot.steps, done)  # fmt: skip
            if shot.poster:
                self.posters.append(beat)
            yield beat
            at += length
        yield self.close(at, len(shots) + 1)

    def close(self, at: int, i: int) -> Beat:
        """Everything that the shown steps left, and what the layer hands on."""
        end = self.steps.so_far(self.shown.stop)
        result = self.steps.returned() if self.shown.stop == self.view.units else ()
        self.moves[i, "close"] = replace(end, result=result)
        return Beat("close", at, timing.ticks(theme.END_HOLD), caption=self.said.closing(),
                    note=note(self.said.takeaway()), done=self.shown.stop)  # fmt: skip

    @property
    def room(self) -> float:
        """Seconds between the opening and the end."""
        return LONGEST - theme.END_HOLD - OPENING * min(1.0, PACES[self.film.pace])

    @property
    def least(self) -> float:
        """Seconds that the steps after the second need: of several cells every one is to be read."""
        if len(self.view.runs) > 1:
            return READABLE * sum(self.view.unit(u).t in self.strips.times for u in self.shown[2:])
        return min(REST, STEP + LANDING if len(self.shown) > 2 else 0)

    def opened(self, answer: float) -> list[tuple[range, Shot]]:
        """The first step inside the cell, and the second if the other steps then have time enough at this pace."""
        acts, first = Opened(self.view, self.stage), self.shown[0]
        out = [(range(first, first + 1), self.steps.enter(first))]
        inside = [u for u in self.shown[:2] if self.view.unit(u).n == self.stage.n]
        for i, u in enumerate(inside):
            t = self.view.unit(u).t
            more = [(range(u, u + 1), shot) for shot in (acts.second(t) if i else acts.first(t))]
            left = self.room / PACES[self.film.pace] - answer - _seconds(out) - _seconds(more)
            if i and left < self.least:
                break
            out += more
        return out

    def shots(self) -> Iterator[tuple[range, Shot]]:
        """The opened steps, then the others."""
        last = self.view.unit(self.shown[-1])
        answer = ANSWER if self.steps.answered(last) else 0.0
        opened = self.opened(answer)
        yield from opened
        spent = OPENING + theme.END_HOLD + answer + _seconds(opened)
        budget = min(USUAL - spent, self.room / PACES[self.film.pace] - answer - _seconds(opened))
        back = True
        rest = range(opened[-1][0].stop, self.shown.stop)
        least = min(REST, len(rest) * READABLE / PACES[self.film.pace])
        for units, seconds in self.paced(rest, max(least, budget)):
            if seconds < 0:
                yield units, self.steps.skip(units, -seconds)
                continue
            yield units, self.steps.step(units[0], seconds, back)
            back = False
        if answer:
            yield range(self.shown[-1], self.shown.stop), self.steps.answer(last, ANSWER)

    def paced(self, rest: range, budget: float) -> Iterator[tuple[range, float]]:
        """How long each of the other steps takes; those without a column pass together (less than 0)."""
        drawn = [u for u in rest if self.view.unit(u).t in self.strips.times]
        parts = [(here, list(us)) for here, us in itertools.groupby(rest, lambda u: u in drawn)]
        skips = sum(not here for here, _ in parts)
        skip = max(0.4, min(SKIP, 2 / max(1, skips)))
        left = budget - skips * skip
        middle = (left - STEP - LANDING) / max(1, len(drawn) - 2)
        first, last = STEP, LANDING
        share = left / max(1, len(drawn))
        if middle < timing.BRIEF and share * PACES[self.film.pace] >= READABLE:
            first = last = middle = min(STEP, share)  # all alike, so that each can be read
        ends = {drawn[0]: first, drawn[-1]: last} if drawn else {}
        others = [u for u in drawn if u % self.view.steps == 0 and u not in ends]  # where another cell begins
        if others and middle < READABLE:
            told = max(READABLE, left / 2 / (len(ends) + len(others)))
            ends |= dict.fromkeys([*ends, *others], min(STEP, told))
            middle = (left - sum(ends.values())) / max(1, len(drawn) - len(ends))
        for here, listed in parts:
            if not here:
                yield range(listed[0], listed[-1] + 1), -skip
                continue
            for u in listed:
                yield range(u, u + 1), ends.get(u, min(LATER, max(timing.FASTEST, middle)))

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


def _seconds(shots: Sequence[tuple[range, Shot]]) -> float:
    return sum(shot.seconds for _, shot in shots)


RnnStory = Story("Recurrent network", tell, GOOD_FOR["rnn"])
GruStory = Story("Gated recurrent unit", tell, GOOD_FOR["gru"])
LstmStory = Story("Long short-term memory", tell, GOOD_FOR["lstm"])
