"""The acts of attention as Steps: projections token by token, then row by row from scores to the mixture of values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from layeranim.engine.attention.config import AttentionConfig
from layeranim.engine.attention.layout import key_name, query_name, score_chain, shared, tokens_name, value_name
from layeranim.engine.attention.scores import factor
from layeranim.engine.plan import Block, EachUnit, Plan, in_turn, whole
from layeranim.engine.trace import Steps, Tensor, Trace


def affine(weight: str, vector: str, products: str, writes: str, *plus: str) -> tuple[Plan, Plan]:
    """Multiply, then add up."""
    return Plan("multiply", whole(weight, vector), products), Plan("sum_terms", whole(products, *plus), writes)


def steps_of(config: AttentionConfig, tensors: Mapping[str, Tensor]) -> Steps:
    """Every act, sequence by sequence."""
    return in_turn([_everything(config, tensors)], tensors)


def places(trace: Trace, writes: Sequence[str], **here: int) -> tuple[int, ...]:
    """Where in ``trace.steps`` these tensors are written at a place: ``batch=0, heads=1, queries=2``."""
    config: Any = trace.config
    every = _everything(config, trace.tensors)
    return tuple(place for name in writes if (place := every.place(name, here)) is not None)


def _everything(config: AttentionConfig, tensors: Mapping[str, Tensor]) -> EachUnit:
    queries, keys = range(int(config.queries or 0)), range(int(config.keys or 0))
    heads = ("heads", range(config.heads))
    body: list[Plan | EachUnit] = []
    if "positioned" in tensors:
        added = "positions" if "positions" in tensors else "encoding"
        body.append(EachUnit((("queries", queries),), (Plan("add_cells", whole("embeddings", added), "positioned"),)))
    if config.projections:
        body += _projections(config, tensors)
    body += _before(config, tensors)
    compare = EachUnit((("keys", keys),), _score(config))
    body.append(EachUnit((heads, ("queries", queries)), (compare, *_row(config, tensors))))
    if config.output_projection:
        width = tensors["head_output"].shape[-1]
        join = Plan("join", whole("head_output"), "joined", into=Block("heads", width))
        plus = ("bias_output",) if "bias_output" in tensors else ()
        project = affine("weight_output", "joined", "output_products", "output", *plus)
        body.append(EachUnit((("queries", queries),), (EachUnit((heads,), (join,)), *project)))
    return EachUnit((("batch", range(tensors["weights"].shape[0])),), tuple(body))


def row_of(trace: Trace, sequence: int, head: int, query: int) -> range:
    """The places in ``trace.steps`` of one row of a sequence: from its scores to its mixture of values."""
    config: Any = trace.config
    batch, heads, queries, keys = trace.tensor("weights").shape
    each = keys * len(_score(config)) + len(_row(config, trace.tensors))
    after = queries * (heads + 2) if config.output_projection else 0
    start = (sequence + 1) * (len(trace.steps) // batch) - after - heads * queries * each
    first = start + (head * queries + query) * each
    return range(first, first + each)


def _projections(config: AttentionConfig, tensors: Mapping[str, Tensor]) -> list[EachUnit]:
    """W x + b for every token, then the split into heads."""
    out = []
    for part in ("query", "key", "value"):
        rows, split = f"projected_{part}", tensors[part]
        plus = (f"bias_{part}",) if f"bias_{part}" in tensors else ()
        make = affine(f"weight_{part}", tokens_name(part, tensors), f"{rows}_products", rows, *plus)
        axis = split.axes[1]
        give = Plan("join", ((rows, Block(axis, split.shape[3])),), part)
        each_head = EachUnit(((axis, range(split.shape[1])),), (give,))
        out.append(EachUnit(((split.axes[2], range(split.shape[2])),), (*make, each_head)))
    return out


def _before(config: AttentionConfig, tensors: Mapping[str, Tensor]) -> list[EachUnit]:
    """What happens to queries, keys and values before they are compared, head by head."""
    out: list[EachUnit] = []

    def each(name: str, *plans: Plan) -> None:
        axes, shape = tensors[name].axes, tensors[name].shape
        out.append(EachUnit(((axes[1], range(shape[1])), (axes[2], range(shape[2]))), plans))

    if config.positional == "rotary":
        for part in ("query", "key"):
            turn = Plan("rotate", whole(part, f"{part}_angle"), f"turned_{part}", (("pairs", config.pairs),))
            each(part, turn)
    raw = "turned_key" if config.positional == "rotary" else "key"
    if shared(config):
        group = config.heads // int(config.key_heads or 1)
        for source, name in ((raw, "shared_key"), ("value", "shared_value")):
            for head in range(config.heads):
                one = ("heads", range(head, head + 1)), ("key_heads", range(head // group, head // group + 1))
                out.append(
                    EachUnit((*one, ("keys", range(int(config.keys or 0)))), (Plan("join", whole(source), name),))
                )
        raw = "shared_key"
    if config.kind == "cosine":
        each(query_name(config), Plan("vector_length", whole(query_name(config)), "query_norm"))
        each(raw, Plan("vector_length", whole(raw), "key_norm"))
    if config.kind == "multiplicative":
        each(raw, *affine("weight_score", raw, "transformed_key_products", "transformed_key"))
    if config.kind == "additive":
        for part, name in (("query", query_name(config)), ("key", raw)):
            each(name, *affine(f"weight_score_{part}", name, f"{part}_part_products", f"{part}_part"))
    return out


def _score(config: AttentionConfig) -> tuple[Plan, ...]:
    """One query against one key."""
    if config.kind == "additive":
        return (
            Plan("add_cells", whole("query_part", "key_part"), "alignment_pre"),
            Plan("activate", whole("alignment_pre"), "alignment", (("name", "tanh"),)),
            *affine("weight_score", "alignment", "score_products", "scores"),
        )
    return affine(query_name(config), key_name(config), "score_products", "scores")


def _row(config: AttentionConfig, tensors: Mapping[str, Tensor]) -> list[Plan]:
    """One query's scores: scale, cap, mask, softmax, then the mixture of the values."""
    out: list[Plan] = []
    if config.kind == "cosine":
        out += [Plan("multiply", whole("query_norm", "key_norm"), "norm_products"),
                Plan("divide", whole("scores", "norm_products"), "scaled")]  # fmt: skip
    elif "scaled" in tensors:
        out.append(Plan("rescale", whole("scores"), "scaled", (("factor", factor(config)),)))
    chain = score_chain(config, tensors)
    before = dict(zip(chain[1:], chain, strict=False))
    if "capped" in tensors:
        out.append(Plan("softcap", whole(before["capped"]), "capped", (("cap", config.softcap),)))
    if "masked" in tensors:
        out.append(Plan("add_cells", whole(before["masked"], "mask"), "masked"))
    out.append(Plan("largest", whole(chain[-1]), "row_max"))
    if config.lookup == "hard":
        out.append(Plan("best", whole(chain[-1], "row_max"), "weights"))
    else:
        out += [Plan("exponentiate", whole(chain[-1], "row_max"), "exponentials"),
                Plan("sum_terms", whole("exponentials"), "exponential_sum"),
                Plan("share", whole("exponentials", "exponential_sum"), "weights")]  # fmt: skip
    mixed = "head_output" if config.output_projection else "output"
    return [*out, Plan("weigh_rows", whole("weights", value_name(config)), "value_products"),
            Plan("sum_rows", whole("value_products"), mixed)]  # fmt: skip
