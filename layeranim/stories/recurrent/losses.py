"""A loss at every time step: each sends its gradient back, what arrives at a step adds up, one weight is blamed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from layeranim import numbers
from layeranim.engine.trace import Region
from layeranim.stories import phrases
from layeranim.stories.stage import All, Column, Each, Grid, Lattice, Lines, Mask, Note, Play, Row, Units
from layeranim.stories.stage.figures import Figures
from layeranim.stories.stage.parts.tracks import drawn
from layeranim.stories.storyboard import Address, Fact, Line, Run, Telling

NAMED = 30
"""Of more time steps none is called by its number."""


def film(telling: Telling, ways: Sequence[str], options: Sequence[str], good_for: str) -> Play:
    """The film of all losses, of the scale that is drawn last."""
    trace, config = telling.trace, telling.config
    steps, hidden = trace.size("time"), trace.size("hidden")
    shown = drawn(trace.size("ways"))
    way, reach = shown[-1], config.truncate or steps
    told = telling.film.selected(steps)
    whole = len(told) == steps
    cell = (("ways", way), *((("hidden_before", 0),) if hidden > 1 else ()))
    weight = (*cell, *((("hidden", 0),) if hidden > 1 else ()))
    of = f", {ways[-1]}" if len(shown) > 1 else ""
    times = tuple(f"t = {t}" for t in range(1, steps + 1)) if steps <= NAMED else ()

    def inner(unit: int) -> dict[str, int]:
        """The farthest loss that reaches a step."""
        return {"ways": way, "scales": way, "losses": min(steps - 1, steps - 1 - unit + reach)}

    def clipped(unit: int) -> bool:
        lengths = trace["gradient_norm"][: len(shown), steps - 1 - unit]
        return config.threshold is not None and bool((lengths > config.threshold).any())

    sent = Lattice(
        (Grid("loss", "loss", "time", None, at=(("scales", way),), sized=False, called=(times, ()), lens=False),
         Grid("sent", "what each loss sends back to t", "losses", "time", at=cell, sized=False, called=((), times),
              lens=False)),
        (None, Grid("gradient", f"gradient at t{of}", None, "time", at=cell, sized=False)),
    )  # fmt: skip
    blamed = Row(
        Grid("blame", "blame of U at t", None, "time", at=weight, sized=False, lens=False),
        Grid("weight_gradient", "sum", at=weight, sized=False),
    )
    lengths = Lines("gradient_norm", "length of the gradient at t", "ways", tuple(ways), config.threshold, 1, low=True)
    return Play(
        title="Backpropagation through time",
        units=Units(
            ("time",), ("step back", "steps back"), (), names=tuple(f"t = {steps - k}" for k in range(steps)),
            most={"ways": len(shown)}, inner=inner, turned=True,
        ),
        stage=Row(sent, Column(lengths, blamed) if whole else lengths),
        acts=(
            Each((
                ("loss", Note("every step has a loss of its own", lambda k: k == 0 and steps > 1)),
                ("sent", tuple(_sending(reach))),
                (("gradient_norm", "clipped", "gradient"), (
                    Note("above the dashed line a gradient keeps its direction and loses its length", clipped),
                    Note("what all of them send to a step adds up", lambda k: k > 0),
                )),
            ), again=("sent",), pause=2.2),
            *(_blames(way, steps) if whole else ()),
        ),
        retold={"sent": _sent, "blame": _blamed},
        opening=phrases.sentence("every time step has a loss, ", "and each sends its blame back"),
        closing=lambda figures: _closing(figures, whole, way, told[-1]),
        good_for=good_for,
        options=tuple(options),
        drawn=(
            *((f"{len(shown)} of {trace.size('ways')} drawn",) if len(shown) < trace.size("ways") else ()),
            *((f"state 1 of {hidden}, weight 1 of {hidden**2} drawn",) if hidden > 1 else ()),
        ),
        follow=max(0, steps - 2),
        masks={"sent": Mask(~np.tri(steps, dtype=bool))},
        alike=(("sent", "gradient"), ("blame", "weight_gradient")),
        evidence=(Region.of("weight_gradient", ways=way, hidden=0, hidden_before=0),) if whole
        else (Region.of("gradient", ways=way, time=steps - 1 - told[-1], hidden_before=0),),
    )  # fmt: skip


def _blames(way: int, steps: int) -> Iterator[All]:
    """What U is blamed for, at each step and in all."""
    blamed = Note("U is blamed at each step: the gradient times the slope, times the state before")
    yield All(("blame",), blamed, at={"ways": way})
    yield All(("weight_gradient",), Note("every step used the same U: its blame adds up", steps > 1), at={"ways": way})


def _sending(reach: int) -> Iterator[Note]:
    """What arrives at a step of what losses send."""
    yield Note("a loss begins with its error: what the state is, less what it should be", lambda k: k == 0)
    yield Note("the way back is cut off: older steps hear nothing of it", lambda k: k > reach)
    yield Note("every later loss sends on what it sent: one factor more", lambda k: 0 < k <= reach)


def _sent(figures: Figures, unit: int) -> Line:
    """``0.03 − 1.00 = −0.97``: an error; or what the farthest loss sent to the step after, times one more factor."""
    to = figures.cell_of("sent", unit, figures.inner(unit))
    way, _, loss, t = to.index
    if t == loss:
        pair, sign = (Address("hidden", (way, t, 0)), Address("target", (t, 0))), numbers.MINUS
    elif figures.trace.size("hidden") > 1:
        return (Run(f"times the Jacobian of t = {t + 2}: ", source=Fact("step")),
                Run("its slopes times U", "result", "semibold", Fact("factor")))  # fmt: skip
    else:
        pair, sign = (Address("sent", (way, 0, loss, t + 1)), Address("jacobian", (way, t + 1, 0, 0))), ""
    return _pair(figures, pair, to, sign)


def _blamed(figures: Figures, unit: int) -> Line:
    """A step's part in the gradient of U: what arrived behind its slope, times the state before."""
    to = figures.cell_of("blame", unit, figures.inner(unit))
    way, _, _, t = to.index
    return _pair(figures, (Address("delta", (way, t, 0)), Address("previous_hidden", (way, t, 0))), to)


def _pair(figures: Figures, pair: tuple[Address, Address], to: Address, minus: str = "") -> Line:
    """Two numbers and what is made of them: a product, or with the sign a difference."""
    a, b, made = (figures.text(at) for at in (*pair, to))
    x, y = numbers.double(a), numbers.double(b)
    relation = numbers.agrees(x - y if minus else x * y, made, a, b)
    return (
        Run(a if minus else numbers.factor(a), "ink", source=pair[0]),
        Run(f" {minus} " if minus else numbers.DOT), Run(numbers.factor(b), "weights", source=pair[1]),
        phrases.relation_run(relation), phrases.result(made, to),
    )  # fmt: skip


def _closing(figures: Figures, whole: bool, way: int, last: int) -> Line:
    """What U is blamed for, or how much arrives at the last step that is told."""
    steps = figures.trace.size("time")
    losses = phrases.so_many("loss", "losses", steps)
    if whole:
        lead, at = f"{losses}, one weight: its blame adds up to ", Address("weight_gradient", (way, 0, 0))
    else:
        lead, at = (
            f"back to t = {steps - last}: a gradient of length ",
            Address("gradient_norm", (way, steps - 1 - last)),
        )
    return Run(lead, weight="regular", source=Fact("losses")), Run(figures.text(at), "result", "semibold", at)
