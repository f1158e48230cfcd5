"""From the gradients of the scores back to queries, keys and the weights of the scores, for every kind of attention."""

from __future__ import annotations

import numpy as np

from layeranim.engine import lazy
from layeranim.engine.activations import ACTIVATIONS
from layeranim.engine.attention.layout import key_name, query_name, raw_key, score_chain
from layeranim.engine.attention.operations import length_back, quotient_back, softcap_back, weighted_total
from layeranim.engine.attention.scores import factor
from layeranim.engine.attention.tape import AttentionTape
from layeranim.engine.plan import EachUnit, Plan, whole
from layeranim.engine.trace import Tensor


def weights_back(tape: AttentionTape, mixed: str, value: str) -> None:
    """From what the values were mixed to: through mixture, softmax and score to the queries, and then to the keys."""
    axes = tape.forward.axes("value_products")
    name = "grad_weights_products"
    tape.out[name] = lazy.product(name, axes, tape.out[mixed], tape.out[value])
    tape.add("grad_weights", tape.value(mixed) @ np.swapaxes(tape.value(value), -1, -2))
    compare = (Plan("multiply", whole(mixed, value), name), Plan("sum_terms", whole(name), "grad_weights"))
    row = _chain(tape)
    to_queries, to_keys = _KINDS.get(tape.config.kind, _dot)(tape)
    tape.each.append(EachUnit((tape.heads, tape.queries), (EachUnit((tape.keys,), compare), *row, *to_queries)))
    tape.each.append(EachUnit((tape.heads, tape.keys), to_keys))


def _chain(tape: AttentionTape) -> list[Plan]:
    """Through the softmax, mask, cap and scale to ``grad_scores``."""
    chain, config = score_chain(tape.config, tape.forward), tape.config
    delta, weights = tape.value("grad_weights"), tape.value("weights")
    name = f"grad_{chain[-1]}"
    if config.lookup == "hard":
        delta, row = np.zeros_like(delta), [Plan("no_slope", whole("grad_weights"), name)]
    else:
        delta = weights * (delta - (delta * weights).sum(axis=-1, keepdims=True))
        row = [Plan("softmax_back", whole("grad_weights", "weights"), name)]
    tape.add(f"grad_{chain[-1]}", delta)
    for after, before in zip(chain[:0:-1], chain[-2::-1], strict=True):
        reads, to = f"grad_{after}", f"grad_{before}"
        if after == "masked":
            row.append(Plan("join", whole(reads), to))
        elif after == "capped":
            delta = softcap_back(delta, tape.value(before), cap=float(config.softcap or 0))
            row.append(Plan("softcap_back", whole(reads, before), to, (("cap", config.softcap),)))
        elif config.kind == "cosine":
            delta = delta / tape.value("norm_products")
            row.append(Plan("divide", whole(reads, "norm_products"), to))
        else:
            delta = delta * delta.dtype.type(factor(config) or 1)
            row.append(Plan("rescale", whole(reads), to, (("factor", factor(config)),)))
        tape.add(f"grad_{before}", delta)
    return row


Plans = tuple[Plan | EachUnit, ...]


def _dot(tape: AttentionTape) -> tuple[Plans, Plans]:
    """score = q · k: each is a mixture of the others, weighed by the gradients of the scores."""
    query, key = query_name(tape.config), key_name(tape.config)
    to_queries = tape.mixed(f"grad_{query}", "grad_scores", key, "score_products")
    return to_queries, tape.mixed(f"grad_{key}", "grad_scores", query, "score_products")


def _multiplicative(tape: AttentionTape) -> tuple[Plans, Plans]:
    """score = q · W k."""
    to_queries, to_keys = _dot(tape)
    raw = raw_key(tape.config)
    name = tape.add(f"grad_{raw}", tape.value("grad_transformed_key") @ tape.value("weight_score"))
    tape.weight("weight_score", "grad_transformed_key", raw)
    return to_queries, (*to_keys, Plan("weigh_back", whole("weight_score", "grad_transformed_key"), name))


def _cosine(tape: AttentionTape) -> tuple[Plans, Plans]:
    """score = q · k / (|q| |k|): a part comes by the product, a part by the length."""
    query, key = query_name(tape.config), key_name(tape.config)
    delta = quotient_back(tape.value("grad_scaled"), tape.value("scaled"), tape.value("norm_products"))
    norms = tape.add("grad_norm_products", delta)
    divide = Plan("quotient_back", whole("grad_scaled", "scaled", "norm_products"), norms)
    out: list[Plans] = []
    for name, other, norm, over in ((query, key, "query_norm", "key_norm"), (key, query, "key_norm", "query_norm")):
        by_product = tape.mixed(f"grad_{name}_from_scores", "grad_scores", other, "score_products")
        spread = tape.value(over)[..., None, :] if over == "key_norm" else tape.value(over)[..., None]
        length = tape.add(f"grad_{norm}", (delta * spread).sum(axis=-1 if over == "key_norm" else -2))
        part = length_back(tape.value(length)[..., None], tape.value(name), tape.value(norm)[..., None])
        by_length = tape.add(f"grad_{name}_from_norm", part)
        total = tape.add(f"grad_{name}", tape.value(f"grad_{name}_from_scores") + part)
        out.append((*by_product, Plan("dot", whole(norms, over), length),
                    Plan("length_back", whole(length, name, norm), by_length),
                    Plan("add_cells", whole(f"grad_{name}_from_scores", by_length), total)))  # fmt: skip
    return (divide, *out[0]), out[1]


def _additive(tape: AttentionTape) -> tuple[Plans, Plans]:
    """score = v · tanh(W q + U k)."""
    aligned = tape.value("alignment")
    axes = tape.forward.axes("alignment")
    tape.out["grad_alignment"] = lazy.product("grad_alignment", axes, tape.out["grad_scores"], tape.out["weight_score"])
    delta = tape.value("grad_alignment") * ACTIVATIONS["tanh"].derivative(tape.value("alignment_pre"))
    tape.out["grad_alignment_pre"] = Tensor("grad_alignment_pre", axes, "intermediate", delta)
    tape.add("grad_weight_score", weighted_total(tape.value("grad_scores"), aligned))
    tape.last.append(Plan("weighted_total", whole("grad_scores", "alignment"), "grad_weight_score"))
    each = EachUnit((tape.keys,), (
        Plan("multiply", whole("grad_scores", "weight_score"), "grad_alignment"),
        Plan("activate_back", whole("grad_alignment", "alignment_pre"), "grad_alignment_pre", (("name", "tanh"),)),
    ))  # fmt: skip
    out: list[Plans] = []
    for part, name, axis in (("query", query_name(tape.config), 3), ("key", raw_key(tape.config), 2)):
        weight, summed = f"weight_score_{part}", tape.add(f"grad_{part}_part", delta.sum(axis=axis))
        made = tape.add(f"grad_{name}", tape.value(summed) @ tape.value(weight))
        tape.weight(weight, summed, name)
        out.append((Plan("sum_rows", whole("grad_alignment_pre"), summed),
                    Plan("weigh_back", whole(weight, summed), made)))  # fmt: skip
    return (each, *out[0]), out[1]


_KINDS = {"multiplicative": _multiplicative, "cosine": _cosine, "additive": _additive}
