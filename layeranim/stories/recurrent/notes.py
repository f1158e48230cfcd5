"""What a recurrent cell does in plain words, each sentence chosen by what the numbers of its step do."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from layeranim.stories.recurrent.bench import Weighing
from layeranim.stories.recurrent.view import RecurrentView

LOST = "NaN is no number: whatever reads it becomes NaN"
ROLES = {
    "forget_gate": "how much of the old memory stays",
    "input_gate": "how much of the candidate is written",
    "candidate": "what could be written",
    "output_gate": "how much of the memory is shown",
    "reset_gate": "how much of the old state the candidate sees",
    "update_gate": "how much of the old state stays",
    "candidate_hidden": "what the old state says",
    "candidate_input": "what the new input says",
    "hidden": "the new state mixes the input and the last state",
}
ALMOST = 0.1  # of a gate that is all but closed, or all but open


class CellNotes:
    """Notes of one run's cell; what they speak of is its first unit, of a plain RNN the unit that is told."""

    def __init__(self, view: RecurrentView, n: int, weighings: Mapping[str, Weighing]) -> None:
        self.view, self.n, self.weighings = view, n, weighings

    def lost(self, t: int) -> bool:
        """Whether the new state or memory is no number."""
        return any(np.isnan(self.view.value(self.n, base, t)) for base in self.view.states)

    def happens(self, t: int) -> str:
        """What the first unit's gates do at this step, in words."""
        if self.lost(t):
            return LOST
        if self.view.kind == "rnn":
            return self.made_of(t, self.told(t))
        if self.view.kind == "gru":
            return self.mixes(t)
        reads = self.view.value(self.n, "output_gate", t) >= 0.5
        parts = [self.remembers(t), "read: the memory shows in h" if reads else ""]
        return ", ".join(filter(None, parts)) or "hold: the memory stays inside"

    def remembers(self, t: int) -> str:
        """What an LSTM's step does to the first unit's memory; nothing where it neither forgets nor writes."""
        forget, write, old, new = (
            self.view.value(self.n, base, t) for base in ("forget_gate", "input_gate", "previous_cell", "candidate")
        )
        forgets, writes = forget < 0.5 and old != 0, write >= 0.5 and new != 0
        some = "" if forget < ALMOST else "most of "
        parts = [f"forget {some}the old memory"] if forgets else []
        parts += ["write the candidate" if forgets or old == 0 else "add the candidate"] if writes else []
        return ", ".join(parts)

    def keeps(self, t: int) -> str:
        """The same, said of the memory alone: what stays in it is told too."""
        if self.lost(t):
            return LOST
        if self.view.value(self.n, "previous_cell", t) == 0:
            written = self.view.value(self.n, "candidate", t) != 0
            return "the memory was empty" + (
                ", the input gate lets the candidate in" * self._open(t) if written else ""
            )
        if self.view.value(self.n, "forget_gate", t) < 0.5:
            return self.remembers(t)
        most = "" if self.view.value(self.n, "forget_gate", t) > 1 - ALMOST else "most of "
        little = "almost nothing" if self.view.value(self.n, "input_gate", t) < ALMOST else "a little"
        return f"keep {most}the old memory, " + ("add the candidate" if self._open(t) else f"write {little}")

    def _open(self, t: int) -> bool:
        return self.view.value(self.n, "input_gate", t) >= 0.5

    def shows(self, t: int) -> str:
        """What an LSTM's output gate does with the first unit's memory."""
        if self.lost(t):
            return LOST
        shut = self.view.value(self.n, "output_gate", t) < 0.5
        return "the output gate keeps the memory inside" if shut else "read: the output gate shows the memory"

    def resets(self, t: int) -> str:
        """What a GRU's reset gate leaves of the first unit's state."""
        if self.lost(t):
            return LOST
        reset = self.view.value(self.n, "reset_gate", t)
        if self.view.value(self.n, "previous_hidden", t) == 0:
            return "there is no old state to thin out"
        if ALMOST <= reset <= 1 - ALMOST:
            return "the reset gate thins out the old state"
        return "the reset gate " + ("shuts the old state out" if reset < ALMOST else "lets the old state through")

    def told(self, t: int) -> int:
        """Of a plain RNN's first two units the one with more in its sum at this step, the first if that is even."""
        units = range(min(2, self.view.size(self.n, "hidden")))
        return max(units, key=lambda unit: sum(sum(part) for part in self._counts(t, unit).values()))

    def made_of(self, t: int, unit: int) -> str:
        """What a plain RNN's sum is made of at this step."""
        counts = {key: any(part) for key, part in self._counts(t, unit).items()}
        if np.isnan(self.view.value(self.n, "hidden", t, unit)):
            return LOST
        if counts["h"] and counts["x"]:
            return ROLES["hidden"]
        w = self.weighings["hidden"]
        biased = any(self.view.values(self.n, base, None)[unit] != 0 for base in w.plus)
        if not counts["h"] and not counts["x"]:
            return "input and state add nothing here" + (": the bias alone makes the new state" if biased else "")
        idle, alone = ("input", "last state") if counts["h"] else ("last state", "input")
        return f"the {idle} adds nothing here" + ("" if biased else f": the {alone} alone makes the new one")

    def _counts(self, t: int, unit: int) -> dict[str, list[bool]]:
        """Which products of a plain RNN's sum count, by what they read: the state ``h`` or the input ``x``."""
        w = self.weighings["hidden"]
        products = self.view.at(self.view.name(self.n, w.products), self.view.b, t, unit) != 0
        return {part.key: products[part.cols.start : part.cols.stop].tolist() for part in w.parts}

    def mixes(self, t: int) -> str:
        """What a GRU's two gates do to the first unit: large from 0.6, small up to 0.4."""
        if self.lost(t):
            return LOST
        update, reset, old = (
            self.view.value(self.n, base, t) for base in ("update_gate", "reset_gate", "previous_hidden")
        )
        if update >= 0.6:
            return "z is large: " + ("most of the old state stays" if old else "little of the candidate gets in")
        if update > 0.4:
            return "z is between: the old state and the candidate mix"
        if update >= ALMOST or not old or "candidate_input" not in self.weighings:
            return "z is small: most of the candidate gets in"
        if reset < ALMOST:
            return "z and r are small: the new state starts without the old one"
        return "z is small: the candidate takes the place of the old state"
