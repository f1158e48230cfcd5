"""Vanishing and exploding gradients: step by step back through time, multiplied once more at each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from layeranim import numbers
from layeranim.engine.recurrent.vanishing import VanishingConfig
from layeranim.engine.trace import Array, Region
from layeranim.stories import phrases
from layeranim.stories.phrases import sentence
from layeranim.stories.recurrent import losses
from layeranim.stories.stage import Column, Each, Grid, Lines, Note, Play, Row, Units, story
from layeranim.stories.stage.parts.tracks import MOST_LINES, drawn
from layeranim.stories.storyboard import Address, Fact, Line, Run, Telling

GOOD_FOR = "why long memories are hard to learn, and why gates and clipping help"
SHORT = 15
"""Of numbers with more letters than these only those of the first and of the last scale are said at the end."""
NAMED = 30
"""Of more time steps none is called by its number."""


def film(telling: Telling) -> Play:
    """The film of the way back."""
    trace, config = telling.trace, telling.config
    ways, steps = trace.size("ways"), trace.size("time")
    shown, lanes = drawn(ways), int(config.forget is not None)
    norms = np.asarray(trace["gradient_norm"], float)[: len(shown), ::-1]
    told = (
        len(shown) - 1 - int(np.argmax(np.nan_to_num(norms[:, min(1, steps - 1) :]).max(axis=1)[::-1]))
    )  # of equals the largest scale
    rows = tuple(map(_names(telling).__getitem__, shown))
    if config.losses == "every":
        return losses.film(telling, rows, _options(telling), GOOD_FOR)
    cols = tuple(f"t = {t}" for t in range(1, steps + 1)) if steps <= NAMED else ()
    clipped, reach = "clipped" in trace, config.truncate or steps
    last = telling.film.selected(steps)[-1]
    return Play(
        title="Gradients through time",
        units=Units(("time",), ("step back", "steps back"), (),
                    names=tuple(f"t = {steps - k}" for k in range(steps)), most={"ways": len(shown)},
                    inner=lambda _: {"ways": told}, turned=True),
        stage=Row(
            Lines("gradient_norm", "length of the gradient at t", "ways", rows, config.threshold, 1),
            Column(Grid("gradient_norm", "length", "ways", "time", sized=False, called=(rows, cols)),
                   *((Grid("clipped", "clipped g", "ways", "hidden_before", sized=False, called=(rows, ())),)
                     if clipped else ())),
        ),
        acts=(
            Each((
                ("product", (Note("the loss hangs on the last state alone", lambda k: k == 0),
                             Note("the way back is cut off: nothing goes further", lambda k: k > reach),
                             Note("one step further back, one factor more: " +
                                  ("the forget gate" if told < lanes else "the weight U times the slope"),
                                  lambda k: 0 < k <= reach))),
                (("gradient_norm", "clipped") if clipped else "gradient_norm", tuple(_notes(norms, rows, config))),
            )),
        ),
        words={
            "product": lambda unit: _multiplied(telling, told, steps - 1 - unit),
            "gradient_norm": lambda unit: _long(telling, told, steps - 1 - unit),
            "clipped": lambda unit: _shortened(telling, told, steps - 1 - unit),
        },
        opening=sentence("the blame for an error goes back step by step, ", "and is multiplied at each"),
        closing=_closing(telling, shown, steps - 1 - last),
        good_for=GOOD_FOR,
        options=_options(telling),
        drawn=(f"{MOST_LINES} of {ways} drawn",) if len(shown) < ways else (),
        follow=steps - 1,
        evidence=tuple(Region.of("gradient_norm", ways=k, time=steps - 1 - last) for k in shown),
    )  # fmt: skip


def _options(telling: Telling) -> tuple[str, ...]:
    """What the header says."""
    trace, config = telling.trace, telling.config
    return (
        phrases.so_many("time step", "time steps", trace.size("time")),
        f"hidden {trace.size('hidden')}",
        *(("a loss at every step",) if config.losses == "every" else ()),
        *((config.nonlinearity,) if config.nonlinearity != "tanh" else ()),
        *((f"forget gate {config.forget:g}",) if config.forget is not None else ()),
        *((f"clipped at {config.threshold:g}",) if config.threshold is not None else ()),
        *((f"cut off after {phrases.so_many('step', 'steps', config.truncate)}",) if config.truncate else ()),
    )


def _names(telling: Telling) -> list[str]:
    """What the ways are called: the lane of an LSTM's cell, then the scales."""
    states = [f"{float(s):g} · U" for s in telling.trace["scales"]]
    return states if telling.config.forget is None else ["LSTM cell", *states]


