"""What a recurrent film shows of its trace: units of work, slices as columns, at which rounding, in which colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, cast

import numpy as np

from layeranim import layout, numbers, theme, typeface
from layeranim.engine.recurrent.config import RecurrentConfig, kind_of
from layeranim.engine.recurrent.layout import LayerRun as Pass
from layeranim.engine.recurrent.layout import mask_of, output_name, run_list
from layeranim.engine.recurrent.steps import parts_of, places
from layeranim.engine.trace import Array, Region
from layeranim.numbers import Style
from layeranim.stories import vocabulary
from layeranim.stories.storyboard import Address, Cells, Fact, Run, Telling

MOST_RUNS = 6  # layers and directions drawn; of more the first five stand for all
MOST_STEPS = 8  # time steps drawn as columns
HEAD_STEPS = 4  # of more, so many first ones, and the last three
WORD_MOST = 40  # characters of a word
NARROWEST = (88, 44)  # pitch of the cells of sums
GATES = ("forget_gate", "input_gate", "output_gate", "reset_gate", "update_gate")
SQUASHED = ("candidate", "cell_tanh")


@dataclass(frozen=True)
class Unit:
    """One time step of one run of the film: unit ``u``, drawn run ``n`` and time ``t``."""

    u: int
    n: int
    t: int


class RecurrentView:
    """The numbers of one film, of one sequence of the batch."""

    def __init__(self, telling: Telling) -> None:
        self.telling, self.trace = telling, telling.trace
        self.config = cast(RecurrentConfig, self.trace.config)
        self.kind = kind_of(self.config)
        every = run_list(self.config, self.trace.tensors)
        self.all_runs = len(every)
        self.runs: list[Pass] = every if len(every) <= MOST_RUNS else every[: MOST_RUNS - 1]
        self.batch = self.trace.tensor("input").shape[0]
        self.b = telling.film.place_in(self.batch)
        self.steps = int(mask_of(self.trace.tensors)[self.b].sum())
        self.hidden = int(self.config.hidden or 1)
        self.states = ("cell", "hidden") if self.kind == "lstm" else ("hidden",)
        self._parts = parts_of(self.config, self.trace.tensors, self.b + 1)
        self._styles: dict[str, Style] = {}

    # ── words ────────────────────────────────────────────────────────────────
    def step_name(self, t: int, width: float = 0) -> Run:
        """A time step's word, cut to a width, or its number."""
        text = self.config.tokens
        if text is None:
            return Run(f"t = {t + 1}", weight="regular", source=Fact("time"))
        word = text[t]
        short = typeface.draw_safe(word, WORD_MOST)
        for most in range(len(short), 1, -1):
            if not width or typeface.width(short, theme.FLOOR) <= width:
                break
            short = typeface.draw_safe(word, most - 1)
        return Run(short, "ink", "medium", Fact("token"))

    @property
    def warnings(self) -> tuple[str, ...]:
        """One line if the font lacks characters of the words."""
        return vocabulary.undrawn("".join(self.config.tokens or ()))

    # ── units ────────────────────────────────────────────────────────────────
    @property
    def units(self) -> int:
        """Time steps of all drawn runs, in the order in which they are computed."""
        return len(self.runs) * self.steps

    def unit(self, u: int) -> Unit:
        n, k = divmod(u, self.steps)
        return Unit(u, n, self.steps - 1 - k if self.runs[n].reverse else k)

    def drawn_times(self, shown: range) -> list[int]:
        """The time steps that have a column, for a film of these units."""
        times = sorted({self.unit(u).t for u in shown})
        if len(times) <= MOST_STEPS:
            return times
        return [*times[:HEAD_STEPS], *times[HEAD_STEPS - MOST_STEPS + 1 :]]

    def name(self, n: int, base: str) -> str:
        """A tensor of a run by its full name."""
        return self.runs[n].prefix + base

    def size(self, n: int, base: str) -> int:
        return int(self.trace.tensor(self.name(n, base)).shape[-1])

    # ── steps of the trace ───────────────────────────────────────────────────
    def written(self, n: int, t: int, *bases: str) -> tuple[int, ...]:
        """The steps that write some tensors of a run at a time step."""
        return tuple(i for base in bases for i in self._places(self.name(n, base), t))

    def handed(self, layer: int, t: int) -> tuple[int, ...]:
        """The steps that hand a layer's states on, to the layer above or as the output."""
        return self._places(output_name(self.config, layer), t) if layer >= 0 else ()

    def answered(self, t: int) -> tuple[int, ...]:
        """The steps of the output layer."""
        return tuple(i for name in ("logits_products", "logits", "probabilities") for i in self._places(name, t))

    def _places(self, writes: str, t: int) -> tuple[int, ...]:
        return places(self._parts, writes, self.b, t)

    def steps_of(self, units: range) -> tuple[int, ...]:
        """All steps of some units, and how what they read came up to their layer."""
        first, last = self.unit(units[0]), self.unit(units[-1])
        (start,), (end,) = self.written(first.n, first.t, "previous_hidden"), self.written(last.n, last.t, "hidden")
        each = (self.unit(u) for u in units)
        below = (i for unit in each for i in self.handed(self.runs[unit.n].layer - 1, unit.t))
        return *below, *range(start, end + 1)

    # ── numbers ──────────────────────────────────────────────────────────────
    def values(self, n: int, base: str, t: int | None) -> Array:
        """A vector of a run at a time step; ``t`` is ``None`` for weights and biases."""
        return self.at(self.name(n, base), *(() if t is None else (self.b, t)))

    def at(self, name: str, *index: int) -> Array:
        """A tensor where its first axes have these indices."""
        return np.asarray(self.trace.read(Region(name, tuple(zip(self.trace.axes(name), index, strict=False)))))

    def value(self, n: int, base: str, t: int, i: int = 0) -> float:
        return float(self.values(n, base, t)[i])

    def text(self, n: int, base: str, t: int | None, i: int = 0) -> str:
        """One number of a vector as it is displayed everywhere."""
        return numbers.text(self.values(n, base, t)[i], self.style(n, base))

    def source(self, n: int, base: str, t: int | None, *i: int) -> Address:
        name = self.runs[n].source if base == "input" else self.name(n, base)
        return Address(name, i if t is None else (self.b, t, *i))

    def style(self, n: int, base: str) -> Style:
        """How a tensor's numbers are written; the states share one style, so do a run's weights, and its sums."""
        group = self.group(n, base)
        key = f"{'' if group in ('state', 'gate', 'input') else n}{group}"
        if key not in self._styles:
            kind: Any = "gate" if group == "gate" else "value"
            style = numbers.style(self._sample(n, group), kind=kind, precision=self.telling.film.precision)
            narrow = group == "sum" or style.scientific
            self._styles[key] = self._narrowed(style, self._sample(n, group)) if narrow else style
        return self._styles[key]

    def _narrowed(self, style: Style, sample: Array) -> Style:
        """Sums beyond ±100, and mantissas, are written without decimals where with one they would not fit their
        cells."""
        if self.telling.film.precision is not None or style.decimals != 1:
            return style
        wide = layout.widest(numbers.texts(self._ends(sample, style), style).ravel().tolist())
        return style if layout.numeral_size(NARROWEST, wide) else replace(style, decimals=0)

    def group(self, n: int, base: str) -> str:
        if base in GATES or base in SQUASHED or base in ("update_complement", "probabilities"):
            return "gate"
        if base == "input":
            return "input" if self.runs[n].layer == 0 else "state"
        if base in ("hidden", "cell", "previous_hidden", "previous_cell", "reset_hidden", "unprojected"):
            return "state"
        return "weight" if base.startswith(("weight", "bias")) else "sum"

    def _sample(self, n: int, group: str) -> Array:
        """The values that decide how a group of tensors is written."""
        p = self.runs[n].prefix
        if group == "input":
            return self.at("input", self.b)
        if group == "weight":
            names = [p + "weight_input", p + "weight_hidden", p + "bias_input", p + "bias_hidden"]
            return self._joined([self.trace[name] for name in names if name in self.trace.tensors])
        if group == "state":
            each = [(i, s) for i in range(len(self.runs)) for s in self.states]
            both = [self.trace[self.name(i, pre + s)][self.b] for i, s in each for pre in ("", "previous_")]
            return self._joined(both)
        if group == "sum":
            return self._joined([self._sums(n), self._products(n)])
        return self.at(p + "hidden", self.b)

    def _sums(self, n: int) -> Array:
        acts = [act for act in self.runs[n].acts if act.verb in ("affine", "add") and act.writes in self.trace.tensors]
        return self._joined([self.trace[act.writes][self.b] for act in acts])

    def _products(self, n: int) -> Array:
        """The products of a few steps: enough for a style and a colour range."""
        names = [act.products for act in self.runs[n].acts if act.products]
        times = sorted({0, 1, self.steps - 1} & set(range(self.steps)))
        return self._joined([self.at(m, self.b, t, 0) for m in names for t in times])

    @staticmethod
    def _joined(parts: Sequence[Array]) -> Array:
        return np.concatenate([np.ravel(part) for part in parts]) if parts else np.zeros(1)

    # ── colours ──────────────────────────────────────────────────────────────
    def range_of(self, n: int, base: str) -> float:
        """One colour range for what comes in and the states, one for a run's weights, one for its sums."""
        group = self.group(n, base)
        if group == "gate":
            return 1.0
        if group in ("input", "state"):
            return self._signal_range
        return self._range(n, group)

    @cached_property
    def _signal_range(self) -> float:
        return numbers.value_range(self._sample(0, "input"), self._sample(0, "state"))

    def _range(self, n: int, group: str) -> float:
        return numbers.value_range(self._sample(n, group))

    # ── cells ────────────────────────────────────────────────────────────────
    def column(self, n: int, base: str, t: int | None, rows: range, written: bool = True) -> Cells:
        """Some of a vector's values as a column of cells; not ``written``: in colour alone."""
        values = self.values(n, base, t)[rows.start : rows.stop].reshape(-1, 1)
        texts = numbers.texts(values, self.style(n, base)) if written else None
        levels = numbers.levels(values, self.range_of(n, base))
        return Cells(levels, texts, self.ghosts(base, t, values), None, "value",
                     lambda r, c: self.source(n, base, t, rows.start + r))  # fmt: skip

    def ghosts(self, base: str, t: int | None, values: Array) -> Any:
        """Zeros that are no data: what a one-to-many layer reads after its first step."""
        if self.config.mode == "one-to-many" and base == "input" and t:
            return np.ones(values.shape, bool)
        return None

    def row(self, n: int, base: str, unit: int, cols: range, written: bool = True) -> Cells:
        """A row of a weight matrix, part of it, as a column."""
        return self._part(n, base, (unit,), cols, written)

    def products(self, n: int, base: str, t: int, unit: int, cols: range, written: bool = True) -> Cells:
        """The products of one unit's weights, part of them, as a column."""
        return self._part(n, base, (self.b, t, unit), cols, written)

    def _part(self, n: int, base: str, at: tuple[int, ...], cols: range, written: bool) -> Cells:
        name = self.name(n, base)
        values = self.at(name, *at)[cols.start : cols.stop].reshape(-1, 1)
        texts = numbers.texts(values, self.style(n, base)) if written else None
        return Cells(numbers.levels(values, self.range_of(n, base)), texts,
                     sources=lambda r, c: Address(name, (*at, cols.start + r)))  # fmt: skip

    def wide(self, n: int, base: str) -> float:
        """Width at size 1 of the widest text of a group of tensors."""
        group = self.group(n, base)
        sample = np.array([0.0, 1.0, -1.0]) if group == "gate" else self._sample(n, group)
        style = self.style(n, base)
        return layout.widest(numbers.texts(self._ends(sample, style), style).ravel().tolist())

    @staticmethod
    def _ends(sample: Array, style: Style) -> Array:
        """The values among which the widest text is; with exponents any number may be it, so one like the longest."""
        every = np.unique(sample)
        finite = every[np.isfinite(every)]
        far = np.abs(np.log10(np.abs(finite[finite != 0]))).max(initial=0)
        longest = [-8.8e-8 if far < 9 else -8.8e-88] if style.scientific else []
        return np.concatenate([finite[:4], finite[-4:], every[~np.isfinite(every)][:3], longest])
