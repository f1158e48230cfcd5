"""The claims of recurrent cells: what the sums and the gates of a step do."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from layeranim.engine.recurrent.config import runs
from layeranim.stories.storyboard import Beat, plain

from .sentences import Claim, Told

Match = re.Match[str]


class Here(NamedTuple):
    """Where a beat is: layer and direction, its tensors' prefix, time step and told unit, counted from 0."""

    layer: int
    direction: int
    prefix: str
    t: int
    unit: int


def batch_of(told: Told) -> int:
    return told.work.film.place_in(told.trace.tensor("input").shape[0])


def length(told: Told) -> int:
    lengths = told.trace.tensors.get("lengths")
    return int(told["lengths"][batch_of(told)]) if lengths is not None else int(told.config.timesteps)


def here(told: Told, beat: Beat, u: int | None = None) -> Here:
    steps, u = length(told), beat.units[0] if u is None else u
    layer, direction, prefix = list(runs(told.config))[u // steps]
    k = u % steps
    unit = re.search(r"h_(\d+)", plain(beat.caption))
    return Here(layer, direction, prefix, steps - 1 - k if direction else k, int(unit[1]) - 1 if unit else chosen(told))


def chosen(told: Told) -> int:
    """The unit that the header names as told, else the first."""
    found = re.search(r"unit (\d+) of \d+", plain(told.board.parameters))
    return int(found[1]) - 1 if found else 0


def at(told: Told, beat: Beat, base: str, unit: int | None = None) -> float:
    where = here(told, beat)
    return float(told[where.prefix + base][batch_of(told), where.t, chosen(told) if unit is None else unit])


def lost(told: Told, beat: Beat) -> bool:
    small = getattr(told.config, "projection", None)  # of such a state the first number is told
    state = at(told, beat, "hidden", 0 if small else here(told, beat).unit)
    return bool(np.isnan([state, *([at(told, beat, "cell")] if told.case.name == "lstm" else [])]).any())


# ── sums of a plain cell ─────────────────────────────────────────────────────
def parts(told: Told, beat: Beat) -> tuple[bool, bool, bool]:
    """Whether the input, the last state and the biases count in the sum that is told."""
    w, b = here(told, beat), batch_of(told)
    source = "input" if w.layer == 0 else f"layer{w.layer - 1}.output"
    x, h = told[source][b, w.t], told[w.prefix + "previous_hidden"][b, w.t]
    biases = [told[w.prefix + n][w.unit] for n in ("bias_input", "bias_hidden") if w.prefix + n in told.trace.tensors]
    with np.errstate(invalid="ignore"):
        reads = [told[w.prefix + name][w.unit] * v for name, v in (("weight_input", x), ("weight_hidden", h))]
    return bool((reads[0] != 0).any()), bool((reads[1] != 0).any()), any(bias != 0 for bias in biases)


def summed(*wanted: bool | None) -> Callable[[Told, Match, Beat], bool]:
    def check(told: Told, match: Match, beat: Beat) -> bool:
        found = zip(parts(told, beat), wanted, strict=True)
        return not lost(told, beat) and all(want is None or want == there for there, want in found)

    return check


ROLES = (
    r"how much of the old memory stays|how much of the candidate is written|what could be written"
    r"|how much of the memory is shown|how much of the old state the candidate sees|how much of the old state stays"
    r"|what the old state says|what the new input says"
)
WORDS_1 = {"input": "1 1; 2 1", "weight_input": "1 1; 1 1", "weight_hidden": "1 1; 1 1", "bias_input": "0 0"}
QUIET: Mapping[str, Any] = {**WORDS_1, "initial_hidden": "1 1"}
PLAIN = (
    Claim(r"the new state mixes the input and the last state", summed(True, True, None), QUIET,
          ({**QUIET, "input": "0 0; 0 0"}, {**QUIET, "weight_hidden": "0 0; 0 0"})),
    Claim(r"the input adds nothing here", summed(False, True, True),
          {**QUIET, "input": "0 0; 0 0", "bias_input": "1 1"}, (QUIET, {**QUIET, "input": "0 0; 0 0"})),
    Claim(r"the input adds nothing here: the last state alone makes the new one", summed(False, True, False),
          {**QUIET, "input": "0 0; 0 0"}, (QUIET, {**QUIET, "input": "0 0; 0 0", "bias_input": "1 1"})),
    Claim(r"the last state adds nothing here", summed(True, False, True), {**WORDS_1, "bias_input": "1 1"},
          (QUIET, WORDS_1)),
    Claim(r"the last state adds nothing here: the input alone makes the new one", summed(True, False, False), WORDS_1,
          (QUIET, {**WORDS_1, "bias_input": "1 1"})),
    Claim(r"input and state add nothing here: the bias alone makes the new state", summed(False, False, True),
          {**WORDS_1, "input": "0 0; 0 0", "bias_input": "1 1"}, (QUIET, {**WORDS_1, "input": "0 0; 0 0"})),
    Claim(r"input and state add nothing here", summed(False, False, False), {**WORDS_1, "input": "0 0; 0 0"},
          (QUIET, {**WORDS_1, "input": "0 0; 0 0", "bias_input": "1 1"})),
)  # fmt: skip


# ── gates ────────────────────────────────────────────────────────────────────
def memory(told: Told, match: Match, beat: Beat) -> bool:
    """What is said to happen to an LSTM's memory: forget, keep, write, read, hold."""
    if lost(told, beat):
        return False
    f, i, o, c, g = (
        at(told, beat, n) for n in ("forget_gate", "input_gate", "output_gate", "previous_cell", "candidate")
    )
    says = {
        r"forget the old memory": 0 <= f < 0.1 and c != 0, r"forget most of the old memory": 0.1 <= f < 0.5 and c != 0,
        r"keep the old memory": 0.9 < f <= 1 and c != 0, r"keep most of the old memory": 0.5 <= f <= 0.9 and c != 0,
        r"write the candidate": 0.5 <= i <= 1 and g != 0 and (f < 0.5 or c == 0), r"the memory was empty": c == 0,
        r"add the candidate": 0.5 <= i <= 1 and f >= 0.5 and c != 0, r"write almost nothing": 0 <= i < 0.1,
        r"write a little": 0.1 <= i < 0.5, r"the input gate lets the candidate in": 0.5 <= i <= 1 and g != 0,
        r"the output gate keeps the memory inside": 0 <= o < 0.5,
        r"read: the output gate shows the memory": 0.5 <= o <= 1,
    }  # fmt: skip
    return all(says[part] for part in match[0].split(", "))


ANY = (-np.inf, np.inf)
"""Whatever a gate is, of an activation other than a sigmoid below 0 or above 1 too."""


def mixing(update: tuple[float, float], reset: tuple[float, float] = (0, 1), old: bool | None = None) -> Any:
    def check(told: Told, match: Match, beat: Beat) -> bool:
        z, r, h = (at(told, beat, name) for name in ("update_gate", "reset_gate", "previous_hidden"))
        inside = update[0] <= z <= update[1] and reset[0] <= r <= reset[1]
        return not lost(told, beat) and inside and (old is None or (h != 0) == old)

    return check


def lstm(*biases: float, **more: Any) -> dict[str, Any]:
    """One unit whose gates do what their biases say, in the order input, forget, candidate, output."""
    i, f, g, o = biases
    return {"input": "1; 1; 1", "weight_input": "0; 0; 0; 0", "weight_hidden": "0; 0; 0; 0",
            "bias_input": f"{i} {f} {g} {o}", "initial_cell": "1", **more}  # fmt: skip


def gru(reset: float, update: float, **more: Any) -> dict[str, Any]:
    return {"input": "1; 1", "weight_input": "0; 0; 1", "weight_hidden": "0; 0; 1", "bias_input": f"{reset} {update} 0",
            "bias_hidden": "0 0 0", "initial_hidden": "0.5", **more}  # fmt: skip


OPEN, SHUT = 5, -5
MEMORY = (
    r"(?:forget (?:most of )?the old memory|keep (?:most of )?the old memory|(?:write|add) the candidate"
    r"|the memory was empty|write (?:almost nothing|a little)|the input gate lets the candidate in)"
)
GATED = (
    Claim(rf"{MEMORY}(?:, {MEMORY})*", memory, counts=True),
    Claim(r"forget the old memory, write the candidate", memory, lstm(OPEN, SHUT, 1, OPEN),
          (lstm(OPEN, OPEN, 1, OPEN), lstm(SHUT, SHUT, 1, OPEN), lstm(OPEN, SHUT, 1, OPEN, initial_cell="0",
          input="1"))),
    Claim(r"keep the old memory, write almost nothing", memory, lstm(SHUT, OPEN, 1, OPEN),
          (lstm(OPEN, OPEN, 1, OPEN), lstm(SHUT, 1, 1, OPEN), lstm(SHUT, OPEN, 1, OPEN, initial_cell="0", input="1"))),
    Claim(r"the memory was empty, the input gate lets the candidate in", memory,
          lstm(OPEN, OPEN, 1, OPEN, initial_cell="0"), (lstm(OPEN, OPEN, 1, OPEN), lstm(SHUT, OPEN, 1, OPEN,
          initial_cell="0"))),
    Claim(r"the output gate keeps the memory inside", memory, lstm(OPEN, OPEN, 1, SHUT), (lstm(OPEN, OPEN, 1, OPEN),)),
    Claim(r"read: the output gate shows the memory", memory, lstm(OPEN, OPEN, 1, OPEN), (lstm(OPEN, OPEN, 1, SHUT),)),
    Claim(r"P makes a smaller state of it",
          lambda told, m, b: told["weight_projection"].shape[0] < told["weight_projection"].shape[1],
          {"hidden": 3, "projection": 1, "input": "random:2x2"}, ({},)),
)  # fmt: skip
MIXED = (
    Claim(r"z is large: most of the old state stays", mixing((0.6, 1), old=True), gru(0, OPEN),
          (gru(0, SHUT), gru(0, 0), gru(0, OPEN, initial_hidden="0", input="1"))),
    Claim(r"z is large: little of the candidate gets in", mixing((0.6, 1), old=False),
          gru(0, OPEN, initial_hidden="0", input="1"), (gru(0, OPEN, input="1"), gru(0, SHUT, initial_hidden="0"))),
    Claim(r"z is between: the old state and the candidate mix", mixing((0.4, 0.6)), gru(0, 0), (gru(0, OPEN), gru(0,
          SHUT))),
    Claim(r"z is small: most of the candidate gets in", mixing((0, 0.4)), gru(0, -1), (gru(0, OPEN), gru(0, 0))),
    Claim(r"z is small: the candidate takes the place of the old state", mixing((0, 0.1), (0.1, 1), True),
          gru(OPEN, SHUT), (gru(OPEN, OPEN), gru(SHUT, SHUT), gru(OPEN, SHUT, initial_hidden="0", input="1"))),
    Claim(r"z and r are small: the new state starts without the old one", mixing((0, 0.1), (0, 0.1), True),
          gru(SHUT, SHUT), (gru(OPEN, SHUT), gru(SHUT, OPEN))),
    Claim(r"a proposal for the new state", lambda told, m, b: told.config.variant != "glossary", {},
          ({"example": "glossary"},)),
    Claim(r"as printed, the state can only fade: no input reaches the candidate",
          lambda told, m, b: told.config.variant == "glossary", {"example": "glossary"}, ({},)),
    Claim(r"the reset gate thins out the old state", mixing(ANY, (0.1, 0.9), True),
          gru(0, 0, variant="reset-before", bias_hidden=None), (gru(OPEN, 0, variant="reset-before", bias_hidden=None),
          )),
    Claim(r"the reset gate shuts the old state out", mixing(ANY, (0, 0.1), True),
          gru(SHUT, 0, variant="reset-before", bias_hidden=None), (gru(0, 0, variant="reset-before", bias_hidden=None),
          )),
    Claim(r"the reset gate lets the old state through", mixing(ANY, (0.9, 1), True),
          gru(OPEN, 0, variant="reset-before", bias_hidden=None), (gru(0, 0, variant="reset-before", bias_hidden=None),
          )),
    Claim(r"there is no old state to thin out", mixing(ANY, ANY, False),
          gru(0, 0, variant="reset-before", bias_hidden=None, initial_hidden="0"),
          (gru(0, 0, variant="reset-before", bias_hidden=None),)),
)  # fmt: skip
