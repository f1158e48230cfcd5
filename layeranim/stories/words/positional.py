"""Positional encoding: every pair of features is a clock hand with a speed of its own; only the distance counts."""

from __future__ import annotations

import math

import numpy as np

from layeranim import numbers
from layeranim.engine.trace import Array
from layeranim.stories import phrases
from layeranim.stories.phrases import sentence
from layeranim.stories.stage import All, Bars, Dials, Each, Grid, Note, Play, Row, Tries, Units, story
from layeranim.stories.stage.figures import Figures
from layeranim.stories.storyboard import Address, Fact, Line, Run, Telling

GOOD_FOR = "added to the embeddings: attention, which knows no order, can tell places apart"
SLOWER = "each hand is slower than the one before it"
OWN = "one row times every row: none is more like it than itself"
POINTS = "how far a hand points right and up: its sine and its cosine"
TOLD, SHIFT = 2, 3
"""The position that is compared with all others, and how much further on the comparison is made again."""
NAMED = 40


def film(telling: Telling) -> Play:
    """The film of the sines and cosines: position by position."""
    trace, config = telling.trace, telling.config
    count, features = config.positions, config.features
    names = tuple(f"position {p}" for p in range(count)) if count <= NAMED else ()
    rows = tuple(map(str, range(count))) if count <= NAMED else ()
    cols = ("sin", "cos") * (features // 2) + ("sin",) * (features % 2)
    table = Grid("output", "row of each position", called=(rows, cols))
    alike = Bars("similarity", "row · each row", "other_positions")
    shown = telling.film.selected(count)
    told = min(shown.start + TOLD, shown.stop - 1)
    again = told + SHIFT if told + SHIFT in shown else None
    shared = _by_distance(trace["similarity"])
    return Play(
        title="Positional encoding",
        units=Units(("positions",), ("position", "positions"), names=names),
        stage=Tries(Row(Dials("angle", "hands"), "→", table, alike), Row(table, alike)),
        acts=(
            Each(
                (
                    ("angle", Note(SLOWER if features > 2 else "the hand turns on evenly")),
                    ("output", Note(POINTS if features > 1 else "how far a hand points right: its sine")),
                ),
                instead=_said,
            ),
            _compared(told, Note(OWN, _own(trace["similarity"]))),
            *((_compared(again, Note("further on, the same numbers: only the distance counts", shared)),)
              if again is not None else ()),
        ),
        opening=sentence("a place becomes ", "a row of sines and cosines"),
        closing=sentence(f"{phrases.so_many('position', 'positions', count)}, "
                      f"{phrases.so_many('feature', 'features', features)}: ",
                      "a clock for places, and only the distance counts" if shared and count > 1 else
                      "a clock for places"),
        good_for=GOOD_FOR,
        options=(
            phrases.so_many("position", "positions", count),
            phrases.so_many("feature", "features", features),
            *((f"base {config.base:g}",) if config.base != 10000 else ()),
        ),
        follow=told,
    )  # fmt: skip


def _compared(unit: int, note: Note) -> All:
    """One row against all; said of the row before it, where there is one."""
    near = max(0, unit - 1)

    def says(figures: Figures) -> Line:
        at = Address("similarity", (unit, near))
        return (
            Run(f"row {unit} · row {near}", source=Fact("rows")),
            phrases.equals(figures.text(at), late=True),
            phrases.result(figures.text(at), at),
        )

    return All(("similarity_products", "similarity"), note, 2.0, says, unit, {"other_positions": near})


def _own(similarity: Array) -> bool:
    """Whether no row is more like another one than like itself."""
    return bool((similarity.max(axis=1) <= np.diag(similarity) + 1e-9).all())


def _by_distance(similarity: Array) -> bool:
    """Whether positions equally far apart are equally alike, all of them."""
    count = len(similarity)
    spread = (np.ptp(np.diagonal(similarity, d)) for d in range(count))
    return all(s <= 1e-9 * max(1.0, float(np.abs(similarity).max())) for s in spread)


def _said(figures: Figures, p: int) -> Line:
    """Sine and cosine of the first hand's angle."""
    angle = Address("angle", (p, 0))
    parts = []
    for k, (name, run) in enumerate((("sin", math.sin), ("cos", math.cos))):
        made = Address("output", (p, k))
        if k >= figures.trace.size("features"):
            continue
        text, result = figures.text(angle), figures.text(made)
        relation = numbers.agrees(run(numbers.double(text)), result, text)
        parts.append(
            (Run(f"{name} "), Run(numbers.factor(text), "ink", source=angle), phrases.relation_run(relation),
             phrases.result(result, made))
        )  # fmt: skip
    return phrases.join(parts, Run("      "))


PositionalStory = story("Positional encoding", film, GOOD_FOR, takes=450)