def _notes(norms: Array, names: tuple[str, ...], config: VanishingConfig) -> list[Note]:
    """What the lengths do, of all that are drawn: (ways, steps back); of those that grow or shrink the one that does so
    most."""
    ends = np.nan_to_num(norms[:, -1])
    most, least = int(np.argmax(ends)), int(np.argmin(ends))

    def far(k: int) -> bool:
        return config.threshold is not None and bool((norms[:, k] > config.threshold).any())

    def level(k: int) -> bool:
        kept, lost = norms[0, k], norms[1:, k] < norms[1:, 0] / 2
        return config.forget is not None and k > 0 and bool(kept >= norms[0, 0] / 2 > 0) and bool(lost.any())

    def explodes(k: int) -> bool:
        return k > 0 and bool(norms[most, k] > 2 * norms[most, 0])

    def vanishes(k: int) -> bool:
        return k > 0 and bool(0 < norms[least, k] < norms[least, 0] / 2)

    return [
        Note("above the dashed line a gradient keeps its direction and loses its length", far),
        Note("the cell's lane stays open: what is far back still gets its blame", level),
        Note(f"{names[most]} explodes: one such step throws the weights far away", explodes),
        Note(f"{names[least]} vanishes: the distant past gets no blame", vanishes),
    ]


def _multiplied(telling: Telling, k: int, t: int) -> Line:
    """``2.25 · 1.50 = 3.38``: the way so far times one more step's factor; of several units both are matrices."""
    trace = telling.trace
    if t == trace.size("time") - 1:
        return (Run("the last state: nothing is multiplied yet", source=Fact("last")),)
    if telling.config.truncate is not None and trace.size("time") - 1 - t > telling.config.truncate:
        return (
            Run("cut off: ", source=Fact("cut off")),
            Run("0 goes further back", "result", "semibold", Fact("zero")),
        )
    if trace.size("hidden") > 1:
        if k == 0 and telling.config.forget is not None:
            return Run("times the forget gate ", source=Fact("step")), Run(
                f"{telling.config.forget:g}", "result", "semibold", Fact("forget")
            )
        return (Run(f"times the Jacobian of t = {t + 2}: ", source=Fact("step")),
                Run("its slopes times U", "result", "semibold", Fact("factor")))  # fmt: skip
    places = [Address(name, (k, at, 0, 0)) for name, at in (("product", t + 1), ("jacobian", t + 1), ("product", t))]
    texts = [numbers.text(trace[p.tensor][p.index], _style(telling, p.tensor)) for p in places]
    relation = numbers.agrees(numbers.double(texts[0]) * numbers.double(texts[1]), texts[2], *texts[:2])
    return (
        Run(numbers.factor(texts[0]), "ink", source=places[0]), Run(numbers.DOT),
        Run(numbers.factor(texts[1]), "weights", source=places[1]), phrases.relation_run(relation),
        phrases.result(texts[2], places[2]),
    )  # fmt: skip


def _long(telling: Telling, k: int, t: int) -> Line:
    """How long the gradient is that arrives."""
    place = Address("gradient_norm", (k, t))
    text = numbers.text(telling.trace["gradient_norm"][k, t], _style(telling, "gradient_norm"))
    return Run("length"), phrases.equals(text, late=True), phrases.result(text, place)


def _style(telling: Telling, tensor: str) -> numbers.Style:
    return numbers.style(telling.trace[tensor], precision=telling.film.precision)


def _shortened(telling: Telling, k: int, t: int) -> Line:
    """How long the gradient is, and how long it may be."""
    trace, config = telling.trace, telling.config
    norm = trace["gradient_norm"]
    text = numbers.text(norm[k, t], _style(telling, "gradient_norm"))
    long = bool(norm[k, t] > config.threshold)
    return (
        Run("length "), Run(text, "ink", source=Address("gradient_norm", (k, t))),
        Run(f" > {config.threshold:g}: clipped" if long else ": left as it is", "result", "semibold", Fact("limit")),
    )  # fmt: skip


def _closing(telling: Telling, shown: Sequence[int], t: int) -> Line:
    """What arrives at the end of the way, of each scale."""
    trace = telling.trace
    norm, style, names = trace["gradient_norm"], _style(telling, "gradient_norm"), _names(telling)
    back = norm.shape[1] - 1 - t
    out = [Run(f"{phrases.so_many('step', 'steps', back)} back: ", weight="regular", source=Fact("steps"))]
    ends = shown if len(shown) <= 3 else (shown[0], shown[-1])
    if sum(len(numbers.text(norm[k, t], style)) for k in ends) > SHORT:
        ends = (shown[0], shown[-1])
    for i, k in enumerate(dict.fromkeys(ends)):
        text, place = numbers.text(norm[k, t], style), Address("gradient_norm", (k, t))
        out.append(Run(f"{', ' if i else ''}{names[k]} leaves ", "result", source=Fact("scale")))
        out.append(Run(text, "result", "semibold", place))
    return tuple(out)


VanishingStory = story("Gradients through time", film, GOOD_FOR)
