"""Time steps: a flat row of numbers folds into the steps that a recurrent layer reads; no number changes."""

from __future__ import annotations

from functools import partial

from layeranim.stories import phrases
from layeranim.stories.phrases import sentence
from layeranim.stories.stage import Column, Each, Grid, Note, Play, Units, story
from layeranim.stories.storyboard import Address, Fact, Line, Run, Telling

GOOD_FOR = "what a recurrent layer reads: one layer, the same weights at every time step"
NAMED = 40
"""Of more time steps none is called by its number."""


def film(telling: Telling) -> Play:
    """The film of the fold."""
    trace = telling.trace
    batch, steps, features = trace.tensor("output").shape
    at = telling.film.place_in(batch)
    rows = tuple(f"feature {k}" for k in range(features)) if features <= NAMED else ()
    cols = tuple(f"t = {t}" for t in range(steps)) if steps <= NAMED else ()
    return Play(
        units=Units(("time",), ("time step", "time steps"), names=tuple(f"t = {t}" for t in range(steps)),
                    covers={"position": ("time", features)}, inner=lambda _: {"features": features - 1}),
        stage=Column(
            Grid("input", "row", cols="position"),
            Grid("output", "x", "features", "time", called=(rows, cols), carried="input"),
        ),
        acts=(
            Each((("output", (Note("batch, time and feature are counted from 0"),
                              Note("the layer reads all features of a time step at once", features > 1))),)),
        ),
        words={"output": partial(_placed, telling, at, features)},
        opening=sentence("a row of numbers is folded: ", "so many steps, so many features each"),
        closing=sentence(
            f"{phrases.so_many('number', 'numbers', steps * features)} → "
            f"{phrases.so_many('time step', 'time steps', steps)} of {features}: ",
            "the numbers stay, only the reading changes",
        ),
        options=(
            *((f"batch {batch}",) if batch > 1 else ()),
            phrases.so_many("time step", "time steps", steps),
            phrases.so_many("feature", "features", features),
        ),
        alike=(("input", "output"),),
        follow=min(1, steps - 1),
    )  # fmt: skip


def _placed(telling: Telling, at: int, features: int, t: int) -> Line:
    """``20: place 3 = 1·2 + 1 → (0, 1, 1)``: where the last feature of a time step comes from."""
    place = t * features + features - 1
    return (
        telling.number(Address("input", (at, place)), weight="semibold"),
        Run(f": place {place} = {t}·{features} + {features - 1}", source=Fact("index")),
        Run("  →  ", late=True),
        Run(f"({at}, {t}, {features - 1})", "result", "semibold", Fact("index"), late=True),
    )


TimestepsStory = story("Time steps", film, GOOD_FOR)
