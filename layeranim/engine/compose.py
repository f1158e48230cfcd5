"""A layer inside another: its trace under a prefix, what it reads under the outer names, its axes renamed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from layeranim.engine import lazy
from layeranim.engine.trace import Array, Region, Step, Steps, Tensor, Trace


@dataclass(frozen=True)
class Part:
    """How an inner layer's trace is seen from outside.

    ``reads`` maps inner tensors to the outer ones that they are; ``axes`` inner axes to outer ones, where the same name
    would mean another size.
    """

    prefix: str
    reads: Mapping[str, str] = field(default_factory=dict)
    axes: Mapping[str, str] = field(default_factory=dict)

    def name(self, inner: str) -> str:
        """The outer name of an inner tensor."""
        return self.prefix + inner

    def axis(self, inner: str) -> str:
        """The outer name of an inner axis."""
        return self.axes.get(inner, inner)

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
        """The inner trace's tensors by their outer names; what it read is a view, its output one stage among others."""
        out = {}
        for inner, tensor in trace.tensors.items():
            name, axes = self.name(inner), tuple(self.axis(axis) for axis in tensor.axes)
            if inner in self.reads and not tensor.is_recipe:
                out[name] = lazy.view(name, axes, np.asarray(tensor.source))
            else:
                role = "intermediate" if tensor.role == "output" else tensor.role
                out[name] = replace(tensor, name=name, axes=axes, role=role)
        return out

    def steps(self, trace: Trace) -> Steps:
        """The inner steps, on the outer names."""

        def region(of: Region) -> Region:
            return Region(self.name(of.tensor), tuple((self.axis(axis), at) for axis, at in of.where))

        def make(i: int) -> Step:
            step = trace.steps[i]
            return replace(step, reads=tuple(region(r) for r in step.reads), writes=region(step.writes))

        return Steps(len(trace.steps), make)
