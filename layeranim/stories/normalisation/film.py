"""Normalisation: the numbers that share a mean and a deviation get mean 0 and deviation 1, then learn their own."""

from __future__ import annotations

from functools import cached_property
from typing import cast

import numpy as np

from layeranim.engine.normalisation_shapes import NormConfig, plan
from layeranim.stories.phrases import sentence
from layeranim.stories.stage import NOTHING, Aligned, DotLane, Dots, Each, Grid, Note, Play, Row, Tries, Units, story
from layeranim.stories.stage.lines import Column
from layeranim.stories.stage.solver import Node
from layeranim.stories.storyboard import FilmView, Line, Telling

GOOD = {
    "batch": "every feature keeps one size, whatever the layers before have learned",
    "layer": "every sample is normalised alone: one token is enough, at training and at test",
    "group": "batches of any size: a picture's groups of channels need no other picture",
    "instance": "style: each channel of each picture loses a brightness and a contrast of its own",
    "rms": "less work than layer normalisation: no mean is taken, no β is learned",
}
"""What each kind is good for."""
TITLES = {
    "batch": "Batch normalisation",
    "layer": "Layer normalisation",
    "group": "Group normalisation",
    "instance": "Instance normalisation",
    "rms": "RMS normalisation",
}
ORDER = ("mean", "centred", "mean_square", "variance", "deviation", "normalised", "output")


class Shared(FilmView):
    """Which cells of this trace share a mean and a deviation, and how they lie in rows and columns."""

    def __init__(self, telling: Telling) -> None:
        super().__init__(telling)
        self.config = config = cast(NormConfig, telling.trace.config)
        self.kind = config.kind
        self.live = config.mode == "training"
        found = plan(config, self.trace.tensor("input").shape)
        self.axes, self.stat, self.weight = found.names, found.stat, found.weight
        self.flat = len(self.axes) == 2  # rows are samples, columns features
        single = self.kind in ("group", "instance") or (self.kind != "batch" and len(self.stat) > 1)
        self.told = self.stat[:1] if single and self.stat[:1] == ("batch",) else ()
        self.unit = tuple(axis for axis in self.stat if axis not in self.told)
        members = self.trace.size(self.axes[1]) // found.groups
        self.covers = {self.axes[1]: ("groups", members)} if self.kind == "group" else {}
        self.apart = {self.axes[1]: found.groups} if self.kind == "group" and found.strided else {}

    @property
    def noun(self) -> tuple[str, str]:
        """What the cells that go together are called."""
        if not self.unit:
            return "array", "arrays"
        named = {"features": "feature", "channels": "channel", "groups": "group", "batch": "sample", "time": "step"}
        one = named.get(self.unit[-1], "place") if len(self.unit) == 1 else "place"
        return one, f"{one}s"

    @cached_property
    def standard(self) -> tuple[bool, ...]:
        """Of every unit whether its numbers have mean 0 and deviation 1, or a mean square of 1: to two decimals."""
        found = plan(self.config, self.trace.tensor("input").shape)
        folded = found.fold(self.trace["normalised"].astype(np.float64))
        if self.told:
            folded = folded[self.telling.film.place_in(len(folded))]
        units = folded.reshape(-1, found.terms)
        near = np.abs((units**2).mean(axis=1) - 1) < 0.01
        return tuple((near if self.kind == "rms" else near & (np.abs(units.mean(axis=1)) < 0.005)).tolist())

    # ── rows and columns ─────────────────────────────────────────────────────
    @property
    def rows(self) -> tuple[str, ...]:
        """The axes along the rows: the units; of two axes the samples."""
        if self.flat:
            return () if self.told else self.axes[:1]
        return self.axes[1:2] if self.kind == "group" else self.unit

    @property
    def cols(self) -> tuple[str, ...]:
        """The axes along the columns: the cells that go together."""
        if self.flat:
            return self.axes[1:]
        return tuple(axis for axis in self.axes if axis not in (*self.rows, *self.told))

    def grid(self, tensor: str, text: str) -> Grid:
        """All cells of a tensor as they lie."""
        return Grid(tensor, text, self.rows or None, self.cols or None)


