"""The calls of a captured model as stages: those that are drawn, those that stand for several, those that are given."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

from layeranim.engine.graph_calls import GIVEN, GraphCall, calls_of
from layeranim.records import dataclass
from layeranim.stories.networks import captured_cards
from layeranim.stories.networks.sequential_view import RowStage, RowView


@dataclass(frozen=True)
class NetStage(RowStage):
    """One call of a model, one with the activations after it, or one that stands for many."""

    calls: tuple[GraphCall, ...] = ()

    @property
    def number(self) -> int:
        return self.calls[0].place

    @property
    def last(self) -> GraphCall:
        return self.calls[-1]

    @property
    def given(self) -> bool:
        """Whether it stands as the model gave it."""
        return not self.last.layer

    @property
    def closed(self) -> bool:
        return self.last.stands > 1

    @property
    def stands(self) -> int:
        """How many calls it stands for."""
        return sum(call.stands for call in self.calls)

    @property
    def called(self) -> str:
        return captured_cards.called(self.calls)

    @property
    def parameters(self) -> int:
        """How many numbers of the model take part."""
        return sum(call.parameters for call in self.calls)

    def own(self, tensor: str) -> bool:
        return any(tensor.startswith(f"{call.name}.") for call in self.calls)


class NetView(RowView):
    """The calls of a model as their film sees them."""

    stages: tuple[NetStage, ...]

    @cached_property
    def calls(self) -> tuple[GraphCall, ...]:
        return tuple(calls_of(self.config.calls))

    @property
    def total(self) -> int:
        """How many calls the model made."""
        return sum(call.stands for call in self.calls)

    def _opened(self) -> tuple[int, ...]:
        """The places of the stages whose calls the user opened; which these are was looked up by whoever asked."""
        wanted = {*(self.config.opened or ())}
        return tuple(stage.place for stage in self.stages if len(stage.calls) == 1
                     and {stage.last.name, stage.last.name.removesuffix(":1"), str(stage.number)} & wanted)  # fmt: skip

    def _stages(self) -> Iterator[NetStage]:
        last = self.calls[-1]
        for place, calls in enumerate(_together(self.calls)):
            first, end = calls[0], calls[-1]
            out = "output" if end is last else f"{end.name}.output"
            before, *others = self._sources(calls)
            reads = self._read(first, before)
            wrote = other if (other := f"{end.name}.folded") in self.trace else out
            yield NetStage(place, end, before, reads, wrote, out, tuple(others), calls)

    def _sources(self, calls: Sequence[GraphCall]) -> tuple[str, ...]:
        """What comes in: the tensors of other stages; of a call that reads none its own given array."""
        inside = {f"{call.name}.output" for call in calls}
        found = tuple(dict.fromkeys(one for call in calls for one in call.sources if one not in inside))
        first = calls[0]
        own = tuple(f"{first.name}.{array}" for array in first.arrays[:1])
        return found or own or ("input",)

    def _read(self, call: GraphCall, before: str) -> str:
        if not call.layer:
            return f"{call.name}.{GIVEN}"
        array = call.wires[0].array if call.wires else ""
        return entry if (entry := f"{call.name}.{array}") in self.trace else before

    def learnt(self, stage: RowStage) -> int:
        assert isinstance(stage, NetStage)
        return stage.parameters

    def option(self, stage: RowStage, name: str) -> Any:
        return getattr(stage.link.config, name) if stage.layer else None

    def stage_of(self, tensor: str) -> NetStage | None:
        """The stage that makes a tensor."""
        return next((stage for stage in self.stages if stage.out == tensor), None)

    def behind(self, tensor: str) -> frozenset[str]:
        """The tensors of stages that go into another one, through whatever lies between."""
        found, todo = set[str](), [tensor]
        while todo:
            stage = self.stage_of(todo.pop())
            new = {stage.before, *stage.others} - found if stage else set()
            found |= new
            todo += new
        return frozenset(found)


def _together(calls: Sequence[GraphCall]) -> list[tuple[GraphCall, ...]]:
    """The calls that are drawn as one."""
    out: list[tuple[GraphCall, ...]] = []
    for call in calls:
        if call.after and out:
            out[-1] = (*out[-1], call)
        else:
            out.append((call,))
    return out
