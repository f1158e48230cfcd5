"""A loss: what each prediction is charged for its distance from the target, and the one number that comes of all."""

from __future__ import annotations

import numpy as np

from layeranim.engine.trace import Array
from layeranim.stories.header import unusual
from layeranim.stories.phrases import sentence
from layeranim.stories.stage import All, Column, Curve, Each, Grid, Note, Play, Row, Tries, Units, story
from layeranim.stories.storyboard import Line, Telling

GOOD_FOR = "the number that training makes smaller, and the slope along which it does"
_BENT = "squares near the target, straight lines beyond δ: one far error does not rule"
MODES = {
    "squared": ("Squared error", "twice as far off costs four times as much"),
    "absolute": ("Absolute error", "twice as far off costs twice as much"),
    "huber": ("Huber loss", _BENT),
    "smooth-l1": ("Smooth absolute error", _BENT),
    "binary": ("Binary cross-entropy", "sure and right costs nothing, sure and wrong has no bound"),
    "binary-logits": ("Binary cross-entropy of logits", "sure and right costs nothing, sure and wrong has no bound"),
    "kl": ("Kullback–Leibler loss", "what the target holds and the prediction lacks"),
}
"""Of every loss its title and its rule."""
REDUCED = {"mean": "the mean of all losses", "sum": "all losses added up",
           "batch-mean": "all losses added up, divided by the batch"}  # fmt: skip


def film(telling: Telling) -> Play:
    """The film of a loss."""
    trace, config = telling.trace, telling.config
    batch, count, reduced = trace.size("batch"), trace.size("features"), "loss" in trace
    logs = config.mode == "kl"  # predictions are logarithms, and one term alone may be below 0
    held = "share" if (trace["target"] <= 1).all() else "number"
    p, t, losses, slopes = (
        Grid(name, text, rows="batch", cols="features")
        for name, text in (("prediction", "ln p" if logs else "p"), ("target", "t"), ("losses", "loss"),
                           ("derivative", "slope"))
    )  # fmt: skip
    given, made = Column(p, t), Column(losses, slopes, *((Grid("loss", "L"),) if reduced else ()))
    title, rule = MODES[config.mode]
    values = trace["losses"]
    return Play(
        title=title,
        units=Units(("batch", "features"), ("prediction", "predictions"), (), _names(batch, count)),
        stage=Tries(Row(given, "→", Curve("prediction", "losses", of="target", sign="t"), "→", made),
                    Row(given, "→", made)),
        acts=(
            Each((("losses", Note(rule)), ("derivative", Note("the slope: how the loss grows with the prediction")))),
            *((All(("loss",), Note(REDUCED[config.reduction], values.size > 1)),) if reduced else ()),
        ),
        opening=sentence(f"each {held} of the target is charged for ", "what the prediction gives it too little")
        if logs else sentence("each prediction is charged for ", "how far it is from its target"),
        closing=sentence("a term is ", f"a {held} times a difference of logarithms") if logs else _closing(values),
        options=(_sizes(batch, count), *unusual(config)),
        alike=(("prediction", "target"), ("losses", "loss")),
        follow=int(np.argmax(np.nan_to_num(values, posinf=0.0))),
    )  # fmt: skip


def _sizes(batch: int, count: int) -> str:
    return f"{f'{batch} × ' if batch > 1 else ''}{count} prediction{'s' * (count > 1)}"


def _names(batch: int, count: int) -> tuple[str, ...]:
    """What predictions of several samples are called; those of one are counted."""
    if batch == 1:
        return ()
    return tuple(f"sample {k // count + 1}, prediction {k % count + 1}" for k in range(batch * count))


def _closing(losses: Array) -> Line:
    """What the largest loss makes of all, where they are more than one and none is below zero."""
    total, top = float(np.sum(losses)), float(np.max(losses))
    if losses.size == 1 or not np.isfinite(total) or total <= 0 or losses.min() < 0:
        return sentence("a loss says ", "how far off a prediction is")
    return sentence("the largest loss makes ", f"{100 * top / total:.0f} % of them all")


LossStory = story("Loss", film, GOOD_FOR)
