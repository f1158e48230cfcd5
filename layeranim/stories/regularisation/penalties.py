"""Two weights go down a loss, free and kept small: what L2, L1 and a longest length make of the same slopes."""

from __future__ import annotations

from itertools import pairwise
from math import cos, hypot, pi, sin
from typing import Any

import numpy as np

from layeranim import numbers
from layeranim.engine.surfaces import lowest
from layeranim.engine.trace import Region
from layeranim.stories import phrases
from layeranim.stories.phrases import sentence
from layeranim.stories.stage import Each, Grid, Lines, Note, Play, Terrain, Units, story
from layeranim.stories.stage.lines import mapped
from layeranim.stories.storyboard import Address, Fact, FilmView, Line, Point, Run, Telling

GOOD_FOR = "small weights: a network that follows its noise less"
NAMES = {"none": "free", "l2": "L2", "l1": "L1", "max-norm": "max-norm"}
FOLLOWED = ("l1", "l2", "max-norm", "none")
"""Whose arithmetic is written out: the first of these that is shown."""
KEEPS = {
    "none": "free: straight against the slope, however far",
    "l2": "L2 pulls a weight to 0, the larger it is the harder",
    "l1": "L1 takes the same from both weights, down to exactly 0",
    "max-norm": "max-norm: what is longer than c is scaled back to it",
}
CORNERS, ROUND = 4, 72


def film(telling: Telling) -> Play:
    """The film of penalties side by side."""
    trace, config = telling.trace, telling.config
    told = _Ways(telling)
    names = tuple(NAMES[one] for one in config.penalties)
    aims = lowest(trace["curvature"], trace["minimum"])
    states, several = trace.size("states"), len(names) > 1
    terrain = Terrain("path", "level", "ground", "penalties", "loss over w₁ and w₂", aims, told.rings())
    lengths = Lines("size", "length |w|", "penalties", names)
    weights = Grid("path", "weights", "cells", "penalties", sized=False, called=(("w₁", "w₂"), names))
    return Play(
        units=Units(
            ("states",), ("moment", "moments"), (), names=("the start", *(f"update {k}" for k in range(1, states))),
            inner=lambda _: {"penalties": told.followed, "cells": told.small},
        ),
        stage=mapped(telling.film.canvas, terrain, lengths, weights),
        acts=(
            Each(
                (
                    ("path", (Note("all begin with the same weights", lambda k: not k and several), *told.ways())),
                    (("loss", "size"), Note("the mark shows where the loss is lowest", bool(aims))),
                )
            ),
        ),
        opening=sentence("a low loss is not all: ", "the weights should stay small")
        if config.penalties != ("none",) else sentence("weights go ", "where the loss is lowest"),
        closing=told.closing(),
        options=_options(config),
        follow=states - 1,
        words={"path": told.moved, "size": told.cost},
        evidence=tuple(Region.of("path", penalties=k, states=told.last) for k in range(len(names))),
    )  # fmt: skip


