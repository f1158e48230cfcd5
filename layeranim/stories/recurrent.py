"""Recurrent layers told: the sequence, one cell opened gate by gate, then the unrolled steps with their states."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from layeranim import numbers, theme
from layeranim.stories import phrases, recurrent_presets, timing
from layeranim.stories.options import PACES
from layeranim.stories.recurrent_acts import Opened, Shot
from layeranim.stories.recurrent_cell import cell_stage, names
from layeranim.stories.recurrent_moves import Move, Moves
from layeranim.stories.recurrent_stage import CellStage
from layeranim.stories.recurrent_steps import Steps
from layeranim.stories.recurrent_strips import Strips
from layeranim.stories.recurrent_view import RecurrentView
from layeranim.stories.storyboard import Beat, Fact, Line, Point, Run, Story, Storyboard, Telling, plain

OPENING = 1.48
STEP, LATER, LANDING = 1.6, 1.16, 1.6
WHOLE, REST = 24.4, 4.8  # seconds of a film, and the least for the steps that are not opened
SKIP, ANSWER = 1.0, 1.6
TITLES = {"rnn": "Recurrent network (RNN)", "gru": "GRU cell", "lstm": "LSTM cell"}


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


def tell(telling: Telling) -> Storyboard:
    """A recurrent layer's storyboard."""
    return RecurrentTelling(RecurrentView(telling)).storyboard()


