"""Several activations side by side: one number slides over all of their curves at once."""

from __future__ import annotations

import numpy as np

from layeranim import numbers
from layeranim.engine.trace import Array, Region
from layeranim.stories import phrases
from layeranim.stories.activations import activation_word
from layeranim.stories.phrases import sentence
from layeranim.stories.stage import Curve, Each, Grid, Note, Play, Repeat, Row, Tries, Units
from layeranim.stories.stage.arrangements import drawn
from layeranim.stories.stage.parts.curve import LABELS, LEAST
from layeranim.stories.stage.solver import Node
from layeranim.stories.storyboard import Address, FilmView, Line, Run, Telling

GOOD_FOR = "the bend decides what a layer lets through, and how much of an error it sends back"
MOST, ACROSS = 6, 3
"""Panels that have room, and so many of them in a row."""
APART = 28.0
"""Between neighbours."""
PANEL = LEAST + LABELS
SAID = 3
"""Of more functions only the lowest and the highest answer are said."""


def side_by_side(telling: Telling) -> Play:
    """The film of functions that take the same numbers."""
    view = SideBySide(telling)
    shown = view.shown
    return Play(
        title="Activations side by side",
        units=Units(("features",), ("number", "numbers")),
        stage=Tries(
            *(Row(Grid("input", "x"), Repeat(panel, len(view.names), MOST, across, APART))
              for panel, across in ((view.panel, ACROSS), (view.curve, ACROSS), (view.curve, view.across))),
        ),
        acts=(Each(sentence=lambda _, unit, brief: view.told(unit), acts=((
            tuple(f"{name}.output" for name in shown),
            (Note("below 0 they part: some answer 0, others do not", view.parted),
             Note("a flat curve sends almost no error back: its slope is near 0", view.flat)),
        ),)),),
        opening=sentence("the same number on every curve: ", "see what each makes of it"),
        closing=view.closing(),
        good_for=GOOD_FOR,
        options=(view.called,),
        drawn=phrases.not_all(len(shown), len(view.names)),
        alike=(("input", *(f"{name}.output" for name in shown)),),
        evidence=tuple(Region.of(f"{name}.output", features=view.followed, batch=view.sample) for name in shown),
        follow=view.followed,
    )  # fmt: skip


class SideBySide(FilmView):
    """What the functions made of the sample that is told."""

    def __init__(self, telling: Telling) -> None:
        super().__init__(telling)
        self.names: tuple[str, ...] = telling.config.compare
        self.shown = self.names[: drawn(len(self.names), MOST)]
        self.x: Array = self.trace["input"][self.sample]
        self.made: Array = np.stack([self.trace[f"{name}.output"][self.sample] for name in self.shown])
        self.slopes: Array = np.stack([self.trace[f"{name}.derivative"][self.sample] for name in self.shown])
        units, spread = telling.film.selected(len(self.x)), np.ptp(np.nan_to_num(self.made), axis=0)
        wanted, most = telling.wanted(units), max(units, key=lambda k: float(spread[k]))
        self.followed: int = most if wanted is None else wanted
        """If none is wanted, the number on which the functions differ most."""

    def word(self, name: str) -> str:
        """How a function is called; by its full name where another one that is compared is written like it."""
        alike = [other for other in self.names if activation_word(other) == activation_word(name)]
        return name if len(alike) > 1 else activation_word(name)

    @property
    def called(self) -> str:
        """The functions by their names, many by their number."""
        return ", ".join(map(self.word, self.names)) if len(self.names) <= SAID else f"{len(self.names)} functions"

    @property
    def across(self) -> int:
        """How many panels in a row the canvas has room for."""
        canvas = self.telling.film.canvas
        return min(ACROSS, int((canvas.right - canvas.left + APART) // (PANEL + APART)))

    def curve(self, k: int) -> Node:
        name = self.names[k]
        return Curve("input", f"{name}.output", text=phrases.name(self.word(name)), low=len(self.shown) > ACROSS,
                     beside=tuple(f"{name}.output" for name in self.shown))  # fmt: skip

    def panel(self, k: int) -> Node:
        """A curve, and beside it what it made."""
        return Row(self.curve(k), Grid(f"{self.names[k]}.output", "y", sized=False))

    def parted(self, unit: int) -> bool:
        """Whether a number below 0 has answers of either kind, as they read: 0, and not 0."""
        zero = [numbers.double(self.telling.text(self._answer(k, unit))) == 0 for k in range(len(self.shown))]
        return bool(self.x[unit] < 0) and any(zero) and not all(zero)

    def flat(self, unit: int) -> bool:
        return bool((np.abs(self.slopes[:, unit]) < 0.05).any())

    def told(self, unit: int) -> Line:
        """``x = 1.60: sigmoid 0.83, tanh 0.92, ReLU 1.60``, of many the lowest and the highest."""
        place = Address("input", (self.sample, unit))
        x = self.telling.number(place)
        return Run("x"), phrases.equals(x.text, late=True), x, *self._answers(unit)

    def closing(self) -> Line:
        """What became of the number that is followed."""
        x = self.telling.number(Address("input", (self.sample, self.followed)))
        return Run("one number, ", weight="regular"), x, *self._answers(self.followed)

    def _answers(self, unit: int) -> Line:
        made, many = self.made[:, unit], len(self.shown) > SAID
        told = list(range(len(self.shown)))
        if many:
            told = [int(np.argmin(made)), int(np.argmax(made))] if np.isfinite(made).all() and np.ptp(made) else [0]
        runs = [Run(": ", weight="regular")]
        if many and len(told) > 1:
            runs += [Run("from " if len(self.shown) == len(self.names) else "of those drawn from ", weight="regular")]
        for i, k in enumerate(told):
            place = self._answer(k, unit)
            between = " to " if many else ", "
            runs.append(Run(f"{between if i else ''}{self.word(self.shown[k])} ", weight="regular"))
            runs.append(phrases.result(self.telling.text(place), place))
        return tuple(runs)

    def _answer(self, k: int, unit: int) -> Address:
        return Address(f"{self.shown[k]}.output", (self.sample, unit))
