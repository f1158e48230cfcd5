"""Layers in a row, whichever they are: a stage each, one number followed from the input to the end, some opened."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from operator import eq

from layeranim.stories import phrases
from layeranim.stories.activations import BOUNDED
from layeranim.stories.networks import sequential_words as words
from layeranim.stories.networks.called import TRANSPOSED
from layeranim.stories.networks.sequential_stage import RowStanding
from layeranim.stories.networks.sequential_view import STATED, RowStage
from layeranim.stories.pictures import ink
from layeranim.stories.stage import Each, Note, Passages, Play, room_for, story
from layeranim.stories.stage.figures import Figures
from layeranim.stories.stage.written import written
from layeranim.stories.storyboard import Address, Fact, Line, Run, Telling

GOOD_FOR = "any network that is a row: each layer only needs to fit the one before it"
LONGEST = 28.0
MOVED = (*STATED, *TRANSPOSED, "concatenate", "embedding", "flatten")
"""Layers whose last step is not what made their numbers."""
FEWER = (2, 4, 6)
"""Stages less that stand there where there is no room for all."""


class RowFilm(RowStanding):
    """The declaration of one row's film."""

    title, good_for = "Layers in a row", GOOD_FOR
    opens = "each layer reads ", "what the one before it made"

    # ── words ────────────────────────────────────────────────────────────────
    def notes(self) -> tuple[Note, ...]:
        """What the stage of each unit does."""
        stages = self.view.stages
        return tuple(Note(words.says(self.view, stages[place]), partial(eq, unit))
                     for unit, (_, place) in enumerate(self.passages))  # fmt: skip

    def _retold(self, group: Sequence[RowStage]) -> bool:
        """Whether what stages give is not simply the arithmetic of its own step."""
        last = group[-1]
        return (len(group) > 1 or last.given or last.keeps or last.wrote != last.out or last.layer in MOVED
                or self._by_units(last))  # fmt: skip

    def _by_units(self, stage: RowStage) -> bool:
        """Whether it is opened, and some of its units make a part of it."""
        return stage.place in self.opened and any(one.at for one in self.opened[stage.place].passages)

    def _said(self, stage: RowStage, figures: Figures, unit: int) -> Line:
        """How what a stage makes came about: where a number only moves from where to where, else its arithmetic."""
        view, way, passage = self.view, self.view.ways[stage.place], self.passages[unit][0]
        if stage.given:
            return words.given(view, stage, figures)
        if stage.layer == "concatenate":
            return words.placed(view, stage, figures)
        if stage.layer == "flatten" and stage.wrote in way:
            return words.laid(view, stage, figures)
        if stage.keeps:
            return words.kept(view, stage, figures)
        if stage.layer == "embedding":
            return words.picked(view, stage, figures)
        if passage.at:
            return _arithmetic(stage, figures, figures.cell_of(stage.out, unit, passage.cell))
        if self._by_units(stage):
            size = "×".join(map(str, view.shape(stage.out)))
            return (Run(f"all {size} numbers in the same way", source=Fact("shape")),)
        cell = way.get(stage.wrote) or way[stage.out]
        before = [*way.values()][: [*way].index(cell.tensor)]
        while before and _passed(figures, cell):
            cell = before.pop()  # of those side by side the one that is followed; a sum in place of a sum of it alone
        return _arithmetic(stage, figures, cell)

    def _symbols(self) -> dict[str, Line]:
        """What stands in front of the arithmetic: what a stage is, or of an opened one what it makes on its way."""
        named = {name: words.word(stage) for stage in self.view.stages for name in (stage.wrote, stage.out)}
        inner = {one.writes[-1]: words.inner(one.writes[-1], self.view.stages[place])
                 for place, panel in self.opened.items() for one in panel.passages}  # fmt: skip
        return {tensor: phrases.name(said) for tensor, said in (inner | named).items()}

    def routes(self) -> tuple[tuple[str, str], ...]:
        """From what a join reads of a stage that is not the one before it, lines lead to it."""
        out = []
        for one, stage in pairwise(self.view.stages):
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

    def play(self) -> Play:
        view = self.view
        last, told = len(self.passages) - 1, view.figures.film
        opened = [k for k, (_, place) in enumerate(self.passages) if place in self.opened]
        units_of = [k for k in opened if self.passages[k][0].at]  # one cell's arithmetic: of all there is none to say
        ids = {"input": "name"} if view.stages[0].layer == "embedding" else {}
        kinds = {"input": ink(self.telling, *view.shape("input")[:1])} if self.pictured else {}
        bounded = {stage.out: 1.0 for stage in view.stages
                   if stage.layer == "activation" and stage.config.activation in BOUNDED}  # fmt: skip
        noun = ("step", "steps") if self.opened else ("stage", "stages")
        units = Passages((), noun, names=lambda unit: self.passages[unit][0].name,
                         inner=lambda unit: self.passages[unit][0].cell,
                         passages=tuple(one for one, _ in self.passages), means=self.means())  # fmt: skip
        alone = f"one {view.noun[0]}: ", "what goes in, what comes out"
        before, strong = self.opens if view.total > 1 else alone
        return Play(
            title=self.title,
            units=units,
            stage=self.stage(),
            acts=(Each(((units.made, self.notes()),)),),
            tokens=view.tokens,
            opening=(Run(before), Run(strong, "ink", "semibold")),
            opening_note=words.counted(view),
            closing=partial(words.closing, view, self.last, self._digits),
            good_for=self.good_for,
            options=words.options(view, self.crowded),
            drawn=self.undrawn,
            kinds={**kinds, **told.kinds, **ids},
            alike=told.alike,
            same=told.same,
            spans=bounded,
            follow=(units_of or opened or [last])[-1],
            stops=tuple(range(last + 1)),
            evidence=(view.figures.here_of(view.followed(self.last)),),
            retold={group[-1].out: partial(self._said, group[-1]) for group in self.groups
                    if self._retold(group)},
            routes=self.routes(),
            symbols=self._symbols(),
            longest=LONGEST,
            largest=True,
        )  # fmt: skip


def _arithmetic(stage: RowStage, figures: Figures, cell: Address) -> Line:
    name = phrases.name(words.word(stage))
    return written(figures, figures.acted_at(cell), cell, name=name, lead=(*name, Run(" = ")))


def _passed(figures: Figures, cell: Address) -> bool:
    """Whether a cell is one of several that were joined, a sum of one number alone, or that number without a curve."""
    step = figures.acted_at(cell).step
    if step.operation == "activate":
        return bool(dict(step.parameters)["name"] == "linear")
    if step.operation == "join":
        return len(step.reads) > 1
    return step.operation == "add" and len(step.reads) == 1 and len(figures.covered(step.reads[0])) == 1


def film(telling: Telling, kind: type[RowFilm] = RowFilm) -> Play:
    """The film of layers in a row: as many of the opened ones have a view of their own, and as many stages stand there,
    as there is room for."""
    panels = len(kind(telling).panels)
    roomy = [(panels, 0), (panels, 1)] if panels > 1 else []
    tried = [*roomy, *((most, 0) for most in range(panels - (panels > 1), -1, -1)), *((0, fewer) for fewer in FEWER)]
    spare, play = None, None
    for most, fewer in tried:
        play = kind(telling, most, fewer).play()
        decimals = room_for(play, telling)
        if decimals > 0:
            return play
        spare = spare or (play if decimals == 0 else None)  # whole numbers alone are the last resort
    found = spare or play
    assert found is not None
    return found


SequentialStory = story("Layers in a row", film, GOOD_FOR, takes=5)
