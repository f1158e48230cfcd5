"""The gradients of attention, from the output back to queries, keys, values, embeddings and every weight."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

import numpy as np

from layeranim.engine import lazy
from layeranim.engine.array import numeric
from layeranim.engine.attention.config import AttentionConfig
from layeranim.engine.attention.forward import factor, join_heads, split_heads
from layeranim.engine.attention.layout import key_name, query_name, score_chain, shared, tokens_name, value_name
from layeranim.engine.attention.operations import rotate_back, softcap_back
from layeranim.engine.door import fitting
from layeranim.engine.plan import Block, Each, Plan, in_turn, whole
from layeranim.engine.trace import Array, Tensor, Trace
from layeranim.errors import OptionError

_KINDS = ("dot", "scaled")


def backward(trace: Trace, gradients: Mapping[str, Any]) -> Trace:
    """The gradients of an attention trace, of kind dot or scaled; ``grad_<tensor>`` is ∂loss/∂tensor.

    Args:
        gradients: ∂loss/∂output as ``output``, in its shape.

    Raises:
        OptionError: another gradient, another kind, a hard lookup (which has no gradient).
        ShapeError: a gradient of another shape.
    """
    config = cast(AttentionConfig, trace.config)
    if config.kind not in _KINDS or config.lookup == "hard":
        what = "a hard lookup" if config.lookup == "hard" else f"kind {config.kind}"
        raise OptionError(
            f"attention with {what} has no backward pass here; use kind {' or '.join(_KINDS)}, lookup soft"
        )
    if set(gradients) != {"output"}:
        given = ", ".join(gradients) or "none"
        raise OptionError(f"backward takes the gradient of output, but the gradients given are {given}")
    output = trace.tensor("output")
    above = numeric("the gradient of output", gradients["output"]).astype(output.dtype)
    fitting("the gradient of output", above.shape, output.shape, " × ".join(output.axes))
    with np.errstate(all="ignore"):
        return _Backward(trace, config).trace(above)


class _Backward:
    """One backward pass: gradients by name, and the plans that make them, by the loops they stand in."""

    def __init__(self, forward: Trace, config: AttentionConfig) -> None:
        self.forward, self.config = forward, config
        self.out: dict[str, Tensor] = {
            name: replace(tensor, role="intermediate") if tensor.role == "output" else tensor
            for name, tensor in forward.tensors.items()
        }
        self.heads = ("heads", range(config.heads))
        self.queries, self.keys = ("queries", range(int(config.queries or 0))), ("keys", range(int(config.keys or 0)))
        self.each: list[Each] = []
        self.last: list[Plan] = []

    def value(self, name: str) -> Array:
        return self.out[name].array

    def add(self, name: str, array: Array, of: str = "") -> str:
        """Hold ``grad_<name>`` with the axes of the tensor ``of``."""
        like = self.forward.tensor(of or name)
        answer = not of and (like.role in ("input", "weight") and not like.is_recipe)
        self.out[f"grad_{name}"] = Tensor(f"grad_{name}", like.axes, "output" if answer else "intermediate", array)
        return f"grad_{name}"

    def trace(self, above: Array) -> Trace:
        self.out["grad_output"] = Tensor("grad_output", self.forward.axes("output"), "input", above)
        mixed = self._output(above)
        scores = self._scores(mixed)
        self._keys_and_values(scores, mixed)
        if self.config.positional == "rotary":
            for part in ("query", "key"):
                self._turn_back(part)
        if self.config.projections:
            self._projections()
        batch = ("batch", range(self.forward.size("batch")))
        steps = in_turn([Each((batch,), tuple(self.each)), Each((), tuple(self.last))], self.out)
        return Trace("attention.backward", self.config, self.out, steps, {"given": "output"})

    def _output(self, above: Array) -> str:
        """Through the output projection to each head's mixture of values."""
        if not self.config.output_projection:
            return "grad_output"
        self.add("joined", above @ self.value("weight_output"))
        self.add("head_output", split_heads(self.value("grad_joined"), self.config.heads))
        width = self.forward.tensor("head_output").shape[-1]
        back = Plan("weigh_back", whole("weight_output", "grad_output"), "grad_joined")
        split = Each((self.heads,), (Plan("join", (("grad_joined", Block("heads", width)),), "grad_head_output"),))
        self.each.append(Each((self.queries,), (back, split)))
        self._weight("output", "grad_output", "joined")
        return "grad_head_output"

    def _weight(self, part: str, delta: str, vector: str) -> None:
        """∂W = Σ δ xᵀ and ∂b = Σ δ, over every token of every sequence."""
        d, x = self.value(delta), self.value(vector)
        name = self.add(f"weight_{part}", d.reshape(-1, d.shape[-1]).T @ x.reshape(-1, x.shape[-1]))
        self.last.append(Plan("outer_sum", whole(delta, vector), name))
        if f"bias_{part}" in self.forward:
            name = self.add(f"bias_{part}", d.reshape(-1, d.shape[-1]).sum(axis=0))
            self.last.append(Plan("total", whole(delta), name))

    def _scores(self, mixed: str) -> str:
        """Through the mixture, the softmax and the chain of the scores, row by row; then to the queries."""
        value, query, key = value_name(self.config), query_name(self.config), key_name(self.config)
        axes = self.forward.axes("value_products")
        self.out["grad_weights_products"] = lazy.product(
            "grad_weights_products", axes, self.out[mixed], self.out[value]
        )
        delta = self.value(mixed) @ np.swapaxes(self.value(value), -1, -2)
        self.add("weights", delta)
        compare = (Plan("multiply", whole(mixed, value), "grad_weights_products"),
                   Plan("sum_terms", whole("grad_weights_products"), "grad_weights"))  # fmt: skip
        chain = score_chain(self.config, self.forward)
        weights = self.value("weights")
        delta = weights * (delta - (delta * weights).sum(axis=-1, keepdims=True))
        name = self.add(chain[-1], delta)
        row = [Plan("softmax_back", whole("grad_weights", "weights"), name)]
        for after, before in zip(chain[:0:-1], chain[-2::-1], strict=True):
            if after == "masked":
                row.append(Plan("join", whole(f"grad_{after}"), f"grad_{before}"))
            elif after == "capped":
                cap = (("cap", self.config.softcap),)
                delta = softcap_back(delta, self.value(before), cap=float(self.config.softcap or 0))
                row.append(Plan("softcap_back", whole(f"grad_{after}", before), f"grad_{before}", cap))
            else:
                delta = delta * delta.dtype.type(factor(self.config) or 1)
                row.append(
                    Plan("rescale", whole(f"grad_{after}"), f"grad_{before}", (("factor", factor(self.config)),))
                )
            self.add(before, delta)
        axes = self.forward.axes("score_products")
        name = f"grad_{query}_products"
        self.out[name] = lazy.product(name, axes, self.out["grad_scores"], self.out[key])
        self.add(query, delta @ self.value(key))
        row += [Plan("weigh_rows", whole("grad_scores", key), name), Plan("sum_rows", whole(name), f"grad_{query}")]
        self.each.append(Each((self.heads, self.queries), (Each((self.keys,), compare), *row)))
        return "grad_scores"

    def _keys_and_values(self, scores: str, mixed: str) -> None:
        """Each key and value gathers from every query; shared ones from every head of their group."""
        sources = ((key_name(self.config), scores, query_name(self.config), "score_products"),
                   (value_name(self.config), "weights", mixed, "value_products"))  # fmt: skip
        plans: list[Plan] = []
        for name, weights, rows, like in sources:
            each = f"grad_{name}_products"
            self.out[each] = lazy.product(each, self.forward.axes(like), self.out[weights], self.out[rows])
            self.add(name, np.swapaxes(self.value(weights), -1, -2) @ self.value(rows))
            plans += [Plan("weigh_rows", whole(weights, rows), each), Plan("sum_rows", whole(each), f"grad_{name}")]
        self.each.append(Each((self.heads, self.keys), tuple(plans)))
        if shared(self.config):
            turned = "turned_key" if self.config.positional == "rotary" else "key"
            for name, one in (("shared_key", turned), ("shared_value", "value")):
                grouped, own = f"grad_{name}_groups", self.forward.tensor(one)
                array = self.value(f"grad_{name}")
                groups = array.reshape(array.shape[0], own.shape[1], -1, *array.shape[2:])
                axes = ("batch", "key_heads", "group", *own.axes[2:])
                self.out[grouped] = lazy.view(grouped, axes, groups)
                self.add(one, groups.sum(axis=2))
                loops = (("key_heads", range(own.shape[1])), self.keys)
                self.each.append(Each(loops, (Plan("sum_rows", whole(grouped), f"grad_{one}"),)))

    def _turn_back(self, part: str) -> None:
        of = self.forward.tensor(part)
        self.add(
            part, rotate_back(self.value(f"grad_turned_{part}"), self.value(f"{part}_angle"), pairs=self.config.pairs)
        )
        turn = Plan("rotate_back", whole(f"grad_turned_{part}", f"{part}_angle"), f"grad_{part}",
                    (("pairs", self.config.pairs),))  # fmt: skip
        self.each.append(Each(((of.axes[1], range(of.shape[1])), (of.axes[2], range(of.shape[2]))), (turn,)))

    def _projections(self) -> None:
        """From queries, keys and values to the tokens that they are made from, and to their weights."""
        back: dict[str, list[str]] = {}
        for part in ("query", "key", "value"):
            of, tokens = self.forward.tensor(part), tokens_name(part, self.forward)
            rows = self.add(f"projected_{part}", join_heads(self.value(f"grad_{part}")))
            join = Plan("join", whole(f"grad_{part}"), rows, into=Block(of.axes[1], of.shape[3]))
            source = _source(tokens, part, self.forward)
            name = self.add(f"{source}_from_{part}", self.value(rows) @ self.value(f"weight_{part}"), of=tokens)
            give = Plan("weigh_back", whole(f"weight_{part}", rows), name)
            self.each.append(Each(((of.axes[2], range(of.shape[2])),),
                                  (Each(((of.axes[1], range(of.shape[1])),), (join,)), give)))  # fmt: skip
            self._weight(part, rows, tokens)
            back.setdefault(source, []).append(name)
        for source, names in back.items():
            axes = self.forward.axes(source)
            parts = [lazy.view(f"{name}_here", axes, self.value(name)) for name in names]
            self.out |= {part.name: part for part in parts}
            self.add(source, np.sum([part.array for part in parts], axis=0))
            total = Plan("add_cells", whole(*(part.name for part in parts)), f"grad_{source}")
            self.each.append(Each(((axes[1], range(self.forward.size(axes[1]))),), (total,)))
        if "positioned" in self.forward:
            self.add("embeddings", self.value("grad_positioned"))
            self.each.append(Each((self.queries,), (Plan("join", whole("grad_positioned"), "grad_embeddings"),)))
            if self.config.positional == "learned":
                self.add("positions", self.value("grad_positioned").sum(axis=0))
                self.last.append(Plan("sum_rows", whole("grad_positioned"), "grad_positions"))


def _source(tokens: str, part: str, names: Mapping[str, Any]) -> str:
    """The tensor that the tokens of a projection are, under whatever name its steps read them."""
    if tokens != f"{part}_tokens":
        return tokens
    return "positioned" if "positioned" in names else "embeddings"
