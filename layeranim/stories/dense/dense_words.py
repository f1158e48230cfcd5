"""What a dense layer's film says besides the arithmetic, and the numbers that its words are about."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from math import isqrt

import numpy as np

from layeranim import numbers
from layeranim.engine.trace import Array, Region
from layeranim.stories import phrases
from layeranim.stories.activations import activation_name, activation_word
from layeranim.stories.dense import neuron
from layeranim.stories.phrases import so_many
from layeranim.stories.pictures import side_of
from layeranim.stories.stage import Note
from layeranim.stories.storyboard import Address, Fact, FilmView, Line, Run, Telling

GOOD_FOR = "every output weighs every input; as the last layer, it casts the vote"
ROW_WISE = ("softmax", "log-softmax")
LOUDEST = 4
"""Pixels that are framed to say why a class wins."""


class DenseView(FilmView):
    """The numbers of one layer; a unit of the film is one unit of the layer for one sample."""

    def __init__(self, telling: Telling) -> None:
        super().__init__(telling)
        self.activation: str = self.config.activation
        self.batch, self.inputs = self.trace.tensor("input").shape
        self.units: int = self.trace.tensor("weight").shape[0]
        self.biased, self.activated = "bias" in self.trace, self.activation != "linear"
        self.row_wise, self.shares = self.activation in ROW_WISE, self.activation in ("softmax", "sigmoid")
        self.shown: range = telling.film.selected_of(self.batch, self.units) if self.batch > 1 else (
            telling.film.selected(self.units))  # fmt: skip
        base = telling.base
        self.classes = bool(base and base.planes and self.side and self.units <= 10)
        self.noun, self.chip = "class" if self.classes else "unit", activation_name(self.activation)

    @cached_property
    def side(self) -> int:
        """How many pixels the rows of a picture have that is read; 0 where it is none.

        The planes of one in colour stand under each other, red over green over blue.
        """
        lettered = self.trace.tensor("input").labels is not None
        return 0 if lettered else side_of(self.telling, self.inputs // self.planes)

    @property
    def planes(self) -> int:
        """How many planes such a picture has."""
        coloured = self.telling.kinds.get("input") == "image" and isqrt(self.inputs) ** 2 != self.inputs
        return 3 if coloured and self.inputs % 3 == 0 else 1

    @property
    def sized(self) -> str:
        """How large the picture is."""
        return numbers.shape_text((self.planes, self.side, self.side)[self.planes == 1 :])

    @property
    def title(self) -> str:
        """The preset's where its digits are read, also with a digit of the user's."""
        base = self.telling.base
        return base.title if self.classes and base else "Dense layer"

    @cached_property
    def followed(self) -> int:
        """The unit whose numbers are followed: asked for, the preset's, of a picture the winner, else the first."""
        best = self.shown.start - self.shown.start % self.units + self.winner(self.shown.start // self.units)
        wanted, usual = self.telling.wanted(self.shown), best if self.side and best in self.shown else self.shown.start
        return usual if wanted is None else wanted

    def last(self, unit: int) -> bool:
        """Whether no later sample than that of this unit is shown to its end."""
        return unit + self.units >= self.shown.stop

    def name(self, unit: int) -> str:
        """What a unit of the layer is called: classes of digits by the digit."""
        return str(unit if self.classes else unit + 1)

    def text(self, tensor: str, *index: int) -> str:
        """One number as it is shown everywhere."""
        share = self.shares and tensor == "output"
        return self.telling.text(Address(tensor, index), "probability" if share else "value")

    def ranking(self, b: int) -> list[int]:
        """The units by their results of a sample, the largest first."""
        results = np.nan_to_num(self.trace["output"][b], nan=-np.inf)
        before = np.nan_to_num(self.trace["pre_activation"][b], nan=-np.inf)
        return [int(o) for o in np.lexsort((-before, -results))]

    def winner(self, b: int) -> int:
        return self.ranking(b)[0]

    def winners(self, b: int) -> list[int]:
        """The units that share the largest sum of a sample."""
        sums = numbers.rounded(self.trace["pre_activation"][b])
        return [int(o) for o in np.flatnonzero(sums == sums[self.winner(b)])]

    def loudest(self, b: int, o: int) -> list[int]:
        """The inputs whose products add most to a unit."""
        products: Array = np.nan_to_num(numbers.rounded(self.trace["weight"][o] * self.trace["input"][b]), nan=0.0)
        return [int(k) for k in np.argsort(-products, kind="stable")[:LOUDEST] if products[k] > 0]

    def spot(self, b: int, o: int, k: int) -> Iterator[Region]:
        """One pixel, in all that is made of it."""
        yield Region.of("input", batch=b, in_features=k)
        yield Region.of("weight", out_features=o, in_features=k)
        yield Region.of("products", batch=b, out_features=o, in_features=k)


class DenseWords:
    """The words of one film."""

    def __init__(self, view: DenseView) -> None:
        self.view = view

    def options(self) -> tuple[str, ...]:
        """Sizes, the activation, whether there is a bias."""
        view = self.view
        return (
            so_many("input", "inputs", view.inputs),
            *((so_many("unit", "units", view.units),) if view.units > 1 else ()),
            *((activation_word(view.activation),) if view.activated else ()),
            *(("no bias",) if not view.biased else ()),
            *(("red over green over blue",) if view.side and view.planes > 1 else ()),
            *((f"{view.batch} samples",) if view.batch > 1 and view.telling.film.sample is None else ()),
        )

    def place(self, unit: int) -> str:
        view = self.view
        b, o = divmod(unit, view.units)
        sample = f"sample {b + 1}, " if view.batch > 1 else ""
        return f"{sample}{view.noun} {view.name(o)}"

    def opening(self) -> Line:
        if self.view.side:
            return (Run(f"each {self.view.noun} has a "), Run("weight", "weights", "semibold"),
                    Run(" for every "), Run("pixel", "ink", "semibold"), Run(": multiply, add up"))  # fmt: skip
        return neuron.opening(self.view.biased)

    def counted(self) -> str:
        """How many numbers are learned."""
        facts = self.view.trace.facts
        formula = str(facts["parameters_formula"]).replace("·", numbers.DOT)
        return f"{so_many('parameter', 'parameters', int(facts['parameters']))}:  {formula}"

    def notes(self) -> tuple[tuple[Note, ...], tuple[Note, ...]]:
        """Things worth saying once: while a unit adds up, and while its activation is applied."""
        view = self.view
        cut = bool((view.trace["pre_activation"].reshape(-1)[view.shown.start : view.shown.stop] < 0).any())
        other = Note("every unit reads the same inputs with weights of its own", view.units > 1 and not view.side)
        one = Note("one product for each input, then their sum", view.inputs > 1)
        first = (Note("blue speaks for it, orange against it"),) if view.side else (one,)
        return (*first, other), (neuron.bend(view.activation, cut), other)

    # ── the activation of a whole row ────────────────────────────────────────
    def finish(self, unit: int) -> tuple[Line, str]:
        """What the largest result is of all."""
        view, b = self.view, unit // self.view.units
        best = view.winner(b)
        z, y = view.text("pre_activation", b, best), view.text("output", b, best)
        if view.trace.tensor("output").labels is not None:
            return (Run(f"{view.chip}: of all sums of a sample together", source=Fact("activation")),), ""
        if z == numbers.NAN:
            return (Run("a sum is NaN, which is no number: nothing wins"),), ""
        line = (
            Run(f"{self._winning(b)}:  ", source=Fact("place")),
            Run("z"),
            phrases.equals(z),
            Run(z, "ink", "semibold", source=Address("pre_activation", (b, best))),
            *self._second_best(b),
            Run(f"   {view.chip} → ", source=Fact("activation")),
            Run(y, "result", "semibold", Address("output", (b, best))),
        )
        shares = "shares that add up to 1" if view.units > 1 else "alone, it has the whole share"
        note = shares if view.activation == "softmax" else ""
        if view.side and view.loudest(b, best):
            note = f"framed pixels speak loudest for {view.name(best)}"
        return line, note if view.last(unit) else ""

    def _winning(self, b: int) -> str:
        """Which unit has the largest sum of a sample, or which share it."""
        view, won = self.view, self.view.winners(b)
        name, names = view.noun, f"{view.noun}{'es' if view.classes else 's'}"
        numbered = [view.name(o) for o in won]
        if view.units == 1:
            return "one unit"
        if len(won) == view.units:
            return f"all {view.units} {names} are equal"
        if len(won) == 1:
            return f"{name} {numbered[0]} wins"
        if len(won) < 5:
            return f"{names} {', '.join(numbered[:-1])} and {numbered[-1]} are equal"
        return f"{len(won)} of {view.units} {names} are equal"

    def _second_best(self, b: int) -> Line:
        """The class that comes next, with its sum."""
        view = self.view
        if not view.side or view.units < 2 or len(view.winners(b)) > 1:
            return ()
        second = view.ranking(b)[1]
        z = view.text("pre_activation", b, second)
        return (
            Run(f",  next {view.noun} {view.name(second)} with ", source=Fact("place")),
            Run(z, "ink", source=Address("pre_activation", (b, second))),
        )

    def closing(self) -> Line:
        view = self.view
        sample = view.followed // view.units
        whole = view.shown.stop >= (sample + 1) * view.units
        if view.classes and view.row_wise and whole:
            units, read = f"{view.units} units of {view.inputs} weights", f"read as a {view.winner(sample)}"
            return phrases.reckoned(f"{view.inputs} pixels, ", units, read, "inputs", "units", "class")
        told = len({unit // view.units for unit in view.shown})
        samples = f"{told} samples of " if told > 1 else ""
        inputs, outputs = so_many("input", "inputs", view.inputs), so_many("output", "outputs", view.units)
        learned = so_many("parameter", "parameters", int(view.trace.facts["parameters"]))
        said = phrases.reckoned(
            f"{samples}{inputs}, ", learned, outputs + " each" * bool(samples), "inputs", "parameters", "units"
        )
        return (*said, Run(f", here sample {sample + 1}", source=Fact("place"))) if samples else said
