"""The claims of the recurrent films: what opens and closes them, what is handed on, what the layer is good for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from layeranim import numbers
from layeranim.engine.recurrent.config import runs
from layeranim.engine.trace import Array
from layeranim.stories.storyboard import Beat

from .claims_cells import GATED, MIXED, PLAIN, ROLES, Match, here, length, lost
from .sentences import Claim, Told

ARITHMETIC = ("act", "step", "brief")


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
    words = list(told.config.tokens or ())
    x: Array = told["input"][0]
    alike = all(np.array_equal(x[i], x[words.index(word)]) for i, word in enumerate(words))
    return bool(words) and "input" in told.work.seeded and alike


def own(name: str) -> Callable[[Told, Match, Beat], bool]:
    """Whether the film is one of the example's own numbers and options."""
    return lambda told, m, b: told.work.preset is not None and told.work.preset.name == name and not told.work.given


SMALL = {"input": "random:4x2", "hidden": 2}
AROUND = (
    Claim(r"(?P<steps>\d+) time steps?, (?P<cells>one cell|\d+ cells)(?P<same>, (?P<each>each with )?the same weights "
          r"at every step)?", opening, counts=True),
    Claim(r"(?P<steps>\d+) steps?, (?P<count>\d+) (?P<shared>shared )?parameters? → "
          r"(?P<what>final memory and state, each |final state |last state |output )(?P<shape>[\d×]+)"
          r"(?:, y (?P<y>[\d×]+))?(?:, zeros after step (?P<zeros>\d+))?",
          closing, counts=True),
    Claim(r"every step in the same way"),
    Claim(r"steps (?P<a>\d+)–(?P<b>\d+):  each in the same way",
          lambda told, m, b: (int(m["a"]), int(m["b"])) == (b.units[0] + 1, b.units[-1] + 1), counts=True),
    Claim(r"each word has numbers of its own, drawn at random", same_words, {"tokens": "no no yes no"}, ({},)),
    Claim(r"one input; after the first step the cell reads zeros",
          lambda told, m, b: told["input"].shape[1] > 1 and not told["input"][:, 1:].any(),
          {"mode": "one-to-many", "timesteps": 3, "input_size": 1},
          ({}, {"mode": "one-to-many", "timesteps": 1, "input_size": 1})),
    Claim(r"only the last state becomes an answer", option(returns=lambda r: r != "sequences", bidirectional=False),
          {**SMALL, "classes": 2, "mode": "many-to-one"}, ({**SMALL, "classes": 2},)),
    Claim(r"only the last state of each direction becomes an answer",
          option(returns=lambda r: r != "sequences", bidirectional=True),
          {**SMALL, "classes": 2, "mode": "many-to-one", "bidirectional": True},
          ({**SMALL, "classes": 2, "mode": "many-to-one"},)),
    Claim(r"each state is made of the input and the state before"),
    Claim(r"layer (?P<a>\d+) reads the states of layer (?P<b>\d+), with weights of its own",
          lambda told, m, b: here(told, b).layer == int(m["a"]) - 1 == int(m["b"]), {**SMALL, "layers": 2}, (SMALL,)),
    Claim(r"(?:the same inputs|the states of layer (?P<b>\d+)) from the last step to the first, with weights of "
          r"its own",
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
    Claim(r"for patterns made of patterns, as in speech: each layer reads the one before",
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
    Claim(r"the formula as printed: a candidate without weights", option(variant="glossary"), {"example": "glossary"},
          ({},)),
    Claim(r"two gates mix the old state and a candidate",
          lambda told, m, b: len(list(runs(told.config))) == 1, SMALL,
          ({**SMALL, "layers": 2}, {**SMALL, "bidirectional": True})),
    Claim(r"as printed, the input reaches no candidate: reset-after learns from it", option(variant="glossary"),
          {"example": "glossary"}, ({},)),
    Claim(r"for weights of the GRU of 2014 \(Keras: reset_after=False\)", option(variant="reset-before"),
          {"example": "reset-before"}, ({},)),
    Claim(r"for text, speech, sensors: a long memory, fewer weights than an LSTM"),
)  # fmt: skip
LSTM = (
    Claim(r"x: a value and a command, 1 writes, −1 reads, 0 waits", own("flag"), {},
          ({"input": "random:3x2"}, {"peepholes": True})),
    Claim(r"the same memory, only its last state handed on", option(returns="state"), {"example": "answer"}, ({},)),
    Claim(r"for one answer about a whole sequence: what the first step said is there at the last", own("answer"),
          {"example": "answer"}, ({"example": "answer", "input": "random:5x2"},)),
    Claim(r"c is the memory, h is what the cell shows of it",
          lambda told, m, b: len(list(runs(told.config))) == 1, SMALL,
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
