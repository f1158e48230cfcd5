"""A captured model: its calls in the order in which they ran, joins as such, one number followed to the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from layeranim.stories.networks import captured_cards as cards
from layeranim.stories.networks import captured_words as words
from layeranim.stories.networks import sequential_words as row_words
from layeranim.stories.networks.captured_view import NetStage, NetView
from layeranim.stories.networks.sequential import RowFilm
from layeranim.stories.networks.sequential import film as row_film
from layeranim.stories.networks.sequential_stage import called
from layeranim.stories.networks.sequential_view import RowStage, RowView
from layeranim.stories.stage import Play, story
from layeranim.stories.stage.figures import Figures
from layeranim.stories.storyboard import Address, Fact, Line, Run, Telling

GOOD_FOR = "any model: what it computed with this input, call by call"


class NetFilm(RowFilm):
    """The declaration of one model's film."""

    view: NetView
    good_for = GOOD_FOR

    def _view(self) -> RowView:
        return NetView(self.telling)

    @property
    def lined(self) -> bool:
        return all(stage.layer == "attention" or len(self.view.shape(stage.out)) == 2 for stage in self.view.stages)

    def titled(self) -> str:
        return "A captured model"

    def opening(self) -> tuple[Line, str]:
        return words.opening(self.view), words.counted(self.view)

    def closing(self, figures: Figures) -> Line:
        assert isinstance(self.last, NetStage)
        return words.closing(self.view, self.last, figures)

    def parameters(self) -> tuple[str, ...]:
        return words.options(self.view, self.crowded)

    def does(self, stage: RowStage) -> str:
        assert isinstance(stage, NetStage)
        return words.says(self.view, stage)

    def said(self) -> dict[str, Callable[[Figures, int], Line]]:
        """What the model gave is said as that; no arithmetic made it."""
        own: dict[str, Callable[[Figures, int], Line]] = {}
        for group in self.groups:
            stage = group[-1]
            assert isinstance(stage, NetStage)
            if stage.given:
                own[stage.out] = partial(self._given_said, stage)
            elif stage.layer == "concatenate":
                own[stage.out] = partial(self._placed_said, stage)
        return {**super().said(), **own}

    def _placed_said(self, stage: NetStage, figures: Figures, unit: int) -> Line:
        return words.placed(self.view, stage, figures)

    def _given_said(self, stage: RowStage, figures: Figures, unit: int) -> Line:
        at = self.view.followed(stage)
        gave = Run(f"{stage.called} gave ", "ink", "semibold", Fact("name"))
        return gave, Run(figures.text(at), "result", "semibold", at, late=True)

    def _folded(self, group: Sequence[RowStage]) -> int:
        return sum(stage.stands for stage in group if isinstance(stage, NetStage))

    def _lines(self, tensor: str, stage: RowStage | None) -> tuple[Line, ...]:
        own = cards.lines(stage.calls, self.long) if isinstance(stage, NetStage) else ()
        tied = isinstance(stage, NetStage) and any(call.tied for call in stage.calls)
        again = ((Run("tied", "weights", "regular", Fact("parameters")),),) if tied else ()
        return (*own, *super()._lines(tensor, stage), *again)

    def routes(self) -> tuple[tuple[str, str], ...]:
        """From what a join reads of a stage that is not the one before it, lines lead to it."""
        out = []
        for one, stage in zip(self.view.stages, self.view.stages[1:], strict=False):
            for source in (stage.before, *stage.others):
                if stage.others and source != one.out and source in self.view.known:
                    ends = self.view.known[source], self.view.followed(stage)
                    out.append((self._plan(ends[0]), self._plan(ends[1])))
        return tuple(out)

    def _plan(self, cell: Address) -> str:
        """What the grid of a tensor is called in which its followed cell stands."""
        axes = self.view.axes(cell.tensor)
        if len(axes) < 3:
            return cell.tensor
        return f"{cell.tensor}:{cell.index[self.view.trace.axes(cell.tensor).index(axes[0])]}"

    def _title(self, stage: RowStage) -> str:
        assert isinstance(stage, NetStage)
        return cards.brief(stage.calls) if self.long and stage.place not in self.opened else super()._title(stage)

    def _called(self, group: Sequence[RowStage]) -> str:
        first = group[0]
        if len(group) > 1 or not isinstance(first, NetStage):
            return called(group)
        name = cards.named(first.calls)
        return f"{row_words.title(first)}{name and f', {name}'}"


def film(telling: Telling) -> Play:
    """The film of a captured model."""
    return row_film(telling, NetFilm)


CapturedStory = story("A captured model", film, GOOD_FOR, takes=5)
