"""Layers in a row as one trace: what one writes is what the next reads, under one name; the steps follow each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from layeranim.engine.trace import Recipe, Region, Role, Step, Steps, Tensor, Trace


@dataclass(frozen=True)
class Names:
    """The names of one part: those listed as listed, all others with ``prefix`` before them; ``batch`` stays."""

    prefix: str
    tensors: Mapping[str, str] = field(default_factory=dict)
    axes: Mapping[str, str] = field(default_factory=dict)
    roles: Mapping[str, Role] = field(default_factory=dict)

    def tensor(self, name: str) -> str:
        """The name of a part's tensor in the whole."""
        if name not in self.tensors and name.startswith("grad_"):
            return "grad_" + self.tensor(name.removeprefix("grad_"))
        return self.tensors.get(name, self.prefix + name)

    def axis(self, name: str) -> str:
        """The name of a part's axis in the whole."""
        return self.axes.get(name, name if name == "batch" else self.prefix + name)

    def part(self, trace: Trace) -> dict[str, Tensor]:
        """A part's tensors in the names of the whole."""
        found = {}
        for tensor in trace.tensors.values():
            name, axes = self.tensor(tensor.name), tuple(self.axis(axis) for axis in tensor.axes)
            found[name] = replace(tensor, name=name, axes=axes, role=self.roles.get(tensor.name, tensor.role))
        return found

    def steps(self, trace: Trace) -> Steps:
        """A part's steps in the names of the whole, made on demand."""

        def region(of: Region) -> Region:
            return Region(self.tensor(of.tensor), tuple((self.axis(axis), at) for axis, at in of.where))

        def make(i: int) -> Step:
            step = trace.steps[i]
            return replace(step, reads=tuple(region(of) for of in step.reads), writes=region(step.writes))

        return Steps(len(trace.steps), make)


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
