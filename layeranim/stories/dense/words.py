"""What a dense layer's film says: each unit's arithmetic, notes, the winning class, parameters, closing, alt text."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from layeranim import numbers
from layeranim.stories import phrases
from layeranim.stories.activations import activation_word
from layeranim.stories.dense.bench import Bench
from layeranim.stories.dense.view import DenseView
from layeranim.stories.header import header
from layeranim.stories.phrases import Addend, NumberRow, Terms
from layeranim.stories.storyboard import Address, Beat, Fact, Line, Run, plain

DENSE_GOOD = "every output weighs every input; as the last layer, it casts the vote"


class DenseWords:
    """Captions and notes of one film."""

    def __init__(self, view: DenseView, bench: Bench, good_for: str) -> None:
        self.view, self.bench, self.good_for = view, bench, good_for
        self.lone = bench.kind == "neuron" or view.units == 1
        self.sized = bench.kind in ("heat", "picture")

    # ── steps ────────────────────────────────────────────────────────────────
    def caption(self, u: int) -> Line:
        """Input times weight, term by term, plus bias, = z, then the activation."""
        view, (b, o) = self.view, self.view.at(u)
        few = view.inputs <= phrases.MOST_TERMS  # all are written out, products of 0 too
        rows = (
            NumberRow(view.trace["input"][b], view.style("input"), lambda i: Address("input", (b, i))),
            NumberRow(view.trace["weight"][o], view.style("weight"), lambda i: Address("weight", (o, i)), "weights"),
        )
        zero = None if few else view.products_of(u) == 0
        terms = Terms(rows, zero, (lambda most: view.largest(u, most)) if self.sized else None)
        bias = [Addend(view.text("bias", o), "weights", Address("bias", (o,)))] if view.biased else []
        last = not view.activated or view.row_wise
        tail = () if last else self._activated(b, o)
        source = Address("pre_activation", (b, o))
        most = phrases.MOST_TERMS if self.bench.kind != "picture" else 3
        total, role = view.text("pre_activation", b, o), "result" if last else "ink"
        return phrases.sum_of([terms], bias, total, source, tail, role, most)

    def _activated(self, b: int, o: int) -> Line:
        view = self.view
        return (
            Run(f"  {view.chip} → ", source=Fact("activation"), late=True),
            phrases.result(view.text("output", b, o), Address("output", (b, o))),
        )

    def passing(self) -> Line:
        """What units, or samples, share that pass too fast for numbers."""
        if self.lone:
            return Run("sample after sample:  "), Run("the same weights", "weights", "semibold")
        return Run("unit after unit:  "), Run("each with its own weights", "weights", "semibold")

    def result(self, u: int) -> Line:
        """The result of a unit alone."""
        view, (b, o) = self.view, self.view.at(u)
        name = "pre_activation" if view.row_wise else "output"
        what = f"sample {b + 1}" if self.lone else f"class {o}" if self.bench.kind == "picture" else f"unit {o + 1}"
        text = view.text(name, b, o)
        return (
            Run(f"{what}:  ", source=Fact("place")),
            Run("y" if name == "output" else "z", "ink", "semibold"),
            phrases.equals(text, late=True),
            phrases.result(text, Address(name, (b, o))),
        )

    def place(self, u: int) -> Line:
        view, (b, o) = self.view, self.view.at(u)
        parts = [f"sample {b + 1}"] if view.batch > 1 else []
        if not self.lone:
            parts.append(f"class {o}" if self.bench.kind == "picture" else f"unit {o + 1}")
        return (Run(", ".join(parts), weight="regular", source=Fact("place")),) if parts else ()

    def finish(self, u: int) -> tuple[Line, Line]:
        """The activation of a whole row: what the largest result is of all."""
        view, b = self.view, self.view.at(u)[0]
        best = view.winner(b)
        z, y = view.text("pre_activation", b, best), view.text("output", b, best)
        if z == numbers.NAN:
            return (Run("a sum is NaN, which is no number: nothing wins"),), ()
        line = (
            Run(f"{self._winning(b)}:  ", source=Fact("place")),
            Run("z"),
            phrases.equals(z),
            Run(z, "ink", "semibold", source=Address("pre_activation", (b, best))),
            *self._second_best(b),
            Run(f"   {view.chip} → ", source=Fact("activation")),
            Run(y, "result", "semibold", Address("output", (b, best))),
        )
        shares = (
            "softmax turns sums into shares that add up to 1" if view.units > 1 else "alone, it has the whole share"
        )
        note = shares if view.activation == "softmax" else ""
        if self.bench.kind == "picture" and view.loudest(u - u % view.units + best, 1):
            note = f"framed pixels speak loudest for {best}" + (f"; {note}" if note else "")
        return line, _note(note) if note else ()

    def _winning(self, b: int) -> str:
        """Which unit has the largest sum of a sample, or which share it."""
        view, digits = self.view, self.bench.kind == "picture"
        won = view.winners(b)
        name, names = ("class", "classes") if digits else ("unit", "units")
        numbered = [str(o if digits else o + 1) for o in won]
        if view.units == 1:
            return "one unit"
        if len(won) == view.units:
            return f"all {view.units} {names} are equal"
        if len(won) == 1:
            return f"{name} {numbered[0]} wins"
        listed = f"{', '.join(numbered[:-1])} and {numbered[-1]}" if len(won) < 5 else f"{len(won)} of {view.units}"
        return f"{names} {listed} are equal" if len(won) < 5 else f"{listed} {names} are equal"

    def _second_best(self, b: int) -> Line:
        """The class that comes next, with its sum."""
        view = self.view
        if self.bench.kind != "picture" or view.units < 2 or len(view.winners(b)) > 1:
            return ()
        second = view.ranking(b)[1]
        z = view.text("pre_activation", b, second)
        return (
            Run(f",  next class {second} with ", source=Fact("place")),
            Run(z, "ink", source=Address("pre_activation", (b, second))),
        )

    # ── words ────────────────────────────────────────────────────────────────
    def parameters(self) -> Line:
        view, telling = self.view, self.view.telling
        parts = [_count(view.inputs, "input"), *([] if self.lone else [_count(view.units, "unit")])]
        parts += [activation_word(view.activation)] if view.activated else []
        parts += ["no bias"] if not view.biased else []
        told = _count(view.batch, "sample")
        if view.told < view.batch:
            told = f"sample {telling.film.place_in(view.batch) + 1} of {view.batch}"
        seeded = telling.seeded
        what = "values" if len(seeded) > 1 and "input" in seeded else seeded[0] if seeded else ""
        what = "weights" if what in ("weight", "bias") else what
        return header(parts, [told] if view.batch > 1 else [], f"random {what}, seed {telling.seed}" if seeded else "")

    def opening(self) -> Line:
        if self.bench.kind == "picture":
            return (Run("each class has a "), Run("weight", "weights", "semibold"), Run(" for every "),
                    Run("pixel", "ink", "semibold"), Run(": multiply, add up"))  # fmt: skip
        return (
            Run("multiply every "),
            Run("input", "ink", "semibold"),
            Run(" by its "),
            Run("weight", "weights", "semibold"),
            Run(", add up" + (", add the bias" if self.view.biased else "")),
        )

    def counted(self) -> Line:
        """How many weights are learned."""
        facts = self.view.trace.facts
        formula = str(facts["parameters_formula"]).replace("·", numbers.DOT)
        return _note(f"{_count(int(facts['parameters']), 'parameter')}:  {formula}", "parameters")

    def notes(self) -> Iterator[Line]:
        """Things worth saying once."""
        view = self.view
        if self.bench.kind == "picture":
            yield _note("blue speaks for the class, orange against it")
            if view.products_of(view.first).any():
                yield _note("the framed pixel has the largest product")
            return
        if self.bench.network:
            yield from self._edges()
        elif self.bench.kind == "heat" and view.inputs > 5:
            yield _note("in numbers are the largest products; the sum counts all of them")
        else:
            yield _note("one product for each input, then their sum" if view.inputs > 1 else "one input, one product")
        if view.activation == "step":
            yield _note("step: 1 from 0 upwards, else 0")
        elif view.activation == "relu":
            yield _note("ReLU keeps what is positive, the rest becomes 0")
        if view.units > 1:
            yield _note("every unit reads the same inputs with weights of its own")
        elif view.batch > 1:
            yield _note("every sample meets the same weights" + (" and bias" if view.biased else ""))

    def _edges(self) -> Iterator[Line]:
        """What the edges say, as far as these weights have it to say."""
        weights = self.view.trace["weight"]
        sizes = len(np.unique(np.abs(weights))) > 1
        if (weights > 0).any() and (weights < 0).any():
            yield _note("blue edge: positive weight, orange: negative" + ("; thick: large" if sizes else ""))
        elif sizes:
            yield _note("thick edge: large weight")

    def closing(self, last: int) -> Line:
        view = self.view
        if self.bench.kind == "picture" and view.row_wise and (last + 1) % view.units == 0:
            best = view.winner(view.at(last)[0])
            return (Run(f"{view.inputs} pixels, "  , source=Fact("inputs")),
                    Run(f"{view.units} units of {view.inputs} weights", "weights", "semibold", Fact("units")),
                    Run(" → "), Run(f"read as a {best}", "result", "semibold", Fact("class")))  # fmt: skip
        inputs, told = _count(view.inputs, "input"), len({view.at(u)[0] for u in view.shown})
        here = f", here sample {view.at(last)[0] + 1}" if told > 1 and self.bench.kind != "neuron" else ""
        if self.lone:
            body = Run(f"{_count(view.inputs, 'weight')}" + (", 1 bias" if view.biased else ""), "weights", "semibold",
                       Fact("weights"))  # fmt: skip
            end = "one number" if told == 1 else f"{told} decisions" if view.activation == "step" else f"{told} results"
            return (Run(f"{inputs}, ", source=Fact("inputs")), body, Run(" → "),
                    Run(end, "result", "semibold", Fact("samples")), *self._here(here))  # fmt: skip
        count = int(view.trace.facts["parameters"])
        samples = f"{_count(told, 'sample')} of " if told > 1 else ""
        return (
            Run(f"{samples}{inputs}, ", source=Fact("inputs")),
            Run(_count(count, "parameter"), "weights", "semibold", Fact("parameters")),
            Run(" → "),
            Run(_count(view.units, "output") + (" each" if samples else ""), "result", "semibold", Fact("units")),
            *self._here(here),
        )

    def _here(self, text: str) -> Line:
        """Whose results stand at the end, where the others' had to leave."""
        return (Run(text, source=Fact("place")),) if text else ()

    def takeaway(self) -> Line:
        return _note(self.view.telling.takeaway or self.good_for)

    def counter(self, done: int) -> Line:
        return Run(str(done), "ink", "semibold", Fact("done")), Run(f" / {self.view.total}", source=Fact("units"))

    def alt(self, title: str, beat: Beat) -> str:
        where = plain(beat.place)
        step = f"Step {beat.units[0] + 1} of {self.view.total}{', ' + where if where else ''}"
        lead = title if title.endswith("?") else f"{title}:"
        return f"{lead} {plain(self.parameters())}. {step}: {plain(beat.caption)}."


def _note(text: str, fact: str = "note") -> Line:
    return (Run(text, weight="regular", source=Fact(fact)),)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"
