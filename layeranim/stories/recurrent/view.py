"""What a recurrent film asks of its trace: which cells it tells, how long the sequence is, single numbers of a step."""

from __future__ import annotations

from functools import cached_property
from typing import cast

import numpy as np

from layeranim import typeface
from layeranim.engine.recurrent.cells import Functions
from layeranim.engine.recurrent.config import RecurrentConfig, kind_of
from layeranim.engine.recurrent.layout import LayerRun, mask_of, run_list
from layeranim.engine.trace import Array, Region
from layeranim.stories import phrases
from layeranim.stories.stage import Lap, Laps
from layeranim.stories.storyboard import FilmView, Telling

MOST_RUNS = 6
"""Layers and directions that are told; of more the first five stand for all."""


FEW = 8
"""Of more units than these the one that changes most is told."""


class RecurrentView(FilmView):
    """The numbers of one sequence of the batch; a unit of the film is a time step of one of its cells."""

    def __init__(self, telling: Telling) -> None:
        super().__init__(telling)
        self.config = cast(RecurrentConfig, self.trace.config)
        self.kind = kind_of(self.config)
        every = run_list(self.config, self.trace.tensors)
        self.all_runs = len(every)
        self.runs: list[LayerRun] = every if len(every) <= MOST_RUNS else every[: MOST_RUNS - 1]
        self.steps = int(mask_of(self.trace.tensors)[self.sample].sum())
        self.hidden = int(self.config.hidden or 1)
        self.laps = tuple(Lap(run.prefix, run.reverse, run.source if run.layer else "") for run in self.runs)
        self.shown = telling.film.selected(len(self.runs) * self.steps)

    @cached_property
    def told(self) -> int:
        """The unit of the state that is told: the one asked for, of many the one that changes most, else the first."""
        asked = self.telling.film.chosen("units", self.hidden, 1)
        if asked or self.hidden <= FEW:
            return int(asked[0]) if asked else 0
        memory = "cell" if self.kind == "lstm" else "hidden"
        held = self.trace.read(Region.of(self.runs[0].prefix + memory, batch=self.sample, time=range(self.steps)))
        with np.errstate(all="ignore"):
            moved = np.abs(np.diff(held, axis=0, prepend=0)).sum(axis=0)
        return int(np.argmax(np.where(np.isfinite(moved), moved, -1.0)))

    @property
    def told_state(self) -> int:
        """Its place in the state; of a state that is made smaller the first."""
        return 0 if self.has("unprojected") else self.told

    @property
    def chosen(self) -> bool:
        """Whether the unit was asked for, or is one of many."""
        return self.hidden > FEW or bool(self.telling.film.show_of)

    @property
    def numbers(self) -> tuple[str, str]:
        """``₁₇``: the numbers of the unit that is told and of its state, where there are several."""
        several = self.hidden > 1
        return phrases.lowered(self.told + 1) * several, phrases.lowered(self.told_state + 1) * several

    @property
    def single(self) -> bool:
        """Whether there is one cell, so that there is room to open it."""
        return len(self.runs) == 1

    @property
    def units(self) -> Laps:
        """The time steps, cell after cell in the order in which they are computed."""
        return Laps(("time",), ("step", "steps"), names=self.place, most={"time": self.steps}, laps=self.laps)

    def at(self, unit: int) -> tuple[LayerRun, int]:
        """The cell and the time step of a unit."""
        n, k = divmod(unit, self.steps)
        return self.runs[n], self.steps - 1 - k if self.runs[n].reverse else k

    def place(self, unit: int) -> str:
        """``t = 3,  night,  layer 2,  backward``: where a unit is."""
        run, t = self.at(unit)
        words = self.config.tokens
        where = [f"t = {t + 1}", *([typeface.draw_safe(words[t], 24)] if words else [])]
        where += [f"layer {run.layer + 1}"] if self.config.layers > 1 else []
        where += ["backward" if run.reverse else "forward"] if self.config.bidirectional else []
        return ",  ".join(where)

    # ── numbers ──────────────────────────────────────────────────────────────
    def has(self, base: str) -> bool:
        """Whether the cells have a tensor of that name."""
        return self.runs[0].prefix + base in self.trace

    @property
    def shown_cell(self) -> str:
        """What an LSTM's memory is called after the layer's activation: ``cell_tanh``."""
        return Functions(getattr(self.config, "activation", "tanh")).shown_cell

    def size(self, base: str) -> int:
        """The features of a tensor of the first cell."""
        return int(self.trace.tensor(self.runs[0].prefix + base).shape[-1])

    def values(self, unit: int, base: str, *index: int) -> Array:
        """A vector of the cell under way at its time step, or where its next axes have these indices too."""
        run, t = self.at(unit)
        name = run.prefix + base
        where = zip(self.trace.axes(name), (self.sample, t, *index), strict=False)
        return np.asarray(self.trace.read(Region(name, tuple(where))))

    def value(self, unit: int, base: str, i: int | None = None) -> float:
        """One number of it, by default of the unit that is told."""
        return float(self.values(unit, base)[self.told if i is None else i])

    def lost(self, unit: int, i: int | None = None) -> bool:
        """Whether the new state or memory is no number."""
        if i is not None:
            return bool(np.isnan(self.values(unit, "hidden")[i]))
        states = (("cell", self.told),) if self.kind == "lstm" else ()
        return any(np.isnan(self.values(unit, base)[at]) for base, at in (*states, ("hidden", self.told_state)))
