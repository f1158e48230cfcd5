"""A long short-term memory: a lane that keeps a memory, and gates as valves on it."""

from __future__ import annotations

from layeranim.stories.activations import activation_name
from layeranim.stories.recurrent.around import Acts, play
from layeranim.stories.recurrent.good import GOOD_FOR
from layeranim.stories.recurrent.notes import begins, keeps, notes, shows
from layeranim.stories.recurrent.said import summary
from layeranim.stories.recurrent.view import RecurrentView
from layeranim.stories.stage import Column, Lanes, Note, Play, Stop, Store, Valve, story
from layeranim.stories.stage.solver import Node
from layeranim.stories.storyboard import Telling

GATES = ("forget_gate", "input_gate", "output_gate")


def film(telling: Telling) -> Play:
    """A long short-term memory's film."""
    view = RecurrentView(telling)
    bent = view.shown_cell
    sees = "; its peephole sees c" if view.config.peepholes else ""
    shown: Acts = (((bent, "hidden"), notes(view, begins, keeps, shows)),)
    if view.has("unprojected"):
        shown = (
            ((bent, "unprojected"), notes(view, begins, shows)),
            (("projection_products", "hidden"), (Note("P makes a smaller state of it"), *notes(view, begins, keeps))),
        )
    acts: Acts = (
        (("previous_hidden", "previous_cell", "joined", *_weighed("forget")),
         (*notes(view, begins), Note(f"how much of the old memory stays{sees}"))),
        (_weighed("input"), Note(f"how much of the candidate is written{sees}")),
        (("candidate_products", "candidate_pre", "candidate"), Note("what could be written")),
        (("kept", "written", "cell"), notes(view, keeps)),
        (_weighed("output"), Note(f"how much of the memory is shown{sees}")),
        *shown,
    )  # fmt: skip
    scale = ("cell", "previous_cell", "kept", "written", "candidate", bent, "unprojected")
    return play(view, "LSTM cell", _machines(view), acts, again=("hidden",), sums=("cell", "hidden"), scale=scale,
                gates=GATES,
                opening_note=summary(view, "c is the memory, h is what the cell shows of it"))  # fmt: skip


def _weighed(gate: str) -> tuple[str, ...]:
    """The tensors of a gate's sum, in the order in which they are made."""
    return f"{gate}_peephole", f"{gate}_products", f"{gate}_gate_pre", f"{gate}_gate"


def _machines(view: RecurrentView) -> tuple[Node, ...]:
    """The lanes of the unit that is told; one under the other where they have no room in a row."""
    of, state = view.numbers
    bent = activation_name(view.config.activation)
    shown: tuple[Stop, ...] = (Store("hidden", f"h{state}"),)
    made = "hidden"
    if view.has("unprojected"):
        made = "unprojected"
        shown = (Store("unprojected", f"u{of}"), Stop("chip", "", "P u", "hidden"), *shown)
    memory = (
        Store("previous_cell", f"old c{of}"),
        Valve("forget_gate", "f", "kept", "f"),
        Stop("plus", "", made="cell"),
    )
    cell = Store("cell", f"c{of}")
    out = (Stop("chip", "", bent, view.shown_cell), Valve("output_gate", "o", made, "o"), *shown)
    lower = (Store("candidate", "g"), Valve("input_gate", "i", "written", "i"))
    return Lanes((*memory, cell, *out), lower), Column(Lanes((*memory, cell), lower), Lanes((cell, *out)))


LstmStory = story("Long short-term memory", film, GOOD_FOR["lstm"].removeprefix("for "), takes=7, shows=("units",))
