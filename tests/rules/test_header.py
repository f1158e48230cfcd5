"""Rule 3: the header keeps every hyper-parameter that is not usual, on two rows if need be; the seed goes first."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from layeranim import catalog, preparing, theme
from layeranim.engine.links import links_of
from layeranim.engine.option import Option
from layeranim.engine.trace import Trace
from layeranim.errors import UsageError
from layeranim.stories import phrases
from layeranim.stories.activations import activation_word
from layeranim.stories.header import MOST, header, placed
from layeranim.stories.storyboard import Line, Run, Storyboard, plain
from tests.catalog.conftest import Case, ids
from tests.catalog.sentences import values

from .films import board

Says = Callable[[Any], str]
PAIR: Says = lambda v: str(v[0]) if len(set(v)) == 1 else "×".join(map(str, v))  # noqa: E731
ACTIVATION: Says = activation_word
CONV: Mapping[str, Says] = {
    "stride": lambda v: f"stride {PAIR(v)}", "padding": lambda v: "padding ", "padding_mode": str,
    "dilation": lambda v: f"dilation {PAIR(v)}", "groups": lambda v: f"groups {v}", "flip": lambda v: "flipped",
    "filters": lambda v: f"{v} filters" if v > 1 else "", "bias": lambda v: "bias" if v else "",
    "activation": ACTIVATION,
}  # fmt: skip
RECURRENT: Mapping[str, Says] = {
    "hidden": lambda v: f"hidden {v}", "input_size": lambda v: f"input {v}", "layers": lambda v: f"{v} layers",
    "bidirectional": lambda v: "bidirectional", "classes": lambda v: f"{v} classes",
    "returns": lambda v: f"returns {v}" if v != "sequences" else "", "projection": lambda v: f"projection {v}",
    "peepholes": lambda v: "peepholes" if v else "", "variant": str,
}  # fmt: skip
NORM: Mapping[str, Says] = {
    "mode": str, "eps": lambda v: "" if v in (1e-5, 1e-3) else f"eps {v:g}", "affine": lambda v: "no γ",
    "convention": lambda v: f"as {v}", "momentum": lambda v: "" if v in (0.1, 0.99) else f"momentum {v:g}",
}  # fmt: skip
POOL: dict[str, Says] = {
    "mode": lambda v: v.replace("lp", "Lp").split("-")[-1], "stride": lambda v: f"stride {PAIR(v)}",
    "padding": lambda v: "padding ", "dilation": lambda v: f"dilation {PAIR(v)}",
    "ceil_mode": lambda v: "ceil mode", "divisor_override": lambda v: f"divisor {v}",
    "norm_type": lambda v: f"p = {v:g}", "output_size": lambda v: "output", "backward": lambda v: "backwards",
}  # fmt: skip
NETWORK: dict[str, Says] = {
    "sizes": lambda v: "→".join(map(str, v)), "activation": ACTIVATION,
    "output_activation": lambda v: "" if v == "linear" else v,
    "bias": lambda v: "" if v else "no bias",
}  # fmt: skip
CNN: dict[str, Says] = {
    "filters": lambda v: " and ".join((*filter(None, (", ".join(map(str, v[:-1])),)), str(v[-1]))),
    "kernel_size": lambda v: f" {PAIR(v)}",
    "padding": lambda v: f"padding {v}" if isinstance(v, str) else "padding " if any(map(any, v)) else "",
    "pool_size": lambda v: f" {PAIR(v)}", "pool_mode": str, "units": lambda v: f"→ {v}",
    "activation": lambda v: "" if v == "linear" else ACTIVATION(v),
    "output_activation": lambda v: "" if v == "linear" else v, "bias": lambda v: "" if v else "no bias",
}  # fmt: skip
SAYS: Mapping[str, Mapping[str, Says]] = {
    "conv1d": {key: says for key, says in CONV.items() if key != "filters"} | {"filters": lambda v: f"→ {v}×"},
    "softmax": {
        "temperature": lambda v: f"temperature {v:g}", "log": lambda v: "logarithms",
        "axis": lambda v: "over the batch",
    },
    "maxout": {
        "pieces": lambda v: f"{v} piece", "input_size": lambda v: f"{v} inputs" if v > 1 else "",
        "bias": lambda v: "" if v else "no bias",
    },
    "loss": {"mode": lambda v: f"mode {v}", "reduction": lambda v: f"reduction {v}", "delta": lambda v: f"delta {v:g}"},
    "cross-entropy": {
        "source": lambda v: f"from {v}", "reduction": lambda v: f"reduction {v}",
        "true_class": lambda v: f"class {v + 1}", "ignore_index": lambda v: "left out",
        "label_smoothing": lambda v: f"smoothing {v:g}",
    },
    "training": {
        "sizes": lambda v: "→".join(map(str, v)), "epochs": lambda v: f"{v} epoch", "method": lambda v: f"{v}, rate",
        "momentum": lambda v: f"momentum {v:g}" if v else "", "learning_rate": lambda v: f"rate {v:g}",
        "activation": ACTIVATION, "initialiser": lambda v: f"initialiser {v}",
        "training_seed": lambda v: f"training seed {v}", "clip_norm": lambda v: f"clip norm {v:g}",
        "weight_decay": lambda v: f"weight decay {v:g}" if v else "",
    },
    "timesteps": {
        "timesteps": lambda v: f"{v} time step", "input_size": lambda v: f"{v} feature",
    },
    "vanishing": {
        "hidden": lambda v: f"hidden {v}", "timesteps": lambda v: f"{v} time step", "nonlinearity": ACTIVATION,
        "threshold": lambda v: f"clipped at {v:g}", "truncate": lambda v: f"cut off after {v} step",
        "forget": lambda v: f"forget gate {v:g}", "losses": lambda v: "a loss at every step",
    },
    "compare-layers": {
        "layers": lambda v: "", "places": lambda v: f"{v} place", "kernel_size": lambda v: f"kernel {v}",
        "swap": lambda v: f"inputs {min(v)} and {max(v)} swapped",
    },
    "descent": {
        "surface": str, "methods": lambda v: ",  ".join(v) if len(v) > 4 else "", "updates": lambda v: f"{v} update",
        "learning_rate": lambda v: "rate", "momentum": lambda v: f"momentum {v:g}",
        "clip_norm": lambda v: f"clip norm {v:g}", "weight_decay": lambda v: f"weight decay {v:g}",
        "centred": lambda v: "centred", "learning_rate_decay": lambda v: f"learning rate decay {v:g}",
    },
    "batchnorm": NORM, "layernorm": NORM,
    "activation": {"activation": ACTIVATION, "alpha": lambda v: f"alpha {v:g}", "pieces": lambda v: f"{v} pieces"},
    "conv": CONV, "conv-matmul": CONV, "conv-image": CONV, "feature-maps": CONV,
    "conv-transpose": {key: says for key, says in CONV.items() if key not in ("padding_mode", "flip")}
    | {"output_padding": lambda v: f"output padding {PAIR(v)}"},
    "depthwise": {key: says for key, says in CONV.items() if key not in ("padding_mode", "groups", "flip", "filters")}
    | {"filters": lambda v: f"→ {v}×", "multiplier": lambda v: f"multiplier {v}" if v > 1 else ""},
    "filter-match": {"filters": lambda v: f"{v} filters" if v > 1 else "", "flip": CONV["flip"]},
    "pool": POOL,
    "pool1d": POOL | {
        "kernel_size": lambda v: f"window of {PAIR(v)}", "output_size": lambda v: f"windows cut for {PAIR(v)} number",
    },
    "neuron": {"activation": ACTIVATION, "input_size": lambda v: f"{v} input"},
    "dense": {
        "activation": ACTIVATION, "input_size": lambda v: f"{v} input",
        "units": lambda v: f"{v} units" if v > 1 else "", "bias": lambda v: "" if v else "no bias",
    },
    "mlp": NETWORK,
    "autoencoder": {
        "encoder": lambda v: "→".join(map(str, v)), "decoder": lambda v: "→".join(map(str, v)),
        "activation": lambda v: ACTIVATION(v), "code_activation": lambda v: "" if v == "linear" else ACTIVATION(v),
        "output_activation": lambda v: "" if v == "linear" else ACTIVATION(v), "bias": lambda v: "" if v else "no bias",
        "loss": lambda v: "absolute errors" if v == "absolute" else "",
        "walk_steps": lambda v: f"{v} step" if v != 5 else "",
    },
    "gan": {
        "turns": lambda v: f"{v} turn", "critic_steps": lambda v: f"{v} update", "loss": str, "method": str,
        "critic_rate": lambda v: f"rates {v:g} and", "generator_rate": lambda v: f"and {v:g}",
        "critic_decay": lambda v: f"decay {v:g}", "momentum": lambda v: f"momentum {v:g}",
        "beta1": lambda v: f"beta1 {v:g}", "critic_bias": lambda v: "" if v else "no bias",
        "critic_degree": lambda v: f"power {v}" if v > 1 else "of x alone",
    },
    "cnn": CNN,
    "sequential": {"layers": lambda v: f"{len(links_of(v))} layer", "opened": lambda v: "opened"},
    "cnn-backprop": CNN | {
        "loss": lambda v: f"loss {v}" if v == "squared" else "", "learning_rate": lambda v: f"rate {v:g}",
        "true_class": lambda v: f"class {v + 1}",
    },
    "init": {
        "schemes": lambda v: ",  ".join(v) if len(v) > 4 else "", "layers": lambda v: f"{v} layer",
        "units": lambda v: f"{v} unit", "samples": lambda v: f"{v} sample", "activation": ACTIVATION,
        "small": lambda v: f"small {v:g}", "large": lambda v: f"large {v:g}", "init_seed": lambda v: f"init seed {v}",
    },
    "symmetry": {
        "order": lambda v: f"order {','.join(map(str, v))}" if len(v) <= 5 else "units moved",
        "activation": lambda v: activation_word(v), "input_size": lambda v: f"{v}→", "hidden": lambda v: f"{v}→",
        "outputs": str,
    },
    "feature-space": {"activation": lambda v: "squares" if v == "square" else activation_word(v)},
    "backprop": NETWORK | {
        "loss": lambda v: f"loss {v}" if v == "squared" else "", "learning_rate": lambda v: f"rate {v:g}",
        "true_class": lambda v: f"class {v + 1}",
    },
    "regularisation": {
        "updates": lambda v: f"{v} update", "learning_rate": lambda v: f"rate {v:g}", "l2": lambda v: f"L2 {v:g}",
        "l1": lambda v: f"L1 {v:g}", "max_norm": lambda v: f"max-norm {v:g}",
    },
    "dropout": {
        "rate": lambda v: f"dropout {v:g}", "mode": lambda v: "" if v == "inverted" else v,
        "draws": lambda v: f"{v} draws" if v > 1 else "", "channelwise": lambda v: "whole channels",
    },
    "rnn": RECURRENT, "gru": RECURRENT, "lstm": RECURRENT,
    "attention": {
        "heads": lambda v: f"{v} heads", "causal": lambda v: "causal", "positional": str,
        "softcap": lambda v: f"capped at {v:g}", "lookup": str, "corner": lambda v: "lower right",
    },
    "embedding": {
        "padding_idx": lambda v: f"padding id {v}", "vocabulary": lambda v: f"{v}×", "features": lambda v: "",
    },
    "alignment": {
        "cell": lambda v: v.upper(), "attention": str, "hidden": lambda v: f"hidden {v}",
        "feeding": lambda v: "the target is given", "bias": lambda v: "no bias",
    },
    "seq2seq": {
        "cell": lambda v: v.upper(), "attention": lambda v: f"{v} attention", "hidden": lambda v: f"hidden {v}",
        "feeding": lambda v: "reads what it wrote", "bias": lambda v: "no bias",
        "source_steps": lambda v: f"{v} read", "target_steps": lambda v: f"{v} written",
    },
    "positional-encoding": {
        "positions": lambda v: f"{v} position", "features": lambda v: f"{v} feature", "base": lambda v: f"base {v:g}",
        "kind": str, "pairs": lambda v: f"pairs in {v}",
    },
    "transformer": {
        "block": str, "norm": lambda v: f"{v}-norm", "heads": lambda v: f"{v} head", "activation": ACTIVATION,
        "norm_kind": lambda v: f"{v.upper()} norm", "key_heads": lambda v: f"{v} key head", "positional": str,
        "pairs": lambda v: f"{v} turned together", "base": lambda v: f"base {v:g}",
        "feedforward": lambda v: f"{v} units", "embed": lambda v: f"{v} features", "window": lambda v: f"window {v}",
        "bias": lambda v: "no bias", "eps": lambda v: f"eps {v:g}",
    },
    "multi-head": {
        "kind": str, "heads": lambda v: f"{v} heads" if v > 1 else "", "causal": lambda v: "causal",
        "softcap": lambda v: f"capped at {v:g}", "lookup": str, "scale": lambda v: f"scale {v:g}",
        "window": lambda v: f"window {v}", "positional": str, "bias": lambda v: "biases" if v else "",
    },
    "attention-lookup": {
        "kind": lambda v: f"{v} scores", "heads": lambda v: f"{v} heads", "causal": lambda v: "causal",
        "softcap": lambda v: f"capped at {v:g}", "lookup": str, "scale": lambda v: f"scale {v:g}",
        "window": lambda v: f"window {v}",
    },
}  # fmt: skip
"""What the header must say of a value that is not the usual one; of other options, and of explainers that are not
here, the test below looks that it says anything at all."""


def left_out(work: preparing.Work, board: Storyboard) -> list[str]:
    """The hyper-parameters that a film's header leaves out."""
    head = f"{board.title}   {plain(board.parameters)}".lower()
    usual = {option.name: option.default for option in work.config.options()}
    out = []
    for name, says in SAYS.get(work.name, {}).items():
        value = getattr(work.config, name, None)
        if value is None or value == _checked(work.config, name, usual[name]):
            continue
        needle = says(value).lower()
        apart = r"(?<![\w.])" * needle[:1].isalnum()
        if needle and not re.search(apart + re.escape(needle), head):
            out.append(f"{name} {value!r}: {needle!r} is not in {head!r}")
    return out


