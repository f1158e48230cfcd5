"""What a recurrent cell does in plain words, each sentence chosen by what the numbers of its step do."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from layeranim.stories.recurrent.view import RecurrentView
from layeranim.stories.stage import Note

LOST = "NaN is no number: whatever reads it becomes NaN"
ALMOST = 0.1
"""Of a gate that is all but closed, or all but open."""
MOST = 40
"""So many steps at the beginning, and so many at the end, are looked at for what is said of them."""
Said = Callable[[RecurrentView, int], str]


def notes(view: RecurrentView, *said: Said) -> tuple[Note, ...]:
    """What these say of the steps that are shown, each sentence where it is true."""
    shown = view.shown
    units = dict.fromkeys((*shown[:MOST], *shown[-MOST:]))
    out: dict[str, set[int]] = {}
    for one in said:
        for unit in units:
            out.setdefault(one(view, unit), set()).add(unit)
    return tuple(Note(text, where.__contains__) for text, where in out.items() if text)


def begins(view: RecurrentView, unit: int) -> str:
    """What is new where another cell begins."""
    run, _ = view.at(unit)
    if not unit or unit % view.steps:
        return ""
    read = f"the states of layer {run.layer}" if run.layer else "the same inputs"
    if run.reverse:
        return f"{read} from the last step to the first, with weights of its own"
    return f"layer {run.layer + 1} reads {read}, with weights of its own"


# ── the plain cell ───────────────────────────────────────────────────────────
def counts(view: RecurrentView, unit: int, i: int) -> tuple[bool, bool]:
    """Whether the state, and whether the input, has a product other than zero in a sum."""
    live = view.values(unit, "state_products", i) != 0
    split = view.values(unit, "previous_hidden").size
    return bool(live[:split].any()), bool(live[split:].any())


def fuller(view: RecurrentView, unit: int) -> int:
    """Of the first two units the one with more in its sum at a step, the first if that is even."""
    live = [int((view.values(unit, "state_products", i) != 0).sum()) for i in range(min(2, view.hidden))]
    return int(np.argmax(live))


def made_of(i: int) -> Said:
    """What a plain cell's new state is made of."""

    def said(view: RecurrentView, unit: int) -> str:
        run, _ = view.at(unit)
        if view.lost(unit, i):
            return LOST
        state, given = counts(view, unit, i)
        biases = (f"{run.prefix}bias_{name}_state" for name in ("input", "hidden"))
        biased = any(view.trace[name][i] != 0 for name in biases if name in view.trace)
        if state and given:
            return "the new state mixes the input and the last state"
        if not state and not given:
            return "input and state add nothing here" + (": the bias alone makes the new state" if biased else "")
        idle, alone = ("input", "last state") if state else ("last state", "input")
        return f"the {idle} adds nothing here" + ("" if biased else f": the {alone} alone makes the new one")

    return said


# ── gates ────────────────────────────────────────────────────────────────────
def shares(*gates: float) -> bool:
    """Whether gates let a share through: those of an activation other than a sigmoid may be below 0 or above 1."""
    return all(0 <= gate <= 1 for gate in gates)


# ── LSTM ─────────────────────────────────────────────────────────────────────
def keeps(view: RecurrentView, unit: int) -> str:
    """What a step does to the first unit's memory."""
    if view.lost(unit):
        return LOST
    forget, write, old, new = (
        view.value(unit, base) for base in ("forget_gate", "input_gate", "previous_cell", "candidate")
    )
    if old == 0:
        lets = ", the input gate lets the candidate in" if 0.5 <= write <= 1 and new != 0 else ""
        return f"the memory was empty{lets}"
    if not shares(forget, write):
        return ""
    if forget < 0.5:
        some = "" if forget < ALMOST else "most of "
        writes = ", write the candidate" if write >= 0.5 and new != 0 else ""
        return f"forget {some}the old memory{writes}"
    most = "" if forget > 1 - ALMOST else "most of "
    little = "almost nothing" if write < ALMOST else "a little"
    return f"keep {most}the old memory, " + ("add the candidate" if write >= 0.5 else f"write {little}")


def shows(view: RecurrentView, unit: int) -> str:
    """What the output gate does with the first unit's memory."""
    if view.lost(unit):
        return LOST
    opening = view.value(unit, "output_gate")
    if not shares(opening):
        return ""
    shut = opening < 0.5
    return "the output gate keeps the memory inside" if shut else "read: the output gate shows the memory"


# ── GRU ──────────────────────────────────────────────────────────────────────
def resets(view: RecurrentView, unit: int) -> str:
    """What the reset gate leaves of the first unit's state."""
    if view.lost(unit):
        return LOST
    reset = view.value(unit, "reset_gate")
    if view.value(unit, "previous_hidden") == 0:
        return "there is no old state to thin out"
    if not shares(reset):
        return ""
    if ALMOST <= reset <= 1 - ALMOST:
        return "the reset gate thins out the old state"
    return "the reset gate " + ("shuts the old state out" if reset < ALMOST else "lets the old state through")


def mixes(view: RecurrentView, unit: int) -> str:
    """What the two gates do to the first unit: large from 0.6, small up to 0.4."""
    if view.lost(unit):
        return LOST
    update, reset, old = (view.value(unit, base) for base in ("update_gate", "reset_gate", "previous_hidden"))
    if not shares(update, reset):
        return ""
    if update >= 0.6:
        return "z is large: " + ("most of the old state stays" if old else "little of the candidate gets in")
    if update > 0.4:
        return "z is between: the old state and the candidate mix"
    if update >= ALMOST or not old or not view.has("candidate_input"):
        return "z is small: most of the candidate gets in"
    if reset < ALMOST:
        return "z and r are small: the new state starts without the old one"
    return "z is small: the candidate takes the place of the old state"
