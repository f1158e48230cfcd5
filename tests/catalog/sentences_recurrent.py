"""The claims of the recurrent films: what a step's gates and sums do, what is handed on, what the layer is good for."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from layeranim import numbers
from layeranim.engine.recurrent.config import runs
from layeranim.engine.trace import Array
from layeranim.stories.storyboard import Beat, plain

from .sentences import Claim, Told

ARITHMETIC = ("weigh", "combine", "step")
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
    unit = re.search(r"unit (\d+)", plain(beat.place))
    return Here(layer, direction, prefix, steps - 1 - k if direction else k, int(unit[1]) - 1 if unit else 0)


def at(told: Told, beat: Beat, base: str, unit: int = 0) -> float:
    where = here(told, beat)
    return float(told[where.prefix + base][batch_of(told), where.t, unit])


def lost(told: Told, beat: Beat) -> bool:
    names = ["hidden", *(["cell"] if told.case.name == "lstm" else [])]
    return any(np.isnan(at(told, beat, name, here(told, beat).unit)) for name in names)


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
    Claim(r"the next unit: its own weights, the same state and input",
          lambda told, m, b: here(told, b).unit > 0, QUIET, ({"input": "1; 1", "hidden": 1},)),
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
        r"forget the old memory": f < 0.1 and c != 0, r"forget most of the old memory": 0.1 <= f < 0.5 and c != 0,
        r"keep the old memory": f > 0.9 and c != 0, r"keep most of the old memory": 0.5 <= f <= 0.9 and c != 0,
        r"write the candidate": i >= 0.5 and g != 0 and (f < 0.5 or c == 0), r"the memory was empty": c == 0,
        r"add the candidate": i >= 0.5 and f >= 0.5 and c != 0, r"write almost nothing": i < 0.1,
        r"write a little": 0.1 <= i < 0.5, r"the input gate lets the candidate in": i >= 0.5 and g != 0,
        r"read: the memory shows in h": o >= 0.5,
        r"hold: the memory stays inside": o < 0.5 and (f >= 0.5 or c == 0) and (i < 0.5 or g == 0),
        r"the output gate keeps the memory inside": o < 0.5, r"read: the output gate shows the memory": o >= 0.5,
    }  # fmt: skip
    return all(says[part] for part in match[0].split(", "))


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
    r"|the memory was empty|write (?:almost nothing|a little)|the input gate lets the candidate in"
    r"|read: the memory shows in h|hold: the memory stays inside)"
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
    Claim(r"hold: the memory stays inside", memory, lstm(SHUT, OPEN, 1, SHUT), (lstm(SHUT, OPEN, 1, OPEN),)),
    Claim(r"read: the memory shows in h", memory, lstm(SHUT, OPEN, 1, OPEN), (lstm(SHUT, OPEN, 1, SHUT),)),
    Claim(r"what the output gate shows of the memory"),
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
    Claim(r"the reset gate thins out the old state", mixing((0, 1), (0.1, 0.9), True),
          gru(0, 0, variant="reset-before", bias_hidden=None), (gru(OPEN, 0, variant="reset-before", bias_hidden=None),
          )),
    Claim(r"the reset gate shuts the old state out", mixing((0, 1), (0, 0.1), True),
          gru(SHUT, 0, variant="reset-before", bias_hidden=None), (gru(0, 0, variant="reset-before", bias_hidden=None),
          )),
    Claim(r"the reset gate lets the old state through", mixing((0, 1), (0.9, 1), True),
          gru(OPEN, 0, variant="reset-before", bias_hidden=None), (gru(0, 0, variant="reset-before", bias_hidden=None),
          )),
    Claim(r"there is no old state to thin out", mixing((0, 1), (0, 1), False),
          gru(0, 0, variant="reset-before", bias_hidden=None, initial_hidden="0"),
          (gru(0, 0, variant="reset-before", bias_hidden=None),)),
)  # fmt: skip


# ── around the steps ─────────────────────────────────────────────────────────
def opening(told: Told, match: Match, beat: Beat) -> bool:
    cells = len(list(runs(told.config)))
    named = 1 if match["cells"] == "one cell" else int(match["cells"].split()[0])
    same = {"": length(told) == 1, None: length(told) == 1}.get(match["same"], length(told) > 1)
    return (
        int(match["steps"]) == length(told)
        and named == cells
        and same
        and bool(match["each"]) == (cells > 1 and length(told) > 1)
    )


def inside(told: Told, match: Match, beat: Beat) -> bool:
    w, config = here(told, beat), told.config
    direction = ("forward ", "backward ")[w.direction] if config.bidirectional else ""
    layer = f" of layer {w.layer + 1}" if config.layers > 1 else ""
    return match[0] == f"inside the {direction}cell{layer} at t = {w.t + 1}"


def skipped(told: Told, match: Match, beat: Beat) -> bool:
    times = sorted(here(told, beat, u).t + 1 for u in beat.units)
    return [int(match["a"]), int(match["b"] or match["a"])] == [times[0], times[-1]]


def ran(told: Told, match: Match, beat: Beat) -> bool:
    first, last = (here(told, beat, u).t + 1 for u in (beat.units[0], beat.units[-1]))
    drawn = told.board.parts["recurrent"].strips.times
    hidden = sum(here(told, beat, u).t not in drawn for u in beat.units)
    said = match["hidden"]
    return (int(match["a"]), int(match["b"])) == (first, last) and (not match["same"] or int(said or 0) == hidden)


def closing(told: Told, match: Match, beat: Beat) -> bool:
    config, steps = told.config, length(told)
    shapes = {name: numbers.shape_text(told.trace.tensor(name).shape[1:]) for name in ("output", "probabilities")
              if name in told.trace.tensors}  # fmt: skip
    weights = [t for t in told.trace.tensors.values() if t.role == "weight" and not t.is_recipe]
    once = config.classes is not None and config.returns != "sequences"
    kinds = {"sequences": "output ", "last": "last state ", "state": "final memory and state, each "
             if told.case.name == "lstm" else "final state "}  # fmt: skip
    return (
        int(match["steps"]) == steps
        and int(match["count"]) == sum(int(np.prod(t.shape)) for t in weights)
        and bool(match["shared"]) == (steps > 1 and not once)
        and match["what"] == kinds[config.returns]
        and match["shape"] == shapes["output"]
        and (match["y"] or shapes.get("probabilities")) == shapes.get("probabilities")
        and (match["zeros"] is None or int(match["zeros"]) == steps < int(config.timesteps))
    )


def option(**wanted: Any) -> Callable[[Told, Match, Beat], bool]:
    """Whether the options are these; a function says which values are."""

    def check(told: Told, match: Match, beat: Beat) -> bool:
        values = {name: getattr(told.config, name, None) for name in wanted}
        return all(want(values[n]) if callable(want) else values[n] == want for n, want in wanted.items())

    return check


def same_words(told: Told, match: Match, beat: Beat) -> bool:
    words = str(told.config.tokens or "").split()
    x: Array = told["input"][0]
    alike = all(np.array_equal(x[i], x[words.index(word)]) for i, word in enumerate(words))
    return bool(words) and "input" in told.work.seeded and alike


def own(name: str) -> Callable[[Told, Match, Beat], bool]:
    """Whether the film is one of the example's own numbers and options."""
    return lambda told, m, b: told.work.preset is not None and told.work.preset.name == name and not told.work.given


