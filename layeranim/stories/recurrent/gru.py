"""A gated recurrent unit: one valve keeps the old state, its opposite lets the candidate in."""

from __future__ import annotations

from layeranim.stories.activations import activation_name
from layeranim.stories.recurrent.around import Acts, play
from layeranim.stories.recurrent.good import GOOD_FOR
from layeranim.stories.recurrent.notes import begins, mixes, notes, resets
from layeranim.stories.recurrent.said import summary
from layeranim.stories.recurrent.view import RecurrentView
from layeranim.stories.stage import Column, Lanes, Note, Play, Stop, Store, Valve, story
from layeranim.stories.stage.solver import Node
from layeranim.stories.storyboard import Telling


def film(telling: Telling) -> Play:
    """A gated recurrent unit's film."""
    view = RecurrentView(telling)
    printed = Note(
        "as printed, the state can only fade: no input reaches the candidate", not view.has("candidate_input")
    )
    proposal = Note("a proposal for the new state", view.has("candidate_input"))
    acts: Acts = (
        (("previous_hidden", "joined", "reset_products", "reset_gate_pre", "reset_gate"),
         (*notes(view, begins), Note("how much of the old state the candidate sees"))),
        (("update_products", "update_gate_pre", "update_gate"), Note("how much of the old state stays")),
        (("candidate_input_products", "candidate_input"), Note("what the new input says")),
        (("reset_hidden",), notes(view, resets)),
        (("candidate_hidden_products", "candidate_hidden"), Note("what the old state says")),
        (("candidate_reset", "candidate_pre", "candidate"), (printed, proposal)),
        (("update_complement", "kept", "written", "hidden"), notes(view, begins, mixes)),
    )  # fmt: skip
    scale = ("kept", "written", "candidate", "candidate_input", "candidate_hidden", "candidate_reset", "candidate_pre",
             "reset_hidden")  # fmt: skip
    gates = ("update_gate", "reset_gate", "update_complement")
    return play(view, "GRU cell", _machines(view), acts, again=("hidden",), scale=scale, gates=gates,
                opening_note=summary(view, "two gates mix the old state and a candidate"))  # fmt: skip


def _machines(view: RecurrentView) -> tuple[Node, ...]:
    """The lanes of the unit that is told, with the reset gate where the variant has it; the candidate's over those of
    the state where they have no room in a row.
    """
    of, _ = view.numbers
    bent = activation_name(view.config.activation)
    biased = view.config.bias
    added = Stop("plus", "candidate_input", "W x + b" if biased else "W x", "candidate_pre")
    old = "U h + c" if "bias_hidden" in view.trace else "U h"
    start: tuple[Stop, ...]
    if view.has("candidate_reset"):
        start = (Store("candidate_hidden", old), Valve("reset_gate", "r", "candidate_reset", "f"),
                 added)  # fmt: skip
    elif view.has("reset_hidden"):
        start = (Store("reset_hidden", "r ⊙ h"), Stop("chip", "", "U", "candidate_hidden"), added)
    else:
        start = (Store("previous_hidden", "h"), Valve("reset_gate", "r", "candidate_pre", "f"))
    candidate = (*start, Stop("chip", "", bent, "candidate"))
    lower = (Store("candidate", "n"), Valve("update_complement", "1 − z", "written", "i"))
    upper = (Store("previous_hidden", f"old h{of}"), Valve("update_gate", "z", "kept", "i"),
             Stop("plus", "", made="hidden"), Store("hidden", f"h{of}"))  # fmt: skip
    return Lanes(upper, (*candidate, *lower)), Column(Lanes((*candidate, lower[0])), Lanes(upper, lower))


GruStory = story("Gated recurrent unit", film, GOOD_FOR["gru"].removeprefix("for "), takes=7, shows=("units",))
