"""A maxout unit: several weighted sums of one sample, of which the largest passes; of one number they are lines."""

from __future__ import annotations

import numpy as np

from layeranim.engine.trace import Region
from layeranim.stories import phrases
from layeranim.stories.phrases import sentence
from layeranim.stories.stage import Each, Grid, Hull, Note, Play, Row, Tries, Units, story
from layeranim.stories.stage.figures import Figures
from layeranim.stories.stage.solver import Node
from layeranim.stories.storyboard import Address, Fact, Line, Run, Telling

GOOD_FOR = "an activation whose form is learned with the weights"
NAMED = 24
"""Of more pieces nobody reads a name."""


def film(telling: Telling) -> Play:
    """The film of one maxout unit, sample after sample."""
    trace = telling.trace
    batch, pieces, inputs = trace.size("batch"), trace.size("pieces"), trace.size("in_features")
    told, lines = _Chosen(telling), inputs == 1
    given = Grid("input", "x", rows="batch", cols=None if lines else "in_features")
    weights = Grid("weight", "w", rows="pieces", cols=None if lines else "in_features", called=(told.names, ()))
    heights = (Grid("bias", "b", rows="pieces"),) if "bias" in trace else ()
    made = Grid("output", "y", rows="batch")
    after: tuple[Node | str, ...] = ("→", Grid("pre_activation", "z", rows="pieces"), "→", made)
    axis = (Run("y, the highest line", "ink", "semibold", Fact("name")),)
    curve = Hull("input", "output", axis, sums="pre_activation")
    return Play(
        title="Maxout",
        units=Units(("batch",), ("sample", "samples"), (), inner=lambda unit: {"pieces": told.winner(unit)}),
        stage=Tries(
            Row(given, curve, weights, *heights, *after),
            Row(given, curve, "→", made),
            Row(given, weights, *heights, *after),
        ),
        acts=(
            Each(
                (
                    (("products", "weighted_sum", "pre_activation"), _asked(inputs, pieces)),
                    (
                        "output",
                        (
                            Note("only the largest passes, and only its piece learns", told.alone),
                            Note("where two lines cross, the unit has its bend", lines and told.won > 1),
                        ),
                    ),
                )
            ),
        ),
        opening=_opening(lines, pieces),
        opening_note=_slopes(lines, "bias" in trace),
        closing=_closing(told, lines, pieces),
        options=(
            phrases.so_many("piece", "pieces", pieces),
            *((f"{inputs} inputs",) if inputs > 1 else ()),
            *(("no bias",) if "bias" not in trace else ()),
            *((f"{batch} samples",) if batch > 1 and telling.film.sample is None else ()),
        ),
        alike=(("pre_activation", "output"),),
        retold={"output": told.chosen} if pieces > 1 else {},
        evidence=(Region.of("output", batch=told.told),),
        follow=telling.preset.unit if telling.preset else None,
    )


class _Chosen:
    """What the sums of the samples say: which piece is the largest."""

    def __init__(self, telling: Telling) -> None:
        self.sums = telling.trace["pre_activation"]
        self.told: range = telling.film.selected_of(len(self.sums), 1)
        pieces = self.sums.shape[1]
        self.names = tuple(f"z{phrases.lowered(k + 1)}" for k in range(pieces)) if pieces <= NAMED else ()

    def winner(self, unit: int) -> int:
        """The piece that is the largest, the first of equal ones."""
        return int(np.argmax(self.sums[unit]))

    def alone(self, unit: int) -> bool:
        """Whether one sum is larger than all others."""
        sums = self.sums[unit]
        return len(sums) > 1 and bool(np.isfinite(sums).all() and (sums == sums.max()).sum() == 1)

    @property
    def won(self) -> int:
        """How many pieces are the largest for one of the samples that are shown, as far as these have numbers."""
        sums = self.sums[self.told.start : self.told.stop]
        return len(set(sums[np.isfinite(sums).all(axis=1)].argmax(axis=1).tolist()))

    def chosen(self, figures: Figures, unit: int) -> Line:
        """``z₃ is the largest of 4: y = 1.35``, the last number as the stage shows it."""
        sums, made = self.sums[unit], Address("output", (unit,))
        k = self.winner(unit)
        name = self.names[k] if self.names else f"piece {k + 1}"
        said = f"{name} is the largest of {len(sums)}: y" if self.alone(unit) else f"the largest of {len(sums)}: y"
        return Run(said, source=Fact("winner")), *phrases.reads(figures.text(made), made)


def _opening(lines: bool, pieces: int) -> Line:
    if pieces == 1:
        return sentence("one sum is all that it has: ", "nothing is chosen")
    return sentence("of several lines " if lines else "of several sums ",
                    "the highest one is the answer" if lines else "the largest one is the answer")  # fmt: skip


def _slopes(lines: bool, biased: bool) -> str:
    """What weight and bias are of a line."""
    return "w: the slope of a line" + (", b: its height at 0" if biased else "; all go through 0") if lines else ""


def _asked(inputs: int, pieces: int) -> Note:
    if pieces == 1:
        return Note("one piece: a weighted sum as any other")
    return Note("the same x on every line" if inputs == 1 else "every piece weighs the same numbers in its own way")


def _closing(told: _Chosen, lines: bool, pieces: int) -> Line:
    if pieces == 1:
        return sentence("one piece: ", "a straight line" if lines else "a plain weighted sum")
    end = "the curve is the upper hull of all lines" if lines else "each where its sum is the largest"
    return sentence(f"{told.won} of {pieces} pieces won: ", end, "won")


MaxoutStory = story("Maxout unit", film, GOOD_FOR)
