"""What the recurrent films say around their steps: the header, opening and end, what numbers are called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from layeranim import numbers
from layeranim.engine.conventions import CONVENTIONS
from layeranim.stories import phrases
from layeranim.stories.activations import activation_word
from layeranim.stories.recurrent.view import RecurrentView
from layeranim.stories.stage.figures import Figures
from layeranim.stories.storyboard import Address, Fact, Line, Run

MOST_ANSWERS = 5
"""Probabilities that a caption shows."""


def symbols(view: RecurrentView, unit: int, state: int) -> Mapping[str, Line]:
    """What the numbers of a cell are called: a gate by its letter, a state by its letter and unit."""
    names = {"hidden": ("h", "result"), "cell": ("c", "result"), "unprojected": ("u", "result"),
             "forget_gate": ("f", "f"), "input_gate": ("i", "i"), "output_gate": ("o", "o"),
             "update_gate": ("z", "i"), "reset_gate": ("r", "f"),
             "candidate": ("n" if view.kind == "gru" else "g", "g"), "hidden_pre": ("sum", "ink"),
             "candidate_input": ("W x + b" if view.config.bias else "W x", "ink"),
             "candidate_hidden": ("U h + c" if "bias_hidden" in view.trace else "U h", "ink")}  # fmt: skip
    numbered = view.hidden > 1
    index = {base: f"_{{{(state if base == 'hidden' else unit) + 1}}}" * (numbered and len(letter) == 1)
                for base, (letter, _) in names.items()}  # fmt: skip
    said = {base: (Run(letter + index[base], role, "semibold", Fact("name"), markup=numbered),)
            for base, (letter, role) in names.items()}  # fmt: skip
    return {run.prefix + base: line for run in view.runs for base, line in said.items()}


def options(view: RecurrentView) -> list[str]:
    """Sizes and options of the layer that are not usual."""
    config: Any = view.config
    lstm, gru = view.kind == "lstm", view.kind == "gru"
    parts = [
        (True, f"input {view.trace.tensor('input').shape[-1]}"),
        (True, f"hidden {view.hidden}"),
        (lstm and config.projection, f"projection {getattr(config, 'projection', 0)}"),
        (gru and config.variant != "reset-after", getattr(config, "variant", "")),
        (lstm and config.peepholes, "peepholes"),
        *((name != usual, said.format(activation_word(name))) for name, usual, said in _activations(config)),
        (not config.bias, "no biases"),
        (config.layers > 1, f"{config.layers} layers"),
        (config.bidirectional, "bidirectional"),
        (config.classes, f"{config.classes} classes"),
        (config.returns != "sequences", f"returns {config.returns}"),
        (view.steps < int(config.timesteps or 0), f"length {view.steps} of {config.timesteps}"),
        (config.mode != "many-to-many", config.mode),
        (config.convention != "torch", f"{CONVENTIONS[config.convention].library.partition(',')[0]} order"),
    ]
    return [text for there, text in parts if there]


def _activations(config: Any) -> list[tuple[str, str, str]]:
    """The activations of a cell, the usual ones, and how others are named."""
    if hasattr(config, "nonlinearity"):
        return [(config.nonlinearity, "tanh", "{}")]
    return [(config.activation, "tanh", "{}"), (config.gate_activation, "sigmoid", "gates: {}")]


def drawn(view: RecurrentView) -> tuple[str, ...]:
    """How many cells, and of a large state which unit is told."""
    cells = phrases.not_all(len(view.runs), view.all_runs, "cells")
    most = "" if view.telling.film.show_of else ", which changes most"
    return (*cells, *((f"unit {view.told + 1} of {view.hidden}{most}",) if view.chosen else ()))


def opening(view: RecurrentView) -> Line:
    cells = "one cell" if view.all_runs == 1 else f"{view.all_runs} cells"
    said = (
        Run(f"{phrases.so_many('time step', 'time steps', view.steps)}, ", source=Fact("steps")),
        Run(cells, "weights", "semibold", Fact("cells")),
    )
    if view.steps == 1:
        return said
    return *said, Run(f", {'each with ' * (view.all_runs > 1)}the same weights at every step")


def answer(view: RecurrentView, figures: Figures) -> Line:
    """``y = softmax(V h + b)  →  0.02,  0.98``: what the output layer makes of the last state."""
    held = view.trace.tensor("probabilities")
    here = {"batch": view.sample, "time": view.steps - 1}
    places = [Address("probabilities", tuple(here.get(axis, k) for axis in held.axes))
              for k in range(min(MOST_ANSWERS, held.shape[-1]))]  # fmt: skip
    biased = (Run(" + "), Run("b", "weights")) if "bias_output" in view.trace else ()
    shares = [(Run(figures.text(place), "probability", "semibold", place),) for place in places]
    more = [phrases.more(held.shape[-1] - len(places))] if held.shape[-1] > len(places) else []
    made: Line = (Run("y", "probability", "semibold"), Run(" = softmax("), Run("V", "weights"), Run(" h"), *biased)
    return (*made, Run(")  →  "), *phrases.join([*shares, *more], Run(",  ")))


def summary(view: RecurrentView, usual: str) -> str:
    """What the example shows, or how such a layer works."""
    config, preset = view.config, view.telling.untouched
    if config.tokens and "input" in view.telling.seeded:
        return "each word has numbers of its own, drawn at random"
    if preset:
        return preset.summary
    if config.mode == "one-to-many" and view.steps > 1:
        return "one input; after the first step the cell reads zeros"
    if config.classes is not None and config.returns != "sequences":
        return f"only the last state{' of each direction' * config.bidirectional} becomes an answer"
    return usual if view.single else "each state is made of the input and the state before"


def closing(view: RecurrentView) -> Line:
    config, returns = view.config, str(view.config.returns)
    output = view.trace.tensor("output").shape[1:]
    count = int(view.trace.facts["parameters"])
    final = "final memory and state, each " if view.kind == "lstm" else "final state "
    what = {"sequences": "output ", "last": "last state ", "state": final}[returns]
    shared = view.steps > 1 and (config.classes is None or returns == "sequences")  # else the output layer's are not
    more = []
    if config.classes is not None:
        answer = numbers.shape_text(view.trace.tensor("probabilities").shape[1:])
        more.append(Run(f", y {answer}", "result", "semibold", Fact("answer shape")))
    if view.steps < int(config.timesteps or 0) and returns == "sequences":
        more.append(Run(f", zeros after step {view.steps}", source=Fact("steps")))
    parameters = phrases.so_many("parameter", "parameters", count)
    if shared:
        number, _, noun = parameters.partition(" ")
        parameters = f"{number} shared {noun}"
    steps, made = phrases.so_many("step", "steps", view.steps), what + numbers.shape_text(output)
    return *phrases.reckoned(f"{steps}, ", parameters, made, "steps", "parameters", "output shape"), *more
