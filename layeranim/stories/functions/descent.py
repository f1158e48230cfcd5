"""Optimisers on a loss surface: the same start and the same slopes, and each makes steps of its own of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from layeranim import numbers
from layeranim.engine.surfaces import SURFACES, lowest
from layeranim.engine.trace import Array, Region, Steps, Trace
from layeranim.stories import phrases
from layeranim.stories.phrases import sentence
from layeranim.stories.stage import Each, Grid, Lines, Note, Play, Terrain, Units, story
from layeranim.stories.stage.lines import mapped
from layeranim.stories.stage.parts.tracks import MOST_LINES, drawn
from layeranim.stories.storyboard import Address, Fact, Line, Run, Telling

GOOD_FOR = "the loss of a network is such a surface, over all of its weights"
KEEPS = {
    "sgd": "SGD: straight against the slope, nothing remembered",
    "momentum": "momentum keeps a velocity: it runs on where it was going",
    "nesterov": "Nesterov: a velocity, and one look ahead along it",
    "adagrad": "AdaGrad: the more slope there has been, the shorter the step",
    "rmsprop": "RMSprop: each direction measured by its latest slopes",
    "adam": "Adam: a velocity, each direction measured by its slopes",
    "adamw": "AdamW: Adam, and all numbers shrink a little",
}
"""What each method makes of the slopes."""


def film(telling: Telling) -> Play:
    """The film of a descent."""
    trace, config = telling.trace, telling.config
    methods, states = tuple(config.methods), trace.size("states")
    shown, loss = drawn(len(methods)), trace["loss"]
    best = _lowest(loss[:, telling.film.selected(states)[-1]], shown)
    return Play(
        title="Optimisers on a loss surface" if len(methods) > 1 else "An optimiser on a loss surface",
        units=Units(
            ("states",), ("moment", "moments"), (), names=("the start", *(f"update {k}" for k in range(1, states))),
            most={"methods": len(shown)}, inner=lambda _: {"methods": best},
        ),
        stage=mapped(
            telling.film.canvas,
            Terrain("path", "level", "ground", "methods",
                    f"{config.surface} loss{'' if telling.film.canvas.narrow else ' over x and y'}", _aims(trace)),
            Lines("loss", "loss", "methods", methods),
            Grid("loss", "loss now", None, "methods", sized=False, called=((), methods[: len(shown)])),
        ),
        acts=(Each((("path", (Note("all begin at the same point", lambda k: k == 0), Note(KEEPS[methods[best]]))),
                    ("loss", Note("the marks show where the loss is lowest", bool(_aims(trace)))))),),
        opening=sentence("every method reads the slope; ", "what it remembers of it makes its step")
        if len(methods) > 1 else sentence("the slope says where down is; ", "the method makes a step of it"),
        closing=_closing(telling, best),
        options=_options(config),
        drawn=phrases.not_all(len(shown), len(methods)),
        follow=states - 1,
        words={
            "path": lambda unit: _moved(telling, unit, methods[best]),
            "loss": lambda unit: _front(telling, unit, shown),
        },
        evidence=tuple(Region.of("loss", methods=k, states=telling.film.selected(states)[-1]) for k in shown),
    )  # fmt: skip


def _lowest(losses: Array, shown: Sequence[int]) -> int:
    """Which method is lowest, of those that are drawn; what is no number is highest."""
    return int(np.argmin(np.nan_to_num(losses[: len(shown)], nan=np.inf)))


def _tied(losses: Array, shown: Sequence[int]) -> bool:
    """Whether several methods are drawn and all are equally low."""
    return len(shown) > 1 and bool((losses[: len(shown)] == losses[0]).all())


def _aims(trace: Trace) -> tuple[tuple[float, float], ...]:
    """The lowest points of the surface, where it has any."""
    if "minimum" not in trace:
        return SURFACES[_surface(trace)].minima
    return lowest(trace["curvature"], trace["minimum"])


def _moved(telling: Telling, unit: int, method: str) -> Line:
    """``x: −2.00 − 0.18 · (−2.00) = −1.64``: the last act of an update, as the trace holds it."""
    trace, name = telling.trace, f"{method}.parameters"
    made, steps = Address(name, (unit, 0)), trace.steps
    assert isinstance(steps, Steps)  # the engine makes them on demand
    at = steps.writing(name, {"states": unit})
    if at is None:
        raise LookupError(f"no step writes {name} at {unit}")
    if steps[at].operation != "add_scaled":
        return Run("x at the start"), *phrases.reads(telling.text(made), made)
    before, way = (Address(r.tensor, (*(place.start if isinstance(place, range) else place for _, place in r.where), 0))
                   for r in steps[at].reads)  # fmt: skip
    factor = float(dict(steps[at].parameters)["factor"])
    return Run(f"{method}, x: ", source=Fact("method")), *phrases.stepped(telling, before, factor, way, made)


def _front(telling: Telling, unit: int, shown: Sequence[int]) -> Line:
    """Which method is lowest now, and how low."""
    trace, methods = telling.trace, telling.config.methods
    k = _lowest(trace["loss"][:, unit], shown)
    place = Address("loss", (k, unit))
    said = f"lowest: {methods[k]}, loss" if len(methods) > 1 else f"{methods[k]}: loss"
    said = "all alike: loss" if _tied(trace["loss"][:, unit], shown) else said
    return Run(said, source=Fact("method")), *phrases.reads(telling.text(place), place)


def _closing(telling: Telling, best: int) -> Line:
    """Who is lowest at the end, and how low: what reads as 0 though it is not is next to it."""
    trace, methods = telling.trace, telling.config.methods
    last = telling.film.selected(trace.size("states"))[-1]
    at = Address("loss", (best, last))
    near = numbers.vanishes(telling.text(at))
    said, to = (f"{methods[best]} is lowest, ", "at") if len(methods) > 1 else (f"{methods[best]} has come ", "to")
    said, to = ("all have come ", "to") if _tied(trace["loss"][:, last], range(len(methods))) else (said, to)
    low = Run("next to 0", "result", "semibold", Fact("loss")) if near else telling.number(at, "result", "semibold")
    return (
        Run(f"{phrases.so_many('update', 'updates', last)}: ", weight="regular", source=Fact("updates")),
        Run(said + f"{to} " * (not near), "result", "semibold", Fact("method")),
        low,
    )


def _options(config: Any) -> tuple[str, ...]:
    """The surface, how long, how far; then what is not usual."""
    own = ("surface", "methods", "updates", "learning_rate", "grid")
    rates = config.learning_rate
    usual = {item.name: item.default for item in config.options()}
    changed = [(name, value) for name, value in vars(config).items() if name not in own and value != usual[name]]
    return (
        config.surface,
        *(config.methods if len(config.methods) > MOST_LINES else ()),
        phrases.so_many("update", "updates", config.updates),
        f"rate {rates[0]:g}" if len(set(rates)) == 1 else f"rates {', '.join(f'{rate:g}' for rate in rates)}",
        *(_named(name.replace("_", " "), value) for name, value in changed),
    )


def _named(name: str, value: Any) -> str:
    return name if value is True else f"{name} {value:g}"


def _surface(trace: Trace) -> str:
    config: Any = trace.config
    return str(config.surface)


DescentStory = story("Optimisers on a loss surface", film, GOOD_FOR, takes=3)
