"""The gradients of attention, from the output back to queries, keys, values, embeddings and every weight."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import numpy as np

from layeranim.engine import lazy
from layeranim.engine.array import shape_text
from layeranim.engine.attention.config import AttentionConfig
from layeranim.engine.attention.forward import join_heads, split_heads
from layeranim.engine.attention.layout import raw_key, shared, tokens_name, value_name
from layeranim.engine.attention.operations import rotate_back
from layeranim.engine.attention.score_gradients import weights_back
from layeranim.engine.attention.tables import too_large
from layeranim.engine.attention.tape import AttentionTape
from layeranim.engine.backward import passed_back, starts
from layeranim.engine.memory import NUMBER, afford
from layeranim.engine.plan import Block, EachUnit, Plan, in_turn, whole
from layeranim.engine.trace import Array, Tensor, Trace, count

BACK = 8
"""Tables of scores that stand at once on the way back."""


def backward(trace: Trace, gradients: Mapping[str, Any]) -> Trace:
    """The gradients of an attention trace; ``grad_<tensor>`` is ∂loss/∂tensor.

    A hard lookup passes a gradient to the values alone: which key is the best does not change with a small change.

    Args:
        gradients: ∂loss/∂output as ``output``, in its shape.

    Raises:
        OptionError: the gradient of another tensor.
        ShapeError: a gradient of another shape.
    """
    tape = AttentionTape(trace, cast(AttentionConfig, trace.config))
    given = starts(trace, gradients, "output")
    scores = trace.tensor("weights").shape
    if too_large(scores):  # on the way back they are all needed at once
        afford(f"{BACK} tables of gradients would be {shape_text(scores)}", BACK * count(scores) * NUMBER)
    with np.errstate(all="ignore"):
        mixed = _output(tape, given["output"])
        weights_back(tape, mixed, value_name(tape.config))
        _values(tape, mixed)
        if shared(tape.config):
            _ungroup(tape)
        if tape.config.positional == "rotary":
            for part in ("query", "key"):
                _turn_back(tape, part)
        if tape.config.projections:
            _projections(tape)
    batch = ("batch", range(trace.size("batch")))
    steps = in_turn([EachUnit((batch,), tuple(tape.each)), EachUnit((), tuple(tape.last))], tape.out)
    return passed_back(trace, given, tape.out, steps)


def _output(tape: AttentionTape, above: Array) -> str:
    """Through the output projection to each head's mixture of values."""
    tape.out["grad_output"] = Tensor("grad_output", tape.forward.axes("output"), "input", above)
    if not tape.config.output_projection:
        return "grad_output"
    tape.add("grad_joined", above @ tape.value("weight_output"))
    tape.add("grad_head_output", split_heads(tape.value("grad_joined"), tape.config.heads))
    width = tape.forward.tensor("head_output").shape[-1]
    back = Plan("weigh_back", whole("weight_output", "grad_output"), "grad_joined")
    split = EachUnit((tape.heads,), (Plan("join", (("grad_joined", Block("heads", width)),), "grad_head_output"),))
    tape.each.append(EachUnit((tape.queries,), (back, split)))
    tape.weight("weight_output", "grad_output", "joined", "bias_output")
    return "grad_head_output"


def _values(tape: AttentionTape, mixed: str) -> None:
    """Each value gathers from every query that took it in."""
    plans = tape.mixed(f"grad_{value_name(tape.config)}", "weights", mixed, "value_products")
    tape.each.append(EachUnit((tape.heads, tape.keys), plans))


def _ungroup(tape: AttentionTape) -> None:
    """A key or value that several heads read gets the sum of its group."""
    turned = "turned_key" if tape.config.positional == "rotary" else "key"
    for name, one in ((raw_key(tape.config), turned), ("shared_value", "value")):
        grouped, own = f"grad_{name}_groups", tape.forward.tensor(one)
        array = tape.value(f"grad_{name}")
        groups = array.reshape(array.shape[0], own.shape[1], -1, *array.shape[2:])
        axes = ("batch", "key_heads", "group", *own.axes[2:])
        tape.out[grouped] = lazy.view(grouped, axes, groups)
        tape.add(f"grad_{one}", groups.sum(axis=2))
        loops = (("key_heads", range(own.shape[1])), tape.keys)
        tape.each.append(EachUnit(loops, (Plan("sum_rows", whole(grouped), f"grad_{one}"),)))


def _turn_back(tape: AttentionTape, part: str) -> None:
    """Rotary positions turn the gradient back by the same angle."""
    of, pairs = tape.forward.tensor(part), tape.config.pairs
    tape.add(f"grad_{part}", rotate_back(tape.value(f"grad_turned_{part}"), tape.value(f"{part}_angle"), pairs=pairs))
    turn = Plan("rotate_back", whole(f"grad_turned_{part}", f"{part}_angle"), f"grad_{part}", (("pairs", pairs),))
    tape.each.append(EachUnit(((of.axes[1], range(of.shape[1])), (of.axes[2], range(of.shape[2]))), (turn,)))


def _projections(tape: AttentionTape) -> None:
    """From queries, keys and values to the tokens that they are made from, and to their weights."""
    back: dict[str, list[str]] = {}
    for part in ("query", "key", "value"):
        of, tokens = tape.forward.tensor(part), tokens_name(part, tape.forward)
        rows = tape.add(f"grad_projected_{part}", join_heads(tape.value(f"grad_{part}")))
        join = Plan("join", whole(f"grad_{part}"), rows, into=Block(of.axes[1], of.shape[3]))
        source = _source(tokens, part, tape.forward)
        name = tape.add(
            f"grad_{source}_from_{part}", tape.value(rows) @ tape.value(f"weight_{part}"), tape.forward.axes(tokens)
        )
        give = Plan("weigh_back", whole(f"weight_{part}", rows), name)
        tape.each.append(EachUnit(((of.axes[2], range(of.shape[2])),),
                              (EachUnit(((of.axes[1], range(of.shape[1])),), (join,)), give)))  # fmt: skip
        tape.weight(f"weight_{part}", rows, tokens, f"bias_{part}")
        back.setdefault(source, []).append(name)
    for source, names in back.items():
        axes = tape.forward.axes(source)
        parts = [lazy.view(f"{name}_here", axes, tape.value(name)) for name in names]
        tape.out |= {part.name: part for part in parts}
        tape.add(f"grad_{source}", np.sum([part.array for part in parts], axis=0))
        total = Plan("add_cells", whole(*(part.name for part in parts)), f"grad_{source}")
        tape.each.append(EachUnit(((axes[1], range(tape.forward.size(axes[1]))),), (total,)))
    if "positioned" in tape.forward:
        tape.add("grad_embeddings", tape.value("grad_positioned"))
        tape.each.append(EachUnit((tape.queries,), (Plan("join", whole("grad_positioned"), "grad_embeddings"),)))
        if tape.config.positional == "learned":
            tape.add("grad_positions", tape.value("grad_positioned").sum(axis=0))
            tape.last.append(Plan("sum_rows", whole("grad_positioned"), "grad_positions"))


def _source(tokens: str, part: str, names: Mapping[str, Any]) -> str:
    """The tensor that the tokens of a projection are, under whatever name its steps read them."""
    if tokens != f"{part}_tokens":
        return tokens
    return "positioned" if "positioned" in names else "embeddings"
