"""The gradients of a transformer block: sublayer by sublayer from the last to the first.

What is added in a residual hands its gradient on to both; what comes in is read twice, so its gradient is a sum.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np

from layeranim.engine.act import Act
from layeranim.engine.adjoint import adjoint, run
from layeranim.engine.attention import ATTENTION
from layeranim.engine.backward import passed_back, starts
from layeranim.engine.normalisation_backward import norm_back
from layeranim.engine.plan import EachUnit, Plan, in_turn, whole
from layeranim.engine.tape import Tape
from layeranim.engine.trace import Array, Step, Steps, Trace
from layeranim.engine.transformer.config import TransformerConfig, chain, gate_of
from layeranim.engine.transformer.layout import attention_trace


def backward(trace: Trace, gradients: Mapping[str, Any]) -> Trace:
    """The gradients of a transformer block's trace: tokens, context, every weight and every number on the way.

    Args:
        gradients: ∂loss/∂output as ``output``, in its shape.

    Raises:
        OptionError: the gradient of another tensor.
        ShapeError: a gradient of another shape.
    """
    given = starts(trace, gradients, "output")
    back = _TransformerBackward(trace)
    back.add("grad_output", given["output"], given=True)
    with np.errstate(all="ignore"):
        for name, before, source, added, after in reversed(chain(back.config)):
            if back.config.norm == "post":
                back.norm(name, added, after, f"grad_{added}")
            back.sublayer(name, before, source, f"grad_{added}")
    return passed_back(trace, given, back.out, Steps.chain(*back.parts))


class _TransformerBackward(Tape):
    """The way back; ``parts`` are the steps in turn."""

    def __init__(self, forward: Trace) -> None:
        super().__init__(forward)
        self.config = cast(TransformerConfig, forward.config)
        self.parts: list[Sequence[Step]] = []

    def act(self, plans: Sequence[Plan], *axes: str) -> None:
        """The steps of ``plans`` at every place along ``axes``."""
        loops = tuple((axis, range(self.forward.size(axis))) for axis in axes)
        self.parts.append(in_turn([EachUnit(loops, tuple(plans))], self.out))

    def tokens(self, *plans: Plan) -> None:
        """The steps of ``plans`` for every token."""
        self.act(plans, "batch", "queries")

    def sublayer(self, name: str, before: str, source: str, above: str) -> None:
        """Through a sublayer and the sum ``before + sublayer(source)``, whose gradient is ``above``."""
        self.add(f"grad_{name}.output", self.value(above))
        self.tokens(Plan("join", whole(above), f"grad_{name}.output"))
        pre = self.config.norm == "pre"
        part = f"grad_{source}" if pre else f"grad_{before}_from_{name}"
        if name == "feedforward":
            self._feedforward(source, part)
        else:
            self._attention(name, source, part)
        if pre:
            part = f"grad_{before}_from_{name}_norm"
            self.norm(name, before, source, part)
        self.add(f"grad_{before}", self.value(above) + self.value(part))
        self.tokens(Plan("add_cells", whole(above, part), f"grad_{before}"))

    def norm(self, name: str, x: str, y: str, to: str) -> None:
        """∂x = (ĝ − mean of ĝ − x̂ · mean of ĝ·x̂) / deviation, with ĝ = ∂y · gamma: ``to`` is its name. An rms norm,
        which has no mean, leaves the first one out."""
        p = f"{name}_norm."
        g, x_hat = self.value(f"grad_{y}"), self.value(p + "normalised")
        hat, n = g * self.value(p + "gamma"), g.dtype.type(g.shape[-1])
        at_hat = self.add(f"grad_{p}normalised", hat)
        means, plans = dict[str, Array](), list[Plan]()
        if self.config.norm_kind == "layer":
            means[f"grad_{p}mean"] = hat.sum(axis=-1) / n
            plans.append(Plan("average", whole(at_hat), f"grad_{p}mean"))
        means[f"grad_{p}mean_product"] = (hat * x_hat).sum(axis=-1) / n
        plans.append(Plan("mean_product", whole(at_hat, p + "normalised"), f"grad_{p}mean_product"))
        for name_, array in means.items():
            self.add(name_, array, ("batch", "queries"))
        spread = [array[..., None] for array in (self.value(p + "deviation"), *means.values())]
        self.add(to, norm_back(hat, x_hat, *spread))
        self.tokens(
            Plan("scale_shift", whole(f"grad_{y}", p + "gamma"), at_hat, (("trailing", 0),)),
            *plans,
            Plan("norm_back", whole(at_hat, p + "normalised", p + "deviation", *means), to),
        )
        weights = [Plan("total", whole(f"grad_{y}", p + "normalised"), f"grad_{p}gamma")]
        weights += [Plan("total", whole(f"grad_{y}"), f"grad_{p}beta")] if p + "beta" in self.forward else []
        self._shared(weights)

    def _shared(self, plans: Sequence[Plan]) -> None:
        """Gradients of weights, over all tokens."""
        for plan in plans:
            self.add(plan.writes, self._run(plan))
        self.act(plans)

    def _run(self, plan: Plan) -> Array:
        return run(plan, {name: self.value(name) for name, _ in plan.reads})

    def _feedforward(self, source: str, part: str) -> None:
        """W₂ φ(W₁ x + b₁) + b₂, or with gates, read backwards."""
        p, gated = "feedforward.", gate_of(self.config)
        keys = ("bias_expand", "bias_gate", "bias_contract")
        plus = {key: (p + key,) if p + key in self.forward else () for key in keys}
        wide, pre, gate, tall, out = (p + n for n in ("expanded_pre", "gate_pre", "gate", "expanded", "output"))
        gates = (
            Act("affine", (p + "weight_gate", source, *plus["bias_gate"]), pre),
            Act("activate", (pre,), gate, gated),
            Act("multiply", (gate, wide), tall),
        )
        acts = (
            Act("affine", (p + "weight_expand", source, *plus["bias_expand"]), wide),
            *(gates if gated else (Act("activate", (wide,), tall, self.config.activation),)),
            Act("affine", (p + "weight_contract", tall, *plus["bias_contract"]), out),
        )
        found = adjoint(acts, {out: (f"grad_{out}",)}, lambda name: name.startswith((p + "weight", p + "bias")))
        plans = [plan if plan.writes != f"grad_{source}" else Plan(plan.operation, plan.reads, part, plan.parameters)
                 for plan in found.plans]  # fmt: skip
        for plan in plans:
            self.add(plan.writes, self._run(plan))
        self.tokens(*plans)
        self._shared(found.shared)

    def _attention(self, name: str, source: str, part: str) -> None:
        """Through the attention's own backward pass."""
        inside, inner = attention_trace(self.config, name, source, self.forward.tensors)
        back = ATTENTION.backward
        if back is None:
            raise TypeError("attention has no backward pass")
        done = back(inner, {"output": self.value(f"grad_{name}.output")})
        self.out |= inside.tensors(done)
        self.parts.append(inside.steps(done))
        self.add(part, self.value(f"grad_{name}.embeddings"))
        self.tokens(Plan("join", whole(f"grad_{name}.embeddings"), part))
        if name == "cross":
            self.add("grad_context", self.value("grad_cross.context"))
            self.act([Plan("join", whole("grad_cross.context"), "grad_context")], "batch", "context_keys")
