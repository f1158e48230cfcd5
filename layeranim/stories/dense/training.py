"""Training: update by update the border between the classes moves, the loss falls, more samples are right."""

from __future__ import annotations

from typing import Any

import numpy as np

from layeranim import numbers
from layeranim.engine.trace import Region, Trace
from layeranim.engine.training import filled
from layeranim.stories import phrases
from layeranim.stories.activations import activation_word
from layeranim.stories.phrases import sentence
from layeranim.stories.stage import Column, Each, History, Note, Play, Row, Scatter, Units, story
from layeranim.stories.storyboard import Address, Fact, Line, Run, Telling

GOOD_FOR = "nothing moves the border but the slope of the loss"


def film(telling: Telling) -> Play:
    """The film of a training."""
    trace = telling.trace
    states = trace.size("states")
    seen, last = "surface" in trace, telling.film.selected(states)[-1]
    curves = Column(History("loss", "loss"), History("accuracy", "accuracy"))
    plane = (
        (Scatter("input", "class_ids", "surface", "grid", "classes", of=min(1, trace.size("classes") - 1)),)
        if seen
        else ()
    )
    watched = (*(("surface",) if seen else ()), "loss", "accuracy")
    notes = (
        Note("all samples are right", lambda k: bool(trace["accuracy"][k] == 1)),
        Note("the weights were drawn at random", lambda k: k == 0),
    )
    return Play(
        units=Units(
            ("states",), ("moment", "moments"), (),
            names=("before the first update", *(f"after update {k}" for k in range(1, states))),
        ),
        stage=Row(*plane, curves),
        acts=(Each(((watched, notes),)),),
        opening=sentence("update by update ", "against the slope of the loss"),
        closing=_closing(telling, last),
        options=_options(telling),
        kinds={"surface": "versus", "accuracy": "share"},
        follow=_told(trace),
        evidence=(Region.of("loss", states=last),),
        words={"accuracy": lambda unit: _measured(telling, unit)},
    )  # fmt: skip


def _told(trace: Trace) -> int:
    """The first moment at which most are right that ever are, after the first update."""
    right = trace["accuracy"]
    return max(1, int(right.argmax())) if len(right) > 1 else 0


def _measured(telling: Telling, unit: int) -> Line:
    """``loss 0.69, 7 of 12 right``."""
    trace, samples = telling.trace, telling.trace.size("samples")
    cell, share = Address("loss", (unit,)), Address("accuracy", (unit,))
    text = telling.text(share, "probability")
    right = round(float(np.nan_to_num(trace["accuracy"][unit])) * samples)
    return (
        Run("loss "),
        telling.number(cell),
        Run(f",  {right} of {samples} right:  accuracy", source=Fact("samples")),
        phrases.relation_run(numbers.agrees(right / samples, text)), phrases.result(text, share, "probability"),
    )  # fmt: skip


SAID = ("sizes", "epochs", "method", "learning_rate", "batch_size", "activation", "grid")
"""Options that the header says in its own way, or that change the picture alone."""


def _options(telling: Telling) -> tuple[str, ...]:
    """The network, the samples, the way; then every option that is not the usual one of the method."""
    trace, config = telling.trace, telling.config
    samples, batch = trace.size("samples"), trace.size("batch")
    usual = filled(type(config)(method=config.method))
    others = [option.name for option in config.options() if option.name not in SAID]
    changed = [(name, getattr(config, name)) for name in others if getattr(config, name) != getattr(usual, name)]
    return (
        "→".join(map(str, config.sizes)),
        f"{samples} sample{'s' * (samples > 1)}",
        f"{config.epochs} epoch{'s' * (config.epochs > 1)}",
        f"{config.method}, rate {config.learning_rate:g}",
        *((f"batch {batch}",) if batch != samples else ()),
        *((activation_word(config.activation),) if config.activation != "tanh" else ()),
        *(_named(name.replace("_", " "), value) for name, value in changed),
    )


def _named(name: str, value: Any) -> str:
    return name if value is True else f"{name} {value:g}" if isinstance(value, (int, float)) else f"{name} {value}"


def _closing(telling: Telling, last: int) -> Line:
    """What the loss was, and what it became by the last update that is told."""
    loss, places = telling.trace["loss"], [Address("loss", (at,)) for at in (0, last)]
    return (
        Run(f"{phrases.so_many('update', 'updates', last)}: ", weight="regular", source=Fact("updates")),
        *phrases.loss_moved((loss[0], loss[last]), [telling.text(place) for place in places], places),
    )


TrainingStory = story("Training", film, GOOD_FOR, takes=1)
