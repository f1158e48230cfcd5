"""A captured model: its calls in the order in which they ran, joins as such, one number followed to the end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from layeranim.engine.graph_calls import GIVEN, GraphCall, calls_of
from layeranim.stories.networks import called as names
from layeranim.stories.networks.sequential import RowFilm
from layeranim.stories.networks.sequential import film as row_film
from layeranim.stories.networks.sequential_view import RowStage, RowView
from layeranim.stories.stage import Play, story
from layeranim.stories.storyboard import Fact, Line, Run, Telling

GOOD_FOR = "any model: what it computed with this input, call by call"


class NetView(RowView):
    """The calls of a model as their film sees them: drawn, standing for several, or as the model gave them."""

    noun = ("call", "calls")

    def _opened(self) -> tuple[int, ...]:
        """The places of the stages whose calls the user opened; which these are was looked up by whoever asked."""
        wanted = {*(self.config.opened or ())}
        return tuple(stage.place for stage in self.stages if len(stage.calls) == 1
                     and {stage.last.name, stage.last.name.removesuffix(":1"), str(stage.number)} & wanted)  # fmt: skip

    def _stages(self) -> Iterator[RowStage]:
        every = calls_of(self.config.calls)
        drawn: list[tuple[GraphCall, ...]] = []
        for call in every:  # what comes after a call may be drawn as one with it
            drawn = [*drawn[:-1], (*drawn[-1], call)] if call.after and drawn else [*drawn, (call,)]
        for place, calls in enumerate(drawn):
            first, end = calls[0], calls[-1]
            out = "output" if end is every[-1] else f"{end.name}.output"
            before, *others = self._sources(calls)
            entry = f"{first.name}.{first.wires[0].array if first.layer and first.wires else GIVEN}"
            reads, wrote = (other if other in self.trace else usual
                            for other, usual in ((entry, before), (f"{end.name}.folded", out)))  # fmt: skip
            yield RowStage(place, calls, before, reads, wrote, out, tuple(others))

    def _sources(self, calls: Sequence[GraphCall]) -> tuple[str, ...]:
        """What comes in: the tensors of other stages; of a call that reads none its own given array."""
        inside = {f"{call.name}.output" for call in calls}
        found = tuple(dict.fromkeys(one for call in calls for one in call.sources if one not in inside))
        own = tuple(f"{calls[0].name}.{array}" for array in calls[0].arrays[:1])
        return found or own or ("input",)


class NetFilm(RowFilm):
    """The declaration of one model's film."""

    seen_as, title, good_for = NetView, "A captured model", GOOD_FOR
    opens = "a model as it ran, ", "call by call"

    @property
    def lined(self) -> bool:
        return all(stage.layer == "attention" or len(self.view.shape(stage.out)) == 2 for stage in self.view.stages)

    def _lines(self, tensor: str, stage: RowStage | None) -> tuple[Line, ...]:
        own = names.lines(stage.calls, self.long) if stage else ()
        tied = stage is not None and any(call.tied for call in stage.calls)
        again = ((Run("tied", "weights", "regular", Fact("parameters")),),) if tied else ()
        return (*own, *super()._lines(tensor, stage), *again)

    def _brief(self, stage: RowStage) -> str:
        return names.brief(stage.calls)

    def _named(self, stage: RowStage) -> str:
        return names.named(stage.calls)


def film(telling: Telling) -> Play:
    """The film of a captured model."""
    return row_film(telling, NetFilm)


CapturedStory = story("A captured model", film, GOOD_FOR, takes=5)