class RecurrentTelling:
    """Puts the beats of one film together."""

    def __init__(self, view: RecurrentView) -> None:
        self.view, self.film, self.preset = view, view.telling.film, view.telling.preset
        self.shown = self.film.selected(view.units)
        self.strips = Strips(view, view.drawn_times(self.shown))
        self.steps = Steps(view, self.strips)
        self.stage = cell_stage(view, view.unit(self.shown[0]).n)
        self.moves: dict[tuple[int, str], Move] = {}
        self.posters: list[Beat] = []

    def storyboard(self) -> Storyboard:
        view, shown = self.view, self.shown
        beats = tuple(self.beats())
        poster = self.posters[0] if len(self.posters) == 1 else self.posters[min(1, len(self.posters) - 1)]
        title = self.film.title or (self.preset.title if self.preset else "") or TITLES[view.kind]
        start = self.steps.so_far(shown[0])
        sayings = names(self.stage)
        parts = RecurrentParts(self.stage, self.strips, self.moves, start, view.units, sayings)
        given = numbers.shape_text((view.steps, view.size(0, "input")))
        alt = (
            f"{title}: a sequence of {given}, {plain(self.parameters())}. "
            f"{plain(poster.place)}: {plain(poster.caption)}."
        )
        return Storyboard(view.kind, title, self.parameters(), {**self.stage.grids, **self.strips.grids}, beats,
                          view.units, poster.end - 1, alt, {"recurrent": parts})  # fmt: skip

    # ── beats ────────────────────────────────────────────────────────────────
    def beats(self) -> Iterator[Beat]:
        pace = PACES[self.film.pace]
        at = timing.ticks(OPENING * min(1.0, pace))
        yield Beat("open", 0, at, caption=self.opening(), note=self.opening_note(), done=self.shown.start)
        for units, shot in self.shots():
            length = timing.ticks(shot.seconds * pace)
            phases = timing.phases(length, [(name, seconds) for name, seconds, _ in shot.phases])
            for name, _, move in shot.phases:
                self.moves[at, name] = move
            done = units.stop if shot.lands else units.start
            beat = Beat(shot.kind, at, length, units, phases, shot.caption, _note(shot.note), self.place(units, shot),
                        range(0), done)  # fmt: skip
            if shot.poster:
                self.posters.append(beat)
            yield beat
            at += length
        self.moves[at, "close"] = Move(
            show="strips", fills=self.steps.so_far(self.shown.stop).fills, bars=self.steps.so_far(self.shown.stop).bars,
            lit=self.steps.so_far(self.shown.stop).lit,
            result=self.steps.returned() if self.shown.stop == self.view.units else (),
        )  # fmt: skip
        yield Beat("close", at, timing.ticks(theme.END_HOLD), caption=self.closing(), note=_note(self.takeaway()),
                   done=self.shown.stop)  # fmt: skip

    def shots(self) -> Iterator[tuple[range, Shot]]:
        """The opened steps, then the others."""
        opened, spent = Opened(self.view, self.stage), OPENING + theme.END_HOLD
        first = self.shown[0]
        inside = [u for u in self.shown[:2] if self.view.unit(u).n == self.stage.n]
        enter = self.steps.enter(first)
        spent += enter.seconds
        yield range(first, first + 1), enter
        for i, u in enumerate(inside):
            t = self.view.unit(u).t
            for shot in opened.first(t) if i == 0 else opened.second(t):
                spent += shot.seconds
                yield range(u, u + 1), shot
        last = self.view.unit(self.shown[-1])
        answers = f"y:{last.t}" in self.strips.grids and last.n == len(self.view.runs) - 1
        spent += ANSWER if answers else 0
        rest = range(inside[-1] + 1, self.shown.stop)
        back = True
        for units, seconds in self.paced(rest, max(REST, WHOLE - spent)):
            if seconds < 0:
                yield units, self.steps.skip(units, -seconds)
                continue
            yield units, self.steps.step(units[0], seconds, back)
            back = False
        if answers:
            yield range(self.shown[-1], self.shown.stop), self.steps.answer(last, ANSWER)

    def paced(self, rest: range, budget: float) -> Iterator[tuple[range, float]]:
        """How long each of the other steps takes; those without a column pass together (less than 0)."""
        drawn = [u for u in rest if self.view.unit(u).t in self.strips.times]
        parts = [(here, list(us)) for here, us in itertools.groupby(rest, lambda u: u in drawn)]
        skips = sum(not here for here, _ in parts)
        skip = max(0.4, min(SKIP, 2 / max(1, skips)))
        middle = (budget - skips * skip - STEP - LANDING) / max(1, len(drawn) - 2)
        for here, listed in parts:
            if not here:
                yield range(listed[0], listed[-1] + 1), -skip
                continue
            for u in listed:
                ends = {drawn[0]: STEP, drawn[-1]: LANDING}
                yield range(u, u + 1), ends.get(u, min(LATER, max(timing.FASTEST, middle)))

    # ── words ────────────────────────────────────────────────────────────────
    def place(self, units: range, shot: Shot) -> Line:
        unit = self.view.unit(units[0])
        run = self.view.runs[unit.n]
        where = [f"t = {unit.t + 1}"] if shot.kind != "skip" else []
        where += [f"layer {run.layer + 1}"] if self.view.config.layers > 1 else []
        where += ["backward" if run.reverse else "forward"] if self.view.config.bidirectional else []
        where += [shot.place] if shot.place else []
        return (Run(",  ".join(where), weight="regular", source=Fact("place")),) if where else ()

    def parameters(self) -> Line:
        view, config = self.view, self.view.config
        options: Any = config
        parts = [f"input {view.trace.tensor('input').shape[-1]}", f"hidden {view.hidden}"]
        parts += [f"projection {options.projection}"] if view.kind == "lstm" and options.projection else []
        parts += [options.variant] if view.kind == "gru" and options.variant != "reset-after" else []
        parts += ["peepholes"] if view.kind == "lstm" and options.peepholes else []
        parts += [f"{config.layers} layers"] if config.layers > 1 else []
        parts += ["bidirectional"] if config.bidirectional else []
        parts += [f"{len(view.runs)} of {view.all_runs} drawn"] if len(view.runs) < view.all_runs else []
        parts += ["unit 1 drawn"] if self.strips.partial else []
        parts += [f"{config.classes} classes"] if config.classes else []
        parts += [f"returns {config.returns}"] if config.returns != "sequences" else []
        parts += [f"length {view.steps} of {config.timesteps}"] if view.steps < int(config.timesteps or 0) else []
        parts += [config.mode] if config.mode == "one-to-many" else []
        parts += [f"sequence 1 of {view.batch}"] if view.batch > 1 else []
        if view.telling.seeded:
            what = "values" if "input" in view.telling.seeded else "weights"
            parts.append(f"random {what}, seed {view.telling.seed}")
        while len(parts) > 1 and phrases.width((Run(",  ".join(parts)),), theme.PARAMETERS) > 760:
            parts.pop()
        return (Run(",  ".join(parts), source=Fact("options")),)

    def opening(self) -> Line:
        steps, count = self.view.steps, self.view.all_runs
        cells = "one cell" if count == 1 else f"{count} cells"
        return (
            Run(f"{steps} time step{'s' * (steps != 1)}, ", source=Fact("steps")),
            Run(cells, "weights", "semibold", Fact("cells")),
            Run(", the same weights at every step"),
        )

    def opening_note(self) -> Line:
        if self.preset:
            return _note(self.preset.summary)
        said = {"rnn": "each state is made of the input and the state before",
                "gru": "two gates mix the old state and a new one",
                "lstm": "c is the memory, h is what the cell shows of it"}  # fmt: skip
        return _note(said[self.view.kind])

    def closing(self) -> Line:
        view = self.view
        output = view.trace.tensor("output").shape[1:]
        count = int(view.trace.facts["parameters"])
        returns = str(view.config.returns)
        final = "final memory and state, each " if view.kind == "lstm" else "final state "
        what = {"sequences": "output ", "last": "last state ", "state": final}[returns]
        return (
            Run(f"{view.steps} step{'s' * (view.steps != 1)}, ", source=Fact("steps")),
            Run(f"{count} shared weights", "weights", "semibold", Fact("parameters")),
            Run(" → "),
            Run(what + numbers.shape_text(output), "result", "semibold", Fact("output shape")),
        )

    def takeaway(self) -> str:
        if self.preset and self.preset.takeaway:
            return self.preset.takeaway
        return GOOD_FOR[self.view.kind]


GOOD_FOR = {"rnn": recurrent_presets.RNN_GOOD, "gru": recurrent_presets.GRU_GOOD, "lstm": recurrent_presets.LSTM_GOOD}


def _note(text: str) -> Line:
    return (Run(text, weight="regular", source=Fact("note")),) if text else ()


RnnStory = Story("Recurrent network", recurrent_presets.RNN_PRESETS, tell, GOOD_FOR["rnn"])
GruStory = Story("Gated recurrent unit", recurrent_presets.GRU_PRESETS, tell, GOOD_FOR["gru"])
LstmStory = Story("Long short-term memory", recurrent_presets.LSTM_PRESETS, tell, GOOD_FOR["lstm"])
