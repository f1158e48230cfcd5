"""A table of acts read backwards: for every act, what its result's gradient gives to each thing that it read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import field

import numpy as np

from layeranim.engine.act import Act
from layeranim.engine.activations import ACTIVATIONS
from layeranim.engine.plan import Plan, Span, whole
from layeranim.engine.trace import Array
from layeranim.records import dataclass


@dataclass
class Adjoint:
    """``plans`` give every gradient of one place, in order; ``shared`` those of weights, summed over all places."""

    plans: list[Plan] = field(default_factory=list)
    shared: list[Plan] = field(default_factory=list)


def adjoint(
    acts: tuple[Act, ...],
    seeds: Mapping[str, tuple[str, ...]],
    weights: Callable[[str], bool],
    split: tuple[range, range] = (range(0), range(0)),
) -> Adjoint:
    """The backward pass of ``acts``, given for each of ``seeds`` the names of the gradients that reach it from outside.

    A tensor that is read once has its gradient in ``grad_<tensor>``; one that is read more often has a part
    ``grad_<tensor>_from_<reader>`` for each reader, and their sum. ``split`` is where the two parts of a join are.
    The chain rule, act by act: D. Rumelhart et al. (1986); over time, P. Werbos (1990).
    """
    tape = _Tape(acts, seeds, weights)
    for act in reversed(acts):
        tape.gather(act.writes)
        tape.undo(act, split)
    written = {act.writes for act in acts}
    for name in list(tape.parts):
        if name not in written:
            tape.gather(name)
    return tape.out


class _Tape:
    """What has been found of each gradient so far."""

    def __init__(
        self, acts: tuple[Act, ...], seeds: Mapping[str, tuple[str, ...]], weights: Callable[[str], bool]
    ) -> None:
        self.readers = Counter(name for act in acts for name in act.reads)
        self.readers.update({name: len(parts) for name, parts in seeds.items()})
        self.parts: dict[str, list[str]] = {name: list(given) for name, given in seeds.items()}
        self.weights, self.out = weights, Adjoint()

    def give(self, to: str, reader: str, operation: str, *reads: tuple[str, Span], name: str = "") -> None:
        """One act's part of the gradient of what it read."""
        target = f"grad_{to}" if self.readers[to] == 1 else f"grad_{to}_from_{reader.rpartition('.')[2]}"
        self.parts.setdefault(to, []).append(target)
        self.out.plans.append(Plan(operation, reads, target, (("name", name),) if name else ()))

    def gather(self, name: str) -> None:
        """The sum of all parts, now that every reader has given its own."""
        if self.parts.get(name) and self.parts[name] != [f"grad_{name}"]:
            self.out.plans.append(Plan("add_cells", whole(*self.parts[name]), f"grad_{name}"))

    def undo(self, act: Act, split: tuple[range, range]) -> None:
        """What the gradient of an act's result gives to what it read."""
        delta = (f"grad_{act.writes}", None)
        first = act.reads[0]
        if act.verb == "affine":
            self._affine(act, delta)
        elif act.verb == "multiply":
            for term, other in (act.reads, act.reads[::-1]):
                if self.weights(term):
                    self.out.shared.append(Plan("total", (delta, (other, None)), f"grad_{term}"))
                else:
                    self.give(term, act.writes, "multiply", delta, (other, None))
        elif act.verb == "activate":
            self.give(first, act.writes, "activate_back", delta, (first, None), name=act.name)
        elif act.verb == "softmax":
            self.give(first, act.writes, "softmax_back", delta, (act.writes, None))
        elif act.verb == "complement":
            self.give(first, act.writes, "negate", delta)
        elif act.verb == "add":
            for term in act.reads:
                self.give(term, act.writes, "join", delta)
        else:
            for term, span in zip(act.reads, split, strict=True):
                self.give(term, act.writes, "join", (delta[0], span))

    def _affine(self, act: Act, delta: tuple[str, None]) -> None:
        weight, vector, *plus = act.reads
        self.out.shared.append(Plan("outer_sum", (delta, (vector, None)), f"grad_{weight}"))
        self.give(vector, act.writes, "weigh_back", (weight, None), delta)
        for term in plus:
            if self.weights(term):
                self.out.shared.append(Plan("total", (delta,), f"grad_{term}"))
            else:
                self.give(term, act.writes, "join", delta)


def run(plan: Plan, values: Mapping[str, Array]) -> Array:
    """What a plan of the backward pass gives, for a batch of vectors."""
    parts = [values[name][..., span.start : span.stop] if isinstance(span, range) else values[name]
             for name, span in plan.reads]  # fmt: skip
    if plan.operation == "activate_back":
        return np.asarray(parts[0] * ACTIVATIONS[dict(plan.parameters)["name"]].derivative(parts[1]))
    return _RUN[plan.operation](*parts)


def _sum(*parts: Array) -> Array:
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total


_RUN: dict[str, Callable[..., Array]] = {
    "add_cells": _sum,
    "join": lambda x: x,
    "multiply": lambda a, b: np.asarray(a * b),
    "negate": lambda x: np.asarray(-x),
    "weigh_back": lambda weight, delta: np.asarray(delta @ weight),
    "softmax_back": lambda delta, p: np.asarray(p * (delta - (delta * p).sum(axis=-1, keepdims=True))),
    "outer_sum": lambda delta, x: np.asarray(delta.reshape(-1, delta.shape[-1]).T @ x.reshape(-1, x.shape[-1])),
    "total": lambda *parts: np.asarray(np.prod(np.stack(parts), axis=0).reshape(-1, parts[0].shape[-1]).sum(axis=0)),
}
