"""The gradients of an encoder–decoder: from the words back through output layer, attention, decoder and encoder.

The encoder's states are read by the attention and, the last one, by the decoder; the decoder's by the attention and by
the output layer: each gets the sum. A greedy decoder reads rows of ``target_embeddings``, which get the gradient; the
choice of a word has none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np

from layeranim.engine.act import Act
from layeranim.engine.adjoint import adjoint, run
from layeranim.engine.attention import ATTENTION
from layeranim.engine.backward import passed_back, starts
from layeranim.engine.option import Layer
from layeranim.engine.plan import EachUnit, Plan, in_turn, whole
from layeranim.engine.replay import finite_max, operation
from layeranim.engine.seq2seq.config import Seq2SeqConfig, decoder_of, encoder_of, read_by_decoder
from layeranim.engine.seq2seq.layout import parts_of
from layeranim.engine.tape import Tape
from layeranim.engine.trace import Array, Region, Step, Steps, Trace

_TIME = ("batch", "target_time")


def backward(trace: Trace, gradients: Mapping[str, Any]) -> Trace:
    """The gradients of an encoder–decoder's trace: source, target or the rows of words, and every weight.

    Args:
        gradients: ∂loss/∂tensor of ``probabilities`` or ``logits`` or both, each in its tensor's shape.

    Raises:
        OptionError: the gradient of another tensor.
        ShapeError: a gradient of another shape.
    """
    given = starts(trace, gradients, "probabilities", "logits")
    back = _Seq2SeqBackward(trace)
    with np.errstate(all="ignore"):
        back.words(given)
        back.looks()
        back.decoder()
        back.encoder()
    return passed_back(trace, given, back.out, Steps.chain(*back.parts))


class _Seq2SeqBackward(Tape):
    """The way back; ``parts`` are the steps in turn, ``inner`` the traces of the parts by their prefix."""

    def __init__(self, forward: Trace) -> None:
        super().__init__(forward)
        self.config = cast(Seq2SeqConfig, forward.config)
        self.inner = {part.prefix: (part, trace) for part, trace in parts_of(self.config, forward.tensors)}
        self.parts: list[Sequence[Step]] = []

    def act(self, plans: Sequence[Plan], *axes: str) -> None:
        """The steps of ``plans`` at every place along ``axes``."""
        loops = tuple((axis, range(self.forward.size(axis))) for axis in axes)
        self.parts.append(in_turn([EachUnit(loops, tuple(plans))], self.out))

    def words(self, given: Mapping[str, Array]) -> None:
        """From the words to the decoder's states and to the context."""
        acts = _acts(self.config, self.forward)
        seeds = {}
        for name, array in given.items():
            both = name == "logits" and "probabilities" in given
            seeds[name] = (self.add(f"grad_{name}_given" if both else f"grad_{name}", array, given=True),)
        size = int(self.config.hidden or 0)
        found = adjoint(
            acts if "probabilities" in given else acts[:-1], seeds, lambda name: name.startswith(("weight", "bias")),
            (range(size), range(size, 2 * size)),
        )  # fmt: skip
        if "attention." in self.inner:  # which reads the same states
            state, part = "grad_decoder.output", "grad_decoder.output_from_words"
            found.plans[:] = [replace(plan, writes=part) if plan.writes == state else plan for plan in found.plans]
        for plans, axes in ((found.plans, _TIME), (found.shared, ())):
            for plan in plans:
                self.add(plan.writes, run(plan, {name: self.value(name) for name, _ in plan.reads}))
            self.act(plans, *axes)

    def within(self, prefix: str, layer: Layer, *names: str) -> None:
        """Through a part's own backward pass, from the gradients of these of its tensors."""
        part, inner = self.inner[prefix]
        if layer.backward is None:
            raise TypeError(f"{layer.name} has no backward pass")
        done = layer.backward(inner, {name: self.value(f"grad_{prefix}{name}") for name in names})
        self.out |= part.tensors(done)
        self.parts.append(part.steps(done))

    def sum(self, to: str, parts: Sequence[str], *axes: str) -> None:
        """A gradient that is the sum of ``parts``, or a copy of one: those of the one head of the attention fit too."""
        arrays = [self.value(name) for name in parts]
        shape = tuple(self.forward.size(axis) for axis in self.axes(to))
        self.add(to, np.sum([array.reshape(shape) for array in arrays], axis=0))
        self.act([Plan("add_cells" if parts[1:] else "join", whole(*parts), to)], *axes)

    def looks(self) -> None:
        """Through the attention to its queries, the decoder's states, and its keys and values, the encoder's."""
        if "attention." in self.inner:
            self.sum("grad_attention.output", ["grad_context"], "batch", "heads", "target_time")
            self.within("attention.", ATTENTION, "output")
            parts = ["grad_decoder.output_from_words", "grad_attention.query"]
            self.sum("grad_decoder.output", parts, "batch", "heads", "target_time")
            parts = ["grad_attention.key", "grad_attention.value"]
            self.sum("grad_encoder.output", parts, "batch", "heads", "source_time")

    def decoder(self) -> None:
        """Through the decoder to what it read and to the state that it began with."""
        self.within("decoder.", decoder_of(self.config)[1], "output")
        read = read_by_decoder(self.config)
        self.sum(f"grad_{read}", ["grad_decoder.input"], *_TIME)
        if read == "fed_back":
            g, start = self.value("grad_fed_back"), self.config.start
            words = range(self.forward.size("classes"))
            rows = [rows_read(self.forward["chosen"], g, word=word, start=start) for word in words]
            name = self.add("grad_target_embeddings", np.stack(rows))
            reads = (Region("chosen"), Region("grad_fed_back"))
            said = [(("word", word), ("start", start)) for word in words]
            self.parts.append([Step("rows_read", reads, Region.of(name, classes=w), said[w]) for w in words])

    def encoder(self) -> None:
        """Through the encoder, from the state that it handed over and from those that were looked at."""
        states = [name.removeprefix("decoder.initial_") for name in self.forward if name.startswith("decoder.initial_")]
        for state in states:
            self.sum(f"grad_encoder.final_{state}", [f"grad_decoder.initial_{state}"], "batch")
        looked = ["output"] if "attention." in self.inner else []
        self.within("encoder.", encoder_of(self.config)[1], *looked, *(f"final_{state}" for state in states))
        self.sum("grad_source", ["grad_encoder.input"], "batch", "source_time")


