"""Four layers on one input: which output reads what, with which weights, in which order, and how far a signal goes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from layeranim.engine.compare import FIRST, KINDS, SWAPPED
from layeranim.engine.trace import Trace
from layeranim.stories import phrases
from layeranim.stories.phrases import sentence
from layeranim.stories.stage import All, Column, Each, Note, Play, Row, Tries, Units, Wires, story
from layeranim.stories.stage.solver import Node
from layeranim.stories.storyboard import Fact, Run, Telling

GOOD_FOR = "what a layer can learn easily follows from its edges"
FOR = {"dense": "no order", "convolution": "neighbours", "recurrent": "time", "attention": "any two places"}
"""What the edges of a layer are made for."""
DRAWN = FIRST
"""So many inputs and outputs are drawn, the first ones."""
COUNTS = (("weights", "weights"), ("edges", "edges"), ("in turn", "order"), ("end to end", "path"))
"""What is counted of a layer, and how it is called."""
SEEN = 0.02
"""An edge that becomes lighter or heavier by less of the heaviest looks as it did."""
LEGIBLE = 30.0
"""From node to node where a digit has room in each."""
MEANT = "in turn: outputs made one after another; end to end: edges from first place to last"


def film(telling: Telling) -> Play:
    """The film of the comparison: layer by layer, then with two inputs swapped."""
    trace, config = telling.trace, telling.config
    places, names = config.places, tuple(config.layers)
    whole = len(telling.film.selected(len(names))) == len(names)
    swap = (config.swap or ()) if whole else ()
    drawn = min(places, DRAWN)
    told = min(range(drawn), key=lambda k: (k + 1 in swap, abs(k - drawn // 2)))
    a, b = sorted(place - 1 for place in swap or (1, 1))
    panels = [Wires("outputs", "input", "links", "edge_weights", k, name, told, COUNTS, SWAPPED if swap else "", (a, b),
                    "changed") for k, name in enumerate(names)]  # fmt: skip
    return Play(
        title=f"{_number(len(names))} on one input",
        units=Units(
            ("layers",), ("layer", "layers"), (), names,
            most={"in_places": drawn, "out_places": drawn}, inner=lambda _: {"out_places": told},
        ),
        stage=_stage(panels),
        acts=(
            Each(((("edge_weights", *(tensor for _, tensor in COUNTS), "outputs"), _notes(trace, config)),)),
            *(_swapped(trace, config, told) if swap else ()),
        ),
        opening=sentence(f"{phrases.so_many('number', 'numbers', places)} in, as many out: ",
                         "which output reads what?"),
        opening_note=MEANT,
        closing=sentence("choose the layer ", "whose edges fit your data") if len(names) > 1
        else sentence("every layer has ", "edges of its own kind"),
        good_for="; ".join(f"{name}: {FOR[name]}" for name in names),
        options=(
            phrases.so_many("place", "places", places),
            *((f"kernel {config.kernel_size}",) if "convolution" in names else ()),
            *((f"inputs {a + 1} and {b + 1} swapped",) if swap else ()),
        ),
        alike=(("input", f"{SWAPPED}input"), ("outputs", f"{SWAPPED}outputs")) if swap else (),
        drawn=phrases.not_all(drawn, places, "places"),
        follow=names.index("recurrent") if "recurrent" in names else None,
        symbols={"outputs": (Run(f"y_{{{told + 1}}}", source=Fact("place"), markup=True),)},
    )  # fmt: skip


def _swapped(trace: Trace, config: Any, told: int) -> tuple[All, All]:
    """Two inputs change places: whose edges follow them, and which outputs are other numbers then."""
    a, b = sorted(place - 1 for place in config.swap)
    names, x, changed = config.layers, trace["input"], trace["changed"]
    lead = Run(f"inputs {a + 1} and {b + 1} change places: ", source=Fact("swap"))
    if x[a] == x[b]:
        follow = "they are the same number"
    elif "attention" in names and _moved(trace, names.index("attention"), told):
        does = "change" if {a, b} & {told} else "follow them"
        follow = f"only attention's edges {does}" if len(names) > 1 else f"its edges {does}"
    else:
        follow = "every edge stays as it was"
    counts = ", ".join(f"{name} {int(row.sum())}" for name, row in zip(names, changed, strict=True))
    says = (Run("changed outputs: "), Run(counts, "result", "semibold", Fact("changed")))
    same = Note("attention gives the same numbers, swapped as its inputs are", _turned(trace, names, a, b))
    return (
        All((f"{SWAPPED}input",), says=(lead, Run(follow, "result", "semibold", Fact("edges")))),
        All((f"{SWAPPED}outputs",), says=says, note=same),
    )


def _moved(trace: Trace, k: int, told: int) -> bool:
    """Whether edges into the output that is told become visibly lighter or heavier, of those that are drawn."""
    before, now = (np.asarray(trace[name][k, told], float) for name in ("edge_weights", f"{SWAPPED}edge_weights"))
    return bool((np.abs(now - before)[:DRAWN] > SEEN * np.abs(before).max()).any())


def _turned(trace: Trace, names: tuple[str, ...], a: int, b: int) -> bool:
    """Whether attention's outputs are other numbers at the two places alone, each the one that the other place had."""
    if "attention" not in names:
        return False
    k = names.index("attention")
    before, now, changed = trace["outputs"][k], trace[f"{SWAPPED}outputs"][k], trace["changed"][k]
    near = np.allclose(now[[a, b]], before[[b, a]], rtol=1e-4, atol=0)
    return bool(near and changed[[a, b]].all() and changed.sum() == 2)


def _stage(panels: list[Wires]) -> Node:
    """The layers side by side or two by two: where numbers have room in their nodes, else in whatever room there is."""
    if len(panels) < 3:
        return Row(*panels)
    legible = [replace(panel, pitch=LEGIBLE) for panel in panels]
    return Tries(*(way for each in (legible, panels)
                   for way in (Row(*each), Column(Row(*each[:2]), Row(*each[2:])))))  # fmt: skip


def _number(count: int) -> str:
    return {1: "One layer", 2: "Two layers", 3: "Three layers"}.get(count, "Four layers")


def _notes(trace: Trace, config: Any) -> tuple[Note, ...]:
    """What is special about each layer, where its numbers make it so."""
    places, names, taps = config.places, config.layers, config.kernel_size

    def of(kind: str, text: str, when: bool = True) -> Note:
        assert kind in KINDS
        return Note(text, lambda unit: when and names[unit] == kind)

    partly = "convolution" in names and trace["edges"][names.index("convolution")] < places**2
    return (
        of("dense", "every output reads every input, by a weight of its own", places > 1),
        of("convolution", f"an output reads its neighbours, everywhere with the same {taps} weights", partly),
        of("convolution", "the window is wider than the input: nothing is left out", not partly and places > 1),
        of("recurrent", "an output reads one input and the output before: it has to wait", places > 1),
        of("attention", "every output reads every input; the inputs say how much", places > 1),
    )


CompareStory = story("Four layers on one input", film, GOOD_FOR, takes=0.3)