SMALL = {"input": "random:4x2", "hidden": 2}
AROUND = (
    Claim(r"(?P<steps>\d+) time steps?, (?P<cells>one cell|\d+ cells)(?P<same>, (?P<each>each with )?the same weights at "
          r"every step)?", opening, counts=True),
    Claim(r"inside the (?:forward |backward )?cell(?: of layer \d+)? at t = \d+", inside, counts=True),
    Claim(r"steps? (?P<a>\d+)(?:–(?P<b>\d+))?:  (?:the same cell again and again, )?not drawn", skipped, counts=True),
    Claim(r"t = (?P<a>\d+) … (?P<b>\d+)(?P<same>:  the same cell again and again(?:, (?P<hidden>\d+) not drawn)?)?", ran,
          counts=True),
    Claim(r"(?P<steps>\d+) steps?, (?P<count>\d+) (?P<shared>shared )?parameters? → (?P<what>final memory and state, each "
          r"|final state |last state |output )(?P<shape>[\d×]+)(?:, y (?P<y>[\d×]+))?(?:, zeros after step (?P<zeros>\d+))?",
          closing, counts=True),
    Claim(r"each word has numbers of its own, drawn at random", same_words, {"tokens": "no no yes no"}, ({},)),
    Claim(r"one input; after the first step the cell reads zeros",
          lambda told, m, b: told["input"].shape[1] > 1 and not told["input"][:, 1:].any(),
          {"mode": "one-to-many", "timesteps": 3, "input_size": 1},
          ({}, {"mode": "one-to-many", "timesteps": 1, "input_size": 1})),
    Claim(r"only the last state becomes an answer", option(returns=lambda r: r != "sequences", bidirectional=False),
          {**SMALL, "classes": 2, "mode": "many-to-one"}, ({**SMALL, "classes": 2},)),
    Claim(r"only the last state of each direction becomes an answer", option(returns=lambda r: r != "sequences", bidirectional=True),
          {**SMALL, "classes": 2, "mode": "many-to-one", "bidirectional": True},
          ({**SMALL, "classes": 2, "mode": "many-to-one"},)),
    Claim(r"each state is made of the input and the state before"),
    Claim(r"layer (?P<a>\d+) reads the states of layer (?P<b>\d+), with weights of its own",
          lambda told, m, b: here(told, b).layer == int(m["a"]) - 1 == int(m["b"]), {**SMALL, "layers": 2}, (SMALL,)),
    Claim(r"(?:the same inputs|the states of layer (?P<b>\d+)) from the last step to the first, with weights of its own",
          lambda told, m, b: here(told, b).direction == 1 and here(told, b).layer == int(m["b"] or 0),
          {**SMALL, "bidirectional": True}, (SMALL,)),
    Claim(r"the output layer turns the state into probabilities", lambda told, m, b: told.config.classes is not None,
          {**SMALL, "classes": 2}, (SMALL,)),
    Claim(r"NaN is no number: whatever reads it becomes NaN", lambda told, m, b: lost(told, b),
          {"input": "nan 1; 1 1", "hidden": 2}, (SMALL,)),
)  # fmt: skip

