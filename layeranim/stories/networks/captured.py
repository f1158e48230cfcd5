"""A captured model: its calls in the order in which they ran, joins as such, one number followed to the end."""

from __future__ import annotations

from collections.abc import Sequence

from layeranim.stories.networks import called as names
from layeranim.stories.networks import sequential_words as words
from layeranim.stories.networks.captured_view import NetView
from layeranim.stories.networks.sequential import RowFilm
from layeranim.stories.networks.sequential import film as row_film
from layeranim.stories.networks.sequential_view import RowStage
from layeranim.stories.stage import Play, story
from layeranim.stories.storyboard import Fact, Line, Run, Telling

GOOD_FOR = "any model: what it computed with this input, call by call"


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

    def _title(self, stage: RowStage) -> str:
        return names.brief(stage.calls) if self.long and stage.place not in self.opened else words.title(stage)

    def _called(self, group: Sequence[RowStage]) -> str:
        name = "" if len(group) > 1 else names.named(group[0].calls)
        return f"{words.titles(group)}{name and f', {name}'}"


def film(telling: Telling) -> Play:
    """The film of a captured model."""
    return row_film(telling, NetFilm)


CapturedStory = story("A captured model", film, GOOD_FOR, takes=5)