def film(telling: Telling) -> Play:
    """The film of a normalisation, whichever cells it takes together."""
    s = Shared(telling)
    trace, one = s.trace, s.noun[0]
    mean = None if s.kind == "rms" else "mean" if s.live else "running_mean"
    learned = [(name, sign) for name, sign in (("gamma", "γ"), ("beta", "β")) if name in trace]
    moved = not np.array_equal(trace["normalised"], trace["output"], equal_nan=True)
    lanes = (DotLane("input", "x", mean, "deviation"), DotLane("normalised", "x̂"), DotLane("output", "y"))
    given, made, between = s.grid("input", "x"), _beside(s, learned), s.grid("normalised", "x̂")
    measures, standardised = _measures(s, mean, between)
    made_so = "their mean square is 1" if s.kind == "rms" else "the mean is 0 and the deviation 1"
    own = "a spread and a centre of its own" if len(learned) == 2 else "a size of its own for every feature"
    notes: dict[str, Note | tuple[Note, ...]] = {
        "mean": Note(f"the mean of this {one}'s numbers"),
        "centred": NOTHING,
        "mean_square": Note("how large they are: the mean of their squares"),
        "variance": Note("how far apart they are: the mean of their squares"),
        "deviation": Note("its root; ε keeps it above 0"),
        "normalised": Note(f"now {made_so}", s.standard.__getitem__),
        "output": (
            Note(f"{_and(learned)}: {own}, learned", bool(learned) and moved),
            Note(
                "no γ to learn: it stays as it is" if s.kind == "rms" else "no γ, no β to learn: it stays as it is",
                not learned,
            ),
        ),
    }
    return Play(
        title=TITLES[s.kind],
        units=Units(s.unit, s.noun, s.told, covers=s.covers, apart=s.apart),
        stage=Tries(
            Row(given, "→", Dots(lanes, ()), "→", made),
            Column(Dots(lanes, ()), Row(given, "→", made)),
            Row(given, "→", standardised, "→", made),
            Row(given, "→", measures, "→", made),
        ),
        acts=(Each(tuple((name, notes[name]) for name in ORDER)),),
        opening=_opening(s),
        closing=_closing(s, moved),
        good_for=GOOD[s.kind],
        options=(
            "×".join(map(str, trace.tensor("input").shape)),
            *((f"{s.config.groups} groups",) if s.kind == "group" else ()),
            *((f"the last {s.config.normalized_axes} axes",) if (s.config.normalized_axes or 1) > 1 else ()),
            *((s.config.mode,) if s.kind == "batch" else ()),
            *((f"momentum {s.config.momentum:g}",) if s.config.momentum not in (None, 0.1, 0.99) else ()),
            *((f"eps {s.config.eps:g}",) if s.config.eps not in (None, 1e-5, 1e-3) else ()),
            *((("no γ" if s.kind == "rms" else "no γ, no β"),) if not s.config.affine else ()),
            *((f"as {s.config.convention}",) if s.config.convention != "torch" else ()),
        ),
        alike=((*ORDER[:2], "running_mean", "deviation", "input", "normalised", "gamma", "beta", "output"),),
    )


def _and(learned: list[tuple[str, str]]) -> str:
    return " and ".join(sign for _, sign in learned)


def _beside(s: Shared, learned: list[tuple[str, str]]) -> Node:
    """The output with γ and β: over its columns, or left of its rows, as they lie."""
    output = s.grid("output", "y")
    if set(s.weight) <= set(s.cols):
        return Aligned(*(Grid(name, sign, cols=s.weight, beside=True) for name, sign in learned), output)
    return Row(*(Grid(name, sign, rows=s.weight) for name, sign in learned), output)


def _measures(s: Shared, mean: str | None, between: Grid) -> tuple[Node, Node]:
    """Mean and deviation, alone and with what is standardised by them."""
    signs = [(name, sign) for name, sign in ((mean, "μ"), ("deviation", "σ" if mean else "RMS")) if name]
    if s.unit and set(s.unit) <= set(s.cols):
        strips = [Grid(name, sign, cols=s.unit, beside=True) for name, sign in signs]
        return Aligned(*strips), Aligned(*strips, between)
    columns = [Grid(name, sign, rows=s.unit or None) for name, sign in signs]
    return Row(*columns), Row(*columns, between)


def _opening(s: Shared) -> Line:
    if not s.live:
        return sentence(f"each {s.noun[0]} is shifted and scaled by ", "the mean and deviation of the batches before")
    if not all(s.standard):
        return sentence(f"each {s.noun[0]} is ", "scaled" if s.kind == "rms" else "centred and scaled")
    return sentence(f"each {s.noun[0]} gets ", "a mean square of 1" if s.kind == "rms" else "mean 0 and deviation 1")


def _closing(s: Shared, moved: bool) -> Line:
    total, rms = len(s.standard), s.kind == "rms"
    units = f"{total} {s.noun[total > 1]} → "
    if not s.live and np.allclose(s.trace["normalised"], s.trace["input"], 1e-3, equal_nan=True):  # 0 and 1 are stored
        return sentence(units, f"as they came{', then a spread and centre of their own' * moved}")
    if not all(s.standard):
        return sentence(units, "scaled" if rms else "centred and scaled")
    if rms:
        return sentence(units, "one size, then their own" if moved else "one size")
    return sentence(units, "one centre and spread, then their own" if moved else "one centre and one spread")


BatchNormStory = story("Batch normalisation", film, GOOD["batch"], takes=3)
LayerNormStory = story("Layer normalisation", film, GOOD["layer"], takes=4)
