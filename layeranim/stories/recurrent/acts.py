"""One opened step as shots: every gate with its products, then the memory and the state that they make."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from layeranim.engine.recurrent.config import GruConfig
from layeranim.stories.recurrent.bench import Weighing, heading
from layeranim.stories.recurrent.moves import CellMove, Rows
from layeranim.stories.recurrent.notes import LOST, ROLES, CellNotes
from layeranim.stories.recurrent.shot import TOLD, Shot
from layeranim.stories.recurrent.stage import HUES, LETTERS, CellStage
from layeranim.stories.recurrent.view import RecurrentView
from layeranim.stories.recurrent.words import CellWords
from layeranim.stories.storyboard import Box, Cells, Line, Point

FIRST = range(1)
LOW = -226  # the lowest that a state comes on its way back
RAISED = 14  # from the weights to their names: the frame between them takes some of it


class Opened:
    """The shots of a run's opened steps."""

    def __init__(self, view: RecurrentView, stage: CellStage) -> None:
        self.view, self.stage, self.n = view, stage, stage.n
        self.words = CellWords(view, stage.n)
        self.notes = CellNotes(view, stage.n, self.words.weighings)
        self.gates = list(LETTERS[view.kind])

    # ── the order in which a cell is told ────────────────────────────────────
    def first(self, t: int, units: int = 1) -> Iterator[Shot]:
        """Every gate with its products, of a plain RNN so many units; the cut into the cell comes with the first."""
        shots = {"lstm": self._lstm, "gru": self._gru}[self.view.kind](t) if self.gates else self._rnn(t, units)
        enter = CellMove(show="cell", fills=self.given(t), calm=True, named=self._state_named("h_{t−1}"))
        yield from self._with(enter, "enter", 0.04, shots)

    def second(self, t: int) -> Iterator[Shot]:
        """The same plain cell with the next input; a gated one has told enough by then."""
        if self.gates:
            return
        move = CellMove(
            carry=(("hidden", "vector:h", self._way_back()),),
            clear=tuple(n for n in self.stage.grids if n.startswith(("weights", "products", "bias", "vector:h")))
            + tuple(self.stage.bases),
            calm=True,
            fills=self.given(t),
            lit=("loop",),
            named={"h": ((0, 0), ()), "x": ((0, 0), ())},
        )
        yield from self._with(move, "carry", 0.52, self._rnn(t))

    def _with(self, move: CellMove, name: str, seconds: float, shots: Iterator[Shot]) -> Iterator[Shot]:
        first = next(shots)
        yield replace(first, seconds=first.seconds + seconds, phases=((name, seconds, move), *first.phases))
        yield from shots

    def _lstm(self, t: int) -> Iterator[Shot]:
        for base in ("forget_gate", "input_gate", "candidate"):
            yield self.weigh(base, t)
        yield self._memory(t)
        yield self.weigh("output_gate", t)
        yield from self._outputs(t)

    def _gru(self, t: int) -> Iterator[Shot]:
        variant = self.view.config.variant if isinstance(self.view.config, GruConfig) else ""
        yield self.weigh("reset_gate", t)
        yield self.weigh("update_gate", t)
        if variant != "glossary":
            if variant == "reset-before":
                yield self._reset(t)
            for base in ("candidate_hidden", "candidate_input"):
                yield self.weigh(base, t)
        yield self._candidate(t)
        yield self._state(t)

    def _rnn(self, t: int, units: int = 1) -> Iterator[Shot]:
        units = min(units, self.stage.grids["hidden"].rows)
        for unit in range(units):
            yield self.weigh("hidden", t, unit, last=unit == units - 1)

    # ── shots ────────────────────────────────────────────────────────────────
    def weigh(self, base: str, t: int, unit: int = 0, last: bool = True) -> Shot:
        """One unit's sum term by term, its activation, then the other units at once."""
        view, stage, w = self.view, self.stage, self.words.weighings[base]
        cleared = (*(n for n in stage.bench.grids if n.startswith(("weights", "products"))), "pre", "bias")
        added = self._added(w, t, unit)
        some_biases = {name: range(len(cells.levels)) for name, cells in added.items()}
        named = self._named(base, w.parts)
        fills = stage.bench.weights(w, unit) | added
        if base == "candidate_hidden" and w.parts[0].vector == "reset_hidden":
            fills |= stage.bench.vector("h", "reset_hidden", t)
        elif base == "candidate_input":
            fills |= self.given(t)
            named |= self._state_named("h_{t−1}")
        targets = self.targets(base)
        row = range(unit, unit + 1)
        gate = targets[-1]
        others = view.size(self.n, w.pre) > unit + 1 and last
        done = self.filled(targets, t)
        landed: dict[str, Cells] = {n: c for n, c in done.items() if not n.endswith(".all")}
        bars = self.bars([gate], t) if gate in stage.gates else {}
        some = {g: (boxes[: unit + 1], role) for g, (boxes, role) in bars.items()}
        pre = {"pre": view.column(self.n, w.pre, t, row)} if "pre" in stage.grids else {}
        sums = ("sum", "pre", "bias")
        into = ("sums", "squash", "hidden") if view.kind == "rnn" else (f"in:{gate}", f"out:{gate}")
        phases = [
            ("weigh", 0.32, CellMove(clear=cleared, fills=fills, only=some_biases, named=named)),
            ("multiply", 0.44, CellMove(fills=stage.bench.products(w, t, unit), lag=0.06, say=True)),
            ("sum", 0.24, CellMove(fills=pre, lit=sums)),
            ("squash", 0.28, CellMove(fills=landed, only=dict.fromkeys(landed, row), bars=some, lit=into,
                                  result=((gate, row),), land=True)),
        ]  # fmt: skip
        if others or any(n.endswith(".all") for n in done):
            phases.append(("others", 0.24, CellMove(fills=done, bars=bars, result=((gate, row),))))
        note = self.notes.made_of(t, unit) if base == "hidden" else ROLES[base]
        if any(plus.endswith("_peephole") for plus in w.plus):
            note += "; its peephole sees c"
        if view.kind == "rnn" and unit:
            note = "the next unit: its own weights, the same state and input"
        place = f"unit {unit + 1}" + (f", {base.replace('_', ' ')}" if view.kind != "rnn" else "")
        return Shot("weigh", TOLD, self.words.weighed(base, t, unit), note, place, phases,
                    view.kind == "rnn" and last, self.summed(t, base), self.words.reached(base, t, unit))  # fmt: skip

    def targets(self, base: str) -> list[str]:
        """The columns that a sum fills, the last one with what its activation gives."""
        if self.view.kind == "rnn":
            return ["hidden_pre", "hidden"]
        return [base]

    def _added(self, w: Weighing, t: int, unit: int) -> dict[str, Cells]:
        """What is added to the products as one column: biases, and what a peephole sees."""
        if "bias" not in self.stage.grids or not w.plus:
            return {}
        row, room = range(unit, unit + 1), self.stage.grids["bias"].rows
        named = [(base, None if base.startswith("bias") else t) for base in w.plus[:room]]
        return {"bias": stacked([self.view.column(self.n, base, at, row) for base, at in named])}

    def _named(self, base: str, parts: Sequence[object]) -> dict[str, tuple[Point, Line]]:
        """U and W over the weights, with the gate's letter."""
        letter = LETTERS[self.view.kind].get("candidate" if base.startswith("candidate") else base, "")
        out: dict[str, tuple[Point, Line]] = {}
        keys = {getattr(part, "key", "") for part in parts}
        for key, symbol in (("h", "U"), ("x", "W")):
            grid = self.stage.grids[f"weights:{key}"]
            text = f"{symbol}_{{{letter}}}" if letter else symbol
            out[key] = (grid.at[0], grid.at[1] + RAISED), heading(text, "weights") if key in keys else ()
        return out

    def _unnamed(self) -> dict[str, tuple[Point, Line]]:
        return {"h": ((0, 0), ()), "x": ((0, 0), ())}

    def _state_named(self, text: str) -> dict[str, tuple[Point, Line]]:
        """The name over the state on the bench, where it changes."""
        if not self.stage.bench.resets:
            return {}
        at = self.stage.grids["vector:h"].at
        return {"state": ((at[0], at[1] + 12), heading(text))}

    def _memory(self, t: int) -> Shot:
        steps, read = self.combined(t, "kept", "written", "cell")
        return Shot("combine", TOLD, self.words.memory(t), self.notes.keeps(t), "unit 1, memory", (
            ("keep", 0.4, CellMove(lit=("keep", "forget_gate", "kept"), focus=read, say=True)),
            ("write", 0.4, CellMove(lit=("input_gate", "candidate", "written"), focus=read)),
            ("land", 0.28, CellMove(fills=self.filled(["cell"], t), lit=("cell",), focus=read,
                                result=self._rows("cell"), land=True)),
        ), steps=steps, short=self.words.made("c_{t}", "cell", t))  # fmt: skip

    def _outputs(self, t: int) -> Iterator[Shot]:
        """What the cell shows, and with a projection the state that P makes of it."""
        if "unprojected" not in self.stage.grids:
            yield self._state(t)
            return
        (steps, read), lit = self.combined(t, "cell_tanh", "unprojected"), ("seen", "tanh", "output_gate")
        note = LOST if self.notes.lost(t) else "what the output gate shows of the memory"
        yield Shot("combine", TOLD, self.words.seen(t), note, "unit 1, shown", (
            ("take", 0.4, CellMove(lit=lit, focus=read, say=True)),
            ("land", 0.28, CellMove(fills=self.filled(["unprojected"], t), lit=("shown",), focus=read,
                                result=self._rows("unprojected"), land=True)),
        ), steps=steps, short=self.words.made("u", "unprojected", t))  # fmt: skip
        every = tuple((name, range(self.stage.grids[name].rows)) for name in ("unprojected", "unprojected.all")
                      if name in self.stage.grids)  # fmt: skip
        yield Shot("combine", TOLD, self.words.state(t), "P makes a smaller state of it", "unit 1, state", (
            ("take", 0.4, CellMove(lit=("unprojected",), focus=every, say=True)),
            ("land", 0.28, CellMove(fills=self.filled(["hidden"], t), lit=("hidden",), focus=every,
                                result=self._rows("hidden"), land=True)),
        ), True, self.view.written(self.n, t, "projection_products", "hidden"), self.words.brief(t))  # fmt: skip

    def _state(self, t: int) -> Shot:
        """What the cell hands on."""
        if self.view.kind == "gru":
            steps, read = self.combined(t, "kept", "update_complement", "written", "hidden")
            lit: tuple[str, ...] = ("keep", "update_gate", "kept", "rest", "complement", "candidate", "written")
            note = self.notes.mixes(t)
        else:
            (steps, read), lit = self.combined(t, "cell_tanh", "hidden"), ("seen", "tanh", "output_gate")
            note = self.notes.shows(t)
        return Shot("combine", TOLD, self.words.state(t), note, "unit 1, state", (
            ("take", 0.4, CellMove(lit=lit, focus=read, say=True)),
            ("land", 0.28, CellMove(fills=self.filled(["hidden"], t), lit=("hidden",), focus=read,
                                result=self._rows("hidden"), land=True)),
        ), True, steps, self.words.brief(t))  # fmt: skip

    def _reset(self, t: int) -> Shot:
        """The reset gate before the weights: it thins the state out."""
        steps, read = self.combined(t, "reset_hidden")
        fills = self.stage.bench.vector("h", "reset_hidden", t)
        cleared = (*(n for n in self.stage.grids if n.startswith(("weights", "products"))), "pre", "bias")
        return Shot("combine", TOLD, self.words.reset(t), self.notes.resets(t), "unit 1, reset", (
            ("take", 0.36, CellMove(clear=cleared, named=self._unnamed(), focus=read, say=True)),
            ("land", 0.28, CellMove(fills=fills, focus=read, result=(("vector:h", FIRST),), land=True,
                                named=self._state_named("r⊙h"))),
        ), steps=steps, short=self.words.made("r ⊙ h", "reset_hidden", t, "ink"))  # fmt: skip

    def _candidate(self, t: int) -> Shot:
        steps, read = self.combined(t, "candidate_reset", "candidate_pre", "candidate")
        lit = ("reset_gate", "candidate_hidden", "candidate_input", "joined", "squash")
        also = ["candidate_pre"] if "candidate_pre" in self.stage.bases else []
        note = "as printed, the state can only fade: no input reaches the candidate"
        note = "a proposal for the new state" if "candidate_input" in self.words.weighings else note
        return Shot("combine", TOLD, self.words.candidate(t), note, "unit 1, candidate", (
            ("take", 0.4, CellMove(lit=lit, focus=read, fills=self.filled(also, t), say=True)),
            ("land", 0.28, CellMove(fills=self.filled(["candidate"], t), bars=self.bars(["candidate"], t), focus=read,
                                lit=("candidate_in",), result=self._rows("candidate"), land=True)),
        ), steps=steps, short=self.words.made("n", "candidate", t, "g"))  # fmt: skip

    def _way_back(self) -> tuple[Point, ...]:
        """How the state comes back to where the next step reads it: round the loop."""
        low = LOW + self.stage.grids["hidden"].box.h / 2
        (_, y), (right, _), _, (left, _), (_, end), _ = self.stage.wires["loop"].points
        return (right, y), (right, low), (left, low), (left, end)

    # ── steps of the trace ───────────────────────────────────────────────────
    def summed(self, t: int, *bases: str) -> tuple[int, ...]:
        """The steps of whole sums: what a peephole sees, the products, their sum, its activation."""
        sums = [self.words.weighings[base] for base in bases if base in self.words.weighings]
        names = [(*(p for p in w.plus if p.endswith("_peephole")), w.products, w.pre, w.gate) for w in sums]
        return self.view.written(self.n, t, *(name for each in names for name in each if name))

    def combined(self, t: int, *bases: str) -> tuple[tuple[int, ...], tuple[Rows, ...]]:
        """The steps that write these tensors one after another, and the columns on stage that they read."""
        steps = self.view.written(self.n, t, *bases)
        read = [region.tensor for i in steps for region in self.view.trace.steps[i].reads]
        names = dict.fromkeys(name.removeprefix(self.view.runs[self.n].prefix) for name in read)
        return steps, self._rows(*(name for name in names if name in self.stage.grids and name not in bases))

    # ── pieces ───────────────────────────────────────────────────────────────
    def given(self, t: int) -> dict[str, Cells]:
        """What the cell reads at a step: state and input, and the lane's beginning."""
        before = [n for n in ("previous_cell", "previous_hidden") if n in self.stage.bases]
        return self.stage.bench.vectors(t) | self.filled(before, t)

    def filled(self, names: Sequence[str], t: int) -> dict[str, Cells]:
        """Columns with their colours, whole."""
        out: dict[str, Cells] = {}
        for name in names:
            for grid in (name, f"{name}.all"):
                changing = self.stage.grids[grid].changing if grid in self.stage.grids else None
                if changing is not None:
                    out[grid] = changing(t)
        return out

    def bars(self, gates: Sequence[str], t: int) -> dict[str, tuple[list[Box], str]]:
        return {g: (self.stage.gates[g].bars(t), HUES[g]) for g in gates}

    def _rows(self, *names: str) -> tuple[Rows, ...]:
        return tuple((name, FIRST) for name in names)


def stacked(parts: Sequence[Cells]) -> Cells:
    """Cells of one row each as one column."""
    texts = np.array([[str(part.texts[0, 0]) if part.texts is not None else ""] for part in parts], object)
    levels = np.concatenate([part.levels for part in parts])
    return Cells(levels, texts, sources=lambda r, c: parts[r].sources(0, 0))  # type: ignore[misc]