class _Ways(FilmView):
    """What the paths say: which weight is followed, where each ended."""

    def __init__(self, telling: Telling) -> None:
        super().__init__(telling)
        self.penalties: tuple[str, ...] = tuple(self.config.penalties)
        self.followed = min(range(len(self.penalties)), key=lambda k: FOLLOWED.index(self.penalties[k]))
        self.last = telling.film.selected(self.trace.size("states"))[-1]
        end = np.abs(np.nan_to_num(self.trace["path"][self.followed, self.last]))
        self.small = int(np.argmin(end))

    def rings(self) -> tuple[tuple[int, tuple[Point, ...]], ...]:
        """The weights that the followed penalty counts as large as those at which it ended; the longest length."""
        out = []
        for k, penalty in enumerate(self.penalties):
            x, y = (float(one) for one in self.trace["path"][k, self.last])
            if k != self.followed and penalty != "max-norm":
                continue
            size = {"l2": hypot(x, y), "l1": abs(x) + abs(y), "max-norm": self.config.max_norm}.get(penalty, 0.0)
            if size and np.isfinite(size):
                out.append((k, _outline(size, CORNERS if penalty == "l1" else ROUND)))
        return tuple(out)

    def ways(self) -> tuple[Note, ...]:
        """How each penalty that has a strength keeps weights small."""
        strengths = {"l2": self.config.l2, "l1": self.config.l1, "none": self.config.learning_rate}
        return tuple(Note(KEEPS[one], bool(strengths.get(one, 1))) for one in FOLLOWED if one in self.penalties)

    # ── sentences ────────────────────────────────────────────────────────────
    def moved(self, unit: int) -> Line:
        """``L1, w₂: max(|0.05| − 0.10, 0) = 0``: the last act of an update, on the weight that is followed."""
        k, i = self.followed, self.small
        made, weight = Address("path", (k, unit, i)), f"w{'₁₂'[i]}"
        penalty = self.penalties[k]
        if unit == 0:
            return Run(f"{weight} at the start"), *phrases.reads(self.telling.text(made), made)
        head = Run(f"{NAMES[penalty]}, {weight}: ", source=Fact("penalty"))
        given = self.telling.number(Address("moved", (k, unit - 1, i)))
        if penalty == "l1":
            return head, *self._thresholded(given, made)
        if penalty == "max-norm" and self.trace["length"][k, unit - 1] > self.config.max_norm:
            return head, *self._shortened(given, Address("length", (k, unit - 1)), made)
        before, way = (Address(name, (k, unit - 1, i)) for name in ("path", "direction"))
        return head, *phrases.stepped(self.telling, before, -self.config.learning_rate, way, made)

    def _thresholded(self, given: Run, made: Address) -> Line:
        by = self.config.learning_rate * self.config.l1
        held = numbers.double(given.text)
        amount = Run(f"{by:.3g}", "ink", source=Fact("threshold"))
        reached = np.sign(held) * max(abs(held) - by, 0.0)
        ends = phrases.comes_to(float(reached), self.telling.text(made), made, given.text)
        if abs(held) > by:
            return given, Run(" − " if held > 0 else " + "), amount, *ends
        return Run("max(|"), given, Run("| − "), amount, Run(", 0)", source=Fact("threshold")), *ends

    def _shortened(self, given: Run, long: Address, made: Address) -> Line:
        length, most = self.telling.number(long), self.config.max_norm
        whole = numbers.double(length.text)
        reached = numbers.double(given.text) * most / whole if whole else np.nan
        return (
            given, Run(numbers.DOT), Run(f"{most:g}", "ink", source=Fact("most")), Run(" / "), length,
            *phrases.comes_to(float(reached), self.telling.text(made), made, given.text, length.text),
        )  # fmt: skip

    def cost(self, unit: int) -> Line:
        """What the weights cost and how long they are now, free and kept small."""
        free = [self.penalties.index("none")] if "none" in self.penalties else []
        line: list[Run] = []
        for k in dict.fromkeys([*free, self.followed]):
            loss, size = (Address(name, (k, unit)) for name in ("loss", "size"))
            line += [Run(f"{';  ' if line else ''}{NAMES[self.penalties[k]]}: loss ", source=Fact("penalty")),
                     phrases.result(self.telling.text(loss), loss), Run(", |w| "),
                     phrases.result(self.telling.text(size), size)]  # fmt: skip
        return tuple(line)

    def closing(self) -> Line:
        """How many weights L1 has made 0; else how long the weights are, free and kept small."""
        k, zeros = self.followed, int((self.trace["path"][self.followed, self.last] == 0).sum())
        head: Line = (Run(f"{NAMES[self.penalties[k]]}: ", weight="regular", source=Fact("penalty")),)
        if self.penalties[k] == "l1" and zeros:
            said = "one of two weights is exactly 0" if zeros == 1 else "both weights are exactly 0"
            return *head, Run(said, "result", "semibold", Fact("zeros"))
        told = [("|w| is ", k)]
        if "none" in self.penalties and self.penalties[k] != "none":
            told.append((", free it is ", self.penalties.index("none")))
        for said, one in told:
            size = self.telling.number(Address("size", (one, self.last)), "result", "semibold")
            head = *head, Run(said, "result", "semibold", Fact("size")), size
        return head


def _outline(size: float, corners: int) -> tuple[Point, ...]:
    """A closed outline around 0: a diamond, or a circle."""
    turns = [2 * pi * k / corners for k in range(corners + 1)]
    points = [(size * cos(turn), size * sin(turn)) for turn in turns]
    if corners > CORNERS:
        return tuple(points)
    steps = ROUND // CORNERS
    return tuple(
        (a[0] + (b[0] - a[0]) * j / steps, a[1] + (b[1] - a[1]) * j / steps)
        for a, b in pairwise(points)
        for j in range(steps + 1)
    )


def _options(config: Any) -> tuple[str, ...]:
    return (
        phrases.so_many("update", "updates", config.updates),
        f"rate {config.learning_rate:g}",
        *phrases.unusual(config, l2="L2 {:g}", l1="L1 {:g}", max_norm="max-norm {:g}"),
    )


RegularisationStory = story("Regularisation", film, GOOD_FOR, takes=3)
