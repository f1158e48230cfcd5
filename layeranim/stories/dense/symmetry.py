"""Hidden units change places, each with all of its weights: the network looks other, every output stays."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from layeranim.engine.trace import Region
from layeranim.stories.activations import activation_word, bounded
from layeranim.stories.phrases import sentence
from layeranim.stories.stage import All, Column, Each, Grid, NetLayer, Network, Note, Play, Row, Tries, Units, story
from layeranim.stories.stage.solver import Node
from layeranim.stories.storyboard import Fact, Line, Run, Telling

GOOD_FOR = "why there is never one best set of weights, and why units must not start alike"
CLOSE = 1e-6
SHORT = 10**6
NAMED = 5
"""Of more units the header has no room for their order."""
LOW = 240.0
"""The height of a network over the other one."""


def film(telling: Telling) -> Play:
    """The film of both networks."""
    config, sample = telling.config, telling.sample
    order, units = config.order, config.hidden
    bent = config.activation != "linear"
    place = next((k for k, unit in enumerate(order) if unit == 1), 0)
    sums = ("products", "weighted_sum", "pre_activation")
    nets = [
        Network((NetLayer("input", "x", "in_features"),
                 NetLayer(f"{prefix}hidden", text, axis, f"{prefix}weight", f"{prefix}pre_activation" * bent),
                 NetLayer(f"{prefix}output", "y", "outputs", f"{prefix}out_weight")))
        for prefix, text, axis in (("", "h", "units"), ("moved_", "h", "places"))
    ]  # fmt: skip
    columns: list[Node | str] = [
        Grid("hidden", "h", rows="units"), "→", Grid("output", "y", rows="outputs"), "→",
        Grid("moved_hidden", "h, moved", rows="places"), "→", Grid("moved_output", "y", rows="outputs"),
    ]  # fmt: skip
    return Play(
        units=Units(("outputs",), ("output", "outputs")),
        stage=Tries(Row(nets[0], "→", nets[1]), Column(*(replace(net, high=LOW) for net in nets)), Row(*columns),
                    least=1),
        acts=(
            All((*sums, "hidden"), Note("the hidden units of the first network")),
            All((*(f"moved_{name}" for name in ("weight", "bias", "out_weight", *sums)), "moved_hidden"),
                Note("every unit has kept its weights, and so its number"), says=_places(order),
                at={"places": place}),
            Each((
                (("out_products", "out_sum", "output"), Note("before they change places")),
                (("moved_out_products", "moved_out_sum", "moved_output"),
                 Note("after: the same terms in another order, the same sum", _same(telling))),
            ), pause=3.0),
        ),
        opening=sentence("a hidden unit changes its place ", "with all of its edges"),
        closing=_closing(telling),
        options=(
            f"{config.input_size}→{units}→{config.outputs}", activation_word(config.activation),
            f"order {','.join(map(str, order))}" if units <= NAMED else "units moved",
        ),
        alike=(("output", "moved_output"), ("hidden", "moved_hidden")),
        spans=bounded(config.activation, "hidden", "moved_hidden"),
        evidence=tuple(Region.of(name, batch=sample) for name in ("output", "moved_output")),
    )  # fmt: skip


def _places(order: tuple[int, ...]) -> Line:
    """``units 2 1 3 from top to bottom``."""
    shown = " ".join(map(str, order[:12])) + (" …" if len(order) > 12 else "")
    return Run("from top to bottom: units "), Run(shown, "ink", "semibold", Fact("order"))


def _same(telling: Telling) -> bool:
    """Whether every output has stayed, but for the rounding of sums in another order."""
    k = telling.sample
    before, after = (np.asarray(telling.trace[name][k], float) for name in ("output", "moved_output"))
    finite = bool(np.isfinite(before).all() and np.isfinite(after).all())
    return finite and bool(np.allclose(before, after, rtol=CLOSE, atol=CLOSE * np.abs(before).max(initial=0)))


def _closing(telling: Telling) -> Line:
    orders, units = int(telling.trace.facts["orders"]), telling.config.hidden
    if not _same(telling):
        return sentence("no output is a number here: ", "other inputs show it")
    many = f"{units}! = {orders}" if orders < SHORT else f"{units}!"
    return sentence(f"{many} orders of the hidden units: ", "one function", "orders")


SymmetryStory = story("Hidden units change places", film, GOOD_FOR, takes=6)
