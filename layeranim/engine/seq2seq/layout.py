"""From the held tensors of an encoder–decoder to the whole trace: recipes, steps word by word, facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from layeranim.engine import lazy
from layeranim.engine.attention import ATTENTION
from layeranim.engine.attention.steps import affine
from layeranim.engine.compose import Part
from layeranim.engine.plan import EachUnit, Plan, in_turn, whole
from layeranim.engine.recurrent.layout import mask_of
from layeranim.engine.replay import operation
from layeranim.engine.seq2seq.config import Seq2SeqConfig, attention_of, decoder_of, encoder_of, read_by_decoder
from layeranim.engine.trace import Array, Region, Role, Step, Steps, Tensor, Trace

_TIME = ("batch", "target_time")


@operation("most_probable")
def most_probable(probabilities: Array) -> Array:
    """The number of the most probable word; of equal ones the first."""
    return np.asarray(np.argmax(probabilities))


@operation("word_row")
def word_row(table: Array, word: Array) -> Array:
    """The row of a word."""
    return np.asarray(table[int(word)])


def held_tensors(config: Seq2SeqConfig, arrays: Mapping[str, Array]) -> dict[str, Tensor]:
    """The model's own tensors that a file keeps."""
    read = "hidden" if config.attention == "none" else "combined"
    layout: dict[str, tuple[tuple[str, ...], Role]] = {
        "source": (("batch", "source_time", "source_features"), "input"),
        "lengths": (("batch",), "input"),
        "target": ((*_TIME, "target_features"), "input"),
        "fed_back": ((*_TIME, "target_features"), "intermediate"),
        "target_embeddings": (("classes", "target_features"), "weight"),
        "weight_combine": (("combined", "context_state"), "weight"),
        "bias_combine": (("combined",), "weight"),
        "weight_output": (("classes", read), "weight"),
        "bias_output": (("classes",), "weight"),
        "combined_pre": ((*_TIME, "combined"), "intermediate"),
        "combined": ((*_TIME, "combined"), "intermediate"),
        "logits": ((*_TIME, "classes"), "intermediate"),
        "probabilities": ((*_TIME, "classes"), "output"),
        "chosen": (_TIME, "output"),
    }
    return {name: Tensor(name, axes, role, arrays[name]) for name, (axes, role) in layout.items() if name in arrays}


def assemble(config: Seq2SeqConfig, tensors: Mapping[str, Tensor]) -> Trace:
    """The trace from its held tensors."""
    traces = parts_of(config, tensors)
    out = dict(tensors)
    for part, trace in traces:
        out |= {name: tensor for name, tensor in part.tensors(trace).items() if name != "encoder.lengths"}
    if config.attention != "none":
        _add_combined(out)
    source = "decoder.hidden" if config.attention == "none" else "combined"
    axes = (*out["logits"].axes, out[source].axes[-1])
    out["logits_products"] = lazy.product("logits_products", axes, out["weight_output"], out[source])
    facts: dict[str, int | float | str] = {
        "source_steps": int(config.source_steps or 0), "target_steps": int(config.target_steps or 0),
        "hidden": int(config.hidden or 0), "classes": int(config.classes or 0),
        "parameters": sum(int(np.prod(t.shape)) for t in tensors.values() if t.role == "weight"),
    }  # fmt: skip
    inside = {part.prefix: part.steps(trace) for part, trace in traces}
    return Trace("seq2seq", config, out, _steps(config, out, inside), facts)


def parts_of(config: Seq2SeqConfig, tensors: Mapping[str, Tensor]) -> list[tuple[Part, Trace]]:
    """Encoder, decoder and attention, each with its trace, from the held tensors of the whole."""
    traces = [_encoder(config, tensors)]
    traces.append(_decoder(config, tensors, traces[0][1]))
    if config.attention != "none":
        traces.append(_attention(config, tensors, traces[0][1], traces[1][1]))
    return traces


def _encoder(config: Seq2SeqConfig, tensors: Mapping[str, Tensor]) -> tuple[Part, Trace]:
    part, layer, inner = encoder_of(config)
    held = part.held(tensors) | {"input": _as(tensors["source"], "input", "time", "features")}
    if "lengths" in tensors:
        held["lengths"] = tensors["lengths"]
        held["input"] = Tensor("input", held["input"].axes, "input", _cut(held))
    return part, layer.assemble(inner, held)


def _decoder(config: Seq2SeqConfig, tensors: Mapping[str, Tensor], encoder: Trace) -> tuple[Part, Trace]:
    part, layer, inner = decoder_of(config)
    held = part.held(tensors) | {"input": _as(tensors[read_by_decoder(config)], "input", "time", "features")}
    for state, axis in (("hidden", "hidden"), ("cell", "units")):
        name = f"initial_{state}"
        if name in part.reads:
            held[name] = Tensor(name, ("batch", axis), "input", encoder[f"final_{state}"])
    return part, layer.assemble(inner, held)


def _attention(
    config: Seq2SeqConfig, tensors: Mapping[str, Tensor], encoder: Trace, decoder: Trace
) -> tuple[Part, Trace]:
    part, options = attention_of(config)
    held = part.held(tensors)
    key = "features" if config.attention in ("dot", "scaled") else "key_features"
    sources = (("query", decoder, "queries", "features"), ("key", encoder, "keys", key),
               ("value", encoder, "keys", "value_features"))  # fmt: skip
    for name, source, *axes in sources:
        held[name] = Tensor(name, ("batch", "heads", *axes), "input", source["hidden"][:, None])
    full, _ = ATTENTION.complete(options, {name: held[name].shape for name in part.reads})
    return part, ATTENTION.assemble(full, held)


