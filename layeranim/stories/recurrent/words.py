"""The arithmetic of a recurrent cell in words: gates, memory and state of one unit, with the numbers' addresses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from layeranim import numbers
from layeranim.engine.activations import ACTIVATIONS
from layeranim.engine.recurrent.config import GruConfig
from layeranim.engine.trace import Array
from layeranim.stories import phrases
from layeranim.stories.phrases import Addend, NumberRow, Terms
from layeranim.stories.recurrent.bench import BenchPart, Weighing, weighings
from layeranim.stories.recurrent.stage import HUES, LETTERS
from layeranim.stories.recurrent.view import RecurrentView
from layeranim.stories.storyboard import Fact, Line, Run

NAMES = {"sigmoid": "σ", "tanh": "tanh", "relu": "ReLU"}
DOT = Run(numbers.DOT)


class CellWords:
    """Captions of one run's cell."""

    def __init__(self, view: RecurrentView, n: int) -> None:
        self.view, self.n = view, n
        self.weighings = weighings(view, n)

    # ── sums ─────────────────────────────────────────────────────────────────
    def terms(self, w: Weighing, t: int, unit: int) -> list[Terms]:
        """The products of one unit as they are displayed, and what a gate sees of the memory: ``c · p``."""
        view, n = self.view, self.n
        made = view.at(view.name(n, w.products), view.b, t, unit) == 0
        return [
            *(self._weighed(p, t, unit, made[p.cols.start : p.cols.stop]) for p in w.parts),
            *(self._peephole(base, t, unit) for base in w.plus if base.endswith("_peephole")),
        ]

    def _weighed(self, p: BenchPart, t: int, unit: int, zero: Array) -> Terms:
        view, n, many = self.view, self.n, len(p.cols)
        vector, weights = view.values(n, p.vector, t)[:many], view.at(view.name(n, p.weight), unit)[:many]
        rows = (
            NumberRow(vector, view.style(n, p.vector), lambda i: view.source(n, p.vector, t, i)),
            NumberRow(weights, view.style(n, p.weight), lambda i: view.source(n, p.weight, None, unit, i), "weights"),
        )
        return Terms(rows, zero)

    def _peephole(self, base: str, t: int, unit: int) -> Terms:
        view, n = self.view, self.n
        weight = f"weight_peephole_{base.removesuffix('_peephole')}"
        cell = "cell" if base.startswith("output") else "previous_cell"
        one = slice(unit, unit + 1)
        rows = (
            NumberRow(view.values(n, cell, t)[one], view.style(n, cell), lambda i: view.source(n, cell, t, unit)),
            NumberRow(view.values(n, weight, None)[one], view.style(n, weight),
                lambda i: view.source(n, weight, None, unit), "weights"),
        )  # fmt: skip
        return Terms(rows, np.asarray(view.values(n, base, t)[one] == 0))

    def addends(self, w: Weighing, t: int, unit: int) -> list[Addend]:
        """The biases."""
        view, n = self.view, self.n
        out = []
        for base in w.plus:
            if base.startswith("bias"):
                out.append(Addend(view.text(n, base, None, unit), "weights", view.source(n, base, None, unit)))
        return out

    def total(self, w: Weighing, t: int, unit: int, tail: Line = ()) -> Line:
        """``4 · 1.00 + … + 4 = 8.00`` and what follows it."""
        view, n = self.view, self.n
        text = view.text(n, w.pre, t, unit)
        role = "ink" if tail else "result"
        return phrases.sum_of(self.terms(w, t, unit), self.addends(w, t, unit), text, view.source(n, w.pre, t, unit),
                              tail, role)  # fmt: skip

    def weighed(self, base: str, t: int, unit: int) -> Line:
        """A whole sum, and what its activation makes of it."""
        w = self.weighings[base]
        return self.total(w, t, unit, self.squashed(w, t, unit) if w.gate else ())

    def squashed(self, w: Weighing, t: int, unit: int) -> Line:
        """``,  σ(−4.00) = 0.02``."""
        view, n = self.view, self.n
        pre, out = view.text(n, w.pre, t, unit), view.text(n, w.gate, t, unit)
        return (
            Run(f",  {NAMES[w.activation]}(", late=True),
            Run(pre, "ink", source=view.source(n, w.pre, t, unit), late=True),
            Run(")", late=True),
            phrases.relation_run(_reaches(w.activation, pre, out)),
            phrases.result(out, view.source(n, w.gate, t, unit), HUES.get(w.gate, "result")),
        )

    # ── gates and states ─────────────────────────────────────────────────────
    def number(
        self, base: str, t: int, unit: int = 0, role: str = "ink", late: bool = False, left: bool = False
    ) -> Run:
        """One number of a vector, as a factor: in parentheses if negative and not the first."""
        text, source = self.view.text(self.n, base, t, unit), self.view.source(self.n, base, t, unit)
        return Run(text if left else numbers.factor(text), HUES.get(base, role), source=source, late=late)

    def result(self, base: str, t: int, role: str = "result") -> Run:
        return phrases.result(self.view.text(self.n, base, t), self.view.source(self.n, base, t, 0), role)

    def _relation(self, pairs: Sequence[tuple[str, ...]], base: str, t: int) -> Run:
        texts = [tuple(self.view.text(self.n, name, t) for name in pair) for pair in pairs]
        return phrases.relation_run(numbers.relation(texts, self.view.text(self.n, base, t)))

    def mixed(self, symbol: str, first: tuple[str, str], second: tuple[str, str], base: str, t: int) -> Line:
        """``c_t = 0.03 · (−1.09) + 0.41 · 0.40 = 0.13``: two products of a gate and what it lets through."""
        (a, b), (c, d) = first, second
        return (
            Run(symbol, "result", "semibold", Fact("name"), markup=True),
            Run(" = "),
            *(self.number(a, t, left=True), DOT, self.number(b, t)),
            Run("  +  "),
            *(self.number(c, t), DOT, self.number(d, t)),
            self._relation([first, second], base, t),
            self.result(base, t),
        )

    def memory(self, t: int) -> Line:
        """The LSTM's new memory (Hochreiter and Schmidhuber 1997; Gers et al. 2000)."""
        return self.mixed("c_{t}", ("forget_gate", "previous_cell"), ("input_gate", "candidate"), "cell", t)

    def state(self, t: int, unit: int = 0) -> Line:
        """The new state of any of the cells."""
        if self.view.kind == "gru":
            return self.interpolated(t)
        if self.view.kind == "rnn":
            line = self.weighed("hidden", t, unit)
            named = (*_symbol("h_{t}"), *line)
            return named if phrases.fits(named) else line
        if "hidden" in self.weighings:
            line = self.total(self.weighings["hidden"], t, 0)
            named = (*_symbol("h_{t}"), *line)
            return named if phrases.fits(named) else line
        return (*_symbol("h_{t}"), *self.shown(t, "hidden"))

    def seen(self, t: int) -> Line:
        """``u = 0.52 · tanh(0.13) = …``: what a projection reads."""
        return Run("u", "result", "semibold"), Run(" = "), *self.shown(t, "unprojected")

    def interpolated(self, t: int) -> Line:
        """``h_t = 0.02 · (−0.50) + (1 − 0.02) · 0.47 = 0.45``: the GRU's new state."""
        z, h, n = (self.view.text(self.n, base, t) for base in ("update_gate", "previous_hidden", "candidate"))
        z_, h_, n_ = (numbers.exact(text) for text in (z, h, n))
        new = self.view.text(self.n, "hidden", t)
        return (
            *_symbol("h_{t}"),
            *(self.number("update_gate", t, left=True), DOT, self.number("previous_hidden", t)),
            *(Run("  +  ("), Run("1", source=Fact("one")), Run(" − ")),
            *(self.number("update_gate", t, left=True), Run(")"), DOT, self.number("candidate", t)),
            phrases.relation_run(numbers.agrees(z_ * h_ + (1 - z_) * n_, new, z, h, n)),
            self.result("hidden", t),
        )

    def shown(self, t: int, base: str) -> Line:
        """``0.52 · tanh(0.13) = 0.52 · 0.13 = 0.07``: what the output gate lets out."""
        cell, squashed = self.view.text(self.n, "cell", t), self.view.text(self.n, "cell_tanh", t)
        return (
            *(self.number("output_gate", t, left=True), DOT, Run("tanh("), self.number("cell", t, left=True), Run(")")),
            phrases.relation_run(_reaches("tanh", cell, squashed)),
            *(self.number("output_gate", t, left=True, late=True), Run(numbers.DOT, late=True)),
            self.number("cell_tanh", t, late=True),
            self._relation([("output_gate", "cell_tanh")], base, t),
            self.result(base, t),
        )

    def both(self, t: int) -> Line:
        """The LSTM's new memory and what is shown of it, in one line where it fits."""
        if "hidden" in self.weighings:
            return self.memory(t)
        shown: Line = (
            Run(",   ", late=True),
            *(replace(run, late=True) for run in _symbol("h_{t}")),
            *(self.number("output_gate", t, left=True, late=True), Run(numbers.DOT, late=True)),
            self.number("cell_tanh", t, late=True),
            self._relation([("output_gate", "cell_tanh")], "hidden", t),
            self.result("hidden", t),
        )
        line = (*self.memory(t), *shown)
        return line if phrases.fits(line) else self.memory(t)

    def candidate(self, t: int) -> Line:
        """The GRU's candidate, by its variant."""
        config: Any = self.view.config
        variant = config.variant if isinstance(config, GruConfig) else ""
        if variant == "glossary":
            inside: Line = (self.number("reset_gate", t, left=True), DOT, self.number("previous_hidden", t))
            pairs: Sequence[tuple[str, ...]] = [("reset_gate", "previous_hidden")]
        elif variant == "reset-after":
            inside = (self.number("candidate_input", t, left=True), Run(" + "), self.number("reset_gate", t), DOT,
                      self.number("candidate_hidden", t))  # fmt: skip
            pairs = [("candidate_input",), ("reset_gate", "candidate_hidden")]
        else:
            inside = (self.number("candidate_input", t, left=True), Run(" + "), self.number("candidate_hidden", t))
            pairs = [("candidate_input",), ("candidate_hidden",)]
        pre, out = self.view.text(self.n, "candidate_pre", t), self.view.text(self.n, "candidate", t)
        return (
            *(Run("n", "g", "semibold"), Run(" = tanh("), *inside, Run(")")),
            self._relation(pairs, "candidate_pre", t),
            Run("tanh(", late=True),
            self.number("candidate_pre", t, left=True, late=True),
            Run(")", late=True),
            phrases.relation_run(_reaches("tanh", pre, out)),
            self.result("candidate", t, "g"),
        )

    def reset(self, t: int) -> Line:
        """``r ⊙ h = 0.98 · 0.40 = 0.39``."""
        return (
            *(Run("r ⊙ h", "ink", "semibold"), Run(" = "), self.number("reset_gate", t, left=True), DOT),
            self.number("previous_hidden", t),
            self._relation([("reset_gate", "previous_hidden")], "reset_hidden", t),
            self.result("reset_hidden", t),
        )

    # ── results alone ────────────────────────────────────────────────────────
    def brief(self, t: int, memory: bool = False) -> Line:
        """The new state alone, and the memory before it."""
        kept: Line = (*self.made("c_{t}", "cell", t), Run(",   ", late=True)) if memory else ()
        return (*kept, *self.made("h_{t}", "hidden", t))

    def reached(self, base: str, t: int, unit: int) -> Line:
        """``f = σ(−3.5) = 0.03``: a sum's activation; the sum itself where there is none."""
        view, w = self.view, self.weighings[base]
        letter = LETTERS[view.kind].get(base, "")
        named = (Run(letter, HUES[base], "semibold"), Run(" = ")) if letter else _symbol("h_{t}") if w.gate else ()
        pre = view.text(self.n, w.pre, t, unit)
        given = view.source(self.n, w.pre, t, unit)
        if not w.gate:
            return (Run("sum"), phrases.equals(pre), phrases.result(pre, given))
        out = view.text(self.n, w.gate, t, unit)
        return (
            *named,
            Run(f"{NAMES[w.activation]}("),
            Run(pre, "ink", source=given),
            Run(")"),
            phrases.relation_run(_reaches(w.activation, pre, out)),
            phrases.result(out, view.source(self.n, w.gate, t, unit), HUES.get(w.gate, "result")),
        )

    def made(self, symbol: str, base: str, t: int, role: str = "result") -> Line:
        """``c_t = 0.93``: one number of a vector by its name."""
        result = self.result(base, t, role)
        return Run(symbol, role, "semibold", Fact("name"), markup=True), phrases.equals(result.text), result


def _symbol(text: str, *result: str) -> Line:
    return Run(text, "result", "semibold", Fact("name"), markup=True), phrases.equals(*result)


def _reaches(activation: str, given: str, result: str) -> numbers.Relation:
    """Whether the activation of the displayed number is the displayed result."""
    with np.errstate(all="ignore"):
        return numbers.agrees(float(ACTIVATIONS[activation](np.float64(numbers.double(given)))), result, given)
