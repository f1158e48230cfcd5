"""Layers in a row, whichever they are: a stage each, one number followed from the input to the end, some opened."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from layeranim.stories.activations import BOUNDED
from layeranim.stories.networks import sequential_words as words
from layeranim.stories.networks.sequential_stage import RowStanding
from layeranim.stories.networks.sequential_view import RowStage
from layeranim.stories.pictures import brightness
from layeranim.stories.stage import (
    Each,
    Note,
    Passages,
    Play,
    has_room,
    story,
)
from layeranim.stories.stage.figures import Figures
from layeranim.stories.stage.written import written
from layeranim.stories.storyboard import Fact, Line, Run, Telling

GOOD_FOR = "any network that is a row: each layer only needs to fit the one before it"
LONGEST = 28.0
FEWER = (2, 4, 6)
"""Stages less that stand there where there is no room for all."""


class RowFilm(RowStanding):
    """The declaration of one row's film."""

    good_for = GOOD_FOR

    # ── words ────────────────────────────────────────────────────────────────
    def notes(self) -> tuple[Note, ...]:
        """What each stage does."""
        out = []
        for unit, (passage, place) in enumerate(self.passages):
            stage = self.view.stages[place]
            text = self.does(stage)
            mine = passage.writes[-1] == stage.out or place in self.opened
            out.append(Note(text, partial(_told, unit if mine else -1)))
        return tuple(out)

    def does(self, stage: RowStage) -> str:
        """What a stage does, in a sentence; nothing where its arithmetic says it."""
        return words.does(self.view, stage)

    def said(self, play: Callable[[], Play]) -> dict[str, Callable[[int], Line]]:
        """Where a stage's last tensor is another shape of what it wrote: how that came about."""
        out: dict[str, Callable[[int], Line]] = {}
        for group in self.groups:
            last = group[-1]
            if last.layer == "flatten" and last.wrote in self.view.ways[last.place]:
                out[last.out] = partial(self._laid, last)
            elif last.place in self.opened and any(one.at for one in self.opened[last.place].passages):
                out[last.out] = partial(self._unit_said, play, last)
            elif len(group) > 1 or last.wrote != last.out:
                out[last.out] = partial(self._written, play, last)
        return out

    def _laid(self, stage: RowStage, unit: int) -> Line:
        return words.laid(self.view, stage)

    def _unit_said(self, play: Callable[[], Play], stage: RowStage, unit: int) -> Line:
        """Of one unit its arithmetic, of all that there are so many."""
        passage = self.passages[unit][0]
        if not passage.at:
            size = "×".join(map(str, self.view.shape(stage.out)))
            return (Run(f"all {size} numbers in the same way", source=Fact("shape")),)
        figures = Figures(play(), self.telling)
        cell = figures.cell_of(stage.out, unit, passage.cell)
        name = (Run(words.word(stage), "ink", "semibold", Fact("name")),)
        return written(figures, figures.acted_at(cell), cell, name=name, lead=(*name, Run(" = ")))

    def _written(self, play: Callable[[], Play], stage: RowStage, unit: int) -> Line:
        figures = Figures(play(), self.telling)
        cell = self.view.ways[stage.place].get(stage.wrote) or self.view.ways[stage.place][stage.out]
        name = (Run(words.word(stage), "ink", "semibold", Fact("name")),)
        return written(figures, figures.acted_at(cell), cell, name=name, lead=(*name, Run(" = ")))

    def _symbols(self) -> dict[str, Line]:
        """What stands in front of the arithmetic: what a stage is, or of an opened one what it makes on its way."""
        named = {stage.out: words.word(stage) for stage in self.view.stages}
        for place, one in self.opened.items():
            named |= {passage.writes[-1]: words.inner(passage.writes[-1], self.view.stages[place])
                      for passage in one.passages if passage.writes[-1] not in named}  # fmt: skip
        return {name: (Run(said, "ink", "semibold", Fact("name")),) for name, said in named.items()}

    def titled(self) -> str:
        return "Layers in a row"

    def opening(self) -> tuple[Line, str]:
        """What the film opens with, and the note under it."""
        return words.opening(self.view), words.counted(self.view)

    def closing(self) -> Line:
        return words.closing(self.view, self.last, self._digits)

    def parameters(self) -> tuple[str, ...]:
        """What the header keeps."""
        return words.options(self.view)

    def routes(self) -> tuple[tuple[str, str], ...]:
        """Parts from which lines lead to others."""
        return ()

    def play(self) -> Play:
        view = self.view
        last = len(self.passages) - 1
        told = [k for k, (_, place) in enumerate(self.passages) if place in self.opened]
        units_of = [k for k in told if self.passages[k][0].at]  # one cell's arithmetic: of all there is none to say
        shares = {stage.out: "share" for stage in view.stages if stage.layer == "softmax"
                  and not view.option(stage, "log")}  # fmt: skip
        shares |= {name: "share" for name in view.trace if name.endswith("self.weights")}
        ids = {"input": "name"} if view.stages[0].layer == "embedding" else {}
        image = self.telling.kinds.get("input") == "image"
        planes = view.shape("input")[:1] == (3,)
        kinds = {"input": "planes" if planes else "grey" if image else "ink"} if self.pictured else {}
        bounded = {stage.out: 1.0 for stage in view.stages
                   if stage.layer == "activation" and view.option(stage, "activation") in BOUNDED}  # fmt: skip
        noun = ("step", "steps") if self.opened else ("stage", "stages")
        units = Passages((), noun, names=lambda unit: self.passages[unit][0].name,
                         inner=lambda unit: self.passages[unit][0].cell,
                         passages=tuple(one for one, _ in self.passages))  # fmt: skip
        opening, note = self.opening()
        play = Play(
            title=self.titled(),
            units=units,
            stage=self.stage(),
            acts=(Each(((units.made, self.notes()),)),),
            opening=opening,
            opening_note=note,
            closing=self.closing(),
            good_for=self.good_for,
            options=self.parameters(),
            drawn=self.undrawn,
            kinds=kinds | shares | ids,
            bright=brightness(self.telling),
            alike=tuple((stage.before, stage.out) for stage in view.stages if stage.layer == "flatten"),
            spans=bounded | dict.fromkeys(shares, 1.0),
            follow=(units_of or told or [last])[-1],
            stops=tuple(range(last + 1)),
            evidence=(view.figures.here_of(view.followed(self.last)),),
            words=self.said(lambda: play),
            routes=self.routes(),
            symbols=self._symbols(),
            longest=LONGEST,
            largest=True,
        )  # fmt: skip
        return play


def _told(unit: int, one: int) -> bool:
    """Whether a sentence is of the unit under way."""
    return unit == one


def film(telling: Telling, kind: type[RowFilm] = RowFilm) -> Play:
    """The film of layers in a row: as many of the opened ones have a view of their own, and as many stages stand there,
    as there is room for."""
    panels = len(kind(telling).panels)
    tried = [*((most, 0) for most in range(panels, -1, -1)), *((0, fewer) for fewer in FEWER)]
    plays = (kind(telling, most, fewer).play() for most, fewer in tried)
    return next((play for play in plays if has_room(play, telling)), None) or kind(telling, *tried[-1]).play()


SequentialStory = story("Layers in a row", film, GOOD_FOR, takes=5)
