"""The unrolled film: what each time step reads, opens and writes, and how the strips look so far."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from layeranim.stories.recurrent.moves import CellMove, Rows
from layeranim.stories.recurrent.notes import LOST, CellNotes
from layeranim.stories.recurrent.shot import TOLD, Shot
from layeranim.stories.recurrent.strips import ANSWER, Strips
from layeranim.stories.recurrent.view import RecurrentView, Unit
from layeranim.stories.recurrent.words import CellWords
from layeranim.stories.storyboard import Box, Cells, Fact, Line, Run

MOST_ANSWERS = 5  # probabilities that a caption shows
RUN, SKIP = 0.2, 0.6  # seconds of a step in a run of them, and of steps that have no column


class CellSteps:
    """Shots on the strips."""

    def __init__(self, view: RecurrentView, strips: Strips) -> None:
        self.view, self.strips = view, strips
        self.words = [CellWords(view, n) for n in range(len(view.runs))]
        self.notes = [CellNotes(view, n, words.weighings) for n, words in enumerate(self.words)]

    # ── what a step touches ──────────────────────────────────────────────────
    def keys(self, n: int) -> list[str]:
        """The strips of a run's states."""
        return [s.key for s in self.strips.strips if s.state and s.n == n]

    def before(self, unit: Unit, key: str) -> str:
        """The grid of the state that a step reads."""
        reverse = self.view.runs[unit.n].reverse
        at = self.strips.times.index(unit.t) + (1 if reverse else -1)
        if at < 0:
            return f"{key}:start"
        return f"{key}:{'end' if at == len(self.strips.times) else self.strips.times[at]}"

    def reads(self, unit: Unit) -> tuple[Rows, ...]:
        """Input and last states."""
        run = self.view.runs[unit.n]
        below = [f"h{m}:{unit.t}" for m, r in enumerate(self.view.runs) if r.layer == run.layer - 1] or [f"x:{unit.t}"]
        grids = self.strips.grids
        out: list[Rows] = [(name, range(grids[name].rows)) for name in below if name in grids]
        gap = self.strips.times.index(unit.t) - (-1 if run.reverse else 1)
        times = self.strips.times
        if 0 <= gap < len(times) and abs(times[gap] - unit.t) > 1:
            return tuple(out)  # the step before is not drawn
        for key in self.keys(unit.n):
            name = self.before(unit, key)
            if name in grids:
                out.append((name, range(grids[name].rows)))
        return tuple(out)

    def writes(self, unit: Unit, row: int = 0) -> tuple[Rows, ...]:
        grids = self.strips.grids
        names = [f"{key}:{unit.t}" for key in self.keys(unit.n)]
        one = range(row, row + 1)
        return tuple((name, one if grids[name].numeral else range(grids[name].rows)) for name in names)

    def told(self, unit: Unit) -> int:
        """The unit of the layer whose arithmetic a step tells: of a plain RNN one of the first two."""
        key = self.keys(unit.n)[-1]
        grid = self.strips.grids[f"{key}:{unit.t}"]
        return self.notes[unit.n].told(unit.t) if self.view.kind == "rnn" and grid.numeral and grid.rows > 1 else 0

    def fills(self, unit: Unit, end: bool = False) -> dict[str, Cells]:
        """The states that a step leaves, in numbers and colours, and its answer; at the ``end`` the one of the end."""
        keys = [f"{key}:{unit.t}" for key in self.keys(unit.n)]
        if unit.n == len(self.view.runs) - 1:
            keys.append(f"y:{unit.t}")
        if end and unit.u == self.view.units - 1:
            keys.append(ANSWER)
        return self.cells([name for key in keys for name in (key, f"{key}.all")])

    def cells(self, names: list[str]) -> dict[str, Cells]:
        out: dict[str, Cells] = {}
        for name in names:
            changing = self.strips.grids[name].changing if name in self.strips.grids else None
            if changing is not None:
                out[name] = changing(0)
        return out

    def bars(self, unit: Unit) -> dict[str, tuple[list[Box], str]]:
        """The gates' bars of a column."""
        if not self.strips.bases:
            return {}
        return {f"{unit.t}:{i}": ([box], hue) for i, (box, hue) in enumerate(self.strips.bars(unit.t))}

    # ── the strips as they are after some units ──────────────────────────────
    def so_far(self, done: int) -> CellMove:
        """Everything that the first ``done`` units left, and the states before the first."""
        fills = self.cells([n for n in self.strips.grids if n.partition(":")[2].partition(".")[0] in ("start", "end")])
        bars: dict[str, tuple[list[Box], str]] = {}
        lit: list[str] = []
        for u in range(done):
            unit = self.view.unit(u)
            if unit.t in self.strips.times:
                fills |= self.fills(unit, end=True)
                bars |= self.bars(unit)
                lit += self.strips.ways(unit.n, unit.t)
        if done == self.view.units and ANSWER in self.strips.wires:
            lit.append(ANSWER)
        return CellMove(show="strips", fills=fills, bars=bars, lit=tuple(lit))

    # ── shots ────────────────────────────────────────────────────────────────
    def enter(self, u: int) -> Shot:
        """What the cell that is about to open reads."""
        unit = self.view.unit(u)
        run = self.view.runs[unit.n]
        cell = ("backward cell" if run.reverse else "forward cell") if self.view.config.bidirectional else "cell"
        cell += f" of layer {run.layer + 1}" if self.view.config.layers > 1 else ""
        said: Line = (Run("inside the "), Run(cell, "weights", "semibold", Fact("cell")), Run(" at "),
                      Run(f"t = {unit.t + 1}", "focus", "semibold", Fact("time")))  # fmt: skip
        move = CellMove(focus=self.reads(unit), say=True, land=True)
        steps = self.view.written(unit.n, unit.t, *(f"previous_{s}" for s in self.view.states), "input", "joined")
        below = self.view.handed(self.view.runs[unit.n].layer - 1, unit.t)
        return Shot("enter", 0.88, said, "", "", (("look", 0.28, move),), steps=(*below, *steps))

    def step(self, u: int, back: bool = False) -> Shot:
        """One time step of one run; ``back``: the film comes back from the open cell."""
        unit = self.view.unit(u)
        words, lit = self.words[unit.n], self.strips.ways(unit.n, unit.t)
        reads, row = self.reads(unit), self.told(unit)
        show, steps = self.so_far(u) if back else CellMove(), self.view.steps_of(range(u, u + 1))
        look = CellMove(fills=show.fills, bars=show.bars, lit=show.lit, show=show.show, focus=reads)
        gates = self.bars(unit) if self.strips.single else {}
        land = CellMove(fills=self.fills(unit), lit=lit, focus=reads, result=self.writes(unit, row), land=True)
        phases = (
            ("look", 0.36, look),
            ("gates", 0.24, CellMove(bars=gates, focus=reads, say=True)),
            ("land", 0.24, land),
        )
        memory = f"c{unit.n}" in self.keys(unit.n)
        short = words.reached("hidden", unit.t, row) if self.view.kind == "rnn" else words.brief(unit.t, memory)
        line = words.both(unit.t) if memory else words.state(unit.t, row)
        begins = self.begins(unit)
        return Shot("step", TOLD, line, begins or self.happens(unit), f"unit {row + 1}", phases, True, steps, short,
                    False, bool(begins))  # fmt: skip

    def happens(self, unit: Unit) -> str:
        """What a step does, said only of what the strips show: gates and memory may have no room."""
        notes = self.notes[unit.n]
        drawn = {"lstm": f"c{unit.n}" in self.keys(unit.n), "gru": bool(self.strips.bases)}.get(self.view.kind, True)
        return notes.happens(unit.t) if drawn else LOST if notes.lost(unit.t) else ""

    def run(self, units: range, first: bool = False) -> Shot:
        """Many steps of one cell in one beat, for films that have no time for each; ``first``: and what happens."""
        phases: list[tuple[str, float, CellMove]] = []
        show = self.so_far(units[0]) if first else CellMove()
        drawn = [u for u in units if self.view.unit(u).t in self.strips.times]
        for u in drawn:
            unit = self.view.unit(u)
            move = CellMove(fills={**show.fills, **self.fills(unit)}, bars={**show.bars, **self.bars(unit)},
                        lit=(*show.lit, *self.strips.ways(unit.n, unit.t)), focus=self.reads(unit),
                        result=self.writes(unit), show=show.show, say=u == drawn[0], land=u == drawn[0],
                        done=u + 1)  # fmt: skip
            phases.append((f"step {u}", RUN, move))
            show = CellMove()
        a, b = self.view.unit(units[0]), self.view.unit(units[-1])
        short: Line = (Run(f"t = {a.t + 1} … {b.t + 1}", source=Fact("time")),)
        again = (
            "again and again" if len(drawn) == len(units) else f"again and again, {len(units) - len(drawn)} not drawn"
        )
        line: Line = (
            *short,
            Run(":  "),
            Run("the same cell", "weights", "semibold"),
            Run(f" {again}", source=Fact("steps")),
        )
        seconds = RUN * len(drawn)
        return Shot("run", seconds, line if first else short, self.begins(a), "", phases, True,
                    self.view.steps_of(units), short if first else (), False, True, seconds)  # fmt: skip

    def begins(self, unit: Unit) -> str:
        """What is new where another cell begins."""
        run = self.view.runs[unit.n]
        if not unit.n or unit.u % self.view.steps:
            return ""
        read = f"the states of layer {run.layer}" if run.layer else "the same inputs"
        if run.reverse:
            return f"{read} from the last step to the first, with weights of its own"
        return f"layer {run.layer + 1} reads {read}, with weights of its own"

    def answered(self, unit: Unit) -> str:
        """The grid of the answer that a step gives, or nothing."""
        if not self.strips.answers or unit.n < len(self.view.runs) - 1:
            return ""
        name = f"y:{unit.t}" if self.strips.answers_each else ANSWER
        return name if self.strips.answers_each or unit.u == self.view.units - 1 else ""

    def ends(self, unit: Unit) -> dict[int, int]:
        """The runs whose states the output layer reads, each with the time step: this one, or each one's own last."""
        top = [(n, run) for n, run in enumerate(self.view.runs) if run.layer == self.view.runs[unit.n].layer]
        if self.strips.answers_each:
            return {n: unit.t for n, _ in top}
        return {n: 0 if run.reverse else self.view.steps - 1 for n, run in top}

    def answer(self, unit: Unit) -> Shot:
        """What the output layer makes of the last state: ``y = softmax(V h + b) → 0.02, 0.98``."""
        strip, grid = self.strips, self.answered(unit)
        size = self.view.trace.tensor("probabilities").shape[-1]
        cells = strip.answer(unit.t, range(min(MOST_ANSWERS, size)), True)
        texts = [str(t) for t in np.ravel(cells.texts)] if cells.texts is not None else []
        out: list[Run] = [Run("y", "probability", "semibold"), Run(" = softmax("), Run("V", "weights"), Run(" h")]
        out += [Run(" + "), Run("b", "weights")] if "bias_output" in self.view.trace.tensors else []
        out.append(Run(")  →  "))
        for i, text in enumerate(texts):
            out += [Run(",  ")] if i else []
            out.append(Run(text, "probability", "semibold", cells.sources(i, 0) if cells.sources else None))
        out += [Run(",  …")] if size > len(texts) else []
        ends = self.ends(unit)
        names = [name for n, t in ends.items() if (name := f"h{n}:{t}") in strip.grids]
        state = tuple((name, range(strip.grids[name].rows)) for name in names)
        handed = {i for t in ends.values() for i in self.view.handed(self.view.runs[unit.n].layer, t)}
        steps = (*sorted(handed), *self.view.answered(unit.t))
        so_far = self.so_far(unit.u + 1)
        move = replace(so_far, focus=state, result=((grid, range(strip.grids[grid].rows)),), say=True, land=True)
        return Shot("step", TOLD, tuple(out), "the output layer turns the state into probabilities", "output layer",
                    (("land", 0.28, move),), True, steps)  # fmt: skip

    def skip(self, units: range, again: bool = False) -> Shot:
        """Steps that have no column; why is said once."""
        times = sorted(self.view.unit(u).t for u in units)
        first, last = times[0] + 1, times[-1] + 1
        which = f"step {first}" if first == last else f"steps {first}–{last}"
        line: Line = (Run(f"{which}:  ", source=Fact("steps")), Run("the same cell", "weights", "semibold"),
                      Run(" again and again, not drawn"))  # fmt: skip
        line = (line[0], Run("not drawn")) if again else line
        return Shot("skip", SKIP, line, "", "", (("pass", SKIP, CellMove(say=True, land=True)),), True,
                    self.view.steps_of(units))  # fmt: skip

    def returned(self) -> tuple[Rows, ...]:
        """The grids of what the layer hands on."""
        if not self.strips.all_drawn:
            return ()
        grids, last = self.strips.grids, self.view.runs[-1].layer
        tops = [n for n, run in enumerate(self.view.runs) if run.layer == last]
        out: list[Rows] = []
        for n in tops:
            end = self.strips.times[0] if self.view.runs[n].reverse else self.strips.times[-1]
            keys = self.keys(n) if self.view.config.returns == "state" else [f"h{n}"]
            times = self.strips.times if self.view.config.returns == "sequences" else [end]
            names = [name for key in keys for t in times for name in (f"{key}:{t}", f"{key}:{t}.all") if name in grids]
            out += [(name, range(grids[name].rows)) for name in names]
        answers = [name for name in grids if name.startswith("y:")]
        return (*out, *((name, range(grids[name].rows)) for name in answers))
