"""Backpropagation: forwards to the loss, then the errors back; every weight's gradient, its proof, and one step."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from layeranim import numbers
from layeranim.stories import phrases
from layeranim.stories.activations import activation_name
from layeranim.stories.dense.backprop_words import BackView, symbols, words
from layeranim.stories.stage import All, Column, Each, Grid, Note, Play, Row, Tally, Tries, Turn, Units, story
from layeranim.stories.stage.language import Act
from layeranim.stories.stage.solver import Node
from layeranim.stories.storyboard import Address, Fact, Run, Telling

GOOD_FOR = "how networks learn: one way back, a slope for every weight"
NUDGE = 0.01
"""How far a weight is moved to see what the loss does."""
DEEP = 2
"""Networks of more layers have one act a layer, on the way there and on the way back."""
SAID, BRIEFLY, LONGEST = 2.0, 1.7, 28.0
"""Seconds of a layer on the way there, of any other act, and of the film before it is given time to be read."""


def film(telling: Telling) -> Play:
    """The film of one step of backpropagation."""
    view = BackView(telling)
    last = view.layers
    path = {view.axis(last): view.upper} | {view.axis(k): 0 for k in range(last - 1)}
    lower = {view.axis(last - 1): view.lower}  # not in ``at``: a unit writes the slopes of all of its weights
    back = [act for k in range(last - 1, 0, -1) for act in _back(view, k)]
    acts = (*_forwards(view), *view.step.charged(BRIEFLY), _edges(view), *back, *_proof(view), _step(view))
    return Play(
        units=Units((view.axis(last),), ("unit", "units"), names=lambda unit: f"output unit {unit + 1}",
                    inner=lambda unit: {view.axis(last - 1): view.steepest(unit)}),
        stage=_stage(view),
        acts=tuple(replace(act, at=lower) if isinstance(act, All) else act for act in acts),
        opening=(Run("forwards to the loss, then "), Run("every error back to what made it", "weights", "semibold")),
        opening_note=f"{view.trace.facts['parameters']} weights{' and biases' * view.biased}: which way for each?",
        closing=view.step.closing(),
        options=(*view.options(), *view.step.options(view.called)),
        kinds=view.shares | ({view.step.target: "share"} if view.end == "softmax" else {}),
        follow=view.upper,
        at=path,
        templates=view.step.templates(),
        words=words(view, path | lower),
        symbols=symbols(view),
        longest=LONGEST,
        largest=True,
    )  # fmt: skip


# ── stage ────────────────────────────────────────────────────────────────────
def _stage(view: BackView) -> Node:
    """The net with errors under its nodes; or columns of cells, with what comes back below them."""
    last = view.layers
    beside = Grid(view.step.target, "target", rows=view.axis(last), sized=False), Tally("loss", "loss")
    there: list[Node | str] = [Grid("input", "x", rows="in_features")]
    back: list[Node | str] = []
    for k in range(1, last + 1):
        there += ["→", Grid(view.made(k), view.name(k), rows=view.axis(k))]
        sign = f"δ_{{{k}}}" if last > 1 else "δ"
        slopes = Grid(f"grad_dense{k}_weight", f"∂W_{{{k}}}" if last > 1 else "∂W", view.axis(k), view.axis(k - 1))
        back += [*([slopes] if last <= DEEP or k == last else []), Grid(view.error(k), sign, rows=view.axis(k))]
    return Tries(Row(view.net(back=True), *beside), Column(Row(*there, *beside), Row(*back)), least=44)


# ── acts ─────────────────────────────────────────────────────────────────────
def _forwards(view: BackView) -> list[Act]:
    """Layer after layer to the output."""
    first = Note("forwards: multiply, add up, bend")
    out: list[Act] = [All((*view.sums(k), view.made(k)), first, SAID) for k in range(1, view.layers)]
    if view.end == "linear":
        return [*out, All((*view.sums(view.layers), "output"), first, SAID)]
    steps = tuple(name for name in view.trace if name.startswith(("softmax_", "sigmoid_")))
    every = (*view.sums(view.layers), *steps, "output")
    return [*out, All(every, first, BRIEFLY, says=lambda figures: view.ended(figures, view.upper))]


def _edges(view: BackView) -> Each:
    """The gradients of the last layer's weights, unit by unit."""
    blame = Note("blame: what came in, times the error that came back", view.step.batch == 1)
    several = Note("blame: what came in, times the error", view.step.batch > 1)
    return Each(((view.slopes, (blame, several)),))


def _back(view: BackView, k: int) -> list[Act]:
    """The errors of a hidden layer, and with them the gradients of its weights."""
    over = Note("errors come back over the same edges")
    bend = Note(f"and through the slope of {activation_name(view.activation)}", view.activation != "linear")
    before, after, slopes = f"grad_dense{k}_output", view.error(k), f"grad_dense{k}_weight"
    again = Note("again: what came in, times the error", view.step.batch == 1)
    if view.layers > DEEP:
        return [All((before, after, slopes), (over, again), BRIEFLY)]
    if view.activation == "linear":
        return [All((before, after), over, BRIEFLY), All((slopes,), again, BRIEFLY)]
    return [All((before,), over, BRIEFLY), All((after,), bend, BRIEFLY), All((slopes,), again, BRIEFLY)]


def _proof(view: BackView) -> list[Act]:
    """One weight is moved to either side: what the loss does is what its gradient said."""
    upper, lower = view.upper, view.lower
    weight, slope = view.trace[view.last], float(view.trace[view.slopes][upper, lower])
    moved = []
    for sign in (1, -1):
        other = np.array(weight)
        other[upper, lower] += sign * NUDGE
        moved.append(view.step.loss_with({view.last: other}))
    found = (moved[0] - moved[1]) / (2 * NUDGE)
    style = view.telling.style(view.slopes)
    text, said = (numbers.text(value, style) for value in (found, slope))
    if not np.isfinite(found) or text != said:
        return []
    cell = Address(view.slopes, (upper, lower))
    says = (
        Run(f"this weight ± {NUDGE:g}: the loss goes from ", source=Fact("nudge")),
        Run(f"{moved[1]:.4f}", "ink", source=Fact("nudged")),
        Run(" to "), Run(f"{moved[0]:.4f}", "ink", source=Fact("nudged")),
        Run(f",  over {2 * NUDGE:g}: ", source=Fact("nudge")),
        phrases.result(said, cell),
    )  # fmt: skip
    return [Turn(view.slopes, says, Note("its gradient said the same"), SAID)]


def _step(view: BackView) -> All:
    """All weights and biases at once, against their slopes."""
    every = [f"new_dense{k}_{name}" for k in range(1, view.layers + 1) for name in ("bias", "weight")]
    return All(tuple(every), view.step.down, BRIEFLY)


BackpropStory = story("Backpropagation", film, GOOD_FOR, takes=8)
