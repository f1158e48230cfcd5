"""One artificial neuron: inputs times weights, added up with the bias, through the activation; sample after sample."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from layeranim import numbers
from layeranim.engine.trace import Region, Trace
from layeranim.stories.activations import activation_word
from layeranim.stories.options import FilmOptions
from layeranim.stories.phrases import reckoned
from layeranim.stories.stage import NOTHING, Chip, Each, Grid, Neurons, Note, Plane, Play, Row, Tries, Units, story
from layeranim.stories.stage.arrangements import leading
from layeranim.stories.stage.language import LEADING, Apart
from layeranim.stories.stage.parts.layer import SLOTS
from layeranim.stories.stage.solver import Node
from layeranim.stories.storyboard import Line, Run, Telling

GOOD_FOR = "weigh and add up: the unit that layers are made of"
PALE = 4
"""Times larger, and the smaller numbers would have one colour step."""


def film(telling: Telling) -> Play:
    """The film of one neuron."""
    trace, name = telling.trace, telling.config.activation
    bent, batch, inputs = name != "linear", trace.size("batch"), trace.size("in_features")
    net = Neurons("input", "pre_activation", ("x", "z"), ("in_features", None))
    chip = (Chip("pre_activation", "output"), "→") if bent else ()
    after: tuple[Node | str, ...] = ("→", *chip, Grid("output", "y", rows="batch"))
    table = Grid("input", "samples", rows="batch", cols="in_features")
    plane = Plane("input", "output", "batch", "in_features")
    before: tuple[Node | str, ...] = (Grid("input", "samples", rows="batch", cols="in_features", bare=True),)
    rows = [Row(table, net, *after, plane), Row(table, net, *after), Row(*before, net, *after)]
    alone = [Row(net, *after, plane), Row(net, *after)]
    given, told = trace["weight"][0], _told(telling)
    apart, written = leading(telling, "products", "in_features")
    drawn = given
    if inputs > SLOTS and trace.tensor("input").labels is None:  # not every input has a node
        apart = apart or (Apart("products", "in_features", (), LEADING),)
        drawn = given[list(apart[0].shown or _largest(trace, told))]
    if len(told) > 1:  # the nodes are those whose products are written: the same ones for every sample
        apart = tuple(one if one.shown else replace(one, shown=_largest(trace, told)) for one in apart)
    return Play(
        units=Units(("batch",), ("sample", "samples"), ("out_features",)),
        stage=Tries(*(rows if batch > 1 else alone)),
        acts=(
            Each((
                (("products", "weighted_sum", "pre_activation"),
                 Note("one product for each input, then their sum", inputs > 1)),
                ("output", (
                    bend(name, bool((trace["pre_activation"][told] < 0).any())),
                    Note(f"every sample meets the same weights{' and bias' * ('bias' in trace)}", batch > 1),
                )),
            )),
        ),
        opening=opening("bias" in trace),
        opening_note=_edges(drawn),
        closing=_closing(inputs, "bias" in trace, len(told), name),
        options=(
            f"{inputs} input{'s' * (inputs > 1)}",
            *((activation_word(name),) if bent else ()),
            *(("no bias",) if "bias" not in trace else ()),
            *((f"{batch} samples",) if batch > 1 and telling.film.sample is None else ()),
        ),
        spans=one_scale(trace, ("input", "pre_activation", "output")),
        evidence=(Region.of("output", batch=told),),
        kinds={"output": "share"} if name == "sigmoid" else {},
        apart=apart,
        drawn=written,
    )  # fmt: skip


def _told(telling: Telling) -> range:
    options: FilmOptions = telling.film
    return options.selected_of(telling.trace.size("batch"), 1)


def _largest(trace: Trace, told: range) -> tuple[int, ...]:
    """The inputs with the largest products in any of the samples that are told."""
    with np.errstate(all="ignore"):
        sizes = np.abs(trace["input"][told.start : told.stop] * trace["weight"][0])
    most = np.argsort(-np.nan_to_num(sizes).max(axis=0), kind="stable")[:LEADING]
    return tuple(sorted(most.tolist()))


def one_scale(trace: Trace, names: tuple[str, ...]) -> dict[str, float]:
    """One range of colours for all, where their own ranges are not far apart."""
    if trace.config.activation in ("sigmoid", "softmax", "log-softmax"):  # type: ignore[attr-defined]
        names = tuple(name for name in names if name != "output")
    names = tuple(name for name in names if name in trace)
    ranges = [numbers.value_range(trace[name]) for name in names]
    whole = numbers.value_range(*(trace[name] for name in names))
    return dict.fromkeys(names, whole) if max(ranges) <= PALE * min(ranges) else {}


def bend(name: str, negative: bool) -> Note:
    """What an activation does to sums, of which some are negative."""
    if name == "step":
        return Note("step: 1 from 0 upwards, else 0")
    if name == "relu":
        return Note("ReLU keeps what is positive, the rest becomes 0", negative)
    return NOTHING


def _edges(weights: Any) -> str:
    """What the edges say, as far as these weights have it to say."""
    sizes = len(numbers.distinct(np.abs(weights))) > 1
    if (weights > 0).any() and (weights < 0).any():
        return "blue edge: positive weight, orange: negative" + ("; thick: large" if sizes else "")
    return "thick edge: large weight" if sizes else ""


def opening(biased: bool) -> Line:
    """What a unit does."""
    return (
        Run("multiply every "), Run("input", "ink", "semibold"), Run(" by its "), Run("weight", "weights", "semibold"),
        Run(", add up" + (", add the bias" if biased else "")),
    )  # fmt: skip


def _closing(inputs: int, biased: bool, told: int, name: str) -> Line:
    plural = "s" * (inputs > 1)
    end = "one number" if told == 1 else f"{told} decisions" if name == "step" else f"{told} results"
    body = f"{inputs} weight{plural}" + (", 1 bias" if biased else "")
    return reckoned(f"{inputs} input{plural}, ", body, end, "inputs", "weights", "samples")


NeuronStory = story("Artificial neuron", film, GOOD_FOR, shows=("inputs",))
