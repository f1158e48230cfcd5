"""Positional encoding: every pair of features is a clock hand with a speed of its own; only the distance counts.

Rows of sines, vectors whose pairs are turned, or rows of a learned table: three views of one film.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from layeranim import numbers
from layeranim.engine.trace import Array
from layeranim.stories import phrases
from layeranim.stories.phrases import sentence
from layeranim.stories.stage import All, Bars, Dials, Each, Grid, Note, Play, Row, Tries, Units, story
from layeranim.stories.stage.figures import Figures
from layeranim.stories.storyboard import Address, Fact, Line, Run, Telling

GOOD_FOR = "added to the embeddings: attention, which knows no order, can tell places apart"
FOR = {
    "sinusoidal": GOOD_FOR,
    "rotary": "queries and keys are turned: their products know how far apart they stand",
    "learned": "added to the embeddings: simple, but no text may be longer than the table",
}
OPENING = {
    "sinusoidal": sentence("a place becomes ", "a row of sines and cosines"),
    "rotary": sentence("a place turns a vector: ", "every pair of numbers by an angle of its own"),
    "learned": sentence("a place has a row in a table, ", "learned like any other weight"),
}
TURNED = "a pair turns like the hand of a clock: its length stays"
LEARNED = "nothing is computed here: training moved the rows"
ALIKE = "how alike two places are is learned, too"
SLOWER = "each hand is slower than the one before it"
OWN = "one row times every row: none is more like it than itself"
POINTS = "how far a hand points right and up: its sine and its cosine"
TOLD, SHIFT = 2, 3
"""The position that is compared with all others, and how much further on the comparison is made again."""
NAMED, SHOWN = 40, 4
"""So many positions at most are numbered in their grids, and so many numbers of a row are said."""


def film(telling: Telling) -> Play:
    """The film of the rows of all positions: one by one, then compared."""
    trace, config = telling.trace, telling.config
    count, features, kind = config.positions, config.features, config.kind
    names = tuple(f"position {p}" for p in range(count)) if count <= NAMED else ()
    rows = tuple(map(str, range(count))) if count <= NAMED else ()
    cols = ("sin", "cos") * (features // 2) + ("sin",) * (features % 2)
    table = Grid(
        "output",
        "row of each position",
        called=(rows, cols if kind == "sinusoidal" else ()),
        carried="table" if kind == "learned" else "",
    )
    alike, dials = Bars("similarity", "one row · each row", "other_positions"), Dials("angle", "hands")
    stage = {
        "sinusoidal": (Row(dials, "→", table, alike), Row(table, alike)),
        "rotary": (
            Row(Grid("input", "x", called=(rows, ())), "→", dials, "→", table, alike),
            Row(Grid("input", "x", called=(rows, ())), "→", table, alike),
        ),
        "learned": (Row(Grid("table", "table", called=(rows, ())), "→", table, alike),),
    }[kind]
    shown = telling.film.selected(count)
    told = min(shown.start + TOLD, shown.stop - 1)
    again = told + SHIFT if told + SHIFT in shown else None
    shared = _by_distance(trace["similarity"])
    return Play(
        units=Units(("positions",), ("position", "positions"), names=names),
        stage=Tries(*stage) if len(stage) > 1 else stage[0],
        acts=(
            Each(
                (
                    *((("angle", Note(SLOWER if features > 2 else "the hand turns on evenly")),)
                      if kind != "learned" else ()),
                    ("output", Note({"rotary": TURNED, "learned": LEARNED}.get(
                        kind, POINTS if features > 1 else "how far a hand points right: its sine"))),
                ),
                instead={"sinusoidal": _said, "learned": _picked}.get(kind),
                sentence=_turned if kind == "rotary" else None,
            ),
            _compared(told, (Note(OWN, _own(trace["similarity"])), Note(ALIKE, kind == "learned" and count > 1))),
            *((_compared(again, (Note("further on, the same numbers: only the distance counts", shared),
                                 Note(ALIKE, kind == "learned"))),) if again is not None else ()),
        ),
        opening=OPENING[kind],
        closing=sentence(f"{phrases.so_many('position', 'positions', count)}, "
                      f"{phrases.so_many('feature', 'features', features)}: ",
                      _closing(kind, shared and count > 1)),
        good_for=FOR[kind],
        alike=(("input", "output"),) if kind == "rotary" else (("table", "output"),) if kind == "learned" else (),
        options=(
            *((kind,) if kind != "sinusoidal" else ()),
            phrases.so_many("position", "positions", count),
            phrases.so_many("feature", "features", features),
            *phrases.unusual(config, base="base {:g}", pairs="pairs in halves"),
        ),
        follow=told,
    )  # fmt: skip


def _closing(kind: str, shared: bool) -> str:
    if kind == "learned":
        return "a row for every place, and none beyond"
    if kind == "rotary":
        return "turned alike, only the distance counts" if shared else "turned by their places, as long as before"
    return "a clock for places, and only the distance counts" if shared else "a clock for places"


def _compared(unit: int, note: Note | tuple[Note, ...]) -> All:
    """One row against all; said of the row before it, where there is one."""
    near = max(0, unit - 1)

    def says(figures: Figures) -> Line:
        at = Address("similarity", (unit, near))
        return Run(f"row {unit} · row {near}", source=Fact("rows")), *phrases.reads(figures.text(at), at)

    return All(("similarity_products", "similarity"), note, 2.0, says, unit, {"other_positions": near})


def _own(similarity: Array) -> bool:
    """Whether no row is more like another one than like itself."""
    with np.errstate(all="ignore"):
        return bool((similarity.max(axis=1) <= np.diag(similarity) + 1e-9).all())


def _by_distance(similarity: Array) -> bool:
    """Whether positions equally far apart are equally alike, all of them."""
    count = len(similarity)
    with np.errstate(all="ignore"):
        most = 1e-9 * max(1.0, float(np.abs(similarity).max()))
        return all(np.ptp(np.diagonal(similarity, d)) <= most for d in range(count))


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


def _turned(figures: Figures, p: int, terse: bool) -> Line:
    """The first number of the first pair: ``x cos θ − y sin θ``; where there is little time what it becomes."""
    config: Any = figures.trace.config
    second = 1 if config.pairs == "adjacent" else figures.trace.size("features") // 2
    x, y, angle, made = (Address("input", (p, 0)), Address("input", (p, second)), Address("angle", (p, 0)),
                         Address("output", (p, 0)))  # fmt: skip
    texts = [figures.text(at) for at in (x, y, angle)]
    a, b, theta = map(numbers.double, texts)
    result = figures.text(made)
    if terse:
        return Run("first number", source=Fact("pair")), *phrases.reads(result, made)
    relation = numbers.agrees(a * math.cos(theta) - b * math.sin(theta), result, *texts)
    turn = Run(numbers.factor(texts[2]), "ink", source=angle)
    return (
        Run(numbers.factor(texts[0]), "ink", source=x), Run(" · cos "), turn, Run(" − "),
        Run(numbers.factor(texts[1]), "ink", source=y), Run(" · sin "), turn,
        phrases.relation_run(relation), phrases.result(result, made),
    )  # fmt: skip


def _picked(figures: Figures, p: int) -> Line:
    """Which row of the table it is, with its first numbers."""
    shown = min(SHOWN, figures.trace.size("features"))
    cells = [Address("output", (p, k)) for k in range(shown)]
    row = phrases.join([(phrases.result(figures.text(at), at),) for at in cells], Run(",  ", late=True))
    more = (Run(",  …", late=True),) if shown < figures.trace.size("features") else ()
    return (Run(f"row {p} of the table:  ", source=Fact("row")), *row, *more)


PositionalStory = story("Positional encoding", film, GOOD_FOR, takes=450)