ANSWERS = option(classes=lambda n: n is not None, returns="sequences", mode=lambda m: m != "one-to-many")
GOOD = (
    Claim(r"for making a sequence from one start: a caption from a picture", option(mode="one-to-many"),
          {"mode": "one-to-many", "timesteps": 3, "input_size": 1}, (SMALL,)),
    Claim(r"for an answer at every step: the next word, the state of a machine",
          lambda t, m, b: ANSWERS(t, m, b) and not t.config.bidirectional, {**SMALL, "classes": 2},
          (SMALL, {**SMALL, "classes": 2, "bidirectional": True})),
    Claim(r"for an answer at every step that knows past and future: tagging words",
          lambda t, m, b: ANSWERS(t, m, b) and t.config.bidirectional, {**SMALL, "classes": 2, "bidirectional": True},
          ({**SMALL, "classes": 2},)),
    Claim(r"for one answer about a whole sequence: the mood of a text, a fault in a signal",
          option(classes=lambda n: n is not None, returns=lambda r: r != "sequences"),
          {**SMALL, "classes": 2, "mode": "many-to-one"}, ({**SMALL, "classes": 2},)),
    Claim(r"for sequences that are there as a whole: every step knows past and future",
          option(bidirectional=True, returns="sequences"), {**SMALL, "bidirectional": True}, (SMALL,)),
    Claim(r"for a summary of a whole sequence, read from both of its ends",
          option(bidirectional=True, returns=lambda r: r != "sequences"),
          {**SMALL, "bidirectional": True, "returns": "last"}, ({**SMALL, "returns": "last"},)),
    Claim(r"for patterns made of patterns, as in speech: each layer reads the states below it",
          option(layers=lambda n: n > 1), {**SMALL, "layers": 2}, (SMALL,)),
    Claim(r"for handing on what was read, as an encoder does: the state sums it up", option(returns="state"),
          {**SMALL, "returns": "state"}, (SMALL,)),
    Claim(r"for a summary of a whole sequence: one vector for whatever comes next",
          option(returns="last", bidirectional=False), {**SMALL, "returns": "last"}, (SMALL,)),
)  # fmt: skip