def _as(tensor: Tensor, name: str, *axes: str) -> Tensor:
    return Tensor(name, ("batch", *axes), "input", np.asarray(tensor.source))


def _cut(held: Mapping[str, Tensor]) -> Array:
    """The source, 0 beyond each sequence's length, as the encoder reads it."""
    return np.where(mask_of(held)[:, :, None], np.asarray(held["input"].source), 0)


def _add_combined(out: dict[str, Tensor]) -> None:
    """Context and state side by side, and what is made of them."""
    mixed = np.asarray(out["attention.output"].source)[:, 0]
    out["context"] = lazy.view("context", (*_TIME, "value_features"), mixed)
    parts = [out["context"], out["decoder.hidden"]]
    out["context_state"] = lazy.joined("context_state", (*_TIME, "context_state"), parts)
    axes = (*_TIME, "combined", "context_state")
    products = lazy.product("combined_products", axes, out["weight_combine"], out["context_state"])
    out[products.name] = products


def _steps(config: Seq2SeqConfig, tensors: Mapping[str, Tensor], inside: Mapping[str, Steps]) -> Steps:
    """Sequence by sequence: read the source, hand the state over, then word by word."""
    parts: list[Sequence[Step]] = []
    batch, time = tensors[read_by_decoder(config)].shape[:2]
    counts = mask_of({**tensors, "input": tensors["source"]}).sum(axis=1).tolist()
    each = len(inside["encoder."]) // sum(counts)
    states = [name.removeprefix("decoder.initial_") for name in tensors if name.startswith("decoder.initial_")]
    hand = tuple(Plan("join", whole(f"encoder.final_{s}"), f"decoder.initial_{s}") for s in states)
    write = _word_plans(config, tensors)
    for b in range(batch):
        first = sum(counts[:b]) * each
        parts.append(inside["encoder."][first : first + counts[b] * each])
        parts.append(in_turn([EachUnit((("batch", range(b, b + 1)),), hand)], tensors))
        look = _Looks(config, inside.get("attention.", Steps(0, _no_step)), batch, time, b)
        parts.append(look.before)
        own = inside["decoder."]
        acts = len(own) // batch // time - 1
        for t in range(time):
            start = b * (len(own) // batch)
            if config.feeding == "greedy":
                parts.append([_reading(config, b, t)])
            parts.append(own[start + t * acts : start + (t + 1) * acts])
            parts.append(own[start + time * acts + t : start + time * acts + t + 1])
            parts += look.at(t)
            place = (("batch", range(b, b + 1)), ("target_time", range(t, t + 1)))
            parts.append(in_turn([EachUnit(place, write)], tensors))
    return Steps.chain(*parts)


def _no_step(i: int) -> Step:
    raise IndexError(i)


class _Looks:
    """The attention's steps of one sequence: what is done once for the keys, and what for each query."""

    def __init__(self, config: Seq2SeqConfig, steps: Steps, batch: int, time: int, b: int) -> None:
        total = len(steps) // batch
        self.steps, self.first = steps, b * total
        self.query = 2 if config.attention == "additive" else 0
        keys = {"additive": 2, "multiplicative": 2}.get(config.attention, 0) * int(config.source_steps or 0)
        self.rows = self.first + time * self.query + keys
        self.row = (total - time * self.query - keys) // time
        start = self.first + time * self.query
        self.before = steps[start : start + keys]

    def at(self, t: int) -> list[Sequence[Step]]:
        """What is done for the query of step ``t``."""
        start = self.first + t * self.query
        row = self.rows + t * self.row
        return [self.steps[start : start + self.query], self.steps[row : row + self.row]]


def _reading(config: Seq2SeqConfig, b: int, t: int) -> Step:
    """A greedy decoder reads the row of the word that it wrote last."""
    writes = Region.of("fed_back", batch=b, target_time=t)
    if t == 0:
        return Step("join", (Region.of("target_embeddings", classes=config.start),), writes)
    return Step("word_row", (Region.of("target_embeddings"), Region.of("chosen", batch=b, target_time=t - 1)), writes)


def _word_plans(config: Seq2SeqConfig, tensors: Mapping[str, Any]) -> tuple[Plan, ...]:
    """From a state to a word."""
    plus = {name: (name,) if name in tensors else () for name in ("bias_combine", "bias_output")}
    source, before = "decoder.hidden", tuple[Plan, ...]()
    if config.attention != "none":
        source = "combined"
        before = (
            Plan("join", whole("context", "decoder.hidden"), "context_state"),
            *affine("weight_combine", "context_state", "combined_products", "combined_pre", *plus["bias_combine"]),
            Plan("activate", whole("combined_pre"), "combined", (("name", "tanh"),)),
        )
    return (
        *before,
        *affine("weight_output", source, "logits_products", "logits", *plus["bias_output"]),
        Plan("softmax", whole("logits"), "probabilities"),
        Plan("most_probable", whole("probabilities"), "chosen"),
    )
