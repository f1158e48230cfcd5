"""From the held tensors of a transformer block to the whole trace: recipes, steps, facts."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from layeranim.engine import lazy, normalisation  # noqa: F401  (registers mean_of_squares, deviation, scale_shift)
from layeranim.engine.attention import ATTENTION
from layeranim.engine.attention.steps import affine
from layeranim.engine.compose import Part
from layeranim.engine.plan import EachUnit, Plan, in_turn, whole
from layeranim.engine.trace import Array, Role, Steps, Tensor, Trace
from layeranim.engine.transformer.config import TransformerConfig, attention_of, chain, gate_of, sublayers

_TOKEN = ("batch", "queries", "embed")
_UNITS = ("batch", "queries", "units")


def held_tensors(config: TransformerConfig, arrays: Mapping[str, Array]) -> dict[str, Tensor]:
    """The block's own tensors that a file keeps; those of its attentions come from them."""
    layout: dict[str, tuple[tuple[str, ...], Role]] = {"input": (_TOKEN, "input")}
    layout["context"] = (("batch", "context_keys", "embed"), "input")
    p = "feedforward."
    layout |= {p + "weight_expand": (("units", "embed"), "weight"), p + "bias_expand": (("units",), "weight"),
               p + "weight_gate": (("units", "embed"), "weight"), p + "bias_gate": (("units",), "weight"),
               p + "weight_contract": (("embed", "units"), "weight"), p + "bias_contract": (("embed",), "weight"),
               p + "gate_pre": (_UNITS, "intermediate"), p + "gate": (_UNITS, "intermediate"),
               p + "expanded_pre": (_UNITS, "intermediate"), p + "expanded": (_UNITS, "intermediate"),
               p + "output": (_TOKEN, "intermediate")}  # fmt: skip
    for name in sublayers(config):
        norm = f"{name}_norm."
        layout |= {norm + key: (("embed",), "weight") for key in ("gamma", "beta")}
        layout |= {norm + key: (_TOKEN[:2], "intermediate") for key in ("mean", "variance", "mean_square", "deviation")}
        layout |= {norm + key: (_TOKEN, "intermediate") for key in ("centred", "normalised", "output")}
        layout[f"{name}_residual"] = (_TOKEN, "intermediate")
    layout["output"] = (_TOKEN, "output")
    return {n: Tensor(n, axes, role, arrays[n]) for n, (axes, role) in layout.items() if n in arrays}


def assemble(config: TransformerConfig, tensors: Mapping[str, Tensor]) -> Trace:
    """The trace from its held tensors."""
    out = dict(tensors)
    inside: dict[str, Steps] = {}
    for name, _, source, _, _ in chain(config):
        if name == "feedforward":
            _add_products(out, "expanded_pre", "weight_expand", source)
            if gate_of(config):
                _add_products(out, "gate_pre", "weight_gate", source)
            _add_products(out, "output", "weight_contract", "feedforward.expanded")
        else:
            part, trace = attention_trace(config, name, source, tensors)
            out |= part.tensors(trace)
            inside[name] = part.steps(trace)
    facts: dict[str, int | float | str] = {
        "tokens": int(config.tokens or 0),
        "embed": int(config.embed or 0),
        "heads": config.heads,
        "feedforward": int(config.feedforward or 0),
        "parameters": sum(int(np.prod(t.shape)) for t in tensors.values() if t.role == "weight"),
        "sublayers": ", ".join(sublayers(config)),
    }
    return Trace("transformer", config, out, _steps(config, out, inside), facts)


def attention_trace(
    config: TransformerConfig, name: str, source: str, tensors: Mapping[str, Tensor]
) -> tuple[Part, Trace]:
    """A sublayer's attention, assembled from its own tensors and the tokens that it reads from the block."""
    part, inner = attention_of(config, name, source)
    held = part.held(tensors)
    axes = {"embeddings": _TOKEN, "context": ("batch", "keys", "context_embed")}
    for own, outer in part.reads.items():
        held[own] = Tensor(own, axes[own], "input", np.asarray(tensors[outer].source))
    full, _ = ATTENTION.complete(inner, {own: held[own].shape for own in part.reads})
    return part, ATTENTION.assemble(full, held)


def _add_products(out: dict[str, Tensor], rows: str, weight: str, vector: str) -> None:
    name, sums = f"feedforward.{rows}_products", out[f"feedforward.{rows}"]
    axes = (*sums.axes, out[vector].axes[-1])
    out[name] = lazy.product(name, axes, out[f"feedforward.{weight}"], out[vector])


def _steps(config: TransformerConfig, tensors: Mapping[str, Tensor], inside: Mapping[str, Steps]) -> Steps:
    """Sublayer by sublayer, and within its own acts token by token."""
    loops = (("batch", range(tensors["input"].shape[0])), ("queries", range(int(config.tokens or 0))))
    parts: list[Steps] = []

    def add(*plans: Plan) -> None:
        parts.append(in_turn([EachUnit(loops, plans)], tensors))

    for name, before, source, added, after in chain(config):
        pre = config.norm == "pre"
        if pre:
            add(*_norm_plans(config, tensors, f"{name}_norm.", before, source))
        if name == "feedforward":
            add(*_feedforward_plans(config, tensors, source))
        else:
            parts.append(inside[name])
        add(Plan("add_cells", whole(before, f"{name}.output"), added))
        if not pre:
            add(*_norm_plans(config, tensors, f"{name}_norm.", added, after))
    return Steps.chain(*parts)


def _feedforward_plans(config: TransformerConfig, tensors: Mapping[str, Tensor], source: str) -> tuple[Plan, ...]:
    p = "feedforward."
    plus = {key: (p + key,) if p + key in tensors else () for key in ("bias_expand", "bias_gate", "bias_contract")}
    wide, pre, gate, out = p + "expanded_pre", p + "gate_pre", p + "gate", p + "output"
    gated = (
        *affine(p + "weight_gate", source, f"{pre}_products", pre, *plus["bias_gate"]),
        Plan("activate", whole(pre), gate, (("name", gate_of(config)),)),
        Plan("multiply", whole(gate, wide), p + "expanded"),
    )
    bent = (Plan("activate", whole(wide), p + "expanded", (("name", config.activation),)),)
    return (
        *affine(p + "weight_expand", source, f"{wide}_products", wide, *plus["bias_expand"]),
        *(gated if gate_of(config) else bent),
        *affine(p + "weight_contract", p + "expanded", f"{out}_products", out, *plus["bias_contract"]),
    )


def _norm_plans(
    config: TransformerConfig, tensors: Mapping[str, Tensor], p: str, x: str, result: str
) -> tuple[Plan, ...]:
    weights = [p + key for key in ("gamma", "beta") if p + key in tensors]
    layer = config.norm_kind == "layer"
    base, spread = (p + "centred", p + "variance") if layer else (x, p + "mean_square")
    centred = Plan("average", whole(x), p + "mean"), Plan("minus", whole(x, p + "mean"), base)
    return (
        *(centred if layer else ()),
        Plan("mean_of_squares", whole(base), spread),
        Plan("deviation", whole(spread), p + "deviation", (("eps", config.eps),)),
        Plan("divide", whole(base, p + "deviation"), p + "normalised"),
        Plan("scale_shift", whole(p + "normalised", *weights), result, (("trailing", 0),)),
    )
