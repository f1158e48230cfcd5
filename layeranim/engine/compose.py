"""Layers inside another: each one's trace in the names of the whole, its steps, and its gradients on the way back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from functools import cache

import numpy as np

from layeranim.engine import lazy
from layeranim.engine.trace import Array, Recipe, Region, Role, Step, Steps, Tensor, Trace
from layeranim.records import dataclass


@dataclass(frozen=True)
class Part:
    """How an inner layer's trace is seen from outside.

    A tensor is named in ``names``, or has ``prefix`` before its own name; the gradient of one is ``grad_`` and that.
    ``reads`` are inner tensors that show outer ones, once more under the inner name. An axis is named in ``axes``, or
    has ``axis_prefix`` before it; ``batch`` stays unless it is named there. ``roles`` are those that change.
    """

    prefix: str
    reads: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    axes: Mapping[str, str] = field(default_factory=dict)
    axis_prefix: str = ""
    roles: Mapping[str, Role] = field(default_factory=dict)

    def name(self, inner: str) -> str:
        """The outer name of an inner tensor."""
        if inner not in self.names and inner.startswith("grad_"):
            return "grad_" + self.name(inner.removeprefix("grad_"))
        return self.names.get(inner, self.prefix + inner)

    def axis(self, inner: str) -> str:
        """The outer name of an inner axis."""
        return self.axes.get(inner, inner if inner == "batch" else self.axis_prefix + inner)

    def arrays(self, outer: Mapping[str, Array]) -> dict[str, Array]:
        """The arrays that the inner layer takes: those with its prefix, and what it reads."""
        own = {name.removeprefix(self.prefix): a for name, a in outer.items() if name.startswith(self.prefix)}
        return own | {inner: outer[name] for inner, name in self.reads.items()}

    def held(self, outer: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The inner layer's held tensors again, from the outer ones: what :meth:`tensors` gave."""
        inner_axis = {name: inner for inner, name in self.axes.items()}
        out = {}
        for name, tensor in outer.items():
            if name.startswith(self.prefix) and not tensor.is_recipe:
                inner = name.removeprefix(self.prefix)
                axes = tuple(inner_axis.get(axis, axis) for axis in tensor.axes)
                out[inner] = replace(tensor, name=inner, axes=axes)
        return out

    def tensors(self, trace: Trace) -> dict[str, Tensor]:
        """The inner trace's tensors by their outer names, of a backward pass its own; what it ``reads`` is a view."""
        out = {}
        for inner, tensor in trace.own().items():
            name, axes = self.name(inner), tuple(self.axis(axis) for axis in tensor.axes)
            if inner in self.reads and not tensor.is_recipe:
                out[name] = lazy.view(name, axes, np.asarray(tensor.source))
            else:
                inside = inner.removeprefix("grad_") in self.reads
                role = "intermediate" if inside else self.roles.get(inner, tensor.role)
                out[name] = replace(tensor, name=name, axes=axes, role=role)
        return out

    def steps(self, trace: Trace) -> Steps:
        """The inner steps, on the outer names, made on demand."""

        name, axis = cache(self.name), cache(self.axis)  # asked for every cell of a network

        def region(of: Region) -> Region:
            return Region(name(of.tensor), tuple([(axis(inner), at) for inner, at in of.where]))

        def make(i: int) -> Step:
            step = trace.steps[i]
            return Step(step.operation, tuple([region(r) for r in step.reads]), region(step.writes), step.parameters)

        inside = trace.steps if isinstance(trace.steps, Steps) else None

        @cache
        def shown_as(tensor: str) -> list[tuple[str, dict[str, str]]]:
            """The inner tensors that have an outer name, each with its axes by their outer names."""
            return [(own, {axis(one): one for one in trace.axes(own)}) for own in trace if name(own) == tensor]

        def find(tensor: str, here: Mapping[str, int]) -> int | None:
            assert inside is not None
            places = (inside.writing(own, {axes.get(one, one): i for one, i in here.items()})
                      for own, axes in shown_as(tensor))  # fmt: skip
            return min((at for at in places if at is not None), default=None)

        return Steps(len(trace.steps), make, find if inside is not None and inside.finds else None)


INNER: dict[str, Role] = dict.fromkeys(
    ("output", *(f"grad_{name}" for name in ("output", "final_hidden", "final_cell"))), "intermediate"
)
"""The roles of a part whose output is one stage among others."""


def union(parts: Iterable[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """All tensors; of those with one name the first counts."""
    every: dict[str, Tensor] = {}
    for part in parts:
        for name, tensor in part.items():
            every.setdefault(name, tensor)
    return every


def from_file(made: Trace, saved: Mapping[str, Tensor]) -> Trace:
    """``made`` with the stored numbers in place of those that were computed again."""
    held = {
        name: replace(tensor, source=saved[name].source, labels=saved[name].labels)
        for name, tensor in made.tensors.items()
        if name in saved and not isinstance(tensor.source, Recipe)
    }
    return replace(made, tensors={**made.tensors, **held})
