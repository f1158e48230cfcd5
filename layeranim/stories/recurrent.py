"""Recurrent layers told: the sequence, one cell opened gate by gate, then the unrolled steps with their states."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
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
LONGEST, USUAL = 25.0, 24.4  # seconds of a film: at any pace, and as it is planned
REST = 4.8  # the most that the steps which are not opened take from the opened ones
SKIP, ANSWER = 1.0, 1.6
READABLE = 0.9  # seconds in which a step's caption can be read
MOST_WORD = 300  # width of a token beside its number
TITLE_SIZES = 36, theme.PARAMETERS  # of the title beside long parameters, and in any case
MOST_SAID = 640  # width of the parameters for which the title becomes that small
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
        self.stage = cell_stage(view, view.unit(self.shown[0]).n, self.strips.most)
        self.moves: dict[tuple[int, str], Move] = {}
        self.posters: list[Beat] = []

    def storyboard(self) -> Storyboard:
        view, shown = self.view, self.shown
        beats = tuple(self.beats())
        poster = self.posters[0] if len(self.posters) == 1 else self.posters[min(1, len(self.posters) - 1)]
        title = self.title
        start = self.steps.so_far(shown[0])
        sayings = names(self.stage)
        parts = RecurrentParts(self.stage, self.strips, self.moves, start, view.units, sayings)
        given = numbers.shape_text((view.steps, view.size(0, "input")))
        alt = (
            f"{title}: a sequence of {given}, {', '.join(filter(None, [plain(self.parameters()), self.unsaid()]))}. "
            f"{plain(poster.place)}: {plain(poster.caption)}."
        )
        return Storyboard(view.kind, title, self.parameters(), {**self.stage.grids, **self.strips.grids}, beats,
                          view.units, poster.end - 1, alt, {"recurrent": parts}, view.warnings)  # fmt: skip

    @property
    def title(self) -> str:
        return str(self.film.title or (self.preset.title if self.preset else "") or TITLES[self.view.kind])

    # ── beats ────────────────────────────────────────────────────────────────
    def beats(self) -> Iterator[Beat]:
        at = timing.ticks(OPENING * min(1.0, PACES[self.film.pace]))
        yield Beat("open", 0, at, caption=self.opening(), note=self.opening_note(), done=self.shown.start)
        shots = list(self.shots())
        pace = min(PACES[self.film.pace], self.room / _seconds(shots))
        opening, spent = at, 0.0
        for units, shot in shots:
            spent += shot.seconds * pace
            length = max(1, opening + int(timing.TICKS_A_SECOND * spent + 1e-6) - at)
            phases = timing.phases(length, [(name, seconds * pace) for name, seconds, _ in shot.phases])
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

    @property
    def room(self) -> float:
        """Seconds between the opening and the end."""
        return LONGEST - theme.END_HOLD - OPENING * min(1.0, PACES[self.film.pace])

    def opened(self, answer: float) -> list[tuple[range, Shot]]:
        """The first step inside the cell, and the second if the other steps then have time enough at this pace."""
        acts, first = Opened(self.view, self.stage), self.shown[0]
        out = [(range(first, first + 1), self.steps.enter(first))]
        inside = [u for u in self.shown[:2] if self.view.unit(u).n == self.stage.n]
        for i, u in enumerate(inside):
            t = self.view.unit(u).t
            more = [(range(u, u + 1), shot) for shot in (acts.second(t) if i else acts.first(t))]
            left = self.room / PACES[self.film.pace] - answer - _seconds(out) - _seconds(more)
            if i and left < min(REST, STEP + LANDING if len(self.shown) > 2 else 0):
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
        for here, listed in parts:
            if not here:
                yield range(listed[0], listed[-1] + 1), -skip
                continue
            for u in listed:
                ends = {drawn[0]: first, drawn[-1]: last}
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

    def parameters(self) -> Line:
        """Sizes and options; what does not fit is left out, but never what the film leaves out or makes up."""
        said = self._sizes()
        small, least = (phrases.width((Run(self.title, weight="semibold"),), size) for size in TITLE_SIZES)
        both = phrases.ROOM - 3 * theme.UNIT
        room = max(both - small, min(MOST_SAID, both - least))
        return (Run(phrases.listed(list(said), room, self._needed(room)), source=Fact("options")),)

    def _needed(self, room: float) -> list[str]:
        """What must be said beside the title: as much of it as fits; the opening says the rest."""
        needed = [text for text, must in self._sizes().items() if must][::-1]
        while phrases.width((Run(",  ".join([next(iter(self._sizes())), *needed])),), theme.PARAMETERS) > room:
            needed.pop()
        return needed

    def unsaid(self) -> str:
        """What must be said and has no room beside the title."""
        there = plain(self.parameters())
        return ",  ".join(text for text, must in self._sizes().items() if must and text not in there)

    def _sizes(self) -> dict[str, bool]:
        """What there is to say about the layer, and whether the film would not be true without it."""
        view, config = self.view, self.view.config
        options: Any = config
        lstm, gru, drawn = view.kind == "lstm", view.kind == "gru", len(view.runs)
        seeded = "values" if "input" in view.telling.seeded else "weights"
        parts = [
            (True, f"input {view.trace.tensor('input').shape[-1]}", False),
            (True, f"hidden {view.hidden}", False),
            (lstm and options.projection, f"projection {getattr(config, 'projection', 0)}", False),
            (gru and options.variant != "reset-after", getattr(config, "variant", ""), False),
            (lstm and options.peepholes, "peepholes", False),
            (config.layers > 1, f"{config.layers} layers", False),
            (config.bidirectional, "bidirectional", False),
            (drawn < view.all_runs, f"{drawn} of {view.all_runs} cells drawn", True),
            (self.strips.partial, "unit 1 drawn", True),
            (self.cut_short(), f"colours: first {self.strips.most}", True),
            (config.classes, f"{config.classes} classes", False),
            (config.returns != "sequences", f"returns {config.returns}", False),
            (view.steps < int(config.timesteps or 0), f"length {view.steps} of {config.timesteps}", True),
            (config.mode == "one-to-many", config.mode, False),
            (config.convention == "keras", "Keras order", False),
            (view.batch > 1, f"sequence 1 of {view.batch}", True),
            (view.telling.seeded, f"random {seeded}, seed {view.telling.seed}", True),
        ]  # fmt: skip
        return {text: needed for there, text, needed in parts if there}

    def cut_short(self) -> bool:
        """Whether a block of colours shows the first units alone."""
        view = self.view
        sizes = [view.size(n, base) for n in range(len(view.runs)) for base in ("input", "previous_hidden")]
        return max(*sizes, view.hidden, int(view.config.classes or 0)) > self.strips.most

    def opening(self) -> Line:
        steps, count = self.view.steps, self.view.all_runs
        cells = "one cell" if count == 1 else f"{count} cells"
        return (
            Run(f"{steps} time step{'s' * (steps != 1)}, ", source=Fact("steps")),
            Run(cells, "weights", "semibold", Fact("cells")),
            Run(", the same weights at every step"),
        )

    def opening_note(self) -> Line:
        if self.unsaid():
            return _note(self.unsaid())
        if self.preset:
            return _note(self.preset.summary)
        if self.view.config.mode == "one-to-many":
            return _note("one input; after the first step the cell reads zeros")
        if self.strips.answers and not self.strips.answers_each:
            return _note("only the last state becomes an answer")
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
        more = []
        if self.strips.answers:
            answer = view.trace.tensor("probabilities").shape[1:]
            more.append(Run(f", y {numbers.shape_text(answer)}", "result", "semibold", Fact("answer shape")))
        if view.steps < int(view.config.timesteps or 0) and returns == "sequences":
            more.append(Run(f", zeros after step {view.steps}", source=Fact("steps")))
        return (
            Run(f"{view.steps} step{'s' * (view.steps != 1)}, ", source=Fact("steps")),
            Run(f"{count} shared weights", "weights", "semibold", Fact("parameters")),
            Run(" → "),
            Run(what + numbers.shape_text(output), "result", "semibold", Fact("output shape")),
            *more,
        )

    def takeaway(self) -> str:
        if self.preset and self.preset.takeaway:
            return self.preset.takeaway
        return f"for {GOOD_FOR[self.view.kind]}"


GOOD_FOR = {"rnn": recurrent_presets.RNN_GOOD, "gru": recurrent_presets.GRU_GOOD, "lstm": recurrent_presets.LSTM_GOOD}


def _seconds(shots: Sequence[tuple[range, Shot]]) -> float:
    return sum(shot.seconds for _, shot in shots)


def _note(text: str) -> Line:
    return (Run(text, weight="regular", source=Fact("note")),) if text else ()


RnnStory = Story("Recurrent network", recurrent_presets.RNN_PRESETS, tell, GOOD_FOR["rnn"])
GruStory = Story("Gated recurrent unit", recurrent_presets.GRU_PRESETS, tell, GOOD_FOR["gru"])
LstmStory = Story("Long short-term memory", recurrent_presets.LSTM_PRESETS, tell, GOOD_FOR["lstm"])
