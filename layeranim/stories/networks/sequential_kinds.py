"""Which tensors of a row of layers are compared, and which are shares of a whole: alike on every stage of the film."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from layeranim.engine.trace import Trace

if TYPE_CHECKING:
    from layeranim.stories.networks.sequential_view import RowStage

COMPARED = ("scaled", "maximum", "shifted")
"""What a softmax makes of its scores before the powers: written as these are."""


def shares(trace: Trace, stages: Iterable[RowStage]) -> Mapping[str, str]:
    """The tensors whose numbers are parts of 1."""
    found = {stage.out: "share" for stage in stages if stage.layer == "softmax" and not stage.link.config.log}
    return found | {name: "share" for name in trace if name.endswith("self.weights")}


def alike(trace: Trace, stages: Iterable[RowStage]) -> tuple[tuple[str, ...], ...]:
    """Groups of tensors that hold the same numbers, or numbers that are compared."""
    groups: list[set[str]] = []
    for stage in stages:
        pairs = [{stage.before, stage.reads}, {stage.wrote, stage.out}]
        if stage.layer == "flatten" or keeps(stage):
            pairs.append({stage.reads, stage.wrote})
        if stage.layer == "softmax":
            pairs.append({stage.reads, *(name for word in COMPARED if (name := f"{stage.prefix}{word}") in trace)})
        for pair in pairs:
            met = [group for group in groups if group & pair]
            groups = [group for group in groups if not group & pair] + [set.union(pair, *met)]
    order = [*trace]
    return tuple(tuple(sorted(group, key=order.index)) for group in groups if len(group) > 1)


def numbered(trace: Trace, stages: Iterable[RowStage]) -> tuple[tuple[str, str], ...]:
    """Pairs of axes that number the same: the units of a layer with a state, and the features of this state."""
    every = {axis for tensor in trace.tensors.values() for axis in tensor.axes}
    pairs = ((f"{stage.prefix}units", f"{stage.prefix}hidden") for stage in stages)
    return tuple(pair for pair in pairs if every.issuperset(pair))


def keeps(stage: RowStage) -> bool:
    """Whether a layer passes every number on as it is, at its place."""
    if stage.layer == "activation":
        return str(stage.link.config.activation) == "linear"
    return stage.layer == "dropout" and not stage.link.config.rate
