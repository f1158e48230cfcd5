"""Normalisation: the numbers that share a mean and a deviation get mean 0 and deviation 1, then learn their own."""

from __future__ import annotations

from typing import Any

import numpy as np

from layeranim.errors import OptionError
from layeranim.stories.stage import NOTHING, Aligned, DotLane, Dots, Each, Grid, Note, Play, Row, Tries, Units, story
from layeranim.stories.stage.solver import Node
from layeranim.stories.storyboard import Fact, Line, Run, Telling

BATCH_GOOD = "every feature keeps one size, whatever the layers before have learned"
LAYER_GOOD = "every sample is normalised alone: one token is enough, at training and at test"


def batch(telling: Telling) -> Play:
    """Batch normalisation's film: feature by feature, over the samples."""
    return _film(telling, "Batch normalisation", ("feature", "features"), BATCH_GOOD)


def layer(telling: Telling) -> Play:
    """Layer normalisation's film: sample by sample, over the features."""
    return _film(telling, "Layer normalisation", ("sample", "samples"), LAYER_GOOD)


def _film(telling: Telling, title: str, noun: tuple[str, str], good_for: str) -> Play:
    trace, config = telling.trace, _config(telling)
    axes = trace.axes("input")
    if len(axes) != 2 or config.kind not in ("batch", "layer"):
        raise OptionError(
            f"a film of kind {config.kind} with {len(axes)} axes is not drawn yet; give an input of two axes "
            f"(batch, features) and kind batch or layer, or see the numbers with trace {trace.layer}"
        )
    unit, other = (axes[1], axes[0]) if config.kind == "batch" else axes
    live, count = config.mode == "training", trace.size(unit)
    mean = "mean" if live else "running_mean"
    learned = [(name, sign) for name, sign in (("gamma", "γ"), ("beta", "β")) if name in trace]
    strips = [Grid(name, sign, cols=axes[1], beside=True) for name, sign in learned]
    moved = not np.array_equal(trace["normalised"], trace["output"], equal_nan=True)
    lanes = (DotLane("input", "x", mean, "deviation"), DotLane("normalised", "x̂"), DotLane("output", "y"))
    given, made = Grid("input", "x"), Aligned(*strips, Grid("output", "y"))
    measured, between = [(mean, "μ"), ("deviation", "σ")], Grid("normalised", "x̂")
    standardised: Node
    measures: Node
    if config.kind == "batch":
        row = [Grid(name, sign, cols=unit, beside=True) for name, sign in measured]
        standardised, measures = Aligned(*row, between), Aligned(*row)
    else:
        column = [Grid(name, sign, rows=unit) for name, sign in measured]
        standardised, measures = Row(*column, between), Row(*column)

    def standard(k: int) -> bool:
        """Whether the unit's numbers have mean 0 and deviation 1, as far as two decimals tell."""
        values = np.take(trace["normalised"], k, axis=axes.index(unit))
        return bool(abs(values.mean()) < 0.005 and abs(values.std() - 1) < 0.005)

    every = all(map(standard, range(count)))
    return Play(
        title=title,
        units=Units((unit,), noun, ()),
        stage=Tries(
            Row(given, "→", Dots(lanes, (other,)), "→", made),
            Row(given, "→", standardised, "→", made),
            Row(given, "→", measures, "→", made),
        ),
        acts=(
            Each(
                (
                    (mean, Note(f"the mean of this {noun[0]}'s numbers")),
                    ("centred", NOTHING),
                    ("variance", Note("how far apart they are: the mean of their squares")),
                    ("deviation", Note("its root; ε keeps it above 0")),
                    ("normalised", Note("now the mean is 0 and the deviation 1", standard)),
                    ("output", Note("γ and β: a spread and a centre of its own, learned", len(learned) == 2 and moved)),
                )
            ),
        ),
        opening=_opening(noun[0], live),
        closing=_closing(count, noun, every, moved),
        good_for=good_for,
        options=(
            f"{trace.size(axes[0])}×{trace.size(axes[1])}",
            config.mode,
            *((f"eps {config.eps:g}",) if config.eps not in (None, 1e-5, 1e-3) else ()),
            *(("no γ, no β",) if not config.affine else ()),
            *((f"as {config.convention}",) if config.convention != "torch" else ()),
        ),
        alike=(("input", "normalised", "output"), ("mean", "running_mean", "centred")),
    )


def _opening(one: str, live: bool) -> Line:
    if live:
        return _said(f"each {one} gets ", "mean 0 and deviation 1")
    return _said(f"each {one} is shifted and scaled by ", "the mean and deviation of the batches before")


def _closing(count: int, noun: tuple[str, str], every: bool, moved: bool) -> Line:
    units = f"{count} {noun[count > 1]} → "
    if not every:
        return _said(units, "centred and scaled")
    return _said(units, "one centre and spread, then their own" if moved else "one centre and one spread")


def _said(before: str, strong: str) -> Line:
    return Run(before, weight="regular", source=Fact("units")), Run(strong, "result", "semibold", Fact("sentence"))


def _config(telling: Telling) -> Any:
    return telling.trace.config


BatchNormStory = story("Batch normalisation", batch, BATCH_GOOD)
LayerNormStory = story("Layer normalisation", layer, LAYER_GOOD)