def _checked(config: Any, name: str, default: Any) -> Any:
    """The usual value in its canonical form."""
    kind = next(option.kind for option in config.options() if option.name == name)
    return None if default is None else kind.check(name, default)


def test_the_check_sees_a_header_that_leaves_one_out() -> None:
    case = Case("softmax", {"temperature": 3}, "softmax-warm")
    work, told = case.work(), board(case)
    assert not left_out(work, told)
    silent = replace(told, parameters=(Run("3 classes"),))
    assert left_out(work, silent) == ["temperature 3.0: 'temperature 3' is not in 'softmax   3 classes'"]


STANDING = {"classes", "grid", "mask_seed", "start", "target_size", "timesteps"}
"""Sizes and words that stand on the stage, and the seed of a mask, which is said first where values are drawn."""


def silent(name: str) -> list[str]:
    """Options without words above that change a film's numbers and leave its header as it is."""
    given = {"example": catalog.presets(name)[0].name}
    usual = Case(name, given, name).work()
    trace, board = usual.trace(), usual.storyboard(usual.trace())
    out = []
    for option in usual.config.options():
        if option.name in STANDING or option.name in SAYS.get(name, {}):
            continue
        found = other(name, given, option, getattr(usual.config, option.name))
        if found and found[1:] == (board.title, board.parameters) and not same(trace, found[0]):
            out.append(option.name)
    return out


