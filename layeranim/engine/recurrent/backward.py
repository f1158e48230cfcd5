"""Back-propagation through time: every gradient of every step, as a trace of its own.

``grad_<tensor>`` is ∂loss/∂tensor. A state's gradient is what comes from the output of its step
(``grad_hidden_from_output``) plus what comes back from the next step (``grad_hidden_from_next``); a weight's is the sum
of δ xᵀ over all sequences and steps, also shown product by product in ``grad_weight_forget_products``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np

from layeranim.engine import lazy
from layeranim.engine.adjoint import Adjoint, adjoint, run
from layeranim.engine.backward import passed_back, starts
from layeranim.engine.plan import EachUnit, Plan, Reads, in_turn, whole
from layeranim.engine.recurrent.cells import joined_weight, readout
from layeranim.engine.recurrent.config import RecurrentConfig, gates_of
from layeranim.engine.recurrent.forward import final
from layeranim.engine.recurrent.layout import LayerRun, mask_of, output_name, run_list
from layeranim.engine.recurrent.through_time import through_time
from layeranim.engine.tape import Tape
from layeranim.engine.trace import Array, Trace


def backward(trace: Trace, gradients: Mapping[str, Any]) -> Trace:
    """The gradients of a recurrent layer's trace.

    Args:
        gradients: ∂loss/∂tensor of ``output``, ``logits``, ``probabilities``, ``final_hidden`` or ``final_cell``
            (with their prefix), each in its tensor's shape; beside one that is given, those that are not count as zero.

    Raises:
        OptionError: a gradient of another tensor.
        ShapeError: a gradient of another shape.
    """
    return _RecurrentBackward(trace, gradients).trace()


class _RecurrentBackward(Tape):
    """The work of one backward pass: gradients by name, and the plans that make them."""

    def __init__(self, forward: Trace, gradients: Mapping[str, Any]) -> None:
        super().__init__(forward)
        self.config = cast(RecurrentConfig, forward.config)
        self.runs = run_list(self.config, forward.tensors)
        self.running = mask_of(forward.tensors)
        known = ["probabilities", "logits", "output"] if self.config.classes else ["output"]
        known += [f"{r.prefix}final_{state}" for r in self.runs for state in r.states]
        given = starts(forward, gradients, *known)
        self.given = {name: self._ended(name, gradient) for name, gradient in given.items()}
        self.kind = forward.tensor("input").dtype

    def _ended(self, name: str, gradient: Array) -> Array:
        """The gradient with 0 where a sequence has ended: what stands there is 0 whatever the weights are."""
        if "time" not in self.forward.axes(name) or self.running.all():
            return gradient
        return lazy.frozen(np.where(self.running[:, :, None], gradient, 0))

    def trace(self) -> Trace:
        with np.errstate(all="ignore"):
            top = self._output()
            cells = [(r, self._cell(r)) for r in sorted(self.runs, key=lambda r: (-r.layer, r.reverse))]
            shared = [plan for r, found in cells for plan in found.shared] + top.shared
            packed = [self._shared(plan) for plan in shared]
            packed += [plan for r, found in cells for plan in self._pack(r, found.shared)]
        parts = [*self._in_time(top, cells), EachUnit((), tuple(packed))]
        facts: dict[str, int | float | str] = {"steps": int(self.running.sum())}
        return passed_back(self.forward, self.given, self.out, in_turn(parts, self.out), facts)

    def _output(self) -> Adjoint:
        """The gradient of ``output``: given, from the output layer, both or neither."""
        acts = readout("bias_output" in self.forward) if self.config.classes else ()
        read = any(name in self.given for name in ("logits", "probabilities"))
        seeds: dict[str, tuple[str, ...]] = {}
        for name in ("output", "logits", "probabilities"):
            if name not in self.forward:
                continue
            below = read and name != "probabilities" and (name == "output" or "probabilities" in self.given)
            if name in self.given or not below:
                seeds[name] = (f"grad_{name}_given" if below else f"grad_{name}",)
                array = self.given.get(name, np.zeros(self.forward.tensor(name).shape, self.kind))
                self.add(seeds[name][0], array, given=True)
        if not read:
            acts = ()
        elif "probabilities" not in self.given:
            acts = acts[:1]
        found = adjoint(acts, seeds, lambda name: name.startswith(("weight", "bias")))
        for plan in found.plans:
            self.add(plan.writes, run(plan, {n: self.value(n) for n, _ in plan.reads}))
        return found

    def _cell(self, r: LayerRun) -> Adjoint:
        """One run, from its last step to its first."""
        p, states = r.prefix, {}
        for state in r.states:
            outer = ["output"] if state == "hidden" else []
            states[p + state] = tuple(f"grad_{p}{state}_from_{source}" for source in [*outer, "next"])
        state_size, features = self.forward.size("hidden"), self.forward.size(r.features)
        split = (range(state_size), range(state_size, state_size + features))
        found = adjoint(r.acts, states, lambda name: "weight_" in name or "bias_" in name, split)
        outer_name = f"grad_{p}hidden_from_output"
        outer_grad = self._from_output(r)
        carried = {}
        for state in r.states:
            shape = self.forward.tensor(f"{p}initial_{state}").shape
            name = f"{p}final_{state}"
            carried[state] = self.given.get(name, np.zeros(shape, self.kind))
            self.add(f"grad_{name}", carried[state], given=True)
        reads = {n for plan in found.plans for n, _ in plan.reads if not n.startswith("grad_")}
        values = {n: self.value(n) for n in reads} | {outer_name: outer_grad}
        handed = {f"grad_{p}{s}_from_next": (f"grad_{p}previous_{s}", last) for s, last in carried.items()}
        held = through_time(found.plans, values, handed, self.running, r.reverse, f"grad_{p}joined", state_size)
        for n, array in held.items():
            self.add(n, array)
        for state in r.states:
            first = final(held[f"grad_{p}previous_{state}"], self.running, not r.reverse)
            self.add(f"grad_{p}initial_{state}", first)
        self._below(r)
        return found

    def _from_output(self, r: LayerRun) -> Array:
        """What reaches each step's state from above: its columns of the layer's output."""
        size = self.forward.size("hidden")
        columns = slice(size, 2 * size) if r.reverse else slice(size)
        above = self.value(f"grad_{output_name(self.config, r.layer)}")[..., columns]
        if above.ndim == 2:
            last, above = above, np.zeros(self.forward.tensor(r.prefix + "hidden").shape, self.kind)
            rows = np.arange(len(last))
            above[rows, 0 if r.reverse else self.running.sum(axis=1) - 1] = last
        name = f"grad_{r.prefix}hidden_from_output"
        above = np.where(self.running[:, :, None], above, 0)
        self.out[name] = lazy.view(name, self.forward.axes(r.prefix + "hidden"), above)
        return above

    def _below(self, r: LayerRun) -> None:
        """After a layer's last run: the gradient of what it read, from all its runs."""
        mine = [x for x in self.runs if x.layer == r.layer]
        name = f"grad_{r.source}"
        if r is mine[-1] and name not in self.out:
            parts = [self.value(f"grad_{x.prefix}input") for x in mine]
            self.add(name, np.sum(parts, axis=0))

    def _shared(self, plan: Plan) -> Plan:
        """A weight's gradient, and for a film each product that it is the sum of."""
        self.add(plan.writes, run(plan, {n: self.value(n) for n, _ in plan.reads}))
        if plan.operation == "outer_sum":
            delta, vector = (self.out[n] for n, _ in plan.reads)
            each = (*delta.axes[:-1], delta.axes[-1], vector.axes[-1])
            self.out[f"{plan.writes}_products"] = lazy.product(f"{plan.writes}_products", each, delta, vector)
        return plan

    def _pack(self, r: LayerRun, shared: Sequence[Plan]) -> list[Plan]:
        """The packed arrays' gradients from those of the gates."""
        p, out = r.prefix, []
        made = {plan.writes for plan in shared}
        state, total = self.forward.size("hidden"), self.forward.size(r.joined)
        for name, span in (("weight_hidden", range(state)), ("weight_input", range(state, total)),
                           ("bias_input", None), ("bias_hidden", None)):  # fmt: skip
            if p + name in self.forward:
                own = [f"grad_{p}{name}_{part}" for part in gates_of(self.config)]
                both = [f"grad_{p}{joined_weight(part)}" for part in gates_of(self.config)]
                reads: Reads = tuple((o, None) if o in made else (b, span) for o, b in zip(own, both, strict=True))
                out.append(self._packed(f"grad_{p}{name}", "join", reads))
        if p + "weight_peephole" in self.forward:
            name = p + "weight_peephole"
            rows = whole(*(f"grad_{name}_{part}" for part in ("input", "forget", "output")))
            out.append(self._packed(f"grad_{name}", "stack", rows))
        return out

    def _packed(self, name: str, operation: str, reads: Reads) -> Plan:
        parts = [self.value(n)[..., s.start : s.stop] if isinstance(s, range) else self.value(n) for n, s in reads]
        self.add(name, np.stack(parts) if operation == "stack" else np.concatenate(parts))
        return Plan(operation, reads, name)

    def _in_time(self, top: Adjoint, cells: Sequence[tuple[LayerRun, Adjoint]]) -> list[EachUnit]:
        """For every sequence, layer by layer from the top, the acts from its last step to its first."""
        out: list[EachUnit] = []
        for b, count in enumerate(self.running.sum(axis=1).tolist()):
            batch, times = ("batch", range(b, b + 1)), ("time", range(count)[::-1])
            if top.plans:
                every = "time" in self.forward.axes("logits")
                out.append(EachUnit((batch, times) if every else (batch,), tuple(top.plans)))
            for r, found in cells:
                order = range(count) if r.reverse else range(count)[::-1]
                out.append(EachUnit((batch, ("time", order)), tuple(found.plans)))
                for state in r.states:
                    copy = Plan("join", whole(f"grad_{r.prefix}previous_{state}"), f"grad_{r.prefix}initial_{state}")
                    out.append(EachUnit((batch, ("time", order[-1:])), (copy,)))
                mine = [x for x in self.runs if x.layer == r.layer]
                reads = [f"grad_{x.prefix}input" for x in mine]
                if r is mine[-1] and reads != [f"grad_{r.source}"]:
                    out.append(EachUnit((batch, times), (Plan("add_cells", whole(*reads), f"grad_{r.source}"),)))
        return out
