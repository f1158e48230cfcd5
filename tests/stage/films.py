"""Small films for the tests of the stage: of a softmax, whose numbers are easy to follow."""

from __future__ import annotations

from typing import Any

from layeranim import preparing
from layeranim.engine.softmax import SOFTMAX
from layeranim.engine.trace import Trace
from layeranim.stories.options import FilmOptions
from layeranim.stories.stage import Each, Grid, Note, Play, Row, Units
from layeranim.stories.stage.figures import Figures
from layeranim.stories.stage.language import Act
from layeranim.stories.stage.solver import Node
from layeranim.stories.storyboard import Run, Storyboard, Telling


def traced(logits: Any, **options: Any) -> Trace:
    import numpy as np

    return SOFTMAX.compute(SOFTMAX.config(**options), {"logits": np.array(logits, float)})


def film(
    stage: Node | None = None, acts: tuple[Act, ...] = (Each((("output", Note("its part")),)),), **given: Any
) -> Play:
    """A film of the shares alone, or of what is given."""
    return Play(
        title="Shares",
        stage=stage or Row(Grid("logits", "z"), "→", Grid("output", "p")),
        units=Units(("classes",), ("class", "classes")),
        acts=acts,
        opening=(Run("scores become shares"),),
        closing=(Run("they add up to 1"),),
        good_for="a test",
        alike=(("logits", "scaled", "maximum", "shifted"),),
        **given,
    )


def figures(trace: Trace, declared: Play | None = None) -> Figures:
    return Figures(declared or film(), Telling(trace, FilmOptions()))


def board(name: str, **options: Any) -> Storyboard:
    """The storyboard of an explainer."""
    work = preparing.prepare(name, options)
    return work.storyboard(work.trace())
