"""Four layers on one input: which output reads what, with which weights, in which order, and how far a signal goes."""

from __future__ import annotations

from typing import Any

from layeranim.engine.compare import KINDS
from layeranim.engine.trace import Trace
from layeranim.stories import phrases
from layeranim.stories.phrases import sentence
from layeranim.stories.stage import Column, Each, Note, Play, Row, Tries, Units, Wires, story
from layeranim.stories.stage.solver import Node
from layeranim.stories.storyboard import Fact, Run, Telling

GOOD_FOR = "what a layer can learn easily follows from its edges"
FOR = {"dense": "no order", "convolution": "neighbours", "recurrent": "time", "attention": "any two places"}
"""What the edges of a layer are made for."""
DRAWN = 10
"""So many inputs and outputs are drawn, the first ones."""
COUNTS = (("weights", "weights"), ("edges", "edges"), ("in turn", "order"), ("end to end", "path"))
"""What is counted of a layer, and how it is called."""
MEANT = "in turn: outputs that wait for one another; end to end: edges from first input to last output"


def film(telling: Telling) -> Play:
    """The film of the comparison: layer by layer."""
    trace, config = telling.trace, telling.config
    places = config.places
    drawn, told = min(places, DRAWN), min(places, DRAWN) // 2
    names = tuple(config.layers)
    panels = [Wires("outputs", "input", "links", "edge_weights", k, name, told, COUNTS) for k, name in enumerate(names)]
    return Play(
        title=f"{_number(len(names))} on one input",
        units=Units(
            ("layers",), ("layer", "layers"), (), names,
            most={"in_places": drawn, "out_places": drawn}, inner=lambda _: {"out_places": told},
        ),
        stage=_stage(panels),
        acts=(Each(((("edge_weights", *(tensor for _, tensor in COUNTS), "outputs"), _notes(trace, config)),)),),
        opening=sentence(f"{phrases.so_many('number', 'numbers', places)} in, as many out: ",
                         "which output reads what?"),
        opening_note=MEANT,
        closing=sentence("choose the layer ", "whose edges fit your data") if len(names) > 1
        else sentence("every layer has ", "edges of its own kind"),
        good_for="; ".join(f"{name}: {FOR[name]}" for name in names),
        options=(
            phrases.so_many("place", "places", places),
            *((f"kernel {config.kernel_size}",) if "convolution" in names else ()),
        ),
        drawn=(f"{drawn} of {places} places drawn",) if drawn < places else (),
        follow=names.index("recurrent") if "recurrent" in names else None,
        symbols={"outputs": (Run(f"y_{{{told + 1}}}", source=Fact("place"), markup=True),)},
    )  # fmt: skip


def _stage(panels: list[Wires]) -> Node:
    """The layers side by side, or two by two."""
    if len(panels) < 3:
        return Row(*panels)
    return Tries(Row(*panels), Column(Row(*panels[:2]), Row(*panels[2:])))


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
        of("attention", "every output reads every input; the input itself says how much", places > 1),
    )


CompareStory = story("Four layers on one input", film, GOOD_FOR, takes=0.5)