def other(name: str, given: Mapping[str, Any], option: Option, value: Any) -> tuple[Trace, str, Line] | None:
    """The numbers and the header of the film with another value of an option, the last one that it takes."""
    for tried in reversed(values(option, value)):
        try:
            work = preparing.prepare(name, {**given, option.name: tried})
            trace = work.trace()
            board = work.storyboard(trace)
        except UsageError:
            continue
        return trace, board.title, board.parameters
    return None


def same(one: Trace, other: Trace) -> bool:
    """Whether two traces hold the same numbers."""
    return set(one.tensors) == set(other.tensors) and all(
        np.array_equal(one[key], other[key], equal_nan=one[key].dtype.kind == "f") for key in one.tensors
    )


@pytest.mark.grid(2)
@pytest.mark.parametrize("name", catalog.EXPLAINERS)
def test_what_changes_the_numbers_changes_the_header(name: str) -> None:
    assert not silent(name)


LONG = [
    Case("rnn", {"hidden": 64, "timesteps": 20, "input_size": 9}, "rnn-wide"),
    Case("gru", {"layers": 2, "bidirectional": True, "hidden": 12, "input_size": 3, "classes": 4, "returns": "last"},
         "gru"),
    Case("attention", {"positional": "rotary", "causal": True, "heads": 4, "key_heads": 2, "softcap": 3}, "attention"),
    Case("conv", {"input": "random:8x12x12", "filters": 6, "groups": 2, "kernel_size": "3x5", "padding": "1,2,0,1",
                  "dilation": "2x1", "stride": "2x1", "bias": True, "activation": "leaky-relu"}, "conv"),
    Case("pool", {"input": "random:7x40x40", "kernel_size": "3x5", "stride": "2x3", "padding": "1,2",
                  "dilation": "2x1", "ceil_mode": True}, "pool"),
]  # fmt: skip


