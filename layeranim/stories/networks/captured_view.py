"""The calls of a captured model as stages: those that are drawn, those that stand for several, those that are given."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from layeranim.engine.graph_calls import GIVEN, GraphCall, calls_of
from layeranim.stories.networks.sequential_view import RowStage, RowView


class NetView(RowView):
    """The calls of a model as their film sees them."""

    noun = ("call", "calls")

    def _opened(self) -> tuple[int, ...]:
        """The places of the stages whose calls the user opened; which these are was looked up by whoever asked."""
        wanted = {*(self.config.opened or ())}
        return tuple(stage.place for stage in self.stages if len(stage.calls) == 1
                     and {stage.last.name, stage.last.name.removesuffix(":1"), str(stage.number)} & wanted)  # fmt: skip

    def _stages(self) -> Iterator[RowStage]:
        every = calls_of(self.config.calls)
        for place, calls in enumerate(_together(every)):
            end = calls[-1]
            out = "output" if end is every[-1] else f"{end.name}.output"
            before, *others = self._sources(calls)
            reads = self._read(calls[0], before)
            wrote = other if (other := f"{end.name}.folded") in self.trace else out
            yield RowStage(place, calls, before, reads, wrote, out, tuple(others))

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
        return sum(call.parameters for call in stage.calls)


def _together(calls: Sequence[GraphCall]) -> list[tuple[GraphCall, ...]]:
    """The calls that are drawn as one."""
    out: list[tuple[GraphCall, ...]] = []
    for call in calls:
        if call.after and out:
            out[-1] = (*out[-1], call)
        else:
            out.append((call,))
    return out
