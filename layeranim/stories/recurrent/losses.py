"""A loss at every time step: each sends its gradient back, what arrives at a step adds up, one weight is blamed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from layeranim import numbers
from layeranim.engine.trace import Region
from layeranim.stories import phrases
from layeranim.stories.recurrent import vanishing
from layeranim.stories.recurrent.vanishing import ThroughTime, jacobian, pair
from layeranim.stories.stage import All, Column, Each, Grid, Lattice, Mask, Note, Play, Row, story
from layeranim.stories.stage.figures import Figures
from layeranim.stories.storyboard import Address, Fact, Line, Run, Telling


def film(telling: Telling) -> Play:
    """The film of the way back: of all losses, or of the one at the end."""
    view = ThroughTime(telling)
    return every(view) if view.config.losses == "every" else vanishing.film(view)


def every(view: ThroughTime) -> Play:
    """The film of all losses, of the scale that is drawn last."""
    steps, hidden = view.steps, view.trace.size("hidden")
    way, told = view.shown[-1], view.told
    whole = len(told) == steps
    cell = (("ways", way), *((("hidden_before", 0),) if view.several else ()))
    weight = (*cell, *((("hidden", 0),) if view.several else ()))
    of = f", {view.names[-1]}" if len(view.shown) > 1 else ""

    def inner(unit: int) -> dict[str, int]:
        """The farthest loss that reaches a step."""
        return {"ways": way, "scales": way, "losses": min(steps - 1, view.t(unit) + view.reach)}

    sent = Lattice(
        (Grid("loss", "loss", "time", None, at=(("scales", way),), sized=False, called=(view.times, ()), lens=False),
         Grid("sent", "what each loss sends back to t", "losses", "time", at=cell, sized=False,
              called=((), view.times), lens=False)),
        (None, Grid("gradient", f"gradient at t{of}", None, "time", at=cell, sized=False)),
    )  # fmt: skip
    blamed = Row(
        Grid("blame", "blame of U at t", None, "time", at=weight, sized=False, lens=False),
        Grid("weight_gradient", "sum", at=weight, sized=False),
    )
    part = (f"state 1 of {hidden}, weight 1 of {hidden**2} drawn",) if view.several else ()
    adds = Note("what all of them send to a step adds up", lambda k: k > 0)
    return Play(
        title="Backpropagation through time",
        units=view.units(inner),
        stage=Row(sent, Column(view.lines(low=True), blamed) if whole else view.lines(low=True)),
        acts=(
            Each((
                ("loss", Note("every step has a loss of its own", lambda k: k == 0 and steps > 1)),
                ("sent", tuple(_sending(view.reach))),
                (("gradient_norm", "clipped", "gradient"), (view.clipped(), adds)),
            ), again=("sent",), pause=2.2),
            *(_blames(view, way) if whole else ()),
        ),
        retold={"sent": _sent},
        opening=phrases.sentence("every time step has a loss, ", "and each sends its blame back"),
        closing=lambda figures: _closing(figures, whole, way, told[-1]),
        options=view.options(),
        drawn=(*phrases.not_all(len(view.shown), view.ways), *part),
        follow=max(0, steps - 2),
        masks={"sent": Mask(~np.tri(steps, dtype=bool))},
        alike=(("sent", "gradient"), ("blame", "weight_gradient")),
        evidence=(Region.of("weight_gradient", ways=way, hidden=0, hidden_before=0) if whole
                  else Region.of("gradient", ways=way, time=view.t(told[-1]), hidden_before=0),),
    )  # fmt: skip


def _blames(view: ThroughTime, way: int) -> Iterator[All]:
    """What U is blamed for, at each step, where it is blamed most, and in all."""
    blamed = Note("U is blamed at each step: the gradient times the slope, times the state before")
    most = int(np.argmax(np.abs(np.nan_to_num(view.trace["blame"][way, 0, 0]))))
    yield All(("blame",), blamed, at={"ways": way, "time": most}, says=lambda f: _blamed(f, way, most))
    adds = Note("every step used the same U: its blame adds up", view.steps > 1)
    yield All(("weight_gradient",), adds, at={"ways": way})


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
        return pair(figures.text, Address("hidden", (way, t, 0)), Address("target", (t, 0)), to, numbers.MINUS)
    if figures.trace.size("hidden") > 1:
        return jacobian(t)
    return pair(figures.text, Address("sent", (way, 0, loss, t + 1)), Address("jacobian", (way, t + 1, 0, 0)), to)


def _blamed(figures: Figures, way: int, t: int) -> Line:
    """A step's part in the gradient of U: what arrived behind its slope, times the state before."""
    arrived, before = (Address(name, (way, t, 0)) for name in ("delta", "previous_hidden"))
    return pair(figures.text, arrived, before, Address("blame", (way, 0, 0, t)))


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


VanishingStory = story("Gradients through time", film, vanishing.GOOD_FOR)