RNN = (
    Claim(r"an impulse fades in unit 1 and comes back in unit 2 a step later", own("echo"), {},
          ({"nonlinearity": "relu"}, {"input": "1; 0; 0"}, {"tokens": "ich habe es dir so gesagt"})),
    Claim(r"so far an even or an odd number of ones\?", own("parity"), {"example": "parity"},
          ({"example": "parity", "nonlinearity": "relu"},)),
    Claim(r"for an answer at every step from all that came before: here an even or an odd count", own("parity"),
          {"example": "parity"}, ({"example": "parity", "nonlinearity": "relu"},)),
    Claim(r"two layers: the second reads the states of the first", option(layers=2), {"example": "stacked"}, ({},)),
    Claim(r"one state reads from the start, one from the end", option(bidirectional=True), {"example": "bidirectional"},
          ({},)),
    Claim(r"for tagging words of a text that is there as a whole: each step knows past and future",
          option(bidirectional=True, returns="sequences"), {"example": "bidirectional"},
          ({}, {"example": "bidirectional", "returns": "last"})),
    Claim(r"for short sequences: the same few weights at every step, but what is old fades"),
)  # fmt: skip
GRU = (
    Claim(r"unit 1 counts: a push raises it, a reset clears it", own("count"), {}, ({"input": "1 0; 0 1"},)),
    Claim(r"the same counter, the reset gate before the weights", option(variant="reset-before"),
          {"example": "reset-before"}, ({},)),
    Claim(r"the formula as printed: a candidate without weights", option(variant="glossary"), {"example": "glossary"}, ({},)),
    Claim(r"two gates mix the old state and a candidate",
          lambda told, m, b: len(list(runs(told.config))) == 1, SMALL, ({**SMALL, "layers": 2}, {**SMALL, "bidirectional": True})),
    Claim(r"as printed, the input reaches no candidate: reset-after learns from it", option(variant="glossary"),
          {"example": "glossary"}, ({},)),
    Claim(r"for weights of the GRU of 2014 \(Keras: reset_after=False\)", option(variant="reset-before"),
          {"example": "reset-before"}, ({},)),
    Claim(r"for text, speech, sensors: a long memory, fewer weights than an LSTM"),
)  # fmt: skip
LSTM = (
    Claim(r"x: a value and a command, 1 writes, −1 reads, 0 waits", own("flag"), {}, ({"input": "random:3x2"}, {"peepholes": True})),
    Claim(r"the same memory, only its last state handed on", option(returns="state"), {"example": "answer"}, ({},)),
    Claim(r"for one answer about a whole sequence: what the first step said is there at the last", own("answer"),
          {"example": "answer"}, ({"example": "answer", "input": "random:5x2"},)),
    Claim(r"c is the memory, h is what the cell shows of it",
          lambda told, m, b: any(re.fullmatch(r"c\d+:\d+", name) for name in told.board.grids), SMALL,
          ({**SMALL, "layers": 3}, {**SMALL, "layers": 3, "bidirectional": True})),
    Claim(r"for rhythms and intervals: gates that see the memory can count steps", option(peepholes=True),
          {**SMALL, "peepholes": True}, (SMALL,)),
    Claim(r"for a large memory at less cost: the small state keeps the weights few",
          option(projection=lambda n: n is not None), {**SMALL, "projection": 1}, (SMALL,)),
    Claim(r"for text, speech, sensors: what matters is kept over long gaps"),
)  # fmt: skip

CLAIMS = {
    "rnn": (*PLAIN, *AROUND, *GOOD, *RNN),
    "gru": (Claim(ROLES), *MIXED, *AROUND, *GOOD, *GRU),
    "lstm": (
        Claim(rf"(?:{ROLES})(?P<sees>; its peephole sees c)?",
              lambda told, m, b: bool(m["sees"]) <= bool(told.config.peepholes), counts=True),
        *GATED, *AROUND, *GOOD, *LSTM,
    ),
}  # fmt: skip