@pytest.mark.parametrize("title", [None, "A title of exactly forty-eight letters, no more.", "Wide" * 15])
@pytest.mark.parametrize("case", **ids(LONG))
def test_two_rows_hold_what_one_does_not(case: Case, title: str | None) -> None:
    options = {**case.options, **({"title": title} if title else {})}
    work = Case(case.name, options, case.label).work()
    board = work.storyboard(work.trace())
    found = placed(board.title, board.parameters)
    assert plain(board.parameters) == ",  ".join(filter(None, map(plain, (found.beside, *found.under))))
    width = phrases.width((Run(board.title, weight="semibold"),), found.title)
    assert found.title >= theme.FLOOR
    assert found.parameters >= theme.FLOOR
    assert width + phrases.width(found.beside, found.parameters) <= phrases.ROOM
    assert all(phrases.width(row, found.parameters) <= phrases.ROOM for row in found.under)
    assert title is None or title.startswith(board.title.rstrip("…"))


def test_the_seed_goes_first_then_what_the_drawing_leaves_out() -> None:
    said = [f"hyper-parameter {n}" for n in range(4)]
    drawn, seed = ["3 of 8 channels drawn", "3 of 16 filters drawn"], "random values, seed 0"
    kept = [plain(header([*said, "x" * n], drawn, seed)) for n in range(60)]
    dropped = [[what for what in (*drawn, seed) if what not in text] for text in kept]
    assert [seed, drawn[1], drawn[0]] == list(dict.fromkeys(what for gone in dropped for what in gone[::-1]))
    assert all(part in text for text in kept for part in said)
    full = [text for text in kept if seed not in text and drawn[1] in text]
    assert max(phrases.width((Run(text),), theme.PARAMETERS) for text in full) > MOST * phrases.ROOM  # in small letters