def _acts(config: Seq2SeqConfig, names: Any) -> tuple[Act, ...]:
    """From the decoder's states to the words."""
    plus = {name: (name,) if name in names else () for name in ("bias_combine", "bias_output")}
    source, before = "decoder.output", tuple[Act, ...]()
    if config.attention != "none":
        source = "combined"
        before = (
            Act("join", ("context", "decoder.output"), "context_state"),
            Act("affine", ("weight_combine", "context_state", *plus["bias_combine"]), "combined_pre"),
            Act("activate", ("combined_pre",), "combined", "tanh"),
        )
    return (
        *before,
        Act("affine", ("weight_output", source, *plus["bias_output"]), "logits"),
        Act("softmax", ("logits",), "probabilities"),
    )


def _rows_terms(chosen: Array, g: Array, *, word: int, start: int) -> tuple[int, float]:
    return chosen.size, finite_max(rows_read(chosen, np.abs(g), word=word, start=start))


@operation("rows_read", _rows_terms)
def rows_read(chosen: Array, g: Array, *, word: int, start: int) -> Array:
    """The sum of the gradients at the steps where ``word`` was read: the one written before, first ``start``."""
    read = np.concatenate([np.full_like(chosen[:, :1], start), chosen[:, :-1]], axis=1)
    return np.asarray(g[read == word].sum(axis=0))
